//! `harness ledger` from outside.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ledger::Chain;
use runtime::host::{Key, Ledger, Slot, Status, Stored, Transaction, TransactionOutcome};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{code, err, out};

fn harness(action: &str, file: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_harness")).args(["ledger", action]).arg(file).args(options).output().unwrap()
}

/// A ledger of two blocks.
fn setting() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain.ledger");
    let mut chain = Chain::open(&file).unwrap();
    let token = chain.contract("Token").unwrap();
    let balances = chain.field(token, "balances").unwrap();
    let owner = chain.field(token, "owner").unwrap();
    for round in 1..=2 {
        chain.begin().unwrap();
        chain.write(owner, Stored::String("alice".into())).unwrap();
        chain.write_entry(balances, Key::String("bob"), Stored::Int(round)).unwrap();
        // [1.5, {true: null}], and infinity.
        let value = [0x82, 0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xa1, 0xf5, 0xf6];
        chain.write_entry(Slot::GLOBAL, Key::Int(-1), Stored::Encoded(value[..].into())).unwrap();
        chain.write_entry(Slot::GLOBAL, Key::Bool(true), Stored::Float(f64::INFINITY)).unwrap();
        chain.emit(token, "Paid", Stored::Int(round)).unwrap();
        chain.commit().unwrap();
        let transaction = Transaction {
            sender: "alice".into(),
            contract: "Token".into(),
            action: "pay".into(),
            arguments: Stored::Encoded([0x81, 0x05][..].into()),
            gas_limit: Some(100),
        };
        let outcome = TransactionOutcome { status: Status::Success, gas_used: 40, error: None };
        chain.record(transaction.clone(), outcome).unwrap();
        let error = Some("no money".to_string());
        chain.record(transaction, TransactionOutcome { status: Status::Reverted, gas_used: 2, error }).unwrap();
        chain.append(Stored::Int(10 * round), 1000 + round).unwrap();
        chain.commit_block(2000 + round).unwrap();
    }
    (folder, file)
}

#[test]
fn show_sums_up() {
    let (_folder, file) = setting();
    let output = harness("show", &file, &[]);
    let text = out(&output);
    assert_eq!((code(&output), err(&output).as_str()), (0, ""), "{text}");
    for line in [
        "height      2\n",
        "time        2002 ms\n",
        "entries     2\n",
        "locations   6\n",
        "contract    Token, 3 locations\n",
        "contract    (none), 3 locations\n",
    ] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["block", "transactions", "failed", "gas", "events", "entries"]), "{text}");
    assert_eq!(rows.last(), Some(&vec!["2", "2", "1", "42", "1", "1"]), "{text}");
    let summary: Value = serde_json::from_str(&out(&harness("show", &file, &["--json"]))).unwrap();
    assert_eq!((&summary["height"], &summary["locations"]), (&json!(2), &json!(6)));
    assert_eq!(summary["contracts"], json!({ "(none)": 3, "Token": 3 }));
    let root = summary["state_root"].as_str().unwrap();
    assert!(text.contains(root) && root.len() == 64, "{text}");
}

#[test]
fn verify_finds_a_sound_ledger_sound() {
    let (_folder, file) = setting();
    let output = harness("verify", &file, &[]);
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
    assert!(
        out(&output).ends_with("sound: 2 blocks, 4 transactions, 2 events, 2 entries, 6 locations\n"),
        "{}",
        out(&output)
    );
    let report: Value = serde_json::from_str(&out(&harness("verify", &file, &["--json"]))).unwrap();
    assert_eq!((&report["sound"], &report["blocks"], &report["damage"]), (&json!(true), &json!(2), &json!([])));
}

