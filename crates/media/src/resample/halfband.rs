//! Doubling and halving: a half-band filter, whose every second coefficient
//! is zero, costs half of the general one. Runs for every frame of every call.

use std::sync::OnceLock;

use super::{dot, kaiser, sinc, to_sample};

/// Coefficients other than the middle one and the zeros.
///
/// 32 pass up to 3.5 kHz and stop from 4.5 kHz, by 60 dB.
const TAPS: usize = 32;

/// Longest piece taken at once: 20 ms at 8 kHz.
const BLOCK: usize = 160;

/// The odd coefficients for doubling, together of gain one.
fn coefficients() -> &'static [f32; TAPS] {
    static TABLE: OnceLock<[f32; TAPS]> = OnceLock::new();
    TABLE.get_or_init(|| {
        let half = TAPS as f64;
        let values: [f64; TAPS] = std::array::from_fn(|tap| {
            let distance = 2.0 * tap as f64 + 1.0 - half;
            sinc(distance / 2.0) * kaiser(distance / half)
        });
        let sum: f64 = values.iter().sum();
        values.map(|value| (value / sum) as f32)
    })
}

/// The newest samples, with room for a block after them.
#[derive(Debug, Clone)]
struct Window([f32; TAPS - 1 + BLOCK]);

impl Window {
    const EMPTY: Self = Self([0.0; TAPS - 1 + BLOCK]);

    /// Appends up to [`BLOCK`] samples.
    fn push(&mut self, samples: impl Iterator<Item = i16>) {
        for (place, sample) in self.0[TAPS - 1..].iter_mut().zip(samples) {
            *place = f32::from(sample);
        }
    }

    /// Keeps what the next block needs of the `count` last pushed.
    fn shift(&mut self, count: usize) {
        self.0.copy_within(count..count + TAPS - 1, 0);
    }
}

/// 8 kHz to 16 kHz. A sound comes out 2 ms (16 input samples) later.
#[derive(Debug, Clone)]
pub struct Upsampler {
    window: Window,
}

impl Default for Upsampler {
    fn default() -> Self {
        Self { window: Window::EMPTY }
    }
}

impl Upsampler {
    /// Delay in input samples.
    pub const DELAY: usize = TAPS / 2;

    /// Doubles `input` into `output`, until either side ends.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) {
        let table = coefficients();
        for (input, output) in input.chunks(BLOCK).zip(output.chunks_mut(2 * BLOCK)) {
            self.window.push(input.iter().copied());
            for (place, pair) in self.window.0.windows(TAPS).zip(output.chunks_exact_mut(2)).take(input.len())
            {
                // The sample itself, then the one between it and the next.
                pair[0] = to_sample(place[TAPS / 2 - 1]);
                pair[1] = to_sample(dot(place, table));
            }
            self.window.shift(input.len());
        }
    }
}

/// 16 kHz to 8 kHz. A sound comes out 15 samples of the output later.
#[derive(Debug, Clone)]
pub struct Downsampler {
    even: Window,
    odd: Window,
}

impl Default for Downsampler {
    fn default() -> Self {
        Self { even: Window::EMPTY, odd: Window::EMPTY }
    }
}

impl Downsampler {
    /// Delay in output samples.
    pub const DELAY: usize = TAPS / 2 - 1;

    /// Halves an even number of samples into `output`, until either side ends.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) {
        let table = coefficients();
        for (input, output) in input.chunks(2 * BLOCK).zip(output.chunks_mut(BLOCK)) {
            let pairs = input.len() / 2;
            self.even.push(input.iter().copied().step_by(2));
            self.odd.push(input.iter().copied().skip(1).step_by(2));
            let places = self.even.0.windows(TAPS).zip(self.odd.0.windows(TAPS));
            for ((even, odd), sample) in places.zip(output).take(pairs) {
                *sample = to_sample(0.5 * (even[TAPS / 2] + dot(odd, table)));
            }
            self.even.shift(pairs);
            self.odd.shift(pairs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::tone_share;

    fn sine(rate: f64, hertz: f64, count: usize) -> Vec<i16> {
        (0..count)
            .map(|n| ((n as f64 * hertz / rate * std::f64::consts::TAU).sin() * 10_000.0) as i16)
            .collect()
    }

    #[test]
    fn doubling_leaves_no_image_of_the_tone() {
        let mut output = vec![0; 3_200];
        Upsampler::default().process(&sine(8_000.0, 3_000.0, 1_600), &mut output);
        assert!(tone_share(&output[400..], 16_000, 3_000.0) > 0.995);
        assert!(tone_share(&output[400..], 16_000, 5_000.0) < 1e-4);
    }

    #[test]
    fn halving_removes_what_8_khz_cannot_carry() {
        let mut output = vec![0; 1_600];
        Downsampler::default().process(&sine(16_000.0, 5_000.0, 3_200), &mut output);
        assert!(output[200..].iter().all(|s| s.abs() < 30));
        Downsampler::default().process(&sine(16_000.0, 3_000.0, 3_200), &mut output);
        assert!(tone_share(&output[200..], 8_000, 3_000.0) > 0.995);
    }

    #[test]
    fn there_and_back_is_the_same_audio_31_samples_later() {
        let audio = sine(8_000.0, 800.0, 1_600);
        let (mut up, mut down) = (Upsampler::default(), Downsampler::default());
        let mut back = Vec::new();
        for block in audio.chunks(160) {
            let (mut wide, mut narrow) = ([0; 320], [0; 160]);
            up.process(block, &mut wide);
            down.process(&wide, &mut narrow);
            back.extend(narrow);
        }
        let delay = Upsampler::DELAY + Downsampler::DELAY;
        assert_eq!(delay, 31);
        for n in 200..1_600 {
            assert!((back[n] - audio[n - delay]).abs() <= 20, "sample {n}");
        }
    }
}
