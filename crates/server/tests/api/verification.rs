//! One-time codes: sent as texts, tried, counted, forgotten.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use offhook_server::Settings;

use crate::world::{World, on_both_with};

const TO: &str = "+14155550123";

fn texting(settings: &mut Settings) {
    settings.messages.system_number = "+15005550199".parse().ok();
}

/// The code of the latest text of the platform to this phone.
fn code_at(world: &World, phone: &str) -> String {
    let landed = world.carrier.sim.texts().inbox(None, phone);
    let bodies: Vec<_> = landed.iter().map(|text| text.body.clone()).collect();
    let latest = bodies.iter().rev().find_map(|body| body.strip_prefix("Your verification code is "));
    latest.expect("a code landed")[..6].to_owned()
}

/// Sends a code; its verification and the code, read where the text arrived.
async fn sent(world: &World) -> (String, String) {
    let reply = world.post("/v1/verify/send", json!({"phone_number": TO})).await.ok();
    assert_eq!(reply["status"], "pending");
    let id = reply["verification_id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("ver_"), "{id}");
    (id, code_at(world, TO))
}

async fn check(world: &World, id: &str, code: &str) -> Value {
    world.post("/v1/verify/check", json!({"verification_id": id, "code": code})).await.ok()
}

fn said(result: &str, left: u32) -> Value {
    json!({"result": result, "attempts_remaining": left})
}

/// Another code than this one.
fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

on_both_with! { texting;
    async fn a_code_comes_as_a_text_and_works_once(world) {
        let (id, code) = sent(&world).await;
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        assert_eq!(check(&world, &id, &wrong(&code)).await, said("incorrect", 2));
        assert_eq!(check(&world, &id, &format!(" {code} ")).await, said("ok", 2));
        assert_eq!(check(&world, &id, &code).await, said("already_verified", 2));
        assert_eq!(check(&world, &id, &wrong(&code)).await, said("already_verified", 2));
    }

    async fn a_code_whose_fate_is_unknown_is_not_sent_again(world) {
        let silent = "+15005550104";
        let asked = world.post("/v1/verify/send", json!({"phone_number": silent})).await;
        asked.refused(409, "DELIVERY_UNCONFIRMED");
        world.advance(Duration::from_secs(3600));
        assert_eq!(world.hand_over().await, 0);
        assert_eq!(world.carrier.sim.texts().inbox(None, silent).len(), 1);
    }

    async fn three_wrong_codes_are_the_end(world) {
        let (id, code) = sent(&world).await;
        for left in [2, 1, 0] {
            assert_eq!(check(&world, &id, &wrong(&code)).await, said("incorrect", left));
        }
        assert_eq!(check(&world, &id, &code).await, said("exhausted", 0));
        let (next, fresh) = sent(&world).await;
        assert_ne!(next, id);
        assert_eq!(check(&world, &next, &fresh).await, said("ok", 3));
        assert_eq!(check(&world, &id, &code).await, said("exhausted", 0));
    }

    async fn a_code_works_for_ten_minutes(world) {
        let (early, code) = sent(&world).await;
        world.advance(Duration::from_secs(599));
        assert_eq!(check(&world, &early, &code).await, said("ok", 3));
        let (late, code) = sent(&world).await;
        world.advance(Duration::from_secs(600));
        assert_eq!(check(&world, &late, &code).await, said("expired", 3));
        assert_eq!(check(&world, &late, &wrong(&code)).await, said("expired", 3));
    }

    async fn parallel_wrong_codes_are_counted_one_by_one(world) {
        let (id, code) = sent(&world).await;
        let bad = wrong(&code);
        let results = join_all((0..20).map(|_| check(&world, &id, &bad))).await;
        let mut counted: Vec<_> = results
            .iter()
            .filter(|one| one["result"] == "incorrect")
            .map(|one| one["attempts_remaining"].as_u64().unwrap())
            .collect();
        counted.sort_unstable();
        assert_eq!(counted, [0, 1, 2]);
        assert_eq!(results.iter().filter(|one| **one == said("exhausted", 0)).count(), 17);
        assert_eq!(check(&world, &id, &code).await, said("exhausted", 0));
    }

    async fn of_parallel_right_codes_one_is_the_first(world) {
        let (id, code) = sent(&world).await;
        let results = join_all((0..20).map(|_| check(&world, &id, &code))).await;
        assert_eq!(results.iter().filter(|one| **one == said("ok", 3)).count(), 1);
        assert_eq!(results.iter().filter(|one| **one == said("already_verified", 3)).count(), 19);
    }

    async fn nobody_else_can_check_a_code(world) {
        let (id, code) = sent(&world).await;
        let (_, thief) = world.add_account(None).await;
        let body = json!({"verification_id": id, "code": code});
        world.call_as(&thief, "POST", "/v1/verify/check", Some(body)).await.refused(404, "NOT_FOUND");
        world.post("/v1/verify/check", json!({"verification_id": "ver_x", "code": "1"})).await
            .refused(404, "NOT_FOUND");
        assert_eq!(check(&world, &id, &code).await, said("ok", 3));
    }

    async fn only_numbers_that_may_be_texted_get_codes(world) {
        for number in ["911", "+1 988", "+19115550100", "+18002738255"] {
            world.post("/v1/verify/send", json!({"phone_number": number})).await.refused(403, "FORBIDDEN");
        }
        for number in ["4155550123", "(415) 555-0123", "bob"] {
            world.post("/v1/verify/send", json!({"phone_number": number})).await
                .fault("body.phone_number", "value_error");
        }
        world.post("/v1/verify/send", json!({})).await.fault("body.phone_number", "missing");
        let (id, _) = sent(&world).await;
        let code = |code: &str| world.post("/v1/verify/check", json!({"verification_id": id, "code": code}));
        code("").await.fault("body.code", "string_too_short");
        code(&"1".repeat(65)).await.fault("body.code", "string_too_long");
        code(&"1".repeat(64)).await.ok();
    }
}

fn prepaid(settings: &mut Settings) {
    texting(settings);
    settings.billing = true;
}

async fn left(world: &World) -> i64 {
    world.app.store().balance(&world.account).await.unwrap().unwrap().micros
}

on_both_with! { prepaid;
    async fn only_the_first_right_code_is_paid(world) {
        let to = || world.post("/v1/verify/send", json!({"phone_number": TO}));
        to().await.refused(402, "INSUFFICIENT_BALANCE");
        assert!(world.carrier.sim.texts().inbox(None, TO).is_empty());
        world.app.store().credit(&world.account, 50_000, "test", world.app.now()).await.unwrap();
        let (id, code) = sent(&world).await;
        let (late, other) = sent(&world).await;
        assert_eq!(check(&world, &id, &wrong(&code)).await, said("incorrect", 2));
        assert_eq!(left(&world).await, 50_000);
        join_all((0..5).map(|_| check(&world, &id, &code))).await;
        assert_eq!(left(&world).await, 0);
        // Its text was sent: it is owed, not refused.
        assert_eq!(check(&world, &late, &other).await, said("ok", 3));
        assert_eq!(left(&world).await, -50_000);
    }
}

#[tokio::test]
async fn a_carrier_without_a_sender_leaves_no_verification() {
    let world = World::sqlite().await;
    world.post("/v1/verify/send", json!({"phone_number": TO})).await.refused(400, "BAD_REQUEST");
}
