//! The heap: exact accounting, and a collector that frees all that cannot be reached and nothing else.

use proptest::prelude::*;
use runtime::heap::{Census, Heap, LARGEST_CELL, MemoryPolicy};
use runtime::objects::{Cell, Closure, Failure, List, Map, MapKind, Record, Str};
use runtime::{Collecting, Error, ErrorKind, Runtime, Value};

use crate::support::{Make, POINT, USER, runtime};

#[test]
fn nothing_is_left_when_nothing_is_reached() {
    let mut heap = Heap::new(1 << 30);
    assert_eq!(heap.bytes(), 0);
    let fields = [Value::NULL; 40];
    for round in 0..if cfg!(miri) { 20 } else { 2_000 } {
        let text = Str::create(&mut heap, &"t".repeat(round % 200));
        Str::concat(&mut heap, text, "more").expect("room");
        let list = List::from_values(&mut heap, &[text, Value::int(1)]).expect("room");
        let map = Map::create(&mut heap, MapKind::Plain);
        for number in 0..20 {
            map.as_map().expect("a map").insert(&mut heap, Value::int(number), list).expect("room");
        }
        Record::create(&mut heap, 0, false, &fields[..round % 40]);
        Closure::create(&mut heap, 0, round % 40);
        Cell::create(&mut heap, map);
        Failure::create(&mut heap, Error::thrown(map, "thrown".to_string()));
        if round % 500 == 499 {
            heap.collect(|_| {});
            assert_eq!(heap.bytes(), 0);
        }
    }
    heap.collect(|_| {});
    assert_eq!(heap.bytes(), 0);
}

#[test]
fn objects_are_counted_exactly_and_nothing_else_changes() {
    let mut heaps = [Heap::new(1 << 30), Heap::new(1 << 30)];
    // Some cells are on the lists already.
    for heap in &mut heaps {
        Str::create(heap, "before");
    }
    heaps[1].count_objects();
    let fields = [Value::NULL; 40];
    let mut made = 0;
    for round in 0..if cfg!(miri) { 20 } else { 500 } {
        for heap in &mut heaps {
            let list = List::from_values(heap, &[Value::int(1); 9]).expect("room");
            Record::create(heap, 0, false, &fields[..round % 40]);
            Cell::create(heap, list);
            if round % 50 == 49 {
                heap.collect(|marker| marker.value(list));
            }
        }
        made += 3;
        assert_eq!([heaps[0].objects_counted(), heaps[1].objects_counted()], [0, made]);
        assert_eq!(heaps[0].bytes(), heaps[1].bytes());
        assert_eq!(heaps[0].statistics(), heaps[1].statistics());
    }
    assert!(size_of_val(&fields[..39]) > LARGEST_CELL, "large objects are among them");
}

#[test]
fn every_kind_of_object_keeps_what_it_holds() {
    let mut heap = Heap::new(1 << 20);
    let leaf = |heap: &mut Heap| Str::create(heap, "a leaf that is alive");
    let held = leaf(&mut heap);
    let fields = [held; 30];
    let list = List::from_values(&mut heap, &[held]).expect("room");
    let map = Map::create(&mut heap, MapKind::Plain);
    let key = leaf(&mut heap);
    map.as_map().expect("a map").insert(&mut heap, key, list).expect("room");
    let record = Record::create(&mut heap, 0, false, &[map]);
    let large = Record::create(&mut heap, 0, true, &fields);
    assert!(size_of_val(&fields) > LARGEST_CELL);
    let closure = Closure::create(&mut heap, 0, 2);
    closure.as_closure().expect("a closure").set_capture(0, record);
    closure.as_closure().expect("a closure").set_capture(1, large);
    let cell = Cell::create(&mut heap, closure);
    let failure = Failure::create(&mut heap, Error::thrown(cell, String::new()));
    let bytes = heap.bytes();
    leaf(&mut heap);
    for _ in 0..3 {
        heap.collect(|marker| marker.value(failure));
        assert_eq!(heap.bytes(), bytes);
    }
    assert_eq!(heap.statistics().objects_freed, 1);
    let found = large.as_record().expect("a record").fields()[29];
    assert_eq!(found.as_string().map(Str::as_str), Some("a leaf that is alive"));
    assert!(map.as_map().is_some_and(|map| map.find(key).is_some()));
    heap.collect(|_| {});
    assert_eq!(heap.bytes(), 0);
}

