//! Random verified code: the machine must neither crash nor care when collections happen.
//!
//! The generator writes nonsense that the verifier accepts: all registers hold something at every place a jump can reach, because those a
//! call loses are loaded again behind it. What such programs lack in sense they have in mixed kinds, unset variables, objects in odd
//! places, errors, unwinding through frames, and running out of fuel, depth and memory.

use crate::common::{Outcome, run_once};
use isa::module::{
    Capture, CaptureSource, FieldDefinition, Global, Handler, MethodDefinition, ModuleDefinition, Restrictions, Source,
    TypeDefinition,
};
use isa::{Constant, Function, Lane, RegCode, Register, RegisterInstruction, RegisterOp, verify};
use runtime::{Collecting, Limits};
use vm_register::Linked;

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

const REGISTERS: u16 = 10;
const SPILLS: u16 = 2;
/// The first register that is no spill slot; slots lie lowest, so that windows may begin anywhere above.
const FIRST: u16 = SPILLS;
const FUNCTIONS: usize = 6;
const NAMES: [&str; 10] = ["<main>", "f", "x", "y", "push", "length", "keys", "upper", "get", "zip"];

fn constants() -> Vec<Constant> {
    vec![
        Constant::Int(0),
        Constant::Int(3),
        Constant::Int(-7),
        Constant::Int(i64::MAX),
        Constant::Int(i64::MIN),
        Constant::Float(1.5),
        Constant::Float(f64::NAN),
        Constant::Float(-0.0),
        Constant::Null,
        Constant::Bool(true),
        Constant::Bool(false),
        Constant::String("x".into()),
        Constant::String("a longer string, with ünicode".into()),
        Constant::Function(1),
        Constant::Function(2),
        Constant::Builtin(0),
        Constant::Builtin(1),
        Constant::Type(0),
        Constant::Type(1),
        Constant::Module(0),
    ]
}

struct Generator {
    random: Random,
    code: Vec<RegisterInstruction>,
    /// Instructions at which all registers hold something.
    places: Vec<usize>,
    /// Jumps to be aimed.
    jumps: Vec<usize>,
}

impl Generator {
    fn register(&mut self) -> u16 {
        FIRST + self.random.below(usize::from(REGISTERS - FIRST)) as u16
    }

    fn load(&mut self, register: u16) {
        let constant = self.random.below(constants().len()) as u32;
        let instruction = match self.random.below(12) {
            0 => RegisterInstruction::new(RegisterOp::LoadUnset, register, 0, 0),
            1 | 2 => RegisterInstruction::wide(RegisterOp::LoadInt, register, self.random.below(5) as u32),
            _ => RegisterInstruction::wide(RegisterOp::LoadReg, register, constant),
        };
        self.code.push(instruction);
    }

