//! Expressions that are constants at first sight.

use isa::Constant;

use crate::ast::{Expression, ExpressionKind, UnaryOperator};

/// The constant that an expression plainly is.
pub(crate) fn literal(expression: &Expression<'_>) -> Option<Constant> {
    Some(match expression.kind {
        ExpressionKind::Null => Constant::Null,
        ExpressionKind::Bool(value) => Constant::Bool(value),
        ExpressionKind::Integer(value) => Constant::Int(value),
        ExpressionKind::Float(value) => Constant::Float(value),
        ExpressionKind::String(text) => Constant::String(text.into()),
        ExpressionKind::Unary { operator: UnaryOperator::Negate, operand } => match operand.kind {
            ExpressionKind::Integer(value) => Constant::Int(value.checked_neg()?),
            ExpressionKind::Float(value) => Constant::Float(-value),
            _ => return None,
        },
        _ => return None,
    })
}
