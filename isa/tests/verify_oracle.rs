//! The verifiers against the plainest way to decide the same questions.
//!
//! Random short functions, most of them wrong in some way, go to the verifier and to a fixpoint over single instructions that
//! knows nothing of blocks, bit words or columns. Both must agree on whether a register may be unwritten where it is read, and on
//! whether depths agree.

use std::collections::BTreeSet;

use isa::module::{Handler, Source};
use isa::stack::StackCount;
use isa::verify::{self, Problem};
use isa::{
    Function, Lane, Module, RegCode, Register, RegisterInstruction, RegisterOp as R, Stack, StackCode,
    StackInstruction, StackOp as S,
};
use proptest::collection::vec;
use proptest::prelude::*;

const LENGTH: usize = 14;
const REGISTERS: u16 = 6;
/// Windows may reach beyond what other operands name.
const LOCALS: u16 = REGISTERS + 3;
const SPILLS: u32 = 1;

/// A jump's place in a shape of code: how far, and whether back where the operation allows it.
fn distance() -> impl Strategy<Value = i16> {
    prop_oneof![3 => 1..6_i16, 1 => -5..1_i16]
}

fn register_instruction() -> impl Strategy<Value = RegisterInstruction> {
    // Register 0 is the spill slot, so that windows lie above it.
    let register = || 1..REGISTERS;
    let new = RegisterInstruction::new;
    prop_oneof![
        6 => register().prop_map(move |a| new(R::LoadInt, a, 1, 0)),
        3 => (register(), register()).prop_map(move |(a, b)| new(R::MovReg, a, b, 0)),
        1 => (register(), register(), register()).prop_map(move |(a, b, c)| new(R::ForIterReg, a, b, c)),
        1 => (register(), 0..3_u16).prop_map(move |(a, n)| new(R::BuildListReg, a, 0, n)),
        1 => (register(), 0..2_u16).prop_map(move |(a, n)| new(R::ListAppendReg, a, 0, n)),
        1 => (register(), 0..3_u16).prop_map(move |(a, n)| new(R::PrintReg, a, 0, n)),
        1 => register().prop_map(move |c| new(R::ImportReg, 0, 0, c)),
        1 => register().prop_map(move |a| new(R::LoadSpill, a, 0, 0)),
        1 => register().prop_map(move |a| new(R::StoreSpill, a, 0, 0)),
        1 => register().prop_map(move |a| new(R::ReturnReg, a, 0, 0)),
        2 => (register(), distance()).prop_map(|(a, t)| RegisterInstruction::wide(R::LoopIfTrueReg, a, i32::from(t) as u32)),
        1 => distance().prop_map(|t| RegisterInstruction::wide(R::LoopReg, 0, i32::from(t) as u32)),
        2 => (register(), distance()).prop_map(move |(a, t)| new(R::JumpEqInt, a, 1, t as u16)),
    ]
}

/// Bends a jump that leaves the code back to its first or last instruction.
fn keep_inside(pc: usize, instruction: &mut RegisterInstruction) {
    let Some(offset) = instruction.offset() else { return };
    let pc = pc as i32;
    let offset = (pc + offset).clamp(0, LENGTH as i32 - 1) - pc;
    *instruction = match instruction.op() {
        R::JumpEqInt => RegisterInstruction::new(R::JumpEqInt, instruction.a, instruction.b, offset as u16),
        op => RegisterInstruction::wide(op, instruction.a, offset as u32),
    };
}

fn handlers() -> impl Strategy<Value = Vec<Handler>> {
    let length = LENGTH as u32;
    let handler = (0..length, 0..6_u32, 0..length, 1..4_u32).prop_map(move |(start, size, further, landing)| {
        let end = (start + size).min(length - 1);
        Handler { start, end, target: (end + further).min(length - 1), landing, is_cleanup: false }
    });
    vec(handler, 0..3)
}

