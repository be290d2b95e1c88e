//! Elements, entries and fields, the inline caches of access sites, iteration.

use crate::common::{error, main_of, result, result_of};
use runtime::ErrorKind;

/// A list of the elements that a loop over `collection` visits, and with two variables of pairs.
fn visited(collection: &str) -> (String, String) {
    let single = result_of(&format!(
        "
        BUILD_LIST 0
        STORE_LOCAL c
        {collection}
        ITER_PREPARE
        STORE_LOCAL a
        LOAD_CONST 0
        STORE_LOCAL b
    next:
        FOR_ITER a
        JUMP element
        JUMP done
    element:
        STORE_LOCAL d
        LOAD_LOCAL c
        LOAD_LOCAL d
        LIST_APPEND 1
        POP
        LOOP next
    done:
        POP
        LOAD_LOCAL c
        RETURN
        "
    ));
    let pairs = result_of(&format!(
        "
        BUILD_LIST 0
        STORE_LOCAL c
        {collection}
        ITER_PREPARE
        STORE_LOCAL a
        LOAD_CONST 0
        STORE_LOCAL b
    next:
        FOR_PAIR a
        JUMP element
        JUMP done
    element:
        STORE_LOCAL d
        LOAD_LOCAL c
        LOAD_LOCAL d
        ITER_VALUE a
        BUILD_LIST 2
        LIST_APPEND 1
        POP
        LOOP next
    done:
        POP
        LOAD_LOCAL c
        RETURN
        "
    ));
    (single, pairs)
}

#[test]
fn iteration() {
    let both = |single: &str, pairs: &str| (single.to_string(), pairs.to_string());
    for (kind, a, b) in [("ints", "7", "8"), ("floats", "7.5", "8.5"), ("bools", "true", "false"), ("values", "x", "8")]
    {
        let literal = |text: &str| if text == "x" { "\"x\"".to_string() } else { text.to_string() };
        let list = format!("LOAD_CONST {}\n LOAD_CONST {}\n BUILD_LIST 2", literal(a), literal(b));
        assert_eq!(visited(&list), both(&format!("[{a}, {b}]"), &format!("[[0, {a}], [1, {b}]]")), "{kind}");
    }
    assert_eq!(visited("BUILD_LIST 0"), both("[]", "[]"));
    let map = "LOAD_CONST \"k\"\n LOAD_CONST 1\n LOAD_CONST 2\n LOAD_CONST \"v\"\n BUILD_MAP 2";
    assert_eq!(visited(map), both("[k, 2]", "[[k, 1], [2, v]]"));
    assert_eq!(visited("LOAD_CONST \"ab\""), both("[a, b]", "[[0, a], [1, b]]"));
    assert_eq!(visited("LOAD_CONST \"aé\""), both("[a, é]", "[[0, a], [1, é]]"));
    assert_eq!(error(&main_of("LOAD_CONST 5\n ITER_PREPARE\n RETURN")).kind, ErrorKind::Type);
    // What was never prepared has no elements, whatever its position.
    assert_eq!(result_of("FOR_ITER a\n JUMP some\n RETURN\nsome: RETURN"), "null");
    assert_eq!(
        result_of(
            "LOAD_CONST 1\n BUILD_LIST 1\n STORE_LOCAL a\n LOAD_CONST -0.0\n STORE_LOCAL b\n FOR_ITER a\n JUMP some\n RETURN\nsome: RETURN"
        ),
        "null"
    );
}

/// The numbers a counted loop visits.
fn counted(start: &str, end: &str, step: &str) -> String {
    format!(
        "
        BUILD_LIST 0
        STORE_LOCAL d
        LOAD_CONST {end}
        STORE_LOCAL b
        LOAD_CONST {step}
        STORE_LOCAL c
        LOAD_CONST {start}
        FOR_PREPARE a
        JUMP body
        JUMP done
    body:
        LOAD_LOCAL d
        LOAD_LOCAL a
        LIST_APPEND 1
        POP
        FOR_LOOP a
        LOOP body
    done:
        LOAD_LOCAL d
        RETURN
        "
    )
}

#[test]
fn counted_loops() {
    for (start, end, step, expected) in [
        ("0", "3", "1", "[0, 1, 2]"),
        ("0", "5", "2", "[0, 2, 4]"),
        ("3", "0", "-1", "[3, 2, 1]"),
        ("0", "0", "1", "[]"),
        ("1", "0", "1", "[]"),
        ("9223372036854775806", "9223372036854775807", "5", "[9223372036854775806]"),
    ] {
        assert_eq!(result_of(&counted(start, end, step)), expected, "{start} {end} {step}");
    }
    assert_eq!(error(&main_of(&counted("0", "3", "0"))).message, "range() step must not be zero");
    assert_eq!(error(&main_of(&counted("0", "\"3\"", "1"))).kind, ErrorKind::Type);
    // A loop that nothing prepared, and one over other kinds of numbers.
    assert_eq!(error(&main_of("FOR_LOOP a\n NOP\n LOAD_LOCAL a\n RETURN")).kind, ErrorKind::Type);
}

