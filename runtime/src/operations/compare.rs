//! `==`, `<` and their kin, and `in`.

use std::cmp::Ordering;

use fxhash::FxHashSet;

use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::objects::{List, MAX_BYTES, Str};
use crate::value::{Tag, Value};

/// An ordering comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Whether it holds for operands in this order; none (a NaN is involved) satisfies nothing.
    #[inline]
    pub fn holds(self, ordering: Option<Ordering>) -> bool {
        match self {
            Self::Less => ordering == Some(Ordering::Less),
            Self::Greater => ordering == Some(Ordering::Greater),
            Self::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
            Self::GreaterOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// Order of an integer and a float, exactly: no rounding of large integers.
pub(crate) fn compare_int_float(a: i64, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    // 2^63 is exact as a float; every float outside [-2^63, 2^63) is beyond every integer.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if b >= BOUND {
        return Some(Ordering::Less);
    }
    if b < -BOUND {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    Some(a.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&b).unwrap_or(Ordering::Equal)))
}

fn compare_numbers(a: Value, b: Value) -> Option<Option<Ordering>> {
    Some(match (a.tag(), b.tag()) {
        (Tag::Int, Tag::Int) => Some(a.int_payload().cmp(&b.int_payload())),
        (Tag::Int, Tag::Float) => compare_int_float(a.int_payload(), b.float_payload()),
        (Tag::Float, Tag::Int) => compare_int_float(b.int_payload(), a.float_payload()).map(Ordering::reverse),
        (Tag::Float, Tag::Float) => a.float_payload().partial_cmp(&b.float_payload()),
        _ => return None,
    })
}

/// Lists nested deeper than this have no order.
const DEEPEST_ORDER: usize = 500;

fn order(a: Value, b: Value, sign: &str, depth: usize) -> Result<Option<Ordering>, Fault> {
    if let Some(ordering) = compare_numbers(a, b) {
        return Ok(ordering);
    }
    if let (Some(a), Some(b)) = (a.as_string(), b.as_string()) {
        return Ok(Some(a.as_bytes().cmp(b.as_bytes())));
    }
    if let (Some(first), Some(second)) = (a.as_list(), b.as_list()) {
        if depth > DEEPEST_ORDER {
            return Err(Error::type_error(format!("Type error: lists are nested too deeply to compare with {sign}")));
        }
        for index in 0..first.len().min(second.len()) {
            // SAFETY: `index` is below both lengths.
            let (a, b) = unsafe { (first.read(index), second.read(index)) };
            if !equals(a, b) {
                return order(a, b, sign, depth + 1);
            }
        }
        return Ok(Some(first.len().cmp(&second.len())));
    }
    Err(Error::type_error(format!("Type error: cannot compare {} {sign} {}", a.type_title(), b.type_title())))
}

/// What two values need before they are equal.
enum Shallow {
    Decided(bool),
    Lists,
    Maps,
    Records,
}

fn shallow(a: Value, b: Value) -> Shallow {
    if a.is_identical(b) {
        // A NaN is not even equal to itself.
        return Shallow::Decided(!(a.is_float() && a.float_payload().is_nan()));
    }
    match (a.tag(), b.tag()) {
        (Tag::Int | Tag::Float, Tag::Int | Tag::Float) => {
            Shallow::Decided(compare_numbers(a, b) == Some(Some(Ordering::Equal)))
        }
        (Tag::String, Tag::String) => Shallow::Decided(match (a.as_string(), b.as_string()) {
            (Some(a), Some(b)) => a.equals(b),
            _ => false,
        }),
        (Tag::List, Tag::List) => Shallow::Lists,
        (Tag::Map, Tag::Map) => Shallow::Maps,
        (Tag::Record, Tag::Record) => Shallow::Records,
        _ => Shallow::Decided(false),
    }
}

