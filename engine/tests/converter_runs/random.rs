//! Random code. [`graph`] makes blocks that go wherever the depth of the stack allows, [`structured`] makes nested loops, branches and
//! handlers around expressions that keep values on the stack all the while. What fails is made small by [`shrink`].
//!
//! `CONVERTER_CASES=20000 cargo test --release -p engine --test converter_runs random` runs more than the usual few.

use isa::module::{Capture, CaptureSource, Function, Global, Handler, Source};
use isa::stack::{StackInstruction as Instruction, StackOp as Op};
use isa::{Constant, Stack, StackCode};
use runtime::Collecting;

use crate::runner::{How, Shown, compare, verify};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u32
    }

    fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }
}

// What the code refers to.

const NAMES: [&str; 8] = ["<main>", "subject", "identity", "three", "failing", "closure", "push", ""];
/// Functions, whose names have the same indices.
const MAIN: u32 = 0;
const SUBJECT: u32 = 1;
const IDENTITY: u32 = 2;
const THREE: u32 = 3;
const FAILING: u32 = 4;
const CLOSURE: u32 = 5;
const PUSH: u32 = 6;
const UNNAMED: u32 = 7;
const GLOBALS: u32 = 2;
/// Builtins `str` and `len`.
const BUILTINS: u32 = 2;

fn constants() -> Vec<Constant> {
    let mut constants = vec![Constant::Null, Constant::Bool(true), Constant::Bool(false)];
    constants.extend((-2..6).map(Constant::Int));
    constants.extend([40_000, -70_000, i64::MAX, i64::MIN].map(Constant::Int));
    constants.extend([0.5, 2.0, f64::NAN].map(Constant::Float));
    constants.extend(["", "a", "bc"].map(|text| Constant::String(text.into())));
    constants.extend([IDENTITY, THREE, FAILING].map(Constant::Function));
    constants.push(Constant::Builtin(0));
    constants
}

/// Index of a small integer among the constants.
fn small(value: i64) -> u32 {
    (value + 5) as u32
}

fn op(op: Op, operand: u32) -> Instruction {
    Instruction::new(op, operand)
}

/// A module around the function `subject` of so many parameters.
fn module(subject: Function<Stack>, arguments: &[u32]) -> StackCode {
    let function = |name: u32, parameters: u16, code: Vec<Instruction>| Function {
        name,
        parameters,
        locals: u32::from(parameters),
        local_names: vec![UNNAMED; usize::from(parameters)],
        code,
        ..Function::default()
    };
    let mut main: Vec<Instruction> = arguments.iter().map(|&constant| op(Op::LoadConst, constant)).collect();
    main.push(Instruction::call(Op::CallFuncConst, SUBJECT, arguments.len() as u32));
    // What globals hold in the end shows too.
    for global in 0..GLOBALS {
        main.push(op(Op::LoadName, global));
    }
    main.extend([op(Op::BuildList, GLOBALS + 1), op(Op::Return, 0)]);
    let closure = Function {
        captures: vec![
            Capture { name: UNNAMED, from: CaptureSource::Local(0), is_cell: false },
            Capture { name: UNNAMED, from: CaptureSource::Local(1), is_cell: true },
        ],
        ..function(
            CLOSURE,
            0,
            vec![
                op(Op::LoadCapture, 0),
                op(Op::LoadCaptureCell, 1),
                op(Op::BuildList, 2),
                op(Op::LoadConst, small(4)),
                op(Op::StoreCaptureCell, 1),
                op(Op::Return, 0),
            ],
        )
    };
    StackCode {
        constants: constants(),
        names: NAMES.iter().map(|&name| name.into()).collect(),
        globals: (0..GLOBALS).map(|_| Global { name: UNNAMED }).collect(),
        functions: vec![
            function(MAIN, 0, main),
            subject,
            function(IDENTITY, 1, vec![op(Op::LoadLocal, 0), op(Op::Return, 0)]),
            function(
                THREE,
                3,
                vec![
                    op(Op::LoadLocal, 2),
                    op(Op::LoadLocal, 0),
                    op(Op::LoadLocal, 1),
                    op(Op::BuildList, 3),
                    op(Op::Return, 0),
                ],
            ),
            function(FAILING, 1, vec![op(Op::LoadLocal, 0), op(Op::Throw, 0)]),
            closure,
        ],
        builtins: vec!["str".into(), "len".into()],
        sources: vec![Source::default()],
        ..StackCode::default()
    }
}

/// A function that grows.
struct Writer<'r> {
    random: &'r mut Random,
    code: Vec<Instruction>,
    handlers: Vec<Handler>,
    locals: u32,
    /// Locals below this are chosen from; loops have those above.
    plain: u32,
    /// Local 1 is a cell.
    has_cell: bool,
    /// Few instructions fail: locals 2 to 4 stay integers, local 5 a list and local 6 a position in it.
    is_tame: bool,
    depth: u32,
}

impl<'r> Writer<'r> {
    fn new(random: &'r mut Random, locals: u32) -> Self {
        let has_cell = locals > 1 && random.chance(40);
        let is_tame = locals > 7 && random.chance(75);
        Self { random, code: Vec::new(), handlers: Vec::new(), locals, plain: locals, has_cell, is_tame, depth: 0 }
    }

