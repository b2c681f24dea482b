//! The real binary, on free loopback ports, with a database of its own.

#![expect(dead_code, reason = "each test program uses a part of it")]

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// The key every test server accepts.
pub const KEY: &str = "sk_live_tests_only";

/// Where the simulated network writes down which texts arrived.
const ARRIVALS: &str = "arrivals.jsonl";

/// A running `offhook serve`; dropped, it is asked to stop.
pub struct Server {
    child: Child,
    pub http: SocketAddr,
    pub sip: SocketAddr,
    pub dir: tempfile::TempDir,
    database: Option<PgDatabase>,
    client: reqwest::blocking::Client,
    settings: Vec<(String, String)>,
    file: Option<PathBuf>,
}

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Db {
    Sqlite,
    Postgres,
}

impl Server {
    /// Starts with these settings on top of the tests' own.
    pub fn start(db: Db, settings: &[(&str, &str)]) -> Self {
        Self::launch(db, settings, None)
    }

    /// The same, with a settings file.
    pub fn start_with_file(db: Db, settings: &[(&str, &str)], file: &Path) -> Self {
        Self::launch(db, settings, Some(file))
    }

    fn launch(db: Db, settings: &[(&str, &str)], file: Option<&Path>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let database = (db == Db::Postgres).then(PgDatabase::create);
        let mut all: Vec<(String, String)> = vec![("MEDIA__PORTS".into(), media_ports())];
        all.extend(database.iter().map(|database| ("STORE__URL".into(), database.url.clone())));
        all.extend(settings.iter().map(|(key, value)| ((*key).into(), (*value).into())));
        let file = file.map(Path::to_owned);
        let (child, http, sip) =
            serve(dir.path(), &all, file.as_deref(), None).unwrap_or_else(|e| panic!("{e}"));
        let client = reqwest::blocking::Client::builder().timeout(Duration::from_secs(120)).build();
        let client = client.expect("an HTTP client");
        Self { child, http, sip, dir, database, client, settings: all, file }
    }

