//! The reference page of the family, rendered from the table.

use std::fmt::Write;

use crate::aliases::{ALIASES, Alias};
use crate::register::{Lane, RegisterOp};
use crate::stack::{StackCount, StackOp, StackOperand};
use crate::table::Effects;

/// A part of the family: its title and the numbers of its stack operations.
struct Group {
    title: &'static str,
    numbers: &'static [(u16, u16)],
}

const GROUPS: &[Group] = &[
    Group { title: "Constants, variables and the stack", numbers: &[(1, 9), (17, 19), (27, 29), (34, 35), (180, 182)] },
    Group { title: "Arithmetic, comparison and logic", numbers: &[(10, 16), (20, 26), (30, 33), (36, 37)] },
    Group { title: "Control", numbers: &[(40, 49), (142, 142), (150, 152)] },
    Group { title: "Calls and functions", numbers: &[(50, 57)] },
    Group { title: "Lists, maps, strings and fields", numbers: &[(58, 69)] },
    Group { title: "Modules, checks, output", numbers: &[(90, 99), (130, 130), (250, 255)] },
    Group { title: "Tasks", numbers: &[(70, 79)] },
    Group { title: "Others", numbers: &[(0, u16::MAX)] },
];

impl Group {
    /// Index of the group that a stack operation belongs to.
    fn of(op: StackOp) -> usize {
        let number = op.facts().number;
        let holds = |group: &Group| group.numbers.iter().any(|&(first, last)| (first..=last).contains(&number));
        GROUPS.iter().position(holds).unwrap_or(GROUPS.len() - 1)
    }
}

/// Numbers of the family that are no instructions, because what they did is settled before a program runs.
const RESOLVED: &[(u16, &str, &str)] = &[
    (91, "EXPORT", "what a module exports is a table of the program"),
    (100, "DEFINE_ENUM", "enums are a table; an enum is a constant"),
    (101, "DEFINE_PROTOCOL", "protocols are checked by the compiler"),
    (102, "ASSERT_PROTOCOL", "protocols are checked by the compiler"),
    (131, "DEFINE_CONTRACT", "a contract is a type"),
    (132, "DEFINE_ENTITY", "entities are a table of types; a type is a constant"),
    (140, "SETUP_TRY", "a directive of the text form: opens a guarded range in the function's table of handlers"),
    (141, "POP_TRY", "a directive of the text form: closes that range"),
    (309, "ATOMIC_CAS", "a comparison and a store: nobody else runs between two waits"),
];

const INTRODUCTION: &str = "\
# Operations

<!-- Generated from the table in isa/src/table.rs. Do not edit; run `UPDATE_REFERENCE=1 cargo test -p isa --test reference`. -->

The instruction-set family has two forms. Both run the same programs and share the meaning of every operation; a register
operation stands for the stack operation it is a form of, and has its effects and its gas.

- `K[k]` constant, `G[g]` global, `N[m]` name, `F[f]` function, `T[t]` type: entries of the module's tables
- `L[n]` local slot, `R[a]` register, `S[b]` spill slot, `c` captured variable: of the running function
- `t` the target of a jump. Only loop operations, and fused compare-and-branch in the register form, may go back

*Effects* are what an operation does besides computing its result from its operands: `read` and `write` memory, `fail` with an error,
`allocate`, `output`, decide on `control`, take `fuel`. `call` means that guest code runs, which may do anything of the kind. An operation
without effects may be left out when its result is not needed.
";

const STACK_INTRODUCTION: &str = "
## Stack form

A word of 32 bits: an opcode of 8 bits and an operand of 24. Calls split the operand into an index of 16 bits and a count of 8.
*Stack* says how many values the operation takes from the operand stack and leaves there; `n` is the operand's count.
";

const REGISTER_INTRODUCTION: &str = "
## Register form

A word of 64 bits: an opcode of 16 bits and three lanes of 16, `a`, `b` and `c`. Two lanes together make 32 bits where one is too small.

| lane | what it is |
| --- | --- |
| `out` | register that is written |
| `in` | register that is read |
| `in out` | register that is read, then written |
| `window(n)` | first of the registers that are read; it takes the result, and all from it up are lost, because the frame of a callee begins there |
| `reads(n)` | first of the registers that are read; nothing is lost |
| `frame` | first register that is lost, because another frame begins there |
| `n` | how many arguments or items a window holds |
| `slot` | spill slot |
| `int16`, `int32` | signed integer |
| `target16`, `target32` | signed distance from this instruction to the target |
| `constant32`, `global32` | index of 32 bits, in two lanes; other indices have 16 |
";

