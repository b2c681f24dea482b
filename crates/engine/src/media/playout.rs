//! The agent's audio on its way out.

use std::collections::VecDeque;

use offhook_media::Frame;
use offhook_voice::line::UtteranceId;

/// Frames between two positions reported: 100 ms.
const REPORT_FRAMES: u32 = 5;
/// Utterances that may wait; more would each be shorter than a syllable.
const MAX_UTTERANCES: usize = 64;

/// Samples in which dropped audio dies away: 5 ms. Cut at once it would click.
const FADE: usize = 80;

/// A position to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub utterance: UtteranceId,
    pub samples: u64,
    pub finished: bool,
}

/// The utterances waiting, in order.
#[derive(Debug, Default)]
pub struct Playout {
    queue: VecDeque<Utterance>,
    /// Audio up to this utterance is stale.
    stale: Option<UtteranceId>,
    /// How the audio that was dropped last dies away.
    fade: Option<[i16; FADE]>,
}

#[derive(Debug)]
struct Utterance {
    id: UtteranceId,
    pieces: VecDeque<Vec<i16>>,
    /// Samples of the first piece that were played.
    offset: usize,
    played: u64,
    reported: Option<u64>,
    frames: u32,
    is_finished: bool,
}

impl Playout {
    /// Appends audio; false if it is stale and was dropped.
    pub fn play(&mut self, id: UtteranceId, samples: Vec<i16>) -> bool {
        match self.utterance(id) {
            Some(utterance) if !utterance.is_finished => {
                utterance.pieces.push_back(samples);
                true
            }
            _ => false,
        }
    }

    /// Marks the end of an utterance.
    pub fn finish(&mut self, id: UtteranceId) {
        if let Some(utterance) = self.utterance(id) {
            utterance.is_finished = true;
        }
    }

    /// Drops everything; returns how many samples.
    pub fn flush(&mut self, report: &mut impl FnMut(Position)) -> usize {
        let mut dropped = 0;
        self.fade =
            self.queue.front().filter(|playing| playing.played > 0).map(Utterance::fade).or(self.fade);
        for utterance in self.queue.drain(..) {
            dropped += utterance.waiting();
            self.stale = self.stale.max(Some(utterance.id));
            report(utterance.position(false));
        }
        dropped
    }

    /// Fills a frame, which must be silent, from its beginning; returns how
    /// many samples came.
    pub fn next(&mut self, frame: &mut Frame, report: &mut impl FnMut(Position)) -> usize {
        let mut filled = 0;
        while let Some(first) = self.queue.front_mut() {
            filled += first.take(&mut frame.0[filled..]);
            let is_full = filled == frame.0.len();
            if is_full && !(first.is_finished && first.is_empty()) {
                first.report_sometimes(report);
                break;
            }
            if !self.retire_first(report) || is_full {
                break;
            }
        }
        if let Some(fade) = self.fade.take() {
            frame.0.iter_mut().zip(fade).for_each(|(sample, last)| *sample = sample.saturating_add(last));
        }
        filled
    }

    /// Ends utterances without audio left, also while nothing may be sent.
    pub fn retire(&mut self, report: &mut impl FnMut(Position)) {
        while self.queue.front().is_some_and(Utterance::is_empty) && self.retire_first(report) {}
    }

    /// Ends the first utterance, which is empty, if it is finished or a newer
    /// one has begun.
    fn retire_first(&mut self, report: &mut impl FnMut(Position)) -> bool {
        let more = self.queue.len() > 1;
        let Some(first) = self.queue.front_mut() else { return false };
        if !first.is_finished && !more {
            // It ran dry; the reader learns how far it came.
            first.report_change(report);
            return false;
        }
        report(first.position(first.is_finished));
        self.stale = self.stale.max(Some(first.id));
        self.queue.pop_front();
        true
    }

    /// The utterance of that number, begun if it is new.
    fn utterance(&mut self, id: UtteranceId) -> Option<&mut Utterance> {
        if self.stale.is_some_and(|stale| id <= stale) {
            return None;
        }
        let newest = self.queue.back().map(|utterance| utterance.id);
        if newest.is_none_or(|newest| newest < id) && self.queue.len() < MAX_UTTERANCES {
            self.queue.push_back(Utterance {
                id,
                pieces: VecDeque::new(),
                offset: 0,
                played: 0,
                reported: None,
                frames: 0,
                is_finished: false,
            });
        }
        self.queue.iter_mut().rev().find(|utterance| utterance.id == id)
    }
}

impl Utterance {
    fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    fn waiting(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum::<usize>() - self.offset
    }

    fn take(&mut self, into: &mut [i16]) -> usize {
        let mut filled = 0;
        while let Some(piece) = self.pieces.front()
            && filled < into.len()
        {
            let count = (piece.len() - self.offset).min(into.len() - filled);
            into[filled..filled + count].copy_from_slice(&piece[self.offset..self.offset + count]);
            filled += count;
            self.offset += count;
            if self.offset == piece.len() {
                self.pieces.pop_front();
                self.offset = 0;
            }
        }
        self.played += filled as u64;
        filled
    }

