//! How a program is run: one type, and a table of its axes.
//!
//! Every option that changes how a program runs is an [`Axis`]: a name, what it means, which values exist, and how a value is set and shown.
//! Command-line options, listings, error messages and result files all come from [`axes`]; a new option is a row there and a field of
//! [`Configuration`].

use converter::{AllocatorKind, FEWEST_REGISTERS};
use optimizer::pass::passes;
use optimizer::{Level, Pass, find_pass};
use runtime::heap::MemoryPolicy;
use runtime::{Limits, RunOptions};

use crate::cache::Keeping;
use crate::dispatch::Dispatch;
use crate::executor::{executors, find_executor};
use crate::hybrid::Policy;
use crate::mechanism::{NOTHING, Part, Without, mechanisms};
use crate::orchestrator::{self, CostModel};
use crate::tiers::JitMode;

/// How a program is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// Name of the executor.
    pub vm: &'static str,
    /// How stack code is optimized.
    pub optimizer: optimizer::Options,
    /// Who chooses an engine for `auto`.
    pub orchestrator: orchestrator::Policy,
    /// How many registers a frame may use before the allocator spills.
    pub registers: u16,
    /// Who assigns registers.
    pub allocator: AllocatorKind,
    /// Which regions of hybrid code are register code.
    pub policy: Policy,
    /// What is left out.
    pub without: Without,
    /// How the machines find an instruction's handler.
    pub dispatch: Dispatch,
    /// Which native tiers there are.
    pub jit: JitMode,
    /// How often control comes to a place until it is compiled.
    pub jit_threshold: u32,
    /// How often it comes to a place in baseline code until that is compiled again.
    pub jit_second_threshold: u32,
    /// Whether the program goes on while functions are compiled.
    pub jit_background: bool,
    /// Whether native code that was made before from the same is taken again.
    pub jit_reuse: bool,
    /// The seed of what goes wrong in native code and while it is made, for tests.
    pub jit_faults: Option<u64>,
    /// Whether the stack machine runs frequent sequences of instructions as one.
    pub superinstructions: bool,
    /// Whether converted code is checked against the stack code.
    pub check: bool,
    /// Whether the phases of conversion are timed.
    pub timed: bool,
    /// What becomes of objects that are no longer reachable.
    pub memory: MemoryPolicy,
    /// Where code is kept between runs.
    pub cache: Keeping,
    /// How many threads work for a run of the program.
    pub workers: usize,
    /// Lists of so many elements are long enough to be divided among them. If that is less than by default, it is done whether it pays or not, for tests.
    pub workers_from: usize,
    /// Bounds of a run.
    pub limits: Limits,
}

/// A form of code that is kept between runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeForm {
    /// Stack code.
    Stack,
    /// Register code, all of it converted.
    Register,
}

/// Which code an axis shapes: two configurations that agree on all axes that shape a form have the same code in that form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shapes {
    /// None: it is about how code is run, or what is done with it.
    Nothing,
    /// Stack code, and thereby all code.
    StackCode,
    /// What the converter makes of stack code.
    RegisterCode,
}

impl Default for Configuration {
    fn default() -> Self {
        let converter::Options { registers, allocator, without: steps, check, timed } = converter::Options::default();
        Self {
            vm: "auto",
            optimizer: optimizer::Options::default(),
            orchestrator: orchestrator::Policy::default(),
            registers,
            allocator,
            policy: Policy::default(),
            without: Without { steps, ..Without::default() },
            dispatch: Dispatch::default(),
            jit: JitMode::default(),
            jit_threshold: jit::Options::default().threshold,
            jit_second_threshold: jit::Options::default().second_threshold,
            jit_background: jit::Options::default().background,
            jit_reuse: jit::Options::default().reuse,
            jit_faults: None,
            superinstructions: false,
            check,
            timed,
            memory: MemoryPolicy::default(),
            cache: Keeping::default(),
            workers: 1,
            workers_from: crate::apart::FEWEST,
            limits: Limits::default(),
        }
    }
}

