//! `POST /v1/agents`.

use axum::{Json, extract::State};
use http::StatusCode;
use offhook_model::{
    agent::{Agent, AgentSettings},
    id::AgentId,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{AgentFields, AgentView, fields, tool};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    idempotency::promise,
    input::{Fields, Input, Patch, Read},
};

/// A new agent.
#[derive(Debug)]
pub(crate) struct CreateAgent {
    name: String,
    fields: AgentFields,
}

impl PartialSchema for CreateAgent {
    fn schema() -> RefOr<Schema> {
        fields::schema(true)
    }
}

impl ToSchema for CreateAgent {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        AgentFields::schemas(schemas);
    }
}

impl Read for CreateAgent {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", fields::name());
        let rest = AgentFields::read(fields);
        Some(Self { name: name?, fields: rest? })
    }
}

/// Creates an agent.
#[utoipa::path(
    post, path = "/v1/agents", tag = "agents", operation_id = "createAgent",
    request_body(content = CreateAgent, example = json!({
        "name": "Support Bot", "voiceMode": "hosted",
        "systemPrompt": "You are a helpful support agent for Acme Corp.",
        "beginMessage": "Hello! How can I help you today?"
    })),
    responses(
        (status = 200, body = AgentView, description = "The agent"),
        (status = 400, description = "Hosted without a prompt"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateAgent>,
) -> Result<Json<AgentView>, ApiError> {
    if let Patch::Set(tools) = &body.fields.custom_tools {
        tool::check_addresses(app.fetch().policy(), tools)?;
    }
    let now = app.now();
    let agent = Agent {
        id: AgentId::new(now, rand::random()),
        account_id: caller.account,
        settings: body.fields.apply(&AgentSettings::named(body.name))?,
        created_at: now,
    };
    promise(StatusCode::OK, {
        let agent = agent.clone();
        move |_rows: &u64| Some(AgentView::new(agent.clone(), Vec::new()))
    });
    app.store().create_agent(&agent).await?;
    Ok(Json(AgentView::new(agent, Vec::new())))
}
