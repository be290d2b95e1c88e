//! Which functions do nothing that can be told from outside.
//!
//! A call of such a function reads nothing but its arguments, what it has captured and top-level variables that hold plain values, and changes nothing but objects that it has made itself. So if arguments and
//! captured values are no objects, it gives the same whenever it is called, by whomever, and nobody knows how often it was.
//!
//! The analysis is of stack code, and takes no account of values: it looks at what a function and all that it may call are made of. Functions that are called by value are those that are made or named
//! there, as no others can be got hold of (an inclusion-based analysis of control flow with one set for all values; O. Shivers, *Control-Flow Analysis of Higher-Order Languages*, 1991, as 0CFA, coarsened).

use std::collections::BTreeSet;

use isa::{Constant, StackCode, StackOp};
use runtime::Value;

/// What a function that can be called apart needs of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Top-level variables that it may read. They must hold plain values.
    pub globals: BTreeSet<u32>,
}

impl Needs {
    /// What these variables hold.
    pub fn values<'n>(&'n self, globals: &'n [Value]) -> impl Iterator<Item = (u32, Value)> + 'n {
        self.globals.iter().map(|&global| (global, globals[global as usize]))
    }
}

/// Builtins that give the same for the same arguments, and change at most the first of them.
const PURE_BUILTINS: &[&str] = &[
    "abs",
    "acos",
    "append",
    "asin",
    "atan",
    "atan2",
    "ceil",
    "chr",
    "contains",
    "cos",
    "exp",
    "extend",
    "first",
    "flatten",
    "float",
    "floor",
    "index_of",
    "insert",
    "int",
    "join",
    "keys",
    "last",
    "len",
    "length",
    "log",
    "log10",
    "log2",
    "lowercase",
    "max",
    "min",
    "ord",
    "pop",
    "pow",
    "push",
    "range",
    "remove",
    "rest",
    "reverse",
    "round",
    "sin",
    "size",
    "slice",
    "sort",
    "split",
    "sqrt",
    "str",
    "string",
    "sum",
    "tan",
    "to_float",
    "to_hex",
    "to_int",
    "to_string",
    "trim",
    "type",
    "typeof",
    "uppercase",
    "values",
    "__apart",
];

/// What calls of these functions need, if nothing that they do can be told from outside.
pub fn needs_of(code: &StackCode, functions: &[u32]) -> Option<Needs> {
    let mut needs = Needs::default();
    let mut open = functions.to_vec();
    let mut seen: BTreeSet<u32> = open.iter().copied().collect();
    while let Some(function) = open.pop() {
        for instruction in &code.functions[function as usize].code {
            let called = match instruction.op() {
                StackOp::CallFuncConst => Some(instruction.call_index()),
                StackOp::MakeFunction => Some(instruction.operand()),
                // Of a list, all functions of the prelude are methods.
                StackOp::CallMethod => {
                    let name = instruction.call_index();
                    code.prelude.iter().find(|function| function.name == name).map(|function| function.function)
                }
                StackOp::LoadConst => constant(code, instruction.operand())?,
                StackOp::LoadName => {
                    needs.globals.insert(instruction.operand());
                    None
                }
                StackOp::CallBuiltin if is_pure_builtin(code, instruction.call_index()) => None,
                op if is_silent(op) => None,
                _ => return None,
            };
            open.extend(called.filter(|&called| seen.insert(called)));
        }
    }
    Some(needs)
}

fn is_pure_builtin(code: &StackCode, builtin: u32) -> bool {
    code.builtins.get(builtin as usize).is_some_and(|name| PURE_BUILTINS.contains(&&**name))
}

/// The function that a constant is, if it is one. Nothing if it is something by which more could be done than is looked for here.
fn constant(code: &StackCode, index: u32) -> Option<Option<u32>> {
    match *code.constants.get(index as usize)? {
        Constant::Null | Constant::Bool(_) | Constant::Int(_) | Constant::Float(_) | Constant::String(_) => Some(None),
        Constant::Function(function) => Some(Some(function)),
        Constant::Builtin(builtin) => is_pure_builtin(code, builtin).then_some(None),
        Constant::Type(_) | Constant::Module(_) | Constant::Enum(_) => None,
    }
}

