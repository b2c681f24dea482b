//! What calls know of the other side: contact and conversation state.

use offhook_engine::host::Admission;
use offhook_model::{
    call::EndReason,
    id::{ContactId, ConversationId},
    number::Number,
    plan::{BrainPlan, CallPlan},
};
use offhook_store::{Contact, Conversation};
use serde_json::{Value, json};

use crate::harness::{World, on_both};

on_both!(
    a_caller_of_the_address_book_is_named_in_the_call_and_at_its_end,
    a_called_contact_is_named_too,
    a_stranger_without_a_thread_is_nobody,
    the_whatsapp_thread_is_not_the_calls,
);

/// Who calls and is called in every test.
const CALLER: &str = "+14155550777";
const CALLED: &str = "+14155559999";

async fn contact(world: &World, number: &str) -> Value {
    let now = world.app.now();
    let contact = Contact {
        id: ContactId::new(now, rand::random()),
        account_id: world.account.clone(),
        phone_number: number.parse().unwrap(),
        name: "Grace".into(),
        email: Some("grace@example.com".into()),
        notes: None,
        created_at: now,
        updated_at: now,
    };
    world.store().create_contact(&contact).await.unwrap();
    json!({"id": contact.id, "name": "Grace", "email": "grace@example.com", "phoneNumber": number})
}

async fn thread(world: &World, number: &Number, participant: &str, channel: &str, metadata: Value) {
    let now = world.app.now();
    let thread = Conversation {
        id: ConversationId::new(now, rand::random()),
        account_id: world.account.clone(),
        agent_id: number.agent_id.clone(),
        number_id: number.id.clone(),
        phone_number: number.phone_number.to_string(),
        participant: participant.to_owned(),
        channel: channel.to_owned(),
        is_group: false,
        group_id: None,
        group_name: None,
        group_icon_url: None,
        participants: None,
        last_message_at: now,
        last_message_preview: String::new(),
        message_count: 0,
        metadata: Some(metadata),
        last_inbound_at: None,
        carrier_group: None,
        created_at: now,
    };
    world.store().create_conversation(&thread).await.unwrap();
}

fn state(plan: &CallPlan) -> Option<&Value> {
    match &plan.brain {
        BrainPlan::Webhook { conversation_state, .. } => conversation_state.as_ref(),
        BrainPlan::Hosted { .. } => panic!("a hosted call has no turns at a webhook"),
    }
}

async fn ended_event(world: &World) -> Value {
    let events = world.deliveries().await;
    assert_eq!(events[0].event.event_type, "agent.call_ended");
    serde_json::from_str(&events[0].event.body).unwrap()
}

async fn a_caller_of_the_address_book_is_named_in_the_call_and_at_its_end(world: World) {
    let (_, number) = world.agent(|_| {}).await;
    world.webhook(None, "https://example.com/").await;
    let known = contact(&world, CALLER).await;
    thread(&world, &number, CALLER, "sms", json!({"stage": "lead"})).await;
    let Admission::Answer(plan) = world.arrive(number.phone_number.as_str()).await else {
        panic!("not answered")
    };
    assert_eq!(serde_json::to_value(&plan.contact).unwrap(), known);
    assert_eq!(state(&plan), Some(&json!({"stage": "lead"})));
    world.answer(&plan.call_id).await;
    world.end(&plan.call_id, EndReason::UserHangup).await;
    let event = ended_event(&world).await;
    assert_eq!(event["data"]["contact"], known);
    assert_eq!(event["conversationState"], json!({"stage": "lead"}));
}

async fn a_called_contact_is_named_too(world: World) {
    let (agent, number) = world.agent(|_| {}).await;
    world.webhook(None, "https://example.com/").await;
    let known = contact(&world, CALLED).await;
    thread(&world, &number, CALLED, "imessage", json!({"vip": true})).await;
    let call = world.dial(&agent).await;
    {
        let dialled = world.phone.dialled.lock().unwrap();
        assert_eq!(serde_json::to_value(&dialled[0].0.contact).unwrap(), known);
        assert_eq!(state(&dialled[0].0), Some(&json!({"vip": true})));
    }
    world.end(&call, EndReason::DialBusy).await;
    let event = ended_event(&world).await;
    assert_eq!(event["data"]["contact"], known);
    assert_eq!(event["conversationState"], json!({"vip": true}));
}

async fn a_stranger_without_a_thread_is_nobody(world: World) {
    let (agent, number) = world.agent(|_| {}).await;
    world.webhook(None, "https://example.com/").await;
    // Of somebody else, and of another number.
    contact(&world, CALLER).await;
    thread(&world, &world.number(None).await, CALLED, "sms", json!({"other": "number"})).await;
    thread(&world, &number, CALLER, "sms", json!({"other": "person"})).await;
    let call = world.dial(&agent).await;
    {
        let dialled = world.phone.dialled.lock().unwrap();
        assert_eq!((&dialled[0].0.contact, state(&dialled[0].0)), (&None, None));
    }
    world.end(&call, EndReason::DialBusy).await;
    let event = ended_event(&world).await;
    assert_eq!((&event["data"]["contact"], &event["conversationState"]), (&Value::Null, &Value::Null));
}

async fn the_whatsapp_thread_is_not_the_calls(world: World) {
    let (agent, number) = world.agent(|_| {}).await;
    world.webhook(None, "https://example.com/").await;
    thread(&world, &number, CALLED, "whatsapp", json!({"on": "whatsapp"})).await;
    world.dial(&agent).await;
    assert_eq!(state(&world.phone.dialled.lock().unwrap()[0].0), None);
}
