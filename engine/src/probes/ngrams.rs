//! `ngrams`: which operations follow each other.
//!
//! A sequence is two to five operations that ran one after the other in one call of a function; a guest call between two instructions begins a new
//! one. Where a sequence was also *adjacent*, its instructions stand one behind the other in the code, so that one instruction could
//! do its work: that is what superinstructions are chosen by.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::profile::{Arrival, Cell, Code, Moment, ProbeKind, Recorder, Table, counted};

pub(super) const PROBE: ProbeKind = ProbeKind {
    name: "ngrams",
    about: "the most frequent sequences of two to five operations",
    needs_plain_code: false,
    begin: |_| Box::new(Ngrams::default()),
};

const LONGEST: usize = 5;
/// Bits for an opcode in a key. Opcodes are kept plus one, so that shorter sequences have keys of their own.
const BITS: u32 = 12;

#[derive(Default)]
struct Ngrams {
    /// The last operations, the newest in the lowest bits.
    last: u64,
    /// How many instructions have run since the last call.
    length: usize,
    /// How many of the last instructions stand one behind the other.
    adjacent: usize,
    counts: HashMap<u64, Counts>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    all: u64,
    adjacent: u64,
}

/// The `length` newest operations of a key.
fn newest(key: u64, length: usize) -> u64 {
    key & ((1 << (BITS * length as u32)) - 1)
}

/// The opcodes of a key, oldest first.
fn opcodes(key: u64) -> impl Iterator<Item = u16> {
    let at = move |index: u32| (key >> (BITS * index) & ((1 << BITS) - 1)) as u16;
    (0..LONGEST as u32).rev().map(at).filter(|&opcode| opcode != 0).map(|opcode| opcode - 1)
}

impl Recorder for Ngrams {
    fn instruction(&mut self, moment: &Moment<'_>) {
        match moment.arrival {
            Arrival::From(before) if before + 1 == moment.event.pc => self.adjacent += 1,
            Arrival::From(_) => self.adjacent = 1,
            Arrival::Returned(_) | Arrival::Called(_) => (self.length, self.adjacent) = (0, 1),
        }
        self.length += 1;
        self.last = newest(self.last << BITS | (u64::from(moment.event.opcode) + 1), LONGEST);
        for length in 2..=self.length.min(LONGEST) {
            let counts = self.counts.entry(newest(self.last, length)).or_default();
            counts.all += 1;
            counts.adjacent += u64::from(self.adjacent >= length);
        }
    }

    fn tables(&self, code: &Code<'_>) -> Vec<Table> {
        const NAMES: [(&str, &str); 4] = [
            ("pairs", "sequences of 2 operations"),
            ("triples", "sequences of 3 operations"),
            ("quadruples", "sequences of 4 operations"),
            ("quintuples", "sequences of 5 operations"),
        ];
        (2..).zip(NAMES).map(|(length, (name, title))| self.table(code, length, name, title)).collect()
    }
}

impl Ngrams {
    fn table(&self, code: &Code<'_>, length: usize, name: &'static str, title: &'static str) -> Table {
        let of_length = self.counts.iter().filter(|&(&key, _)| opcodes(key).count() == length);
        let text = |key| opcodes(key).map(|opcode| code.mnemonic(opcode)).collect::<Vec<_>>().join(" ");
        let mut sequences: Vec<(String, Counts)> = of_length.map(|(&key, &counts)| (text(key), counts)).collect();
        sequences
            .sort_by(|(text, counts), (other, others)| (Reverse(counts.all), text).cmp(&(Reverse(others.all), other)));
        let total: u64 = sequences.iter().map(|(_, counts)| counts.all).sum();
        let rows = sequences.iter().map(|(text, counts)| {
            let adjacent = Cell::share(counts.adjacent, counts.all);
            vec![text.as_str().into(), Cell::Count(counts.all), Cell::share(counts.all, total), adjacent]
        });
        Table {
            name,
            title,
            columns: &["operations", "count", "share", "adjacent"],
            rows: rows.collect(),
            notes: vec![format!(
                "{}, {} different; a call ends a sequence",
                counted(total, "sequence"),
                sequences.len()
            )],
        }
    }
}
