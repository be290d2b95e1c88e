//! What optimizing code can be made without, to see what it buys.

/// Something that optimizing code does and baseline code does not, or that is done for calls in both. Code made without it does the same, in more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Optimization {
    /// Code of callees in place of calls.
    Inlining,
    /// What was seen is believed.
    Speculation,
    /// Checks on the way into loops.
    LoopGuards,
    /// Elements of lists of one kind.
    Elements,
    /// Fields of records of one type, and what several types have by table.
    Fields,
    /// Calls from native code to native code.
    Calls,
    /// Builtins of a few machine instructions.
    Builtins,
    /// Functions that gain nothing stay interpreted.
    Selection,
    /// What loops read of lists is loaded on the way into them.
    LoopLoads,
    /// Indices that a loop bounds are checked on the way into it.
    IndexRanges,
    /// Small records are made where they are asked for.
    Records,
}

impl Optimization {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Inlining,
        Self::Speculation,
        Self::LoopGuards,
        Self::Elements,
        Self::Fields,
        Self::Calls,
        Self::Builtins,
        Self::Selection,
        Self::LoopLoads,
        Self::IndexRanges,
        Self::Records,
    ];

    /// Its name and what it does in a few words.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Inlining => ("inlining", "the code of small functions stands in place of their calls"),
            Self::Speculation => {
                ("speculation", "what instructions met is expected, checked once, and kept in processor registers")
            }
            Self::LoopGuards => ("loop-guards", "what a loop reads is checked on the way into it"),
            Self::Elements => ("native-elements", "elements are where lists of the kind that was met keep them"),
            Self::Fields => ("native-fields", "members of records are where the types that were met have them"),
            Self::Calls => ("native-calls", "native code calls native code, without the interpreter"),
            Self::Builtins => ("native-builtins", "builtins of a few machine instructions are those"),
            Self::Selection => (
                "selection",
                "functions stay interpreted whose instructions the interpreter would mostly run in any case",
            ),
            Self::LoopLoads => (
                "loop-loads",
                "where a list that stays the same has its elements, and how many, is loaded on the way into a loop",
            ),
            Self::IndexRanges => (
                "index-ranges",
                "that an index stays within its list is checked once for all iterations where a loop compares it with a bound",
            ),
            Self::Records => ("native-records", "native code takes cells for small records from the heap's lists"),
        }
    }
}

/// A set of optimizations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OptimizationSet(u16);

impl OptimizationSet {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// Whether one is in it.
    pub fn contains(self, optimization: Optimization) -> bool {
        self.0 >> optimization as u16 & 1 != 0
    }

    /// This set and another one.
    #[must_use]
    pub fn with(self, optimization: Optimization) -> Self {
        Self(self.0 | 1 << optimization as u16)
    }

    /// The set as bits.
    pub(crate) fn bits(self) -> u16 {
        self.0
    }
}
