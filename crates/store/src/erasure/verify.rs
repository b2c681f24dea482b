//! Looks for a person everywhere.

use offhook_model::{erasure::Places, id::AccountId};

use crate::{Store, StoreError, like, statement::statements, value::args};

statements! {
    FIND = "SELECT
        (SELECT COUNT(*) FROM calls WHERE account_id = $1 AND (from_number = $2 OR to_number = $2
            OR metadata LIKE $3 ESCAPE '!')) AS calls,
        (SELECT COUNT(*) FROM turns t JOIN calls c ON c.id = t.call_id WHERE c.account_id = $1
            AND (c.from_number = $2 OR c.to_number = $2)) AS turns,
        (SELECT COUNT(*) FROM conversations WHERE account_id = $1
            AND (participant = $2 OR participants LIKE $3 ESCAPE '!')) AS conversations,
        (SELECT COUNT(*) FROM messages WHERE account_id = $1
            AND (from_address = $2 OR to_address = $2 OR sender = $2)) AS messages,
        (SELECT COUNT(*) FROM reactions WHERE account_id = $1 AND person = $2) AS reactions,
        (SELECT COUNT(*) FROM contacts WHERE account_id = $1
            AND (phone_number = $2 OR search LIKE $3 ESCAPE '!')) AS contacts,
        (SELECT COUNT(*) FROM locations WHERE account_id = $1 AND person = $2) AS locations,
        (SELECT COUNT(*) FROM verifications WHERE account_id = $1 AND phone_number = $2) AS verifications,
        (SELECT COUNT(*) FROM opt_outs WHERE account_id = $1 AND person = $2)
            + (SELECT COUNT(*) FROM opt_out_log WHERE account_id = $1 AND person = $2) AS opt_outs";
}

impl Store {
    /// How much names a person in the database, but for deliveries and kept
    /// answers, which are searched page by page.
    pub async fn rows_naming(&self, account: &AccountId, person: &str) -> Result<Places, StoreError> {
        let args = args![account, person, like::contains(person)];
        let row = self.read().await?.one(&FIND, args).await?;
        Ok(Places {
            calls: row.number("calls")?,
            turns: row.number("turns")?,
            conversations: row.number("conversations")?,
            messages: row.number("messages")?,
            reactions: row.number("reactions")?,
            contacts: row.number("contacts")?,
            locations: row.number("locations")?,
            verifications: row.number("verifications")?,
            opt_outs: row.number("opt_outs")?,
            ..Places::default()
        })
    }
}
