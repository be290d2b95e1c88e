//! A process that writes blocks is killed at random moments, hundreds of times, and the file always opens at a block that it had
//! committed: the last one it had told of, or the one it was telling of.
//!
//! `LEDGER_KILLS=5000 cargo test -p ledger --test crash` kills as often as that.

mod blocks;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ledger::Chain;
use ledger::verify::verify;
use runtime::host::Ledger;

const KILLS: u32 = 200;

/// Runs the writer for so long after it has told of its first block (or from its start, so that opening is interrupted too), kills it,
/// and gives the last height that it told of.
fn write_until_killed(file: &Path, wait_for_first: bool, time: Duration) -> Option<u64> {
    let mut writer = Command::new(env!("CARGO_BIN_EXE_write-blocks"))
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the writer can be started");
    let mut lines = BufReader::new(writer.stdout.take().expect("it is a pipe")).lines();
    let first = if wait_for_first { lines.next().transpose().expect("it can be read") } else { None };
    std::thread::sleep(time);
    writer.kill().expect("it can be killed");
    let rest: Vec<String> = lines.map(|line| line.expect("it can be read")).collect();
    let output = writer.wait_with_output().expect("it has ended");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code().is_none(), "the writer ended by itself: {message}");
    // A line is complete when it is told of: the writer hands it over at once.
    rest.last().or(first.as_ref()).map(|line| line.parse().expect("it is a height"))
}

#[test]
fn a_killed_writer_leaves_its_last_block() {
    let kills = match std::env::var("LEDGER_KILLS") {
        Ok(text) => text.parse().expect("LEDGER_KILLS is a number"),
        Err(_) => KILLS,
    };
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let file = folder.path().join("killed.ledger");
    let mut expected = Chain::in_memory();
    let (mut told, mut extra, mut blocks) = (0, 0, 0);
    let mut seed = 1_u64;
    for kill in 0..kills {
        // Knuth's MMIX generator.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let time = Duration::from_micros((seed >> 33) % 20_000);
        let last = write_until_killed(&file, kill % 4 != 0, time);
        told = last.unwrap_or(told).max(told);
        // Every other time the file is opened to be looked at only, and the next writer has to repair it.
        let found = match kill % 2 {
            0 => Chain::copy_of(&file),
            _ => Chain::open(&file),
        };
        let found = match found {
            Ok(found) => found,
            // The very first ones may be killed before there is a ledger at all; half of one there is never.
            Err(_) if told == 0 && !file.exists() => continue,
            Err(error) => panic!("after kill {kill}, at block {told}: {error}"),
        };
        let height = found.height();
        let is_possible = height == told || height == told + 1 || last.is_none() && height >= told;
        assert!(is_possible, "after kill {kill}: block {told} was told of, and the file has {height}");
        extra += u32::from(height > told);
        blocks = height;
        told = height;
        while expected.height() < height {
            blocks::next_block(&mut expected).expect("it is possible in memory");
        }
        assert_eq!(found.head(), expected.head(), "after kill {kill}");
        assert_eq!(found.contents(), expected.contents(), "after kill {kill}");
    }
    let report = verify(&file).expect("it can be read");
    assert_eq!((report.blocks, report.damage), (blocks, Vec::new()));
    println!("{kills} kills, {blocks} blocks, {extra} times a block more than was told of");
    assert!(blocks > u64::from(kills), "the writer came to write: {blocks} blocks");
}

/// A file that is being made for the first time appears when it is whole.
#[test]
fn a_writer_killed_at_its_start_leaves_a_ledger_or_nothing() {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let mut made = 0;
    for kill in 0..100_u64 {
        let file = folder.path().join(format!("{kill}.ledger"));
        write_until_killed(&file, false, Duration::from_micros(150 * kill));
        if file.exists() {
            made += 1;
            let found = Chain::open(&file);
            assert!(found.is_ok(), "after kill {kill}: {}", found.expect_err("it is one"));
        }
    }
    println!("100 kills, {made} ledgers");
    assert!(made > 0, "no writer came to make its file");
}