#[test]
fn export_has_everything() {
    let (_folder, file) = setting();
    let output = harness("export", &file, &[]);
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
    let document: Value = serde_json::from_str(&out(&output)).unwrap();
    let blocks = document["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[1]["parent"], blocks[0]["hash"]);
    assert_eq!(blocks[1]["entries"], json!([{ "index": 1, "time": 1002, "value": 20 }]));
    assert_eq!(
        blocks[0]["transactions"],
        json!([
            {
                "sender": "alice", "contract": "Token", "action": "pay", "arguments": [5], "gas_limit": 100,
                "receipt": {
                    "status": "success", "gas_used": 40, "error": null,
                    "events": [{ "contract": "Token", "name": "Paid", "data": 1 }],
                },
            },
            {
                "sender": "alice", "contract": "Token", "action": "pay", "arguments": [5], "gas_limit": 100,
                "receipt": { "status": "reverted", "gas_used": 2, "error": "no money", "events": [] },
            },
        ])
    );
    let state = document["state"].as_array().unwrap();
    let expected = [
        json!({ "contract": "", "field": "", "entries": 2 }),
        json!({ "contract": "", "field": "", "key": -1, "value": [1.5, { "true": null }] }),
        json!({ "contract": "", "field": "", "key": true, "value": "inf" }),
        json!({ "contract": "Token", "field": "owner", "value": "alice" }),
        json!({ "contract": "Token", "field": "balances", "entries": 1 }),
        json!({ "contract": "Token", "field": "balances", "key": "bob", "value": 2 }),
    ];
    assert_eq!(state.len(), expected.len());
    for row in &expected {
        assert!(state.contains(row), "{row} in {state:?}");
    }
    // The same, a line each.
    let lines = out(&harness("export", &file, &["--lines"]));
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines.iter().filter_map(|line| line.get("block")).collect::<Vec<_>>(),
        blocks.iter().collect::<Vec<_>>()
    );
    assert_eq!(lines.iter().filter_map(|line| line.get("state")).collect::<Vec<_>>(), state.iter().collect::<Vec<_>>());
}

#[test]
fn an_empty_ledger_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.ledger");
    drop(Chain::open(&file).unwrap());
    assert!(out(&harness("show", &file, &[])).contains("height      0\nlocations   0\n"));
    assert!(
        out(&harness("verify", &file, &[]))
            .ends_with("sound: 0 blocks, 0 transactions, 0 events, 0 entries, 0 locations\n")
    );
    let document: Value = serde_json::from_str(&out(&harness("export", &file, &[]))).unwrap();
    assert_eq!(document, json!({ "format": 1, "blocks": [], "state": [] }));
}

#[test]
fn what_is_damaged_is_named() {
    let (_folder, file) = setting();
    let mut bytes = std::fs::read(&file).unwrap();
    // In every page that has it.
    let name = b"no money";
    let places: Vec<usize> = (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at] ^= 1);
    std::fs::write(&file, &bytes).unwrap();
    let output = harness("verify", &file, &[]);
    assert_eq!(code(&output), 1, "{}", err(&output));
    assert!(err(&output).contains("chain.ledger: pages: "), "{}", err(&output));
    assert!(out(&output).contains("chain.ledger: damaged: "), "{}", out(&output));
    let report: Value = serde_json::from_str(&out(&harness("verify", &file, &["--json"]))).unwrap();
    assert_eq!((&report["sound"], &report["damage"][0]["part"]), (&json!(false), &json!("pages")));
    for action in ["show", "export"] {
        let output = harness(action, &file, &[]);
        assert_eq!((code(&output), out(&output).as_str()), (1, ""));
        assert!(err(&output).contains("chain.ledger is damaged: pages: "), "{}", err(&output));
    }
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "the file is only read");
}

#[test]
fn what_is_no_ledger_is_a_mistake_of_usage() {
    let (folder, file) = setting();
    let other = folder.path().join("other");
    std::fs::write(&other, "print(1)").unwrap();
    let chain = Chain::open(&file).unwrap();
    let cases = [
        (other, "is not a ledger"),
        (folder.path().join("missing"), "cannot read"),
        (folder.path().to_path_buf(), "is not a ledger"),
        (file, "is in use by another process"),
    ];
    for (file, expected) in cases {
        for action in ["show", "verify", "export"] {
            let output = harness(action, &file, &[]);
            assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{action} {}", file.display());
            assert!(err(&output).contains(expected), "{}", err(&output));
        }
    }
    drop(chain);
}
