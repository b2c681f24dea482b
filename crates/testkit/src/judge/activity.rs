//! Where sound begins and ends.

use std::{ops::Range, time::Duration};

use super::correlation::rms;

/// Level below which a stretch counts as silence: -45 dB of full scale, above
/// the idle noise of a G.711 line and below any speech.
pub const SILENCE: f64 = 0.0056;

const HOP_MS: u32 = 5;

/// First sample whose magnitude exceeds `level` (share of full scale).
#[must_use]
pub fn first_sound(samples: &[i16], level: f64) -> Option<usize> {
    samples.iter().position(|s| f64::from(s.unsigned_abs()) > level * 32_768.0)
}

/// One past the last sample whose magnitude exceeds `level`.
#[must_use]
pub fn last_sound(samples: &[i16], level: f64) -> Option<usize> {
    samples.iter().rposition(|s| f64::from(s.unsigned_abs()) > level * 32_768.0).map(|at| at + 1)
}

/// Stretches of sound, exact to 5 ms: parts above `level` (RMS) that are
/// less than `gap` apart belong together.
#[must_use]
pub fn stretches(samples: &[i16], rate: u32, level: f64, gap: Duration) -> Vec<Range<usize>> {
    let hop = (rate * HOP_MS / 1000).max(1) as usize;
    let gap = (gap.as_secs_f64() * f64::from(rate)) as usize;
    let mut found: Vec<Range<usize>> = Vec::new();
    for (index, block) in samples.chunks(hop).enumerate() {
        if rms(block) <= level {
            continue;
        }
        let (start, end) = (index * hop, index * hop + block.len());
        match found.last_mut() {
            Some(last) if start <= last.end + gap => last.end = end,
            _ => found.push(start..end),
        }
    }
    found
}

/// The time of a sample.
#[must_use]
pub fn time_of(sample: usize, rate: u32) -> Duration {
    Duration::from_secs_f64(sample as f64 / f64::from(rate))
}

/// Whether nothing in `samples` is louder than [`SILENCE`].
#[must_use]
pub fn is_silent(samples: &[i16], rate: u32) -> bool {
    stretches(samples, rate, SILENCE, Duration::ZERO).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::tone;

    #[test]
    fn two_sounds_with_a_long_pause_are_two_stretches() {
        let mut audio = vec![0; 8000];
        audio.extend(tone(440.0, 8000, 4000, 0.3));
        audio.extend([0; 800]);
        audio.extend(tone(440.0, 8000, 4000, 0.3));
        audio.extend([0; 8000]);
        let long = stretches(&audio, 8000, SILENCE, Duration::from_millis(200));
        assert_eq!(long, vec![8000..16_800]);
        let short = stretches(&audio, 8000, SILENCE, Duration::from_millis(50));
        assert_eq!(short, vec![8000..12_000, 12_800..16_800]);
        assert_eq!(time_of(short[1].start, 8000), Duration::from_millis(1600));
    }

    #[test]
    fn first_and_last_sound_are_exact() {
        let audio = [0, 0, 900, -1200, 0];
        assert_eq!((first_sound(&audio, 0.02), last_sound(&audio, 0.02)), (Some(2), Some(4)));
        assert_eq!(first_sound(&audio, 0.5), None);
        assert!(is_silent(&[3; 800], 8000));
    }
}
