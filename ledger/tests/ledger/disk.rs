//! The ledger in a file.

use std::path::{Path, PathBuf};

use ledger::block::Block;
use ledger::verify::verify;
use ledger::{Chain, LedgerError};
use runtime::host::{Key, Ledger, Slot, Status, Stored, Transaction, TransactionOutcome};
use tempfile::TempDir;

/// A place for a ledger.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.ledger");
    (folder, file)
}

/// A ledger of three blocks with some of everything.
pub(crate) fn fill(chain: &mut Chain) {
    let token = chain.contract("Token").unwrap();
    let supply = chain.field(token, "supply").unwrap();
    let balances = chain.field(token, "balances").unwrap();
    for round in 1..=3_i64 {
        chain.begin().unwrap();
        chain.write(supply, Stored::Int(100 * round)).unwrap();
        for (number, name) in ["carol", "alice", "bob"].into_iter().enumerate() {
            chain.write_entry(balances, Key::String(name), Stored::Int(round * number as i64)).unwrap();
        }
        chain.write_entry(balances, Key::Int(round), Stored::Encoded([0x82, 1, 0xf6][..].into())).unwrap();
        chain.write_entry(Slot::GLOBAL, Key::Bool(true), Stored::Float(0.5)).unwrap();
        chain.emit(token, "Minted", Stored::Int(round)).unwrap();
        chain.commit().unwrap();
        let transaction = Transaction {
            sender: "alice".into(),
            contract: "Token".into(),
            action: "mint".into(),
            arguments: Stored::Encoded([0x81, 5][..].into()),
            gas_limit: Some(1000),
        };
        let outcome = TransactionOutcome { status: Status::Success, gas_used: 77, error: None };
        chain.record(transaction.clone(), outcome).unwrap();
        let outcome =
            TransactionOutcome { status: Status::OutOfGas, gas_used: 1000, error: Some("Out of gas".to_string()) };
        chain.record(Transaction { gas_limit: None, ..transaction }, outcome).unwrap();
        chain.append(Stored::String("entry".into()), round).unwrap();
        chain.commit_block(round).unwrap();
    }
}

/// Makes the ledger of [`fill`] in a file.
pub(crate) fn filled(file: &Path) -> Chain {
    let mut chain = Chain::open(file).unwrap();
    fill(&mut chain);
    chain
}

fn blocks(chain: &Chain) -> Vec<Block> {
    (1..=chain.height()).map(|height| chain.block(height).unwrap().unwrap()).collect()
}

#[test]
fn a_file_has_what_memory_has() {
    let (_folder, file) = place();
    let on_disk = filled(&file);
    let mut in_memory = Chain::in_memory();
    fill(&mut in_memory);
    assert_eq!(on_disk.contents(), in_memory.contents());
    assert_eq!(blocks(&on_disk), blocks(&in_memory));
    drop(on_disk);
    for chain in [Chain::copy_of(&file).unwrap(), Chain::open(&file).unwrap()] {
        assert_eq!(chain.contents(), in_memory.contents());
        assert_eq!(blocks(&chain), blocks(&in_memory));
        assert_eq!(chain.head(), in_memory.head());
        assert_eq!(chain.block(4).unwrap(), None);
        assert_eq!(chain.block(0).unwrap(), None);
    }
}

#[test]
fn a_ledger_goes_on_where_it_was() {
    let (_folder, file) = place();
    drop(filled(&file));
    let mut chain = Chain::open(&file).unwrap();
    let token = chain.contract("Token").unwrap();
    let balances = chain.field(token, "balances").unwrap();
    let keys = |chain: &Chain| -> Vec<String> {
        chain.entries(balances).into_iter().map(|(key, _)| format!("{key:?}")).collect()
    };
    // In order of insertion, which the file has kept.
    let before = keys(&chain);
    assert_eq!(before, ["String(\"carol\")", "String(\"alice\")", "String(\"bob\")", "Int(1)", "Int(2)", "Int(3)"]);
    chain.begin().unwrap();
    chain.remove_entry(balances, Key::String("carol")).unwrap();
    chain.write_entry(balances, Key::String("carol"), Stored::Int(1)).unwrap();
    chain.commit().unwrap();
    assert_eq!(chain.append(Stored::Null, 9).unwrap(), 3);
    assert_eq!(chain.commit_block(4).unwrap().height, 4);
    drop(chain);
    let chain = Chain::open(&file).unwrap();
    let after = keys(&chain);
    assert_eq!(after[..5], before[1..]);
    assert_eq!(after[5], before[0]);
    let report = verify(&file);
    assert!(matches!(report, Err(LedgerError::InUse { .. })), "{report:?}");
    drop(chain);
    let report = verify(&file).unwrap();
    assert_eq!(report.damage, []);
    assert_eq!((report.blocks, report.transactions, report.events, report.entries), (4, 6, 3, 4));
    assert_eq!(report.locations, 10);
}

#[test]
fn what_is_in_no_block_is_not_kept() {
    let (_folder, file) = place();
    let mut chain = filled(&file);
    let before = chain.contents();
    chain.begin().unwrap();
    chain.write_entry(Slot::GLOBAL, Key::Int(1), Stored::Int(1)).unwrap();
    chain.commit().unwrap();
    assert_ne!(chain.contents(), before);
    drop(chain);
    assert_eq!(Chain::open(&file).unwrap().contents(), before);
}

#[test]
fn looking_changes_no_byte() {
    let (_folder, file) = place();
    drop(filled(&file));
    let before = std::fs::read(&file).unwrap();
    let mut chain = Chain::copy_of(&file).unwrap();
    fill(&mut chain);
    assert_eq!(chain.height(), 6);
    assert_eq!(verify(&file).unwrap().blocks, 3);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_file_serves_one_process_at_a_time() {
    let (_folder, file) = place();
    let chain = filled(&file);
    let error = Chain::open(&file).unwrap_err();
    assert!(matches!(error, LedgerError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("test.ledger is in use by another process"));
    drop(chain);
    // Several may look.
    let (one, other) = (Chain::copy_of(&file).unwrap(), Chain::copy_of(&file).unwrap());
    assert_eq!(one.height(), other.height());
}

#[test]
fn proofs_hold_against_the_header() {
    let (_folder, file) = place();
    let chain = filled(&file);
    let root = chain.head().unwrap().state_root;
    for (location, content) in chain.contents() {
        let proof = chain.prove(&location);
        assert!(proof.check(&location.path(), content.digest().as_ref(), &root), "{location}");
        assert!(!proof.check(&location.path(), None, &root), "{location}");
    }
}

#[test]
fn an_empty_file_becomes_a_ledger() {
    let (_folder, file) = place();
    std::fs::write(&file, "").unwrap();
    assert!(matches!(Chain::copy_of(&file).unwrap_err(), LedgerError::NotALedger { .. }));
    drop(filled(&file));
    assert_eq!(Chain::open(&file).unwrap().height(), 3);
}
