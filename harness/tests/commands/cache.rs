//! The code cache from outside: several processes, folders that cannot be used, and what is counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::{err, out};

const PROGRAM: &str = "action f(n) {
    return 10 / n
}
for each i in range(3) { print(f(i + 1), [i, 2.5].map(lambda(x): x * 2)) }
print(f(0))
";
const PRINTED: &str = "10 [0, 5.0]\n5 [2, 5.0]\n3 [4, 5.0]\n";

fn command(cache: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.args(arguments).env("HARNESS_CACHE", cache).env_remove("HARNESS_CACHE_LIMIT");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn harness(cache: &Path, arguments: &[&str]) -> Output {
    command(cache, arguments).output().unwrap()
}

fn stats(cache: &Path) -> Value {
    serde_json::from_str(&out(&harness(cache, &["cache", "stats", "--json"]))).unwrap()
}

/// A folder with a program in it, and the place of a cache.
fn setting(text: &str) -> (TempDir, String, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program.zx");
    fs::write(&program, text).unwrap();
    let cache = folder.path().join("cache");
    (folder, program.to_str().unwrap().to_string(), cache)
}

/// Whether a run shows what the program does without a cache: its error in line `line`.
fn assert_right(output: &Output, line: usize) {
    assert_eq!((out(output).as_str(), output.status.code()), (PRINTED, Some(1)), "{}", err(output));
    let message = err(output);
    assert!(message.contains(&format!("program.zx:{line}:15\n")), "{message}");
    assert!(message.contains(&format!("{line} |     return 10 / n\n")), "{message}");
}

#[test]
fn runs_find_what_runs_before_have_made() {
    let (_folder, program, cache) = setting(PROGRAM);
    for expected in ["miss", "hit", "hit"] {
        let output = harness(&cache, &["run", &program, "--stats=json"]);
        let message = err(&output);
        let stats: Value = serde_json::from_str(message.lines().last().unwrap()).unwrap();
        assert_eq!(stats["cache"], expected);
    }
    fs::write(&program, format!("# Another layout.\n\n{PROGRAM}")).unwrap();
    for _ in 0..2 {
        assert_right(&harness(&cache, &["run", &program]), 4);
    }
    assert_right(&harness(&cache, &["run", &program, "--cache", "off"]), 4);
    assert_right(&harness(&cache, &["run", &program, "--cache", "memory"]), 4);
    assert_right(&harness(&cache, &["run", &program, "--deterministic"]), 4);
    let stats = stats(&cache);
    assert_eq!((stats["hits"].as_u64(), stats["misses"].as_u64()), (Some(4), Some(1)));
    assert_eq!(stats["entries"], 3, "two layouts of one tree");
    assert!(stats["bytes"].as_u64() > Some(500) && stats["bytes"] == stats["bytes_written"], "{stats}");
    let table = out(&harness(&cache, &["cache", "stats"]));
    assert!(table.contains("hits        4 (80.0 %)\n"), "{table}");
}

#[test]
fn clearing_leaves_nothing() {
    let (_folder, program, cache) = setting(PROGRAM);
    assert_right(&harness(&cache, &["run", &program]), 2);
    assert_eq!(out(&harness(&cache, &["cache", "path"])), format!("{}\n", cache.display()));
    let output = harness(&cache, &["cache", "clear"]);
    assert!(err(&output).contains("2 files removed"), "{}", err(&output));
    let stats = stats(&cache);
    assert_eq!((&stats["entries"], &stats["bytes"], &stats["misses"]), (&0.into(), &0.into(), &0.into()));
}

/// Eight processes at a time run two layouts of a program on one folder, which is damaged and cleared meanwhile.
#[test]
fn processes_do_not_disturb_each_other() {
    let (folder, program, cache) = setting(PROGRAM);
    let moved = folder.path().join("moved");
    fs::create_dir(&moved).unwrap();
    let moved = moved.join("program.zx");
    fs::write(&moved, format!("\n\n{PROGRAM}")).unwrap();
    let programs = [(program.as_str(), 2), (moved.to_str().unwrap(), 4)];
    for round in 0..6 {
        let start = |number: usize| -> (Child, usize) {
            let (program, line) = programs[number % 2];
            let registers = ["8", "256"][number / 2 % 2];
            (command(&cache, &["run", program, "--registers", registers]).spawn().unwrap(), line)
        };
        let running: Vec<_> = (0..8).map(start).collect();
        match round % 3 {
            0 => drop(harness(&cache, &["cache", "clear"])),
            1 => damage(&cache),
            _ => {}
        }
        for (child, line) in running {
            assert_right(&child.wait_with_output().unwrap(), line);
        }
    }
    for (program, line) in programs {
        assert_right(&harness(&cache, &["run", program]), line);
    }
}

/// Changes a byte in the middle of every entry.
fn damage(cache: &Path) {
    for shard in fs::read_dir(cache).into_iter().flatten().flatten() {
        for file in fs::read_dir(shard.path()).into_iter().flatten().flatten() {
            if let Ok(mut bytes) = fs::read(file.path()) {
                let middle = bytes.len() / 2;
                bytes.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 0x40);
                let _ = fs::write(file.path(), bytes);
            }
        }
    }
}

