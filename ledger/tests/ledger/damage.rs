//! Files that are damaged, or something else.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use ledger::block::Header;
use ledger::verify::verify;
use ledger::{Chain, LedgerError};
use proptest::prelude::*;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use runtime::host::{Key, Ledger, Slot, Stored};

use crate::disk::{filled, place};

const BLOCKS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("blocks");
const STATE: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("state");
const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");

fn opened(file: &Path) -> Result<(Option<Header>, String), LedgerError> {
    let chain = Chain::open(file)?;
    Ok((chain.head().copied(), format!("{:?}", chain.contents())))
}

/// Every byte of the file is changed once, in turn: what opens must be what it was, and everything else must be told of.
#[test]
fn no_changed_byte_goes_unnoticed() {
    let (_folder, file) = place();
    drop(filled(&file));
    let sound = opened(&file).unwrap();
    let bytes = fs::read(&file).unwrap();
    let last = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    let (mut refused, mut harmless) = (0, 0);
    // Pages of redb begin at multiples of 4 KiB and are rarely full.
    let step = (last / 400).max(1);
    let places = (0..512).chain((512..=last).step_by(step)).chain((0..=last).filter(|at| bytes[*at] != 0).step_by(9));
    for at in places {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&file, &changed).unwrap();
        let report = verify(&file);
        match opened(&file) {
            Ok(found) => {
                assert_eq!(found, sound, "byte {at}");
                harmless += 1;
            }
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("test.ledger"), "byte {at}: {text}");
                assert!(
                    matches!(
                        error,
                        LedgerError::Damaged { .. } | LedgerError::NotALedger { .. } | LedgerError::Version { .. }
                    ),
                    "byte {at}: {text}"
                );
                refused += 1;
                assert!(!matches!(report, Ok(report) if report.damage.is_empty()), "byte {at}: {text}");
            }
        }
    }
    println!("{refused} changed bytes were noticed, {harmless} meant nothing");
    assert!(refused > 300, "{refused} refused, {harmless} harmless");
}

#[derive(Clone, Debug)]
enum Damage {
    /// A page becomes zeros.
    Zero(prop::sample::Index),
    /// A page is written over another.
    Copy(prop::sample::Index, prop::sample::Index),
    /// Bytes are written somewhere.
    Write(prop::sample::Index, Vec<u8>),
}

const PAGE: usize = 4096;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn larger_damage_is_noticed_too(
        damage in prop_oneof![
            any::<prop::sample::Index>().prop_map(Damage::Zero),
            any::<[prop::sample::Index; 2]>().prop_map(|[from, to]| Damage::Copy(from, to)),
            (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 1..64))
                .prop_map(|(at, bytes)| Damage::Write(at, bytes)),
        ]
    ) {
        static SOUND: LazyLock<(Vec<u8>, String)> = LazyLock::new(|| {
            let (_folder, file) = place();
            drop(filled(&file));
            let bytes = fs::read(&file).unwrap();
            (bytes, format!("{:?}", opened(&file).unwrap()))
        });
        let (mut bytes, expected) = SOUND.clone();
        let used = bytes.iter().rposition(|&byte| byte != 0).unwrap() / PAGE + 1;
        match &damage {
            Damage::Zero(page) => bytes[page.index(used) * PAGE..][..PAGE].fill(0),
            Damage::Copy(from, to) => {
                let from = from.index(used) * PAGE;
                bytes.copy_within(from..from + PAGE, to.index(used) * PAGE);
            }
            Damage::Write(at, written) => {
                let at = at.index(used * PAGE - written.len());
                bytes[at..][..written.len()].copy_from_slice(written);
            }
        }
        let (_folder, file) = place();
        fs::write(&file, &bytes).unwrap();
        let report = verify(&file);
        match opened(&file) {
            Ok(found) => prop_assert_eq!(format!("{found:?}"), expected),
            Err(error) => {
                prop_assert!(error.to_string().contains("test.ledger"), "{}", error);
                prop_assert!(!matches!(report, Ok(report) if report.damage.is_empty()), "{}", error);
            }
        }
    }
}

#[test]
fn a_file_cut_short_is_damaged() {
    let (_folder, file) = place();
    drop(filled(&file));
    let bytes = fs::read(&file).unwrap();
    for len in [1, 3, 4, 100, 511, 512, 4095, 4096, 8192, bytes.len() / 2, bytes.len() - 4096, bytes.len() - 1] {
        fs::write(&file, &bytes[..len]).unwrap();
        let report = verify(&file);
        assert!(!matches!(&report, Ok(report) if report.damage.is_empty()), "{len} bytes: {report:?}");
        let error = Chain::open(&file).unwrap_err();
        assert!(error.to_string().contains("test.ledger"), "{len} bytes: {error}");
    }
}

#[test]
fn other_files_are_no_ledgers() {
    let (folder, file) = place();
    let expect = |what: &str| {
        for error in [Chain::open(&file).unwrap_err(), Chain::copy_of(&file).unwrap_err()] {
            assert!(matches!(error, LedgerError::NotALedger { .. }), "{error}");
            assert!(error.to_string().contains(what), "{error}");
        }
    };
    for text in ["x", "print(1)\n", "PK\u{3}\u{4}", "rebd"] {
        fs::write(&file, text).unwrap();
        expect("it does not begin like one");
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "it was left alone");
    }
    fs::remove_file(&file).unwrap();
    let database = Database::create(&file).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TableDefinition::<u64, u64>::new("mine")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    expect("its tables are another program's");
    let missing = folder.path().join("missing");
    assert!(matches!(Chain::copy_of(&missing).unwrap_err(), LedgerError::Io { .. }));
    assert!(matches!(Chain::open(&missing.join("below")).unwrap_err(), LedgerError::Io { .. }));
    assert!(matches!(Chain::open(folder.path()).unwrap_err(), LedgerError::Io { .. } | LedgerError::NotALedger { .. }));
    assert!(matches!(Chain::copy_of(folder.path()).unwrap_err(), LedgerError::NotALedger { .. }));
}

