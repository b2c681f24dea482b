use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use offhook_model::{
    agent::{Agent, AgentSettings},
    id::{AccountId, AgentId, ApiKeyId, TrunkId},
    sip_trunk::{SipTrunk, TransferCallerId, TrunkCredentials, TrunkTransfers},
    tool::{CustomTool, ToolMethod},
};

use super::{Fixture, account, agent, at, on_both, options, webhook};
use crate::{
    Claimed, IdempotencyClaim, IdempotencyScope, Keys, MasterKey, Store, StoreError, StoreOptions,
    TrunkPatch, statement::statements, value::args,
};

on_both!(
    no_secret_is_stored_as_it_is,
    a_value_moved_to_another_row_does_not_open,
    another_key_is_refused,
    a_key_file_that_is_gone_is_refused_and_not_made_anew,
    secrets_of_before_are_sealed_at_the_first_start,
    without_keys_only_secrets_are_out_of_reach,
    keys_rotate_under_load,
    an_interrupted_rotation_goes_on,
    given_keys_rotate_once_a_new_one_is_in_front,
    of_two_first_starts_one_key_wins,
);

statements! {
    DUMP = "SELECT secret AS text FROM webhooks UNION ALL SELECT ha1 FROM sip_trunks
        UNION ALL SELECT settings FROM agents UNION ALL SELECT body FROM idempotent_requests";
    RAW_SECRETS = "SELECT id, secret FROM webhooks ORDER BY id";
    MOVE_SECRET = "UPDATE webhooks SET secret = $2 WHERE id = $1";
    SET_SECRET = "UPDATE webhooks SET secret = $1";
    SET_HA1 = "UPDATE sip_trunks SET ha1 = $1";
    SET_BODY = "UPDATE idempotent_requests SET body = $1";
    SET_SETTINGS = "UPDATE agents SET settings = $1";
    UNMARK = "DELETE FROM markers WHERE name LIKE 'vault.%'";
}

const HEADER: &str = "Bearer tool-canary";
const BODY: &str = r#"{"apiKey":"body-canary"}"#;

fn with_keys(keys: Keys) -> StoreOptions {
    StoreOptions { keys: Some(keys), ..StoreOptions::default() }
}

async fn reopen(fixture: &Fixture, keys: Keys) -> Result<Store, StoreError> {
    Store::connect(&fixture.url, with_keys(keys)).await
}

/// Forgets the fixture's key, so that the next start is a first one.
async fn unmark(store: &Store) {
    store.execute(&UNMARK, args![]).await.unwrap();
}

/// A store whose key is in a file.
async fn filed(fixture: &Fixture) -> (Store, PathBuf, tempfile::TempDir) {
    unmark(&fixture.store).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master-key");
    let store = reopen(fixture, Keys::File(path.clone())).await.unwrap();
    (store, path, dir)
}

fn tooled(name: &str, header: &str) -> AgentSettings {
    let tool = CustomTool {
        name: "look_up".into(),
        description: "Looks up.".into(),
        url: "https://example.com".into(),
        method: ToolMethod::Post,
        headers: Some(BTreeMap::from([("Authorization".into(), header.into())])),
        parameters: None,
        timeout_ms: 1000,
        speak_during_execution: false,
        execution_message: None,
    };
    AgentSettings { custom_tools: vec![tool], ..AgentSettings::named(name) }
}

fn trunk(account: &AccountId) -> SipTrunk {
    SipTrunk {
        id: TrunkId::new(at(0), rand::random()),
        account_id: account.clone(),
        name: "t".into(),
        transfers: TrunkTransfers::All,
        transfer_caller_id: TransferCallerId::Transferee,
        origination: Vec::new(),
        allowed_ips: Vec::new(),
        credentials: credentials("ha1-canary"),
        created_at: at(0),
    }
}

fn credentials(ha1: &str) -> TrunkCredentials {
    TrunkCredentials {
        username: format!("user-{ha1}"),
        realm: "offhook".into(),
        ha1: ha1.into(),
        password_last4: "last".into(),
    }
}

/// One secret of each kind.
struct Secrets {
    owner: AccountId,
    agent: AgentId,
    trunk: TrunkId,
    claim: IdempotencyClaim,
}

