//! Which native tiers there are, under the names of `--jit`.

/// A value of `--jit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum JitMode {
    /// Baseline code first, optimizing code for what stays hot.
    #[default]
    Tiered,
    /// Nothing is compiled.
    Off,
    /// Baseline code alone.
    Baseline,
    /// Optimizing code at once.
    Optimizing,
}

impl JitMode {
    /// All of them, the default first.
    pub const ALL: &'static [Self] = &[Self::Tiered, Self::Off, Self::Baseline, Self::Optimizing];

    /// Its name and what it is in a few words.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Tiered => (
                "tiered",
                "baseline code first, optimizing code for what stays hot, or that at once if both thresholds are the same",
            ),
            Self::Off => ("off", "nothing is compiled"),
            Self::Baseline => ("baseline", "native code that knows nothing of values"),
            Self::Optimizing => ("optimizing", "native code that expects what was seen, at once"),
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mode| mode.about().0 == name)
    }

    /// How that is called by whoever compiles.
    pub(crate) fn mode(self) -> Option<jit::Mode> {
        match self {
            Self::Off => None,
            Self::Tiered => Some(jit::Mode::Tiered),
            Self::Baseline => Some(jit::Mode::Baseline),
            Self::Optimizing => Some(jit::Mode::Optimizing),
        }
    }
}
