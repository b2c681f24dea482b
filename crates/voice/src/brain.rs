//! Who thinks: a hosted model, the extractive answerer, or a webhook.

pub mod extractive;
pub mod hosted;
mod markup;
pub mod webhook;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use futures::stream::BoxStream;
use offhook_model::{
    Timestamp,
    plan::{BrainPlan, CallPlan},
    report::{Role, WebhookExchange},
};
use tokio_util::sync::CancellationToken;

use crate::{
    providers::{
        chat::{ChatClient, LlmConfig},
        fetch::{FetchClient, FetchError, FetchPolicy},
    },
    texting::Texting,
};

/// Wall time, as an argument: transcripts and webhooks carry it, timers do not.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a brain says and does in one turn, in order. The end of the stream is
/// the end of the turn.
#[derive(Debug, Clone, PartialEq)]
pub enum BrainEvent {
    /// The next words; pieces join without a separator.
    Say(String),
    /// What was said so far can be spoken without waiting for more.
    Pause,
    /// Keys to press once the words are spoken: `0-9 * #`, `w` and `,` pause.
    Digits(String),
    /// Hand the call to the transfer number once the words are spoken.
    Transfer,
    /// End the call once the words are spoken.
    HangUp,
    /// The turn failed; what was said before stands.
    Failed(BrainError),
    /// One exchange with the webhook, for the delivery log.
    Exchange(Box<WebhookExchange>),
}

/// Why a brain had no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{brain} failed: {reason}")]
pub struct BrainError {
    /// Which kind of brain.
    pub brain: &'static str,
    /// What happened; never words of the call.
    pub reason: String,
}

/// One earlier entry of the call: what was said and heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Who.
    pub role: Role,
    /// The words; of the agent only those that were heard.
    pub text: String,
    /// When it began.
    pub at: Timestamp,
}

/// What a brain is asked.
#[derive(Debug, Clone)]
pub struct BrainRequest {
    /// The caller's words; none asks for opening words.
    pub words: Option<CallerWords>,
    /// What came before, oldest first.
    pub history: Vec<Said>,
    /// Cancelled when the caller interrupts; the stream then ends soon.
    pub cancel: CancellationToken,
}

/// What the caller said in one turn.
#[derive(Debug, Clone, PartialEq)]
pub struct CallerWords {
    /// The words.
    pub text: String,
    /// Of recognition, 0 to 1.
    pub confidence: f64,
}

/// Answers turns of one call.
pub trait Brain: Send + Sync {
    /// Its kind, for logs: `chat`, `extractive` or `webhook`.
    fn kind(&self) -> &'static str;

    /// Answers one turn. Must not block.
    fn reply(&self, request: BrainRequest) -> BoxStream<'static, BrainEvent>;
}

/// Makes the brain of each call; one for the process.
pub struct Brains {
    chat: Option<ChatClient>,
    fetch: FetchClient,
    texting: OnceLock<Arc<dyn Texting>>,
}

impl fmt::Debug for Brains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brains").field("hosted", &self.hosted_kind()).finish_non_exhaustive()
    }
}

impl Brains {
    /// With `llm` none, hosted calls are answered by the extractive answerer.
    ///
    /// # Errors
    /// [`FetchError::Build`] when an HTTP client cannot start.
    pub fn new(llm: Option<LlmConfig>, policy: FetchPolicy) -> Result<Self, FetchError> {
        Ok(Self {
            chat: llm.map(ChatClient::new).transpose()?,
            fetch: FetchClient::new(policy)?,
            texting: OnceLock::new(),
        })
    }

    /// Lets models text during calls. Whoever keeps the messages needs the
    /// brains' HTTP client, so it comes second; a second call has no effect
    /// and returns false.
    pub fn set_texting(&self, texting: Arc<dyn Texting>) -> bool {
        self.texting.set(texting).is_ok()
    }

    /// What answers hosted calls, for `doctor`, `/readyz` and logs: `chat` or `extractive`.
    #[must_use]
    pub fn hosted_kind(&self) -> &'static str {
        if self.chat.is_some() { "chat" } else { "extractive" }
    }

    /// The client for addresses that tenants choose.
    #[must_use]
    pub fn fetch(&self) -> &FetchClient {
        &self.fetch
    }

    /// The brain of this call.
    #[must_use]
    pub fn for_call(&self, plan: &CallPlan, clock: WallClock) -> Box<dyn Brain> {
        match (&plan.brain, &self.chat) {
            (BrainPlan::Webhook { webhook, conversation_state }, _) => Box::new(webhook::WebhookBrain::new(
                self.fetch.clone(),
                plan,
                webhook.clone(),
                conversation_state.clone(),
                clock,
            )),
            (BrainPlan::Hosted { system_prompt, tier, tools, messaging }, Some(chat)) => {
                let texting = self.texting.get().filter(|_| *messaging).cloned();
                let (chat, fetch) = (chat.clone(), self.fetch.clone());
                Box::new(hosted::HostedBrain::new(chat, fetch, plan, system_prompt, *tier, tools, texting))
            }
            (BrainPlan::Hosted { system_prompt, .. }, None) => {
                Box::new(extractive::ExtractiveBrain::new(plan, system_prompt))
            }
        }
    }
}
