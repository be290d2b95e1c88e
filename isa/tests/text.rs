//! The text form: reading what was printed, programs written by hand, and what is said of text that is no program.

mod modules;

use isa::{AnyModule, Register, Stack, text, verify};
use proptest::prelude::*;

proptest! {
    #[test]
    fn printed_stack_code_reads_back(module in modules::stack()) {
        let text = text::print(&module);
        let back = text::parse(&text);
        prop_assert_eq!(back, Ok(AnyModule::Stack(module)), "{}", text);
    }

    #[test]
    fn printed_register_code_reads_back(module in modules::register()) {
        let text = text::print(&module);
        let back = text::parse(&text);
        prop_assert_eq!(back, Ok(AnyModule::Register(module)), "{}", text);
    }

    #[test]
    fn verifiers_take_anything(stack in modules::stack(), register in modules::register()) {
        let _ = verify::stack(stack);
        let _ = verify::register(register);
    }

    #[test]
    fn listings_take_anything(stack in modules::stack(), register in modules::register()) {
        for function in 0..4 {
            let _ = text::listing(&stack, function, true);
            let _ = text::listing(&register, function, false);
        }
    }

    #[test]
    fn the_assembler_takes_anything(text in "(\\.(function|names|at|handler|capture|form|type|locals) |[a-zA-Z0-9_]{1,4}|JUMP|LOAD_CONST|SETUP_TRY|POP_TRY|[ \n,:=!#\"\\\\;-]|r0|l1|h0|\\PC){0,40}") {
        let _ = text::parse_form::<Stack>(&text);
        let _ = text::parse_form::<Register>(&text);
    }
}
