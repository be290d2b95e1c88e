//! Strength reduction: arithmetic with a special constant is something cheaper, or nothing.
//!
//! Only where the kinds of the operands are known, because `+` joins strings and `*` repeats lists; and only where the cheaper operation
//! gives the same value or the same error. So `x * 2` is `x + x` for floats alone: where integers overflow, the message names the operation.

use isa::{Constant, StackOp};

use crate::body::{Body, Instruction};
use crate::kinds::{Kinds, local_kinds, walk};
use crate::operands::makers;
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Strength;

/// What becomes of an operation that has a constant as an operand.
enum Cheaper {
    /// The other operand.
    Nothing,
    /// The operation with another constant.
    Constant(StackOp, Constant),
    /// The other operand, twice.
    Twice(StackOp),
}

impl Pass for Strength {
    fn name(&self) -> &'static str {
        "strength"
    }

    fn about(&self) -> &'static str {
        "strength reduction: arithmetic with a special constant becomes cheaper"
    }

    fn run(&self, body: &mut Body, context: &mut Context<'_>) -> u64 {
        let is_arithmetic = |instruction: &Instruction| is_arithmetic(instruction.op);
        if !body.blocks.iter().any(|block| block.code.iter().any(is_arithmetic)) {
            return 0;
        }
        let Some(kinds) = local_kinds(body, context) else { return 0 };
        let mut reduced = 0;
        for (block, kinds) in body.blocks.iter_mut().zip(kinds) {
            let Some(mut locals) = kinds else { continue };
            let makers = makers(&block.code);
            let mut found = Vec::new();
            walk(&block.code, context, &mut locals, |at, operands, _| {
                if !is_arithmetic(&block.code[at]) {
                    return;
                }
                for side in [1, 0] {
                    let Some(maker) = makers[at][side].map(|maker| maker as usize) else { continue };
                    let load = block.code[maker];
                    if load.op == StackOp::LoadConst
                        && let Some(cheaper) =
                            cheaper(block.code[at].op, context.constant(load.operand), side, operands[1 - side])
                    {
                        found.push((at, maker, cheaper));
                        return;
                    }
                }
            });
            reduced += found.len() as u64;
            for (at, load, cheaper) in found {
                apply(&mut block.code, at, load, cheaper, context);
            }
            block.code.retain(|instruction| instruction.op != StackOp::Nop);
        }
        reduced
    }
}

fn is_arithmetic(op: StackOp) -> bool {
    matches!(op, StackOp::Add | StackOp::Sub | StackOp::Mul | StackOp::Div | StackOp::Pow)
}

/// Leaves `NOP` where nothing is left to do.
fn apply(code: &mut [Instruction], at: usize, load: usize, cheaper: Cheaper, context: &mut Context<'_>) {
    match cheaper {
        Cheaper::Nothing => {
            code[at] = code[at].replaced(StackOp::Nop, 0);
            code[load] = code[load].replaced(StackOp::Nop, 0);
        }
        Cheaper::Constant(op, constant) => {
            code[at] = code[at].replaced(op, 0);
            code[load] = code[load].replaced(StackOp::LoadConst, context.index_of(constant));
        }
        Cheaper::Twice(op) => {
            // A constant on the right stands just before the operation.
            code[at] = code[at].replaced(op, 0);
            code[load] = code[load].replaced(StackOp::Dup, 0);
        }
    }
}

/// What becomes of `other op constant`, or of `constant op other` when the constant is on side 0.
fn cheaper(op: StackOp, constant: &Constant, side: usize, other: Kinds) -> Option<Cheaper> {
    use StackOp as S;
    let is_right = side == 1;
    let (is_int, is_float) = (other.is_within(Kinds::INT), other.is_within(Kinds::FLOAT));
    match (op, constant) {
        // Not for floats: -0.0 + 0 is 0.0.
        (S::Add, Constant::Int(0)) if is_int => Some(Cheaper::Nothing),
        (S::Sub, Constant::Int(0)) if is_right && other.is_within(Kinds::NUMBER) => Some(Cheaper::Nothing),
        (S::Mul, Constant::Int(1)) if other.is_within(Kinds::NUMBER) => Some(Cheaper::Nothing),
        (S::Div | S::Pow, Constant::Int(1)) if is_right && other.is_within(Kinds::NUMBER) => Some(Cheaper::Nothing),
        (S::Mul | S::Div, Constant::Float(1.0)) if is_float && (is_right || op == S::Mul) => Some(Cheaper::Nothing),
        (S::Mul, Constant::Int(2) | Constant::Float(2.0)) if is_float && is_right => Some(Cheaper::Twice(S::Add)),
        (S::Div, &Constant::Int(divisor)) if is_float && is_right => reciprocal(divisor as f64),
        (S::Div, &Constant::Float(divisor)) if is_float && is_right => reciprocal(divisor),
        _ => None,
    }
}

/// Multiplication by the reciprocal, if that is exact: for powers of two.
fn reciprocal(divisor: f64) -> Option<Cheaper> {
    const FRACTION: u64 = (1 << 52) - 1;
    let reciprocal = 1.0 / divisor;
    let is_power = |number: f64| number.is_normal() && number.to_bits() & FRACTION == 0;
    let is_exact = is_power(divisor) && is_power(reciprocal);
    is_exact.then_some(Cheaper::Constant(StackOp::Mul, Constant::Float(reciprocal)))
}
