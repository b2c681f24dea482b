//! `POST /v1/contacts`.

use axum::{Json, extract::State};
use http::StatusCode;
use offhook_model::{e164::E164, id::ContactId};
use offhook_store::{Contact, ContactChange};
use utoipa::ToSchema;

use super::{ContactView, duplicate, email, name, notes};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    idempotency::promise,
    input::{Fields, Input, Read, rules::any_phone},
};

/// Whom to remember.
#[derive(Debug, ToSchema)]
#[schema(
    rename_all = "camelCase",
    example = json!({"phoneNumber": "(415) 555-9876", "name": "Ada", "email": "ada@example.com"})
)]
pub(crate) struct CreateContact {
    /// In any usual spelling; ten digits are North American.
    #[schema(value_type = String)]
    phone_number: E164,
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Their mail address.
    #[schema(max_length = 320)]
    email: Option<String>,
    /// Whatever the owner wants to remember.
    #[schema(max_length = 10_000)]
    notes: Option<String>,
}

impl Read for CreateContact {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let phone_number = fields.required("phoneNumber", any_phone());
        let name = fields.required("name", name());
        let email = fields.optional("email", email());
        let notes = fields.optional("notes", notes());
        Some(Self { phone_number: phone_number?, name: name?, email, notes })
    }
}

/// Adds a contact to the address book.
#[utoipa::path(
    post, path = "/v1/contacts", tag = "contacts", operation_id = "createContact",
    request_body = CreateContact,
    responses(
        (status = 201, body = ContactView, description = "The contact"),
        (status = 409, description = "The account has a contact with this number"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateContact>,
) -> Result<(StatusCode, Json<ContactView>), ApiError> {
    let now = app.now();
    let contact = Contact {
        id: ContactId::new(now, rand::random()),
        account_id: caller.account,
        phone_number: body.phone_number,
        name: body.name,
        email: body.email,
        notes: body.notes,
        created_at: now,
        updated_at: now,
    };
    promise(StatusCode::CREATED, {
        let contact = contact.clone();
        move |rows: &u64| (*rows > 0).then(|| ContactView::from(contact.clone()))
    });
    match app.store().create_contact(&contact).await? {
        ContactChange::Stored(contact) => Ok((StatusCode::CREATED, Json((*contact).into()))),
        ContactChange::Duplicate | ContactChange::Missing => Err(duplicate()),
    }
}
