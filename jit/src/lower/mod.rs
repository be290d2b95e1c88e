//! From register code to Cranelift's intermediate representation.
//!
//! Code is made block by block in reverse postorder. At every point it is known of each register how its value is held ([`Held`]): in its register of
//! the frame, or, in the optimizing tier, as a bare payload in a variable. The baseline tier holds everything in the frame, so both tiers are made
//! by the same functions.
//!
//! *Edges.* Where control goes from one block to another, registers are held as the other block wants it: payloads are stored where it wants them in the frame, and
//! values are loaded, their kind having been checked, where it wants payloads. A block gets what all ways to it have in common. Where loops begin, and where the code is
//! entered, it gets what its reads were seen to meet, so checks move to the ways into the loop.
//!
//! *Exits.* Where something is not as it was expected, live registers are stored to the frame and the interpreter goes on at the same instruction.
//!
//! *Steps.* What code is not made for is done by calling the interpreter's function for that one instruction, which gives where to go on.

mod access;
mod arithmetic;
mod builtins;
mod calls;
mod instruction;
mod loops;
mod stubs;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, AbiParam, InstBuilder, MemFlagsData, SigRef, Signature, SourceLoc, Type, Value, types,
};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Switch, Variable};
use isa::{Function, RegCode, Register, Verified};
use runtime::Tag;
use smallvec::{SmallVec, smallvec};
use vm_register::native::{LAYOUT, Seen};

use crate::body::{Body, Context};
use crate::flow::{Flow, Registers};
use crate::loops::Loops;
use crate::state::{Expected, Held, Kind, State, drop_dead, expectations, expected_in_block, meet, unknown};
use crate::{BodyDoubts, Optimization, OptimizationSet, Tier};

use stubs::StubSignatures;
pub(crate) use stubs::{StubAddresses, stubs};

/// What code is to be made of, and everything that is needed for it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) tier: Tier,
    pub(crate) code: Arc<Verified<RegCode>>,
    pub(crate) function: u32,
    /// The code, with that of callees. What is kept for each instruction is of this.
    pub(crate) body: Arc<Body>,
    /// If code is to be made of a region alone, one of the function's own instructions in it; see [`Flow::new`].
    pub(crate) around: Option<u32>,
    /// Registers in a frame of each function.
    pub(crate) frame_sizes: Arc<[u32]>,
    /// Words of the code before each function's first.
    pub(crate) starts: Arc<[u32]>,
    /// What the instructions have met.
    pub(crate) seen: Vec<Seen>,
    /// What is not to be believed any more.
    pub(crate) doubts: BodyDoubts,
    pub(crate) stubs: StubAddresses,
    /// For each instruction the address of what runs it.
    pub(crate) steps: Vec<u64>,
    /// For each instruction its access site.
    pub(crate) sites: Vec<Option<u32>>,
    /// For each instruction whether nothing that it met has a fast case.
    pub(crate) stepped: Vec<bool>,
    /// For each access of a field by instruction, where records of the type that was seen have it; for each instruction that makes a record, its [shape](crate::gain::record_shape).
    pub(crate) fields: Vec<Option<u32>>,
    pub(crate) counts_fuel: bool,
    /// Whether the code counts how often it runs; when the function's counter is at zero it is left for better code.
    pub(crate) counts: bool,
    /// How often the function was compiled, this time included.
    pub(crate) attempt: u32,
    /// The seed of which exits are always taken.
    pub(crate) faults: Option<u64>,
    pub(crate) without: OptimizationSet,
}

impl Request {
    /// Whether an optimization is made use of.
    pub(crate) fn has(&self, optimization: Optimization) -> bool {
        !self.without.contains(optimization)
    }

    /// Whether what was seen is believed.
    pub(crate) fn speculates(&self) -> bool {
        self.tier == Tier::Optimizing && self.has(Optimization::Speculation)
    }
}

/// The number that an exit leaves, as function and index among its exits.
pub(crate) fn exit_of(number: u64) -> (u32, usize) {
    ((number >> 32) as u32, (number as u32 - 1) as usize)
}

/// The other way round; never 0.
fn exit_number(function: u32, index: usize) -> u64 {
    u64::from(function) << 32 | (index as u64 + 1)
}

/// Why an exit is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A register held another kind of value than was seen before.
    Kind,
    /// A result does not fit an integer, or there is none.
    Arithmetic,
    /// A list keeps its elements in another way, or has no such element.
    Element,
    /// A loop would not keep an index within its list.
    Range,
    /// A record is of another type.
    Type,
    /// Fuel or gas ran out.
    Limit,
    /// Baseline code has run so often that better code is worth it.
    Hot,
    /// Control has left the loop that code was made of.
    Outside,
}

impl Cause {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Arithmetic => "arithmetic",
            Self::Element => "element",
            Self::Range => "range",
            Self::Type => "type",
            Self::Limit => "limit",
            Self::Hot => "hot",
            Self::Outside => "outside",
        }
    }
}

/// A way out of native code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exit {
    /// The function in which the interpreter goes on.
    pub function: u32,
    /// Where in it.
    pub pc: u32,
    /// Why.
    pub cause: Cause,
    /// The register whose kind was wrong.
    pub register: Option<u32>,
    /// The instruction of the body.
    pub(crate) at: u32,
    /// The register of the body.
    pub(crate) body_register: Option<u32>,
    /// Whether it was found out on the way to the instruction, not by it.
    pub is_edge: bool,
}

/// What was made.
pub(crate) struct Lowered {
    pub(crate) function: ir::Function,
    /// Instructions at which it can be entered, by number.
    pub(crate) entries: Vec<u32>,
    pub(crate) exits: Vec<Exit>,
    /// Register instructions that it was made of.
    pub(crate) instructions: usize,
}

