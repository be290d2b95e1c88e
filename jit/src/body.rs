//! The code that a function is compiled from: its own, with that of small functions in place of their calls.
//!
//! Frames are windows of one array, and a callee's begins at a register of its caller's. So a callee's register is a register of the caller, further up, and code that is put in
//! place of a call needs nothing but other numbers in its operands: arguments are where its parameters are, and what it returns goes where the window begins.
//!
//! What runs is the same as without this, and wherever somebody looks it must look the same: before a step, an exit or a call, the records of the calls that were spared are written
//! ([`Context`]).

use std::collections::BTreeMap;

use isa::module::Handler;
use isa::{Function, Lane, RegCode, Register, RegisterInstruction, RegisterOp};
use smallvec::SmallVec;

/// Where an instruction of a body comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    context: u32,
    pc: u32,
}

/// A call whose callee's code stands in its place; the first one of a body is the function itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    /// Which of the body's it is; 0 is the function itself.
    pub(crate) number: u32,
    /// Whose code it is.
    pub(crate) function: u32,
    /// The instruction of the body that the call is; 0 for the function itself.
    pub(crate) call: u32,
    /// The context in which it is.
    pub(crate) caller: u32,
    /// How many calls it is away from the function itself.
    pub(crate) depth: u32,
    /// The register of the body that is its first.
    pub(crate) first: u32,
    /// How it is known who is called.
    pub(crate) guard: Guard,
}

/// What must hold for a call to be one of a certain function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Nothing.
    Nothing,
    /// The receiver is a record of this type.
    Record(u32),
    /// The called value is a closure of that function.
    Closure,
    /// The called value is that function.
    Function,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Body {
    /// The code. Spill slots are registers like others there, and handlers those of the function itself.
    pub(crate) function: Function<Register>,
    /// How many registers it has.
    pub(crate) registers: usize,
    origins: Vec<Origin>,
    contexts: Vec<Context>,
    /// Contexts that begin behind an instruction, which is their call.
    entered: BTreeMap<u32, u32>,
    /// Where the function's own instructions are, and its end.
    places: Vec<u32>,
    /// How many instructions are not its own.
    spliced: usize,
}

/// A call of which is asked whether the callee's code may take its place.
pub(crate) struct Call<'b> {
    /// Whose code it is in.
    pub(crate) function: u32,
    pub(crate) pc: u32,
    pub(crate) instruction: RegisterInstruction,
    /// Functions whose code it is within, from outside in.
    pub(crate) within: &'b [u32],
    /// Instructions of callees that there are so far.
    pub(crate) spliced: usize,
}

/// What bodies are made from.
pub(crate) struct Source<'s> {
    pub(crate) code: &'s RegCode,
    /// Registers in a frame of each function.
    pub(crate) frame_sizes: &'s [u32],
    /// Whose code is to take the place of a call.
    pub(crate) callee: &'s dyn Fn(Call<'_>) -> Option<(u32, Guard)>,
}

impl Body {
    /// The body of a function.
    pub(crate) fn new(function: u32, source: &Source<'_>) -> Self {
        let mut body = Self {
            function: Function::default(),
            registers: source.frame_sizes[function as usize] as usize,
            origins: Vec::new(),
            contexts: vec![Context {
                number: 0,
                function,
                call: 0,
                caller: 0,
                depth: 0,
                first: 0,
                guard: Guard::Nothing,
            }],
            entered: BTreeMap::new(),
            places: Vec::new(),
            spliced: 0,
        };
        body.places = body.splice(0, &mut vec![function], source);
        let place = |pc: u32| body.places[pc as usize];
        let moved = |&handler: &Handler| Handler {
            start: place(handler.start),
            end: place(handler.end),
            target: place(handler.target),
            ..handler
        };
        body.function.handlers = source.code.functions[function as usize].handlers.iter().map(moved).collect();
        body
    }

