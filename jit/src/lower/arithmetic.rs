//! Numbers, comparisons and truth.
//!
//! Where both operands are known or expected to be of one kind, code is made for that kind. Otherwise tags are looked at: two integers and two floats are done
//! here, anything else by the interpreter.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, Value, types};
use runtime::Tag;
use runtime::objects::Str;
use vm_register::native::{LAYOUT, LEAVES};

use super::{Cause, Lowering, PAYLOAD, REGISTER, Then, flags};
use crate::loops::Bound;
use crate::state::{Held, Kind};

/// `+ - * / %`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// `== < > <= >=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

impl Comparison {
    fn of_ints(self) -> IntCC {
        match self {
            Self::Equal => IntCC::Equal,
            Self::Less => IntCC::SignedLessThan,
            Self::Greater => IntCC::SignedGreaterThan,
            Self::LessOrEqual => IntCC::SignedLessThanOrEqual,
            Self::GreaterOrEqual => IntCC::SignedGreaterThanOrEqual,
        }
    }

    fn of_floats(self) -> FloatCC {
        match self {
            Self::Equal => FloatCC::Equal,
            Self::Less => FloatCC::LessThan,
            Self::Greater => FloatCC::GreaterThan,
            Self::LessOrEqual => FloatCC::LessThanOrEqual,
            Self::GreaterOrEqual => FloatCC::GreaterThanOrEqual,
        }
    }
}

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Side {
    Register(u32),
    Int(i64),
    Float(f64),
    /// A constant that is a string.
    Text(u32),
    /// A constant of another kind.
    Other,
}

/// Two operands of one kind.
enum Pair {
    Ints(Value, Value),
    Floats(Value, Value),
    Bools(Value, Value),
    Strings(Value, Value),
}

