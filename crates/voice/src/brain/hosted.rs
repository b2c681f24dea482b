//! A hosted model thinks: chat completions with tools.

mod prompt;
mod texts;
mod tools;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_stream::stream;
use futures::{StreamExt, future::join_all, stream::BoxStream};
use offhook_model::{agent::ModelTier, plan::CallPlan, tool::CustomTool};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use self::{
    texts::Texts,
    tools::{Tools, Wish},
};
use super::{Brain, BrainError, BrainEvent, BrainRequest, markup::Markup};
use crate::{
    providers::{
        chat::{ChatClient, ChatDelta, ChatRequest},
        fetch::FetchClient,
        http_tool,
    },
    texting::{TextLine, Texting},
};

/// Rounds of tools in one turn; then the model must speak.
const MAX_ROUNDS: usize = 5;
/// Tool calls in one round.
const MAX_PARALLEL: usize = 8;
/// Custom tools and texts, sent or read, in one call.
const MAX_TOOL_CALLS: u32 = 100;
/// Rounds of tools the model remembers in later turns.
const REMEMBERED: usize = 12;
/// Words of one round of the model that are spoken: some ten minutes.
const MAX_SPOKEN_BYTES: usize = 8_000;
/// What is said while a tool runs and its maker gave no words.
const FILLER: &str = "One moment, please.";

/// Read where texts are not offered, should the model ask for them.
const NO_TEXTS: &str = "error: texts are not possible in this call";

/// See the module's description.
pub struct HostedBrain(Arc<Inner>);

struct Inner {
    chat: ChatClient,
    fetch: FetchClient,
    model: String,
    system: String,
    tools: Tools,
    texts: Option<Texts>,
    memory: Arc<Mutex<Memory>>,
}

/// Tools used earlier in the call: words alone would not tell the model what it knows.
#[derive(Default)]
struct Memory {
    /// With the length of the history when they were used.
    rounds: Vec<(usize, Vec<Value>)>,
    calls: u32,
}

impl Memory {
    fn keep(&mut self, at: usize, messages: Vec<Value>) {
        self.rounds.push((at, messages));
        if self.rounds.len() > REMEMBERED {
            self.rounds.remove(0);
        }
    }

    /// Used after the entry before `at` was said: the caller's words of that
    /// turn stand at `at - 1` once they are history.
    fn used_before(&self, at: usize) -> impl Iterator<Item = &Value> {
        self.rounds.iter().filter(move |(len, _)| len + 1 == at).flat_map(|(_, messages)| messages)
    }

    fn used_from(&self, len: usize) -> impl Iterator<Item = &Value> {
        self.rounds.iter().filter(move |(used, _)| used + 1 >= len).flat_map(|(_, messages)| messages)
    }
}

/// A tool call as it is put together from its pieces.
#[derive(Debug, Default)]
struct Called {
    index: usize,
    id: String,
    name: String,
    arguments: String,
}

impl HostedBrain {
    /// For this call. With `texting` the model may text the other party,
    /// where the call has a number to text.
    #[must_use]
    pub fn new(
        chat: ChatClient,
        fetch: FetchClient,
        plan: &CallPlan,
        system_prompt: &str,
        tier: ModelTier,
        custom_tools: &[CustomTool],
        texting: Option<Arc<dyn Texting>>,
    ) -> Self {
        let texts = texting.zip(TextLine::of(plan)).map(|(texting, line)| Texts::new(texting, line));
        Self(Arc::new(Inner {
            model: chat.model(tier).to_owned(),
            chat,
            fetch,
            system: prompt::system(plan, system_prompt),
            tools: Tools::new(plan, custom_tools, texts.is_some()),
            texts,
            memory: Arc::default(),
        }))
    }
}

