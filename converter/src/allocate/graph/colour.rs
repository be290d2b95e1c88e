//! Coalescing, simplifying and selecting: from a graph to colours.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::interference::Interference;
use crate::allocate::at;
use crate::live::{LiveRanges, Origin};
use crate::tac::{Function, NONE, VirtualRegister};

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Colour of each virtual register that has one.
    pub(super) colours: Vec<Option<u16>>,
    /// Virtual registers that found none.
    pub(super) spilled: Vec<VirtualRegister>,
    /// First register of each window.
    pub(super) windows: Vec<u16>,
}

/// Colours a graph with so many colours. What was made by spill code, from `parts` up, is not spilled again.
pub(super) fn colour(
    function: &Function,
    ranges: &LiveRanges,
    graph: Interference,
    parts: VirtualRegister,
    registers: u16,
) -> Outcome {
    let count = graph.neighbours.len();
    let mut parameter_in = vec![NONE; count];
    for arrival in &ranges.arrivals {
        if let Origin::Parameter(parameter) = arrival.from {
            parameter_in[at(arrival.to)] = u32::from(parameter);
        }
    }
    let mut colouring = Colouring {
        function,
        ranges,
        degrees: graph.neighbours.iter().map(Vec::len).collect(),
        representative: (0..count as u32).collect(),
        members: (0..count as u32).map(|register| vec![register]).collect(),
        graph,
        parameter_in,
        parts,
        registers: usize::from(registers),
        colours: vec![None; count],
        copied: vec![Vec::new(); count],
        seen: vec![0; count],
        round: 0,
    };
    colouring.coalesce();
    let order = colouring.simplify();
    let spilled = colouring.select(order);
    let windows = (0..ranges.windows.len()).map(|window| colouring.first_free(window)).collect();
    let colours = (0..count as u32).map(|register| colouring.colour_of(register)).collect();
    Outcome { colours, spilled, windows }
}

/// A node that may have to be spilled. Those come first that cost the least for each neighbour that they make room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidate {
    cost: u64,
    degree: usize,
    node: VirtualRegister,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let product = |cost: u64, degree: usize| u128::from(cost) * degree as u128;
        let (own, others) = (product(self.cost, other.degree), product(other.cost, self.degree));
        own.cmp(&others).then(self.node.cmp(&other.node))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

struct Colouring<'f> {
    function: &'f Function,
    ranges: &'f LiveRanges,
    graph: Interference,
    /// How many neighbours each representative has, coalesced ones counted once.
    degrees: Vec<usize>,
    /// What each virtual register was coalesced into, directly.
    representative: Vec<VirtualRegister>,
    /// What was coalesced into each representative, itself included.
    members: Vec<Vec<VirtualRegister>>,
    /// For each virtual register the parameter that arrives in it, or [`NONE`].
    parameter_in: Vec<u32>,
    parts: VirtualRegister,
    registers: usize,
    /// Colours of representatives.
    colours: Vec<Option<u16>>,
    /// For each representative those that copies connect it with.
    copied: Vec<Vec<VirtualRegister>>,
    /// When each virtual register was last looked at.
    seen: Vec<u32>,
    round: u32,
}

