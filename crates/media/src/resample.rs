//! Sampling rates: telephone's 8 kHz to and from 16 kHz, and anything to anything.

mod halfband;

pub use halfband::{Downsampler, Upsampler};

use std::time::Duration;

/// Filter taps on each side of a sample, in input samples at equal rates.
const HALF_TAPS: usize = 20;
/// Kaiser window's shape: 60 dB of stop band.
const BETA: f64 = 6.0;
/// Longest table of coefficients; rates of real audio stay far below.
const MAX_COEFFICIENTS: usize = 1 << 20;

/// These rates cannot be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot resample from {from} Hz to {to} Hz")]
pub struct RateError {
    /// Rate of the input.
    pub from: u32,
    /// Rate asked for.
    pub to: u32,
}

/// A polyphase FIR between two fixed rates; stateful, for streams.
#[derive(Debug, Clone)]
pub struct Resampler {
    from: u32,
    up: usize,
    down: usize,
    taps: usize,
    /// `up` phases of `taps` coefficients, each oldest input first.
    coefficients: Vec<f32>,
    /// The newest inputs: at first the `taps - 1` before those of this call.
    window: Vec<f32>,
    /// Position of the next output after the window's first full place, in
    /// 1/`up` of an input sample.
    position: usize,
}

impl Resampler {
    /// Prepares a conversion; takes about a millisecond for odd ratios.
    ///
    /// # Errors
    /// [`RateError`] for zero, or a ratio of no audio in the world.
    pub fn new(from: u32, to: u32) -> Result<Self, RateError> {
        let error = RateError { from, to };
        if from == 0 || to == 0 {
            return Err(error);
        }
        let divisor = gcd(from, to);
        let (up, down) = ((to / divisor) as usize, (from / divisor) as usize);
        // A lower target rate needs a longer filter for the same steepness.
        let stretch = (f64::from(from) / f64::from(to)).max(1.0);
        let taps = (2.0 * HALF_TAPS as f64 * stretch).ceil() as usize;
        let taps = taps.next_multiple_of(8);
        if taps.saturating_mul(up) > MAX_COEFFICIENTS {
            return Err(error);
        }
        let coefficients = if up == down { Vec::new() } else { design(up, taps, 0.46 / stretch) };
        Ok(Self { from, up, down, taps, coefficients, window: vec![0.0; taps - 1], position: 0 })
    }

    /// Appends the conversion of `input` to `output`.
    pub fn process(&mut self, input: &[i16], output: &mut Vec<i16>) {
        if self.coefficients.is_empty() {
            output.extend_from_slice(input);
            return;
        }
        self.window.extend(input.iter().map(|&sample| f32::from(sample)));
        let places = self.window.len() + 1 - self.taps;
        while self.position / self.up < places {
            let (place, phase) = (self.position / self.up, self.position % self.up);
            let inputs = &self.window[place..place + self.taps];
            let coefficients = &self.coefficients[phase * self.taps..(phase + 1) * self.taps];
            output.push(to_sample(dot(inputs, coefficients)));
            self.position += self.down;
        }
        self.position -= places * self.up;
        self.window.drain(..places);
    }

    /// Appends what the filter still holds: the end of the audio.
    pub fn finish(&mut self, output: &mut Vec<i16>) {
        if !self.coefficients.is_empty() {
            self.process(&vec![0; self.taps / 2], output);
        }
    }

