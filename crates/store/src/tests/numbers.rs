use futures::future::join_all;
use offhook_model::number::NumberStatus;

use super::{ALL, Fixture, account, agent, at, number, on_both};
use crate::{Attach, InsertNumberError, NumberPatch, Release};

on_both!(
    a_number_is_held_once_in_the_world,
    the_limit_holds_for_buyers_at_once,
    a_call_finds_the_number_and_its_agent,
    attaching_moves_a_number_and_repeating_keeps_its_place,
    releasing_is_final_and_frees_the_number,
    a_patch_touches_what_it_names,
    due_numbers_are_found,
    agents_come_with_their_numbers,
    held_numbers_are_left_out_of_an_inventory,
);

async fn a_number_is_held_once_in_the_world(Fixture { store, .. }: Fixture) {
    let (owner, other) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let first = number(&owner, "+14155550100", 0);
    store.insert_number(&first, None).await.unwrap();
    assert_eq!(store.number(&owner, &first.id).await.unwrap().as_ref(), Some(&first));
    let again = store.insert_number(&number(&other, "+14155550100", 1), None).await;
    assert!(matches!(again, Err(InsertNumberError::Taken)));
    store.release_number(&owner, &first.id).await.unwrap();
    store.insert_number(&number(&other, "+14155550100", 2), None).await.unwrap();
}

async fn the_limit_holds_for_buyers_at_once(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let numbers: Vec<_> = (0..20).map(|i| number(&owner, &format!("+141555501{i:02}"), i)).collect();
    let bought = join_all(numbers.iter().map(|number| store.insert_number(number, Some(3)))).await;
    assert_eq!(bought.iter().filter(|result| result.is_ok()).count(), 3);
    let refused =
        bought.iter().filter(|r| matches!(r, Err(InsertNumberError::LimitReached { held: 3 }))).count();
    assert_eq!(refused, 17);
}

async fn a_call_finds_the_number_and_its_agent(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await;
    let number = number(&owner, "+14155550100", 0);
    store.insert_number(&number, None).await.unwrap();
    let route = store.route(&number.phone_number).await.unwrap().unwrap();
    assert_eq!((route.number.id.clone(), route.agent), (number.id.clone(), None));
    store.attach_number(&owner, &agent.id, &number.id, at(1)).await.unwrap();
    let route = store.route(&number.phone_number).await.unwrap().unwrap();
    assert_eq!(route.agent, Some(agent));
    store.release_number(&owner, &number.id).await.unwrap();
    assert_eq!(store.route(&number.phone_number).await.unwrap(), None);
}

async fn attaching_moves_a_number_and_repeating_keeps_its_place(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let (one, two) = (agent(&store, &owner, 0).await, agent(&store, &owner, 1).await);
    let (early, late) = (number(&owner, "+14155550100", 0), number(&owner, "+14155550101", 1));
    for number in [&early, &late] {
        store.insert_number(number, None).await.unwrap();
    }
    store.attach_number(&owner, &one.id, &late.id, at(5)).await.unwrap();
    store.attach_number(&owner, &one.id, &early.id, at(6)).await.unwrap();
    let repeated = store.attach_number(&owner, &one.id, &late.id, at(7)).await.unwrap();
    assert!(matches!(repeated, Attach::Attached(number) if number.attached_at == Some(at(5))));
    let ids: Vec<_> =
        store.agent_numbers(&owner, &one.id).await.unwrap().into_iter().map(|number| number.id).collect();
    assert_eq!(ids, [late.id.clone(), early.id.clone()]);

    store.attach_number(&owner, &two.id, &late.id, at(8)).await.unwrap();
    assert_eq!(store.agent_numbers(&owner, &one.id).await.unwrap().len(), 1);
    assert!(!store.detach_number(&owner, &one.id, &late.id).await.unwrap());
    assert!(store.detach_number(&owner, &two.id, &late.id).await.unwrap());
    let missing = store.attach_number(&owner, &"agt_none".into(), &late.id, at(9)).await.unwrap();
    assert_eq!(missing, Attach::AgentMissing);
    let missing = store.attach_number(&owner, &one.id, &"num_none".into(), at(9)).await.unwrap();
    assert_eq!(missing, Attach::NumberMissing);
}

