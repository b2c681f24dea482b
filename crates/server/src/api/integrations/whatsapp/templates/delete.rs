//! `DELETE /integrations/whatsapp/{connection_id}/templates`.

use axum::{Json, extract::State};
use offhook_model::id::{TemplateId, WhatsappConnectionId};
use utoipa::IntoParams;

use crate::{
    api::v1::Success,
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read, rules::text},
    path::Path,
    whatsapp,
};

/// Which template.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteTemplate {
    /// Its name.
    #[param(example = "order_update")]
    name: String,
    /// One language of it, by its id.
    #[param(value_type = Option<String>)]
    hsm_id: Option<TemplateId>,
}

impl Read for DeleteTemplate {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", text());
        let hsm_id = fields.optional("hsm_id", text()).map(TemplateId::from);
        Some(Self { name: name?, hsm_id })
    }
}

/// Takes a template back, in all its languages, or with `hsm_id` in one.
#[utoipa::path(
    delete, path = "/integrations/whatsapp/{connection_id}/templates", tag = "whatsapp",
    operation_id = "whatsappDeleteTemplate",
    params(("connection_id" = String, Path, description = "The connection"), DeleteTemplate),
    responses(
        (status = 200, body = Success, description = "It is gone"),
        (status = 400, description = "The carrier has no WhatsApp"),
        (status = 404, description = "Connection or template not found"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WhatsappConnectionId>,
    Query(asked): Query<DeleteTemplate>,
) -> Result<Json<Success>, ApiError> {
    let connection = whatsapp::find(&app, &caller.account, &id).await?;
    whatsapp::withdraw(&app, &caller.account, &connection, &asked.name, asked.hsm_id.as_ref()).await?;
    Ok(Json(Success::YES))
}
