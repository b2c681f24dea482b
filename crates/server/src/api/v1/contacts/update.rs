//! `PATCH /v1/contacts/{contact_id}`.

use axum::{Json, extract::State};
use offhook_model::{e164::E164, id::ContactId};
use offhook_store::{ContactChange, ContactPatch};
use utoipa::ToSchema;

use super::{ContactView, duplicate, email, name, notes, unknown};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Patch, Read, rules::any_phone},
    path::Path,
};

/// What to change of a contact; omitted fields stay.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"name": "Ada Byron", "notes": null}))]
pub(crate) struct UpdateContact {
    /// In any usual spelling; null leaves it.
    #[schema(value_type = Option<String>)]
    phone_number: Option<E164>,
    /// Null leaves it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Null clears it.
    #[schema(value_type = Option<String>, max_length = 320)]
    email: Patch<String>,
    /// Null clears them.
    #[schema(value_type = Option<String>, max_length = 10_000)]
    notes: Patch<String>,
}

impl Read for UpdateContact {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            phone_number: fields.optional("phoneNumber", any_phone()),
            name: fields.optional("name", name()),
            email: fields.patch("email", email()),
            notes: fields.patch("notes", notes()),
        })
    }
}

/// Changes a contact.
#[utoipa::path(
    patch, path = "/v1/contacts/{contact_id}", tag = "contacts", operation_id = "updateContact",
    params(("contact_id" = String, Path, description = "The contact's id")),
    request_body = UpdateContact,
    responses(
        (status = 200, body = ContactView, description = "The contact as it is now"),
        (status = 404, description = "Contact not found"),
        (status = 409, description = "The account has another contact with this number"),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactId>,
    Input(body): Input<UpdateContact>,
) -> Result<Json<ContactView>, ApiError> {
    let patch = ContactPatch {
        phone_number: body.phone_number,
        name: body.name,
        email: body.email.into(),
        notes: body.notes.into(),
    };
    match app.store().patch_contact(&caller.account, &id, patch, app.now()).await? {
        ContactChange::Stored(contact) => Ok(Json((*contact).into())),
        ContactChange::Duplicate => Err(duplicate()),
        ContactChange::Missing => Err(unknown()),
    }
}
