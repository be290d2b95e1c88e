//! Arbitrary modules: well-formed as data, but otherwise with anything in them.

use std::sync::Arc;

use isa::module::{
    Capture, CaptureSource, EnumDefinition, FieldDefinition, Global, Handler, MethodDefinition, ModuleDefinition,
    PreludeFunction, Restrictions, Source, TypeDefinition,
};
use isa::stack::MAX_OPERAND;
use isa::{
    Constant, Form, Function, Module, RegCode, RegisterInstruction, RegisterOp, StackCode, StackInstruction, StackOp,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Mostly small, so that it often hits an entry; sometimes anything.
fn index() -> impl Strategy<Value = u32> {
    prop_oneof![12 => 0..5_u32, 1 => any::<u32>()]
}

fn text() -> impl Strategy<Value = Arc<str>> {
    prop_oneof![
        4 => "[a-c]{0,2}",
        2 => "l[0-9]|c[0-9]|r[0-9]|L[0-9]|null|function|<main>|\\.at|nan|-inf|a b",
        1 => vec(any::<char>(), 0..6).prop_map(|characters| characters.into_iter().collect::<String>()),
        1 => "[\"\\\\;#,:\n\r\t =!]{0,6}",
    ]
    .prop_map(Into::into)
}

fn constant() -> impl Strategy<Value = Constant> {
    prop_oneof![
        Just(Constant::Null),
        any::<bool>().prop_map(Constant::Bool),
        any::<i64>().prop_map(Constant::Int),
        (-3..3_i64).prop_map(Constant::Int),
        any::<u64>().prop_map(|bits| Constant::Float(f64::from_bits(bits))),
        (-9..9_i32).prop_map(|value| Constant::Float(f64::from(value) / 4.0)),
        any::<u64>().prop_map(|bits| Constant::Float(f64::from_bits(bits | 0x7ff0 << 48))),
        prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE, f64::MAX])
            .prop_map(Constant::Float),
        text().prop_map(Constant::String),
        index().prop_map(Constant::Function),
        index().prop_map(Constant::Builtin),
        index().prop_map(Constant::Type),
        index().prop_map(Constant::Enum),
        index().prop_map(Constant::Module),
    ]
}

fn handler() -> impl Strategy<Value = Handler> {
    (index(), index(), index(), index(), any::<bool>()).prop_map(|(start, end, target, landing, is_cleanup)| Handler {
        start,
        end,
        target,
        landing,
        is_cleanup,
    })
}

/// A handler whose range lies in short code.
fn placed_handler() -> impl Strategy<Value = Handler> {
    (0..3_u32, 0..3_u32, 0..4_u32, index()).prop_map(|(start, length, target, landing)| Handler {
        start,
        end: start + length,
        target,
        landing,
        is_cleanup: target == 0,
    })
}

fn handlers() -> impl Strategy<Value = Vec<Handler>> {
    prop_oneof![vec(placed_handler(), 0..4), vec(handler(), 0..3)]
}

fn lines() -> impl Strategy<Value = Vec<(u32, u32)>> {
    let sorted = vec((0..4_u32, index()), 0..4).prop_map(|mut lines| {
        lines.sort_by_key(|&(first, _)| first);
        lines
    });
    prop_oneof![2 => sorted, 1 => vec((index(), index()), 0..3)]
}

fn capture() -> impl Strategy<Value = Capture> {
    let from = prop_oneof![index().prop_map(CaptureSource::Local), index().prop_map(CaptureSource::Capture)];
    (index(), from, any::<bool>()).prop_map(|(name, from, is_cell)| Capture { name, from, is_cell })
}

