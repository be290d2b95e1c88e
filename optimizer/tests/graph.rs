//! The control-flow graph: where blocks begin, where control goes, what guards them, how deep the stack is.

use isa::{Stack, StackCode, Verified};
use optimizer::ControlFlowGraph;

fn verified(text: &str) -> Verified<StackCode> {
    let module = isa::text::parse_form::<Stack>(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    isa::verify::stack(module).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

/// A line for each block: instructions, successors, handler, depth.
fn graph(text: &str) -> String {
    let code = verified(text);
    let graph = ControlFlowGraph::new(&code.functions[0]);
    let mut out = String::new();
    for (index, block) in graph.blocks.iter().enumerate() {
        let successors: Vec<String> = block.successors.iter().map(u32::to_string).collect();
        out += &format!("{index}: {}..{} to [{}]", block.start, block.end, successors.join(", "));
        match block.handler {
            Some(handler) if block.is_reachable => out += &format!(" guarded by {handler}"),
            _ => {}
        }
        out += &if block.is_reachable { format!(" depth {}\n", block.depth) } else { " unreachable\n".to_string() };
        for pc in block.start..block.end {
            assert_eq!(graph.block_at(pc), index as u32);
        }
    }
    out
}

#[track_caller]
fn shows(text: &str, expected: &str) {
    let expected: String = expected.trim().lines().map(|line| format!("{}\n", line.trim())).collect();
    assert_eq!(graph(text), expected, "{text}");
}

#[test]
fn straight_code_is_one_block() {
    shows(
        ".function f locals 1\n LOAD_CONST 1\n STORE_LOCAL l0\n NOP\n LOAD_LOCAL l0\n RETURN",
        "0: 0..5 to [] depth 0",
    );
    shows(".function f\n LOOP #0", "0: 0..1 to [0] depth 0");
}

#[test]
fn conditional_jumps_name_their_target_first() {
    shows(
        r#".function f parameters 1
            LOAD_LOCAL l0
            JUMP_IF_FALSE no
            LOAD_CONST 1
            JUMP end
        no: LOAD_CONST 2
        end:
            RETURN"#,
        "0: 0..2 to [2, 1] depth 0
         1: 2..4 to [3] depth 0
         2: 4..5 to [3] depth 0
         3: 5..6 to [] depth 1",
    );
    // To the next instruction both ways.
    shows(
        ".function f parameters 1\n LOAD_LOCAL l0\n JUMP_IF_NOT_NULL next\nnext: LOAD_CONST 2\n RETURN",
        "0: 0..2 to [1, 1] depth 0
         1: 2..4 to [] depth 0",
    );
}

#[test]
fn loops_go_back() {
    shows(
        r#".function f parameters 1
            LOAD_CONST 5
        top:
            LOAD_LOCAL l0
            LOOP_IF_TRUE top
            LOAD_LOCAL l0
            JUMP_IF_TRUE out
            LOOP top
        out:
            RETURN"#,
        "0: 0..1 to [1] depth 0
         1: 1..3 to [1, 2] depth 1
         2: 3..5 to [4, 3] depth 1
         3: 5..6 to [1] depth 1
         4: 6..7 to [] depth 1",
    );
}

#[test]
fn what_may_be_skipped_is_a_block() {
    shows(
        r#".function f locals 4
            LOAD_CONST "below"
            LOAD_CONST 0
            FOR_PREPARE l0
            LOOP body
            JUMP end
        body:
            NOP
            FOR_LOOP l0
            LOOP body
        end:
            RETURN"#,
        "0: 0..3 to [1, 2] depth 0
         1: 3..4 to [3] depth 1
         2: 4..5 to [5] depth 1
         3: 5..7 to [4, 5] depth 1
         4: 7..8 to [3] depth 1
         5: 8..9 to [] depth 1",
    );
    // The element is one more on the stack, and null at the end too.
    shows(
        r#".function f locals 2
            LOAD_CONST 7
        top:
            FOR_ITER l0
            NOP
            ADD
            LOOP top
            RETURN"#,
        "0: 0..1 to [1] depth 0
         1: 1..2 to [2, 3] depth 1
         2: 2..3 to [3] depth 2
         3: 3..5 to [1] depth 2
         4: 5..6 to [] unreachable",
    );
}

#[test]
fn a_block_is_guarded_as_a_whole_by_the_innermost_handler() {
    shows(
        r#".function f
            LOAD_CONST 1
            SETUP_TRY h1, outer, 1
            LOAD_CONST 2
            SETUP_TRY h0, inner, 2
            LOAD_CONST 3
            ADD
            POP_TRY h0
            POP
            POP_TRY h1
            RETURN
        inner:
            ADD
            ADD
            RETURN
        outer:
            ADD
            RETURN"#,
        "0: 0..1 to [1] depth 0
         1: 1..2 to [2] guarded by 1 depth 1
         2: 2..4 to [3] guarded by 0 depth 2
         3: 4..5 to [4] guarded by 1 depth 2
         4: 5..6 to [] depth 1
         5: 6..9 to [] depth 3
         6: 9..11 to [] depth 2",
    );
    // Handlers that overlap without being nested: the first one has what both cover. One without instructions has nothing.
    shows(
        r#".function f
            .handler 3 3 catch 0
            .handler 0 2 catch 0
            .handler 1 3 catch 0
            NOP
            NOP
            NOP
            LOAD_CONST 1
        catch:
            RETURN"#,
        "0: 0..1 to [1] guarded by 1 depth 0
         1: 1..2 to [2] guarded by 1 depth 0
         2: 2..3 to [3] guarded by 2 depth 0
         3: 3..4 to [4] depth 0
         4: 4..5 to [] depth 1",
    );
}

#[test]
fn what_only_unreachable_code_leads_to_is_unreachable() {
    shows(
        r#".function f
            LOAD_CONST 1
            RETURN
            POP
            SETUP_TRY catch, 100
            POP
            POP_TRY
            JUMP more
        more:
            LOOP more
        catch:
            RETURN"#,
        "0: 0..2 to [] depth 0
         1: 2..3 to [2] unreachable
         2: 3..4 to [3] unreachable
         3: 4..5 to [4] unreachable
         4: 5..6 to [4] unreachable
         5: 6..7 to [] unreachable",
    );
}

/// A handler is reached from where it guards, with the depth that it keeps, whatever the depth is there.
#[test]
fn handlers_are_reached_with_what_they_keep() {
    shows(
        r#".function f
            LOAD_CONST 1
            LOAD_CONST 2
            LOAD_CONST 3
            SETUP_TRY catch, 1
            LOAD_CONST 4
            THROW
            POP_TRY
        catch:
            ADD
            RETURN"#,
        "0: 0..3 to [1] depth 0
         1: 3..5 to [] guarded by 0 depth 3
         2: 5..7 to [] depth 2",
    );
}
