//! What the model reads before it speaks.

use offhook_model::{plan::CallPlan, report::Role};
use serde_json::{Value, json};

use super::Memory;
use crate::brain::BrainRequest;

/// Entries of the call that the model reads; older ones are left out.
const MAX_HISTORY: usize = 80;

/// How to talk on a telephone, after the agent's own instructions.
const VOICE_STYLE: &str = "You are speaking on a live phone call, and your words are read aloud by a \
    speech synthesizer. Answer in one to three short spoken sentences. Use plain words: no lists, no markdown, \
    no emoji, no stage directions. Say numbers, times and addresses the way people say them. The caller's words \
    come from speech recognition and may be misheard: if something makes no sense, ask. If your previous words \
    end in the middle of a sentence, the caller interrupted you there and has not heard the rest.";

const OPEN: &str = "The call has just been connected and nobody has spoken yet. Open the conversation: greet the \
    other person in one short sentence that fits your instructions.";

/// The instructions of one call.
pub(super) fn system(plan: &CallPlan, system_prompt: &str) -> String {
    format!("{system_prompt}\n\n{VOICE_STYLE} Speak the language of locale {}.", plan.voice.language)
}

/// The messages of one turn: instructions, what was said and heard with the
/// tools that were used in between, then the caller's words.
pub(super) fn messages(system: &str, request: &BrainRequest, memory: &Memory) -> Vec<Value> {
    let mut messages = vec![json!({"role": "system", "content": system})];
    let first = request.history.len().saturating_sub(MAX_HISTORY);
    for (at, said) in request.history.iter().enumerate().skip(first) {
        messages.extend(memory.used_before(at).cloned());
        let role = match said.role {
            Role::User => "user",
            Role::Agent => "assistant",
        };
        messages.push(json!({"role": role, "content": said.text}));
    }
    messages.extend(memory.used_from(request.history.len()).cloned());
    match &request.words {
        Some(words) => messages.push(json!({"role": "user", "content": words.text})),
        None => messages.push(json!({"role": "system", "content": OPEN})),
    }
    messages
}