/// Operations that work on nothing but their operands, locals and captured variables. Methods are those of lists, maps and strings, because nobody has an instance of anything.
fn is_silent(op: StackOp) -> bool {
    use StackOp as S;
    matches!(
        op,
        // Locals and operands.
        S::Pop | S::Dup | S::LoadLocal | S::StoreLocal | S::CheckLocal | S::LoadLocals | S::StoreLoad | S::Nop
            | S::IsSet | S::Unset | S::RangeBound
            // What was captured, or will be.
            | S::MakeCell | S::LoadCell | S::StoreCell | S::LoadCapture | S::LoadCaptureCell | S::StoreCaptureCell
            // Numbers and comparisons.
            | S::Add | S::Sub | S::Mul | S::Div | S::Mod | S::Pow | S::Neg
            | S::Eq | S::Neq | S::Lt | S::Gt | S::Lte | S::Gte | S::In | S::And | S::Or | S::Not | S::ToBool
            // Where control goes.
            | S::Jump | S::JumpIfFalse | S::JumpIfTrue | S::JumpIfNotNull | S::Return | S::Loop | S::LoopIfTrue
            | S::ForPrepare | S::ForLoop | S::IterPrepare | S::ForIter | S::ForPair | S::IterValue
            | S::CallTop | S::Meter | S::Require | S::Throw
            // Objects of its own.
            | S::ListAppend | S::BuildList | S::BuildMap | S::BuildSet | S::BuildString
            | S::Index | S::Slice | S::GetAttr | S::SetIndex | S::SetAttr | S::AddIndex | S::AddAttr | S::GetLength
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compiled, Source};

    /// Whether the function of this name in a program may be called apart, and how many top-level variables it reads.
    fn needs(text: &str) -> Option<usize> {
        let compiled = Compiled::new(&Source::text("effects.zx", text)).unwrap();
        let code = compiled.stack_code().unwrap();
        let named = |function: &isa::Function<isa::Stack>| &*code.names[function.name as usize] == "f";
        let function = code.functions.iter().position(named).unwrap();
        needs_of(code, &[function as u32]).map(|needs| needs.globals.len())
    }

    #[test]
    fn functions_that_only_compute_may_be_called_apart() {
        assert_eq!(needs("action f(x) { return x * 2 + 1 }"), Some(0));
        assert_eq!(needs("let k = 3\naction f(x) { return x * k }\nk = 4\nprint(f(1))"), Some(1));
        assert_eq!(needs("action g(x) { return x + 1 }\naction f(x) { return g(g(x)) }"), Some(0));
        assert_eq!(needs("action f(x) { if x < 2 { return x } return f(x - 1) + f(x - 2) }"), Some(0));
        assert_eq!(needs("action f(x) { let l = [] for each i in range(x) { l.push(i) } return len(l) }"), Some(0));
        assert_eq!(needs("action f(x) { return [x].map(lambda(y) { return y + 1 })[0] }"), Some(0));
        assert_eq!(needs("action f(x) { let h = lambda(y) { return y + x } return h(x) }"), Some(0));
        assert_eq!(needs("action f(x) { try { if x > 2 { throw \"no\" } return x } catch (e) { return 0 } }"), Some(0));
    }

    #[test]
    fn whatever_can_be_told_from_outside_is_found() {
        for text in [
            "action f(x) { print(x) return x }",
            "action g(x) { print(x) }\naction f(x) { g(x) return x }",
            "let n = 0\naction f(x) { n = n + x return n }",
            "action f(x) { return x + random() }",
            "action f(x) { return time() + x }",
            "action f(x) { let h = lambda(y) { print(y) return y } return h(x) }",
            "action f(x) { emit Seen(x) return x }",
            "action f(x) { return input() }",
            "action f(x) { return [x].sleep() }",
            "action f(x) { return [x].map(lambda(y) { print(y) return y }) }",
            "async action g(x) { return x }\naction f(x) { return await g(x) }",
            "action f(x) { return persist_get(\"k\") }",
            "entity P { v }\naction f(x) { return P{v: x}.v }",
            "action f(x) { state_write(\"k\", x) return x }",
        ] {
            assert_eq!(needs(text), None, "{text}");
        }
    }
}