/// The page as Markdown.
pub fn reference_page() -> String {
    let mut out = INTRODUCTION.to_owned();
    out.push_str(STACK_INTRODUCTION);
    for (index, group) in GROUPS.iter().enumerate() {
        let head = "| number | mnemonic | operand | stack | effects | gas | meaning |\n| --: | --- | --- | --- | --- | --: | --- |";
        let rows = StackOp::ALL.iter().filter(|&&op| Group::of(op) == index).map(|&op| {
            let facts = op.facts();
            let row = format!(
                "| {} | `{}` | {} | {} → {} | {} | {} | {} |",
                facts.number,
                facts.mnemonic,
                stack_operand(facts.operand),
                count(facts.pops),
                facts.pushes,
                effects(facts.effects),
                facts.gas,
                cell(facts.meaning),
            );
            (facts.number, row)
        });
        table(&mut out, group.title, head, rows);
    }
    out.push_str(REGISTER_INTRODUCTION);
    for (index, group) in GROUPS.iter().enumerate() {
        let head = "| number | mnemonic | form of | lanes | effects | gas | meaning |\n| --: | --- | --- | --- | --- | --: | --- |";
        let rows = RegisterOp::ALL.iter().filter(|&&op| register_group(op) == index).map(|&op| {
            let facts = op.facts();
            let stack = facts.stack.facts();
            let row = format!(
                "| {} | `{}` | `{}` | {} | {} | {} | {} |",
                facts.number,
                facts.mnemonic,
                stack.mnemonic,
                lanes(facts.lanes),
                effects(op.effects()),
                stack.gas,
                cell(facts.meaning),
            );
            (facts.number, row)
        });
        table(&mut out, group.title, head, rows);
    }
    out.push_str(
        "\n## Settled before a program runs\n\nNumbers of the family that are no instructions here.\n\n\
         | number | mnemonic | instead |\n| --: | --- | --- |\n",
    );
    for (number, mnemonic, instead) in RESOLVED {
        let _ = writeln!(out, "| {number} | `{mnemonic}` | {instead} |");
    }
    out.push_str(
        "\n## Other names\n\nNames of the family for what other operations do. The text form takes them.\n\n\
         | number | mnemonic | stack form | register form | because |\n| --: | --- | --- | --- | --- |\n",
    );
    for Alias { number, mnemonic, stack, register, because } in ALIASES {
        let (stack, register) = (stack.facts().mnemonic, register.facts().mnemonic);
        let _ = writeln!(out, "| {number} | `{mnemonic}` | `{stack}` | `{register}` | {because} |");
    }
    out
}

/// A group's table in order of numbers; nothing when it is empty.
fn table(out: &mut String, title: &str, head: &str, rows: impl Iterator<Item = (u16, String)>) {
    let mut rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    rows.sort();
    let _ = writeln!(out, "\n### {title}\n\n{head}");
    for (_, row) in rows {
        out.push_str(&row);
        out.push('\n');
    }
}

/// Branches fused with a comparison stand with the branches.
fn register_group(op: RegisterOp) -> usize {
    if op.has_offset() { Group::of(StackOp::Jump) } else { Group::of(op.facts().stack) }
}

fn stack_operand(operand: StackOperand) -> &'static str {
    match operand {
        StackOperand::None => "",
        StackOperand::Constant => "constant `k`",
        StackOperand::Global => "global `g`",
        StackOperand::Local => "local `n`",
        StackOperand::Capture => "captured variable `c`",
        StackOperand::Function => "function `f`",
        StackOperand::Type => "type `t`",
        StackOperand::Name => "name `m`",
        StackOperand::Module => "module `m`",
        StackOperand::Jump => "target `t`",
        StackOperand::Gas => "gas `n`",
        StackOperand::Count => "count `n`",
        StackOperand::Arguments => "arguments `n`",
        StackOperand::GlobalCall => "global `g`, arguments `n`",
        StackOperand::FunctionCall => "function `f`, arguments `n`",
        StackOperand::BuiltinCall => "builtin `b`, arguments `n`",
        StackOperand::MethodCall => "name `m`, arguments `n`",
        StackOperand::TypeCall => "type `t`, values `n`",
        StackOperand::LocalPair => "locals `n`, `m`",
        StackOperand::LocalConstant => "local `n`, constant `k`",
    }
}

fn lanes(lanes: [Lane; 3]) -> String {
    let mut parts = Vec::new();
    for (lane, kind) in ['a', 'b', 'c'].into_iter().zip(lanes) {
        let kind = match kind {
            Lane::None | Lane::Wide => continue,
            Lane::Def => "out",
            Lane::Use => "in",
            Lane::UseDef => "in out",
            Lane::Int => "int16",
            Lane::IntWide => "int32",
            Lane::Constant => "constant",
            Lane::ConstantWide => "constant32",
            Lane::Global => "global",
            Lane::GlobalWide => "global32",
            Lane::Offset => "target16",
            Lane::OffsetWide => "target32",
            Lane::Function => "function",
            Lane::Type => "type",
            Lane::Name => "name",
            Lane::Module => "module",
            Lane::Builtin => "builtin",
            Lane::Capture | Lane::Index => "captured variable",
            Lane::Slot => "slot",
            Lane::Arguments => "n",
            Lane::Window => "window(n)",
            Lane::ReceiverWindow => "window(1 + n)",
            Lane::PairWindow => "window(2n)",
            Lane::ConstructWindow => "window(2)",
            Lane::SliceWindow => "window(3)",
            Lane::UseWindow => "reads(n)",
            Lane::Clobber => "frame",
        };
        parts.push(format!("`{lane}` {kind}"));
    }
    parts.join(", ")
}

fn count(StackCount { fixed, per_item }: StackCount) -> String {
    match (fixed, per_item) {
        (fixed, 0) => fixed.to_string(),
        (0, 1) => "n".to_owned(),
        (0, per_item) => format!("{per_item}n"),
        (fixed, 1) => format!("n + {fixed}"),
        (fixed, per_item) => format!("{per_item}n + {fixed}"),
    }
}

fn effects(effects: Effects) -> String {
    if effects.contains(Effects::CALL) {
        return "call".to_owned();
    }
    effects.names().collect::<Vec<_>>().join(", ")
}

/// Text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
