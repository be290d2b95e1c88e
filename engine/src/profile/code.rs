//! The code of a program in either form, as probes look at it: what each instruction is, where its operands lie, where it comes from.
//!
//! All of it is read off the table of the family, so a new operation needs nothing here.

use isa::module::{Constant, Form, Module};
use isa::operands::Operands;
use isa::text::{Printer, TextForm};
use isa::{
    Effects, Lane, RegCode, Register, RegisterInstruction, Stack, StackCode, StackInstruction, StackOp, Verified,
};
use runtime::{Tag, Value};
use smallvec::SmallVec;

use super::Place;
use super::table::Cell;

/// The code that a machine runs.
#[derive(Clone, Copy, Debug)]
pub enum ProgramCode<'c> {
    /// Stack code.
    Stack(&'c Verified<StackCode>),
    /// Register code.
    Register(&'c Verified<RegCode>),
}

/// What an instruction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Name of its operation.
    pub mnemonic: &'static str,
    /// The stack operation whose meaning it has.
    pub meaning: StackOp,
    /// Where control goes if not to the next instruction, unless that is decided at run time.
    pub target: Option<u32>,
    /// True when control may go on either at the next instruction or at the target.
    pub is_conditional: bool,
    operands: Vec<OperandPlace>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OperandPlace {
    /// So many below the top of the operand stack.
    BelowTop(usize),
    Register(usize),
    Known(Tag),
}

/// What an instruction finds as an operand.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    /// A value of the frame.
    Value(Value),
    /// A constant in the instruction, which is of this kind.
    Known(Tag),
}

impl Operand {
    /// What kind of value it is.
    pub fn tag(self) -> Tag {
        match self {
            Self::Value(value) => value.tag(),
            Self::Known(tag) => tag,
        }
    }
}

impl Instruction {
    /// What it takes, in order; a callee or receiver first. `frame` is that of the event.
    pub fn operands<'f>(&'f self, frame: &'f [Value]) -> impl Iterator<Item = Operand> + 'f {
        self.operands.iter().map(move |&place| match place {
            OperandPlace::BelowTop(depth) => Operand::Value(frame[frame.len() - 1 - depth]),
            OperandPlace::Register(register) => Operand::Value(frame[register]),
            OperandPlace::Known(tag) => Operand::Known(tag),
        })
    }

    fn of_stack(pc: u32, instruction: StackInstruction) -> Self {
        let op = instruction.op();
        let facts = op.facts();
        let target = if op.skips() { Some(pc + 2) } else { instruction.jump_target() };
        Self {
            mnemonic: facts.mnemonic,
            meaning: op,
            target,
            is_conditional: target.is_some() && !op.ends_block(),
            operands: (0..instruction.pops() as usize).rev().map(OperandPlace::BelowTop).collect(),
        }
    }

    fn of_register(code: &RegCode, pc: u32, instruction: RegisterInstruction) -> Self {
        let op = instruction.op();
        let facts = op.facts();
        let target = match instruction.offset() {
            _ if op.skips() => Some(pc + 2),
            offset => offset.map(|offset| pc.wrapping_add_signed(offset)),
        };
        let mut operands = Vec::new();
        for (kind, lane) in facts.lanes.into_iter().zip(instruction.lanes()) {
            match kind {
                Lane::Use | Lane::UseDef => operands.push(OperandPlace::Register(usize::from(lane))),
                Lane::Int => operands.push(OperandPlace::Known(Tag::Int)),
                Lane::Constant => operands.push(OperandPlace::Known(kind_of(&code.constants[usize::from(lane)]))),
                _ => {}
            }
        }
        if let Some((first, count)) = instruction.window() {
            operands.extend((first..first.saturating_add(count)).map(|at| OperandPlace::Register(usize::from(at))));
        }
        Self {
            mnemonic: facts.mnemonic,
            meaning: facts.stack,
            target,
            is_conditional: target.is_some() && !op.ends_block(),
            operands,
        }
    }
}

fn kind_of(constant: &Constant) -> Tag {
    match constant {
        Constant::Null => Tag::Null,
        Constant::Bool(_) => Tag::Bool,
        Constant::Int(_) => Tag::Int,
        Constant::Float(_) => Tag::Float,
        Constant::String(_) => Tag::String,
        Constant::Function(_) => Tag::Function,
        Constant::Builtin(_) => Tag::Builtin,
        Constant::Type(_) => Tag::Type,
        Constant::Enum(_) => Tag::Map,
        Constant::Module(_) => Tag::Module,
    }
}

/// What an instruction reads, writes and does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Places of the frame that it reads.
    pub reads: SmallVec<[u32; 4]>,
    /// Places of the frame that it writes.
    pub writes: SmallVec<[u32; 2]>,
    /// What it does besides.
    pub effects: Effects,
}

impl Touched {
    fn new(operands: Operands, effects: Effects) -> Self {
        let place = |read: isa::operands::Operand| match read {
            isa::operands::Operand::Place(place) => Some(place),
            _ => None,
        };
        Self { reads: operands.reads.into_iter().filter_map(place).collect(), writes: operands.writes, effects }
    }
}

enum Forms<'c> {
    Stack(&'c StackCode, Printer<'c, Stack>),
    Register(&'c RegCode, Printer<'c, Register>),
}

/// A program's code.
pub struct Code<'c> {
    form: Forms<'c>,
    functions: Vec<Vec<Instruction>>,
    /// Names of dense opcodes.
    names: Vec<&'static str>,
}

impl std::fmt::Debug for Code<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code").field("functions", &self.functions.len()).finish_non_exhaustive()
    }
}