/// Bytes a register takes.
const REGISTER: i32 = 16;
/// Where in it the payload is.
const PAYLOAD: i32 = 8;

/// An edge whose code is still to be made.
struct Edge {
    block: ir::Block,
    state: State,
    /// The block that it comes from; nothing if it comes from outside.
    from: Option<u32>,
    written: Written,
}

/// Calls whose callees' code took their place and whose records are written, as bits by number of the context: those within such a call need not write its record again. Of those that there is no
/// bit for that is never known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Written(u64);

impl Written {
    fn bit(context: Context) -> u64 {
        1_u64.checked_shl(context.number).unwrap_or(0)
    }

    fn has(self, context: Context) -> bool {
        self.0 & Self::bit(context) != 0
    }

    fn add(&mut self, context: Context) {
        self.0 |= Self::bit(context);
    }

    /// Takes out the records from a depth on.
    fn remove_from(&mut self, depth: u32, body: &Body) {
        let deeper = body.contexts().iter().filter(|context| context.depth >= depth);
        self.0 &= !deeper.fold(0, |bits, &context| bits | Self::bit(context));
    }
}

/// A block off the way whose code is still to be made: live registers are stored, then something is done.
struct Aside {
    block: ir::Block,
    stores: Vec<(u32, Kind)>,
    /// A register whose tag and payload are stored as well.
    result: Option<(u32, Value, Value)>,
    /// Registers that are held in variables, which are loaded again behind a call.
    loads: Vec<(u32, Kind)>,
    then: Then,
}

/// What is done off the way.
#[derive(Clone, Copy)]
enum Then {
    /// The code is left.
    Leave(Exit),
    /// The interpreter runs an instruction, and the code goes on in a block.
    Step { pc: u32, after: ir::Block },
    /// The interpreter runs an instruction and goes on wherever that leads.
    Elsewhere { pc: u32 },
    /// The interpreter runs a branch, and the code goes on in one of two blocks.
    Branch { pc: u32, target: u32, taken: ir::Block, next: ir::Block },
}

impl Then {
    /// The instruction that it is about.
    fn pc(self) -> u32 {
        match self {
            Self::Leave(exit) => exit.at,
            Self::Step { pc, .. } | Self::Elsewhere { pc } | Self::Branch { pc, .. } => pc,
        }
    }
}

pub(crate) struct Lowering<'l> {
    request: &'l Request,
    body: &'l Body,
    function: &'l Function<Register>,
    flow: &'l Flow,
    loops: &'l Loops,
    builder: FunctionBuilder<'l>,
    // These three are handed to whoever is called and come back from there: nothing has to be kept in registers of the processor that callees save.
    machine: Variable,
    base: Variable,
    /// One past the record of the running call.
    top: Variable,
    /// The closures of calls whose callees' code took their place, by call.
    closures: HashMap<u32, Variable>,
    payloads: Vec<Option<Variable>>,
    floats: Vec<Option<Variable>>,
    blocks: Vec<ir::Block>,
    /// How registers are held where blocks begin, once that is settled.
    at_blocks: Vec<Option<State>>,
    /// Edges to blocks of which it is not.
    waiting: Vec<Vec<Edge>>,
    /// Edges whose code can be made as soon as the current block is finished.
    edges: Vec<(u32, Edge)>,
    asides: Vec<Aside>,
    /// What all exits end in, once there is one: their number, the word where the interpreter goes on, base, and top.
    leave: Option<ir::Block>,
    /// Exits that are always taken.
    faulty: Vec<ir::Block>,
    exits: Vec<Exit>,
    expected: Vec<Vec<Expected>>,
    /// Of the current block.
    live: Vec<Registers>,
    expected_after: Vec<Vec<Expected>>,
    index: u32,
    start: u32,
    state: State,
    written: Written,
    /// Where a list that a loop keeps in variables has its elements, and how many, by the loop's number and the list's register.
    kept: HashMap<(usize, u32), [Variable; 2]>,
    step_signature: SigRef,
    /// The function itself, if it is called where its code begins.
    itself: Option<ir::FuncRef>,
    /// Of [leaves](vm_register::native::LEAVES), by how many words they take.
    leaf_signatures: [SigRef; LEAF_PARAMETERS.len()],
    entry_signature: SigRef,
    /// Of [stubs](mod@stubs).
    stub_signatures: StubSignatures,
    /// Whether anything was found dirty where a loop's state said it was not.
    stale: Vec<(u32, u32)>,
    /// Registers that are dirty where loops go back.
    dirty: &'l [(u32, u32)],
    /// Headers of loops that were taken to leave lists as they are, and do not.
    changing: HashSet<u32>,
}

fn flags() -> MemFlagsData {
    MemFlagsData::trusted()
}

/// Makes intermediate code.
pub(crate) fn lower(request: &Request, isa: &dyn TargetIsa) -> Lowered {
    let body = &*request.body;
    let registers = body.registers;
    let flow = Flow::new(body, request.around.map(|own| body.place(own)));
    let seen = if request.speculates() { &request.seen[..] } else { &[] };
    let expected = if seen.is_empty() {
        vec![vec![Expected::Nothing; registers]; flow.blocks.len()]
    } else {
        expectations(body, &flow, seen)
    };
    let mut context = FunctionBuilderContext::new();
    // Where loops begin, registers are taken to be stored. Those of which that turns out to be wrong are not any more in the next attempt.
    let mut dirty = Vec::new();
    let mut changing = HashSet::new();
    loop {
        let loops = Loops::find(request, &flow, &changing);
        let mut made =
            ir::Function::with_name_signature(ir::UserFuncName::user(0, request.function), entry_signature());
        let given = Given { request, flow: &flow, loops: &loops, dirty: &dirty };
        let (exits, stale, changes) = Lowering::new(given, isa, &expected, &mut made, &mut context).run(isa);
        if stale.is_empty() && changes.is_empty() {
            let entries = flow.entries.iter().map(|&entry| body.own(entry)).collect();
            let lengths = flow.order.iter().map(|&block| flow.blocks[block as usize].length());
            return Lowered { function: made, entries, exits, instructions: lengths.sum() };
        }
        dirty.extend(stale);
        changing.extend(changes);
    }
}

