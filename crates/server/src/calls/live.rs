//! Calls of this process that are not over: what the engine has been told.
//!
//! A call may be ended while its dialling is still on its way to the engine.
//! Both sides meet here, so that an ended call is never dialled afterwards
//! and a dialled call is never forgotten.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use offhook_model::{call::EndReason, id::CallId};

/// Where a live call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its row is committed; the engine does not know it.
    Starting,
    /// The engine has it, or is about to.
    Engine,
}

#[derive(Debug)]
struct Live {
    stage: Stage,
    end_asked: Option<EndReason>,
}

/// What to do about a request to end a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndRequest {
    /// Tell the engine.
    TellEngine,
    /// Whoever is starting the call will see it.
    Noted,
    /// It was asked before.
    Already,
    /// No live call of this process.
    Unknown,
}

/// All live calls.
#[derive(Debug, Default)]
pub struct LiveCalls {
    calls: Mutex<HashMap<CallId, Live>>,
}

impl LiveCalls {
    /// A call whose row is about to be committed, or just was.
    pub fn starting(&self, call: &CallId) {
        self.with(|calls| calls.insert(call.clone(), Live { stage: Stage::Starting, end_asked: None }));
    }

    /// The engine is about to get the call; the reason why not, if it was
    /// ended meanwhile.
    ///
    /// # Errors
    /// The reason it was ended for.
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

    /// Whether somebody asked to end the call.
    #[must_use]
    pub fn end_asked(&self, call: &CallId) -> Option<EndReason> {
        self.with(|calls| calls.get(call).and_then(|live| live.end_asked))
    }

    /// Somebody asks to end the call.
    pub fn ask_end(&self, call: &CallId, reason: EndReason) -> EndRequest {
        self.with(|calls| match calls.get_mut(call) {
            None => EndRequest::Unknown,
            Some(Live { end_asked: Some(_), .. }) => EndRequest::Already,
            Some(live) => {
                live.end_asked = Some(reason);
                if live.stage == Stage::Engine { EndRequest::TellEngine } else { EndRequest::Noted }
            }
        })
    }

    /// The call is over.
    pub fn forget(&self, call: &CallId) {
        self.with(|calls| calls.remove(call));
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

    #[test]
    fn a_call_ended_before_the_hand_over_is_not_dialled() {
        let (live, call) = (LiveCalls::default(), CallId::from("call_1"));
        live.starting(&call);
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::Noted);
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::Already);
        assert_eq!(live.hand_over(&call), Err(EndReason::ApiHangup));
    }

    #[test]
    fn a_call_with_the_engine_is_ended_there_once() {
        let (live, call) = (LiveCalls::default(), CallId::from("call_1"));
        live.starting(&call);
        live.hand_over(&call).unwrap();
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::TellEngine);
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::Already);
        live.forget(&call);
        assert_eq!(live.ask_end(&call, EndReason::ApiHangup), EndRequest::Unknown);
        assert_eq!(live.count(), 0);
    }
}
