use offhook_model::id::{AccountId, ContactId};

use super::{Fixture, account, at, on_both};
use crate::{Contact, ContactChange, ContactPatch};

on_both!(a_contact_is_found_by_its_number, a_taken_number_changes_nothing);

pub(super) fn contact(account: &AccountId, phone_number: &str, second: i64) -> Contact {
    Contact {
        id: ContactId::new(at(second), rand::random()),
        account_id: account.clone(),
        phone_number: phone_number.parse().unwrap(),
        name: "Ada".into(),
        email: None,
        notes: Some("n".into()),
        created_at: at(second),
        updated_at: at(second),
    }
}

async fn a_contact_is_found_by_its_number(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let contact = contact(&owner, "+14155550100", 0);
    assert_eq!(store.create_contact(&contact).await.unwrap(), ContactChange::Stored(contact.clone().into()));
    assert_eq!(store.contact_by_number(&owner, "+14155550100").await.unwrap(), Some(contact));
    for other in ["+14155550101", "grp_1", "bob@example.com", ""] {
        assert_eq!(store.contact_by_number(&owner, other).await.unwrap(), None, "{other}");
    }
}

async fn a_taken_number_changes_nothing(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let (first, second) = (contact(&owner, "+14155550100", 0), contact(&owner, "+14155550101", 1));
    store.create_contact(&first).await.unwrap();
    store.create_contact(&second).await.unwrap();
    let same = Contact { id: second.id.clone(), ..contact(&owner, "+14155550100", 2) };
    assert_eq!(store.create_contact(&same).await.unwrap(), ContactChange::Duplicate);
    let patch = ContactPatch {
        phone_number: Some(first.phone_number.clone()),
        name: Some("Bob".into()),
        ..ContactPatch::default()
    };
    let patched = store.patch_contact(&owner, &second.id, patch, at(3)).await.unwrap();
    assert_eq!(patched, ContactChange::Duplicate);
    assert_eq!(store.contact(&owner, &second.id).await.unwrap(), Some(second));
}
