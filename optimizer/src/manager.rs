//! Which passes run, in what order, and what they did.

use std::time::{Duration, Instant};

use isa::{Constant, Stack, StackCode};

use crate::body::Body;
use crate::pass::{Context, Meaning, Pass, find_pass, passes};

/// How much is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    None,
    /// What is cheap and looks at single blocks, once.
    Local,
    /// What pays.
    #[default]
    Default,
    /// Everything, until nothing is found any more.
    All,
}

impl Level {
    /// All levels, from the least on.
    pub const ALL: &'static [Self] = &[Self::None, Self::Local, Self::Default, Self::All];

    /// Its name and what it does in a few words.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::None => ("0", "code as the compiler wrote it"),
            Self::Local => ("1", "passes that are cheap and local, once"),
            Self::Default => ("2", "the passes that pay"),
            Self::All => ("3", "all passes, until they find nothing any more"),
        }
    }

    /// The level of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|level| level.about().0 == name)
    }

    /// Its passes.
    fn passes(self) -> Vec<&'static dyn Pass> {
        let names: &[&str] = match self {
            Self::None => &[],
            Self::Local => &["fold", "branches", "thread", "peephole", "combine"],
            Self::Default | Self::All => return passes().to_vec(),
        };
        passes().iter().copied().filter(|pass| names.contains(&pass.name())).collect()
    }

    /// How often its passes run at most.
    fn rounds(self) -> usize {
        match self {
            Self::None => 0,
            Self::Local => 1,
            Self::Default => 3,
            Self::All => 20,
        }
    }
}

/// What is asked of the optimizer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// How much is done.
    pub level: Level,
    /// Names of the passes to run instead of a level's, once and in this order.
    pub passes: Option<Vec<&'static str>>,
    /// Names of passes that are left out.
    pub without: Vec<&'static str>,
}

impl Options {
    /// Those of a level.
    pub fn of(level: Level) -> Self {
        Self { level, ..Self::default() }
    }

    /// Whether no pass would run.
    pub fn is_idle(&self) -> bool {
        self.chosen().is_empty()
    }

    fn chosen(&self) -> Vec<&'static dyn Pass> {
        let mut chosen = match &self.passes {
            Some(names) => names.iter().filter_map(|name| find_pass(name)).collect(),
            None => self.level.passes(),
        };
        chosen.retain(|pass| !self.without.contains(&pass.name()));
        chosen
    }

    fn schedule(&self) -> Schedule {
        match self.passes {
            Some(_) => (self.chosen(), Vec::new(), 1),
            None => {
                let (last, repeated) = self.chosen().into_iter().partition(|pass| pass.is_last());
                (repeated, last, self.level.rounds())
            }
        }
    }
}

/// What a pass did to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassStatistics {
    /// Its name.
    pub name: &'static str,
    /// How often it found something to do.
    pub applied: u64,
    /// By how many instructions the code is shorter for it; negative when it is longer.
    pub removed: i64,
    /// How long it took.
    pub time: Duration,
}

/// What optimizing a program did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Instructions before.
    pub before: u64,
    /// Instructions after.
    pub after: u64,
    /// Functions that have a form the optimizer does not edit.
    pub left_alone: u64,
    /// By pass, in the order of their first run.
    pub passes: Vec<PassStatistics>,
    /// Everything together, from verified code to code to be verified.
    pub time: Duration,
}

impl Statistics {
    fn count(&mut self, pass: &dyn Pass, applied: u64, removed: i64, time: Duration) {
        let name = pass.name();
        let at = self.passes.iter().position(|found| found.name == name).unwrap_or_else(|| {
            self.passes.push(PassStatistics { name, applied: 0, removed: 0, time: Duration::ZERO });
            self.passes.len() - 1
        });
        let found = &mut self.passes[at];
        found.applied += applied;
        found.removed += removed;
        found.time += time;
    }
}

/// Passes that run again and again, those that run once behind them, and how many rounds there are at most.
type Schedule = (Vec<&'static dyn Pass>, Vec<&'static dyn Pass>, usize);

/// Who is told of a pass, the function's index, what the function is now, and all constants.
type Watch<'w> = dyn FnMut(&dyn Pass, usize, &Body, &[Constant]) + 'w;

/// The same for one function.
type WatchBody<'w> = dyn FnMut(&dyn Pass, &Body, &[Constant]) + 'w;

/// Optimizes a verified program. The outcome has to be verified again.
pub fn optimize(module: &StackCode, options: &Options, meaning: &mut dyn Meaning) -> (StackCode, Statistics) {
    optimize_watched(module, options, meaning, &mut |_, _, _, _| {})
}

/// As [`optimize`] with these passes, which need not be registered, once each and in this order.
pub fn optimize_by(
    module: &StackCode,
    passes: &[&'static dyn Pass],
    meaning: &mut dyn Meaning,
) -> (StackCode, Statistics) {
    run_schedule(module, &(passes.to_vec(), Vec::new(), 1), meaning, &mut |_, _, _, _| {})
}

/// As [`optimize`]. After every run of a pass that found something `watch` is given the pass, the function's index, what the function is now, and
/// all constants.
pub fn optimize_watched(
    module: &StackCode,
    options: &Options,
    meaning: &mut dyn Meaning,
    watch: &mut Watch<'_>,
) -> (StackCode, Statistics) {
    run_schedule(module, &options.schedule(), meaning, watch)
}

fn run_schedule(
    module: &StackCode,
    schedule: &Schedule,
    meaning: &mut dyn Meaning,
    watch: &mut Watch<'_>,
) -> (StackCode, Statistics) {
    let begun = Instant::now();
    let mut context = Context::new(module, meaning);
    let mut statistics = Statistics::default();
    let mut functions = Vec::with_capacity(module.functions.len());
    for (index, function) in module.functions.iter().enumerate() {
        statistics.before += function.code.len() as u64;
        let mut function = function.clone();
        match Body::new(&function) {
            Some(mut body) => {
                let mut watch =
                    |pass: &dyn Pass, body: &Body, constants: &[Constant]| watch(pass, index, body, constants);
                if run(&mut body, schedule, &mut context, &mut statistics, &mut watch) {
                    body.lower(&mut function);
                }
            }
            None => statistics.left_alone += 1,
        }
        statistics.after += function.code.len() as u64;
        functions.push(function);
    }
    let mut optimized = module.with_functions::<Stack>(functions);
    optimized.constants = context.into_constants();
    statistics.time = begun.elapsed();
    (optimized, statistics)
}

/// Runs passes on a function. Gives whether any found something.
fn run(
    body: &mut Body,
    (repeated, last, rounds): &Schedule,
    context: &mut Context<'_>,
    statistics: &mut Statistics,
    watch: &mut WatchBody<'_>,
) -> bool {
    body.tidy();
    let mut run_each = |passes: &[&'static dyn Pass]| {
        let mut applied = 0;
        for &pass in passes {
            let (begun, before) = (Instant::now(), body.length());
            let found = pass.run(body, context);
            if found > 0 {
                body.tidy();
                watch(pass, body, context.constants());
            }
            statistics.count(pass, found, before as i64 - body.length() as i64, begun.elapsed());
            applied += found;
        }
        applied > 0
    };
    let mut has_changed = false;
    for _ in 0..*rounds {
        if !run_each(repeated) {
            break;
        }
        has_changed = true;
    }
    run_each(last) || has_changed
}
