//! The classic patterns: code made for one pass, and by how much it gets shorter.

use engine::MachineMeaning;
use optimizer::optimize;

use super::{assemble, sequence};

/// By what part of its instructions the function `<main>` is shorter after these passes.
fn saved(passes: &[&str], code: &str) -> f64 {
    let before = assemble(&format!(".function <main> locals 3\n.locals x y z\n{code}"));
    let (after, _) = optimize(&before, &sequence(passes), &mut MachineMeaning::default());
    let after = isa::verify::stack(after).unwrap();
    let length = |module: &isa::StackCode| module.functions[0].code.len() as f64;
    1.0 - length(&after) / length(&before)
}

#[test]
fn constant_arithmetic_is_half_as_long() {
    let code = "LOAD_CONST 6\n LOAD_CONST 7\n MUL\n RETURN";
    assert!(saved(&["fold"], code) >= 0.5);
}

#[test]
fn nested_constants_are_seventy_percent_shorter() {
    let code =
        "LOAD_CONST 1\n LOAD_CONST 2\n ADD\n LOAD_CONST 3\n MUL\n LOAD_CONST 4\n LOAD_CONST 5\n SUB\n ADD\n RETURN";
    assert!(saved(&["fold"], code) >= 0.7);
}

#[test]
fn dead_code_is_half_of_it() {
    let code = "LOAD_CONST 1\n RETURN\n LOAD_CONST 2\n RETURN";
    assert!(saved(&["dead"], code) >= 0.5);
    let stores = "LOAD_CONST 1\n STORE_LOCAL x\n LOAD_CONST 2\n RETURN";
    assert!(saved(&["dead"], stores) >= 0.5);
}

#[test]
fn loads_that_are_popped_are_two_thirds_of_it() {
    let code = "LOAD_LOCAL x\n POP\n LOAD_LOCAL y\n POP\n LOAD_LOCAL z\n RETURN";
    assert!(saved(&["peephole"], code) >= 0.66);
    assert!(saved(&["dead"], code) >= 0.66);
}

#[test]
fn chains_of_jumps_are_forty_percent_shorter() {
    let code = "LOAD_LOCAL x\n JUMP_IF_FALSE first\n LOAD_LOCAL y\n STORE_LOCAL z\n JUMP last\n first: JUMP second\n second: JUMP third\n \
                third: JUMP last\n last: LOAD_LOCAL z\n RETURN";
    assert!(saved(&["thread", "dead"], code) >= 0.4);
}
