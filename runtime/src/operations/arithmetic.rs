//! `+ - * / % **` and unary minus.

use crate::context::Runtime;
use crate::error::{Error, ErrorKind, Fault};
use crate::format::{LONGEST_INT, int_text};
use crate::objects::{ElementKind, List, Str};
use crate::value::{Tag, Value};

type Result = std::result::Result<Value, Fault>;

#[cold]
fn overflow(operation: &str) -> Fault {
    Error::new(ErrorKind::Arithmetic, format!("Integer overflow in {operation}"))
        .with_help("integers are 64 bits wide; use floats for larger magnitudes")
}

#[cold]
fn mismatch(verb: &str, a: Value, b: Value) -> Fault {
    Error::type_error(format!("Type error: cannot {verb} {} and {}", a.type_title(), b.type_title()))
}

#[cold]
fn division_by_zero() -> Fault {
    Error::new(ErrorKind::Arithmetic, "Division by zero").with_help("check the divisor first: if (divisor != 0) { … }")
}

#[cold]
fn modulo_by_zero() -> Fault {
    Error::new(ErrorKind::Arithmetic, "Modulo by zero").with_help("check the divisor first: if (divisor != 0) { … }")
}

/// `a / b`, floored; none when `b` is 0 or the quotient overflows.
#[inline]
pub(crate) fn floored_division(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

/// `a % b` with the sign of `b`, which is not 0.
#[inline]
pub fn floored_remainder(a: i64, b: i64) -> i64 {
    let remainder = a.wrapping_rem(b);
    if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
}

/// `a % b` on floats with the sign of `b`.
#[inline]
pub fn float_remainder(a: f64, b: f64) -> f64 {
    let remainder = a % b;
    if remainder == 0.0 {
        0.0_f64.copysign(b)
    } else if (remainder < 0.0) != (b < 0.0) {
        remainder + b
    } else {
        remainder
    }
}

impl Runtime {
    /// `a + b`: sum, concatenation of a string with anything's printed form, or of two lists.
    pub fn add(&mut self, a: Value, b: Value) -> Result {
        match (a.tag(), b.tag()) {
            (Tag::Int, Tag::Int) => match a.int_payload().checked_add(b.int_payload()) {
                Some(sum) => Ok(Value::int(sum)),
                None => Err(overflow("addition")),
            },
            (Tag::String, Tag::String) => match b.as_string() {
                Some(second) => Str::concat(&mut self.heap, a, second.as_str()),
                None => Err(mismatch("add", a, b)),
            },
            (Tag::String, Tag::Int) => Str::concat(&mut self.heap, a, int_text(b.int_payload(), &mut [0; LONGEST_INT])),
            (Tag::String, Tag::StateMap) => {
                let b = self.plain(b)?;
                self.add(a, b)
            }
            (Tag::String, _) => {
                let second = self.format_within_limit(b)?;
                Str::concat(&mut self.heap, a, &second)
            }
            (_, Tag::String) => {
                let mut text = self.format_within_limit(a)?;
                text.push_str(b.as_string().map_or("", Str::as_str));
                self.new_string(&text)
            }
            (Tag::List, Tag::List) => self.concat_lists(a, b),
            (Tag::StateMap, _) => {
                let a = self.plain(a)?;
                self.add(a, b)
            }
            _ => match (a.as_number(), b.as_number()) {
                (Some(a), Some(b)) => Ok(Value::float(a + b)),
                _ => Err(mismatch("add", a, b)),
            },
        }
    }

    fn concat_lists(&mut self, a: Value, b: Value) -> Result {
        let (Some(first), Some(second)) = (a.as_list(), b.as_list()) else { return Err(mismatch("add", a, b)) };
        let count = first.len() + second.len();
        let kind = if first.kind() == second.kind() || second.is_empty() {
            first.kind()
        } else if first.is_empty() {
            second.kind()
        } else {
            ElementKind::Value
        };
        let result = List::with_capacity(&mut self.heap, kind, count)?;
        if let Some(list) = result.as_list() {
            list.extend(&mut self.heap, a)?;
            list.extend(&mut self.heap, b)?;
        }
        Ok(result)
    }

    /// `a - b`.
    pub fn subtract(&mut self, a: Value, b: Value) -> Result {
        if a.is_int() && b.is_int() {
            return a.int_payload().checked_sub(b.int_payload()).map(Value::int).ok_or_else(|| overflow("subtraction"));
        }
        match (a.as_number(), b.as_number()) {
            (Some(a), Some(b)) => Ok(Value::float(a - b)),
            _ => Err(mismatch("subtract", a, b)),
        }
    }

    /// `a * b`: product, or a string or list repeated.
    pub fn multiply(&mut self, a: Value, b: Value) -> Result {
        if a.is_int() && b.is_int() {
            return a
                .int_payload()
                .checked_mul(b.int_payload())
                .map(Value::int)
                .ok_or_else(|| overflow("multiplication"));
        }
        match (a.tag(), b.tag()) {
            (Tag::String | Tag::List, Tag::Int) => self.repeat(a, b.int_payload()),
            (Tag::Int, Tag::String | Tag::List) => self.repeat(b, a.int_payload()),
            _ => match (a.as_number(), b.as_number()) {
                (Some(a), Some(b)) => Ok(Value::float(a * b)),
                _ => Err(mismatch("multiply", a, b)),
            },
        }
    }

    /// A string or list `count` times over; a negative count is 0.
    pub fn repeat(&mut self, value: Value, count: i64) -> Result {
        let count = usize::try_from(count).unwrap_or(0);
        if let Some(string) = value.as_string() {
            let bytes = string.len().checked_mul(count).ok_or_else(|| Error::heap(self.heap.limit()))?;
            self.heap.reserve(bytes)?;
            return self.new_string(&string.as_str().repeat(count));
        }
        let Some(list) = value.as_list() else { return Err(mismatch("multiply", value, Value::int(0))) };
        let length = list.len().checked_mul(count).ok_or_else(|| Error::heap(self.heap.limit()))?;
        let result = List::with_capacity(&mut self.heap, list.kind(), length)?;
        if let Some(target) = result.as_list() {
            for _ in 0..if list.is_empty() { 0 } else { count } {
                target.extend(&mut self.heap, value)?;
            }
        }
        Ok(result)
    }

    /// `a / b`: floored for two integers.
    pub fn divide(&mut self, a: Value, b: Value) -> Result {
        if a.is_int() && b.is_int() {
            let (a, b) = (a.int_payload(), b.int_payload());
            if b == 0 {
                return Err(division_by_zero());
            }
            return floored_division(a, b).map(Value::int).ok_or_else(|| overflow("division"));
        }
        match (a.as_number(), b.as_number()) {
            (Some(_), Some(0.0)) => Err(division_by_zero()),
            (Some(a), Some(b)) => Ok(Value::float(a / b)),
            _ => Err(mismatch("divide", a, b)),
        }
    }

    /// `a % b`: the sign is that of `b`.
    pub fn modulo(&mut self, a: Value, b: Value) -> Result {
        if a.is_int() && b.is_int() {
            let (a, b) = (a.int_payload(), b.int_payload());
            return if b == 0 { Err(modulo_by_zero()) } else { Ok(Value::int(floored_remainder(a, b))) };
        }
        match (a.as_number(), b.as_number()) {
            (Some(_), Some(0.0)) => Err(modulo_by_zero()),
            (Some(a), Some(b)) => Ok(Value::float(float_remainder(a, b))),
            _ => Err(mismatch("take the modulo of", a, b)),
        }
    }

    /// `a ** b`: an integer when both are and `b` is not negative.
    pub fn power(&mut self, a: Value, b: Value) -> Result {
        if let (Some(base), Some(exponent)) = (a.as_int(), b.as_int()) {
            if exponent >= 0 {
                return integer_power(base, exponent).map(Value::int).ok_or_else(|| overflow("exponentiation"));
            }
            if base == 0 {
                return Err(division_by_zero());
            }
            return Ok(Value::float((base as f64).powf(exponent as f64)));
        }
        match (a.as_number(), b.as_number()) {
            (Some(base), Some(exponent)) if base == 0.0 && exponent < 0.0 => Err(division_by_zero()),
            (Some(base), Some(exponent)) => Ok(Value::float(base.powf(exponent))),
            _ => Err(mismatch("raise", a, b)),
        }
    }

    /// `-a`.
    pub fn negate(&mut self, a: Value) -> Result {
        match a.tag() {
            Tag::Int => a.int_payload().checked_neg().map(Value::int).ok_or_else(|| overflow("negation")),
            Tag::Float => Ok(Value::float(-a.float_payload())),
            _ => Err(Error::type_error(format!("Unknown operator: -{}", a.type_title()))
                .with_help("only numbers have a negative")),
        }
    }
}

fn integer_power(base: i64, mut exponent: i64) -> Option<i64> {
    match base {
        0 | 1 => return Some(if exponent == 0 { 1 } else { base }),
        -1 => return Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ if exponent > 63 => return None,
        _ => {}
    }
    let (mut result, mut square) = (1_i64, base);
    loop {
        if exponent & 1 == 1 {
            result = result.checked_mul(square)?;
        }
        exponent >>= 1;
        if exponent == 0 {
            return Some(result);
        }
        square = square.checked_mul(square)?;
    }
}
