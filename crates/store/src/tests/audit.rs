use std::time::Duration;

use futures::future::join_all;
use offhook_model::id::{AccountId, ApiKeyId};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{Fixture, account, at, on_both};
use crate::{AuditEntry, AuditFault, AuditFilter, AuditSource};

on_both!(
    entries_form_one_chain_per_account,
    parallel_writers_leave_no_gap,
    many_entries_at_once_are_one_chain,
    time_never_runs_backwards_in_a_chain,
    pages_follow_each_other_both_ways,
    filters_narrow_the_log,
    whoever_changes_an_entry_is_found_out,
    whoever_removes_an_entry_is_found_out,
    whoever_adds_an_entry_is_found_out,
    the_end_of_a_chain_cannot_be_cut_off,
);

fn entry(account: &AccountId, second: i64, resource: &str) -> AuditEntry {
    AuditEntry {
        account_id: account.clone(),
        at: at(second),
        source: AuditSource::Api,
        key_id: Some(ApiKeyId::from("key_1")),
        key_account_id: Some(account.clone()),
        operation: "createAgent".into(),
        method: "POST".into(),
        route: "/v1/agents".into(),
        resource_id: Some(resource.into()),
        within_id: None,
        address: Some("203.0.113.7".into()),
        status: Some(200),
        request_id: Some("r\0 1".into()),
    }
}

/// Runs SQL behind the store's back.
async fn tamper(fixture: &Fixture, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    if let Some(path) = fixture.url.strip_prefix("sqlite://") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        sqlx::SqliteConnection::connect_with(&options).await.unwrap().execute(sql).await.unwrap();
    } else {
        sqlx::PgConnection::connect(&fixture.url).await.unwrap().execute(sql).await.unwrap();
    }
}

async fn five(fixture: &Fixture) -> AccountId {
    let ada = account(&fixture.store, "Ada").await;
    let entries = (1..=5).map(|second| entry(&ada, second, &format!("agt_{second}"))).collect();
    fixture.store.append_audit(entries).await.unwrap();
    ada
}

async fn fault(fixture: &Fixture, account: &AccountId) -> Option<AuditFault> {
    fixture.store.verify_audit(account).await.unwrap().fault
}

async fn sequences(
    fixture: &Fixture,
    account: &AccountId,
    filter: AuditFilter,
    limit: u32,
) -> (Vec<i64>, bool) {
    let page = fixture.store.audit(account, &filter, limit).await.unwrap();
    (page.data.iter().map(|entry| entry.sequence).collect(), page.has_more)
}

async fn entries_form_one_chain_per_account(fixture: Fixture) {
    let store = &fixture.store;
    let (ada, bob) = (account(store, "Ada").await, account(store, "Bob").await);
    let mixed = vec![entry(&ada, 1, "agt_a"), entry(&bob, 2, "agt_b"), entry(&ada, 3, "agt_c")];
    store.append_audit(mixed).await.unwrap();
    let page = store.audit(&ada, &AuditFilter::default(), 10).await.unwrap();
    assert!(!page.has_more);
    let found: Vec<_> =
        page.data.iter().map(|e| (e.sequence, e.entry.resource_id.as_deref().unwrap())).collect();
    assert_eq!(found, [(2, "agt_c"), (1, "agt_a")]);
    assert_eq!(page.data[1].entry.request_id.as_deref(), Some("r\u{fffd} 1"));
    for (account, entries) in [(&ada, 2), (&bob, 1)] {
        let verdict = store.verify_audit(account).await.unwrap();
        assert_eq!((verdict.entries, verdict.fault), (entries, None));
    }
    let mut both = vec![ada, bob];
    both.sort();
    assert_eq!(store.audited_accounts().await.unwrap(), both);
}

async fn parallel_writers_leave_no_gap(fixture: Fixture) {
    let (ada, bob) = (account(&fixture.store, "Ada").await, account(&fixture.store, "Bob").await);
    let writes = (0..40).map(|second| {
        let pair = vec![entry(&bob, second, "agt_b"), entry(&ada, second, "agt_a")];
        fixture.store.append_audit(pair)
    });
    for written in join_all(writes).await {
        written.unwrap();
    }
    for account in [&ada, &bob] {
        let verdict = fixture.store.verify_audit(account).await.unwrap();
        assert_eq!((verdict.entries, verdict.fault), (40, None));
    }
}

async fn many_entries_at_once_are_one_chain(fixture: Fixture) {
    let ada = account(&fixture.store, "Ada").await;
    let entries = (1..=19).map(|second| entry(&ada, second, &format!("agt_{second}"))).collect();
    fixture.store.append_audit(entries).await.unwrap();
    let expected: Vec<i64> = (1..=19).rev().collect();
    assert_eq!(sequences(&fixture, &ada, AuditFilter::default(), 50).await, (expected, false));
    let verdict = fixture.store.verify_audit(&ada).await.unwrap();
    assert_eq!((verdict.entries, verdict.fault), (19, None));
}

