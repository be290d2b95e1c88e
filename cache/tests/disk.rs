//! Entries on disk: what comes back, what is removed, and what happens when the file system does not play along.

use std::fs::{self, File};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use cache::{Disk, FileSystem, Key, Listed, MOST_BYTES, Real, Usage};
use tempfile::{NamedTempFile, TempDir};

const BUILD: Key = Key::from_bytes([1; 32]);
/// Bytes of an entry besides its payload.
const HEADER: usize = 160;
const PAYLOAD: &[u8] = b"what took long to make";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn disk(folder: &TempDir) -> Disk {
    Disk::new(folder.path().join("a folder that is not there yet"), BUILD, MOST_BYTES)
}

fn key(number: u64) -> Key {
    Key::of(&number.to_le_bytes())
}

/// A key whose entry goes to the same shard as all others that this makes.
fn key_of_one_shard(number: u8) -> Key {
    let mut bytes = [0x30; 32];
    bytes[31] = number;
    Key::from_bytes(bytes)
}

fn payload(disk: &Disk, key: &Key) -> Option<Vec<u8>> {
    disk.load(key).map(|entry| entry.payload().to_vec())
}

fn path(disk: &Disk, key: &Key) -> PathBuf {
    disk.folder().join(&key.to_hex()[..1]).join(format!("{}.entry", key.to_hex()))
}

#[test]
fn what_is_stored_is_loaded() {
    let folder = folder();
    let first = disk(&folder);
    assert_eq!(payload(&first, &key(1)), None);
    first.store(&key(1), PAYLOAD, 77);
    first.store(&key(2), b"", 78);
    let second = disk(&folder);
    assert_eq!(
        second.load(&key(1)).map(|entry| (entry.payload().to_vec(), entry.cost())),
        Some((PAYLOAD.to_vec(), 77))
    );
    assert_eq!(payload(&second, &key(2)), Some(Vec::new()));
    assert_eq!(payload(&second, &key(3)), None);
    first.store(&key(1), b"something else", 1);
    assert_eq!(payload(&second, &key(1)), Some(b"something else".to_vec()), "replaced");
    assert_eq!(second.usage().entries, 2);
    assert_eq!((second.statistics().damaged, second.statistics().failures), (0, 0));
}

#[test]
fn another_build_finds_nothing() {
    let folder = folder();
    disk(&folder).store(&key(1), PAYLOAD, 0);
    let other = Disk::new(disk(&folder).folder(), key(99), MOST_BYTES);
    assert_eq!(payload(&other, &key(1)), None);
    assert_eq!(other.statistics().damaged, 1, "a key is of one build alone, so a file that is of another one is wrong");
}

#[test]
fn damaged_files_are_misses_and_removed() {
    let folder = folder();
    let disk = disk(&folder);
    disk.store(&key(1), PAYLOAD, 5);
    let path = path(&disk, &key(1));
    let whole = fs::read(&path).unwrap();
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let flipped = (0..whole.len()).map(|at| {
        let mut file = whole.clone();
        file[at] ^= 1 << (at % 8);
        file
    });
    let longer = [[&whole[..], b"\0"].concat(), [&whole[..], &whole].concat()];
    let mut damaged = 0;
    for file in cut.chain(flipped).chain(longer) {
        fs::write(&path, &file).unwrap();
        assert_eq!(payload(&disk, &key(1)), None);
        assert!(!path.exists());
        damaged += 1;
        assert_eq!(disk.statistics().damaged, damaged);
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(payload(&disk, &key(1)).as_deref(), Some(PAYLOAD), "the undamaged file is an entry");
}

#[test]
fn a_file_with_the_name_of_another_entry_is_none() {
    let folder = folder();
    let disk = disk(&folder);
    disk.store(&key_of_one_shard(1), PAYLOAD, 0);
    fs::copy(path(&disk, &key_of_one_shard(1)), path(&disk, &key_of_one_shard(2))).unwrap();
    assert_eq!(payload(&disk, &key_of_one_shard(2)), None);
    assert_eq!(payload(&disk, &key_of_one_shard(1)).as_deref(), Some(PAYLOAD));
}

#[test]
fn folders_that_cannot_be_are_misses() {
    let folder = folder();
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "mine").unwrap();
    let disk = Disk::new(&in_the_way, BUILD, MOST_BYTES);
    disk.store(&key(1), PAYLOAD, 0);
    assert_eq!(payload(&disk, &key(1)), None);
    assert!(disk.statistics().failures > 0);
    assert_eq!((disk.usage(), disk.recorded().is_empty()), (Usage::default(), true));
    disk.clear();
    disk.record();
    assert_eq!(fs::read(&in_the_way).unwrap(), b"mine");
}

#[test]
fn a_folder_where_an_entry_should_be_is_a_miss() {
    let folder = folder();
    let disk = disk(&folder);
    fs::create_dir_all(path(&disk, &key(1)).join("something")).unwrap();
    assert_eq!(payload(&disk, &key(1)), None);
    disk.store(&key(1), PAYLOAD, 0);
    assert_eq!(payload(&disk, &key(1)), None);
    assert!(disk.statistics().failures > 0);
}

