//! `PATCH /v1/conversations/{conversation_id}`.

use axum::{Json, extract::State};
use offhook_model::id::ConversationId;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::detail::DetailView;
use crate::{
    app::App,
    auth::Caller,
    conversations,
    error::ApiError,
    input::{
        Fields, Input, Patch, Read,
        rules::{any_object, text},
    },
    path::Path,
};

/// Longest metadata, bytes of JSON: it travels with every event of the thread.
const MAX_METADATA_BYTES: usize = 64 * 1024;

/// What to change of a thread; omitted fields stay.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"metadata": {"stage": "lead"}}))]
pub(crate) struct UpdateConversation {
    /// Replaces what was there; null clears it. At most 64 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Patch<Map<String, Value>>,
    /// Renames an iMessage group; without effect on 1:1 threads, and when null.
    #[schema(max_length = 200)]
    group_name: Option<String>,
}

impl Read for UpdateConversation {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let metadata = fields.patch("metadata", any_object());
        if let Patch::Set(object) = &metadata
            && serde_json::to_string(object).is_ok_and(|text| text.len() > MAX_METADATA_BYTES)
        {
            fields.fault("metadata", "value_error", "Value error, metadata is larger than 64 KiB");
        }
        let group_name = fields.optional("group_name", text().trimmed().chars(0..=200));
        Some(Self { metadata, group_name })
    }
}

/// Changes a thread's metadata, or the name of its group.
#[utoipa::path(
    patch, path = "/v1/conversations/{conversation_id}", tag = "conversations",
    operation_id = "updateConversation",
    params(("conversation_id" = String, Path, description = "The thread's id")),
    request_body = UpdateConversation,
    responses(
        (status = 200, body = DetailView, description = "The thread as it is now"),
        (status = 400, description = "The group cannot be renamed"),
        (status = 404, description = "Conversation not found"),
        (status = 502, description = "The carrier refused"),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Input(body): Input<UpdateConversation>,
) -> Result<Json<DetailView>, ApiError> {
    let mut thread = super::find(&app, &caller, &id).await?;
    if let Some(name) = body.group_name.filter(|_| thread.is_group) {
        thread = conversations::rename(&app, &caller.account, thread, &name).await?;
    }
    let metadata: Option<Option<Value>> = body.metadata.map(Value::Object).into();
    if let Some(metadata) = metadata {
        let changed = app.store().set_thread_metadata(&caller.account, &thread.id, metadata).await?;
        thread = changed.ok_or_else(super::unknown)?;
    }
    Ok(Json(DetailView::load(&app, &caller.account, thread, 50).await?))
}
