//! Builtin functions.

use runtime::builtins::VIRTUAL_EPOCH;
use runtime::tasks::Next;
use runtime::{ErrorKind, Runtime, Tag, Value};

use crate::support::{
    GREET, LAMBDA, Make, POINT, USER, indexed, real_runtime, runtime, runtime_with_input, runtime_with_limit,
};

/// Calls with arguments in JSON: the builtin, its arguments as a list, and what it prints; errors behind `!`.
fn check(cases: &[(&str, &str, &str)]) {
    let mut runtime = runtime();
    for &(name, arguments, expected) in cases {
        let list = runtime.json(arguments);
        let values: Vec<Value> = list.as_list().expect("a list").iter().collect();
        assert_eq!(runtime.show(name, &values), expected, "{name}({arguments})");
    }
}

#[test]
fn conversions() {
    check(&[
        ("string", "[5]", "5"),
        ("string", "[1.0]", "1.0"),
        ("string", "[[1, \"a\", null, true]]", "[1, a, null, true]"),
        ("str", "[null]", "null"),
        ("int", "[\" 42 \"]", "42"),
        ("int", "[3.9]", "3"),
        ("int", "[-3.9]", "-3"),
        ("int", "[true]", "1"),
        ("int", "[\"abc\"]", "!Cannot convert 'abc' to integer"),
        ("int", "[\"0x10\"]", "!Cannot convert '0x10' to integer"),
        ("int", "[\"99999999999999999999\"]", "!Cannot convert '99999999999999999999' to integer"),
        ("int", "[1e300]", "!Cannot convert 1e+300 to integer"),
        ("int", "[null]", "!Type error: cannot convert NULL to integer"),
        ("int", "[[1]]", "!Type error: cannot convert LIST to integer"),
        ("float", "[\"1e3\"]", "1000.0"),
        ("float", "[2]", "2.0"),
        ("float", "[false]", "0.0"),
        ("float", "[\"x\"]", "!Cannot convert 'x' to float"),
        ("bool", "[[]]", "false"),
        ("bool", "[\"0\"]", "true"),
        ("to_hex", "[255]", "0xff"),
        ("to_hex", "[-255]", "-0xff"),
        ("to_hex", "[-9223372036854775808]", "-0x8000000000000000"),
        ("to_hex", "[\"ab\"]", "6162"),
        ("to_hex", "[1.5]", "!Type error: to_hex() expects an integer or a string, not FLOAT"),
        ("from_hex", "[\"ff\"]", "255"),
        ("from_hex", "[\"0xFF\"]", "255"),
        ("from_hex", "[\"-0x8000000000000000\"]", "-9223372036854775808"),
        ("from_hex", "[\"8000000000000000\"]", "!Cannot convert '8000000000000000' from hexadecimal to integer"),
        ("from_hex", "[\"0x-1\"]", "!Cannot convert '0x-1' from hexadecimal to integer"),
        ("from_hex", "[\"\"]", "!Cannot convert '' from hexadecimal to integer"),
        ("chr", "[233]", "é"),
        ("chr", "[55296]", "!55296 is not the code point of a character"),
        ("chr", "[-1]", "!-1 is not the code point of a character"),
        ("ord", "[\"😀x\"]", "128512"),
        ("ord", "[\"\"]", "null"),
        ("char_code", "[\"aéb\", -1]", "98"),
        ("char_code", "[\"aéb\", 1]", "233"),
        ("char_code", "[\"aéb\", 3]", "null"),
    ]);
}

#[test]
fn names_of_types() {
    let mut runtime = runtime();
    let (list, user) = (runtime.list(&[]), runtime.new_record(USER, &[]).expect("room"));
    for (value, name, kind) in [
        (Value::int(1), "Integer", "integer"),
        (list, "List", "list"),
        (user, "EntityInstance", "entityinstance"),
        (indexed(Tag::Function, GREET), "Action", "function"),
        (indexed(Tag::Function, LAMBDA), "LambdaFunction", "function"),
        (indexed(Tag::Builtin, 0), "Builtin", "function"),
    ] {
        assert_eq!(runtime.show("type", &[value]), name);
        assert_eq!(runtime.show("typeof", &[value]), kind);
    }
}