#[test]
fn elements() {
    for (values, kinds) in
        [(["7", "8"], "ints"), (["7.5", "8.5"], "floats"), (["true", "false"], "bools"), (["7", "null"], "values")]
    {
        let list = format!("LOAD_CONST {}\n LOAD_CONST {}\n BUILD_LIST 2\n", values[0], values[1]);
        let at = |index: &str| result_of(&format!("{list} LOAD_CONST {index}\n INDEX\n RETURN"));
        assert_eq!([at("0"), at("1")], values, "{kinds}");
        assert_eq!([at("-2"), at("-1")], values, "{kinds}");
        assert_eq!([at("2"), at("-3")], ["null", "null"], "{kinds}");
        // A value of each kind goes into a list of each kind, which turns into what can hold it.
        for value in ["1", "2.5", "true", "\"s\""] {
            for index in ["1", "-1"] {
                let set = format!(
                    "{list} STORE_LOCAL a\n LOAD_LOCAL a\n LOAD_CONST {index}\n LOAD_CONST {value}\n SET_INDEX\n LOAD_LOCAL a\n RETURN"
                );
                assert_eq!(result_of(&set), format!("[{}, {}]", values[0], value.trim_matches('"')), "{kinds}");
            }
        }
        let outside = format!("{list} LOAD_CONST 2\n LOAD_CONST 1\n SET_INDEX\n LOAD_CONST 0\n RETURN");
        assert_eq!(error(&main_of(&outside)).message, "Index out of range: 2 in a list of 2");
    }
    let string =
        |text: &str, index: &str| result_of(&format!("LOAD_CONST \"{text}\"\n LOAD_CONST {index}\n INDEX\n RETURN"));
    assert_eq!(
        [string("abc", "1"), string("abc", "-1"), string("abc", "3"), string("aéc", "1")],
        ["b", "c", "null", "é"]
    );
    let map = "LOAD_CONST \"k\"\n LOAD_CONST 1\n LOAD_CONST 2\n LOAD_CONST \"v\"\n BUILD_MAP 2\n STORE_LOCAL a\n";
    let entry = |key: &str| result_of(&format!("{map} LOAD_LOCAL a\n LOAD_CONST {key}\n INDEX\n RETURN"));
    assert_eq!([entry("\"k\""), entry("2"), entry("\"2\""), entry("null")], ["1", "v", "null", "null"]);
    assert_eq!(
        result_of(&format!("{map} LOAD_LOCAL a\n LOAD_CONST true\n LOAD_CONST 3\n SET_INDEX\n LOAD_LOCAL a\n RETURN")),
        "{k: 1, 2: v, true: 3}"
    );
    assert_eq!(
        error(&main_of("LOAD_CONST \"s\"\n LOAD_CONST 0\n LOAD_CONST 0\n SET_INDEX\n LOAD_CONST 0\n RETURN")).kind,
        ErrorKind::Type
    );
    assert_eq!(
        error(&main_of(&format!(
            "{map} LOAD_LOCAL a\n LOAD_CONST null\n LOAD_CONST 0\n SET_INDEX\n LOAD_CONST 0\n RETURN"
        )))
        .kind,
        ErrorKind::Type
    );
}

#[test]
fn lengths_slices_and_building() {
    assert_eq!(result_of("LOAD_CONST 1\n LOAD_CONST 2\n BUILD_LIST 2\n GET_LENGTH\n RETURN"), "2");
    assert_eq!(result_of("LOAD_CONST \"aé\"\n GET_LENGTH\n RETURN"), "2");
    assert_eq!(result_of("LOAD_CONST \"abcd\"\n LOAD_CONST 1\n LOAD_CONST null\n SLICE\n RETURN"), "bcd");
    assert_eq!(result_of("LOAD_CONST 1\n LOAD_CONST 1.0\n LOAD_CONST 2\n BUILD_SET 3\n RETURN"), "[1, 2]");
    assert_eq!(result_of("LOAD_CONST \"a\"\n LOAD_CONST 1\n LOAD_CONST null\n BUILD_STRING 3\n RETURN"), "a1null");
    assert_eq!(error(&main_of("LOAD_CONST null\n GET_LENGTH\n RETURN")).kind, ErrorKind::Type);
    let run =
        crate::common::run(&main_of("LOAD_CONST 1\n LOAD_CONST \"b\"\n PRINT 2\n PRINT 0\n LOAD_CONST null\n RETURN"));
    assert_eq!(run.outcome.output, "1 b\n");
}

