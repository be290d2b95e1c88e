//! `calls`: which functions run, how much of the run is theirs, and who calls them.
//!
//! A function's own instructions are those of its code, not of what it calls. Builtins and native methods run no instructions and are no
//! functions here.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::profile::{Arrival, Cell, Code, Moment, Place, ProbeKind, Recorder, Table, counted};

pub(super) const PROBE: ProbeKind = ProbeKind {
    name: "calls",
    about: "functions by calls and own instructions, and who calls whom",
    needs_plain_code: false,
    begin: |code| Box::new(Calls { functions: vec![Counts::default(); code.lengths().len()], edges: HashMap::new() }),
};

struct Calls {
    functions: Vec<Counts>,
    /// How often each instruction called each function.
    edges: HashMap<(Place, u32), u64>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    calls: u64,
    own: u64,
}

impl Recorder for Calls {
    fn instruction(&mut self, moment: &Moment<'_>) {
        let function = moment.event.function;
        let counts = &mut self.functions[function as usize];
        counts.own += 1;
        if let Arrival::Called(caller) = moment.arrival {
            counts.calls += 1;
            if let Some(caller) = caller {
                *self.edges.entry((caller, function)).or_default() += 1;
            }
        }
    }

    fn tables(&self, code: &Code<'_>) -> Vec<Table> {
        vec![self.function_table(code), self.edge_table(code)]
    }
}

impl Calls {
    fn function_table(&self, code: &Code<'_>) -> Table {
        let mut functions: Vec<(u32, &Counts)> =
            (0..).zip(&self.functions).filter(|(_, counts)| counts.calls > 0).collect();
        functions.sort_by_key(|(_, counts)| Reverse(counts.own));
        let total: u64 = functions.iter().map(|(_, counts)| counts.own).sum();
        let row = |&(function, counts): &(u32, &Counts)| {
            vec![
                code.function(function).into(),
                code.source(Place { function, pc: 0 }).0.into(),
                Cell::Count(counts.calls),
                Cell::Count(counts.own),
                Cell::share(counts.own, total),
                Cell::ratio(counts.own, counts.calls),
            ]
        };
        Table {
            name: "functions",
            title: "functions by own instructions",
            columns: &["function", "begins", "calls", "own instructions", "share", "a call"],
            rows: functions.iter().map(row).collect(),
            notes: vec![format!(
                "{} in {}",
                counted(total, "instruction"),
                counted(functions.len() as u64, "function")
            )],
        }
    }

    fn edge_table(&self, code: &Code<'_>) -> Table {
        let mut edges: Vec<(Place, u32, u64)> =
            self.edges.iter().map(|(&(caller, callee), &count)| (caller, callee, count)).collect();
        edges.sort_by_key(|&(caller, callee, count)| (Reverse(count), caller.function, caller.pc, callee));
        let total: u64 = edges.iter().map(|edge| edge.2).sum();
        let row = |&(caller, callee, count): &(Place, u32, u64)| {
            let (line, text) = code.source(caller);
            vec![
                code.function(caller.function).into(),
                code.function(callee).into(),
                Cell::Count(count),
                Cell::share(count, total),
                line.into(),
                format!("@{}", caller.pc).into(),
                text.into(),
            ]
        };
        Table {
            name: "edges",
            title: "call edges",
            columns: &["caller", "callee", "calls", "share", "line", "at", "source"],
            rows: edges.iter().map(row).collect(),
            notes: vec![format!("{} over {}", counted(total, "call"), counted(edges.len() as u64, "edge"))],
        }
    }
}