/// Registers read, then the first register lost, then registers written.
fn register_effects(instruction: RegisterInstruction) -> (Vec<u16>, u16, Vec<u16>) {
    let lanes = instruction.lanes();
    let kinds = instruction.op().facts().lanes;
    let (mut reads, mut lost, mut writes) = (Vec::new(), u16::MAX, Vec::new());
    for (&kind, &lane) in kinds.iter().zip(&lanes) {
        match kind {
            Lane::Use => reads.push(lane),
            Lane::Def => writes.push(lane),
            Lane::UseDef => {
                reads.push(lane);
                writes.push(lane);
            }
            Lane::Slot if instruction.op() == R::LoadSpill => reads.push(lane),
            Lane::Slot => writes.push(lane),
            Lane::Clobber => lost = lane,
            _ => {}
        }
    }
    if let Some((first, size)) = instruction.window() {
        reads.extend(first..first + size);
        if kinds[0] != Lane::UseWindow {
            lost = first;
            writes.push(first);
        }
    }
    (reads, lost, writes)
}

/// Whether some register may be unwritten where it is read; none if a jump leaves the code.
fn may_read_unwritten(function: &Function<Register>) -> bool {
    let code = &function.code;
    // For each reached instruction, the registers that may be unwritten on entry.
    let mut entry: Vec<Option<BTreeSet<u16>>> = vec![None; code.len()];
    entry[0] = Some((function.parameters..LOCALS).collect());
    let mut changed = true;
    while changed {
        changed = false;
        for pc in 0..code.len() {
            let Some(unwritten) = entry[pc].clone() else { continue };
            let instruction = code[pc];
            let op = instruction.op();
            let (_, lost, writes) = register_effects(instruction);
            let mut after = unwritten.clone();
            after.extend(lost..LOCALS.max(lost));
            let mut caught = after.clone();
            for register in writes {
                after.remove(&register);
            }
            let mut ways = Vec::new();
            if !op.ends_block() {
                ways.push((pc + 1, after.clone()));
            }
            if op.skips() {
                ways.push((pc + 2, after.clone()));
            }
            if let Some(offset) = instruction.offset() {
                ways.push(((pc as i64 + i64::from(offset)) as usize, after));
            }
            if let Some(handler) =
                function.handlers.iter().find(|handler| (handler.start..handler.end).contains(&(pc as u32)))
            {
                caught.remove(&(handler.landing as u16));
                ways.push((handler.target as usize, caught));
            }
            for (target, state) in ways {
                let known = entry[target].get_or_insert_with(|| {
                    changed = true;
                    BTreeSet::new()
                });
                let before = known.len();
                known.extend(state);
                changed |= known.len() != before;
            }
        }
    }
    code.iter().zip(&entry).any(|(&instruction, entry)| {
        let (reads, ..) = register_effects(instruction);
        entry.as_ref().is_some_and(|unwritten| reads.iter().any(|register| unwritten.contains(register)))
    })
}

fn with_tables<F: isa::Form>(function: Function<F>) -> Module<F> {
    Module {
        names: vec!["f".into()],
        sources: vec![Source::default()],
        modules: vec![isa::module::ModuleDefinition::default()],
        constants: vec![isa::Constant::Null],
        functions: vec![function],
        ..Module::default()
    }
}

fn stack_instruction() -> impl Strategy<Value = StackInstruction> {
    let new = StackInstruction::new;
    prop_oneof![
        5 => Just(new(S::LoadConst, 0)),
        3 => Just(new(S::Pop, 0)),
        1 => Just(new(S::Dup, 0)),
        1 => Just(new(S::Add, 0)),
        1 => Just(new(S::ForIter, 0)),
        1 => Just(new(S::Return, 0)),
        1 => (0..3_u32).prop_map(move |n| new(S::BuildList, n)),
        2 => (0..LENGTH as u32).prop_map(move |t| new(S::LoopIfTrue, t)),
        1 => (0..LENGTH as u32).prop_map(move |t| new(S::Loop, t)),
    ]
}

