//! Methods of strings, lists, maps and records.

use runtime::{ErrorKind, Tag, Value};

use crate::support::{Make, POINT, USER, indexed, runtime, runtime_with_limit};

/// Calls with receiver and arguments in JSON: the receiver, the method, its arguments as a list, and what it prints.
fn check(cases: &[(&str, &str, &str, &str)]) {
    let mut runtime = runtime();
    for &(receiver, name, arguments, expected) in cases {
        let value = runtime.json(receiver);
        let list = runtime.json(arguments);
        let values: Vec<Value> = list.as_list().expect("a list").iter().collect();
        assert_eq!(runtime.show_method(value, name, &values), expected, "{receiver}.{name}({arguments})");
    }
}

#[test]
fn strings() {
    let hello = "\"Hello World\"";
    let wide = "\"hé😀lo\"";
    check(&[
        (hello, "len", "[]", "11"),
        (wide, "length", "[]", "5"),
        (hello, "upper", "[]", "HELLO WORLD"),
        (wide, "toUpperCase", "[]", "HÉ😀LO"),
        (hello, "toLowerCase", "[]", "hello world"),
        ("\"  x \"", "trim", "[]", "x"),
        ("\"  x \"", "trim_start", "[]", "x "),
        ("\"  x \"", "trimEnd", "[]", "  x"),
        (hello, "contains", "[\"World\"]", "true"),
        (hello, "includes", "[\"world\"]", "false"),
        (hello, "startsWith", "[\"He\"]", "true"),
        (hello, "ends_with", "[\"ld\"]", "true"),
        (hello, "starts_with", "[1]", "!Type error: starts_with() expects a string, not INTEGER"),
        (hello, "index_of", "[\"o\"]", "4"),
        (hello, "indexOf", "[\"z\"]", "-1"),
        (wide, "index_of", "[\"l\"]", "3"),
        (wide, "index_of", "[\"\"]", "0"),
        (hello, "last_index_of", "[\"o\"]", "7"),
        (wide, "lastIndexOf", "[\"\"]", "5"),
        (hello, "slice", "[0, 5]", "Hello"),
        (wide, "slice", "[1, 3]", "é😀"),
        (wide, "slice", "[-2]", "lo"),
        (wide, "substring", "[3, 1]", ""),
        (wide, "charAt", "[1]", "é"),
        (wide, "charAt", "[9]", "null"),
        (wide, "char_code_at", "[2]", "128512"),
        (hello, "split", "[\" \"]", "[Hello, World]"),
        (wide, "split", "[\"\"]", "[h, é, 😀, l, o]"),
        ("\"a\\nb\\r\\nc\"", "lines", "[]", "[a, b, c]"),
        ("\"ab\"", "chars", "[]", "[a, b]"),
        (hello, "replace", "[\"World\", \"Z\"]", "Hello Z"),
        ("\"aaa\"", "replace", "[\"a\", \"\"]", ""),
        ("\"ab\"", "replace", "[\"\", \"-\"]", "-a-b-"),
        ("\", \"", "join", "[[1, \"a\", [2]]]", "1, a, [2]"),
        ("\",\"", "join", "[5]", "!Type error: join() expects a list, not INTEGER"),
        (wide, "reverse", "[]", "ol😀éh"),
        ("\"ab\"", "repeat", "[2]", "abab"),
        ("\"ab\"", "repeat", "[-1]", ""),
        ("\"\"", "is_empty", "[]", "true"),
        ("\"42\"", "to_int", "[]", "42"),
        ("\"x\"", "toInt", "[]", "!Cannot convert 'x' to integer"),
        ("\"1.5\"", "to_float", "[]", "1.5"),
        ("\"42\"", "to_hex", "[]", "3432"),
        ("\"c3a9\"", "from_hex", "[]", "é"),
        ("\"c3\"", "from_hex", "[]", "!Cannot convert 'c3' from hexadecimal to text"),
        ("\"abc\"", "from_hex", "[]", "!Cannot convert 'abc' from hexadecimal to text"),
        ("\"7\"", "pad_start", "[3, \"0\"]", "007"),
        ("\"é\"", "pad_end", "[4, \"ab\"]", "éaba"),
        ("\"long\"", "padStart", "[2]", "long"),
        ("\"a\"", "concat", "[1]", "a1"),
        ("\"a\"", "toString", "[]", "a"),
        ("\"a\"", "toJSON", "[]", "\"a\""),
        ("\"a\"", "equals", "[\"a\"]", "true"),
    ]);
}

