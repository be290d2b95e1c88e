//! Code of sizes that no person writes, but that programs write: what conversion has to be linear on.
//!
//! Tests run what it is converted to, and a bench measures how fast that goes.

use isa::module::{Function, Handler, Source};
use isa::stack::{StackInstruction as Instruction, StackOp as Op};
use isa::{Constant, StackCode};

/// Constants 0 to 9 of each module are these integers.
pub const DIGITS: i64 = 10;

/// A kind of large code.
#[derive(Clone, Copy, Debug)]
pub struct Large {
    /// What it is.
    pub name: &'static str,
    /// Makes some that is about so large.
    pub make: fn(u32) -> StackCode,
    /// A size that makes some ten thousand instructions.
    pub size: u32,
}

/// All kinds.
pub const ALL: &[Large] = &[
    Large { name: "many locals", make: many_locals, size: 1000 },
    Large { name: "deep stack", make: deep_stack, size: 1000 },
    Large { name: "straight", make: straight, size: 10_000 },
    Large { name: "nested branches", make: nested_branches, size: 700 },
    Large { name: "nested calls", make: nested_calls, size: 3000 },
    Large { name: "long loops", make: long_loops, size: 1000 },
    Large { name: "handlers in a row", make: handlers_in_a_row, size: 1000 },
    Large { name: "handlers nested", make: handlers_nested, size: 1000 },
    Large { name: "wide window", make: wide_window, size: 3000 },
    Large { name: "branches over locals", make: branches_over_locals, size: 1000 },
    Large { name: "loops in a row", make: loops_in_a_row, size: 1000 },
    Large { name: "loops over locals", make: loops_over_locals, size: 500 },
    Large { name: "nested loops", make: nested_loops, size: 1000 },
    Large { name: "nested whiles", make: nested_whiles, size: 1000 },
    Large { name: "else-ifs", make: else_ifs, size: 1500 },
    Large { name: "wide print", make: wide_print, size: 3000 },
];

/// A module whose main function has so many locals and this code; function 1 takes three arguments `a b c` and gives `a - b + c`.
pub fn module(locals: u32, code: Vec<Instruction>) -> StackCode {
    with_handlers(locals, code, Vec::new())
}

fn with_handlers(locals: u32, code: Vec<Instruction>, handlers: Vec<Handler>) -> StackCode {
    let main = Function { locals, local_names: vec![0; locals as usize], code, handlers, ..Function::default() };
    let three = Function {
        parameters: 3,
        locals: 3,
        local_names: vec![0; 3],
        code: vec![
            op(Op::LoadLocal, 0),
            op(Op::LoadLocal, 1),
            op(Op::Sub, 0),
            op(Op::LoadLocal, 2),
            op(Op::Add, 0),
            op(Op::Return, 0),
        ],
        ..Function::default()
    };
    StackCode {
        constants: (0..DIGITS).map(Constant::Int).collect(),
        names: vec!["".into()],
        functions: vec![main, three],
        sources: vec![Source::default()],
        ..StackCode::default()
    }
}

/// An instruction.
pub fn op(op: Op, operand: u32) -> Instruction {
    Instruction::new(op, operand)
}

/// Locals that are all alive from where they are set, in order, to where they are read, in another order.
pub fn many_locals(count: u32) -> StackCode {
    let mut code = Vec::new();
    for local in 0..count {
        code.push(op(Op::LoadConst, local % DIGITS as u32));
        code.push(op(Op::StoreLocal, local));
    }
    // Some are changed by way of others.
    for local in 0..count {
        code.push(op(Op::LoadLocal, local));
        code.push(op(Op::LoadLocal, (local + 7) % count));
        code.push(op(Op::Add, 0));
        code.push(op(Op::LoadConst, 9));
        code.push(op(Op::Mod, 0));
        code.push(op(Op::StoreLocal, local));
    }
    // Read in pieces: a list of all at once would need a window of all.
    code.push(op(Op::BuildList, 0));
    for local in 0..count {
        code.push(op(Op::LoadLocal, local * 3 % count));
        code.push(op(Op::ListAppend, 1));
    }
    code.push(op(Op::Return, 0));
    module(count, code)
}

