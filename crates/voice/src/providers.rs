//! Everything of the conversation that reaches outside: HTTP and speech engines.

pub mod chat;
pub mod fetch;
pub mod http_tool;
pub mod webhook;
pub mod speech;
pub mod catalogue;
mod clauses;
pub mod embedded;
pub mod espeak;
pub mod flite;
pub mod openai_stt;
pub mod openai_tts;
pub mod pocketsphinx;
pub mod rate;
mod speakable;