    fn push(&mut self, instruction: Instruction) {
        self.depth = self.depth + instruction.pushes() - instruction.pops();
        self.code.push(instruction);
    }

    fn op(&mut self, operation: Op, operand: u32) {
        self.push(op(operation, operand));
    }

    fn pc(&self) -> u32 {
        self.code.len() as u32
    }

    fn constant(&mut self) -> u32 {
        // Small integers more often than anything else.
        if self.random.chance(50) {
            small(i64::from(self.random.below(6)))
        } else {
            self.random.below(constants().len() as u32)
        }
    }

    /// A local that may be assigned anything.
    fn target(&mut self) -> u32 {
        loop {
            let local = self.local();
            if !self.is_tame || !(2..7).contains(&local) {
                return local;
            }
        }
    }

    /// A local, but not the cell.
    fn local(&mut self) -> u32 {
        loop {
            let local = self.random.below(self.plain);
            if !(self.has_cell && local == 1) {
                return local;
            }
        }
    }

    fn begin(&mut self, parameters: u32) {
        for local in parameters..self.locals {
            if self.random.chance(80) {
                let constant = self.constant();
                self.op(Op::LoadConst, constant);
                self.op(Op::StoreLocal, local);
            }
        }
        if self.is_tame {
            for (local, value) in [(2, 0), (3, 4), (4, 1)] {
                self.op(Op::LoadConst, small(value));
                self.op(Op::StoreLocal, local);
            }
            let count = self.random.below(4);
            for value in 0..count {
                self.op(Op::LoadConst, small(i64::from(value)));
            }
            self.op(Op::BuildList, count);
            self.op(Op::StoreLocal, 5);
            self.op(Op::LoadConst, small(0));
            self.op(Op::StoreLocal, 6);
            self.op(Op::LoadConst, small(3));
            self.op(Op::StoreLocal, 0);
        }
        if self.has_cell {
            self.op(Op::LoadConst, small(2));
            self.op(Op::StoreLocal, 1);
            self.op(Op::MakeCell, 1);
        }
        for global in 0..GLOBALS {
            self.op(Op::LoadConst, small(0));
            self.op(Op::StoreName, global);
        }
    }

    fn value(&mut self) {
        match self.random.below(10) {
            0..4 => {
                let constant = self.constant();
                self.op(Op::LoadConst, constant);
            }
            _ => {
                let local = self.local();
                self.op(Op::LoadLocal, local);
            }
        }
    }

    /// Some instructions that never need more than is above `floor` on the stack.
    fn straight(&mut self, floor: u32, count: u32) {
        for _ in 0..count {
            let above = self.depth - floor;
            if above > 6 {
                self.op(Op::Pop, 0);
                continue;
            }
            if self.is_tame && self.random.chance(97) {
                self.total(above);
                continue;
            }
            match self.random.below(100) {
                0..14 => self.value(),
                14..26 if above >= 1 => {
                    let local = self.target();
                    self.op(Op::StoreLocal, local);
                }
                26..32 if self.depth >= 1 => self.op(Op::Dup, 0),
                32..34 if above >= 1 => self.op(Op::Pop, 0),
                34..52 if above >= 1 && self.depth >= 2 => {
                    const OPS: [Op; 19] = [
                        Op::Add,
                        Op::Add,
                        Op::Add,
                        Op::Sub,
                        Op::Sub,
                        Op::Mul,
                        Op::Div,
                        Op::Mod,
                        Op::Pow,
                        Op::Eq,
                        Op::Neq,
                        Op::Lt,
                        Op::Gt,
                        Op::Lte,
                        Op::Gte,
                        Op::In,
                        Op::And,
                        Op::Or,
                        Op::Index,
                    ];
                    let chosen = OPS[self.random.below(OPS.len() as u32) as usize];
                    self.op(chosen, 0);
                }
                52..60 if self.depth >= 1 => {
                    const OPS: [Op; 7] =
                        [Op::Neg, Op::Not, Op::Not, Op::ToBool, Op::GetLength, Op::IterPrepare, Op::RangeBound];
                    let chosen = OPS[self.random.below(OPS.len() as u32) as usize];
                    self.op(chosen, 0);
                }
                60..65 => {
                    let count = self.random.below(4).min(above);
                    let kind =
                        [Op::BuildList, Op::BuildList, Op::BuildString, Op::BuildSet][self.random.below(4) as usize];
                    self.op(kind, count);
                }
                65..70 => {
                    let count = self.random.below(4).min(above);
                    let function = [IDENTITY, THREE, THREE, FAILING][self.random.below(4) as usize];
                    self.push(Instruction::call(Op::CallFuncConst, function, count));
                }
                70..73 if above >= 1 => {
                    let count = self.random.below(3).min(above - 1);
                    self.op(Op::CallTop, count);
                }
                73..76 if above >= 1 => {
                    let builtin = self.random.below(BUILTINS);
                    self.push(Instruction::call(Op::CallBuiltin, builtin, 1));
                }
                76..78 if above >= 2 => self.push(Instruction::call(Op::CallMethod, PUSH, 1)),
                78..81 => {
                    let global = self.random.below(GLOBALS);
                    self.op(Op::LoadName, global);
                }
                81..84 if above >= 1 => {
                    let global = self.random.below(GLOBALS);
                    self.op(Op::StoreName, global);
                }
                84..87 => {
                    let count = self.random.below(4).min(above);
                    self.op(Op::Print, count);
                }
                87..89 => {
                    let local = self.target();
                    let chosen = [Op::IsSet, Op::IsSet, Op::CheckLocal, Op::Unset][self.random.below(4) as usize];
                    self.op(chosen, local);
                }
                89..92 if self.has_cell => match self.random.below(3) {
                    0 => self.op(Op::LoadCell, 1),
                    1 if above >= 1 => self.op(Op::StoreCell, 1),
                    1 => {}
                    _ => self.op(Op::MakeFunction, CLOSURE),
                },
                92..94 if above >= 2 => self.op(Op::Require, 0),
                94..96 if above >= 3 => {
                    let chosen = if self.random.chance(50) { Op::SetIndex } else { Op::Slice };
                    self.op(chosen, 0)
                }
                96..98 if above >= 2 => self.op(Op::ListAppend, 1),
                98..100 => self.op(Op::Nop, 0),
                _ => self.value(),
            }
        }
    }

