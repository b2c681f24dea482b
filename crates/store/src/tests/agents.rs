use futures::future::join_all;
use offhook_model::agent::VoiceMode;

use super::{ALL, Fixture, account, agent, at, call, number, on_both, webhook};
use crate::Page;

on_both!(
    an_agent_is_read_back_as_it_was_stored,
    agents_are_listed_newest_first_with_totals,
    the_oldest_agent_is_found,
    edits_at_once_lose_no_field,
    a_refused_edit_changes_nothing,
    deleting_an_agent_keeps_its_numbers_and_calls,
);

async fn an_agent_is_read_back_as_it_was_stored(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let mut agent = agent(&store, &owner, 0).await;
    assert_eq!(store.agent(&owner, &agent.id).await.unwrap().as_ref(), Some(&agent));
    agent.settings.voice_mode = VoiceMode::Hosted;
    agent.settings.system_prompt = Some("Be brief. „Grüße“ 🎧".into());
    agent.settings.voice_speed = 1.25;
    assert!(store.update_agent(&owner, &agent.id, &agent.settings).await.unwrap());
    assert_eq!(store.agent(&owner, &agent.id).await.unwrap(), Some(agent));
    assert!(
        !store.update_agent(&owner, &"agt_none".into(), &super::AgentSettings::named("x")).await.unwrap()
    );
}

async fn agents_are_listed_newest_first_with_totals(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    for second in 0..5 {
        agent(&store, &owner, second).await;
    }
    let page = store.agents(&owner, Page { limit: 2, offset: 0 }).await.unwrap();
    let names: Vec<_> = page.data.iter().map(|(agent, _)| agent.settings.name.as_str()).collect();
    assert_eq!((names, page.total, page.has_more), (vec!["agent 4", "agent 3"], 5, true));
    let page = store.agents(&owner, Page { limit: 2, offset: 4 }).await.unwrap();
    assert_eq!((page.data.len(), page.total, page.has_more), (1, 5, false));
    let page = store.agents(&owner, Page { limit: 2, offset: 9 }).await.unwrap();
    assert_eq!((page.data.len(), page.total, page.has_more), (0, 5, false));
}

async fn the_oldest_agent_is_found(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    assert_eq!(store.oldest_agent(&owner).await.unwrap(), None);
    agent(&store, &owner, 7).await;
    let oldest = agent(&store, &owner, 3).await;
    assert_eq!(store.oldest_agent(&owner).await.unwrap(), Some(oldest));
}

async fn edits_at_once_lose_no_field(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await;
    let edits = (0..20).map(|_| {
        store.edit_agent(&owner, &agent.id, |mut settings| {
            settings.max_silence_ms += 1;
            Ok::<_, ()>(settings)
        })
    });
    for edited in join_all(edits).await {
        assert!(matches!(edited, Ok(Some(Ok(_)))));
    }
    let stored = store.agent(&owner, &agent.id).await.unwrap().unwrap();
    assert_eq!(stored.settings.max_silence_ms, agent.settings.max_silence_ms + 20);
}

async fn a_refused_edit_changes_nothing(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await;
    let edited = store.edit_agent(&owner, &agent.id, |_| Err("no")).await.unwrap();
    assert_eq!(edited, Some(Err("no")));
    assert_eq!(store.agent(&owner, &agent.id).await.unwrap(), Some(agent));
    assert_eq!(store.edit_agent(&owner, &"agt_none".into(), Ok::<_, ()>).await.unwrap(), None);
}

async fn deleting_an_agent_keeps_its_numbers_and_calls(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await;
    let mut number = number(&owner, "+14155550100", 0);
    number.agent_id = Some(agent.id.clone());
    number.attached_at = Some(at(0));
    store.insert_number(&number, None).await.unwrap();
    let mut call = call(&owner, 0);
    call.agent_id = Some(agent.id.clone());
    store.insert_call(&call, None).await.unwrap();
    store.put_webhook(&webhook(&owner, Some(&agent.id))).await.unwrap();

    assert_eq!(store.delete_agent(&owner, &agent.id).await.unwrap(), Some(agent.clone()));
    assert_eq!(store.agent(&owner, &agent.id).await.unwrap(), None);
    let number = store.number(&owner, &number.id).await.unwrap().unwrap();
    assert_eq!((number.agent_id, number.attached_at), (None, None));
    let call = store.call(&owner, &call.id).await.unwrap().unwrap();
    assert_eq!((call.agent_id, call.agent_name.as_deref()), (None, Some("Ada")));
    assert_eq!(store.webhook(&owner, Some(&agent.id)).await.unwrap(), None);
    assert_eq!(store.delete_agent(&owner, &agent.id).await.unwrap(), None);
    assert_eq!(store.agents(&owner, ALL).await.unwrap().total, 0);
}
