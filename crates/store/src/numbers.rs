//! Phone numbers.

use offhook_model::{
    Timestamp,
    e164::E164,
    id::{AccountId, AgentId, NumberId},
    number::{Number, NumberStatus, NumberType},
};

use crate::{Page, Paged, Store, StoreError, row::Row, statement::statements, value::args};

pub(crate) mod attach;
pub(crate) mod insert;
pub(crate) mod months;
pub(crate) mod release;
pub(crate) mod route;

/// Changes to a number; an outer `None` leaves the field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberPatch {
    /// The owner's reference.
    pub external_id: Option<Option<String>>,
    /// When it is released by itself.
    pub expires_at: Option<Option<Timestamp>>,
}

statements! {
    BY_ID = "SELECT * FROM numbers WHERE account_id = $1 AND id = $2";
    CALLED = "SELECT * FROM numbers WHERE account_id = $1 AND phone_number = $2
        ORDER BY CASE WHEN status = 'active' THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1";
    LIST = "SELECT * FROM numbers WHERE account_id = $1 AND status = 'active'
        ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";
    COUNT = "SELECT COUNT(*) AS total FROM numbers WHERE account_id = $1 AND status = 'active'";
    OF_AGENT = "SELECT * FROM numbers WHERE account_id = $1 AND agent_id = $2 AND status = 'active'
        ORDER BY attached_at, id";
    PATCH = "UPDATE numbers SET
        external_id = CASE WHEN $3 THEN $4 ELSE external_id END,
        expires_at = CASE WHEN $5 THEN CAST($6 AS BIGINT) ELSE expires_at END
        WHERE account_id = $1 AND id = $2 RETURNING *";
    DUE = "SELECT * FROM numbers WHERE status = 'active' AND expires_at <= $1
        ORDER BY expires_at, id LIMIT $2 OFFSET $3";
    NEXT_DUE = "SELECT MIN(expires_at) AS due FROM numbers WHERE status = 'active' AND expires_at > $1";
    IS_HELD = "SELECT id FROM numbers WHERE phone_number = $1 AND status = 'active'";
    HELD = "SELECT phone_number FROM numbers WHERE status = 'active' AND phone_number >= $1 AND phone_number <= $2";
}

impl Store {
    /// A number of this account, also when it was released.
    pub async fn number(&self, account: &AccountId, id: &NumberId) -> Result<Option<Number>, StoreError> {
        self.read().await?.optional(&BY_ID, args![account, id]).await?.map(from_row).transpose()
    }

    /// The account's number that reads like this: the one it holds, else the
    /// one it held last.
    pub async fn number_called(
        &self,
        account: &AccountId,
        phone_number: &E164,
    ) -> Result<Option<Number>, StoreError> {
        let row = self.read().await?.optional(&CALLED, args![account, phone_number]).await?;
        row.map(from_row).transpose()
    }

    /// The numbers the account holds, newest first; released ones are left out.
    pub async fn numbers(&self, account: &AccountId, page: Page) -> Result<Paged<Number>, StoreError> {
        let mut conn = self.read().await?;
        let total = conn.one(&COUNT, args![account]).await?.number("total")?;
        let rows = conn.all(&LIST, args![account, page.limit, page.offset]).await?;
        Ok(Paged::new(from_rows(rows)?, total, page))
    }

    /// An agent's numbers, first attached first: the first is its caller id.
    pub async fn agent_numbers(
        &self,
        account: &AccountId,
        agent: &AgentId,
    ) -> Result<Vec<Number>, StoreError> {
        from_rows(self.read().await?.all(&OF_AGENT, args![account, agent]).await?)
    }

    /// Changes a number and answers its new form; none when it is unknown.
    pub async fn patch_number(
        &self,
        account: &AccountId,
        id: &NumberId,
        patch: NumberPatch,
    ) -> Result<Option<Number>, StoreError> {
        let args = args![
            account,
            id,
            patch.external_id.is_some(),
            patch.external_id.flatten(),
            patch.expires_at.is_some(),
            patch.expires_at.flatten()
        ];
        self.write(move |tx| {
            let args = args.clone();
            Box::pin(async move { tx.optional(&PATCH, args).await?.map(from_row).transpose() })
        })
        .await
    }

    /// Held numbers of any account whose time is over, longest over first.
    pub async fn expired_numbers(&self, now: Timestamp, page: Page) -> Result<Vec<Number>, StoreError> {
        from_rows(self.read().await?.all(&DUE, args![now, page.limit, page.offset]).await?)
    }

    /// When the next number of any account is to be released, after `now`.
    pub async fn next_number_expiry(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read().await?.one(&NEXT_DUE, args![now]).await?.opt_time("due")
    }

    /// Whether any account holds this number.
    pub async fn is_number_held(&self, phone_number: &E164) -> Result<bool, StoreError> {
        Ok(self.read().await?.optional(&IS_HELD, args![phone_number]).await?.is_some())
    }

    /// Every held number between two of equal length, both included, of any
    /// account: what an inventory must leave out.
    pub async fn held_numbers(&self, first: &E164, last: &E164) -> Result<Vec<E164>, StoreError> {
        let rows = self.read().await?.all(&HELD, args![first, last]).await?;
        rows.iter().map(|row| row.parsed("phone_number")).collect()
    }
}

fn from_rows(rows: Vec<Row>) -> Result<Vec<Number>, StoreError> {
    rows.into_iter().map(from_row).collect()
}

pub(crate) fn from_row(row: Row) -> Result<Number, StoreError> {
    Ok(Number {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        phone_number: row.parsed("phone_number")?,
        country: row.text("country")?,
        status: row.word("status", NumberStatus::from_word)?,
        kind: row.word("kind", NumberType::from_word)?,
        imessage_type: row.opt_text("imessage_type")?,
        agent_id: row.opt_id("agent_id")?,
        attached_at: row.opt_time("attached_at")?,
        external_id: row.opt_text("external_id")?,
        expires_at: row.opt_time("expires_at")?,
        whatsapp: row.opt_id("whatsapp_connection_id")?,
        created_at: row.time("created_at")?,
    })
}
