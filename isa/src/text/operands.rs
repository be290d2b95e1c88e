//! Instructions of each form as text, and back.

use std::collections::HashMap;
use std::fmt::Write;

use super::assembler::Assembler;
use super::cursor::Cursor;
use super::error::{ParseError, ParseProblem};
use super::references::References;
use crate::module::{Form, Function, Register, Stack};
use crate::register::{Lane, RegisterInstruction, RegisterOp};
use crate::stack::{
    MAX_ARGUMENTS, MAX_CALL_INDEX, MAX_OPERAND, MAX_PAIR_INDEX, StackInstruction, StackOp, StackOperand,
};

/// A form that has a text form: both have.
#[expect(private_bounds, reason = "what it does is the assembler's and printer's own affair")]
pub trait TextForm: Operands {}

impl TextForm for Stack {}
impl TextForm for Register {}

/// What the printer and the assembler need to know of a form.
pub(super) trait Operands: Form {
    /// What it calls the places of a function: `locals`, `registers`.
    const PLACES: &'static str;
    /// The directive that names them.
    const NAMES_DIRECTIVE: &'static str;

    /// How many names of locals a function has.
    fn names_expected(function: &Function<Self>) -> u32;

    /// Where the instruction at `pc` jumps, if it does; it may be anywhere.
    fn target(instruction: Self::Instruction, pc: u32) -> Option<i64>;

    /// Writes an instruction.
    fn write(out: &mut String, instruction: Self::Instruction, context: &Context<'_, Self>);

    /// Reads the operands of `mnemonic`. A jump gets its target later.
    fn read(
        assembler: &mut Assembler<Self>,
        cursor: &mut Cursor<'_, '_>,
        mnemonic: &str,
    ) -> Result<Self::Instruction, ParseError>;

    /// Gives a jump at `pc` its target; says the largest distance if that is too far.
    fn aim(instruction: Self::Instruction, pc: u32, target: u32) -> Result<Self::Instruction, i64>;

    /// Writes where a handler lands.
    fn write_landing(out: &mut String, landing: u32);

    /// Reads where a handler lands.
    fn read_landing(cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError>;
}

/// What an instruction's operands are written against.
pub(super) struct Context<'c, F: Form> {
    pub(super) references: &'c References<'c, F>,
    /// Names of locals that may stand for them.
    pub(super) locals: &'c HashMap<u32, &'c str>,
    /// Names of captured variables that may stand for them.
    pub(super) captures: &'c HashMap<u32, &'c str>,
    /// Index of the instruction.
    pub(super) pc: u32,
    /// How many instructions the function has; a label can stand at each and past the last.
    pub(super) length: u32,
    /// How a target is written.
    pub(super) label: &'c dyn Fn(&mut String, u32),
}

impl<F: Operands> Context<'_, F> {
    /// The target as a label can express it.
    fn label_target(&self, instruction: F::Instruction) -> Option<u32> {
        let target = u32::try_from(F::target(instruction, self.pc)?).ok()?;
        (target <= self.length).then_some(target)
    }

    fn local(&self, out: &mut String, slot: u32) {
        named(out, self.locals.get(&slot), 'l', slot);
    }

    fn capture(&self, out: &mut String, index: u32) {
        named(out, self.captures.get(&index), 'c', index);
    }
}

fn named(out: &mut String, name: Option<&&str>, letter: char, index: u32) {
    match name {
        Some(name) => out.push_str(name),
        None => number(out, letter, index),
    }
}

fn number(out: &mut String, letter: char, index: u32) {
    let _ = write!(out, "{letter}{index}");
}

impl Operands for Stack {
    const PLACES: &'static str = "locals";
    const NAMES_DIRECTIVE: &'static str = ".locals";

    fn names_expected(function: &Function<Self>) -> u32 {
        function.locals
    }

    fn target(instruction: StackInstruction, _: u32) -> Option<i64> {
        instruction.jump_target().map(i64::from)
    }

