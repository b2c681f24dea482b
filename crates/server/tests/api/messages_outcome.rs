//! What becomes of messages: statuses, refusals, unknown outcomes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    texting::{ANN, word},
    world::on_both,
};

on_both! {
    async fn statuses_follow_the_network(world) {
        let line = world.line("imessage").await;
        for (to, status, channel) in [
            (ANN, "delivered", json!("sms")),
            ("+15005550110", "read", json!("imessage")),
            ("+15005550119", "delivered", json!("sms")),
            ("+15005550108", "sent", Value::Null),
        ] {
            let sent = world.text(&line, to, "x").await.ok();
            world.take_news().await;
            let id = offhook_model::id::MessageId::from(word(&sent["id"]));
            let stored = world.app.store().message(&world.account, &id).await.unwrap().unwrap();
            assert_eq!(stored.status.as_str(), status, "{to}");
            assert_eq!(stored.delivered_at.is_some(), !channel.is_null());
            assert_eq!(stored.read_at.is_some(), status == "read");
            assert_eq!(json!(stored.delivered_channel), channel);
        }
    }

    async fn a_late_failure_never_changes_the_earlier_200(world) {
        let line = world.line("sms").await;
        let sent = world.text(&line, "+15005550102", "x").await.ok();
        assert_eq!(sent["status"], "sent");
        world.take_news().await;
        let message = world.message(&line, &sent["id"]).await;
        assert_eq!((&message["status"], &message["errorCode"]), (&json!("failed"), &json!("30003")));
        assert!(word(&message["failureReason"]).contains("could not be reached"));
        assert!(world.inbox("+15005550102").await.is_empty());
    }

    async fn reports_never_move_a_status_backwards(world) {
        let line = world.line("sms").await;
        world.tell(ANN, json!({"outcome": "silent"})).await;
        let id = world.text(&line, ANN, "x").await.ok()["id"].clone();
        let report = async |status: &str| {
            let body = json!({"messageId": id, "status": status, "errorCode": "30007"});
            let taken = world.post("/offhook/v1/sim/receipts", body).await.ok()["outcome"].clone();
            (taken, world.message(&line, &id).await["status"].clone())
        };
        for (told, taken, status) in [
            ("sent", "known", "sent"),
            ("delivered", "stored", "delivered"),
            ("sent", "known", "delivered"),
            ("failed", "known", "delivered"),
            ("read", "stored", "read"),
            ("delivered", "known", "read"),
        ] {
            assert_eq!(report(told).await, (json!(taken), json!(status)), "{told}");
        }
        assert_eq!(world.message(&line, &id).await["errorCode"], Value::Null);
    }

    async fn a_refusal_is_a_502_and_a_failed_row(world) {
        let line = world.line("sms").await;
        let detail = world.text(&line, "+15005550103", "x").await.refused(502, "CARRIER_ERROR");
        assert!(detail.contains("30006"), "{detail}");
        let message = &world.messages(&line).await[0];
        assert_eq!((&message["status"], &message["errorCode"]), (&json!("failed"), &json!("30006")));
        assert_eq!(world.hand_over().await, 0);
    }

    async fn an_unknown_outcome_is_a_409_and_never_sent_again(world) {
        let line = world.line("sms").await;
        world.text(&line, "+15005550104", "once").await.refused(409, "DELIVERY_UNCONFIRMED");
        world.advance(Duration::from_secs(3600));
        assert_eq!(world.hand_over().await, 0);
        assert_eq!(world.bodies("+15005550104").await, ["once"]);
        let message = world.messages(&line).await[0].clone();
        assert_eq!((&message["status"], &message["errorCode"]), (&json!("sent"), &json!("DELIVERY_UNCONFIRMED")));
        // The network finds its voice again.
        let report = json!({"messageId": message["id"], "status": "delivered"});
        world.post("/offhook/v1/sim/receipts", report).await.ok();
        let message = world.message(&line, &message["id"]).await;
        assert_eq!((&message["status"], &message["errorCode"]), (&json!("delivered"), &Value::Null));
    }

    async fn a_client_that_asks_again_under_its_key_sends_nothing_twice(world) {
        let line = world.line("sms").await;
        for (to, status, sent) in [("+15005550104", 409_u16, 1_usize), (ANN, 200, 1), ("+15005550103", 502, 0)] {
            let body = json!({"number_id": line.id, "to_number": to, "body": "once"}).to_string();
            let ask = async || {
                let request = http::Request::post("/v1/messages")
                    .header("authorization", format!("Bearer {}", world.key))
                    .header("idempotency-key", to);
                world.send(request.body(axum::body::Body::from(body.clone())).unwrap()).await
            };
            let first = ask().await;
            assert_eq!(first.status, status);
            for _ in 0..3 {
                let again = ask().await;
                assert_eq!((again.status, &again.body), (first.status, &first.body));
            }
            assert_eq!(world.inbox(to).await.len(), sent, "{to}");
        }
        assert_eq!(world.messages(&line).await.len(), 3);
    }

    async fn what_a_dead_process_was_handing_over_is_never_sent_again(world) {
        let line = world.line("sms").await;
        world.tell(ANN, json!({"outcome": "unavailable"})).await;
        world.text(&line, ANN, "crash").await.ok();
        world.advance(Duration::from_secs(5));
        // A process claims it, and dies before or after it left: nobody knows.
        let now = world.app.now();
        let claimed =
            world.app.store().claim_sends("dead", now, Duration::from_secs(60), 10).await.unwrap();
        assert_eq!(claimed.len(), 1);
        world.tell(ANN, json!({})).await;
        assert_eq!(world.hand_over().await, 0);
        world.advance(Duration::from_secs(61));
        assert_eq!(world.hand_over().await, 0);
        assert_eq!(world.bodies(ANN).await, Vec::<String>::new());
        assert_eq!(world.messages(&line).await[0]["errorCode"], "DELIVERY_UNCONFIRMED");
        // Only that one: the line goes on.
        world.text(&line, ANN, "next").await.ok();
        assert_eq!(world.bodies(ANN).await, ["next"]);
    }

    async fn a_message_waits_for_an_absent_carrier_and_leaves_once(world) {
        let line = world.line("sms").await;
        world.tell(ANN, json!({"outcome": "unavailable"})).await;
        let sent = world.text(&line, ANN, "patience").await.ok();
        assert_eq!((&sent["status"], &world.messages(&line).await[0]["status"]), (&json!("sent"), &json!("queued")));
        assert_eq!(world.hand_over().await, 0);
        world.advance(Duration::from_secs(5));
        assert_eq!(world.hand_over().await, 1);
        world.tell(ANN, json!({})).await;
        world.advance(Duration::from_secs(10));
        assert_eq!(world.hand_over().await, 1);
        assert_eq!(world.bodies(ANN).await, ["patience"]);
        assert_eq!(world.messages(&line).await[0]["status"], "sent");
    }

    async fn a_report_that_overtakes_the_answer_counts(world) {
        let line = world.line("sms").await;
        let id = world.text(&line, ANN, "x").await.ok()["id"].clone();
        let id = offhook_model::id::MessageId::from(word(&id));
        world.take_news().await;
        // The same hand-over's answer, written down only now.
        let claim = offhook_store::SendClaim {
            message_id: id.clone(),
            owner: "late".to_owned(),
            until: world.app.now(),
        };
        let accepted = offhook_store::SendOutcome::Accepted { carrier_id: "other".to_owned(), group: None };
        world.app.store().settle_send(&claim, accepted).await.unwrap();
        let stored = world.app.store().message(&world.account, &id).await.unwrap().unwrap();
        assert_eq!(stored.status.as_str(), "delivered");
        assert_ne!(stored.carrier_id.as_deref(), Some("other"));
    }
}
