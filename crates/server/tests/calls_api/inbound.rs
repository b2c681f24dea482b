//! What happens to an INVITE.

use offhook_engine::host::{Admission, Arrival, CallHost as _};
use offhook_model::plan::{BrainPlan, Greeting};

use crate::harness::{World, arrival, on_both};

on_both!(
    a_number_with_an_agent_answers,
    an_unknown_number_is_not_found,
    a_number_without_an_agent_is_unavailable,
    a_webhook_agent_without_a_webhook_leaves_a_failed_call,
    the_cap_refuses_and_leaves_a_failed_call,
    the_agents_webhook_wins_over_the_accounts,
    handsets_reach_test_numbers_and_never_a_trunk,
);

fn status(admission: &Admission) -> u16 {
    match admission {
        Admission::Reject { status, .. } => *status,
        Admission::Answer(_) => 200,
        Admission::Connect(_) => 302,
    }
}

async fn a_number_with_an_agent_answers(world: World) {
    let (_, number) = world
        .agent(|settings| {
            settings.voice_mode = offhook_model::agent::VoiceMode::Hosted;
            settings.system_prompt = Some("Be brief.".into());
            settings.begin_message = Some("Hello!".into());
        })
        .await;
    // As a phone writes it.
    let Admission::Answer(plan) = world.arrive(&number.phone_number.digits()[1..]).await else {
        panic!("not answered")
    };
    assert_eq!(plan.greeting, Greeting::Say("Hello!".into()));
    assert_eq!((plan.from.as_str(), plan.to.as_str()), ("+14155550777", number.phone_number.as_str()));
    let (_, call) = world.get(&format!("/v1/calls/{}", plan.call_id)).await;
    assert_eq!(call["status"], "in-progress");
    assert_eq!(call["direction"], "inbound");
    assert_eq!(call["agentName"], "Ada");
}

async fn an_unknown_number_is_not_found(world: World) {
    let mut outside = arrival("+14155550199");
    outside.source = "203.0.113.9:5060".parse().unwrap();
    assert_eq!(status(&world.host.admit(outside).await), 404);
    assert_eq!(status(&world.arrive("bob").await), 404);
    assert_eq!(status(&world.arrive("").await), 404);
    assert_eq!(status(&world.arrive("911").await), 403);
    assert_eq!(world.get("/v1/calls").await.1["total"], 0);
}

async fn a_number_without_an_agent_is_unavailable(world: World) {
    let number = world.number(None).await;
    assert_eq!(status(&world.arrive(number.phone_number.as_str()).await), 480);
}

async fn a_webhook_agent_without_a_webhook_leaves_a_failed_call(world: World) {
    let (_, number) = world.agent(|_| {}).await;
    assert_eq!(status(&world.arrive(number.phone_number.as_str()).await), 480);
    let (_, calls) = world.get("/v1/calls").await;
    assert_eq!(calls["data"][0]["status"], "failed");
    assert_eq!(calls["data"][0]["durationSeconds"], 0);
}

async fn the_cap_refuses_and_leaves_a_failed_call(world: World) {
    let (_, number) = world.hosted().await;
    world.webhook(None, "https://example.com/").await;
    for _ in 0..5 {
        world.inbound(&number).await;
    }
    assert_eq!(status(&world.arrive(number.phone_number.as_str()).await), 486);
    let (_, calls) = world.get("/v1/calls?status=failed").await;
    assert_eq!(calls["total"], 1);
    let id = calls["data"][0]["id"].as_str().unwrap();
    let (_, call) = world.get(&format!("/v1/calls/{id}")).await;
    assert_eq!(call["disconnectionReason"], "concurrency_limit_reached");
    let events = world.deliveries().await;
    assert_eq!(events.len(), 1);
    assert!(events[0].event.body.contains("concurrency_limit_reached"));
}

async fn the_agents_webhook_wins_over_the_accounts(world: World) {
    let (agent, number) = world.agent(|_| {}).await;
    world.webhook(None, "https://account.example/").await;
    let url = async |world: &World| match world.arrive(number.phone_number.as_str()).await {
        Admission::Answer(plan) => match plan.brain {
            BrainPlan::Webhook { webhook, .. } => webhook.url,
            BrainPlan::Hosted { .. } => panic!("hosted"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(url(&world).await, "https://account.example/");
    world.webhook(Some(&agent.id), "https://agent.example/").await;
    assert_eq!(url(&world).await, "https://agent.example/");
}

async fn handsets_reach_test_numbers_and_never_a_trunk(world: World) {
    let Admission::Connect(ways) = world.arrive("+15005550001").await else { panic!("not connected") };
    assert_eq!(ways[0].uri, "sip:busy@127.0.0.1:9");
    assert_eq!(ways[0].caller_id, "+14155550777");
    // A number only the trunk could reach.
    assert_eq!(status(&world.arrive("+442079460000").await), 404);
    let mut outside = arrival("+15005550001");
    outside.source = "203.0.113.9:5060".parse().unwrap();
    // From elsewhere only a handset that has shown who it is; others are asked.
    assert_eq!(status(&world.host.admit(outside.clone()).await), 407);
    let stranger = Arrival { dialled: "+442079460000".into(), ..outside.clone() };
    assert_eq!(status(&world.host.admit(stranger).await), 404);
    outside.handset = Some("+14155550888".into());
    let Admission::Connect(ways) = world.host.admit(outside).await else { panic!("not connected") };
    assert_eq!(ways[0].caller_id, "+14155550888");
}
