//! The REST API, request by request, on SQLite and on PostgreSQL.
//!
//! No sockets: requests go straight into the router. The carrier is the built-in
//! one; the only network is loopback, where a webhook is answered.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, with its line")]

mod agents;
mod audit;
mod auth;
mod billing;
mod body;
mod chat;
mod contacts;
mod conventions;
mod conventions_generated;
mod document;
mod erasure;
mod expiry;
mod feedback;
mod fields;
mod idempotency;
mod limits;
mod lookup;
mod mail;
mod messages_gate;
mod messages_groups;
mod messages_inbound;
mod messages_list;
mod messages_media;
mod messages_opt_out;
mod messages_outcome;
mod messages_queue;
mod messages_send;
mod messages_whatsapp;
mod messages_worker;
mod numbers;
mod openapi;
mod openapi_complete;
mod outage;
mod patch;
mod picture;
mod reactions;
mod registration;
mod registration_fee;
mod registration_fields;
mod registration_gate;
mod serving;
mod sign_up;
mod sip_trunks;
mod ssrf;
mod sub_accounts;
mod tenancy;
mod texting;
mod threads;
mod usage;
mod verification;
mod webhooks;
mod whatsapp;
mod world;
