//! 10DLC registrations.

use offhook_model::{
    Timestamp,
    id::{AccountId, RegistrationId},
    registration::{CampaignStatus, Registration},
    usage::LedgerEntry,
};

use crate::{
    Account, Charged, Store, StoreError, accounts,
    conn::Conn,
    row::{Row, to_json},
    statement::statements,
    usage,
    value::args,
};

statements! {
    OF_ACCOUNT = "SELECT * FROM registrations WHERE account_id = $1";
    ALL_OF_THEM = "SELECT * FROM registrations ORDER BY submitted_at, id";
    LOCK_ACCOUNT = "SELECT id FROM accounts WHERE id = $1 /*pg: FOR NO KEY UPDATE */";
    SUBMIT = "INSERT INTO registrations (id, account_id, form, status, reason, fee_cents, submitted_at, approves_at,
        decided_at, image_seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (account_id) DO UPDATE SET id = excluded.id, form = excluded.form, status = excluded.status,
        reason = excluded.reason, fee_cents = excluded.fee_cents, submitted_at = excluded.submitted_at,
        approves_at = excluded.approves_at, decided_at = excluded.decided_at, image_seen = excluded.image_seen";
    LOCKED = "SELECT * FROM registrations WHERE account_id = $1 /*pg: FOR UPDATE */";
    EDIT = "UPDATE registrations SET form = $2, image_seen = $3 WHERE account_id = $1";
    DECIDE = "UPDATE registrations SET status = $2, reason = $3, decided_at = $4, approves_at = NULL WHERE id = $1";
}

/// What came of submitting a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmitRegistration {
    /// It is stored, and its fee charged.
    Submitted,
    /// Another is pending or approved; nothing was stored or charged.
    OnFile,
    /// The balance does not cover the fee; nothing was stored.
    InsufficientBalance,
}

/// What came of changing a registration's form.
#[derive(Debug, Clone, PartialEq)]
pub enum EditRegistration<R> {
    /// The account has none.
    Missing,
    /// It is approved, so that nothing may change.
    Approved,
    /// `edit` did not want it so.
    Refused(R),
    /// It is changed.
    Edited(Box<Registration>),
}

impl Store {
    /// The account's registration.
    pub async fn registration(&self, account: &AccountId) -> Result<Option<Registration>, StoreError> {
        self.read().await?.optional(&OF_ACCOUNT, args![account]).await?.map(from_row).transpose()
    }

    /// Every account's registrations, oldest submission first: for the operator.
    pub async fn all_registrations(&self) -> Result<Vec<Registration>, StoreError> {
        self.read().await?.all(&ALL_OF_THEM, args![]).await?.into_iter().map(from_row).collect()
    }

    /// Stores a registration, in the place of a rejected one, and charges its
    /// fee, to whom `fee` says. `for_new` is the sub-account it is for, when
    /// that is to be made with it.
    pub async fn submit_registration(
        &self,
        new: &Registration,
        for_new: Option<&Account>,
        fee: &LedgerEntry,
    ) -> Result<SubmitRegistration, StoreError> {
        let (new, for_new, fee) = (new.clone(), for_new.cloned(), fee.clone());
        self.write(move |tx| {
            let (new, for_new, fee) = (new.clone(), for_new.clone(), fee.clone());
            Box::pin(async move {
                // Those who submit at once queue here, so that what is charged is stored.
                tx.optional(&LOCK_ACCOUNT, args![&new.account_id]).await?;
                let found = tx.optional(&OF_ACCOUNT, args![&new.account_id]).await?.map(from_row);
                if found.transpose()?.is_some_and(|found| found.decided != CampaignStatus::Rejected) {
                    return Ok(SubmitRegistration::OnFile);
                }
                if let Charged::InsufficientBalance { .. } = usage::charge(tx, &fee).await? {
                    return Ok(SubmitRegistration::InsufficientBalance);
                }
                if let Some(account) = &for_new {
                    accounts::insert(tx, account).await?;
                }
                submit(tx, &new).await?;
                Ok(SubmitRegistration::Submitted)
            })
        })
        .await
    }

    /// Changes what a registration says, unless it is approved by `now`: its
    /// form and whether the picture was seen. Reading, `edit` and writing are one transaction; `edit` may run
    /// more than once.
    pub async fn edit_registration<R, F>(
        &self,
        account: &AccountId,
        now: Timestamp,
        edit: F,
    ) -> Result<EditRegistration<R>, StoreError>
    where
        R: Send + 'static,
        F: Fn(Registration) -> Result<Registration, R> + Send + Sync + 'static,
    {
        let (account, edit) = (account.clone(), std::sync::Arc::new(edit));
        self.write(move |tx| {
            let (account, edit) = (account.clone(), std::sync::Arc::clone(&edit));
            Box::pin(async move {
                let Some(row) = tx.optional(&LOCKED, args![&account]).await? else {
                    return Ok(EditRegistration::Missing);
                };
                let found = from_row(row)?;
                if found.status(now) == CampaignStatus::Approved {
                    return Ok(EditRegistration::Approved);
                }
                let edited = match edit(found) {
                    Ok(edited) => edited,
                    Err(refusal) => return Ok(EditRegistration::Refused(refusal)),
                };
                tx.execute(&EDIT, args![&account, to_json(&edited.form)?, edited.image_seen]).await?;
                Ok(EditRegistration::Edited(Box::new(edited)))
            })
        })
        .await
    }

    /// Writes the operator's decision, whatever held before; false when no
    /// registration has this id. `reason` is shown to its owner.
    pub async fn decide_registration(
        &self,
        id: &RegistrationId,
        status: CampaignStatus,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(&DECIDE, args![id, status.as_str(), reason, at]).await? == 1)
    }
}

async fn submit(tx: &mut Conn, new: &Registration) -> Result<(), StoreError> {
    let args = args![
        &new.id,
        &new.account_id,
        to_json(&new.form)?,
        new.decided.as_str(),
        new.reason.clone(),
        new.fee_cents,
        new.submitted_at,
        new.approves_at,
        new.decided_at,
        new.image_seen
    ];
    tx.execute(&SUBMIT, args).await.map(drop)
}

fn from_row(row: Row) -> Result<Registration, StoreError> {
    Ok(Registration {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        form: row.json("form")?,
        decided: row.word("status", CampaignStatus::from_word)?,
        reason: row.opt_text("reason")?,
        fee_cents: row.number("fee_cents")?,
        submitted_at: row.time("submitted_at")?,
        approves_at: row.opt_time("approves_at")?,
        decided_at: row.opt_time("decided_at")?,
        image_seen: row.flag("image_seen")?,
    })
}
