//! Lets an [`Actor`] play on a SIP leg.

use std::time::Duration;

use offhook_engine::leg::{Leg, LegControl, LegEnd, LegEvent};

use crate::{
    actor::{Actor, Deed, Lines},
    record::{CallRecord, Outcome},
    script::Script,
};

/// Plays a script on a leg that was dialled or is about to be answered, from
/// its answer to its end; keeps the first `keep` of what is heard.
///
/// A transfer asked of this party (REFER) is refused, as most phones do, so
/// that whoever asked must bridge.
pub async fn perform(mut leg: Leg, script: &Script, lines: Lines, keep: Duration) -> CallRecord {
    let mut actor = Actor::new(script, lines, keep);
    let control = leg.control();
    let mut is_answered = false;
    let mut media_timed_out = false;
    let end = loop {
        match leg.next().await {
            LegEvent::Answered => is_answered = true,
            LegEvent::Audio(frame) if is_answered && !actor.is_over() => {
                for deed in actor.hear(&frame) {
                    obey(&control, deed);
                }
            }
            LegEvent::Digit(key) => actor.digit(key),
            LegEvent::Played { utterance, finished: true, .. } => actor.played(utterance),
            LegEvent::DigitsSent => actor.digits_sent(),
            LegEvent::MediaTimeout => {
                media_timed_out = true;
                leg.hang_up();
            }
            LegEvent::Ended(end) => break end,
            _ => {}
        }
    };
    if !is_answered {
        let (status, reason) = unanswered(&end);
        return CallRecord::unanswered(status, reason);
    }
    let outcome = match end {
        _ if media_timed_out => Outcome::MediaTimedOut,
        LegEnd::LocalHangup => Outcome::WeHungUp,
        _ => Outcome::TheyHungUp,
    };
    actor.into_record(outcome)
}

fn obey(control: &LegControl, deed: Deed) {
    match deed {
        Deed::Play(utterance, samples) => {
            // The actor keeps 100 ms ahead of a line that takes four seconds.
            let _taken = control.play(utterance, samples);
        }
        Deed::Finish(utterance) => control.finish(utterance),
        Deed::Flush => control.flush(),
        Deed::Press(keys) => {
            if let Err(error) = control.send_digits(&keys) {
                tracing::warn!(%error, "a scripted party cannot press its keys");
            }
        }
        Deed::HangUp => control.hang_up(),
    }
}

/// Status and words of a call that was never answered.
fn unanswered(end: &LegEnd) -> (Option<u16>, String) {
    match end {
        LegEnd::Refused(status) => (Some(*status), format!("refused with {status}")),
        LegEnd::Rejected(status) => (Some(*status), format!("we refused with {status}")),
        LegEnd::RingTimeout => (None, "nobody answered".to_owned()),
        LegEnd::Cancelled => (Some(487), "the caller gave up".to_owned()),
        LegEnd::PeerHangup => (None, "the other hung up".to_owned()),
        LegEnd::LocalHangup => (None, "we gave up".to_owned()),
        LegEnd::Lost => (None, "the other vanished".to_owned()),
        LegEnd::Fault(reason) => (None, reason.clone()),
    }
}
