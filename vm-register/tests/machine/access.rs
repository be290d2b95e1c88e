//! Elements, entries, fields, slices, and what access sites remember.

use crate::common::{fails, gives, main_fails, main_gives, prints};

/// `[1, 2, 3][index]` and the like.
#[track_caller]
fn index(elements: &str, index: &str, expected: &str) {
    let loads: String =
        elements.split(' ').enumerate().map(|(at, element)| format!("LOAD_REG r{at}, {element}\n")).collect();
    let count = elements.split(' ').count();
    main_gives(
        9,
        &format!("{loads}BUILD_LIST_REG r0, {count}\nLOAD_REG r1, {index}\nINDEX_REG r2, r0, r1\nRETURN_REG r2"),
        expected,
    );
}

#[test]
fn lists_of_every_kind() {
    index("1 2 3", "0", "1");
    index("1 2 3", "2", "3");
    index("1 2 3", "3", "null");
    index("1 2 3", "-1", "3");
    index("1 2 3", "-3", "1");
    index("1 2 3", "-4", "null");
    index("1.5 2.5", "1", "2.5");
    index("true false", "1", "false");
    index("true false", "0", "true");
    index("1 \"x\" null", "1", "x");
    index("1 \"x\" null", "0", "1");
    main_fails(
        3,
        "BUILD_LIST_REG r0, 0\nLOAD_REG r1, 0.5\nINDEX_REG r2, r0, r1\nRETURN_REG r2",
        "type: Type error: a LIST is indexed by integers, not FLOAT",
    );
}

#[test]
fn lists_change_kind() {
    let program = |first: &str, value: &str| {
        format!(
            "LOAD_REG r0, {first}\nLOAD_REG r1, {first}\nBUILD_LIST_REG r0, 2\nLOAD_INT r1, 1\nLOAD_REG r2, {value}\nSET_INDEX_REG r0, r1, r2\nSET_INDEX_REG r0, r1, r2\nRETURN_REG r0"
        )
    };
    main_gives(3, &program("1", "2"), "[1, 2]");
    main_gives(3, &program("1", "2.5"), "[1, 2.5]");
    main_gives(3, &program("1", "true"), "[1, true]");
    main_gives(3, &program("1.5", "2.5"), "[1.5, 2.5]");
    main_gives(3, &program("1.5", "2"), "[1.5, 2]");
    main_gives(3, &program("true", "false"), "[true, false]");
    main_gives(3, &program("true", "null"), "[true, null]");
    main_gives(3, &program("\"a\"", "2"), "[a, 2]");
    main_fails(
        3,
        "BUILD_LIST_REG r0, 0\nLOAD_INT r1, 0\nSET_INDEX_REG r0, r1, r1\nRETURN_REG r0",
        "value: Index out of range: 0 in a list of 0",
    );
    main_gives(
        3,
        "LOAD_INT r0, 1\nBUILD_LIST_REG r0, 1\nLOAD_INT r1, -1\nLOAD_INT r2, 9\nSET_INDEX_REG r0, r1, r2\nRETURN_REG r0",
        "[9]",
    );
}

#[test]
fn maps_and_strings() {
    let map = "LOAD_REG r0, \"a\"\nLOAD_INT r1, 1\nLOAD_INT r2, 5\nLOAD_REG r3, \"five\"\nBUILD_MAP_REG r0, 2\n";
    main_gives(4, &format!("{map}LOAD_INT r1, 5\nINDEX_REG r2, r0, r1\nRETURN_REG r2"), "five");
    main_gives(4, &format!("{map}LOAD_REG r1, \"a\"\nINDEX_REG r2, r0, r1\nRETURN_REG r2"), "1");
    main_gives(4, &format!("{map}LOAD_REG r1, \"b\"\nINDEX_REG r2, r0, r1\nRETURN_REG r2"), "null");
    main_gives(
        4,
        &format!("{map}LOAD_REG r1, \"b\"\nSET_INDEX_REG r0, r1, r1\nGET_LENGTH_REG r2, r0\nRETURN_REG r2"),
        "3",
    );
    main_fails(
        4,
        &format!("{map}LOAD_REG r1, null\nSET_INDEX_REG r0, r1, r1\nRETURN_REG r0"),
        "type: Type error: NULL cannot be a map key",
    );
    for (at, expected) in [("0", "a"), ("-1", "c"), ("3", "null")] {
        main_gives(
            3,
            &format!("LOAD_REG r0, \"abc\"\nLOAD_INT r1, {at}\nINDEX_REG r2, r0, r1\nRETURN_REG r2"),
            expected,
        );
    }
    main_gives(3, "LOAD_REG r0, \"äöü\"\nLOAD_INT r1, 1\nINDEX_REG r2, r0, r1\nRETURN_REG r2", "ö");
    main_fails(
        3,
        "LOAD_REG r0, \"abc\"\nLOAD_INT r1, 0\nSET_INDEX_REG r0, r1, r1\nRETURN_REG r0",
        "type: Type error: strings cannot be changed",
    );
    main_gives(3, "LOAD_REG r0, null\nLOAD_INT r1, 0\nINDEX_REG r2, r0, r1\nRETURN_REG r2", "null");
}

