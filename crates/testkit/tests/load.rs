//! The light callers are real enough for an endpoint of the engine.

use std::time::Duration;

use offhook_testkit::{agent::UserAgent, load::Load};

#[tokio::test]
async fn light_callers_are_answered_stream_both_ways_and_hang_up() {
    const CALLS: usize = 10;
    let mut server = UserAgent::start().await.unwrap();
    let endpoint = server.endpoint().clone();
    let address = server.address();
    let answering = tokio::spawn(async move {
        let mut legs = tokio::task::JoinSet::new();
        for _ in 0..CALLS {
            let mut call = server.answer(Duration::from_secs(10)).await.unwrap();
            legs.spawn(async move {
                let end = call.ended(Duration::from_secs(20)).await;
                (end, call.heard().len())
            });
        }
        (legs.join_all().await, server)
    });
    let load = Load::start(address, "+14155550100", CALLS, 50.0, vec![0x2A; 1600]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let stats = load.hang_up().await;
    assert_eq!((stats.answered, stats.refused), (CALLS, 0));
    assert!(stats.sent >= 400 && stats.received >= 300, "{stats:?}");
    let (ends, _server) = answering.await.unwrap();
    for (end, heard) in ends {
        assert_eq!(end, Some(offhook_engine::leg::LegEnd::PeerHangup));
        assert!(heard > 8000, "{heard}");
    }
    assert_eq!(endpoint.active_calls(), 0);
}
