//! The checker takes what the converter writes, and refuses it with any fault planted in it that the verifier lets through.

mod edit;
mod faults;

use converter::{Options, Unfaithful, check, convert};
use isa::module::{CaptureSource, Module};
use isa::{Constant, RegCode, StackCode, Verified};

use edit::Code;
use faults::FAULTS;

/// Stack code of a program.
fn compile(text: &str) -> Verified<StackCode> {
    let arena = bumpalo::Bump::new();
    let analysis = lang::analyze(&arena, "everything.zx", text.as_bytes(), &lang::NoLoader).unwrap();
    isa::verify::stack(lang::compile(&analysis).unwrap()).unwrap()
}

/// The program with its conversions for so few registers that much is spilled, for some, and for many.
fn everything() -> (Verified<StackCode>, Vec<Verified<RegCode>>) {
    let stack = compile(include_str!("everything.zx"));
    let convert = |registers| convert(&stack, Options { registers, check: true, ..Options::default() }).unwrap().0;
    let converted = [8, 10, 16, 256].map(convert).into();
    (stack, converted)
}

/// The function with other code in it.
fn with_function(code: &RegCode, index: usize, function: Code) -> RegCode {
    let mut code = code.clone();
    code.functions[index] = function;
    code
}

/// What became of the places where a fault was planted.
#[derive(Default)]
struct Catch {
    caught: usize,
    refused: usize,
    missed: Vec<String>,
}

fn hunt(stack: &Verified<StackCode>, originals: &[Verified<RegCode>], plant: fn(&mut Code, usize) -> bool) -> Catch {
    let mut catch = Catch::default();
    for original in originals {
        for (index, function) in original.functions.iter().enumerate() {
            for pc in 0..function.code.len() {
                let mut faulty = function.clone();
                if !plant(&mut faulty, pc) {
                    continue;
                }
                let (old, new) = (function.code[pc], faulty.code.get(pc).copied());
                match isa::verify::register(with_function(original, index, faulty)) {
                    Err(_) => catch.refused += 1,
                    Ok(faulty) if check(stack, &faulty).is_err() => catch.caught += 1,
                    Ok(_) => {
                        let name = original.name(function.name);
                        catch.missed.push(format!("{name} at {pc}: {old:?}, now {new:?}"));
                    }
                }
            }
        }
    }
    catch
}

#[test]
fn planted_faults_are_caught() {
    let (stack, originals) = everything();
    let mut missed = Vec::new();
    println!("{:<46} {:>6} of {:<6} {:>10}", "fault", "caught", "all", "unverified");
    for &(name, plant) in FAULTS {
        let catch = hunt(&stack, &originals, plant);
        let verified = catch.caught + catch.missed.len();
        println!("{name:<46} {:>6} of {verified:<6} {:>10}", catch.caught, catch.refused);
        if verified == 0 {
            missed.push(format!("{name}: the verifier refuses them all"));
        }
        missed.extend(catch.missed.into_iter().map(|place| format!("{name}: {place}")));
    }
    assert!(missed.is_empty(), "{} are not caught\n{}", missed.len(), missed.join("\n"));
}
