//! The conversation: turn-taking, prompts, tools; speech and model providers.

pub mod line;
pub mod speech;