async fn releasing_is_final_and_frees_the_number(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await;
    let mut number = number(&owner, "+14155550100", 0);
    number.agent_id = Some(agent.id.clone());
    number.attached_at = Some(at(0));
    store.insert_number(&number, None).await.unwrap();
    let released = store.release_number(&owner, &number.id).await.unwrap();
    assert!(
        matches!(released, Release::Released(n) if n.status == NumberStatus::Released && n.agent_id.is_none())
    );
    assert_eq!(store.release_number(&owner, &number.id).await.unwrap(), Release::AlreadyReleased);
    assert_eq!(store.release_number(&owner, &"num_none".into()).await.unwrap(), Release::Missing);
    assert_eq!(store.numbers(&owner, ALL).await.unwrap().total, 0);
    assert!(store.number(&owner, &number.id).await.unwrap().is_some());
    let attached = store.attach_number(&owner, &agent.id, &number.id, at(1)).await.unwrap();
    assert_eq!(attached, Attach::NumberReleased);
}

async fn a_patch_touches_what_it_names(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let number = number(&owner, "+14155550100", 0);
    store.insert_number(&number, None).await.unwrap();
    let patch = NumberPatch { external_id: Some(Some("crm-7".into())), expires_at: Some(Some(at(99))) };
    let patched = store.patch_number(&owner, &number.id, patch).await.unwrap().unwrap();
    assert_eq!((patched.external_id.as_deref(), patched.expires_at), (Some("crm-7"), Some(at(99))));
    let patch = NumberPatch { external_id: None, expires_at: Some(None) };
    let patched = store.patch_number(&owner, &number.id, patch).await.unwrap().unwrap();
    assert_eq!((patched.external_id.as_deref(), patched.expires_at), (Some("crm-7"), None));
    assert_eq!(store.patch_number(&owner, &"num_none".into(), NumberPatch::default()).await.unwrap(), None);
}

async fn due_numbers_are_found(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    for (last, expires) in [(0, Some(at(10))), (1, Some(at(20))), (2, None)] {
        let mut number = number(&owner, &format!("+1415555010{last}"), 0);
        number.expires_at = expires;
        store.insert_number(&number, None).await.unwrap();
    }
    let due = store.expired_numbers(at(10), super::ALL).await.unwrap();
    assert_eq!(due.iter().map(|number| number.phone_number.as_str()).collect::<Vec<_>>(), ["+14155550100"]);
}

async fn agents_come_with_their_numbers(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agents =
        [agent(&store, &owner, 0).await, agent(&store, &owner, 1).await, agent(&store, &owner, 2).await];
    for (i, agent) in [(0, 0), (1, 1), (2, 1)] {
        let number = number(&owner, &format!("+1415555010{i}"), i);
        store.insert_number(&number, None).await.unwrap();
        store.attach_number(&owner, &agents[agent].id, &number.id, at(i)).await.unwrap();
    }
    let page = store.agents(&owner, super::ALL).await.unwrap();
    let found: Vec<_> = page.data.iter().map(|(agent, numbers)| (&agent.id, numbers.len())).collect();
    assert_eq!(found, [(&agents[2].id, 0), (&agents[1].id, 2), (&agents[0].id, 1)]);
    for expected in &page.data {
        let one = store.agent_with_numbers(&owner, &expected.0.id).await.unwrap();
        assert_eq!(one.as_ref(), Some(expected));
    }
    let (agent, numbers) = &page.data[1];
    assert_eq!(*numbers, store.agent_numbers(&owner, &agent.id).await.unwrap());
    store.release_number(&owner, &numbers[0].id).await.unwrap();
    assert_eq!(store.agent_with_numbers(&owner, &agent.id).await.unwrap().unwrap().1.len(), 1);
}

async fn held_numbers_are_left_out_of_an_inventory(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    for phone_number in ["+14155550100", "+14155550150", "+14165550100"] {
        store.insert_number(&number(&owner, phone_number, 0), None).await.unwrap();
    }
    let range = ("+14155550100".parse().unwrap(), "+14155550199".parse().unwrap());
    assert_eq!(store.held_numbers(&range.0, &range.1).await.unwrap().len(), 2);
    assert!(store.is_number_held(&range.0).await.unwrap());
    assert!(!store.is_number_held(&range.1).await.unwrap());
}
