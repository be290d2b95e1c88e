//! What the store asks of a file system, one method an operation, so that tests can let each of them fail.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

/// Uses within this time count as one, so that a program run in a loop writes no times.
const SAME_USE: Duration = Duration::from_secs(10);

/// A file in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// When it was last used.
    pub used: SystemTime,
}

/// Operations on files. The methods are those of [`Real`].
pub trait FileSystem: std::fmt::Debug + Send + Sync {
    /// Makes a folder, and those it is in.
    ///
    /// # Errors
    /// When it is not there afterwards.
    fn create_folder(&self, folder: &Path) -> std::io::Result<()> {
        fs::create_dir_all(folder)
    }

    /// Reads a file of at most so many bytes and notes that it was used.
    ///
    /// # Errors
    /// When it cannot be read, or is longer.
    fn read(&self, path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
        let file = File::open(path)?;
        let facts = file.metadata()?;
        if facts.len() > most {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::with_capacity(facts.len() as usize + 1);
        (&file).take(most).read_to_end(&mut bytes)?;
        let now = SystemTime::now();
        let is_same_use = facts.modified().ok().and_then(|used| now.duration_since(used).ok()) < Some(SAME_USE);
        if !is_same_use {
            // Where the time cannot be set, the order of dropping is that of writing.
            let _ = file.set_modified(now);
        }
        Ok(bytes)
    }

    /// A new file in this folder, of a name that no other has.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create_temporary(&self, folder: &Path) -> std::io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)
    }

    /// Writes to a file.
    ///
    /// # Errors
    /// When not everything could be written.
    fn write(&self, file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
        file.write_all(bytes)
    }

    /// Waits until what was written is on the disk.
    ///
    /// # Errors
    /// When it is not.
    fn sync(&self, file: &File) -> std::io::Result<()> {
        file.sync_data()
    }

    /// Gives a new file its place, in one step. What was there is replaced.
    ///
    /// # Errors
    /// When it is not there afterwards.
    fn rename(&self, file: NamedTempFile, path: &Path) -> std::io::Result<()> {
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Writes at the end of a file, which need not be there yet.
    ///
    /// # Errors
    /// When not everything could be written.
    fn append(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// When it is still there.
    fn remove(&self, path: &Path) -> std::io::Result<()> {
        fs::remove_file(path)
    }

    /// The files in a folder.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn list(&self, folder: &Path) -> std::io::Result<Vec<Listed>> {
        let mut files = Vec::new();
        for file in fs::read_dir(folder)? {
            let file = file?;
            // A file that is gone by now is none.
            if let Ok(facts) = file.metadata()
                && facts.is_file()
            {
                let used = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                files.push(Listed { path: file.path(), bytes: facts.len(), used });
            }
        }
        Ok(files)
    }
}

/// How the names of files begin that are being written.
pub(crate) const TEMPORARY: &str = "writing-";

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real;

impl FileSystem for Real {}
