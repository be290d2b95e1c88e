//! `harness parallel` from outside.

use std::process::{Command, Output};

use serde_json::Value;

use crate::{code, err, out};

fn harness(arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_harness")).arg("parallel").args(arguments.split_whitespace()).output().unwrap()
}

const SMALL: &str = "--transactions 60 --accounts 20 --tokens 3 --rounds 6";

fn rows(arguments: &str) -> Vec<Value> {
    let output = harness(&format!("{arguments} {SMALL} --format json"));
    assert_eq!((err(&output).as_str(), code(&output)), ("", 0));
    let results: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(results["manifest"]["transactions"], 60);
    assert_eq!(results["manifest"]["rounds"], 6);
    results["rows"].as_array().unwrap().clone()
}

#[test]
fn each_workload_has_a_row_for_each_number_of_workers() {
    let rows = rows("--workers 1,4 --oversubscribe");
    let names: Vec<&str> = rows.iter().map(|row| row["workload"].as_str().unwrap()).collect();
    let list = Command::new(env!("CARGO_BIN_EXE_harness")).args(["list", "blocks"]).output().unwrap();
    let list = out(&list);
    let listed: Vec<&str> = list.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, listed.iter().flat_map(|&name| [name, name]).collect::<Vec<_>>());
    for (at, row) in rows.iter().enumerate() {
        let figure = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name} of {row}"));
        let workers = [1.0, 4.0][at % 2];
        assert_eq!((figure("workers"), figure("threads")), (workers, workers));
        assert!(figure("ci_low") <= figure("speedup") && figure("speedup") <= figure("ci_high"), "{row}");
        assert!(figure("control_ci_low") <= figure("control_ci_high") && figure("cpu_ratio") > 0.0, "{row}");
        let executions = figure("executions_per_tx");
        assert!(executions >= 1.0 && (workers > 1.0 || executions == 1.0), "{row}");
        assert!(figure("serial_ns_per_tx") > 0.0 && figure("entering_ns_per_tx") >= 0.0, "{row}");
        assert_eq!(row["samples_ns"].as_array().map(Vec::len), Some(6));
        assert_eq!((&row["projected"], &row["fallbacks"]), (&Value::Null, &0.into()));
    }
}

/// A pool that all trade with is a chain, and pools of one's own are none, on any number of workers. That projections keep to their bounds is tested with costs that are
/// always the same, in `engine/tests/parallel.rs`.
#[test]
fn projections_say_what_bounds_them() {
    let rows = rows("--workload hot-pool --workload independent-pools --simulate --workers 1,8,64");
    assert_eq!(rows.len(), 6);
    for row in &rows {
        let figure = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name} of {row}"));
        let (workers, bound) = (figure("workers"), figure("bound"));
        match row["workload"].as_str() {
            Some("hot-pool") => assert!(bound < 1.01, "{row}"),
            _ => assert!(bound >= workers.min(2.0) && bound <= workers, "{row}"),
        }
        assert!(figure("projected") > 0.0, "{row}");
        assert_eq!(row["speedup"].is_null(), workers > 2.0, "{row}");
    }
}

#[test]
fn random_blocks_are_compared() {
    let output = harness("--verify 5 --seed 7 --workers 1,3");
    assert_eq!((err(&output).as_str(), code(&output)), ("", 0));
    assert!(out(&output).starts_with("5 blocks on 1, 3 workers came to what"), "{}", out(&output));
}

#[test]
fn results_have_formats() {
    let of = |format: &str| out(&harness(&format!("--workload mix --workers 1 {SMALL} --format {format}")));
    let csv = of("csv");
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().starts_with("workload,workers,threads,speedup,ci_low,ci_high,"), "{csv}");
    assert!(lines.next().unwrap().starts_with("mix,1,1,") && lines.next().is_none(), "{csv}");
    assert!(of("markdown").starts_with("| workload | workers | serial |"));
    assert!(of("table").contains("speed-up"));
}

#[test]
fn what_cannot_be_is_said() {
    let fails = |arguments: &str, with: i32, message: &str| {
        let output = harness(arguments);
        assert_eq!(code(&output), with, "{arguments}: {}", err(&output));
        assert!(err(&output).contains(message), "{arguments}: {}", err(&output));
        assert_eq!(out(&output), "");
    };
    fails("--workload pools", 2, "there is no workload 'pools' of blocks; there are: raw-transfers, transfers,");
    fails("--workers 0", 2, "0 is not in 1..=256");
    fails("--workers 2,2", 2, "--workers has 2 twice");
    fails("--accounts 1", 2, "1 is not in 2..");
    fails("--simulate --oversubscribe", 2, "cannot be used with");
    fails("--verify 3 --simulate", 2, "cannot be used with");
    fails("--vm ast --workload mix", 1, "transactions run on --vm stack, register or jit, not on ast");
    fails("--workload mix --out /nowhere/there/file.json", 2, "cannot write /nowhere/there/file.json");
}