/// Pushes so many values, with a call and a branch in between, and takes them down one by one.
pub fn deep_stack(depth: u32) -> StackCode {
    let mut code = Vec::new();
    code.push(op(Op::LoadConst, 1));
    code.push(op(Op::StoreLocal, 0));
    for level in 0..depth {
        match level % 5 {
            0 => code.push(op(Op::LoadLocal, 0)),
            1 => code.push(op(Op::Dup, 0)),
            2 => {
                code.extend([op(Op::LoadConst, 7), op(Op::LoadConst, 5), op(Op::LoadConst, level % 10)]);
                code.push(Instruction::call(Op::CallFuncConst, 1, 3));
            }
            3 => {
                let at = code.len() as u32;
                code.extend([
                    op(Op::LoadConst, level % 7),
                    op(Op::JumpIfFalse, at + 4),
                    op(Op::LoadConst, 3),
                    op(Op::Jump, at + 5),
                    op(Op::LoadConst, 4),
                ]);
            }
            _ => code.push(op(Op::LoadConst, level % 10)),
        }
        if level % 3 == 0 {
            code.extend([op(Op::LoadConst, level % 10), op(Op::StoreLocal, 0)]);
        }
    }
    for level in 1..depth {
        code.push(op(if level % 2 == 0 { Op::Add } else { Op::Sub }, 0));
    }
    code.push(op(Op::Return, 0));
    module(1, code)
}

/// One block of about so many instructions.
pub fn straight(length: u32) -> StackCode {
    let mut code = vec![op(Op::LoadConst, 1), op(Op::StoreLocal, 0), op(Op::LoadConst, 2), op(Op::StoreLocal, 1)];
    for round in 0..length / 12 {
        code.extend([
            op(Op::LoadLocal, 0),
            op(Op::LoadLocal, 1),
            op(Op::LoadConst, round % 10),
            Instruction::call(Op::CallFuncConst, 1, 3),
            op(Op::LoadConst, 9),
            op(Op::Mod, 0),
            op(Op::LoadLocal, 1),
            op(Op::StoreLocal, 0),
            op(Op::StoreLocal, 1),
            op(Op::LoadLocal, 1),
            op(Op::StoreLocal, 2),
            op(Op::Nop, 0),
        ]);
    }
    code.extend([op(Op::LoadLocal, 0), op(Op::LoadLocal, 2)]);
    code.extend([op(Op::BuildList, 2), op(Op::Return, 0)]);
    module(3, code)
}

/// Branches nested so deep, each with an arm that changes a variable and one with the next branch.
pub fn nested_branches(depth: u32) -> StackCode {
    let mut code = vec![op(Op::LoadConst, 0), op(Op::StoreLocal, 0)];
    let mut open = Vec::new();
    for level in 0..depth {
        code.extend([op(Op::LoadLocal, 0), op(Op::LoadConst, 9), op(Op::Mod, 0), op(Op::LoadConst, 8), op(Op::Neq, 0)]);
        open.push(code.len());
        code.push(op(Op::JumpIfFalse, 0));
        code.extend([op(Op::LoadLocal, 0), op(Op::LoadConst, 1 + level % 2), op(Op::Add, 0), op(Op::StoreLocal, 0)]);
    }
    let mut ends = Vec::new();
    for jump in open.into_iter().rev() {
        ends.push(code.len());
        code.push(op(Op::Jump, 0));
        code[jump] = op(Op::JumpIfFalse, code.len() as u32);
        code.extend([op(Op::LoadLocal, 0), op(Op::LoadConst, 5), op(Op::Add, 0), op(Op::StoreLocal, 0)]);
        // The inner branches' ends all lead on to where this one's arms meet.
        let here = code.len() as u32;
        for end in ends.drain(..) {
            code[end] = op(Op::Jump, here);
        }
    }
    code.extend([op(Op::LoadLocal, 0), op(Op::Return, 0)]);
    module(1, code)
}