    fn push(&mut self, instruction: RegisterInstruction, origin: Origin) -> u32 {
        self.function.code.push(instruction);
        self.spliced += usize::from(origin.context != 0);
        self.origins.push(origin);
        self.function.code.len() as u32 - 1
    }

    /// Appends a context's code. Gives where its instructions and its end are.
    fn splice(&mut self, number: u32, within: &mut Vec<u32>, source: &Source<'_>) -> Vec<u32> {
        let context = self.contexts[number as usize];
        let function = &source.code.functions[context.function as usize];
        let (mut places, mut jumps, mut returns) =
            (Vec::with_capacity(function.code.len() + 1), Vec::new(), Vec::new());
        for (pc, &instruction) in (0..).zip(&function.code) {
            places.push(self.function.code.len() as u32);
            let origin = Origin { context: number, pc };
            let moved = renumbered(instruction, context.first, function.spill_base);
            if number != 0 && instruction.op() == RegisterOp::ReturnReg {
                self.push(RegisterInstruction::new(RegisterOp::MovReg, context.first as u16, moved.a, 0), origin);
                if pc as usize + 1 < function.code.len() {
                    returns.push(self.push(RegisterInstruction::wide(RegisterOp::JumpReg, 0, 0), origin));
                }
                continue;
            }
            let at = self.push(moved, origin);
            if let Some(jump) = instruction.jump(pc) {
                jumps.push((at, jump.target));
            }
            // What an instruction skips is one instruction.
            if pc > 0 && function.code[pc as usize - 1].op().skips() {
                continue;
            }
            let call = Call { function: context.function, pc, instruction, within, spliced: self.spliced };
            let Some((callee, guard)) = (source.callee)(call) else { continue };
            let first = u32::from(moved.a);
            let entered = self.contexts.len() as u32;
            self.contexts.push(Context {
                number: entered,
                function: callee,
                call: at,
                caller: number,
                depth: context.depth + 1,
                first,
                guard,
            });
            self.entered.insert(at, entered);
            self.registers = self.registers.max((first + source.frame_sizes[callee as usize]) as usize);
            within.push(callee);
            self.splice(entered, within, source);
            within.pop();
        }
        let end = self.function.code.len() as u32;
        places.push(end);
        for (at, target) in jumps {
            self.lead(at, places[target as usize]);
        }
        for at in returns {
            self.lead(at, end);
        }
        places
    }

    /// Has a jump lead somewhere.
    fn lead(&mut self, at: u32, target: u32) {
        let jump = &mut self.function.code[at as usize];
        let distance = target.wrapping_sub(at);
        jump.c = if jump.op().facts().lanes[2] == Lane::Offset {
            distance as u16
        } else {
            jump.b = distance as u16;
            (distance >> 16) as u16
        };
    }

    /// The context that an instruction is in.
    pub(crate) fn context(&self, pc: u32) -> Context {
        self.contexts[self.origins[pc as usize].context as usize]
    }

    /// The calls that lead to an instruction, and whose code took their place, from outside in.
    pub(crate) fn calls(&self, pc: u32) -> SmallVec<[Context; 4]> {
        let mut calls = SmallVec::new();
        let mut context = self.context(pc);
        while context.depth > 0 {
            calls.push(context);
            context = self.contexts[context.caller as usize];
        }
        calls.reverse();
        calls
    }

    /// The context in which another one's call is.
    pub(crate) fn caller(&self, context: Context) -> Context {
        self.contexts[context.caller as usize]
    }

    /// All contexts.
    pub(crate) fn contexts(&self) -> &[Context] {
        &self.contexts
    }

    /// The context that begins behind an instruction, which is its call.
    pub(crate) fn entered(&self, pc: u32) -> Option<Context> {
        self.entered.get(&pc).map(|&context| self.contexts[context as usize])
    }

    /// Which function an instruction is of, and where it is there.
    pub(crate) fn origin(&self, pc: u32) -> (u32, u32) {
        let Origin { context, pc } = self.origins[pc as usize];
        (self.contexts[context as usize].function, pc)
    }

