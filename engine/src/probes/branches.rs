//! `branches`: which way conditional branches go, and how often loops go round.
//!
//! A branch is *taken* when control goes to its target, and not when it goes to the next instruction; an operation that skips has the
//! place behind the skipped instruction as its target. One that raises an error goes neither way.
//!
//! A loop is what jumps back to one instruction, its *head*, close: the code from there to the last of these jumps. Where a loop nested in it
//! is tested at the bottom, the outer head may be that test, with the inner body before it; the code of the inner loop is then part of
//! the outer one. A loop is entered when control comes into its code from outside. An iteration is an arrival at the head by a jump back or from
//! outside. A loop that a branch before it skips is not entered, so whether empty ones count depends on how the form tests the
//! condition.

use std::cmp::Reverse;

use crate::profile::{Arrival, Cell, Code, Moment, PerSite, Place, ProbeKind, Recorder, Table, counted};

pub(super) const PROBE: ProbeKind = ProbeKind {
    name: "branches",
    about: "which way conditional branches go, and iterations of loops",
    needs_plain_code: true,
    begin: |code| Box::new(Branches { sites: PerSite::new(code), loops: loops(code) }),
};

struct Branches {
    sites: PerSite<Site>,
    /// The loops of each function.
    loops: Vec<Vec<Loop>>,
}

#[derive(Clone, Copy, Default)]
struct Site {
    target: u32,
    executed: u64,
    taken: u64,
    not_taken: u64,
}

struct Loop {
    head: u32,
    /// First and last instruction of its code.
    first: u32,
    last: u32,
    /// The jumps back to the head.
    jumps: Vec<u32>,
    entered: u64,
    iterations: u64,
}

impl Loop {
    fn contains(&self, pc: u32) -> bool {
        (self.first..=self.last).contains(&pc)
    }

    /// Control comes to `pc` from the instruction `before` of the same call, or into the function there.
    fn arrive(&mut self, before: Option<u32>, pc: u32) {
        let from_outside = !before.is_some_and(|before| self.contains(before));
        self.entered += u64::from(from_outside && self.contains(pc));
        let goes_round = || before.is_some_and(|before| self.jumps.contains(&before));
        self.iterations += u64::from(pc == self.head && (from_outside || goes_round()));
    }
}

/// The loops of each function.
fn loops(code: &Code<'_>) -> Vec<Vec<Loop>> {
    (0..code.lengths().len() as u32).map(|function| loops_of(code, function)).collect()
}

fn loops_of(code: &Code<'_>, function: u32) -> Vec<Loop> {
    let mut loops: Vec<Loop> = Vec::new();
    for (pc, instruction) in (0..).zip(code.instructions(function)) {
        let Some(head) = instruction.target.filter(|&target| target <= pc) else { continue };
        match loops.iter_mut().find(|known| known.head == head) {
            Some(known) => {
                known.last = pc;
                known.jumps.push(pc);
            }
            None => loops.push(Loop { head, first: head, last: pc, jumps: vec![pc], entered: 0, iterations: 0 }),
        }
    }
    // Inner loops end first, so theirs are known when those around them ask.
    loops.sort_by_key(|known| known.last);
    for at in 1..loops.len() {
        let (inner, outer) = loops.split_at_mut(at);
        let reaches = |inner: &&Loop| inner.last < outer[0].last && inner.contains(outer[0].head);
        if let Some(first) = inner.iter().filter(reaches).map(|inner| inner.first).min() {
            outer[0].first = outer[0].first.min(first);
        }
    }
    loops
}

impl Recorder for Branches {
    fn instruction(&mut self, moment: &Moment<'_>) {
        let Place { function, pc } = moment.place();
        let before = match moment.arrival {
            Arrival::From(before) => {
                self.arrived_from(Place { function, pc: before }, pc);
                Some(before)
            }
            Arrival::Returned(call) => Some(call),
            Arrival::Called(_) => None,
        };
        self.loops[function as usize].iter_mut().for_each(|known| known.arrive(before, pc));
        if moment.instruction.is_conditional {
            let site = self.sites.at(moment.place());
            site.executed += 1;
            site.target = moment.instruction.target.unwrap_or_default();
        }
    }

    fn tables(&self, code: &Code<'_>) -> Vec<Table> {
        vec![self.branch_table(code), self.loop_table(code)]
    }
}

impl Branches {
    /// Control went from an instruction to another one of the same call.
    fn arrived_from(&mut self, before: Place, pc: u32) {
        let site = self.sites.at(before);
        if site.executed > 0 {
            if pc == before.pc + 1 {
                site.not_taken += 1;
            } else if pc == site.target {
                site.taken += 1;
            }
        }
    }

    fn branch_table(&self, code: &Code<'_>) -> Table {
        let executed = |site: &&(Place, &Site)| site.1.executed > 0;
        let mut sites: Vec<(Place, &Site)> = self.sites.iter().filter(|site| executed(&site)).collect();
        sites.sort_by_key(|(_, site)| Reverse(site.executed));
        let total: u64 = sites.iter().map(|(_, site)| site.executed).sum();
        let one_way = |site: &Site| site.taken == 0 || site.not_taken == 0;
        let steady: u64 = sites.iter().filter(|(_, site)| one_way(site)).map(|(_, site)| site.executed).sum();
        let likely: u64 = sites.iter().map(|(_, site)| site.taken.max(site.not_taken)).sum();
        let percent = |part: u64| 100.0 * part as f64 / total.max(1) as f64;
        Table {
            name: "branches",
            title: "conditional branches",
            columns: &["function", "line", "at", "operation", "executed", "taken", "source"],
            rows: sites
                .iter()
                .map(|&(place, site)| {
                    let figures = [Cell::Count(site.executed), Cell::share(site.taken, site.taken + site.not_taken)];
                    code.row(place, figures)
                })
                .collect(),
            notes: vec![format!(
                "{} of {}; {:.1} % at branches that always went one way; always guessing each branch's more \
                 frequent way is right for {:.1} %",
                counted(total, "execution"),
                counted(sites.len() as u64, "branch site"),
                percent(steady),
                percent(likely)
            )],
        }
    }

    fn loop_table(&self, code: &Code<'_>) -> Table {
        let mut loops: Vec<(Place, &Loop)> = (0..)
            .zip(&self.loops)
            .flat_map(|(function, loops)| loops.iter().map(move |known| (Place { function, pc: known.head }, known)))
            .filter(|(_, known)| known.entered > 0)
            .collect();
        loops.sort_by_key(|(_, known)| Reverse(known.iterations));
        let row = |&(head, known): &(Place, &Loop)| {
            let (line, text) = code.source(Place { pc: known.last, ..head });
            vec![
                code.function(head.function).into(),
                line.into(),
                format!("@{}..{}", known.first, known.last).into(),
                Cell::Count(known.entered),
                Cell::Count(known.iterations),
                Cell::ratio(known.iterations, known.entered),
                text.into(),
            ]
        };
        Table {
            name: "loops",
            title: "loops",
            columns: &["function", "line", "at", "entered", "iterations", "per entry", "source"],
            rows: loops.iter().map(row).collect(),
            notes: Vec::new(),
        }
    }
}
