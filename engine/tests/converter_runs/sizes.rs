//! Code of sizes that no person writes, but that programs write.

use converter::large::{
    DIGITS, branches_over_locals, deep_stack, else_ifs, handlers_in_a_row, handlers_nested, long_loops, loops_in_a_row,
    loops_over_locals, many_locals, module, nested_branches, nested_calls, nested_loops, nested_whiles, op, straight,
    wide_print, wide_window,
};
use converter::{ConvertError, Options, convert};
use isa::module::Source;
use isa::stack::{StackInstruction as Instruction, StackOp as Op};
use isa::{Constant, StackCode};

use crate::runner::{How, compare, verify};

#[track_caller]
fn shows(module: StackCode, registers: &[u16], expected: &str) {
    let code = verify(module).unwrap();
    let how = How { fuel: 10_000_000, max_heap: 1 << 30, ..How::default() };
    let shown = compare(&code, registers, how).unwrap_or_else(|difference| {
        panic!("{}", difference.chars().take(5000).collect::<String>());
    });
    let shown = shown.to_string();
    let difference = shown.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
    let around =
        |text: &str| text[difference.saturating_sub(50).min(text.len())..(difference + 50).min(text.len())].to_string();
    assert!(shown == expected, "…{}… should be …{}…", around(&shown), around(expected));
}

fn list(values: impl Iterator<Item = i64>) -> String {
    format!("list [{}]", values.map(|value| value.to_string()).collect::<Vec<_>>().join(", "))
}

fn many_locals_expected(count: u32) -> String {
    let mut locals: Vec<i64> = (0..count).map(|local| i64::from(local) % DIGITS).collect();
    for local in 0..count as usize {
        locals[local] = (locals[local] + locals[(local + 7) % count as usize]) % 9;
    }
    list((0..count).map(|local| locals[(local * 3 % count) as usize]))
}

#[test]
fn three_hundred_locals() {
    shows(many_locals(300), &[8, 9, 16, 64, 255, 256, 257, 300, 1000, u16::MAX], &many_locals_expected(300));
}

#[test]
fn ten_thousand_locals() {
    shows(many_locals(10_000), &[8, 256, 20_000], &many_locals_expected(10_000));
}

fn deep_stack_expected(depth: u32) -> String {
    let mut local = 1;
    let mut stack: Vec<i64> = Vec::new();
    for level in 0..depth {
        let digit = i64::from(level % 10);
        match level % 5 {
            0 => stack.push(local),
            1 => stack.extend(stack.last().copied()),
            2 => stack.push(2 + digit),
            3 => stack.push(if level % 7 != 0 { 3 } else { 4 }),
            _ => stack.push(digit),
        }
        if level % 3 == 0 {
            local = digit;
        }
    }
    for level in 1..depth {
        let (right, left) = (stack.pop().unwrap(), stack.pop().unwrap());
        stack.push(if level % 2 == 0 { left + right } else { left - right });
    }
    format!("integer {}", stack[0])
}

#[test]
fn deep_operand_stacks() {
    shows(deep_stack(500), &[8, 9, 16, 256, 1000], &deep_stack_expected(500));
    shows(deep_stack(5000), &[8, 256], &deep_stack_expected(5000));
}

fn straight_expected(length: u32) -> String {
    let (mut a, mut b) = (1_i64, 2);
    for round in 0..length / 12 {
        (a, b) = (b, (a - b + i64::from(round % 10)).rem_euclid(9));
    }
    list([a, b].into_iter())
}

#[test]
fn a_block_of_a_hundred_thousand_instructions() {
    shows(straight(100_000), &[8, 256], &straight_expected(100_000));
}

fn nested_branches_expected(depth: u32) -> String {
    let mut value = 0_i64;
    for level in 0..depth {
        if value % 9 == 8 {
            value += 5;
            break;
        }
        value += 1 + i64::from(level % 2);
    }
    format!("integer {value}")
}

#[test]
fn branches_nested_five_thousand_deep() {
    shows(nested_branches(5000), &[8, 256], &nested_branches_expected(5000));
}

#[test]
fn calls_nested_deep() {
    let expected: i64 = (0..2000).map(|level| level % 10 - 3).sum();
    shows(nested_calls(2000), &[8, 256, 10_000], &format!("integer {expected}"));
}

fn long_loops_expected(length: u32) -> String {
    // Four and two rounds counted, four, three and two tested, three of six jumps not taken.
    format!("integer {}", i64::from(length / 4) * (4 + 2 + 4 + 3 + 2 + 3))
}

