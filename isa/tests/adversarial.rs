//! Code made to keep a verifier busy: it must come to an end as fast as for any code of that length, on little native stack.
//!
//! No time is asserted, but none of these would end today if some step took time quadratic in the code. Times are printed:
//! `cargo test --release -p isa --test adversarial -- --nocapture`.

use std::time::Instant;

use isa::module::{Capture, CaptureSource, Handler, Source};
use isa::register::RegisterOp as R;
use isa::stack::StackOp as S;
use isa::verify::{self, VerifyError};
use isa::{
    Constant, Form, Function, Module, RegCode, Register, RegisterInstruction, Stack, StackCode, StackInstruction,
    binary,
};

/// A module with one function after an entry that does nothing.
fn module<F: Form>(entry: Vec<F::Instruction>, function: Function<F>) -> Module<F> {
    Module {
        names: vec!["f".into()],
        constants: vec![Constant::Null],
        sources: vec![Source::default()],
        functions: vec![Function { locals: 1, local_names: vec![], code: entry, ..Function::default() }, function],
        ..Module::default()
    }
}

fn stack(function: Function<Stack>) -> StackCode {
    let code = vec![StackInstruction::new(S::LoadConst, 0), StackInstruction::new(S::Return, 0)];
    let mut module = module(code, function);
    module.functions[0].local_names = vec![0];
    module
}

fn register(function: Function<Register>) -> RegCode {
    module(vec![RegisterInstruction::wide(R::LoadReg, 0, 0), RegisterInstruction::new(R::ReturnReg, 0, 0, 0)], function)
}

/// Verifies on a small native stack.
fn timed<T: Send>(what: &str, verify: impl FnOnce() -> Result<T, VerifyError> + Send) -> Result<T, VerifyError> {
    std::thread::scope(|scope| {
        let start = Instant::now();
        let thread = std::thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, verify);
        let result = thread.expect("a thread can be started").join().expect("the verifier does not panic");
        println!("{what}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
        result
    })
}

const LONG: u32 = 100_000;

#[test]
fn deep_branch_nests() {
    let i = StackInstruction::new;
    // Every second instruction branches over all that is left.
    let mut code: Vec<_> = (0..LONG / 2).flat_map(|_| [i(S::LoadConst, 0), i(S::JumpIfFalse, LONG)]).collect();
    code.extend([i(S::LoadConst, 0), i(S::Return, 0)]);
    let function = Function { code, ..Function::default() };
    timed("branch nest", || verify::stack(stack(function))).unwrap();

    // Loops in loops in loops.
    let depth = LONG / 2;
    let mut code: Vec<_> = (0..depth).map(|_| i(S::Nop, 0)).collect();
    for level in (0..depth).rev() {
        code.extend([i(S::LoadConst, 0), i(S::LoopIfTrue, level)]);
    }
    code.extend([i(S::LoadConst, 0), i(S::Return, 0)]);
    let function = Function { code, ..Function::default() };
    timed("loop nest", || verify::stack(stack(function))).unwrap();
}

#[test]
fn deep_handler_nests() {
    let handlers: Vec<_> = (0..LONG / 2)
        .rev()
        .map(|depth| Handler { start: depth, end: LONG - depth, target: LONG + 1, landing: 0, is_cleanup: false })
        .collect();
    let mut code = vec![StackInstruction::new(S::Nop, 0); LONG as usize];
    code.extend([StackInstruction::new(S::LoadConst, 0), StackInstruction::new(S::Return, 0)]);
    let function = Function { code, handlers: handlers.clone(), ..Function::default() };
    timed("handler nest, stack form", || verify::stack(stack(function))).unwrap();

    let mut code = vec![RegisterInstruction::new(R::NopReg, 0, 0, 0); LONG as usize];
    code.extend([RegisterInstruction::wide(R::LoadReg, 0, 0), RegisterInstruction::new(R::ReturnReg, 0, 0, 0)]);
    let function = Function { code, handlers, locals: 1, ..Function::default() };
    timed("handler nest, register form", || verify::register(register(function))).unwrap();
}

