//! `offhook backup` and `restore`: the database, recordings and media of a
//! server on SQLite, as a directory with a list of what is in it.
//!
//! The database is copied first, at one moment; files after it. Whatever the
//! copy of the database names was there when it was made, so it is in the
//! backup, too. The list is written last: without it a backup is not whole.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Component, Path, PathBuf},
};

use offhook_model::Timestamp;
use offhook_store::{StoreError, check_sqlite, copy_sqlite};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::lock::{Lock, LockError, sqlite_path};

/// The list's name.
const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "offhook.db";
const BLOBS: &str = "blobs";
/// What a server keeps in its data directory beside the database.
const KEPT: [&str; 1] = ["handset-password"];
/// The form of the list that this program writes and reads.
const FORMAT: u32 = 1;

/// Where a server keeps its things.
#[derive(Debug, Clone)]
pub struct Places {
    /// `sqlite://…`; any other cannot be backed up here.
    pub store_url: String,
    /// Recordings and media.
    pub blobs: PathBuf,
    /// The rest.
    pub data_dir: PathBuf,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// The version of Offhook that made it.
    pub version: String,
    /// When.
    pub made_at: Timestamp,
    /// The version of the database's schema.
    pub schema: i64,
    /// Every file, the database first.
    pub files: Vec<Listed>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Listed {
    /// Below the backup's directory, with `/` between names.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A backup was not made or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is no file.
    #[error(
        "the database is PostgreSQL: back it up with pg_dump, and copy the directory of recordings and media \
        (store.blobs) after it; restore with pg_restore, then copy the directory back"
    )]
    Postgres,
    /// There is something already.
    #[error("{path} exists and is not empty; a backup overwrites nothing")]
    Occupied {
        /// Where.
        path: PathBuf,
    },
    /// A restore would replace a database.
    #[error("{path} exists; with --force it is set aside and replaced")]
    Replaces {
        /// The database.
        path: PathBuf,
    },
    /// A server runs.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// No whole backup is there.
    #[error("{path} is not a whole backup: {reason}")]
    NotWhole {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The database.
    #[error("the database cannot be copied or read")]
    Store(#[from] StoreError),
    /// The file system failed.
    #[error("{path}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, BackupError> {
    result.map_err(|source| BackupError::Io { path: path.to_owned(), source })
}

/// Makes a backup in a directory that is empty or not there yet. A server may
/// be running.
///
/// # Errors
/// [`BackupError`]; what was written until then stays, without its list.
pub async fn backup(places: &Places, to: &Path) -> Result<Manifest, BackupError> {
    let database = sqlite_path(&places.store_url).ok_or(BackupError::Postgres)?;
    at(to, fs::create_dir_all(to))?;
    if at(to, fs::read_dir(to))?.next().is_some() {
        return Err(BackupError::Occupied { path: to.to_owned() });
    }
    let made_at = Timestamp::now();
    let copy = to.join(DATABASE);
    copy_sqlite(&database, &copy).await?;
    at(&copy, File::open(&copy).and_then(|file| file.sync_all()))?;
    let schema = check_sqlite(&copy).await?;
    let mut files = vec![listed(DATABASE, hash(&copy)?)];
    for name in KEPT {
        copy_if_there(&places.data_dir.join(name), to, name, &mut files)?;
    }
    copy_directory(&places.blobs, to, BLOBS, &mut files)?;
    let manifest =
        Manifest { format: FORMAT, version: env!("CARGO_PKG_VERSION").to_owned(), made_at, schema, files };
    let path = to.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest);
    let text =
        text.map_err(|error| BackupError::NotWhole { path: to.to_owned(), reason: error.to_string() })?;
    let written = File::create_new(&path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    at(&path, written)?;
    Ok(manifest)
}

/// Puts a backup back, with no server running. A database that is there is
/// only replaced with `force`, and then set aside, as is its spool; recordings
/// and media stay, but for those of the same name. Says where the old database
/// is now.
///
/// # Errors
/// [`BackupError`]; the database is put in its place last.
pub async fn restore(places: &Places, from: &Path, force: bool) -> Result<Option<PathBuf>, BackupError> {
    let database = sqlite_path(&places.store_url).ok_or(BackupError::Postgres)?;
    at(&places.data_dir, fs::create_dir_all(&places.data_dir))?;
    let _lock = Lock::take(&places.data_dir, &places.store_url)?;
    let manifest = checked(from)?;
    check_sqlite(&from.join(DATABASE)).await?;
    let replaces = database.exists();
    if replaces && !force {
        return Err(BackupError::Replaces { path: database });
    }
    for file in &manifest.files {
        let target = match file.path.split_once('/') {
            Some((BLOBS, rest)) => places.blobs.join(rest),
            _ if file.path == DATABASE => continue,
            _ => places.data_dir.join(&file.path),
        };
        place(&from.join(&file.path), &target)?;
    }
    let aside = if replaces { Some(set_aside(places, &database)?) } else { None };
    place(&from.join(DATABASE), &database)?;
    Ok(aside)
}

/// Moves a database, what belongs to it, and reports that wait for it.
fn set_aside(places: &Places, database: &Path) -> Result<PathBuf, BackupError> {
    let mark = format!(".before-restore-{}", Timestamp::now().as_second());
    let with = |path: &Path, more: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(more);
        PathBuf::from(name)
    };
    let spool = places.data_dir.join(crate::spool::FILE);
    let set_aside = with(database, &mark);
    // The log before the database: apart from it nothing could be read back.
    for (path, to) in [
        (with(database, "-wal"), with(&set_aside, "-wal")),
        (with(database, "-shm"), with(&set_aside, "-shm")),
        (spool.clone(), with(&spool, &mark)),
        (database.to_owned(), set_aside.clone()),
    ] {
        if path.exists() {
            at(&path, fs::rename(&path, to))?;
        }
    }
    Ok(set_aside)
}

