//! The code cache: code of programs that were compiled before.
//!
//! ```text
//! texts ──────────► in memory: code, ready to run                                          nothing is read, parsed or verified
//!   │ not there
//!   ├─ layout of the texts ──► tree's key ──► portable code ── places, verifier ── code    nothing is parsed
//!   │ not there                  ▲
//!   └─ lexer, parser ── tree ────┘ not there ── compiler … converter ── portable code      everything is done, and stored
//! ```
//!
//! *Code* is found by the tree's canonical form ([`lang::canonical`]), the options that shape code ([`Configuration::shape`]) and the build's
//! identity. It is *portable*: without sources, its positions numbers of places, so that it serves every layout of the tree. A *layout* is
//! found by the main file's name and text. It leads to the tree without parsing and has the offsets of all places, and the hashes of all
//! files that the program uses. These are read and hashed whenever the layout is looked up: if one has changed, the layout is not that
//! of the program any more.
//!
//! What comes from a cache is verified as anything else is: a store checks hashes, and the verifier the code.

mod key;
mod layout;
mod make;
mod store;

use std::sync::Arc;
use std::time::Instant;

use cache::{Bounds, Disk, Key, Memory, Policy, Statistics};

use crate::compiled::{Code, Compiled, Source};
use crate::configuration::{CodeForm, Configuration};
use crate::error::EngineError;
use crate::orchestrator::Facts;
pub use key::build_identity;
use layout::{Layout, UsedFile};
use store::Store;

/// Where code is kept between runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// Nowhere.
    #[default]
    Off,
    /// On disk, and in memory while the process lives.
    Disk,
    /// In memory alone.
    Memory,
}

impl Keeping {
    /// All values, the default first.
    pub const ALL: &'static [Self] = &[Self::Off, Self::Disk, Self::Memory];

    /// Its name, and what it is, in one line.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Off => ("off", "nowhere: every run compiles"),
            Self::Disk => (
                "disk",
                "in files, checked and verified when they are loaded, and in memory; what `run` does by default",
            ),
            Self::Memory => ("memory", "in memory, for as long as the process lives"),
        }
    }

    /// The value of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|keeping| keeping.about().0 == name)
    }
}

/// How code was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is code that is not kept: the configuration runs none, or the program is code already, or is too large for the machine.
    Unkept,
    /// It was not there and was made.
    Made,
    /// It was in memory.
    InMemory,
    /// It was found by the program's text.
    ByText,
    /// It was found by the tree: the layout is new.
    ByTree,
}

impl Found {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Unkept => "not kept",
            Self::Made => "miss",
            Self::InMemory => "hit in memory",
            Self::ByText => "hit",
            Self::ByTree => "hit with a new layout",
        }
    }
}

/// Code of programs that were compiled before.
#[derive(Debug)]
pub struct CodeCache {
    /// By texts and options.
    ready: Memory<Arc<Ready>>,
    store: Store,
}

/// Code that can be run, and what must be so that it is still that of the program.
#[derive(Debug)]
struct Ready {
    code: Code,
    used: Vec<UsedFile>,
    facts: Facts,
    /// How many nanoseconds making it took.
    cost: u64,
    /// About how many bytes it takes.
    bytes: usize,
}

impl Ready {
    /// Whether all files that the program uses are still the same.
    fn is_current(&self, source: &Source) -> bool {
        self.used.iter().all(|file| file.is_current(source))
    }

    fn compiled(&self, source: &Source, configuration: &Configuration) -> Compiled {
        Compiled::from_cache(source, self.facts, self.code.clone(), configuration)
    }
}

/// Bounds of what is kept in memory.
pub const IN_MEMORY: Bounds = Bounds { entries: 4096, bytes: 64 << 20 };

impl CodeCache {
    /// In memory alone.
    pub fn in_memory(bounds: Bounds) -> Self {
        Self { ready: Memory::new(bounds, Policy::default()), store: Store::in_memory(bounds) }
    }

    /// On disk; what was used is in memory too.
    pub fn on_disk(disk: Disk, bounds: Bounds) -> Self {
        Self { ready: Memory::new(bounds, Policy::default()), store: Store::on_disk(disk) }
    }

