use futures::StreamExt as _;
use offhook_model::id::{AccountId, ConversationId};

use super::{ALL, Fixture, account, agent, at, on_both};
use crate::{Conversation, Page};

on_both!(
    threads_are_listed_last_active_first,
    deep_pages_are_the_same_from_either_end,
    counts_follow_the_agents
);

pub(super) fn thread(account: &AccountId, second: i64, number: &str) -> Conversation {
    Conversation {
        id: ConversationId::new(at(second), rand::random()),
        account_id: account.clone(),
        agent_id: None,
        number_id: number.into(),
        phone_number: "+14155550100".into(),
        participant: format!("+1415{:07}", second.rem_euclid(10_000_000)),
        channel: "sms".into(),
        is_group: false,
        group_id: None,
        group_name: None,
        group_icon_url: None,
        participants: None,
        last_message_at: at(second),
        last_message_preview: "Hi!".into(),
        message_count: 3,
        metadata: Some(serde_json::json!({"stage": "lead"})),
        last_inbound_at: None,
        carrier_group: None,
        created_at: at(0),
    }
}

async fn threads_are_listed_last_active_first(Fixture { store, .. }: Fixture) {
    let (owner, other) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let agent = agent(&store, &owner, 0).await.id;
    let mut threads = Vec::new();
    for second in [1, 3, 2] {
        let mut thread = thread(&owner, second, "num_1");
        thread.agent_id = (second != 3).then(|| agent.clone());
        store.create_conversation(&thread).await.unwrap();
        threads.push(thread);
    }
    let [one, three, two] = threads.try_into().unwrap();
    let all = store.conversations(&owner, None, ALL).await.unwrap();
    assert_eq!(all.data, [three, two.clone(), one.clone()]);
    assert_eq!(store.conversations(&owner, Some(&agent), ALL).await.unwrap().data, [two, one]);
    assert_eq!(store.conversations(&other, None, ALL).await.unwrap().total, 0);
    store.delete_agent(&owner, &agent).await.unwrap();
    let all = store.conversations(&owner, None, ALL).await.unwrap();
    assert!(all.total == 3 && all.data.iter().all(|thread| thread.agent_id.is_none()));
}

/// Beyond a thousand threads a page is found from the end that is nearer.
async fn deep_pages_are_the_same_from_either_end(Fixture { store, .. }: Fixture) {
    const THREADS: u32 = 1_120;
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await.id;
    let made = (0..i64::from(THREADS)).map(|second| {
        let mut thread = thread(&owner, second, &format!("num_{}", second % 8));
        thread.agent_id = Some(agent.clone());
        let store = store.clone();
        async move { store.create_conversation(&thread).await.unwrap() }
    });
    futures::stream::iter(made).buffer_unordered(8).collect::<Vec<()>>().await;
    for of in [None, Some(&agent)] {
        let page =
            async |offset, limit| store.conversations(&owner, of, Page { limit, offset }).await.unwrap();
        let seconds = |page: &crate::Paged<Conversation>| -> Vec<i64> {
            page.data.iter().map(|thread| thread.last_message_at.as_second() - at(0).as_second()).collect()
        };
        for (offset, expected) in [
            (0, (1_100..1_120).rev().collect::<Vec<i64>>()),
            (1_000, (100..120).rev().collect()),
            (1_050, (50..70).rev().collect()),
            (1_110, (0..10).rev().collect()),
            (1_120, Vec::new()),
        ] {
            let page = page(offset, 20).await;
            assert_eq!(seconds(&page), expected, "{offset}");
            assert_eq!((page.total, page.has_more), (1_120, offset < 1_100), "{offset}");
        }
    }
}

async fn counts_follow_the_agents(Fixture { store, .. }: Fixture) {
    let (owner, other) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let (one, two) = (agent(&store, &owner, 0).await.id, agent(&store, &owner, 1).await.id);
    for (second, number, agent) in
        [(1, "num_1", Some(&one)), (2, "num_2", Some(&one)), (3, "num_1", Some(&two)), (4, "num_1", None)]
    {
        let mut thread = thread(&owner, second, number);
        thread.agent_id = agent.cloned();
        store.create_conversation(&thread).await.unwrap();
    }
    store.create_conversation(&thread(&other, 5, "num_9")).await.unwrap();
    let totals = async || {
        let mut totals = Vec::new();
        for of in [None, Some(&one), Some(&two)] {
            let page = store.conversations(&owner, of, ALL).await.unwrap();
            assert_eq!(page.data.len() as u64, page.total);
            totals.push(page.total);
        }
        totals
    };
    assert_eq!(totals().await, [4, 2, 1]);
    store.delete_agent(&owner, &one).await.unwrap();
    assert_eq!(totals().await, [4, 0, 1]);
}