#[test]
fn lists() {
    let list = "[3, 1, 2]";
    check(&[
        (list, "push", "[5]", "[3, 1, 2, 5]"),
        (list, "append", "[\"x\"]", "[3, 1, 2, x]"),
        (list, "pop", "[]", "2"),
        ("[]", "pop", "[]", "null"),
        (list, "len", "[]", "3"),
        (list, "count", "[]", "3"),
        ("[1, 1.0, \"1\"]", "count", "[1]", "2"),
        (list, "get", "[-1]", "2"),
        (list, "get", "[3, \"none\"]", "none"),
        (list, "get", "[\"a\"]", "!Type error: get() expects an integer, not STRING"),
        (list, "set", "[0, 9]", "[9, 1, 2]"),
        (list, "set", "[3, 9]", "!Index out of range: 3 in a list of 3"),
        (list, "first", "[]", "3"),
        (list, "last", "[]", "2"),
        ("[]", "first", "[]", "null"),
        ("[]", "last", "[]", "null"),
        (list, "rest", "[]", "[1, 2]"),
        (list, "contains", "[1]", "true"),
        (list, "includes", "[9]", "false"),
        (list, "index_of", "[2]", "2"),
        (list, "indexOf", "[null]", "-1"),
        (list, "join", "[\"-\"]", "3-1-2"),
        (list, "is_empty", "[]", "false"),
        (list, "insert", "[1, 9]", "[3, 9, 1, 2]"),
        (list, "insert", "[3, 9]", "[3, 1, 2, 9]"),
        (list, "insert", "[-1, 9]", "[3, 1, 9, 2]"),
        (list, "insert", "[4, 9]", "!Index out of range: 4 in a list of 3"),
        (list, "insert", "[-4, 9]", "!Index out of range: -4 in a list of 3"),
        (list, "remove", "[0]", "3"),
        (list, "remove", "[-1]", "2"),
        (list, "remove", "[3]", "!Index out of range: 3 in a list of 3"),
        (list, "remove", "[-9223372036854775808]", "!Index out of range: -9223372036854775808 in a list of 3"),
        (list, "clear", "[]", "[]"),
        (list, "extend", "[[7, \"x\"]]", "[3, 1, 2, 7, x]"),
        (list, "extend", "[5]", "!Type error: extend() expects a list, not INTEGER"),
        (list, "concat", "[[4.5]]", "[3, 1, 2, 4.5]"),
        (list, "concat", "[\"x\"]", "!Type error: concat() expects a list, not STRING"),
        (list, "slice", "[1, 2]", "[1]"),
        (list, "slice", "[-2]", "[1, 2]"),
        (list, "slice", "[\"a\"]", "!Type error: slice bounds are integers, not STRING"),
        (list, "reverse", "[]", "[2, 1, 3]"),
        (list, "sort", "[]", "[1, 2, 3]"),
        (list, "sort", "[\"desc\"]", "[3, 2, 1]"),
        (list, "sum", "[]", "6"),
        (list, "min", "[]", "1"),
        (list, "max", "[]", "3"),
        ("[[1, 2], 3]", "flatten", "[]", "[1, 2, 3]"),
        ("[1, \"a\"]", "toString", "[]", "[1, a]"),
        ("[1, \"a\"]", "toJSON", "[]", "[1, \"a\"]"),
    ]);
}