#[test]
fn many_locals_and_functions() {
    let mut module = stack(Function::default());
    module.functions[1] = module.functions[0].clone();
    module.functions[1].locals = 10_000;
    module.functions[1].local_names = vec![0; 10_000];
    for _ in 0..1000 {
        let function = module.functions[0].clone();
        module.functions.push(function);
    }
    timed("many functions", || verify::stack(module)).unwrap();
}

#[test]
fn a_function_made_again_and_again() {
    let captures = vec![Capture { name: 0, from: CaptureSource::Local(0), is_cell: false }; 60_000];
    let mut code = vec![];
    for _ in 0..LONG {
        code.extend([StackInstruction::new(S::MakeFunction, 0), StackInstruction::new(S::Pop, 0)]);
    }
    code.extend([StackInstruction::new(S::LoadConst, 0), StackInstruction::new(S::Return, 0)]);
    let mut module = stack(Function { code, locals: 1, local_names: vec![0], ..Function::default() });
    module.functions[0].captures = captures;
    module.entry = 1;
    timed("closures", || verify::stack(module)).unwrap();
}

/// Every block reads a register of its own, and all are written at the start.
fn wide_flow(registers: u16, blocks: u32) -> Function<Register> {
    let mut code: Vec<_> = (0..registers).map(|register| RegisterInstruction::wide(R::LoadReg, register, 0)).collect();
    for block in 0..blocks {
        code.push(RegisterInstruction::new(R::JumpEqInt, (block % u32::from(registers)) as u16, 0, 1));
    }
    code.push(RegisterInstruction::new(R::ReturnReg, 0, 0, 0));
    Function { code, locals: u32::from(registers), ..Function::default() }
}

#[test]
fn many_registers_in_many_blocks() {
    timed("10,000 registers, 10,000 blocks", || verify::register(register(wide_flow(10_000, 10_000)))).unwrap();
    timed("65,535 registers, 100,000 blocks", || verify::register(register(wide_flow(65_535, LONG)))).unwrap();
}

/// A chain in which each block goes forward and back by one, and each loses another register: what is lost travels back step by step,
/// through every block for every register. Registers are read ahead of the chain, so that all take part and nothing is wrong.
#[test]
fn losses_travel_back_through_a_chain() {
    let registers = 5_000_u16;
    let mut function = wide_flow(registers, 5_000);
    function.code.pop();
    for register in 1..registers {
        function.code.push(RegisterInstruction::new(R::ImportReg, 0, 0, register));
        let back = if register == 1 { 1 } else { -3_i16 as u16 };
        function.code.push(RegisterInstruction::new(R::JumpEqInt, 0, 0, back));
    }
    function.code.push(RegisterInstruction::new(R::ReturnReg, 0, 0, 0));
    let mut module = register(function);
    module.modules = vec![isa::module::ModuleDefinition::default()];
    timed("losses", || verify::register(module)).unwrap();
}

#[test]
fn windows_over_and_over() {
    let mut code: Vec<_> = (0..300).map(|register| RegisterInstruction::wide(R::LoadReg, register, 0)).collect();
    // Blocks of one print each: every read of every window comes from another block.
    for _ in 0..20_000 {
        code.push(RegisterInstruction::new(R::PrintReg, 0, 0, 100));
        code.push(RegisterInstruction::new(R::JumpEqInt, 0, 0, 1));
    }
    code.push(RegisterInstruction::new(R::ReturnReg, 0, 0, 0));
    let function = Function { code, locals: 300, ..Function::default() };
    timed("windows", || verify::register(register(function))).unwrap();
}

#[test]
fn files_of_nothing_but_counts() {
    // Each byte of the payload is the count of an empty table or the smallest entry, so memory is at its worst.
    let mut bytes = binary::write(&stack(Function::default()));
    bytes.truncate(24);
    bytes.extend([0, 0, 0, 0xff, 0xff, 0x3f]);
    bytes.resize(bytes.len() + (0x3f << 14 | 0x3fff), 0);
    binary::seal(&mut bytes);
    assert!(binary::read(&bytes).is_err());
}