impl Brain for HostedBrain {
    fn kind(&self) -> &'static str {
        "chat"
    }

    fn reply(&self, request: BrainRequest) -> BoxStream<'static, BrainEvent> {
        let inner = Arc::clone(&self.0);
        Box::pin(stream! {
            let at = request.history.len();
            let mut messages = prompt::messages(&inner.system, &request, &inner.memory());
            let mut said_any = false;
            for round in 0..=MAX_ROUNDS {
                let tools = if round < MAX_ROUNDS { inner.tools.definitions.clone() } else { Vec::new() };
                let asked = ChatRequest { model: inner.model.clone(), messages: messages.clone(), tools };
                let mut deltas = inner.chat.complete(&asked);
                let (mut text, mut called) = (String::new(), Vec::new());
                let mut markup = Markup::default();
                loop {
                    let delta = tokio::select! {
                        biased;
                        () = request.cancel.cancelled() => return,
                        delta = deltas.next() => delta,
                    };
                    match delta {
                        None => break,
                        // Nobody listens to that much; a model that never ends is stopped.
                        Some(Ok(ChatDelta::Text(_))) if text.len() > MAX_SPOKEN_BYTES => break,
                        Some(Ok(ChatDelta::Text(piece))) => {
                            let piece = markup.push(&piece);
                            if !piece.is_empty() {
                                text.push_str(&piece);
                                yield BrainEvent::Say(piece);
                            }
                        }
                        Some(Ok(ChatDelta::Tool { index, id, name, arguments })) => {
                            Called::add(&mut called, index, id, name, &arguments);
                        }
                        Some(Err(error)) => {
                            yield BrainEvent::Failed(BrainError { brain: "chat", reason: error.to_string() });
                            return;
                        }
                    }
                }
                drop(deltas);
                let rest = markup.finish();
                if !rest.is_empty() {
                    text.push_str(&rest);
                    yield BrainEvent::Say(rest);
                }
                said_any |= !text.trim().is_empty();
                if called.is_empty() {
                    if !said_any {
                        yield BrainEvent::Failed(BrainError { brain: "chat", reason: "it said nothing".to_owned() });
                    }
                    return;
                }
                yield BrainEvent::Pause;
                let wishes: Vec<Wish> = called.iter().map(|c| inner.tools.read(&c.name, &c.arguments)).collect();
                if let Some(filler) = wishes.iter().find_map(filler) {
                    let space = if text.is_empty() { "" } else { " " };
                    yield BrainEvent::Say(format!("{space}{filler} "));
                    yield BrainEvent::Pause;
                }
                let mut leaving = None;
                for wish in &wishes {
                    match wish {
                        Wish::EndCall => leaving = Some(BrainEvent::HangUp),
                        Wish::Transfer => leaving = Some(BrainEvent::Transfer),
                        Wish::Press(digits) => yield BrainEvent::Digits(digits.clone()),
                        Wish::Custom(..) | Wish::Text(_) | Wish::Refused(_) => {}
                    }
                }
                let pressed_only = wishes.iter().all(|wish| matches!(wish, Wish::Press(_)));
                let results = tokio::select! {
                    biased;
                    () = request.cancel.cancelled() => return,
                    results = inner.run(at, &called, wishes) => results,
                };
                if let Some(leaving) = leaving {
                    yield leaving;
                    return;
                }
                // After keys the other side speaks, not we.
                if pressed_only {
                    return;
                }
                messages.push(Called::message(&called, &text));
                messages.extend(results);
            }
            yield BrainEvent::Failed(BrainError { brain: "chat", reason: "it only calls tools".to_owned() });
        })
    }
}

impl Inner {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the tools side by side and returns their results as messages.
    ///
    /// They run on their own, because an interruption does not cancel them
    /// (`voice-behaviour.md` §9): the model learns the results in its next turn.
    async fn run(&self, at: usize, called: &[Called], wishes: Vec<Wish>) -> Vec<Value> {
        let mut pending = Vec::new();
        for wish in wishes {
            let fetch = self.fetch.clone();
            let context = self.tools.context.clone();
            let texts = self.texts.clone();
            let within_budget = !matches!(wish, Wish::Custom(..) | Wish::Text(_)) || self.spend();
            pending.push(async move {
                match wish {
                    Wish::Custom(..) | Wish::Text(_) if !within_budget => {
                        "error: too many tool calls in this call".to_owned()
                    }
                    Wish::Custom(tool, arguments) => http_tool::call(&fetch, &tool, &context, &arguments)
                        .await
                        .unwrap_or_else(|error| format!("error: {error}")),
                    Wish::Text(wish) => match texts {
                        Some(texts) => texts.run(wish).await,
                        None => NO_TEXTS.to_owned(),
                    },
                    Wish::Refused(reason) => reason,
                    Wish::EndCall | Wish::Transfer | Wish::Press(_) => "done".to_owned(),
                }
            });
        }
        let ids: Vec<String> = called.iter().map(|call| call.id.clone()).collect();
        let call = Called::message(called, "");
        let memory = Arc::clone(&self.memory);
        let (done, results) = oneshot::channel();
        tokio::spawn(async move {
            let results: Vec<Value> = join_all(pending)
                .await
                .into_iter()
                .zip(ids)
                .map(|(result, id)| json!({"role": "tool", "tool_call_id": id, "content": result}))
                .collect();
            let mut round = vec![call];
            round.extend(results.iter().cloned());
            memory.lock().unwrap_or_else(PoisonError::into_inner).keep(at, round);
            // The turn may be gone; memory has it all.
            let _ = done.send(results);
        });
        results.await.unwrap_or_default()
    }

    fn spend(&self) -> bool {
        let mut memory = self.memory();
        memory.calls += 1;
        memory.calls <= MAX_TOOL_CALLS
    }
}

impl Called {
    fn add(called: &mut Vec<Self>, index: usize, id: Option<String>, name: Option<String>, arguments: &str) {
        let known = called.iter().position(|call| call.index == index);
        let at = match known {
            Some(at) => at,
            None if called.len() < MAX_PARALLEL => {
                called.push(Self { index, id: format!("call_{index}"), ..Self::default() });
                called.len() - 1
            }
            None => return,
        };
        let call = &mut called[at];
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            call.id = id;
        }
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            call.name = name;
        }
        // One piece more than allowed is kept, so that reading refuses it.
        if call.arguments.len() <= 64 * 1024 {
            call.arguments.push_str(arguments);
        }
    }

    /// The model's own message with these calls.
    fn message(called: &[Self], text: &str) -> Value {
        let calls: Vec<Value> = called
            .iter()
            .map(|call| {
                json!({"id": call.id, "type": "function",
                       "function": {"name": call.name, "arguments": call.arguments}})
            })
            .collect();
        let content = if text.is_empty() { Value::Null } else { Value::from(text) };
        json!({"role": "assistant", "content": content, "tool_calls": calls})
    }
}

fn filler(wish: &Wish) -> Option<String> {
    let Wish::Custom(tool, _) = wish else { return None };
    let own = tool.execution_message.as_deref().map(str::trim).filter(|text| !text.is_empty());
    tool.speak_during_execution.then(|| own.unwrap_or(FILLER).to_owned())
}

#[cfg(test)]
mod tests;