impl Secrets {
    async fn store(store: &Store) -> Self {
        let owner = account(store, "Ada").await;
        store.put_webhook(&webhook(&owner, None)).await.unwrap();
        let agent = Agent {
            id: AgentId::new(at(0), rand::random()),
            account_id: owner.clone(),
            settings: tooled("a", HEADER),
            created_at: at(0),
        };
        store.create_agent(&agent).await.unwrap();
        let trunk = trunk(&owner);
        store.insert_sip_trunk(&trunk, 10).await.unwrap();
        let claim = IdempotencyClaim {
            scope: IdempotencyScope {
                account_id: owner.clone(),
                key_id: ApiKeyId::from("key_1"),
                idempotency_key: "k".into(),
            },
            fingerprint: "f".into(),
            owner: "boot".into(),
            claim: "c".into(),
            at: at(0),
        };
        store.claim_idempotency(claim.clone(), at(-100)).await.unwrap();
        let answer = crate::StoredAnswer { status: 201, content_type: None, body: Some(BODY.into()) };
        store.complete_idempotency(&claim.scope, "c", answer).await.unwrap();
        Self { owner, agent: agent.id, trunk: trunk.id, claim }
    }

    async fn read(&self, store: &Store) {
        assert_eq!(store.webhook(&self.owner, None).await.unwrap().unwrap().secret, "whsec_test");
        let trunk = store.sip_trunk(&self.owner, &self.trunk).await.unwrap().unwrap();
        assert_eq!(trunk.credentials.ha1, "ha1-canary");
        let agent = store.agent(&self.owner, &self.agent).await.unwrap().unwrap();
        assert_eq!(agent.settings, tooled("a", HEADER));
        let (listed, _) = store.agent_with_numbers(&self.owner, &self.agent).await.unwrap().unwrap();
        assert_eq!(listed, agent);
        let Claimed::Earlier(earlier) = store.claim_idempotency(self.claim.clone(), at(-100)).await.unwrap()
        else {
            panic!("it is taken")
        };
        assert_eq!(earlier.answer.unwrap().body.as_deref(), Some(BODY));
    }
}

async fn dump(store: &Store) -> String {
    let rows = store.read().await.unwrap().all(&DUMP, args![]).await.unwrap();
    rows.iter().map(|row| row.text("text").unwrap()).collect::<Vec<_>>().join("\n")
}

fn assert_sealed(dump: &str) {
    for secret in ["whsec_test", "ha1-canary", "tool-canary", "body-canary"] {
        assert!(!dump.contains(secret), "{secret} is stored as it is: {dump}");
    }
    assert_eq!(dump.matches("v1:").count(), 4, "{dump}");
}

async fn no_secret_is_stored_as_it_is(Fixture { store, .. }: Fixture) {
    let secrets = Secrets::store(&store).await;
    secrets.read(&store).await;
    assert_sealed(&dump(&store).await);
    let patch = TrunkPatch { credentials: Some(credentials("ha1-second")), ..TrunkPatch::default() };
    let patched = store.patch_sip_trunk(&secrets.owner, &secrets.trunk, patch).await.unwrap().unwrap();
    assert_eq!(patched.credentials.ha1, "ha1-second");
    let settings = tooled("a", "Bearer second");
    assert!(store.update_agent(&secrets.owner, &secrets.agent, &settings).await.unwrap());
    let edited = store
        .edit_agent(&secrets.owner, &secrets.agent, |settings| {
            assert_eq!(settings, tooled("a", "Bearer second"));
            Ok::<_, ()>(tooled("a", "Bearer third"))
        })
        .await;
    assert_eq!(edited.unwrap().unwrap().unwrap().settings, tooled("a", "Bearer third"));
    let dump = dump(&store).await;
    assert!(!dump.contains("second") && !dump.contains("third"), "{dump}");
}

async fn a_value_moved_to_another_row_does_not_open(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await.id;
    store.put_webhook(&webhook(&owner, None)).await.unwrap();
    store.put_webhook(&webhook(&owner, Some(&agent))).await.unwrap();
    let rows = store.read().await.unwrap().all(&RAW_SECRETS, args![]).await.unwrap();
    let [first, second] = rows.as_slice() else { panic!("two webhooks") };
    for (to, from) in [(first, second), (second, first)] {
        let args = args![to.text("id").unwrap(), from.text("secret").unwrap()];
        assert_eq!(store.execute(&MOVE_SECRET, args).await.unwrap(), 1);
    }
    for scope in [None, Some(&agent)] {
        let error = store.webhook(&owner, scope).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    }
}