    /// The function's own instruction that an instruction is, or in whose place it is.
    pub(crate) fn own(&self, pc: u32) -> u32 {
        let call = self.calls(pc).first().map_or(pc, |outermost| outermost.call);
        self.origins[call as usize].pc
    }

    /// Whether an instruction is one of the function itself.
    pub(crate) fn is_own(&self, pc: u32) -> bool {
        self.origins[pc as usize].context == 0
    }

    /// Where one of the function's own instructions is.
    pub(crate) fn place(&self, own: u32) -> u32 {
        self.places[own as usize]
    }

    /// Where the function's own instruction is that follows upon one of them.
    pub(crate) fn own_after(&self, pc: u32) -> u32 {
        self.places[self.origins[pc as usize].pc as usize + 1]
    }

    /// The registers that an instruction reads and those that it writes. Calls whose callees' code follows read their arguments and do nothing.
    pub(crate) fn operands(&self, pc: u32) -> isa::operands::Operands {
        let mut operands = self.function.code[pc as usize].operands(&self.function);
        if self.entered.contains_key(&pc) {
            operands.writes.clear();
        }
        operands
    }

    /// The first of the registers that an instruction loses to another frame.
    pub(crate) fn lost_from(&self, pc: u32) -> Option<u32> {
        let instruction = self.function.code[pc as usize];
        match instruction.op().facts().lanes {
            _ if self.entered.contains_key(&pc) => None,
            [_, _, Lane::Clobber] => Some(u32::from(instruction.c)),
            [
                Lane::Window | Lane::ReceiverWindow | Lane::PairWindow | Lane::ConstructWindow | Lane::SliceWindow,
                ..,
            ] => Some(u32::from(instruction.a)),
            _ => None,
        }
    }
}

/// Whether a function's code may stand in place of its calls.
pub(crate) fn can_be_spliced(function: &Function<Register>) -> bool {
    let ops = || function.code.iter().map(|instruction| instruction.op());
    // What an instruction skips must stay one instruction.
    let skips_return = ops().zip(ops().skip(1)).any(|(one, next)| one.skips() && next == RegisterOp::ReturnReg);
    function.handlers.is_empty() && !skips_return && ops().all(|op| op != RegisterOp::SpawnCallReg)
}

/// An instruction whose registers are those from `first` on.
fn renumbered(instruction: RegisterInstruction, first: u32, spill_base: u32) -> RegisterInstruction {
    let of = |register: u16| (first + u32::from(register)) as u16;
    let slot = |slot: u16| (first + spill_base + u32::from(slot)) as u16;
    match instruction.op() {
        RegisterOp::LoadSpill => {
            return RegisterInstruction::new(RegisterOp::MovReg, of(instruction.a), slot(instruction.b), 0);
        }
        RegisterOp::StoreSpill => {
            return RegisterInstruction::new(RegisterOp::MovReg, slot(instruction.b), of(instruction.a), 0);
        }
        _ => {}
    }
    let mut moved = instruction;
    let lanes = [&mut moved.a, &mut moved.b, &mut moved.c];
    for (kind, lane) in instruction.op().facts().lanes.into_iter().zip(lanes) {
        let is_register = match kind {
            Lane::Def | Lane::Use | Lane::UseDef | Lane::Clobber => true,
            Lane::Window | Lane::ReceiverWindow | Lane::PairWindow => true,
            Lane::ConstructWindow | Lane::SliceWindow | Lane::UseWindow => true,
            Lane::None | Lane::Int | Lane::IntWide | Lane::Constant | Lane::ConstantWide => false,
            Lane::Global | Lane::GlobalWide | Lane::Offset | Lane::OffsetWide | Lane::Wide => false,
            Lane::Function | Lane::Type | Lane::Name | Lane::Module | Lane::Builtin => false,
            Lane::Capture | Lane::Index | Lane::Slot | Lane::Arguments => false,
        };
        if is_register {
            *lane = of(*lane);
        }
    }
    moved
}
