//! The ledger on disk: one [redb](https://docs.rs/redb) file.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `meta` | `"format"` | the format's [version](crate::block::FORMAT), 4 bytes, little-endian |
//! | `blocks` | height | a [block](crate::block) |
//! | `state` | a [location](crate::tree) | what it holds |
//!
//! Every value is followed by a check: the first 16 bytes of the BLAKE3 of table name, zero byte, key (heights big-endian) and value, so that a damaged record is known by name
//! whatever damaged it. A block and the changes of the state that belong to it are one transaction of redb, durable when it returns: after a
//! crash at any moment the file has all of a block or nothing of it.
//!
//! Opening has redb check every page, reads all records, and compares the root of the state with the one in the last block. Only the whole chain is left to
//! [`verify`](crate::verify).

use std::ops::Bound;
use std::path::{Path, PathBuf};

use redb::backends::{FileBackend, InMemoryBackend};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, StorageError, TableDefinition, TableError,
};

use crate::block::{Block, FORMAT};
use crate::error::LedgerError;
use crate::state::{Content, Location};
use crate::store::{LocationChange, Store};

type Bytes = &'static [u8];

const META: TableDefinition<'static, &str, Bytes> = TableDefinition::new("meta");
const BLOCKS: TableDefinition<'static, u64, Bytes> = TableDefinition::new("blocks");
const STATE: TableDefinition<'static, Bytes, Bytes> = TableDefinition::new("state");

/// Key of the format's version.
const VERSION: &str = "format";

/// Bytes of a check.
const CHECK: usize = 16;

/// How a redb file begins.
const MAGIC: &[u8] = b"redb";

/// Memory for pages of the file; the state is in memory anyway.
const PAGE_CACHE: usize = 64 << 20;

/// A ledger's file.
#[derive(Debug)]
pub struct Disk {
    database: Database,
    path: PathBuf,
}

fn check(table: &str, key: &[u8], value: &[u8]) -> [u8; CHECK] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(table.as_bytes()).update(&[0]).update(key).update(value);
    let mut check = [0; CHECK];
    hasher.finalize_xof().fill(&mut check);
    check
}

fn sealed(table: &str, key: &[u8], value: &[u8]) -> Vec<u8> {
    [value, &check(table, key, value)].concat()
}

/// The value of a record whose check is right.
fn unsealed<'r>(table: &str, key: &[u8], record: &'r [u8]) -> Result<&'r [u8], &'static str> {
    match record.split_last_chunk::<CHECK>() {
        Some((value, found)) if *found == check(table, key, value) => Ok(value),
        _ => Err("its check is wrong"),
    }
}

/// Everything that redb reports about what it reads.
fn storage(path: &Path, error: impl Into<redb::Error>) -> LedgerError {
    let path = path.to_path_buf();
    match error.into() {
        redb::Error::Io(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            LedgerError::Io { action: "read", path, source }
        }
        error => LedgerError::Damaged { path, part: "pages".to_string(), reason: error.to_string() },
    }
}

/// Whether a file can be one of redb's.
fn check_magic(path: &Path, beginning: &[u8]) -> Result<(), LedgerError> {
    if beginning.starts_with(MAGIC) {
        return Ok(());
    }
    Err(LedgerError::NotALedger { path: path.to_path_buf(), reason: "it does not begin like one".to_string() })
}

