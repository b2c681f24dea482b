use std::{sync::Mutex, time::Duration};

use futures::StreamExt;
use offhook_media::{
    Frame,
    vad::{SileroVad, Vad},
};
use offhook_model::agent::SttMode;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::providers::{
    flite::{self, FliteStyle, FliteVoice},
    rate::RateConverter,
};

/// Recognition takes half a core: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

fn settings(language: &str) -> RecognizerSettings {
    RecognizerSettings { language: language.into(), mode: SttMode::Fast, hints: Vec::new() }
}

async fn say(voice: FliteVoice, text: &str) -> Vec<i16> {
    let style = FliteStyle { voice, pitch: 1.0, size: 1.0 };
    let mut audio = flite::speak(style, 1.0, text, &CancellationToken::new());
    let mut samples = Vec::new();
    while let Some(chunk) = audio.next().await {
        samples.extend(chunk.unwrap().samples);
    }
    samples
}

/// µ-law there and back (G.711, by the segment formula).
fn through_mu_law(sample: i16) -> i16 {
    let magnitude = (i32::from(sample).abs() >> 2).min(8158) + 33;
    let segment = (31 - magnitude.leading_zeros()).saturating_sub(5);
    let step = (magnitude >> (segment + 1)) & 15;
    let decoded = (((2 * step + 33) << segment) - 33) * 4;
    decoded.min(32_767) as i16 * if sample < 0 { -1 } else { 1 }
}

/// What the far end of a G.711 call hears, with half a second of silence around.
fn by_telephone(samples: &[i16]) -> Vec<Frame> {
    let mut down = RateConverter::new(16_000.0, 8_000.0);
    let mut up = RateConverter::new(8_000.0, 16_000.0);
    let mut padded = vec![0; 8_000];
    padded.extend_from_slice(samples);
    padded.extend([0; 12_000]);
    let narrow: Vec<i16> = down.push(&padded).into_iter().map(through_mu_law).collect();
    let wide = up.push(&narrow);
    wide.chunks_exact(320).map(|c| Frame(c.try_into().unwrap())).collect()
}

/// The stretch that the VAD finds, from 300 ms before its beginning.
fn stretch_found_by_vad(frames: &[Frame]) -> Option<(usize, usize)> {
    let mut vad = SileroVad::new().unwrap();
    let speech: Vec<bool> = frames.iter().map(|f| vad.push(f) > 0.5).collect();
    let first = speech.windows(2).position(|w| w == [true, true])?;
    let last = speech.iter().rposition(|&s| s)?;
    Some((first.saturating_sub(15), (last + 20).min(frames.len())))
}

async fn next(stream: &mut SttStream) -> SttEvent {
    tokio::time::timeout(Duration::from_secs(60), stream.events.recv()).await.unwrap().unwrap()
}

async fn recognise(stream: &mut SttStream, utterance: u64, frames: &[Frame]) -> (String, f64, usize) {
    stream.input.send(SttInput::Begin { utterance }).await.unwrap();
    for frame in frames {
        stream.input.send(SttInput::Audio(*frame)).await.unwrap();
    }
    stream.input.send(SttInput::End { utterance }).await.unwrap();
    let mut partials = 0;
    loop {
        match next(stream).await {
            SttEvent::Partial { utterance: of, .. } => {
                assert_eq!(of, utterance);
                partials += 1;
            }
            SttEvent::Final { utterance: of, text, confidence } => {
                assert_eq!(of, utterance);
                return (text, confidence, partials);
            }
            SttEvent::Failed { error, .. } => panic!("{error}"),
        }
    }
}

