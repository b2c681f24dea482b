//! STOP, START, HELP (contract `messaging-behaviour.md` §10).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    texting::{ANN, word},
    world::{World, on_both},
};

on_both! {
    async fn stop_is_confirmed_once_and_obeyed_until_start(world) {
        let line = world.line("sms").await;
        for (keyword, again) in [("Stop", " stopall "), ("REVOKE", "optout")] {
            let before = world.bodies(ANN).await.len();
            world.hear(ANN, &line, keyword).await;
            world.hear(ANN, &line, again).await;
            assert_eq!(world.hand_over().await, 1);
            let replies = world.bodies(ANN).await.split_off(before);
            assert!(replies.len() == 1 && replies[0].contains("unsubscribed"), "{replies:?}");
            world.text(&line, ANN, "x").await.refused(403, "FORBIDDEN");
            world.hear(ANN, &line, "start").await;
            world.hear(ANN, &line, "UNSTOP").await;
            assert_eq!(world.hand_over().await, 1);
            world.text(&line, ANN, "x").await.ok();
        }
    }

    async fn every_opt_out_word_counts_and_nothing_else(world) {
        let line = world.line("sms").await;
        for (at, keyword) in
            ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"].iter().enumerate()
        {
            let phone = format!("+150055502{at:02}");
            world.hear(&phone, &line, keyword).await;
            world.text(&line, &phone, "x").await.refused(403, "FORBIDDEN");
        }
        for other in ["please stop", "stop!", "ok"] {
            world.hear(ANN, &line, other).await;
            world.text(&line, ANN, "x").await.ok();
        }
    }

    async fn an_opt_out_is_of_one_number_and_one_person(world) {
        let (one, two) = (world.line("sms").await, world.line("sms").await);
        world.hear(ANN, &one, "STOP").await;
        world.text(&one, ANN, "x").await.refused(403, "FORBIDDEN");
        world.text(&two, ANN, "x").await.ok();
        world.text(&one, "+15005550199", "x").await.ok();
    }

    async fn help_is_answered_every_time_and_replies_are_shown_and_unbilled(world) {
        let line = world.line("sms").await;
        world.hear(ANN, &line, "help").await;
        world.hear(ANN, &line, "INFO").await;
        assert_eq!(world.hand_over().await, 2);
        let messages = world.messages(&line).await;
        let directions: Vec<_> = messages.iter().map(|message| word(&message["direction"])).collect();
        assert_eq!(directions.iter().filter(|direction| *direction == "outbound").count(), 2);
        let conversations: std::collections::HashSet<_> =
            messages.iter().map(|message| word(&message["conversationId"])).collect();
        assert_eq!(conversations.len(), 1);
        for message in messages.iter().filter(|message| message["direction"] == "outbound") {
            let id = offhook_model::id::MessageId::from(word(&message["id"]));
            assert!(world.app.store().message(&world.account, &id).await.unwrap().unwrap().is_automatic);
        }
    }

    async fn keywords_are_stored_and_told_like_any_message(world) {
        let line = world.line("sms").await;
        world.listen().await;
        world.hear(ANN, &line, "STOP").await;
        assert_eq!(world.events("agent.message").await[0]["data"]["message"], "STOP");
        assert!(world.messages(&line).await.iter().any(|message| message["body"] == "STOP"));
    }

    async fn keywords_count_on_the_phone_network_only(world) {
        let line = world.line("imessage").await;
        for channel in ["imessage", "rcs"] {
            let stop = json!({"from": "+15005550110", "to": line.number, "body": "STOP", "channel": channel});
            world.hear_with(stop).await.ok();
        }
        world.text(&line, "+15005550110", "x").await.ok();
        assert_eq!(world.hand_over().await, 0);
    }

    async fn what_waits_when_stop_comes_never_leaves(world) {
        let line = world.line("sms").await;
        world.tell(ANN, json!({"outcome": "unavailable"})).await;
        let waiting = world.text(&line, ANN, "x").await.ok()["id"].clone();
        world.hear(ANN, &line, "STOP").await;
        world.tell(ANN, json!({})).await;
        world.advance(Duration::from_secs(60));
        assert_eq!(world.hand_over().await, 1);
        let bodies = world.bodies(ANN).await;
        assert!(bodies.len() == 1 && bodies[0].contains("unsubscribed"), "{bodies:?}");
        let message = world.message(&line, &waiting).await;
        assert_eq!(message["status"], "failed");
        assert!(word(&message["failureReason"]).contains("opted out"));
    }

    async fn parallel_sends_after_stop_leave_nothing(world) {
        let line = world.line("sms").await;
        world.text(&line, ANN, "first").await.ok();
        let sends = || futures::future::join_all((0..40).map(|_| world.text(&line, ANN, "racing")));
        let (racing, _) = futures::future::join(sends(), world.hear(ANN, &line, "STOP")).await;
        // Stored before the STOP or refused; never both, never neither.
        let left = racing.iter().filter(|reply| reply.status == 200).count();
        let refused = racing.iter().filter(|reply| reply.status == 403).count();
        assert_eq!(left + refused, 40);
        let bodies = world.bodies(ANN).await;
        assert_eq!(bodies.iter().filter(|body| *body == "racing").count(), left);
        for reply in sends().await {
            reply.refused(403, "FORBIDDEN");
        }
        assert_eq!(world.hand_over().await, 1, "the confirmation");
        assert_eq!(world.bodies(ANN).await.len(), left + 2);
    }
}

#[tokio::test]
async fn two_numbers_of_ours_do_not_answer_each_other_for_ever() {
    let world = World::sqlite().await;
    let (one, two) = (world.line("sms").await, world.line("sms").await);
    world.text(&one, &two.number, "HELP").await.ok();
    for _ in 0..10 {
        world.take_news().await;
        world.hand_over().await;
    }
    let bodies: Vec<Value> =
        world.messages(&one).await.iter().map(|message| message["body"].clone()).collect();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
}
