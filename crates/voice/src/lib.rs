//! The conversation: turn-taking, prompts, tools; speech and model providers.

pub mod brain;
pub mod conversation;
pub mod line;
pub mod providers;
pub mod sign;
pub mod speech;
#[cfg(test)]
mod testing;
pub mod texting;
pub mod turn;
pub mod variables;
