use super::{Fixture, account, agent, on_both, webhook};
use crate::StoreError;

on_both!(an_agents_webhook_replaces_the_accounts, putting_again_replaces, an_unknown_agent_gets_none);

async fn an_agents_webhook_replaces_the_accounts(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await.id;
    assert_eq!(store.effective_webhook(&owner, Some(&agent)).await.unwrap(), None);
    let (general, own) = (webhook(&owner, None), webhook(&owner, Some(&agent)));
    store.put_webhook(&general).await.unwrap();
    assert_eq!(store.effective_webhook(&owner, Some(&agent)).await.unwrap(), Some(general.clone()));
    assert_eq!(store.webhook(&owner, Some(&agent)).await.unwrap(), None);
    store.put_webhook(&own).await.unwrap();
    assert_eq!(store.effective_webhook(&owner, Some(&agent)).await.unwrap(), Some(own));
    assert_eq!(store.effective_webhook(&owner, None).await.unwrap(), Some(general.clone()));
    assert!(store.delete_webhook(&owner, Some(&agent)).await.unwrap());
    assert!(!store.delete_webhook(&owner, Some(&agent)).await.unwrap());
    assert_eq!(store.effective_webhook(&owner, Some(&agent)).await.unwrap(), Some(general));
}

async fn putting_again_replaces(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.put_webhook(&webhook(&owner, None)).await.unwrap();
    let mut second = webhook(&owner, None);
    second.secret = "whsec_second".into();
    second.url = "https://example.org".into();
    store.put_webhook(&second).await.unwrap();
    assert_eq!(store.webhook(&owner, None).await.unwrap(), Some(second));
}

async fn an_unknown_agent_gets_none(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let stored = store.put_webhook(&webhook(&owner, Some(&"agt_none".into()))).await;
    assert!(matches!(stored, Err(StoreError::Dangling)));
}
