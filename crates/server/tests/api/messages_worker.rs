//! The workers of a running server: what waits leaves, what is told arrives.

use std::time::Duration;

use offhook_server::{
    Settings,
    messaging::{inbound, queue},
    settings::Messages,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{texting::ANN, world::on_both_with};

/// Fifty a second.
fn briskly(settings: &mut Settings) {
    settings.messages = Messages { per_minute: Some(3000), ..Messages::default() };
}

on_both_with! { briskly;
    async fn what_waits_leaves_in_order_and_reports_arrive_by_themselves(world) {
        let stop = CancellationToken::new();
        let workers = [
            tokio::spawn(queue::run(world.app.clone(), stop.clone())),
            tokio::spawn(inbound::run(world.app.clone(), stop.clone())),
        ];
        let line = world.line("sms").await;
        let words: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        for word in &words {
            world.text(&line, ANN, word).await.ok();
        }
        world.hear(ANN, &line, "STOP").await;
        let waited = async {
            loop {
                let messages = world.messages(&line).await;
                let is_over = |message: &serde_json::Value| {
                    ["delivered", "failed", "received"].contains(&message["status"].as_str().unwrap())
                };
                if messages.len() == 12 && messages.iter().all(is_over) {
                    return;
                }
                world.advance(Duration::from_millis(20));
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waited).await.unwrap();
        stop.cancel();
        for worker in workers {
            worker.await.unwrap();
        }
        let bodies = world.bodies(ANN).await;
        let (replies, texts): (Vec<_>, Vec<_>) = bodies.into_iter().partition(|body| body.contains("unsubscribed"));
        assert_eq!(replies.len(), 1);
        assert_eq!(texts, words[..texts.len()], "in order, without a gap");
        let failed = world.messages(&line).await.iter().filter(|message| message["status"] == json!("failed")).count();
        assert_eq!(failed + texts.len(), words.len());
    }
}
