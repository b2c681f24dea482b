//! Packet loss concealment in the manner of G.711 Appendix I: the last pitch
//! period goes on, fading to silence after 60 ms.

/// Longest pitch period, 1/66 s; shortest, 1/200 s.
const LONGEST_HZ: usize = 66;
const SHORTEST_HZ: usize = 200;
/// Sound kept at full level, then faded to silence.
const FULL_MS: usize = 10;
const SILENT_MS: usize = 60;

/// Conceals gaps in one direction of one stream.
#[derive(Debug, Clone)]
pub struct Concealer {
    rate: usize,
    /// The last 40 ms that were played.
    history: Vec<f32>,
    /// One period, whose end leads into its beginning.
    period: Vec<f32>,
    /// Samples made up since the gap began; none outside of one.
    gap: Option<usize>,
    /// Step between the last real sample and the period, which decays.
    step: f32,
}

impl Concealer {
    /// For a stream of `rate` samples per second.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        let rate = rate.max(8_000) as usize;
        let longest = rate / LONGEST_HZ;
        Self {
            rate,
            history: vec![0.0; rate / 25],
            period: Vec::with_capacity(longest),
            gap: None,
            step: 0.0,
        }
    }

    /// Whether the last audio was made up.
    #[must_use]
    pub const fn is_concealing(&self) -> bool {
        self.gap.is_some()
    }

    /// Takes real audio; after a gap its beginning is faded in over what was
    /// made up.
    pub fn good(&mut self, audio: &mut [i16]) {
        if let Some(gap) = self.gap.take() {
            // 4 ms, and 4 ms more for every 10 ms of gap, at most 10 ms.
            let fade = (self.rate * 4 / 1_000 + gap * 4 / 10).min(self.rate / 100).min(audio.len());
            for (n, sample) in audio.iter_mut().take(fade).enumerate() {
                let weight = (n + 1) as f32 / (fade + 1) as f32;
                *sample = (f32::from(*sample) * weight + self.made_up(gap + n) * (1.0 - weight)) as i16;
            }
        }
        self.remember(audio);
    }

    /// Makes up audio for a gap, or for more of it.
    pub fn conceal(&mut self, audio: &mut [i16]) {
        let begun = match self.gap {
            Some(begun) => begun,
            None => {
                self.find_period();
                0
            }
        };
        for (n, sample) in audio.iter_mut().enumerate() {
            *sample = self.made_up(begun + n) as i16;
        }
        self.gap = Some(begun.saturating_add(audio.len()).min(self.rate));
        self.remember(audio);
    }

    /// Whether the gap has lasted until silence.
    #[must_use]
    pub fn has_faded(&self) -> bool {
        self.gap.is_some_and(|gap| gap >= self.rate * SILENT_MS / 1_000)
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        self.gap = None;
    }

    fn made_up(&self, position: usize) -> f32 {
        let (full, silent) = (self.rate * FULL_MS / 1_000, self.rate * SILENT_MS / 1_000);
        if position >= silent || self.period.is_empty() {
            return 0.0;
        }
        let gain = if position < full { 1.0 } else { (silent - position) as f32 / (silent - full) as f32 };
        let quarter = self.period.len() / 4;
        let step =
            if position < quarter { self.step * (quarter - position) as f32 / quarter as f32 } else { 0.0 };
        (self.period[position % self.period.len()] + step) * gain
    }

    /// Finds the pitch by correlation of the last 20 ms with what was before.
    fn find_period(&mut self) {
        let length = self.history.len();
        let template = self.rate / 50;
        let newest = &self.history[length - template..];
        let longest = (self.rate / LONGEST_HZ).min(length - template);
        let shortest = self.rate / SHORTEST_HZ;
        let mut best = (shortest, f32::MIN);
        for lag in shortest..=longest {
            let earlier = &self.history[length - template - lag..length - lag];
            let (mut product, mut energy) = (0.0f32, 1.0f32);
            for (a, b) in newest.iter().zip(earlier) {
                product += a * b;
                energy += b * b;
            }
            let score = product / energy.sqrt();
            if score > best.1 {
                best = (lag, score);
            }
        }
        let lag = best.0;
        self.period.clear();
        self.period.extend_from_slice(&self.history[length - lag..]);
        // The last quarter turns into what came before the period.
        let quarter = lag / 4;
        for n in 0..quarter {
            let weight = (n + 1) as f32 / quarter as f32;
            let before = self.history[length - lag - quarter + n];
            let place = &mut self.period[lag - quarter + n];
            *place = *place * (1.0 - weight) + before * weight;
        }
        self.step = self.history[length - 1] - self.history[length - lag - 1];
    }

    fn remember(&mut self, audio: &[i16]) {
        let kept = audio.len().min(self.history.len());
        self.history.copy_within(kept.., 0);
        let start = self.history.len() - kept;
        for (place, &sample) in self.history[start..].iter_mut().zip(&audio[audio.len() - kept..]) {
            *place = f32::from(sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(from: usize, count: usize) -> Vec<i16> {
        (from..from + count)
            .map(|n| {
                let t = n as f64 / 8_000.0 * std::f64::consts::TAU;
                ((t * 125.0).sin() * 8_000.0 + (t * 375.0).sin() * 3_000.0) as i16
            })
            .collect()
    }

    fn largest_jump(audio: &[i16]) -> i32 {
        audio.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap()
    }

    #[test]
    fn one_lost_packet_of_a_voice_is_made_up_almost_exactly() {
        let mut concealer = Concealer::new(8_000);
        for n in 0..5 {
            concealer.good(&mut voice(n * 160, 160));
        }
        let mut lost = [0; 160];
        concealer.conceal(&mut lost);
        let truth = voice(800, 160);
        for n in 0..80 {
            assert!((i32::from(lost[n]) - i32::from(truth[n])).abs() < 800, "sample {n}");
        }
    }

    #[test]
    fn a_long_gap_fades_to_silence_after_60_ms() {
        let mut concealer = Concealer::new(8_000);
        for n in 0..5 {
            concealer.good(&mut voice(n * 160, 160));
        }
        let mut gap = [0; 640];
        concealer.conceal(&mut gap);
        assert!(gap[..80].iter().any(|s| s.abs() > 5_000));
        assert!(gap[480..].iter().all(|&s| s == 0));
        assert!(concealer.has_faded());
    }

    #[test]
    fn neither_the_gap_nor_its_end_clicks() {
        let mut concealer = Concealer::new(8_000);
        let mut played = Vec::new();
        for n in 0..20 {
            let mut audio = voice(n * 160, 160);
            if n % 5 == 4 {
                concealer.conceal(&mut audio);
            } else {
                concealer.good(&mut audio);
            }
            played.extend(audio);
        }
        assert!(largest_jump(&played) < 2 * largest_jump(&voice(0, 3_200)));
    }

    #[test]
    fn a_gap_before_any_audio_is_silence() {
        let mut concealer = Concealer::new(8_000);
        let mut audio = [7; 160];
        concealer.conceal(&mut audio);
        assert_eq!(audio, [0; 160]);
    }
}
