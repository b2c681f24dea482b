//! `PATCH /v1/register`.

use axum::{Json, extract::State};
use offhook_model::registration::{ContentFlag, RegistrationForm, SendVolume, UseCase};
use utoipa::ToSchema;

use super::{
    form::{address, includes, line, samples, story, use_cases, volume},
    view::RegistrationView,
};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Patch, Read},
    registration::edit,
};

/// What to change; omitted fields stay, null clears an optional one.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"website_url": "https://example.com", "volume": "low"}))]
pub(crate) struct UpdateRegistration {
    /// Legal name of the company.
    #[schema(value_type = Option<String>)]
    business_name: Patch<String>,
    /// Name it is known by.
    #[schema(value_type = Option<String>)]
    brand_name: Patch<String>,
    /// Website.
    #[schema(value_type = Option<String>)]
    website_url: Patch<String>,
    /// What the sender does.
    #[schema(min_length = 40)]
    description: Option<String>,
    /// What texts are for.
    #[schema(min_items = 1, max_items = 5)]
    use_cases: Option<Vec<UseCase>>,
    /// How many texts are planned.
    #[schema(value_type = Option<SendVolume>)]
    volume: Patch<SendVolume>,
    /// Examples.
    #[schema(min_items = 2, max_items = 5)]
    message_samples: Option<Vec<String>>,
    /// How people agree.
    #[schema(min_length = 40)]
    consent_flow: Option<String>,
    /// Privacy policy.
    #[schema(value_type = Option<String>)]
    privacy_policy_url: Patch<String>,
    /// Terms of service.
    #[schema(value_type = Option<String>)]
    terms_of_service_url: Patch<String>,
    /// Picture of how people agree.
    opt_in_image_url: Option<String>,
    /// What texts may contain.
    includes: Option<Vec<ContentFlag>>,
    /// An example address.
    #[schema(value_type = Option<String>)]
    link_sample: Patch<String>,
}

impl Read for UpdateRegistration {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            business_name: fields.patch("business_name", line()),
            brand_name: fields.patch("brand_name", line()),
            website_url: fields.patch("website_url", address()),
            description: fields.optional("description", story()),
            use_cases: fields.optional("use_cases", use_cases()),
            volume: fields.patch("volume", volume()),
            message_samples: fields.optional("message_samples", samples()),
            consent_flow: fields.optional("consent_flow", story()),
            privacy_policy_url: fields.patch("privacy_policy_url", address()),
            terms_of_service_url: fields.patch("terms_of_service_url", address()),
            opt_in_image_url: fields.optional("opt_in_image_url", address()),
            includes: fields.optional("includes", includes()),
            link_sample: fields.patch("link_sample", address()),
        })
    }
}

impl UpdateRegistration {
    fn apply(&self, form: &mut RegistrationForm) {
        self.business_name.clone().apply(&mut form.business_name);
        self.brand_name.clone().apply(&mut form.brand_name);
        self.website_url.clone().apply(&mut form.website_url);
        self.volume.apply(&mut form.volume);
        self.privacy_policy_url.clone().apply(&mut form.privacy_policy_url);
        self.terms_of_service_url.clone().apply(&mut form.terms_of_service_url);
        self.link_sample.clone().apply(&mut form.link_sample);
        replace(&mut form.description, self.description.as_ref());
        replace(&mut form.use_cases, self.use_cases.as_ref());
        replace(&mut form.message_samples, self.message_samples.as_ref());
        replace(&mut form.consent_flow, self.consent_flow.as_ref());
        replace(&mut form.opt_in_image_url, self.opt_in_image_url.as_ref());
        replace(&mut form.includes, self.includes.as_ref());
    }
}

fn replace<T: Clone>(field: &mut T, with: Option<&T>) {
    if let Some(value) = with {
        field.clone_from(value);
    }
}

/// Changes a registration that is not approved. A rejected one stays rejected
/// until it is submitted again.
#[utoipa::path(
    patch, path = "/v1/register", tag = "registration", operation_id = "updateRegistration",
    request_body = UpdateRegistration,
    responses(
        (status = 200, body = RegistrationView, description = "The registration as it is now"),
        (status = 404, description = "Nothing was submitted"),
        (status = 409, description = "It is approved"),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<UpdateRegistration>,
) -> Result<Json<RegistrationView>, ApiError> {
    let image = body.opt_in_image_url.clone();
    let edited = edit::edit(&app, &caller.account, image, move |form| body.apply(form)).await?;
    Ok(Json(RegistrationView::new(&app, edited)))
}
