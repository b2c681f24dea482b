//! Between SIP status codes and the reasons a call ends with.

use offhook_model::call::EndReason;

/// Why an outbound call failed, from the final status of its INVITE.
///
/// `cancelled` is whether we sent CANCEL: a 487 is then our own ring timeout.
#[must_use]
pub fn end_reason(status: u16, cancelled: bool) -> EndReason {
    match status {
        486 | 600 => EndReason::DialBusy,
        408 | 480 => EndReason::DialNoAnswer,
        487 if cancelled => EndReason::DialNoAnswer,
        _ => EndReason::DialFailed,
    }
}

/// The status that tells a caller why we end their call before its answer.
#[must_use]
pub fn status(reason: EndReason) -> u16 {
    match reason {
        EndReason::DialBusy => 486,
        EndReason::DialNoAnswer => 480,
        EndReason::Shutdown | EndReason::ConcurrencyLimitReached => 503,
        EndReason::Error | EndReason::NodeLost => 500,
        EndReason::DialFailed | EndReason::NoValidPayment => 480,
        _ => 603,
    }
}

/// Whether another target is worth trying after this status: 6xx speaks for
/// every branch (RFC 3261 §21.6), and who is busy at one target is busy.
#[must_use]
pub fn may_try_next(status: u16) -> bool {
    !(matches!(status, 486 | 487) || (600..700).contains(&status))
}

/// The words of a `Reason` header (RFC 3326) for a BYE of ours, where the
/// peer could not guess it; none for a plain hang-up.
#[must_use]
pub fn reason_header(reason: EndReason) -> Option<&'static str> {
    match reason {
        EndReason::MediaTimeout => Some("SIP;cause=200;text=\"RTP timeout\""),
        EndReason::MaxDurationReached => Some("SIP;cause=200;text=\"Maximum duration reached\""),
        EndReason::Shutdown => Some("SIP;cause=200;text=\"Server shutting down\""),
        EndReason::Error => Some("SIP;cause=500;text=\"Internal error\""),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_and_no_answer_have_their_own_reasons() {
        assert_eq!(end_reason(486, false), EndReason::DialBusy);
        assert_eq!(end_reason(600, false), EndReason::DialBusy);
        assert_eq!(end_reason(480, false), EndReason::DialNoAnswer);
        assert_eq!(end_reason(487, true), EndReason::DialNoAnswer);
        assert_eq!(end_reason(404, false), EndReason::DialFailed);
        assert_eq!(end_reason(603, false), EndReason::DialFailed);
    }

    #[test]
    fn a_decline_speaks_for_all_targets_and_a_503_does_not() {
        assert!(!may_try_next(603));
        assert!(!may_try_next(486));
        assert!(may_try_next(503));
        assert!(may_try_next(404));
    }
}
