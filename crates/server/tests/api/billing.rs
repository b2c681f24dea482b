//! Balances: what is refused without, what is owed, who pays.

use std::time::Duration;

use offhook_model::id::AccountId;
use offhook_server::{Settings, numbers::months::charge_due};
use offhook_store::CallService;
use serde_json::json;

use crate::{
    usage::a_call,
    world::{World, on_both, on_both_with},
};

const HOSTED: CallService = CallService { hosted: true, aggressive_denoising: true };
const CENT: i64 = 10_000;

async fn credit(world: &World, account: &AccountId, micros: i64) {
    world.app.store().credit(account, micros, "test", world.app.now()).await.unwrap().unwrap();
}

async fn left(world: &World) -> i64 {
    world.app.store().balance(&world.account).await.unwrap().unwrap().micros
}

fn on(settings: &mut Settings) {
    settings.billing = true;
}

on_both! {
    async fn without_balances_nothing_is_refused_and_everything_is_priced(world) {
        world.number().await;
        a_call(&world, &world.account, None, HOSTED, Some(60)).await;
        a_call(&world, &world.account, None, HOSTED, Some(0)).await;
        a_call(&world, &world.account, None, HOSTED, None).await;
        assert_eq!(left(&world).await, 0);
        let billing = world.get("/offhook/v1/billing").await.ok();
        assert_eq!(billing, json!({
            "enabled": false, "accountId": world.account.as_str(), "balance": null,
            "periodStart": "2025-01-01T00:00:00Z", "periodEnd": "2025-02-01T00:00:00Z", "total": "3.235",
            "charges": [
                {"kind": "denoising", "unit": "second", "entries": 2, "quantity": 60, "amount": "0.005"},
                {"kind": "number_month", "unit": "month", "entries": 1, "quantity": 1, "amount": "3.00"},
                {"kind": "voice_hosted", "unit": "second", "entries": 2, "quantity": 60, "amount": "0.23"},
            ],
        }));
    }

    async fn a_number_is_charged_every_month_once(world) {
        world.number().await;
        let day = Duration::from_secs(24 * 3600);
        let charged = async || charge_due(&world.app, world.app.now()).await.unwrap();
        world.advance(30 * day + Duration::from_secs(23 * 3600));
        assert_eq!(charged().await, 0);
        world.advance(Duration::from_secs(2 * 3600));
        assert_eq!((charged().await, charged().await), (1, 0));
        // Nobody looked for a quarter of a year: no month is lost, none comes twice.
        world.advance(91 * day);
        assert_eq!((charged().await, charged().await), (3, 0));
        let months = world.app.store().usage_costs(&world.account, jiff::Timestamp::UNIX_EPOCH, world.app.now() + day).await.unwrap();
        assert_eq!((months[0].entries, months[0].amount_micros), (5, 15_000_000));
        let id = world.get("/v1/numbers").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
        world.delete(&format!("/v1/numbers/{id}")).await.ok();
        world.advance(62 * day);
        assert_eq!(charged().await, 0);
    }
}

on_both_with! { on;
    async fn a_number_needs_a_month_of_balance(world) {
        let buy = async || world.post("/v1/numbers", json!({})).await;
        buy().await.refused(402, "INSUFFICIENT_BALANCE");
        credit(&world, &world.account, 5_999_999).await;
        buy().await.ok();
        buy().await.refused(402, "INSUFFICIENT_BALANCE");
        assert_eq!(world.get("/v1/numbers").await.ok()["total"], 1);
        assert_eq!(world.get("/offhook/v1/billing").await.ok()["balance"], "2.999999");
        credit(&world, &world.account, 1).await;
        buy().await.ok();
        assert_eq!(left(&world).await, 0);
    }

    async fn parallel_buyers_never_go_below_zero(world) {
        credit(&world, &world.account, 9_000_000).await;
        let buys = futures::future::join_all((0..8).map(|_| world.post("/v1/numbers", json!({})))).await;
        assert_eq!(buys.iter().filter(|reply| reply.status == 200).count(), 3);
        assert_eq!(buys.iter().filter(|reply| reply.status == 402).count(), 5);
        assert_eq!(left(&world).await, 0);
    }

    async fn a_call_that_ran_is_owed_and_its_parent_pays(world) {
        let (child, _) = world.add_account(Some(&world.account)).await;
        credit(&world, &world.account, CENT).await;
        a_call(&world, &child, None, HOSTED, Some(120)).await;
        // 2 × ($0.22 + $0.005) of one cent.
        assert_eq!(left(&world).await, CENT - 450_000);
        assert_eq!(world.get("/offhook/v1/billing").await.ok()["balance"], "-0.44");
    }

    async fn a_call_needs_what_the_shortest_costs(world) {
        let agent = world.agent("A").await;
        world.patch(&format!("/v1/agents/{agent}"), json!({"voiceMode": "hosted", "systemPrompt": "Hi"})).await.ok();
        let call = async || world.post("/v1/calls/web", json!({"agentId": agent})).await;
        call().await.refused(402, "INSUFFICIENT_BALANCE");
        credit(&world, &world.account, CENT - 1).await;
        call().await.refused(402, "INSUFFICIENT_BALANCE");
        assert_eq!(world.get("/v1/calls").await.ok()["total"], 0);
        credit(&world, &world.account, 1).await;
        call().await.ok();
    }
}
