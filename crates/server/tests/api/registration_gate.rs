//! `outboundSms`: who may text, where the operator asks for a registration.

use std::time::Duration;

use offhook_model::registration::CampaignStatus;
use offhook_server::Settings;
use serde_json::{Value, json};

use crate::{
    registration::form,
    world::{World, on_both, on_both_with},
};

fn required(settings: &mut Settings) {
    settings.registration.required = true;
    settings.registration.propagation = Duration::from_secs(60);
}

fn by_itself(settings: &mut Settings) {
    required(settings);
    settings.registration.approves_after = Some(Duration::from_secs(60));
}

async fn decide(world: &World, status: CampaignStatus) {
    let id = world.app.store().registration(&world.account).await.unwrap().unwrap().id;
    assert!(world.app.store().decide_registration(&id, status, None, world.app.now()).await.unwrap());
}

/// What the list and the single number say, which must be the same.
async fn outbound(world: &World, id: &str) -> Value {
    let one = world.get(&format!("/v1/numbers/{id}")).await.ok();
    let all = world.get("/v1/numbers").await.ok();
    let listed = all["data"].as_array().unwrap().iter().find(|number| number["id"] == id).unwrap();
    assert_eq!(listed["outboundSms"], one["outboundSms"]);
    one["outboundSms"].clone()
}

on_both_with! { required;
    async fn a_number_waits_for_approval_and_its_spread(world) {
        let bought = world.post("/v1/numbers", json!({})).await.ok();
        assert_eq!(bought["outboundSms"], "registration_required");
        let id = bought["id"].as_str().unwrap();
        world.post("/v1/register", form(json!({"create_sub_account": false}))).await.ok();
        assert_eq!(outbound(&world, id).await, "registration_required");
        decide(&world, CampaignStatus::Approved).await;
        assert_eq!(outbound(&world, id).await, "activating");
        assert_eq!(world.get("/v1/register/status").await.ok()["stage"], "propagating");
        world.advance(Duration::from_secs(59));
        assert_eq!(outbound(&world, id).await, "activating");
        world.advance(Duration::from_secs(1));
        assert_eq!(outbound(&world, id).await, "enabled");
        assert_eq!(world.get("/v1/register/status").await.ok()["stage"], "active");
        let patched = world.patch(&format!("/v1/numbers/{id}"), json!({"externalId": "x"})).await.ok();
        assert_eq!(patched["outboundSms"], "enabled");
        decide(&world, CampaignStatus::Rejected).await;
        assert_eq!(outbound(&world, id).await, "registration_required");
    }

    async fn canadian_and_imessage_numbers_wait_for_nothing(world) {
        let canadian = world.post("/v1/numbers", json!({"country": "CA"})).await.ok();
        assert_eq!(canadian["outboundSms"], "enabled");
        let imessage = world.post("/v1/numbers", json!({"type": "imessage"})).await.ok();
        assert_eq!(imessage["outboundSms"], "enabled");
    }

    async fn anothers_approval_opens_nothing(world) {
        let id = world.number().await;
        let (_, other) = world.add_account(None).await;
        world.call_as(&other, "POST", "/v1/register", Some(form(json!({"create_sub_account": false})))).await.ok();
        let theirs = world.app.store().all_registrations().await.unwrap().remove(0);
        let now = world.app.now();
        world.app.store().decide_registration(&theirs.id, CampaignStatus::Approved, None, now).await.unwrap();
        world.advance(Duration::from_secs(3600));
        assert_eq!(outbound(&world, &id).await, "registration_required");
    }
}

on_both_with! { by_itself;
    async fn a_registration_may_approve_itself(world) {
        let id = world.number().await;
        world.post("/v1/register", form(json!({"create_sub_account": false}))).await.ok();
        world.advance(Duration::from_secs(55));
        assert_eq!(outbound(&world, &id).await, "registration_required");
        assert_eq!(world.get("/v1/register/status").await.ok()["campaign_status"], "pending");
        world.advance(Duration::from_secs(6));
        assert_eq!(outbound(&world, &id).await, "activating");
        world.patch("/v1/register", json!({"volume": "low"})).await.refused(409, "CONFLICT");
        world.advance(Duration::from_secs(60));
        assert_eq!(outbound(&world, &id).await, "enabled");
        decide(&world, CampaignStatus::Rejected).await;
        assert_eq!(outbound(&world, &id).await, "registration_required");
    }
}

on_both! {
    async fn an_open_gate_lets_every_number_text(world) {
        let id = world.number().await;
        assert_eq!(outbound(&world, &id).await, "enabled");
    }
}
