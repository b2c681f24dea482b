//! Hears keys pressed as tones (ITU-T Q.23), for callers without RFC 4733.

use offhook_media::{Frame, frame::RATE, tone::tone_share};

const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Two frames in a row with the same two tones and little else are a key:
/// 40 ms, the shortest that Q.24 asks to accept.
#[derive(Debug, Default)]
pub struct KeyEar {
    previous: Option<char>,
    reported: bool,
}

impl KeyEar {
    /// Takes the next frame; a key is told once, however long it is held.
    pub fn hear(&mut self, frame: &Frame) -> Option<char> {
        let key = key_of(frame);
        let is_held = key.is_some() && key == self.previous;
        let news = (is_held && !self.reported).then_some(key).flatten();
        self.reported = is_held;
        self.previous = key;
        news
    }
}

fn key_of(frame: &Frame) -> Option<char> {
    if frame.rms() < 0.01 {
        return None;
    }
    let strongest = |tones: &[f64; 4]| {
        let shares = tones.map(|hertz| tone_share(&frame.0, RATE, hertz));
        (0..4).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).map(|at| (at, shares[at]))
    };
    let (row, low) = strongest(&ROWS)?;
    let (column, high) = strongest(&COLUMNS)?;
    // Speech has harmonics: its energy is never in just these two places.
    (low > 0.15 && high > 0.15 && low + high > 0.75).then_some(KEYS[row][column])
}

#[cfg(test)]
mod tests {
    use offhook_media::{frame::FRAME_SAMPLES, tone::Tone};

    use super::*;

    fn keys(samples: &[i16]) -> String {
        let mut ear = KeyEar::default();
        let frames = samples.as_chunks::<FRAME_SAMPLES>().0;
        frames.iter().filter_map(|samples| ear.hear(&Frame(*samples))).collect()
    }

    #[test]
    fn every_key_is_heard_once() {
        let mut audio = Vec::new();
        for key in "123A456B789C*0#D".chars() {
            audio.extend(Tone::dtmf(key).unwrap().samples(100));
            audio.extend([0; 960]);
        }
        assert_eq!(keys(&audio), "123A456B789C*0#D");
    }

    #[test]
    fn single_tones_are_no_keys() {
        for hertz in [697.0, 1209.0, 1000.0, 440.0] {
            assert_eq!(keys(&Tone::sine(hertz).samples(300)), "");
        }
    }
}
