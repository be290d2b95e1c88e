//! Printed forms and type names.

use runtime::objects::{Closure, Record};
use runtime::{ErrorKind, Tag, Value, format};

use crate::support::{EMPTY, GREET, LAMBDA, Make, POINT, USER, indexed, runtime, runtime_with_limit};

/// Bits of floats and what Python's `repr` makes of them.
const FLOATS: &[(u64, &str)] = &[
    (0x0000000000000000, "0.0"),
    (0x8000000000000000, "-0.0"),
    (0x3ff0000000000000, "1.0"),
    (0xbff0000000000000, "-1.0"),
    (0x4004000000000000, "2.5"),
    (0x3fb999999999999a, "0.1"),
    (0x3fd3333333333334, "0.30000000000000004"),
    (0x3fd5555555555555, "0.3333333333333333"),
    (0x3fe5555555555555, "0.6666666666666666"),
    (0x3f1a36e2eb1c432d, "0.0001"),
    (0x3f1a36371ea531a8, "9.999e-05"),
    (0x3ee4f8b588e368f1, "1e-05"),
    (0x3e8421f5f40d8376, "1.5e-07"),
    (0x419d6f34547e6b75, "123456789.12345679"),
    (0x430c6bf526340000, "1000000000000000.0"),
    (0x4341c37937e08000, "1e+16"),
    (0x4341c37937e07fff, "9999999999999998.0"),
    (0x4376345785d8a000, "1e+17"),
    (0x43b12210f47de981, "1.2345678901234568e+18"),
    (0x437b69b4ba574920, "1.23456789e+17"),
    (0x444b1ae4d6e2ef50, "1e+21"),
    (0x4480f0cf064dd592, "1e+22"),
    (0x44b52d02c7e14af6, "1e+23"),
    (0x54b249ad2594c37d, "1e+100"),
    (0x7fefffffffffffff, "1.7976931348623157e+308"),
    (0x0010000000000000, "2.2250738585072014e-308"),
    (0x0000000000000001, "5e-324"),
    (0x4340000000000000, "9007199254740992.0"),
    (0x4340000000000001, "9007199254740994.0"),
    (0x43e0000000000000, "9.223372036854776e+18"),
    (0xc3e0000000000000, "-9.223372036854776e+18"),
    (0x43f0000000000000, "1.8446744073709552e+19"),
    (0x400a666666666667, "3.3000000000000003"),
    (0x3fe9999999999999, "0.7999999999999999"),
    (0x7e70000000000000, "1.0715086071862673e+301"),
    (0x01a56e1fc2f8f359, "1e-300"),
    (0x4011666666666666, "4.35"),
    (0x3fd3333333333333, "0.3"),
    (0x4059000000000000, "100.0"),
    (0x426d1a94a2000000, "1000000000000.0"),
    (0x4330000000000000, "4503599627370496.0"),
    (0x3d30000000000000, "5.684341886080802e-14"),
    (0x4340000000000000, "9007199254740992.0"),
    (0x3f0a36e2eb1c432d, "5e-05"),
    (0x3ee9e3abe16fc70d, "1.2345e-05"),
    (0x4164d8399f767c45, "10928588.983213553"),
    (0x5bc8fbbcbde5c099, "1.4186613525849614e+134"),
    (0xb0c11fdecb91ce37, "-7.571968556055867e-74"),
    (0xd76d4330f1446bea, "-1.4074705188261364e+113"),
    (0xa6eb8c9ebd69fe29, "-3.3339745473042614e-121"),
    (0x87b0b125ec1d7da0, "-1.2342180766211395e-271"),
    (0xd7210dff076ce2ef, "-5.126864004244935e+111"),
    (0xc6a5387777330bdb, "-2.1520217579844227e+32"),
    (0x3fc1ea36f17fd374, "0.1399601630397701"),
    (0x0d464138a6233255, "1.01853664031722e-244"),
    (0x2827688de6a16a3b, "2.9704598186234577e-115"),
    (0x5f2dd97f1cfb10f6, "3.0534183338726823e+150"),
    (0xde5271007814e8a2, "-2.3027782228163463e+146"),
    (0x617959ce3f1f65a8, "3.56409621163656e+161"),
    (0x7ff0000000000000, "inf"),
    (0xfff0000000000000, "-inf"),
    (0x7ff8000000000000, "nan"),
];

