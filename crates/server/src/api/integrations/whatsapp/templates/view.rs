//! A template as clients see it.

use offhook_model::{Timestamp, id::TemplateId};
use offhook_store::WhatsappTemplate;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A message template.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatsappTemplate, example = json!({
    "id": "wat_01", "name": "order_ready", "language": "en_US", "category": "UTILITY", "status": "APPROVED",
    "parameter_format": null, "components": [{"type": "BODY", "text": "Your order {{1}} is ready."}],
    "library_template_name": null, "library_template_button_inputs": null,
    "library_template_body_inputs": null, "rejected_reason": null, "created_at": "2025-01-15T10:30:00Z"
}))]
pub(crate) struct TemplateView {
    /// `wat_…`; `hsm_id` when one language is deleted.
    #[schema(value_type = String)]
    id: TemplateId,
    /// Its name.
    name: String,
    /// E.g. `en_US`.
    language: String,
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    category: &'static str,
    /// `PENDING`, `APPROVED` or `REJECTED`.
    status: &'static str,
    /// `POSITIONAL` or `NAMED`, as it was given.
    #[schema(value_type = Option<String>, required)]
    parameter_format: Value,
    /// As they were given; empty when none were.
    #[schema(value_type = Vec<Object>)]
    components: Value,
    /// As it was given.
    #[schema(value_type = Option<String>, required)]
    library_template_name: Value,
    /// As they were given.
    #[schema(value_type = Option<Vec<Value>>, required)]
    library_template_button_inputs: Value,
    /// As they were given.
    #[schema(value_type = Option<Object>, required)]
    library_template_body_inputs: Value,
    /// Why it was rejected.
    #[schema(required)]
    rejected_reason: Option<String>,
    /// When it was submitted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<WhatsappTemplate> for TemplateView {
    fn from(template: WhatsappTemplate) -> Self {
        let given = |field: &str| template.body.get(field).cloned().unwrap_or_default();
        let components = given("components");
        Self {
            components: if components.is_null() { json!([]) } else { components },
            parameter_format: given("parameter_format"),
            library_template_name: given("library_template_name"),
            library_template_button_inputs: given("library_template_button_inputs"),
            library_template_body_inputs: given("library_template_body_inputs"),
            id: template.id,
            name: template.name,
            language: template.language,
            category: template.category.as_str(),
            status: template.status.as_str(),
            rejected_reason: template.rejected_reason,
            created_at: template.created_at,
        }
    }
}
