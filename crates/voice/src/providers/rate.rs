//! Change of sampling rate for what synthesizers deliver.
//!
//! A windowed sinc evaluated at each output instant: exact for any pair of
//! rates, streaming, about 40 multiplications per sample.

use std::sync::OnceLock;

/// Zero crossings of the sinc on each side.
const HALF: usize = 16;
/// Points of the kernel kept between zero crossings.
const STEPS: usize = 512;

/// A stream of samples brought from one rate to another.
#[derive(Debug, Clone)]
pub struct RateConverter {
    /// Input samples per output sample.
    step: f64,
    /// Share of the input's band that is kept: below 1 when the rate falls.
    band: f64,
    /// Input needed on each side of an output instant.
    reach: usize,
    /// Input not yet out of reach; starts with `reach` zeros.
    history: Vec<f32>,
    /// Position of the next output in `history`.
    position: f64,
}

impl RateConverter {
    /// A converter from `from` to `to` samples per second; both positive.
    #[must_use]
    pub fn new(from: f64, to: f64) -> Self {
        let step = from / to;
        let band = step.recip().min(1.0) * 0.95;
        let reach = (HALF as f64 / band).ceil() as usize;
        Self { step, band, reach, history: vec![0.0; reach], position: reach as f64 }
    }

    /// Takes input and returns the output it completes; about one
    /// millisecond of it stays behind until [`finish`](Self::finish).
    pub fn push(&mut self, input: &[i16]) -> Vec<i16> {
        self.history.extend(input.iter().map(|&s| f32::from(s)));
        let mut output = Vec::with_capacity((input.len() as f64 / self.step) as usize + 1);
        while self.position as usize + self.reach < self.history.len() {
            output.push(self.sample());
            self.position += self.step;
        }
        let spent = (self.position as usize).saturating_sub(self.reach).min(self.history.len());
        self.history.drain(..spent);
        self.position -= spent as f64;
        output
    }

    /// Returns the last output and begins anew.
    pub fn finish(&mut self) -> Vec<i16> {
        let tail = self.push(&vec![0; self.reach]);
        self.history.clear();
        self.history.resize(self.reach, 0.0);
        self.position = self.reach as f64;
        tail
    }

    fn sample(&self) -> i16 {
        let centre = self.position as usize;
        let first = (centre + 1).saturating_sub(self.reach);
        let kernel = kernel_table();
        let mut sum = 0.0;
        for (index, &value) in self.history.iter().enumerate().take(centre + self.reach + 1).skip(first) {
            let x = (index as f64 - self.position).abs() * self.band * STEPS as f64;
            let (below, share) = (x as usize, x.fract() as f32);
            if let Some(&[low, high]) = kernel.get(below..below + 2) {
                sum += value * (low + (high - low) * share);
            }
        }
        (sum * self.band as f32).round().clamp(-32_768.0, 32_767.0) as i16
    }
}

/// The kernel at [`STEPS`] points per zero crossing; between them a straight
/// line is off by less than 16 bits show.
fn kernel_table() -> &'static [f32] {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    TABLE.get_or_init(|| (0..=HALF * STEPS).map(|i| kernel(i as f64 / STEPS as f64) as f32).collect())
}

/// Sinc under a Hann window of [`HALF`] crossings.
fn kernel(x: f64) -> f64 {
    if x.abs() >= HALF as f64 {
        return 0.0;
    }
    if x.abs() < 1e-9 {
        return 1.0;
    }
    let px = std::f64::consts::PI * x;
    px.sin() / px * 0.5 * (1.0 + (px / HALF as f64).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: f64, seconds: f64) -> Vec<i16> {
        (0..(rate * seconds) as usize)
            .map(|i| ((i as f64 * hz * std::f64::consts::TAU / rate).sin() * 10_000.0) as i16)
            .collect()
    }

    fn power_at(samples: &[i16], hz: f64, rate: f64) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, &s) in samples.iter().enumerate() {
            let angle = i as f64 * hz * std::f64::consts::TAU / rate;
            re += f64::from(s) * angle.cos();
            im += f64::from(s) * angle.sin();
        }
        (re * re + im * im).sqrt() * 2.0 / samples.len() as f64
    }

    #[test]
    fn a_tone_keeps_its_pitch_level_and_length() {
        for from in [22_050.0, 24_000.0, 8_000.0, 16_000.0, 17_600.0] {
            let mut converter = RateConverter::new(from, 16_000.0);
            let mut output = Vec::new();
            for piece in tone(1000.0, from, 1.0).chunks(333) {
                output.extend(converter.push(piece));
            }
            output.extend(converter.finish());
            assert!(output.len().abs_diff(16_000) < 40, "{from}: {}", output.len());
            let level = power_at(&output, 1000.0, 16_000.0);
            assert!((level - 10_000.0).abs() < 300.0, "{from}: {level}");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_does_not_alias() {
        let mut converter = RateConverter::new(24_000.0, 16_000.0);
        let output = converter.push(&tone(10_500.0, 24_000.0, 0.5));
        assert!(power_at(&output, 5_500.0, 16_000.0) < 60.0);
    }
}
