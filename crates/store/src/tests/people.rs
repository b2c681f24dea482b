//! Cards, places, backgrounds and WhatsApp: whose they are, and what replaces what.

use futures::StreamExt as _;
use offhook_model::{
    id::{BackgroundId, MediaId, TemplateId, WhatsappConnectionId},
    whatsapp::{TemplateCategory, TemplateStatus},
};
use serde_json::json;

use super::{Fixture, account, agent, at, conversations::thread, number, on_both};
use crate::{
    Bind, ContactCard, Location, NewBackground, NewBinding, NewTemplate, Release, TemplateFilter,
    WhatsappConnection, WhatsappTemplate,
};

on_both!(
    another_tenants_people_behave_as_missing,
    a_place_is_not_replaced_by_an_earlier_one,
    backgrounds_count_up_over_their_removal,
    a_connection_keeps_its_id_and_takes_its_templates_with_it,
    a_connection_has_no_more_templates_than_whatsapp_allows,
);

fn card(number: &offhook_model::number::Number, name: &str) -> ContactCard {
    ContactCard {
        number_id: number.id.clone(),
        account_id: number.account_id.clone(),
        first_name: Some(name.into()),
        last_name: None,
        display_name: None,
        avatar: Some(MediaId::from("media_1")),
        updated_at: at(1),
    }
}

fn place(latitude: f64, second: i64) -> Location {
    Location { person: "+14155550199".into(), latitude, longitude: -122.5, at: at(second) }
}

fn connection(account: &offhook_model::id::AccountId, waba_id: &str) -> WhatsappConnection {
    WhatsappConnection {
        id: WhatsappConnectionId::new(at(0), rand::random()),
        account_id: account.clone(),
        waba_id: waba_id.into(),
        business_id: None,
        agent_id: None,
        created_at: at(0),
    }
}

fn template(connection: &WhatsappConnection, name: &str) -> WhatsappTemplate {
    WhatsappTemplate {
        id: TemplateId::new(at(0), rand::random()),
        account_id: connection.account_id.clone(),
        connection_id: connection.id.clone(),
        name: name.into(),
        language: "en_US".into(),
        category: TemplateCategory::Utility,
        status: TemplateStatus::Pending,
        rejected_reason: None,
        body: json!({"components": []}),
        created_at: at(0),
    }
}

async fn another_tenants_people_behave_as_missing(Fixture { store, .. }: Fixture) {
    let (owner, eve) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let line = number(&owner, "+14155550100", 0);
    store.insert_number(&line, None).await.unwrap();
    let chat = thread(&owner, 1, line.id.as_str());
    store.create_conversation(&chat).await.unwrap();
    let mine = card(&line, "Acme");
    assert!(store.put_contact_card(&mine).await.unwrap());
    assert!(!store.put_contact_card(&ContactCard { account_id: eve.clone(), ..mine.clone() }).await.unwrap());
    assert_eq!(store.contact_card(&eve, &line.id).await.unwrap(), None);
    assert!(!store.delete_contact_card(&eve, &line.id).await.unwrap());
    assert_eq!(store.contact_card(&owner, &line.id).await.unwrap(), Some(mine));
    store.put_location(&owner, &place(1.0, 1)).await.unwrap();
    assert_eq!(store.location(&eve, "+14155550199").await.unwrap(), None);
    assert_eq!(store.last_imessage_with(&eve, &chat.participant).await.unwrap(), None);
    let picture = NewBackground {
        conversation: chat.id.clone(),
        id: BackgroundId::from("bg_1"),
        digest: "d".into(),
        media: MediaId::from("media_2"),
        at: at(2),
    };
    assert_eq!(store.put_background(&eve, &picture).await.unwrap(), None);
    store.put_background(&owner, &picture).await.unwrap().unwrap();
    assert_eq!(store.background(&eve, &chat.id).await.unwrap(), None);
    store.clear_background(&eve, &chat.id, at(3)).await.unwrap();
    assert!(store.background(&owner, &chat.id).await.unwrap().unwrap().id.is_some());
    assert_eq!(store.conversation(&eve, &chat.id).await.unwrap(), None);
    assert_eq!(store.set_thread_metadata(&eve, &chat.id, None).await.unwrap(), None);
    assert_eq!(store.thread_metadata(&eve, &line.id, &chat.participant).await.unwrap(), None);
    let held = store.put_whatsapp_connection(&connection(&owner, "w")).await.unwrap();
    assert_eq!(store.whatsapp_connection(&eve, &held.id).await.unwrap(), None);
    assert!(store.whatsapp_connections(&eve).await.unwrap().is_empty());
    assert!(!store.delete_whatsapp_connection(&eve, &held.id).await.unwrap());
    let stolen = WhatsappTemplate { account_id: eve.clone(), ..template(&held, "hello") };
    assert_eq!(store.create_whatsapp_template(&stolen).await.unwrap(), NewTemplate::ConnectionMissing);
    let bind = NewBinding {
        connection: held.id.clone(),
        number: line.id.clone(),
        phone_number_id: "1".into(),
        agent: None,
        at: at(1),
    };
    assert_eq!(store.bind_whatsapp_number(&eve, bind.clone()).await.unwrap(), Bind::ConnectionMissing);
    let own = store.put_whatsapp_connection(&connection(&eve, "w")).await.unwrap();
    let theirs = NewBinding { connection: own.id, ..bind };
    assert_eq!(store.bind_whatsapp_number(&eve, theirs).await.unwrap(), Bind::NumberMissing);
}