/// The list of a backup whose every file is as it says.
fn checked(from: &Path) -> Result<Manifest, BackupError> {
    let broken = |reason: String| BackupError::NotWhole { path: from.to_owned(), reason };
    let text =
        fs::read_to_string(from.join(MANIFEST)).map_err(|error| broken(format!("{MANIFEST}: {error}")))?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|error| broken(format!("{MANIFEST}: {error}")))?;
    if manifest.format != FORMAT {
        return Err(broken(format!("format {} is not known to this version", manifest.format)));
    }
    if manifest.files.first().is_none_or(|file| file.path != DATABASE) {
        return Err(broken(format!("{DATABASE} is not listed")));
    }
    for file in &manifest.files {
        let is_below = Path::new(&file.path).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_below {
            return Err(broken(format!("{} is not a path below it", file.path)));
        }
        let found =
            hash(&from.join(&file.path)).map_err(|error| broken(format!("{}: {error}", file.path)))?;
        if found != (file.bytes, file.sha256.clone()) {
            return Err(broken(format!("{} has changed since the backup was made", file.path)));
        }
    }
    Ok(manifest)
}

fn listed(path: &str, (bytes, sha256): (u64, String)) -> Listed {
    Listed { path: path.to_owned(), bytes, sha256 }
}

/// Copies every file of a directory and those below it.
fn copy_directory(from: &Path, to: &Path, name: &str, files: &mut Vec<Listed>) -> Result<(), BackupError> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => at(from, other)?,
    };
    for entry in entries {
        let entry = at(from, entry)?;
        let Some(file) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let below = format!("{name}/{file}");
        if at(&entry.path(), entry.file_type())?.is_dir() {
            copy_directory(&entry.path(), to, &below, files)?;
        } else {
            copy_if_there(&entry.path(), to, &below, files)?;
        }
    }
    Ok(())
}

/// Copies a file; one that was deleted meanwhile is none of the backup's.
fn copy_if_there(from: &Path, to: &Path, name: &str, files: &mut Vec<Listed>) -> Result<(), BackupError> {
    let source = match File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => at(from, other)?,
    };
    let target = to.join(name);
    let copied = copy(source, &target);
    files.push(listed(name, at(&target, copied)?));
    Ok(())
}

/// Copies into a new file, onto the disk. Size and hash of what was copied:
/// the source may be a recording that grows.
fn copy(mut source: File, target: &Path) -> io::Result<(u64, String)> {
    if let Some(directory) = target.parent() {
        fs::create_dir_all(directory)?;
    }
    let permissions = source.metadata()?.permissions();
    let mut file = File::create(target)?;
    file.set_permissions(permissions)?;
    let sum = pass(&mut source, &mut file)?;
    file.sync_all()?;
    Ok(sum)
}

/// Puts a file in its place, whole or not at all.
fn place(from: &Path, target: &Path) -> Result<(), BackupError> {
    let mut half = target.as_os_str().to_owned();
    half.push(".restoring");
    let half = PathBuf::from(half);
    let source = at(from, File::open(from))?;
    at(&half, copy(source, &half))?;
    at(target, fs::rename(&half, target))
}

fn hash(path: &Path) -> Result<(u64, String), BackupError> {
    let summed = File::open(path).and_then(|mut file| pass(&mut file, &mut io::sink()));
    at(path, summed)
}

fn pass(from: &mut File, to: &mut impl io::Write) -> io::Result<(u64, String)> {
    let (mut sum, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 128 * 1024]);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hex::encode(sum.finalize())));
        }
        sum.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        bytes += read as u64;
    }
}
