//! How long each account keeps things.

use offhook_model::{Timestamp, id::AccountId, retention::Retention};

use crate::{Store, StoreError, statement::statements, value::args};

statements! {
    GET = "SELECT recordings, transcripts, messages, deliveries FROM retention WHERE account_id = $1";
    PUT = "INSERT INTO retention (account_id, recordings, transcripts, messages, deliveries, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (account_id) DO UPDATE SET recordings = excluded.recordings,
        transcripts = excluded.transcripts, messages = excluded.messages, deliveries = excluded.deliveries,
        updated_at = excluded.updated_at";
    ACCOUNTS = "SELECT id FROM accounts WHERE id > $1 ORDER BY id LIMIT $2";
}

impl Store {
    /// What an account has set; none when it set nothing.
    pub async fn retention(&self, account: &AccountId) -> Result<Option<Retention>, StoreError> {
        let row = self.read().await?.optional(&GET, args![account]).await?;
        row.map(|row| {
            Ok(Retention {
                recordings: row.opt_number("recordings")?,
                transcripts: row.opt_number("transcripts")?,
                messages: row.opt_number("messages")?,
                deliveries: row.opt_number("deliveries")?,
            })
        })
        .transpose()
    }

    /// Sets how long an account keeps things.
    pub async fn set_retention(
        &self,
        account: &AccountId,
        kept: Retention,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let days = |days: Option<u32>| days.map(i64::from);
        let args = args![
            account,
            days(kept.recordings),
            days(kept.transcripts),
            days(kept.messages),
            days(kept.deliveries),
            at
        ];
        self.execute(&PUT, args).await.map(drop)
    }

    /// Every account there is or was, in order of ids, after `after`.
    pub async fn account_ids(&self, after: &AccountId, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        let rows = self.read().await?.all(&ACCOUNTS, args![after, limit]).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }
}
