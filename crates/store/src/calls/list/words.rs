//! What the words of a filter mean.

use offhook_model::call::{CallStatus, Direction};

use super::CallFilter;

/// The stored words a filter lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// The status that all of them have, when the filter names one.
    pub status: Option<&'static str>,
    /// The finer word, when the filter names one that is no status.
    pub fine_word: Option<&'static str>,
    /// Every finer word that passes.
    pub fine_words: &'static [&'static str],
    /// Every direction that passes.
    pub directions: Vec<&'static str>,
}

const IN_PROGRESS: &str = "in-progress";
const COMPLETED: &str = "completed";
const FAILED: &str = "failed";

impl Words {
    /// None when nothing can pass: a word nobody knows, or a direction that is
    /// not of the type.
    pub(super) fn of(filter: &CallFilter) -> Option<Self> {
        let (status, fine_word, fine_words): (_, _, &[_]) = match filter.status.as_deref() {
            None => (None, None, &["ringing", IN_PROGRESS, COMPLETED, FAILED, "busy", "no-answer"]),
            Some(COMPLETED) => (Some(COMPLETED), None, &[COMPLETED]),
            Some(IN_PROGRESS) => (Some(IN_PROGRESS), None, &["ringing", IN_PROGRESS]),
            Some(FAILED) => (Some(FAILED), None, &[FAILED, "busy", "no-answer"]),
            Some("ringing") => (Some(IN_PROGRESS), Some("ringing"), &["ringing"]),
            Some("busy") => (Some(FAILED), Some("busy"), &["busy"]),
            Some("no-answer") => (Some(FAILED), Some("no-answer"), &["no-answer"]),
            Some(_) => return None,
        };
        let directions: Vec<_> = Direction::WORDS
            .iter()
            .copied()
            .filter(|word| filter.direction.as_deref().is_none_or(|direction| direction == *word))
            .filter(|word| {
                let kind = if *word == Direction::Web.as_str() { "web" } else { "pstn" };
                filter.kind.as_deref().is_none_or(|wanted| wanted == kind)
            })
            .collect();
        debug_assert!(
            status.is_none_or(|word| CallStatus::from_word(word).is_some()),
            "a status of the model"
        );
        (!directions.is_empty()).then_some(Self { status, fine_word, fine_words, directions })
    }
}

#[cfg(test)]
mod tests {
    use offhook_model::call::{CallState, EndReason};

    use super::*;

    fn filter(status: &str) -> CallFilter {
        CallFilter { status: Some(status.to_owned()), ..CallFilter::default() }
    }

    #[test]
    fn every_state_passes_under_its_status_and_its_finer_word() {
        let ends = EndReason::WORDS.iter().filter_map(|word| EndReason::from_word(word));
        let states = [CallState::Queued, CallState::Dialing, CallState::Ringing, CallState::Answered]
            .into_iter()
            .chain(ends.flat_map(|reason| [CallState::Completed(reason), CallState::Failed(reason)]));
        for state in states {
            assert!(Words::of(&CallFilter::default()).unwrap().fine_words.contains(&state.fine_word()));
            for word in [state.status().as_str(), state.fine_word()] {
                let words = Words::of(&filter(word)).unwrap();
                assert!(words.fine_words.contains(&state.fine_word()), "{state:?} under {word}");
                assert_eq!(words.status, Some(state.status().as_str()));
            }
        }
    }

    #[test]
    fn what_nobody_knows_passes_nothing() {
        assert_eq!(Words::of(&filter("dancing")), None);
        let crossed =
            CallFilter { direction: Some("web".into()), kind: Some("pstn".into()), ..CallFilter::default() };
        assert_eq!(Words::of(&crossed), None);
    }
}
