//! What becomes of objects that are no longer reachable, and how objects are laid out.

/// How a [`Heap`](super::Heap) manages its memory. Programs cannot tell but by where they run out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MemoryPolicy {
    /// A precise collector frees what is no longer reachable.
    #[default]
    Collected,
    /// Nothing is freed before the heap ends, and then everything at once. No collection ever takes time.
    Arena,
    /// As [`Self::Collected`], with none of what keeps objects small, to be compared with: each object is an allocation of its own, lists and maps hold whole values,
    /// and each record carries a hash table of its own that leads from its fields' names to their places.
    Naive,
}

impl MemoryPolicy {
    /// Every policy, the default first.
    pub const ALL: &'static [Self] = &[Self::Collected, Self::Arena, Self::Naive];

    /// Its name, and what it is in one line.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Collected => ("gc", "a precise mark-and-sweep collector frees them"),
            Self::Arena => ("arena", "nothing is freed before the run ends, then all at once"),
            Self::Naive => (
                "naive",
                "as gc, but an allocation an object, lists of whole values and a hash table in each record, for comparison",
            ),
        }
    }

    /// The policy of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|policy| policy.about().0 == name)
    }
}
