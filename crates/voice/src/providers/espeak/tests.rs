use offhook_model::agent::LOCALES;

use super::*;

const FRENCH: EspeakStyle = EspeakStyle { voice: "fr-fr", variant: "f2", pitch: 50 };

async fn say(style: &EspeakStyle, speed: f64, text: &str) -> Vec<i16> {
    let mut audio = speak(style, speed, text, &CancellationToken::new());
    let mut samples = Vec::new();
    while let Some(chunk) = audio.next().await {
        samples.extend(chunk.unwrap().samples);
    }
    samples
}

#[test]
fn every_locale_has_a_voice_that_is_installed() {
    let listed = std::process::Command::new(PROGRAM).arg("--voices").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let known: Vec<&str> = listed.lines().filter_map(|l| l.split_whitespace().nth(1)).collect();
    for locale in LOCALES {
        assert!(VOICES.iter().any(|(tag, _)| *tag == locale), "{locale} is not mapped");
        let voice = voice_for(locale);
        // `es` is listed under its language as well as `es-419`.
        assert!(known.contains(&voice), "{locale}: {voice} is not listed");
    }
}

#[test]
fn unknown_locales_fall_back_to_their_language_then_to_english() {
    assert_eq!(voice_for("de-AT"), "de");
    assert_eq!(voice_for("PT-br"), "pt-br");
    assert_eq!(voice_for("tlh"), "en-us");
    assert_eq!(voice_for(""), "en-us");
}

#[test]
fn the_version_is_read() {
    assert!(version().unwrap().starts_with(|c: char| c.is_ascii_digit()));
}

#[tokio::test]
async fn a_sentence_is_spoken_at_16_khz_and_faster_when_asked() {
    let text = "Bonjour, comment puis-je vous aider ?";
    let normal = say(&FRENCH, 1.0, text).await;
    let fast = say(&FRENCH, 2.0, text).await;
    let seconds = normal.len() as f64 / f64::from(RATE);
    assert!((1.0..4.0).contains(&seconds), "{seconds}");
    assert!(fast.len() * 10 < normal.len() * 7, "{} {}", fast.len(), normal.len());
    assert!(normal.iter().any(|s| s.unsigned_abs() > 3000));
}

#[tokio::test]
async fn text_that_looks_like_an_option_is_spoken_as_text() {
    let samples = say(&FRENCH, 1.0, "--version -v de; $(reboot) \"'").await;
    assert!(samples.len() > 16_000);
    assert!(say(&FRENCH, 1.0, "\u{0} 😀 ").await.is_empty());
}

#[tokio::test]
async fn a_missing_program_names_its_package() {
    let (out, _audio) = mpsc::channel(1);
    let error = run("no-such-program-here", &[], "hello".into(), &out).await.unwrap_err();
    assert!(
        matches!(&error, SpeechError::Unavailable { reason, .. } if reason.contains("package espeak-ng"))
    );
}

#[tokio::test]
async fn cancelling_ends_the_stream_at_once() {
    let cancel = CancellationToken::new();
    let mut audio = speak(&FRENCH, 0.5, &"une phrase tres longue ".repeat(80), &cancel);
    audio.next().await.unwrap().unwrap();
    cancel.cancel();
    let mut left = 0;
    while let Some(chunk) = audio.next().await {
        left += chunk.unwrap().samples.len();
    }
    // Spoken to its end it were several minutes; what the pipe and the
    // channel held may still come.
    assert!(left < 5 * RATE as usize, "{left}");
}

#[test]
fn broken_wav_is_an_error_and_never_a_panic() {
    let mut header = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    header.extend(22_050_u32.to_le_bytes());
    header.extend([0, 0, 0, 0, 2, 0, 16, 0]);
    header.extend(b"data\xff\xff\xff\xff");
    assert_eq!(parse_header(&header), Ok(Some((22_050, 44))));
    for cut in 0..header.len() {
        assert_eq!(parse_header(&header[..cut]), Ok(None), "{cut}");
    }
    for at in 0..header.len() {
        let mut broken = header.clone();
        broken[at] ^= 0xff;
        let mut reader = WavReader::default();
        let _ = reader.push(&broken);
        let _ = reader.push(&[0; 5000]);
    }
    assert!(WavReader::default().push(b"<html><body>").is_err());
}
