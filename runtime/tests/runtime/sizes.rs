//! Sizes that the machines' speed rests on.

use runtime::heap::{Header, Heap, MemoryPolicy};
use runtime::objects::{Cell, Closure, ElementKind, List, Map, MapKind, Record, Str};
use runtime::{Fault, Value};

#[test]
fn values_are_two_words_however_they_travel() {
    assert_eq!(size_of::<Value>(), 16);
    assert_eq!(size_of::<Option<Value>>(), 16);
    assert_eq!(size_of::<Result<Value, Fault>>(), 16);
}

#[test]
fn objects_fit_small_cells() {
    assert_eq!(size_of::<Header>(), 8);
    assert_eq!(size_of::<Str>(), 32);
    assert_eq!(size_of::<List>(), 24);
    assert_eq!(size_of::<Map>(), 40);
    assert_eq!(size_of::<Record>(), 16);
    assert_eq!(size_of::<Closure>(), 16);
    assert_eq!(size_of::<Cell>(), 24);
}

/// Bytes that making something adds to a heap.
fn cost(policy: MemoryPolicy, make: impl FnOnce(&mut Heap)) -> usize {
    let mut heap = Heap::with_policy(policy, 1 << 30);
    make(&mut heap);
    heap.bytes()
}

#[test]
fn objects_cost_what_the_accountant_says() {
    let cost = |make: &dyn Fn(&mut Heap)| cost(MemoryPolicy::Collected, make);
    let list_of = |kind, count: usize| {
        cost(&|heap| {
            List::with_capacity(heap, kind, count).expect("room");
        })
    };
    let empty = cost(&|heap| {
        List::create(heap);
    });
    assert!(empty <= 32, "an empty list: {empty}");
    for (kind, bytes) in [(ElementKind::Int, 8), (ElementKind::Float, 8), (ElementKind::Bool, 1)] {
        assert_eq!(list_of(kind, 1000) - empty, 1000 * bytes, "{kind:?}");
    }
    let two_fields = cost(&|heap| {
        Record::create(heap, 0, false, &[Value::NULL; 2]);
    });
    assert!(two_fields <= 48, "a record of two fields: {two_fields}");
    let short = cost(&|heap| {
        Str::create(heap, "12345678");
    });
    assert!(short <= 32, "a string of eight characters: {short}");
    // A map that is as full as it gets before it grows: what each entry takes besides the word of its key.
    for entries in [8, 16, 64, 1 << 16] {
        let map = cost(&|heap| {
            let map = Map::create(heap, MapKind::Plain);
            for key in 0..entries {
                map.as_map().expect("a map").insert(heap, Value::int(key), Value::NULL).expect("room");
            }
        });
        let empty = cost(&|heap| {
            Map::create(heap, MapKind::Plain);
        });
        let entry = (map - empty) as f64 / entries as f64 - size_of::<Value>() as f64;
        assert!(entry <= 25.0, "an entry of a map of {entries}: {entry} bytes besides its key");
    }
}

#[test]
fn naive_objects_cost_more() {
    let record = |heap: &mut Heap| {
        let names = ["x", "y"].map(|name| Str::create(heap, name));
        Record::create_with_table(heap, 0, false, &[Value::NULL; 2], &names);
    };
    let names = 2 * cost(MemoryPolicy::Naive, |heap| {
        Str::create(heap, "x");
    });
    assert!(cost(MemoryPolicy::Naive, record) - names >= 176);
    let list = |heap: &mut Heap| {
        List::from_values(heap, &[Value::int(1); 100]).expect("room");
    };
    let (naive, packed) = (cost(MemoryPolicy::Naive, list), cost(MemoryPolicy::Collected, list));
    assert_eq!(naive - packed, 100 * 8);
}