/// `a == b`: by value for numbers, strings, bools and null, deep for lists, maps and `data` records, by identity for all else.
///
/// Works through nested containers with a list of pairs still to be compared, so nesting takes no native stack; pairs met again in a
/// cycle count as equal, which they are unless some other part differs.
pub fn equals(a: Value, b: Value) -> bool {
    if let Shallow::Decided(decided) = shallow(a, b) {
        return decided;
    }
    /// Cycles make the work endless; remembering pairs costs time, so it begins only when the work grows.
    const PAIRS_BEFORE_REMEMBERING: usize = 256;
    let mut pending = vec![(a, b)];
    let mut seen: FxHashSet<(u64, u64)> = FxHashSet::default();
    let mut containers = 0;
    while let Some((a, b)) = pending.pop() {
        let kind = shallow(a, b);
        if let Shallow::Decided(decided) = kind {
            if decided {
                continue;
            }
            return false;
        }
        containers += 1;
        if containers > PAIRS_BEFORE_REMEMBERING && !seen.insert((a.payload(), b.payload())) {
            continue;
        }
        match kind {
            Shallow::Decided(_) => {}
            Shallow::Lists => {
                let (Some(a), Some(b)) = (a.as_list(), b.as_list()) else { return false };
                if a.len() != b.len() {
                    return false;
                }
                if let (Some(a), Some(b)) = (a.as_ints(), b.as_ints()) {
                    if a != b {
                        return false;
                    }
                    continue;
                }
                for index in (0..a.len()).rev() {
                    // SAFETY: `index` is below both lengths.
                    let pair = unsafe { (a.read(index), b.read(index)) };
                    match shallow(pair.0, pair.1) {
                        Shallow::Decided(false) => return false,
                        Shallow::Decided(true) => {}
                        _ => pending.push(pair),
                    }
                }
            }
            Shallow::Maps => {
                let (Some(a), Some(b)) = (a.as_map(), b.as_map()) else { return false };
                if a.len() != b.len() || a.kind() != b.kind() {
                    return false;
                }
                for (key, value) in a.iter() {
                    match b.get(key) {
                        Some(other) => pending.push((value, other)),
                        None => return false,
                    }
                }
            }
            Shallow::Records => {
                let (Some(a), Some(b)) = (a.as_record(), b.as_record()) else { return false };
                if a.type_index() != b.type_index() || !a.is_data() {
                    return false;
                }
                pending.extend(a.fields().iter().copied().zip(b.fields().iter().copied()));
            }
        }
    }
    true
}

/// Position of the first element that equals `needle`.
pub(crate) fn position_in(list: &List, needle: Value) -> Option<usize> {
    match (list.as_ints(), needle.as_int()) {
        (Some(elements), Some(needle)) => elements.iter().position(|&element| element == needle),
        _ => list.iter().position(|element| equals(element, needle)),
    }
}

impl Runtime {
    /// `a < b` and its kin: for two numbers, two strings (by code point), two lists (lexicographic).
    pub fn compare(&mut self, comparison: Comparison, a: Value, b: Value) -> Result<bool, Fault> {
        Ok(comparison.holds(order(a, b, comparison.sign(), 0)?))
    }

    /// Order for `sort`, `min` and `max`: as `<`, with NaN above every number.
    pub fn order(&mut self, a: Value, b: Value) -> Result<Ordering, Fault> {
        Ok(order(a, b, "<", 0)?.unwrap_or_else(|| {
            let is_nan = |value: Value| value.is_float() && value.float_payload().is_nan();
            is_nan(a).cmp(&is_nan(b))
        }))
    }

    /// `a in b`: element of a list, key of a map, substring of a string.
    pub fn contains(&mut self, needle: Value, container: Value) -> Result<bool, Fault> {
        if let Some(list) = container.as_list() {
            return Ok(position_in(list, needle).is_some());
        }
        if let Some(map) = container.as_map() {
            return Ok(map.find(needle).is_some());
        }
        if container.tag() == Tag::StateMap {
            return self.state_map_has(container, needle);
        }
        match (container.as_string(), needle.as_string()) {
            (Some(text), Some(part)) => Ok(text.as_str().contains(part.as_str())),
            (Some(_), None) => {
                Err(Error::type_error(format!("Type error: a STRING cannot contain {}", needle.type_title())))
            }
            _ => Err(Error::type_error(format!("Type error: cannot search in {}", container.type_title()))),
        }
    }

    /// The string `text`.
    pub fn new_string(&mut self, text: &str) -> Result<Value, Fault> {
        if text.len() > MAX_BYTES {
            return Err(Error::heap(self.heap.limit()));
        }
        self.heap.reserve(text.len())?;
        Ok(match text.as_bytes() {
            [byte] if byte.is_ascii() => self.characters[usize::from(*byte)],
            _ => Str::create(&mut self.heap, text),
        })
    }
}
