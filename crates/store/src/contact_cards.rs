//! Contact cards of iMessage lines (contract §4).

use offhook_model::{
    Timestamp,
    id::{AccountId, MediaId, NumberId},
};

use crate::{Store, StoreError, row::Row, statement::statements, value::args};

/// What recipients see of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactCard {
    /// The line.
    pub number_id: NumberId,
    /// Its owner.
    pub account_id: AccountId,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The name as a whole.
    pub display_name: Option<String>,
    /// Our copy of the picture.
    pub avatar: Option<MediaId>,
    /// When it was last set.
    pub updated_at: Timestamp,
}

statements! {
    BY_NUMBER = "SELECT * FROM contact_cards WHERE account_id = $1 AND number_id = $2";
    PUT = "INSERT INTO contact_cards (number_id, account_id, first_name, last_name, display_name, avatar_id, updated_at)
        SELECT id, account_id, $3, $4, $5, $6, CAST($7 AS BIGINT) FROM numbers WHERE account_id = $1 AND id = $2
        ON CONFLICT (number_id) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,
        display_name = excluded.display_name, avatar_id = excluded.avatar_id, updated_at = excluded.updated_at";
    DELETE = "DELETE FROM contact_cards WHERE account_id = $1 AND number_id = $2";
}

impl Store {
    /// A line's card.
    pub async fn contact_card(
        &self,
        account: &AccountId,
        number: &NumberId,
    ) -> Result<Option<ContactCard>, StoreError> {
        self.read().await?.optional(&BY_NUMBER, args![account, number]).await?.map(from_row).transpose()
    }

    /// Sets a line's card in place of any other; false when the account never
    /// had the number.
    pub async fn put_contact_card(&self, card: &ContactCard) -> Result<bool, StoreError> {
        let args = args![
            &card.account_id,
            &card.number_id,
            card.first_name.clone(),
            card.last_name.clone(),
            card.display_name.clone(),
            card.avatar.as_ref(),
            card.updated_at
        ];
        Ok(self.execute(&PUT, args).await? == 1)
    }

    /// Removes a line's card; false when it had none.
    pub async fn delete_contact_card(
        &self,
        account: &AccountId,
        number: &NumberId,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(&DELETE, args![account, number]).await? == 1)
    }
}

fn from_row(row: Row) -> Result<ContactCard, StoreError> {
    Ok(ContactCard {
        number_id: row.id("number_id")?,
        account_id: row.id("account_id")?,
        first_name: row.opt_text("first_name")?,
        last_name: row.opt_text("last_name")?,
        display_name: row.opt_text("display_name")?,
        avatar: row.opt_id("avatar_id")?,
        updated_at: row.time("updated_at")?,
    })
}