/// The deepest stack, or nothing if depths do not agree or fall below zero.
fn deepest(function: &Function<Stack>) -> Option<u32> {
    let code = &function.code;
    let mut depths = vec![BTreeSet::new(); code.len()];
    depths[0].insert(0);
    let mut deepest = 0;
    let mut todo = vec![(0_usize, 0_u32)];
    while let Some((pc, depth)) = todo.pop() {
        deepest = deepest.max(depth);
        let instruction = code[pc];
        let op = instruction.op();
        let StackCount { fixed, per_item } = op.facts().pops;
        let taken = u32::from(fixed) + u32::from(per_item) * instruction.count();
        let after = depth.checked_sub(taken)? + u32::from(op.facts().pushes);
        deepest = deepest.max(after);
        let mut ways = Vec::new();
        if !op.ends_block() {
            ways.push((pc + 1, after));
        }
        if op.skips() {
            ways.push((pc + 2, after));
        }
        ways.extend(instruction.jump_target().map(|target| (target as usize, after)));
        if let Some(handler) =
            function.handlers.iter().find(|handler| (handler.start..handler.end).contains(&(pc as u32)))
        {
            if handler.landing > depth {
                return None;
            }
            ways.push((handler.target as usize, handler.landing + 1));
        }
        for (target, depth) in ways {
            if depths[target].insert(depth) {
                if depths[target].len() > 1 {
                    return None;
                }
                todo.push((target, depth));
            }
        }
    }
    Some(deepest)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn unwritten_registers_are_found(
        mut code in vec(register_instruction(), LENGTH - 3),
        mut handlers in handlers(),
        parameters in 0..5_u16,
    ) {
        // The end of a function, with room for what skips.
        code.extend([R::NopReg, R::NopReg].map(|op| RegisterInstruction::new(op, 0, 0, 0)));
        code.push(RegisterInstruction::wide(R::LoopReg, 0, -1_i32 as u32));
        for (pc, instruction) in code.iter_mut().enumerate() {
            keep_inside(pc, instruction);
        }
        handlers.iter_mut().for_each(|handler| handler.landing = handler.landing.min(u32::from(REGISTERS) - 1));
        // Parameters: none is the entry's, so the function is not the entry.
        let function = Function::<Register> {
            parameters,
            locals: u32::from(LOCALS),
            spill_base: 0,
            spills: SPILLS,
            code,
            handlers,
            local_names: vec![0; usize::from(parameters)],
            ..Function::default()
        };
        let expected = may_read_unwritten(&function);
        let mut module: RegCode = with_tables(function);
        let main = vec![RegisterInstruction::wide(R::LoadReg, 0, 0), RegisterInstruction::new(R::ReturnReg, 0, 0, 0)];
        module.functions.push(Function { locals: 1, code: main, ..Function::default() });
        module.entry = 1;
        module.modules[0].function = 1;
        match verify::register(module) {
            Ok(_) => prop_assert!(!expected, "accepted"),
            Err(error) => prop_assert!(expected && matches!(error.problem, Problem::Undefined { .. }), "{}", error),
        }
    }

    #[test]
    fn depths_agree(mut code in vec(stack_instruction(), LENGTH - 3), handlers in handlers()) {
        code.extend([S::Nop, S::Nop].map(|op| StackInstruction::new(op, 0)));
        code.push(StackInstruction::new(S::Loop, LENGTH as u32 - 1));
        let function = Function::<Stack> { locals: 2, code, handlers, local_names: vec![0; 2], ..Function::default() };
        let expected = deepest(&function);
        let module: StackCode = with_tables(function);
        match verify::stack(module) {
            Ok(verified) => prop_assert_eq!(Some(verified.frame_size(0)), expected.map(|depth| depth + 2)),
            Err(error) => prop_assert!(expected.is_none(), "{}", error),
        }
    }
}