#[test]
fn numbers() {
    check(&[
        ("abs", "[-5]", "5"),
        ("abs", "[-1.5]", "1.5"),
        ("abs", "[-9223372036854775808]", "!Integer overflow in abs()"),
        ("abs", "[\"x\"]", "!Type error: abs() expects a number, not STRING"),
        ("sqrt", "[16]", "4.0"),
        ("sqrt", "[2]", "1.4142135623730951"),
        ("sqrt", "[-1]", "!sqrt() is defined only for numbers from 0 on"),
        ("sqrt", "[-0.0]", "-0.0"),
        ("pow", "[2, 10]", "1024"),
        ("pow", "[2, 0.5]", "1.4142135623730951"),
        ("pow", "[2, 64]", "!Integer overflow in exponentiation"),
        ("floor", "[3.7]", "3"),
        ("floor", "[-3.2]", "-4"),
        ("floor", "[5]", "5"),
        ("floor", "[1e19]", "!Cannot convert 1e+19 to integer"),
        ("ceil", "[3.2]", "4"),
        ("ceil", "[-3.7]", "-3"),
        ("round", "[2.5]", "2"),
        ("round", "[3.5]", "4"),
        ("round", "[-0.4]", "0"),
        ("round", "[2.675, 2]", "2.67"),
        ("round", "[5, 2]", "5.0"),
        ("round", "[1234.5, -2]", "1200.0"),
        ("round", "[1.5, 1.5]", "!Type error: round() expects an integer, not FLOAT"),
        ("min", "[3, 1, 2]", "1"),
        ("max", "[3, 1.5, 2]", "3"),
        ("max", "[1, 1.0]", "1"),
        ("max", "[1.0, 1]", "1.0"),
        ("min", "[[4, 2, 8]]", "2"),
        ("max", "[[\"b\", \"c\", \"a\"]]", "c"),
        ("max", "[[]]", "null"),
        ("min", "[5]", "!Type error: min() expects a list, not INTEGER"),
        ("min", "[1, \"a\"]", "!Type error: cannot compare STRING < INTEGER"),
        ("sum", "[[1, 2, 3]]", "6"),
        ("sum", "[[1, 2.5]]", "3.5"),
        ("sum", "[[]]", "0"),
        ("sum", "[[9223372036854775807, 1]]", "!Integer overflow in addition"),
        ("sum", "[[\"a\"]]", "!Type error: sum() expects numbers, not STRING"),
        ("sin", "[0]", "0.0"),
        ("cos", "[0]", "1.0"),
        ("atan2", "[0, 1]", "0.0"),
        ("exp", "[0]", "1.0"),
        ("log", "[1]", "0.0"),
        ("log", "[8, 2]", "3.0"),
        ("log2", "[8]", "3.0"),
        ("log10", "[1000]", "3.0"),
        ("log", "[0]", "!log() is defined only for numbers above 0"),
        ("log", "[2, 1]", "!log() is defined only for bases above 0 other than 1"),
        ("acos", "[2]", "!acos() is defined only for numbers from -1 to 1"),
    ]);
}

#[test]
fn ranges() {
    check(&[
        ("range", "[3]", "[0, 1, 2]"),
        ("range", "[1, 4]", "[1, 2, 3]"),
        ("range", "[3, 0, -1]", "[3, 2, 1]"),
        ("range", "[0, 10, 4]", "[0, 4, 8]"),
        ("range", "[0, 8, 4]", "[0, 4]"),
        ("range", "[3.7]", "[0, 1, 2]"),
        ("range", "[0]", "[]"),
        ("range", "[-5]", "[]"),
        ("range", "[5, 1]", "[]"),
        ("range", "[1, 5, 0]", "!range() step must not be zero"),
        ("range", "[\"a\"]", "!Type error: range() expects numbers, not STRING"),
        ("range", "[9223372036854775806, 9223372036854775807]", "[9223372036854775806]"),
        (
            "range",
            "[-9223372036854775808, 9223372036854775807, 9223372036854775807]",
            "[-9223372036854775808, -1, 9223372036854775806]",
        ),
        ("range", "[9223372036854775807, -9223372036854775808, -9223372036854775808]", "[9223372036854775807, -1]"),
    ]);
    let mut runtime = runtime_with_limit(1 << 20);
    for (start, end) in [(0, 1 << 20), (0, i64::MAX), (i64::MIN, i64::MAX)] {
        let bytes = runtime.heap.bytes();
        let fault = runtime.call("range", &[Value::int(start), Value::int(end)]).expect_err("too long");
        assert_eq!((fault.kind, runtime.heap.bytes()), (ErrorKind::Heap, bytes));
    }
}

