//! Who may send at all: registration, balance, and the platform's own texts.

use std::time::Duration;

use offhook_model::registration::CampaignStatus;
use offhook_server::{Settings, messaging::system};
use serde_json::json;

use crate::{
    registration::form,
    texting::ANN,
    world::{World, on_both_with},
};

const CENT: i64 = 10_000;

fn registered(settings: &mut Settings) {
    settings.registration.required = true;
    settings.registration.propagation = Duration::from_secs(60);
}

fn paid(settings: &mut Settings) {
    settings.billing = true;
    settings.prices.number_month = 0;
}

fn with_a_system_number(settings: &mut Settings) {
    settings.messages.system_number = "+15005550199".parse().ok();
}

on_both_with! { registered;
    async fn unregistered_us_numbers_text_nobody_and_say_where_to_register(world) {
        let line = world.line("sms").await;
        let detail = world.text(&line, ANN, "x").await.refused(403, "FORBIDDEN");
        assert!(detail.contains("http://127.0.0.1:8080/v1/register"), "{detail}");
        world.hear(ANN, &line, "inbound is free").await;
        world.post("/v1/register", form(json!({"create_sub_account": false}))).await.ok();
        let id = world.app.store().registration(&world.account).await.unwrap().unwrap().id;
        let now = world.app.now();
        world.app.store().decide_registration(&id, CampaignStatus::Approved, None, now).await.unwrap();
        world.text(&line, ANN, "x").await.refused(403, "FORBIDDEN");
        world.advance(Duration::from_secs(60));
        world.text(&line, ANN, "x").await.ok();
    }

    async fn imessage_waits_for_no_registration(world) {
        let line = world.line("imessage").await;
        world.text(&line, "+15005550110", "x").await.ok();
    }

    async fn an_imessage_line_counts_the_strangers_it_wrote_to_today(world) {
        let line = world.line("imessage").await;
        let used = async || world.get("/v1/numbers").await.ok()["data"][0]["dailyNewContacts"]["used"].clone();
        assert_eq!(used().await, 0);
        // Who wrote first is no stranger, and the second text is to nobody new.
        world.hear(ANN, &line, "Hello?").await;
        for to in [ANN, "+15005550110", "+15005550110"] {
            world.text(&line, to, "x").await.ok();
        }
        assert_eq!(used().await, 1);
        world.advance(Duration::from_secs(24 * 3600));
        assert_eq!(used().await, 0);
    }
}

on_both_with! { paid;
    async fn a_text_the_balance_does_not_cover_leaves_no_trace(world) {
        let line = world.line("sms").await;
        world.text(&line, ANN, "x").await.refused(402, "INSUFFICIENT_BALANCE");
        let threads = world.app.store().conversations(&world.account, None, offhook_store::Page { limit: 10, offset: 0 });
        assert_eq!(threads.await.unwrap().total, 0);
        assert!(world.messages(&line).await.is_empty() && world.bodies(ANN).await.is_empty());
        world.app.store().credit(&world.account, 4 * CENT, "test", world.app.now()).await.unwrap().unwrap();
        // Two segments, two cents each; then it is empty.
        world.text(&line, ANN, &"x".repeat(161)).await.ok();
        world.text(&line, ANN, "x").await.refused(402, "INSUFFICIENT_BALANCE");
        // What arrives is owed, and what the platform answers is free.
        world.hear(ANN, &line, "HELP").await;
        assert_eq!(world.hand_over().await, 1);
        let left = world.app.store().balance(&world.account).await.unwrap().unwrap().micros;
        assert_eq!(left, -2 * CENT);
    }
}

on_both_with! { with_a_system_number;
    async fn the_platforms_own_texts_are_in_no_list(world) {
        let line = world.line("sms").await;
        let send = async |to: &str| system::text(&world.app, &to.parse().unwrap(), "Your code is 123456").await;
        send(ANN).await.unwrap();
        assert_eq!(world.bodies(ANN).await, ["Your code is 123456"]);
        assert!(world.messages(&line).await.is_empty());
        for (to, status) in [("+15005550103", 502), ("+15005550104", 409), ("+15005550106", 503), ("+19005550100", 403)] {
            assert_eq!(send(to).await.unwrap_err().status(), status, "{to}");
        }
    }
}

#[tokio::test]
async fn without_a_number_of_its_own_the_platform_texts_nobody() {
    let world = World::sqlite().await;
    let refused = system::text(&world.app, &ANN.parse().unwrap(), "x").await.unwrap_err();
    assert_eq!(refused.status(), 400);
}
