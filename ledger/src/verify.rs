//! Checks everything that a ledger's file says.
//!
//! The chain is followed from the first block to the last: every record's check, every hash of a block before, both roots of every block, the
//! chain of entries. Then the state: every record's check, the number and order of every map's entries, and the root against that in
//! the last block. What is damaged is named; what can still be checked behind it is checked.

use std::path::Path;

use fxhash::FxHashMap;
use runtime::host::{MapHead, Stored};

use crate::disk::Disk;
use crate::error::LedgerError;
use crate::state::Location;
use crate::store::Store;
use crate::tree::{Change, StateTree};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Blocks that were checked.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Events in their receipts.
    pub events: u64,
    /// Entries of the log.
    pub entries: u64,
    /// Locations of the state.
    pub locations: u64,
    /// What is damaged: the part, and what is wrong with it. Empty for a sound ledger.
    pub damage: Vec<(String, String)>,
}

/// Most damaged parts that are named.
const MOST_NAMED: usize = 1000;

impl Report {
    fn note(&mut self, part: impl Into<String>, reason: impl Into<String>) {
        if self.damage.len() < MOST_NAMED {
            self.damage.push((part.into(), reason.into()));
        }
    }

    /// Notes damage; all else that goes wrong ends the check.
    fn note_error(&mut self, error: LedgerError) -> Result<(), LedgerError> {
        match error {
            LedgerError::Damaged { part, reason, .. } => {
                self.note(part, reason);
                Ok(())
            }
            other => Err(other),
        }
    }
}

/// Checks a ledger's file, which is only read.
///
/// # Errors
/// When it cannot be read, is in use, or is no ledger. Damage is no error but in the report.
pub fn verify(path: &Path) -> Result<Report, LedgerError> {
    let mut report = Report::default();
    let disk = match Disk::copy_of(path) {
        Ok(disk) => disk,
        Err(error) => {
            report.note_error(error)?;
            return Ok(report);
        }
    };
    if let Err(error) = check(&disk, &mut report) {
        report.note_error(error)?;
    }
    Ok(report)
}

fn check(disk: &Disk, report: &mut Report) -> Result<(), LedgerError> {
    let height = disk.height()?;
    let mut before = None;
    // After a block that cannot be read, the next one's place in the chain cannot be told.
    let mut is_broken = false;
    for at in 1..=height {
        let block = match disk.block(at) {
            Ok(Some(block)) => block,
            Ok(None) => {
                report.note(format!("block {at}"), "it is missing");
                (is_broken, before) = (true, None);
                continue;
            }
            Err(error) => {
                report.note_error(error)?;
                (is_broken, before) = (true, None);
                continue;
            }
        };
        let behind = if is_broken { Ok(()) } else { block.check_behind(before.as_ref()) };
        for reason in [block.check(), behind].into_iter().filter_map(Result::err) {
            report.note(format!("block {at}"), reason);
        }
        is_broken = false;
        report.blocks += 1;
        report.transactions += block.transactions.len() as u64;
        report.events += block.receipts.iter().map(|receipt| receipt.events.len() as u64).sum::<u64>();
        report.entries += block.entries.len() as u64;
        before = Some(block.header);
    }
    check_state(disk, report, height, before.map(|header| header.state_root))
}

/// What was seen of a map.
#[derive(Default)]
struct Seen {
    head: Option<MapHead>,
    sequences: Vec<u32>,
}

fn check_state(
    disk: &Disk,
    report: &mut Report,
    height: u64,
    expected: Option<runtime::host::Digest>,
) -> Result<(), LedgerError> {
    let mut changes = Vec::new();
    let mut maps: FxHashMap<Location, Seen> = FxHashMap::default();
    let mut is_whole = true;
    disk.locations(&mut |found| {
        let (location, content) = match found {
            Ok(found) => found,
            Err(error) => {
                is_whole = false;
                return report.note_error(error);
            }
        };
        report.locations += 1;
        changes.push(Change { path: location.path(), value: content.digest() });
        match (&location.key, content.value) {
            (Some(_), _) => {
                let map = Location { key: None, ..location };
                maps.entry(map).or_default().sequences.push(content.sequence);
            }
            (None, Stored::Map(head)) => maps.entry(location).or_default().head = Some(head),
            _ => {}
        }
        Ok(())
    })?;
    for (location, Seen { head, mut sequences }) in maps {
        sequences.sort_unstable();
        let MapHead { len, next } = head.unwrap_or_default();
        let is_sound = sequences.len() as u64 == u64::from(len)
            && sequences.last().is_none_or(|&last| last < next)
            && sequences.windows(2).all(|pair| pair[0] < pair[1]);
        if !is_sound && is_whole {
            report.note(format!("state of {location}"), "its entries are not those that it counts");
        }
    }
    let mut tree = StateTree::new();
    tree.update(changes);
    // Without the last block nobody knows the root.
    let is_known = height == 0 || expected.is_some();
    if is_whole && is_known && tree.root() != expected.unwrap_or_else(|| StateTree::new().root()) {
        report.note("state", format!("it does not have the root in block {height}"));
    }
    Ok(())
}
