//! Session timers (RFC 4028): a call whose peer vanished ends by itself.

use std::time::{Duration, Instant};

/// The interval we ask for. Source: RFC 4028 §4 recommends 1800 s.
pub const SESSION_EXPIRES: Duration = Duration::from_secs(1800);
/// The shortest interval we accept. Source: RFC 4028 §5, 90 s.
pub const MIN_SE: Duration = Duration::from_secs(90);

/// Who refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    /// Who sent the INVITE.
    Uac,
    /// Who answered it.
    Uas,
}

impl Refresher {
    fn as_str(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

/// A `Session-Expires` value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpires {
    /// How long the session lives without a refresh.
    pub interval: Duration,
    /// Who refreshes, when it is said.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads the header's value.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(';');
        let seconds: u32 = parts.next()?.trim().parse().ok()?;
        let refresher = parts.find_map(|p| {
            let (name, value) = p.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("refresher") {
                return None;
            }
            match value.trim().to_ascii_lowercase().as_str() {
                "uac" => Some(Refresher::Uac),
                "uas" => Some(Refresher::Uas),
                _ => None,
            }
        });
        Some(Self { interval: Duration::from_secs(u64::from(seconds)), refresher })
    }
}

impl std::fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.interval.as_secs())?;
        match self.refresher {
            Some(refresher) => write!(f, ";refresher={}", refresher.as_str()),
            None => Ok(()),
        }
    }
}

/// What we want of session timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerPolicy {
    /// Asked for in our INVITEs; also the longest we grant.
    pub session_expires: Duration,
    /// The shortest we accept.
    pub min_se: Duration,
}

impl Default for TimerPolicy {
    fn default() -> Self {
        Self { session_expires: SESSION_EXPIRES, min_se: MIN_SE }
    }
}

/// What a UAS does with the timer headers of an INVITE or UPDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UasDecision {
    /// No timer: the peer asked for none.
    None,
    /// Put this into the 2xx (with `Require: timer` when the UAC refreshes).
    Accept(SessionExpires),
    /// 422 with this `Min-SE`.
    TooSmall(Duration),
}

/// Decides as UAS. `supported` is whether the UAC supports timers.
#[must_use]
pub fn decide(requested: Option<SessionExpires>, supported: bool, policy: TimerPolicy) -> UasDecision {
    let Some(requested) = requested else {
        return UasDecision::None;
    };
    if requested.interval < policy.min_se {
        // A UAC without timer support cannot act on 422 (RFC 4028 §9): a
        // proxy put the header there, so the interval is raised instead.
        if supported {
            return UasDecision::TooSmall(policy.min_se);
        }
        return UasDecision::Accept(SessionExpires {
            interval: policy.min_se,
            refresher: Some(Refresher::Uas),
        });
    }
    let refresher = match requested.refresher {
        _ if !supported => Refresher::Uas,
        Some(refresher) => refresher,
        None => Refresher::Uac,
    };
    let interval = requested.interval.min(policy.session_expires.max(policy.min_se));
    UasDecision::Accept(SessionExpires { interval, refresher: Some(refresher) })
}

/// What a running timer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerAction {
    /// Nothing before this time.
    WaitUntil(Instant),
    /// Send a refresh: UPDATE, or re-INVITE with unchanged SDP.
    Refresh,
    /// No refresh came: BYE.
    Expired,
}

/// The timer of one confirmed session.
#[derive(Debug, Clone, Copy)]
pub struct SessionTimer {
    interval: Duration,
    we_refresh: bool,
    /// When we refresh; none while a refresh is on its way or it is not our duty.
    refresh_at: Option<Instant>,
    expires_at: Instant,
}

impl SessionTimer {
    /// Starts at the 2xx. `we_are` is our role in the request that set it.
    #[must_use]
    pub fn start(now: Instant, agreed: SessionExpires, we_are: Refresher) -> Self {
        let interval = agreed.interval;
        let we_refresh = agreed.refresher.unwrap_or(Refresher::Uac) == we_are;
        // A non-refresher hangs up slightly before expiry: min(32 s, a third)
        // (RFC 4028 §10).
        let early = if we_refresh { Duration::ZERO } else { (interval / 3).min(Duration::from_secs(32)) };
        Self {
            interval,
            we_refresh,
            refresh_at: we_refresh.then(|| now + interval / 2),
            expires_at: now + interval - early,
        }
    }

