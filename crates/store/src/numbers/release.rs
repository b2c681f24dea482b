//! Giving a number back.

use offhook_model::{
    id::{AccountId, NumberId},
    number::Number,
};

use crate::{Store, StoreError, numbers::from_row, statement::statements, value::args};

/// What came of releasing a number.
#[derive(Debug, Clone, PartialEq)]
pub enum Release {
    /// It is given back now.
    Released(Box<Number>),
    /// It was given back before.
    AlreadyReleased,
    /// The account never had it.
    Missing,
}

statements! {
    RELEASE = "UPDATE numbers SET status = 'released', agent_id = NULL, attached_at = NULL,
        whatsapp_connection_id = NULL, whatsapp_phone_number_id = NULL
        WHERE account_id = $1 AND id = $2 AND status = 'active' RETURNING *";
    EXISTS = "SELECT id FROM numbers WHERE account_id = $1 AND id = $2";
}

impl Store {
    /// Gives a number back, for good; its agent loses it.
    pub async fn release_number(&self, account: &AccountId, id: &NumberId) -> Result<Release, StoreError> {
        let (account, id) = (account.clone(), id.clone());
        self.write(move |tx| {
            let (account, id) = (account.clone(), id.clone());
            Box::pin(async move {
                if let Some(row) = tx.optional(&RELEASE, args![&account, &id]).await? {
                    return Ok(Release::Released(Box::new(from_row(row)?)));
                }
                Ok(match tx.optional(&EXISTS, args![&account, &id]).await? {
                    Some(_) => Release::AlreadyReleased,
                    None => Release::Missing,
                })
            })
        })
        .await
    }
}
