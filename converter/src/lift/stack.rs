//! The operand stack while it is run symbolically.
//!
//! Most of a deep stack is as the block found it: entry after entry in the registers that stand for their depths. These are not written down, and
//! where entries lie that are many is noted, so that no step takes time in the depth of the stack.

use std::collections::VecDeque;

use fxhash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use crate::tac::{Operand, VirtualRegister};

/// So many entries are looked through.
const FEW: usize = 16;

/// A stack of operands.
#[derive(Debug, Default)]
pub(super) struct SymbolicStack {
    /// The register that stands for depth 0; those of greater depths follow.
    first: VirtualRegister,
    /// How many entries at the bottom are not written down.
    base: usize,
    /// The entries above those.
    above: Vec<Operand>,
    /// How many entries at the bottom are known to be in the registers that stand for their depths: these, and some above them.
    settled: usize,
    /// Where, among those written down, the registers are that lie above the first few, ascending.
    deep: FxHashMap<VirtualRegister, VecDeque<u32>>,
}

impl SymbolicStack {
    /// An empty stack with room for so many entries.
    pub(super) fn with_capacity(entries: usize) -> Self {
        Self { above: Vec::with_capacity(entries), ..Self::default() }
    }

    /// Becomes the stack that a block finds at a depth, of registers from `first` on.
    pub(super) fn begin(&mut self, first: VirtualRegister, depth: u32) {
        if self.above.len() > FEW {
            self.deep.clear();
        }
        self.above.clear();
        (self.first, self.base, self.settled) = (first, depth as usize, depth as usize);
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.base + self.above.len()
    }

    /// How many entries at the bottom need not be looked at by who wants each to be in the register that stands for its depth.
    pub(super) fn settled(&self) -> usize {
        self.settled
    }

    #[inline]
    pub(super) fn get(&self, depth: usize) -> Operand {
        match depth.checked_sub(self.base) {
            Some(index) => self.above[index],
            None => Operand::Register(self.first + depth as u32),
        }
    }

    #[inline]
    pub(super) fn last(&self) -> Option<Operand> {
        self.len().checked_sub(1).map(|depth| self.get(depth))
    }

    #[inline]
    pub(super) fn push(&mut self, operand: Operand) {
        let index = self.above.len();
        self.above.push(operand);
        if index >= FEW {
            self.note(index, operand);
        }
    }

    fn note(&mut self, index: usize, operand: Operand) {
        if let Operand::Register(register) = operand {
            self.deep.entry(register).or_default().push_back(index as u32);
        }
    }