/// What code is made from, in one attempt.
#[derive(Clone, Copy)]
struct Given<'l> {
    request: &'l Request,
    flow: &'l Flow,
    loops: &'l Loops,
    /// Registers that are dirty where loops go back.
    dirty: &'l [(u32, u32)],
}

/// Native code: machine, base, one past the running call's record, number of the entry point, and what to return who has no code; a position, tag and payload
/// of the result, and where a function has returned, machine and one past its record again. The convention has more registers for results than that of the system.
fn entry_signature() -> Signature {
    tail_signature(5, 6)
}

fn tail_signature(parameters: usize, results: usize) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params = vec![AbiParam::new(types::I64); parameters];
    signature.returns = vec![AbiParam::new(types::I64); results];
    signature
}

/// Whether code may call itself where it begins: while it runs, it is the function's code if that can be entered at its beginning. A call is to be filled in when the code is there, which
/// [`compile`](crate::compile) can do for these processors.
fn can_call_itself(isa: &dyn TargetIsa, request: &Request) -> bool {
    crate::compile::fills_calls_in(isa) && request.around.is_none()
}

/// The function that is being made, to be called.
fn import_itself(builder: &mut FunctionBuilder<'_>, function: u32, signature: SigRef) -> ir::FuncRef {
    let name = ir::UserExternalName { namespace: 0, index: function };
    let name = ir::ExternalName::user(builder.func.declare_imported_user_function(name));
    builder.import_function(ir::ExtFuncData { name, signature, colocated: true, patchable: false })
}

/// How many words [leaves](vm_register::native::LEAVES) take.
const LEAF_PARAMETERS: [usize; 4] = [2, 3, 4, 6];

/// So many words in, a position out.
fn signature(isa: &dyn TargetIsa, parameters: usize) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params = vec![AbiParam::new(types::I64); parameters];
    signature.returns = vec![AbiParam::new(types::I64); 2];
    signature
}

impl<'l> Lowering<'l> {
    fn new(
        Given { request, flow, loops, dirty }: Given<'l>,
        isa: &dyn TargetIsa,
        expected: &[Vec<Expected>],
        made: &'l mut ir::Function,
        context: &'l mut FunctionBuilderContext,
    ) -> Self {
        let registers = request.body.registers;
        let mut builder = FunctionBuilder::new(made, context);
        let [machine, base, top] = [types::I64; 3].map(|of| builder.declare_var(of));
        let blocks = flow.blocks.iter().map(|_| builder.create_block()).collect();
        let step_signature = builder.import_signature(signature(isa, 3));
        let leaf_signatures = LEAF_PARAMETERS.map(|parameters| {
            let mut signature = signature(isa, parameters);
            signature.returns.truncate(1);
            builder.import_signature(signature)
        });
        let stub_signatures = StubSignatures::import(&mut builder);
        let entry_signature = builder.import_signature(entry_signature());
        let itself =
            can_call_itself(isa, request).then(|| import_itself(&mut builder, request.function, entry_signature));
        let first = builder.create_block();
        builder.append_block_params_for_function_params(first);
        builder.switch_to_block(first);
        for (variable, parameter) in [machine, base, top].into_iter().zip(builder.block_params(first).to_vec()) {
            builder.def_var(variable, parameter);
        }
        Self {
            request,
            body: &request.body,
            function: &request.body.function,
            flow,
            loops,
            builder,
            machine,
            base,
            top,
            closures: HashMap::new(),
            payloads: vec![None; registers],
            floats: vec![None; registers],
            blocks,
            at_blocks: vec![None; flow.blocks.len()],
            waiting: flow.blocks.iter().map(|_| Vec::new()).collect(),
            edges: Vec::new(),
            asides: Vec::new(),
            leave: None,
            faulty: Vec::new(),
            exits: Vec::new(),
            expected: expected.to_vec(),
            live: Vec::new(),
            expected_after: Vec::new(),
            index: 0,
            start: 0,
            state: unknown(registers),
            written: Written::default(),
            kept: HashMap::new(),
            step_signature,
            itself,
            leaf_signatures,
            entry_signature,
            stub_signatures,
            stale: Vec::new(),
            dirty,
            changing: HashSet::new(),
        }
    }

    fn run(mut self, isa: &dyn TargetIsa) -> (Vec<Exit>, Vec<(u32, u32)>, HashSet<u32>) {
        self.dispatch_entries();
        for &index in &self.flow.order {
            self.block(index);
        }
        debug_assert!(self.edges.is_empty() && self.asides.is_empty());
        self.make_leave();
        self.builder.seal_all_blocks();
        self.builder.finalize(isa.frontend_config());
        (self.exits, self.stale, self.changing)
    }

    fn is_optimizing(&self) -> bool {
        self.request.tier == Tier::Optimizing
    }

