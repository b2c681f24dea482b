//! The contact card of an iMessage line (contract §4).

mod delete;
mod get;
mod set;

use offhook_store::ContactCard;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get::get, set::set, delete::delete))
}

/// What recipients see of a line.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactCard, example = json!({
    "firstName": "Acme", "lastName": "Support", "displayName": "Acme Support", "hasAvatar": true
}))]
pub(crate) struct CardView {
    /// First name.
    #[schema(required)]
    first_name: Option<String>,
    /// Last name.
    #[schema(required)]
    last_name: Option<String>,
    /// The name as a whole.
    #[schema(required)]
    display_name: Option<String>,
    /// Whether there is a picture.
    has_avatar: bool,
}

impl From<ContactCard> for CardView {
    fn from(card: ContactCard) -> Self {
        Self {
            first_name: card.first_name,
            last_name: card.last_name,
            display_name: card.display_name,
            has_avatar: card.avatar.is_some(),
        }
    }
}
