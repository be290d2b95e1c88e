//! The probe that shows how deep calls nest: instructions run at each depth.

use engine::profile::{Cell, Code, Moment, ProbeKind, Recorder, Table};

pub(crate) const PROBE: ProbeKind = ProbeKind {
    name: "depths",
    about: "how many instructions run at each depth of calls",
    needs_plain_code: false,
    begin: |_code| Box::new(Depths::default()),
};

#[derive(Default)]
struct Depths {
    instructions: Vec<u64>,
}

impl Recorder for Depths {
    fn instruction(&mut self, moment: &Moment<'_>) {
        let depth = moment.event.depth;
        if depth >= self.instructions.len() {
            self.instructions.resize(depth + 1, 0);
        }
        self.instructions[depth] += 1;
    }

    fn tables(&self, _code: &Code<'_>) -> Vec<Table> {
        let total = self.instructions.iter().sum();
        let row = |(depth, &count): (usize, &u64)| {
            vec![Cell::Count(depth as u64), Cell::Count(count), Cell::share(count, total)]
        };
        vec![Table {
            name: "depths",
            title: "instructions by depth of calls",
            columns: &["depth", "instructions", "share"],
            rows: self.instructions.iter().enumerate().map(row).collect(),
            notes: vec![format!("{total} instructions")],
        }]
    }
}