impl Configuration {
    /// The default configuration of an executor.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn of(vm: &str) -> Result<Self, ConfigurationError> {
        let mut configuration = Self::default();
        configuration.set("vm", vm)?;
        Ok(configuration)
    }

    /// Sets an axis.
    ///
    /// # Errors
    /// When the axis or the value does not exist; the error lists those that do.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigurationError> {
        let Some(axis) = axis(name) else {
            return Err(ConfigurationError::NoAxis {
                axis: name.to_string(),
                known: axes().iter().map(|axis| axis.name).collect::<Vec<_>>().join(", "),
            });
        };
        (axis.set)(self, value).ok_or_else(|| ConfigurationError::NoValue {
            option: axis.name.to_string(),
            value: value.to_string(),
            known: axis.known_values(),
        })
    }

    /// True when runs take gas.
    pub fn is_metered(&self) -> bool {
        self.limits.gas.is_some()
    }

    /// What the optimizer is told. Superinstructions are made of instructions that are not combined yet.
    pub fn optimizer_options(&self) -> optimizer::Options {
        let mut options = self.optimizer.clone();
        if self.superinstructions {
            options.without.push("combine");
        }
        options
    }

    /// What whoever makes native code is told; none if nobody is to.
    pub fn jit_options(&self) -> Option<jit::Options> {
        let mode = self.jit.mode()?;
        Some(jit::Options {
            mode,
            threshold: self.jit_threshold,
            second_threshold: self.jit_second_threshold,
            background: self.jit_background,
            reuse: self.jit_reuse,
            faults: self.jit_faults,
            without: self.without.optimizations,
            ..jit::Options::default()
        })
    }

    /// What the converter is told.
    pub fn converter_options(&self) -> converter::Options {
        let Self { registers, allocator, check, timed, .. } = *self;
        converter::Options { registers, allocator, without: self.without.steps, check, timed }
    }

    /// What a run is told: bounds, and how memory is managed and lists are kept; all else by default.
    pub fn run_options(&self) -> RunOptions {
        let packed_lists = !self.without.parts.contains(Part::PackedLists);
        RunOptions { limits: self.limits, memory: self.memory, packed_lists, ..RunOptions::default() }
    }

    /// The form in which an engine's code is kept, if it is. Code that is to be checked is made anew, because a check is of the converter that is
    /// here now.
    pub fn code_form(&self, vm: &str) -> Option<CodeForm> {
        match vm {
            // Code that takes gas is not kept, and helpers want to know what functions do, which stack code says.
            _ if self.is_metered() || self.workers > 1 => None,
            "stack" | "hybrid" => Some(CodeForm::Stack),
            "register" if !self.check => Some(CodeForm::Register),
            _ => None,
        }
    }

    /// The form of code and all options that shape it: where these are equal, equal programs have equal code.
    pub fn shape(&self, form: CodeForm) -> String {
        let (name, shaping) = match form {
            CodeForm::Stack => ("stack", &[Shapes::StackCode][..]),
            CodeForm::Register => ("register", &[Shapes::StackCode, Shapes::RegisterCode][..]),
        };
        let axes = axes().iter().filter(|axis| shaping.contains(&axis.shapes));
        axes.fold(name.to_string(), |shape, axis| format!("{shape} {}={}", axis.name, (axis.get)(self)))
    }

    /// The axes that differ from the default, as `name=value`.
    pub fn differences(&self) -> Vec<String> {
        let default = Self::default();
        let differs = |axis: &&Axis| (axis.get)(self) != (axis.get)(&default);
        axes().iter().filter(differs).map(|axis| format!("{}={}", axis.name, (axis.get)(self))).collect()
    }
}

/// The executor and what differs from the default: `register registers=16`.
impl std::fmt::Display for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.vm)?;
        for difference in self.differences().iter().filter(|difference| !difference.starts_with("vm=")) {
            write!(f, " {difference}")?;
        }
        Ok(())
    }
}

/// Asked for what does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// There is no such axis.
    #[error("there is no option '{axis}'; there are: {known}")]
    NoAxis {
        /// What was asked for.
        axis: String,
        /// What exists.
        known: String,
    },
    /// The axis has no such value.
    #[error("'{value}' is no value of --{option}; there are: {known}")]
    NoValue {
        /// The axis, or the option that sets it.
        option: String,
        /// What was asked for.
        value: String,
        /// What exists.
        known: String,
    },
}

/// A named value of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
}

/// One way in which configurations differ.
pub struct Axis {
    /// Its name: `--name` on the command line.
    pub name: &'static str,
    /// What stands for a value in the help text.
    pub placeholder: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Its named values, the default first; none when values are numbers.
    pub choices: fn() -> Vec<Choice>,
    /// Numbers it takes, in words; empty when it takes none.
    pub numbers: &'static str,
    /// Which code it shapes.
    pub shapes: Shapes,
    set: fn(&mut Configuration, &str) -> Option<()>,
    get: fn(&Configuration) -> String,
}

