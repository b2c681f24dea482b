//! Hears whether the other party speaks, by loudness above the line's noise.

use std::collections::VecDeque;

use offhook_media::Frame;

/// Quieter than this is never speech: -40 dB of full scale.
const QUIETEST: f32 = 0.01;
/// Speech is this much louder than the noise beneath it.
const ABOVE_NOISE: f32 = 2.8;
/// The noise is the quietest frame of the last second and a half: every
/// talker pauses for one frame in that time.
const NOISE_FRAMES: usize = 75;
/// Loud frames in a row that begin speech; one alone is a click.
const ONSET_FRAMES: u32 = 3;
/// Quiet frames that end it: 200 ms, longer than the gap of a stop consonant.
const END_FRAMES: u32 = 10;
/// Breaks up to 500 ms belong to one stretch.
const BREAK_FRAMES: u32 = 25;

/// Follows one party's audio, 20 ms at a time.
#[derive(Debug, Default)]
pub struct Ear {
    levels: VecDeque<f32>,
    loud_run: u32,
    quiet_run: u32,
    stretch: u32,
    talking: bool,
}

/// A change the ear noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Speech began.
    Began,
    /// Speech ended.
    Ended,
}

impl Ear {
    /// Takes the next frame.
    pub fn hear(&mut self, frame: &Frame) -> Option<Change> {
        let level = frame.rms();
        let noise = self.levels.iter().copied().fold(f32::INFINITY, f32::min);
        self.levels.push_back(level);
        if self.levels.len() > NOISE_FRAMES {
            self.levels.pop_front();
        }
        let noise = if noise.is_finite() { noise } else { 0.0 };
        if level > QUIETEST.max(noise * ABOVE_NOISE) {
            self.loud_run += 1;
            self.quiet_run = 0;
            self.stretch += 1;
        } else {
            self.loud_run = 0;
            self.quiet_run = self.quiet_run.saturating_add(1);
            if self.quiet_run > BREAK_FRAMES {
                self.stretch = 0;
            }
        }
        if !self.talking && self.loud_run >= ONSET_FRAMES {
            self.talking = true;
            return Some(Change::Began);
        }
        if self.talking && self.quiet_run >= END_FRAMES {
            self.talking = false;
            return Some(Change::Ended);
        }
        None
    }

    /// Whether the other speaks now.
    pub fn is_talking(&self) -> bool {
        self.talking
    }

    /// Frames of silence up to now.
    pub fn quiet_frames(&self) -> u32 {
        self.quiet_run
    }

    /// Loud frames of the present stretch of speech.
    pub fn stretch_frames(&self) -> u32 {
        self.stretch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(level: i16) -> Frame {
        let mut frame = Frame::SILENCE;
        frame.0.iter_mut().enumerate().for_each(|(i, s)| *s = if i % 2 == 0 { level } else { -level });
        frame
    }

    fn changes(levels: &[(i16, u32)]) -> Vec<(u32, Change)> {
        let (mut ear, mut at, mut found) = (Ear::default(), 0, Vec::new());
        for &(level, frames) in levels {
            for _ in 0..frames {
                found.extend(ear.hear(&frame(level)).map(|change| (at, change)));
                at += 1;
            }
        }
        found
    }

    #[test]
    fn speech_begins_after_three_loud_frames_and_ends_after_ten_quiet_ones() {
        assert_eq!(changes(&[(5, 50), (4000, 40), (5, 30)]), [(52, Change::Began), (99, Change::Ended)]);
    }

    #[test]
    fn clicks_and_a_steady_background_are_not_speech() {
        assert!(changes(&[(5, 50), (9000, 2), (5, 50)]).is_empty());
        let background = changes(&[(5, 10), (700, 200), (4000, 30), (700, 40)]);
        // The background's beginning counts as a sound, until it has become the noise.
        assert_eq!(background.last(), Some(&(249, Change::Ended)));
    }
}