    /// One instruction, and loads of the registers it loses.
    fn step(&mut self, function: usize) {
        let op = loop {
            let op = RegisterOp::ALL[self.random.below(RegisterOp::ALL.len())];
            // A function does not end in the middle often, and errors are common enough.
            if !(matches!(op, RegisterOp::ReturnReg | RegisterOp::ThrowReg) && self.random.below(4) != 0) {
                break op;
            }
        };
        let captures = captures(function);
        let lanes = op.facts().lanes;
        let first = self.register();
        let room = usize::from(REGISTERS - first);
        let per_item = if lanes[0] == Lane::PairWindow { 2 } else { 1 };
        let receiver = usize::from(lanes[0] == Lane::ReceiverWindow);
        let count = self.random.below((room - receiver) / per_item + 1);
        let mut values = [0_u16; 3];
        for (lane, kind) in lanes.into_iter().enumerate() {
            values[lane] = match kind {
                Lane::None | Lane::Wide => 0,
                Lane::Def | Lane::Use | Lane::UseDef => self.register(),
                Lane::Int | Lane::IntWide => self.random.below(7) as u16,
                Lane::Constant | Lane::ConstantWide => self.random.below(constants().len()) as u16,
                Lane::Global | Lane::GlobalWide => self.random.below(2) as u16,
                Lane::Offset | Lane::OffsetWide => {
                    self.jumps.push(self.code.len());
                    0
                }
                // The last two functions capture, so they are only made.
                Lane::Function if op == RegisterOp::MakeFunctionReg => self.random.below(FUNCTIONS) as u16,
                Lane::Function if op == RegisterOp::StoreFuncReg => 1,
                Lane::Function => 1 + self.random.below(3) as u16,
                Lane::Type | Lane::Builtin => self.random.below(2) as u16,
                Lane::Name => self.random.below(NAMES.len()) as u16,
                Lane::Module => 0,
                Lane::Capture => match captures.iter().position(|capture| capture.is_cell == is_cell_access(op)) {
                    Some(capture) => capture as u16,
                    None => return,
                },
                Lane::Index => self.random.below(2) as u16,
                Lane::Slot => self.random.below(usize::from(SPILLS)) as u16,
                Lane::Arguments => count as u16,
                Lane::ConstructWindow => first.min(REGISTERS - 2),
                Lane::SliceWindow => first.min(REGISTERS - 3),
                Lane::Window | Lane::ReceiverWindow | Lane::PairWindow | Lane::UseWindow | Lane::Clobber => first,
            };
        }
        if op == RegisterOp::NewRecordReg {
            values[2] = values[2].min(2);
        }
        self.places.push(self.code.len());
        self.code.push(RegisterInstruction::new(op, values[0], values[1], values[2]));
        if op.skips() {
            self.code.push(RegisterInstruction::new(RegisterOp::NopReg, 0, 0, 0));
        }
        let lost = match lanes[0] {
            Lane::Window | Lane::ReceiverWindow | Lane::PairWindow | Lane::ConstructWindow | Lane::SliceWindow => {
                values[0] + 1
            }
            _ if lanes[2] == Lane::Clobber => values[2],
            _ => return,
        };
        for register in lost..REGISTERS {
            self.load(register);
        }
    }

    fn function(&mut self, index: usize, parameters: u16) -> Function<Register> {
        self.code.clear();
        self.places.clear();
        self.jumps.clear();
        for register in FIRST.max(parameters)..REGISTERS {
            self.load(register);
        }
        for slot in 0..SPILLS {
            self.code.push(RegisterInstruction::new(RegisterOp::StoreSpill, FIRST + slot, slot, 0));
        }
        let start = self.code.len();
        for _ in 0..5 + self.random.below(40) {
            self.step(index);
        }
        self.places.push(self.code.len());
        let result = self.register();
        self.code.push(RegisterInstruction::new(RegisterOp::ReturnReg, result, 0, 0));
        for at in std::mem::take(&mut self.jumps) {
            let instruction = self.code[at];
            let forward_only = !matches!(instruction.op(), RegisterOp::LoopReg | RegisterOp::LoopIfTrueReg)
                && instruction.op().facts().lanes[1] == Lane::OffsetWide;
            let allowed: Vec<usize> =
                self.places.iter().copied().filter(|&place| !forward_only || place > at).collect();
            let distance = allowed[self.random.below(allowed.len())] as i64 - at as i64;
            self.code[at] = match instruction.op().facts().lanes[1] {
                Lane::OffsetWide => RegisterInstruction::wide(instruction.op(), instruction.a, distance as u32),
                _ => RegisterInstruction::new(instruction.op(), instruction.a, instruction.b, distance as u16),
            };
        }
        // A handler's code loads everything again and goes on anywhere.
        let body = self.code.len();
        let mut handlers = Vec::new();
        for innermost in (0..self.random.below(5)).rev() {
            // The outermost guards everything, so that few errors end the run.
            let first = if innermost == 0 { start } else { start + self.random.below(body - start) };
            let end = if innermost == 0 { body } else { first + 1 + self.random.below(body - first) };
            let landing = self.register();
            handlers.push(Handler {
                start: first as u32,
                end: end as u32,
                target: self.code.len() as u32,
                landing: u32::from(landing),
                is_cleanup: self.random.below(3) == 0,
            });
            for register in (FIRST..REGISTERS).filter(|&register| register != landing) {
                self.load(register);
            }
            self.code.push(if self.random.below(3) == 0 {
                RegisterInstruction::new(RegisterOp::ThrowReg, landing, 0, 0)
            } else {
                let distance = self.places[self.random.below(self.places.len())] as i64 - self.code.len() as i64;
                RegisterInstruction::wide(RegisterOp::LoopReg, 0, distance as u32)
            });
        }
        Function {
            name: if index == 0 { 0 } else { 1 },
            parameters,
            has_defaults: index == 3,
            locals: u32::from(REGISTERS),
            spill_base: 0,
            spills: u32::from(SPILLS),
            code: self.code.clone(),
            handlers,
            captures: captures(index),
            local_names: vec![2; usize::from(parameters)],
            global: (index == 1).then_some(0),
            ..Function::default()
        }
    }
}

