//! Ways into loops: what the loops keep of lists is loaded, and checked is what they do not check.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use runtime::objects::{ElementKind, List};

use super::{Cause, Lowering, flags};
use crate::loops::{self, Bound, Range};
use crate::state::{Held, Kind};

impl Lowering<'_> {
    /// Where an edge leads into loops, what these take for granted, by the state that the edge leads to.
    pub(super) fn enter_loops(&mut self, from: Option<u32>, to: u32) {
        let loops = self.loops;
        for (number, one) in loops.all.iter().enumerate().filter(|(_, one)| one.is_entered(from, to)) {
            for &list in &one.lists {
                self.keep_list(number, list, to);
            }
            for range in &one.ranges {
                self.check_range(range, to);
            }
        }
    }

    /// Loads where a list has its elements, and how many.
    fn keep_list(&mut self, number: usize, list: loops::List, to: u32) {
        let loops::List { register, kind } = list;
        let payload = self.entering(register, Kind::List, to, Cause::Kind);
        let otherwise = self.way_into(to, Cause::Element, Some(register));
        self.check_elements(payload, kind, otherwise);
        let data = self.builder.ins().load(types::I64, flags(), payload, List::DATA_OFFSET as i32);
        let length = self.builder.ins().uload32(flags(), payload, List::LENGTH_OFFSET as i32);
        let declare = || [types::I64; 2].map(|of| self.builder.declare_var(of));
        let variables = *self.kept.entry((number, register)).or_insert_with(declare);
        for (variable, value) in variables.into_iter().zip([data, length]) {
            self.builder.def_var(variable, value);
        }
    }

    /// Checks that an index will be one of a list's in all iterations.
    fn check_range(&mut self, range: &Range, to: u32) {
        let index = self.entering(range.index, Kind::Int, to, Cause::Range);
        let steps: Vec<Value> =
            range.steps.iter().map(|&step| self.entering(step, Kind::Int, to, Cause::Range)).collect();
        let bound = match range.limit.bound {
            Bound::Register(register) => self.entering(register, Kind::Int, to, Cause::Range),
            Bound::Int(value) => self.builder.ins().iconst(types::I64, value),
        };
        let otherwise = self.way_into(to, Cause::Range, None);
        for value in [index].into_iter().chain(steps) {
            let is_not_negative = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, value, 0);
            self.go_on_if(is_not_negative, otherwise);
        }
        let Some([_, length]) = self.list_kept_in(to, range.list) else { unreachable!("the loop's, or one around it") };
        let (within, below) = if range.limit.is_included {
            (IntCC::SignedLessThan, IntCC::SignedLessThanOrEqual)
        } else {
            (IntCC::SignedLessThanOrEqual, IntCC::SignedLessThan)
        };
        let is_within = self.builder.ins().icmp(within, bound, length);
        self.go_on_if(is_within, otherwise);
        if range.holds_at(to) {
            let is_below = self.builder.ins().icmp(below, index, bound);
            self.go_on_if(is_below, otherwise);
        }
    }

    /// The payload of a register on a way to a block, which is left for a cause if it is of another kind.
    fn entering(&mut self, register: u32, kind: Kind, to: u32, cause: Cause) -> Value {
        match self.state[register as usize] {
            Held::Variable { kind: held, .. } if held == kind => {
                let variable = self.payload_variable(register, kind);
                self.builder.use_var(variable)
            }
            held => {
                let (flow, state) = (self.flow, self.state.clone());
                let block = &flow.blocks[to as usize];
                // Of another kind it is not what was seen; then the way is left here. What the frame has is looked at, so it must be there.
                if let Held::Variable { kind: other, dirty: true } = held {
                    self.store(register, other);
                }
                let doubted = (cause == Cause::Kind).then_some(register);
                let exit = self.way_out(block.start, cause, doubted, true);
                let stores = self.dirty_among(&block.live);
                let payload = self.check_and_load(register, kind, exit, stores);
                self.state = state;
                payload
            }
        }
    }

    /// A block that leaves the code instead of going to a block.
    fn way_into(&mut self, to: u32, cause: Cause, register: Option<u32>) -> ir::Block {
        let flow = self.flow;
        let block = &flow.blocks[to as usize];
        let exit = self.way_out(block.start, cause, register, true);
        let stores = self.dirty_among(&block.live);
        self.exit_with(exit, stores)
    }

    /// Where a register's list has its elements, and how many, if a loop around a block keeps that.
    fn list_kept_in(&mut self, block: u32, register: u32) -> Option<[Value; 2]> {
        let (number, _) = self.loops.list(block, register)?;
        let variables = *self.kept.get(&(number, register))?;
        Some(variables.map(|variable| self.builder.use_var(variable)))
    }

    /// The same for the current block and a list that keeps its elements so.
    pub(super) fn kept_list(&mut self, register: u32, kind: ElementKind) -> Option<[Value; 2]> {
        self.loops.list(self.index, register).filter(|(_, list)| list.kind == kind)?;
        self.list_kept_in(self.index, register)
    }

    /// An instruction of the current block may change how some list keeps its elements. Code that was made for loops around it that take lists for the same will be made again.
    pub(super) fn changes_lists(&mut self) {
        self.changing.extend(self.loops.headers_with_lists(self.index));
    }
}
