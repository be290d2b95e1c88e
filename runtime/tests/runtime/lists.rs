//! Lists against a vector of values, and their packed kinds.

use proptest::prelude::*;
use runtime::heap::Heap;
use runtime::objects::{ElementKind, List};
use runtime::{ErrorKind, Value};

use crate::support::{Make, runtime};

/// What can be done to a list.
#[derive(Clone, Debug)]
enum Change {
    Push(Value),
    Pop,
    Set(usize, Value),
    Insert(usize, Value),
    Remove(usize),
    Reverse,
    Clear,
    ExtendBySelf,
    ExtendByList(Vec<Value>),
    ExtendByValues(Vec<Value>),
    Slice(usize, usize),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => any::<i64>().prop_map(Value::int),
        2 => any::<bool>().prop_map(Value::bool),
        2 => any::<f64>().prop_map(Value::float),
        1 => Just(Value::NULL),
    ]
}

/// Values of one kind, mostly.
fn values() -> impl Strategy<Value = Vec<Value>> {
    prop_oneof![
        prop::collection::vec(any::<i64>().prop_map(Value::int), 0..6),
        prop::collection::vec(any::<bool>().prop_map(Value::bool), 0..6),
        prop::collection::vec(value(), 0..6),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let index = 0..12_usize;
    prop_oneof![
        6 => value().prop_map(Change::Push),
        2 => Just(Change::Pop),
        2 => (index.clone(), value()).prop_map(|(at, value)| Change::Set(at, value)),
        2 => (index.clone(), value()).prop_map(|(at, value)| Change::Insert(at, value)),
        2 => index.clone().prop_map(Change::Remove),
        1 => Just(Change::Reverse),
        1 => Just(Change::Clear),
        1 => Just(Change::ExtendBySelf),
        2 => values().prop_map(Change::ExtendByList),
        2 => values().prop_map(Change::ExtendByValues),
        1 => (index.clone(), index).prop_map(|(start, end)| Change::Slice(start, end)),
    ]
}

/// Makes the change to both, and compares what both give back.
fn apply(heap: &mut Heap, list: &mut Value, model: &mut Vec<Value>, change: Change) {
    let this = list.as_list().expect("a list");
    match change {
        Change::Push(value) => {
            this.push(heap, value).expect("room");
            model.push(value);
        }
        Change::Pop => assert!(same(this.pop(heap), model.pop())),
        Change::Set(at, value) => {
            let stored = this.set(heap, at, value).expect("room");
            assert_eq!(stored, at < model.len());
            if stored {
                model[at] = value;
            }
        }
        Change::Insert(at, value) => {
            this.insert(heap, at, value).expect("room");
            model.insert(at.min(model.len()), value);
        }
        Change::Remove(at) => assert!(same(this.remove(heap, at), (at < model.len()).then(|| model.remove(at)))),
        Change::Reverse => {
            this.reverse(heap);
            model.reverse();
        }
        Change::Clear => {
            this.clear(heap);
            model.clear();
        }
        Change::ExtendBySelf => {
            if model.len() < 200 {
                this.extend(heap, *list).expect("room");
                model.extend_from_within(..);
            }
        }
        Change::ExtendByList(values) => {
            let other = List::from_values(heap, &values).expect("room");
            this.extend(heap, other).expect("room");
            model.extend(values);
        }
        Change::ExtendByValues(values) => {
            this.extend_from_values(heap, &values).expect("room");
            model.extend(values);
        }
        Change::Slice(start, end) => {
            *list = this.slice(heap, start, end).expect("room");
            *model = model.get(start..end.min(model.len())).unwrap_or_default().to_vec();
        }
    }
}

fn same(a: Option<Value>, b: Option<Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.is_identical(b),
        (None, None) => true,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 512 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_a_vector(first in values(), changes in prop::collection::vec(change(), 0..60)) {
        let mut heap = Heap::new(1 << 30);
        let mut list = List::from_values(&mut heap, &first).expect("room");
        let mut model = first;
        for change in changes {
            apply(&mut heap, &mut list, &mut model, change.clone());
            let this = list.as_list().expect("a list");
            prop_assert_eq!(this.len(), model.len());
            prop_assert!(this.iter().zip(&model).all(|(a, &b)| a.is_identical(b)), "{:?} gives {:?}", change, this.iter().collect::<Vec<_>>());
            prop_assert!(model.iter().all(|&value| this.kind() == ElementKind::Value || this.kind() == ElementKind::of(value)));
        }
        heap.collect(|_| {});
        prop_assert_eq!(heap.bytes(), 0);
    }
}

#[test]
fn elements_of_one_kind_are_packed() {
    let mut heap = Heap::new(1 << 20);
    for (values, kind) in [
        (vec![Value::int(1), Value::int(2)], ElementKind::Int),
        (vec![Value::float(1.0)], ElementKind::Float),
        (vec![Value::TRUE], ElementKind::Bool),
        (vec![Value::NULL], ElementKind::Value),
        (vec![Value::int(1), Value::TRUE], ElementKind::Value),
    ] {
        let list = List::from_values(&mut heap, &values).expect("room");
        assert_eq!(list.as_list().expect("a list").kind(), kind);
    }
    // An empty list takes the kind of whatever comes first.
    let list = List::create(&mut heap);
    let this = list.as_list().expect("a list");
    for value in [Value::TRUE, Value::float(1.0), Value::int(1)] {
        this.push(&mut heap, value).expect("room");
        assert_eq!(this.kind(), ElementKind::of(value));
        this.pop(&mut heap);
    }
}

#[test]
fn ranges_are_written_at_once() {
    let mut heap = Heap::new(1 << 20);
    let list = List::from_range(&mut heap, 10, -3, 4).expect("room");
    assert_eq!(list.as_list().expect("a list").as_ints(), Some([10, 7, 4, 1].as_slice()));
}

#[test]
fn a_refused_change_changes_nothing() {
    let mut heap = Heap::new(40_000);
    let list = List::create(&mut heap);
    let this = list.as_list().expect("a list");
    let fault = loop {
        match this.push(&mut heap, Value::int(7)) {
            Ok(()) => {}
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault.kind, ErrorKind::Heap);
    let (length, bytes) = (this.len(), heap.bytes());
    assert!(bytes <= heap.limit());
    assert!(this.push(&mut heap, Value::NULL).is_err());
    assert!(this.insert(&mut heap, 0, Value::int(1)).is_err());
    assert!(this.set(&mut heap, 0, Value::NULL).is_err());
    assert!(this.extend(&mut heap, list).is_err());
    assert!(this.extend_from_values(&mut heap, &vec![Value::int(1); 10_000]).is_err());
    assert_eq!((this.len(), heap.bytes(), this.kind()), (length, bytes, ElementKind::Int));
    assert!(this.iter().all(|value| value.is_identical(Value::int(7))));
    assert!(List::with_capacity(&mut heap, ElementKind::Bool, usize::MAX / 32).is_err());
}

#[test]
fn operands_may_be_one_list() {
    let mut runtime = runtime();
    let list = runtime.json(r#"[1, "a"]"#);
    assert_eq!(runtime.show_method(list, "extend", &[list]), "[1, a, 1, a]");
    let sum = runtime.add(list, list).expect("room");
    assert_eq!(runtime.format(sum), "[1, a, 1, a, 1, a, 1, a]");
    assert_eq!(runtime.show("push", &[list, list]), "[1, a, 1, a, [1, a, 1, a]]");
    assert_eq!(runtime.show_method(list, "push", &[list]), "[1, a, 1, a, …]");
    assert_eq!(runtime.show_method(list, "flatten", &[]), "[1, a, 1, a, 1, a, 1, a, [1, a, 1, a, …]]");
    assert_eq!(runtime.show_method(list, "insert", &[Value::int(0), list]), "[…, 1, a, 1, a, …]");
}