/// Changes a file behind the ledger's back, by redb's own means: its pages are sound then.
fn change(file: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(file).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

fn named(file: &Path) -> Vec<(String, String)> {
    verify(file).unwrap().damage
}

fn with_last_byte_changed(record: &[u8], from_end: usize) -> Vec<u8> {
    let mut record = record.to_vec();
    let at = record.len() - from_end;
    record[at] ^= 1;
    record
}

#[test]
fn damaged_records_are_named() {
    let (_folder, file) = place();
    drop(filled(&file));
    change(&file, |transaction| {
        let mut blocks = transaction.open_table(BLOCKS).unwrap();
        let record = with_last_byte_changed(blocks.get(2).unwrap().unwrap().value(), 20);
        blocks.insert(2, record.as_slice()).unwrap();
        let mut state = transaction.open_table(STATE).unwrap();
        let key = [&[0x83, 0x65][..], b"Token\x68balances\x65alice"].concat();
        let record = with_last_byte_changed(state.get(key.as_slice()).unwrap().unwrap().value(), 1);
        state.insert(key.as_slice(), record.as_slice()).unwrap();
    });
    let damage = named(&file);
    assert_eq!(
        damage,
        [
            ("block 2".to_string(), "its check is wrong".to_string()),
            ("state of Token.balances[\"alice\"]".to_string(), "its check is wrong".to_string()),
        ]
    );
    let error = Chain::open(&file).unwrap_err();
    assert!(
        error.to_string().ends_with("is damaged: state of Token.balances[\"alice\"]: its check is wrong"),
        "{error}"
    );
}

#[test]
fn missing_parts_are_named() {
    let (_folder, file) = place();
    drop(filled(&file));
    let bytes = fs::read(&file).unwrap();
    change(&file, |transaction| {
        transaction.open_table(BLOCKS).unwrap().remove(1).unwrap();
    });
    assert_eq!(named(&file), [("block 1".to_string(), "it is missing".to_string())]);
    fs::write(&file, &bytes).unwrap();
    change(&file, |transaction| {
        transaction.open_table(BLOCKS).unwrap().remove(3).unwrap();
    });
    assert_eq!(named(&file), [("state".to_string(), "it does not have the root in block 2".to_string())]);
    assert!(Chain::open(&file).unwrap_err().to_string().contains("state: it does not have the root in block 2"));
    fs::write(&file, &bytes).unwrap();
    change(&file, |transaction| {
        let mut state = transaction.open_table(STATE).unwrap();
        state.remove([&[0x83, 0x65][..], b"Token\x68balances\x01"].concat().as_slice()).unwrap();
    });
    let damage = named(&file);
    assert_eq!(damage[0].0, "state of Token.balances");
    assert_eq!(damage[1], ("state".to_string(), "it does not have the root in block 3".to_string()));
    fs::write(&file, &bytes).unwrap();
    change(&file, |transaction| {
        transaction.delete_table(STATE).unwrap();
    });
    assert!(!named(&file).is_empty());
    assert!(matches!(Chain::open(&file).unwrap_err(), LedgerError::Damaged { .. }));
}

#[test]
fn exchanged_records_are_noticed() {
    let (_folder, file) = place();
    drop(filled(&file));
    change(&file, |transaction| {
        let mut blocks = transaction.open_table(BLOCKS).unwrap();
        let first = blocks.get(1).unwrap().unwrap().value().to_vec();
        let second = blocks.get(2).unwrap().unwrap().value().to_vec();
        blocks.insert(1, second.as_slice()).unwrap();
        blocks.insert(2, first.as_slice()).unwrap();
    });
    let damage = named(&file);
    assert_eq!(damage.iter().map(|(part, _)| part.as_str()).collect::<Vec<_>>(), ["block 1", "block 2"]);
}

/// Blocks of another history, each sound by itself.
#[test]
fn a_block_of_another_chain_is_noticed() {
    let (_folder, file) = place();
    drop(filled(&file));
    let (_other_folder, other) = place();
    let mut chain = Chain::open(&other).unwrap();
    chain.begin().unwrap();
    chain.write_entry(Slot::GLOBAL, Key::Int(1), Stored::Int(1)).unwrap();
    chain.commit().unwrap();
    chain.commit_block(1).unwrap();
    drop(chain);
    let database = Database::open(&other).unwrap();
    let foreign = database.begin_read().unwrap().open_table(BLOCKS).unwrap().get(1).unwrap().unwrap().value().to_vec();
    change(&file, |transaction| {
        transaction.open_table(BLOCKS).unwrap().insert(1, foreign.as_slice()).unwrap();
    });
    assert_eq!(named(&file), [("block 2".to_string(), "it does not name the hash of the block before".to_string())]);
}

#[test]
fn another_version_is_named() {
    let (_folder, file) = place();
    drop(filled(&file));
    change(&file, |transaction| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"meta\0format").update(&7_u32.to_le_bytes());
        let record = [&7_u32.to_le_bytes()[..], &hasher.finalize().as_bytes()[..16]].concat();
        transaction.open_table(META).unwrap().insert("format", record.as_slice()).unwrap();
    });
    let error = Chain::open(&file).unwrap_err();
    assert!(matches!(error, LedgerError::Version { found: 7, known: 1, .. }), "{error}");
    assert!(matches!(verify(&file).unwrap_err(), LedgerError::Version { .. }));
}
