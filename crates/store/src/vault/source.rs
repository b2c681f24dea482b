//! Where master keys come from: a file, or the settings.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::key::MasterKey;
use crate::StoreError;

/// Where the master keys are. The first is the one to seal with; further ones
/// open what was sealed before.
#[derive(Debug, Clone)]
pub enum Keys {
    /// A file of one key in a line, `#` begins a comment. Made, readable by its
    /// owner only, at the first start with a database that has no key yet.
    File(PathBuf),
    /// These; at least one.
    Given(Vec<MasterKey>),
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Given(_) => f.write_str("secrets.master_key"),
        }
    }
}

impl Keys {
    /// Every key there is; none in a file that does not exist.
    pub(crate) fn load(&self) -> Result<Vec<MasterKey>, StoreError> {
        let path = match self {
            Self::Given(keys) => return Ok(keys.clone()),
            Self::File(path) => path,
        };
        let text = match fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unusable(path, &error)),
        };
        let readable_by_others =
            fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0);
        if readable_by_others {
            tracing::warn!(path = %path.display(), "the master key can be read by others; chmod 600 it");
        }
        let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(at, line)| {
                MasterKey::parse(line).map_err(|what| StoreError::Key {
                    reason: format!("{} line {at}: {what}; a key is Base64 of 32 bytes", path.display()),
                })
            })
            .collect()
    }

    /// Makes the file with a key of its own; none when the keys are given, or
    /// somebody else made it meanwhile.
    pub(crate) fn make(&self) -> Result<Option<MasterKey>, StoreError> {
        let Self::File(path) = self else { return Ok(None) };
        let key = MasterKey::generate();
        fs::create_dir_all(directory(path)).map_err(|error| unusable(path, &error))?;
        // Linked into place when it is complete: nobody ever reads half of it.
        let new = beside(path, &format!(".{}", hex::encode(rand::random::<[u8; 4]>())));
        let put = || {
            write(&new, OpenOptions::new().create_new(true), std::slice::from_ref(&key))?;
            let linked = fs::hard_link(&new, path);
            fs::remove_file(&new)?;
            linked?;
            sync_directory(path)
        };
        match put() {
            Ok(()) => Ok(Some(key)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(unusable(path, &error)),
        }
    }

    /// Takes back a file that [`Self::make`] made in vain.
    pub(crate) fn unmake(&self) {
        if let Self::File(path) = self {
            // Left behind, it would only be the wrong key once more.
            drop(fs::remove_file(path));
        }
    }

    /// Replaces what the file holds, at once or not at all.
    pub(crate) fn replace(&self, keys: &[MasterKey]) -> Result<(), StoreError> {
        let Self::File(path) = self else {
            return Err(StoreError::Key {
                reason: "the keys are given in secrets.master_key: put a new one in front of the old, \
                         separated by a comma, restart, and rotate again"
                    .to_owned(),
            });
        };
        let new = beside(path, ".new");
        let put = || {
            write(&new, OpenOptions::new().create(true).truncate(true), keys)?;
            fs::rename(&new, path)?;
            sync_directory(path)
        };
        put().map_err(|error: io::Error| unusable(path, &error))
    }

    /// Keeps a second rotation away from the file until the value is dropped.
    pub(crate) fn lock(&self) -> Result<Option<fs::File>, StoreError> {
        let Self::File(path) = self else { return Ok(None) };
        // Its directory's, because the file itself is replaced.
        let lock = fs::File::open(directory(path)).map_err(|error| unusable(path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(fs::TryLockError::WouldBlock) => {
                Err(StoreError::Key { reason: "another rotation is under way".to_owned() })
            }
            Err(fs::TryLockError::Error(error)) => Err(unusable(path, &error)),
        }
    }
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// A file in the same directory.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_path_buf().into_os_string();
    name.push(suffix);
    name.into()
}

/// The directory's entry, too, must survive a power cut.
fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(directory(path))?.sync_all()
}

fn write(path: &Path, how: &mut OpenOptions, keys: &[MasterKey]) -> io::Result<()> {
    let mut file = how.write(true).mode(0o600).open(path)?;
    writeln!(file, "# Master keys of Offhook, the current one first. Without them secrets in the")?;
    writeln!(file, "# database are lost: keep a copy apart from the database's. docs/security.md")?;
    for key in keys {
        writeln!(file, "{}", key.to_text().as_str())?;
    }
    file.sync_all()
}

fn unusable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Key { reason: format!("{}: {error}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(keys: &[MasterKey]) -> Vec<String> {
        keys.iter().map(|key| key.id().to_string()).collect()
    }

    #[test]
    fn a_file_is_made_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data").join("master-key");
        let keys = Keys::File(path.clone());
        assert!(keys.load().unwrap().is_empty());
        let made = keys.make().unwrap().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(keys.make().unwrap().is_none());
        assert_eq!(ids(&keys.load().unwrap()), [made.id().to_string()]);
    }

    #[test]
    fn replacing_keeps_order_and_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master-key");
        let keys = Keys::File(path.clone());
        let old = keys.make().unwrap().unwrap();
        let both = [MasterKey::generate(), old];
        keys.replace(&both).unwrap();
        assert_eq!(ids(&keys.load().unwrap()), ids(&both));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_bad_line_is_named_and_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master-key");
        fs::write(&path, "# mine\n\nhunter2!\n").unwrap();
        let error = Keys::File(path).load().unwrap_err().to_string();
        assert!(error.contains("line 3") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn one_rotation_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::File(dir.path().join("master-key"));
        keys.make().unwrap();
        let held = keys.lock().unwrap();
        assert!(keys.lock().unwrap_err().to_string().contains("under way"));
        drop(held);
        assert!(keys.lock().is_ok());
    }
}