    /// How long the session lives without a refresh.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Whether refreshing is our duty.
    #[must_use]
    pub fn we_refresh(&self) -> bool {
        self.we_refresh
    }

    /// A refresh is on its way; it is not asked for again until it ends.
    pub fn refresh_sent(&mut self) {
        self.refresh_at = None;
    }

    /// A refresh of ours failed for now (491, 500): tries again at half of the
    /// time left.
    pub fn refresh_failed(&mut self, now: Instant) {
        self.refresh_at = Some(now + self.expires_at.saturating_duration_since(now) / 2);
    }

    /// What to do now.
    #[must_use]
    pub fn poll(&self, now: Instant) -> TimerAction {
        if now >= self.expires_at {
            return TimerAction::Expired;
        }
        match self.refresh_at {
            Some(at) if now >= at => TimerAction::Refresh,
            Some(at) => TimerAction::WaitUntil(at),
            None => TimerAction::WaitUntil(self.expires_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn se(seconds: u64, refresher: Option<Refresher>) -> SessionExpires {
        SessionExpires { interval: Duration::from_secs(seconds), refresher }
    }

    #[test]
    fn header_round_trips() {
        let value = SessionExpires::parse("1800;refresher=uas").unwrap();
        assert_eq!(value, se(1800, Some(Refresher::Uas)));
        assert_eq!(value.to_string(), "1800;refresher=uas");
        assert_eq!(SessionExpires::parse("90").unwrap().refresher, None);
        assert_eq!(SessionExpires::parse("soon"), None);
        assert_eq!(SessionExpires::parse("99999999999999"), None);
    }

    #[test]
    fn too_short_an_interval_gets_422_only_when_the_peer_can_act_on_it() {
        let policy = TimerPolicy::default();
        assert_eq!(decide(Some(se(60, None)), true, policy), UasDecision::TooSmall(MIN_SE));
        assert_eq!(
            decide(Some(se(60, None)), false, policy),
            UasDecision::Accept(se(90, Some(Refresher::Uas)))
        );
        assert_eq!(decide(None, true, policy), UasDecision::None);
    }

    #[test]
    fn the_requested_refresher_is_honoured() {
        let policy = TimerPolicy::default();
        assert_eq!(
            decide(Some(se(600, Some(Refresher::Uas))), true, policy),
            UasDecision::Accept(se(600, Some(Refresher::Uas)))
        );
        assert_eq!(
            decide(Some(se(600, None)), true, policy),
            UasDecision::Accept(se(600, Some(Refresher::Uac)))
        );
    }

    #[test]
    fn the_refresher_refreshes_at_half_and_the_other_side_expires() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut ours = SessionTimer::start(start, se(90, Some(Refresher::Uac)), Refresher::Uac);
        assert_eq!(ours.poll(start), TimerAction::WaitUntil(at(45)));
        assert_eq!(ours.poll(at(45)), TimerAction::Refresh);
        ours.refresh_sent();
        assert_eq!(ours.poll(at(50)), TimerAction::WaitUntil(at(90)));
        assert_eq!(ours.poll(at(90)), TimerAction::Expired);
        ours = SessionTimer::start(at(50), se(90, Some(Refresher::Uac)), Refresher::Uac);
        assert_eq!(ours.poll(at(60)), TimerAction::WaitUntil(at(95)));

        let theirs = SessionTimer::start(start, se(90, Some(Refresher::Uac)), Refresher::Uas);
        assert_eq!(theirs.poll(at(45)), TimerAction::WaitUntil(at(60)));
        assert_eq!(theirs.poll(at(60)), TimerAction::Expired);
    }

    #[test]
    fn a_failed_refresh_is_tried_again_before_expiry() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut timer = SessionTimer::start(start, se(100, Some(Refresher::Uac)), Refresher::Uac);
        timer.refresh_sent();
        timer.refresh_failed(at(52));
        let TimerAction::WaitUntil(next) = timer.poll(at(52)) else { panic!("{:?}", timer.poll(at(52))) };
        assert!(next > at(52) && next < at(100), "{:?}", next - start);
    }
}
