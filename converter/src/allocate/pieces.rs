//! Split live ranges: an allocator says when which value is in which register, and the function is changed to make that so.
//!
//! A [`Piece`] is a stretch of points during which a virtual register has its value in one register. A virtual register whose pieces cover
//! all its segments with one and the same register stays as it is. Every other has a *home*, a spill slot, where its value is wherever
//! there is no piece; if that is nowhere, it needs no slot after all. It is renamed, in each piece to a new virtual register that stands for
//! it in the piece's register, and moves carry the value:
//!
//! * where a piece begins in the middle of a block and not with a write, the value is loaded from its home;
//! * on an edge the value goes from where it is before to where it is after;
//! * a handler's block loads what it has in registers from home, because nothing can be moved on the way there.
//!
//! # When values go home
//!
//! For each virtual register one of two rules holds, whichever is thought to store less often: *at once*, after every write, so that the home
//! is always up to date and leaving a register costs nothing; or *late*, where a piece ends and on edges from a piece to none. What a handler
//! needs goes home at once.
//!
//! # Invariants
//!
//! Pieces of one virtual register do not overlap, nor do pieces with one register. Where an occurrence needs a register there is a piece. A
//! piece begins at the beginning of a block, at a read, or at a write.

mod borders;
mod in_blocks;
mod on_edges;

use fxhash::FxHashMap;

use self::borders::{Borders, Changes};
use self::in_blocks::Rewriter;
use self::on_edges::{OnEdges, Spare};
use super::timeline::{Stretch, Timeline};
use super::{Allocation, Location, assign_slots, at};
use crate::live::{Arrival, LiveRanges, Origin};
use crate::tac::{Function, VirtualRegister};

/// A stretch of points during which a value is in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Whose value.
    pub register: VirtualRegister,
    /// Which register.
    pub place: u16,
    /// First point.
    pub start: u32,
    /// Last point.
    pub end: u32,
    /// Whether the value lives on after the piece, in its home.
    pub is_cut: bool,
}

/// What is known of a virtual register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is never live.
    Dead,
    /// It is in one register wherever it is live.
    Whole(u16),
    /// It has a home; values go there at once or late.
    Split { at_once: bool },
}

/// What an allocator has decided.
#[derive(Debug)]
pub struct Decided {
    /// Which value is in which register when.
    pub pieces: Vec<Piece>,
    /// Virtual registers that are without a register somewhere in their segments.
    pub is_spilled: Vec<bool>,
    /// As in [`Allocation`].
    pub windows: Vec<u16>,
    /// How many registers there are.
    pub registers: u16,
}

/// Changes a function so that values are where the pieces say.
pub fn settle(function: &mut Function, ranges: &LiveRanges, timeline: &Timeline, decided: Decided) -> Allocation {
    let Decided { pieces: mut all, is_spilled, windows, registers } = decided;
    all.retain(|piece| piece.start <= piece.end);
    all.sort_unstable_by_key(|piece| (piece.start, piece.register));
    debug_assert_eq!(overlapping(&all), None, "a value is in one place, and a place holds one value");
    let mut fates = fates(function, timeline, &all, &is_spilled);
    let locations = locations(&fates);
    let is_split = |fates: &[Fate], register: VirtualRegister| matches!(fates[at(register)], Fate::Split { .. });
    if !(0..function.registers).any(|register| is_split(&fates, register)) {
        return Allocation { locations, slots: 0, scratch: None, windows, arrivals: ranges.arrivals.clone() };
    }
    let pieces: Vec<Piece> = all.iter().copied().filter(|piece| is_split(&fates, piece.register)).collect();
    let borders = Borders::new(timeline, &pieces);
    choose_rules(function, ranges, timeline, &pieces, &borders, &mut fates);
    let mut names = Names { of: FxHashMap::default(), locations };
    let arrivals = arrivals(function, ranges, &borders, &fates, &mut names);
    let spare = Spare::new(registers, &all);
    let moves =
        OnEdges { ranges, borders: &borders, fates: &fates, spare, names: &mut names }.moves(function, timeline);
    let mut rewriter = Rewriter::new(ranges, timeline, &pieces, &fates, names);
    let mut landings = function.landings();
    for stretch in &timeline.stretches {
        let landing = &mut landings[stretch.block as usize];
        *landing = rewriter.block(&mut function.blocks[stretch.block as usize], stretch, *landing);
    }
    for handler in &mut function.handlers {
        handler.landing = landings[handler.block as usize];
    }
    let mut locations = rewriter.names.locations;
    moves.insert(function);
    let has_home = homes(function, &fates, &arrivals);
    let slots = assign_slots(ranges, |register| has_home[at(register)], &mut locations);
    // The new ones cross blocks.
    function.registers = locations.len() as u32;
    function.globals = function.registers;
    Allocation { locations, slots, scratch: None, windows, arrivals }
}

