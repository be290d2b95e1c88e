//! The converter's checker on the bundled programs: it takes what the converter writes, and nothing that does something else.
//!
//! A *mutant* is converted code with one instruction, handler or line changed at random. What the verifier refuses is no mutant. Most others
//! do something else than the stack code, and the checker must refuse those; but some do the same (a register that nobody reads gets
//! another value, a guarded range ends one move earlier). So a mutant that the checker takes is run, and must show what the program shows:
//! value, output, fuel, state.

use std::collections::BTreeMap;

use converter::{AllocatorKind, Options, check, convert};
use engine::random::Random;
use engine::workloads::{Workload, workloads};
use engine::{Capture, Compiled, Source};
use isa::{Lane, RegCode, RegisterInstruction, RegisterOp, Verified};
use runtime::probe::NoProbe;
use runtime::{Limits, RunOptions, Runtime};

/// Register counts at which the bundled programs are converted: as few as can be, to as many as there usually are.
const REGISTERS: [u16; 4] = [8, 10, 16, 256];

fn compiled(workload: &Workload) -> Compiled {
    Compiled::new(&Source::text(&workload.file, workload.source())).unwrap()
}

#[test]
fn conversions_of_the_bundled_programs_are_faithful() {
    for workload in workloads() {
        let compiled = compiled(workload);
        for &allocator in AllocatorKind::ALL {
            for registers in REGISTERS {
                let options = Options { registers, allocator, check: true, ..Options::default() };
                convert(compiled.stack_code().unwrap(), options)
                    .unwrap_or_else(|error| panic!("{} at {registers} registers: {error}", workload.name));
            }
        }
    }
}

/// What a run shows: value or error, output, fuel left, state and events.
fn run(code: &Verified<RegCode>, workload: &Workload) -> (String, Vec<u8>, u64, String) {
    let linked = vm_register::Linked::new(code).unwrap();
    let capture = Capture::new();
    let mut runtime = Runtime::new(
        linked.program().clone(),
        RunOptions {
            limits: Limits { fuel: Some(1 << 40), ..Limits::default() },
            arguments: vec![workload.small.clone()],
            output: capture.writer(),
            ledger: Some(Box::new(ledger::Chain::in_memory())),
            ..RunOptions::default()
        },
    );
    let result = match vm_register::execute(&linked, &mut runtime, &mut NoProbe) {
        Ok(value) => runtime.format(value),
        Err(fault) => format!("{:?}: {} {:?}", fault.kind, fault.message, fault.origin),
    };
    runtime.output.flush().unwrap();
    runtime.abandon_transactions(None);
    let ledger = format!("{:?} {:?}", runtime.ledger.state_root(), runtime.ledger.events());
    (result, capture.take(), runtime.fuel, ledger)
}

/// Another number near it, or anywhere in a small range.
fn other(random: &mut Random, number: u16) -> u16 {
    match random.below(4) {
        0 => number.wrapping_add(1),
        1 => number.wrapping_sub(1),
        _ => random.below(24) as u16,
    }
}