#[test]
fn changes_in_place_and_copies() {
    let mut runtime = runtime();
    let list = runtime.ints(&[3, 1, 2]);
    for name in ["sort", "reverse", "copy", "rest", "flatten"] {
        let result = runtime.method_call(list, name, &[]).expect("room");
        assert!(!result.is_identical(list), "{name} copies");
        runtime.method_call(result, "push", &[Value::NULL]).expect("room");
    }
    assert_eq!(runtime.format(list), "[3, 1, 2]");
    for (name, arguments) in [
        ("push", vec![Value::int(4)]),
        ("insert", vec![Value::int(0), Value::int(0)]),
        ("set", vec![Value::int(0), Value::int(9)]),
    ] {
        let result = runtime.method_call(list, name, &arguments).expect("room");
        assert!(result.is_identical(list), "{name} gives the list");
    }
    assert_eq!(runtime.format(list), "[9, 3, 1, 2, 4]");
}

#[test]
fn maps() {
    let map = "{\"b\": 1, \"a\": null}";
    check(&[
        (map, "get", "[\"b\"]", "1"),
        (map, "get", "[\"z\"]", "null"),
        (map, "get", "[\"z\", 7]", "7"),
        (map, "get", "[\"a\", 7]", "null"),
        (map, "get", "[null, 7]", "7"),
        (map, "set", "[\"c\", 2]", "{b: 1, a: null, c: 2}"),
        (map, "set", "[null, 2]", "!Type error: NULL cannot be a map key"),
        (map, "has", "[\"a\"]", "true"),
        (map, "contains", "[\"c\"]", "false"),
        (map, "delete", "[\"b\"]", "1"),
        (map, "remove", "[\"z\"]", "null"),
        (map, "size", "[]", "2"),
        (map, "length", "[]", "2"),
        (map, "is_empty", "[]", "false"),
        (map, "keys", "[]", "[b, a]"),
        (map, "values", "[]", "[1, null]"),
        (map, "entries", "[]", "[[b, 1], [a, null]]"),
        (map, "clear", "[]", "{}"),
        (map, "update", "[{\"a\": 2, \"c\": 3}]", "{b: 1, a: 2, c: 3}"),
        (map, "merge", "[{\"a\": 2, \"c\": 3}]", "{b: 1, a: 2, c: 3}"),
        (map, "merge", "[5]", "!Type error: merge() expects a map, not INTEGER"),
        (map, "copy", "[]", "{b: 1, a: null}"),
        (map, "toJSON", "[]", "{\"b\": 1, \"a\": null}"),
    ]);
    let mut runtime = runtime();
    let map = runtime.json("{\"a\": 1}");
    for (name, arguments) in [("copy", vec![]), ("merge", vec![map])] {
        let copy = runtime.method_call(map, name, &arguments).expect("room");
        let key = runtime.text("new");
        runtime.set_key(copy, key, Value::NULL).expect("room");
    }
    assert_eq!(runtime.show_method(map, "update", &[map]), "{a: 1}");
    assert_eq!(runtime.format(map), "{a: 1}");
}

#[test]
fn enums_cannot_be_changed() {
    let mut runtime = runtime();
    let colors = runtime.enumeration(&[("RED", 0), ("GREEN", 1)]);
    let (red, blue, other) = (runtime.text("RED"), runtime.text("BLUE"), runtime.map(&[("BLUE", Value::int(2))]));
    for (name, arguments) in [
        ("set", vec![blue, Value::int(2)]),
        ("delete", vec![red]),
        ("remove", vec![blue]),
        ("clear", vec![]),
        ("update", vec![other]),
    ] {
        let shown = runtime.show_method(colors, name, &arguments);
        assert_eq!(shown, "!Type error: the members of an enum cannot be changed", "{name}");
    }
    assert_eq!(runtime.show("remove", &[colors, red]), "!Type error: the members of an enum cannot be changed");
    assert_eq!(runtime.show_method(colors, "keys", &[]), "[RED, GREEN]");
    // Copies are ordinary maps.
    assert_eq!(runtime.show_method(colors, "merge", &[other]), "{RED: 0, GREEN: 1, BLUE: 2}");
    let copy = runtime.method_call(colors, "copy", &[]).expect("room");
    assert_eq!(runtime.show_method(copy, "delete", &[red]), "0");
    assert_eq!(runtime.format(colors), "{RED: 0, GREEN: 1}");
}

