//! Everything of the conversation that reaches outside: HTTP and speech engines.

pub mod catalogue;
pub mod chat;
mod clause_cache;
mod clauses;
pub mod embedded;
pub mod espeak;
pub mod fetch;
pub mod flite;
pub mod http_tool;
mod level;
pub mod openai_stt;
pub mod openai_tts;
pub mod pocketsphinx;
pub mod rate;
mod speakable;
pub mod speech;
pub mod webhook;
