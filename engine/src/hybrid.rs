//! Hybrid code: which regions of a program become register code, and which stay islands of stack code, is decided by a policy.
//!
//! A [`Policy`] looks at one region after another ([`converter::regions`]) and says whether it is converted. All but one look at the code
//! alone; [`Policy::Profile`] looks at how often its instructions ran in a trial run, which is deterministic: no arguments, no input, a
//! virtual clock, and no more than a fixed amount of fuel.

mod trial;

use converter::regions::Region;
use converter::{Hybrid, Statistics};
use isa::{Function, Stack, StackCode, StackOp, Verified};

use crate::configuration::Configuration;
use crate::error::EngineError;
use trial::hottest;

/// Which regions of a program become register code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Those that lie in a loop.
    #[default]
    HotLoops,
    /// Those that compute with numbers and do nothing else.
    Arithmetic,
    /// Those in which a trial run spent nearly all its instructions.
    Profile,
    /// All.
    All,
    /// None.
    None,
}

impl Policy {
    /// All policies, the default first.
    pub const ALL: &'static [Self] = &[Self::HotLoops, Self::Arithmetic, Self::Profile, Self::All, Self::None];

    /// Its name and what it does in a few words.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::HotLoops => ("hot-loops", "regions in a loop become register code"),
            Self::Arithmetic => ("arithmetic", "regions that compute with numbers and do nothing else"),
            Self::Profile => ("profile", "regions in which a trial run spends nine tenths of its instructions"),
            Self::All => ("all", "all regions: the code is that of the register machine"),
            Self::None => ("none", "no region: the code is the stack code"),
        }
    }

    /// The policy of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|policy| policy.about().0 == name)
    }
}

/// Makes hybrid code of a program, by the configuration's policy.
///
/// # Errors
/// When the code cannot be converted, or the trial run cannot be made.
pub fn convert(code: &Verified<StackCode>, configuration: &Configuration) -> Result<(Hybrid, Statistics), EngineError> {
    let options = configuration.converter_options();
    let function = |index: u32| &code.functions[index as usize];
    let converted = match configuration.policy {
        Policy::All => converter::convert_hybrid(code, options, |_, _| true),
        Policy::None => converter::convert_hybrid(code, options, |_, _| false),
        Policy::Arithmetic => {
            converter::convert_hybrid(code, options, |index, region| computes(function(index), region))
        }
        Policy::HotLoops => converter::convert_hybrid(code, options, |index, region| loops(function(index), region)),
        Policy::Profile => {
            let hottest = hottest(code, configuration)?;
            converter::convert_hybrid(code, options, |index, region| hottest.contains(&(index, region.code[0].start)))
        }
    };
    Ok(converted?)
}

/// Whether a region lies in a loop: a stretch of code that a jump back closes.
fn loops(function: &Function<Stack>, region: &Region) -> bool {
    (0..).zip(&function.code).any(|(pc, instruction)| {
        instruction.jump_target().is_some_and(|head| region.instructions().any(|at| (head..=pc).contains(&at)))
    })
}

/// Whether a region computes with numbers and does nothing else but move values and decide where to go on.
fn computes(function: &Function<Stack>, region: &Region) -> bool {
    let operations = || region.instructions().map(|pc| function.code[pc as usize].op());
    operations().all(|op| is_arithmetic(op) || is_neutral(op)) && operations().any(is_arithmetic)
}

fn is_arithmetic(op: StackOp) -> bool {
    use StackOp as S;
    matches!(
        op,
        S::Add
            | S::Sub
            | S::Mul
            | S::Div
            | S::Mod
            | S::Pow
            | S::Neg
            | S::Eq
            | S::Neq
            | S::Lt
            | S::Gt
            | S::Lte
            | S::Gte
            | S::ForPrepare
            | S::ForLoop
            | S::RangeBound
    )
}

/// Operations that are found between arithmetic.
fn is_neutral(op: StackOp) -> bool {
    use StackOp as S;
    matches!(
        op,
        S::LoadConst
            | S::LoadLocal
            | S::LoadLocals
            | S::LoadLocalConst
            | S::StoreLoad
            | S::StoreLocal
            | S::CheckLocal
            | S::Pop
            | S::Dup
            | S::And
            | S::Or
            | S::Not
            | S::ToBool
            | S::Jump
            | S::JumpIfFalse
            | S::JumpIfTrue
            | S::Loop
            | S::LoopIfTrue
            | S::Return
            | S::Nop
    )
}

#[cfg(test)]
mod tests {
    use super::{Policy, convert};
    use crate::{Compiled, Configuration, Source};

    /// How many instructions of each function are in islands, and how many there are.
    fn islands(program: &str, policy: Policy) -> Vec<(String, usize, usize)> {
        let compiled = Compiled::new(&Source::text("test.zx", program)).unwrap();
        let configuration = Configuration { policy, check: true, ..Configuration::default() };
        let code = compiled.stack_code().unwrap();
        let (hybrid, _) = convert(code, &configuration).unwrap();
        let functions = hybrid.code.functions.iter().zip(&hybrid.islands);
        functions
            .filter(|(function, _)| function.source == 0)
            .map(|(function, islands)| {
                let kept = islands.iter().map(ExactSizeIterator::len).sum();
                (hybrid.code.name(function.name).to_string(), kept, function.code.len())
            })
            .collect()
    }

    const PROGRAM: &str = "\
action plus(a, b) { return a * 2 + b }
action first(list) { return list[0] }
let i = 0
while i < 100 {
    i += 1
    print(plus(i, 3))
}
print(first([1, 2]))
";

    fn kept(policy: Policy, name: &str) -> (usize, usize) {
        let all = islands(PROGRAM, policy);
        let (_, kept, length) = all.iter().find(|(function, ..)| function == name).unwrap();
        (*kept, *length)
    }

    #[test]
    fn policies_choose_what_they_say() {
        for name in ["plus", "first", "<main>"] {
            assert_eq!(kept(Policy::All, name).0, 0, "{name}");
            let (none, length) = kept(Policy::None, name);
            assert_eq!(none, length, "{name}");
        }
        assert_eq!(kept(Policy::Arithmetic, "plus").0, 0);
        let (first, length) = kept(Policy::Arithmetic, "first");
        assert_eq!(first, length);
        // The loop, but neither what comes before and after it nor what it calls.
        let (main, length) = kept(Policy::HotLoops, "<main>");
        assert!(0 < main && main < length, "{main} of {length}");
        let (plus, length) = kept(Policy::HotLoops, "plus");
        assert_eq!(plus, length);
        // What runs a hundred times, but not what runs once.
        assert_eq!(kept(Policy::Profile, "plus").0, 0);
        let (first, length) = kept(Policy::Profile, "first");
        assert_eq!(first, length);
    }

    #[test]
    fn names_lead_to_policies() {
        for &policy in Policy::ALL {
            assert_eq!(Policy::from_name(policy.about().0), Some(policy));
        }
        assert_eq!(Policy::from_name("some"), None);
    }
}