    /// Code that goes to the entry point with the number that was passed.
    fn dispatch_entries(&mut self) {
        let first = self.builder.current_block().expect("the first block");
        let number = self.builder.block_params(first)[3];
        // Native callers begin at the beginning, if there is code of that.
        let (begins, others) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(number, others, &[], begins, &[]);
        let state = unknown(self.state.len());
        let begin = self.flow.block_at(self.flow.entries[0]);
        self.waiting[begin as usize].push(Edge { block: begins, state, from: None, written: Written::default() });
        self.builder.switch_to_block(others);
        let mut switch = Switch::new();
        for (number, &pc) in self.flow.entries.iter().enumerate().skip(1) {
            let block = self.builder.create_block();
            let index = self.flow.block_at(pc);
            switch.set_entry(number as u128, block);
            let state = unknown(self.state.len());
            self.waiting[index as usize].push(Edge { block, state, from: None, written: Written::default() });
        }
        // Whoever enters knows the numbers; anything else is the first.
        let otherwise = self.builder.create_block();
        self.builder.set_cold_block(otherwise);
        let state = unknown(self.state.len());
        self.waiting[begin as usize].push(Edge { block: otherwise, state, from: None, written: Written::default() });
        switch.emit(&mut self.builder, number, otherwise);
    }

    /// Makes the code of a block.
    fn block(&mut self, index: u32) {
        let block = &self.flow.blocks[index as usize];
        let state = self.state_at(index);
        self.written = self.written_at(index);
        self.at_blocks[index as usize] = Some(state.clone());
        for edge in std::mem::take(&mut self.waiting[index as usize]) {
            self.edges.push((index, edge));
        }
        self.make_edges();
        self.builder.switch_to_block(self.blocks[index as usize]);
        (self.index, self.start) = (index, block.start);
        self.live = self.flow.live_in_block(self.body, index);
        let seen: &[Seen] = if self.request.speculates() { &self.request.seen } else { &[] };
        self.expected_after = if seen.is_empty() {
            Vec::new()
        } else {
            expected_in_block(self.body, self.flow, index, seen, &self.expected)
        };
        self.state = state;
        if block.is_counted && self.request.counts {
            self.count(block.start);
        }
        for pc in block.start..block.end {
            let is_last = pc + 1 == block.end;
            self.builder.set_srcloc(SourceLoc::new(pc));
            let goes_on = self.instruction(pc);
            if !goes_on {
                break;
            }
            let live = &self.live[(pc + 1 - block.start) as usize];
            drop_dead(&mut self.state, live);
            if is_last {
                let next = self.edge(block.end);
                self.builder.ins().jump(next, &[]);
            }
        }
        self.make_asides();
        self.make_edges();
    }

    /// Counts that control came to an instruction.
    fn count(&mut self, pc: u32) {
        let entries = self.of_machine(LAYOUT.entries);
        let counter = self.request.function as i32 * LAYOUT.entry_size + LAYOUT.entry_counter;
        let left = self.builder.ins().load(types::I64, flags(), entries, counter);
        let left = self.builder.ins().iadd_imm_s(left, -1);
        self.builder.ins().store(flags(), left, entries, counter);
        let is_hot = self.builder.ins().icmp_imm_s(IntCC::Equal, left, 0);
        let otherwise = self.exit(pc, Cause::Hot, None);
        self.go_on_unless(is_hot, otherwise);
    }

    /// Which records are written where a block begins.
    fn written_at(&self, index: u32) -> Written {
        if self.flow.blocks[index as usize].is_loop_header {
            return Written::default();
        }
        let edges = self.waiting[index as usize].iter().map(|edge| edge.written.0);
        Written(edges.reduce(|one, other| one & other).unwrap_or(0))
    }

    /// How registers are held where a block begins.
    fn state_at(&self, index: u32) -> State {
        let block = &self.flow.blocks[index as usize];
        let edges = &self.waiting[index as usize];
        let mut internal = edges.iter().filter(|edge| edge.from.is_some()).map(|edge| &edge.state);
        let first = internal.next();
        let mut state = first.cloned().unwrap_or_else(|| unknown(self.state.len()));
        for other in internal {
            for (one, &other) in state.iter_mut().zip(other) {
                *one = meet(*one, other);
            }
        }
        drop_dead(&mut state, &block.live);
        if !block.is_loop_header && first.is_some() {
            return state;
        }
        // Nothing is known of those that go back here, or come from outside: what was seen is expected.
        for register in block.live.iter() {
            let expected = self.expected[index as usize][register as usize].kind();
            let doubted =
                !self.request.has(Optimization::LoopGuards) || self.request.doubts.has_register(block.start, register);
            let held = &mut state[register as usize];
            *held = match (expected, *held) {
                (Some(kind), _) if !doubted => {
                    let stays = matches!(*held, Held::Variable { kind: known, dirty: true } if known == kind);
                    Held::Variable { kind, dirty: stays || self.dirty.contains(&(index, register)) }
                }
                _ => Held::Memory,
            };
        }
        state
    }

    /// A block that goes on at an instruction, which is another block's first, from the state that there is now. Where the region ends, the code is left.
    fn edge(&mut self, target: u32) -> ir::Block {
        let index = self.flow.block_at(target);
        if !self.flow.blocks[index as usize].is_reached {
            let stores = self.dirty_among(&self.flow.blocks[index as usize].live);
            let exit = self.way_out(target, Cause::Outside, None, true);
            return self.exit_with(exit, stores);
        }
        let block = self.builder.create_block();
        let edge = Edge { block, state: self.state.clone(), from: Some(self.index), written: self.written };
        if self.at_blocks[index as usize].is_some() {
            self.edges.push((index, edge));
        } else {
            self.waiting[index as usize].push(edge);
        }
        block
    }