/// Makes one of each kind of object, some of them large, and tells how many.
fn one_of_each(heap: &mut Heap) -> u64 {
    let text = Str::create(heap, &"long text ".repeat(20));
    let list = List::from_values(heap, &[text, Value::int(1)]).expect("room");
    let map = Map::create(heap, MapKind::Plain);
    for number in 0..20 {
        map.as_map().expect("a map").insert(heap, Value::int(number), list).expect("room");
    }
    Record::create(heap, 0, false, &[map; 2]);
    Record::create(heap, 0, false, &[map; 40]);
    Record::create_with_table(heap, 0, false, &[map; 2], &[text; 2]);
    Record::create_with_table(heap, 0, false, &[map; 20], &[text; 20]);
    Closure::create(heap, 0, 3);
    Cell::create(heap, map);
    Failure::create(heap, Error::thrown(map, "thrown".to_string()));
    // The text and its buffer are two.
    11
}

#[test]
fn a_census_counts_all_objects_under_every_policy() {
    for &policy in MemoryPolicy::ALL {
        let mut heap = Heap::with_policy(policy, 1 << 30);
        let made: u64 = (0..50).map(|_| one_of_each(&mut heap)).sum();
        assert_eq!(heap.census(), Census { objects: made, bytes: heap.bytes() }, "{policy:?}");
    }
}

#[test]
fn naive_objects_are_freed_like_others() {
    let mut heap = Heap::with_policy(MemoryPolicy::Naive, 1 << 30);
    heap.count_objects();
    let mut made = 0;
    for round in 0..100 {
        made += one_of_each(&mut heap);
        let kept = List::create(&mut heap);
        made += 1;
        if round % 30 == 29 {
            heap.collect(|marker| marker.value(kept));
            assert_eq!(heap.census().objects, 1);
        }
    }
    assert_eq!(heap.objects_counted(), made);
    heap.collect(|_| {});
    assert_eq!((heap.bytes(), heap.statistics().objects_freed), (0, made));
}

#[test]
fn names_lead_to_places_in_a_record_with_a_table() {
    let mut heap = Heap::with_policy(MemoryPolicy::Naive, 1 << 30);
    for count in [0, 1, 4, 5, 40] {
        let names: Vec<Value> = (0..count).map(|at| Str::create(&mut heap, &format!("field {at}"))).collect();
        let fields: Vec<Value> = (0..count).map(Value::int).collect();
        let record = Record::create_with_table(&mut heap, 0, true, &fields, &names);
        let record = record.as_record().expect("a record");
        assert_eq!((record.fields().len(), record.is_data()), (fields.len(), true));
        for at in 0..count {
            let name = Str::create(&mut heap, &format!("field {at}"));
            assert_eq!(record.place_in_table(name), Some(at as usize));
        }
        let other = Str::create(&mut heap, "another");
        assert_eq!(record.place_in_table(other), None);
    }
    // What is there twice is where it was put last.
    let name = Str::create(&mut heap, "name");
    let twice = Record::create_with_table(&mut heap, 0, false, &[Value::NULL; 2], &[name; 2]);
    assert_eq!(twice.as_record().expect("a record").place_in_table(name), Some(1));
}

#[test]
fn an_arena_frees_nothing_and_collects_never() {
    let mut heap = Heap::with_policy(MemoryPolicy::Arena, 1 << 20);
    let text = Str::create(&mut heap, "kept all the same");
    let list = List::create(&mut heap);
    for number in 0..1000 {
        list.as_list().expect("a list").push(&mut heap, Value::int(number)).expect("room");
    }
    let bytes = heap.bytes();
    assert!(bytes > 1000 * 8, "what a list has outgrown goes on counting");
    heap.collect(|_| {});
    assert_eq!((heap.bytes(), heap.statistics().collections), (bytes, 0));
    assert_eq!(text.as_string().map(Str::as_str), Some("kept all the same"));
    assert!(!heap.wants_collection());
    one_of_each(&mut heap);
    while heap.bytes() < 1 << 20 {
        assert!(!heap.wants_collection());
        Str::create(&mut heap, "more");
    }
    assert!(heap.wants_collection(), "whoever collects then learns that it is full");
}

