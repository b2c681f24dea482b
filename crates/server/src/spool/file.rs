//! The spool's file: appended in place, read back, emptied.
//!
//! The file is as long as what was set aside, filled with zeros: appending
//! overwrites them, so that a full disk does not stop it. Emptying writes the
//! zeros back. Reading ends at the first byte that is no whole line.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use super::{
    SpoolError,
    entry::{Entry, Weight},
};

/// Bytes read at once; a line may be longer.
const CHUNK: u64 = 1024 * 1024;
/// Most entries handed out at once.
const BATCH: usize = 256;

/// See the module's description. Every call may block.
#[derive(Debug)]
pub(super) struct SpoolFile {
    file: File,
    /// Where the next line goes.
    end: u64,
    /// How long the file is: what the disk has set aside.
    length: u64,
    max: u64,
    /// What there is room for: `max`, or what the disk let us have.
    room: u64,
}

impl SpoolFile {
    /// Opens the file and finds the end of what is in it. Also how many
    /// entries that is.
    pub(super) fn open(path: &Path, max: u64, reserve: u64) -> io::Result<(Self, u64)> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let length = file.metadata()?.len();
        let mut spool = Self { file, end: 0, length, max, room: max };
        let mut left = 0;
        loop {
            let (entries, next) = spool.read(spool.end, u64::MAX)?;
            if entries.is_empty() {
                break;
            }
            left += entries.len() as u64;
            spool.end = next;
        }
        if let Err(error) = spool.set_aside(reserve.min(max)) {
            tracing::warn!(%error, "no room could be set aside for the spool; a full disk will stop it");
        }
        Ok((spool, left))
    }

    /// Makes the file at least this long.
    fn set_aside(&mut self, reserve: u64) -> io::Result<()> {
        if self.length < reserve {
            self.file.seek(SeekFrom::Start(self.length))?;
            io::copy(&mut io::repeat(0).take(reserve - self.length), &mut self.file)?;
            self.file.sync_all()?;
            self.length = reserve;
        }
        Ok(())
    }

    /// Where the next line goes.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Writes a line, not yet to the disk: [`Self::sync`] follows.
    pub(super) fn append(&mut self, line: &[u8], weight: Weight) -> Result<(), SpoolError> {
        let after = self.end + line.len() as u64;
        if after > self.limit(weight) {
            return Err(SpoolError::Full);
        }
        let written = self.file.seek(SeekFrom::Start(self.end)).and_then(|_| self.file.write_all(line));
        match written {
            Ok(()) => {
                self.end = after;
                self.length = self.length.max(after);
                Ok(())
            }
            Err(error) if after > self.length => {
                tracing::error!(%error, bytes = self.length, "the disk is full; the spool has only what was set aside");
                self.room = self.length;
                Err(SpoolError::Full)
            }
            Err(error) => {
                tracing::error!(%error, "the spool's file cannot be written");
                Err(SpoolError::Broken)
            }
        }
    }

    /// How far lines of this weight may go.
    fn limit(&self, weight: Weight) -> u64 {
        match weight {
            Weight::Exchange => self.room / 2,
            Weight::Step => self.room / 8 * 7,
            Weight::End => self.room,
        }
    }

    /// Puts what was appended on the disk.
    pub(super) fn sync(&mut self) -> Result<(), SpoolError> {
        self.file.sync_data().map_err(|error| {
            tracing::error!(%error, "the spool's file cannot be synced");
            SpoolError::Broken
        })
    }

    /// Takes back what was appended since `end`, because it cannot be synced.
    pub(super) fn take_back(&mut self, end: u64) {
        self.end = end;
    }

    /// The entries from a position on, some at a time, and the position after
    /// them. Not beyond `until`.
    pub(super) fn read(&mut self, from: u64, until: u64) -> io::Result<(Vec<Entry>, u64)> {
        let mut window = CHUNK;
        loop {
            let wanted = window.min(until.saturating_sub(from));
            self.file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            (&self.file).take(wanted).read_to_end(&mut bytes)?;
            let (mut entries, mut at) = (Vec::new(), 0);
            while entries.len() < BATCH
                && let Some((entry, length)) = Entry::from_bytes(&bytes[at..])
            {
                entries.push(entry);
                at += length;
            }
            // A line longer than the window is read with a larger one.
            let is_whole = (bytes.len() as u64) < window;
            if !entries.is_empty() || is_whole || bytes.first() == Some(&0) || window > 32 * CHUNK {
                return Ok((entries, from + at as u64));
            }
            window *= 2;
        }
    }

    /// Forgets everything, if nothing was appended beyond `until`.
    pub(super) fn empty(&mut self, until: u64) -> io::Result<bool> {
        if self.end != until {
            return Ok(false);
        }
        // From the front: what is left half done reads as empty.
        self.file.seek(SeekFrom::Start(0))?;
        io::copy(&mut io::repeat(0).take(self.end), &mut self.file)?;
        self.file.sync_data()?;
        (self.end, self.room) = (0, self.max);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::entry::tests::{end, entry, exchange, turn},
        *,
    };

    fn open(path: &Path) -> (SpoolFile, u64) {
        SpoolFile::open(path, 64 * 1024, 16 * 1024).unwrap()
    }

    fn append(spool: &mut SpoolFile, entry: &Entry) -> Result<(), SpoolError> {
        spool.append(&entry.to_line().unwrap(), entry.weight())
    }

    fn calls(spool: &mut SpoolFile) -> Vec<String> {
        let (mut all, mut from) = (Vec::new(), 0);
        loop {
            let (entries, next) = spool.read(from, spool.end()).unwrap();
            if entries.is_empty() {
                return all;
            }
            all.extend(entries.into_iter().map(|entry| entry.call.to_string()));
            from = next;
        }
    }

    #[test]
    fn what_was_appended_is_there_after_a_crash_but_for_a_torn_tail() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool.log");
        let (mut spool, left) = open(&path);
        assert_eq!((left, spool.file.metadata().unwrap().len()), (0, 16 * 1024));
        for n in 0..3 {
            append(&mut spool, &entry(&format!("call_{n}"), turn(n, "x"))).unwrap();
        }
        let torn = &entry("call_torn", end()).to_line().unwrap()[..30];
        spool.file.write_all(torn).unwrap();
        drop(spool);

        let (mut spool, left) = open(&path);
        assert_eq!(left, 3);
        append(&mut spool, &entry("call_3", end())).unwrap();
        drop(spool);
        let (mut spool, left) = open(&path);
        assert_eq!(left, 4);
        assert_eq!(calls(&mut spool), ["call_0", "call_1", "call_2", "call_3"]);
    }

    #[test]
    fn it_is_emptied_only_when_all_of_it_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool.log");
        let (mut spool, _) = open(&path);
        append(&mut spool, &entry("call_0", turn(0, "x"))).unwrap();
        let (_, done) = spool.read(0, spool.end()).unwrap();
        append(&mut spool, &entry("call_0", end())).unwrap();
        assert!(!spool.empty(done).unwrap());
        let (_, done) = spool.read(done, spool.end()).unwrap();
        assert!(spool.empty(done).unwrap());
        append(&mut spool, &entry("call_1", end())).unwrap();
        drop(spool);
        let (mut spool, left) = open(&path);
        assert_eq!((left, calls(&mut spool)), (1, vec!["call_1".to_owned()]), "nothing old comes back");
    }

    #[test]
    fn exchanges_give_way_first_and_ends_last() {
        let dir = tempfile::tempdir().unwrap();
        let (mut spool, _) = open(&dir.path().join("spool.log"));
        let mut kept = [0, 0, 0];
        while append(&mut spool, &entry("call_1", exchange("x".repeat(1_000)))).is_ok() {
            kept[0] += 1;
        }
        while append(&mut spool, &entry("call_1", turn(0, &"x".repeat(1_000)))).is_ok() {
            kept[1] += 1;
        }
        while append(&mut spool, &entry("call_1", end())).is_ok() {
            kept[2] += 1;
        }
        assert!(kept.iter().all(|n| *n > 10), "{kept:?}");
        assert!(spool.end() <= 64 * 1024);
        assert_eq!(calls(&mut spool).len(), kept.iter().sum::<usize>());
    }

    /// A file system of one megabyte; none where it may not be mounted.
    struct Tiny(tempfile::TempDir);

    impl Tiny {
        fn mount() -> Option<Self> {
            let dir = tempfile::tempdir().unwrap();
            let mut mount = std::process::Command::new("mount");
            mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(dir.path());
            let is_mounted = mount.stderr(std::process::Stdio::null()).status().is_ok_and(|s| s.success());
            is_mounted.then_some(Self(dir))
        }
    }

    impl Drop for Tiny {
        fn drop(&mut self) {
            let _ = std::process::Command::new("umount").arg(self.0.path()).status();
        }
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a test that proves nothing says so")]
    fn a_full_disk_leaves_what_was_set_aside() {
        let Some(disk) = Tiny::mount() else {
            eprintln!("not proved: a file system of its own needs root");
            return;
        };
        let path = disk.0.path().join("spool.log");
        let (mut spool, _) = SpoolFile::open(&path, 8 << 20, 256 << 10).unwrap();
        // Somebody else takes all the rest.
        let mut other = File::create(disk.0.path().join("other")).unwrap();
        let full = io::copy(&mut io::repeat(1), &mut other).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        let mut kept = 0;
        while append(&mut spool, &entry("call_1", turn(0, &"x".repeat(1_000)))).is_ok() {
            kept += 1;
        }
        while append(&mut spool, &entry("call_1", end())).is_ok() {
            kept += 1;
        }
        spool.sync().unwrap();
        assert!(kept > 150 && spool.end() <= 256 << 10, "{kept} in {} bytes", spool.end());
        // Written down and emptied, it serves again, though the disk is full still.
        let mut done = 0;
        loop {
            let (entries, next) = spool.read(done, spool.end()).unwrap();
            if entries.is_empty() {
                break;
            }
            done = next;
        }
        assert!(spool.empty(done).unwrap());
        append(&mut spool, &entry("call_2", end())).unwrap();
        spool.sync().unwrap();
        assert_eq!(SpoolFile::open(&path, 8 << 20, 256 << 10).unwrap().1, 1);
    }

    #[test]
    fn a_long_line_is_read_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool.log");
        let (mut spool, _) = SpoolFile::open(&path, 64 << 20, 1024).unwrap();
        append(&mut spool, &entry("call_long", exchange("x".repeat(3 << 20)))).unwrap();
        append(&mut spool, &entry("call_short", end())).unwrap();
        assert_eq!(calls(&mut spool), ["call_long", "call_short"]);
        assert_eq!(SpoolFile::open(&path, 64 << 20, 1024).unwrap().1, 2);
    }
}