    /// An instruction that does not fail, or a few.
    fn total(&mut self, above: u32) {
        match self.random.below(20) {
            0..4 => self.value(),
            4..7 if above >= 1 => {
                let local = self.target();
                self.op(Op::StoreLocal, local);
            }
            7..9 if self.depth >= 1 => self.op(Op::Dup, 0),
            9..12 => {
                // Arithmetic on integers that stay small.
                let (from, to) = (self.random.between(2, 4), self.random.between(2, 3));
                self.op(Op::LoadLocal, from);
                let other = self.random.between(2, 4);
                let constant = small(i64::from(self.random.between(1, 5)));
                if self.random.chance(50) {
                    self.op(Op::LoadLocal, other)
                } else {
                    self.op(Op::LoadConst, constant)
                }
                let chosen = if self.random.chance(50) { Op::Add } else { Op::Sub };
                self.op(chosen, 0);
                if self.random.chance(60) {
                    self.op(Op::LoadConst, small(5));
                    self.op(Op::Mod, 0);
                    if self.random.chance(30) {
                        self.op(Op::Dup, 0);
                    }
                    self.op(Op::StoreLocal, to);
                }
            }
            12 if above >= 2 => {
                let chosen = [Op::Eq, Op::Neq, Op::And, Op::Or][self.random.below(4) as usize];
                self.op(chosen, 0);
            }
            13 if above >= 1 => {
                let chosen = [Op::Not, Op::ToBool][self.random.below(2) as usize];
                self.op(chosen, 0);
            }
            14..16 => {
                let count = self.random.below(4).min(above);
                let kind = [Op::BuildList, Op::BuildList, Op::BuildString][self.random.below(3) as usize];
                self.op(kind, count);
            }
            16 => {
                let count = self.random.below(4).min(above);
                let function = [IDENTITY, THREE][self.random.below(2) as usize];
                self.push(Instruction::call(Op::CallFuncConst, function, count));
            }
            17 => {
                let count = self.random.below(4).min(above);
                self.op(Op::Print, count);
            }
            18 if above >= 1 => {
                let global = self.random.below(GLOBALS);
                self.op(Op::StoreName, global);
            }
            19 if self.has_cell => match self.random.below(3) {
                0 => self.op(Op::LoadCell, 1),
                1 if above >= 1 => self.op(Op::StoreCell, 1),
                1 => {}
                _ => {
                    self.op(Op::MakeFunction, CLOSURE);
                    if self.random.chance(50) {
                        self.op(Op::CallTop, 0);
                    }
                }
            },
            _ => {
                let local = self.target();
                let chosen = [Op::IsSet, Op::Unset, Op::Nop][self.random.below(3) as usize];
                self.op(chosen, if chosen == Op::Nop { 0 } else { local });
            }
        }
    }

    /// Brings the stack to a depth.
    fn adjust(&mut self, depth: u32) {
        while self.depth > depth {
            match self.random.below(4) {
                0 => self.op(Op::Pop, 0),
                1 if !self.is_tame && self.depth >= 2 => self.op(Op::Add, 0),
                2 => {
                    let local = self.target();
                    self.op(Op::StoreLocal, local);
                }
                _ => self.op(Op::BuildList, self.depth - depth + u32::from(depth > 0)),
            }
            // A list takes the place of what it was made of.
            if self.depth == depth + 1 && depth == 0 && self.random.chance(50) {
                self.op(Op::Pop, 0);
            }
        }
        while self.depth < depth {
            self.value();
        }
    }

    fn finish(self, parameters: u32, name: u32) -> Function<Stack> {
        Function {
            name,
            parameters: parameters as u16,
            locals: self.locals,
            local_names: vec![UNNAMED; self.locals as usize],
            code: self.code,
            handlers: self.handlers,
            ..Function::default()
        }
    }
}

fn arguments(random: &mut Random, parameters: u32) -> Vec<u32> {
    (0..parameters).map(|_| small(i64::from(random.below(6)))).collect()
}

