//! `POST /integrations/whatsapp/{connection_id}/templates`.

use axum::{Json, extract::State};
use offhook_model::{
    id::{TemplateId, WhatsappConnectionId},
    whatsapp::{TemplateCategory, TemplateStatus},
};
use offhook_store::WhatsappTemplate;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{upper, view::TemplateView};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Input, Read,
        rules::{any_object, list, text, word},
    },
    path::Path,
    whatsapp,
};

/// A template for WhatsApp to judge.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "name": "order_ready", "category": "UTILITY",
    "components": [{"type": "BODY", "text": "Your order {{1}} is ready."}]
}))]
pub(crate) struct CreateTemplate {
    /// Lower case letters, digits and `_`.
    #[schema(pattern = "^[a-z0-9_]{1,512}$")]
    name: String,
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`, in any case.
    #[schema(value_type = String)]
    category: TemplateCategory,
    /// E.g. `en_US`, the default.
    language: Option<String>,
    /// `POSITIONAL` or `NAMED`, in any case.
    #[schema(value_type = Option<String>)]
    parameter_format: Option<&'static str>,
    /// As WhatsApp writes them.
    #[schema(value_type = Option<Vec<Object>>, max_items = 20)]
    components: Option<Vec<Map<String, Value>>>,
    /// A template of WhatsApp's own library.
    library_template_name: Option<String>,
    /// Buttons of the library's template.
    #[schema(value_type = Option<Vec<Object>>, max_items = 20)]
    library_template_button_inputs: Option<Vec<Map<String, Value>>>,
    /// Words of the library's template.
    #[schema(value_type = Option<Object>)]
    library_template_body_inputs: Option<Map<String, Value>>,
}

impl Read for CreateTemplate {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let objects = || list(any_object(), 0..=20);
        let name = fields.required("name", text().matching("^[a-z0-9_]{1,512}$", is_name));
        let category = |word: &str| upper(word, TemplateCategory::from_word);
        let category = fields.required("category", word(category, TemplateCategory::WORDS));
        let language =
            fields.optional("language", text().matching("^[a-z]{2,3}(_[A-Za-z]{2,4})?$", is_language));
        let parameter_format = fields.optional("parameter_format", word(format, &FORMATS));
        let components = fields.optional("components", objects());
        let library_template_name = fields.optional("library_template_name", text().chars(1..=512));
        let library_template_button_inputs = fields.optional("library_template_button_inputs", objects());
        let library_template_body_inputs = fields.optional("library_template_body_inputs", any_object());
        Some(Self {
            name: name?,
            category: category?,
            language,
            parameter_format,
            components,
            library_template_name,
            library_template_button_inputs,
            library_template_body_inputs,
        })
    }
}

const FORMATS: [&str; 2] = ["POSITIONAL", "NAMED"];

fn format(word: &str) -> Option<&'static str> {
    FORMATS.into_iter().find(|format| format.eq_ignore_ascii_case(word))
}

fn is_name(name: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=512).contains(&name.len()) && name.bytes().all(fine)
}

fn is_language(code: &str) -> bool {
    let (language, region) = code.split_once('_').unwrap_or((code, "US"));
    let letters = |text: &str, count: std::ops::RangeInclusive<usize>| {
        count.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
    };
    letters(language, 2..=3) && language.bytes().all(|b| b.is_ascii_lowercase()) && letters(region, 2..=4)
}

/// Submits a template for approval.
#[utoipa::path(
    post, path = "/integrations/whatsapp/{connection_id}/templates", tag = "whatsapp",
    operation_id = "whatsappCreateTemplate",
    params(("connection_id" = String, Path, description = "The connection")),
    request_body = CreateTemplate,
    responses(
        (status = 200, body = TemplateView, description = "The template; it waits for approval"),
        (status = 400, description = "The carrier has no WhatsApp, or WhatsApp refused the template"),
        (status = 404, description = "WhatsApp connection not found"),
        (status = 409, description = "There is one of this name and language"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WhatsappConnectionId>,
    Input(body): Input<CreateTemplate>,
) -> Result<Json<TemplateView>, ApiError> {
    let connection = whatsapp::find(&app, &caller.account, &id).await?;
    let now = app.now();
    let template = WhatsappTemplate {
        id: TemplateId::new(now, rand::random()),
        account_id: caller.account,
        connection_id: connection.id.clone(),
        name: body.name,
        language: body.language.unwrap_or_else(|| "en_US".to_owned()),
        category: body.category,
        status: TemplateStatus::Pending,
        rejected_reason: None,
        body: json!({
            "parameter_format": body.parameter_format,
            "components": body.components,
            "library_template_name": body.library_template_name,
            "library_template_button_inputs": body.library_template_button_inputs,
            "library_template_body_inputs": body.library_template_body_inputs,
        }),
        created_at: now,
    };
    Ok(Json(whatsapp::submit(&app, &connection, template).await?.into()))
}
