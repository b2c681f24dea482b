//! Calls of this process that are not over: whose they are, and who has them.
//!
//! A call may be ended while its dialling is still on its way to the engine.
//! Both sides meet here, so that an ended call is never dialled afterwards.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use offhook_model::{
    call::EndReason,
    id::{AccountId, AgentId, CallId},
};
use serde::{Deserialize, Serialize};

/// What reports of a call need to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Whose call it is.
    pub account: AccountId,
    /// The agent that talks.
    pub agent: AgentId,
    /// Whether the call's webhook is the agent's own.
    pub own_webhook: bool,
}

/// Who has a live call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its row is being committed, or is; somebody is about to dial.
    Starting,
    /// The engine has it, or is about to.
    Engine,
    /// A browser is awaited.
    Waiting,
}

#[derive(Debug)]
struct Live {
    owner: Owner,
    stage: Stage,
    end_asked: Option<EndReason>,
    is_over: bool,
}

/// What to do about a request to end a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndRequest {
    /// Tell the engine.
    TellEngine,
    /// Whoever is starting the call will see it.
    Noted,
    /// Nobody else has it: end it here.
    EndHere,
    /// It was asked before.
    Already,
}

/// All live calls.
#[derive(Debug, Default)]
pub struct LiveCalls {
    calls: Mutex<HashMap<CallId, Live>>,
}

impl LiveCalls {
    /// Adds a call whose row was just committed.
    pub fn add(&self, call: &CallId, owner: Owner, stage: Stage) {
        let live = Live { owner, stage, end_asked: None, is_over: false };
        let count = self.with(|calls| {
            calls.insert(call.clone(), live);
            calls.len()
        });
        metrics::gauge!("offhook_calls_active").set(count as f64);
    }

    /// Whose call it is; none when it is not live here.
    #[must_use]
    pub fn owner(&self, call: &CallId) -> Option<Owner> {
        self.with(|calls| calls.get(call).map(|live| live.owner.clone()))
    }

    /// The calls in progress: those that are over and only wait to be written
    /// down are not among them.
    #[must_use]
    pub fn up(&self) -> Vec<CallId> {
        self.with(|calls| {
            calls.iter().filter(|(_, live)| !live.is_over).map(|(call, _)| call.clone()).collect()
        })
    }

    /// The call is over, and its end is about to be stored.
    pub fn over(&self, call: &CallId) {
        self.with(|calls| {
            if let Some(live) = calls.get_mut(call) {
                live.is_over = true;
            }
        });
    }

    /// Hands the call to the engine.
    ///
    /// # Errors
    /// The reason it was ended for meanwhile: it must not be dialled.
    pub fn hand_over(&self, call: &CallId) -> Result<(), EndReason> {
        self.with(|calls| match calls.get_mut(call) {
            Some(Live { end_asked: Some(reason), .. }) => Err(*reason),
            Some(live) => {
                live.stage = Stage::Engine;
                Ok(())
            }
            None => Err(EndReason::Error),
        })
    }

    /// Somebody asks to end the call.
    pub fn ask_end(&self, call: &CallId, reason: EndReason) -> EndRequest {
        self.with(|calls| match calls.get_mut(call) {
            None => EndRequest::EndHere,
            Some(Live { end_asked: Some(_), .. } | Live { is_over: true, .. }) => EndRequest::Already,
            Some(live) => {
                live.end_asked = Some(reason);
                match live.stage {
                    Stage::Starting => EndRequest::Noted,
                    Stage::Engine => EndRequest::TellEngine,
                    Stage::Waiting => EndRequest::EndHere,
                }
            }
        })
    }

    /// The call is over.
    pub fn forget(&self, call: &CallId) {
        let count = self.with(|calls| {
            calls.remove(call);
            calls.len()
        });
        metrics::gauge!("offhook_calls_active").set(count as f64);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.with(|calls| calls.len())
    }

    fn with<T>(&self, f: impl FnOnce(&mut HashMap<CallId, Live>) -> T) -> T {
        f(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { account: AccountId::from("acct_1"), agent: AgentId::from("agt_1"), own_webhook: false }
    }

    #[test]
    fn a_call_ended_before_the_hand_over_is_not_dialled() {
        let (live, call) = (LiveCalls::default(), CallId::from("call_1"));
        live.add(&call, owner(), Stage::Starting);
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::Noted);
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::Already);
        assert_eq!(live.hand_over(&call), Err(EndReason::ApiHangup));
    }

    #[test]
    fn a_call_with_the_engine_is_ended_there_once() {
        let (live, call) = (LiveCalls::default(), CallId::from("call_1"));
        live.add(&call, owner(), Stage::Starting);
        live.hand_over(&call).unwrap();
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::TellEngine);
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::Already);
        live.forget(&call);
        assert_eq!(live.count(), 0);
    }

    #[test]
    fn a_call_nobody_has_is_ended_on_the_spot() {
        let (live, call) = (LiveCalls::default(), CallId::from("call_1"));
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::EndHere);
        live.add(&call, owner(), Stage::Waiting);
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::EndHere);
    }
}
