//! `harness memory` from outside.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::{code, err, out};

fn harness(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_harness")).arg("memory").args(arguments).output().unwrap()
}

const CONTESTANTS: [&str; 7] = ["gc", "arena", "naive", "lua", "luajit", "python", "node"];

/// Every program, with few objects: all languages that are here must print the same.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "no other system says how much memory a process has had")]
fn everybody_prints_the_same_and_has_figures() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory.json");
    let output = harness(&["--quick", "--rounds", "1", "--out", file.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    let results: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((&results["manifest"]["size"], &results["manifest"]["rounds"]), (&"small".into(), &1.into()));
    let rows = results["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8 * CONTESTANTS.len());
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row["contestant"], CONTESTANTS[at % CONTESTANTS.len()]);
        if row["status"] == "unavailable" {
            assert!(!POLICIES.contains(&row["contestant"].as_str().unwrap()), "{row}");
            continue;
        }
        assert_eq!((&row["status"], &row["reason"]), (&"measured".into(), &Value::Null), "{row}");
        let figure = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name} of {row}"));
        assert!(figure("peak_bytes") >= figure("floor_bytes") && figure("floor_bytes") > 0.0, "{row}");
        assert!(row["prints"].as_str().unwrap().starts_with(row["program"].as_str().unwrap()), "{row}");
        let counts = row["counted_per_object"].as_f64();
        assert_eq!(counts.is_some(), !["python", "node"].contains(&row["contestant"].as_str().unwrap()), "{row}");
        assert!(counts.is_none_or(|bytes| bytes > 0.0), "{row}");
        assert_eq!(row["heap"].is_object(), POLICIES.contains(&row["contestant"].as_str().unwrap()), "{row}");
    }
    let lines = results["lines"].as_array().unwrap();
    assert!(lines.iter().all(|row| row["status"] == "unavailable" || row["prints"] == "1"), "{lines:?}");
    let naive = results["means"]["heap_over_naive"].as_f64().unwrap();
    assert!(naive > 0.0 && naive < 1.0, "{naive}");
    assert!(results["pause"]["live_bytes"].as_u64().unwrap() > 15 << 20, "{}", results["pause"]);
    assert!(results["pause"]["longest_ns"].as_f64().unwrap() > 0.0, "{}", results["pause"]);
    assert_eq!(results["allocations"].as_array().map(Vec::len), Some(4));
    let table = out(&output);
    for text in ["most memory ", "bytes an object ", "by own count ", "one line ", "empty list ", "collector stopped"] {
        assert!(table.contains(text), "{text}: {table}");
    }
}

const POLICIES: [&str; 3] = ["gc", "arena", "naive"];

#[test]
fn what_cannot_be_is_said() {
    let fails = |arguments: &[&str], message: &str| {
        let output = harness(arguments);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(message), "{arguments:?}: {}", err(&output));
    };
    fails(&["--program", "forest"], "there is no program 'forest' for memory; there are: chain, tree, rows,");
    fails(&["--program", "tree", "--program", "tree"], "--program has 'tree' twice");
    fails(&["--rounds", "0"], "0 is not in 1..=1000");
    fails(&["--out", "/nowhere/there/file.json"], "cannot write /nowhere/there/file.json");
}