    /// Forgets the last place of an operand that is taken away.
    fn unnote(&mut self, operand: Operand) {
        if let Operand::Register(register) = operand
            && let Some(places) = self.deep.get_mut(&register)
        {
            places.pop_back();
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Operand> {
        let Some(operand) = self.above.pop() else {
            self.base = self.base.checked_sub(1)?;
            self.settled = self.base;
            return Some(Operand::Register(self.first + self.base as u32));
        };
        self.settled = self.settled.min(self.len());
        if self.above.len() >= FEW {
            self.unnote(operand);
        }
        Some(operand)
    }

    /// Takes so many entries, of which there are enough.
    #[inline]
    pub(super) fn pop_many(&mut self, count: usize) -> SmallVec<[Operand; 3]> {
        let Some(first) = self.above.len().checked_sub(count) else { return self.pop_each(count) };
        if self.above.len() > FEW {
            (first.max(FEW)..self.above.len()).rev().for_each(|index| self.unnote(self.above[index]));
        }
        let popped = match self.above[first..] {
            [one] => smallvec![one],
            [one, two] => smallvec![one, two],
            ref many => SmallVec::from_slice(many),
        };
        self.above.truncate(first);
        self.settled = self.settled.min(self.len());
        popped
    }

    #[cold]
    fn pop_each(&mut self, count: usize) -> SmallVec<[Operand; 3]> {
        let mut popped: SmallVec<[Operand; 3]> = (0..count).filter_map(|_| self.pop()).collect();
        popped.reverse();
        popped
    }

    /// Whether a register is on the stack.
    #[inline]
    pub(super) fn contains(&self, register: VirtualRegister) -> bool {
        let few = &self.above[..self.above.len().min(FEW)];
        few.contains(&Operand::Register(register))
            || (register.wrapping_sub(self.first) as usize) < self.base
            || self.above.len() > FEW && self.deep.get(&register).is_some_and(|places| !places.is_empty())
    }

    /// Whether the register on top of the stack is there further down as well.
    pub(super) fn has_below_top(&mut self, register: VirtualRegister) -> bool {
        let top = self.pop();
        let is_below = self.contains(register);
        top.into_iter().for_each(|top| self.push(top));
        is_below
    }

    /// Puts another register in place of one that is no depth's own.
    pub(super) fn replace(&mut self, register: VirtualRegister, new: VirtualRegister) {
        for entry in self.above.iter_mut().take(FEW) {
            if *entry == Operand::Register(register) {
                *entry = Operand::Register(new);
            }
        }
        if self.above.len() > FEW
            && let Some(places) = self.deep.remove(&register)
        {
            places.iter().for_each(|&place| self.above[place as usize] = Operand::Register(new));
            self.deep.insert(new, places);
        }
    }

    /// Says that the lowest entry that was not settled is now in the register that stands for its depth.
    pub(super) fn settle(&mut self) {
        let index = self.settled - self.base;
        let place = self.first + self.settled as u32;
        if index >= FEW && self.above[index] != Operand::Register(place) {
            // Those before it are settled, so of its register it is the first that is noted, or the second if that is a depth's own.
            if let Operand::Register(register) = self.above[index]
                && let Some(places) = self.deep.get_mut(&register)
                && let Some(at) = places.iter().position(|&other| other as usize == index)
            {
                places.remove(at);
            }
            self.deep.entry(place).or_default().push_front(index as u32);
        }
        self.above[index] = Operand::Register(place);
        self.settled += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, SymbolicStack};
    use crate::tac::Operand;

    /// A stack does what a list does to which the same is done.
    #[test]
    fn it_is_a_stack() {
        let mut seed = 1_u32;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below
        };
        const FIRST: u32 = 100;
        for round in 0..50 {
            let depth = random(2 * FEW);
            let mut stack = SymbolicStack::with_capacity(0);
            stack.push(Operand::Register(7));
            stack.begin(FIRST, depth as u32);
            let mut list: Vec<Operand> = (0..depth as u32).map(|place| Operand::Register(FIRST + place)).collect();
            let mut new = 1000;
            for _ in 0..100 {
                match random(8) {
                    0..4 => {
                        let operand = match random(8) {
                            0 => Operand::Constant(3),
                            1 if !list.is_empty() => list[random(list.len())],
                            register => Operand::Register(register as u32),
                        };
                        stack.push(operand);
                        list.push(operand);
                    }
                    4 => assert_eq!(stack.pop(), list.pop()),
                    5 => {
                        let count = random(4).min(list.len());
                        let popped = list.split_off(list.len() - count);
                        assert_eq!(stack.pop_many(count).to_vec(), popped);
                    }
                    6 => {
                        let register = random(8) as u32;
                        new += 1;
                        stack.replace(register, new);
                        let old = |operand: &&mut Operand| **operand == Operand::Register(register);
                        list.iter_mut().filter(old).for_each(|operand| *operand = Operand::Register(new));
                    }
                    _ if stack.settled() < list.len() => {
                        let at = stack.settled();
                        let place = FIRST + at as u32;
                        // What else means that register is given another first.
                        new += 1;
                        if list[at] != Operand::Register(place) {
                            stack.replace(place, new);
                            let old = |operand: &&mut Operand| **operand == Operand::Register(place);
                            list.iter_mut().filter(old).for_each(|operand| *operand = Operand::Register(new));
                        }
                        list[at] = Operand::Register(place);
                        stack.settle();
                    }
                    _ => {}
                }
                assert_eq!(stack.len(), list.len(), "{round}");
                assert_eq!(stack.last(), list.last().copied());
                assert!((0..list.len()).all(|depth| stack.get(depth) == list[depth]), "{round}");
                assert!((0..new + 1).all(|it| stack.contains(it) == list.contains(&Operand::Register(it))), "{round}");
            }
        }
    }
}