    /// Makes the code of edges to blocks whose beginning is settled.
    fn make_edges(&mut self) {
        while let Some((index, edge)) = self.edges.pop() {
            let wanted = self.at_blocks[index as usize].clone().expect("settled");
            let target = self.flow.blocks[index as usize].start;
            self.builder.switch_to_block(edge.block);
            self.builder.set_srcloc(SourceLoc::new(target));
            self.state = edge.state;
            let live = self.flow.blocks[index as usize].live.clone();
            drop_dead(&mut self.state, &live);
            // Stores first: a check that fails needs no less than what is stored then.
            for register in live.iter() {
                let held = self.state[register as usize];
                if let Held::Variable { kind, dirty: true } = held
                    && wanted[register as usize] != held
                {
                    let is_wanted_dirty =
                        matches!(wanted[register as usize], Held::Variable { kind: same, dirty: true } if same == kind);
                    let is_wanted_clean = matches!(wanted[register as usize], Held::Variable { kind: same, dirty: false } if same == kind);
                    if is_wanted_clean {
                        // The loop's state is wrong: it will be made again.
                        self.stale.push((index, register));
                    } else if !is_wanted_dirty {
                        self.store(register, kind);
                    }
                }
            }
            for register in live.iter() {
                let Held::Variable { kind, .. } = wanted[register as usize] else { continue };
                match self.state[register as usize] {
                    Held::Variable { kind: same, .. } if same == kind => {}
                    _ => {
                        let exit = self.way_out(target, Cause::Kind, Some(register), true);
                        let snapshot = self.dirty_among(&live);
                        self.check_and_load(register, kind, exit, snapshot);
                    }
                }
            }
            self.enter_loops(edge.from, index);
            self.builder.ins().jump(self.blocks[index as usize], &[]);
            self.make_asides();
        }
    }

    /// Live registers whose payloads are not stored.
    fn dirty_among(&self, live: &Registers) -> Vec<(u32, Kind)> {
        let dirty = |register: u32| match self.state[register as usize] {
            Held::Variable { kind, dirty: true } => Some((register, kind)),
            _ => None,
        };
        live.iter().filter_map(dirty).collect()
    }

    /// Live registers that are held in variables.
    fn variables_among(&self, live: &Registers) -> Vec<(u32, Kind)> {
        let held = |register: u32| match self.state[register as usize] {
            Held::Variable { kind, .. } => Some((register, kind)),
            Held::Memory => None,
        };
        live.iter().filter_map(held).collect()
    }

    /// Gives variables what their registers of the frame hold. Behind a call that is cheaper than what they would be kept in meanwhile, and loads of what is not used vanish.
    fn load_again(&mut self, registers: &[(u32, Kind)]) {
        for &(register, kind) in registers {
            let payload = self.load_payload(register, Self::type_of(kind));
            let variable = self.payload_variable(register, kind);
            self.builder.def_var(variable, payload);
        }
    }

    fn live_at(&self, pc: u32) -> &Registers {
        &self.live[(pc - self.start) as usize]
    }

    /// A block that leaves native code and goes on at `pc` of the current block.
    fn exit(&mut self, pc: u32, cause: Cause, register: Option<u32>) -> ir::Block {
        let stores = self.dirty_among(self.live_at(pc));
        let exit = self.way_out(pc, cause, register, false);
        self.exit_with(exit, stores)
    }

    /// What is said of an exit to an instruction of the body.
    fn way_out(&self, at: u32, cause: Cause, body_register: Option<u32>, is_edge: bool) -> Exit {
        let (function, pc) = self.body.origin(at);
        // On the way to what follows a call its arguments may still be looked at, in registers of the callee.
        let register = body_register.map(|register| register.saturating_sub(self.body.context(at).first));
        Exit { function, pc, cause, register, at, body_register, is_edge }
    }

    fn exit_with(&mut self, exit: Exit, stores: Vec<(u32, Kind)>) -> ir::Block {
        let block = self.aside(stores, Then::Leave(exit));
        let number = self.exits.len() + self.asides.len();
        let seed = self.request.faults.filter(|_| !matches!(exit.cause, Cause::Limit | Cause::Hot | Cause::Outside));
        let event = u64::from(self.request.attempt) << 48 ^ exit_number(self.request.function, number);
        if seed.is_some_and(|seed| crate::chance(seed, event, 8)) {
            self.faulty.push(block);
        }
        block
    }

    fn aside(&mut self, stores: Vec<(u32, Kind)>, then: Then) -> ir::Block {
        let block = self.builder.create_block();
        self.builder.set_cold_block(block);
        let loads = match then {
            Then::Step { pc, .. } | Then::Branch { pc, .. } => self.variables_among(self.live_at(pc)),
            Then::Leave(_) | Then::Elsewhere { .. } => Vec::new(),
        };
        self.asides.push(Aside { block, stores, result: None, loads, then });
        block
    }

    fn make_asides(&mut self) {
        for Aside { block, stores, result, loads, then } in std::mem::take(&mut self.asides) {
            self.builder.switch_to_block(block);
            self.builder.set_srcloc(SourceLoc::new(then.pc()));
            for (register, kind) in stores {
                self.write(register, kind);
            }
            if let Some((register, tag, payload)) = result {
                self.write_parts(register, tag, payload);
            }
            match then {
                Then::Leave(exit) => {
                    let number = exit_number(self.request.function, self.exits.len());
                    self.exits.push(exit);
                    self.leave_by(number, exit.at);
                }
                Then::Step { pc, after } => {
                    self.run_step(pc);
                    self.load_again(&loads);
                    self.builder.ins().jump(after, &[]);
                }
                Then::Elsewhere { pc } => self.step_elsewhere(pc),
                Then::Branch { pc, target, taken, next } => {
                    let more = self.word_number(target);
                    let is_taken = self.call_stub(pc, self.request.stubs.branch, Some(more));
                    self.load_again(&loads);
                    self.builder.ins().brif(is_taken, taken, &[], next, &[]);
                }
            }
        }
    }