/// `f(1, 2, f(1, 2, f(…)))`: calls nested so deep, with their arguments on the stack.
pub fn nested_calls(depth: u32) -> StackCode {
    let mut code = Vec::new();
    for level in 0..depth {
        code.extend([op(Op::LoadConst, level % 10), op(Op::LoadConst, 3)]);
    }
    code.push(op(Op::LoadConst, 0));
    code.extend((0..depth).map(|_| Instruction::call(Op::CallFuncConst, 1, 3)));
    code.push(op(Op::Return, 0));
    module(0, code)
}

/// Loops and branches over a body of so many instructions: longer than fused branches reach.
pub fn long_loops(length: u32) -> StackCode {
    let mut code = vec![op(Op::LoadConst, 0), op(Op::StoreLocal, 0), op(Op::LoadConst, 0), op(Op::StoreLocal, 4)];
    let filler = |code: &mut Vec<Instruction>| {
        for _ in 0..length / 4 {
            code.extend([op(Op::LoadLocal, 0), op(Op::LoadConst, 1), op(Op::Add, 0), op(Op::StoreLocal, 0)]);
        }
    };
    // Counts by one, then by two; locals 1 to 3 count.
    for step in [1, 2] {
        code.extend([op(Op::LoadConst, 4), op(Op::StoreLocal, 2), op(Op::LoadConst, step), op(Op::StoreLocal, 3)]);
        code.extend([op(Op::LoadConst, 0), op(Op::ForPrepare, 1)]);
        let at = code.len();
        code.extend([op(Op::Loop, at as u32 + 2), op(Op::Jump, 0)]);
        filler(&mut code);
        code.extend([op(Op::ForLoop, 1), op(Op::Loop, at as u32 + 2)]);
        code[at + 1] = op(Op::Jump, code.len() as u32);
    }
    // Tests at the end: a comparison with a register, with a small integer, and what is no comparison.
    for kind in 0..3 {
        code.extend([op(Op::LoadConst, 0), op(Op::StoreLocal, 4)]);
        let top = code.len() as u32;
        code.extend([op(Op::LoadLocal, 4), op(Op::LoadConst, 1), op(Op::Add, 0), op(Op::StoreLocal, 4)]);
        filler(&mut code);
        code.push(op(Op::LoadLocal, 4));
        match kind {
            0 => code.extend([op(Op::LoadLocal, 2), op(Op::Lt, 0)]),
            1 => code.extend([op(Op::LoadConst, 3), op(Op::Gte, 0), op(Op::Not, 0)]),
            _ => code.extend([op(Op::LoadConst, 2), op(Op::Sub, 0)]),
        }
        code.push(op(Op::LoopIfTrue, top));
    }
    // Jumps over it: taken and not taken, fused and not.
    let comparisons =
        [(Op::Lt, 5, 9), (Op::Lt, 9, 5), (Op::Eq, 1, 1), (Op::Neq, 1, 1), (Op::Gt, 2, 1), (Op::Lte, 2, 1)];
    for (comparison, left, right) in comparisons {
        code.extend([op(Op::LoadConst, left), op(Op::StoreLocal, 4), op(Op::LoadLocal, 4), op(Op::LoadConst, right)]);
        code.push(op(comparison, 0));
        let at = code.len();
        code.push(op(Op::JumpIfTrue, 0));
        filler(&mut code);
        code[at] = op(Op::JumpIfTrue, code.len() as u32);
    }
    code.extend([op(Op::LoadLocal, 0), op(Op::Return, 0)]);
    module(5, code)
}

/// So many blocks with handlers, one after the other; every third fails.
pub fn handlers_in_a_row(count: u32) -> StackCode {
    let mut code = vec![op(Op::LoadConst, 0), op(Op::StoreLocal, 0)];
    let mut handlers = Vec::new();
    for number in 0..count {
        let start = code.len() as u32;
        code.extend([op(Op::LoadConst, 1), op(Op::LoadConst, number % 3), op(Op::Div, 0), op(Op::Pop, 0)]);
        let end = code.len() as u32;
        code.push(op(Op::Jump, end + 6));
        code.extend([
            op(Op::Pop, 0),
            op(Op::LoadLocal, 0),
            op(Op::LoadConst, 1),
            op(Op::Add, 0),
            op(Op::StoreLocal, 0),
        ]);
        handlers.push(Handler { start, end, target: end + 1, landing: 0, is_cleanup: false });
    }
    code.extend([op(Op::LoadLocal, 0), op(Op::Return, 0)]);
    with_handlers(1, code, handlers)
}

