//! Speed of the verifiers, of files and of the text form, on large made-up programs.
//!
//! Nothing is asserted about time. Run with
//! `cargo test --release -p isa --test speed -- --ignored --nocapture`.

use std::time::Instant;

use isa::binary::{self, BinaryForm};
use isa::module::{Function, Source};
use isa::register::RegisterOp as R;
use isa::stack::StackOp as S;
use isa::text::{self, TextForm};
use isa::{Constant, Form, Module, RegCode, RegisterInstruction, StackCode, StackInstruction, verify};

fn tables<F: Form>() -> Module<F> {
    Module {
        constants: vec![Constant::Int(1), Constant::Int(2)],
        names: vec!["f".into(), "x".into()],
        sources: vec![Source::default()],
        ..Module::default()
    }
}

/// Functions of loops, branches, arithmetic and calls, about as a compiler makes them.
fn stack_program(functions: u32) -> StackCode {
    let mut module = tables();
    for _ in 0..functions {
        let mut code = Vec::new();
        for _ in 0..200 {
            let start = code.len() as u32;
            let i = StackInstruction::new;
            code.extend([
                i(S::LoadLocal, 0),
                i(S::LoadConst, 0),
                i(S::Lt, 0),
                i(S::JumpIfFalse, start + 12),
                i(S::LoadLocal, 1),
                i(S::LoadLocal, 2),
                i(S::Add, 0),
                i(S::StoreLocal, 1),
                StackInstruction::call(S::CallFuncConst, 0, 0),
                i(S::StoreLocal, 3),
                i(S::Loop, start),
                i(S::Nop, 0),
                i(S::LoadConst, 1),
                i(S::StoreLocal, 2),
            ]);
        }
        code.extend([StackInstruction::new(S::LoadConst, 0), StackInstruction::new(S::Return, 0)]);
        module.functions.push(Function { locals: 4, local_names: vec![1; 4], code, ..Function::default() });
    }
    module
}

fn register_program(functions: u32) -> RegCode {
    let mut module = tables();
    for _ in 0..functions {
        let mut code: Vec<_> = (0..4).map(|r| RegisterInstruction::wide(R::LoadReg, r, 0)).collect();
        for _ in 0..200 {
            code.extend([
                RegisterInstruction::new(R::JumpNotLt, 0, 1, 5),
                RegisterInstruction::new(R::AddReg, 1, 1, 2),
                RegisterInstruction::new(R::CallFuncConstReg, 4, 0, 0),
                RegisterInstruction::new(R::MovReg, 3, 4, 0),
                RegisterInstruction::wide(R::LoopReg, 0, -4_i32 as u32),
                RegisterInstruction::wide(R::LoadReg, 2, 1),
            ]);
        }
        code.push(RegisterInstruction::new(R::ReturnReg, 0, 0, 0));
        module.functions.push(Function { locals: 8, code, ..Function::default() });
    }
    module
}

fn report(what: &str, instructions: usize, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let seconds = start.elapsed().as_secs_f64();
    println!("{what}: {:.1} million instructions/s", instructions as f64 / seconds / 1e6);
}

fn instructions<F: Form>(module: &Module<F>) -> usize {
    module.functions.iter().map(|function| function.code.len()).sum()
}

fn files<F: BinaryForm + TextForm>(form: &str, module: &Module<F>) {
    let instructions = instructions(module);
    let mut bytes = Vec::new();
    report(&format!("write {form} file"), instructions, || bytes = binary::write(module));
    report(&format!("read {form} file, {} bytes", bytes.len()), instructions, || drop(binary::read(&bytes).unwrap()));
    let mut printed = String::new();
    report(&format!("print {form} text"), instructions, || printed = text::print(module));
    report(&format!("parse {form} text"), instructions, || drop(text::parse(&printed).unwrap()));
}

#[test]
#[ignore = "measures, asserts nothing"]
fn speed() {
    for _ in 0..3 {
        let module = stack_program(1000);
        files("stack", &module);
        report("verify stack", instructions(&module), || drop(verify::stack(module).unwrap()));
        let module = register_program(1000);
        files("register", &module);
        report("verify register", instructions(&module), || drop(verify::register(module).unwrap()));
    }
}