fn is_cell_access(op: RegisterOp) -> bool {
    matches!(op, RegisterOp::LoadCaptureCellReg | RegisterOp::StoreCaptureCellReg)
}

/// The last two functions capture a value and a cell.
fn captures(function: usize) -> Vec<Capture> {
    if function < FUNCTIONS - 2 {
        return Vec::new();
    }
    vec![
        Capture { name: 2, from: CaptureSource::Local(0), is_cell: false },
        Capture { name: 3, from: CaptureSource::Local(1), is_cell: true },
    ]
}

fn program(seed: u64) -> RegCode {
    let mut generator = Generator {
        random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        code: Vec::new(),
        places: Vec::new(),
        jumps: Vec::new(),
    };
    // Parameters would lie where the spill slots are, so functions with parameters have theirs as slots; a callee never reads them.
    let functions =
        (0..FUNCTIONS).map(|index| generator.function(index, if index == 0 || index == 4 { 0 } else { 2 })).collect();
    let field = |name| FieldDefinition { name, default: 1 };
    RegCode {
        constants: constants(),
        names: NAMES.iter().map(|&name| name.into()).collect(),
        globals: vec![Global { name: 2 }, Global { name: 3 }],
        functions,
        types: vec![
            TypeDefinition {
                name: 1,
                fields: vec![field(2), field(3)],
                methods: vec![MethodDefinition { name: 8, function: 1, restrictions: Restrictions::NONE }],
                ..TypeDefinition::default()
            },
            TypeDefinition {
                name: 2,
                fields: vec![field(3), field(2)],
                is_data: true,
                constructor: Some(3),
                ..TypeDefinition::default()
            },
        ],
        modules: vec![ModuleDefinition { name: 1, function: 0, members: vec![(2, 0)] }],
        builtins: vec!["len".into(), "str".into()],
        prelude: vec![isa::module::PreludeFunction { name: 9, function: 2 }],
        sources: vec![Source::default()],
        entry: 0,
        ..RegCode::default()
    }
}

/// What must not depend on when collections happen.
fn comparable(outcome: &Outcome) -> (Result<(), &str>, Option<u64>) {
    (outcome.result.as_ref().map(|_| ()).map_err(String::as_str), outcome.fuel_taken)
}

#[test]
fn random_code_runs_alike_whenever_collections_happen() {
    let limits = Limits { max_heap: 4 << 20, max_depth: 20, fuel: Some(300), gas: None };
    let (mut results, mut errors, mut instructions) = (0, 0, 0);
    for seed in 0..500 {
        let verified = verify::register(program(seed)).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let linked = Linked::new(&verified).expect("it links");
        let (plain, statistics, counts) = run_once(&linked, limits, Collecting::WhenDue);
        for collecting in [Collecting::Always, Collecting::InSteps] {
            let (stressed, _, stressed_counts) = run_once(&linked, limits, collecting);
            // Near the limit it matters what is garbage already.
            if statistics.peak_bytes < 1 << 20 {
                assert_eq!(comparable(&stressed), comparable(&plain), "seed {seed}, collecting {collecting:?}");
                assert_eq!(stressed_counts.by_opcode(), counts.by_opcode(), "seed {seed}");
            }
        }
        instructions += counts.total();
        if plain.result.is_ok() {
            results += 1;
        } else {
            errors += 1;
        }
    }
    // The generator is worth something only if programs end in either way, and not at once.
    assert!(
        results > 20 && errors > 100 && instructions > 200_000,
        "{results} results, {errors} errors, {instructions} instructions"
    );
}
