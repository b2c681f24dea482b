//! `GET /integrations/whatsapp/{connection_id}/templates`.

use axum::{Json, extract::State};
use offhook_model::{
    id::WhatsappConnectionId,
    whatsapp::{TemplateCategory, TemplateStatus},
};
use offhook_store::TemplateFilter;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{upper, view::TemplateView};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read, rules::text},
    path::Path,
    whatsapp,
};

/// Which templates; every parameter narrows.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTemplates {
    /// Exactly this name.
    name: Option<String>,
    /// `PENDING`, `APPROVED`, `REJECTED`, in any case; any other finds none.
    status: Option<String>,
    /// `MARKETING`, `UTILITY`, `AUTHENTICATION`, in any case; any other finds none.
    category: Option<String>,
    /// Exactly this language.
    language: Option<String>,
}

impl Read for ListTemplates {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            name: fields.optional("name", text()),
            status: fields.optional("status", text()),
            category: fields.optional("category", text()),
            language: fields.optional("language", text()),
        })
    }
}

/// Templates of a connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatsappTemplates)]
pub(crate) struct Templates {
    /// Oldest first.
    data: Vec<TemplateView>,
}

/// The templates of a business account, as WhatsApp judges them now.
#[utoipa::path(
    get, path = "/integrations/whatsapp/{connection_id}/templates", tag = "whatsapp",
    operation_id = "whatsappListTemplates",
    params(("connection_id" = String, Path, description = "The connection"), ListTemplates),
    responses(
        (status = 200, body = Templates, description = "The templates"),
        (status = 400, description = "The carrier has no WhatsApp"),
        (status = 404, description = "WhatsApp connection not found"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WhatsappConnectionId>,
    Query(asked): Query<ListTemplates>,
) -> Result<Json<Templates>, ApiError> {
    let connection = whatsapp::find(&app, &caller.account, &id).await?;
    let status = asked.status.as_deref().map(|word| upper(word, TemplateStatus::from_word));
    let category = asked.category.as_deref().map(|word| upper(word, TemplateCategory::from_word));
    let (Ok(status), Ok(category)) = (known(status), known(category)) else {
        return Ok(Json(Templates { data: Vec::new() }));
    };
    let filter = TemplateFilter { name: asked.name, status, category, language: asked.language };
    let templates = whatsapp::templates(&app, &caller.account, &connection, &filter).await?;
    Ok(Json(Templates { data: templates.into_iter().map(TemplateView::from).collect() }))
}

/// A word that was asked for and that nobody knows.
struct Unknown;

fn known<T>(word: Option<Option<T>>) -> Result<Option<T>, Unknown> {
    match word {
        Some(None) => Err(Unknown),
        Some(known) => Ok(known),
        None => Ok(None),
    }
}