    /// Leaves native code by an exit to an instruction.
    fn leave_by(&mut self, exit: u64, pc: u32) {
        self.write_records(pc);
        let number = self.builder.ins().iconst(types::I64, exit as i64);
        let (word, base, top) = (self.word_number(pc), self.base_at(pc), self.top_at(pc));
        let leave = *self.leave.get_or_insert_with(|| {
            let block = self.builder.create_block();
            for _ in 0..4 {
                self.builder.append_block_param(block, types::I64);
            }
            self.builder.set_cold_block(block);
            block
        });
        self.builder.ins().jump(leave, &[number.into(), word.into(), base.into(), top.into()]);
    }

    /// Makes the code that all exits end in.
    fn make_leave(&mut self) {
        let Some(block) = self.leave else { return };
        self.builder.switch_to_block(block);
        let &[number, word, base, top] = self.builder.block_params(block) else { unreachable!("four parameters") };
        let machine = self.machine();
        self.builder.ins().store(flags(), number, machine, LAYOUT.exit);
        self.builder.ins().store(flags(), top, machine, LAYOUT.frame_top);
        let first = self.of_machine(LAYOUT.first_word);
        let distance = self.builder.ins().ishl_imm_s(word, 3);
        let address = self.builder.ins().iadd(first, distance);
        // There is no result, and nobody goes on here: anything will do.
        self.builder.ins().return_(&[address, base, address, address, address, address]);
    }

    fn address(&mut self, pc: u32) -> Value {
        let (function, pc) = self.body.origin(pc);
        self.word(function, pc)
    }

    /// The address of a function's instruction.
    fn word(&mut self, function: u32, pc: u32) -> Value {
        let first = self.of_machine(LAYOUT.first_word);
        let words = self.request.starts[function as usize] + pc;
        self.builder.ins().iadd_imm_s(first, 8 * i64::from(words))
    }

    // Calls whose callees' code took their place.

    /// Bytes from the frame of the function itself to that which an instruction is in.
    fn distance_at(&self, pc: u32) -> i64 {
        i64::from(self.body.context(pc).first) * i64::from(REGISTER)
    }

    /// Bytes that the records of the calls take which lead to an instruction.
    fn records_at(&self, pc: u32) -> i64 {
        i64::from(self.body.context(pc).depth) * i64::from(LAYOUT.frame_size)
    }

    /// The base of the frame that an instruction is in.
    fn base_at(&mut self, pc: u32) -> Value {
        let (base, distance) = (self.base(), self.distance_at(pc));
        if distance == 0 { base } else { self.builder.ins().iadd_imm_s(base, distance) }
    }

    /// One past the record of the call that an instruction is in.
    fn top_at(&mut self, pc: u32) -> Value {
        let (top, records) = (self.top(), self.records_at(pc));
        if records == 0 { top } else { self.builder.ins().iadd_imm_s(top, records) }
    }

    /// Control came back to an instruction from where a base was handed on to.
    fn base_is(&mut self, pc: u32, base: Value) {
        let distance = self.distance_at(pc);
        let base = if distance == 0 { base } else { self.builder.ins().iadd_imm_s(base, -distance) };
        self.builder.def_var(self.base, base);
    }

    /// The same of the top.
    fn top_is(&mut self, pc: u32, top: Value) {
        let records = self.records_at(pc);
        let top = if records == 0 { top } else { self.builder.ins().iadd_imm_s(top, -records) };
        self.builder.def_var(self.top, top);
    }

    /// Writes those of the records of the calls that lead to an instruction which are not written yet, on the way through the current block.
    fn complete_records(&mut self, pc: u32) {
        for context in self.body.calls(pc) {
            if !self.written.has(context) {
                self.write_record(context);
                self.written.add(context);
            }
        }
    }

    /// Writes the records of the calls that lead to an instruction.
    fn write_records(&mut self, pc: u32) {
        for context in self.body.calls(pc) {
            self.write_record(context);
        }
    }

    /// Writes the record of a call.
    fn write_record(&mut self, context: Context) {
        let caller = self.body.caller(context);
        let (function, call) = self.body.origin(context.call);
        let return_to = self.word(function, call + 1);
        let closure = self.closure_of(context);
        let window = i64::from(context.first - caller.first) * i64::from(REGISTER);
        let window = self.builder.ins().iconst(types::I64, window);
        let top = self.top();
        let at = caller.depth as i32 * LAYOUT.frame_size;
        self.builder.ins().store(flags(), return_to, top, at + LAYOUT.frame_return);
        self.builder.ins().store(flags(), closure, top, at + LAYOUT.frame_closure);
        self.builder.ins().store(flags(), window, top, at + LAYOUT.frame_window);
    }

    /// The closure of a call whose callee's code took its place; 0 if there is none.
    fn closure_of(&mut self, context: Context) -> Value {
        match self.closures.get(&context.call) {
            Some(&closure) => self.builder.use_var(closure),
            None => self.builder.ins().iconst(types::I64, 0),
        }
    }

    // Registers.

    fn payload_variable(&mut self, register: u32, kind: Kind) -> Variable {
        let (table, of) =
            if kind == Kind::Float { (&mut self.floats, types::F64) } else { (&mut self.payloads, types::I64) };
        *table[register as usize].get_or_insert_with(|| self.builder.declare_var(of))
    }

    fn type_of(kind: Kind) -> Type {
        if kind == Kind::Float { types::F64 } else { types::I64 }
    }

    fn machine(&mut self) -> Value {
        self.builder.use_var(self.machine)
    }

    /// A word of the machine.
    fn of_machine(&mut self, offset: i32) -> Value {
        let machine = self.machine();
        self.builder.ins().load(types::I64, flags(), machine, offset)
    }

    fn base(&mut self) -> Value {
        self.builder.use_var(self.base)
    }

    fn top(&mut self) -> Value {
        self.builder.use_var(self.top)
    }

    fn load_tag(&mut self, register: u32) -> Value {
        let base = self.base();
        self.builder.ins().load(types::I64, flags(), base, register as i32 * REGISTER)
    }