#[test]
fn a_folder_that_vanishes_is_made_again() {
    let folder = folder();
    let disk = disk(&folder);
    disk.store(&key(1), PAYLOAD, 0);
    fs::remove_dir_all(disk.folder()).unwrap();
    assert_eq!(payload(&disk, &key(1)), None);
    disk.store(&key(1), PAYLOAD, 0);
    assert_eq!(payload(&disk, &key(1)).as_deref(), Some(PAYLOAD));
}

/// Makes an entry look as if it had been used so many minutes ago.
fn age(disk: &Disk, key: &Key, minutes: u64) {
    let file = File::options().write(true).open(path(disk, key)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60 * minutes)).unwrap();
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let folder = folder();
    // A shard takes four entries of 1000 bytes.
    let disk = Disk::new(folder.path(), BUILD, 16 * 4000);
    let payload_of = |number: u8| vec![number; 1000 - HEADER];
    for number in 0..4 {
        disk.store(&key_of_one_shard(number), &payload_of(number), 0);
        age(&disk, &key_of_one_shard(number), 10 - u64::from(number));
    }
    assert_eq!(disk.usage(), Usage { entries: 4, bytes: 4000 });
    assert!(disk.load(&key_of_one_shard(0)).is_some(), "used now");
    disk.store(&key_of_one_shard(4), &payload_of(4), 0);
    disk.store(&key_of_one_shard(5), &payload_of(5), 0);
    assert_eq!(disk.usage(), Usage { entries: 4, bytes: 4000 });
    let left: Vec<u8> = (0..6).filter(|&number| disk.load(&key_of_one_shard(number)).is_some()).collect();
    assert_eq!(left, [0, 3, 4, 5]);
    let statistics = disk.statistics();
    assert_eq!((statistics.evictions, statistics.bytes_evicted), (2, 2000));
}

#[test]
fn the_limit_holds_for_any_sizes() {
    let folder = folder();
    let disk = Disk::new(folder.path(), BUILD, 16 * 2000);
    fs::create_dir_all(folder.path().join("3")).unwrap();
    let foreign = folder.path().join("3/notes.txt");
    fs::write(&foreign, vec![0; 5000]).unwrap();
    for number in 0..200 {
        disk.store(&key(number), &vec![0; number as usize * 10], 0);
        assert!(disk.usage().bytes <= 16 * 2000);
    }
    assert!(disk.statistics().evictions > 0);
    assert_eq!(payload(&disk, &key(199)), None, "larger than a shard: not stored");
    assert!(foreign.exists(), "files of others are let be");
}

#[test]
fn clearing_removes_what_is_ours() {
    let folder = folder();
    let disk = Disk::new(folder.path(), BUILD, MOST_BYTES);
    (0..20).for_each(|number| disk.store(&key(number), PAYLOAD, 0));
    disk.record();
    let foreign = [folder.path().join("notes.txt"), path(&disk, &key(0)).with_extension("txt")];
    foreign.iter().for_each(|path| fs::write(path, "mine").unwrap());
    assert_eq!(disk.clear().entries, 20);
    assert_eq!((disk.usage(), disk.recorded().is_empty()), (Usage::default(), true));
    assert!(foreign.iter().all(|path| path.exists()));
}

#[test]
fn what_processes_count_is_added_up() {
    let folder = folder();
    for _ in 0..3 {
        let disk = disk(&folder);
        disk.count(|statistics| statistics.hits += 2);
        disk.record();
        disk.count(|statistics| statistics.misses += 1);
    }
    assert_eq!((disk(&folder).recorded().hits, disk(&folder).recorded().misses), (6, 3));
    let path = disk(&folder).folder().join("statistics");
    let mut records = fs::read(&path).unwrap();
    assert_eq!(records.len(), 6 * (records.len() / 6));
    records.truncate(records.len() - 1);
    fs::write(&path, records).unwrap();
    assert_eq!((disk(&folder).recorded().hits, disk(&folder).recorded().misses), (6, 2), "the last record is cut");
}

#[test]
fn records_become_one_when_they_are_many() {
    let folder = folder();
    let disk = Disk::new(folder.path(), BUILD, MOST_BYTES);
    let length = |disk: &Disk| fs::metadata(disk.folder().join("statistics")).unwrap().len();
    let mut longest = 0;
    for _ in 0..2100 {
        disk.count(|statistics| statistics.hits += 1);
        disk.record();
        longest = longest.max(length(&disk));
    }
    assert_eq!(disk.recorded().hits, 2100);
    assert!(length(&disk) < longest / 2, "{} bytes", length(&disk));
}

/// A file system that carries out so many operations and then refuses all others, or one of them.
#[derive(Debug)]
struct Failing {
    operations: Arc<AtomicU64>,
    first: u64,
    is_once: bool,
}