/// So many handlers, one inside the other; each catches what the one inside it throws on.
pub fn handlers_nested(count: u32) -> StackCode {
    let mut code = vec![op(Op::LoadConst, 0), op(Op::StoreLocal, 0), op(Op::LoadConst, 5), op(Op::Throw, 0)];
    let mut handlers = Vec::new();
    for _ in 0..count {
        let end = code.len() as u32;
        handlers.push(Handler { start: 2, end, target: end, landing: 0, is_cleanup: false });
        code.extend([
            op(Op::LoadLocal, 0),
            op(Op::LoadConst, 1),
            op(Op::Add, 0),
            op(Op::StoreLocal, 0),
            op(Op::Throw, 0),
        ]);
    }
    let end = code.len() as u32;
    handlers.push(Handler { start: 2, end, target: end, landing: 0, is_cleanup: false });
    code.extend([op(Op::LoadLocal, 0)]);
    code.extend([op(Op::BuildList, 2), op(Op::Return, 0)]);
    with_handlers(1, code, handlers)
}

/// A list of so many locals at once, in an order that makes moves wait for each other.
pub fn wide_window(count: u32) -> StackCode {
    let mut code = Vec::new();
    for local in 0..count {
        code.extend([op(Op::LoadConst, local % 10), op(Op::StoreLocal, local)]);
    }
    for local in 0..count {
        code.push(op(Op::LoadLocal, (local + 1) % count));
    }
    code.extend([op(Op::BuildList, count), op(Op::Return, 0)]);
    module(count, code)
}

/// As many variables as branches, all of them alive throughout.
pub fn branches_over_locals(count: u32) -> StackCode {
    let mut code = Vec::new();
    for local in 0..count {
        code.extend([op(Op::LoadConst, local % 10), op(Op::StoreLocal, local)]);
    }
    for local in 0..count {
        code.push(op(Op::LoadLocal, local));
        let at = code.len() as u32;
        code.push(op(Op::JumpIfFalse, at + 3));
        code.extend([op(Op::LoadConst, 0), op(Op::StoreLocal, local)]);
    }
    code.push(op(Op::LoadConst, 0));
    for local in 0..count {
        code.extend([op(Op::LoadLocal, local), op(Op::Add, 0)]);
    }
    code.push(op(Op::Return, 0));
    module(count, code)
}

/// So many loops, one after the other, each with variables of its own for its counter, end and step.
pub fn loops_in_a_row(count: u32) -> StackCode {
    let mut code = vec![op(Op::LoadConst, 0), op(Op::StoreLocal, 0)];
    for number in 0..count {
        let counter = 1 + 3 * number;
        let exit = begin_loop(&mut code, counter, 2);
        code.extend([op(Op::LoadLocal, 0), op(Op::LoadLocal, counter), op(Op::Add, 0), op(Op::StoreLocal, 0)]);
        end_loop(&mut code, counter, exit);
    }
    code.extend([op(Op::LoadLocal, 0), op(Op::Return, 0)]);
    module(1 + 3 * count, code)
}

/// As many variables as loops, all of them alive throughout; each loop changes one.
pub fn loops_over_locals(count: u32) -> StackCode {
    let mut code = Vec::new();
    for local in 0..count {
        code.extend([op(Op::LoadConst, local % 10), op(Op::StoreLocal, local)]);
    }
    for local in 0..count {
        let exit = begin_loop(&mut code, count, 2);
        code.extend([op(Op::LoadLocal, local), op(Op::LoadConst, 1), op(Op::Add, 0), op(Op::StoreLocal, local)]);
        end_loop(&mut code, count, exit);
    }
    code.push(op(Op::LoadConst, 0));
    for local in 0..count {
        code.extend([op(Op::LoadLocal, local), op(Op::Add, 0)]);
    }
    code.push(op(Op::Return, 0));
    module(count + 3, code)
}

