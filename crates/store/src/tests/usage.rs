//! The ledger and the balances.

use futures::future::join_all;
use offhook_model::{
    id::{AccountId, UsageId},
    usage::{LedgerEntry, Payment, UsageKind},
};

use super::{Fixture, account, agent, at, number, on_both};
use crate::{
    Account, Charged, InsertNumberError, NumberTerms, Store, StoreError, statement,
    usage::{charge, tally},
    value::args,
};

on_both!(
    an_entry_is_recorded_once_whoever_repeats_it,
    the_same_subject_of_another_kind_or_account_is_another_entry,
    parallel_spenders_never_go_below_zero,
    what_is_not_covered_leaves_no_trace,
    what_is_owed_goes_below_zero,
    a_repeated_entry_is_paid_once,
    a_sub_account_pays_from_its_parent,
    what_costs_nothing_needs_no_balance,
    a_balance_is_its_credits_less_what_was_paid,
    a_number_that_is_not_covered_is_not_stored,
    months_of_a_number_are_charged_once_each,
    an_unknown_account_has_no_balance,
);

crate::statement::statements! {
    PAID = "SELECT CAST(COALESCE(SUM(amount_micros), 0) AS BIGINT) AS paid FROM usage_events WHERE payer_id = $1";
    CREDITED = "SELECT CAST(COALESCE(SUM(micros), 0) AS BIGINT) AS credited FROM credits WHERE account_id = $1";
    ENTRIES = "SELECT COUNT(*) AS entries FROM usage_events WHERE account_id = $1";
}

pub(super) fn entry(account: &AccountId, subject: &str, payment: Payment) -> LedgerEntry {
    LedgerEntry {
        id: UsageId::new(at(0), rand::random()),
        account_id: account.clone(),
        kind: UsageKind::Lookup,
        quantity: 1,
        amount_micros: 9_000,
        agent_id: None,
        number_id: None,
        subject: subject.to_owned(),
        at: at(0),
        payment,
    }
}

async fn entries(store: &Store, account: &AccountId) -> i64 {
    store.read().await.unwrap().one(&ENTRIES, args![account]).await.unwrap().int("entries").unwrap()
}

async fn left(store: &Store, account: &AccountId) -> i64 {
    store.balance(account).await.unwrap().unwrap().micros
}

async fn an_entry_is_recorded_once_whoever_repeats_it(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let writes = (0..30).map(|_| store.charge(entry(&owner, "once", Payment::Metered)));
    for charged in join_all(writes).await {
        assert_eq!(charged.unwrap(), Charged::Recorded);
    }
    assert_eq!(entries(&store, &owner).await, 1);
    let costs = store.usage_costs(&owner, at(-1000), at(10_000)).await.unwrap();
    assert_eq!((costs.len(), costs[0].entries, costs[0].amount_micros), (1, 1, 9_000));
}

async fn the_same_subject_of_another_kind_or_account_is_another_entry(Fixture { store, .. }: Fixture) {
    let (ada, bob) = (account(&store, "Ada").await, account(&store, "Bob").await);
    let other = LedgerEntry { kind: UsageKind::Verification, ..entry(&ada, "x", Payment::Metered) };
    for entry in [entry(&ada, "x", Payment::Metered), other, entry(&bob, "x", Payment::Metered)] {
        assert_eq!(store.charge(entry).await.unwrap(), Charged::Recorded);
    }
    assert_eq!((entries(&store, &ada).await, entries(&store, &bob).await), (2, 1));
}

async fn parallel_spenders_never_go_below_zero(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.credit(&owner, 90_000 + 8_999, "", at(0)).await.unwrap();
    let spends = (0..40).map(|i| store.charge(entry(&owner, &i.to_string(), Payment::Prepaid)));
    let outcomes: Vec<_> = join_all(spends).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|charged| **charged == Charged::Recorded).count(), 10);
    assert_eq!((left(&store, &owner).await, entries(&store, &owner).await), (8_999, 10));
}

