//! The queue of a line: its rate, its order (contract `errors-and-limits.md` §5).

use std::time::Duration;

use offhook_server::{Settings, settings::Messages};

use crate::{texting::ANN, world::on_both_with};

/// Two a second.
fn slowly(settings: &mut Settings) {
    settings.messages = Messages { per_minute: Some(120), ..Messages::default() };
}

on_both_with! { slowly;
async fn above_the_rate_texts_wait_and_leave_in_order(world) {
    let line = world.line("sms").await;
    let words: Vec<String> = (0..8).map(|n| format!("number {n}")).collect();
    for word in &words {
        assert_eq!(world.text(&line, ANN, word).await.ok()["status"], "sent");
    }
    let first = world.bodies(ANN).await.len();
    assert_eq!(first, 1, "the first leaves at once");
    for left in first..words.len() {
        assert!(world.bodies(ANN).await.len() <= left);
        world.advance(Duration::from_millis(500));
        world.hand_over().await;
        assert_eq!(world.bodies(ANN).await, words[..=left]);
    }
    assert_eq!(world.app.store().waiting_sends(&line.id.as_str().into()).await.unwrap(), 0);
}

async fn lines_do_not_wait_for_each_other(world) {
    let (one, two) = (world.line("sms").await, world.line("sms").await);
    world.text(&one, ANN, "one").await.ok();
    world.text(&one, ANN, "one again").await.ok();
    world.text(&two, ANN, "two").await.ok();
    assert_eq!(world.bodies(ANN).await, ["one", "two"]);
}

async fn nobody_overtakes_a_text_that_is_tried_again(world) {
    let line = world.line("sms").await;
    let other = "+15005550198";
    world.tell(ANN, serde_json::json!({"outcome": "unavailable"})).await;
    world.text(&line, ANN, "first").await.ok();
    world.advance(Duration::from_millis(600));
    world.text(&line, other, "second").await.ok();
    world.hand_over().await;
    assert!(world.bodies(other).await.is_empty());
    world.tell(ANN, serde_json::json!({})).await;
    world.advance(Duration::from_secs(10));
    assert_eq!(world.hand_over().await, 2);
    assert_eq!((world.bodies(ANN).await.len(), world.bodies(other).await.len()), (1, 1));
}

async fn other_networks_have_no_rate(world) {
    let line = world.line("imessage").await;
    for _ in 0..3 {
        world.text(&line, "+15005550110", "x").await.ok();
    }
    assert_eq!(world.bodies("+15005550110").await.len(), 3);
}
}