#[test]
fn lists() {
    check(&[
        ("len", "[[1, 2]]", "2"),
        ("length", "[\"héllo\"]", "5"),
        ("size", "[{\"a\": 1}]", "1"),
        ("len", "[null]", "!Type error: len() is not supported for NULL"),
        ("first", "[[1, 2]]", "1"),
        ("first", "[[]]", "null"),
        ("first", "[\"éa\"]", "é"),
        ("last", "[[1, 2]]", "2"),
        ("last", "[\"\"]", "null"),
        ("rest", "[[1, 2, 3]]", "[2, 3]"),
        ("rest", "[[]]", "[]"),
        ("rest", "[5]", "!Type error: rest() expects a list or a string, not INTEGER"),
        ("slice", "[[1, 2, 3, 4], 1, 3]", "[2, 3]"),
        ("slice", "[[1, 2, 3, 4], -2]", "[3, 4]"),
        ("slice", "[\"héllo\", 1, 3]", "él"),
        ("slice", "[[1, 2], 5, 9]", "[]"),
        ("slice", "[[1, 2], -9223372036854775808, 9223372036854775807]", "[1, 2]"),
        ("reverse", "[[1, 2, 3]]", "[3, 2, 1]"),
        ("reverse", "[\"aé\"]", "éa"),
        ("flatten", "[[[1, 2], 3, [], [[4]]]]", "[1, 2, 3, [4]]"),
        ("flatten", "[[[1], [2.5]]]", "[1, 2.5]"),
        ("contains", "[[1, \"a\"], \"a\"]", "true"),
        ("contains", "[{\"a\": 1}, \"b\"]", "false"),
        ("contains", "[\"abc\", \"bc\"]", "true"),
        ("index_of", "[[1, 2, 3], 3]", "2"),
        ("index_of", "[[1.5, 2], 2]", "1"),
        ("index_of", "[[1, 2], \"2\"]", "-1"),
        ("index_of", "[\"héllo\", \"l\"]", "2"),
        ("keys", "[{\"b\": 1, \"a\": 2}]", "[b, a]"),
        ("values", "[{\"b\": 1, \"a\": 2}]", "[1, 2]"),
        ("entries", "[{\"b\": 1, \"a\": 2}]", "[[b, 1], [a, 2]]"),
        ("keys", "[[1]]", "!Type error: keys() expects a map, not LIST"),
        ("has", "[{\"a\": null}, \"a\"]", "true"),
        ("map_get", "[{\"a\": 1}, \"b\", 5]", "5"),
        ("join", "[[1, \"a\", null], \", \"]", "1, a, null"),
        ("join", "[[1, 2]]", "12"),
        ("remove", "[[1, 2], 0]", "1"),
        ("remove", "[{\"a\": 1}, \"a\"]", "1"),
        ("remove", "[[1, 2], 2]", "!Index out of range: 2 in a list of 2"),
        ("insert", "[[1, 3], 1, 2]", "[1, 2, 3]"),
    ]);
}

#[test]
fn push_copies_and_append_does_not() {
    let mut runtime = runtime();
    let list = runtime.ints(&[1]);
    assert_eq!(runtime.show("push", &[list, Value::int(2)]), "[1, 2]");
    let text = runtime.text("x");
    assert_eq!(runtime.show("push", &[list, text]), "[1, x]");
    assert_eq!(runtime.format(list), "[1]");
    assert_eq!(runtime.show("append", &[list, Value::int(3)]), "[1, 3]");
    let more = runtime.ints(&[7, 8]);
    assert_eq!(runtime.show("extend", &[list, more]), "[1, 3, 7, 8]");
    assert_eq!(runtime.show("extend", &[list, list]), "[1, 3, 7, 8, 1, 3, 7, 8]");
    assert_eq!(runtime.show("pop", &[list]), "8");
    assert_eq!(runtime.format(list), "[1, 3, 7, 8, 1, 3, 7]");
    let fault = runtime.call("append", &[Value::NULL, list]).expect_err("no list");
    assert_eq!(fault.message, "Type error: append() expects a list, not NULL");
}