impl Lowering<'_> {
    fn side_kind(&self, pc: u32, side: Side, lane: usize) -> Option<Kind> {
        match side {
            Side::Register(register) => self.kind(pc, register, lane),
            Side::Int(_) => Some(Kind::Int),
            Side::Float(_) => Some(Kind::Float),
            Side::Text(_) => Some(Kind::String),
            Side::Other => None,
        }
    }

    fn int_side(&mut self, pc: u32, side: Side) -> Value {
        match side {
            Side::Register(register) => self.ensure(pc, register, Kind::Int),
            Side::Int(value) => self.builder.ins().iconst(types::I64, value),
            Side::Float(_) | Side::Text(_) | Side::Other => unreachable!("no integer"),
        }
    }

    /// An operand as a float; an integer is converted.
    fn float_side(&mut self, pc: u32, side: Side, kind: Kind) -> Value {
        match side {
            Side::Register(register) if kind == Kind::Float => self.ensure(pc, register, Kind::Float),
            Side::Register(register) => {
                let value = self.ensure(pc, register, Kind::Int);
                self.builder.ins().fcvt_from_sint(types::F64, value)
            }
            Side::Int(value) => self.builder.ins().f64const(value as f64),
            Side::Float(value) => self.builder.ins().f64const(value),
            Side::Text(_) | Side::Other => unreachable!("no number"),
        }
    }

    fn string_side(&mut self, pc: u32, side: Side) -> Value {
        match side {
            Side::Register(register) => self.ensure(pc, register, Kind::String),
            Side::Text(constant) => {
                let constants = self.of_machine(LAYOUT.constants);
                self.builder.ins().load(types::I64, flags(), constants, constant as i32 * REGISTER + PAYLOAD)
            }
            Side::Int(_) | Side::Float(_) | Side::Other => unreachable!("no string"),
        }
    }

    /// Both operands, if code can be made for their kinds. Integers are turned into floats beside a float if `mixed`, and literals always.
    fn pair(&mut self, pc: u32, (x, x_lane): (Side, usize), (y, y_lane): (Side, usize), mixed: bool) -> Option<Pair> {
        if !self.is_optimizing() {
            return None;
        }
        let (x_kind, y_kind) = (self.side_kind(pc, x, x_lane)?, self.side_kind(pc, y, y_lane)?);
        let small = |side| matches!(side, Side::Int(value) if i64::from(value as i16) == value);
        match (x_kind, y_kind) {
            (Kind::Int, Kind::Int) => {
                let x = self.int_side(pc, x);
                Some(Pair::Ints(x, self.int_side(pc, y)))
            }
            (Kind::Bool, Kind::Bool) => {
                let (Side::Register(x), Side::Register(y)) = (x, y) else { return None };
                let x = self.ensure(pc, x, Kind::Bool);
                Some(Pair::Bools(x, self.ensure(pc, y, Kind::Bool)))
            }
            (Kind::String, Kind::String) => {
                let x = self.string_side(pc, x);
                Some(Pair::Strings(x, self.string_side(pc, y)))
            }
            (Kind::Float, Kind::Float) => {
                let x = self.float_side(pc, x, x_kind);
                Some(Pair::Floats(x, self.float_side(pc, y, y_kind)))
            }
            (Kind::Float, Kind::Int) if mixed || small(y) => {
                let x = self.float_side(pc, x, x_kind);
                Some(Pair::Floats(x, self.float_side(pc, y, y_kind)))
            }
            (Kind::Int, Kind::Float) if mixed || small(x) => {
                let x = self.float_side(pc, x, x_kind);
                Some(Pair::Floats(x, self.float_side(pc, y, y_kind)))
            }
            _ => None,
        }
    }

    /// `R[to] := x ∘ y`
    pub(super) fn arithmetic(&mut self, pc: u32, operation: Arithmetic, to: u32, x: Side, y: Side) {
        if !self.request.doubts.has(pc) {
            match self.pair(pc, (x, 1), (y, 2), operation != Arithmetic::Modulo) {
                Some(Pair::Ints(first, second)) => {
                    let result = if self.fits(pc) {
                        self.builder.ins().iadd(first, second)
                    } else {
                        let otherwise = self.exit(pc, Cause::Arithmetic, None);
                        self.int_arithmetic(operation, first, second, y, otherwise)
                    };
                    self.define(to, Kind::Int, result);
                    return;
                }
                Some(Pair::Floats(first, second)) if operation != Arithmetic::Modulo => {
                    let otherwise = self.exit(pc, Cause::Arithmetic, None);
                    let result = self.float_arithmetic(operation, first, second, y, otherwise);
                    self.define(to, Kind::Float, result);
                    return;
                }
                _ => {}
            }
        }
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let is_modulo = operation == Arithmetic::Modulo;
        self.by_tags(
            (x, y),
            slow,
            |this, first, second| {
                let result = this.int_arithmetic(operation, first, second, y, slow);
                this.write_payload(to, Tag::Int, result);
                this.builder.ins().jump(join, &[]);
            },
            |this, first, second| {
                if is_modulo {
                    this.builder.ins().jump(slow, &[]);
                    return;
                }
                let result = this.float_arithmetic(operation, first, second, y, slow);
                this.write_payload(to, Tag::Float, result);
                this.builder.ins().jump(join, &[]);
            },
        );
        self.builder.switch_to_block(join);
        self.defined_in_frame(to);
    }

    /// Whether the sum of integers that an instruction makes is known to be one.
    fn fits(&self, pc: u32) -> bool {
        self.loops.growth(pc).is_some_and(|bound| match bound {
            // What it was compared with was an integer if it is one.
            Bound::Register(register) => {
                matches!(self.state[register as usize], Held::Variable { kind: Kind::Int, .. })
            }
            Bound::Int(_) => true,
        })
    }

    /// Looks at the tags of two operands, and makes code for two integers, for two floats (or one beside a literal integer), and goes to `slow` for all else.
    fn by_tags(
        &mut self,
        (x, y): (Side, Side),
        slow: ir::Block,
        ints: impl FnOnce(&mut Self, Value, Value),
        floats: impl FnOnce(&mut Self, Value, Value),
    ) {
        let (x_tag, x_payload) = self.side_parts(x);
        let (y_tag, y_payload) = self.side_parts(y);
        let (int_block, other_block) = (self.builder.create_block(), self.builder.create_block());
        let either = match (x_tag, y_tag) {
            (Some(x), Some(y)) => Some(self.builder.ins().bor(x, y)),
            (tag, None) | (None, tag) => tag,
        };
        let has_float_literal = matches!(x, Side::Float(_)) || matches!(y, Side::Float(_));
        let is_other = matches!(y, Side::Text(_) | Side::Other);
        match either {
            _ if is_other => self.builder.ins().jump(slow, &[]),
            Some(either) if !has_float_literal => self.builder.ins().brif(either, other_block, &[], int_block, &[]),
            _ => self.builder.ins().jump(other_block, &[]),
        };
        if is_other {
            return;
        }
        self.builder.switch_to_block(other_block);
        let both = match (x_tag, y_tag) {
            (Some(x), Some(y)) => Some(self.builder.ins().band(x, y)),
            (tag, None) | (None, tag) => tag,
        };
        let float_block = self.builder.create_block();
        match both {
            Some(both) => {
                let are_floats = self.is_tag(both, Tag::Float);
                self.builder.ins().brif(are_floats, float_block, &[], slow, &[]);
            }
            None => {
                self.builder.ins().jump(slow, &[]);
            }
        }
        self.builder.switch_to_block(float_block);
        let first = self.float_part(x, x_payload);
        let second = self.float_part(y, y_payload);
        floats(self, first, second);
        self.builder.switch_to_block(int_block);
        if has_float_literal {
            self.builder.ins().jump(slow, &[]);
        } else {
            let first = self.int_part(x, x_payload);
            let second = self.int_part(y, y_payload);
            ints(self, first, second);
        }
    }

    /// Tag and payload of an operand that is no literal.
    fn side_parts(&mut self, side: Side) -> (Option<Value>, Option<Value>) {
        match side {
            Side::Register(register) => {
                let (tag, payload) = self.parts(register);
                (Some(tag), Some(payload))
            }
            _ => (None, None),
        }
    }

    fn int_part(&mut self, side: Side, payload: Option<Value>) -> Value {
        match (side, payload) {
            (Side::Int(value), _) => self.builder.ins().iconst(types::I64, value),
            (_, Some(payload)) => payload,
            _ => unreachable!("no integer"),
        }
    }

    fn float_part(&mut self, side: Side, payload: Option<Value>) -> Value {
        match (side, payload) {
            (Side::Int(value), _) => self.builder.ins().f64const(value as f64),
            (Side::Float(value), _) => self.builder.ins().f64const(value),
            (_, Some(payload)) => self.builder.ins().bitcast(types::F64, MemFlagsData::new(), payload),
            _ => unreachable!("no number"),
        }
    }

    /// An operation on integers; goes to `otherwise` where there is no result.
    fn int_arithmetic(
        &mut self,
        operation: Arithmetic,
        x: Value,
        y: Value,
        divisor: Side,
        otherwise: ir::Block,
    ) -> Value {
        let (result, overflows) = match operation {
            Arithmetic::Add => self.builder.ins().sadd_overflow(x, y),
            Arithmetic::Subtract => self.builder.ins().ssub_overflow(x, y),
            Arithmetic::Multiply => self.builder.ins().smul_overflow(x, y),
            Arithmetic::Divide | Arithmetic::Modulo => {
                return self.divide(operation == Arithmetic::Modulo, x, y, divisor, otherwise);
            }
        };
        self.go_on_unless(overflows, otherwise);
        result
    }

    /// The floored quotient of integers, or its remainder.
    fn divide(&mut self, wants_remainder: bool, x: Value, y: Value, divisor: Side, otherwise: ir::Block) -> Value {
        if let Side::Int(value) = divisor
            && value >= 2
        {
            return self.divide_by(wants_remainder, x, value);
        }
        let is_zero = self.builder.ins().icmp_imm_s(IntCC::Equal, y, 0);
        self.go_on_unless(is_zero, otherwise);
        // The quotient of the least integer and -1 does not fit, and processors trap; -1 is rare enough to be left to the interpreter.
        let is_minus_one = self.builder.ins().icmp_imm_s(IntCC::Equal, y, -1);
        self.go_on_unless(is_minus_one, otherwise);
        let quotient = self.builder.ins().sdiv(x, y);
        let product = self.builder.ins().imul(quotient, y);
        let remainder = self.builder.ins().isub(x, product);
        // Rounded towards zero; the floor is one less where signs differ and something is left.
        let signs = self.builder.ins().bxor(remainder, y);
        let differ = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, signs, 0);
        let is_left = self.builder.ins().icmp_imm_s(IntCC::NotEqual, remainder, 0);
        let both = self.builder.ins().band(differ, is_left);
        if wants_remainder {
            let adjusted = self.builder.ins().iadd(remainder, y);
            self.builder.ins().select(both, adjusted, remainder)
        } else {
            let adjusted = self.builder.ins().iadd_imm_s(quotient, -1);
            self.builder.ins().select(both, adjusted, quotient)
        }
    }

    /// By a constant of at least 2, as a multiplication: see [`runtime::operations::Divisor`].
    fn divide_by(&mut self, wants_remainder: bool, x: Value, divisor: i64) -> Value {
        let bits = (divisor as u64).next_power_of_two().trailing_zeros();
        let multiplier = ((1_u128 << (63 + bits)) / divisor as u128 + 1) as u64;
        let sign = self.builder.ins().sshr_imm_s(x, 63);
        let magnitude = self.builder.ins().bxor(x, sign);
        let multiplier = self.builder.ins().iconst(types::I64, multiplier as i64);
        let high = self.builder.ins().umulhi(magnitude, multiplier);
        let shifted = self.builder.ins().ushr_imm_s(high, i64::from(bits - 1));
        let quotient = self.builder.ins().bxor(shifted, sign);
        if !wants_remainder {
            return quotient;
        }
        let product = self.builder.ins().imul_imm_s(quotient, divisor);
        self.builder.ins().isub(x, product)
    }

    fn float_arithmetic(
        &mut self,
        operation: Arithmetic,
        x: Value,
        y: Value,
        divisor: Side,
        otherwise: ir::Block,
    ) -> Value {
        match operation {
            Arithmetic::Add => self.builder.ins().fadd(x, y),
            Arithmetic::Subtract => self.builder.ins().fsub(x, y),
            Arithmetic::Multiply => self.builder.ins().fmul(x, y),
            Arithmetic::Divide => {
                let is_known = match divisor {
                    Side::Int(value) => value != 0,
                    Side::Float(value) => value != 0.0,
                    _ => false,
                };
                if !is_known {
                    let zero = self.builder.ins().f64const(0.0);
                    let is_zero = self.builder.ins().fcmp(FloatCC::Equal, y, zero);
                    self.go_on_unless(is_zero, otherwise);
                }
                self.builder.ins().fdiv(x, y)
            }
            Arithmetic::Modulo => unreachable!("done by the interpreter"),
        }
    }

    /// Whether a comparison of two operands of one kind holds.
    fn holds(&mut self, comparison: Comparison, pair: Pair) -> Option<Value> {
        match pair {
            Pair::Ints(x, y) => Some(self.builder.ins().icmp(comparison.of_ints(), x, y)),
            Pair::Floats(x, y) => Some(self.builder.ins().fcmp(comparison.of_floats(), x, y)),
            Pair::Bools(x, y) if comparison == Comparison::Equal => Some(self.builder.ins().icmp(IntCC::Equal, x, y)),
            Pair::Strings(x, y) if comparison == Comparison::Equal => Some(self.are_equal_strings(x, y)),
            Pair::Bools(..) | Pair::Strings(..) => None,
        }
    }

    /// Whether two strings are equal: the same object, or of one length and the same bytes.
    fn are_equal_strings(&mut self, x: Value, y: Value) -> Value {
        let (other, alike, join) =
            (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        let result = self.builder.append_block_param(join, types::I8);
        let is_same = self.builder.ins().icmp(IntCC::Equal, x, y);
        self.builder.ins().brif(is_same, join, &[is_same.into()], other, &[]);
        self.builder.switch_to_block(other);
        let [x_length, y_length] =
            [x, y].map(|string| self.builder.ins().load(types::I32, flags(), string, Str::LENGTH_OFFSET as i32));
        let is_alike = self.builder.ins().icmp(IntCC::Equal, x_length, y_length);
        self.builder.ins().brif(is_alike, alike, &[], join, &[is_alike.into()]);
        self.builder.switch_to_block(alike);
        let equal = self.call_leaf(LEAVES.equal_strings as *const (), &[x, y]);
        let equal = self.builder.ins().ireduce(types::I8, equal);
        self.builder.ins().jump(join, &[equal.into()]);
        self.builder.switch_to_block(join);
        result
    }

    /// `R[to] := whether R[x] ∘ R[y]`, or whether not.
    pub(super) fn compare(&mut self, pc: u32, comparison: Comparison, not: bool, to: u32, x: u32, y: u32) {
        let (x, y) = (Side::Register(x), Side::Register(y));
        let result = |this: &mut Self, holds: Value| {
            let holds = if not { this.builder.ins().bxor_imm_s(holds, 1) } else { holds };
            this.builder.ins().uextend(types::I64, holds)
        };
        if !self.request.doubts.has(pc)
            && let Some(pair) = self.pair(pc, (x, 1), (y, 2), false)
            && let Some(holds) = self.holds(comparison, pair)
        {
            let value = result(self, holds);
            self.define(to, Kind::Bool, value);
            return;
        }
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        self.by_tags(
            (x, y),
            slow,
            |this, x, y| {
                let holds = this.builder.ins().icmp(comparison.of_ints(), x, y);
                let value = result(this, holds);
                this.write_payload(to, Tag::Bool, value);
                this.builder.ins().jump(join, &[]);
            },
            |this, x, y| {
                let holds = this.builder.ins().fcmp(comparison.of_floats(), x, y);
                let value = result(this, holds);
                this.write_payload(to, Tag::Bool, value);
                this.builder.ins().jump(join, &[]);
            },
        );
        self.builder.switch_to_block(join);
        self.defined_in_frame(to);
    }

    /// Goes to the instruction's target if the comparison holds, or if it does not.
    pub(super) fn compare_and_branch(&mut self, pc: u32, (comparison, not): (Comparison, bool), x: Side, y: Side) {
        let jump = self.function.code[pc as usize].jump(pc).expect("a jump");
        if !self.request.doubts.has(pc)
            && let Some(pair) = self.pair(pc, (x, 0), (y, 1), false)
            && let Some(holds) = self.holds(comparison, pair)
        {
            self.branch_if(pc, holds, !not, jump.target, jump.takes_fuel);
            return;
        }
        let slow = self.slow_branch(pc, jump.target);
        let (taken, next) = (self.builder.create_block(), self.edge(pc + 1));
        self.by_tags(
            (x, y),
            slow,
            |this, x, y| {
                let holds = this.builder.ins().icmp(comparison.of_ints(), x, y);
                let (yes, no) = if not { (next, taken) } else { (taken, next) };
                this.builder.ins().brif(holds, yes, &[], no, &[]);
            },
            |this, x, y| {
                let holds = this.builder.ins().fcmp(comparison.of_floats(), x, y);
                let (yes, no) = if not { (next, taken) } else { (taken, next) };
                this.builder.ins().brif(holds, yes, &[], no, &[]);
            },
        );
        self.builder.switch_to_block(taken);
        if jump.takes_fuel {
            self.take_fuel(pc);
        }
        let target = self.edge(jump.target);
        self.builder.ins().jump(target, &[]);
    }

    /// `R[to] := -R[from]`
    pub(super) fn negate(&mut self, pc: u32, to: u32, from: u32) {
        if !self.request.doubts.has(pc) {
            match self.kind(pc, from, 1) {
                Some(Kind::Int) => {
                    let value = self.ensure(pc, from, Kind::Int);
                    let zero = self.builder.ins().iconst(types::I64, 0);
                    let (result, overflows) = self.builder.ins().ssub_overflow(zero, value);
                    let otherwise = self.exit(pc, Cause::Arithmetic, None);
                    self.go_on_unless(overflows, otherwise);
                    self.define(to, Kind::Int, result);
                    return;
                }
                Some(Kind::Float) => {
                    let value = self.ensure(pc, from, Kind::Float);
                    let result = self.builder.ins().fneg(value);
                    self.define(to, Kind::Float, result);
                    return;
                }
                _ => {}
            }
        }
        self.step(pc);
    }

    /// `R[to] := whether R[from] holds`, or whether it does not.
    pub(super) fn truth(&mut self, pc: u32, to: u32, from: u32, expected: bool) {
        if self.kind(pc, from, 1) == Some(Kind::Bool) {
            let value = self.ensure(pc, from, Kind::Bool);
            let value = if expected { value } else { self.builder.ins().bxor_imm_s(value, 1) };
            self.define(to, Kind::Bool, value);
            return;
        }
        let (tag, payload) = self.parts(from);
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let is_bool = self.is_tag(tag, Tag::Bool);
        self.go_on_if(is_bool, slow);
        let value = if expected { payload } else { self.builder.ins().bxor_imm_s(payload, 1) };
        self.write_payload(to, Tag::Bool, value);
        self.builder.ins().jump(join, &[]);
        self.builder.switch_to_block(join);
        self.defined_in_frame(to);
    }

    // Loops that count.

    /// If `R[a] + 1 < R[b]`: `R[a] := R[a] + 1`, and the next iteration begins.
    pub(super) fn counted_loop(&mut self, pc: u32, counter: u32, end: u32) {
        let jump = self.function.code[pc as usize].jump(pc).expect("a jump");
        let is_typed = self.kind(pc, counter, 0) == Some(Kind::Int) && self.kind(pc, end, 1) == Some(Kind::Int);
        let (current, last) = if is_typed {
            let current = self.ensure(pc, counter, Kind::Int);
            (current, self.ensure(pc, end, Kind::Int))
        } else {
            let (counter_tag, current) = self.parts(counter);
            let (end_tag, last) = self.parts(end);
            let either = self.builder.ins().bor(counter_tag, end_tag);
            let otherwise = self.loop_step(pc);
            self.go_on_unless(either, otherwise);
            (current, last)
        };
        // The end is above the counter, or else the loop has been left: one more does not overflow where it matters.
        let next = self.builder.ins().iadd_imm_s(current, 1);
        let is_before = self.builder.ins().icmp(IntCC::SignedLessThan, current, last);
        let is_inside = self.builder.ins().icmp(IntCC::SignedLessThan, next, last);
        let goes_on = self.builder.ins().band(is_before, is_inside);
        let done = self.edge(pc + 1);
        self.go_on_if(goes_on, done);
        self.take_fuel(pc);
        self.counter_becomes(counter, next, is_typed);
        let target = self.edge(jump.target);
        self.builder.ins().jump(target, &[]);
    }

    fn counter_becomes(&mut self, counter: u32, next: Value, is_typed: bool) {
        if is_typed {
            self.define(counter, Kind::Int, next);
        } else {
            self.write_payload(counter, Tag::Int, next);
            self.defined_in_frame(counter);
        }
    }

    /// If `R[a] + R[c]` stays before `R[b]`, `R[a]` becomes it; otherwise the next instruction is skipped.
    pub(super) fn for_loop(&mut self, pc: u32, counter: u32, end: u32, step: u32) {
        let is_typed = [(counter, 0), (end, 1), (step, 2)]
            .iter()
            .all(|&(register, lane)| self.kind(pc, register, lane) == Some(Kind::Int));
        let [current, last, by] = if is_typed {
            [counter, end, step].map(|register| self.ensure(pc, register, Kind::Int))
        } else {
            let (counter_tag, current) = self.parts(counter);
            let (end_tag, last) = self.parts(end);
            let (step_tag, by) = self.parts(step);
            let either = self.builder.ins().bor(counter_tag, end_tag);
            let any = self.builder.ins().bor(either, step_tag);
            let otherwise = self.loop_step(pc);
            self.go_on_unless(any, otherwise);
            [current, last, by]
        };
        let (next, overflows) = self.builder.ins().sadd_overflow(current, by);
        let done = self.edge(pc + 2);
        self.go_on_unless(overflows, done);
        let is_up = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThan, by, 0);
        let below = self.builder.ins().icmp(IntCC::SignedLessThan, next, last);
        let above = self.builder.ins().icmp(IntCC::SignedGreaterThan, next, last);
        let goes_on = self.builder.ins().select(is_up, below, above);
        self.go_on_if(goes_on, done);
        self.counter_becomes(counter, next, is_typed);
        let target = self.edge(pc + 1);
        self.builder.ins().jump(target, &[]);
    }

    /// Whether counting takes a step, by the interpreter unless all are integers and the step is not 0.
    pub(super) fn for_prepare(&mut self, pc: u32, start: u32, end: u32, step: u32) {
        let (start_tag, first) = self.parts(start);
        let (end_tag, last) = self.parts(end);
        let (step_tag, by) = self.parts(step);
        let either = self.builder.ins().bor(start_tag, end_tag);
        let any = self.builder.ins().bor(either, step_tag);
        let otherwise = self.loop_step(pc);
        self.go_on_unless(any, otherwise);
        let is_zero = self.builder.ins().icmp_imm_s(IntCC::Equal, by, 0);
        self.go_on_unless(is_zero, otherwise);
        let is_up = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThan, by, 0);
        let below = self.builder.ins().icmp(IntCC::SignedLessThan, first, last);
        let above = self.builder.ins().icmp(IntCC::SignedGreaterThan, first, last);
        let begins = self.builder.ins().select(is_up, below, above);
        let (begin, skip) = (self.edge(pc + 1), self.edge(pc + 2));
        self.builder.ins().brif(begins, begin, &[], skip, &[]);
    }

    /// A block off the way in which the interpreter runs the instruction that begins or ends an iteration, and goes on at its target or behind it.
    pub(super) fn loop_step(&mut self, pc: u32) -> ir::Block {
        let stores = self.dirty_among(self.live_at(pc));
        let instruction = self.function.code[pc as usize];
        let target = instruction.jump(pc).map_or(pc + 2, |jump| jump.target);
        if self.lands_at(target) || self.lands_at(pc + 1) {
            return self.aside(stores, Then::Elsewhere { pc });
        }
        let before = self.state.clone();
        self.written_by_step(pc);
        let (taken, next) = (self.edge(target), self.edge(pc + 1));
        self.state = before;
        self.aside(stores, Then::Branch { pc, target, taken, next })
    }

    /// How a register is held.
    pub(super) fn held(&self, register: u32) -> Held {
        self.state[register as usize]
    }
}
