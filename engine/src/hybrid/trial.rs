//! The trial run: which regions of a program are worth converting, measured.

use std::cmp::Reverse;
use std::collections::HashSet;

use converter::regions::regions;
use isa::{StackCode, Verified};
use runtime::Runtime;
use runtime::probe::{Event, Watched, Watcher};
use vm_stack::{Linked, Options};

use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executors::stack::linked;

/// The trial ends after this many calls and loop iterations.
const FUEL: u64 = 20_000;

/// The regions chosen are the fewest in which at least so much of the trial's instructions ran: so many of `OF`.
const SHARE: u64 = 9;
const OF: u64 = 10;

/// The hottest regions of a program, each by its function and its first instruction.
pub(super) fn hottest(
    code: &Verified<StackCode>,
    configuration: &Configuration,
) -> Result<HashSet<(u32, u32)>, EngineError> {
    let counts = run(code, configuration)?;
    let mut all = Vec::new();
    for (function, counts) in (0..).zip(&counts) {
        for region in regions(&code.functions[function as usize]) {
            let count: u64 = region.instructions().map(|pc| counts[pc as usize]).sum();
            all.push((count, (function, region.code[0].start)));
        }
    }
    // Of regions with equal counts the first in the program comes first.
    all.sort_by_key(|&(count, place)| (Reverse(count), place));
    let wanted = all.iter().map(|(count, _)| count).sum::<u64>() * SHARE;
    let mut have = 0;
    let is_needed = |&&(count, _): &&(u64, (u32, u32))| {
        let is_needed = have * OF < wanted;
        have += count;
        is_needed
    };
    Ok(all.iter().take_while(is_needed).map(|&(_, place)| place).collect())
}

/// How often each instruction runs, by function and index.
fn run(code: &Verified<StackCode>, configuration: &Configuration) -> Result<Vec<Vec<u64>>, EngineError> {
    let linked = linked(Linked::with_options(code, Options::default()))?;
    let mut options = configuration.run_options();
    options.limits.fuel = Some(options.limits.fuel.map_or(FUEL, |fuel| fuel.min(FUEL)));
    let mut counts = Counts(code.functions.iter().map(|function| vec![0; function.code.len()]).collect());
    let mut runtime = Runtime::new(linked.program().clone(), options);
    // However it ends, what ran has run.
    let _ = vm_stack::execute(&linked, &mut runtime, &mut Watched(&mut counts));
    Ok(counts.0)
}

struct Counts(Vec<Vec<u64>>);

impl Watcher for Counts {
    fn instruction(&mut self, event: &Event<'_>) {
        self.0[event.function as usize][event.pc as usize] += 1;
    }
}
