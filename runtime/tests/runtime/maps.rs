//! Maps against an insertion-ordered model.

use proptest::prelude::*;
use runtime::heap::Heap;
use runtime::objects::{Map, MapKind, Str};
use runtime::{ErrorKind, Value};

use crate::support::{Make, runtime};

/// A key, as something that can be compared.
#[derive(Clone, Debug, PartialEq)]
enum Key {
    Text(String),
    Int(i64),
    Bool(bool),
}

impl Key {
    fn value(&self, heap: &mut Heap) -> Value {
        match self {
            Self::Text(text) => Str::create(heap, text),
            Self::Int(number) => Value::int(*number),
            Self::Bool(value) => Value::bool(*value),
        }
    }

    fn of(value: Value) -> Self {
        match (value.as_string(), value.as_int()) {
            (Some(text), _) => Self::Text(text.as_str().to_string()),
            (_, Some(number)) => Self::Int(number),
            _ => Self::Bool(value.is_truthy()),
        }
    }
}

#[derive(Clone, Debug)]
enum Change {
    Insert(Key, i64),
    Remove(Key),
    RemoveFirst,
    Clear,
    Copy(usize),
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        (0..60_u8).prop_map(|number| Key::Text(format!("key{number}"))),
        (-30..30_i64).prop_map(Key::Int),
        any::<i64>().prop_map(Key::Int),
        any::<bool>().prop_map(Key::Bool),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        60 => (key(), any::<i64>()).prop_map(|(key, value)| Change::Insert(key, value)),
        30 => key().prop_map(Change::Remove),
        10 => Just(Change::RemoveFirst),
        1 => Just(Change::Clear),
        2 => (0..20_usize).prop_map(Change::Copy),
    ]
}