#[test]
fn floats_print_like_pythons_repr() {
    for &(bits, expected) in FLOATS {
        let mut text = String::new();
        format::write_float(&mut text, f64::from_bits(bits));
        assert_eq!(text, expected, "{bits:#x}");
    }
}

#[test]
fn integers_print_in_decimal() {
    for value in [0, 1, -1, 9, 10, -10, 1234567890, i64::MAX, i64::MIN] {
        let mut text = String::new();
        format::write_int(&mut text, value);
        assert_eq!(text, value.to_string());
    }
}

#[test]
fn scalars() {
    let runtime = runtime();
    for (value, expected) in
        [(Value::NULL, "null"), (Value::TRUE, "true"), (Value::FALSE, "false"), (Value::int(-5), "-5")]
    {
        assert_eq!(runtime.format(value), expected);
    }
}

#[test]
fn containers_print_strings_without_quotes() {
    let mut runtime = runtime();
    let value = runtime.json(r#"[1, 2.5, "s", true, false, null, [1, "x"], {"a": 1, "b c": [], "d": {}}]"#);
    assert_eq!(runtime.format(value), "[1, 2.5, s, true, false, null, [1, x], {a: 1, b c: [], d: {}}]");
    let map = runtime.map(&[]);
    for (key, value) in [(Value::int(1), Value::TRUE), (Value::FALSE, Value::int(2))] {
        runtime.set_key(map, key, value).expect("room");
    }
    assert_eq!(runtime.format(map), "{1: true, false: 2}");
}

#[test]
fn removed_entries_leave_no_trace() {
    let mut runtime = runtime();
    let map = runtime.json(r#"{"a": 1, "b": 2, "c": 3}"#);
    let key = runtime.text("a");
    map.as_map().expect("a map").remove(&mut runtime.heap, key);
    assert_eq!(runtime.format(map), "{b: 2, c: 3}");
}

#[test]
fn records_print_their_fields() {
    let mut runtime = runtime();
    let name = runtime.text("bob");
    let user = runtime.new_record(USER, &[name]).expect("room");
    assert_eq!(runtime.format(user), "User { name: bob, age: 18 }");
    let point = runtime.new_record(POINT, &[user]).expect("room");
    assert_eq!(runtime.format(point), "Point { x: User { name: bob, age: 18 }, y: 7 }");
    let empty = runtime.new_record(EMPTY, &[]).expect("room");
    let list = runtime.list(&[empty, empty]);
    assert_eq!(runtime.format(list), "[Nothing {}, Nothing {}]");
}

#[test]
fn callables_types_and_modules_print_their_names() {
    let mut runtime = runtime();
    let sqrt = runtime::builtins::names().position(|name| name == "sqrt").expect("a builtin") as u32;
    let closure = Closure::create(&mut runtime.heap, LAMBDA, 0);
    for (value, form, name, kind) in [
        (indexed(Tag::Function, GREET), "<action greet>", "Action", "function"),
        (indexed(Tag::Function, LAMBDA), "lambda(x, y)", "LambdaFunction", "function"),
        (closure, "lambda(x, y)", "LambdaFunction", "function"),
        (indexed(Tag::Builtin, sqrt), "<built-in function: sqrt>", "Builtin", "function"),
        (indexed(Tag::Type, USER), "<entity User>", "Type", "type"),
        (indexed(Tag::Type, POINT), "<data Point>", "Type", "type"),
        (indexed(Tag::Module, 0), "<module Bank>", "Module", "module"),
    ] {
        assert_eq!(runtime.format(value), form);
        assert_eq!(runtime.type_name(value), name);
        assert_eq!(runtime.typeof_name(value), kind);
    }
}

#[test]
fn types_of_data_have_names() {
    let mut runtime = runtime();
    let colors = runtime.enumeration(&[("RED", 0), ("GREEN", 1)]);
    assert_eq!(runtime.format(colors), "{RED: 0, GREEN: 1}");
    let (text, list, map) = (runtime.text("s"), runtime.list(&[]), runtime.map(&[]));
    let user = runtime.new_record(USER, &[]).expect("room");
    for (value, name, kind, title) in [
        (Value::int(1), "Integer", "integer", "INTEGER"),
        (Value::float(1.5), "Float", "float", "FLOAT"),
        (text, "String", "string", "STRING"),
        (Value::TRUE, "Boolean", "boolean", "BOOLEAN"),
        (Value::NULL, "Null", "null", "NULL"),
        (list, "List", "list", "LIST"),
        (map, "Map", "map", "MAP"),
        (colors, "Enum", "enum", "ENUM"),
        (user, "EntityInstance", "entityinstance", "ENTITY"),
    ] {
        assert_eq!((runtime.type_name(value), runtime.typeof_name(value), value.type_title()), (name, kind, title));
    }
}

#[test]
fn cycles_print_as_an_ellipsis() {
    let mut runtime = runtime();
    let (list, map) = (runtime.list(&[Value::int(1)]), runtime.map(&[]));
    let user = runtime.new_record(USER, &[list]).expect("room");
    let key = runtime.text("user");
    runtime.set_key(map, key, user).expect("room");
    for value in [list, map, map] {
        list.as_list().expect("a list").push(&mut runtime.heap, value).expect("room");
    }
    let inner = "{user: User { name: …, age: 18 }}";
    assert_eq!(runtime.format(list), format!("[1, …, {inner}, {inner}]"));
    // What occurs twice without containing itself prints twice.
    let pair = runtime.list(&[key, key]);
    let twice = runtime.list(&[pair, pair]);
    assert_eq!(runtime.format(twice), "[[user, user], [user, user]]");
}

#[test]
fn long_cycles_are_found_too() {
    let mut runtime = runtime();
    let innermost = runtime.list(&[]);
    let outermost = (0..100).fold(innermost, |inner, _| runtime.list(&[inner]));
    innermost.as_list().expect("a list").push(&mut runtime.heap, outermost).expect("room");
    assert_eq!(runtime.format(outermost), format!("{}…{}", "[".repeat(101), "]".repeat(101)));
}

#[test]
fn nesting_takes_no_native_stack() {
    let mut runtime = runtime();
    let depth = if cfg!(miri) { 100 } else { 1_000_000 };
    let start = runtime.list(&[]);
    let list = (1..depth).fold(start, |inner, _| runtime.list(&[inner]));
    assert_eq!(runtime.format(list).len(), 2 * depth);
    let leaf = runtime.text("x");
    let record =
        (0..depth).fold(leaf, |inner, _| Record::create(&mut runtime.heap, POINT, true, &[inner, Value::NULL]));
    assert!(runtime.format(record).starts_with("Point { x: Point { x: "));
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn text_that_would_not_fit_the_heap_is_refused() {
    let mut runtime = runtime_with_limit(1 << 20);
    let start = runtime.list(&[]);
    // Prints as 2^40 pairs of brackets.
    let shared = (0..40).fold(start, |inner, _| runtime.list(&[inner, inner]));
    let fault = runtime.format_within_limit(shared).expect_err("too long");
    assert_eq!(fault.kind, ErrorKind::Heap);
    assert!(runtime.format(shared).len() <= 2 << 20);
    let mut text = "x".repeat(1 << 20);
    assert!(runtime.format_into(&mut text, Value::int(1)).is_err());
}
