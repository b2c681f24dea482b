//! Events on their way to a session's listener.

use std::collections::VecDeque;

use offhook_media::Frame;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::MediaEvent;

/// Events kept for a listener that takes none; the oldest go first.
const MAX_PENDING: usize = 128;

/// A bounded channel that drops audio but keeps everything else.
#[derive(Debug)]
pub struct Outlet {
    sender: mpsc::Sender<MediaEvent>,
    pending: VecDeque<MediaEvent>,
}

impl Outlet {
    pub const fn new(sender: mpsc::Sender<MediaEvent>) -> Self {
        Self { sender, pending: VecDeque::new() }
    }

    /// Sends an event, or keeps it until there is room.
    pub fn control(&mut self, event: MediaEvent) {
        if let (
            Some(MediaEvent::Played { utterance: a, finished: false, .. }),
            MediaEvent::Played { utterance: b, .. },
        ) = (self.pending.back(), &event)
            && a == b
        {
            // Only the newest position matters.
            self.pending.pop_back();
        }
        if self.pending.len() >= MAX_PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(event);
        self.flush();
    }

    /// Sends 20 ms; false if they were dropped.
    pub fn audio(&mut self, frame: Frame) -> bool {
        self.flush();
        self.pending.is_empty()
            && !matches!(self.sender.try_send(MediaEvent::Audio(frame)), Err(TrySendError::Full(_)))
    }

    fn flush(&mut self) {
        while !self.pending.is_empty() {
            let Ok(permit) = self.sender.try_reserve() else { return };
            if let Some(event) = self.pending.pop_front() {
                permit.send(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use offhook_voice::line::UtteranceId;

    use super::*;

    #[test]
    fn a_full_channel_drops_audio_but_no_digit() {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut outlet = Outlet::new(sender);
        assert!(outlet.audio(Frame::SILENCE));
        assert!(outlet.audio(Frame::SILENCE));
        assert!(!outlet.audio(Frame::SILENCE));
        outlet.control(MediaEvent::Digit('5'));
        for _ in 0..2 {
            assert!(matches!(receiver.try_recv(), Ok(MediaEvent::Audio(_))));
        }
        assert!(outlet.audio(Frame::SILENCE));
        assert!(matches!(receiver.try_recv(), Ok(MediaEvent::Digit('5'))));
    }

    #[test]
    fn waiting_positions_of_an_utterance_become_one() {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut outlet = Outlet::new(sender);
        assert!(outlet.audio(Frame::SILENCE));
        for samples in [320, 1_920, 3_520] {
            outlet.control(MediaEvent::Played { utterance: UtteranceId(1), samples, finished: false });
        }
        assert!(matches!(receiver.try_recv(), Ok(MediaEvent::Audio(_))));
        outlet.flush();
        assert!(matches!(receiver.try_recv(), Ok(MediaEvent::Played { samples: 3_520, .. })));
        outlet.flush();
        assert!(receiver.try_recv().is_err());
    }
}