impl Axis {
    /// The value that a configuration has.
    pub fn value(&self, configuration: &Configuration) -> String {
        (self.get)(configuration)
    }

    /// All values in one line.
    pub fn known_values(&self) -> String {
        let mut values: Vec<&str> = (self.choices)().iter().map(|choice| choice.name).collect();
        if !self.numbers.is_empty() {
            values.push(self.numbers);
        }
        values.join(", ")
    }
}

impl std::fmt::Debug for Axis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Axis").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The axis of this name.
pub fn axis(name: &str) -> Option<&'static Axis> {
    axes().iter().find(|axis| axis.name == name)
}

/// Every axis there is.
pub fn axes() -> &'static [Axis] {
    AXES
}

fn no_choices() -> Vec<Choice> {
    Vec::new()
}

/// The deepest that calls may be allowed to nest. The evaluator recurses with the program it runs and takes some kilobytes of native stack for
/// a call; this bound keeps that within a few gigabytes.
const MOST_DEPTH: usize = 1_000_000;

static AXES: &[Axis] = &[
    Axis {
        name: "vm",
        placeholder: "VM",
        about: "what runs the program",
        choices: || {
            executors().iter().map(|executor| Choice { name: executor.name(), about: executor.about() }).collect()
        },
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| find_executor(value).map(|executor| configuration.vm = executor.name()),
        get: |configuration| configuration.vm.to_string(),
    },
    Axis {
        name: "opt",
        placeholder: "LEVEL",
        about: "how much stack code is optimized",
        choices: || {
            let default = Level::default();
            let others = Level::ALL.iter().copied().filter(|&level| level != default);
            let about = std::iter::once(default).chain(others).map(Level::about);
            about.map(|(name, about)| Choice { name, about }).collect()
        },
        numbers: "",
        shapes: Shapes::StackCode,
        set: |configuration, value| Level::from_name(value).map(|level| configuration.optimizer.level = level),
        get: |configuration| configuration.optimizer.level.about().0.to_string(),
    },
    Axis {
        name: "passes",
        placeholder: "NAMES",
        about: "which passes optimize stack code, in this order and with commas between, whatever the level",
        choices: || one_or_passes(BY_LEVEL, "those of the level"),
        numbers: "",
        shapes: Shapes::StackCode,
        set: |configuration, value| {
            configuration.optimizer.passes = if value == BY_LEVEL { None } else { Some(pass_names(value)?) };
            Some(())
        },
        get: |configuration| {
            configuration.optimizer.passes.as_ref().map_or(BY_LEVEL.to_string(), |names| names.join(","))
        },
    },
    Axis {
        name: "no-pass",
        placeholder: "NAMES",
        about: "which passes are left out, with commas between",
        choices: || one_or_passes(NOTHING, "all passes of the level are there"),
        numbers: "",
        shapes: Shapes::StackCode,
        set: |configuration, value| {
            configuration.optimizer.without = if value == NOTHING { Vec::new() } else { pass_names(value)? };
            Some(())
        },
        get: |configuration| match configuration.optimizer.without.as_slice() {
            [] => NOTHING.to_string(),
            names => names.join(","),
        },
    },
    Axis {
        name: "orchestrator",
        placeholder: "WHO",
        about: "who chooses an engine for --vm auto",
        choices: || vec![Choice { name: "rules", about: "rules on loops, recursion, length and arithmetic" }],
        numbers: "a file that `harness calibrate` wrote",
        shapes: Shapes::Nothing,
        set: |configuration, value| {
            configuration.orchestrator = match value {
                "rules" => orchestrator::Policy::Rules,
                file => orchestrator::Policy::Model(CostModel::read(std::path::Path::new(file))?),
            };
            Some(())
        },
        get: |configuration| match configuration.orchestrator {
            orchestrator::Policy::Rules => "rules".to_string(),
            orchestrator::Policy::Model(_) => "measured".to_string(),
        },
    },
    Axis {
        name: "registers",
        placeholder: "N",
        about: "how many registers a frame may use before the allocator spills",
        choices: no_choices,
        numbers: "numbers from 8 up to 65535 (256)",
        shapes: Shapes::RegisterCode,
        set: |configuration, value| {
            let registers = value.parse().ok().filter(|&registers| registers >= FEWEST_REGISTERS)?;
            configuration.registers = registers;
            Some(())
        },
        get: |configuration| configuration.registers.to_string(),
    },
    Axis {
        name: "allocator",
        placeholder: "NAME",
        about: "who assigns registers when stack code is converted",
        choices: || {
            AllocatorKind::ALL.iter().map(|kind| kind.about()).map(|(name, about)| Choice { name, about }).collect()
        },
        numbers: "",
        shapes: Shapes::RegisterCode,
        set: |configuration, value| {
            configuration.allocator = AllocatorKind::from_name(value)?;
            Some(())
        },
        get: |configuration| configuration.allocator.about().0.to_string(),
    },
    Axis {
        name: "without",
        placeholder: "NAMES",
        about: "which mechanisms are left out, with commas between",
        choices: || {
            let nothing = Choice { name: NOTHING, about: "everything is there" };
            let mechanisms = mechanisms();
            let each = mechanisms.iter().map(|&mechanism| Choice { name: mechanism.name, about: mechanism.about });
            std::iter::once(nothing).chain(each).collect()
        },
        numbers: "",
        shapes: Shapes::RegisterCode,
        set: |configuration, value| {
            configuration.without = Without::parse(value)?;
            Some(())
        },
        get: |configuration| configuration.without.to_string(),
    },
    Axis {
        name: "check",
        placeholder: "WHETHER",
        about: "whether converted code is checked against the stack code",
        choices: || {
            vec![
                Choice { name: "off", about: "converted code is verified only" },
                Choice { name: "on", about: "it is proved that converted code does what the stack code does" },
            ]
        },
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| parse_switch(value).map(|on| configuration.check = on),
        get: |configuration| if configuration.check { "on" } else { "off" }.to_string(),
    },
    Axis {
        name: "policy",
        placeholder: "NAME",
        about: "which regions of a program are register code in hybrid code, the others being stack code",
        choices: || {
            Policy::ALL.iter().map(|policy| policy.about()).map(|(name, about)| Choice { name, about }).collect()
        },
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| Policy::from_name(value).map(|policy| configuration.policy = policy),
        get: |configuration| configuration.policy.about().0.to_string(),
    },
    Axis {
        name: "dispatch",
        placeholder: "NAME",
        about: "how the machines find an instruction's handler",
        choices: || {
            Dispatch::ALL.iter().map(|dispatch| dispatch.about()).map(|(name, about)| Choice { name, about }).collect()
        },
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| Dispatch::from_name(value).map(|dispatch| configuration.dispatch = dispatch),
        get: |configuration| configuration.dispatch.about().0.to_string(),
    },
    Axis {
        name: "jit",
        placeholder: "WHICH",
        about: "which native tiers `--vm jit` has",
        choices: || JitMode::ALL.iter().map(|mode| mode.about()).map(|(name, about)| Choice { name, about }).collect(),
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| JitMode::from_name(value).map(|mode| configuration.jit = mode),
        get: |configuration| configuration.jit.about().0.to_string(),
    },
    Axis {
        name: "jit-threshold",
        placeholder: "N",
        about: "how often control comes to a function or a loop until it is compiled",
        choices: no_choices,
        numbers: "numbers from 1 up (500)",
        shapes: Shapes::Nothing,
        set: |configuration, value| set_threshold(&mut configuration.jit_threshold, value),
        get: |configuration| configuration.jit_threshold.to_string(),
    },
    Axis {
        name: "jit-second-threshold",
        placeholder: "N",
        about: "how often it comes to baseline code until that is made again with what was seen; up to the first threshold there is no baseline code",
        choices: no_choices,
        numbers: "numbers from 1 up (500)",
        shapes: Shapes::Nothing,
        set: |configuration, value| set_threshold(&mut configuration.jit_second_threshold, value),
        get: |configuration| configuration.jit_second_threshold.to_string(),
    },
    Axis {
        name: "jit-background",
        placeholder: "WHICH",
        about: "whether the program goes on while functions are compiled on another thread",
        choices: || {
            let on = Choice { name: "on", about: "it does" };
            let off = Choice { name: "off", about: "it waits" };
            if jit::Options::default().background { vec![on, off] } else { vec![off, on] }
        },
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| parse_switch(value).map(|on| configuration.jit_background = on),
        get: |configuration| if configuration.jit_background { "on" } else { "off" }.to_string(),
    },
    Axis {
        name: "jit-reuse",
        placeholder: "WHICH",
        about: "whether native code that was made before from the same instructions and kinds is taken again",
        choices: || {
            let on = Choice { name: "on", about: "it is, as long as the process lives" };
            vec![on, Choice { name: "off", about: "all code is compiled" }]
        },
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| parse_switch(value).map(|on| configuration.jit_reuse = on),
        get: |configuration| if configuration.jit_reuse { "on" } else { "off" }.to_string(),
    },
    Axis {
        name: "jit-faults",
        placeholder: "SEED",
        about: "some exits of native code are always taken and some compilations fail, for tests",
        choices: || vec![Choice { name: "none", about: "nothing goes wrong" }],
        numbers: "seeds",
        shapes: Shapes::Nothing,
        set: |configuration, value| {
            configuration.jit_faults = if value == "none" { None } else { Some(value.parse().ok()?) };
            Some(())
        },
        get: |configuration| configuration.jit_faults.map_or_else(|| "none".to_string(), |seed| seed.to_string()),
    },
    Axis {
        name: "superinstructions",
        placeholder: "WHICH",
        about: "whether the stack machine runs frequent sequences of instructions as one",
        choices: || {
            vec![
                Choice { name: "off", about: "one instruction after another, as the compiler wrote them" },
                Choice { name: "on", about: "the longest sequence in a fixed set runs as one instruction" },
            ]
        },
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| parse_switch(value).map(|on| configuration.superinstructions = on),
        get: |configuration| if configuration.superinstructions { "on" } else { "off" }.to_string(),
    },
    Axis {
        name: "memory",
        placeholder: "POLICY",
        about: "what becomes of objects that are no longer reachable",
        choices: || {
            MemoryPolicy::ALL.iter().map(|policy| policy.about()).map(|(name, about)| Choice { name, about }).collect()
        },
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| MemoryPolicy::from_name(value).map(|policy| configuration.memory = policy),
        get: |configuration| configuration.memory.about().0.to_string(),
    },
    Axis {
        name: "cache",
        placeholder: "WHERE",
        about: "where compiled code is kept between runs",
        choices: || {
            Keeping::ALL.iter().map(|keeping| keeping.about()).map(|(name, about)| Choice { name, about }).collect()
        },
        numbers: "",
        shapes: Shapes::Nothing,
        set: |configuration, value| Keeping::from_name(value).map(|keeping| configuration.cache = keeping),
        get: |configuration| configuration.cache.about().0.to_string(),
    },
    Axis {
        name: "workers",
        placeholder: "N",
        about: "how many threads run the program: map and filter of long lists and what is spawned, where nobody can tell (not --vm ast)",
        choices: no_choices,
        numbers: "numbers from 1 up to 1024 (1)",
        shapes: Shapes::Nothing,
        set: |configuration, value| {
            configuration.workers = value.parse().ok().filter(|workers| (1..=1024).contains(workers))?;
            Some(())
        },
        get: |configuration| configuration.workers.to_string(),
    },
    Axis {
        name: "max-heap",
        placeholder: "BYTES",
        about: "most bytes the guest's heap may hold; frames of calls may take as many again, and 64M at least",
        choices: no_choices,
        numbers: "a number of bytes, or with K, M or G behind it (1G)",
        shapes: Shapes::Nothing,
        set: |configuration, value| {
            configuration.limits.max_heap = parse_bytes(value)?;
            Some(())
        },
        get: |configuration| configuration.limits.max_heap.to_string(),
    },
    Axis {
        name: "max-depth",
        placeholder: "N",
        about: "how deep calls may nest",
        choices: no_choices,
        numbers: "a number up to 1000000 (10000)",
        shapes: Shapes::Nothing,
        set: |configuration, value| {
            configuration.limits.max_depth = value.parse().ok().filter(|&depth| depth <= MOST_DEPTH)?;
            Some(())
        },
        get: |configuration| configuration.limits.max_depth.to_string(),
    },
    Axis {
        name: "fuel",
        placeholder: "N",
        about: "how many loop iterations and calls the run may begin",
        choices: || vec![Choice { name: "unlimited", about: "any number" }],
        numbers: "a number",
        shapes: Shapes::Nothing,
        set: |configuration, value| {
            configuration.limits.fuel = if value == "unlimited" { None } else { Some(value.parse().ok()?) };
            Some(())
        },
        get: |configuration| configuration.limits.fuel.map_or("unlimited".to_string(), |fuel| fuel.to_string()),
    },
    Axis {
        name: "gas",
        placeholder: "LIMIT",
        about: "meter gas: what instructions and builtins cost; the run may use so much",
        choices: || {
            vec![
                Choice { name: "off", about: "do not meter" },
                Choice { name: "unlimited", about: "meter without a limit" },
            ]
        },
        numbers: "a number",
        shapes: Shapes::StackCode,
        set: |configuration, value| {
            configuration.limits.gas = match value {
                "off" => None,
                "unlimited" => Some(u64::MAX),
                number => Some(number.parse().ok()?),
            };
            Some(())
        },
        get: |configuration| match configuration.limits.gas {
            None => "off".to_string(),
            Some(u64::MAX) => "unlimited".to_string(),
            Some(limit) => limit.to_string(),
        },
    },
];