/// Blocks that go anywhere.
fn graph(seed: u64) -> StackCode {
    let mut random = Random(seed);
    let random = &mut random;
    let locals = if random.chance(10) { random.between(20, 40) } else { random.between(3, 14) };
    let parameters = random.below(locals.min(12) + 1);
    let arguments = arguments(random, parameters);
    let count = random.between(2, 12);
    let mut depths: Vec<u32> = (0..count).map(|_| random.below(4)).collect();
    depths[0] = 0;
    // Ranges of blocks with handlers.
    let mut guards: Vec<(u32, u32, u32, u32)> = Vec::new();
    for _ in 0..random.below(4) {
        let start = random.below(count);
        let end = random.between(start, count - 1);
        let target = random.between(end, count - 1);
        let landing = depths[target as usize].wrapping_sub(1);
        if landing == u32::MAX {
            continue;
        }
        let is_hidden = |block: u32| guards.iter().any(|guard| (guard.0..guard.1).contains(&block));
        if (start..end).all(|block| is_hidden(block) || depths[block as usize] >= landing) {
            guards.push((start, end, target, landing));
        } else if (start..end).all(is_hidden) {
            guards.push((start, end, target, random.below(9)));
        }
    }
    let mut writer = Writer::new(random, locals);
    let mut starts = Vec::new();
    let mut jumps: Vec<(u32, u32)> = Vec::new();
    for block in 0..count {
        starts.push(writer.pc());
        writer.depth = depths[block as usize];
        if block == 0 {
            writer.begin(parameters);
        }
        let floor = guards.iter().find(|guard| (guard.0..guard.1).contains(&block)).map_or(0, |guard| guard.3);
        let length = writer.random.below(9);
        writer.straight(floor, length);
        terminate(&mut writer, block, &depths, floor, &mut jumps);
    }
    for (at, block) in jumps {
        let jump = &mut writer.code[at as usize];
        *jump = op(jump.op(), starts[block as usize]);
    }
    starts.push(writer.pc());
    for (start, end, target, landing) in guards {
        writer.handlers.push(Handler {
            start: starts[start as usize],
            end: starts[end as usize],
            target: starts[target as usize],
            landing,
            is_cleanup: writer.random.chance(15),
        });
    }
    module(writer.finish(parameters, SUBJECT), &arguments)
}

/// Ends a block of the graph.
fn terminate(writer: &mut Writer<'_>, block: u32, depths: &[u32], floor: u32, jumps: &mut Vec<(u32, u32)>) {
    let count = depths.len() as u32;
    for _ in 0..12 {
        let target = writer.random.below(count);
        let depth = depths[target as usize];
        let next_is_alike = block + 1 < count && depths[block as usize + 1] == depth;
        if depth < floor {
            continue;
        }
        let jump = |writer: &mut Writer<'_>, operation: Op, jumps: &mut Vec<(u32, u32)>| {
            jumps.push((writer.pc(), target));
            writer.op(operation, 0);
        };
        let is_ahead = target > block;
        match writer.random.below(12) {
            0..2 if is_ahead => {
                writer.adjust(depth);
                jump(writer, Op::Jump, jumps);
            }
            2 => {
                writer.adjust(depth);
                jump(writer, Op::Loop, jumps);
            }
            3..7 if next_is_alike && is_ahead => {
                writer.adjust(depth);
                condition(writer);
                let operation = [Op::JumpIfFalse, Op::JumpIfTrue, Op::JumpIfNotNull][writer.random.below(3) as usize];
                jump(writer, operation, jumps);
            }
            7..9 if next_is_alike => {
                writer.adjust(depth);
                condition(writer);
                jump(writer, Op::LoopIfTrue, jumps);
            }
            9..12 if next_is_alike && writer.locals > 5 => {
                // The instruction that may be skipped is a jump, or does nothing.
                let iterates = depth > floor && writer.random.chance(50);
                let first = match writer.is_tame {
                    true if iterates => 5,
                    true => 2,
                    false => writer.random.between(2, writer.locals - 3),
                };
                if iterates {
                    writer.adjust(depth - 1);
                    let chosen = if writer.random.chance(70) { Op::ForIter } else { Op::ForPair };
                    writer.op(chosen, first);
                } else if writer.random.chance(50) {
                    writer.adjust(depth);
                    writer.op(Op::ForLoop, first);
                } else {
                    writer.adjust(depth);
                    if writer.is_tame {
                        writer.op(Op::LoadConst, small(0))
                    } else {
                        writer.value()
                    }
                    writer.op(Op::ForPrepare, first);
                }
                match writer.random.below(4) {
                    0 if is_ahead => jump(writer, Op::Jump, jumps),
                    0 => writer.op(Op::Nop, 0),
                    _ => jump(writer, Op::Loop, jumps),
                }
            }
            _ => continue,
        }
        // A skipping instruction does not fall off the end because another block follows.
        return;
    }
    if writer.depth == 0 {
        writer.value();
    }
    if writer.random.chance(80) {
        let count = writer.depth - floor.min(writer.depth);
        writer.op(Op::BuildList, count);
        writer.op(Op::Return, 0);
    } else {
        writer.op(Op::Throw, 0);
    }
}

/// Pushes something to be tested, often a comparison.
fn condition(writer: &mut Writer<'_>) {
    let compares = writer.random.chance(70);
    if compares && writer.is_tame {
        let (local, constant) = (writer.random.between(2, 4), small(i64::from(writer.random.below(5))));
        writer.op(Op::LoadLocal, local);
        writer.op(Op::LoadConst, constant);
    } else {
        writer.value();
    }
    if compares {
        if !writer.is_tame {
            writer.value();
        }
        let comparison = [Op::Eq, Op::Neq, Op::Lt, Op::Gt, Op::Lte, Op::Gte][writer.random.below(6) as usize];
        writer.op(comparison, 0);
    }
    while writer.random.chance(25) {
        writer.op(Op::Not, 0);
    }
}

