//! The printer: a module as text that the assembler reads back, and listings for people.

use std::collections::HashMap;
use std::fmt::Write;

use super::literal;
use super::operands::{Context, TextForm};
use super::references::References;
use crate::module::{CaptureSource, Function, Handler, Module, Restrictions, Source};

/// Width at which lines of table entries are broken.
const WIDTH: usize = 110;

/// Characters of a source line that are quoted: a program may be one line of any length, which is quoted over every function.
const LONGEST_QUOTE: usize = 160;

/// Writes a module, its functions or single instructions. It knows the module's tables from when it was made, so that writing
/// many things with one printer is cheap.
pub struct Printer<'m, F: TextForm> {
    module: &'m Module<F>,
    references: References<'m, F>,
    /// For each source, offsets at which its lines begin.
    lines: Vec<Vec<u32>>,
}

/// Names that stand for the slots of one function.
struct Slots<'m> {
    locals: HashMap<u32, &'m str>,
    captures: HashMap<u32, &'m str>,
}

impl<'m, F: TextForm> Printer<'m, F> {
    /// A printer of this module.
    pub fn new(module: &'m Module<F>) -> Self {
        let line_starts = |source: &Source| {
            let ends = source.text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
            std::iter::once(0).chain(ends.map(|(at, _)| at as u32 + 1)).collect()
        };
        Self { module, references: References::new(module), lines: module.sources.iter().map(line_starts).collect() }
    }

    /// The whole module, as [`parse`](super::parse) reads it.
    pub fn module(&self) -> String {
        let mut out = format!(".form {}\n", F::NAME);
        self.tables(&mut out);
        for index in 0..self.module.functions.len() as u32 {
            out.push('\n');
            self.function(&mut out, index);
        }
        out.push_str("\n.entry ");
        self.references.function(&mut out, self.module.entry);
        out.push('\n');
        out
    }

    /// One instruction, its jump target as `@index`. Empty if it does not exist. A listing is the faster way to many.
    pub fn instruction(&self, function: u32, pc: u32) -> String {
        let mut out = String::new();
        if let Some(function) = self.module.functions.get(function as usize)
            && let Some(&instruction) = function.code.get(pc as usize)
        {
            self.operation(&mut out, function, &self.slots(function), pc, instruction, &|out, target| {
                let _ = write!(out, "@{target}");
            });
        }
        out
    }

    /// One function for people, as [`listing`](super::listing) says. Empty if it does not exist.
    pub fn listing(&self, function: u32, with_source: bool) -> String {
        let mut out = String::new();
        let Some(body) = self.module.functions.get(function as usize) else { return out };
        let _ = write!(out, "function {function} ");
        self.references.function(&mut out, function);
        let _ = writeln!(
            out,
            ": {} parameters, {} {}, {} instructions",
            body.parameters,
            body.locals,
            F::PLACES,
            body.code.len()
        );
        let slots = self.slots(body);
        let digits = body.code.len().max(1).ilog10() as usize + 1;
        let mut last_line = None;
        for (pc, &instruction) in body.code.iter().enumerate() {
            let pc = pc as u32;
            if with_source {
                let line = self.source_line(body.source, body.position(pc));
                if line.is_some() && line != last_line {
                    last_line = line;
                    self.quote_source(&mut out, body.source, line);
                }
            }
            let _ = write!(out, "  {pc:>digits$}  ");
            self.operation(&mut out, body, &slots, pc, instruction, &|out, target| {
                let _ = write!(out, "@{target}");
            });
            out.push('\n');
        }
        for (index, handler) in body.handlers.iter().enumerate() {
            let _ = write!(out, "  handler {index}: {}..{} goes on @{}, ", handler.start, handler.end, handler.target);
            F::write_landing(&mut out, handler.landing);
            out.push_str(cleanup(handler));
            out.push('\n');
        }
        out
    }