fn remove(heap: &mut Heap, map: Value, model: &mut Vec<(Key, i64)>, key: &Key) {
    let value = key.value(heap);
    let removed = map.as_map().expect("a map").remove(heap, value).and_then(Value::as_int);
    let position = model.iter().position(|entry| entry.0 == *key);
    assert_eq!(removed, position.map(|at| model.remove(at).1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_an_ordered_list_of_entries(changes in prop::collection::vec(change(), 0..if cfg!(miri) { 60 } else { 300 })) {
        let mut heap = Heap::new(1 << 30);
        let mut map = Map::create(&mut heap, MapKind::Plain);
        let mut model: Vec<(Key, i64)> = Vec::new();
        for change in changes {
            let this = map.as_map().expect("a map");
            match change {
                Change::Insert(key, value) => {
                    let key_value = key.value(&mut heap);
                    this.insert(&mut heap, key_value, Value::int(value)).expect("room");
                    match model.iter_mut().find(|entry| entry.0 == key) {
                        Some(entry) => entry.1 = value,
                        None => model.push((key, value)),
                    }
                }
                Change::Remove(key) => remove(&mut heap, map, &mut model, &key),
                Change::RemoveFirst => {
                    if let Some((key, _)) = model.first().cloned() {
                        remove(&mut heap, map, &mut model, &key);
                    }
                }
                Change::Clear => {
                    this.clear(&mut heap);
                    model.clear();
                }
                Change::Copy(additional) => map = this.copy(&mut heap, additional).expect("room"),
            }
            let this = map.as_map().expect("a map");
            prop_assert_eq!(this.len(), model.len());
            let found: Vec<(Key, i64)> = this.iter().map(|(key, value)| (Key::of(key), value.int_payload())).collect();
            prop_assert_eq!(&found, &model);
            for (key, value) in &model {
                let key = key.value(&mut heap);
                prop_assert_eq!(this.get(key).and_then(Value::as_int), Some(*value));
            }
            let absent = Str::create(&mut heap, "absent");
            prop_assert!(this.find(absent).is_none());
        }
        heap.collect(|_| {});
        prop_assert_eq!(heap.bytes(), 0);
    }
}

#[test]
fn grows_and_shrinks_by_the_thousand() {
    let count = if cfg!(miri) { 60 } else { 20_000 };
    let mut heap = Heap::new(1 << 30);
    let map = Map::create(&mut heap, MapKind::Plain);
    let this = map.as_map().expect("a map");
    for number in 0..count {
        this.insert(&mut heap, Value::int(number * 1_000_003), Value::int(number)).expect("room");
    }
    for number in (0..count).filter(|number| number % 7 != 0) {
        assert_eq!(this.remove(&mut heap, Value::int(number * 1_000_003)).and_then(Value::as_int), Some(number));
    }
    let left: Vec<i64> = this.iter().map(|(_, value)| value.int_payload()).collect();
    assert_eq!(left, (0..count).step_by(7).collect::<Vec<_>>());
}

#[test]
fn a_queue_does_not_grow() {
    let mut heap = Heap::new(1 << 20);
    let map = Map::create(&mut heap, MapKind::Plain);
    let this = map.as_map().expect("a map");
    let rounds = if cfg!(miri) { 60 } else { 100_000 };
    for number in 0..rounds {
        this.insert(&mut heap, Value::int(number), Value::NULL).expect("room");
        if number >= 10 {
            this.remove(&mut heap, Value::int(number - 10)).expect("an entry");
        }
    }
    assert_eq!(this.len(), 10);
    assert!(heap.bytes() < 4096, "{} bytes", heap.bytes());
}

#[test]
fn kinds_of_keys_stay_apart() {
    let mut runtime = runtime();
    let map = runtime.map(&[("1", Value::int(10)), ("true", Value::int(20))]);
    for (key, value) in [(Value::int(1), 11), (Value::TRUE, 21)] {
        runtime.set_key(map, key, Value::int(value)).expect("room");
    }
    assert_eq!(runtime.format(map), "{1: 10, true: 20, 1: 11, true: 21}");
    for (key, problem) in [(Value::NULL, "NULL"), (Value::float(1.0), "FLOAT"), (map, "MAP")] {
        let fault = runtime.set_key(map, key, Value::NULL).expect_err("no key");
        assert_eq!(fault.message, format!("Type error: {problem} cannot be a map key"));
        assert!(runtime.index(map, key).is_ok_and(Value::is_null));
    }
}

#[test]
fn remembered_positions_are_checked() {
    let mut runtime = runtime();
    let (a, b) = (runtime.text("a"), runtime.text("b"));
    let map = runtime.map(&[]);
    for key in [a, b] {
        runtime.set_key(map, key, Value::int(1)).expect("room");
    }
    let this = map.as_map().expect("a map");
    assert!(this.get_cached(0, a).is_some() && this.get_cached(1, a).is_none() && this.get_cached(9, a).is_none());
    this.remove(&mut runtime.heap, a);
    assert!(this.get_cached(0, a).is_none());
    assert!(
        !this.set_cached(&mut runtime.heap, 0, a, Value::NULL)
            && this.set_cached(&mut runtime.heap, 1, b, Value::int(5))
    );
    assert_eq!(runtime.format(map), "{b: 5}");
    let colors = runtime.enumeration(&[("RED", 0)]);
    let colors = colors.as_map().expect("a map");
    let (red, _) = colors.entry_at(0).expect("an entry");
    assert!(colors.get_cached(0, red).is_some() && !colors.set_cached(&mut runtime.heap, 0, red, Value::NULL));
}

#[test]
fn a_refused_entry_changes_nothing() {
    let mut heap = Heap::new(20_000);
    let map = Map::create(&mut heap, MapKind::Plain);
    let this = map.as_map().expect("a map");
    let mut count = 0;
    let fault = loop {
        match this.insert(&mut heap, Value::int(count), Value::NULL) {
            Ok(()) => count += 1,
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault.kind, ErrorKind::Heap);
    assert_eq!(this.len(), count as usize);
    assert!(heap.bytes() <= heap.limit());
    assert!((0..count).all(|number| this.find(Value::int(number)).is_some()));
    assert!(this.copy(&mut heap, 1 << 29).is_err());
}