/// Nested statements and expressions.
fn structured(seed: u64) -> StackCode {
    let mut random = Random(seed);
    let random = &mut random;
    let locals = if random.chance(15) { random.between(16, 30) } else { random.between(4, 12) };
    let parameters = random.below(locals.min(12) + 1);
    let arguments = arguments(random, parameters);
    let size = random.between(5, 60) as i32;
    let mut nest = Nest { writer: Writer::new(random, locals), left: size, loops: Vec::new() };
    nest.writer.begin(parameters);
    // Loops have locals of their own, so that they end.
    while nest.left > 0 {
        nest.statement(0);
    }
    for local in 0..locals {
        if !(nest.writer.has_cell && local == 1) {
            nest.writer.op(Op::LoadLocal, local);
        }
    }
    let depth = nest.writer.depth;
    nest.writer.op(Op::BuildList, depth);
    nest.writer.op(Op::Return, 0);
    module(nest.writer.finish(parameters, SUBJECT), &arguments)
}

struct Nest<'r> {
    writer: Writer<'r>,
    /// What may still be spent.
    left: i32,
    /// Loops around, innermost last: depth of the stack, and jumps out of it and to its next iteration.
    loops: Vec<(u32, Vec<u32>, Vec<u32>)>,
}

impl Nest<'_> {
    fn jump(&mut self, operation: Op) -> u32 {
        self.writer.op(operation, 0);
        self.writer.pc() - 1
    }

    /// Lets a jump lead here.
    fn land(&mut self, jump: u32) {
        let here = self.writer.pc();
        let jump = &mut self.writer.code[jump as usize];
        *jump = op(jump.op(), here);
    }

    /// New locals that nothing else uses.
    fn own(&mut self, count: u32) -> u32 {
        let first = self.writer.locals;
        self.writer.locals += count;
        first
    }

    fn block(&mut self, floor: u32) {
        for _ in 0..self.writer.random.between(1, 3) {
            self.statement(floor);
        }
    }

    /// A statement leaves the stack as it was. `floor` is what handlers keep of it.
    fn statement(&mut self, floor: u32) {
        self.left -= 1;
        let depth = self.writer.depth;
        match self.writer.random.below(20) {
            0..5 => {
                self.expression(floor, 3);
                let local = self.plain_local();
                self.writer.op(Op::StoreLocal, local);
            }
            5..7 => {
                let count = self.writer.random.between(1, 3);
                for _ in 0..count {
                    self.expression(floor, 2);
                }
                self.writer.op(Op::Print, count);
            }
            7..9 => {
                let count = self.writer.random.between(1, 6);
                self.writer.straight(depth.max(floor), count);
                while self.writer.depth > depth {
                    self.writer.op(Op::Pop, 0);
                }
            }
            9..12 if self.left > 0 => {
                self.condition(floor);
                let otherwise = {
                    let chosen = if self.writer.random.chance(50) { Op::JumpIfFalse } else { Op::JumpIfTrue };
                    self.jump(chosen)
                };
                self.block(floor);
                if self.writer.random.chance(50) {
                    let end = self.jump(Op::Jump);
                    self.land(otherwise);
                    self.block(floor);
                    self.land(end);
                } else {
                    self.land(otherwise);
                }
            }
            12..15 if self.left > 0 && self.loops.len() < 3 => self.repeat(floor),
            15..17 if self.left > 0 => self.guard(floor, 0),
            17 if !self.loops.is_empty() => {
                // Leaves or goes on with a loop, with whatever lies on the stack.
                self.condition(floor);
                let past = self.jump(Op::JumpIfFalse);
                let outer = self.loops.last().map_or(0, |(depth, _, _)| *depth);
                if outer >= floor {
                    while self.writer.depth > outer {
                        self.writer.op(Op::Pop, 0);
                    }
                    let jump = self.jump(Op::Jump);
                    let is_break = self.writer.random.chance(50);
                    if let Some((_, breaks, continues)) = self.loops.last_mut() {
                        if is_break { breaks.push(jump) } else { continues.push(jump) }
                    }
                    self.writer.depth = depth;
                }
                self.land(past);
            }
            18 if self.writer.random.chance(20) => {
                self.expression(floor, 2);
                let chosen = if self.writer.random.chance(50) { Op::Throw } else { Op::Return };
                self.writer.op(chosen, 0);
                self.writer.depth = depth;
                // Nothing comes here, but it must still be code.
                self.writer.op(Op::Nop, 0);
            }
            _ => {
                let local = if self.writer.is_tame { 2 } else { self.plain_local() };
                self.writer.op(Op::LoadLocal, local);
                self.writer.op(Op::LoadConst, small(1));
                self.writer.op(Op::Add, 0);
                self.writer.op(Op::StoreLocal, local);
            }
        }
        debug_assert_eq!(self.writer.depth, depth);
    }

    /// A local that is no counter of a loop.
    fn plain_local(&mut self) -> u32 {
        if self.writer.is_tame {
            return self.writer.target();
        }
        let first = self.writer.random.below(4);
        if self.writer.has_cell && first == 1 { 0 } else { first }
    }

    fn condition(&mut self, floor: u32) {
        const COMPARISONS: [Op; 6] = [Op::Eq, Op::Neq, Op::Lt, Op::Gt, Op::Lte, Op::Gte];
        let compares = self.writer.random.chance(60);
        if compares && self.writer.is_tame && self.writer.random.chance(60) {
            let (local, constant) = (self.writer.random.between(2, 4), small(i64::from(self.writer.random.below(5))));
            self.writer.op(Op::LoadLocal, local);
            self.writer.op(Op::LoadConst, constant);
        } else {
            self.expression(floor, 1);
            if compares {
                self.expression(floor, 1);
            }
        }
        if compares {
            let among = if self.is_careful() { 2 } else { 6 };
            let chosen = COMPARISONS[self.writer.random.below(among) as usize];
            self.writer.op(chosen, 0);
        }
        while self.writer.random.chance(20) {
            self.writer.op(Op::Not, 0);
        }
    }

    /// Whether to choose an instruction that does not fail.
    fn is_careful(&mut self) -> bool {
        self.writer.is_tame && self.writer.random.chance(95)
    }

    fn repeat(&mut self, floor: u32) {
        let depth = self.writer.depth;
        let first = self.own(3);
        self.loops.push((depth, Vec::new(), Vec::new()));
        let kind = self.writer.random.below(3);
        match kind {
            // Counts.
            0 => {
                let ends = self.writer.random.below(4);
                let (end, step) = if self.writer.random.chance(30) {
                    (small(-2), small(-1))
                } else {
                    (small(i64::from(ends)), small(i64::from(self.writer.random.between(1, 2))))
                };
                for (constant, local) in [(end, first + 1), (step, first + 2)] {
                    self.writer.op(Op::LoadConst, constant);
                    self.writer.op(Op::StoreLocal, local);
                }
                self.writer.op(Op::LoadConst, small(0));
                self.writer.op(Op::ForPrepare, first);
                let begin = self.jump(Op::Loop);
                let end = self.jump(Op::Jump);
                self.land(begin);
                let top = self.writer.pc();
                self.block(floor);
                self.land_continues();
                self.writer.op(Op::ForLoop, first);
                self.writer.op(Op::Loop, top);
                self.land(end);
            }
            // Walks.
            1 => {
                let count = self.writer.random.below(4);
                for _ in 0..count {
                    self.expression(floor, 1);
                }
                self.writer.op(Op::BuildList, count);
                self.writer.op(Op::IterPrepare, 0);
                self.writer.op(Op::StoreLocal, first);
                self.writer.op(Op::LoadConst, small(0));
                self.writer.op(Op::StoreLocal, first + 1);
                let next = self.jump(Op::Jump);
                let top = self.writer.pc();
                self.writer.depth += 1;
                let local = self.plain_local();
                self.writer.op(Op::StoreLocal, local);
                let pairs = self.writer.random.chance(40);
                if pairs {
                    self.writer.op(Op::IterValue, first);
                    let local = self.plain_local();
                    self.writer.op(Op::StoreLocal, local);
                }
                self.block(floor);
                self.land_continues();
                self.land(next);
                self.writer.op(if pairs { Op::ForPair } else { Op::ForIter }, first);
                self.writer.op(Op::Loop, top);
                self.writer.op(Op::Pop, 0);
            }
            // Tests at the end.
            _ => {
                let times = self.writer.random.between(1, 3);
                self.writer.op(Op::LoadConst, small(0));
                self.writer.op(Op::StoreLocal, first);
                let top = self.writer.pc();
                self.block(floor);
                self.land_continues();
                self.writer.op(Op::LoadLocal, first);
                self.writer.op(Op::LoadConst, small(1));
                self.writer.op(Op::Add, 0);
                self.writer.op(Op::StoreLocal, first);
                self.writer.op(Op::LoadLocal, first);
                self.writer.op(Op::LoadConst, small(i64::from(times)));
                let (comparison, negated) = [(Op::Lt, false), (Op::Gte, true), (Op::Neq, false), (Op::Eq, true)]
                    [self.writer.random.below(4) as usize];
                self.writer.op(comparison, 0);
                if negated {
                    self.writer.op(Op::Not, 0);
                }
                self.writer.op(Op::LoopIfTrue, top);
            }
        }
        if let Some((_, breaks, _)) = self.loops.pop() {
            breaks.into_iter().for_each(|jump| self.land(jump));
        }
    }

    fn land_continues(&mut self) {
        let continues = self.loops.last_mut().map(|(_, _, continues)| std::mem::take(continues)).unwrap_or_default();
        continues.into_iter().for_each(|jump| self.land(jump));
    }

    /// Guarded code that leaves `results` values, and a handler that keeps some of what lies on the stack.
    fn guard(&mut self, floor: u32, results: u32) {
        let depth = self.writer.depth;
        let keeps = self.writer.random.between(floor.min(depth), depth);
        let loops = std::mem::take(&mut self.loops);
        let start = self.writer.pc();
        self.block(keeps.max(floor));
        if results > 0 {
            self.expression(keeps.max(floor), 3);
        }
        let end = self.writer.pc();
        let past = self.jump(Op::Jump);
        let target = self.writer.pc();
        self.writer.depth = keeps + 1;
        let is_cleanup = self.writer.random.chance(20);
        if is_cleanup && self.writer.random.chance(50) {
            self.statement(keeps);
            self.writer.op(Op::Throw, 0);
        } else {
            // What was caught may be one of the values.
            if self.writer.random.chance(50) {
                let local = self.plain_local();
                self.writer.op(Op::StoreLocal, local);
            }
            while self.writer.depth > depth + results {
                self.writer.op(Op::Pop, 0);
            }
            while self.writer.depth < depth + results {
                self.writer.value();
            }
        }
        self.writer.depth = depth + results;
        self.loops = loops;
        self.writer.handlers.push(Handler { start, end, target, landing: keeps, is_cleanup });
        if self.writer.random.chance(70) {
            self.land(past);
        } else {
            // Ends in a block of its own.
            self.land(past);
            self.writer.op(Op::Nop, 0);
        }
    }

    /// An expression leaves one value. Its parts may be statements.
    fn expression(&mut self, floor: u32, nesting: u32) {
        self.left -= 1;
        if nesting == 0 || self.left < 0 {
            self.writer.value();
            return;
        }
        let depth = self.writer.depth;
        match self.writer.random.below(20) {
            0..4 => self.writer.value(),
            4..9 => {
                self.expression(floor, nesting - 1);
                self.expression(floor, nesting - 1);
                if self.is_careful() {
                    let (chosen, count) = [
                        (Op::Eq, 0),
                        (Op::Neq, 0),
                        (Op::And, 0),
                        (Op::Or, 0),
                        (Op::BuildString, 2),
                        (Op::BuildList, 2),
                    ][self.writer.random.below(6) as usize];
                    self.writer.op(chosen, count);
                } else {
                    const OPS: [Op; 10] =
                        [Op::Add, Op::Add, Op::Add, Op::Sub, Op::Mul, Op::Mod, Op::Lt, Op::Eq, Op::And, Op::Or];
                    let chosen = OPS[self.writer.random.below(OPS.len() as u32) as usize];
                    self.writer.op(chosen, 0);
                }
            }
            9 => {
                // An assignment as an expression.
                self.expression(floor, nesting - 1);
                self.writer.op(Op::Dup, 0);
                let local = self.plain_local();
                self.writer.op(Op::StoreLocal, local);
            }
            10..12 => {
                let count = self.writer.random.below(4);
                for _ in 0..count {
                    self.expression(floor, nesting - 1);
                }
                if self.writer.random.chance(50) {
                    self.writer.push(Instruction::call(Op::CallFuncConst, THREE, count));
                } else {
                    self.writer.op(Op::BuildList, count);
                }
            }
            12..14 => {
                self.condition(floor);
                let otherwise = self.jump(Op::JumpIfFalse);
                self.expression(floor, nesting - 1);
                let end = self.jump(Op::Jump);
                self.writer.depth = depth;
                self.land(otherwise);
                self.expression(floor, nesting - 1);
                self.land(end);
            }
            14 => {
                self.expression(floor, nesting - 1);
                self.writer.op(Op::Dup, 0);
                let operation =
                    [Op::JumpIfNotNull, Op::JumpIfTrue, Op::JumpIfFalse][self.writer.random.below(3) as usize];
                let end = self.jump(operation);
                self.writer.op(Op::Pop, 0);
                self.expression(floor, nesting - 1);
                self.land(end);
            }
            15 => {
                // A copy lies below a branch that may change the upper one.
                self.expression(floor, nesting - 1);
                self.writer.op(Op::Dup, 0);
                self.condition(floor);
                let end = self.jump(Op::JumpIfTrue);
                self.writer.op(Op::LoadConst, small(1));
                let (chosen, count) = if self.is_careful() { (Op::BuildString, 2) } else { (Op::Add, 0) };
                self.writer.op(chosen, count);
                self.land(end);
                self.writer.op(Op::BuildList, 2);
            }
            16 => {
                self.statement(floor);
                self.expression(floor, nesting - 1);
            }
            17 if self.loops.len() < 3 => {
                // What a loop adds up lies on the stack meanwhile.
                let first = self.own(1);
                self.writer.op(Op::LoadConst, small(0));
                self.writer.op(Op::StoreLocal, first);
                self.expression(floor, nesting - 1);
                let top = self.writer.pc();
                self.expression(floor, nesting - 1);
                let (chosen, count) = if self.is_careful() { (Op::BuildString, 2) } else { (Op::Add, 0) };
                self.writer.op(chosen, count);
                self.writer.op(Op::LoadLocal, first);
                self.writer.op(Op::LoadConst, small(1));
                self.writer.op(Op::Add, 0);
                self.writer.op(Op::Dup, 0);
                self.writer.op(Op::StoreLocal, first);
                self.writer.op(Op::LoadConst, small(3));
                self.writer.op(Op::Lt, 0);
                self.writer.op(Op::LoopIfTrue, top);
            }
            18 => self.guard(floor, 1),
            _ => {
                self.expression(floor, nesting - 1);
                let chosen = if self.is_careful() || self.writer.random.chance(50) { Op::Not } else { Op::Neg };
                self.writer.op(chosen, 0);
            }
        }
        debug_assert_eq!(self.writer.depth, depth + 1);
    }
}

