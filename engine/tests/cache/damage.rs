//! Whatever becomes of the files: the right code, or it is made anew.

use std::fs::{self, File};
use std::path::PathBuf;

use cache::{Bounds, Disk, FileSystem, Key, MOST_BYTES};
use engine::cache::build_identity;
use engine::random::Random;
use engine::{CodeCache, Compiled, Configuration, Found, Source};
use isa::RegCode;
use tempfile::TempDir;

const PROGRAM: &str = "# A comment.
entity Point { x: any, y: any = [1] }
action f(n, m = 2) {
    try { return n / m } catch (e) { print(\"no\", e) }
}
let p = Point{x: f(4)}
print(p.x, [1, 2.5, \"s\"].map(lambda(v): v))
print(f(1, 0) + null)
";

/// Nothing is kept in memory, so that every compilation goes to the disk.
fn cache(folder: &TempDir) -> CodeCache {
    CodeCache::on_disk(disk(folder), Bounds { entries: 0, bytes: 0 })
}

/// Files that are not waited for, so that a test can write thousands.
#[derive(Debug)]
struct Unsynced;

impl FileSystem for Unsynced {
    fn sync(&self, _file: &File) -> std::io::Result<()> {
        Ok(())
    }
}

fn disk(folder: &TempDir) -> Disk {
    Disk::with_files(folder.path(), build_identity(), MOST_BYTES, Box::new(Unsynced))
}

fn source() -> Source {
    Source::text("program.zx", PROGRAM)
}

fn register() -> Configuration {
    Configuration::of("register").unwrap()
}

fn code(compiled: &Compiled) -> RegCode {
    (**compiled.register_code().unwrap()).clone()
}

/// The files of entries: the layout and the code.
fn entries(folder: &TempDir) -> Vec<PathBuf> {
    let shards = fs::read_dir(folder.path()).unwrap().map(|shard| shard.unwrap().path()).filter(|path| path.is_dir());
    let mut files: Vec<PathBuf> =
        shards.flat_map(|shard| fs::read_dir(shard).unwrap().map(|file| file.unwrap().path())).collect();
    files.sort();
    files
}

#[test]
fn each_flipped_byte_and_each_cut_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let expected = code(&cache(&folder).compile(&source(), &register()).unwrap().0);
    let cache = cache(&folder);
    let files = entries(&folder);
    assert_eq!(files.len(), 2, "{files:?}");
    let mut damaged = 0;
    for path in files {
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            for file in [&flipped, &whole[..at]] {
                fs::write(&path, file).unwrap();
                let (compiled, found) = cache.compile(&source(), &register()).unwrap();
                assert_ne!(found, Found::ByText);
                assert_eq!(code(&compiled), expected);
                damaged += 1;
                assert_eq!(cache.statistics().damaged, damaged, "byte {at} of {}", path.display());
                assert_eq!(fs::read(&path).unwrap().len(), whole.len(), "it is stored anew");
            }
        }
    }
    assert_eq!(cache.compile(&source(), &register()).unwrap().1, Found::ByText);
}

/// Entries that are whole but hold something else: no hash helps, and the verifier and the readers do.
#[test]
fn content_that_is_no_code_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let expected = code(&cache(&folder).compile(&source(), &register()).unwrap().0);
    let mut random = Random::new(1);
    let mut noticed = 0;
    for path in entries(&folder) {
        let key = key_of(&path);
        let payload = disk(&folder).load(&key).unwrap().payload().to_vec();
        for round in 0..500 {
            let mut other = payload.clone();
            let at = random.below(other.len());
            match round % 3 {
                0 => other[at] = random.below(256) as u8,
                1 => other.truncate(at),
                _ => other.insert(at, random.below(256) as u8),
            }
            disk(&folder).store(&key, &other, 0);
            let cache = cache(&folder);
            let (compiled, found) = cache.compile(&source(), &register()).unwrap();
            if found != Found::ByText {
                assert_eq!(code(&compiled), expected);
                noticed += cache.statistics().damaged;
            }
        }
        disk(&folder).store(&key, &payload, 0);
    }
    assert!(noticed > 600, "{noticed} of 1000");
}

fn key_of(path: &std::path::Path) -> Key {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&name[2 * at..2 * at + 2], 16).unwrap();
    }
    Key::from_bytes(bytes)
}