#[test]
fn functions_longer_than_fused_branches_reach() {
    // Just where long branches begin, and far beyond.
    for length in [10_000, 11_600, 12_000, 130_000, 200_000] {
        shows(long_loops(length), &[8, 256], &long_loops_expected(length));
    }
}

#[test]
fn constants_beyond_the_reach_of_a_lane() {
    let mut module = module(4, Vec::new());
    let constants = &mut module.constants;
    constants.extend((0..70_000_i64).map(|value| Constant::Int(1_000_000 + value)));
    let [far, text, half, null, one, five] = [70_009, 70_010, 70_011, 70_012, 70_013, 70_014];
    constants.extend([
        Constant::String("far".into()),
        Constant::Float(0.5),
        Constant::Null,
        Constant::Int(1),
        Constant::Int(5),
    ]);
    constants.push(Constant::Int(i64::MAX));
    let mut code = vec![op(Op::LoadConst, 7), op(Op::StoreLocal, 0)];
    let mut printed = Vec::new();
    let seven = 7_i64;
    let far_value = 1_069_999;
    for (operation, swapped, expected) in [
        (Op::Add, false, seven + far_value),
        (Op::Add, true, seven + far_value),
        (Op::Sub, false, seven - far_value),
        (Op::Sub, true, far_value - seven),
        (Op::Mul, false, seven * far_value),
        (Op::Mul, true, seven * far_value),
        (Op::Div, false, 0),
        (Op::Div, true, far_value / seven),
        (Op::Mod, false, seven),
        (Op::Mod, true, far_value % seven),
    ] {
        let operands = [op(Op::LoadLocal, 0), op(Op::LoadConst, far)];
        code.extend(if swapped { [operands[1], operands[0]] } else { operands });
        code.extend([op(operation, 0), op(Op::Print, 1)]);
        printed.push(expected.to_string());
    }
    for (operation, swapped, expected) in [
        (Op::Lt, false, true),
        (Op::Lt, true, false),
        (Op::Eq, false, false),
        (Op::Neq, true, true),
        (Op::Gte, true, true),
    ] {
        let operands = [op(Op::LoadLocal, 0), op(Op::LoadConst, far)];
        let operands = if swapped { [operands[1], operands[0]] } else { operands };
        code.extend(operands);
        code.extend([op(operation, 0), op(Op::Print, 1)]);
        printed.push(expected.to_string());
        code.extend(operands);
        let at = code.len() as u32 + 1;
        code.extend([op(operation, 0), op(Op::JumpIfTrue, at + 4), op(Op::LoadConst, 0), op(Op::Print, 1)]);
        code.extend([op(Op::Jump, at + 6), op(Op::LoadConst, 1), op(Op::Print, 1)]);
        printed.push(i32::from(expected).to_string());
    }
    // As arguments, elements, conditions, loop bounds, and as small integers that lie far.
    code.extend([op(Op::LoadConst, far), op(Op::LoadConst, one), op(Op::LoadLocal, 0)]);
    code.push(Instruction::call(Op::CallFuncConst, 1, 3));
    code.push(op(Op::Print, 1));
    printed.push((far_value - 1 + 7).to_string());
    code.extend([op(Op::LoadConst, text), op(Op::LoadConst, half), op(Op::LoadConst, null), op(Op::Print, 3)]);
    printed.push("far 0.5 null".into());
    code.extend([op(Op::LoadLocal, 0), op(Op::LoadConst, one), op(Op::Add, 0), op(Op::Print, 1)]);
    printed.push("8".into());
    code.extend([op(Op::LoadConst, five), op(Op::StoreLocal, 2), op(Op::LoadConst, one), op(Op::StoreLocal, 3)]);
    code.extend([op(Op::LoadConst, one), op(Op::ForPrepare, 1)]);
    let at = code.len() as u32;
    code.extend([op(Op::Loop, at + 2), op(Op::Jump, at + 6), op(Op::LoadLocal, 1), op(Op::Print, 1)]);
    code.extend([op(Op::ForLoop, 1), op(Op::Loop, at + 2)]);
    code[at as usize + 1] = op(Op::Jump, at + 6);
    printed.extend(["1", "2", "3", "4"].map(String::from));
    code.extend([op(Op::LoadConst, five + 1), op(Op::StoreLocal, 2), op(Op::LoadConst, far), op(Op::StoreLocal, 3)]);
    code.extend([
        op(Op::LoadConst, five + 1),
        op(Op::LoadConst, far),
        op(Op::Sub, 0),
        op(Op::LoadConst, one),
        op(Op::Sub, 0),
    ]);
    code.push(op(Op::ForPrepare, 1));
    let at = code.len() as u32;
    code.extend([op(Op::Loop, at + 2), op(Op::Jump, at + 6), op(Op::LoadLocal, 1), op(Op::Print, 1)]);
    code.extend([op(Op::ForLoop, 1), op(Op::Loop, at + 2)]);
    printed.extend([(i64::MAX - far_value - 1).to_string(), (i64::MAX - 1).to_string()]);
    code.extend([op(Op::LoadConst, text), op(Op::Return, 0)]);
    module.functions[0].code = code;
    shows(module, &[8, 256], &format!("{}\nstring far", printed.join("\n")));
}