/// The virtual registers whose values are at home at times: those that a function which was rewritten still names. Others go from register to
/// register.
fn homes(function: &Function, fates: &[Fate], arrivals: &[Arrival]) -> Vec<bool> {
    let mut is_named = vec![false; fates.len()];
    let mut name = |register: VirtualRegister| {
        if let Some(Fate::Split { .. }) = fates.get(at(register)) {
            is_named[at(register)] = true;
        }
    };
    for block in function.blocks.iter().filter(|block| block.is_reachable) {
        for instruction in &block.instructions {
            name(instruction.destination);
            instruction.operands.iter().filter_map(|operand| operand.register()).for_each(&mut name);
        }
        block.terminator.for_each_use(&mut name);
        block.terminator.definitions().into_iter().flatten().for_each(&mut name);
    }
    function.handlers.iter().for_each(|handler| name(handler.landing));
    arrivals.iter().for_each(|arrival| name(arrival.to));
    is_named
}

/// Two pieces that overlap though they are of one virtual register or in one register. Pieces are given by start.
fn overlapping(pieces: &[Piece]) -> Option<(Piece, Piece)> {
    let mut last_of: FxHashMap<VirtualRegister, Piece> = FxHashMap::default();
    let mut last_in: FxHashMap<u16, Piece> = FxHashMap::default();
    pieces.iter().find_map(|&piece| {
        let before = [last_of.insert(piece.register, piece), last_in.insert(piece.place, piece)];
        let overlaps = |before: &Piece| before.end >= piece.start;
        before.into_iter().flatten().find(overlaps).map(|before| (before, piece))
    })
}

/// Tells what becomes of each virtual register, as far as that can be told before rules are chosen.
fn fates(function: &Function, timeline: &Timeline, pieces: &[Piece], is_spilled: &[bool]) -> Vec<Fate> {
    let mut fates = vec![Fate::Dead; at(function.registers)];
    for piece in pieces {
        let fate = &mut fates[at(piece.register)];
        *fate = match *fate {
            Fate::Dead if !is_spilled[at(piece.register)] => Fate::Whole(piece.place),
            Fate::Whole(place) if place == piece.place => *fate,
            _ => Fate::Split { at_once: false },
        };
    }
    for segment in &timeline.segments {
        if is_spilled[at(segment.register)] {
            fates[at(segment.register)] = Fate::Split { at_once: false };
        }
    }
    fates
}

fn locations(fates: &[Fate]) -> Vec<Location> {
    let location = |fate: &Fate| match *fate {
        Fate::Whole(place) => Location::Register(place),
        _ => Location::Nowhere,
    };
    fates.iter().map(location).collect()
}