async fn a_place_is_not_replaced_by_an_earlier_one(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    for (latitude, second) in [(1.0, 10), (2.0, 9), (3.0, 10), (4.0, 11), (5.0, 1)] {
        store.put_location(&owner, &place(latitude, second)).await.unwrap();
    }
    assert_eq!(store.location(&owner, "+14155550199").await.unwrap(), Some(place(4.0, 11)));
}

async fn backgrounds_count_up_over_their_removal(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let chat = thread(&owner, 1, "num_1");
    store.create_conversation(&chat).await.unwrap();
    for version in 1..=3 {
        let picture = NewBackground {
            conversation: chat.id.clone(),
            id: BackgroundId::from(format!("bg_{version}").as_str()),
            digest: format!("{version}"),
            media: MediaId::from("media_1"),
            at: at(i64::from(version)),
        };
        let set = store.put_background(&owner, &picture).await.unwrap().unwrap();
        assert_eq!((set.version, set.id, set.digest), (version, Some(picture.id), Some(picture.digest)));
        store.clear_background(&owner, &chat.id, at(9)).await.unwrap();
        let cleared = store.background(&owner, &chat.id).await.unwrap().unwrap();
        assert_eq!((cleared.version, cleared.id, cleared.digest), (version, None, None));
    }
}

async fn a_connection_keeps_its_id_and_takes_its_templates_with_it(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await.id;
    let first = store.put_whatsapp_connection(&connection(&owner, "w")).await.unwrap();
    let again = WhatsappConnection { agent_id: Some(agent.clone()), ..connection(&owner, "w") };
    let again = store.put_whatsapp_connection(&again).await.unwrap();
    assert_eq!((&again.id, &again.agent_id), (&first.id, &Some(agent.clone())));
    let line = number(&owner, "+14155550100", 0);
    store.insert_number(&line, None).await.unwrap();
    let bind = NewBinding {
        connection: first.id.clone(),
        number: line.id.clone(),
        phone_number_id: "1".into(),
        agent: None,
        at: at(1),
    };
    let Bind::Bound(bound) = store.bind_whatsapp_number(&owner, bind.clone()).await.unwrap() else {
        panic!("not bound")
    };
    assert_eq!((&bound.whatsapp, &bound.agent_id), (&Some(first.id.clone()), &Some(agent)));
    let binding = store.whatsapp_binding(&owner, &line.id).await.unwrap().unwrap();
    assert_eq!((binding.waba_id.as_str(), binding.phone_number_id.as_str()), ("w", "1"));
    assert_eq!(
        store.create_whatsapp_template(&template(&first, "hello")).await.unwrap(),
        NewTemplate::Stored
    );
    assert_eq!(
        store.create_whatsapp_template(&template(&first, "hello")).await.unwrap(),
        NewTemplate::Duplicate
    );
    assert!(store.delete_whatsapp_connection(&owner, &first.id).await.unwrap());
    assert_eq!(store.whatsapp_binding(&owner, &line.id).await.unwrap(), None);
    let left = store.whatsapp_templates(&owner, &first.id, &TemplateFilter::default()).await.unwrap();
    assert!(left.is_empty());
    let anew = store.put_whatsapp_connection(&connection(&owner, "w")).await.unwrap();
    let bind = NewBinding { connection: anew.id, ..bind };
    store.bind_whatsapp_number(&owner, bind.clone()).await.unwrap();
    let Release::Released(gone) = store.release_number(&owner, &line.id).await.unwrap() else {
        panic!("not released")
    };
    assert_eq!(gone.whatsapp, None);
    assert_eq!(store.bind_whatsapp_number(&owner, bind).await.unwrap(), Bind::NumberMissing);
}

async fn a_connection_has_no_more_templates_than_whatsapp_allows(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let held = store.put_whatsapp_connection(&connection(&owner, "w")).await.unwrap();
    let templates = (0..=crate::MAX_TEMPLATES).map(|at| {
        let (store, template) = (store.clone(), template(&held, &format!("t{at}")));
        async move { store.create_whatsapp_template(&template).await.unwrap() }
    });
    let made: Vec<NewTemplate> = futures::stream::iter(templates).buffer_unordered(4).collect().await;
    let stored = made.iter().filter(|made| **made == NewTemplate::Stored).count();
    assert_eq!(stored, crate::MAX_TEMPLATES as usize);
    assert_eq!(made.iter().filter(|made| **made == NewTemplate::Full).count(), 1);
}
