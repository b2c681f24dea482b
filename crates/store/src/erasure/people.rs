//! What else is kept of a person: address book, places, reactions, codes,
//! opt-outs, groups.

use offhook_model::{
    erasure::Places,
    id::{AccountId, ConversationId},
};
use serde_json::Value as Json;

use crate::{Store, StoreError, like, row::to_json, statement::statements, value::args};

statements! {
    THREADS = "SELECT id FROM conversations WHERE account_id = $1 AND participant = $2 ORDER BY id";
    GROUPS = "SELECT id FROM conversations WHERE account_id = $1 AND is_group = TRUE
        AND participants LIKE $2 ESCAPE '!' ORDER BY id";
    GROUP = "SELECT participants FROM conversations WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    REGROUP = "UPDATE conversations SET participants = $3 WHERE account_id = $1 AND id = $2";
    CONTACTS = "DELETE FROM contacts WHERE account_id = $1 AND phone_number = $2";
    LOCATIONS = "DELETE FROM locations WHERE account_id = $1 AND person = $2";
    REACTIONS = "DELETE FROM reactions WHERE account_id = $1 AND person = $2";
    CODES = "DELETE FROM verifications WHERE account_id = $1 AND phone_number = $2";
    KEEP_OPT_OUTS = "INSERT INTO opt_outs (number_id, person, account_id, is_out, changed_at)
        SELECT number_id, CAST($3 AS TEXT), account_id, is_out, changed_at FROM opt_outs
        WHERE account_id = $1 AND person = $2
        ON CONFLICT (number_id, person) DO UPDATE SET is_out = excluded.is_out, changed_at = excluded.changed_at";
    DROP_OPT_OUTS = "DELETE FROM opt_outs WHERE account_id = $1 AND person = $2";
    RENAME_LOG = "UPDATE opt_out_log SET person = $3 WHERE account_id = $1 AND person = $2";
}

impl Store {
    /// Threads with a person alone.
    pub async fn threads_with(
        &self,
        account: &AccountId,
        person: &str,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let rows = self.read().await?.all(&THREADS, args![account, person]).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// Groups a person is in.
    pub async fn groups_with(
        &self,
        account: &AccountId,
        person: &str,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let rows = self.read().await?.all(&GROUPS, args![account, like::contains(person)]).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// Takes a person out of what is known of a group.
    pub async fn leave_group(
        &self,
        account: &AccountId,
        group: &ConversationId,
        person: &str,
    ) -> Result<bool, StoreError> {
        let (account, group, person) = (account.clone(), group.clone(), person.to_owned());
        self.write(move |tx| {
            let (account, group, person) = (account.clone(), group.clone(), person.clone());
            Box::pin(async move {
                let Some(row) = tx.optional(&GROUP, args![&account, &group]).await? else { return Ok(false) };
                let Some(Json::Array(mut all)) = row.opt_json("participants")? else { return Ok(false) };
                all.retain(|one| !one.to_string().contains(&person));
                let args = args![&account, &group, to_json(&all)?];
                Ok(tx.execute(&REGROUP, args).await? == 1)
            })
        })
        .await
    }

    /// Removes what is kept of a person besides calls, messages and deliveries.
    /// That they want no texts stays known, under a pseudonym.
    ///
    /// # Errors
    /// [`StoreError::Key`] for a store without keys.
    pub async fn erase_person(&self, account: &AccountId, person: &str) -> Result<Places, StoreError> {
        let pseudonym = self.pseudonym(account, person)?;
        let (account, person) = (account.clone(), person.to_owned());
        self.write(move |tx| {
            let (account, person, pseudonym) = (account.clone(), person.clone(), pseudonym.clone());
            Box::pin(async move {
                let of = || args![&account, &person];
                let contacts = tx.execute(&CONTACTS, of()).await?;
                let locations = tx.execute(&LOCATIONS, of()).await?;
                let reactions = tx.execute(&REACTIONS, of()).await?;
                let verifications = tx.execute(&CODES, of()).await?;
                let renamed = || args![&account, &person, &pseudonym];
                tx.execute(&KEEP_OPT_OUTS, renamed()).await?;
                let opt_outs = tx.execute(&DROP_OPT_OUTS, of()).await?;
                let opt_outs = opt_outs + tx.execute(&RENAME_LOG, renamed()).await?;
                Ok(Places { contacts, locations, reactions, verifications, opt_outs, ..Places::default() })
            })
        })
        .await
    }

    /// A person's name once they are forgotten.
    ///
    /// # Errors
    /// [`StoreError::Key`] for a store without keys.
    pub fn pseudonym(&self, account: &AccountId, person: &str) -> Result<String, StoreError> {
        self.vault()
            .pseudonym(account.as_str(), person)
            .ok_or_else(|| StoreError::Key { reason: "the store was opened without it".to_owned() })
    }
}