#[test]
fn a_shared_buffer_lives_as_long_as_any_of_its_strings() {
    let mut heap = Heap::new(1 << 20);
    let long = Str::create(&mut heap, &"0123456789".repeat(50));
    let slice = Str::slice_bytes(&mut heap, long, 100, 300, 200);
    heap.collect(|marker| marker.value(slice));
    assert_eq!(slice.as_string().map(Str::as_str), Some("0123456789".repeat(20).as_str()));
    heap.collect(|_| {});
    assert_eq!(heap.bytes(), 0);
}

#[test]
fn garbage_cycles_are_freed() {
    let mut heap = Heap::new(1 << 20);
    for _ in 0..100 {
        let list = List::create(&mut heap);
        let map = Map::create(&mut heap, MapKind::Plain);
        list.as_list().expect("a list").push(&mut heap, map).expect("room");
        map.as_map().expect("a map").insert(&mut heap, Value::int(0), list).expect("room");
    }
    heap.collect(|_| {});
    assert_eq!((heap.bytes(), heap.statistics().objects_freed), (0, 200));
}

#[test]
fn nesting_takes_no_native_stack() {
    let mut heap = Heap::new(1 << 30);
    let depth = if cfg!(miri) { 100 } else { 1_000_000 };
    let mut list = List::create(&mut heap);
    for _ in 0..depth {
        list = List::from_values(&mut heap, &[list]).expect("room");
    }
    let bytes = heap.bytes();
    heap.collect(|marker| marker.value(list));
    assert_eq!(heap.bytes(), bytes);
}

#[test]
fn requests_beyond_the_limit_are_refused() {
    let mut heap = Heap::new(10_000);
    assert!(heap.reserve(10_000).is_ok());
    Str::create(&mut heap, "some text");
    for bytes in [10_000, usize::MAX] {
        let fault = heap.reserve(bytes).expect_err("beyond the limit");
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (ErrorKind::Heap, "Out of memory: the heap limit is 10000 bytes")
        );
    }
    assert!(heap.reserve(10_000 - heap.bytes()).is_ok());
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn a_heap_above_its_limit_refuses_even_nothing() {
    let mut runtime = crate::support::runtime_with_limit(1 << 20);
    let mut kept = Vec::new();
    while runtime.heap.bytes() <= runtime.heap.limit() {
        kept.push(Str::create(&mut runtime.heap, "small objects are made without asking"));
    }
    assert!(runtime.heap.wants_collection());
    let fault = runtime.collect(|marker| marker.values(&kept)).expect_err("all of it is alive");
    assert_eq!(fault.kind, ErrorKind::Heap);
    assert!(runtime.collect(|_| {}).is_ok());
}

#[test]
fn statistics_add_up() {
    let mut heap = Heap::new(1 << 30);
    Str::create(&mut heap, "one");
    let first = heap.bytes();
    heap.collect(|_| {});
    Str::create(&mut heap, "two");
    let second = heap.bytes();
    let statistics = heap.statistics();
    assert_eq!(statistics.collections, 1);
    assert_eq!(statistics.allocated_bytes, (first + second) as u64);
    assert_eq!(statistics.peak_bytes, first.max(second));
}

/// Elements of a list that is marked in several parts.
const LONG: usize = if cfg!(miri) { 10 } else { 5000 };