/// Changes one thing in the code and says what kind of change it was.
fn mutate(random: &mut Random, code: &mut RegCode) -> &'static str {
    let own = |function: &&mut isa::Function<isa::Register>| !function.code.is_empty();
    let mut functions: Vec<_> = code.functions.iter_mut().filter(own).collect();
    let chosen = random.below(functions.len());
    let function = &mut functions[chosen];
    let length = function.code.len();
    let pc = random.below(length);
    let instruction = function.code[pc];
    let [mut a, mut b, mut c] = instruction.lanes();
    match random.below(12) {
        kind @ 0..=4 => {
            let lane = [&mut a, &mut b, &mut c].into_iter().nth(kind % 3).unwrap();
            *lane = other(random, *lane);
            function.code[pc] = RegisterInstruction::new(instruction.op(), a, b, c);
            match instruction.op().facts().lanes[kind % 3] {
                Lane::Use | Lane::UseDef => "another register is read",
                Lane::Def => "another register is written",
                Lane::Slot => "another spill slot",
                Lane::Offset | Lane::OffsetWide => "another target",
                Lane::Int | Lane::IntWide | Lane::Constant | Lane::ConstantWide => "another constant",
                Lane::Arguments => "another count",
                Lane::Wide => "another high half",
                lane if format!("{lane:?}").contains("Window") => "another window",
                _ => "another entry of a table",
            }
        }
        5 | 6 => {
            let alike = |op: &&RegisterOp| op.facts().lanes == instruction.op().facts().lanes;
            let alike: Vec<RegisterOp> = RegisterOp::ALL.iter().filter(alike).copied().collect();
            function.code[pc] = RegisterInstruction::new(*random.choose(&alike), a, b, c);
            "another operation"
        }
        7 => {
            function.code[pc] = RegisterInstruction::new(RegisterOp::NopReg, 0, 0, 0);
            "left out"
        }
        8 => {
            let next = (pc + 1).min(length - 1);
            function.code.swap(pc, next);
            "exchanged with the next"
        }
        9 => {
            let next = (pc + 1).min(length - 1);
            function.code[next] = instruction;
            "done twice, the next left out"
        }
        10 if !function.handlers.is_empty() => {
            let handler = random.below(function.handlers.len());
            let handler = &mut function.handlers[handler];
            let step = if random.chance(50) { 1 } else { u32::MAX };
            match random.below(5) {
                0 => handler.start = handler.start.wrapping_add(step),
                1 => handler.end = handler.end.wrapping_add(step),
                2 => handler.target = handler.target.wrapping_add(step),
                3 => handler.landing = handler.landing.wrapping_add(step),
                _ => handler.is_cleanup = !handler.is_cleanup,
            }
            "another handler"
        }
        _ => {
            let line = random.below(function.lines.len());
            function.lines[line].1 += 1;
            "another place in the source"
        }
    }
}

/// Mutants of each program at each of two register counts.
const MUTANTS: u64 = 400;

#[test]
fn mutants_that_the_checker_takes_do_the_same() {
    let mut random = Random::new(7);
    // By kind of change: refused by the verifier, by the checker, taken.
    let mut counts: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for workload in workloads() {
        let compiled = compiled(workload);
        let stack = compiled.stack_code().unwrap();
        for registers in [8, 256] {
            let (original, _) = convert(stack, Options { registers, ..Options::default() }).unwrap();
            let expected = run(&original, workload);
            for _ in 0..MUTANTS {
                let mut code = RegCode::clone(&original);
                let kind = mutate(&mut random, &mut code);
                if code == *original {
                    continue;
                }
                let counts = counts.entry(kind).or_default();
                let Ok(mutant) = isa::verify::register(code) else {
                    counts[0] += 1;
                    continue;
                };
                match check(stack, &mutant) {
                    Err(_) => counts[1] += 1,
                    Ok(()) => {
                        counts[2] += 1;
                        let shown = run(&mutant, workload);
                        assert_eq!(shown, expected, "{} at {registers} registers: {kind}", workload.name);
                    }
                }
            }
        }
    }
    println!("{:<32} {:>10} {:>10} {:>10}", "change", "unverified", "caught", "the same");
    for (kind, [unverified, caught, same]) in &counts {
        println!("{kind:<32} {unverified:>10} {caught:>10} {same:>10}");
    }
    let sums = counts.values().fold([0, 0, 0], |sums: [u64; 3], counts| [0, 1, 2].map(|at| sums[at] + counts[at]));
    println!("{:<32} {:>10} {:>10} {:>10}", "all", sums[0], sums[1], sums[2]);
    // Mutation that hardly ever makes verified code, or code that is hardly ever wrong, tests nothing.
    assert!(sums[1] > sums[2] * 2 && sums[1] > 2000, "{counts:?}");
}