const TYPES: &str = "
.type A
.field \"x\" = 1
.field \"y\" = 2
.method \"double\" = double_x
.method \"name\" = name_a
.type B
.field \"pad\" = 0
.field \"x\" = 10
.field \"f\" = null
.method \"double\" = double_y
.type D data
.field \"x\" = 100
.type C extends A
.field \"x\" = 1
.field \"y\" = 2
.field \"z\" = 3
.method \"double\" = double_x
.function double_x parameters 1 locals 1
.locals this
    LOAD_LOCAL this
    GET_ATTR \"x\"
    LOAD_CONST 2
    MUL
    RETURN
.function double_y parameters 2 locals 2
.locals this extra
    LOAD_CONST \"B with \"
    LOAD_LOCAL extra
    ADD
    RETURN
.function name_a parameters 1 locals 1
.locals this
    LOAD_CONST \"A\"
    RETURN
.function plain parameters 1 locals 1
.locals first
    LOAD_CONST \"plain \"
    LOAD_LOCAL first
    ADD
    RETURN
";

/// Runs the same instructions over all values of a list, one access site seeing every kind.
fn over(values: &[&str], body: &str) -> String {
    let build: String = values.iter().map(|value| format!("{value}\n")).collect();
    result(&format!(
        "{TYPES}\n{}",
        main_of(&format!(
            "
            {build}
            BUILD_LIST {}
            STORE_LOCAL a
            LOAD_CONST 0
            STORE_LOCAL b
            BUILD_LIST 0
            STORE_LOCAL c
        next:
            FOR_ITER a
            JUMP element
            JUMP done
        element:
            STORE_LOCAL d
            LOAD_LOCAL c
            {body}
            LIST_APPEND 1
            POP
            LOOP next
        done:
            POP
            LOAD_LOCAL c
            RETURN
            ",
            values.len()
        ))
    ))
}

const A: &str = "NEW_RECORD A, 0";
const B: &str = "NEW_RECORD B, 0";
const C: &str = "NEW_RECORD C, 0";
const D: &str = "NEW_RECORD D, 0";
const MAP: &str = "LOAD_CONST \"x\"\n LOAD_CONST 7\n BUILD_MAP 1";
const OTHER_MAP: &str = "LOAD_CONST \"w\"\n LOAD_CONST 0\n LOAD_CONST \"x\"\n LOAD_CONST 8\n BUILD_MAP 2";
/// Its key is equal to the name, but not the same object.
const COMPUTED_MAP: &str = "LOAD_CONST \"x \"\n CALL_METHOD \"trim\", 0\n LOAD_CONST 9\n BUILD_MAP 1";
const EMPTY_MAP: &str = "BUILD_MAP 0";

#[test]
fn sites_that_see_many_types() {
    let sequence = [A, A, B, A, MAP, MAP, OTHER_MAP, MAP, COMPUTED_MAP, EMPTY_MAP, C, D, B, B, "LOAD_CONST null"];
    assert_eq!(
        over(&sequence, "LOAD_LOCAL d\n GET_ATTR \"x\""),
        "[1, 1, 10, 1, 7, 7, 8, 7, 9, null, 1, 100, 10, 10, null]"
    );
    let settable = [A, B, A, MAP, OTHER_MAP, MAP, COMPUTED_MAP, EMPTY_MAP, EMPTY_MAP, C, B];
    assert_eq!(
        over(
            &settable,
            "LOAD_LOCAL d\n LOAD_CONST \"new\"\n SET_ATTR \"x\"\n LOAD_LOCAL d\n LOAD_CONST 5\n SET_ATTR \"x\"\n LOAD_LOCAL d\n GET_ATTR \"x\""
        ),
        "[5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]"
    );
    assert_eq!(
        over(&[EMPTY_MAP, EMPTY_MAP], "LOAD_LOCAL d\n LOAD_CONST 1\n SET_ATTR \"k\"\n LOAD_LOCAL d"),
        "[{k: 1}, {k: 1}]"
    );
    // A removed entry leaves a gap, which is no entry.
    assert_eq!(
        over(
            &[OTHER_MAP, OTHER_MAP],
            "LOAD_LOCAL d\n GET_ATTR \"x\"\n POP\n LOAD_LOCAL d\n LOAD_CONST \"x\"\n CALL_METHOD \"remove\", 1\n POP\n LOAD_LOCAL d\n GET_ATTR \"x\""
        ),
        "[null, null]"
    );
}