/// Calls a generic function with the module, whichever form it has.
macro_rules! with_module {
    ($code:expr, $module:ident => $value:expr) => {
        match &$code.form {
            Forms::Stack($module, _) => $value,
            Forms::Register($module, _) => $value,
        }
    };
}

impl<'c> Code<'c> {
    /// Looks at all instructions once. `name` gives the names of dense opcodes, which may be more than those of the code's form.
    pub(crate) fn new(code: ProgramCode<'c>, name: impl Fn(u16) -> Option<&'static str>) -> Self {
        let names = (0..).map_while(name).collect();
        match code {
            ProgramCode::Stack(code) => Self {
                form: Forms::Stack(code, Printer::new(code)),
                functions: instructions(code, Instruction::of_stack),
                names,
            },
            ProgramCode::Register(code) => Self {
                form: Forms::Register(code, Printer::new(code)),
                functions: instructions(code, |pc, instruction| Instruction::of_register(code, pc, instruction)),
                names,
            },
        }
    }

    /// How many instructions each function has.
    pub fn lengths(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.functions.iter().map(Vec::len)
    }

    /// What stands at a place.
    pub fn instruction(&self, place: Place) -> &Instruction {
        &self.functions[place.function as usize][place.pc as usize]
    }

    /// All instructions of a function.
    pub fn instructions(&self, function: u32) -> &[Instruction] {
        &self.functions[function as usize]
    }

    /// What each instruction of a function touches. Where control never comes, that is nothing.
    pub fn touched(&self, function: u32) -> Vec<Touched> {
        match &self.form {
            Forms::Stack(module, _) => {
                let function = &module.functions[function as usize];
                let touched = |(&instruction, depth): (&StackInstruction, Option<u32>)| {
                    let operands = depth.map(|depth| instruction.operands(function, depth)).unwrap_or_default();
                    Touched::new(operands, instruction.op().facts().effects)
                };
                function.code.iter().zip(function.depths()).map(touched).collect()
            }
            Forms::Register(module, _) => {
                let function = &module.functions[function as usize];
                let touched = |&instruction: &RegisterInstruction| {
                    Touched::new(instruction.operands(function), instruction.op().effects())
                };
                function.code.iter().map(touched).collect()
            }
        }
    }

    /// The name of a dense opcode.
    pub fn mnemonic(&self, opcode: u16) -> &'static str {
        self.names.get(usize::from(opcode)).copied().unwrap_or("?")
    }

    /// The name of a function; with its line if another one has that name too.
    pub fn function(&self, function: u32) -> String {
        with_module!(self, module => function_name(module, function))
    }

    /// The name of a type.
    pub fn type_name(&self, index: u32) -> &str {
        with_module!(self, module => module.name(module.types[index as usize].name))
    }

    /// File and line that a place comes from, and that line's text.
    pub fn source(&self, place: Place) -> (String, String) {
        with_module!(self, module => source(module, place))
    }

    /// The instruction as a listing shows it.
    pub fn text(&self, place: Place) -> String {
        match &self.form {
            Forms::Stack(_, printer) => printer.instruction(place.function, place.pc),
            Forms::Register(_, printer) => printer.instruction(place.function, place.pc),
        }
    }

    /// A row about a place: function, line, place in the function and operation, then `figures`, then the text of the line.
    pub fn row(&self, place: Place, figures: impl IntoIterator<Item = Cell>) -> Vec<Cell> {
        let (line, text) = self.source(place);
        let at = format!("@{}", place.pc);
        let mut row = vec![self.function(place.function).into(), line.into(), at.into(), self.text(place).into()];
        row.extend(figures);
        row.push(text.into());
        row
    }
}

fn instructions<F: Form>(
    module: &Module<F>,
    look: impl Fn(u32, F::Instruction) -> Instruction,
) -> Vec<Vec<Instruction>> {
    let function =
        |code: &Vec<F::Instruction>| (0..).zip(code).map(|(pc, &instruction)| look(pc, instruction)).collect();
    module.functions.iter().map(|body| function(&body.code)).collect()
}

fn function_name<F: TextForm>(module: &Module<F>, function: u32) -> String {
    let name = module.functions[function as usize].name;
    let text = module.name(name);
    if module.functions.iter().filter(|other| module.name(other.name) == text).count() == 1 {
        return text.to_string();
    }
    format!("{text} ({})", source(module, Place { function, pc: 0 }).0)
}

fn source<F: Form>(module: &Module<F>, place: Place) -> (String, String) {
    let function = &module.functions[place.function as usize];
    let Some(source) = module.sources.get(function.source as usize) else { return Default::default() };
    let offset = (function.position(place.pc) as usize).min(source.text.len());
    let line = source.text.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count();
    let text = source.text.lines().nth(line).unwrap_or_default().trim();
    (format!("{}:{}", source.name, line + 1), text.to_string())
}

/// Something for each instruction of a program.
#[derive(Clone, Debug)]
pub struct PerSite<T> {
    functions: Vec<Vec<T>>,
}

impl<T: Default + Clone> PerSite<T> {
    /// The default for each.
    pub fn new(code: &Code<'_>) -> Self {
        Self { functions: code.lengths().map(|length| vec![T::default(); length]).collect() }
    }

    /// That of one instruction.
    pub fn at(&mut self, place: Place) -> &mut T {
        &mut self.functions[place.function as usize][place.pc as usize]
    }

    /// All, in the order of the code.
    pub fn iter(&self) -> impl Iterator<Item = (Place, &T)> {
        (0..)
            .zip(&self.functions)
            .flat_map(|(function, sites)| (0..).zip(sites).map(move |(pc, site)| (Place { function, pc }, site)))
    }
}
