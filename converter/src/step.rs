//! The steps of a conversion that can be left out: what each of them buys is measured by doing without it.
//!
//! Lifting, allocation and emission alone make right code; every [`Step`] makes it shorter. Any subset of them can be left out, in any
//! combination, and the code still does the same.

/// A step that conversion can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Jumps to jumps.
    ThreadJumps,
    /// Virtual registers become webs.
    SplitWebs,
    /// Registers that are one constant.
    SingleConstants,
    /// Elements of loops.
    LoopElements,
    /// Copies within a block.
    Copies,
    /// What nobody reads.
    Dead,
    /// Results go where they are wanted.
    Retarget,
    /// Constants in operands.
    Immediates,
    /// Compare and branch.
    FuseBranches,
    /// Loops that count by one.
    CountedLoops,
}

impl Step {
    /// All steps, in the order in which they are taken.
    pub const ALL: &'static [Self] = &[
        Self::FuseBranches,
        Self::ThreadJumps,
        Self::SplitWebs,
        Self::SingleConstants,
        Self::LoopElements,
        Self::Copies,
        Self::Dead,
        Self::Retarget,
        Self::Immediates,
        Self::CountedLoops,
    ];

    /// Its name and what it does in a few words.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::FuseBranches => ("fuse-branches", "a comparison and the branch it decides become one instruction"),
            Self::ThreadJumps => ("thread-jumps", "jumps to jumps go straight to the end of the chain"),
            Self::SplitWebs => ("split-webs", "a slot that holds one variable after another becomes several registers"),
            Self::SingleConstants => {
                ("single-constants", "a register that is only ever set to one constant is that constant")
            }
            Self::LoopElements => ("loop-elements", "a loop's element goes straight to the variable that takes it"),
            Self::Copies => ("copies", "reads of a copy read the original, within a block"),
            Self::Dead => ("dead", "instructions go whose result nobody reads"),
            Self::Retarget => ("retarget", "an instruction writes its result where a move would bring it"),
            Self::Immediates => ("immediates", "small integers and constants are operands instead of being loaded"),
            Self::CountedLoops => ("counted-loops", "a loop that counts by one is a single instruction an iteration"),
        }
    }

    /// The step of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|step| step.about().0 == name)
    }
}

/// A set of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StepSet(u16);

impl StepSet {
    /// No step.
    pub const EMPTY: Self = Self(0);

    /// Whether a step is in it.
    pub fn contains(self, step: Step) -> bool {
        self.0 >> step as u16 & 1 != 0
    }

    /// This set and a step.
    #[must_use]
    pub fn with(self, step: Step) -> Self {
        Self(self.0 | 1 << step as u16)
    }

    /// The steps in it, in the order of [`Step::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Step> {
        Step::ALL.iter().copied().filter(move |&step| self.contains(step))
    }
}

impl FromIterator<Step> for StepSet {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        steps.into_iter().fold(Self::EMPTY, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, StepSet};

    #[test]
    fn every_step_is_listed_once_and_found_by_its_name() {
        for &step in Step::ALL {
            assert_eq!(Step::from_name(step.about().0), Some(step));
        }
        let all: StepSet = Step::ALL.iter().copied().collect();
        assert_eq!(all.iter().count(), Step::ALL.len());
        assert_eq!(Step::from_name("nothing"), None);
    }

    #[test]
    fn sets_hold_what_was_put_into_them() {
        let set = StepSet::EMPTY.with(Step::Copies).with(Step::Dead).with(Step::Copies);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Step::Copies, Step::Dead]);
        assert!(!set.contains(Step::Retarget));
    }
}
