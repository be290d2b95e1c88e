//! Sorting: stable, into a new list.
//!
//! Lists of one kind of element that has an order of its own (integers, floats, strings, numbers of both kinds) go to the standard
//! library's sort. All others are merged by hand, because their comparison can fail, and because lists that contain NaN have no
//! consistent order, which the standard library may answer with a panic.

use std::cmp::Ordering;

use crate::arguments::{expected, list, optional};
use crate::context::Runtime;
use crate::error::Fault;
use crate::objects::{ElementKind, List, Str};
use crate::value::{Tag, Value};

/// How to sort.
#[derive(Clone, Copy)]
struct Order {
    /// Field, key or index to sort by; null for the elements themselves.
    field: Value,
    is_descending: bool,
}

impl Order {
    /// Reads `sort`'s arguments: `(list[, field or descending][, descending])`.
    fn of_arguments(elements: &List, arguments: &[Value]) -> Result<Self, Fault> {
        let (second, third) = (optional(arguments, 1), optional(arguments, 2));
        let is_direction = match second.tag() {
            Tag::Bool => true,
            // The name of a direction, unless the elements could have a field of that name.
            Tag::String => third.is_null() && direction(second).is_some() && !elements.get(0).is_some_and(has_fields),
            Tag::Null | Tag::Int => false,
            _ => {
                return Err(expected("sort", "a field name or a direction", second)
                    .with_help("sort(list, \"field\") sorts by a field, sort(list, \"desc\") downwards"));
            }
        };
        let (field, descending) = if is_direction { (Value::NULL, second) } else { (second, third) };
        let is_descending = match descending.tag() {
            Tag::Null => false,
            _ => direction(descending)
                .ok_or_else(|| expected("sort", "a direction (true or \"desc\" for downwards)", descending))?,
        };
        Ok(Self { field, is_descending })
    }

    /// What `element` is sorted by.
    fn key(self, runtime: &mut Runtime, element: Value) -> Result<Value, Fault> {
        if self.field.is_null() {
            return Ok(element);
        }
        if has_fields(element) || element.tag() == Tag::List && self.field.is_int() {
            return runtime.index(element, self.field);
        }
        Err(expected("sort", "a list of maps or entities to sort by a field", element))
    }

    fn apply(self, ordering: Ordering) -> Ordering {
        if self.is_descending { ordering.reverse() } else { ordering }
    }
}

/// Whether a value names the downward direction, if it names one.
fn direction(value: Value) -> Option<bool> {
    if value.tag() == Tag::Bool {
        return Some(value.is_truthy());
    }
    match value.as_string().map(Str::as_str)? {
        "desc" | "descending" => Some(true),
        "asc" | "ascending" => Some(false),
        _ => None,
    }
}

fn has_fields(value: Value) -> bool {
    matches!(value.tag(), Tag::Map | Tag::Record)
}

/// `sort(list[, field or descending][, descending])`; also the method.
pub(crate) fn sort(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let source = list("sort", arguments[0])?;
    let order = Order::of_arguments(source, arguments)?;
    if order.field.is_null() && source.kind() == ElementKind::Int {
        return sort_ints(runtime, source, order);
    }
    // Keys, elements and the room that merging takes, on top of the result.
    runtime.heap.reserve(source.len() * 8 * size_of::<Value>())?;
    let mut keyed: Vec<(Value, Value)> = Vec::with_capacity(source.len());
    for element in source.iter() {
        keyed.push((order.key(runtime, element)?, element));
    }
    sort_keyed(runtime, &mut keyed, order)?;
    let sorted: Vec<Value> = keyed.into_iter().map(|(_, element)| element).collect();
    runtime.build_list(&sorted)
}

fn sort_ints(runtime: &mut Runtime, source: &List, order: Order) -> Result<Value, Fault> {
    let result = source.slice(&mut runtime.heap, 0, source.len())?;
    if let Some(numbers) = result.as_list().and_then(List::as_ints_mut) {
        // Equal integers cannot be told apart, so nobody sees that this is not stable.
        numbers.sort_unstable();
        if order.is_descending {
            numbers.reverse();
        }
    }
    Ok(result)
}

/// What all keys are.
enum Common {
    Floats,
    Numbers,
    Strings,
    Other,
}

