use offhook_model::id::ConversationId;

use super::{ALL, Fixture, account, agent, at, on_both};
use crate::Conversation;

on_both!(threads_are_listed_last_active_first);

async fn threads_are_listed_last_active_first(Fixture { store, .. }: Fixture) {
    let (owner, other) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let agent = agent(&store, &owner, 0).await.id;
    let mut threads = Vec::new();
    for second in [1, 3, 2] {
        let thread = Conversation {
            id: ConversationId::new(at(second), rand::random()),
            account_id: owner.clone(),
            agent_id: (second != 3).then(|| agent.clone()),
            number_id: "num_1".into(),
            phone_number: "+14155550100".into(),
            participant: format!("+1415555010{second}"),
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
        };
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
