//! `lines`: how long the straight lines of a program are, and how many of their instructions could run at once.
//!
//! A line ends at a jump, at a call, which runs other lines, and before an instruction that is jumped to. Within one, an instruction waits for what it reads, and
//! memory counts as one location: that is what a chunk of code could be cut by, without knowing more. There are three answers, of which each
//! keeps more in order than the one before:
//!
//! - *renamed*: every write to a register has a register of its own;
//! - *named*: registers are those of the code;
//! - *exact*: besides, what can fail and what shows outside stay in their order, so that the first error is the first.
//!
//! The dependences are those of [`scheduler::dependence`], each instruction taking one unit of time.

use std::collections::HashMap;

use isa::Effects;
use scheduler::dependence::{self, Graph};

use crate::profile::{Arrival, Cell, Code, Moment, PerSite, Place, ProbeKind, Recorder, Table, Touched, counted};

pub(super) const PROBE: ProbeKind = ProbeKind {
    name: "lines",
    about: "how long straight lines of code are, and how much of them could run at once",
    needs_plain_code: true,
    begin: |code| Box::new(Lines { starts: PerSite::new(code), ends: ends(code) }),
};

/// Lengths that are told apart.
const LENGTHS: [usize; 5] = [4, 16, 64, 256, 1024];

struct Lines {
    /// How often a line began at each instruction.
    starts: PerSite<u64>,
    /// For each instruction of each function, whether a line ends behind it.
    ends: Vec<Vec<bool>>,
}

/// Whether a line ends behind each instruction.
fn ends(code: &Code<'_>) -> Vec<Vec<bool>> {
    let of_function = |function: u32| {
        let instructions = code.instructions(function);
        let mut ends: Vec<bool> = code.touched(function).iter().map(leads_elsewhere).collect();
        for instruction in instructions {
            if let Some(before) = instruction.target.and_then(|target| target.checked_sub(1)) {
                ends[before as usize] = true;
            }
        }
        for (end, instruction) in ends.iter_mut().zip(instructions) {
            *end |= instruction.target.is_some();
        }
        ends
    };
    (0..code.lengths().len() as u32).map(of_function).collect()
}

fn leads_elsewhere(touched: &Touched) -> bool {
    touched.effects.contains(Effects::CONTROL) || touched.effects.contains(Effects::CALL)
}

/// What a line is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Location {
    /// A place of the frame: its number, and which write to it is meant.
    Place(u32, u32),
    /// All memory.
    Memory,
    /// The order of what shows outside.
    Order,
}

/// What is kept in order.
#[derive(Clone, Copy)]
struct Kept {
    names: bool,
    errors: bool,
}

const RENAMED: Kept = Kept { names: false, errors: false };
const NAMED: Kept = Kept { names: true, errors: false };
const EXACT: Kept = Kept { names: true, errors: true };

/// The longest chain of instructions in a line that depend on each other.
fn path(line: &[Touched], kept: Kept) -> u64 {
    let mut versions: HashMap<u32, u32> = HashMap::new();
    let effects = line.iter().map(|touched| {
        let version = |versions: &HashMap<u32, u32>, place: u32| versions.get(&place).copied().unwrap_or(0);
        let mut effects = dependence::Effects { reads: Vec::new(), writes: Vec::new() };
        effects.reads.extend(touched.reads.iter().map(|&place| Location::Place(place, version(&versions, place))));
        for &place in &touched.writes {
            if !kept.names {
                *versions.entry(place).or_default() += 1;
            }
            effects.writes.push(Location::Place(place, version(&versions, place)));
        }
        if touched.effects.contains(Effects::READ) {
            effects.reads.push(Location::Memory);
        }
        if touched.effects.contains(Effects::WRITE) {
            effects.writes.push(Location::Memory);
        }
        let shows = [Effects::OUTPUT, Effects::FAIL, Effects::WRITE].iter().any(|&one| touched.effects.contains(one));
        if touched.effects.contains(Effects::OUTPUT) || kept.errors && shows {
            effects.writes.push(Location::Order);
        }
        effects
    });
    Graph::new(&effects.collect::<Vec<_>>()).critical_path(|_| 1)
}

/// What lines come to, over all of their runs.
#[derive(Default)]
struct Sums {
    runs: u64,
    instructions: u64,
    /// Time of the three answers.
    paths: [u64; 3],
}