fn common(keyed: &[(Value, Value)]) -> Common {
    let all = |test: fn(Tag) -> bool| keyed.iter().all(|(key, _)| test(key.tag()));
    match keyed.first().map(|(key, _)| key.tag()) {
        Some(Tag::Float) if all(|tag| tag == Tag::Float) => Common::Floats,
        Some(Tag::Int | Tag::Float) if all(|tag| matches!(tag, Tag::Int | Tag::Float)) => Common::Numbers,
        Some(Tag::String) if all(|tag| tag == Tag::String) => Common::Strings,
        _ => Common::Other,
    }
}

/// A string to sort by. Its first bytes decide most comparisons without a look at the string.
struct Text<'h> {
    first: u64,
    bytes: &'h [u8],
    element: Value,
}

impl Text<'_> {
    fn new(key: Value, element: Value) -> Self {
        let bytes = key.as_string().map_or(&[][..], Str::as_bytes);
        let mut first = [0; 8];
        for (target, &byte) in first.iter_mut().zip(bytes) {
            *target = byte;
        }
        Self { first: u64::from_be_bytes(first), bytes, element }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.first.cmp(&other.first).then_with(|| self.bytes.cmp(other.bytes))
    }
}

/// Order of floats, NaN above every number.
fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Sorts elements by the keys before them.
fn sort_keyed(runtime: &mut Runtime, keyed: &mut Vec<(Value, Value)>, order: Order) -> Result<(), Fault> {
    match common(keyed) {
        Common::Floats => keyed.sort_by(|a, b| order.apply(compare_floats(a.0.float_payload(), b.0.float_payload()))),
        // Numbers always have an order.
        Common::Numbers => keyed.sort_by(|a, b| order.apply(runtime.order(a.0, b.0).unwrap_or(Ordering::Equal))),
        Common::Strings => {
            let mut texts: Vec<Text> = keyed.iter().map(|&(key, element)| Text::new(key, element)).collect();
            texts.sort_by(|a, b| order.apply(a.compare(b)));
            keyed.iter_mut().zip(texts).for_each(|(entry, text)| entry.1 = text.element);
        }
        Common::Other => {
            *keyed = merge_sort(std::mem::take(keyed), |a, b| Ok(order.apply(runtime.order(a.0, b.0)?)))?;
        }
    }
    Ok(())
}

/// A stable merge sort from the bottom up, for comparisons that can fail and need not be consistent.
fn merge_sort<T: Copy>(
    mut items: Vec<T>,
    mut compare: impl FnMut(&T, &T) -> Result<Ordering, Fault>,
) -> Result<Vec<T>, Fault> {
    let length = items.len();
    let mut merged = Vec::with_capacity(length);
    let mut width = 1;
    while width < length {
        merged.clear();
        for start in (0..length).step_by(width * 2) {
            let middle = (start + width).min(length);
            let end = (start + width * 2).min(length);
            let (mut left, mut right) = (start, middle);
            while left < middle && right < end {
                let take_right = compare(&items[right], &items[left])? == Ordering::Less;
                merged.push(items[if take_right { right } else { left }]);
                if take_right {
                    right += 1;
                } else {
                    left += 1;
                }
            }
            merged.extend_from_slice(&items[left..middle]);
            merged.extend_from_slice(&items[right..end]);
        }
        std::mem::swap(&mut items, &mut merged);
        width *= 2;
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn merging_is_stable_and_complete() {
        for length in 0..70_u64 {
            let items: Vec<(u64, u64)> = (0..length).map(|at| (at * 7919 % 5, at)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            let sorted = merge_sort(items, |a, b| Ok(a.0.cmp(&b.0)));
            assert_eq!(sorted.ok(), Some(expected));
        }
    }

    #[test]
    fn an_inconsistent_comparison_loses_nothing() {
        let mut turn = 0;
        let sorted = merge_sort((0..100).collect(), |_, _| {
            turn += 1;
            Ok(if turn % 3 == 0 { Ordering::Less } else { Ordering::Greater })
        });
        let mut found = sorted.unwrap_or_default();
        found.sort_unstable();
        assert_eq!(found, (0..100).collect::<Vec<i32>>());
    }

    #[test]
    fn a_failed_comparison_ends_the_sort() {
        assert!(merge_sort(vec![1, 2], |_, _| Err(Error::value_error("no"))).is_err());
    }
}
