//! Hybrid code at its two ends: with every region converted it is the register machine's code, with none it does what the stack machine
//! does, instruction for instruction. What lies between is compared in `agree.rs`.

use std::collections::BTreeMap;

use converter::Hybrid;
use converter::regions::regions;
use engine::hybrid::{Policy, convert};
use engine::workloads::{Size, workloads};
use engine::{Compiled, Configuration, Source, find_executor};
use isa::{RegisterOp, StackOp};
use optimizer::{Level, Options};
use runtime::RunOptions;

fn programs() -> impl Iterator<Item = (&'static str, Compiled, &'static str)> {
    workloads().iter().map(|workload| {
        let compiled = Compiled::new(&Source::text(&workload.file, workload.source())).unwrap();
        (workload.name.as_str(), compiled, workload.argument(Size::Small))
    })
}

/// Without optimization: code in which two instructions are joined to one is taken apart again in islands.
fn plain(vm: &str) -> Configuration {
    Configuration { optimizer: Options::of(Level::None), ..Configuration::of(vm).unwrap() }
}

fn by_policy(policy: Policy) -> Configuration {
    Configuration { policy, check: true, ..plain("hybrid") }
}

#[test]
fn all_regions_converted_are_register_code() {
    for (name, compiled, _) in programs() {
        let code = compiled.stack_code().unwrap();
        for registers in [256, 8] {
            let configuration = Configuration { registers, ..by_policy(Policy::All) };
            let (hybrid, _) = convert(code, &configuration).unwrap();
            let (register, _) = converter::convert(code, configuration.converter_options()).unwrap();
            assert_eq!(*hybrid.code, *register, "{name}");
            assert!(hybrid.islands.iter().all(Vec::is_empty), "{name}");
        }
    }
}

#[test]
fn regions_hold_every_reachable_instruction_once() {
    let mut borders = 0;
    for (name, compiled, _) in programs() {
        for function in &compiled.stack_code().unwrap().functions {
            let mut times = vec![0; function.code.len()];
            let regions = regions(function);
            for region in &regions {
                region.instructions().for_each(|pc| times[pc as usize] += 1);
            }
            assert!(times.iter().all(|&times| times <= 1), "{name}");
            assert_eq!(times[0], 1, "{name}");
            borders += regions.len() - 1;
        }
    }
    assert!(borders > 1000, "{borders}: functions are hardly cut at all");
}

/// How often each operation ran, by the stack operation whose meaning it has; and separately what hybrid code has more of.
fn executed(
    vm: &str,
    compiled: &Compiled,
    argument: &str,
) -> (BTreeMap<&'static str, u64>, BTreeMap<&'static str, u64>) {
    let configuration = Configuration { vm: find_executor(vm).unwrap().name(), ..by_policy(Policy::None) };
    let prepared = find_executor(vm).unwrap().prepare(compiled, &configuration).unwrap();
    let arguments = vec![argument.to_string()];
    let outcome = prepared.count(RunOptions { arguments, ..configuration.run_options() });
    let (mut counts, mut added) = (BTreeMap::new(), BTreeMap::new());
    for (name, count) in outcome.instructions.unwrap().by_operation {
        let meaning = match (StackOp::from_mnemonic(name), RegisterOp::from_mnemonic(name)) {
            // A copy is a push like another, and taking the top away leaves an instruction that does nothing.
            (Some(StackOp::Dup), _) => StackOp::LoadLocal,
            (Some(StackOp::Pop), _) => StackOp::Nop,
            (Some(op), _) => op,
            // What may be read before it is set begins unset by an instruction; on the stack machine each call does that.
            (_, Some(op)) if op == RegisterOp::LoadUnset || Hybrid::stack_operation(op).is_none() => {
                *added.entry(name).or_default() += count;
                continue;
            }
            (_, Some(op)) => op.facts().stack,
            _ => panic!("{name} is an operation of neither form"),
        };
        *counts.entry(meaning.facts().mnemonic).or_default() += count;
    }
    (counts, added)
}

#[test]
fn islands_run_what_the_stack_machine_runs() {
    for (name, compiled, argument) in programs() {
        let (stack, _) = executed("stack", &compiled, argument);
        let (mut hybrid, added) = executed("hybrid", &compiled, argument);
        let of = |counts: &BTreeMap<&str, u64>, mnemonic: &str| counts.get(mnemonic).copied().unwrap_or(0);
        // A counted loop is entered by way of an instruction that sets the counter, and a call of a value moves its result down by one.
        let (entered, called) = (of(&stack, "FOR_PREPARE"), of(&stack, "CALL_TOP"));
        let jumps = of(&hybrid, "JUMP") - of(&stack, "JUMP");
        assert!(jumps <= entered, "{name}: {jumps} jumps more at {entered} loops");
        assert!(of(&added, "MOV_REG") <= entered + called, "{name}: {added:?}");
        assert!(of(&added, "SET_CAPTURE") == 0 || of(&stack, "MAKE_FUNCTION") > 0, "{name}: {added:?}");
        match stack.get("JUMP") {
            Some(&jumps) => hybrid.insert("JUMP", jumps),
            None => hybrid.remove("JUMP"),
        };
        assert_eq!(stack, hybrid, "{name}");
    }
}
