//! Stack code as the optimizer leaves it.

use std::sync::Arc;
use std::time::Instant;

use isa::{Constant, StackCode, StackOp, Verified};
use optimizer::{Meaning, Options, Statistics, optimize};
use runtime::operations::{Comparison, equals};
use runtime::{Fault, Limits, Program, RunOptions, Runtime, Value};

use crate::error::EngineError;

/// Verified stack code, and what the optimizer did to it.
#[derive(Clone, Debug)]
pub struct Optimized {
    /// The code.
    pub code: Arc<Verified<StackCode>>,
    /// What was done; nothing at level 0. Its time includes verifying the outcome.
    pub statistics: Statistics,
}

impl Optimized {
    /// Optimizes a program and verifies the outcome.
    ///
    /// # Errors
    /// When the outcome does not verify, which is a defect of a pass.
    pub(crate) fn new(name: &str, code: &Arc<Verified<StackCode>>, options: &Options) -> Result<Self, EngineError> {
        if options.is_idle() {
            return Ok(Self { code: Arc::clone(code), statistics: Statistics::default() });
        }
        let begun = Instant::now();
        let (module, statistics) = optimize(code, options, &mut MachineMeaning::default());
        let refused = |error| EngineError::Verify { name: format!("{name}, optimized,"), error };
        let code = Arc::new(isa::verify::stack(module).map_err(refused)?);
        Ok(Self { code, statistics: Statistics { time: begun.elapsed(), ..statistics } })
    }
}

impl Optimized {
    /// Code that was optimized before.
    pub(crate) fn known(code: Arc<Verified<StackCode>>) -> Self {
        Self { code, statistics: Statistics::default() }
    }
}

/// The meaning of operations on constants: the runtime's, which is that of the machines.
#[derive(Debug, Default)]
pub struct MachineMeaning {
    /// Made when first needed.
    runtime: Option<Runtime>,
}

/// The longest text that is computed before a run.
const LONGEST_TEXT: usize = 256;
/// What computing may take.
const MAX_HEAP: usize = 1 << 20;

impl Meaning for MachineMeaning {
    fn evaluate(&mut self, op: StackOp, operands: &[Constant]) -> Option<Constant> {
        if self.runtime.as_ref().is_none_or(|runtime| runtime.heap.statistics().allocated_bytes > MAX_HEAP as u64 / 2) {
            self.runtime = None;
        }
        let runtime = self.runtime.get_or_insert_with(empty_runtime);
        let values = operands.iter().map(|operand| value(runtime, operand)).collect::<Option<Vec<Value>>>()?;
        constant(result(runtime, op, &values)?.ok()?)
    }
}

/// A runtime that lends its operations.
fn empty_runtime() -> Runtime {
    let limits = Limits { max_heap: MAX_HEAP, ..Limits::default() };
    Runtime::new(Program::empty(), RunOptions { limits, ..RunOptions::default() })
}

fn value(runtime: &mut Runtime, constant: &Constant) -> Option<Value> {
    Some(match *constant {
        Constant::Null => Value::NULL,
        Constant::Bool(value) => Value::bool(value),
        Constant::Int(value) => Value::int(value),
        Constant::Float(value) => Value::float(value),
        Constant::String(ref text) => runtime.new_string(text).ok()?,
        _ => return None,
    })
}

fn constant(value: Value) -> Option<Constant> {
    if let Some(text) = value.as_string() {
        return (text.len() <= LONGEST_TEXT).then(|| Constant::String(text.as_str().into()));
    }
    [Value::NULL, Value::bool(false), Value::bool(true)]
        .into_iter()
        .zip([Constant::Null, Constant::Bool(false), Constant::Bool(true)])
        .find_map(|(known, constant)| value.is_identical(known).then_some(constant))
        .or_else(|| value.as_int().map(Constant::Int))
        .or_else(|| value.is_float().then(|| Constant::Float(value.float_payload())))
}

/// What an operation gives; none for those that are not computed before a run.
fn result(runtime: &mut Runtime, op: StackOp, operands: &[Value]) -> Option<Result<Value, Fault>> {
    use StackOp as S;
    let comparison = match op {
        S::Lt => Some(Comparison::Less),
        S::Gt => Some(Comparison::Greater),
        S::Lte => Some(Comparison::LessOrEqual),
        S::Gte => Some(Comparison::GreaterOrEqual),
        _ => None,
    };
    Some(match (op, operands) {
        (S::Add, &[a, b]) => runtime.add(a, b),
        (S::Sub, &[a, b]) => runtime.subtract(a, b),
        (S::Mul, &[a, b]) => runtime.multiply(a, b),
        (S::Div, &[a, b]) => runtime.divide(a, b),
        (S::Mod, &[a, b]) => runtime.modulo(a, b),
        (S::Pow, &[a, b]) => runtime.power(a, b),
        (S::Neg, &[a]) => runtime.negate(a),
        (S::Eq, &[a, b]) => Ok(Value::bool(equals(a, b))),
        (S::Neq, &[a, b]) => Ok(Value::bool(!equals(a, b))),
        (S::In, &[a, b]) => runtime.contains(a, b).map(Value::bool),
        (S::And, &[a, b]) => Ok(Value::bool(a.is_truthy() && b.is_truthy())),
        (S::Or, &[a, b]) => Ok(Value::bool(a.is_truthy() || b.is_truthy())),
        (S::Not, &[a]) => Ok(Value::bool(!a.is_truthy())),
        (S::ToBool, &[a]) => Ok(Value::bool(a.is_truthy())),
        (S::RangeBound, &[a]) => runtime.range_bound(a),
        (S::GetLength, &[a]) => runtime.length(a),
        (S::Index, &[a, b]) => runtime.index(a, b),
        (S::Slice, &[a, b, c]) => runtime.slice(a, b, c),
        (S::BuildString, values) => runtime.build_string(values),
        (_, &[a, b]) => runtime.compare(comparison?, a, b).map(Value::bool),
        _ => return None,
    })
}
