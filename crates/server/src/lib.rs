//! REST, webhooks, workers and auth.
//!
//! # From a route to its file
//! The path is the file: `POST /v1/agents` is `api/v1/agents/create.rs`,
//! `DELETE /v1/agents/{agent_id}/numbers/{number_id}` is
//! `api/v1/agents/numbers/detach.rs`, `GET /v1/webhooks/deliveries/stats` is
//! `api/v1/webhooks/deliveries/stats.rs`. `api/v1/<group>.rs` lists its routes.
//! A handler parses, is authorised by its argument types ([`auth::Caller`]),
//! calls one function of a service or the store, and maps the result.
//!
//! # From a request to its answer
//! [`router`] puts the routes together with what surrounds them ([`observe`]:
//! request ids, metrics, caught panics; [`requests`]: whose request it is, how
//! many there may be, [`idempotency`], the [`audit`] log). [`input`] reads bodies and queries and
//! finds all their faults at once; [`error::ApiError`] is every refusal there
//! is. [`openapi`] is the document made of the handlers. [`ops`] holds health,
//! readiness, metrics and the documentation pages; [`serve()`] runs it all on a
//! listener.
//!
//! # State
//! [`app::App`] holds everything a handler may use. It is made once, by the
//! binary or a test, from [`app::Parts`].

pub mod api;
pub mod app;
pub mod audit;
pub mod audit_api;
pub mod auth;
pub(crate) mod billing_api;
pub mod calls;
pub mod charge;
pub mod compose;
pub mod contact_cards;
pub mod conversations;
pub mod cursor;
pub mod deliver;
pub(crate) mod deliveries_api;
pub mod erasure;
pub mod erasure_api;
pub mod error;
pub mod events;
pub mod expire;
pub mod idempotency;
pub mod input;
pub mod limits;
pub mod locations;
pub mod mail;
pub mod media_api;
pub mod messaging;
pub mod numbers;
pub mod observe;
pub mod openapi;
pub mod ops;
pub mod page;
pub mod path;
pub mod period;
pub mod picture;
pub mod reactions;
pub mod registration;
pub mod requests;
pub mod retention;
pub mod retention_api;
pub mod router;
pub mod serve;
pub mod settings;
pub mod signup;
pub mod sim_api;
pub mod sip_trunks;
pub mod spool;
pub mod store_health;
pub mod telephony;
pub mod verification;
pub mod webhooks;
pub mod whatsapp;

pub use app::{App, Parts};
pub use router::router;
pub use serve::serve;
pub use settings::Settings;
