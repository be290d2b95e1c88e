//! Strings: shared buffers, characters and bytes.

use proptest::prelude::*;
use runtime::heap::Heap;
use runtime::objects::Str;
use runtime::{ErrorKind, Value};

use crate::support::{Make, runtime, runtime_with_limit};

fn text(value: Value) -> &'static str {
    value.as_string().expect("a string").as_str()
}

fn check(value: Value, expected: &str) {
    let string = value.as_string().expect("a string");
    assert_eq!(string.as_str(), expected);
    assert_eq!(string.len(), expected.len());
    assert_eq!(string.char_count(), expected.chars().count());
    assert_eq!(string.is_ascii(), expected.is_ascii());
}

#[test]
fn appending_to_one_string_twice_disturbs_neither() {
    let mut heap = Heap::new(1 << 20);
    let base = "x".repeat(100);
    let start = Str::create(&mut heap, &base);
    // The first append makes a buffer with room; from then on appends happen in place.
    let grown = Str::concat(&mut heap, start, "1").expect("room");
    let left = Str::concat(&mut heap, grown, "left").expect("room");
    let right = Str::concat(&mut heap, grown, "right").expect("room");
    let further = Str::concat(&mut heap, left, "é").expect("room");
    check(grown, &format!("{base}1"));
    check(left, &format!("{base}1left"));
    check(right, &format!("{base}1right"));
    check(further, &format!("{base}1lefté"));
}

#[test]
fn a_string_appended_to_itself() {
    let mut heap = Heap::new(1 << 24);
    let mut value = Str::create(&mut heap, "é-");
    let mut expected = "é-".to_string();
    for _ in 0..10 {
        value = Str::concat(&mut heap, value, text(value)).expect("room");
        expected = expected.repeat(2);
        check(value, &expected);
    }
}

#[test]
fn a_slice_that_ends_with_its_buffer_can_grow() {
    let mut heap = Heap::new(1 << 20);
    let base = "abcdefghij".repeat(20);
    let start = Str::create(&mut heap, &base);
    let grown = Str::concat(&mut heap, start, "end").expect("room");
    let slice = Str::slice_bytes(&mut heap, grown, 50, 203, 153);
    let longer = Str::concat(&mut heap, slice, "more").expect("room");
    let other = Str::concat(&mut heap, grown, "other").expect("room");
    check(slice, &format!("{}end", &base[50..]));
    check(longer, &format!("{}endmore", &base[50..]));
    check(other, &format!("{base}endother"));
}

#[test]
fn building_a_string_copies_little() {
    let mut heap = Heap::new(1 << 24);
    let mut value = Str::create(&mut heap, "");
    let rounds = if cfg!(miri) { 60 } else { 10_000 };
    for _ in 0..rounds {
        value = Str::concat(&mut heap, value, "0123456789").expect("room");
    }
    assert_eq!(text(value).len(), rounds * 10);
    // A view for each step, and buffers that double.
    assert!(heap.bytes() < rounds * (48 + 60), "{} bytes", heap.bytes());
    heap.collect(|marker| marker.value(value));
    assert!(heap.bytes() < rounds * 30 + 1000, "{} bytes", heap.bytes());
    assert!(text(value).as_bytes().chunks(10).all(|chunk| chunk == b"0123456789"));
}

#[test]
fn equal_texts_have_equal_hashes() {
    let mut heap = Heap::new(1 << 20);
    let long = "y".repeat(200);
    let start = Str::create(&mut heap, &long[..150]);
    let grown = Str::concat(&mut heap, start, &long[150..]).expect("room");
    let made = Str::create(&mut heap, &long);
    let (grown, made) = (grown.as_string().expect("a string"), made.as_string().expect("a string"));
    assert_eq!(grown.hash(), made.hash());
    assert_eq!(grown.hash(), grown.hash());
    assert!(grown.equals(made));
}

#[test]
fn indexing_is_by_character() {
    let mut runtime = runtime();
    for (string, characters) in [("hello", "hello"), ("hé😀lo", "hé😀lo"), ("", "")] {
        let value = runtime.text(string);
        let characters: Vec<char> = characters.chars().collect();
        let count = characters.len() as i64;
        for index in -count - 2..count + 2 {
            let expected = characters.get(if index < 0 { index + count } else { index } as usize);
            let found = runtime.index(value, Value::int(index)).expect("integers index strings");
            assert_eq!(
                runtime.format(found),
                expected.map_or("null".to_string(), char::to_string),
                "{string}[{index}]"
            );
        }
        for index in [i64::MIN, i64::MAX] {
            assert!(runtime.index(value, Value::int(index)).is_ok_and(Value::is_null));
        }
    }
}

#[test]
fn texts_too_long_for_the_heap_are_refused() {
    let mut runtime = runtime_with_limit(1 << 20);
    let value = runtime.text("ab");
    let bytes = runtime.heap.bytes();
    for count in [1 << 20, i64::MAX, i64::MAX / 2 + 1] {
        assert_eq!(runtime.repeat(value, count).expect_err("too long").kind, ErrorKind::Heap);
        let pad = runtime.method_call(value, "pad_start", &[Value::int(count)]);
        assert_eq!(pad.expect_err("too long").kind, ErrorKind::Heap);
    }
    let long = "x".repeat(600_000);
    assert!(runtime.new_string(&long).is_ok_and(|value| Str::concat(&mut runtime.heap, value, &long).is_err()));
    assert!(runtime.heap.bytes() < bytes + 700_000);
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,8}", "[aé😀]{0,8}", "[a-z]{60,90}", "[é😀x]{40,50}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 512 }, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each step appends to, or cuts, some string made before; all must keep their text.
    #[test]
    fn strings_never_change(steps in prop::collection::vec((any::<prop::sample::Index>(), piece(), 0..3_u8, any::<(u8, u8)>()), 1..40)) {
        let mut runtime = runtime();
        let mut made = vec![(runtime.text(""), String::new())];
        for (which, piece, kind, (start, end)) in steps {
            let (value, model) = which.get(&made).clone();
            made.push(match kind {
                0 => (Str::concat(&mut runtime.heap, value, &piece).expect("room"), model + &piece),
                1 => {
                    let second = which.get(&made).0;
                    (runtime.add(value, second).expect("room"), model + text(second))
                }
                _ => {
                    let (start, end) = (i64::from(start) - 64, i64::from(end) - 64);
                    let slice = runtime.slice(value, Value::int(start), Value::int(end)).expect("room");
                    let count = model.chars().count() as i64;
                    let bound = |at: i64| (if at < 0 { at + count } else { at }).clamp(0, count) as usize;
                    (slice, model.chars().take(bound(end)).skip(bound(start)).collect())
                }
            });
            for (value, model) in &made {
                check(*value, model);
            }
        }
        let roots: Vec<Value> = made.iter().step_by(2).map(|entry| entry.0).collect();
        runtime.collect(|marker| marker.values(&roots)).expect("room");
        for (value, model) in made.iter().step_by(2) {
            check(*value, model);
        }
    }
}