    fn load_payload(&mut self, register: u32, of: Type) -> Value {
        let base = self.base();
        self.builder.ins().load(of, flags(), base, register as i32 * REGISTER + PAYLOAD)
    }

    /// Writes a tag and a payload to a register of the frame.
    fn write_parts(&mut self, register: u32, tag: Value, payload: Value) {
        let base = self.base();
        self.builder.ins().store(flags(), tag, base, register as i32 * REGISTER);
        self.builder.ins().store(flags(), payload, base, register as i32 * REGISTER + PAYLOAD);
    }

    /// Writes a payload of a kind to a register of the frame.
    fn write_payload(&mut self, register: u32, tag: Tag, payload: Value) {
        let tag = self.builder.ins().iconst(types::I64, tag as i64);
        self.write_parts(register, tag, payload);
    }

    /// Writes what a register's variable holds to its register of the frame.
    fn write(&mut self, register: u32, kind: Kind) {
        let variable = self.payload_variable(register, kind);
        let payload = self.builder.use_var(variable);
        self.write_payload(register, kind.tag(), payload);
    }

    /// The same, and notes it.
    fn store(&mut self, register: u32, kind: Kind) {
        self.write(register, kind);
        self.state[register as usize] = Held::Variable { kind, dirty: false };
    }

    /// Stores everything that is live before an instruction.
    fn flush(&mut self, pc: u32) {
        for (register, kind) in self.dirty_among(self.live_at(pc)) {
            self.store(register, kind);
        }
    }

    /// Gives a register a value of a known kind.
    fn define(&mut self, register: u32, kind: Kind, payload: Value) {
        if self.is_optimizing() {
            let variable = self.payload_variable(register, kind);
            self.builder.def_var(variable, payload);
            self.state[register as usize] = Held::Variable { kind, dirty: true };
        } else {
            self.write_payload(register, kind.tag(), payload);
            self.state[register as usize] = Held::Memory;
        }
    }

    /// The register of the frame has been given a value.
    fn defined_in_frame(&mut self, register: u32) {
        self.state[register as usize] = Held::Memory;
    }

    /// Checks that the register of the frame has a value of a kind, and loads its payload.
    fn check_and_load(&mut self, register: u32, kind: Kind, exit: Exit, stores: Vec<(u32, Kind)>) -> Value {
        let tag = self.load_tag(register);
        let is_kind = self.is_tag(tag, kind.tag());
        let otherwise = self.exit_with(exit, stores.clone());
        self.go_on_if(is_kind, otherwise);
        let payload = self.load_payload(register, Self::type_of(kind));
        if let Kind::Record(index) = kind {
            let is_type = self.is_of_type(payload, index);
            let otherwise = self.exit_with(exit, stores);
            self.go_on_if(is_type, otherwise);
        }
        let variable = self.payload_variable(register, kind);
        self.builder.def_var(variable, payload);
        self.state[register as usize] = Held::Variable { kind, dirty: false };
        payload
    }

    fn is_of_type(&mut self, record: Value, type_index: u32) -> Value {
        let offset = runtime::objects::Record::TYPE_OFFSET as i32;
        let found = self.builder.ins().load(types::I32, flags(), record, offset);
        self.builder.ins().icmp_imm_s(IntCC::Equal, found, i64::from(type_index))
    }

    fn is_tag(&mut self, tag: Value, expected: Tag) -> Value {
        self.builder.ins().icmp_imm_s(IntCC::Equal, tag, expected as i64)
    }

    /// Goes on in a new block if the condition holds, and in `otherwise` if it does not.
    fn go_on_if(&mut self, condition: Value, otherwise: ir::Block) {
        let condition =
            if self.faulty.contains(&otherwise) { self.builder.ins().iconst(types::I8, 0) } else { condition };
        let next = self.builder.create_block();
        self.builder.ins().brif(condition, next, &[], otherwise, &[]);
        self.builder.switch_to_block(next);
    }

    /// Goes on in a new block unless the condition holds, and in `otherwise` if it does.
    fn go_on_unless(&mut self, condition: Value, otherwise: ir::Block) {
        let condition =
            if self.faulty.contains(&otherwise) { self.builder.ins().iconst(types::I8, 1) } else { condition };
        let next = self.builder.create_block();
        self.builder.ins().brif(condition, otherwise, &[], next, &[]);
        self.builder.switch_to_block(next);
    }

    /// What is expected in a lane, and may be believed.
    fn expects(&self, pc: u32, lane: usize) -> Option<Kind> {
        if !self.request.speculates() || self.request.doubts.has(pc) {
            return None;
        }
        Expected::seen(&self.request.seen[pc as usize], lane).kind()
    }

    /// The kind of what a register holds: known, or expected by the instruction that reads it in a lane.
    fn kind(&self, pc: u32, register: u32, lane: usize) -> Option<Kind> {
        match self.state[register as usize] {
            Held::Variable { kind, .. } => Some(kind),
            Held::Memory => self.expects(pc, lane),
        }
    }

    /// The payload of a register that is of a kind, or else the code is left.
    fn ensure(&mut self, pc: u32, register: u32, kind: Kind) -> Value {
        match self.state[register as usize] {
            Held::Variable { kind: known, .. } if known == kind => {
                let variable = self.payload_variable(register, kind);
                self.builder.use_var(variable)
            }
            held => {
                debug_assert_eq!(held, Held::Memory, "what is known is not expected to be anything else");
                let stores = self.dirty_among(self.live_at(pc));
                let exit = self.way_out(pc, Cause::Kind, Some(register), false);
                self.check_and_load(register, kind, exit, stores)
            }
        }
    }

