//! Entries on disk, a file each, for any number of processes at once.
//!
//! A folder has sixteen shards, `0` to `f`, by the first digit of the key, and `statistics`. An entry is written to a new file, synced, and
//! renamed, so whoever reads finds all of it or nothing; and whatever is found is checked against its hash before anyone gets it. Two
//! processes that store one entry store the same.
//!
//! Each shard is kept within a sixteenth of the limit: whoever has stored something looks through that one shard and removes what was not
//! used for longest. So the limit holds whoever writes, and nobody has to know how much all of them have written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use etcetera::BaseStrategy;

use crate::entry::Entry;
use crate::file_system::{FileSystem, Listed, Real, TEMPORARY};
use crate::key::Key;
use crate::statistics::{RECORD, Statistics};

/// The limit of a folder's size unless another one is given.
pub const MOST_BYTES: u64 = 64 << 20;

const SHARDS: &str = "0123456789abcdef";
const SUFFIX: &str = ".entry";
const STATISTICS: &str = "statistics";
/// Records of statistics are added up when there are more.
const MOST_RECORDS: u64 = 1000;

/// Where this platform keeps the caches of a program of this name.
pub fn default_folder(program: &str) -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|base| base.cache_dir().join(program))
}

/// Entries on disk.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    build: Key,
    limit: u64,
    files: Box<dyn FileSystem>,
    statistics: Mutex<Statistics>,
}

/// What a folder holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many entries.
    pub entries: u64,
    /// Their bytes together.
    pub bytes: u64,
}

impl Disk {
    /// Entries of a build in a folder, which need not exist, of at most so many bytes together.
    pub fn new(folder: impl Into<PathBuf>, build: Key, limit: u64) -> Self {
        Self::with_files(folder, build, limit, Box::new(Real))
    }

    /// The same on another file system.
    pub fn with_files(folder: impl Into<PathBuf>, build: Key, limit: u64, files: Box<dyn FileSystem>) -> Self {
        Self { folder: folder.into(), build, limit, files, statistics: Mutex::default() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The most bytes that entries may take together.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The entry of a key. A file that is not a whole one is removed.
    pub fn load(&self, key: &Key) -> Option<Entry> {
        let path = self.path(key);
        match self.files.read(&path, self.shard_limit()) {
            Ok(file) => match Entry::open(file, &self.build, key) {
                Some(entry) => {
                    self.count(|statistics| statistics.bytes_read += entry.file().len() as u64);
                    return Some(entry);
                }
                None => self.discard(key),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::FileTooLarge => self.discard(key),
            Err(_) => self.failed(),
        }
        None
    }

    /// Removes an entry that turned out to be of no use: a damaged one.
    pub fn discard(&self, key: &Key) {
        self.count(|statistics| statistics.damaged += 1);
        self.remove(&self.path(key));
    }

    /// Stores what took `cost` nanoseconds to make, and removes what there is no room for any more.
    pub fn store(&self, key: &Key, payload: &[u8], cost: u64) {
        let entry = Entry::new(&self.build, key, payload, cost);
        let bytes = entry.file().len() as u64;
        if bytes > self.shard_limit() {
            return;
        }
        match self.replace(&self.path(key), entry.file()) {
            Ok(()) => {
                self.count(|statistics| {
                    statistics.stored += 1;
                    statistics.bytes_written += bytes;
                });
                self.trim(&self.shard(key));
            }
            Err(_) => self.failed(),
        }
    }

    /// Writes a file so that it is there as a whole or not at all.
    fn replace(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(&self.folder);
        let mut file = match self.files.create_temporary(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.files.create_folder(folder)?;
                self.files.create_temporary(folder)?
            }
            other => other?,
        };
        self.files.write(file.as_file_mut(), bytes)?;
        self.files.sync(file.as_file())?;
        self.files.rename(file, path)
    }

    /// Removes from a shard what was not used for longest until the rest is within the limit.
    fn trim(&self, shard: &Path) {
        let Ok(mut files) = self.files.list(shard) else { return self.failed() };
        files.retain(|file| is_entry(file) || is_temporary(file));
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        files.sort_unstable_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        for file in files {
            if bytes <= self.shard_limit() {
                return;
            }
            bytes -= file.bytes;
            self.remove(&file.path);
            self.count(|statistics| {
                statistics.evictions += 1;
                statistics.bytes_evicted += file.bytes;
            });
        }
    }

    /// What the folder holds.
    pub fn usage(&self) -> Usage {
        let files = self.shards().flat_map(|shard| self.files.list(&shard).unwrap_or_default());
        files
            .filter(is_entry)
            .fold(Usage::default(), |usage, file| Usage { entries: usage.entries + 1, bytes: usage.bytes + file.bytes })
    }

    /// Removes every entry, and what has been counted. Files that are not of this store's making stay.
    pub fn clear(&self) -> Usage {
        let mut removed = Usage::default();
        for shard in self.shards() {
            for file in self.files.list(&shard).unwrap_or_default() {
                if is_entry(&file) && self.remove(&file.path) {
                    removed.entries += 1;
                    removed.bytes += file.bytes;
                } else if is_temporary(&file) {
                    self.remove(&file.path);
                }
            }
        }
        self.remove(&self.folder.join(STATISTICS));
        removed
    }

    /// What this process has counted since it last wrote it down.
    pub fn statistics(&self) -> Statistics {
        *self.statistics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts something.
    pub fn count(&self, count: impl FnOnce(&mut Statistics)) {
        count(&mut self.statistics.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What all processes have counted and written down.
    pub fn recorded(&self) -> Statistics {
        let records =
            self.files.read(&self.folder.join(STATISTICS), 10 * MOST_RECORDS * RECORD as u64).unwrap_or_default();
        Statistics::sum(&records)
    }

    /// Writes down what this process has counted.
    pub fn record(&self) {
        let mut counted = Statistics::default();
        self.count(|statistics| counted = std::mem::take(statistics));
        if counted.is_empty() {
            return;
        }
        let path = self.folder.join(STATISTICS);
        let appended = match self.files.append(&path, &counted.record()) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let created = self.files.create_folder(&self.folder);
                created.and_then(|()| self.files.append(&path, &counted.record()))
            }
            other => other,
        };
        let is_long = || path.metadata().is_ok_and(|facts| facts.len() > MOST_RECORDS * RECORD as u64);
        if appended.is_ok() && is_long() {
            // What others append meanwhile is lost. It is statistics.
            let _ = self.replace(&path, &self.recorded().record());
        }
    }

    fn shards(&self) -> impl Iterator<Item = PathBuf> {
        SHARDS.chars().map(|digit| self.folder.join(digit.to_string()))
    }

    fn shard(&self, key: &Key) -> PathBuf {
        self.folder.join(&key.to_hex()[..1])
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.shard(key).join(key.to_hex() + SUFFIX)
    }

    fn shard_limit(&self) -> u64 {
        self.limit / SHARDS.len() as u64
    }

    /// Whether a file is gone, by this or by another process.
    fn remove(&self, path: &Path) -> bool {
        match self.files.remove(path) {
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                self.failed();
                false
            }
            _ => true,
        }
    }

    fn failed(&self) {
        self.count(|statistics| statistics.failures += 1);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.record();
    }
}

fn name(file: &Listed) -> &str {
    file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn is_entry(file: &Listed) -> bool {
    name(file)
        .strip_suffix(SUFFIX)
        .is_some_and(|key| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_temporary(file: &Listed) -> bool {
    name(file).starts_with(TEMPORARY)
}