#[test]
fn many_handlers() {
    shows(handlers_in_a_row(3000), &[8, 256], "integer 1000");
    shows(handlers_nested(1000), &[8, 256], "list [5, 1000]");
}

#[test]
fn wide_windows() {
    for (count, registers) in [(300, &[8, 64, 256, 400][..]), (2000, &[8, 256, 4000][..])] {
        shows(wide_window(count), registers, &list((0..count).map(|local| i64::from((local + 1) % count) % 10)));
    }
}

#[test]
fn many_loops() {
    shows(loops_in_a_row(1000), &[8, 256], "integer 1000");
}

#[test]
fn many_loops_over_many_locals() {
    shows(loops_over_locals(1000), &[8, 256], "integer 6500");
}

#[test]
fn loops_nested_a_hundred_deep() {
    shows(nested_loops(100), &[8, 256], "integer 7");
    shows(nested_whiles(100), &[8, 256], "integer 7");
}

#[test]
fn many_else_ifs() {
    shows(else_ifs(5008), &[8, 256], "integer 7");
}

#[test]
fn wide_prints() {
    let printed: Vec<String> = (0..3000).map(|number| (number % 10).to_string()).collect();
    shows(wide_print(3000), &[8, 256], &format!("{}\ninteger 0", printed.join(" ")));
}

// Errors that are documented.

fn convert_error(module: StackCode, registers: u16) -> String {
    let code = verify(module).unwrap();
    match convert(&code, Options { registers, check: true, ..Options::default() }) {
        Ok(_) => "converts".to_string(),
        Err(error @ ConvertError::Unverified(_)) => panic!("{error}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn too_few_registers() {
    assert_eq!(convert_error(many_locals(3), 7), "a frame needs at least 8 registers, 7 were asked for");
}

#[test]
fn too_many_values_at_once() {
    let message = convert_error(many_locals(70_000), 256);
    assert!(message.starts_with("function '' needs 7"), "{message}");
    assert!(message.ends_with("; divide the function, or run the program with --vm stack"), "{message}");
    let mut code = vec![op(Op::LoadConst, 1); 70_000];
    code.extend([op(Op::BuildList, 70_000), op(Op::Return, 0)]);
    let message = convert_error(module(0, code), 256);
    assert!(message.starts_with("function '' needs 7"), "{message}");
    // Many locals that are not alive at once are fine.
    let mut code = Vec::new();
    for local in 0..70_000 {
        code.extend([op(Op::LoadConst, 5), op(Op::StoreLocal, local), op(Op::LoadLocal, local), op(Op::Pop, 0)]);
    }
    code.extend([op(Op::LoadLocal, 69_999), op(Op::Return, 0)]);
    shows(module(70_000, code), &[8, 256], "integer 5");
}

#[test]
fn names_beyond_the_reach_of_a_lane() {
    let mut module = module(2, Vec::new());
    module.names.extend((0..70_000).map(|name| format!("n{name}").into()));
    let code = [op(Op::BuildMap, 0), op(Op::StoreLocal, 0), op(Op::LoadLocal, 0), op(Op::LoadConst, 5)];
    let far = 66_000;
    module.functions[0].code = [&code[..], &[op(Op::SetAttr, far), op(Op::LoadLocal, 0), op(Op::Return, 0)]].concat();
    let message = convert_error(module.clone(), 256);
    assert!(
        message.starts_with("function '': SET_ATTR_REG names entry 66000 of a table, instructions can name 65535; "),
        "{message}"
    );
    let mut placed = module.clone();
    placed.sources = vec![Source { name: "large.zx".into(), text: "n0 = 5".into() }];
    let message = convert_error(placed, 256);
    assert!(message.starts_with("function '' at large.zx:1:1: SET_ATTR_REG"), "{message}");
    // Where the name lies within reach there is nothing to complain about.
    module.functions[0].code =
        [&code[..], &[op(Op::SetAttr, 65_000), op(Op::LoadLocal, 0), op(Op::Return, 0)]].concat();
    shows(module, &[8, 256], "map {n64999: 5}");
}

#[test]
fn branches_over_many_locals() {
    shows(branches_over_locals(1000), &[8, 256], "integer 0");
}
