//! A contact as clients see it.

use offhook_model::{Timestamp, e164::E164, id::ContactId};
use offhook_store::Contact;
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody of the address book.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contact, example = json!({
    "id": "ct_01", "phoneNumber": "+14155559876", "name": "Ada", "email": null, "notes": null,
    "createdAt": "2025-01-15T10:30:00Z", "updatedAt": "2025-01-15T10:30:00Z"
}))]
pub struct ContactView {
    /// `ct_…`.
    #[schema(value_type = String)]
    pub id: ContactId,
    /// E.164; one contact per number.
    #[schema(value_type = String)]
    pub phone_number: E164,
    /// Their name.
    pub name: String,
    /// Their mail address.
    #[schema(required)]
    pub email: Option<String>,
    /// Whatever the owner wants to remember.
    #[schema(required)]
    pub notes: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id,
            phone_number: contact.phone_number,
            name: contact.name,
            email: contact.email,
            notes: contact.notes,
            created_at: contact.created_at,
            updated_at: contact.updated_at,
        }
    }
}