async fn what_is_not_covered_leaves_no_trace(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let refused = Charged::InsufficientBalance { balance_micros: 0, needed_micros: 9_000 };
    assert_eq!(store.charge(entry(&owner, "a", Payment::Prepaid)).await.unwrap(), refused);
    store.credit(&owner, 8_999, "", at(0)).await.unwrap();
    let refused = Charged::InsufficientBalance { balance_micros: 8_999, needed_micros: 9_000 };
    assert_eq!(store.charge(entry(&owner, "a", Payment::Prepaid)).await.unwrap(), refused);
    assert_eq!((left(&store, &owner).await, entries(&store, &owner).await), (8_999, 0));
    assert!(store.usage_costs(&owner, at(-1000), at(10_000)).await.unwrap().is_empty());
    store.credit(&owner, 1, "", at(0)).await.unwrap();
    assert_eq!(store.charge(entry(&owner, "a", Payment::Prepaid)).await.unwrap(), Charged::Recorded);
    assert_eq!(left(&store, &owner).await, 0);
}

async fn what_is_owed_goes_below_zero(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    assert_eq!(store.charge(entry(&owner, "a", Payment::Owed)).await.unwrap(), Charged::Recorded);
    assert_eq!(left(&store, &owner).await, -9_000);
    let refused = Charged::InsufficientBalance { balance_micros: -9_000, needed_micros: 9_000 };
    assert_eq!(store.charge(entry(&owner, "b", Payment::Prepaid)).await.unwrap(), refused);
}

async fn a_repeated_entry_is_paid_once(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.credit(&owner, 100_000, "", at(0)).await.unwrap();
    for payment in [Payment::Prepaid, Payment::Owed] {
        let writes = (0..10).map(|_| store.charge(entry(&owner, "once", payment)));
        for charged in join_all(writes).await {
            assert_eq!(charged.unwrap(), Charged::Recorded);
        }
    }
    assert_eq!(left(&store, &owner).await, 91_000);
}

async fn a_sub_account_pays_from_its_parent(Fixture { store, .. }: Fixture) {
    let parent = account(&store, "Ada").await;
    let child = Account {
        id: AccountId::new_sub(at(0), rand::random()),
        parent_id: Some(parent.clone()),
        name: "Child".into(),
        created_at: at(0),
    };
    store.create_account(&child).await.unwrap();
    store.credit(&child.id, 10_000, "", at(0)).await.unwrap();
    assert_eq!(store.charge(entry(&child.id, "a", Payment::Prepaid)).await.unwrap(), Charged::Recorded);
    for account in [&parent, &child.id] {
        let balance = store.balance(account).await.unwrap().unwrap();
        assert_eq!((&balance.account_id, balance.micros), (&parent, 1_000));
    }
    assert_eq!((entries(&store, &parent).await, entries(&store, &child.id).await), (0, 1));
}

async fn what_costs_nothing_needs_no_balance(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let free = LedgerEntry { amount_micros: 0, ..entry(&owner, "a", Payment::Prepaid) };
    assert_eq!(store.charge(free).await.unwrap(), Charged::Recorded);
    assert_eq!(store.balance(&owner).await.unwrap().unwrap().changed_at, None);
}

async fn a_balance_is_its_credits_less_what_was_paid(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let work = (0..60_i64).map(|i| {
        let (store, owner) = (store.clone(), owner.clone());
        async move {
            let subject = (i % 25).to_string();
            match i % 4 {
                0 => drop(store.credit(&owner, 1_000 * i, "", at(i)).await.unwrap()),
                1 => drop(store.charge(entry(&owner, &subject, Payment::Owed)).await.unwrap()),
                2 => drop(store.charge(entry(&owner, &subject, Payment::Prepaid)).await.unwrap()),
                _ => {
                    let failed = store.write(move |tx| {
                        let entry = entry(&owner, &subject, Payment::Owed);
                        Box::pin(async move {
                            let _recorded = charge(tx, &entry).await?;
                            Err::<(), _>(StoreError::Dangling)
                        })
                    });
                    assert!(failed.await.is_err());
                }
            }
        }
    });
    join_all(work).await;
    let mut conn = store.read().await.unwrap();
    let paid = conn.one(&PAID, args![&owner]).await.unwrap().int("paid").unwrap();
    let credited = conn.one(&CREDITED, args![&owner]).await.unwrap().int("credited").unwrap();
    drop(conn);
    assert_eq!(left(&store, &owner).await, credited - paid);
    assert!(paid > 0);
}