#[test]
fn sorting() {
    check(&[
        ("sort", "[[3, 1, 2]]", "[1, 2, 3]"),
        ("sort", "[[3, 1, 2], \"desc\"]", "[3, 2, 1]"),
        ("sort", "[[3, 1, 2], true]", "[3, 2, 1]"),
        ("sort", "[[3, 1, 2], \"asc\"]", "[1, 2, 3]"),
        ("sort", "[[3, 1, 2], null, true]", "[3, 2, 1]"),
        ("sort", "[[2.5, -0.0, 0.0, 1.5]]", "[-0.0, 0.0, 1.5, 2.5]"),
        ("sort", "[[2, 1.5, 9007199254740993, 9007199254740992.0]]", "[1.5, 2, 9007199254740992.0, 9007199254740993]"),
        ("sort", "[[\"b\", \"A\", \"a\", \"é\"]]", "[A, a, b, é]"),
        ("sort", "[[[2, \"x\"], [1, \"y\"], [1, \"a\"]]]", "[[1, a], [1, y], [2, x]]"),
        ("sort", "[[{\"f\": 2}, {\"f\": 1}], \"f\"]", "[{f: 1}, {f: 2}]"),
        ("sort", "[[{\"f\": \"a\"}, {\"f\": \"b\"}], \"f\", \"desc\"]", "[{f: b}, {f: a}]"),
        ("sort", "[[{\"desc\": 2}, {\"desc\": 1}], \"desc\"]", "[{desc: 1}, {desc: 2}]"),
        ("sort", "[[[1, 9], [2, 8]], 1]", "[[2, 8], [1, 9]]"),
        // Equal ones keep their order, downwards too.
        (
            "sort",
            "[[{\"f\": 1, \"n\": \"a\"}, {\"f\": 2}, {\"f\": 1, \"n\": \"b\"}], \"f\", true]",
            "[{f: 2}, {f: 1, n: a}, {f: 1, n: b}]",
        ),
        ("sort", "[[\"b\", 1, \"a\"]]", "!Type error: cannot compare INTEGER < STRING"),
        ("sort", "[[true, false]]", "!Type error: cannot compare BOOLEAN < BOOLEAN"),
        ("sort", "[[{\"f\": 1}, {}], \"f\"]", "!Type error: cannot compare NULL < INTEGER"),
        (
            "sort",
            "[[1, 2], \"f\"]",
            "!Type error: sort() expects a list of maps or entities to sort by a field, not INTEGER",
        ),
        ("sort", "[[], \"f\"]", "[]"),
        ("sort", "[[null]]", "[null]"),
        ("sort", "[5]", "!Type error: sort() expects a list, not INTEGER"),
        ("sort", "[[1], 1.5]", "!Type error: sort() expects a field name or a direction, not FLOAT"),
        (
            "sort",
            "[[{\"a\": 1}], \"a\", \"up\"]",
            "!Type error: sort() expects a direction (true or \"desc\" for downwards), not STRING",
        ),
    ]);
    let mut runtime = runtime();
    let list = runtime.ints(&[2, 1]);
    assert_eq!(runtime.show("sort", &[list]), "[1, 2]");
    assert_eq!(runtime.format(list), "[2, 1]");
    let lambda = runtime.call("sort", &[list, indexed(Tag::Function, LAMBDA)]).expect_err("no field");
    assert!(lambda.help.is_some());
    let nan = [Value::float(f64::NAN), Value::int(1), Value::float(-1.0), Value::float(f64::NAN)];
    let list = runtime.list(&nan);
    assert_eq!(runtime.show("sort", &[list]), "[-1.0, 1, nan, nan]");
    // Lists with NaN inside have no consistent order; they are still all there afterwards.
    let inner: Vec<Value> =
        (0..200).map(|at| runtime.list(&[nan[at % 4], Value::int(at as i64 * 7919 % 200)])).collect();
    let list = runtime.list(&inner);
    let sorted = runtime.call("sort", &[list]).expect("numbers compare");
    assert_eq!(sorted.as_list().map(|list| list.len()), Some(200));
    let users: Vec<Value> = [3, 1, 2]
        .into_iter()
        .map(|age| runtime.new_record(USER, &[Value::NULL, Value::int(age)]).expect("room"))
        .collect();
    let list = runtime.list(&users);
    let field = runtime.text("age");
    let sorted = runtime.call("sort", &[list, field]).expect("ages compare");
    assert!(sorted.as_list().is_some_and(|list| list.get(0).is_some_and(|user| user.is_identical(users[1]))));
}

