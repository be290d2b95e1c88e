//! `opcodes`: how often each operation runs.

use std::cmp::Reverse;

use crate::profile::{Cell, Code, Moment, ProbeKind, Recorder, Table, counted};

pub(super) const PROBE: ProbeKind = ProbeKind {
    name: "opcodes",
    about: "how often each operation runs",
    needs_plain_code: false,
    begin: |_| Box::new(Opcodes::default()),
};

#[derive(Default)]
struct Opcodes {
    counts: Vec<u64>,
}

impl Recorder for Opcodes {
    fn instruction(&mut self, moment: &Moment<'_>) {
        let opcode = usize::from(moment.event.opcode);
        if opcode >= self.counts.len() {
            self.counts.resize(opcode + 1, 0);
        }
        self.counts[opcode] += 1;
    }

    fn tables(&self, code: &Code<'_>) -> Vec<Table> {
        let counts = (0..).zip(self.counts.iter().copied());
        let mut counts: Vec<(u16, u64)> = counts.filter(|&(_, count)| count > 0).collect();
        counts.sort_by_key(|&(opcode, count)| (Reverse(count), code.mnemonic(opcode)));
        let total: u64 = self.counts.iter().sum();
        let mut so_far = 0;
        let rows = counts.iter().map(|&(opcode, count)| {
            so_far += count;
            let shares = [Cell::share(count, total), Cell::share(so_far, total)];
            [Cell::from(code.mnemonic(opcode)), Cell::Count(count)].into_iter().chain(shares).collect()
        });
        vec![Table {
            name: "opcodes",
            title: "executed operations",
            columns: &["operation", "count", "share", "cumulative"],
            rows: rows.collect(),
            notes: vec![format!("{} of {}", counted(total, "instruction"), counted(counts.len() as u64, "operation"))],
        }]
    }
}
