//! `/offhook/v1/…`: removing what people said.

use axum::{Json, extract::State};
use offhook_model::{
    Timestamp,
    e164::E164,
    erasure::Places,
    id::{CallId, ConversationId, DeletionId, MessageId},
};
use offhook_store::Deletion;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::Caller,
    erasure::{self, Erased},
    error::ApiError,
    input::{Fields, Input, Read, rules::any_phone},
    path::Path,
};

/// The routes of this page.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(delete_call_data))
        .routes(routes!(delete_message))
        .routes(routes!(delete_conversation))
        .routes(routes!(create))
        .routes(routes!(get))
}

/// What was removed, and what was found afterwards.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Erasure, example = json!({
    "complete": true,
    "removed": {
        "calls": 0, "turns": 12, "recordings": 1, "conversations": 0, "messages": 0, "media": 0, "reactions": 0,
        "contacts": 0, "locations": 0, "verifications": 0, "optOuts": 0, "deliveries": 9, "answers": 0
    },
    "remaining": {
        "calls": 0, "turns": 0, "recordings": 0, "conversations": 0, "messages": 0, "media": 0, "reactions": 0,
        "contacts": 0, "locations": 0, "verifications": 0, "optOuts": 0, "deliveries": 0, "answers": 0
    }
}))]
pub(crate) struct ErasureView {
    /// Whether nothing is left.
    complete: bool,
    /// How much was removed, by place.
    removed: Places,
    /// How much a search found afterwards, by place.
    remaining: Places,
}

impl From<Erased> for ErasureView {
    fn from(erased: Erased) -> Self {
        Self { complete: erased.remaining.is_empty(), removed: erased.removed, remaining: erased.remaining }
    }
}

/// Removes what was said in a call.
///
/// Transcript, recording, metadata and deliveries go; the call stays in lists
/// and in the bill.
#[utoipa::path(
    delete, path = "/offhook/v1/calls/{call_id}/data", tag = "erasure", operation_id = "deleteCallData",
    params(("call_id" = String, Path, description = "The call's id")),
    responses(
        (status = 200, body = ErasureView, description = "What was removed"),
        (status = 404, description = "Call not found"),
        (status = 409, description = "The call is not over"),
    )
)]
pub(crate) async fn delete_call_data(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<CallId>,
) -> Result<Json<ErasureView>, ApiError> {
    Ok(Json(erasure::call(&app, &caller.account, &id).await?.into()))
}

/// Removes a message.
///
/// Its pictures and files, reactions and deliveries go with it. A message that
/// waits for its carrier is never sent.
#[utoipa::path(
    delete, path = "/offhook/v1/messages/{message_id}", tag = "erasure", operation_id = "deleteMessage",
    params(("message_id" = String, Path, description = "The message's id")),
    responses(
        (status = 200, body = ErasureView, description = "What was removed"),
        (status = 404, description = "Message not found"),
        (status = 409, description = "It is being handed to its carrier"),
    )
)]
pub(crate) async fn delete_message(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Json<ErasureView>, ApiError> {
    Ok(Json(erasure::message(&app, &caller.account, &id).await?.into()))
}

/// Removes a conversation with all its messages.
#[utoipa::path(
    delete, path = "/offhook/v1/conversations/{conversation_id}", tag = "erasure",
    operation_id = "deleteConversation",
    params(("conversation_id" = String, Path, description = "The conversation's id")),
    responses(
        (status = 200, body = ErasureView, description = "What was removed"),
        (status = 404, description = "Conversation not found"),
        (status = 409, description = "A message of it is on its way"),
    )
)]
pub(crate) async fn delete_conversation(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<ErasureView>, ApiError> {
    Ok(Json(erasure::conversation(&app, &caller.account, &id).await?.into()))
}

/// Whom to forget.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"phoneNumber": "+14155559876"}))]
pub(crate) struct CreateDeletion {
    /// In any usual spelling; ten digits are North American.
    #[schema(value_type = String)]
    phone_number: E164,
}

impl Read for CreateDeletion {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let phone_number = fields.required("phoneNumber", any_phone());
        Some(Self { phone_number: phone_number? })
    }
}

/// A deletion that was carried out. It names nobody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Deletion, example = json!({
    "id": "del_06a6k0tcerwk7dcsxnw9m14v46p4efhmckng",
    "subject": "deleted:412fa5fa9680638a1eee57f08fff9e6b8af2aeb254ca832bfb9e0f721dc6977e",
    "complete": true,
    "removed": {
        "calls": 1, "turns": 12, "recordings": 1, "conversations": 1, "messages": 4, "media": 1, "reactions": 0,
        "contacts": 1, "locations": 0, "verifications": 0, "optOuts": 0, "deliveries": 9, "answers": 2
    },
    "remaining": {
        "calls": 0, "turns": 0, "recordings": 0, "conversations": 0, "messages": 0, "media": 0, "reactions": 0,
        "contacts": 0, "locations": 0, "verifications": 0, "optOuts": 0, "deliveries": 0, "answers": 0
    },
    "requestedAt": "2025-01-15T10:30:00Z",
    "finishedAt": "2025-01-15T10:30:01Z"
}))]
pub(crate) struct DeletionView {
    /// Its id.
    #[schema(value_type = String)]
    id: DeletionId,
    /// The person under a keyed hash: the same for the same number, and of no
    /// use to whoever has not the server's key.
    subject: String,
    /// Whether nothing is left.
    complete: bool,
    /// How much was removed, by place.
    removed: Places,
    /// How much a search found afterwards, by place.
    remaining: Places,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    finished_at: Timestamp,
}

impl From<Deletion> for DeletionView {
    fn from(deletion: Deletion) -> Self {
        Self {
            id: deletion.id,
            subject: deletion.subject,
            complete: deletion.remaining.is_empty(),
            removed: deletion.removed,
            remaining: deletion.remaining,
            requested_at: deletion.requested_at,
            finished_at: deletion.finished_at,
        }
    }
}

/// Removes everything of one person.
///
/// Transcripts, recordings, messages with their files, threads, contacts,
/// locations, codes, deliveries and kept answers go; calls stay without the
/// number, and an opt-out stays in force under a pseudonym. Answers when it is
/// done, with what a search found afterwards.
#[utoipa::path(
    post, path = "/offhook/v1/deletions", tag = "erasure", operation_id = "createDeletion",
    request_body = CreateDeletion,
    responses(
        (status = 200, body = DeletionView, description = "The proof"),
        (status = 409, description = "A call with this number is going on"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateDeletion>,
) -> Result<Json<DeletionView>, ApiError> {
    Ok(Json(erasure::person(&app, &caller.account, &body.phone_number).await?.into()))
}

/// The proof of a deletion.
#[utoipa::path(
    get, path = "/offhook/v1/deletions/{deletion_id}", tag = "erasure", operation_id = "getDeletion",
    params(("deletion_id" = String, Path, description = "The deletion's id")),
    responses(
        (status = 200, body = DeletionView, description = "The proof"),
        (status = 404, description = "Deletion not found"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DeletionId>,
) -> Result<Json<DeletionView>, ApiError> {
    let found = app.store().deletion(&caller.account, &id).await?;
    Ok(Json(found.ok_or_else(|| ApiError::not_found("Deletion not found"))?.into()))
}
