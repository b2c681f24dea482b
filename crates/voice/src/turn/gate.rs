//! From frame by frame probabilities to stretches of speech.

use super::Ticks;

/// Probability that begins speech.
const ENTER: f32 = 0.5;
/// Probability that keeps it going; lower, so that soft endings stay in.
const STAY: f32 = 0.35;
/// Quieter frames are no speech whatever the detector says: about -66 dBFS.
const FLOOR: f32 = 0.0005;
/// Frames in a row that make an onset: 40 ms.
pub const ONSET: Ticks = 2;
/// A pause this long ends what counts as sustained: 100 ms.
const BREATH: Ticks = 5;
/// A run this long is speech and no click: 100 ms.
const SOLID: Ticks = 5;

/// What is known of the caller's voice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gate {
    /// Voiced frames in a row.
    run: Ticks,
    /// Since the last onset-worthy sound.
    pub quiet: Ticks,
    /// Since the last run that was surely speech.
    pub unsure: Ticks,
    /// Voiced frames without a breath between them.
    pub sustained: Ticks,
    /// Voiced frames in this stretch.
    pub voiced: Ticks,
}

impl Gate {
    /// Takes the next frame; `open` says whether a stretch is running.
    /// Returns whether speech begins with this frame.
    pub fn push(&mut self, speech: f32, level: f32, open: bool) -> bool {
        let voiced = level > FLOOR && speech >= if open { STAY } else { ENTER };
        self.run = if voiced { self.run + 1 } else { 0 };
        let sounding = self.run >= ONSET;
        self.quiet = if sounding { 0 } else { self.quiet.saturating_add(1) };
        self.unsure = if self.run >= SOLID { 0 } else { self.unsure.saturating_add(1) };
        if self.quiet >= BREATH {
            self.sustained = 0;
        }
        if open {
            self.voiced += Ticks::from(voiced);
            self.sustained += Ticks::from(voiced);
            return false;
        }
        if sounding {
            (self.voiced, self.sustained, self.unsure) = (self.run, self.run, 0);
        }
        sounding
    }
}
