//! Test signals: tones, seeded noise, speech-shaped tone sequences.

use std::f64::consts::TAU;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// A sine of `samples` length; `level` is the peak as a share of full scale.
#[must_use]
pub fn tone(hz: f64, rate: u32, samples: usize, level: f64) -> Vec<i16> {
    (0..samples).map(|i| sample((TAU * hz * i as f64 / f64::from(rate)).sin() * level)).collect()
}

/// White noise from a seed; `level` is the peak.
#[must_use]
pub fn noise(samples: usize, level: f64, seed: u64) -> Vec<i16> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..samples).map(|_| sample(random.random_range(-level..=level))).collect()
}

/// A tone sequence that stands for a text: the same text always gives the same
/// sound, another text another one. 16 kHz, 320 ms a word, two tones each with
/// soft edges, all within the telephone band.
#[must_use]
pub fn tone_speech(text: &str) -> Vec<i16> {
    const RATE: u32 = 16_000;
    const TONE: usize = 2240;
    const GAP: usize = 320;
    let mut out = Vec::new();
    for word in text.split_whitespace() {
        let code = fnv1a(word.to_lowercase().as_bytes());
        for part in 0..2_u32 {
            let step = (code >> (part * 16)) & 31;
            let hz = 500.0 + 80.0 * step as f64;
            for (i, s) in tone(hz, RATE, TONE, 0.4).into_iter().enumerate() {
                let edge = i.min(TONE - i) as f64 / 160.0;
                out.push((f64::from(s) * edge.min(1.0)) as i16);
            }
            out.extend([0; GAP]);
        }
    }
    out
}

/// A stable hash of bytes (FNV-1a, 64 bit).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// Changes the rate by linear interpolation: good enough for a double's audio.
#[must_use]
pub fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    let length = (samples.len() as u64 * u64::from(to) / u64::from(from)) as usize;
    let step = f64::from(from) / f64::from(to);
    (0..length)
        .map(|i| {
            let at = i as f64 * step;
            let (whole, part) = (at as usize, at.fract());
            let a = f64::from(samples[whole.min(samples.len() - 1)]);
            let b = f64::from(samples[(whole + 1).min(samples.len() - 1)]);
            (a + (b - a) * part) as i16
        })
        .collect()
}

/// Little-endian bytes of PCM.
#[must_use]
pub fn pcm_bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

fn sample(value: f64) -> i16 {
    (value.clamp(-1.0, 1.0) * 32_767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tone_speech_is_the_same_for_the_same_words_only() {
        assert_eq!(tone_speech("Hello there"), tone_speech("hello  THERE"));
        assert_ne!(tone_speech("Hello there"), tone_speech("Hello here"));
    }

    #[test]
    fn resampling_keeps_the_duration() {
        assert_eq!(resample(&[0; 1600], 16_000, 24_000).len(), 2400);
        assert_eq!(resample(&[0; 1600], 16_000, 8_000).len(), 800);
    }
}
