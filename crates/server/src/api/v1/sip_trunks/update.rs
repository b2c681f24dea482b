//! `PATCH /v1/sip-trunks/{trunk_id}`.

use axum::{Json, extract::State};
use offhook_model::{
    id::TrunkId,
    sip_trunk::{AllowedIp, TransferCallerId, TrunkTransfers},
};
use offhook_store::TrunkPatch;
use utoipa::ToSchema;

use super::{
    fields::{OneNetwork, Origination, name, networks, origination, reachable},
    view::TrunkView,
};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Patch, Read, rules::word},
    path::Path,
    sip_trunks,
};

/// What to change; omitted fields and null stay. A body without any of these
/// fields draws a new password.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "name": "office", "transfers": "sip",
    "origination": {"uris": [{"sip_uri": "sip:pbx.example.com:5061;transport=tls", "priority": 1}]}
}))]
pub(crate) struct UpdateTrunk {
    /// The owner's name for it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    name: Patch<String>,
    /// Which transfers it may ask for.
    #[schema(value_type = Option<TrunkTransfers>)]
    transfers: Patch<TrunkTransfers>,
    /// Whose number a transferred call shows.
    #[schema(value_type = Option<TransferCallerId>)]
    transfer_caller_id: Patch<TransferCallerId>,
    /// Where calls go.
    #[schema(value_type = Option<Origination>)]
    origination: Patch<Origination>,
    /// From where calls may come; the list replaces what was there.
    #[schema(value_type = Option<Vec<AllowedIp>>, max_items = 50)]
    allowed_ips: Patch<Vec<OneNetwork>>,
}

impl Read for UpdateTrunk {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let caller_ids = word(TransferCallerId::from_word, TransferCallerId::WORDS);
        Some(Self {
            name: fields.patch("name", name()),
            transfers: fields.patch("transfers", word(TrunkTransfers::from_word, TrunkTransfers::WORDS)),
            transfer_caller_id: fields.patch("transfer_caller_id", caller_ids),
            origination: fields.patch("origination", origination()),
            allowed_ips: fields.patch("allowed_ips", networks()),
        })
    }
}

impl UpdateTrunk {
    fn is_empty(&self) -> bool {
        self.name == Patch::Keep
            && self.transfers == Patch::Keep
            && self.transfer_caller_id == Patch::Keep
            && matches!(self.origination, Patch::Keep)
            && matches!(self.allowed_ips, Patch::Keep)
    }

    fn into_patch(self) -> TrunkPatch {
        TrunkPatch {
            name: set(self.name),
            transfers: set(self.transfers),
            transfer_caller_id: set(self.transfer_caller_id),
            origination: set(self.origination.map(|new| new.uris.into_iter().map(|one| one.0).collect())),
            allowed_ips: set(self.allowed_ips.map(|new| new.into_iter().map(|one| one.0).collect())),
            credentials: None,
        }
    }
}

fn set<T>(patch: Patch<T>) -> Option<T> {
    match patch {
        Patch::Set(value) => Some(value),
        Patch::Keep | Patch::Reset => None,
    }
}

/// Changes a trunk; an empty body draws a new password, which is in this
/// answer and in no other.
#[utoipa::path(
    patch, path = "/v1/sip-trunks/{trunk_id}", tag = "sip-trunks", operation_id = "updateSipTrunk",
    params(("trunk_id" = String, Path, description = "The trunk's id")),
    request_body = UpdateTrunk,
    responses(
        (status = 200, body = TrunkView, description = "The trunk as it is now"),
        (status = 404, description = "SIP trunk not found"),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TrunkId>,
    Input(body): Input<UpdateTrunk>,
) -> Result<Json<TrunkView>, ApiError> {
    let found = app.store().sip_trunk(&caller.account, &id).await?.ok_or_else(super::missing)?;
    let (patch, password) = if body.is_empty() {
        let (credentials, password) = sip_trunks::draw(found.credentials.username);
        (TrunkPatch { credentials: Some(credentials), ..TrunkPatch::default() }, Some(password))
    } else {
        (body.into_patch(), None)
    };
    reachable(&app, patch.origination.as_deref().unwrap_or_default())?;
    let trunk = app.store().patch_sip_trunk(&caller.account, &id, patch).await?.ok_or_else(super::missing)?;
    Ok(Json(TrunkView::new(&app, trunk, password)))
}