#[test]
fn slices_and_lengths() {
    main_gives(3, "LOAD_REG r0, \"hello\"\nLOAD_INT r1, 1\nLOAD_INT r2, -1\nSLICE_REG r0\nRETURN_REG r0", "ell");
    main_gives(
        4,
        "LOAD_INT r1, 1\nLOAD_INT r2, 2\nLOAD_INT r3, 3\nBUILD_LIST_REG r1, 3\nLOAD_REG r2, null\nLOAD_INT r3, 2\nSLICE_REG r1\nRETURN_REG r1",
        "[1, 2]",
    );
    main_gives(1, "LOAD_REG r0, \"hällo\"\nGET_LENGTH_REG r0, r0\nRETURN_REG r0", "5");
    main_gives(2, "LOAD_INT r0, 1\nLOAD_INT r1, 1\nBUILD_LIST_REG r0, 2\nGET_LENGTH_REG r1, r0\nRETURN_REG r1", "2");
    main_fails(
        1,
        "LOAD_REG r0, 5\nGET_LENGTH_REG r0, r0\nRETURN_REG r0",
        "type: Type error: len() is not supported for INTEGER",
    );
}

#[test]
fn building() {
    main_gives(
        4,
        "LOAD_INT r0, 1\nLOAD_REG r1, \"x\"\nLOAD_INT r2, 1\nLOAD_REG r3, 1.0\nBUILD_SET_REG r0, 4\nRETURN_REG r0",
        "[1, x]",
    );
    main_gives(
        3,
        "LOAD_REG r0, \"n=\"\nLOAD_INT r1, 5\nLOAD_REG r2, null\nBUILD_STRING_REG r0, 3\nRETURN_REG r0",
        "n=5null",
    );
    main_gives(
        3,
        "BUILD_LIST_REG r0, 0\nLOAD_INT r1, 1\nLOAD_INT r2, 2\nLIST_APPEND_REG r0, 2\nRETURN_REG r0",
        "[1, 2]",
    );
    main_gives(
        4,
        "LOAD_REG r0, \"a\"\nLOAD_INT r1, 1\nLOAD_REG r2, \"b\"\nLOAD_INT r3, 2\nBUILD_MAP_REG r0, 2\nGET_ATTR_REG r1, r0, \"b\"\nRETURN_REG r1",
        "2",
    );
}

const TYPES: &str = ".type A
.field \"x\" = 1
.field \"y\" = 2
.type B
.field \"z\" = 0
.field \"y\" = 20
.type Fixed data
.field \"x\" = 5
.enum Color
.member \"y\" = 7
";

