//! A server of its own for each test, with an account and its key.

use std::{
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use http::{HeaderMap, Request, StatusCode, header};
use offhook_carriers::{
    AvailableNumber, BoxFuture, Carrier, CarrierError, NumberSearch, Texting, whatsapp::Whatsapp,
};
use offhook_model::{
    Timestamp,
    e164::E164,
    id::{AccountId, ApiKeyId},
};
use offhook_server::{App, Parts, Settings, app::Components, router};
use offhook_sim::SimCarrier;
use offhook_store::{Account, ApiKey, ApiKeySecret, Keys, MasterKey, Store, StoreOptions};
use offhook_voice::providers::fetch::{FetchClient, FetchPolicy};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

/// Defines the same test for both databases.
macro_rules! on_both {
    ($(async fn $name:ident($world:ident) $body:block)*) => {$(
        async fn $name($world: $crate::world::World) $body

        mod $name {
            use crate::world::World;

            #[tokio::test]
            async fn sqlite() {
                super::$name(World::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(World::postgres().await).await;
            }
        }
    )*};
}
pub(crate) use on_both;

/// As [`on_both`], with settings of the test's own: `adjust` is a function over them.
macro_rules! on_both_with {
    ($adjust:ident; $(async fn $name:ident($world:ident) $body:block)*) => {$(
        async fn $name($world: $crate::world::World) $body

        mod $name {
            use crate::world::World;

            #[tokio::test]
            async fn sqlite() {
                super::$name(World::sqlite_with(super::$adjust).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(World::postgres_with(super::$adjust).await).await;
            }
        }
    )*};
}
pub(crate) use on_both_with;

/// 2025-01-15T10:30:00Z, in ms.
const START_MS: i64 = 1_736_937_000_000;

pub struct World {
    pub app: App,
    pub key: String,
    pub account: AccountId,
    pub carrier: Arc<Fallible>,
    router: Router,
    clock: Arc<AtomicI64>,
    blobs: TempDir,
    place: Place,
}

/// The built-in carrier, which on request keeps a number it should release,
/// or has no WhatsApp.
#[derive(Default)]
pub struct Fallible {
    pub sim: SimCarrier,
    pub keeps: Mutex<Option<E164>>,
    pub no_whatsapp: AtomicBool,
}

impl Carrier for Fallible {
    fn name(&self) -> &'static str {
        self.sim.name()
    }

    fn search<'a>(
        &'a self,
        search: &'a NumberSearch,
        taken: &'a (dyn Fn(&E164) -> bool + Send + Sync),
    ) -> BoxFuture<'a, Result<Vec<AvailableNumber>, CarrierError>> {
        self.sim.search(search, taken)
    }

    fn buy<'a>(&'a self, number: &'a E164) -> BoxFuture<'a, Result<(), CarrierError>> {
        self.sim.buy(number)
    }

    fn release<'a>(&'a self, number: &'a E164) -> BoxFuture<'a, Result<(), CarrierError>> {
        Box::pin(async move {
            if self.keeps.lock().unwrap().as_ref() == Some(number) {
                return Err(CarrierError::Refused { carrier: "sim", reason: "later".to_owned() });
            }
            self.sim.release(number).await
        })
    }

    fn texting(&self) -> Option<&dyn Texting> {
        self.sim.texting()
    }

    fn whatsapp(&self) -> Option<&dyn Whatsapp> {
        if self.no_whatsapp.load(Ordering::Relaxed) { None } else { self.sim.whatsapp() }
    }
}

enum Place {
    File { dir: TempDir },
    Server { url: String, name: String },
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Server { url, name } = self {
            let dropped = Command::new("dropdb")
                .args(["--force", "--if-exists"])
                .arg(format!("--maintenance-db={url}/postgres"))
                .arg(name)
                .output();
            drop(dropped);
        }
    }
}

/// A store that seals, with a key that a test may open it with again.
fn options() -> StoreOptions {
    StoreOptions { keys: Some(Keys::Given(vec![MasterKey::from_bytes([7; 32])])), ..StoreOptions::default() }
}

