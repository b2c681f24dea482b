//! One process per data directory, and per SQLite file.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Held while a process uses a directory; the system lets go of it when the
/// process ends, however it does.
#[derive(Debug)]
pub struct Lock {
    _files: Vec<File>,
}

/// Somebody else uses it, or it cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// A process holds it.
    #[error("another Offhook uses {path}; stop it first, or set another data_dir")]
    Taken {
        /// What it uses.
        path: PathBuf,
    },
    /// The file system failed.
    #[error("{path} cannot be locked")]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl Lock {
    /// Takes the data directory, and the database if that is a file, which may
    /// be elsewhere.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(data_dir: &Path, store_url: &str) -> Result<Self, LockError> {
        let mut files = vec![lock(data_dir, &data_dir.join("lock"))?];
        if let Some(database) = sqlite_path(store_url) {
            let mut beside = database.clone().into_os_string();
            beside.push("-lock");
            files.push(lock(&database, Path::new(&beside))?);
        }
        Ok(Self { _files: files })
    }
}

/// The file of a `sqlite://` address.
pub(super) fn sqlite_path(store_url: &str) -> Option<PathBuf> {
    let path = store_url.strip_prefix("sqlite://")?;
    Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
}

fn lock(what: &Path, path: &Path) -> Result<File, LockError> {
    let broken = |source| LockError::Io { path: path.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(broken)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::Taken { path: what.to_owned() }),
        Err(TryLockError::Error(source)) => Err(broken(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_and_a_database_have_one_user_each() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let shared = format!("sqlite://{}/shared.db", one.path().display());
        let held = Lock::take(one.path(), &shared).unwrap();
        let taken = Lock::take(one.path(), "postgres://x").unwrap_err();
        assert!(taken.to_string().contains(one.path().to_str().unwrap()), "{taken}");
        let taken = Lock::take(other.path(), &shared).unwrap_err();
        assert!(taken.to_string().contains("shared.db"), "{taken}");
        drop(held);
        Lock::take(other.path(), &shared).unwrap();
    }
}
