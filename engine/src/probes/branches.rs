//! `branches`: which way conditional branches go, and how often loops go round.
//!
//! A branch is *taken* when control goes to its target, and not when it goes to the next instruction; an operation that skips has the
//! place behind the skipped instruction as its target. One that raises an error goes neither way.
//!
//! A loop is what a jump back closes: from its target, the *head*, to the last instruction that jumps there. It is entered when control comes
//! into that stretch of code from outside; an iteration is an arrival at the head. A loop that a branch before it
//! skips is not entered, so whether empty ones count depends on how the form tests the condition.

use std::cmp::Reverse;

use crate::profile::{Arrival, Cell, Code, Moment, PerSite, Place, ProbeKind, Recorder, Table};

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
    last: u32,
    entered: u64,
    iterations: u64,
}

impl Loop {
    fn contains(&self, pc: u32) -> bool {
        (self.head..=self.last).contains(&pc)
    }
}

fn loops(code: &Code<'_>) -> Vec<Vec<Loop>> {
    (0..code.lengths().len() as u32)
        .map(|function| {
            let mut loops: Vec<Loop> = Vec::new();
            for (pc, instruction) in (0..).zip(code.instructions(function)) {
                let Some(head) = instruction.target.filter(|&target| target <= pc) else { continue };
                match loops.iter_mut().find(|known| known.head == head) {
                    Some(known) => known.last = pc,
                    None => loops.push(Loop { head, last: pc, entered: 0, iterations: 0 }),
                }
            }
            loops
        })
        .collect()
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
        for known in &mut self.loops[function as usize] {
            known.entered += u64::from(known.contains(pc) && !before.is_some_and(|before| known.contains(before)));
            known.iterations += u64::from(pc == known.head);
        }
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
                "{total} executions of {} branches; {:.1} % at branches that always went one way; always guessing each branch's more \
                 frequent way is right for {:.1} %",
                sites.len(),
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
                format!("@{}..{}", known.head, known.last).into(),
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