    fn write(out: &mut String, instruction: StackInstruction, context: &Context<'_, Self>) {
        use StackOperand as Operand;
        let facts = instruction.op().facts();
        let operand = instruction.operand();
        let references = context.references;
        out.push_str(facts.mnemonic);
        if facts.operand == Operand::None && operand == 0 {
            return;
        }
        out.push(' ');
        let call_index = instruction.call_index();
        match facts.operand {
            Operand::Constant => references.constant(out, operand),
            Operand::Global => references.global(out, operand),
            Operand::Local => context.local(out, operand),
            Operand::Capture => context.capture(out, operand),
            Operand::Function => references.function(out, operand),
            Operand::Type => references.type_(out, operand),
            Operand::Name => references.name(out, operand),
            Operand::Module => references.module(out, operand),
            Operand::Gas | Operand::Count | Operand::Arguments => {
                let _ = write!(out, "{operand}");
            }
            Operand::Jump if let Some(target) = context.label_target(instruction) => (context.label)(out, target),
            Operand::None | Operand::Jump => {
                let _ = write!(out, "!{operand}");
            }
            Operand::GlobalCall => references.global(out, call_index),
            Operand::FunctionCall => references.function(out, call_index),
            Operand::BuiltinCall => references.builtin(out, call_index),
            Operand::MethodCall => references.name(out, call_index),
            Operand::TypeCall => references.type_(out, call_index),
            Operand::LocalPair | Operand::LocalConstant => {
                let [first, second] = instruction.indices();
                context.local(out, first);
                out.push_str(", ");
                match facts.operand {
                    Operand::LocalPair => context.local(out, second),
                    _ => references.constant(out, second),
                }
            }
        }
        if is_call(facts.operand) {
            let _ = write!(out, ", {}", instruction.call_arguments());
        }
    }

    fn read(
        assembler: &mut Assembler<Self>,
        cursor: &mut Cursor<'_, '_>,
        mnemonic: &str,
    ) -> Result<StackInstruction, ParseError> {
        use StackOperand as Operand;
        let Some(op) = StackOp::from_mnemonic(mnemonic) else {
            return Err(unknown_operation(cursor, Self::NAME, mnemonic));
        };
        if cursor.eat('!') {
            return Ok(StackInstruction::new(op, cursor.integer("operand", 0, MAX_OPERAND)?));
        }
        let kind = op.facts().operand;
        let column = cursor.column();
        let operand = match kind {
            Operand::None => 0,
            Operand::Constant => assembler.constant(cursor)?,
            Operand::Global | Operand::GlobalCall => assembler.global(cursor)?,
            Operand::Local => assembler.local(cursor)?,
            Operand::Capture => assembler.capture(cursor)?,
            Operand::Function | Operand::FunctionCall => assembler.function(cursor)?,
            Operand::Type | Operand::TypeCall => assembler.type_operand(cursor)?,
            Operand::Name | Operand::MethodCall => assembler.name(cursor)?,
            Operand::Module => assembler.module_operand(cursor)?,
            Operand::BuiltinCall => assembler.builtin(cursor)?,
            Operand::Jump => assembler.jump(cursor)?,
            Operand::Gas => cursor.integer("gas", 0, MAX_OPERAND)?,
            Operand::Count => cursor.integer("count", 0, MAX_OPERAND)?,
            Operand::Arguments => cursor.integer("argument count", 0, MAX_OPERAND)?,
            Operand::LocalPair | Operand::LocalConstant => {
                let first = assembler.local(cursor)?;
                fits(cursor, column, first, MAX_PAIR_INDEX)?;
                cursor.expect(',')?;
                let column = cursor.column();
                let second =
                    if kind == Operand::LocalPair { assembler.local(cursor)? } else { assembler.constant(cursor)? };
                fits(cursor, column, second, MAX_PAIR_INDEX)?;
                return Ok(StackInstruction::pair(op, first, second));
            }
        };
        let most = if is_call(kind) { MAX_CALL_INDEX } else { MAX_OPERAND };
        fits(cursor, column, operand, most)?;
        if !is_call(kind) {
            return Ok(StackInstruction::new(op, operand));
        }
        cursor.expect(',')?;
        let arguments = cursor.integer("argument count", 0, MAX_ARGUMENTS)?;
        Ok(StackInstruction::call(op, operand, arguments))
    }

