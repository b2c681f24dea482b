//! The database behind a benchmarked server.

use std::{fs, process::Command, time::Duration};

use anyhow::{Result, bail};

use crate::figures::cpu_time;

/// SQLite in the server's directory, or a PostgreSQL database of our own.
pub enum Database {
    Sqlite,
    Postgres { admin: String, url: String, name: String },
}

impl Database {
    pub fn sqlite() -> Self {
        Self::Sqlite
    }

    /// Makes a database on the server the tests use.
    pub fn postgres() -> Result<Self> {
        let base = std::env::var("OFFHOOK_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned());
        let name = format!("offhook_bench_{}", std::process::id());
        let made = Self::Postgres {
            admin: format!("{base}/postgres"),
            url: format!("{base}/{name}"),
            name: name.clone(),
        };
        if !made.sql(&format!("CREATE DATABASE {name}")) {
            bail!("PostgreSQL does not answer at {base}; run it through scripts/with-services");
        }
        Ok(made)
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// The setting `STORE__URL`, where it is not the default.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { url, .. } => Some(url.clone()),
        }
    }

    /// What all processes of PostgreSQL have used; SQLite is a part of the server.
    pub fn cpu_time(&self) -> Duration {
        if matches!(self, Self::Sqlite) {
            return Duration::ZERO;
        }
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_ours = |pid: &u32| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "postgres")
        };
        pids.filter(is_ours).map(cpu_time).sum()
    }

    fn sql(&self, statement: &str) -> bool {
        let Self::Postgres { admin, .. } = self else { return true };
        Command::new("psql").args([admin, "-qc", statement]).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { name, .. } = &*self {
            self.sql(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
