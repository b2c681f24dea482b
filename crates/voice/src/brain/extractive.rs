//! The answerer without a model: it quotes the agent's instructions.
//!
//! It makes no claim to understand. It splits `systemPrompt` into sentences,
//! ranks them against the caller's words (BM25, words compared by stem and
//! with a tolerance for misrecognition), and speaks the best of them, or says
//! that it has nothing to quote. A greeting is answered with an offer,
//! "goodbye" ends the call, and asking for a person transfers it.

mod index;
mod words;

use std::sync::Arc;

use async_stream::stream;
use futures::stream::BoxStream;
use offhook_model::plan::CallPlan;

use self::{index::Index, words::Intent};
use super::{Brain, BrainEvent, BrainRequest};

const NOTHING_FOUND: &str = "I can only quote what I was given, and I have nothing on that.";
const NO_TRANSFER: &str = "I am sorry, I cannot transfer this call.";
const TRANSFERRING: &str = "I will connect you now.";
const GOODBYE: &str = "Goodbye.";
const HELLO: &str = "Hello. What would you like to know?";
const WELCOME: &str = "You are welcome. Is there anything else?";

/// See the module's description.
#[derive(Debug)]
pub struct ExtractiveBrain {
    index: Arc<Index>,
    can_transfer: bool,
    opening: String,
}

impl ExtractiveBrain {
    /// For this call.
    #[must_use]
    pub fn new(plan: &CallPlan, system_prompt: &str) -> Self {
        Self {
            index: Arc::new(Index::new(system_prompt)),
            can_transfer: plan.transfer_number.is_some(),
            opening: format!(
                "Hello, this is {}. I can answer by quoting what I was given. What would you like to know?",
                plan.agent_name
            ),
        }
    }

    /// What to say and do about these words.
    fn answer(&self, words: &str) -> (String, Option<BrainEvent>) {
        match Intent::of(words) {
            Intent::Goodbye => (GOODBYE.to_owned(), Some(BrainEvent::HangUp)),
            Intent::Transfer if self.can_transfer => (TRANSFERRING.to_owned(), Some(BrainEvent::Transfer)),
            // The instructions may say how to reach somebody.
            Intent::Transfer => (NO_TRANSFER.to_owned(), None),
            Intent::Thanks => (WELCOME.to_owned(), None),
            Intent::Greeting => (HELLO.to_owned(), None),
            Intent::Question => (self.index.best(words).unwrap_or_else(|| NOTHING_FOUND.to_owned()), None),
        }
    }
}

impl Brain for ExtractiveBrain {
    fn kind(&self) -> &'static str {
        "extractive"
    }

    fn reply(&self, request: BrainRequest) -> BoxStream<'static, BrainEvent> {
        let (text, action) = match &request.words {
            Some(words) => self.answer(&words.text),
            None => (self.opening.clone(), None),
        };
        Box::pin(stream! {
            yield BrainEvent::Say(text);
            yield BrainEvent::Pause;
            if let Some(action) = action {
                yield action;
            }
        })
    }
}

#[cfg(test)]
mod tests;