    /// Tag and payload of whatever a register holds.
    fn parts(&mut self, register: u32) -> (Value, Value) {
        match self.state[register as usize] {
            Held::Memory => (self.load_tag(register), self.load_payload(register, types::I64)),
            Held::Variable { kind, .. } => {
                let variable = self.payload_variable(register, kind);
                let payload = self.builder.use_var(variable);
                let payload = match kind {
                    Kind::Float => self.builder.ins().bitcast(types::I64, ir::MemFlagsData::new(), payload),
                    _ => payload,
                };
                (self.builder.ins().iconst(types::I64, kind.tag() as i64), payload)
            }
        }
    }

    /// Calls a function that gives a word.
    fn call_leaf(&mut self, leaf: *const (), arguments: &[Value]) -> Value {
        let which = LEAF_PARAMETERS.iter().position(|&parameters| parameters == arguments.len());
        let signature = self.leaf_signatures[which.expect("one of these")];
        let leaf = self.builder.ins().iconst(types::I64, leaf as i64);
        let call = self.builder.ins().call_indirect(signature, leaf, arguments);
        self.builder.inst_results(call)[0]
    }

    // Steps.

    /// The number of an instruction's word.
    fn word_number(&mut self, pc: u32) -> Value {
        let (function, pc) = self.body.origin(pc);
        let words = self.request.starts[function as usize] + pc;
        self.builder.ins().iconst(types::I64, i64::from(words))
    }

    /// Has the interpreter run the instruction at `pc`, and leaves native code for wherever that leads.
    fn step_elsewhere(&mut self, pc: u32) {
        self.write_records(pc);
        let step = self.builder.ins().iconst(types::I64, self.request.steps[pc as usize] as i64);
        let (machine, address, base, top) = (self.machine(), self.address(pc), self.base_at(pc), self.top_at(pc));
        self.builder.ins().store(flags(), top, machine, LAYOUT.frame_top);
        let call = self.builder.ins().call_indirect(self.step_signature, step, &[machine, address, base]);
        let &[reached, base] = self.builder.inst_results(call) else { unreachable!("steps give a position") };
        self.builder.ins().return_(&[reached, base, reached, reached, reached, reached]);
    }

    /// Has the interpreter run the instruction at `pc` by a stub, and goes on in a new block if control does go on here. Gives what came in the third place.
    fn call_stub(&mut self, pc: u32, stub: u64, more: Option<Value>) -> Value {
        self.write_records(pc);
        let stub = self.builder.ins().iconst(types::I64, stub as i64);
        let step = self.builder.ins().iconst(types::I64, self.request.steps[pc as usize] as i64);
        let (machine, base, top, word) = (self.machine(), self.base_at(pc), self.top_at(pc), self.word_number(pc));
        let mut arguments: SmallVec<[Value; 6]> = smallvec![machine, base, top, word, step];
        arguments.extend(more);
        let StubSignatures { step, with_more } = self.stub_signatures;
        let call = self.builder.ins().call_indirect(if more.is_some() { with_more } else { step }, stub, &arguments);
        let results: [Value; 6] = self.builder.inst_results(call).try_into().expect("six results");
        let [reached, base, third, _, machine, top] = results;
        let (here, elsewhere) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(elsewhere);
        self.builder.ins().brif(reached, elsewhere, &[], here, &[]);
        self.builder.switch_to_block(elsewhere);
        self.builder.ins().return_(&results);
        self.builder.switch_to_block(here);
        self.builder.def_var(self.machine, machine);
        self.base_is(pc, base);
        self.top_is(pc, top);
        third
    }

    /// Has the interpreter run an instruction that is followed by the next one. If it calls, control goes on in the callee's native code.
    fn run_step(&mut self, pc: u32) {
        use isa::RegisterOp as R;
        let instruction = self.function.code[pc as usize];
        let calls = matches!(
            instruction.op(),
            R::CallNameReg | R::CallFuncConstReg | R::CallTopReg | R::CallMethodReg | R::ConstructReg
        );
        // An error may bring control behind the call as well.
        if calls && !self.lands_at(pc + 1) {
            let window = i64::from(instruction.a) * i64::from(REGISTER) - self.distance_at(pc);
            let window = self.builder.ins().iconst(types::I64, window);
            self.call_stub(pc, self.request.stubs.call, Some(window));
        } else {
            self.call_stub(pc, self.request.stubs.step, None);
        }
    }

    /// The whole instruction by the interpreter.
    fn step(&mut self, pc: u32) {
        self.flush(pc);
        let loads = self.variables_among(self.live_at(pc));
        self.run_step(pc);
        self.load_again(&loads);
        self.written_by_step(pc);
    }

    /// Whether a handler begins at an instruction.
    fn lands_at(&self, pc: u32) -> bool {
        self.function.handlers.iter().any(|handler| handler.target == pc)
    }

    /// Registers that the instruction at `pc` writes are in the frame, and what it loses is lost.
    fn written_by_step(&mut self, pc: u32) {
        if let Some(first) = self.body.lost_from(pc) {
            self.state[first as usize..].fill(Held::Memory);
        }
        for register in self.body.operands(pc).writes {
            self.state[register as usize] = Held::Memory;
        }
        // An error may have brought control to the very next instruction.
        for handler in &self.function.handlers {
            if handler.target == pc + 1 {
                self.state[handler.landing as usize] = Held::Memory;
            }
        }
    }

    /// A block off the way in which the interpreter runs the instruction at `pc`, for the current state. Registers that it writes are in the frame
    /// afterwards, where it goes on to `after`.
    fn slow_step(&mut self, pc: u32, after: ir::Block) -> ir::Block {
        let stores = self.dirty_among(self.live_at(pc));
        // An error may bring control there as well, and what it brings lies in the frame.
        let then = if self.lands_at(pc + 1) { Then::Elsewhere { pc } } else { Then::Step { pc, after } };
        self.aside(stores, then)
    }
}
