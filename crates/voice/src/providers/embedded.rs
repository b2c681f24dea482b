//! The synthesizer that needs no key and no download: flite for English,
//! espeak-ng for every other language.

use futures::stream::BoxStream;

use super::{catalogue, clauses::speak_clauses, espeak, flite};
use crate::speech::{SpeakRequest, SpeechChunk, SpeechError, Synthesizer};

/// See the module.
#[derive(Debug, Clone, Copy, Default)]
pub struct Embedded;

impl Synthesizer for Embedded {
    fn name(&self) -> &'static str {
        "flite and espeak-ng"
    }

    fn speak(&self, request: SpeakRequest) -> BoxStream<'static, Result<SpeechChunk, SpeechError>> {
        let voice = catalogue::resolve(&request.voice);
        let (speed, cancel) = (request.speed, request.cancel.clone());
        if is_english(&request.language) {
            let style = voice.flite();
            speak_clauses(request, move |clause| flite::speak(style, speed, clause, &cancel))
        } else {
            let style = voice.espeak(&request.language);
            speak_clauses(request, move |clause| espeak::speak(&style, speed, clause, &cancel))
        }
    }
}

/// The locale is one of English.
pub(super) fn is_english(locale: &str) -> bool {
    locale.split(['-', '_']).next().is_some_and(|language| language.eq_ignore_ascii_case("en"))
}