// Running them.

const REGISTERS: [u16; 4] = [8, 9, 13, 256];

fn how(seed: u64) -> How {
    let collecting = match seed % 8 {
        6 => Collecting::InSteps,
        7 => Collecting::Always,
        _ => Collecting::WhenDue,
    };
    How { fuel: [20, 20, 20, 9][(seed % 4) as usize], max_heap: 1 << 20, collecting }
}

/// What becomes of a module. Memory may run out here and not there, which shows nothing.
fn check(module: StackCode, seed: u64) -> Result<Shown, String> {
    let code = verify(module).map_err(|error| format!("the generator makes code that verifies: {error}"))?;
    compare(&code, &REGISTERS, how(seed)).or_else(|difference| {
        let runs_out = difference.contains("heap: Out of memory");
        if runs_out { Ok(crate::runner::run_stack(&code, how(seed))) } else { Err(difference) }
    })
}

/// What kind of failure it is, so that shrinking does not go over to another one.
fn kind(failure: &str) -> &str {
    let text = failure.split_once("registers: ").map_or(failure, |(_, text)| text);
    text.split([':', '\n', '`']).next().unwrap_or(text)
}

/// Makes a module that fails smaller as long as it still fails alike.
fn shrink(mut module: StackCode, seed: u64) -> (StackCode, String) {
    let mut failure = check(module.clone(), seed).err().unwrap_or_default();
    let wanted = kind(&failure).to_string();
    let mut accept = |module: &mut StackCode, candidate: StackCode| {
        if verify(candidate.clone()).is_err() {
            return false;
        }
        match check(candidate.clone(), seed) {
            Err(text) if kind(&text) == wanted => {
                *module = candidate;
                failure = text;
                true
            }
            _ => false,
        }
    };
    loop {
        let mut is_smaller = false;
        for function in 0..2 {
            let mut window = module.functions[function].code.len();
            while window > 0 {
                let mut at = 0;
                while at < module.functions[function].code.len() {
                    let end = (at + window).min(module.functions[function].code.len());
                    let mut candidate = module.clone();
                    remove(&mut candidate.functions[function], at, end);
                    if accept(&mut module, candidate) {
                        is_smaller = true;
                    } else {
                        at += 1;
                    }
                }
                window = if window > 6 { window / 2 } else { window - 1 };
            }
            for at in 0..module.functions[function].code.len() {
                let instruction = module.functions[function].code[at];
                if instruction.pushes() == 1 && instruction.op() != Op::LoadConst {
                    let simpler = match instruction.pops() {
                        0 => vec![op(Op::LoadConst, small(0))],
                        1 if instruction.op() != Op::Nop => vec![op(Op::Nop, 0)],
                        2 => vec![op(Op::Pop, 0)],
                        _ => continue,
                    };
                    let mut candidate = module.clone();
                    candidate.functions[function].code[at] = simpler[0];
                    is_smaller |= accept(&mut module, candidate);
                }
            }
            for handler in (0..module.functions[function].handlers.len()).rev() {
                let mut candidate = module.clone();
                candidate.functions[function].handlers.remove(handler);
                is_smaller |= accept(&mut module, candidate);
            }
        }
        if !is_smaller {
            break;
        }
    }
    (module, failure)
}