    /// Starts again after [`Self::kill`] or [`Self::stop`], with the same data
    /// and settings, on other ports.
    pub fn start_again(&mut self) {
        self.start_armed(None).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The same, armed to die at a failpoint: the value of `OFFHOOK_FAILPOINT`.
    ///
    /// # Errors
    /// What became of it, when it died before it was ready.
    pub fn start_armed(&mut self, failpoint: Option<&str>) -> Result<(), String> {
        (self.child, self.http, self.sip) =
            serve(self.dir.path(), &self.settings, self.file.as_deref(), failpoint)?;
        Ok(())
    }

    /// Whether the process has died by itself.
    pub fn is_dead(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for the process to die by itself; false when it lives on.
    pub fn dies_within(&mut self, limit: Duration) -> bool {
        let start = Instant::now();
        while !self.is_dead() {
            if start.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// The texts that reached a simulated phone, over all starts, one JSON
    /// object each: what an outsider saw.
    pub fn arrivals(&self) -> Vec<Value> {
        let journal = std::fs::read_to_string(self.dir.path().join(ARRIVALS)).unwrap_or_default();
        journal.lines().map(|line| serde_json::from_str(line).expect("a whole line")).collect()
    }

    /// The address of its database, as the settings have it.
    pub fn store_url(&self) -> String {
        let database = self.database.as_ref().map(|database| database.url.clone());
        database.unwrap_or_else(|| format!("sqlite://{}/offhook.db", self.dir.path().display()))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    pub fn get(&self, path: &str) -> Value {
        json(path, self.client.get(self.url(path)).bearer_auth(KEY).send())
    }

    pub fn post(&self, path: &str, body: &Value) -> Value {
        json(path, self.client.post(self.url(path)).bearer_auth(KEY).json(body).send())
    }

    /// Status and body, whatever they are.
    pub fn raw(
        &self,
        request: impl FnOnce(&reqwest::blocking::Client) -> reqwest::blocking::RequestBuilder,
    ) -> (u16, Vec<u8>) {
        let response = request(&self.client).send().expect("the server answers");
        (response.status().as_u16(), response.bytes().expect("a whole body").to_vec())
    }

    /// Asks again until `done` says so; panics with the last answer after `limit`.
    pub fn poll(&self, path: &str, limit: Duration, done: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let value = self.get(path);
            if done(&value) {
                return value;
            }
            assert!(start.elapsed() < limit, "{path} after {limit:?}: {value:#}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the server logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("server.log")).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, then the exit code.
    pub fn stop(&mut self) -> Option<i32> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return status.code();
        }
        // The child is ours and not yet waited for, so its pid is still its own.
        self.terminate();
        let code = self.exited(Duration::from_secs(20));
        if code.is_none() {
            let _ = self.child.kill();
        }
        code
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(name, _)| name != key);
        self.settings.push((key.to_owned(), value.to_owned()));
    }

    /// SIGTERM, without waiting for what comes of it.
    pub fn terminate(&self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
    }

    /// The exit code, once there is one; none after `limit`.
    pub fn exited(&mut self, limit: Duration) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < limit {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    /// kill -9, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    #[expect(clippy::print_stderr, reason = "a failed test shows what the server had to say")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- server log ---\n{}", self.log());
        }
        self.stop();
        self.database.take();
    }
}

fn json(path: &str, response: reqwest::Result<reqwest::blocking::Response>) -> Value {
    let response = response.unwrap_or_else(|error| panic!("{path}: {error}"));
    let status = response.status();
    let text = response.text().unwrap_or_default();
    assert!(status.is_success(), "{path} answered {status}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
}

/// Starts the binary and waits until it is ready.
fn serve(
    dir: &Path,
    settings: &[(String, String)],
    file: Option<&Path>,
    failpoint: Option<&str>,
) -> Result<(Child, SocketAddr, SocketAddr), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command.arg("serve").env_clear();
    if let Some(file) = file {
        command.arg("--config").arg(file);
    }
    for name in ["PATH", "HOME", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("OFFHOOK__DATA_DIR", dir)
        .env("OFFHOOK__HTTP__LISTEN", "127.0.0.1:0")
        .env("OFFHOOK__SIP__LISTEN", "127.0.0.1:0")
        .env("OFFHOOK__AUTH__BOOTSTRAP_KEY", KEY)
        .env("OFFHOOK__SIM__HANDSET_PASSWORD", "handset-secret")
        .env("OFFHOOK__WEBHOOKS__ALLOW_PRIVATE", "true")
        .env("OFFHOOK__LIMITS__ENABLED", "false")
        .env("OFFHOOK_SIM_JOURNAL", dir.join(ARRIVALS))
        .envs(failpoint.map(|failpoint| ("OFFHOOK_FAILPOINT", failpoint)))
        .env("OFFHOOK__SIP__DRAIN", "5s")
        .envs(settings.iter().map(|(key, value)| (format!("OFFHOOK__{key}"), value)));
    let log = std::fs::File::options().create(true).append(true).open(dir.join("server.log"));
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(log.expect("a log file"))
        .spawn()
        .expect("the offhook binary starts");
    let stdout = child.stdout.take().expect("stdout is piped");
    let mut line = String::new();
    let mut lines = BufReader::new(stdout);
    lines.read_line(&mut line).expect("stdout can be read");
    // Keep the pipe drained, so that the server never blocks on it.
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = lines.read_to_end(&mut rest);
    });
    let Some((http, sip)) = ready(&line) else {
        let log = std::fs::read_to_string(dir.join("server.log")).unwrap_or_default();
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("no ready line, but {line:?}; the log:\n{log}"));
    };
    Ok((child, http, sip))
}

/// `ready http=ADDR sip=ADDR`
fn ready(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let rest = line.trim().strip_prefix("ready http=")?;
    let (http, sip) = rest.split_once(" sip=")?;
    Some((http.parse().ok()?, sip.parse().ok()?))
}

/// A range of RTP ports of this process's own, so that tests side by side do
/// not search through each other's.
fn media_ports() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let slot = (std::process::id() + 7 * NEXT.fetch_add(1, Ordering::Relaxed)) % 40;
    let low = 20_000 + slot * 600;
    format!("{low}-{}", low + 1_999)
}

/// A PostgreSQL database of this test's own; dropped with it.
struct PgDatabase {
    url: String,
    admin: String,
    name: String,
}

impl PgDatabase {
    fn create() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let base = std::env::var("OFFHOOK_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned());
        let name = format!("offhook_e2e_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = format!("{base}/postgres");
        sql(&admin, &format!("CREATE DATABASE {name}"));
        Self { url: format!("{base}/{name}"), admin, name }
    }
}

impl Drop for PgDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = Command::new("psql").args([&self.admin, "-qc", &statement]).status();
    }
}

fn sql(url: &str, statement: &str) {
    let status = Command::new("psql").args([url, "-qc", statement]).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "PostgreSQL does not answer at {url}; run the tests through `make test`, or set OFFHOOK_TEST_POSTGRES"
    );
}

/// Where the tests' files are.
pub fn tests_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}
