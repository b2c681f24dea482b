//! Tones: is this frequency there, and where.

use std::{f64::consts::TAU, ops::Range, time::Duration};

use super::fourier::power;

/// Share of the energy that lies at `hz`, 0 to 1 (Goertzel).
#[must_use]
pub fn share(samples: &[i16], rate: u32, hz: f64) -> f64 {
    let energy: f64 = samples.iter().map(|&s| f64::from(s).powi(2)).sum();
    if energy == 0.0 {
        return 0.0;
    }
    let coefficient = 2.0 * (TAU * hz / f64::from(rate)).cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for &sample in samples {
        let s0 = f64::from(sample) + coefficient * s1 - s2;
        (s2, s1) = (s1, s0);
    }
    let at_hz = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    (2.0 * at_hz / (samples.len() as f64 * energy)).min(1.0)
}

/// The strongest frequency; none in silence.
#[must_use]
pub fn strongest(samples: &[i16], rate: u32) -> Option<f64> {
    let size = samples.len().next_power_of_two().clamp(64, 65_536);
    let bins = power(samples, size);
    let (peak, &height) = bins.iter().enumerate().skip(1).max_by(|a, b| a.1.total_cmp(b.1))?;
    if height < 1e-6 {
        return None;
    }
    let left = bins.get(peak - 1).copied().unwrap_or(0.0).sqrt();
    let right = bins.get(peak + 1).copied().unwrap_or(0.0).sqrt();
    let centre = height.sqrt();
    let shift = (right - left) / (2.0 * (2.0 * centre - left - right)).max(1e-12);
    Some((peak as f64 + shift.clamp(-0.5, 0.5)) * f64::from(rate) / size as f64)
}

/// Stretches of at least `shortest` in which `hz` holds 70 % of the energy, exact to 20 ms.
#[must_use]
pub fn find(samples: &[i16], rate: u32, hz: f64, shortest: Duration) -> Vec<Range<usize>> {
    let block = (rate / 50) as usize;
    let least = (shortest.as_secs_f64() * f64::from(rate)) as usize;
    let mut found: Vec<Range<usize>> = Vec::new();
    for (index, part) in samples.chunks_exact(block).enumerate() {
        let loud = part.iter().any(|s| s.unsigned_abs() > 300);
        if !loud || share(part, rate, hz) < 0.7 {
            continue;
        }
        let start = index * block;
        match found.last_mut() {
            Some(last) if last.end == start => last.end = start + block,
            _ => found.push(start..start + block),
        }
    }
    found.retain(|range| range.len() >= least);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{noise, tone};

    #[test]
    fn a_beep_among_noise_is_found_where_it_is() {
        let mut audio = noise(8000, 0.3, 7);
        audio.extend(tone(1000.0, 8000, 4000, 0.5));
        audio.extend(noise(8000, 0.3, 8));
        let found = find(&audio, 8000, 1000.0, Duration::from_millis(300));
        assert_eq!(found.len(), 1);
        assert!(found[0].start.abs_diff(8000) <= 160 && found[0].end.abs_diff(12_000) <= 160, "{found:?}");
        assert!(find(&audio, 8000, 1500.0, Duration::from_millis(100)).is_empty());
    }

    #[test]
    fn the_strongest_frequency_is_exact_to_a_hertz() {
        let hz = strongest(&tone(697.0, 8000, 8000, 0.2), 8000).unwrap();
        assert!((hz - 697.0).abs() < 1.0, "{hz}");
        assert_eq!(strongest(&[0; 800], 8000), None);
    }
}