    fn slots(&self, function: &Function<F>) -> Slots<'m> {
        Slots { locals: self.references.locals(function), captures: self.references.captures(function) }
    }

    fn operation(
        &self,
        out: &mut String,
        function: &Function<F>,
        slots: &Slots<'_>,
        pc: u32,
        instruction: F::Instruction,
        label: &dyn Fn(&mut String, u32),
    ) {
        let context = Context {
            references: &self.references,
            locals: &slots.locals,
            captures: &slots.captures,
            pc,
            length: function.code.len() as u32,
            label,
        };
        F::write(out, instruction, &context);
    }

    /// The line (from 0) of an offset.
    fn source_line(&self, source: u32, offset: u32) -> Option<usize> {
        if self.module.sources.get(source as usize)?.text.len() < offset as usize {
            return None;
        }
        let starts = &self.lines[source as usize];
        Some(starts.partition_point(|&start| start <= offset).saturating_sub(1))
    }

    fn quote_source(&self, out: &mut String, source: u32, line: Option<usize>) {
        let Some(line) = line else { return };
        let Source { name, text } = &self.module.sources[source as usize];
        visible(out, name);
        let starts = &self.lines[source as usize];
        let end = starts.get(line + 1).map_or(text.len(), |&next| next as usize);
        let text = text.get(starts[line] as usize..end).unwrap_or_default();
        let _ = write!(out, ":{}:", line + 1);
        let text = text.trim_end();
        if !text.is_empty() {
            out.push(' ');
        }
        match text.char_indices().nth(LONGEST_QUOTE) {
            Some((end, _)) => {
                visible(out, &text[..end]);
                out.push('…');
            }
            None => visible(out, text),
        }
        out.push('\n');
    }

    fn tables(&self, out: &mut String) {
        let module = self.module;
        let references = &self.references;
        table(out, ".names", &module.names, |out, name| literal::quote(out, name));
        table(out, ".builtins", &module.builtins, |out, name| literal::word(out, name));
        table(out, ".constants", &module.constants, |out, constant| references.value(out, constant));
        table(out, ".globals", &module.globals, |out, global| references.name(out, global.name));
        if module.sources.is_empty() {
            out.push_str(".no_sources\n");
        }
        for source in &module.sources {
            out.push_str("\n.source ");
            literal::quote(out, &source.name);
            out.push('\n');
            for line in source.text.split_inclusive('\n') {
                out.push_str("    .text ");
                literal::quote(out, line);
                out.push('\n');
            }
        }
        self.types(out);
        for definition in &module.enums {
            out.push_str("\n.enum ");
            references.bare_name(out, definition.name);
            out.push('\n');
            for &(name, value) in &definition.members {
                out.push_str("    .member ");
                references.name(out, name);
                let _ = writeln!(out, " = {value}");
            }
        }
        for definition in &module.modules {
            out.push_str("\n.module ");
            references.bare_name(out, definition.name);
            out.push_str(" = ");
            references.function(out, definition.function);
            out.push('\n');
            for &(name, global) in &definition.members {
                out.push_str("    .member ");
                references.name(out, name);
                out.push_str(" = ");
                references.global(out, global);
                out.push('\n');
            }
        }
        for prelude in &module.prelude {
            out.push_str(".prelude ");
            references.name(out, prelude.name);
            out.push_str(" = ");
            references.function(out, prelude.function);
            out.push('\n');
        }
    }

    fn types(&self, out: &mut String) {
        let references = &self.references;
        for definition in &self.module.types {
            out.push_str("\n.type ");
            references.bare_name(out, definition.name);
            if let Some(parent) = definition.parent {
                out.push_str(" extends ");
                references.type_(out, parent);
            }
            if definition.is_data {
                out.push_str(" data");
            }
            if definition.is_contract {
                out.push_str(" contract");
            }
            if let Some(constructor) = definition.constructor {
                out.push_str(" constructor ");
                references.function(out, constructor);
            }
            out.push('\n');
            for field in &definition.fields {
                out.push_str("    .field ");
                references.name(out, field.name);
                out.push_str(" = ");
                references.constant(out, field.default);
                out.push('\n');
            }
            for method in &definition.methods {
                out.push_str("    .method ");
                references.name(out, method.name);
                out.push_str(" = ");
                references.function(out, method.function);
                for (restriction, word) in Restrictions::WORDS {
                    if method.restrictions.contains(restriction) {
                        out.push(' ');
                        out.push_str(word);
                    }
                }
                out.push('\n');
            }
        }
    }

    fn function(&self, out: &mut String, index: u32) {
        let function = &self.module.functions[index as usize];
        self.header(out, function);
        let length = function.code.len() as u32;
        let handlers = HandlerLines::of(function);
        let mut has_label = vec![false; length as usize + 1];
        for (pc, &instruction) in function.code.iter().enumerate() {
            if let Some(target) = F::target(instruction, pc as u32)
                && let Some(labelled) = usize::try_from(target).ok().and_then(|target| has_label.get_mut(target))
            {
                *labelled = true;
            }
        }
        for handler in &function.handlers {
            if let Some(labelled) = has_label.get_mut(handler.target as usize) {
                *labelled = true;
            }
        }
        let mut labels = vec![0; has_label.len()];
        for (number, place) in (0..has_label.len()).filter(|&place| has_label[place]).enumerate() {
            labels[place] = number;
        }
        let write_label = |out: &mut String, target: u32| {
            let _ = match labels.get(target as usize) {
                Some(label) => write!(out, "L{label}"),
                None => write!(out, "#{target}"),
            };
        };
        if !handlers.is_placed {
            for handler in &function.handlers {
                let _ = write!(out, "    .handler {} {} ", handler.start, handler.end);
                write_label(out, handler.target);
                out.push(' ');
                F::write_landing(out, handler.landing);
                out.push_str(cleanup(handler));
                out.push('\n');
            }
        }
        let mut lines = self.lines_in_place(out, function).iter().peekable();
        let slots = self.slots(function);
        for pc in 0..=length {
            if has_label[pc as usize] {
                out.push_str("  ");
                write_label(out, pc);
                out.push_str(":\n");
            }
            handlers.write::<F>(out, function, pc, &write_label);
            while let Some(&(_, offset)) = lines.next_if(|&&(first, _)| first <= pc) {
                let _ = write!(out, "    .at {offset}");
                self.place(out, function.source, offset);
                out.push('\n');
            }
            if let Some(&instruction) = function.code.get(pc as usize) {
                out.push_str("    ");
                self.operation(out, function, &slots, pc, instruction, &write_label);
                out.push('\n');
            }
        }
    }

    fn header(&self, out: &mut String, function: &Function<F>) {
        let references = &self.references;
        out.push_str(".function ");
        references.bare_name(out, function.name);
        let _ = write!(out, " parameters {} {} {}", function.parameters, F::PLACES, function.locals);
        if function.spills != 0 || function.spill_base != 0 {
            let _ = write!(out, " spills {} at {}", function.spills, function.spill_base);
        }
        if function.has_defaults {
            out.push_str(" defaults");
        }
        if function.source != 0 {
            let _ = write!(out, " source {}", function.source);
        }
        if let Some(global) = function.global {
            out.push_str(" binds ");
            references.global(out, global);
        }
        out.push('\n');
        if function.local_names.is_empty() {
            // Left out, names would be made up.
            if F::names_expected(function) > 0 {
                let _ = writeln!(out, "    {}", F::NAMES_DIRECTIVE);
            }
        } else {
            let directive = format!("    {}", F::NAMES_DIRECTIVE);
            table(out, &directive, &function.local_names, |out, &name| references.bare_name(out, name));
        }
        for capture in &function.captures {
            out.push_str("    .capture ");
            references.bare_name(out, capture.name);
            let _ = match capture.from {
                CaptureSource::Local(slot) => write!(out, " = local {slot}"),
                CaptureSource::Capture(index) => write!(out, " = capture {index}"),
            };
            out.push_str(if capture.is_cell { " cell\n" } else { "\n" });
        }
        for (offset, gas) in &function.refunds {
            let _ = writeln!(out, "    .refund {offset} {gas}");
        }
    }

    /// Line information that can be written where it holds; the rest is written here, by index.
    fn lines_in_place<'f>(&self, out: &mut String, function: &'f Function<F>) -> &'f [(u32, u32)] {
        let is_sorted = function.lines.is_sorted_by_key(|&(first, _)| first);
        if is_sorted && function.lines.last().is_none_or(|&(first, _)| first as usize <= function.code.len()) {
            return &function.lines;
        }
        for &(first, offset) in &function.lines {
            let _ = writeln!(out, "    .line {first} {offset}");
        }
        &[]
    }

    /// File, line and column of an offset, as a comment.
    fn place(&self, out: &mut String, source: u32, offset: u32) {
        let Some(line) = self.source_line(source, offset) else { return };
        let Source { name, text } = &self.module.sources[source as usize];
        let start = self.lines[source as usize][line] as usize;
        let Some(before) = text.get(start..offset as usize).filter(|_| !text.is_empty()) else { return };
        out.push_str(" ; ");
        visible(out, name);
        let _ = write!(out, ":{}:{}", line + 1, before.chars().count() + 1);
    }
}