impl World {
    pub async fn sqlite() -> Self {
        Self::sqlite_with(|_| ()).await
    }

    pub async fn sqlite_with(adjust: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", dir.path().display());
        Self::open(&url, Place::File { dir }, adjust).await
    }

    /// With room for a few rows more.
    pub async fn on_a_small_disk() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", dir.path().display());
        Store::connect(&url, options()).await.unwrap().close().await;
        let empty = std::fs::metadata(dir.path().join("test.db")).unwrap().len();
        let options = StoreOptions { max_bytes: Some(empty + 100_000), ..options() };
        let store = Store::connect(&url, options).await.unwrap();
        Self::on(store, Place::File { dir }, |_| ()).await
    }

    /// On `OFFHOOK_TEST_POSTGRES`, else on the server of this machine.
    pub async fn postgres() -> Self {
        Self::postgres_with(|_| ()).await
    }

    /// As [`Self::postgres`].
    pub async fn postgres_with(adjust: impl FnOnce(&mut Settings)) -> Self {
        let url = std::env::var("OFFHOOK_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned());
        let name = format!("offhook_api_{}", uuid::Uuid::new_v4().simple());
        let made =
            Command::new("createdb").arg(format!("--maintenance-db={url}/postgres")).arg(&name).output();
        assert!(
            made.as_ref().is_ok_and(|made| made.status.success()),
            "these tests need PostgreSQL at {url}: start it or set OFFHOOK_TEST_POSTGRES ({made:?})"
        );
        let place = Place::Server { url: url.clone(), name: name.clone() };
        Self::open(&format!("{url}/{name}"), place, adjust).await
    }

    async fn open(url: &str, place: Place, adjust: impl FnOnce(&mut Settings)) -> Self {
        let options = StoreOptions { connections: 4, ..options() };
        Self::on(Store::connect(url, options).await.unwrap(), place, adjust).await
    }

    /// On SQLite, with a client of the test's own for addresses of tenants.
    pub async fn fetching(fetch: FetchClient) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", dir.path().display());
        let store = Store::connect(&url, options()).await.unwrap();
        Self::made_of(store, Place::File { dir }, |_| (), Some(fetch)).await
    }

    async fn on(store: Store, place: Place, adjust: impl FnOnce(&mut Settings)) -> Self {
        Self::made_of(store, place, adjust, None).await
    }

    async fn made_of(
        store: Store,
        place: Place,
        adjust: impl FnOnce(&mut Settings),
        fetch: Option<FetchClient>,
    ) -> Self {
        let clock = Arc::new(AtomicI64::new(START_MS));
        let ticks = Arc::clone(&clock);
        let carrier = Arc::new(Fallible::default());
        let blobs = tempfile::tempdir().unwrap();
        let mut settings =
            Settings { allow_private: true, blobs: blobs.path().to_owned(), ..Settings::default() };
        adjust(&mut settings);
        let policy = FetchPolicy { allow_private: settings.allow_private, ..FetchPolicy::default() };
        let app = App::new(Parts {
            store,
            settings,
            carrier: Arc::clone(&carrier) as Arc<dyn Carrier>,
            fetch: fetch.unwrap_or_else(|| FetchClient::new(policy).unwrap()),
            // Every look at the clock is a millisecond later: rows have an order.
            clock: Arc::new(move || {
                Timestamp::from_millisecond(ticks.fetch_add(1, Ordering::Relaxed)).unwrap()
            }),
            components: Components { stt: "none".into(), tts: "none".into(), llm: "extractive".into() },
            metrics: None,
        });
        app.messaging().set_sim(Arc::clone(carrier.sim.texts()));
        let router = router(app.clone());
        let mut world = Self {
            app,
            key: String::new(),
            account: AccountId::from(""),
            carrier,
            router,
            clock,
            blobs,
            place,
        };
        (world.account, world.key) = world.add_account(None).await;
        world
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.clock.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Another account, or a child of one, with a key of its own.
    pub async fn add_account(&self, parent: Option<&AccountId>) -> (AccountId, String) {
        let now = self.app.now();
        let id = AccountId::new(now, rand::random());
        let account =
            Account { id: id.clone(), parent_id: parent.cloned(), name: "Test".into(), created_at: now };
        self.app.store().create_account(&account).await.unwrap();
        let secret = ApiKeySecret::generate();
        let key = ApiKey {
            id: ApiKeyId::new(now, rand::random()),
            account_id: id.clone(),
            name: "test".into(),
            hash: secret.hash(),
            last4: secret.last4(),
            created_at: now,
            revoked_at: None,
            last_used_at: None,
        };
        self.app.store().create_api_key(&key).await.unwrap();
        (id, secret.reveal().to_owned())
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call("PATCH", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, None).await
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.call_as(&self.key, method, path, body).await
    }

    pub async fn call_as(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// Sends exactly these bytes.
    pub async fn post_bytes(&self, path: &str, body: impl Into<Body>) -> Reply {
        let request = Request::post(path).header(header::AUTHORIZATION, format!("Bearer {}", self.key));
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Reply { status: head.status, headers: head.headers, body }
    }

    /// A reply that is no JSON.
    pub async fn fetch_bytes(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (head.status, head.headers, bytes.to_vec())
    }

    /// The directory of recordings and media.
    pub fn blobs(&self) -> &std::path::Path {
        self.blobs.path()
    }

    /// Everything that is in the database: SQLite's files as they lie on the
    /// disk, or what `pg_dump` writes.
    pub async fn dump(&self) -> Vec<u8> {
        match &self.place {
            Place::File { dir } => contents(dir.path()),
            Place::Server { url, name } => {
                let dumped = Command::new("pg_dump").arg(format!("{url}/{name}")).output().unwrap();
                assert!(dumped.status.success(), "{dumped:?}");
                dumped.stdout
            }
        }
    }

    /// Every recording and every copy of a picture.
    pub fn files(&self) -> Vec<u8> {
        contents(self.blobs.path())
    }

    /// How many copies of pictures and files are on disk.
    pub fn media_files(&self) -> usize {
        std::fs::read_dir(self.blobs.path().join("media")).map_or(0, Iterator::count)
    }

    /// A new agent's id.
    pub async fn agent(&self, name: &str) -> String {
        self.post("/v1/agents", serde_json::json!({"name": name})).await.ok()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A new number's id.
    pub async fn number(&self) -> String {
        let body = serde_json::json!({"areaCode": "415"});
        self.post("/v1/numbers", body).await.ok()["id"].as_str().unwrap().to_owned()
    }
}

/// Every file under a directory, one after the other.
fn contents(directory: &std::path::Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { contents(&path) } else { std::fs::read(&path).unwrap() });
    }
    all
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    /// The body of a 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:#}", self.body);
        self.body
    }

    /// Checks the status and both envelopes of a refusal; its `detail`.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{:#}", self.body);
        let error = &self.body["error"];
        assert_eq!(error["code"], code, "{:#}", self.body);
        assert_eq!(error["message"], self.body["detail"]);
        assert!(error["type"].is_string() && error["details"].is_array());
        self.body["detail"].as_str().unwrap().to_owned()
    }

    /// Checks a 422; its faults as `(loc, type)`.
    #[track_caller]
    pub fn faults(self) -> Vec<(String, String)> {
        assert_eq!(self.status, 422, "{:#}", self.body);
        assert_eq!(self.body["error"]["code"], "VALIDATION_ERROR");
        assert_eq!(self.body["error"]["type"], "validation_error");
        let faults = self.body["detail"].as_array().unwrap();
        assert_eq!(self.body["error"]["details"].as_array().unwrap().len(), faults.len());
        let part = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
        faults
            .iter()
            .map(|fault| {
                assert!(!fault["msg"].as_str().unwrap().is_empty());
                let loc: Vec<_> = fault["loc"].as_array().unwrap().iter().map(part).collect();
                (loc.join("."), fault["type"].as_str().unwrap().to_owned())
            })
            .collect()
    }

    /// Checks a 422 with exactly one fault.
    #[track_caller]
    pub fn fault(self, loc: &str, kind: &str) {
        assert_eq!(self.faults(), [(loc.to_owned(), kind.to_owned())]);
    }
}
