use super::*;
use crate::providers::level::{SPEECH_RMS, speech_rms};

const PLAIN: FliteStyle = FliteStyle { voice: FliteVoice::Slt, pitch: 1.0, size: 1.0 };

async fn say(style: FliteStyle, speed: f64, text: &str) -> (Vec<i16>, Vec<TextMark>) {
    let mut samples = Vec::new();
    let mut marks = Vec::new();
    let mut audio = speak(style, speed, text, &CancellationToken::new());
    while let Some(chunk) = audio.next().await {
        let chunk = chunk.unwrap();
        samples.extend(chunk.samples);
        marks.extend(chunk.marks);
    }
    (samples, marks)
}

fn peak(samples: &[i16]) -> u16 {
    samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0)
}

#[tokio::test]
async fn every_voice_speaks() {
    for voice in [FliteVoice::Slt, FliteVoice::Rms, FliteVoice::Awb, FliteVoice::Kal16] {
        let (samples, marks) = say(FliteStyle { voice, ..PLAIN }, 1.0, "What are your opening hours?").await;
        let seconds = samples.len() as f64 / f64::from(RATE);
        assert!((1.0..4.0).contains(&seconds), "{voice:?} {seconds}");
        assert!(peak(&samples) > 3000, "{voice:?}");
        assert_eq!(marks.len(), 5, "{voice:?}: {marks:?}");
        assert!(marks.is_sorted_by_key(|m| m.at_sample));
        assert!(marks[4].at_sample <= samples.len() as u64);
        assert!(marks[4].at_sample * 10 > samples.len() as u64 * 7, "{voice:?} {marks:?} {}", samples.len());
        assert_eq!(marks[0].text_bytes, "What".len());
    }
}

#[tokio::test]
async fn speech_begins_at_once() {
    for voice in crate::providers::catalogue::voices() {
        let (samples, marks) = say(voice.flite(), 1.0, "Hello, what can I do for you?").await;
        let first = samples.iter().position(|s| s.unsigned_abs() > 150).unwrap();
        assert!(first <= RATE as usize / 10, "{}: {first}", voice.id);
        assert!(marks.is_sorted_by_key(|mark| mark.at_sample));
        assert!(marks.last().unwrap().at_sample <= samples.len() as u64, "{}", voice.id);
    }
}

#[tokio::test]
async fn every_voice_is_equally_loud() {
    let text = "We are open Monday to Friday from nine to five, and parking is free behind the building.";
    let mut levels = Vec::new();
    for voice in crate::providers::catalogue::voices() {
        let (samples, _) = say(voice.flite(), 1.0, text).await;
        levels.push((voice.id, 20.0 * (speech_rms(&samples) / SPEECH_RMS).log10()));
        let cut = samples.iter().filter(|s| s.unsigned_abs() >= 32_767).count();
        assert!(cut * 1_000 < samples.len(), "{}: {cut} samples cut", voice.id);
    }
    assert!(levels.iter().all(|(_, db)| db.abs() <= 3.0), "{levels:.1?}");
}

#[tokio::test]
async fn speed_changes_the_length_and_size_does_not() {
    let text = "Please hold the line for a moment.";
    let (normal, _) = say(PLAIN, 1.0, text).await;
    let (fast, _) = say(PLAIN, 2.0, text).await;
    let (small, marks) = say(FliteStyle { size: 1.2, ..PLAIN }, 1.0, text).await;
    let ratio = |a: &[i16], b: &[i16]| a.len() as f64 / b.len() as f64;
    assert!((0.42..0.6).contains(&ratio(&fast, &normal)), "{}", ratio(&fast, &normal));
    assert!((0.95..1.05).contains(&ratio(&small, &normal)), "{}", ratio(&small, &normal));
    assert!(marks.last().unwrap().at_sample <= small.len() as u64);
}

#[tokio::test]
async fn nothing_to_say_is_no_audio_and_odd_text_does_no_harm() {
    for text in ["", "   ", "...", "😀", "\u{0}\u{7}", "你好"] {
        assert!(say(PLAIN, 1.0, text).await.0.is_empty(), "{text:?}");
    }
    for text in ["\\\"'<>&;|$(reboot)", "a.b.c.d 1,2,3 $$$ 10% 5'4\"", &"a".repeat(900), "x<y z"] {
        say(PLAIN, 1.0, text).await;
    }
}

#[tokio::test]
async fn cancelling_gives_no_more_audio() {
    let cancel = CancellationToken::new();
    let long = "This is a long sentence, one that goes on and on for quite a while. ".repeat(8);
    let mut audio = speak(PLAIN, 1.0, &long, &cancel);
    audio.next().await.unwrap().unwrap();
    cancel.cancel();
    let mut after = 0;
    while let Some(chunk) = audio.next().await {
        after += chunk.unwrap().samples.len();
    }
    assert!(after < 16_000 * 20, "{after}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn voices_work_side_by_side_without_disturbing_each_other() {
    let voices = [FliteVoice::Slt, FliteVoice::Rms, FliteVoice::Awb, FliteVoice::Kal16];
    let mut alone = Vec::new();
    for voice in voices {
        alone.push(say(FliteStyle { voice, ..PLAIN }, 1.0, "Twenty five pounds, please.").await.0);
    }
    let tasks = (0..16).map(|i| {
        let style = FliteStyle { voice: voices[i % 4], ..PLAIN };
        tokio::spawn(async move { say(style, 1.0, "Twenty five pounds, please.").await.0 })
    });
    for (i, task) in futures::future::join_all(tasks).await.into_iter().enumerate() {
        let here = task.unwrap();
        // Breath is random noise, so that only its strength repeats, and where
        // speech begins to be heard nearly so.
        let power = |x: &[i16]| x.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
        assert!(here.len().abs_diff(alone[i % 4].len()) <= 640, "voice {}", i % 4);
        assert!((power(&here) / power(&alone[i % 4]) - 1.0).abs() < 0.05, "voice {}", i % 4);
    }
}
