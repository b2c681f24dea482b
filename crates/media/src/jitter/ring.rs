//! Samples by timestamp.

/// A window of samples, of which some are present.
#[derive(Debug)]
pub struct SampleRing {
    samples: Vec<i16>,
    /// A bit for each.
    present: Vec<u64>,
    /// The bits of what was last read.
    last: Vec<bool>,
}

impl SampleRing {
    /// Holds at least `capacity` samples.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.next_power_of_two().max(64);
        Self { samples: vec![0; capacity], present: vec![0; capacity / 64], last: Vec::new() }
    }

    pub fn capacity(&self) -> usize {
        self.samples.len()
    }

    pub fn clear(&mut self) {
        self.present.fill(0);
    }

    /// Keeps the part of `audio`, which begins at `begin`, that lies in the
    /// window after `play`.
    pub fn write(&mut self, play: i64, begin: i64, audio: &[i16]) {
        let window = play..play + self.capacity() as i64;
        for (&sample, time) in audio.iter().zip(begin..) {
            if window.contains(&time) {
                let place = self.place(time);
                self.samples[place] = sample;
                self.present[place / 64] |= 1 << (place % 64);
            }
        }
    }

    /// Makes everything from `begin` to before `end` silence, at most a whole window.
    pub fn fill_silence(&mut self, begin: i64, end: i64) {
        for time in begin..end.min(begin + self.capacity() as i64) {
            let place = self.place(time);
            self.samples[place] = 0;
            self.present[place / 64] |= 1 << (place % 64);
        }
    }

    /// Takes samples out; missing ones are zero. Returns how many are missing.
    pub fn read(&mut self, from: i64, out: &mut [i16]) -> usize {
        self.last.clear();
        let mut missing = 0;
        for (sample, time) in out.iter_mut().zip(from..) {
            let place = self.place(time);
            let bit = 1 << (place % 64);
            let word = &mut self.present[place / 64];
            let is_present = *word & bit != 0;
            *word &= !bit;
            *sample = if is_present { self.samples[place] } else { 0 };
            missing += usize::from(!is_present);
            self.last.push(is_present);
        }
        missing
    }

    /// Drops samples.
    pub fn skip(&mut self, from: i64, count: usize) {
        for time in (from..).take(count) {
            let place = self.place(time);
            self.present[place / 64] &= !(1 << (place % 64));
        }
    }

    /// The loudest of the samples, or nothing if any is missing.
    pub fn peak(&self, from: i64, count: usize) -> Option<i16> {
        let mut peak = 0;
        for time in (from..).take(count) {
            let place = self.place(time);
            if self.present[place / 64] & 1 << (place % 64) == 0 {
                return None;
            }
            peak = peak.max(self.samples[place].saturating_abs());
        }
        Some(peak)
    }

    /// Of the last read, from its sample `offset`: whether it was present, and
    /// for how many samples that is the same.
    pub fn run(&self, offset: usize) -> (bool, usize) {
        let rest = self.last.get(offset..).unwrap_or_default();
        let present = rest.first().copied().unwrap_or_default();
        (present, rest.iter().take_while(|&&other| other == present).count())
    }

    fn place(&self, time: i64) -> usize {
        // The capacity is a power of two.
        (time as usize) & (self.samples.len() - 1)
    }
}