    /// How much later a sound comes out than it went in.
    #[must_use]
    pub fn delay(&self) -> Duration {
        if self.coefficients.is_empty() {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(self.taps as f64 / 2.0 / f64::from(self.from))
    }
}

/// Converts a whole piece of audio, without the filter's delay.
///
/// # Errors
/// [`RateError`] for impossible rates.
pub fn convert(audio: &[i16], from: u32, to: u32) -> Result<Vec<i16>, RateError> {
    let mut resampler = Resampler::new(from, to)?;
    let mut output = Vec::with_capacity(audio.len() * resampler.up / resampler.down + 64);
    // The first output is then at the time of the first input, exactly.
    resampler.position = resampler.taps / 2 * resampler.up;
    resampler.process(audio, &mut output);
    resampler.finish(&mut output);
    output.truncate((audio.len() as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize);
    Ok(output)
}

/// A windowed sinc of `cutoff` (share of the input rate), split in `up`
/// phases. Each phase is scaled to pass a constant unchanged.
fn design(up: usize, taps: usize, cutoff: f64) -> Vec<f32> {
    let mut coefficients = Vec::with_capacity(up * taps);
    let half = taps as f64 / 2.0;
    for phase in 0..up {
        // The output lies this far behind the middle of the window.
        let offset = phase as f64 / up as f64 + half - 1.0;
        let values: Vec<f64> = (0..taps)
            .map(|tap| {
                let distance = tap as f64 - offset;
                sinc(2.0 * cutoff * distance) * kaiser(distance / half)
            })
            .collect();
        let sum: f64 = values.iter().sum();
        coefficients.extend(values.iter().map(|value| (value / sum) as f32));
    }
    coefficients
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
}

/// Kaiser's window at -1 to 1.
fn kaiser(x: f64) -> f64 {
    if x.abs() > 1.0 { 0.0 } else { bessel(BETA * (1.0 - x * x).sqrt()) / bessel(BETA) }
}

/// Modified Bessel function of the first kind and order zero.
fn bessel(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for k in 1..32 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

/// The sum of products, in eight lanes so that it is vectorised.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

/// Rounds; the cast saturates. `f32::round` would be a call into libm for every
/// sample: 7 % of a media thread's time.
fn to_sample(value: f32) -> i16 {
    (value + 0.5_f32.copysign(value)) as i16
}

const fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::tone_share;

    fn sine(rate: u32, hertz: f64, ms: u32) -> Vec<i16> {
        (0..rate * ms / 1_000)
            .map(|n| {
                ((f64::from(n) * hertz / f64::from(rate) * std::f64::consts::TAU).sin() * 12_000.0) as i16
            })
            .collect()
    }

    #[test]
    fn every_rate_of_speech_engines_keeps_tone_time_and_level() {
        for from in [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] {
            let output = convert(&sine(from, 1_000.0, 200), from, 16_000).unwrap();
            assert_eq!(output.len(), 3_200, "{from}");
            let expected = sine(16_000, 1_000.0, 200);
            let inner = 200..3_000;
            let error: f64 = output[inner.clone()]
                .iter()
                .zip(&expected[inner])
                .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                .sum::<f64>()
                / 2_800.0;
            assert!(error.sqrt() < 120.0, "{from}: error {}", error.sqrt());
        }
    }

    #[test]
    fn what_the_target_cannot_carry_is_removed() {
        let output = convert(&sine(48_000, 11_000.0, 200), 48_000, 16_000).unwrap();
        let loudest = output[200..3_000].iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!(loudest < 60, "{loudest}");
        let kept = convert(&sine(48_000, 6_000.0, 200), 48_000, 16_000).unwrap();
        assert!(tone_share(&kept[200..3_000], 16_000, 6_000.0) > 0.99);
    }

    #[test]
    fn a_stream_in_pieces_equals_the_whole() {
        let audio = sine(22_050, 700.0, 100);
        let mut whole = Vec::new();
        Resampler::new(22_050, 16_000).unwrap().process(&audio, &mut whole);
        let mut pieces = Vec::new();
        let mut resampler = Resampler::new(22_050, 16_000).unwrap();
        for piece in audio.chunks(37) {
            resampler.process(piece, &mut pieces);
        }
        assert_eq!(pieces, whole);
    }

    #[test]
    fn impossible_rates_are_refused() {
        assert!(Resampler::new(0, 16_000).is_err());
        assert!(Resampler::new(999_983, 999_979).is_err());
    }
}