/// A step of a program that makes objects and forgets them.
#[derive(Clone, Debug)]
enum Step {
    Text(usize),
    Append(usize, usize),
    List(Vec<usize>),
    Push(usize, usize),
    Map(usize, usize),
    Insert(usize, usize, usize),
    Remove(usize, usize),
    Record(usize, usize),
    /// Many elements at the end of a list.
    Fill(usize, usize),
    SetElement(usize, usize, usize),
    SetField(usize, usize),
    /// Takes something out of a list or a record, where it was, and keeps it.
    Take(usize, usize),
    RemoveElement(usize, usize),
    Reverse(usize),
    Clear(usize),
    Forget(usize),
    Collect,
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..50_usize;
    prop_oneof![
        4 => (0..200_usize).prop_map(Step::Text),
        4 => (which.clone(), which.clone()).prop_map(|(a, b)| Step::Append(a, b)),
        3 => prop::collection::vec(which.clone(), 0..20).prop_map(Step::List),
        4 => (which.clone(), which.clone()).prop_map(|(a, b)| Step::Push(a, b)),
        3 => (which.clone(), which.clone()).prop_map(|(a, b)| Step::Map(a, b)),
        6 => (which.clone(), which.clone(), which.clone()).prop_map(|(a, b, c)| Step::Insert(a, b, c)),
        3 => (which.clone(), which.clone()).prop_map(|(a, b)| Step::Remove(a, b)),
        3 => (which.clone(), which.clone()).prop_map(|(a, b)| Step::Record(a, b)),
        1 => (which.clone(), which.clone()).prop_map(|(a, b)| Step::Fill(a, b)),
        4 => (which.clone(), which.clone(), which.clone()).prop_map(|(a, b, c)| Step::SetElement(a, b, c)),
        4 => (which.clone(), which.clone()).prop_map(|(a, b)| Step::SetField(a, b)),
        6 => (which.clone(), which.clone()).prop_map(|(a, b)| Step::Take(a, b)),
        2 => (which.clone(), which.clone()).prop_map(|(a, b)| Step::RemoveElement(a, b)),
        1 => which.clone().prop_map(Step::Reverse),
        1 => which.clone().prop_map(Step::Clear),
        6 => which.prop_map(Step::Forget),
        2 => Just(Step::Collect),
    ]
}

fn run(runtime: &mut Runtime, roots: &mut Vec<Value>, step: &Step) {
    let pick = |roots: &[Value], at: usize| roots[at % roots.len()];
    match step {
        Step::Text(length) => roots.push(runtime.text(&"x".repeat(*length))),
        Step::Append(a, b) => {
            // What prints long is left alone, or texts would double at every step.
            if let (Ok(first), Ok(second)) = (short(runtime, pick(roots, *a)), short(runtime, pick(roots, *b))) {
                let sum = runtime.add(first, second).expect("room");
                roots.push(sum);
            }
        }
        Step::List(members) => {
            let members: Vec<Value> = members.iter().map(|&at| pick(roots, at)).collect();
            roots.push(runtime.list(&members));
        }
        Step::Push(a, b) => {
            if let Some(list) = pick(roots, *a).as_list() {
                list.push(&mut runtime.heap, pick(roots, *b)).expect("room");
            }
        }
        Step::Map(a, b) => {
            let map = runtime.map(&[("a", pick(roots, *a)), ("b", pick(roots, *b))]);
            roots.push(map);
        }
        Step::Insert(a, b, c) => {
            let _ = runtime.set_key(pick(roots, *a), pick(roots, *b), pick(roots, *c));
        }
        Step::Remove(a, b) => {
            if let Some(map) = pick(roots, *a).as_map() {
                map.remove(&mut runtime.heap, pick(roots, *b));
            }
        }
        Step::Record(a, b) => {
            let fields = [pick(roots, *a), pick(roots, *b)];
            roots.push(runtime.new_record(USER, &fields).expect("room"));
        }
        Step::Fill(a, b) => {
            if let Some(list) = pick(roots, *a).as_list() {
                for _ in 0..LONG {
                    list.push(&mut runtime.heap, pick(roots, *b)).expect("room");
                }
            }
        }
        Step::SetElement(a, b, c) => {
            if let Some(list) = pick(roots, *a).as_list()
                && !list.is_empty()
            {
                list.set(&mut runtime.heap, b % list.len(), pick(roots, *c)).expect("room");
            }
        }
        Step::SetField(a, b) => {
            if let Some(record) = pick(roots, *a).as_record() {
                let name = runtime.program.name_indices[["name", "age"][b % 2]];
                runtime.set_attribute(pick(roots, *a), name, pick(roots, *b)).expect("a field");
                assert_eq!(record.fields().len(), 2);
            }
        }
        Step::Take(a, b) => {
            let from = pick(roots, *a);
            if let Some(list) = from.as_list() {
                roots.extend(list.pop(&mut runtime.heap));
            } else if let Some(record) = from.as_record() {
                let name = runtime.program.name_indices[["name", "age"][b % 2]];
                roots.push(record.fields()[b % 2]);
                runtime.set_attribute(from, name, Value::NULL).expect("a field");
            } else if let Some(map) = from.as_map() {
                let first = map.iter().next();
                roots.extend(first.and_then(|(key, _)| map.remove(&mut runtime.heap, key)));
            }
        }
        Step::RemoveElement(a, b) => {
            if let Some(list) = pick(roots, *a).as_list()
                && !list.is_empty()
            {
                roots.extend(list.remove(&mut runtime.heap, b % list.len()));
            }
        }
        Step::Reverse(at) => {
            if let Some(list) = pick(roots, *at).as_list() {
                list.reverse(&mut runtime.heap);
            }
        }
        Step::Clear(at) => {
            if let Some(list) = pick(roots, *at).as_list() {
                list.clear(&mut runtime.heap);
            } else if let Some(map) = pick(roots, *at).as_map() {
                map.clear(&mut runtime.heap);
            }
        }
        Step::Forget(at) => {
            let at = at % roots.len();
            roots.swap_remove(at);
            if roots.is_empty() {
                roots.push(Value::NULL);
            }
        }
        Step::Collect => {}
    }
}