fn function<F: Form>(code: BoxedStrategy<F::Instruction>) -> impl Strategy<Value = Function<F>> {
    let numbers = (index(), 0..4_u16, any::<bool>(), 0..6_u32, index(), index(), index(), option::of(index()));
    let tables = (vec(code, 0..8), handlers(), (lines(), lines()), vec(capture(), 0..4), vec(index(), 0..6));
    (numbers, tables).prop_map(|(numbers, tables)| {
        let (name, parameters, has_defaults, locals, spill_base, spills, source, global) = numbers;
        let (code, handlers, (lines, refunds), captures, local_names) = tables;
        Function {
            name,
            parameters,
            has_defaults,
            locals,
            spill_base,
            spills,
            code,
            handlers,
            lines,
            refunds,
            source,
            captures,
            local_names,
            global,
        }
    })
}

fn definition() -> impl Strategy<Value = TypeDefinition> {
    let field = (index(), index()).prop_map(|(name, default)| FieldDefinition { name, default });
    let method = (index(), index(), 0..8_u8).prop_map(|(name, function, bits)| MethodDefinition {
        name,
        function,
        restrictions: Restrictions::from_bits(bits).expect("three bits"),
    });
    let flags = (any::<bool>(), any::<bool>());
    (index(), option::of(index()), vec(field, 0..3), vec(method, 0..3), flags, option::of(index())).prop_map(
        |(name, parent, fields, methods, (is_data, is_contract), constructor)| TypeDefinition {
            name,
            parent,
            fields,
            methods,
            is_data,
            is_contract,
            constructor,
        },
    )
}

fn module<F: Form>(code: BoxedStrategy<F::Instruction>) -> impl Strategy<Value = Module<F>> {
    let enums =
        (index(), vec((index(), any::<i64>()), 0..3)).prop_map(|(name, members)| EnumDefinition { name, members });
    let modules = (index(), index(), vec((index(), index()), 0..3))
        .prop_map(|(name, function, members)| ModuleDefinition { name, function, members });
    let prelude = (index(), index()).prop_map(|(name, function)| PreludeFunction { name, function });
    let source = (text(), vec(text(), 0..4)).prop_map(|(name, text)| Source { name, text: text.concat().into() });
    let first = (vec(constant(), 0..8), vec(text(), 0..8), vec(index(), 0..4), vec(function::<F>(code), 0..4));
    let second = (vec(definition(), 0..3), vec(enums, 0..3), vec(modules, 0..3), vec(text(), 0..4));
    let third = (vec(prelude, 0..3), vec(source, 0..3), index());
    (first, second, third).prop_map(|(first, second, third)| {
        let (constants, names, globals, functions) = first;
        let (types, enums, modules, builtins) = second;
        let (prelude, sources, entry) = third;
        Module {
            constants,
            names,
            globals: globals.into_iter().map(|name| Global { name }).collect(),
            functions,
            types,
            enums,
            modules,
            builtins,
            prelude,
            sources,
            entry,
        }
    })
}

fn stack_instruction() -> impl Strategy<Value = StackInstruction> {
    (prop::sample::select(StackOp::ALL), index(), 0..3_u32, any::<bool>()).prop_map(
        |(op, operand, arguments, is_call)| {
            let operand = if is_call { operand & 0xffff | arguments << 16 } else { operand & MAX_OPERAND };
            StackInstruction::new(op, operand)
        },
    )
}

fn lane() -> impl Strategy<Value = u16> {
    prop_oneof![4 => 0..4_u16, 2 => Just(0), 1 => any::<u16>(), 1 => Just(u16::MAX)]
}

fn register_instruction() -> impl Strategy<Value = RegisterInstruction> {
    (prop::sample::select(RegisterOp::ALL), lane(), lane(), lane())
        .prop_map(|(op, a, b, c)| RegisterInstruction::new(op, a, b, c))
}

/// Any module in the stack form.
pub(crate) fn stack() -> impl Strategy<Value = StackCode> {
    module(stack_instruction().boxed())
}

/// Any module in the register form.
pub(crate) fn register() -> impl Strategy<Value = RegCode> {
    module(register_instruction().boxed())
}
