//! Answers kept for repeated requests: sealed, so each is opened and looked at.

use offhook_model::id::AccountId;

use crate::{Store, StoreError, statement::statements, value::args, vault::columns::Column};

statements! {
    PAGE = "SELECT key_id, idempotency_key, body FROM idempotent_requests WHERE account_id = $1
        AND (key_id, idempotency_key) > ($2, $3) AND body IS NOT NULL ORDER BY key_id, idempotency_key LIMIT $4";
    BLANK = "UPDATE idempotent_requests SET body = NULL, content_type = NULL
        WHERE account_id = $1 AND key_id = $2 AND idempotency_key = $3 AND body = $4";
}

const BATCH: u32 = 100;

impl Store {
    /// How many kept answers have a text in them; with `remove` they lose their
    /// bodies: the request is still not run again.
    pub async fn answers_naming(
        &self,
        account: &AccountId,
        text: &str,
        remove: bool,
    ) -> Result<u64, StoreError> {
        let mut from = (String::new(), String::new());
        let mut found = 0;
        loop {
            let args = args![account, &from.0, &from.1, BATCH];
            let rows = self.read().await?.all(&PAGE, args).await?;
            if rows.is_empty() {
                return Ok(found);
            }
            for row in rows {
                from = (row.text("key_id")?, row.text("idempotency_key")?);
                let place = [account.as_str(), &from.0, &from.1];
                if !row.sealed("body", &Column::Answers.place(&place))?.contains(text) {
                    continue;
                }
                found += 1;
                if remove {
                    let args = args![account, &from.0, &from.1, row.text("body")?];
                    self.execute(&BLANK, args).await?;
                }
            }
        }
    }
}