async fn time_never_runs_backwards_in_a_chain(fixture: Fixture) {
    let ada = five(&fixture).await;
    fixture.store.append_audit(vec![entry(&ada, 2, "agt_late")]).await.unwrap();
    let page = fixture.store.audit(&ada, &AuditFilter::default(), 1).await.unwrap();
    assert_eq!(page.data[0].entry.at, at(5));
    assert_eq!(fault(&fixture, &ada).await, None);
}

async fn pages_follow_each_other_both_ways(fixture: Fixture) {
    let ada = five(&fixture).await;
    let before = |before| AuditFilter { before: Some(before), ..AuditFilter::default() };
    let after = |after| AuditFilter { after: Some(after), ..AuditFilter::default() };
    assert_eq!(sequences(&fixture, &ada, AuditFilter::default(), 2).await, (vec![5, 4], true));
    assert_eq!(sequences(&fixture, &ada, before(4), 2).await, (vec![3, 2], true));
    assert_eq!(sequences(&fixture, &ada, before(2), 2).await, (vec![1], false));
    assert_eq!(sequences(&fixture, &ada, after(1), 2).await, (vec![3, 2], true));
    assert_eq!(sequences(&fixture, &ada, after(3), 2).await, (vec![5, 4], false));
    let both = AuditFilter { after: Some(1), before: Some(5), ..AuditFilter::default() };
    assert_eq!(sequences(&fixture, &ada, both, 2).await, (vec![4, 3], true));
}

async fn filters_narrow_the_log(fixture: Fixture) {
    let ada = five(&fixture).await;
    let within = AuditEntry {
        operation: "attachNumberToAgent".into(),
        within_id: Some("agt_2".into()),
        ..entry(&ada, 6, "num_1")
    };
    fixture.store.append_audit(vec![within]).await.unwrap();
    let of = |filter| sequences(&fixture, &ada, filter, 10);
    let resource = AuditFilter { resource: Some("agt_2".into()), ..AuditFilter::default() };
    assert_eq!(of(resource.clone()).await, (vec![6, 2], false));
    assert_eq!(of(AuditFilter { after: Some(2), ..resource.clone() }).await.0, [6]);
    let operation = AuditFilter { operation: Some("attachNumberToAgent".into()), ..AuditFilter::default() };
    assert_eq!(of(operation.clone()).await.0, [6]);
    assert_eq!(of(AuditFilter { resource: Some("agt_1".into()), ..operation }).await.0, [0_i64; 0]);
    let span = AuditFilter { since: Some(at(2)), until: Some(at(4)), ..AuditFilter::default() };
    assert_eq!(of(span).await.0, [3, 2], "from since on, before until");
    let edge = AuditFilter { since: Some(at(4) + Duration::from_millis(1)), ..AuditFilter::default() };
    assert_eq!(of(edge).await.0, [6, 5]);
    assert_eq!(of(AuditFilter { since: Some(at(7)), ..AuditFilter::default() }).await.0, [0_i64; 0]);
    let bob = account(&fixture.store, "Bob").await;
    assert_eq!(sequences(&fixture, &bob, resource, 10).await.0, [0_i64; 0]);
}

async fn whoever_changes_an_entry_is_found_out(fixture: Fixture) {
    let ada = five(&fixture).await;
    tamper(&fixture, "UPDATE audit_entries SET resource_id = 'agt_x' WHERE sequence = 3").await;
    assert_eq!(fault(&fixture, &ada).await, Some(AuditFault::Changed { sequence: 3 }));
}

async fn whoever_removes_an_entry_is_found_out(fixture: Fixture) {
    let ada = five(&fixture).await;
    tamper(&fixture, "DELETE FROM audit_entries WHERE sequence = 2").await;
    assert_eq!(fault(&fixture, &ada).await, Some(AuditFault::Missing { sequence: 2 }));
}

async fn whoever_adds_an_entry_is_found_out(fixture: Fixture) {
    let ada = five(&fixture).await;
    let copy = "INSERT INTO audit_entries (account_id, sequence, at, source, operation, method, route, hash)
        SELECT account_id, sequence + 1, at, source, operation, method, route, hash FROM audit_entries
        WHERE sequence = 5";
    tamper(&fixture, copy).await;
    assert_eq!(fault(&fixture, &ada).await, Some(AuditFault::Added { sequence: 6 }));
}

async fn the_end_of_a_chain_cannot_be_cut_off(fixture: Fixture) {
    let ada = five(&fixture).await;
    tamper(&fixture, "DELETE FROM audit_entries WHERE sequence = 5").await;
    assert_eq!(fault(&fixture, &ada).await, Some(AuditFault::Missing { sequence: 5 }));
    tamper(&fixture, "UPDATE audit_chains SET sequence = 4").await;
    assert_eq!(fault(&fixture, &ada).await, Some(AuditFault::End));
    tamper(&fixture, "DELETE FROM audit_chains").await;
    assert_eq!(fault(&fixture, &ada).await, Some(AuditFault::Added { sequence: 1 }));
}
