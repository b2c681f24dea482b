//! Who wants no texts of which number (contract `messaging-behaviour.md` §10).
//!
//! A change is appended to the log and becomes the state in one transaction,
//! under the lock of the pair's thread, which every send takes, too.

use offhook_model::{
    id::{AccountId, NumberId},
    message::Message,
};

use crate::{Store, StoreError, conn::Conn, statement::statements, value::args};

statements! {
    // A person who was deleted is known by a pseudonym; what they say afterwards counts.
    IS_OUT = "SELECT is_out FROM opt_outs WHERE number_id = $1 AND person IN ($2, $3)
        ORDER BY CASE WHEN person = $2 THEN 0 ELSE 1 END LIMIT 1";
    CHANGE = "INSERT INTO opt_outs (number_id, person, account_id, is_out, changed_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (number_id, person) DO UPDATE SET is_out = excluded.is_out, changed_at = excluded.changed_at";
    LOG = "INSERT INTO opt_out_log (id, account_id, number_id, person, is_out, keyword, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    STATE = "SELECT is_out FROM opt_outs WHERE account_id = $1 AND number_id = $2 AND person IN ($3, $4)
        ORDER BY CASE WHEN person = $3 THEN 0 ELSE 1 END LIMIT 1";
}

impl Store {
    /// Whether a person wants no texts of a number of this account.
    pub async fn is_opted_out(
        &self,
        account: &AccountId,
        number: &NumberId,
        person: &str,
    ) -> Result<bool, StoreError> {
        let mut conn = self.read().await?;
        let deleted = conn.vault().pseudonym(account.as_str(), person);
        let row = conn.optional(&STATE, args![account, number, person, deleted]).await?;
        row.map_or(Ok(false), |row| row.flag("is_out"))
    }
}

/// Whether a person wants no texts of a number.
pub(crate) async fn is_out(
    tx: &mut Conn,
    account: &AccountId,
    number: &NumberId,
    person: &str,
) -> Result<bool, StoreError> {
    let deleted = tx.vault().pseudonym(account.as_str(), person);
    let row = tx.optional(&IS_OUT, args![number, person, deleted]).await?;
    row.map_or(Ok(false), |row| row.flag("is_out"))
}

/// Notes what the sender of a message wants from now on; whether that is new.
/// The word is logged either way: it is evidence.
pub(crate) async fn change(
    tx: &mut Conn,
    message: &Message,
    to: bool,
    keyword: &str,
) -> Result<bool, StoreError> {
    let (number, person) = (&message.number_id, &message.from);
    let was = is_out(tx, &message.account_id, number, person).await?;
    tx.execute(&CHANGE, args![number, person, &message.account_id, to, message.at]).await?;
    let args = args![&message.id, &message.account_id, number, person, to, keyword, message.at];
    tx.execute(&LOG, args).await?;
    Ok(was != to)
}