impl Colouring<'_> {
    fn find(&self, register: VirtualRegister) -> VirtualRegister {
        let mut register = register;
        while self.representative[at(register)] != register {
            register = self.representative[at(register)];
        }
        register
    }

    fn colour_of(&self, register: VirtualRegister) -> Option<u16> {
        self.colours[at(self.find(register))]
    }

    /// Neighbours of a representative, coalesced ones once.
    fn neighbours(&mut self, register: VirtualRegister) -> Vec<VirtualRegister> {
        self.round += 1;
        let mut found = Vec::with_capacity(self.degrees[at(register)]);
        for index in 0..self.graph.neighbours[at(register)].len() {
            let neighbour = self.find(self.graph.neighbours[at(register)][index]);
            if std::mem::replace(&mut self.seen[at(neighbour)], self.round) != self.round {
                found.push(neighbour);
            }
        }
        found
    }

    /// Merges the ends of copies where that cannot make the graph harder to colour, the most frequent copies first, until nothing changes.
    fn coalesce(&mut self) {
        let mut copies = std::mem::take(&mut self.graph.copies);
        // A part must stay as short as it is, or spilling need not come to an end.
        let (mut copies, of_parts): (Vec<_>, Vec<_>) =
            copies.drain(..).partition(|&(_, a, b)| a < self.parts && b < self.parts);
        copies.sort_by_key(|&(weight, a, b)| (Reverse(weight), a, b));
        loop {
            let before = copies.len();
            copies.retain(|&(_, a, b)| {
                let (a, b) = (self.find(a), self.find(b));
                if a == b || self.graph.contains(a, b) {
                    return false;
                }
                let is_safe = self.is_safe(a, b);
                if is_safe {
                    self.merge(a, b);
                }
                !is_safe
            });
            if copies.len() == before {
                break;
            }
        }
        for (_, a, b) in copies.into_iter().chain(of_parts) {
            let (a, b) = (self.find(a), self.find(b));
            self.copied[at(a)].push(b);
            self.copied[at(b)].push(a);
        }
    }

    /// Briggs: the merged node has fewer neighbours of high degree than there are colours. George: every neighbour of the one is a neighbour
    /// of the other or of low degree.
    fn is_safe(&mut self, a: VirtualRegister, b: VirtualRegister) -> bool {
        let (of_a, of_b) = (self.neighbours(a), self.neighbours(b));
        let mut high = 0;
        for &neighbour in of_a.iter().chain(of_b.iter().filter(|&&neighbour| !self.graph.contains(a, neighbour))) {
            let is_common = self.graph.contains(a, neighbour) && self.graph.contains(b, neighbour);
            high += usize::from(self.degrees[at(neighbour)] - usize::from(is_common) >= self.registers);
        }
        let is_harmless = |&neighbour: &VirtualRegister, other| {
            self.graph.contains(other, neighbour) || self.degrees[at(neighbour)] < self.registers
        };
        high < self.registers
            || of_a.iter().all(|neighbour| is_harmless(neighbour, b))
            || of_b.iter().all(|neighbour| is_harmless(neighbour, a))
    }

    /// Makes `b` part of `a`.
    fn merge(&mut self, a: VirtualRegister, b: VirtualRegister) {
        for neighbour in self.neighbours(b) {
            if self.graph.add(a, neighbour) {
                self.degrees[at(a)] += 1;
            } else {
                self.degrees[at(neighbour)] -= 1;
            }
        }
        self.representative[at(b)] = a;
        let members = std::mem::take(&mut self.members[at(b)]);
        self.members[at(a)].extend(members);
        self.graph.weights[at(a)] = self.graph.weights[at(a)].saturating_add(self.graph.weights[at(b)]);
        self.graph.order[at(a)] = self.graph.order[at(a)].min(self.graph.order[at(b)]);
    }

    /// Takes nodes out of the graph, those of low degree first, otherwise the one that is cheapest to spill. Of those of low degree the one
    /// that begins last goes first, so that colours are chosen in the order of the code, as far as that is possible.
    fn simplify(&mut self) -> Vec<VirtualRegister> {
        let is_node = |register: &VirtualRegister| {
            self.representative[at(*register)] == *register && self.graph.order[at(*register)] != NONE
        };
        let nodes: Vec<VirtualRegister> = (0..self.degrees.len() as u32).filter(is_node).collect();
        let mut degrees = self.degrees.clone();
        let mut is_out = vec![false; degrees.len()];
        let mut easy: BinaryHeap<(u32, VirtualRegister)> = BinaryHeap::new();
        let mut hard: BinaryHeap<Reverse<Candidate>> = BinaryHeap::new();
        for &node in &nodes {
            if degrees[at(node)] < self.registers {
                easy.push((self.graph.order[at(node)], node));
            } else {
                hard.push(Reverse(self.candidate(node, &degrees)));
            }
        }
        let mut order = Vec::with_capacity(nodes.len());
        loop {
            let node = match easy.pop() {
                Some((_, node)) => node,
                None => match hard.pop() {
                    Some(Reverse(Candidate { node, .. })) if is_out[at(node)] || degrees[at(node)] < self.registers => {
                        continue;
                    }
                    // As neighbours go, spilling a node gets no cheaper for each that is left: so what was found out about it before may be too
                    // good, but never too bad.
                    Some(Reverse(Candidate { node, degree, .. })) if degree != degrees[at(node)] => {
                        hard.push(Reverse(self.candidate(node, &degrees)));
                        continue;
                    }
                    Some(Reverse(Candidate { node, .. })) => node,
                    None => break,
                },
            };
            if std::mem::replace(&mut is_out[at(node)], true) {
                continue;
            }
            order.push(node);
            for neighbour in self.neighbours(node) {
                degrees[at(neighbour)] -= 1;
                if degrees[at(neighbour)] + 1 == self.registers && !is_out[at(neighbour)] {
                    easy.push((self.graph.order[at(neighbour)], neighbour));
                }
            }
        }
        order
    }

    fn candidate(&self, node: VirtualRegister, degrees: &[usize]) -> Candidate {
        let cost = if node >= self.parts { u64::MAX } else { self.graph.weights[at(node)] };
        Candidate { cost, degree: degrees[at(node)], node }
    }

    /// Puts nodes back, the last one taken out first, and gives each a colour that no neighbour has. Returns those for which there is none.
    fn select(&mut self, order: Vec<VirtualRegister>) -> Vec<VirtualRegister> {
        let mut spilled = Vec::new();
        let mut is_taken = vec![false; self.registers];
        for node in order.into_iter().rev() {
            let neighbours = self.neighbours(node);
            let taken = neighbours.iter().filter_map(|&neighbour| self.colours[at(neighbour)]);
            taken.clone().for_each(|colour| is_taken[usize::from(colour)] = true);
            let is_free = |colour: &u16| is_taken.get(usize::from(*colour)) == Some(&false);
            let wish = self.wishes(node).into_iter().find(is_free);
            let colour = wish.or_else(|| is_taken.iter().position(|taken| !taken).map(|colour| colour as u16));
            taken.for_each(|colour| is_taken[usize::from(colour)] = false);
            match colour {
                Some(colour) => self.colours[at(node)] = Some(colour),
                None => spilled.extend(self.members[at(node)].iter().copied()),
            }
        }
        spilled
    }

    /// Colours that would save moves, the best first.
    fn wishes(&self, node: VirtualRegister) -> Vec<u16> {
        let mut wishes = Vec::new();
        let members = &self.members[at(node)];
        let parameters = members.iter().map(|&member| self.parameter_in[at(member)]);
        wishes.extend(parameters.filter(|&parameter| parameter != NONE).map(|parameter| parameter as u16));
        wishes.sort_unstable();
        for &member in members {
            let Some((window, place)) = self.ranges.hints(member).window() else { continue };
            // An argument that lives on must stay below its window.
            if !self.graph.crossing[window as usize].contains(&member) {
                wishes.extend(u16::try_from(u32::from(self.first_in(window as usize)) + place));
            }
        }
        for &member in members {
            let window = self.ranges.hints(member).result_of;
            if window != NONE {
                wishes.push(self.first_in(window as usize));
            }
        }
        wishes.extend(self.copied[at(node)].iter().filter_map(|&other| self.colour_of(other)));
        wishes
    }

    /// Where a window may begin, parameters and the slots above them considered as well.
    fn first_in(&self, window: usize) -> u16 {
        let parameters = if self.function.registers > self.parts { self.function.parameters as u16 } else { 0 };
        self.first_free(window).max(parameters)
    }

    /// Where a window may begin: above what crosses it and above its callee, as far as they have colours.
    fn first_free(&self, window: usize) -> u16 {
        let crossing = self.graph.crossing[window].iter().filter_map(|&register| self.colour_of(register));
        let callee = self.graph.callees[window].and_then(|callee| self.colour_of(callee));
        crossing.chain(callee).max().map_or(0, |highest| highest + 1)
    }
}
