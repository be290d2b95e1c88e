//! Random programs that the verifier accepts, most of which make little sense: all operations on values of all kinds, errors at every
//! turn, handlers, cells that are none, loops until the fuel is gone. Whatever they do, collecting at every safepoint and watching with a
//! probe must not change it.

use std::fmt::Write;

use crate::common::{link, run_with};
use isa::{StackOp, StackOperand};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use runtime::{Collecting, Limits};

/// What a statement is made of.
type Seed = [u8; 6];

const CONSTANTS: &[&str] = &[
    "0",
    "1",
    "2",
    "-1",
    "7",
    "9223372036854775807",
    "-9223372036854775808",
    "0.5",
    "-0.0",
    "nan",
    "1e300",
    "true",
    "false",
    "null",
    "\"\"",
    "\"x\"",
    "\"text\"",
    "\"é\"",
    "function unary",
    "function binary",
    "builtin len",
    "builtin str",
    "type A",
    "type Made",
    "type D",
    "enum Color",
    "module m",
];
const NAMES: &[&str] = &["x", "y", "unary", "RED", "g", "push", "keys", "len", "upper", "nosuch", "twice"];
const BUILTINS: &[&str] = &["len", "str", "append", "keys", "abs", "first", "sum", "uppercase", "type"];
const TYPES: &[(&str, u32)] = &[("A", 2), ("Made", 2), ("D", 1)];
const PLAIN_FUNCTIONS: &[&str] = &["unary", "binary", "method", "make"];

fn pick<T>(from: &[T], seed: u8) -> &T {
    &from[seed as usize % from.len()]
}

/// One function's code.
struct Body {
    text: String,
    statements: usize,
}

impl Body {
    fn push_operand(&mut self, seed: u8) {
        let _ = if seed & 1 == 0 {
            writeln!(self.text, " LOAD_CONST {}", pick(CONSTANTS, seed >> 1))
        } else {
            writeln!(self.text, " LOAD_LOCAL v{}", (seed >> 1) % 8)
        };
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.text, " {line}");
    }

    /// A statement: operands, an operation, what becomes of the result. The operand stack is empty before and after.
    fn statement(&mut self, at: usize, seed: Seed, in_closure: bool) {
        let [op, a, b, c, d, e] = seed;
        let op = *pick(StackOp::ALL, op);
        let facts = op.facts();
        let ahead = (at + 1 + d as usize % 3).min(self.statements);
        let back = at.saturating_sub(e as usize % 4);
        let mut count = u32::from(c % 3);
        let operand = match facts.operand {
            StackOperand::None => String::new(),
            StackOperand::Constant => (*pick(CONSTANTS, d)).to_string(),
            StackOperand::Global => format!("\"{}\"", pick(&["g", "h", "unary"], d)),
            StackOperand::Local => match op {
                StackOp::ForPrepare | StackOp::ForLoop => format!("v{}", d % 6),
                StackOp::ForIter | StackOp::ForPair | StackOp::IterValue => format!("v{}", d % 7),
                // The only slot that this function makes a cell.
                StackOp::MakeCell | StackOp::LoadCell | StackOp::StoreCell => "v5".to_string(),
                _ => format!("v{}", d % 8),
            },
            StackOperand::Capture if !in_closure => return,
            StackOperand::Capture if op == StackOp::LoadCapture => "c0".to_string(),
            StackOperand::Capture => "c1".to_string(),
            StackOperand::Function if op == StackOp::StoreFunc => "unary".to_string(),
            StackOperand::Function => (*pick(&["unary", "closure", "binary"], d)).to_string(),
            StackOperand::Type => pick(TYPES, d).0.to_string(),
            StackOperand::Name => format!("\"{}\"", pick(NAMES, d)),
            StackOperand::Module => "m".to_string(),
            StackOperand::Jump => {
                let target = if matches!(op, StackOp::Loop | StackOp::LoopIfTrue) { back } else { ahead };
                format!("S{target}")
            }
            StackOperand::Gas | StackOperand::Count | StackOperand::Arguments => count.to_string(),
            StackOperand::GlobalCall => format!("\"{}\", {count}", pick(&["g", "unary"], d)),
            StackOperand::FunctionCall => format!("{}, {count}", pick(PLAIN_FUNCTIONS, d)),
            StackOperand::BuiltinCall => format!("{}, {count}", pick(BUILTINS, d)),
            StackOperand::MethodCall => format!("\"{}\", {count}", pick(NAMES, d)),
            StackOperand::TypeCall => {
                let (name, fields) = *pick(TYPES, d);
                count = count.min(fields);
                format!("{name}, {count}")
            }
            StackOperand::LocalPair => format!("v{}, v{}", d % 8, e % 7),
            StackOperand::LocalConstant => format!("v{}, {}", d % 8, pick(CONSTANTS, e)),
        };
        let pops = u32::from(facts.pops.fixed) + u32::from(facts.pops.per_item) * count;
        for operand in 0..pops {
            self.push_operand([a, b, c, e][operand as usize % 4].wrapping_add((operand / 4) as u8));
        }
        self.line(format_args!("{} {operand}", facts.mnemonic));
        if op.skips() {
            self.line(format_args!("NOP"));
        }
        for _ in 0..facts.pushes {
            self.line(format_args!("STORE_LOCAL v{}", e % 8));
        }
        if op == StackOp::ForPrepare || op == StackOp::ForLoop {
            self.line(format_args!("NOP"));
        }
    }
}