/// Decides for each split virtual register when its values go home.
fn choose_rules(
    function: &Function,
    ranges: &LiveRanges,
    timeline: &Timeline,
    pieces: &[Piece],
    borders: &Borders,
    fates: &mut [Fate],
) {
    let mut stores_late = vec![0_u64; fates.len()];
    for piece in pieces.iter().filter(|piece| piece.is_cut && needs_store(timeline, piece)) {
        stores_late[at(piece.register)] += timeline.weight(piece.end);
    }
    // The last edge behind which each virtual register was seen in another register than before.
    let mut seen = vec![0_u32; fates.len()];
    let mut edge = 0;
    for_each_edge(function, timeline, |stretch, _, successor| {
        edge += 1;
        let weight = timeline.weight(stretch.terminator);
        let Changes { left, entered } = borders.changes(stretch.block, successor, ranges);
        entered.iter().for_each(|&(register, _)| seen[at(register)] = edge);
        for (register, _) in left {
            if seen[at(register)] != edge {
                stores_late[at(register)] += weight;
            }
        }
    });
    for register in 0..fates.len() as u32 {
        if let Fate::Split { at_once } = &mut fates[at(register)] {
            let writes = timeline.occurrences(register).iter().filter(|occurrence| occurrence.writes);
            let stores: u64 = writes.map(|write| timeline.weight(write.point)).sum();
            let arrives = u64::from(ranges.is_entering(0, register));
            *at_once = stores + arrives <= stores_late[at(register)];
        }
    }
    for handler in &function.handlers {
        for register in ranges.live.entering.iter(handler.block as usize) {
            if let Fate::Split { at_once } = &mut fates[at(register)] {
                *at_once = true;
            }
        }
    }
}

/// Whether the value has to go home where a piece ends: not if it came from there and was not written since, and not where a block ends, because
/// edges see to that.
fn needs_store(timeline: &Timeline, piece: &Piece) -> bool {
    let (first, last) = (timeline.stretch_at(piece.start), timeline.stretch_at(piece.end));
    if piece.end == timeline.stretches[last].terminator + 1 {
        return false;
    }
    let begins_with_load = piece.start.is_multiple_of(2) && piece.start > timeline.stretches[first].start;
    let within = timeline.occurrences_from(piece.register, piece.start).iter();
    let is_written = within.take_while(|occurrence| occurrence.point <= piece.end).any(|occurrence| occurrence.writes);
    !begins_with_load || is_written || first != last
}

/// Calls `visit` with each edge between reachable blocks: the block, which exit it is, and the block it leads to.
fn for_each_edge(function: &Function, timeline: &Timeline, mut visit: impl FnMut(&Stretch, usize, u32)) {
    for stretch in &timeline.stretches {
        let successors = function.blocks[stretch.block as usize].terminator.successors();
        for (exit, successor) in successors.into_iter().enumerate() {
            if let Some(successor) = successor {
                visit(stretch, exit, successor);
            }
        }
    }
}

/// New virtual registers: a split one in a register.
struct Names {
    of: FxHashMap<(VirtualRegister, u16), VirtualRegister>,
    /// Locations of all virtual registers, the new ones included.
    locations: Vec<Location>,
}

impl Names {
    fn get(&mut self, register: VirtualRegister, place: u16) -> VirtualRegister {
        *self.of.entry((register, place)).or_insert_with(|| {
            self.locations.push(Location::Register(place));
            self.locations.len() as u32 - 1
        })
    }
}

/// Where the values go that are there when the function begins: to where they are when its first block does.
fn arrivals(
    function: &Function,
    ranges: &LiveRanges,
    borders: &Borders,
    fates: &[Fate],
    names: &mut Names,
) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for &Arrival { from, to } in &ranges.arrivals {
        let Fate::Split { at_once } = fates[at(to)] else {
            arrivals.push(Arrival { from, to });
            continue;
        };
        let place = borders.place_at_start(0, to);
        if at_once || place.is_none() {
            arrivals.push(Arrival { from, to });
        }
        if let Some(place) = place {
            arrivals.push(Arrival { from, to: names.get(to, place) });
        }
    }
    debug_assert!(arrivals.iter().all(|arrival| match arrival.from {
        Origin::Parameter(parameter) => u32::from(parameter) < function.parameters,
        Origin::Unset => true,
    }));
    arrivals
}