/// Handlers as lines among the instructions.
struct HandlerLines {
    /// False when some handler has no place among the instructions.
    is_placed: bool,
    /// Handlers by where they open, outermost first, and by where they close, innermost first.
    opening: Vec<u32>,
    closing: Vec<u32>,
}

impl HandlerLines {
    fn of<F: TextForm>(function: &Function<F>) -> Self {
        let length = function.code.len() as u32;
        let handlers = &function.handlers;
        let is_placed = handlers
            .iter()
            .all(|handler| handler.start <= handler.end && handler.end <= length && handler.target <= length);
        if !is_placed {
            return Self { is_placed, opening: Vec::new(), closing: Vec::new() };
        }
        let mut closing: Vec<u32> = (0..handlers.len() as u32).collect();
        let mut opening: Vec<u32> = closing.iter().rev().copied().collect();
        opening.sort_by_key(|&index| handlers[index as usize].start);
        closing.sort_by_key(|&index| handlers[index as usize].end);
        Self { is_placed, opening, closing }
    }

    fn write<F: TextForm>(
        &self,
        out: &mut String,
        function: &Function<F>,
        pc: u32,
        write_label: &dyn Fn(&mut String, u32),
    ) {
        let handler = |index: u32| function.handlers[index as usize];
        let at = |list: &[u32], key: &dyn Fn(u32) -> u32| {
            list.partition_point(|&index| key(index) < pc)..list.partition_point(|&index| key(index) <= pc)
        };
        let closing = &self.closing[at(&self.closing, &|index| handler(index).end)];
        let opening = &self.opening[at(&self.opening, &|index| handler(index).start)];
        for index in closing.iter().filter(|&&index| handler(index).start < pc) {
            let _ = writeln!(out, "    POP_TRY h{index}");
        }
        for &index in opening {
            let _ = write!(out, "    SETUP_TRY h{index}, ");
            write_label(out, handler(index).target);
            out.push_str(", ");
            F::write_landing(out, handler(index).landing);
            out.push_str(cleanup(&handler(index)));
            out.push('\n');
        }
        for index in closing.iter().filter(|&&index| handler(index).start == pc) {
            let _ = writeln!(out, "    POP_TRY h{index}");
        }
    }
}

/// Writes entries of a table behind its directive, on as many lines as they need.
fn table<T>(out: &mut String, directive: &str, entries: &[T], write: impl Fn(&mut String, &T)) {
    let mut line_start = out.len();
    let mut text = String::new();
    for (index, entry) in entries.iter().enumerate() {
        text.clear();
        write(&mut text, entry);
        let is_full = out.len() - line_start + text.len() >= WIDTH;
        if index == 0 || is_full {
            if index > 0 {
                out.push('\n');
            }
            line_start = out.len();
            out.push_str(directive);
        }
        out.push(' ');
        out.push_str(&text);
    }
    if !entries.is_empty() {
        out.push('\n');
    }
}

fn cleanup(handler: &Handler) -> &'static str {
    if handler.is_cleanup { " cleanup" } else { "" }
}

/// Writes text without characters that would break the line.
fn visible(out: &mut String, text: &str) {
    out.extend(text.chars().filter(|character| !character.is_control()));
}
