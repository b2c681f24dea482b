//! Clauses that were spoken before: greetings and stock phrases are said on
//! every call, and synthesised once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, stream};

use tokio_util::sync::CancellationToken;

use super::clauses::ClauseAudio;
use crate::speech::SpeechChunk;

/// Most samples kept: 8 MB, some four minutes.
const MOST_SAMPLES: usize = 4 * 1024 * 1024;
/// Longer clauses are not kept: 15 s.
const LONGEST: usize = 15 * 16_000;

/// What makes two clauses sound the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ClauseKey {
    /// Catalogue id of the voice.
    pub voice: &'static str,
    /// Locale.
    pub language: String,
    /// Bits of the rate.
    pub speed: u64,
    /// The words.
    pub clause: String,
}

/// Finished clauses, the least recently used forgotten first.
#[derive(Default)]
pub(super) struct ClauseCache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    clauses: HashMap<ClauseKey, (Arc<[SpeechChunk]>, u64)>,
    samples: usize,
    clock: u64,
}

impl ClauseCache {
    /// The clause from memory, or from `speak` and then kept. Only a clause
    /// that came to its end without an error and was not cancelled is kept.
    pub fn get(
        &'static self,
        key: ClauseKey,
        cancel: &CancellationToken,
        speak: impl FnOnce(&str) -> ClauseAudio,
    ) -> ClauseAudio {
        if let Some(chunks) = self.find(&key) {
            return stream::iter((0..chunks.len()).map(move |at| Ok(chunks[at].clone()))).boxed();
        }
        let audio = speak(&key.clause);
        let start = (audio, Some((key, Vec::new(), 0_usize)), cancel.clone());
        stream::unfold(start, move |(mut audio, mut kept, cancel)| async move {
            match audio.next().await {
                Some(Ok(chunk)) => {
                    if let Some((_, chunks, samples)) = &mut kept {
                        *samples += chunk.samples.len();
                        chunks.push(chunk.clone());
                        if *samples > LONGEST {
                            kept = None;
                        }
                    }
                    Some((Ok(chunk), (audio, kept, cancel)))
                }
                Some(Err(error)) => Some((Err(error), (audio, None, cancel))),
                None => {
                    let whole = kept.filter(|(_, _, samples)| *samples > 0 && !cancel.is_cancelled());
                    if let Some((key, chunks, samples)) = whole {
                        self.keep(key, chunks.into(), samples);
                    }
                    None
                }
            }
        })
        .boxed()
    }

    fn find(&self, key: &ClauseKey) -> Option<Arc<[SpeechChunk]>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let now = kept.clock;
        let (chunks, used) = kept.clauses.get_mut(key)?;
        *used = now;
        Some(Arc::clone(chunks))
    }

    fn keep(&self, key: ClauseKey, chunks: Arc<[SpeechChunk]>, samples: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = kept.clock;
        if kept.clauses.insert(key, (chunks, used)).is_none() {
            kept.samples += samples;
        }
        while kept.samples > MOST_SAMPLES {
            let oldest = kept.clauses.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            let Some((chunks, _)) = oldest.and_then(|key| kept.clauses.remove(&key)) else { break };
            kept.samples -= chunks.iter().map(|chunk| chunk.samples.len()).sum::<usize>();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::speech::SpeechError;

    fn cache() -> &'static ClauseCache {
        Box::leak(Box::default())
    }

    fn key(clause: &str) -> ClauseKey {
        ClauseKey { voice: "v", language: "en-US".into(), speed: 0, clause: clause.into() }
    }

    fn audio(samples: usize) -> ClauseAudio {
        stream::iter([Ok(SpeechChunk { samples: vec![7; samples], marks: Vec::new() })]).boxed()
    }

    #[tokio::test]
    async fn a_clause_is_synthesised_once() {
        let (cache, count) = (cache(), AtomicUsize::new(0));
        for _ in 0..3 {
            let spoken = cache.get(key("hello"), &CancellationToken::new(), |_| {
                count.fetch_add(1, Ordering::Relaxed);
                audio(100)
            });
            let chunks: Vec<_> = spoken.map(Result::unwrap).collect().await;
            assert_eq!(chunks[0].samples.len(), 100);
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_clause_cut_short_or_failed_is_not_kept() {
        let cache = cache();
        let mut cut = cache.get(key("cut"), &CancellationToken::new(), |_| audio(100));
        cut.next().await;
        drop(cut);
        let failed = SpeechError::Failed { engine: "test", reason: "no".into() };
        let cancel = CancellationToken::new();
        let cancelled = cache.get(key("cancelled"), &cancel, |_| audio(100));
        cancel.cancel();
        cancelled.collect::<Vec<_>>().await;
        let failing = cache.get(key("failed"), &cancel, |_| stream::iter([Err(failed)]).boxed());
        failing.collect::<Vec<_>>().await;
        for clause in ["cut", "cancelled", "failed"] {
            assert!(cache.find(&key(clause)).is_none(), "{clause}");
        }
    }

    #[tokio::test]
    async fn the_least_recently_used_clauses_are_forgotten() {
        let cache = cache();
        for at in 0..40 {
            cache
                .get(key(&at.to_string()), &CancellationToken::new(), |_| audio(LONGEST))
                .collect::<Vec<_>>()
                .await;
            assert!(cache.find(&key("0")).is_some(), "used again and again");
        }
        assert!(cache.find(&key("1")).is_none());
        assert!(cache.0.lock().unwrap().samples <= MOST_SAMPLES);
    }
}