    /// The next samples, dying away; they stay in the queue.
    fn fade(&self) -> [i16; FADE] {
        let mut next = [0; FADE];
        let waiting = self.pieces.iter().flatten().skip(self.offset);
        for (at, (sample, waiting)) in next.iter_mut().zip(waiting).enumerate() {
            let faded = i32::from(*waiting) * (FADE - at) as i32 / (FADE as i32 + 1);
            *sample = i16::try_from(faded).unwrap_or(0);
        }
        next
    }

    /// Called for every full frame of it.
    fn report_sometimes(&mut self, report: &mut impl FnMut(Position)) {
        if self.frames.is_multiple_of(REPORT_FRAMES) {
            self.report_change(report);
        }
        self.frames += 1;
    }

    fn report_change(&mut self, report: &mut impl FnMut(Position)) {
        if self.reported.unwrap_or(0) != self.played {
            self.reported = Some(self.played);
            report(self.position(false));
        }
    }

    const fn position(&self, finished: bool) -> Position {
        Position { utterance: self.id, samples: self.played, finished }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: UtteranceId = UtteranceId(1);
    const B: UtteranceId = UtteranceId(2);

    fn run(playout: &mut Playout, frames: usize) -> (Vec<i16>, Vec<(u64, u64, bool)>) {
        let (mut audio, mut positions) = (Vec::new(), Vec::new());
        for _ in 0..frames {
            let mut frame = Frame::SILENCE;
            let filled =
                playout.next(&mut frame, &mut |p| positions.push((p.utterance.0, p.samples, p.finished)));
            audio.extend_from_slice(&frame.0[..filled]);
        }
        (audio, positions)
    }

    #[test]
    fn positions_come_at_the_first_frame_then_every_100_ms_then_at_the_end() {
        let mut playout = Playout::default();
        assert!(playout.play(A, vec![1; 3_000]));
        playout.finish(A);
        let (audio, positions) = run(&mut playout, 12);
        assert_eq!(audio, vec![1; 3_000]);
        assert_eq!(positions, [(1, 320, false), (1, 1_920, false), (1, 3_000, true)]);
    }

    #[test]
    fn utterances_follow_without_a_gap() {
        let mut playout = Playout::default();
        assert!(playout.play(A, vec![1; 100]));
        playout.finish(A);
        assert!(playout.play(B, vec![2; 220]));
        playout.finish(B);
        let (audio, positions) = run(&mut playout, 1);
        assert_eq!(audio, [vec![1; 100], vec![2; 220]].concat());
        assert_eq!(positions, [(1, 100, true), (2, 220, true)]);
    }

    #[test]
    fn a_flush_tells_how_far_it_came_and_makes_the_rest_stale() {
        let mut playout = Playout::default();
        assert!(playout.play(A, vec![1; 1_000]));
        run(&mut playout, 2);
        let mut positions = Vec::new();
        assert_eq!(playout.flush(&mut |p| positions.push(p)), 360);
        assert_eq!(positions, [Position { utterance: A, samples: 640, finished: false }]);
        assert!(!playout.play(A, vec![1; 100]));
        assert!(playout.play(B, vec![2; 100]));
        assert_eq!(run(&mut playout, 1).0, vec![2; 100]);
    }

    #[test]
    fn dropped_audio_dies_away_instead_of_clicking() {
        let mut playout = Playout::default();
        assert!(playout.play(A, vec![8_000; 1_000]));
        run(&mut playout, 1);
        playout.flush(&mut |_| {});
        let mut frame = Frame::SILENCE;
        assert_eq!(playout.next(&mut frame, &mut |_| {}), 0);
        assert!(frame.0[0] > 7_800 && frame.0[FADE..].iter().all(|&s| s == 0));
        assert!(frame.0.windows(2).all(|pair| (pair[0] - pair[1]).abs() <= 110));
    }

    #[test]
    fn audio_never_begun_is_dropped_whole() {
        let mut playout = Playout::default();
        assert!(playout.play(A, vec![8_000; 1_000]));
        playout.flush(&mut |_| {});
        let mut frame = Frame::SILENCE;
        playout.next(&mut frame, &mut |_| {});
        assert_eq!(frame.0, [0; 320]);
    }

    #[test]
    fn an_utterance_that_ran_dry_goes_on_later() {
        let mut playout = Playout::default();
        assert!(playout.play(A, vec![1; 400]));
        let (_, positions) = run(&mut playout, 5);
        assert_eq!(positions, [(1, 320, false), (1, 400, false)]);
        assert!(playout.play(A, vec![1; 400]));
        playout.finish(A);
        assert_eq!(run(&mut playout, 3).1.last(), Some(&(1, 800, true)));
    }

    #[test]
    fn finishing_without_audio_is_reported_at_once() {
        let mut playout = Playout::default();
        playout.finish(A);
        let mut positions = Vec::new();
        playout.retire(&mut |p| positions.push(p));
        assert_eq!(positions, [Position { utterance: A, samples: 0, finished: true }]);
    }
}
