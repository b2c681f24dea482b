//! Tones with a cadence: ringback, busy, beep, DTMF in band.

use crate::{
    Frame,
    frame::{FRAME_SAMPLES, RATE},
};

/// One or two sines, switched on and off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Frequencies in hertz; zero is absent.
    pub frequencies: [f32; 2],
    /// Amplitude of each sine, share of full scale.
    pub level: f32,
    /// Sounding time of a period, milliseconds.
    pub on_ms: u32,
    /// Silent time of a period, milliseconds; zero sounds on and on.
    pub off_ms: u32,
}

impl Tone {
    /// North American ringback: 440 + 480 Hz, 2 s on, 4 s off.
    pub const RINGBACK: Self = Self { frequencies: [440.0, 480.0], level: 0.08, on_ms: 2_000, off_ms: 4_000 };
    /// North American busy: 480 + 620 Hz, half a second each.
    pub const BUSY: Self = Self { frequencies: [480.0, 620.0], level: 0.08, on_ms: 500, off_ms: 500 };
    /// Hold: a soft double beep's pace, 440 Hz every 5 s.
    pub const HOLD: Self = Self { frequencies: [440.0, 0.0], level: 0.05, on_ms: 200, off_ms: 4_800 };
    /// Answering machine's beep: 1 kHz.
    pub const BEEP: Self = Self { frequencies: [1_000.0, 0.0], level: 0.25, on_ms: 400, off_ms: 0 };

    /// A plain sine at a quarter of full scale, without a pause.
    #[must_use]
    pub const fn sine(hertz: f32) -> Self {
        Self { frequencies: [hertz, 0.0], level: 0.25, on_ms: 1_000, off_ms: 0 }
    }

    /// The two frequencies of a DTMF key (ITU-T Q.23), `0-9 * # A-D`.
    #[must_use]
    pub fn dtmf(digit: char) -> Option<Self> {
        const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
        const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
        let place = "123A456B789C*0#D".find(digit.to_ascii_uppercase())?;
        Some(Self { frequencies: [ROWS[place / 4], COLUMNS[place % 4]], level: 0.2, on_ms: 100, off_ms: 60 })
    }

    /// `ms` milliseconds of it at 16 kHz, from its beginning.
    #[must_use]
    pub fn samples(self, ms: u32) -> Vec<i16> {
        let mut player = TonePlayer::new(self);
        (0..u64::from(ms) * u64::from(RATE) / 1_000).map(|_| player.next_sample()).collect()
    }
}

/// A [`Tone`] being played at 16 kHz.
#[derive(Debug, Clone)]
pub struct TonePlayer {
    tone: Tone,
    /// Samples since the beginning of the period.
    position: u32,
    phases: [f32; 2],
}

impl TonePlayer {
    /// Begins at the start of the sounding part.
    #[must_use]
    pub const fn new(tone: Tone) -> Self {
        Self { tone, position: 0, phases: [0.0; 2] }
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut frame = [0; FRAME_SAMPLES];
        frame.fill_with(|| self.next_sample());
        Frame(frame)
    }

    /// The next sample.
    pub fn next_sample(&mut self) -> i16 {
        let on = self.tone.on_ms.saturating_mul(RATE / 1_000);
        let period = on.saturating_add(self.tone.off_ms.saturating_mul(RATE / 1_000)).max(1);
        let sounding = self.position < on;
        self.position = (self.position + 1) % period;
        if !sounding {
            self.phases = [0.0; 2];
            return 0;
        }
        let mut value = 0.0;
        for (phase, &frequency) in self.phases.iter_mut().zip(&self.tone.frequencies) {
            value += phase.sin();
            #[expect(clippy::cast_precision_loss, reason = "16000 is exact in f32")]
            let step = std::f32::consts::TAU * frequency / RATE as f32;
            *phase = (*phase + step) % std::f32::consts::TAU;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        let sample = (value * self.tone.level * 32_767.0) as i16;
        sample
    }
}

/// The power of one frequency in a stretch of audio (Goertzel), as the share
/// of all power there: 1 for a pure sine, about 0 for anything else.
#[must_use]
pub fn tone_share(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    let total: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    if total <= 0.0 {
        return 0.0;
    }
    let step = std::f64::consts::TAU * hertz / f64::from(rate);
    let coefficient = 2.0 * step.cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for &sample in samples {
        let s0 = coefficient.mul_add(s1, f64::from(sample)) - s2;
        s2 = s1;
        s1 = s0;
    }
    let power = coefficient.mul_add(-(s1 * s2), s1.mul_add(s1, s2 * s2));
    // A sine of amplitude a has power (a·n/2)² here and energy a²·n/2.
    #[expect(clippy::cast_precision_loss, reason = "audio is far shorter than 2^52 samples")]
    let share = power / (total * samples.len() as f64 / 2.0);
    share.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_is_found_at_its_frequency_only() {
        let audio = Tone::sine(440.0).samples(200);
        assert!(tone_share(&audio, RATE, 440.0) > 0.99);
        assert!(tone_share(&audio, RATE, 880.0) < 0.01);
    }

    #[test]
    fn a_key_sounds_with_its_two_frequencies() {
        let audio = Tone::dtmf('5').unwrap().samples(100);
        assert!(tone_share(&audio, RATE, 770.0) > 0.4);
        assert!(tone_share(&audio, RATE, 1_336.0) > 0.4);
        assert!(tone_share(&audio, RATE, 697.0) < 0.05);
        assert_eq!(Tone::dtmf('x'), None);
    }

    #[test]
    fn busy_is_silent_half_of_the_time() {
        let audio = Tone::BUSY.samples(1_000);
        assert!(audio[..8_000].iter().any(|&s| s.abs() > 1_000));
        assert!(audio[8_000..].iter().all(|&s| s == 0));
    }

    #[test]
    fn silence_holds_no_tone() {
        assert!(tone_share(&[0; 320], RATE, 440.0) < f64::EPSILON);
    }
}