impl Sums {
    fn row(&self, name: String, all: u64) -> Vec<Cell> {
        let parallel = self.paths.map(|path| Cell::ratio(self.instructions, path));
        [
            Cell::from(name),
            Cell::Count(self.runs),
            Cell::Count(self.instructions),
            Cell::share(self.instructions, all),
            Cell::ratio(self.instructions, self.runs),
        ]
        .into_iter()
        .chain(parallel)
        .collect()
    }
}

impl Recorder for Lines {
    fn instruction(&mut self, moment: &Moment<'_>) {
        let place = moment.place();
        let goes_on = match moment.arrival {
            Arrival::From(before) => before + 1 == place.pc && !self.ends[place.function as usize][before as usize],
            Arrival::Returned(_) | Arrival::Called(_) => false,
        };
        *self.starts.at(place) += u64::from(!goes_on);
    }

    fn tables(&self, code: &Code<'_>) -> Vec<Table> {
        let mut by_length: [Sums; LENGTHS.len() + 1] = Default::default();
        let (mut total, mut longest) = (Sums::default(), 0);
        let mut touched: Option<(u32, Vec<Touched>)> = None;
        for (Place { function, pc }, &runs) in self.starts.iter().filter(|&(_, &runs)| runs > 0) {
            let known = touched.take().filter(|(of, _)| *of == function);
            let all = known.map_or_else(|| code.touched(function), |(_, all)| all);
            let ends = &self.ends[function as usize];
            let length = ends[pc as usize..].iter().position(|&end| end).map_or(ends.len() - pc as usize, |at| at + 1);
            let line = &all[pc as usize..pc as usize + length];
            let paths = [RENAMED, NAMED, EXACT].map(|kept| path(line, kept));
            let class = LENGTHS.iter().position(|&most| length <= most).unwrap_or(LENGTHS.len());
            for sums in [&mut by_length[class], &mut total] {
                sums.runs += runs;
                sums.instructions += runs * length as u64;
                sums.paths.iter_mut().zip(paths).for_each(|(sum, path)| *sum += runs * path);
            }
            longest = longest.max(length);
            touched = Some((function, all));
        }
        let all = total.instructions;
        let name = |class: usize| match LENGTHS.get(class) {
            Some(most) => format!("up to {most}"),
            None => String::from("longer"),
        };
        let met = by_length.iter().enumerate().filter(|(_, sums)| sums.runs > 0);
        let mut rows: Vec<_> = met.map(|(class, sums)| sums.row(name(class), all)).collect();
        rows.push(total.row(String::from("all"), all));
        vec![Table {
            name: "lines",
            title: "straight lines by length, and how many of their instructions could run at once",
            columns: &["instructions", "run", "instructions run", "share", "mean length", "renamed", "named", "exact"],
            rows,
            notes: vec![format!("The longest has {}.", counted(longest as u64, "instruction"))],
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touched(reads: &[u32], writes: &[u32], effects: Effects) -> Touched {
        Touched { reads: reads.into(), writes: writes.into(), effects }
    }

    #[test]
    fn more_order_makes_paths_longer() {
        // r0 := r1 + r2; r3 := r0; r0 := r4 + r5; r6 := r0: two pairs that only a name holds together.
        let add = Effects::FAIL;
        let line = [
            touched(&[1, 2], &[0], add),
            touched(&[0], &[3], Effects::PURE),
            touched(&[4, 5], &[0], add),
            touched(&[0], &[6], Effects::PURE),
        ];
        assert_eq!([RENAMED, NAMED, EXACT].map(|kept| path(&line, kept)), [2, 4, 4]);
        // Additions of different registers are only held together by which error is the first.
        let line = [0, 1, 2].map(|at| touched(&[10 + at], &[at], add));
        assert_eq!([RENAMED, NAMED, EXACT].map(|kept| path(&line, kept)), [1, 1, 3]);
    }

    #[test]
    fn memory_is_one_location() {
        let (read, write) = (Effects::READ, Effects::WRITE);
        let line = [touched(&[], &[0], read), touched(&[], &[1], read), touched(&[2], &[], write)];
        assert_eq!(path(&line, RENAMED), 2);
        let line = [touched(&[2], &[], write), touched(&[3], &[], write)];
        assert_eq!(path(&line, RENAMED), 2);
    }
}
