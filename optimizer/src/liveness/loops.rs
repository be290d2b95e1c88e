//! Which loops blocks lie in.
//!
//! After Tarjan, *Testing Flow Graph Reducibility*, JCSS 1974, §3, in the form of Havlak, *Nesting of Reducible and Irreducible Loops*, TOPLAS
//! 1997, §2: loops are found from the inside out, and each is one block for the loops around it.

use super::Predecessors;

/// No loop.
pub(super) const NONE: u32 = u32::MAX;

/// A depth-first search of a graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// Blocks in postorder: each after all that control goes to from it, except where it goes back.
    pub(super) blocks: Vec<u32>,
    /// The place of each block in that.
    pub(super) place: Vec<u32>,
    /// The place of each block in preorder.
    entered: Vec<u32>,
    /// Blocks that the search is in, and which of their ways it takes next.
    path: Vec<(u32, u8)>,
}

impl Order {
    /// Searches a graph of which the ways out of each block are known.
    pub(super) fn search(&mut self, ways: &[[u32; 3]]) {
        let Self { blocks, place, entered, path } = self;
        blocks.clear();
        for table in [&mut *place, &mut *entered] {
            table.clear();
            table.resize(ways.len(), NONE);
        }
        let mut count = 0;
        for from in 0..ways.len() as u32 {
            let mut enter = |block: u32, path: &mut Vec<(u32, u8)>| {
                if let Some(entered @ &mut NONE) = entered.get_mut(block as usize) {
                    *entered = count;
                    count += 1;
                    path.push((block, 0));
                }
            };
            enter(from, path);
            while let Some((block, way)) = path.last_mut() {
                match ways[*block as usize].get(usize::from(*way)) {
                    Some(&to) => {
                        *way += 1;
                        enter(to, path);
                    }
                    None => {
                        place[*block as usize] = blocks.len() as u32;
                        blocks.push(*block);
                        path.pop();
                    }
                }
            }
        }
    }

    /// Whether an edge goes back: to a block that the search was in when it came there.
    pub(super) fn goes_back(&self, from: u32, to: u32) -> bool {
        self.place[to as usize] >= self.place[from as usize]
    }

    /// Whether the search came to a block, other than this one, by way of this one.
    fn is_above(&self, block: u32, other: u32) -> bool {
        self.entered[block as usize] < self.entered[other as usize]
            && self.place[block as usize] > self.place[other as usize]
    }
}

/// The loops of a graph. Each goes by the name of the block where it begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Loops {
    /// For each block the innermost loop that it lies in, its own not counted, or [`NONE`].
    pub(super) around: Vec<u32>,
    /// Blocks of each loop but the first one, those of loops inside it not counted: one loop after the other, from the inside out.
    pub(super) bodies: Vec<u32>,
    /// Loops from the inside out, and where the body of each ends.
    pub(super) all: Vec<(u32, u32)>,
    /// Blocks of loops that were found as trees, with the first block of the outermost at the root.
    parents: Vec<u32>,
}

impl Loops {
    /// Finds the loops. False if one of them can be entered elsewhere than where it begins.
    pub(super) fn find(&mut self, order: &Order, predecessors: &Predecessors) -> bool {
        let count = order.blocks.len();
        self.around.clear();
        self.around.resize(count, NONE);
        self.bodies.clear();
        self.all.clear();
        self.parents.clear();
        self.parents.extend(0..count as u32);
        for &header in &order.blocks {
            let first = self.bodies.len();
            let mut is_loop = false;
            for &(latch, _) in predecessors.edges_to(header).iter().filter(|edge| order.goes_back(edge.0, header)) {
                is_loop = true;
                self.add(latch, header);
            }
            if !is_loop {
                continue;
            }
            let mut next = first;
            while let Some(&block) = self.bodies.get(next) {
                next += 1;
                for &(before, _) in predecessors.edges_to(block).iter().filter(|edge| !order.goes_back(edge.0, block)) {
                    let outermost = self.root(before);
                    if outermost != header && !order.is_above(header, outermost) {
                        return false;
                    }
                    self.add(outermost, header);
                }
            }
            for at in first..self.bodies.len() {
                self.parents[self.bodies[at] as usize] = header;
            }
            self.all.push((header, self.bodies.len() as u32));
        }
        true
    }

    /// Adds to a loop the outermost loop that a block lies in so far, or the block.
    fn add(&mut self, block: u32, header: u32) {
        let outermost = self.root(block);
        if outermost != header && self.around[outermost as usize] == NONE {
            self.around[outermost as usize] = header;
            self.bodies.push(outermost);
        }
    }

    fn root(&mut self, mut block: u32) -> u32 {
        while self.parents[block as usize] != block {
            self.parents[block as usize] = self.parents[self.parents[block as usize] as usize];
            block = self.parents[block as usize];
        }
        block
    }
}
