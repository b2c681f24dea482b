//! The synthesizer that needs no key and no download: flite for English,
//! espeak-ng for every other language.

use std::sync::LazyLock;

use futures::stream::BoxStream;

use super::{
    catalogue,
    clause_cache::{ClauseCache, ClauseKey},
    clauses::speak_clauses,
    espeak, flite,
};
use crate::speech::{SpeakRequest, SpeechChunk, SpeechError, Synthesizer};

/// See the module.
#[derive(Debug, Clone, Copy, Default)]
pub struct Embedded;

impl Synthesizer for Embedded {
    fn name(&self) -> &'static str {
        "flite and espeak-ng"
    }

    fn speak(&self, request: SpeakRequest) -> BoxStream<'static, Result<SpeechChunk, SpeechError>> {
        static CACHE: LazyLock<ClauseCache> = LazyLock::new(ClauseCache::default);
        let voice = catalogue::resolve(&request.voice);
        let (speed, cancel) = (request.speed, request.cancel.clone());
        let language = request.language.clone();
        let key = move |clause: &str| ClauseKey {
            voice: voice.id,
            language: language.clone(),
            speed: speed.to_bits(),
            clause: clause.to_owned(),
        };
        if is_english(&request.language) {
            let style = voice.flite();
            speak_clauses(request, move |clause| {
                CACHE.get(key(clause), &cancel, |clause| flite::speak(style, speed, clause, &cancel))
            })
        } else {
            let style = voice.espeak(&request.language);
            speak_clauses(request, move |clause| {
                CACHE.get(key(clause), &cancel, |clause| espeak::speak(&style, speed, clause, &cancel))
            })
        }
    }
}

/// The locale is one of English.
pub(super) fn is_english(locale: &str) -> bool {
    locale.split(['-', '_']).next().is_some_and(|language| language.eq_ignore_ascii_case("en"))
}
