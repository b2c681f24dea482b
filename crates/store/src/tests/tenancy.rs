use std::time::Duration;

use offhook_model::call::{CallState, EndReason};

use super::{ALL, BOOT, Fixture, account, agent, at, call, event, number, on_both, turn, turn_id, webhook};
use crate::{
    Attach, CallFilter, ContactChange, ContactPatch, EndCall, InsertNumberError, NumberPatch, Release,
    StoreError,
};

on_both!(another_tenants_rows_behave_as_missing);

/// Every operation that takes an account and an id, with the wrong account.
async fn another_tenants_rows_behave_as_missing(Fixture { store, .. }: Fixture) {
    let (owner, eve) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let agent = agent(&store, &owner, 0).await;
    let mut number = number(&owner, "+14155550100", 0);
    number.agent_id = Some(agent.id.clone());
    number.attached_at = Some(at(0));
    store.insert_number(&number, None).await.unwrap();
    store.put_webhook(&webhook(&owner, Some(&agent.id))).await.unwrap();
    store.put_webhook(&webhook(&owner, None)).await.unwrap();
    let mut call = call(&owner, 0);
    call.agent_id = Some(agent.id.clone());
    call.number_id = Some(number.id.clone());
    store.insert_call(&call, None).await.unwrap();
    store.append_turn(BOOT, &owner, &call.id, &turn_id(0), &turn(0, "secret")).await.unwrap();
    let mut event = event(&owner, 0);
    event.target = Some(agent.id.clone());
    store.insert_event(&event).await.unwrap();

    assert_eq!(store.agent(&eve, &agent.id).await.unwrap(), None);
    assert_eq!(store.agents(&eve, ALL).await.unwrap().total, 0);
    assert_eq!(store.oldest_agent(&eve).await.unwrap(), None);
    assert!(!store.update_agent(&eve, &agent.id, &agent.settings).await.unwrap());
    assert_eq!(store.edit_agent(&eve, &agent.id, Ok::<_, ()>).await.unwrap(), None);
    assert_eq!(store.delete_agent(&eve, &agent.id).await.unwrap(), None);

    assert_eq!(store.number(&eve, &number.id).await.unwrap(), None);
    assert_eq!(store.numbers(&eve, ALL).await.unwrap().total, 0);
    assert!(store.agent_numbers(&eve, &agent.id).await.unwrap().is_empty());
    assert_eq!(store.agent_with_numbers(&eve, &agent.id).await.unwrap(), None);
    assert_eq!(store.patch_number(&eve, &number.id, NumberPatch::default()).await.unwrap(), None);
    assert_eq!(store.release_number(&eve, &number.id).await.unwrap(), Release::Missing);
    assert!(!store.detach_number(&eve, &agent.id, &number.id).await.unwrap());
    let own = super::agent(&store, &eve, 1).await;
    assert_eq!(store.attach_number(&eve, &own.id, &number.id, at(1)).await.unwrap(), Attach::NumberMissing);
    assert_eq!(store.attach_number(&eve, &agent.id, &number.id, at(1)).await.unwrap(), Attach::AgentMissing);
    let mut theirs = super::number(&eve, "+14155550101", 0);
    theirs.agent_id = Some(agent.id.clone());
    let stored = store.insert_number(&theirs, None).await;
    assert!(matches!(stored, Err(InsertNumberError::AgentMissing)));

    assert_eq!(store.webhook(&eve, Some(&agent.id)).await.unwrap(), None);
    assert_eq!(store.webhook(&eve, None).await.unwrap(), None);
    assert_eq!(store.effective_webhook(&eve, Some(&agent.id)).await.unwrap(), None);
    assert!(!store.delete_webhook(&eve, Some(&agent.id)).await.unwrap());
    let put = store.put_webhook(&webhook(&eve, Some(&agent.id))).await;
    assert!(matches!(put, Err(StoreError::Dangling)));

    assert_eq!(store.call(&eve, &call.id).await.unwrap(), None);
    let filter = CallFilter { agent_id: Some(agent.id.clone()), ..CallFilter::default() };
    assert_eq!(store.calls(&eve, &filter, ALL).await.unwrap().total, 0);
    let filter = CallFilter { number_id: Some(number.id.clone()), ..CallFilter::default() };
    assert_eq!(store.calls(&eve, &filter, ALL).await.unwrap().total, 0);
    assert_eq!(store.open_calls(&eve).await.unwrap(), 0);
    assert!(!store.transition_call(BOOT, &eve, &call.id, CallState::Answered, at(1)).await.unwrap());
    assert!(store.turns(&eve, &call.id).await.unwrap().is_empty());
    assert!(!store.append_turn(BOOT, &eve, &call.id, &turn_id(1), &turn(1, "x")).await.unwrap());
    let end = EndCall {
        owner: BOOT.into(),
        account_id: eve.clone(),
        call_id: call.id.clone(),
        state: CallState::Completed(EndReason::ApiHangup),
        at: at(1),
        talk_time: Duration::ZERO,
        recording: None,
        charges: Vec::new(),
        events: vec![super::event(&eve, 1)],
    };
    assert!(!store.end_call(end).await.unwrap());

    assert_eq!(store.deliveries(&eve, None, None, ALL).await.unwrap().total, 0);
    assert_eq!(store.deliveries(&eve, Some(&agent.id), None, ALL).await.unwrap().total, 0);
    assert!(store.delivery_counts(&eve, at(-9999)).await.unwrap().is_empty());
    assert!(store.all_time_delivery_counts(&eve).await.unwrap().is_empty());
    assert_eq!(store.conversations(&eve, Some(&agent.id), ALL).await.unwrap().total, 0);

    let contact = super::contacts::contact(&owner, "+14155559876", 0);
    store.create_contact(&contact).await.unwrap();
    assert_eq!(store.contact(&eve, &contact.id).await.unwrap(), None);
    assert_eq!(store.contact_by_number(&eve, "+14155559876").await.unwrap(), None);
    assert_eq!(store.contacts(&eve, None, ALL).await.unwrap().total, 0);
    let patched = store.patch_contact(&eve, &contact.id, ContactPatch::default(), at(1)).await.unwrap();
    assert_eq!(patched, ContactChange::Missing);
    assert!(!store.delete_contact(&eve, &contact.id).await.unwrap());
    assert_eq!(store.contact(&owner, &contact.id).await.unwrap(), Some(contact));

    assert_eq!(store.agent(&owner, &agent.id).await.unwrap(), Some(agent));
    assert_eq!(store.number(&owner, &number.id).await.unwrap(), Some(number));
    assert_eq!(store.call(&owner, &call.id).await.unwrap(), Some(call));
}