async fn another_key_is_refused(fixture: Fixture) {
    let other = MasterKey::generate();
    let error = reopen(&fixture, Keys::Given(vec![other.clone()])).await.unwrap_err();
    let StoreError::Key { reason } = error else { panic!("{error:?}") };
    let (right, wrong) = (MasterKey::from_bytes([7; 32]), other.id().to_string());
    assert!(reason.contains(right.id().as_str()) && reason.contains(&wrong), "{reason}");
    reopen(&fixture, Keys::Given(vec![other, right])).await.unwrap();
}

async fn a_key_file_that_is_gone_is_refused_and_not_made_anew(fixture: Fixture) {
    let (store, path, _dir) = filed(&fixture).await;
    let secrets = Secrets::store(&store).await;
    let key = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let error = reopen(&fixture, Keys::File(path.clone())).await.unwrap_err().to_string();
    assert!(error.contains("is not there"), "{error}");
    assert!(!path.exists());
    std::fs::write(&path, key).unwrap();
    secrets.read(&reopen(&fixture, Keys::File(path)).await.unwrap()).await;
}

async fn secrets_of_before_are_sealed_at_the_first_start(fixture: Fixture) {
    let secrets = Secrets::store(&fixture.store).await;
    let plain = serde_json::to_string(&tooled("a", HEADER)).unwrap();
    for (statement, text) in [
        (&SET_SECRET, "whsec_test"),
        (&SET_HA1, "ha1-canary"),
        (&SET_BODY, BODY),
        (&SET_SETTINGS, plain.as_str()),
    ] {
        assert_eq!(fixture.store.execute(statement, args![text]).await.unwrap(), 1);
    }
    let (store, path, _dir) = filed(&fixture).await;
    assert_sealed(&dump(&store).await);
    secrets.read(&store).await;
    let before = dump(&store).await;
    reopen(&fixture, Keys::File(path)).await.unwrap();
    assert_eq!(dump(&store).await, before, "sealed once");
}

/// A tenant's text that only looks sealed is a secret like any other.
#[tokio::test]
async fn a_text_that_looks_sealed_is_sealed_all_the_same() {
    super::with_sqlite(|fixture| async move {
        let owner = account(&fixture.store, "Ada").await;
        fixture.store.put_webhook(&webhook(&owner, None)).await.unwrap();
        let lookalike = "v1:0123456789abcdef:AAAA";
        fixture.store.execute(&SET_SECRET, args![lookalike]).await.unwrap();
        let (store, ..) = filed(&fixture).await;
        assert_eq!(store.webhook(&owner, None).await.unwrap().unwrap().secret, lookalike);
    })
    .await;
}

async fn without_keys_only_secrets_are_out_of_reach(fixture: Fixture) {
    let secrets = Secrets::store(&fixture.store).await;
    let store = Store::connect(&fixture.url, StoreOptions::default()).await.unwrap();
    assert_eq!(store.account(&secrets.owner).await.unwrap().unwrap().name, "Ada");
    let error = store.webhook(&secrets.owner, None).await.unwrap_err();
    assert!(matches!(error, StoreError::Key { .. }), "{error:?}");
    let error = store.put_webhook(&webhook(&secrets.owner, None)).await.unwrap_err();
    assert!(matches!(error, StoreError::Key { .. }), "{error:?}");
}

