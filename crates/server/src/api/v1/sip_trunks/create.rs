//! `POST /v1/sip-trunks`.

use axum::{Json, extract::State};
use offhook_model::sip_trunk::AllowedIp;
use utoipa::ToSchema;

use super::{
    fields::{OneNetwork, name, networks},
    view::TrunkView,
};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read},
    sip_trunks,
};

/// A trunk to be made; everything may be left out. Where calls go is set later.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"name": "office"}))]
pub(crate) struct CreateTrunk {
    /// The owner's name for it; one is made when omitted.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// From where calls may come.
    #[schema(value_type = Option<Vec<AllowedIp>>, max_items = 50)]
    allowed_ips: Option<Vec<OneNetwork>>,
}

impl Read for CreateTrunk {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            name: fields.optional("name", name()),
            allowed_ips: fields.optional("allowed_ips", networks()),
        })
    }
}

/// Makes a trunk. Its password is in this answer and in no other.
#[utoipa::path(
    post, path = "/v1/sip-trunks", tag = "sip-trunks", operation_id = "createSipTrunk",
    request_body = CreateTrunk,
    responses(
        (status = 200, body = TrunkView, description = "The trunk, with its password"),
        (status = 409, description = "The account has as many as it may"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateTrunk>,
) -> Result<Json<TrunkView>, ApiError> {
    let allowed = body.allowed_ips.unwrap_or_default().into_iter().map(|one| one.0).collect();
    let (trunk, password) = sip_trunks::create(&app, &caller.account, body.name, allowed).await?;
    Ok(Json(TrunkView::new(&app, trunk, Some(password))))
}