#[test]
fn texts() {
    check(&[
        ("uppercase", "[\"straße é\"]", "STRASSE É"),
        ("lowercase", "[\"ABC\"]", "abc"),
        ("trim", "[\" a b\\n\"]", "a b"),
        ("split", "[\"a,b,,c\", \",\"]", "[a, b, , c]"),
        ("split", "[\"a--b\", \"--\"]", "[a, b]"),
        ("split", "[\" a  b \"]", "[a, b]"),
        ("split", "[\"aé\", \"\"]", "[a, é]"),
        ("split", "[\"\", \",\"]", "[]"),
        ("replace", "[\"a-b-c\", \"-\", \"+\"]", "a+b+c"),
        ("substring", "[\"hello\", 1, 3]", "el"),
        ("starts_with", "[\"hello\", \"he\"]", "true"),
        ("ends_with", "[\"hello\", \"he\"]", "false"),
        ("repeat", "[\"ab\", 2]", "abab"),
        ("repeat", "[5, 2]", "!Type error: repeat() expects a string or a list, not INTEGER"),
        ("uppercase", "[5]", "!Type error: uppercase() expects a string, not INTEGER"),
    ]);
    // "".split(",") is one empty part, which prints as nothing.
    let mut runtime = runtime();
    let (empty, comma) = (runtime.text(""), runtime.text(","));
    let parts = runtime.call("split", &[empty, comma]).expect("room");
    assert_eq!(parts.as_list().map(|list| list.len()), Some(1));
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn digests() {
    let abc = "abc";
    let empty = "";
    for (text, algorithm, expected) in [
        (abc, "SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (abc, "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            abc,
            "SHA512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (empty, "SHA3-256", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"),
        (
            empty,
            "SHA3-512",
            "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
        ),
        (empty, "KECCAK256", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (empty, "BLAKE3", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
    ] {
        let mut runtime = runtime();
        let (text, algorithm) = (runtime.text(text), runtime.text(algorithm));
        assert_eq!(runtime.show("hash", &[text, algorithm]), expected);
    }
    check(&[
        ("sha256", "[\"abc\"]", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("keccak256", "[\"\"]", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ("hash", "[42]", "73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049"),
        (
            "hash",
            "[\"abc\", \"MD5\"]",
            "!Hash error: Unsupported hash algorithm: MD5. Supported: SHA256, SHA512, SHA3-256, SHA3-512, KECCAK256, BLAKE3",
        ),
    ]);
    let mut runtime = runtime();
    let (list, printed) = (runtime.json("[1, \"a\"]"), runtime.text("[1, a]"));
    assert_eq!(runtime.show("blake3", &[list]), runtime.show("blake3", &[printed]));
}

#[test]
fn random_numbers_repeat_with_their_seed() {
    let draw = || {
        let mut runtime = runtime();
        (0..20).map(|_| runtime.show("random", &[Value::int(1_000_000)])).collect::<Vec<_>>()
    };
    assert_eq!(draw(), draw());
    let mut runtime = runtime();
    for _ in 0..200 {
        let unit = runtime.call("random", &[]).expect("a float");
        assert!((0.0..1.0).contains(&unit.float_payload()) && unit.is_float());
        let below = runtime.call("random", &[Value::int(3)]).expect("an integer");
        assert!((0..3).contains(&below.int_payload()));
        let between = runtime.call("random", &[Value::int(-1), Value::int(1)]).expect("an integer");
        assert!((-1..=1).contains(&between.int_payload()));
        assert!(runtime.call("random", &[Value::int(i64::MIN), Value::int(i64::MAX)]).is_ok());
    }
    assert_eq!(runtime.show("random", &[Value::int(5), Value::int(5)]), "5");
    assert_eq!(runtime.show("random", &[Value::int(0)]), "!random() needs a positive number, not 0");
    assert_eq!(
        runtime.show("random", &[Value::int(2), Value::int(1)]),
        "!random() has nothing to choose between 2 and 1"
    );
    assert_eq!(runtime.show("random", &[Value::float(1.5)]), "!Type error: random() expects an integer, not FLOAT");
}

#[test]
fn virtual_time_passes_when_looked_at_and_when_sleeping() {
    let mut runtime = runtime();
    let time = |runtime: &mut Runtime| runtime.call("time", &[]).expect("a time").int_payload() - VIRTUAL_EPOCH;
    assert_eq!((time(&mut runtime), time(&mut runtime)), (1, 2));
    let sleep = |runtime: &mut Runtime, seconds: Value| {
        let timer = runtime.call("__timer", &[seconds]).expect("a timer");
        runtime.wait(timer);
        assert!(matches!(runtime.next_task(), Ok(Next::Main)));
        assert!(runtime.poll(timer).expect("no error").is_some_and(Value::is_null));
    };
    sleep(&mut runtime, Value::float(1.5));
    assert_eq!(time(&mut runtime), 1503);
    assert_eq!(runtime.show("timestamp", &[]), (VIRTUAL_EPOCH / 1000 + 1).to_string());
    assert_eq!(runtime.show("__timer", &[Value::int(-1)]), "!sleep() cannot wait -1 seconds");
    assert_eq!(runtime.show("__timer", &[Value::float(f64::NAN)]), "!sleep() cannot wait nan seconds");
    assert_eq!(runtime.show("__timer", &[Value::float(1e300)]), "!sleep() cannot wait 1e+300 seconds");
    sleep(&mut runtime, Value::int(i64::MAX));
    assert_eq!(time(&mut runtime), i64::MAX - VIRTUAL_EPOCH);
}

#[test]
fn input_comes_line_by_line() {
    let (mut runtime, output) = runtime_with_input("first\r\nzwölf\n\nlast".as_bytes());
    let prompt = runtime.text("? ");
    let lines: Vec<String> = (0..5).map(|_| runtime.show("input", &[prompt])).collect();
    assert_eq!(lines, ["first", "zwölf", "", "last", "null"]);
    assert_eq!(output.text(), "? ".repeat(5));
}

#[test]
fn input_that_does_not_fit_is_not_lost() {
    let (mut runtime, output) = runtime_with_input(b"0123456789\nnext\n");
    let full = runtime.heap.limit() - runtime.heap.bytes();
    let buffer = runtime.heap.allocate_buffer(full - 4);
    let prompt = runtime.text("?");
    let fault = runtime.call("input", &[prompt]).expect_err("no room");
    assert_eq!(fault.kind, ErrorKind::Heap);
    // SAFETY: allocated above with this size, and not used.
    unsafe { runtime.heap.free_buffer(buffer, full - 4) };
    assert_eq!(runtime.show("input", &[prompt]), "0123456789");
    assert_eq!(runtime.show("input", &[prompt]), "next");
    assert!(output.text().len() <= 3);
}

#[test]
fn stored_values_come_back() {
    let mut runtime = runtime();
    let (key, value) = (runtime.text("state"), runtime.json("{\"n\": [1, 2.5, \"x\"]}"));
    assert_eq!(runtime.show("persist_get", &[key]), "null");
    assert_eq!(runtime.show("persist_set", &[key, value]), "{n: [1, 2.5, x]}");
    assert_eq!(runtime.show("persist_get", &[key]), "{n: [1, 2.5, x]}");
    let function = indexed(Tag::Function, GREET);
    assert_eq!(runtime.show("persist_set", &[key, function]), "!JSON error: FUNCTION has no JSON form");
    assert_eq!(runtime.show("persist_get", &[key]), "{n: [1, 2.5, x]}");
}

#[test]
#[cfg_attr(miri, ignore = "uses files")]
fn real_runs_store_files_and_see_the_clock() {
    // No other test depends on the current directory.
    std::env::set_current_dir(env!("CARGO_TARGET_TMPDIR")).expect("the folder exists");
    let mut runtime = real_runtime();
    let (key, missing, value) =
        (runtime.text("../state/é"), runtime.text("missing"), runtime.json("[1, {\"a\": null}]"));
    assert_eq!(runtime.show("persist_set", &[key, value]), "[1, {a: null}]");
    let mut later = real_runtime();
    assert_eq!(later.show("persist_get", &[key]), "[1, {a: null}]");
    assert_eq!(later.show("persist_get", &[missing]), "null");
    let text = std::fs::read_to_string(".zexus_persist/..%2Fstate%2F%C3%A9.json").expect("a file");
    assert_eq!(text, "[1, {\"a\": null}]");
    let mut time = || runtime.call("time", &[]).expect("a time").int_payload();
    let begin = time();
    assert!(begin > VIRTUAL_EPOCH);
    let timer = runtime.call("__timer", &[Value::float(0.01)]).expect("a timer");
    runtime.wait(timer);
    assert!(matches!(runtime.next_task(), Ok(Next::Main)));
    assert!(runtime.call("time", &[]).expect("a time").int_payload() >= begin + 10);
}

#[test]
fn checks() {
    check(&[
        ("verify", "[true]", "true"),
        ("verify", "[0]", "!Verification failed"),
        ("verify", "[false, \"balance\"]", "!balance"),
        ("assert", "[null]", "!Assertion failed"),
        ("assert", "[null, 5]", "!Assertion failed: 5"),
        ("is_main", "[]", "true"),
    ]);
    let fault = runtime().call("verify", &[Value::FALSE]).expect_err("it does not hold");
    assert_eq!(fault.kind, ErrorKind::Requirement);
}

#[test]
fn arity_is_checked() {
    let mut runtime = runtime();
    for (name, arguments, expected) in [
        ("len", 0, "!len() takes 1 argument, 0 given"),
        ("time", 1, "!time() takes no arguments, 1 given"),
        ("pow", 1, "!pow() takes 2 arguments, 1 given"),
        ("range", 4, "!range() takes 1 to 3 arguments, 4 given"),
        ("min", 0, "!min() takes at least 1 argument, 0 given"),
    ] {
        assert_eq!(runtime.show(name, &vec![Value::NULL; arguments]), expected);
    }
}

mod anything_goes {
    use proptest::prelude::*;
    use runtime::{builtins, methods};

    use super::*;

    /// What arguments can be.
    fn values(runtime: &mut Runtime) -> Vec<Value> {
        let mut values: Vec<Value> =
            [0, 1, -1, 2, 7, 40, i64::MAX, i64::MIN, 1 << 40].into_iter().map(Value::int).collect();
        values.extend(
            [0.0, -0.0, 1.5, -2.5, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().map(Value::float),
        );
        values.extend([
            Value::NULL,
            Value::TRUE,
            Value::FALSE,
            indexed(Tag::Function, GREET),
            indexed(Tag::Function, LAMBDA),
        ]);
        values.extend([indexed(Tag::Type, USER), indexed(Tag::Module, 0), indexed(Tag::Builtin, 3)]);
        for text in [
            "",
            "a",
            "b",
            "é",
            "😀x",
            "a,b",
            " 12 ",
            "ff",
            "desc",
            "SHA256",
            "[1, {\"a\": [null]}]",
            &"long ä".repeat(40),
        ] {
            values.push(runtime.text(text));
        }
        for text in [
            "[]",
            "[1, 2, 3]",
            "[1.5, 2.5]",
            "[true]",
            "[\"b\", \"a\"]",
            "[1, \"a\", null]",
            "{}",
            "{\"a\": 1, \"b\": [2]}",
            "[[1], [2, 3]]",
        ] {
            values.push(runtime.json(text));
        }
        let cyclic = runtime.list(&[Value::int(1)]);
        runtime.list_append(cyclic, &[cyclic]).expect("room");
        values.extend([cyclic, runtime.enumeration(&[("RED", 0)])]);
        for kind in [USER, POINT] {
            values.push(runtime.new_record(kind, &[Value::int(1)]).expect("room"));
        }
        values
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 200 }, failure_persistence: None, ..ProptestConfig::default() })]

        /// Every builtin and method with any arguments gives a value or an error, in little memory, and leaves a sound heap.
        #[test]
        fn nothing_panics(picks in prop::collection::vec(any::<prop::sample::Index>(), 4)) {
            let mut runtime = runtime_with_limit(4 << 20);
            for builtin in builtins::all() {
                for count in 0..5 {
                    let values = values(&mut runtime);
                    let arguments: Vec<Value> = picks.iter().take(count).map(|pick| *pick.get(&values)).collect();
                    if let Ok(result) = runtime.call_builtin(builtin, &arguments) {
                        runtime.format(result);
                    }
                }
                runtime.collect(|_| {}).expect("room");
            }
            for row in methods::all().flat_map(|table| table.rows) {
                for count in 0..4 {
                    let values = values(&mut runtime);
                    for &receiver in &values {
                        let Some(method) = methods::find(row.names[0]).of(receiver) else { continue };
                        let arguments: Vec<Value> = std::iter::once(receiver).chain(picks.iter().take(count).map(|pick| *pick.get(&values))).collect();
                        if let Ok(result) = runtime.call_native(method, &arguments) {
                            runtime.format(result);
                        }
                    }
                    runtime.collect(|_| {}).expect("room");
                }
            }
        }
    }
}