/// A function of these statements, some of them guarded by handlers.
fn function(head: &str, seeds: &[Seed], in_closure: bool) -> String {
    let mut body = Body { text: format!("{head}\n.locals v0 v1 v2 v3 v4 v5 v6 v7\n"), statements: seeds.len() };
    if in_closure {
        body.text.push_str(".capture \"plain\" = local 3\n.capture \"celled\" = local 5 cell\n");
    }
    if head.contains("<main>") {
        // Left to chance, closures would hardly ever run.
        body.text.push_str(
            " MAKE_FUNCTION closure\n STORE_NAME \"g\"\n SETUP_TRY begin, 0\n LOAD_CONST 1\n CALL_NAME \"g\", 1\n POP_TRY\n\
             begin: STORE_LOCAL v1\n",
        );
    }
    let middle = seeds.len() / 2;
    for (at, &seed) in seeds.iter().enumerate() {
        // The first half has a handler, the second a cleanup handler, and what is near the middle both or none.
        if at == 1 {
            body.line(format_args!("SETUP_TRY caught, 0"));
        }
        if at == middle + 2 {
            body.line(format_args!("SETUP_TRY cleanup, 0 cleanup"));
        }
        let _ = write!(body.text, "S{at}:");
        body.statement(at, seed, in_closure);
        body.line(format_args!("NOP"));
        if at == middle && middle >= 1 {
            body.line(format_args!("POP_TRY"));
        }
    }
    if seeds.len() > middle + 2 {
        body.line(format_args!("POP_TRY"));
    }
    let _ =
        writeln!(body.text, "S{}: LOAD_LOCAL v{}\n RETURN", seeds.len(), seeds.first().map_or(0, |seed| seed[1] % 8));
    let _ = writeln!(body.text, "caught: STORE_LOCAL v2\n LOOP S{middle}");
    let _ = writeln!(body.text, "cleanup: DUP\n STORE_LOCAL v4\n THROW");
    // The verifier wants to see that v5 can be a cell; it may be used as one all the same when it is none.
    body.text.push_str(" MAKE_CELL v5\n LOAD_CONST null\n RETURN\n");
    body.text
}

fn program(functions: &[Vec<Seed>]) -> String {
    let mut text = String::from(
        ".type A\n.field \"x\" = 1\n.field \"y\" = null\n.method \"unary\" = method\n\
         .type Made constructor make\n.field \"x\" = 0\n.field \"g\" = \"default\"\n\
         .type D data\n.field \"x\" = 2\n\
         .enum Color\n.member \"RED\" = 0\n.member \"x\" = 3\n\
         .module m = top\n.member \"x\" = \"g\"\n.member \"y\" = \"h\"\n\
         .prelude \"twice\" = method\n",
    );
    let heads = [
        (".function <main> locals 8", false),
        (".function unary parameters 1 locals 8 binds \"unary\"", false),
        (".function binary parameters 2 locals 8 defaults", false),
        (".function method parameters 3 locals 8", false),
        (".function make parameters 2 locals 8 defaults", false),
        (".function closure parameters 1 locals 8", true),
        (".function top locals 8", false),
    ];
    for ((head, in_closure), seeds) in heads.iter().zip(functions) {
        text.push_str(&function(head, seeds, *in_closure));
    }
    text
}

fn seeds() -> impl Strategy<Value = Vec<Vec<Seed>>> {
    proptest::collection::vec(proptest::collection::vec(any::<Seed>(), 3..24), 7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 150 } else { 2000 }))]

    #[test]
    fn collecting_and_watching_change_nothing(functions in seeds()) {
        let text = program(&functions);
        let linked = link(&text);
        for max_heap in [1 << 16, 1 << 22] {
            let limits = Limits { max_depth: 30, max_heap, fuel: Some(300), gas: None };
            let plain = run_with(&linked, limits, Collecting::WhenDue, false);
            let watched = run_with(&linked, limits, Collecting::WhenDue, true);
            prop_assert_eq!(&plain.outcome, &watched.outcome, "with a probe\n{}", text);
            for how in [Collecting::Always, Collecting::InSteps] {
                let collected = run_with(&linked, limits, how, true);
                prop_assert_eq!(&plain.outcome, &collected.outcome, "collecting {:?}\n{}", how, text);
                prop_assert_eq!(watched.counts.by_opcode(), collected.counts.by_opcode(), "collecting {:?}\n{}", how, text);
                prop_assert_eq!(plain.fuel, collected.fuel);
            }
        }
    }
}

/// The generator reaches every operation, and most of them often enough to succeed sometimes.
#[test]
fn every_operation_runs() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut totals = vec![0_u64; StackOp::ALL.len()];
    for _ in 0..200 {
        let functions = seeds().new_tree(&mut runner).unwrap().current();
        let limits = Limits { max_depth: 30, max_heap: 1 << 22, fuel: Some(300), gas: None };
        let run = run_with(&link(&program(&functions)), limits, Collecting::WhenDue, true);
        for (total, count) in totals.iter_mut().zip(run.counts.by_opcode()) {
            *total += count;
        }
    }
    for (op, total) in StackOp::ALL.iter().zip(totals) {
        assert!(total > 0, "{} never ran", op.facts().mnemonic);
    }
}
