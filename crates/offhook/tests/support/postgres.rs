//! A PostgreSQL server of one test's own, that may be stopped under load.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Dropped, it is stopped and gone.
pub struct OwnPostgres {
    dir: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
}

impl OwnPostgres {
    /// Makes and starts one, from the packages of this machine.
    pub fn start() -> Self {
        let bin = newest_bin().expect("PostgreSQL's server is installed (scripts/setup test)");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let own = Self { dir, bin, port: port.expect("a free port").port() };
        if is_root() {
            // PostgreSQL refuses to run as root.
            let path = own.dir.path().to_str().expect("a path in UTF-8");
            succeed(Command::new("chown").args(["postgres", path]));
        }
        let data = own.data();
        succeed(own.command("initdb").args(["-D", &data, "-U", "postgres", "-A", "trust", "--no-sync"]));
        own.up();
        own
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, and waits until it answers.
    pub fn up(&self) {
        let socket = self.dir.path().display();
        let options =
            format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={socket}", self.port);
        let (data, log) = (self.data(), format!("{}/log", self.dir.path().display()));
        succeed(self.command("pg_ctl").args(["-D", &data, "-w", "-l", &log, "-o", &options, "start"]));
    }

    /// Stops it as a restart does: connections are cut, what was committed is kept.
    pub fn down(&self) {
        succeed(self.command("pg_ctl").args(["-D", &self.data(), "-w", "-m", "fast", "stop"]));
    }

    fn data(&self) -> String {
        format!("{}/data", self.dir.path().display())
    }

    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.dir.path());
        command
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["-D", &self.data(), "-m", "immediate", "stop"]);
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn succeed(command: &mut Command) {
    // pg_ctl's server inherits the pipes of whoever starts it: none are given.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.as_ref().is_ok_and(std::process::ExitStatus::success), "{command:?}: {status:?}");
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn newest_bin() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path());
    let newest = versions.filter(|path| path.join("bin/initdb").exists()).max_by_key(|path| version(path))?;
    Some(newest.join("bin"))
}
