//! The address book (contract §9).

use std::sync::Arc;

use offhook_model::{
    Timestamp,
    e164::E164,
    id::{AccountId, ContactId},
    webhook::EventContact,
};

use crate::{Page, Paged, Store, StoreError, like, row::Row, statement::statements, value::args};

/// Somebody whose number the account knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// Its owner.
    pub account_id: AccountId,
    /// Their number; an account has one contact per number.
    pub phone_number: E164,
    /// Their name.
    pub name: String,
    /// Their mail address.
    pub email: Option<String>,
    /// Whatever the owner wants to remember.
    pub notes: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Changes to a contact; an outer `None` leaves the field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPatch {
    /// Their number.
    pub phone_number: Option<E164>,
    /// Their name.
    pub name: Option<String>,
    /// Their mail address.
    pub email: Option<Option<String>>,
    /// Notes.
    pub notes: Option<Option<String>>,
}

/// What came of storing or changing a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactChange {
    /// It is stored like this now.
    Stored(Box<Contact>),
    /// The account has another contact with this number.
    Duplicate,
    /// The account has no such contact.
    Missing,
}

statements! {
    INSERT = "INSERT INTO contacts (id, account_id, phone_number, name, email, notes, search, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (account_id, phone_number) DO NOTHING";
    BY_ID = "SELECT * FROM contacts WHERE account_id = $1 AND id = $2";
    BY_ID_LOCKED = "SELECT * FROM contacts WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    BY_NUMBER = "SELECT * FROM contacts WHERE account_id = $1 AND phone_number = $2";
    LIST = "SELECT * FROM contacts WHERE account_id = $1
        AND (CAST($2 AS TEXT) IS NULL OR search LIKE $2 ESCAPE '!')
        ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4";
    COUNT = "SELECT COUNT(*) AS total FROM contacts WHERE account_id = $1
        AND (CAST($2 AS TEXT) IS NULL OR search LIKE $2 ESCAPE '!')";
    UPDATE = "UPDATE contacts SET phone_number = $3, name = $4, email = $5, notes = $6, search = $7, updated_at = $8
        WHERE account_id = $1 AND id = $2";
    DELETE = "DELETE FROM contacts WHERE account_id = $1 AND id = $2";
}

impl Store {
    /// Stores a new contact; [`ContactChange::Duplicate`], and nothing stored,
    /// when the account has one with this number.
    pub async fn create_contact(&self, contact: &Contact) -> Result<ContactChange, StoreError> {
        let args = args![
            &contact.id,
            &contact.account_id,
            &contact.phone_number,
            &contact.name,
            contact.email.clone(),
            contact.notes.clone(),
            contact.search(),
            contact.created_at,
            contact.updated_at
        ];
        Ok(match self.execute(&INSERT, args).await? {
            0 => ContactChange::Duplicate,
            _ => ContactChange::Stored(Box::new(contact.clone())),
        })
    }

    /// A contact of this account.
    pub async fn contact(&self, account: &AccountId, id: &ContactId) -> Result<Option<Contact>, StoreError> {
        self.read().await?.optional(&BY_ID, args![account, id]).await?.map(from_row).transpose()
    }

    /// The account's contact with this number, given in E.164; any other text
    /// finds none.
    pub async fn contact_by_number(
        &self,
        account: &AccountId,
        phone_number: &str,
    ) -> Result<Option<Contact>, StoreError> {
        self.read().await?.optional(&BY_NUMBER, args![account, phone_number]).await?.map(from_row).transpose()
    }

    /// The account's contacts, newest first; `search` is part of a name or a
    /// number, in any case.
    pub async fn contacts(
        &self,
        account: &AccountId,
        search: Option<&str>,
        page: Page,
    ) -> Result<Paged<Contact>, StoreError> {
        let pattern = search.map(like::contains);
        let mut conn = self.read().await?;
        let total = conn.one(&COUNT, args![account, pattern.clone()]).await?.number("total")?;
        let rows = conn.all(&LIST, args![account, pattern, page.limit, page.offset]).await?;
        Ok(Paged::new(rows.into_iter().map(from_row).collect::<Result<_, _>>()?, total, page))
    }

    /// Changes a contact: reading and writing are one transaction.
    pub async fn patch_contact(
        &self,
        account: &AccountId,
        id: &ContactId,
        patch: ContactPatch,
        now: Timestamp,
    ) -> Result<ContactChange, StoreError> {
        let (account, id, patch) = (account.clone(), id.clone(), Arc::new(patch));
        let changed = self
            .write(move |tx| {
                let (account, id, patch) = (account.clone(), id.clone(), Arc::clone(&patch));
                Box::pin(async move {
                    let Some(row) = tx.optional(&BY_ID_LOCKED, args![&account, &id]).await? else {
                        return Ok(ContactChange::Missing);
                    };
                    let mut contact = from_row(row)?;
                    patch.apply(&mut contact, now);
                    let args = args![
                        &account,
                        &id,
                        &contact.phone_number,
                        &contact.name,
                        contact.email.clone(),
                        contact.notes.clone(),
                        contact.search(),
                        contact.updated_at
                    ];
                    tx.execute(&UPDATE, args).await?;
                    Ok(ContactChange::Stored(Box::new(contact)))
                })
            })
            .await;
        match changed {
            Err(StoreError::Conflict { .. }) => Ok(ContactChange::Duplicate),
            other => other,
        }
    }

    /// Removes a contact; false when the account has no such contact.
    pub async fn delete_contact(&self, account: &AccountId, id: &ContactId) -> Result<bool, StoreError> {
        Ok(self.execute(&DELETE, args![account, id]).await? == 1)
    }
}

/// As events show it (webhooks.md §4.1).
impl From<Contact> for EventContact {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.to_string(),
            name: contact.name,
            email: contact.email,
            phone_number: contact.phone_number.to_string(),
        }
    }
}

impl Contact {
    /// What lists are searched by. The line break keeps a search from
    /// matching across name and number.
    fn search(&self) -> String {
        format!("{}\n{}", self.name.to_lowercase(), self.phone_number)
    }
}

impl ContactPatch {
    fn apply(&self, contact: &mut Contact, now: Timestamp) {
        if let Some(phone_number) = &self.phone_number {
            contact.phone_number = phone_number.clone();
        }
        if let Some(name) = &self.name {
            contact.name.clone_from(name);
        }
        if let Some(email) = &self.email {
            contact.email.clone_from(email);
        }
        if let Some(notes) = &self.notes {
            contact.notes.clone_from(notes);
        }
        contact.updated_at = now;
    }
}

fn from_row(row: Row) -> Result<Contact, StoreError> {
    Ok(Contact {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        phone_number: row.parsed("phone_number")?,
        name: row.text("name")?,
        email: row.opt_text("email")?,
        notes: row.opt_text("notes")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