impl Disk {
    /// Opens a ledger's file, or makes one where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened, is in use, is something else, or is damaged.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let io = |source| LedgerError::Io { action: "open", path: path.to_path_buf(), source };
        let is_new = match std::fs::File::open(path) {
            Ok(mut file) => {
                let mut beginning = Vec::new();
                let limited = std::io::Read::take(&mut file, MAGIC.len() as u64);
                std::io::Read::read_to_end(&mut { limited }, &mut beginning).map_err(io)?;
                if !beginning.is_empty() {
                    check_magic(path, &beginning)?;
                }
                beginning.is_empty()
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::make(path)?;
                false
            }
            Err(error) => return Err(io(error)),
        };
        let database = Self::builder().create(path).map_err(|error| opening(path, error))?;
        let disk = Self { database, path: path.to_path_buf() };
        if is_new || disk.is_unused()? {
            disk.initialise()?;
        }
        disk.check_version()?;
        Ok(disk)
    }

    /// Makes a ledger's file where there is none: beside its place, and moved there when it is whole. So whoever is stopped in the
    /// midst of it leaves no file that is half of one, and of two that make it at once the second takes the first one's.
    fn make(path: &Path) -> Result<(), LedgerError> {
        let io = |source| LedgerError::Io { action: "make", path: path.to_path_buf(), source };
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".new-");
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.prefix(&name).tempfile_in(folder).map_err(io)?;
        let database = Self::builder().create(file.path()).map_err(|error| opening(path, error))?;
        Self { database, path: file.path().to_path_buf() }.initialise()?;
        match file.persist_noclobber(path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(io(error.error)),
        }
        // Its name is durable when the folder is; there are systems that do not open folders.
        #[cfg(unix)]
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        Ok(())
    }

    /// A copy of a ledger's file in memory. The file is only read, even where it would have to be repaired after a crash.
    ///
    /// # Errors
    /// When the file cannot be opened, is in use, is something else, or is damaged.
    pub fn copy_of(path: &Path) -> Result<Self, LedgerError> {
        let io = |source| LedgerError::Io { action: "read", path: path.to_path_buf(), source };
        let file = std::fs::File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.is_dir() {
            return Err(LedgerError::NotALedger { path: path.to_path_buf(), reason: "it is a folder".to_string() });
        }
        let file = FileBackend::new(file).map_err(|error| opening(path, error))?;
        let opened = Self::builder().create_with_backend(copied(&file, path)?);
        let disk = Self { database: opened.map_err(|error| opening(path, error))?, path: path.to_path_buf() };
        disk.check_version()?;
        Ok(disk)
    }

    fn builder() -> redb::Builder {
        let mut builder = Database::builder();
        builder.set_cache_size(PAGE_CACHE).set_check_integrity_on_open(true);
        builder
    }

    /// True when whoever made the file was stopped before the first transaction.
    fn is_unused(&self) -> Result<bool, LedgerError> {
        let transaction = self.database.begin_read().map_err(|error| storage(&self.path, error))?;
        let mut tables = transaction.list_tables().map_err(|error| storage(&self.path, error))?;
        Ok(tables.next().is_none())
    }

    fn initialise(&self) -> Result<(), LedgerError> {
        self.write(|transaction| {
            let version = sealed("meta", VERSION.as_bytes(), &FORMAT.to_le_bytes());
            transaction.open_table(META)?.insert(VERSION, version.as_slice())?;
            transaction.open_table(BLOCKS)?;
            transaction.open_table(STATE)?;
            Ok(())
        })
    }

    fn check_version(&self) -> Result<(), LedgerError> {
        let foreign = |reason: String| LedgerError::NotALedger { path: self.path.clone(), reason };
        let transaction = self.database.begin_read().map_err(|error| storage(&self.path, error))?;
        let table = match transaction.open_table(META) {
            Ok(table) => table,
            Err(TableError::Storage(error)) => return Err(storage(&self.path, error)),
            Err(_) => return Err(foreign("its tables are another program's".to_string())),
        };
        let Some(record) = table.get(VERSION).map_err(|error| storage(&self.path, error))? else {
            return Err(foreign("it does not say which version it has".to_string()));
        };
        let value = unsealed("meta", VERSION.as_bytes(), record.value());
        match value.map(<[u8; 4]>::try_from) {
            Ok(Ok(version)) if version == FORMAT.to_le_bytes() => Ok(()),
            Ok(Ok(version)) => {
                Err(LedgerError::Version { path: self.path.clone(), found: u32::from_le_bytes(version), known: FORMAT })
            }
            _ => Err(self.damaged("the version of the format", "its check is wrong")),
        }
    }

    fn damaged(&self, part: impl Into<String>, reason: impl Into<String>) -> LedgerError {
        LedgerError::Damaged { path: self.path.clone(), part: part.into(), reason: reason.into() }
    }

    /// One transaction, durable when this returns.
    fn write(&self, make: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>) -> Result<(), LedgerError> {
        let attempt = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            make(&transaction)?;
            transaction.commit()?;
            Ok(())
        };
        attempt().map_err(|error| LedgerError::Commit { path: self.path.clone(), reason: error.to_string() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hands over all locations with what they hold, and those that are damaged as errors.
    ///
    /// # Errors
    /// When redb can read no further, and those of `each`.
    pub(crate) fn locations(
        &self,
        each: &mut dyn FnMut(Result<(Location, Content), LedgerError>) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let transaction = self.database.begin_read().map_err(|error| storage(&self.path, error))?;
        let table = transaction.open_table(STATE).map_err(|error| storage(&self.path, error))?;
        for record in table.iter().map_err(|error| storage(&self.path, error))? {
            let (key, record) = record.map_err(|error| storage(&self.path, error))?;
            each(self.location(key.value(), record.value()))?;
        }
        Ok(())
    }

    fn location(&self, key: &[u8], record: &[u8]) -> Result<(Location, Content), LedgerError> {
        let location = Location::decode(key).map_err(|error| {
            self.damaged(format!("a location of the state, {} bytes", key.len()), error.to_string())
        })?;
        let part = || format!("state of {location}");
        let value = unsealed("state", key, record).map_err(|reason| self.damaged(part(), reason))?;
        let content = Content::decode(value, location.key.is_some());
        let content = content.map_err(|error| self.damaged(part(), error.to_string()))?;
        Ok((location, content))
    }
}

/// A copy of a file in memory.
fn copied(file: &FileBackend, path: &Path) -> Result<InMemoryBackend, LedgerError> {
    const PIECE: usize = 1 << 20;
    let error = |source| LedgerError::Io { action: "read", path: path.to_path_buf(), source };
    match file.try_lock_shared_range(Bound::Unbounded, Bound::Unbounded) {
        Ok(true) => {}
        Ok(false) => return Err(LedgerError::InUse { path: path.to_path_buf() }),
        // Where files cannot be locked, whoever writes to one is not to be asked for copies.
        Err(_) => {}
    }
    let copy = InMemoryBackend::new();
    let len = file.len().map_err(error)?;
    copy.set_len(len).map_err(error)?;
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    while at < len {
        let count = usize::try_from(len - at).unwrap_or(PIECE).min(PIECE);
        file.read(at, &mut piece[..count]).map_err(error)?;
        if at == 0 {
            check_magic(path, &piece[..count])?;
        }
        copy.write(at, &piece[..count]).map_err(error)?;
        at += count as u64;
    }
    if len == 0 {
        check_magic(path, &[])?;
    }
    file.close().map_err(error)?;
    Ok(copy)
}

/// What redb says when it opens a file.
fn opening(path: &Path, error: DatabaseError) -> LedgerError {
    let path = path.to_path_buf();
    match error {
        DatabaseError::DatabaseAlreadyOpen => LedgerError::InUse { path },
        DatabaseError::UpgradeRequired(version) => {
            LedgerError::NotALedger { path, reason: format!("it is a redb file of version {version}") }
        }
        DatabaseError::Storage(StorageError::Io(source)) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            match source.kind() {
                std::io::ErrorKind::InvalidData => {
                    LedgerError::Damaged { path, part: "header".to_string(), reason: source.to_string() }
                }
                _ => LedgerError::Io { action: "open", path, source },
            }
        }
        error => LedgerError::Damaged { path, part: "pages".to_string(), reason: error.to_string() },
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use runtime::host::OwnedKey;
        match (&*self.contract, &*self.field) {
            ("", "") => f.write_str("global")?,
            ("", field) => f.write_str(field)?,
            (contract, field) => write!(f, "{contract}.{field}")?,
        }
        match &self.key {
            None => Ok(()),
            Some(OwnedKey::Int(key)) => write!(f, "[{key}]"),
            Some(OwnedKey::Bool(key)) => write!(f, "[{key}]"),
            Some(OwnedKey::String(key)) => write!(f, "[{key:?}]"),
        }
    }
}

