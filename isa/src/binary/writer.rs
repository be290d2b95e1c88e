//! Writes `.zxc` files.

use super::{BinaryForm, HEADER, MAGIC, VERSION, Words, seal};
use crate::module::{CaptureSource, Constant, Function, Handler, Module, Source, TypeDefinition};

/// A module as the bytes of a file.
pub fn write<F: BinaryForm>(module: &Module<F>) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[F::CODE, 0]);
    out.resize(HEADER, 0);
    let mut payload = Payload { out };
    payload.module(module);
    let mut file = payload.out;
    seal(&mut file);
    file
}

struct Payload {
    out: Vec<u8>,
}

impl Payload {
    fn module<F: Words>(&mut self, module: &Module<F>) {
        let codes = self.operations(module);
        self.table(&module.names, |payload, name| payload.text(name));
        self.table(&module.builtins, |payload, name| payload.text(name));
        self.table(&module.constants, Self::constant);
        self.table(&module.globals, |payload, global| payload.number(global.name));
        self.table(&module.sources, |payload, Source { name, text }| {
            payload.text(name);
            payload.text(text);
        });
        self.table(&module.types, Self::definition);
        self.table(&module.enums, |payload, definition| {
            payload.number(definition.name);
            payload.table(&definition.members, |payload, &(name, value)| {
                payload.number(name);
                payload.signed(value);
            });
        });
        self.table(&module.modules, |payload, definition| {
            payload.number(definition.name);
            payload.number(definition.function);
            payload.table(&definition.members, |payload, &(name, global)| {
                payload.number(name);
                payload.number(global);
            });
        });
        self.table(&module.prelude, |payload, prelude| {
            payload.number(prelude.name);
            payload.number(prelude.function);
        });
        self.table(&module.functions, |payload, function| payload.function(function, &codes));
        self.number(module.entry);
    }

    /// Lists the operations in use, and gives for each dense opcode its code in this file.
    fn operations<F: Words>(&mut self, module: &Module<F>) -> Vec<u16> {
        let mut codes = vec![super::NO_OPCODE; F::operations()];
        for function in &module.functions {
            for &instruction in &function.code {
                codes[usize::from(F::opcode_of(instruction))] = 0;
            }
        }
        let used: Vec<u16> = (0..codes.len() as u16).filter(|&opcode| codes[usize::from(opcode)] == 0).collect();
        for (code, &opcode) in used.iter().enumerate() {
            codes[usize::from(opcode)] = code as u16;
        }
        self.table(&used, |payload, &opcode| payload.number(u32::from(F::number(opcode))));
        codes
    }

    fn function<F: Words>(&mut self, function: &Function<F>, codes: &[u16]) {
        self.number(function.name);
        self.number(u32::from(function.parameters));
        self.number(function.locals);
        self.number(function.spill_base);
        self.number(function.spills);
        self.number(function.source);
        self.out.push(u8::from(function.has_defaults) | u8::from(function.global.is_some()) << 1);
        if let Some(global) = function.global {
            self.number(global);
        }
        self.table(&function.captures, |payload, capture| {
            payload.number(capture.name);
            let (kind, index) = match capture.from {
                CaptureSource::Local(slot) => (0, slot),
                CaptureSource::Capture(index) => (1, index),
            };
            payload.out.push(kind | u8::from(capture.is_cell) << 1);
            payload.number(index);
        });
        self.table(&function.local_names, |payload, &name| payload.number(name));
        self.table(&function.handlers, |payload, &Handler { start, end, target, landing, is_cleanup }| {
            payload.number(start);
            payload.number(end);
            payload.number(target);
            payload.number(landing);
            payload.out.push(u8::from(is_cleanup));
        });
        // Differences from the entry before, which are small in both.
        let mut before = (0, 0);
        self.table(&function.lines, |payload, &(first, offset)| {
            payload.signed(i64::from(first) - i64::from(before.0));
            payload.signed(i64::from(offset) - i64::from(before.1));
            before = (first, offset);
        });
        let mut before = 0;
        self.table(&function.refunds, |payload, &(offset, gas)| {
            payload.signed(i64::from(offset) - i64::from(before));
            payload.number(gas);
            before = offset;
        });
        self.count(function.code.len());
        self.out.reserve(function.code.len() * F::BYTES);
        for &instruction in &function.code {
            F::put(&mut self.out, instruction, codes[usize::from(F::opcode_of(instruction))]);
        }
    }

    fn definition(&mut self, definition: &TypeDefinition) {
        self.number(definition.name);
        let flags = u8::from(definition.parent.is_some())
            | u8::from(definition.constructor.is_some()) << 1
            | u8::from(definition.is_data) << 2
            | u8::from(definition.is_contract) << 3;
        self.out.push(flags);
        for index in definition.parent.into_iter().chain(definition.constructor) {
            self.number(index);
        }
        self.table(&definition.fields, |payload, field| {
            payload.number(field.name);
            payload.number(field.default);
        });
        self.table(&definition.methods, |payload, method| {
            payload.number(method.name);
            payload.number(method.function);
            payload.out.push(method.restrictions.bits());
        });
    }

    fn constant(&mut self, constant: &Constant) {
        let mut indexed = |tag, index| {
            self.out.push(tag);
            self.number(index);
        };
        match *constant {
            Constant::Null => self.out.push(0),
            Constant::Bool(false) => self.out.push(1),
            Constant::Bool(true) => self.out.push(2),
            Constant::Int(value) => {
                self.out.push(3);
                self.signed(value);
            }
            Constant::Float(value) => {
                self.out.push(4);
                self.out.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Constant::String(ref text) => {
                self.out.push(5);
                self.text(text);
            }
            Constant::Function(index) => indexed(6, index),
            Constant::Builtin(index) => indexed(7, index),
            Constant::Type(index) => indexed(8, index),
            Constant::Enum(index) => indexed(9, index),
            Constant::Module(index) => indexed(10, index),
        }
    }

    fn table<T>(&mut self, entries: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.count(entries.len());
        for entry in entries {
            write(self, entry);
        }
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.out.extend_from_slice(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.varint(count as u64);
    }

    fn number(&mut self, value: u32) {
        self.varint(u64::from(value));
    }

    /// A signed number, its sign in the lowest bit.
    fn signed(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63) as u64);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }
}