fn short(runtime: &mut Runtime, value: Value) -> Result<Value, ()> {
    match value.as_string() {
        Some(text) if text.len() < 2_000 => Ok(value),
        Some(_) => Err(()),
        None => Ok(runtime.text("other")),
    }
}

/// The reachable objects in a form that can be compared: contents by object, not by path, so sharing does not multiply it.
fn snapshot(roots: &[Value]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let mut pending = roots.to_vec();
    let mut found = Vec::new();
    while let Some(value) = pending.pop() {
        if value.tag().is_object() && !seen.insert(value.payload()) {
            continue;
        }
        let members: Vec<Value> = if let Some(list) = value.as_list() {
            list.iter().collect()
        } else if let Some(map) = value.as_map() {
            map.iter().flat_map(|(key, value)| [key, value]).collect()
        } else if let Some(record) = value.as_record() {
            record.fields().to_vec()
        } else {
            Vec::new()
        };
        found.push(format!("{value:?} {members:?}"));
        pending.extend(members);
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn collections_keep_the_reachable_and_free_the_rest(steps in prop::collection::vec(step(), 0..if cfg!(miri) { 30 } else { 150 })) {
        let mut runtime = runtime();
        runtime.collect(|_| {}).expect("room");
        let empty = runtime.heap.bytes();
        let mut roots = vec![Value::NULL];
        for step in &steps {
            run(&mut runtime, &mut roots, step);
            if let Step::Collect = step {
                let before = snapshot(&roots);
                runtime.collect(|marker| marker.values(&roots)).expect("room");
                prop_assert_eq!(before, snapshot(&roots));
            }
        }
        runtime.collect(|_| {}).expect("room");
        prop_assert_eq!(runtime.heap.bytes(), empty);
    }

    #[test]
    fn collections_in_steps_keep_the_reachable_and_free_the_rest(steps in prop::collection::vec(step(), 0..if cfg!(miri) { 30 } else { 300 })) {
        let mut runtime = runtime();
        runtime.collect(|_| {}).expect("room");
        let empty = runtime.heap.bytes();
        runtime.heap.set_collecting(Collecting::InSteps);
        let mut roots = vec![Value::NULL];
        for (number, step) in steps.iter().enumerate() {
            let is_first = number % 16 == 0;
            let before = if is_first { snapshot(&roots) } else { Vec::new() };
            runtime.collect(|marker| marker.values(&roots)).expect("room");
            if is_first {
                prop_assert_eq!(before, snapshot(&roots));
            }
            run(&mut runtime, &mut roots, step);
        }
        snapshot(&roots);
        // What is garbage when a cycle begins is gone when it is over.
        let begun = runtime.heap.statistics().collections;
        while runtime.heap.statistics().collections < begun + 3 {
            runtime.collect(|_| {}).expect("room");
        }
        runtime.heap.set_collecting(Collecting::WhenDue);
        runtime.collect(|_| {}).expect("room");
        prop_assert_eq!(runtime.heap.bytes(), empty);
    }
}

/// A program with a large live heap that goes on changing it while it is collected in steps, and one without.
#[test]
fn a_large_heap_is_collected_in_steps() {
    let mut runtime = runtime();
    let kept = List::create(&mut runtime.heap);
    let list = kept.as_list().expect("a list");
    let (objects, turns) = if cfg!(miri) { (10, 10) } else { (1_000_000, 3_000_000) };
    for number in 0..objects {
        let pair = runtime.new_record(POINT, &[Value::int(number), Value::NULL]).expect("room");
        list.push(&mut runtime.heap, pair).expect("room");
        if runtime.heap.wants_collection() {
            runtime.collect(|marker| marker.value(kept)).expect("room");
        }
    }
    let (before, alive) = (runtime.heap.statistics(), runtime.heap.bytes());
    let mut most = 0;
    for turn in 0..turns {
        // An object goes from one place to another one, which may have been looked at, and its old place forgets it.
        let (from, to) = (turn * 7919 % objects, turn * 104_729 % objects);
        let [moved, other] = [from, to].map(|at| list.get(at as usize).expect("an element"));
        let number = |value: Value| value.as_record().expect("a record").fields()[0].as_int();
        let copy = runtime.new_record(POINT, &[Value::int(number(other).expect("a number")), other]).expect("room");
        list.set(&mut runtime.heap, from as usize, copy).expect("room");
        list.set(&mut runtime.heap, to as usize, moved).expect("room");
        copy.as_record().expect("a record").fields_mut()[1] = Value::NULL;
        if runtime.heap.wants_collection() {
            runtime.collect(|marker| marker.value(kept)).expect("room");
        }
        most = most.max(runtime.heap.bytes());
    }
    let numbers: i64 = list.iter().map(|value| value.as_record().expect("a record").fields()[0].int_payload()).sum();
    assert_eq!(numbers, objects * (objects - 1) / 2);
    let after = runtime.heap.statistics();
    if !cfg!(miri) {
        assert!(after.collections > before.collections && after.objects_freed > before.objects_freed);
        assert!(most < alive * 5 / 2, "{most} of {alive}");
    }
}

/// Takes an object out of others in one of the ways that there are, and gives what was taken.
type Taking = fn(&mut Runtime, Value) -> Vec<Value>;

/// Makes an object of one kind that holds others.
type Making = fn(&mut Runtime) -> Value;

fn long_list(runtime: &mut Runtime) -> Value {
    let elements: Vec<Value> = (0..LONG).map(|number| runtime.text(&number.to_string())).collect();
    runtime.list(&elements)
}

fn long_map(runtime: &mut Runtime) -> Value {
    let map = runtime.map(&[]);
    for number in 0..LONG {
        let (key, value) = (runtime.text(&number.to_string()), runtime.text("value"));
        runtime.set_key(map, key, value).expect("room");
    }
    map
}

fn list_of(value: Value) -> &'static mut List {
    value.as_list().expect("a list")
}