impl Failing {
    fn check(&self) -> std::io::Result<()> {
        let number = self.operations.fetch_add(1, Ordering::Relaxed);
        let fails = number == self.first || number > self.first && !self.is_once;
        if fails { Err(Error::from(ErrorKind::PermissionDenied)) } else { Ok(()) }
    }
}

impl FileSystem for Failing {
    fn create_folder(&self, folder: &Path) -> std::io::Result<()> {
        self.check().and_then(|()| Real.create_folder(folder))
    }

    fn read(&self, path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
        self.check().and_then(|()| Real.read(path, most))
    }

    fn create_temporary(&self, folder: &Path) -> std::io::Result<NamedTempFile> {
        self.check().and_then(|()| Real.create_temporary(folder))
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
        self.check().and_then(|()| Real.write(file, bytes))
    }

    fn sync(&self, file: &File) -> std::io::Result<()> {
        self.check().and_then(|()| Real.sync(file))
    }

    fn rename(&self, file: NamedTempFile, path: &Path) -> std::io::Result<()> {
        self.check().and_then(|()| Real.rename(file, path))
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        self.check().and_then(|()| Real.append(path, bytes))
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.check().and_then(|()| Real.remove(path))
    }

    fn list(&self, folder: &Path) -> std::io::Result<Vec<Listed>> {
        self.check().and_then(|()| Real.list(folder))
    }
}

/// Everything that can be asked of a store, with an entry too many and a damaged one.
fn use_everything(disk: &Disk) {
    for number in 0..4 {
        disk.store(&key_of_one_shard(number), PAYLOAD, 0);
        let found = payload(disk, &key_of_one_shard(number));
        assert!(found.is_none_or(|found| found == PAYLOAD));
    }
    let _ = fs::write(path(disk, &key_of_one_shard(3)), "damaged");
    assert_eq!(payload(disk, &key_of_one_shard(3)), None);
    disk.usage();
    disk.record();
    disk.recorded();
    disk.clear();
}

#[test]
fn any_operation_may_fail() {
    for is_once in [true, false] {
        for first in 0.. {
            let folder = folder();
            let operations = Arc::new(AtomicU64::new(0));
            let files = Failing { operations: Arc::clone(&operations), first, is_once };
            let disk = Disk::with_files(folder.path().join("f"), BUILD, 16 * 500, Box::new(files));
            use_everything(&disk);
            let count = operations.load(Ordering::Relaxed);
            if first >= count {
                assert!(first > 30, "{first} operations have failed");
                break;
            }
            let shard = folder.path().join("f/3");
            let left = Real.list(&shard).unwrap_or_default();
            assert!(left.iter().all(|file| file.path.extension().is_some()), "nothing half-written is left: {left:?}");
        }
    }
}

/// A disk with room for so many bytes.
#[derive(Debug)]
struct Full {
    room: usize,
}

impl FileSystem for Full {
    fn write(&self, file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
        let fitting = bytes.len().min(self.room);
        Real.write(file, &bytes[..fitting])?;
        if fitting < bytes.len() { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[test]
fn a_full_disk_stores_nothing_or_all() {
    let length = HEADER + PAYLOAD.len();
    for room in 0..=length {
        let folder = folder();
        let disk = Disk::with_files(folder.path(), BUILD, MOST_BYTES, Box::new(Full { room }));
        disk.store(&key(1), PAYLOAD, 0);
        let expected = (room == length).then_some(PAYLOAD);
        assert_eq!(payload(&disk, &key(1)).as_deref(), expected, "room for {room} bytes");
        assert_eq!(disk.statistics().failures, u64::from(room < length));
        let files = Real.list(path(&disk, &key(1)).parent().unwrap()).unwrap();
        assert_eq!(files.len(), usize::from(room == length), "{files:?}");
    }
}

/// Threads with stores of their own on one folder, some of which damage files: what is found is right.
#[test]
fn many_at_once_find_what_is_right_or_nothing() {
    let folder = folder();
    let found: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8_u64)
            .map(|worker| {
                let folder = folder.path();
                scope.spawn(move || {
                    let disk = Disk::new(folder, BUILD, 16 * 3000);
                    let mut found = 0;
                    for round in 0..300_u64 {
                        let number = (round * 7 + worker * 3) % 40;
                        let content = vec![number as u8; 100 + number as usize * 10];
                        match payload(&disk, &key(number)) {
                            Some(payload) => {
                                assert_eq!(payload, content);
                                found += 1;
                            }
                            None => disk.store(&key(number), &content, 0),
                        }
                        match (worker, round % 50) {
                            (0, 0) => drop(fs::write(path(&disk, &key(number)), "damaged")),
                            (1, 25) => drop(disk.clear()),
                            _ => {}
                        }
                    }
                    found
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert!(found > 200, "{found} hits");
    assert!(Disk::new(folder.path(), BUILD, MOST_BYTES).usage().bytes <= 16 * 3000);
}
