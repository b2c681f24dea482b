//! `PATCH /v1/agents/{agent_id}`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{AgentFields, AgentView, fields, tool};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Patch, Read},
    path::Path,
};

/// What to change of an agent; omitted fields stay.
#[derive(Debug)]
pub(crate) struct UpdateAgent {
    /// Null leaves it: an agent without a name cannot be.
    name: Option<String>,
    fields: AgentFields,
}

impl PartialSchema for UpdateAgent {
    fn schema() -> RefOr<Schema> {
        fields::schema(false)
    }
}

impl ToSchema for UpdateAgent {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        AgentFields::schemas(schemas);
    }
}

impl Read for UpdateAgent {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.optional("name", fields::name());
        Some(Self { name, fields: AgentFields::read(fields)? })
    }
}

/// Changes an agent; calls in progress keep their settings.
#[utoipa::path(
    patch, path = "/v1/agents/{agent_id}", tag = "agents", operation_id = "updateAgent",
    params(("agent_id" = String, Path, description = "The agent")),
    request_body(content = UpdateAgent, example = json!({"name": "Support Bot", "voiceSpeed": 1.1})),
    responses(
        (status = 200, body = AgentView, description = "The agent as it is now"),
        (status = 400, description = "Hosted without a prompt"),
        (status = 404, description = "Agent not found"),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Input(body): Input<UpdateAgent>,
) -> Result<Json<AgentView>, ApiError> {
    if let Patch::Set(tools) = &body.fields.custom_tools {
        tool::check_addresses(app.fetch().policy(), tools)?;
    }
    let edited = app
        .store()
        .edit_agent(&caller.account, &id, move |settings| {
            let mut settings = body.fields.clone().apply(&settings)?;
            if let Some(name) = &body.name {
                settings.name.clone_from(name);
            }
            Ok::<_, ApiError>(settings)
        })
        .await?;
    let agent = edited.ok_or_else(super::unknown)??;
    Ok(Json(AgentView::load(&app, agent).await?))
}