    /// Compiles a program, or finds code of it in the form that the configuration runs. What is found has no tree.
    ///
    /// # Errors
    /// As [`Compiled::new`].
    pub fn compile(&self, source: &Source, configuration: &Configuration) -> Result<(Compiled, Found), EngineError> {
        let begun = Instant::now();
        let text_key = key::text(source);
        let Some(ready_key) = key::ready(&text_key, configuration).filter(|_| !source.is_bytecode()) else {
            return Ok((Compiled::new(source)?, Found::Unkept));
        };
        if let Some(ready) = self.ready.get(&ready_key).filter(|ready| ready.is_current(source)) {
            self.count_hit(&ready, begun);
            return Ok((ready.compiled(source, configuration), Found::InMemory));
        }
        if let Some(ready) = self.by_text(source, &text_key, configuration) {
            self.count_hit(&ready, begun);
            return Ok((self.keep(ready_key, ready).compiled(source, configuration), Found::ByText));
        }
        let tree = Compiled::parse(source)?;
        let facts = Facts::new(tree.borrow_dependent());
        let Some(form) = form(configuration, facts) else {
            return Ok((Compiled::from_tree(source, tree)?, Found::Unkept));
        };
        let program = &tree.borrow_dependent().program;
        let canonical = lang::canonical(program);
        let (layout, texts) = Layout::of(program, &canonical, facts);
        let code_key = key::code(&layout.tree, &configuration.shape(form));
        if let Some(ready) = self.by_tree(&layout, texts.clone(), &code_key) {
            self.count_hit(&ready, begun);
            self.store.save(&text_key, &layout.to_bytes(), 0);
            return Ok((self.keep(ready_key, ready).compiled(source, configuration), Found::ByTree));
        }
        let Some((portable, code)) = make::make(&tree, &canonical.places, texts, form, configuration) else {
            return Ok((Compiled::from_tree(source, tree)?, Found::Unkept));
        };
        let bytes = portable.len() + source.bytes().len();
        let ready = Ready { code, used: layout.used(), facts, cost: nanoseconds(begun), bytes };
        if !make::runs(&ready.compiled(source, configuration), configuration) {
            return Ok((Compiled::from_tree(source, tree)?, Found::Unkept));
        }
        self.store.count(|statistics| statistics.misses += 1);
        self.store.save(&code_key, &portable, ready.cost);
        self.store.save(&text_key, &layout.to_bytes(), 0);
        Ok((self.keep(ready_key, ready).compiled(source, configuration), Found::Made))
    }

    /// Code of a text whose layout is known.
    fn by_text(&self, source: &Source, text_key: &Key, configuration: &Configuration) -> Option<Ready> {
        let entry = self.store.load(text_key)?;
        let Some(layout) = Layout::from_bytes(entry.payload()) else {
            self.store.discard(text_key);
            return None;
        };
        let form = form(configuration, layout.facts)?;
        let texts = layout.texts(source)?;
        self.by_tree(&layout, texts, &key::code(&layout.tree, &configuration.shape(form)))
    }

    /// Code of a tree, in this layout.
    fn by_tree(&self, layout: &Layout<'_>, texts: Vec<isa::module::Source>, code_key: &Key) -> Option<Ready> {
        let entry = self.store.load(code_key)?;
        let bytes = entry.payload().len() + texts.iter().map(|source| source.text.len()).sum::<usize>();
        let Some(code) = make::load(entry.payload(), texts, layout) else {
            self.store.discard(code_key);
            return None;
        };
        Some(Ready { code, used: layout.used(), facts: layout.facts, cost: entry.cost(), bytes })
    }

    /// Keeps code in memory.
    fn keep(&self, key: Key, ready: Ready) -> Arc<Ready> {
        let (bytes, ready) = (ready.bytes, Arc::new(ready));
        self.ready.insert(key, Arc::clone(&ready), bytes);
        ready
    }

    fn count_hit(&self, ready: &Ready, begun: Instant) {
        self.store.count(|statistics| {
            statistics.hits += 1;
            statistics.made_ns += ready.cost;
            statistics.found_ns += nanoseconds(begun);
        });
    }

    /// What this process has counted since it last wrote it down.
    pub fn statistics(&self) -> Statistics {
        self.store.statistics()
    }
}

/// The form of a program's code that a configuration runs, if it is kept.
fn form(configuration: &Configuration, facts: Facts) -> Option<CodeForm> {
    let is_chosen = configuration.vm == "auto";
    configuration.code_form(if is_chosen {
        configuration.orchestrator.decide(facts).engine()
    } else {
        configuration.vm
    })
}

/// Time since something began.
fn nanoseconds(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