/// Loops nested so deep, each with variables of its own and done once.
pub fn nested_loops(depth: u32) -> StackCode {
    let mut code = vec![op(Op::LoadConst, 0), op(Op::StoreLocal, 0)];
    let exits: Vec<usize> = (0..depth).map(|level| begin_loop(&mut code, 1 + 3 * level, 1)).collect();
    code.extend([op(Op::LoadLocal, 0), op(Op::LoadConst, 7), op(Op::Add, 0), op(Op::StoreLocal, 0)]);
    for (level, exit) in (0..depth).zip(exits).rev() {
        end_loop(&mut code, 1 + 3 * level, exit);
    }
    code.extend([op(Op::LoadLocal, 0), op(Op::Return, 0)]);
    module(1 + 3 * depth, code)
}

/// The same with loops that are tested where they begin, and left nowhere else.
pub fn nested_whiles(depth: u32) -> StackCode {
    let mut code = vec![op(Op::LoadConst, 0), op(Op::StoreLocal, 0)];
    let mut heads = Vec::new();
    for counter in 1..=depth {
        code.extend([op(Op::LoadConst, 0), op(Op::StoreLocal, counter)]);
        let head = code.len();
        code.extend([op(Op::LoadLocal, counter), op(Op::LoadConst, 1), op(Op::Lt, 0), op(Op::JumpIfFalse, 0)]);
        heads.push(head);
    }
    code.extend([op(Op::LoadLocal, 0), op(Op::LoadConst, 7), op(Op::Add, 0), op(Op::StoreLocal, 0)]);
    for (counter, head) in (1..depth + 1).zip(heads).rev() {
        code.extend([op(Op::LoadLocal, counter), op(Op::LoadConst, 1), op(Op::Add, 0), op(Op::StoreLocal, counter)]);
        code.push(op(Op::Loop, head as u32));
        code[head + 3] = op(Op::JumpIfFalse, code.len() as u32);
    }
    code.extend([op(Op::LoadLocal, 0), op(Op::Return, 0)]);
    module(1 + depth, code)
}

/// Begins to count so many rounds in a local; gives the jump past the loop. Its end and its step are in the two locals behind.
fn begin_loop(code: &mut Vec<Instruction>, counter: u32, rounds: u32) -> usize {
    code.extend([op(Op::LoadConst, rounds), op(Op::StoreLocal, counter + 1)]);
    code.extend([op(Op::LoadConst, 1), op(Op::StoreLocal, counter + 2)]);
    code.extend([op(Op::LoadConst, 0), op(Op::ForPrepare, counter)]);
    let body = code.len() as u32 + 2;
    code.extend([op(Op::Loop, body), op(Op::Jump, 0)]);
    code.len() - 1
}

/// Ends a loop that began with this jump past it.
fn end_loop(code: &mut Vec<Instruction>, counter: u32, exit: usize) {
    code.extend([op(Op::ForLoop, counter), op(Op::Loop, exit as u32 + 1)]);
    code[exit] = op(Op::Jump, code.len() as u32);
}

/// `if … else if … else if …`, so many times; the last condition holds.
pub fn else_ifs(count: u32) -> StackCode {
    let mut code = vec![op(Op::LoadConst, 3), op(Op::StoreLocal, 0), op(Op::LoadConst, 0), op(Op::StoreLocal, 1)];
    let end = code.len() as u32 + 7 * count;
    for number in 0..count {
        let at = code.len() as u32;
        let wanted = if number + 1 == count { 3 } else { 4 + number % 6 };
        code.extend([op(Op::LoadLocal, 0), op(Op::LoadConst, wanted), op(Op::Eq, 0)]);
        code.push(op(Op::JumpIfFalse, at + 7));
        code.extend([op(Op::LoadConst, number % 10), op(Op::StoreLocal, 1), op(Op::Jump, end)]);
    }
    code.extend([op(Op::LoadLocal, 1), op(Op::Return, 0)]);
    module(2, code)
}

/// Prints so many values at once.
pub fn wide_print(count: u32) -> StackCode {
    let mut code: Vec<Instruction> = (0..count).map(|number| op(Op::LoadConst, number % 10)).collect();
    code.extend([op(Op::Print, count), op(Op::LoadConst, 0), op(Op::Return, 0)]);
    module(0, code)
}
