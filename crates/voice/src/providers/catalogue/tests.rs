use std::collections::HashSet;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::{
    super::{espeak, flite},
    *,
};

const TEXT: &str = "Thank you for calling, how may I help you?";

#[test]
fn the_voices_of_the_contract_are_there_and_the_default_is_first() {
    assert_eq!(voices()[0].id, DEFAULT_VOICE);
    assert_eq!(resolve("Polly.Amy").accent, BRITISH);
    assert_eq!(resolve("Polly.Joanna").accent, AMERICAN);
    assert_eq!(resolve("no such voice").id, DEFAULT_VOICE);
    let ids: HashSet<_> = voices().iter().map(|v| v.id).collect();
    assert_eq!(ids.len(), voices().len());
    let variants: HashSet<_> = voices().iter().map(|v| v.variant).collect();
    assert_eq!(variants.len(), voices().len());
}

/// Pitch by autocorrelation (median over voiced stretches, Hz) and the share
/// of energy in bands of 500 Hz: what an ear tells voices apart by.
fn fingerprint(samples: &[i16]) -> (f64, Vec<f64>) {
    let mut pitches = Vec::new();
    for block in samples.chunks_exact(640) {
        let x: Vec<f64> = block.iter().map(|&s| f64::from(s)).collect();
        let energy: f64 = x.iter().map(|s| s * s).sum();
        if energy < 640.0 * 500.0 * 500.0 {
            continue;
        }
        let correlation = |lag: usize| {
            x.iter().zip(&x[lag..]).map(|(a, b)| a * b).sum::<f64>() / energy * 640.0 / (640 - lag) as f64
        };
        let best = (40..270).max_by(|&a, &b| correlation(a).total_cmp(&correlation(b))).unwrap();
        if correlation(best) > 0.5 {
            pitches.push(16_000.0 / best as f64);
        }
    }
    pitches.sort_by(f64::total_cmp);
    let mut bands = [0.0; 12];
    for block in samples.chunks_exact(512) {
        for (band, sum) in bands.iter_mut().enumerate() {
            for step in 0..4 {
                let w =
                    (band as f64 * 500.0 + 62.5 + f64::from(step) * 125.0) * std::f64::consts::TAU / 16_000.0;
                let (mut re, mut im) = (0.0, 0.0);
                for (i, &s) in block.iter().enumerate() {
                    re += f64::from(s) * (w * i as f64).cos();
                    im += f64::from(s) * (w * i as f64).sin();
                }
                *sum += re * re + im * im;
            }
        }
    }
    let bands = bands.iter().map(|b: &f64| 10.0 * b.max(1.0).log10()).collect();
    (pitches[pitches.len() / 2], bands)
}

async fn collect(mut audio: super::super::clauses::ClauseAudio) -> Vec<i16> {
    let mut samples = Vec::new();
    while let Some(chunk) = audio.next().await {
        samples.extend(chunk.unwrap().samples);
    }
    samples
}

/// Name, samples, pitch and bands.
type Print = (&'static str, usize, (f64, Vec<f64>));

fn assert_all_differ(prints: &[Print]) {
    for (i, (a, length_a, (pitch_a, bands_a))) in prints.iter().enumerate() {
        for (b, length_b, (pitch_b, bands_b)) in &prints[i + 1..] {
            let pitch = (pitch_a / pitch_b).ln().abs() / std::f64::consts::LN_2 * 12.0;
            let length = (*length_a as f64 / *length_b as f64).ln().abs();
            let spectrum =
                bands_a.iter().zip(bands_b).map(|(x, y)| (x - y).abs()).sum::<f64>() / bands_a.len() as f64;
            assert!(
                pitch > 1.0 || spectrum > 1.5 || length > 0.1,
                "{a} and {b} sound alike: {pitch:.1} semitones, {spectrum:.1} dB, length {length:.2}"
            );
        }
    }
}

#[tokio::test]
async fn any_two_voices_sound_different_in_english() {
    let mut prints = Vec::new();
    for voice in voices() {
        let samples = collect(flite::speak(voice.flite(), 1.0, TEXT, &CancellationToken::new())).await;
        prints.push((voice.name, samples.len(), fingerprint(&samples)));
    }
    assert_all_differ(&prints);
    let pitch = |name| prints.iter().find(|p| p.0 == name).unwrap().2.0;
    assert!(pitch("Amy") > 140.0 && pitch("Joanna") > 130.0 && pitch("Matthew") < 130.0, "{prints:?}");
}

#[tokio::test]
async fn men_and_women_differ_in_other_languages() {
    let mut prints = Vec::new();
    for id in [DEFAULT_VOICE, "Polly.Matthew", "Polly.Amy", "Polly.Brian"] {
        let voice = resolve(id);
        let text = "Guten Tag, wie kann ich Ihnen helfen?";
        let style = voice.espeak("de-DE");
        let samples = collect(espeak::speak(&style, 1.0, text, &CancellationToken::new())).await;
        prints.push((voice.name, samples.len(), fingerprint(&samples)));
    }
    assert_all_differ(&prints);
}
