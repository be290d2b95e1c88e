//! JSON, read and written.

use proptest::prelude::*;
use runtime::{ErrorKind, Runtime, Tag, Value};

use crate::support::{GREET, Make, POINT, USER, indexed, runtime, runtime_with_limit};

fn written(runtime: &mut Runtime, value: Value) -> String {
    runtime.show("json_stringify", &[value])
}

fn read(runtime: &mut Runtime, text: &str) -> String {
    let text = runtime.text(text);
    runtime.show("json_parse", &[text])
}

#[test]
fn writes_what_it_reads() {
    let mut runtime = runtime();
    for text in [
        "null",
        "true",
        "-12",
        "1.5",
        "1e+17",
        "1e-05",
        r#""""#,
        "[]",
        "{}",
        r#"[1, [2, {"a": [], "b": {}}], "x"]"#,
        r#"{"a": 1, "b c": null, "": false}"#,
        r#""quote \" backslash \\ tab \t newline \n bell \u0007 é 😀""#,
    ] {
        let value = runtime.json(text);
        assert_eq!(written(&mut runtime, value), text);
    }
}

#[test]
fn reads_every_escape() {
    let mut runtime = runtime();
    assert_eq!(read(&mut runtime, r#" "\b\f\n\r\t\/\\\"\u0041\u00e9\ud83d\ude00" "#), "\u{8}\u{c}\n\r\t/\\\"Aé😀");
}

#[test]
fn the_last_of_equal_keys_wins_at_the_first_place() {
    let mut runtime = runtime();
    assert_eq!(read(&mut runtime, r#"{"a": 1, "b": 2, "a": 3}"#), "{a: 3, b: 2}");
}

#[test]
fn keys_of_other_kinds_are_written_as_strings() {
    let mut runtime = runtime();
    let map = runtime.map(&[]);
    for key in [Value::int(1), Value::TRUE] {
        runtime.set_key(map, key, Value::NULL).expect("room");
    }
    assert_eq!(written(&mut runtime, map), r#"{"1": null, "true": null}"#);
}

#[test]
fn records_are_written_as_objects() {
    let mut runtime = runtime();
    let name = runtime.text("bob");
    let user = runtime.new_record(USER, &[name]).expect("room");
    let point = runtime.new_record(POINT, &[user]).expect("room");
    assert_eq!(written(&mut runtime, point), r#"{"x": {"name": "bob", "age": 18}, "y": 7}"#);
    assert_eq!(runtime.show_method(point, "toJSON", &[]), r#"{"x": {"name": "bob", "age": 18}, "y": 7}"#);
}

#[test]
fn refuses_what_json_cannot_say() {
    let mut runtime = runtime();
    assert_eq!(written(&mut runtime, Value::float(f64::NAN)), "!JSON error: FLOAT that is not finite has no JSON form");
    assert_eq!(written(&mut runtime, indexed(Tag::Function, GREET)), "!JSON error: FUNCTION has no JSON form");
    let list = runtime.list(&[]);
    list.as_list().expect("a list").push(&mut runtime.heap, list).expect("room");
    assert_eq!(written(&mut runtime, list), "!JSON error: LIST that contains itself has no JSON form");
}

#[test]
fn errors_say_where() {
    let mut runtime = runtime();
    for (text, problem) in [
        ("", "expected a value at line 1, column 1"),
        ("[1 2]", "expected ',' or ']' at line 1, column 4"),
        ("{\"a\" 1}", "expected ':' at line 1, column 6"),
        ("{\n  \"é\": 1,\n  b}", "expected a key in double quotes at line 3, column 3"),
        ("[1,]", "expected a value at line 1, column 4"),
        ("{\"a\": 1", "expected ',' or '}' at line 1, column 8"),
        ("1 2", "expected the end of the text at line 1, column 3"),
        ("01", "expected the end of the text at line 1, column 2"),
        ("1.", "expected a digit at line 1, column 3"),
        ("-", "expected a digit at line 1, column 2"),
        ("1e", "expected a digit at line 1, column 3"),
        ("tru", "expected a value at line 1, column 1"),
        ("9223372036854775808", "the number is too large at line 1, column 1"),
        ("[1e999]", "the number is too large at line 1, column 2"),
        ("\"abc", "expected '\"' at line 1, column 5"),
        ("\"a\nb\"", "control characters in strings must be escaped at line 1, column 3"),
        ("\"\\x\"", "expected an escape at line 1, column 3"),
        ("\"\\", "expected an escape at line 1, column 3"),
        ("\"\\u12é\"", "expected four hexadecimal digits at line 1, column 4"),
        ("\"\\ud800\"", "a surrogate without its other half at line 1, column 8"),
        ("\"\\udc00\\ud800\"", "a surrogate without its other half at line 1, column 8"),
    ] {
        assert_eq!(read(&mut runtime, text), format!("!JSON error: {problem}"), "{text:?}");
    }
}

#[test]
fn nesting_takes_no_native_stack() {
    let mut runtime = runtime();
    let depth = if cfg!(miri) { 100 } else { 1_000_000 };
    let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let value = runtime.json(&text);
    assert_eq!(written(&mut runtime, value), text);
    let text = format!("{}1{}", "{\"k\": ".repeat(depth), "}".repeat(depth));
    let value = runtime.json(&text);
    assert_eq!(written(&mut runtime, value), text);
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn reading_stops_at_the_heaps_limit() {
    let mut runtime = runtime_with_limit(2 << 20);
    let text = runtime.text(&"[".repeat(1 << 20));
    let fault = runtime.call("json_parse", &[text]).expect_err("too many lists");
    assert_eq!(fault.kind, ErrorKind::Heap);
    assert!(runtime.heap.bytes() <= runtime.heap.limit() + 1024);
}

#[test]
fn keys_that_are_names_of_the_program_are_those_names() {
    let mut runtime = runtime();
    let map = runtime.json(r#"{"age": 1, "other": 2}"#);
    let age = runtime.names[runtime.program.name_indices["age"] as usize];
    assert!(map.as_map().is_some_and(|map| map.get_cached(0, age).is_some()));
}

fn arbitrary_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_string()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| {
            let mut text = String::new();
            runtime::format::write_float(&mut text, value);
            text
        }),
        "[a-zé😀 ]{0,100}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..6).prop_map(|entries| {
                let entries: Vec<String> = entries.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_inverts_writing(text in arbitrary_json()) {
        let mut runtime = runtime();
        let value = runtime.json(&text);
        prop_assert_eq!(written(&mut runtime, value), text);
    }

    #[test]
    fn no_text_makes_it_panic(text in r#"([\[\]{},:"\\ ]|true|null|-?[0-9.e]{1,3}|\\u[0-9a-f]{0,4}|é){0,20}"#) {
        let mut runtime = runtime();
        read(&mut runtime, &text);
    }
}