#[test]
fn fields_of_data_cannot_be_set() {
    let body = |value: &str| format!("{value}\n STORE_LOCAL a\n LOAD_LOCAL a\n LOAD_CONST 5\n SET_ATTR \"x\"\n");
    // The site has seen a record that can be changed.
    let text = format!(
        "{TYPES}\n.function set parameters 1 locals 1\n.locals r\n LOAD_LOCAL r\n LOAD_CONST 5\n SET_ATTR \"x\"\n LOAD_LOCAL r\n RETURN\n{}",
        main_of(&format!("{A}\n CALL_FUNC_CONST set, 1\n POP\n {D}\n CALL_FUNC_CONST set, 1\n RETURN"))
    );
    assert_eq!(error(&text).message, "Type error: field 'x' of D cannot be changed");
    assert_eq!(
        error(&format!("{TYPES}\n{}", main_of(&format!("{} LOAD_LOCAL a\n RETURN", body(D))))).kind,
        ErrorKind::Type
    );
    let unknown =
        format!("{TYPES}\n{}", main_of(&format!("{A}\n LOAD_CONST 1\n SET_ATTR \"nosuch\"\n LOAD_CONST 0\n RETURN")));
    assert_eq!(error(&unknown).message, "A has no field 'nosuch'");
}

#[test]
fn members_of_enums_cannot_be_set() {
    let text = format!(
        ".enum Color\n.member \"RED\" = 0\n.member \"GREEN\" = 5\n.function set parameters 1 locals 1\n.locals m\n LOAD_LOCAL m\n LOAD_CONST 1\n SET_ATTR \"RED\"\n LOAD_LOCAL m\n RETURN\n{}",
        // A plain map with the same key at the same position leads the way.
        main_of(
            "LOAD_CONST \"RED\"\n LOAD_CONST 3\n BUILD_MAP 1\n CALL_FUNC_CONST set, 1\n CALL_FUNC_CONST set, 1\n POP\n LOAD_CONST enum Color\n CALL_FUNC_CONST set, 1\n RETURN"
        )
    );
    assert_eq!(error(&text).message, "Type error: the members of an enum cannot be changed");
}

#[test]
fn methods() {
    let map_with_function = "LOAD_CONST \"double\"\n LOAD_CONST function plain\n BUILD_MAP 1";
    let map_with_closure =
        "LOAD_CONST \"w\"\n LOAD_CONST 1\n LOAD_CONST \"double\"\n MAKE_FUNCTION plain\n BUILD_MAP 2";
    let map_with_builtin = "LOAD_CONST \"double\"\n LOAD_CONST builtin str\n BUILD_MAP 1";
    let sequence =
        [A, B, A, C, map_with_function, map_with_function, map_with_closure, map_with_builtin, map_with_function, B];
    assert_eq!(
        over(&sequence, "LOAD_LOCAL d\n LOAD_CONST 4\n CALL_METHOD \"double\", 1"),
        "[2, B with 4, 2, 2, plain 4, plain 4, plain 4, 4, plain 4, B with 4]"
    );
    // A method is not a field and a field that holds a function is called without the record.
    let with_field =
        format!("{B}\n STORE_LOCAL e\n LOAD_LOCAL e\n LOAD_CONST function plain\n SET_ATTR \"f\"\n LOAD_LOCAL e");
    assert_eq!(
        over(&[&with_field, &with_field], "LOAD_LOCAL d\n LOAD_CONST 3\n CALL_METHOD \"f\", 1"),
        "[plain 3, plain 3]"
    );
    // Records, and natives of several kinds, at one site.
    let mixture = [A, "LOAD_CONST \"s\"", "BUILD_LIST 0", B, "LOAD_CONST \"\"", MAP, A];
    assert_eq!(
        over(&mixture, "LOAD_LOCAL d\n CALL_METHOD \"to_string\", 0"),
        over(&mixture, "LOAD_LOCAL d\n BUILD_STRING 1")
    );
    assert_eq!(
        over(&["LOAD_CONST \"s\"", "BUILD_LIST 0", MAP], "LOAD_LOCAL d\n CALL_METHOD \"is_empty\", 0"),
        "[false, true, false]"
    );
}

#[test]
fn instances() {
    let is = |value: &str, of: &str| {
        result(&format!("{TYPES}\n{}", main_of(&format!("{value}\n IS_INSTANCE {of}\n RETURN"))))
    };
    assert_eq!(
        [is(A, "A"), is(C, "A"), is(A, "C"), is(B, "A"), is("LOAD_CONST 1", "A")],
        ["true", "true", "false", "false", "false"]
    );
}
