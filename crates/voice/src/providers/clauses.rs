//! From clauses of text to one utterance of audio, for every synthesizer.

use std::collections::VecDeque;

use futures::{StreamExt, stream::BoxStream};

use crate::speech::{SpeakRequest, SpeechChunk, SpeechError, TextMark};

/// The audio of one clause. Marks count from the beginning of the clause.
pub(super) type ClauseAudio = BoxStream<'static, Result<SpeechChunk, SpeechError>>;

/// Clauses being worked on at a time: the one that plays and the one after it,
/// so that no gap is heard between them.
const AHEAD: usize = 2;

enum Step {
    Cancelled,
    Text(Option<String>),
    Audio(Option<Result<SpeechChunk, SpeechError>>),
}

/// Speaks `request` clause by clause. `start` begins a clause at once; the
/// stream it returns is read when the clause's turn has come, and dropped
/// unread when the utterance is cancelled.
pub(super) fn speak_clauses<F>(request: SpeakRequest, mut start: F) -> ClauseAudio
where
    F: FnMut(&str) -> ClauseAudio + Send + 'static,
{
    let SpeakRequest { mut text, cancel, .. } = request;
    Box::pin(async_stream::stream! {
        let mut started: VecDeque<(usize, ClauseAudio)> = VecDeque::new();
        let mut text_is_over = false;
        // Where the current clause begins, and what has been given out.
        let (mut clause_sample, mut clause_bytes, mut sample) = (0_u64, 0_usize, 0_u64);
        while !(text_is_over && started.is_empty()) {
            let wants_text = !text_is_over && started.len() < AHEAD;
            let current = started.front_mut();
            let has_audio = current.is_some();
            let step = tokio::select! {
                biased;
                () = cancel.cancelled() => Step::Cancelled,
                clause = text.next(), if wants_text => Step::Text(clause),
                audio = async { match current { Some((_, audio)) => audio.next().await, None => None } },
                    if has_audio => Step::Audio(audio),
            };
            match step {
                Step::Cancelled => break,
                Step::Text(None) => text_is_over = true,
                Step::Text(Some(clause)) => started.push_back((clause.len(), start(&clause))),
                Step::Audio(Some(Ok(mut chunk))) => {
                    for mark in &mut chunk.marks {
                        mark.at_sample += clause_sample;
                        mark.text_bytes += clause_bytes;
                    }
                    sample += chunk.samples.len() as u64;
                    yield Ok(chunk);
                }
                Step::Audio(Some(Err(error))) => {
                    yield Err(error);
                    break;
                }
                Step::Audio(None) => {
                    clause_bytes += started.pop_front().map_or(0, |(bytes, _)| bytes);
                    clause_sample = sample;
                    let marks = vec![TextMark { at_sample: sample, text_bytes: clause_bytes }];
                    yield Ok(SpeechChunk { samples: Vec::new(), marks });
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn request(clauses: &[&str], cancel: CancellationToken) -> SpeakRequest {
        let clauses: Vec<String> = clauses.iter().map(|&c| c.to_owned()).collect();
        SpeakRequest {
            text: stream::iter(clauses).boxed(),
            voice: String::new(),
            language: "en-US".into(),
            speed: 1.0,
            cancel,
        }
    }

    /// As many samples as the clause has bytes.
    fn by_length(clause: &str) -> ClauseAudio {
        let chunk = SpeechChunk { samples: vec![1; clause.len()], marks: Vec::new() };
        stream::iter([Ok(chunk)]).boxed()
    }

    #[tokio::test]
    async fn every_clause_ends_with_a_mark_where_text_and_sound_meet() {
        let spoken = speak_clauses(request(&["abc, ", "é."], CancellationToken::new()), by_length);
        let chunks: Vec<_> = spoken.map(Result::unwrap).collect().await;
        let marks: Vec<_> = chunks.iter().flat_map(|c| c.marks.clone()).collect();
        assert_eq!(
            marks,
            [TextMark { at_sample: 5, text_bytes: 5 }, TextMark { at_sample: 8, text_bytes: 8 }]
        );
    }

    #[tokio::test]
    async fn cancelling_ends_the_stream_even_when_no_text_comes() {
        let cancel = CancellationToken::new();
        let mut request = request(&[], cancel.clone());
        request.text = stream::pending().boxed();
        let mut spoken = speak_clauses(request, by_length);
        cancel.cancel();
        assert!(spoken.next().await.is_none());
    }

    #[tokio::test]
    async fn an_error_ends_the_stream() {
        let fail = |_: &str| -> ClauseAudio {
            let error = SpeechError::Failed { engine: "test", reason: "no".into() };
            stream::iter([Err(error)]).boxed()
        };
        let spoken: Vec<_> =
            speak_clauses(request(&["a", "b"], CancellationToken::new()), fail).collect().await;
        assert_eq!(spoken.len(), 1);
        assert!(spoken[0].is_err());
    }
}