#[test]
fn what_is_taken_out_while_it_is_being_marked_is_kept() {
    let user: Making = |runtime| {
        let name = runtime.text("a user");
        runtime.new_record(USER, &[name, Value::NULL]).expect("room")
    };
    let cases: [(&str, Making, Taking); 13] = [
        ("set an element", long_list, |runtime, list| {
            let old = list_of(list).get(7).expect("an element");
            list_of(list).set(&mut runtime.heap, 7, Value::NULL).expect("room");
            vec![old]
        }),
        ("pop", long_list, |runtime, list| list_of(list).pop(&mut runtime.heap).into_iter().collect()),
        ("remove the first element", long_list, |runtime, list| {
            list_of(list).remove(&mut runtime.heap, 0).into_iter().collect()
        }),
        ("remove many elements", long_list, |runtime, list| {
            (0..100).filter_map(|at| list_of(list).remove(&mut runtime.heap, at)).collect()
        }),
        ("insert", long_list, |runtime, list| {
            list_of(list).insert(&mut runtime.heap, 0, Value::NULL).expect("room");
            Vec::new()
        }),
        ("reverse", long_list, |runtime, list| {
            list_of(list).reverse(&mut runtime.heap);
            Vec::new()
        }),
        ("clear a list", long_list, |runtime, list| {
            let elements = list_of(list).iter().collect();
            list_of(list).clear(&mut runtime.heap);
            elements
        }),
        ("set an entry", long_map, |runtime, map| {
            let (key, old) = map.as_map().expect("a map").iter().next().expect("an entry");
            runtime.set_key(map, key, Value::NULL).expect("room");
            vec![old]
        }),
        ("set an entry that is remembered", long_map, |runtime, map| {
            let map = map.as_map().expect("a map");
            let (key, old) = map.iter().next().expect("an entry");
            assert!(map.set_cached(&mut runtime.heap, 0, key, Value::NULL));
            vec![old]
        }),
        ("remove an entry", long_map, |runtime, map| {
            let map = map.as_map().expect("a map");
            let (key, old) = map.iter().next().expect("an entry");
            map.remove(&mut runtime.heap, key);
            vec![key, old]
        }),
        ("close the gaps", long_map, |runtime, map| {
            let this = map.as_map().expect("a map");
            let entries: Vec<(Value, Value)> = this.iter().take(LONG / 2).collect();
            entries.iter().for_each(|&(key, _)| assert!(this.remove(&mut runtime.heap, key).is_some()));
            for number in 0..LONG {
                runtime.set_key(map, Value::int(number as i64), Value::NULL).expect("room");
            }
            entries.into_iter().flat_map(|(key, value)| [key, value]).collect()
        }),
        ("clear a map", long_map, |runtime, map| {
            let map = map.as_map().expect("a map");
            let all = map.iter().flat_map(|(key, value)| [key, value]).collect();
            map.clear(&mut runtime.heap);
            all
        }),
        ("set a field", user, |runtime, user| {
            let old = user.as_record().expect("a record").fields()[0];
            let name = runtime.program.name_indices["name"];
            runtime.set_attribute(user, name, Value::NULL).expect("a field");
            vec![old]
        }),
    ];
    for (name, make, take) in cases {
        // Before anything was looked at, and when long ones were looked at in part.
        for steps in [0, 20, 400] {
            let mut runtime = runtime();
            let object = make(&mut runtime);
            runtime.collect(|marker| marker.value(object)).expect("room");
            runtime.heap.set_collecting(Collecting::InSteps);
            let before = runtime.heap.statistics();
            for _ in 0..=steps {
                runtime.collect(|marker| marker.value(object)).expect("room");
            }
            let taken = take(&mut runtime, object);
            while runtime.heap.statistics().collections == before.collections + 1 {
                runtime.collect(|marker| marker.values(&[&taken[..], &[object]].concat())).expect("room");
            }
            let after = runtime.heap.statistics();
            assert_eq!(after.objects_freed, before.objects_freed, "{name} after {steps} steps");
        }
    }
}

#[test]
fn garbage_at_a_steady_rate_does_not_make_a_heap_grow() {
    let mut heap = Heap::new(1 << 30);
    let kept = List::create(&mut heap);
    let list = list_of(kept);
    let (objects, rounds) = if cfg!(miri) { (10, 2) } else { (500_000, 20) };
    let (mut alive, mut most) = (0, 0);
    for number in 0..rounds * objects {
        let pair = Record::create(&mut heap, POINT, false, &[Value::int(number as i64), Value::NULL]);
        if number < objects {
            list.push(&mut heap, pair).expect("room");
            alive = heap.bytes();
        } else {
            list.set(&mut heap, number % objects, pair).expect("room");
        }
        if heap.wants_collection() {
            heap.collect(|marker| marker.value(kept));
        }
        most = most.max(heap.bytes());
    }
    if !cfg!(miri) {
        // What was garbage by the end of making it counts as alive here, so this is less than it is.
        assert!(most < alive * 11 / 5, "{most} of {alive}");
    }
}
