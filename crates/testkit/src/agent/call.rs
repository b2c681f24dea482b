//! One call of a test phone.

use std::{ops::Range, time::Duration};

use offhook_engine::leg::{Leg, LegControl, LegEnd, LegEvent};
use offhook_media::frame::{FRAME_SAMPLES, RATE};
use offhook_voice::line::UtteranceId;
use tokio::time::{Instant, timeout_at};

use crate::judge::{activity, correlation::rms};

/// Samples kept ahead of the line while speaking.
const LEAD: usize = 10 * FRAME_SAMPLES;

/// A call that remembers all it hears: sample `n` of [`heard`](Self::heard) was
/// heard `n / 16 000` seconds after the first audio.
#[derive(Debug)]
pub struct PhoneCall {
    leg: Leg,
    heard: Vec<i16>,
    loud_until: usize,
    digits: String,
    holds: Vec<bool>,
    hold_done: Option<bool>,
    is_answered: bool,
    has_rung: bool,
    end: Option<LegEnd>,
    next_utterance: u64,
    finished: Option<UtteranceId>,
    digits_sent: bool,
    said: Vec<Range<usize>>,
}

impl PhoneCall {
    /// Follows a leg.
    #[must_use]
    pub fn new(leg: Leg) -> Self {
        Self {
            leg,
            heard: Vec::new(),
            loud_until: 0,
            digits: String::new(),
            holds: Vec::new(),
            hold_done: None,
            is_answered: false,
            has_rung: false,
            end: None,
            next_utterance: 1,
            finished: None,
            digits_sent: false,
            said: Vec::new(),
        }
    }

    /// The leg's control: hold, transfer, flush and the rest.
    #[must_use]
    pub fn control(&self) -> LegControl {
        self.leg.control()
    }

    /// All audio heard so far, 16 kHz.
    #[must_use]
    pub fn heard(&self) -> &[i16] {
        &self.heard
    }

    /// Keys the other side pressed.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// Each time the other side put us on hold (true) or came back.
    #[must_use]
    pub fn holds(&self) -> &[bool] {
        &self.holds
    }

    /// What we said, as stretches of the same clock as [`heard`](Self::heard).
    #[must_use]
    pub fn said(&self) -> &[Range<usize>] {
        &self.said
    }

    /// Whether it rang (180).
    #[must_use]
    pub fn has_rung(&self) -> bool {
        self.has_rung
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn end(&self) -> Option<&LegEnd> {
        self.end.as_ref()
    }

    /// Waits for the answer; false when it ended or `patience` ran out before.
    pub async fn answered(&mut self, patience: Duration) -> bool {
        self.until(patience, |call| call.is_answered || call.end.is_some()).await;
        self.is_answered && self.end.is_none()
    }

    /// Waits for the end; none when `patience` ran out before.
    pub async fn ended(&mut self, patience: Duration) -> Option<LegEnd> {
        self.until(patience, |call| call.end.is_some()).await;
        self.end.clone()
    }

    /// Listens for a time.
    pub async fn listen(&mut self, time: Duration) {
        self.until(time, |call| call.end.is_some()).await;
    }

    /// Listens until `what` holds, or the call is over, or `patience` runs
    /// out; whether it holds.
    pub async fn until(&mut self, patience: Duration, what: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + patience;
        while !what(self) {
            if self.end.is_some() {
                return false;
            }
            match timeout_at(deadline, self.leg.next()).await {
                Ok(event) => self.take(event),
                Err(_) => return what(self),
            }
        }
        true
    }

    /// Listens until the other has spoken and then been silent for `pause`;
    /// returns what was heard since the call of this method.
    pub async fn listen_to_turn(&mut self, pause: Duration, patience: Duration) -> Vec<i16> {
        let start = self.heard.len();
        let pause = (pause.as_secs_f64() * f64::from(RATE)) as usize;
        self.until(patience, |call| call.loud_until > start && call.heard.len() >= call.loud_until + pause)
            .await;
        self.heard[start..].to_vec()
    }

    /// Says 16 kHz audio, listening meanwhile; returns when the last sample has
    /// left, or the call is over.
    pub async fn say(&mut self, samples: &[i16]) {
        let utterance = UtteranceId(self.next_utterance);
        self.next_utterance += 1;
        let begin = self.heard.len();
        let mut sent = 0;
        while self.end.is_none() && self.finished != Some(utterance) {
            let due = (self.heard.len() - begin + LEAD).min(samples.len());
            if due > sent {
                self.leg.play(utterance, samples[sent..due].to_vec());
                sent = due;
                if sent == samples.len() {
                    self.leg.finish(utterance);
                }
            }
            let event = self.leg.next().await;
            self.take(event);
        }
        self.said.push(begin..self.heard.len());
    }

    /// Presses keys and waits until they are sent.
    pub async fn press(&mut self, keys: &str) -> bool {
        self.digits_sent = false;
        if self.leg.send_digits(keys).is_err() {
            return false;
        }
        self.until(Duration::from_secs(30), |call| call.digits_sent).await
    }

    /// Puts the other side on hold, or takes it back; whether that came about.
    pub async fn hold(&mut self, hold: bool) -> bool {
        self.hold_done = None;
        self.leg.hold(hold);
        self.until(Duration::from_secs(10), |call| call.hold_done.is_some()).await;
        self.hold_done == Some(hold)
    }

    /// Hangs up and waits for the end.
    pub async fn hang_up(&mut self) -> Option<LegEnd> {
        self.leg.hang_up();
        self.ended(Duration::from_secs(10)).await
    }

    fn take(&mut self, event: LegEvent) {
        match event {
            LegEvent::Audio(frame) => {
                self.heard.extend_from_slice(&frame.0);
                if rms(&frame.0) > activity::SILENCE {
                    self.loud_until = self.heard.len();
                }
            }
            LegEvent::Answered => self.is_answered = true,
            LegEvent::Ringing => self.has_rung = true,
            LegEvent::Digit(key) => self.digits.push(key),
            LegEvent::Played { utterance, finished: true, .. } => self.finished = Some(utterance),
            LegEvent::DigitsSent => self.digits_sent = true,
            LegEvent::HeldByPeer(held) => self.holds.push(held),
            LegEvent::Held(held) => self.hold_done = Some(held),
            LegEvent::Ended(end) => self.end = Some(end),
            _ => {}
        }
    }
}