async fn keys_rotate_under_load(fixture: Fixture) {
    let (server, path, _dir) = filed(&fixture).await;
    let secrets = Secrets::store(&server).await;
    let mut owners = Vec::new();
    for n in 0..250 {
        let owner = account(&server, &format!("owner {n}")).await;
        server.put_webhook(&webhook(&owner, None)).await.unwrap();
        owners.push(owner);
    }
    // Another process: it learns of no key but from the file.
    let operator = reopen(&fixture, Keys::File(path.clone())).await.unwrap();
    let (stop, writes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let load = tokio::spawn({
        let (server, stop, writes) = (server.clone(), Arc::clone(&stop), Arc::clone(&writes));
        async move {
            for owner in owners.iter().cycle() {
                let mut new = webhook(owner, None);
                new.secret = format!("whsec_{}", writes.fetch_add(1, Ordering::Relaxed));
                server.put_webhook(&new).await.unwrap();
                assert_eq!(server.webhook(owner, None).await.unwrap().unwrap().secret, new.secret);
                if stop.load(Ordering::Relaxed) {
                    return owners;
                }
            }
            owners
        }
    });
    let mut keys = Vec::new();
    for _ in 0..3 {
        let before = writes.load(Ordering::Relaxed);
        let rotation = operator.rotate_keys(false).await.unwrap();
        assert!(rotation.made && rotation.rows >= 5, "{rotation:?}");
        keys.push(rotation.key);
        while writes.load(Ordering::Relaxed) < before + 20 {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let owners = load.await.unwrap();
    let status = operator.key_status().await.unwrap();
    assert_eq!((&status.current, status.left()), (&keys[2], 0), "{status:?}");
    let (webhooks, all): (u64, u64) = status.values.iter().fold((0, 0), |(webhooks, all), count| {
        let own = if count.column == "webhooks.secret" { count.values } else { 0 };
        (webhooks + own, all + count.values)
    });
    assert_eq!((webhooks, all), (251, 255));
    assert_eq!(status.keys.len(), 4);
    // Once nothing needs them, old keys may go.
    let rotation = operator.rotate_keys(true).await.unwrap();
    assert!(rotation.kept.is_empty());
    let fresh = reopen(&fixture, Keys::File(path)).await.unwrap();
    assert_eq!(fresh.key_status().await.unwrap().keys, [rotation.key]);
    secrets.read(&fresh).await;
    for owner in owners {
        assert!(fresh.webhook(&owner, None).await.unwrap().is_some());
        assert!(server.webhook(&owner, None).await.unwrap().is_some(), "the server noticed");
    }
}

async fn an_interrupted_rotation_goes_on(fixture: Fixture) {
    let (store, path, _dir) = filed(&fixture).await;
    let secrets = Secrets::store(&store).await;
    let source = Keys::File(path);
    let old = source.load().unwrap().remove(0);
    // The crash came between the file and the database.
    let new = MasterKey::generate();
    source.replace(&[new.clone(), old.clone()]).unwrap();
    secrets.read(&reopen(&fixture, source.clone()).await.unwrap()).await;
    let rotation = store.rotate_keys(false).await.unwrap();
    assert_eq!((rotation.key, rotation.made, rotation.rows), (new.id().to_string(), false, 5));
    // The crash came before everything was sealed anew.
    let newer = MasterKey::generate();
    source.replace(&[newer.clone(), new, old]).unwrap();
    let value = crate::vault::check::peek(&store).await.unwrap().unwrap();
    assert!(crate::vault::check::advance(&store, value, &newer).await.unwrap());
    assert_eq!(store.key_status().await.unwrap().left(), 5);
    secrets.read(&store).await;
    let rotation = store.rotate_keys(true).await.unwrap();
    assert_eq!((rotation.key, rotation.made, rotation.rows), (newer.id().to_string(), false, 5));
    assert!(rotation.kept.is_empty());
    secrets.read(&reopen(&fixture, source).await.unwrap()).await;
}

async fn given_keys_rotate_once_a_new_one_is_in_front(fixture: Fixture) {
    let secrets = Secrets::store(&fixture.store).await;
    let error = fixture.store.rotate_keys(false).await.unwrap_err().to_string();
    assert!(error.contains("put a new one in front"), "{error}");
    let (new, old) = (MasterKey::generate(), MasterKey::from_bytes([7; 32]));
    let store = reopen(&fixture, Keys::Given(vec![new.clone(), old])).await.unwrap();
    let rotation = store.rotate_keys(false).await.unwrap();
    assert_eq!((rotation.key.as_str(), rotation.rows), (new.id().as_str(), 5));
    secrets.read(&reopen(&fixture, Keys::Given(vec![new])).await.unwrap()).await;
    assert!(Store::connect(&fixture.url, options()).await.is_err(), "the old key alone opens nothing");
}

async fn of_two_first_starts_one_key_wins(fixture: Fixture) {
    unmark(&fixture.store).await;
    let dir = tempfile::tempdir().unwrap();
    let paths = ["a", "b", "c"].map(|name| dir.path().join(name));
    let starts = paths.clone().map(|path| reopen(&fixture, Keys::File(path)));
    let started = futures::future::join_all(starts).await;
    assert_eq!(started.iter().filter(|start| start.is_ok()).count(), 1, "{started:?}");
    assert_eq!(paths.iter().filter(|path| path.exists()).count(), 1, "keys made in vain are taken back");
}