#[test]
fn sites_meet_changing_receivers() {
    // One site each for reading and for writing, reached with two types of records, maps of several shapes, an enum, a list and null.
    prints(
        &(TYPES.to_owned()
            + ".function read parameters 1 registers 2
                GET_ATTR_REG r1, r0, \"y\"
                RETURN_REG r1
            .function write parameters 2 registers 3
                SETUP_TRY caught, r2
                SET_ATTR_REG r0, \"y\", r1
                POP_TRY
                MOV_REG r2, r0
                CALL_FUNC_CONST_REG r2, read, 1
            caught:
                PRINT_REG r2, 1
                RETURN_REG r2
            .function <main> registers 9
                NEW_RECORD_REG r0, A, 0
                NEW_RECORD_REG r1, B, 0
                LOAD_REG r2, \"y\"
                LOAD_INT r3, 100
                BUILD_MAP_REG r2, 1
                LOAD_REG r3, \"w\"
                LOAD_INT r4, 0
                LOAD_REG r5, \"y\"
                LOAD_INT r6, 200
                BUILD_MAP_REG r3, 2
                BUILD_MAP_REG r4, 0
                LOAD_REG r5, enum Color
                BUILD_LIST_REG r0, 6
                LOAD_INT r1, 0
            round:
                ITER_PREPARE_REG r2, r0
                LOAD_INT r3, 0
            again:
                FOR_ITER_REG r4, r2, r3
                JUMP_REG body
                JUMP_REG end
            body:
                MOV_REG r5, r4
                CALL_FUNC_CONST_REG r5, read, 1
                PRINT_REG r5, 1
                MOV_REG r5, r4
                ADD_INT r6, r1, 50
                CALL_FUNC_CONST_REG r5, write, 2
                LOOP_REG again
            end:
                ADD_INT r1, r1, 1
                JUMP_LT_INT r1, 2, round
                RETURN_REG r1"),
        "2\n50\n20\n50\n100\n50\n200\n50\nnull\n50\n7\nType error: the members of an enum cannot be changed\n\
         50\n51\n50\n51\n50\n51\n50\n51\n50\n51\n7\nType error: the members of an enum cannot be changed\n",
    );
}

#[test]
fn data_records_are_not_changed_through_a_site() {
    // The site has seen a record that can be changed, then meets one that cannot, twice.
    prints(
        &(TYPES.to_owned()
            + ".function write parameters 1 registers 3
                LOAD_INT r1, 9
                SETUP_TRY caught, r2
                SET_ATTR_REG r0, \"x\", r1
                POP_TRY
            caught:
                GET_ATTR_REG r1, r0, \"x\"
                PRINT_REG r1, 1
                RETURN_REG r0
            .function <main> registers 3
                NEW_RECORD_REG r0, A, 0
                CALL_FUNC_CONST_REG r0, write, 1
                NEW_RECORD_REG r0, Fixed, 0
                CALL_FUNC_CONST_REG r0, write, 1
                CALL_FUNC_CONST_REG r0, write, 1
                RETURN_REG r0"),
        "9\n5\n5\n",
    );
}

#[test]
fn attributes_that_do_not_exist() {
    let program = |body: &str| format!("{TYPES}.function <main> registers 3\n{body}\n RETURN_REG r0");
    gives(&program("NEW_RECORD_REG r0, A, 0\nGET_ATTR_REG r0, r0, \"none\""), "null");
    gives(&program("LOAD_REG r0, null\nGET_ATTR_REG r0, r0, \"x\""), "null");
    fails(&program("NEW_RECORD_REG r0, A, 0\nSET_ATTR_REG r0, \"none\", r0"), "value: A has no field 'none'");
    fails(
        &program("LOAD_INT r0, 1\nSET_ATTR_REG r0, \"x\", r0"),
        "type: Type error: cannot assign to property 'x' of INTEGER",
    );
}

#[test]
fn a_cached_entry_that_moved() {
    // The map is rebuilt between two visits of the site: the entry's place changes.
    prints(
        ".function read parameters 1 registers 2
            GET_ATTR_REG r1, r0, \"y\"
            PRINT_REG r1, 1
            RETURN_REG r1
        .function <main> registers 7
            LOAD_REG r0, \"x\"
            LOAD_INT r1, 1
            LOAD_REG r2, \"y\"
            LOAD_INT r3, 2
            BUILD_MAP_REG r0, 2
            MOV_REG r1, r0
            CALL_FUNC_CONST_REG r1, read, 1
            MOV_REG r1, r0
            CALL_FUNC_CONST_REG r1, read, 1
            MOV_REG r1, r0
            LOAD_REG r2, \"x\"
            CALL_METHOD_REG r1, \"remove\", 1
            LOAD_INT r1, 0
        fill:
            SET_INDEX_REG r0, r1, r1
            ADD_INT r1, r1, 1
            JUMP_LT_INT r1, 20, fill
            MOV_REG r1, r0
            CALL_FUNC_CONST_REG r1, read, 1
            MOV_REG r1, r0
            LOAD_REG r2, \"y\"
            CALL_METHOD_REG r1, \"remove\", 1
            MOV_REG r1, r0
            CALL_FUNC_CONST_REG r1, read, 1
            RETURN_REG r1",
        "2\n2\n2\nnull\n",
    );
}

#[test]
fn instances() {
    let program = |value: &str| {
        format!(
            ".type Base
            .field \"x\" = 0
            .type Child extends Base
            .field \"x\" = 0
            .function <main> registers 3
                {value}
                IS_INSTANCE_REG r1, r0, Base
                IS_INSTANCE_REG r2, r0, Child
                BUILD_LIST_REG r1, 2
                RETURN_REG r1"
        )
    };
    gives(&program("NEW_RECORD_REG r0, Base, 0"), "[true, false]");
    gives(&program("NEW_RECORD_REG r0, Child, 0"), "[true, true]");
    gives(&program("LOAD_INT r0, 1"), "[false, false]");
}

#[test]
fn more_accesses_than_sites() {
    // The accesses of a name share a site then, but reads, writes and calls do not: "x" is a field to some and a method to others, and one
    // type's field may be read but not written.
    let reads = "GET_ATTR_REG r1, r0, \"x\"\n".repeat(66_000);
    prints(
        &format!(
            ".type Open
            .field \"w\" = 0
            .field \"x\" = 1
            .method \"x\" = x
            .type Fixed data
            .field \"v\" = 0
            .field \"w\" = 0
            .field \"x\" = 2
            .method \"x\" = x
            .function x parameters 2 registers 2
                RETURN_REG r1
            .function use parameters 1 registers 4
                {reads}
                MOV_REG r2, r0
                LOAD_REG r3, \"called\"
                CALL_METHOD_REG r2, \"x\", 1
                PRINT_REG r1, 2
                LOAD_INT r1, 5
                SET_ATTR_REG r0, \"x\", r1
                GET_ATTR_REG r1, r0, \"x\"
                PRINT_REG r1, 1
                RETURN_REG r1
            .function <main> registers 2
                NEW_RECORD_REG r0, Open, 0
                CALL_FUNC_CONST_REG r0, use, 1
                SETUP_TRY caught, r0
                NEW_RECORD_REG r0, Fixed, 0
                CALL_FUNC_CONST_REG r0, use, 1
                POP_TRY
            caught:
                PRINT_REG r0, 1
                RETURN_REG r0"
        ),
        "1 called\n5\n2 called\nType error: field 'x' of Fixed cannot be changed\n",
    );
}