    fn aim(instruction: StackInstruction, _: u32, target: u32) -> Result<StackInstruction, i64> {
        if target > MAX_OPERAND {
            return Err(i64::from(MAX_OPERAND));
        }
        Ok(StackInstruction::new(instruction.op(), target))
    }

    fn write_landing(out: &mut String, landing: u32) {
        let _ = write!(out, "{landing}");
    }

    fn read_landing(cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        cursor.integer("count of values", 0, u32::MAX)
    }
}

fn is_call(operand: StackOperand) -> bool {
    use StackOperand as Operand;
    matches!(
        operand,
        Operand::GlobalCall | Operand::FunctionCall | Operand::BuiltinCall | Operand::MethodCall | Operand::TypeCall
    )
}

impl Operands for Register {
    const PLACES: &'static str = "registers";
    const NAMES_DIRECTIVE: &'static str = ".parameters";

    fn names_expected(function: &Function<Self>) -> u32 {
        u32::from(function.parameters)
    }

    fn target(instruction: RegisterInstruction, pc: u32) -> Option<i64> {
        instruction.offset().map(|offset| i64::from(pc) + i64::from(offset))
    }

    fn write(out: &mut String, instruction: RegisterInstruction, context: &Context<'_, Self>) {
        let facts = instruction.op().facts();
        let lanes = instruction.lanes();
        let references = context.references;
        out.push_str(facts.mnemonic);
        let is_odd = facts.lanes.iter().zip(lanes).any(|(&kind, lane)| kind == Lane::None && lane != 0)
            || instruction.op().has_offset() && context.label_target(instruction).is_none();
        if is_odd {
            let [a, b, c] = lanes;
            let _ = write!(out, " !{a}, !{b}, !{c}");
            return;
        }
        let mut separator = " ";
        for (&kind, lane) in facts.lanes.iter().zip(lanes) {
            if matches!(kind, Lane::None | Lane::Wide) {
                continue;
            }
            out.push_str(separator);
            separator = ", ";
            let index = u32::from(lane);
            match kind {
                Lane::None | Lane::Wide => {}
                Lane::Def
                | Lane::Use
                | Lane::UseDef
                | Lane::Window
                | Lane::ReceiverWindow
                | Lane::PairWindow
                | Lane::ConstructWindow
                | Lane::SliceWindow
                | Lane::UseWindow
                | Lane::Clobber => number(out, 'r', index),
                Lane::Slot => number(out, 's', index),
                Lane::Index => number(out, 'c', index),
                Lane::Capture => context.capture(out, index),
                Lane::Int => {
                    let _ = write!(out, "{}", lane as i16);
                }
                Lane::IntWide => {
                    let _ = write!(out, "{}", instruction.wide_operand() as i32);
                }
                Lane::Arguments => {
                    let _ = write!(out, "{lane}");
                }
                Lane::Constant => references.constant(out, index),
                Lane::ConstantWide => references.constant(out, instruction.wide_operand()),
                Lane::Global => references.global(out, index),
                Lane::GlobalWide => references.global(out, instruction.wide_operand()),
                Lane::Function => references.function(out, index),
                Lane::Type => references.type_(out, index),
                Lane::Name => references.name(out, index),
                Lane::Module => references.module(out, index),
                Lane::Builtin => references.builtin(out, index),
                Lane::Offset | Lane::OffsetWide => {
                    if let Some(target) = context.label_target(instruction) {
                        (context.label)(out, target);
                    }
                }
            }
        }
    }