impl Store for Disk {
    fn block(&self, height: u64) -> Result<Option<Block>, LedgerError> {
        let transaction = self.database.begin_read().map_err(|error| storage(&self.path, error))?;
        let table = transaction.open_table(BLOCKS).map_err(|error| storage(&self.path, error))?;
        let Some(record) = table.get(height).map_err(|error| storage(&self.path, error))? else { return Ok(None) };
        let part = || format!("block {height}");
        let value = unsealed("blocks", &height.to_be_bytes(), record.value());
        let value = value.map_err(|reason| self.damaged(part(), reason))?;
        let block = Block::decode(value).map_err(|error| self.damaged(part(), error.to_string()))?;
        Ok(Some(block))
    }

    fn height(&self) -> Result<u64, LedgerError> {
        let transaction = self.database.begin_read().map_err(|error| storage(&self.path, error))?;
        let table = transaction.open_table(BLOCKS).map_err(|error| storage(&self.path, error))?;
        let last = table.last().map_err(|error| storage(&self.path, error))?;
        Ok(last.map_or(0, |(height, _)| height.value()))
    }

    fn load(&self, each: &mut dyn FnMut(Location, Content) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        self.locations(&mut |found| found.and_then(|(location, content)| each(location, content)))
    }

    fn commit(&mut self, block: Block, changes: &[LocationChange]) -> Result<(), LedgerError> {
        self.write(|transaction| {
            let mut state = transaction.open_table(STATE)?;
            for LocationChange { location, content } in changes {
                match content {
                    Some(content) => {
                        let record = sealed("state", location, content);
                        state.insert(location.as_slice(), record.as_slice())?;
                    }
                    None => drop(state.remove(location.as_slice())?),
                }
            }
            let height = block.header.height;
            let record = sealed("blocks", &height.to_be_bytes(), &block.encode());
            transaction.open_table(BLOCKS)?.insert(height, record.as_slice())?;
            Ok(())
        })
    }
}