#[test]
fn records() {
    let mut runtime = runtime();
    let point = runtime.new_record(POINT, &[Value::int(1)]).expect("room");
    assert_eq!(runtime.show_method(point, "toString", &[]), "Point(x=1, y=7)");
    assert_eq!(runtime.show_method(point, "toJSON", &[]), "{\"x\": 1, \"y\": 7}");
    let copy = runtime.method_call(point, "clone", &[]).expect("room");
    assert!(!copy.is_identical(point));
    assert_eq!(runtime.show_method(point, "equals", &[copy]), "true");
    let other = runtime.new_record(POINT, &[Value::int(2)]).expect("room");
    assert_eq!(runtime.show_method(point, "equals", &[other]), "false");
    let user = runtime.new_record(USER, &[point]).expect("room");
    assert_eq!(runtime.show_method(user, "toString", &[]), "User { name: Point { x: 1, y: 7 }, age: 18 }");
    let copy = runtime.method_call(user, "clone", &[]).expect("room");
    assert_eq!(runtime.show_method(user, "equals", &[copy]), "false");
}

#[test]
fn everything_has_a_printed_form() {
    let mut runtime = runtime();
    for (value, expected) in [
        (Value::int(5), "5"),
        (Value::float(1.0), "1.0"),
        (Value::TRUE, "true"),
        (Value::NULL, "null"),
        (indexed(Tag::Type, POINT), "<data Point>"),
    ] {
        assert_eq!(runtime.show_method(value, "toString", &[]), expected);
    }
}

#[test]
fn unknown_methods_suggest_a_near_one() {
    let near = |receiver: Value, name: &str| {
        runtime::suggest::nearest(name, runtime::methods::names_for(receiver)).map(str::to_string)
    };
    let mut runtime = runtime();
    let (list, text) = (runtime.list(&[]), runtime.text(""));
    assert_eq!(near(list, "pusj").as_deref(), Some("push"));
    assert_eq!(near(text, "uper").as_deref(), Some("upper"));
    assert_eq!(near(list, "quite_different"), None);
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn refused_results_leave_the_receiver_as_it_was() {
    let mut runtime = runtime_with_limit(1 << 20);
    let list = runtime.ints(&[1, 2, 3]);
    let text = runtime.text(&"é".repeat(1000));
    let numbers = runtime.ints(&(0..100_000).collect::<Vec<i64>>());
    let bytes = runtime.heap.bytes();
    for (receiver, name, arguments) in [
        (text, "repeat", vec![Value::int(1000)]),
        (text, "pad_end", vec![Value::int(1 << 30)]),
        (numbers, "push", vec![Value::NULL]),
        (numbers, "insert", vec![Value::int(0), Value::NULL]),
        (numbers, "sort", vec![]),
        (numbers, "reverse", vec![]),
        (numbers, "copy", vec![]),
        (numbers, "concat", vec![list]),
        (numbers, "extend", vec![numbers]),
        (numbers, "join", vec![text]),
        (numbers, "toString", vec![]),
        (numbers, "toJSON", vec![]),
    ] {
        match runtime.method_call(receiver, name, &arguments) {
            Ok(_) => panic!("{name} fits"),
            Err(fault) => assert_eq!(fault.kind, ErrorKind::Heap, "{name}"),
        }
        assert_eq!(runtime.heap.bytes(), bytes, "{name}");
    }
    assert_eq!(runtime.show_method(list, "push", &[Value::int(4)]), "[1, 2, 3, 4]");
    assert!(
        numbers.as_list().and_then(|list| list.as_ints()).is_some_and(|numbers| numbers.iter().copied().eq(0..100_000))
    );
}
