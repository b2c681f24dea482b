//! The unit of audio inside Offhook.

/// Samples per second between media and voice.
pub const RATE: u32 = 16_000;
/// Samples in one [`Frame`].
pub const FRAME_SAMPLES: usize = 320;
/// Length of one [`Frame`], milliseconds.
pub const FRAME_MS: u32 = 20;

/// 20 ms of mono audio at 16 kHz.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame(pub [i16; FRAME_SAMPLES]);

impl Frame {
    /// Digital silence.
    pub const SILENCE: Self = Self([0; FRAME_SAMPLES]);

    /// Root mean square as a share of full scale, 0 to 1.
    #[must_use]
    pub fn rms(&self) -> f32 {
        let sum: f64 = self.0.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
        #[expect(clippy::cast_possible_truncation, reason = "a share of full scale fits f32")]
        let rms = ((sum / FRAME_SAMPLES as f64).sqrt() / 32_768.0) as f32;
        rms
    }
}

impl Default for Frame {
    fn default() -> Self {
        Self::SILENCE
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame(rms {:.4})", self.rms())
    }
}
