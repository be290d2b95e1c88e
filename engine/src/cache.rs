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
use std::time::{Duration, Instant};

use cache::{Bounds, Disk, Key, Memory, Policy, Statistics};

use crate::compiled::{Code, Compiled, Source};
use crate::configuration::Configuration;
use crate::error::EngineError;
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
    code: Arc<Code>,
    used: Vec<UsedFile>,
    /// How long making it took.
    cost: u64,
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
        let Some(shape) = configuration.shape().filter(|_| !source.is_bytecode()) else {
            return Ok((Compiled::new(source)?, Found::Unkept));
        };
        let begun = Instant::now();
        let text_key = key::text(source);
        let ready_key = key::ready(&text_key, &shape);
        let ready = self.ready.get(&ready_key).filter(|ready| ready.used.iter().all(|file| file.is_current(source)));
        if let Some(Ready { code, cost, .. }) = ready.as_deref() {
            self.count_hit(*cost, begun.elapsed());
            return Ok((Compiled::from_cache(source, Arc::clone(code)), Found::InMemory));
        }
        if let Some((ready, bytes)) = self.by_text(source, &text_key, &shape) {
            self.count_hit(ready.cost, begun.elapsed());
            let compiled = Compiled::from_cache(source, Arc::clone(&ready.code));
            self.ready.insert(ready_key, Arc::new(ready), bytes);
            return Ok((compiled, Found::ByText));
        }
        let tree = Compiled::parse(source)?;
        let program = &tree.borrow_dependent().program;
        let canonical = lang::canonical(program);
        let (layout, texts) = Layout::of(program, &canonical);
        let code_key = key::code(&layout.tree, &shape);
        if let Some((ready, bytes)) = self.by_tree(&layout, texts.clone(), &code_key) {
            self.count_hit(ready.cost, begun.elapsed());
            self.store.save(&text_key, &layout.to_bytes(), 0);
            let compiled = Compiled::from_cache(source, Arc::clone(&ready.code));
            self.ready.insert(ready_key, Arc::new(ready), bytes);
            return Ok((compiled, Found::ByTree));
        }
        let Some((portable, code)) = make::make(&tree, &canonical.places, texts, configuration) else {
            return Ok((Compiled::from_tree(source, tree)?, Found::Unkept));
        };
        let cost = nanoseconds(begun.elapsed());
        let compiled = Compiled::from_cache(source, Arc::new(code));
        if !make::runs(&compiled, configuration) {
            return Ok((Compiled::from_tree(source, tree)?, Found::Unkept));
        }
        self.store.save(&code_key, &portable, cost);
        self.store.save(&text_key, &layout.to_bytes(), 0);
        self.store.count(|statistics| statistics.misses += 1);
        let ready = Ready { code: compiled.code(), used: layout.used(), cost };
        self.ready.insert(ready_key, Arc::new(ready), portable.len() + source.bytes().len());
        Ok((compiled, Found::Made))
    }

    /// Code of a text whose layout is known, and about how many bytes it takes.
    fn by_text(&self, source: &Source, text_key: &Key, shape: &str) -> Option<(Ready, usize)> {
        let entry = self.store.load(text_key)?;
        let Some(layout) = Layout::from_bytes(entry.payload()) else {
            self.store.discard(text_key);
            return None;
        };
        let texts = layout.texts(source)?;
        self.by_tree(&layout, texts, &key::code(&layout.tree, shape))
    }

    /// Code of a tree in this layout, and about how many bytes it takes.
    fn by_tree(&self, layout: &Layout<'_>, texts: Vec<isa::module::Source>, code_key: &Key) -> Option<(Ready, usize)> {
        let entry = self.store.load(code_key)?;
        let bytes = entry.payload().len() + texts.iter().map(|source| source.text.len()).sum::<usize>();
        let Some(code) = make::load(entry.payload(), texts, layout) else {
            self.store.discard(code_key);
            return None;
        };
        Some((Ready { code: Arc::new(code), used: layout.used(), cost: entry.cost() }, bytes))
    }

    fn count_hit(&self, cost: u64, time: Duration) {
        self.store.count(|statistics| {
            statistics.hits += 1;
            statistics.made_ns += cost;
            statistics.found_ns += nanoseconds(time);
        });
    }

    /// What this process has counted since it last wrote it down.
    pub fn statistics(&self) -> Statistics {
        self.store.statistics()
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
