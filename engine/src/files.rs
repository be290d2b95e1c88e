//! Reading files of bounded size.
//!
//! Sources have a limit of size. A file that exceeds it is refused before it is read where its size is known, and otherwise as soon as
//! more than that has come out of it, so that a device without end does not fill the memory.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

use lang::parser::MAX_SOURCE_BYTES;
use lang::{FileLoader, SourceLoader};

/// The bytes of a file.
///
/// # Errors
/// When it cannot be read, or is too large.
pub(crate) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > MAX_SOURCE_BYTES as u64 {
        return Err(too_large());
    }
    read(file)
}

/// All bytes that a reader gives.
///
/// # Errors
/// When it cannot be read, or gives too many.
pub(crate) fn read(reader: impl Read) -> std::io::Result<Vec<u8>> {
    read_at_most(reader, MAX_SOURCE_BYTES)
}

fn read_at_most(reader: impl Read, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> Error {
    Error::new(ErrorKind::FileTooLarge, "it is larger than 1 GiB, the limit of a source; divide it into several files")
}

/// Loads from the file system, relative to the using file, what is not too large.
pub(crate) struct BoundedLoader;

impl SourceLoader for BoundedLoader {
    fn identify(&self, path: &str, from: &str) -> String {
        FileLoader.identify(path, from)
    }

    fn load(&self, name: &str) -> Result<Vec<u8>, String> {
        read_file(Path::new(name)).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_SOURCE_BYTES, read_at_most, too_large};

    #[test]
    fn what_is_too_large_is_not_read_to_its_end() {
        assert_eq!(read_at_most(&b"abc"[..], 3).unwrap(), b"abc");
        assert_eq!(read_at_most(std::io::repeat(0), 3).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
        assert_eq!(MAX_SOURCE_BYTES, 1 << 30, "the message names the limit");
        assert!(too_large().to_string().contains("1 GiB"));
    }
}