#[test]
fn damaged_entries_are_counted() {
    let (_folder, program, cache) = setting(PROGRAM);
    assert_right(&harness(&cache, &["run", &program]), 2);
    damage(&cache);
    assert_right(&harness(&cache, &["run", &program]), 2);
    assert_right(&harness(&cache, &["run", &program]), 2);
    let stats = stats(&cache);
    assert_eq!((&stats["damaged"], &stats["misses"], &stats["hits"]), (&2.into(), &2.into(), &1.into()), "{stats}");
}

#[test]
fn folders_that_cannot_be_used_are_no_obstacle() {
    let (folder, program, _) = setting(PROGRAM);
    let file = folder.path().join("a file");
    fs::write(&file, "mine").unwrap();
    // Nobody can make folders in the last one, not even with all rights.
    let impossible =
        [file.clone(), file.join("below"), PathBuf::from("/proc/self/fdinfo/cache"), PathBuf::from("/dev/null")];
    for cache in impossible {
        for _ in 0..2 {
            assert_right(&harness(&cache, &["run", &program]), 2);
        }
        assert_eq!(stats(&cache)["entries"], 0, "{}", cache.display());
        assert!(harness(&cache, &["cache", "clear"]).status.success());
    }
    assert_eq!(fs::read(file).unwrap(), b"mine");
}

#[test]
fn the_limit_can_be_set() {
    let (folder, _, cache) = setting(PROGRAM);
    // So many programs have more bytes than the limit whatever shards their keys fall into.
    for number in 0..40 {
        let program = folder.path().join(format!("program{number}.zx"));
        fs::write(&program, format!("print({number}, \"{}\")", "text ".repeat(100))).unwrap();
        let run = ["run", program.to_str().unwrap(), "--vm", "register"];
        assert!(command(&cache, &run).env("HARNESS_CACHE_LIMIT", "16K").status().unwrap().success());
        assert!(stats(&cache)["bytes"].as_u64() <= Some(16384));
    }
    assert!(stats(&cache)["evictions"].as_u64() > Some(0));
    let wrong = command(&cache, &["cache", "stats"]).env("HARNESS_CACHE_LIMIT", "much").output().unwrap();
    assert!(!wrong.status.success() && err(&wrong).contains("HARNESS_CACHE_LIMIT is 'much'"), "{}", err(&wrong));
    let run = command(&cache, &["run", "-e", "print(1)"]).env("HARNESS_CACHE_LIMIT", "much").output().unwrap();
    assert_eq!(out(&run), "1\n");
}

#[test]
fn comparisons_can_run_code_from_a_cache() {
    let (_folder, _, cache) = setting(PROGRAM);
    let compare = ["compare", "--workload", "fib", "--quick", "--rounds", "2", "--format", "json", "--cache", "disk"];
    let output = harness(&cache, &[&compare[..], &["--against", "register", "--against-cache", "off"]].concat());
    let results: Value = serde_json::from_str(&out(&output)).unwrap();
    let row = &results["rows"][0];
    assert_eq!((&row["agrees"], &row["instructions"]), (&true.into(), &row["against_instructions"]), "{row}");
    assert_eq!(stats(&cache)["hits"], 1);
}