fn recogniser() -> PocketSphinx {
    PocketSphinx::new(default_model(), 2)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoken_question_is_understood_over_the_telephone() {
    let _one = ONE.lock();
    let frames = by_telephone(&say(FliteVoice::Rms, "What are your opening hours?").await);
    let (first, end) = stretch_found_by_vad(&frames).unwrap();
    assert!((5..=45).contains(&first), "speech begins at frame 25, found {first}");
    let mut stream = recogniser().open(settings("en-US"));
    let (text, confidence, partials) = recognise(&mut stream, 1, &frames[first..end]).await;
    let found = ["what", "are", "your", "opening", "hours"]
        .iter()
        .filter(|w| text.split(' ').any(|t| t == **w))
        .count();
    assert!(found >= 4, "{text:?}");
    assert!(partials > 1 && confidence > 0.0, "{partials} {confidence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_stretch_gets_no_answer_and_the_next_one_does() {
    let _one = ONE.lock();
    let frames = by_telephone(&say(FliteVoice::Rms, "Goodbye.").await);
    let mut stream = recogniser().open(settings("en-GB"));
    stream.input.send(SttInput::Begin { utterance: 1 }).await.unwrap();
    for frame in &frames[..5] {
        stream.input.send(SttInput::Audio(*frame)).await.unwrap();
    }
    stream.input.send(SttInput::Discard { utterance: 1 }).await.unwrap();
    // An end without a beginning is ignored too.
    stream.input.send(SttInput::End { utterance: 1 }).await.unwrap();
    recognise(&mut stream, 2, &frames).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_with_an_empty_or_doubtful_result_and_no_stretch_is_lost() {
    let _one = ONE.lock();
    let mut stream = recogniser().open(settings("en-US"));
    recognise(&mut stream, 1, &[]).await;
    recognise(&mut stream, 2, &[Frame::SILENCE; 30]).await;
}

#[tokio::test]
async fn a_language_it_does_not_know_fails_once_and_the_stream_ends() {
    let mut stream = recogniser().open(settings("fr-FR"));
    let SttEvent::Failed { utterance: None, error } = next(&mut stream).await else {
        panic!("expected a failure")
    };
    assert!(error.to_string().contains("English only"), "{error}");
    assert!(stream.events.recv().await.is_none());
}

#[tokio::test]
async fn a_missing_model_fails_once_and_names_its_package() {
    let mut stream = PocketSphinx::new("/nonexistent".into(), 1).open(settings("en-US"));
    let SttEvent::Failed { utterance: None, error } = next(&mut stream).await else {
        panic!("expected a failure")
    };
    assert!(error.to_string().contains("pocketsphinx-en-us"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_speakers_than_decoders_are_told_so() {
    let _one = ONE.lock();
    let recogniser = PocketSphinx::new(default_model(), 1);
    let mut first = recogniser.open(settings("en-US"));
    first.input.send(SttInput::Begin { utterance: 1 }).await.unwrap();
    for _ in 0..50 {
        first.input.send(SttInput::Audio(Frame([9; 320]))).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut second = recogniser.open(settings("en-US"));
    second.input.send(SttInput::Begin { utterance: 1 }).await.unwrap();
    let SttEvent::Failed { utterance: Some(1), error } = next(&mut second).await else {
        panic!("expected a failure")
    };
    assert!(error.to_string().contains("max_streams"), "{error}");
    first.input.send(SttInput::End { utterance: 1 }).await.unwrap();
    while !matches!(next(&mut first).await, SttEvent::Final { .. }) {}
    recognise(&mut second, 2, &[Frame::SILENCE; 5]).await;
}

/// Words of `said` that `heard` lacks, changed or added (Levenshtein).
fn word_errors(said: &str, heard: &str) -> usize {
    let said: Vec<&str> = said.split(' ').collect();
    let heard: Vec<&str> = heard.split_whitespace().collect();
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in heard.iter().enumerate() {
            let cost = (diagonal + usize::from(word != other)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[heard.len()]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints word error rates; run with --no-capture"]
#[expect(clippy::print_stdout, reason = "a measurement for a person")]
async fn word_error_rates() {
    let sentences = [
        "what are your opening hours",
        "are you open on saturday",
        "where are you located",
        "how much does it cost",
        "can i speak to a human please",
        "do you have a table for two tonight",
        "i would like to make an appointment for tomorrow",
        "thank you goodbye",
        "i want to cancel my order",
        "do you take credit cards",
        "what is the price of a haircut",
        "how do i get there by bus",
    ];
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        status.lines().find(|l| l.starts_with("VmRSS")).map(str::to_owned).unwrap_or_default()
    };
    for voice in [FliteVoice::Rms, FliteVoice::Slt, FliteVoice::Awb, FliteVoice::Kal16] {
        let (mut errors, mut words) = (0, 0);
        let recogniser = recogniser();
        for sentence in sentences {
            let frames = by_telephone(&say(voice, sentence).await);
            let Some((first, end)) = stretch_found_by_vad(&frames) else {
                println!("{voice:?}: not found");
                continue;
            };
            let mut stream = recogniser.open(settings("en-US"));
            let start = std::time::Instant::now();
            let (text, confidence, _) = recognise(&mut stream, 1, &frames[first..end]).await;
            let rtf = start.elapsed().as_secs_f64() / ((end - first) as f64 * 0.02);
            let wrong = word_errors(sentence, &text);
            errors += wrong;
            words += sentence.split(' ').count();
            println!("{voice:?} {wrong} conf {confidence:.2} rtf {rtf:.2}: {sentence} -> {text}");
        }
        println!("== {voice:?} WER {:.1} % {}", errors as f64 / words as f64 * 100.0, memory());
    }
}