async fn a_number_that_is_not_covered_is_not_stored(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.credit(&owner, 8_999, "", at(0)).await.unwrap();
    let mut number = number(&owner, "+14155550100", 0);
    number.agent_id = Some(agent(&store, &owner, 0).await.id);
    let terms = NumberTerms {
        limit: Some(10),
        first_month: Some((entry(&owner, "num:1", Payment::Prepaid), at(100))),
    };
    let refused = store.buy_number(&number, terms.clone()).await.unwrap_err();
    assert!(matches!(
        refused,
        InsertNumberError::InsufficientBalance { balance_micros: 8_999, needed_micros: 9_000 }
    ));
    assert_eq!(store.number(&owner, &number.id).await.unwrap(), None);
    store.credit(&owner, 1, "", at(0)).await.unwrap();
    store.buy_number(&number, terms).await.unwrap();
    assert_eq!(left(&store, &owner).await, 0);
}

async fn months_of_a_number_are_charged_once_each(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let number = number(&owner, "+14155550100", 0);
    let terms =
        NumberTerms { limit: None, first_month: Some((entry(&owner, "num:1", Payment::Metered), at(100))) };
    store.buy_number(&number, terms).await.unwrap();
    assert!(store.unpaid_numbers(at(99), 10).await.unwrap().is_empty());
    assert_eq!(store.next_unpaid_number(at(99)).await.unwrap(), Some(at(100)));
    let unpaid = store.unpaid_numbers(at(100), 10).await.unwrap();
    assert_eq!((unpaid.len(), &unpaid[0].number, unpaid[0].paid_until), (1, &number, at(100)));
    let month = entry(&owner, "num:2", Payment::Owed);
    let tries = (0..5).map(|_| store.charge_number_month(&number.id, at(100), at(200), month.clone()));
    let done = join_all(tries).await.into_iter().filter(|done| *done.as_ref().unwrap()).count();
    assert_eq!((done, left(&store, &owner).await), (1, -9_000));
    assert!(store.unpaid_numbers(at(199), 10).await.unwrap().is_empty());
    store.release_number(&owner, &number.id).await.unwrap();
    assert!(store.unpaid_numbers(at(1_000), 10).await.unwrap().is_empty());
    assert!(!store.charge_number_month(&number.id, at(200), at(300), month).await.unwrap());
}

async fn an_unknown_account_has_no_balance(Fixture { store, .. }: Fixture) {
    let nobody = AccountId::from("acct_none");
    assert_eq!(store.balance(&nobody).await.unwrap(), None);
    assert_eq!(store.credit(&nobody, 5, "", at(0)).await.unwrap(), None);
    let charged = store.charge(entry(&nobody, "a", Payment::Prepaid)).await;
    assert!(matches!(charged, Err(StoreError::Dangling)), "{charged:?}");
    let charged = store.charge(entry(&nobody, "a", Payment::Metered)).await;
    assert!(matches!(charged, Err(StoreError::Dangling)), "{charged:?}");
}

#[test]
fn no_statement_changes_the_ledger_or_the_credits() {
    for statement in statement::all() {
        for table in ["usage_events", "credits"] {
            for verb in [format!("UPDATE {table} "), format!("DELETE FROM {table}")] {
                assert!(!statement.sql.contains(&verb), "{}", statement.name);
            }
        }
    }
}

#[test]
fn days_are_whole_quarters() {
    assert_eq!(tally::DAY_MS, 24 * 3600 * 1000);
    assert_eq!(tally::DAY_MS % tally::QUARTER_MS, 0);
}