/// The value of the axis `passes` when the level decides.
const BY_LEVEL: &str = "level";

/// A value that names no pass, and every pass.
fn one_or_passes(name: &'static str, about: &'static str) -> Vec<Choice> {
    let each = passes().iter().map(|pass| Choice { name: pass.name(), about: pass.about() });
    std::iter::once(Choice { name, about }).chain(each).collect()
}

/// Names of passes with commas between. None if one does not exist.
fn pass_names(text: &str) -> Option<Vec<&'static str>> {
    text.split(',').map(|name| find_pass(name.trim()).map(Pass::name)).collect()
}

/// `on`, `off`
fn parse_switch(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// `65536`, `64K`, `64M`, `1G`; the letters are powers of 1024.
pub fn parse_bytes(text: &str) -> Option<usize> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'K' | b'k' => (&text[..text.len() - 1], 10),
        b'M' | b'm' => (&text[..text.len() - 1], 20),
        b'G' | b'g' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    digits.parse::<usize>().ok()?.checked_mul(1 << shift)
}

fn set_threshold(threshold: &mut u32, value: &str) -> Option<()> {
    *threshold = value.parse().ok().filter(|&number| number >= 1)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{Configuration, axes, parse_bytes};

    #[test]
    fn defaults_are_values_of_their_axes() {
        for axis in axes() {
            let mut configuration = Configuration::default();
            let value = axis.value(&configuration);
            configuration.set(axis.name, &value).unwrap();
            assert_eq!(configuration, Configuration::default(), "{}", axis.name);
            assert!(
                (axis.choices)().first().is_none_or(|first| first.name == value),
                "{}: the default comes first",
                axis.name
            );
        }
    }

    #[test]
    fn wrong_values_name_the_right_ones() {
        let mut configuration = Configuration::default();
        let error = configuration.set("vm", "turbo").unwrap_err().to_string();
        assert_eq!(error, "'turbo' is no value of --vm; there are: auto, ast, stack, register, hybrid, jit");
        let error = configuration.set("max-depth", "1000001").unwrap_err().to_string();
        assert!(error.contains("up to 1000000"), "{error}");
        let error = configuration.set("registers", "7").unwrap_err().to_string();
        assert!(error.contains("from 8 up"), "{error}");
        let error = configuration.set("without", "copies,spills").unwrap_err().to_string();
        assert!(error.contains("'copies,spills'") && error.contains("nothing, ") && error.contains("dead"), "{error}");
        assert!(configuration.set("speed", "1").unwrap_err().to_string().contains("max-depth"));
    }

    #[test]
    fn differences_are_shown() {
        let mut configuration = Configuration::of("register").unwrap();
        configuration.set("registers", "16").unwrap();
        configuration.set("max-heap", "64M").unwrap();
        configuration.set("without", "dead,copies").unwrap();
        assert_eq!(configuration.to_string(), "register registers=16 without=copies,dead max-heap=67108864");
        assert_eq!(Configuration::of("stack").unwrap().to_string(), "stack");
    }

    #[test]
    fn sizes_in_bytes() {
        assert_eq!(parse_bytes("65536"), Some(65536));
        assert_eq!(parse_bytes("64K"), Some(65536));
        assert_eq!(parse_bytes("2g"), Some(2 << 30));
        assert_eq!(parse_bytes(""), None);
        assert_eq!(parse_bytes("K"), None);
        assert_eq!(parse_bytes("-1"), None);
    }
}
