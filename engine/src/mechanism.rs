//! What can be left out of the way from a program to its answer, to see what it buys.
//!
//! A *mechanism* is an optimisation with a name: a step of the converter, or something in a machine. All of them are in one list, whoever
//! has them, and the axis `without` takes any of their names. Leaving one out never changes what a program shows.
//!
//! Whoever has mechanisms declares them as a small enum with its set, as [`converter::Step`] is; here they get a `Switch` and a field of
//! [`Without`].

use converter::{Step, StepSet};
use jit::{Optimization, OptimizationSet};

/// Something that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mechanism {
    /// Its name: a value of `--without`.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Where it lives, for listings.
    pub home: &'static str,
    switch: Switch,
}

/// What leaving a mechanism out sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Switch {
    /// A step of the converter.
    Step(Step),
    /// A part of the machines.
    Part(Part),
    /// An optimization of native code.
    Optimization(Optimization),
}

/// A part of the machines, or of how lists are kept, that runs can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Access sites remember what they found.
    InlineCaches,
    /// Lists of one kind of simple values.
    PackedLists,
    /// Operations of the register machine's own.
    Specialise,
    /// Results at hand.
    CacheResults,
    /// Two instructions in one.
    Pairs,
}

impl Part {
    /// All parts.
    pub const ALL: &'static [Self] =
        &[Self::InlineCaches, Self::PackedLists, Self::Specialise, Self::CacheResults, Self::Pairs];

    /// Its name, what it does in a few words, and where it lives.
    fn about(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::InlineCaches => (
                "inline-caches",
                "accesses to fields and methods remember where they found what last time",
                "both machines",
            ),
            Self::PackedLists => {
                ("packed-lists", "lists of integers, of floats and of bools hold bare numbers", "runtime")
            }
            Self::Specialise => (
                "specialise",
                "division by a constant multiplies; a loop over a collection goes round in one dispatch",
                "register machine",
            ),
            Self::CacheResults => (
                "cache-results",
                "an instruction finds the result of the one before in processor registers",
                "register machine, sibling calls",
            ),
            Self::Pairs => {
                ("pairs", "frequent pairs of instructions are one operation", "register machine, sibling calls")
            }
        }
    }
}

/// A set of parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PartSet(u8);

impl PartSet {
    /// Whether a part is in it.
    pub fn contains(self, part: Part) -> bool {
        self.0 >> part as u8 & 1 != 0
    }

    /// This set and a part.
    #[must_use]
    pub fn with(self, part: Part) -> Self {
        Self(self.0 | 1 << part as u8)
    }
}

/// The mechanisms that a configuration does without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Without {
    /// Steps of the converter.
    pub steps: StepSet,
    /// Parts of the machines.
    pub parts: PartSet,
    /// Optimizations of native code.
    pub optimizations: OptimizationSet,
}

/// The value of the axis when nothing is left out.
pub const NOTHING: &str = "nothing";

/// Every mechanism there is, those of one home together.
pub fn mechanisms() -> Vec<Mechanism> {
    let steps = Step::ALL.iter().map(|&step| {
        let (name, about) = step.about();
        Mechanism { name, about, home: "converter", switch: Switch::Step(step) }
    });
    let parts = Part::ALL.iter().map(|&part| {
        let (name, about, home) = part.about();
        Mechanism { name, about, home, switch: Switch::Part(part) }
    });
    let optimizations = Optimization::ALL.iter().map(|&optimization| {
        let (name, about) = optimization.about();
        Mechanism { name, about, home: "native code", switch: Switch::Optimization(optimization) }
    });
    steps.chain(parts).chain(optimizations).collect()
}

impl Without {
    /// Leaves a mechanism out.
    #[must_use]
    pub fn with(self, mechanism: &Mechanism) -> Self {
        match mechanism.switch {
            Switch::Step(step) => Self { steps: self.steps.with(step), ..self },
            Switch::Part(part) => Self { parts: self.parts.with(part), ..self },
            Switch::Optimization(optimization) => Self { optimizations: self.optimizations.with(optimization), ..self },
        }
    }

    /// Whether a mechanism is left out.
    pub fn contains(self, mechanism: &Mechanism) -> bool {
        match mechanism.switch {
            Switch::Step(step) => self.steps.contains(step),
            Switch::Part(part) => self.parts.contains(part),
            Switch::Optimization(optimization) => self.optimizations.contains(optimization),
        }
    }

    /// Reads names with commas between, or `nothing`. None if one does not exist.
    pub fn parse(text: &str) -> Option<Self> {
        if text == NOTHING {
            return Some(Self::default());
        }
        let known = mechanisms();
        text.split(',').try_fold(Self::default(), |without, name| {
            Some(without.with(known.iter().find(|mechanism| mechanism.name == name.trim())?))
        })
    }
}

/// Names with commas between, or `nothing`.
impl std::fmt::Display for Without {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let left_out: Vec<&str> =
            mechanisms().iter().filter(|mechanism| self.contains(mechanism)).map(|mechanism| mechanism.name).collect();
        f.write_str(if left_out.is_empty() { NOTHING } else { "" })?;
        f.write_str(&left_out.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::{Without, mechanisms};

    #[test]
    fn names_are_read_as_they_are_written() {
        let all: Vec<&str> = mechanisms().iter().map(|mechanism| mechanism.name).collect();
        for text in ["nothing".to_string(), all[0].to_string(), all[1..3].join(","), all.join(",")] {
            assert_eq!(Without::parse(&text).unwrap().to_string(), text);
        }
        assert_eq!(Without::parse(""), None);
        assert_eq!(Without::parse(&format!("{},nonsense", all[0])), None);
    }

    #[test]
    fn names_are_different() {
        let mut names: Vec<&str> = mechanisms().iter().map(|mechanism| mechanism.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(!names.contains(&"nothing"));
    }
}
