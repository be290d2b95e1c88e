//! How the machines get from one instruction to the next, under names that both share.

/// A dispatch technique. Those that a build lacks do not exist in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dispatch {
    /// Handlers are functions that end by calling the next one.
    #[cfg(feature = "sibling-calls")]
    SiblingCalls,
    /// One loop around one `match`.
    Match,
}

impl Dispatch {
    /// Those that are built, the default first.
    pub const ALL: &'static [Self] = &[
        #[cfg(feature = "sibling-calls")]
        Self::SiblingCalls,
        Self::Match,
    ];

    /// Its name and what it is in a few words.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            #[cfg(feature = "sibling-calls")]
            Self::SiblingCalls => ("sibling", "each handler is a function that ends by calling the next one's"),
            Self::Match => ("match", "one loop around one match"),
        }
    }

    /// The technique of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dispatch| dispatch.about().0 == name)
    }

    /// The stack machine's.
    pub(crate) fn of_stack(self) -> vm_stack::Dispatch {
        match self {
            #[cfg(feature = "sibling-calls")]
            Self::SiblingCalls => vm_stack::Dispatch::SiblingCalls,
            Self::Match => vm_stack::Dispatch::Match,
        }
    }

    /// The register machine's.
    pub(crate) fn of_register(self) -> vm_register::Dispatch {
        match self {
            #[cfg(feature = "sibling-calls")]
            Self::SiblingCalls => vm_register::Dispatch::SiblingCalls,
            Self::Match => vm_register::Dispatch::Match,
        }
    }
}

impl Default for Dispatch {
    fn default() -> Self {
        Self::ALL[0]
    }
}
