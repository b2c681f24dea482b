//! The store's behaviour, on both databases.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use offhook_model::{
    Timestamp,
    agent::{Agent, AgentSettings},
    call::{CallState, Direction},
    id::{AccountId, AgentId, CallId, EventId, NumberId, TurnId, WebhookId},
    number::{Number, NumberStatus, NumberType},
    report::{Role, Turn, TurnLatency},
    webhook::Webhook,
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::{Account, Call, CallService, Keys, MasterKey, NewEvent, Page, Store, StoreOptions};

mod accounts;
mod agents;
mod audit;
mod blobs;
mod call_lists;
mod calls;
mod contacts;
mod conversations;
mod durability;
mod errors;
mod events;
mod health;
mod idempotency;
mod messages;
mod numbers;
mod people;
mod rollups;
mod schema;
mod services;
mod sub_accounts;
mod tenancy;
mod usage;
mod usage_reports;
mod vault;
mod webhooks;

/// Runs every named test on each database, in a store of its own.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::tests::with_sqlite(super::$name).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { crate::tests::with_postgres(super::$name).await; })*
        }
    };
}
use on_both;

/// A database of one test.
struct Fixture {
    store: Store,
    url: String,
}

/// The incarnation that holds the tests' calls.
const BOOT: &str = "boot-1";

const ALL: Page = Page { limit: 100, offset: 0 };

async fn with_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Fixture) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/offhook.db", directory.path().display());
    let store = Store::connect(&url, options()).await.unwrap();
    test(Fixture { store, url }).await;
}

async fn with_postgres<F: Future<Output = ()>>(test: impl FnOnce(Fixture) -> F) {
    let server = std::env::var("OFFHOOK_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned());
    let mut admin = PgConnection::connect(&format!("{server}/postgres")).await.unwrap_or_else(|error| {
        panic!("these tests need PostgreSQL: start it or set OFFHOOK_TEST_POSTGRES ({server}): {error}")
    });
    let name = format!("offhook_test_{:032x}", rand::random::<u128>());
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let url = format!("{server}/{name}");
    let store = Store::connect(&url, options()).await;
    let outcome = match store {
        Ok(store) => AssertUnwindSafe(test(Fixture { store, url })).catch_unwind().await,
        Err(error) => Err(Box::new(format!("{error:?}")) as Box<dyn std::any::Any + Send>),
    };
    admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// A store that seals, with a key that tests may open it with again.
fn options() -> StoreOptions {
    StoreOptions { keys: Some(Keys::Given(vec![MasterKey::from_bytes([7; 32])])), ..StoreOptions::default() }
}

/// A moment of the test's own time, in seconds.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

async fn account(store: &Store, name: &str) -> AccountId {
    let id = AccountId::new(at(0), rand::random());
    let account = Account { id: id.clone(), parent_id: None, name: name.into(), created_at: at(0) };
    store.create_account(&account).await.unwrap();
    id
}

async fn agent(store: &Store, account: &AccountId, second: i64) -> Agent {
    let agent = Agent {
        id: AgentId::new(at(second), rand::random()),
        account_id: account.clone(),
        settings: AgentSettings::named(format!("agent {second}")),
        created_at: at(second),
    };
    store.create_agent(&agent).await.unwrap();
    agent
}

fn number(account: &AccountId, phone_number: &str, second: i64) -> Number {
    Number {
        id: NumberId::new(at(second), rand::random()),
        account_id: account.clone(),
        phone_number: phone_number.parse().unwrap(),
        country: "US".into(),
        status: NumberStatus::Active,
        kind: NumberType::Sms,
        imessage_type: None,
        agent_id: None,
        attached_at: None,
        external_id: None,
        expires_at: None,
        whatsapp: None,
        created_at: at(second),
    }
}

fn webhook(account: &AccountId, agent: Option<&AgentId>) -> Webhook {
    Webhook {
        id: WebhookId::new(at(0), rand::random()),
        account_id: account.clone(),
        agent_id: agent.cloned(),
        url: "https://example.com/hook".into(),
        secret: "whsec_test".into(),
        context_limit: 10,
        timeout_s: 30,
        created_at: at(0),
    }
}

fn call(account: &AccountId, second: i64) -> Call {
    Call {
        id: CallId::new(at(second), rand::random()),
        account_id: account.clone(),
        agent_id: None,
        agent_name: Some("Ada".into()),
        number_id: None,
        phone_number: None,
        from: "+14155550100".into(),
        to: "+14155550101".into(),
        direction: Direction::Inbound,
        state: CallState::Dialing,
        started_at: at(second),
        answered_at: None,
        ended_at: None,
        talk_time: None,
        metadata: Some(serde_json::json!({"order": [1, "two"]})),
        service: CallService::default(),
        recording_disabled: false,
        recording: None,
        owner: BOOT.into(),
        checkpoint_at: None,
    }
}

fn turn(index: u32, text: &str) -> Turn {
    Turn {
        index,
        role: Role::Agent,
        text: text.into(),
        confidence: Some(0.25),
        at: at(i64::from(index)),
        interrupted: index == 1,
        latency: Some(TurnLatency { stt_ms: 7, ..TurnLatency::default() }),
    }
}

fn turn_id(index: u32) -> TurnId {
    TurnId::new(at(i64::from(index)), rand::random())
}

fn event(account: &AccountId, second: i64) -> NewEvent {
    NewEvent {
        id: EventId::new(at(second), rand::random()),
        delivery_id: uuid::Uuid::new_v4().to_string(),
        account_id: account.clone(),
        agent_id: None,
        target: None,
        event_type: "agent.call_ended".into(),
        channel: "voice".into(),
        subject_id: Some("call_1".into()),
        order_key: None,
        body: "{}".into(),
        created_at: at(second),
    }
}
