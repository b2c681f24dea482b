//! What a registration costs, where the operator keeps balances.

use offhook_model::registration::CampaignStatus;
use offhook_server::Settings;
use serde_json::json;

use crate::{
    registration::form,
    world::{World, on_both_with},
};

fn prepaid(settings: &mut Settings) {
    settings.billing = true;
    settings.prices.registration = 1_990_000;
}

async fn credit(world: &World, micros: i64) -> i64 {
    let now = world.app.now();
    world.app.store().credit(&world.account, micros, "test", now).await.unwrap().unwrap().micros
}

on_both_with! { prepaid;
    async fn the_fee_is_paid_by_the_parent_or_nothing_is_stored(world) {
        world.post("/v1/register", form(json!({}))).await.refused(402, "INSUFFICIENT_BALANCE");
        assert!(world.app.store().all_registrations().await.unwrap().is_empty());
        credit(&world, 1_990_000).await;
        let made = world.post("/v1/register", form(json!({}))).await.ok();
        assert_eq!(made["fee_cents"], 199, "the operator's price");
        assert!(made["sub_account_id"].is_string());
        assert_eq!(credit(&world, 0).await, 0);
        world.post("/v1/register", form(json!({"create_sub_account": false}))).await
            .refused(402, "INSUFFICIENT_BALANCE");
        assert_eq!(world.app.store().all_registrations().await.unwrap().len(), 1);
    }

    async fn a_conflict_costs_nothing_and_a_new_try_is_paid_again(world) {
        credit(&world, 3 * 1_990_000).await;
        let own = || form(json!({"create_sub_account": false}));
        let posts = (0..4).map(|_| world.post("/v1/register", own()));
        let replies = futures::future::join_all(posts).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
        assert_eq!(credit(&world, 0).await, 2 * 1_990_000);
        let id = world.app.store().registration(&world.account).await.unwrap().unwrap().id;
        let now = world.app.now();
        world.app.store().decide_registration(&id, CampaignStatus::Rejected, None, now).await.unwrap();
        world.post("/v1/register", own()).await.ok();
        assert_eq!(credit(&world, 0).await, 1_990_000);
    }
}