fn remove(function: &mut Function<Stack>, start: usize, end: usize) {
    function.code.drain(start..end);
    let moved = |target: u32| {
        if target as usize >= end { target - (end - start) as u32 } else { target.min(start as u32) }
    };
    for instruction in &mut function.code {
        if let Some(target) = instruction.jump_target() {
            *instruction = op(instruction.op(), moved(target));
        }
    }
    for handler in &mut function.handlers {
        (handler.start, handler.end, handler.target) =
            (moved(handler.start), moved(handler.end), moved(handler.target));
    }
}

/// Runs many and reports the first few that fail.
fn run(generate: fn(u64) -> StackCode, first: u64, usual: u64) {
    let cases = std::env::var("CONVERTER_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual);
    let mut reports: Vec<(u64, String, String)> = Vec::new();
    let (mut values, mut errors, mut no_fuel) = (0_u64, 0_u64, 0_u64);
    for seed in first..first + cases {
        match check(generate(seed), seed) {
            Ok(Shown { result: Ok(_), .. }) => values += 1,
            Ok(Shown { result: Err((error, _)), .. }) if error.starts_with("fuel") => no_fuel += 1,
            Ok(_) => errors += 1,
            Err(failure) if reports.iter().all(|(_, known, _)| kind(known) != kind(&failure)) && reports.len() < 5 => {
                let (module, failure) = shrink(generate(seed), seed);
                reports.push((seed, failure, isa::text::print(&module)));
            }
            Err(_) => {}
        }
    }
    println!("{values} values, {errors} errors, {no_fuel} out of fuel");
    let reports: Vec<String> =
        reports.into_iter().map(|(seed, failure, text)| format!("seed {seed}: {failure}\n{text}")).collect();
    assert!(reports.is_empty(), "{}", reports.join("\n==========\n"));
    // A generator whose programs all end alike tests nothing.
    assert!(values > cases / 20 && errors > cases / 20, "{values} values, {errors} errors, {no_fuel} out of fuel");
}

#[test]
fn random_graphs() {
    run(graph, 1, 400);
}

#[test]
fn random_nests() {
    run(structured, 1, 400);
}
