use super::{Fixture, on_both};
use crate::{Db, Store, StoreError, StoreOptions, statement, value::args};

on_both!(
    every_statement_is_valid,
    migrating_again_changes_nothing,
    several_nodes_may_start_at_once,
    a_changed_migration_is_refused,
    a_newer_schema_is_refused,
    the_kind_is_told_and_it_answers,
);

crate::statement::statements! {
    FORGE = "UPDATE schema_migrations SET checksum = 'other'";
    ADD = "INSERT INTO schema_migrations (version, checksum) VALUES (9999, 'future')";
}

async fn every_statement_is_valid(fixture: Fixture) {
    let mut conn = fixture.store.read().await.unwrap();
    let mut faults = Vec::new();
    for statement in statement::all().chain(
        [
            ALL,
            super::errors::ALL,
            super::health::ALL,
            super::rollups::ALL,
            super::usage::ALL,
            super::vault::ALL,
        ]
        .concat(),
    ) {
        if let Err(error) = conn.prepare(statement).await {
            faults.push(format!("{}: {error:?}", statement.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_module_with_statements_is_listed() {
    fn count(directory: &std::path::Path) -> usize {
        std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    if path.ends_with("tests") { 0 } else { count(&path) }
                } else {
                    let text = std::fs::read_to_string(&path).unwrap();
                    text.lines().filter(|line| *line == "statements! {").count()
                }
            })
            .sum()
    }
    let modules: std::collections::HashSet<_> = statement::all()
        .filter_map(|statement| statement.name.rsplit_once("::"))
        .map(|(module, _)| module)
        .collect();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(modules.len(), count(&source), "statement::all misses a module");
}

async fn migrating_again_changes_nothing(fixture: Fixture) {
    let account = super::account(&fixture.store, "Ada").await;
    let again = Store::connect(&fixture.url, StoreOptions::default()).await.unwrap();
    assert_eq!(again.account(&account).await.unwrap().unwrap().name, "Ada");
}

/// The store of the fixture has migrated already, so on PostgreSQL the race is
/// run in schemas-to-be: two stores on an empty search path of their own.
async fn several_nodes_may_start_at_once(fixture: Fixture) {
    let url = match fixture.store.kind() {
        Db::Sqlite => fixture.url.replace("offhook.db", "fresh.db"),
        Db::Postgres => {
            let mut conn = fixture.store.read().await.unwrap();
            conn.script("CREATE SCHEMA fresh").await.unwrap();
            format!("{}?options=-c%20search_path=fresh", fixture.url)
        }
    };
    let starts = (0..4).map(|_| Store::connect(&url, StoreOptions::default()));
    for store in futures::future::join_all(starts).await {
        store.unwrap().ping().await.unwrap();
    }
}

async fn a_changed_migration_is_refused(fixture: Fixture) {
    fixture.store.execute(&FORGE, args![]).await.unwrap();
    let error = Store::connect(&fixture.url, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Migration { version: 1, .. }), "{error:?}");
}

async fn a_newer_schema_is_refused(fixture: Fixture) {
    fixture.store.execute(&ADD, args![]).await.unwrap();
    let error = Store::connect(&fixture.url, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Migration { version: 9999, .. }), "{error:?}");
}

async fn the_kind_is_told_and_it_answers(fixture: Fixture) {
    let expected = if fixture.url.starts_with("sqlite") { Db::Sqlite } else { Db::Postgres };
    assert_eq!(fixture.store.kind(), expected);
    fixture.store.ping().await.unwrap();
}
