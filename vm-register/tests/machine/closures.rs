//! Closures, captured variables, cells, variables that were never set.

use crate::common::{fails, gives, prints};

#[test]
fn a_counter_counts() {
    // Two closures of one call share the variable; another call has its own.
    prints(
        ".function increment registers 1
        .capture \"n\" = local 0 cell
            LOAD_CAPTURE_CELL_REG r0, n
            ADD_INT r0, r0, 1
            STORE_CAPTURE_CELL_REG r0, n
            RETURN_REG r0
        .function read registers 1
        .capture \"n\" = local 0 cell
            LOAD_CAPTURE_CELL_REG r0, n
            RETURN_REG r0
        .function counter parameters 1 registers 3
            MAKE_CELL_REG r0, r0
            MAKE_FUNCTION_REG r1, increment
            SET_CAPTURE r1, c0, r0
            MAKE_FUNCTION_REG r2, read
            SET_CAPTURE r2, c0, r0
            BUILD_LIST_REG r1, 2
            RETURN_REG r1
        .function <main> registers 8
            LOAD_INT r0, 10
            CALL_FUNC_CONST_REG r0, counter, 1
            LOAD_INT r1, 20
            CALL_FUNC_CONST_REG r1, counter, 1
            LOAD_INT r2, 0
            LOAD_INT r3, 1
            INDEX_REG r4, r0, r2
            CALL_TOP_REG r5, r4, 0
            CALL_TOP_REG r5, r4, 0
            PRINT_REG r5, 1
            INDEX_REG r4, r0, r3
            CALL_TOP_REG r5, r4, 0
            PRINT_REG r5, 1
            INDEX_REG r4, r1, r3
            CALL_TOP_REG r5, r4, 0
            PRINT_REG r5, 1
            RETURN_REG r5",
        "12\n12\n20\n",
    );
}

#[test]
fn values_are_captured_through_levels() {
    gives(
        ".function inner registers 2
        .capture \"a\" = capture 0
        .capture \"b\" = local 0
            LOAD_CAPTURE_REG r0, a
            LOAD_CAPTURE_REG r1, b
            ADD_REG r0, r0, r1
            RETURN_REG r0
        .function middle parameters 1 registers 3
        .capture \"a\" = local 0
            MAKE_FUNCTION_REG r1, inner
            LOAD_CAPTURE_REG r2, a
            SET_CAPTURE r1, c0, r2
            SET_CAPTURE r1, c1, r0
            ; the caller's closure is back after a call
            CALL_TOP_REG r1, r1, 0
            LOAD_CAPTURE_REG r2, a
            ADD_REG r1, r1, r2
            RETURN_REG r1
        .function <main> registers 4
            LOAD_REG r0, \"a\"
            MAKE_FUNCTION_REG r1, middle
            SET_CAPTURE r1, c0, r0
            LOAD_REG r2, \"b\"
            CALL_TOP_REG r2, r1, 1
            RETURN_REG r2",
        "aba",
    );
}

#[test]
fn a_running_closure_stays_alive() {
    // The only reference to the closure is the running call.
    gives(
        ".function f parameters 1 registers 4
        .capture \"text\" = local 0
            LOAD_INT r1, 0
        again:
            BUILD_LIST_REG r2, 0
            ADD_INT r1, r1, 1
            JUMP_LT_INT r1, 10, again
            LOAD_CAPTURE_REG r2, text
            ADD_REG r2, r2, r0
            RETURN_REG r2
        .function <main> registers 4
            LOAD_REG r0, \"cap\"
            LOAD_REG r1, \"tured\"
            ADD_REG r0, r0, r1
            MAKE_FUNCTION_REG r1, f
            SET_CAPTURE r1, c0, r0
            LOAD_REG r0, null
            MOV_REG r2, r1
            LOAD_REG r1, \"!\"
            CALL_TOP_REG r1, r2, 1
            RETURN_REG r1",
        "captured!",
    );
}

#[test]
fn functions_without_captures_are_plain() {
    gives(
        ".function f registers 1
            LOAD_INT r0, 5
            RETURN_REG r0
        .function <main> registers 3
            MAKE_FUNCTION_REG r0, f
            MAKE_FUNCTION_REG r1, f
            ; nothing to set
            SET_CAPTURE r0, c0, r1
            EQ_REG r1, r0, r1
            CALL_TOP_REG r2, r0, 0
            BUILD_LIST_REG r1, 2
            RETURN_REG r1
        .function g registers 1
        .capture \"x\" = local 0
            LOAD_INT r0, 5
            RETURN_REG r0",
        "[true, 5]",
    );
}

#[test]
fn variables_that_were_never_set() {
    fails(
        ".function <main> registers 1\n LOAD_UNSET r0\n CHECK_REG r0, \"early\"\n RETURN_REG r0",
        "name: Identifier 'early' not found",
    );
    gives(".function <main> registers 1\n LOAD_INT r0, 1\n CHECK_REG r0, \"early\"\n RETURN_REG r0", "1");
    let cell = ".function <main> registers 3
            LOAD_UNSET r0
            MAKE_CELL_REG r0, r0
            {}
            LOAD_CELL_REG r1, r0, \"late\"
            RETURN_REG r1";
    fails(&cell.replace("{}", ""), "name: Identifier 'late' not found");
    gives(&cell.replace("{}", "LOAD_INT r2, 4\nSTORE_CELL_REG r0, r2"), "4");
    let captured = |load: &str, cell: &str, make: &str| {
        format!(
            ".function f registers 1
            .capture \"x\" = local 0 {cell}
                {load} r0, x
                RETURN_REG r0
            .function <main> registers 2
                LOAD_UNSET r0
                {make}
                MAKE_FUNCTION_REG r1, f
                SET_CAPTURE r1, c0, r0
                CALL_TOP_REG r1, r1, 0
                RETURN_REG r1"
        )
    };
    fails(&captured("LOAD_CAPTURE_REG", "", ""), "name: Identifier 'x' not found");
    fails(&captured("LOAD_CAPTURE_CELL_REG", "cell", "MAKE_CELL_REG r0, r0"), "name: Identifier 'x' not found");
}

#[test]
fn cells_are_checked_where_they_are_used() {
    // Verified code may take anything for a cell; that is an error or does nothing.
    fails(
        ".function <main> registers 2\n LOAD_INT r0, 1\n LOAD_CELL_REG r1, r0, \"x\"\n RETURN_REG r1",
        "name: Identifier 'x' not found",
    );
    gives(
        ".function <main> registers 2\n LOAD_INT r0, 1\n LOAD_INT r1, 2\n STORE_CELL_REG r0, r1\n RETURN_REG r0",
        "1",
    );
    fails(
        ".function f registers 1
        .capture \"x\" = local 0 cell
            LOAD_INT r0, 1
            STORE_CAPTURE_CELL_REG r0, x
            LOAD_CAPTURE_CELL_REG r0, x
            RETURN_REG r0
        .function <main> registers 2
            MAKE_FUNCTION_REG r1, f
            CALL_TOP_REG r1, r1, 0
            RETURN_REG r1",
        "name: Identifier 'x' not found",
    );
}
