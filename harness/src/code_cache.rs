//! The code cache of this command: where it is, and how large it may become.

use std::path::PathBuf;

use anyhow::Context;
use cache::{Disk, MOST_BYTES};
use engine::cache::{IN_MEMORY, build_identity};
use engine::{CodeCache, Compiled, Configuration, EngineError, Found, Keeping, Source};

/// Names the folder, in place of the platform's own for caches.
pub const FOLDER: &str = "HARNESS_CACHE";
/// The most bytes that all entries may take: `65536`, `64K`, `64M`, `1G`.
pub const LIMIT: &str = "HARNESS_CACHE_LIMIT";

/// The folder.
///
/// # Errors
/// When the platform does not say where caches are kept, and the environment does not either.
pub fn folder() -> anyhow::Result<PathBuf> {
    let given = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let folder = given.or_else(|| cache::default_folder("register-vm-workbench"));
    folder.with_context(|| format!("there is no folder for caches; {FOLDER} can name one"))
}

/// The limit.
///
/// # Errors
/// When what the environment says is no number of bytes.
pub fn limit() -> anyhow::Result<u64> {
    let Ok(text) = std::env::var(LIMIT) else { return Ok(MOST_BYTES) };
    let bytes = engine::parse_bytes(&text).with_context(|| format!("{LIMIT} is '{text}', not a number of bytes"))?;
    Ok(bytes as u64)
}

/// The folder's entries of this build.
///
/// # Errors
/// When there is no folder, or the limit is none.
pub fn disk() -> anyhow::Result<Disk> {
    Ok(Disk::new(folder()?, build_identity(), limit()?))
}

/// The cache that a configuration asks for. Without a folder there is none: it only costs time.
pub fn open(keeping: Keeping) -> Option<CodeCache> {
    match keeping {
        Keeping::Off => None,
        Keeping::Memory => Some(CodeCache::in_memory(IN_MEMORY)),
        Keeping::Disk => disk().ok().map(|disk| CodeCache::on_disk(disk, IN_MEMORY)),
    }
}

/// Compiles a program, with a cache if there is one.
///
/// # Errors
/// As [`Compiled::new`].
pub fn compile(
    cache: Option<&CodeCache>,
    source: &Source,
    configuration: &Configuration,
) -> Result<(Compiled, Found), EngineError> {
    match cache {
        Some(cache) => cache.compile(source, configuration),
        None => Ok((Compiled::new(source)?, Found::Unkept)),
    }
}
