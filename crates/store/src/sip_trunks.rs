//! SIP trunks of tenants.

use offhook_model::{
    id::{AccountId, TrunkId},
    sip_trunk::{AllowedIp, OriginationUri, SipTrunk, TransferCallerId, TrunkCredentials, TrunkTransfers},
};

use crate::{
    Store, StoreError,
    row::{Row, to_json},
    statement::statements,
    value::{Value, args},
    vault::columns::Column,
};

/// Changes to a trunk; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrunkPatch {
    /// The owner's name for it.
    pub name: Option<String>,
    /// Which transfers it may ask for.
    pub transfers: Option<TrunkTransfers>,
    /// Whose number a transferred call shows.
    pub transfer_caller_id: Option<TransferCallerId>,
    /// Where calls go: all of it anew.
    pub origination: Option<Vec<OriginationUri>>,
    /// From where calls may come: all of it anew.
    pub allowed_ips: Option<Vec<AllowedIp>>,
    /// New credentials.
    pub credentials: Option<TrunkCredentials>,
}

statements! {
    LOCK_ACCOUNT = "SELECT id FROM accounts WHERE id = $1 /*pg: FOR NO KEY UPDATE */";
    COUNT = "SELECT COUNT(*) AS held FROM sip_trunks WHERE account_id = $1";
    INSERT = "INSERT INTO sip_trunks (id, account_id, name, transfers, transfer_caller_id, origination, allowed_ips,
        username, realm, ha1, password_last4, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    BY_ID = "SELECT * FROM sip_trunks WHERE account_id = $1 AND id = $2";
    LIST = "SELECT * FROM sip_trunks WHERE account_id = $1 ORDER BY created_at DESC, id DESC";
    PATCH = "UPDATE sip_trunks SET
        name = COALESCE(CAST($3 AS TEXT), name),
        transfers = COALESCE(CAST($4 AS TEXT), transfers),
        transfer_caller_id = COALESCE(CAST($5 AS TEXT), transfer_caller_id),
        origination = COALESCE(CAST($6 AS TEXT), origination),
        allowed_ips = COALESCE(CAST($7 AS TEXT), allowed_ips),
        username = COALESCE(CAST($8 AS TEXT), username),
        realm = COALESCE(CAST($9 AS TEXT), realm),
        ha1 = COALESCE(CAST($10 AS TEXT), ha1),
        password_last4 = COALESCE(CAST($11 AS TEXT), password_last4)
        WHERE account_id = $1 AND id = $2 RETURNING *";
    DELETE = "DELETE FROM sip_trunks WHERE account_id = $1 AND id = $2";
}

/// The place of the sealed secret among the arguments of `PATCH`.
const HA1: usize = 9;

impl Store {
    /// Stores a trunk; false when the account has `limit` of them.
    pub async fn insert_sip_trunk(&self, new: &SipTrunk, limit: u32) -> Result<bool, StoreError> {
        let (new, origination, allowed) =
            (new.clone(), to_json(&new.origination)?, to_json(&new.allowed_ips)?);
        self.write(move |tx| {
            let (new, origination, allowed) = (new.clone(), origination.clone(), allowed.clone());
            Box::pin(async move {
                tx.optional(&LOCK_ACCOUNT, args![&new.account_id]).await?;
                let held: u32 = tx.one(&COUNT, args![&new.account_id]).await?.number("held")?;
                if held >= limit {
                    return Ok(false);
                }
                let ha1 =
                    tx.sealer().await?.seal(&Column::Trunks.place(&[new.id.as_str()]), &new.credentials.ha1);
                let args = args![
                    &new.id,
                    &new.account_id,
                    &new.name,
                    new.transfers.as_str(),
                    new.transfer_caller_id.as_str(),
                    origination,
                    allowed,
                    &new.credentials.username,
                    &new.credentials.realm,
                    ha1,
                    &new.credentials.password_last4,
                    new.created_at
                ];
                tx.execute(&INSERT, args).await?;
                Ok(true)
            })
        })
        .await
    }

    /// A trunk of this account.
    pub async fn sip_trunk(&self, account: &AccountId, id: &TrunkId) -> Result<Option<SipTrunk>, StoreError> {
        self.read().await?.optional(&BY_ID, args![account, id]).await?.map(from_row).transpose()
    }

    /// The account's trunks, newest first.
    pub async fn sip_trunks(&self, account: &AccountId) -> Result<Vec<SipTrunk>, StoreError> {
        self.read().await?.all(&LIST, args![account]).await?.into_iter().map(from_row).collect()
    }

    /// Changes a trunk and answers its new form; none when it is unknown.
    pub async fn patch_sip_trunk(
        &self,
        account: &AccountId,
        id: &TrunkId,
        patch: TrunkPatch,
    ) -> Result<Option<SipTrunk>, StoreError> {
        let credentials = patch.credentials;
        let of = |field: fn(&TrunkCredentials) -> &String| credentials.as_ref().map(|new| field(new).clone());
        let args = args![
            account,
            id,
            patch.name,
            patch.transfers.map(|word| word.as_str().to_owned()),
            patch.transfer_caller_id.map(|word| word.as_str().to_owned()),
            patch.origination.as_ref().map(to_json).transpose()?,
            patch.allowed_ips.as_ref().map(to_json).transpose()?,
            of(|new| &new.username),
            of(|new| &new.realm),
            None::<String>,
            of(|new| &new.password_last4)
        ];
        let id = id.clone();
        self.write(move |tx| {
            let (mut args, id) = (args.clone(), id.clone());
            let ha1 = credentials.as_ref().map(|new| new.ha1.clone());
            Box::pin(async move {
                if let (Some(ha1), Some(place)) = (ha1, args.get_mut(HA1)) {
                    let sealer = tx.sealer().await?;
                    *place = Value::from(sealer.seal(&Column::Trunks.place(&[id.as_str()]), &ha1));
                }
                tx.optional(&PATCH, args).await?.map(from_row).transpose()
            })
        })
        .await
    }

    /// Deletes a trunk; false when it is unknown.
    pub async fn delete_sip_trunk(&self, account: &AccountId, id: &TrunkId) -> Result<bool, StoreError> {
        Ok(self.execute(&DELETE, args![account, id]).await? == 1)
    }
}

fn from_row(row: Row) -> Result<SipTrunk, StoreError> {
    let id: TrunkId = row.id("id")?;
    let ha1 = row.sealed("ha1", &Column::Trunks.place(&[id.as_str()]))?;
    Ok(SipTrunk {
        id,
        account_id: row.id("account_id")?,
        name: row.text("name")?,
        transfers: row.word("transfers", TrunkTransfers::from_word)?,
        transfer_caller_id: row.word("transfer_caller_id", TransferCallerId::from_word)?,
        origination: row.json("origination")?,
        allowed_ips: row.json("allowed_ips")?,
        credentials: TrunkCredentials {
            username: row.text("username")?,
            realm: row.text("realm")?,
            ha1,
            password_last4: row.text("password_last4")?,
        },
        created_at: row.time("created_at")?,
    })
}
