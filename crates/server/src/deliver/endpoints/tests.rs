use super::*;

fn endpoint() -> Endpoint {
    Endpoint { account: "acct_1".into(), target: None }
}

fn at_second(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn endpoints(failures: u32) -> Endpoints {
    Endpoints::new(DeliverySettings {
        per_endpoint: 16,
        breaker_failures: failures,
        breaker_pause: Duration::from_secs(5),
        breaker_longest_pause: Duration::from_secs(12),
        ..DeliverySettings::default()
    })
}

/// One attempt from `second` on, which takes no time.
fn once(all: &mut Endpoints, second: i64, used: Used) -> bool {
    let place = all.take(&endpoint(), Lane::First, at_second(second)).expect("room");
    all.give_back(&endpoint(), place, used, at_second(second))
}

#[test]
fn places_are_limited_and_those_of_retries_are_others() {
    let mut all = endpoints(20);
    for _ in 0..16 {
        assert!(all.take(&endpoint(), Lane::First, at_second(0)).is_some());
    }
    assert_eq!(all.take(&endpoint(), Lane::First, at_second(0)), None);
    for _ in 0..4 {
        assert!(all.take(&endpoint(), Lane::Retry, at_second(0)).is_some());
    }
    assert_eq!(all.take(&endpoint(), Lane::Retry, at_second(0)), None);
    let other = Endpoint { target: Some("agt_1".into()), ..endpoint() };
    assert_eq!(all.room(&other, Lane::First, at_second(0)), 16);
}

#[test]
fn failures_halve_the_places_and_a_success_gives_them_back() {
    let mut all = endpoints(20);
    for (failures, room) in [(1, 8), (2, 4), (3, 2), (4, 1), (5, 1)] {
        once(&mut all, 0, Used::Failed);
        assert_eq!(all.room(&endpoint(), Lane::First, at_second(0)), room, "after {failures}");
    }
    once(&mut all, 0, Used::Answered);
    assert_eq!(all.room(&endpoint(), Lane::First, at_second(0)), 16);
    assert!(all.states.is_empty(), "nothing is left to remember");
}

#[test]
fn a_breaker_opens_probes_and_closes() {
    let mut all = endpoints(3);
    assert!(!once(&mut all, 0, Used::Failed) && !once(&mut all, 0, Used::Failed));
    assert!(once(&mut all, 0, Used::Failed), "the third opens it");
    assert_eq!((all.open(), all.next_probe()), (1, Some(at_second(5))));
    assert_eq!(all.room(&endpoint(), Lane::First, at_second(4)), 0);
    // One probe, whichever lane it comes from.
    let probe = all.take(&endpoint(), Lane::Retry, at_second(5)).expect("half open");
    assert!(probe.is_probe);
    assert_eq!(all.room(&endpoint(), Lane::First, at_second(6)), 0);
    assert!(all.give_back(&endpoint(), probe, Used::Failed, at_second(7)));
    // Twice as long, and then as long as can be.
    assert_eq!(all.next_probe(), Some(at_second(17)));
    assert!(once(&mut all, 17, Used::Failed));
    assert_eq!(all.next_probe(), Some(at_second(29)));
    once(&mut all, 29, Used::Answered);
    assert_eq!((all.open(), all.room(&endpoint(), Lane::First, at_second(29))), (0, 16));
}

#[test]
fn late_failures_do_not_lengthen_a_pause() {
    let mut all = endpoints(2);
    let places: Vec<_> =
        (0..4).map(|_| all.take(&endpoint(), Lane::First, at_second(0)).expect("room")).collect();
    for place in places {
        all.give_back(&endpoint(), place, Used::Failed, at_second(1));
    }
    assert_eq!(all.next_probe(), Some(at_second(6)));
}

#[test]
fn a_probe_that_sends_nothing_leaves_the_place_to_another() {
    let mut all = endpoints(1);
    once(&mut all, 0, Used::Failed);
    once(&mut all, 5, Used::Unused);
    assert_eq!((all.open(), all.room(&endpoint(), Lane::First, at_second(5))), (1, 1));
}

#[test]
fn another_address_begins_anew() {
    let mut all = endpoints(1);
    once(&mut all, 0, Used::Failed);
    all.forget(&endpoint());
    assert_eq!(all.room(&endpoint(), Lane::First, at_second(0)), 16);
}