    fn read(
        assembler: &mut Assembler<Self>,
        cursor: &mut Cursor<'_, '_>,
        mnemonic: &str,
    ) -> Result<RegisterInstruction, ParseError> {
        const MOST: u32 = u16::MAX as u32;
        let Some(op) = RegisterOp::from_mnemonic(mnemonic) else {
            return Err(unknown_operation(cursor, Self::NAME, mnemonic));
        };
        let mut lanes = [0_u16; 3];
        if cursor.at('!') {
            for (index, lane) in lanes.iter_mut().enumerate() {
                if index > 0 {
                    cursor.expect(',')?;
                }
                cursor.expect('!')?;
                *lane = cursor.integer("operand", 0, MOST)? as u16;
            }
            return Ok(RegisterInstruction::new(op, lanes[0], lanes[1], lanes[2]));
        }
        let mut is_first = true;
        for (at, &kind) in op.facts().lanes.iter().enumerate() {
            if matches!(kind, Lane::None | Lane::Wide) {
                continue;
            }
            if !is_first {
                cursor.expect(',')?;
            }
            is_first = false;
            let column = cursor.column();
            let value = match kind {
                Lane::None | Lane::Wide => 0,
                Lane::Def
                | Lane::Use
                | Lane::UseDef
                | Lane::Window
                | Lane::ReceiverWindow
                | Lane::PairWindow
                | Lane::ConstructWindow
                | Lane::SliceWindow
                | Lane::UseWindow
                | Lane::Clobber => cursor.numbered('r', "a register like `r0`")?,
                Lane::Slot => cursor.numbered('s', "a spill slot like `s0`")?,
                Lane::Index => cursor.numbered('c', "a captured variable like `c0`")?,
                Lane::Capture => assembler.capture(cursor)?,
                Lane::Int => u32::from(cursor.integer("integer", i16::MIN, i16::MAX)? as u16),
                Lane::IntWide => cursor.integer("integer", i32::MIN, i32::MAX)? as u32,
                Lane::Arguments => cursor.integer("count", 0, MOST)?,
                Lane::Constant | Lane::ConstantWide => assembler.constant(cursor)?,
                Lane::Global | Lane::GlobalWide => assembler.global(cursor)?,
                Lane::Function => assembler.function(cursor)?,
                Lane::Type => assembler.type_operand(cursor)?,
                Lane::Name => assembler.name(cursor)?,
                Lane::Module => assembler.module_operand(cursor)?,
                Lane::Builtin => assembler.builtin(cursor)?,
                Lane::Offset | Lane::OffsetWide => assembler.jump(cursor)?,
            };
            if matches!(kind, Lane::ConstantWide | Lane::GlobalWide | Lane::IntWide | Lane::OffsetWide) {
                lanes[at + 1] = (value >> 16) as u16;
            } else {
                fits(cursor, column, value, MOST)?;
            }
            lanes[at] = value as u16;
        }
        Ok(RegisterInstruction::new(op, lanes[0], lanes[1], lanes[2]))
    }

    fn aim(instruction: RegisterInstruction, pc: u32, target: u32) -> Result<RegisterInstruction, i64> {
        let distance = i64::from(target) - i64::from(pc);
        let op = instruction.op();
        if op.facts().lanes[2] == Lane::Offset {
            let near = i16::try_from(distance).map_err(|_| i64::from(i16::MAX))?;
            return Ok(RegisterInstruction::new(op, instruction.a, instruction.b, near as u16));
        }
        let far = i32::try_from(distance).map_err(|_| i64::from(i32::MAX))?;
        Ok(RegisterInstruction::wide(op, instruction.a, far as u32))
    }

    fn write_landing(out: &mut String, landing: u32) {
        number(out, 'r', landing);
    }

    fn read_landing(cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        cursor.numbered('r', "a register like `r0`")
    }
}

fn fits(cursor: &Cursor<'_, '_>, column: u32, value: u32, most: u32) -> Result<(), ParseError> {
    if value <= most {
        return Ok(());
    }
    let problem = ParseProblem::TooLarge { what: "index", value: i64::from(value), most: i64::from(most) };
    Err(cursor.error_at(column, problem))
}

fn unknown_operation(cursor: &Cursor<'_, '_>, form: &'static str, mnemonic: &str) -> ParseError {
    cursor.error_before(ParseProblem::UnknownOperation { form, mnemonic: mnemonic.into() })
}
