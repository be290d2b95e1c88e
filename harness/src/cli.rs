//! The command line.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::axes::{AgainstOptions, AxisOptions, BlockAxisOptions};
use crate::deferred::Deferred;
use crate::peers::PEERS;

/// A workbench for virtual machines: runs programs on a tree walker, a stack machine and a register machine, and measures what each
/// design buys.
#[derive(Debug, Parser)]
#[command(name = "harness", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Examples:
  harness run programs/kernels/fib.zx 20
  harness compare --vm register
  harness disasm programs/kernels/fib.zx --form both")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run a program
    Run(Deferred<RunOptions>),
    /// Compare two ways of running programs: time, instructions, code size, memory
    Compare(Deferred<CompareOptions>),
    /// List what there is
    List(Deferred<ListOptions>),
    /// Show the code of a program
    Disasm(Deferred<DisasmOptions>),
    /// Run a program and show what it did: operations, branches, calls, types, allocations
    Profile(Deferred<ProfileOptions>),
    /// Compile a program to a bytecode file
    Compile(Deferred<CompileOptions>),
    /// Check a bytecode file
    Verify(Deferred<VerifyOptions>),
    /// Compare counts of machine instructions with stored ones; ends with 3 if one has grown
    Check(Deferred<CheckOptions>),
    /// Show the machine as result files record it
    Env(Deferred<EnvOptions>),
    /// Prompt for programs
    Repl(Deferred<ReplOptions>),
    /// Run random programs on all engines and report disagreements
    Fuzz(Deferred<FuzzOptions>),
    /// Run programs under all combinations of some options, as a plan says
    Sweep(Deferred<SweepOptions>),
    /// Show how long each run of a program takes from the first on, and whether that settles
    Warmup(Deferred<WarmupOptions>),
    /// Execute blocks of transactions on several workers, against one after the other
    Parallel(Deferred<ParallelOptions>),
    /// Measure what programs take of memory, under each policy and in other languages
    Memory(Deferred<MemoryOptions>),
    /// Measure what the engines cost on this machine, for --vm auto to choose by
    Calibrate(Deferred<CalibrateOptions>),
    /// Render a paper from its template and its data
    Paper(Deferred<PaperOptions>),
    /// Show or clear the code cache
    Cache(Deferred<CacheOptions>),
    /// Show, check or export a ledger on disk
    Ledger(Deferred<LedgerOptions>),
}

/// Where a program comes from.
#[derive(Debug, Args)]
pub struct ProgramSource {
    /// The program: a .zx or .zxc file, or - for standard input
    pub file: Option<PathBuf>,
    /// Take this text as the program
    #[arg(short = 'e', long = "eval", value_name = "CODE", conflicts_with = "file")]
    pub code: Option<String>,
}

/// `harness run`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness run hello.zx
  harness run programs/kernels/fib.zx 20 --vm stack
  harness run -e 'print(1 + 2)'
  echo 'print(\"hi\")' | harness run -
  harness run big.zx --registers 16 --max-heap 64M --stats
  harness run token.zx --ledger token.ledger       # the next run goes on from there")]
pub struct RunOptions {
    /// The program: a .zx or .zxc file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: Option<String>,
    /// Arguments of the program: __ARGS__; those that look like options go behind --
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    pub arguments: Vec<String>,
    /// Take this text as the program; everything else is an argument of the program
    #[arg(short = 'e', long = "eval", value_name = "CODE")]
    pub code: Option<String>,
    /// How it is run.
    #[command(flatten)]
    pub axes: AxisOptions,
    /// Go on from the ledger in this file, and add a block of what the program does to it; the file is made if there is none
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Seed of random()
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Virtual clocks, and nothing stored outside the run: equal programs do equal things
    #[arg(long)]
    pub deterministic: bool,
    /// Say on standard error which engine --vm auto takes, and why
    #[arg(long)]
    pub explain: bool,
    /// Print counters to standard error after the run; instructions are counted, so the time is that of a watched run
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "table")]
    pub stats: Option<StatsFormat>,
}

/// How counters are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatsFormat {
    /// For people
    Table,
    /// For programs
    Json,
}

/// `harness compare`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness compare --vm register
  harness compare --vm register --quick
  harness compare --vm ast --against stack --workload fib --workload sieve
  harness compare --vm register --registers 16 --against register --against-registers 256
  harness compare --vm register --program mine.zx --rounds 31 --out mine.json
  harness compare --vm register --workload fib --peer lua --peer native --also \"register registers=8\"

Times of peers and of further configurations stand as ratios: the executor's time over theirs, so that below 1 the executor is faster.")]
pub struct CompareOptions {
    /// How programs are run.
    #[command(flatten)]
    pub axes: AxisOptions,
    /// What they are compared with.
    #[command(flatten)]
    pub against: AgainstOptions,
    /// A bundled program, instead of all of them; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub workload: Vec<String>,
    /// The bundled programs of this kind; may be given more than once. Without choice all are compared but those of kind operation
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,
    /// A program of your own; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub program: Vec<PathBuf>,
    /// Another language to time in the same rounds; may be given more than once
    #[arg(long, value_name = "NAME", value_parser = peer_names())]
    pub peer: Vec<String>,
    /// A further configuration to time in the same rounds: a value of --vm, then what differs from the options given, as option=value; may be
    /// given more than once
    #[arg(long, value_name = "VM OPTION=VALUE…")]
    pub also: Vec<String>,
    /// Small sizes and short samples: ends within a minute
    #[arg(long)]
    pub quick: bool,
    /// Samples of each side for every program; without this option 15, and fewer with --quick
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rounds: Option<u32>,
    /// Seed of the order of runs and of the resamples behind intervals
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How results are written [table; with --out by the file's extension]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write results to this file too; standard output then gets the table
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `harness warmup`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness warmup --workload sieve --workload fib
  harness warmup --vm jit --also 'jit jit=baseline' --also register --out warmup.json")]
pub struct WarmupOptions {
    /// How programs are run.
    #[command(flatten)]
    pub axes: AxisOptions,
    /// A bundled program, instead of all of them; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub workload: Vec<String>,
    /// A further configuration: a value of --vm, then what differs from the options given, as option=value; may be given more than once
    #[arg(long, value_name = "VM OPTION=VALUE…")]
    pub also: Vec<String>,
    /// Runs of a program in a row
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub iterations: u32,
    /// How often that is done, each time with the program made ready anew
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub invocations: u32,
    /// Run the programs at full size
    #[arg(long)]
    pub full: bool,
    /// Write every figure to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `harness parallel`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness parallel --workload transfers --workers 2
  harness parallel --workload mix --workers 1,2,8 --work 200 --format json
  harness parallel --workload mix --simulate --workers 4,8,16,32,64
  harness parallel --verify 10000 --seed 1000000         # random blocks on 1, 2, 3, 4, 8 and 16 workers

Each round executes the same block on all engines, in a random order, and their blocks must have the same hash. `control` is the serial engine
against itself: as far from 1 as that is, a speed-up may be by chance.")]
pub struct ParallelOptions {
    /// How transactions are run.
    #[command(flatten)]
    pub axes: BlockAxisOptions,
    /// A workload, instead of all of them; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub workload: Vec<String>,
    /// How many workers; several numbers make a row each [as many as there are processors, or with --simulate 1,2,4,8,16,32,64]
    #[arg(long, value_name = "N,…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=256))]
    pub workers: Vec<u32>,
    /// Transactions of a block
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub transactions: u32,
    /// Accounts that transfers are drawn from: fewer of them conflict more
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    pub accounts: u32,
    /// Tokens of clusters: fewer of them conflict more
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub tokens: u32,
    /// Steps that a transaction computes besides what it does to the state
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub work: u32,
    /// Blocks that are measured
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rounds: u32,
    /// Seed of the blocks and of the order within rounds
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Have as many threads as workers, also where there are fewer processors
    #[arg(long)]
    pub oversubscribe: bool,
    /// Project on any number of workers: the scheduler on a virtual clock, charged with times measured here
    #[arg(long, conflicts_with = "oversubscribe")]
    pub simulate: bool,
    /// Measure nothing: execute so many random blocks on 1, 2, 3, 4, 8 and 16 workers, or those given, and compare all that shows
    #[arg(long, value_name = "BLOCKS", conflicts_with_all = ["workload", "simulate", "oversubscribe"])]
    pub verify: Option<u64>,
    /// How results are written [table; with --out by the file's extension]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write the results to this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `harness memory`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness memory --quick
  harness memory --program tree --program words --rounds 5
  harness memory --out results/memory/memory.json

Each contestant runs each program in a process of its own, with its objects and with none, and what the process had of memory at most is read when it
has printed its line. All must print the same: this ends with 1 if one does not.")]
pub struct MemoryOptions {
    /// A program of programs/memory, instead of all of them; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub program: Vec<String>,
    /// How often each process is started
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    /// Few objects: ends within a minute
    #[arg(long)]
    pub quick: bool,
    /// Write every figure to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// With a tolerance that is no number every count would pass.
fn tolerance(text: &str) -> Result<f64, String> {
    let tolerance = text.parse().ok().filter(|tolerance: &f64| tolerance.is_finite() && *tolerance >= 0.0);
    tolerance.ok_or_else(|| "a number of per cent from 0 up is needed".to_string())
}

fn peer_names() -> PossibleValuesParser {
    PEERS.iter().map(|peer| peer.name).collect::<Vec<_>>().into()
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// Everything, samples and manifest included
    Json,
    /// A line a program
    Csv,
    /// A table for documents
    Markdown,
}

/// `harness list`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness list
  harness list workloads")]
pub struct ListOptions {
    /// What to list [all of it]
    pub what: Option<Listing>,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// Bundled programs
    Workloads,
    /// Workloads of `harness parallel`
    Blocks,
    /// Programs of `harness memory`
    Memory,
    /// Values of --vm
    Executors,
    /// Optimizer passes
    Passes,
    /// Register allocators
    Allocators,
    /// What can be left out: values of --without
    Mechanisms,
    /// Policies of hybrid code
    Policies,
    /// Figures in result files
    Metrics,
    /// What profiles look at
    Probes,
    /// Other languages to compare with
    Peers,
}

/// `harness disasm`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness disasm programs/kernels/fib.zx
  harness disasm programs/kernels/fib.zx --form both --function fib
  harness disasm programs/kernels/sieve.zx --form both --ranges --function sieve
  harness disasm -e 'let x = 1 + 2' --form register --registers 8
  harness disasm programs/kernels/fib.zx --form hybrid --policy arithmetic
  harness disasm programs/kernels/fib.zx --form native --function fib -- 20

With --ranges each register has a column: ╷ an instruction writes a value that is needed later, │ the value is needed, ╵ it is read for
the last time, ┼ it is read for the last time and another one written, · what is written is never read.")]
pub struct DisasmOptions {
    /// The program.
    #[command(flatten)]
    pub source: ProgramSource,
    /// Which code to show
    #[arg(long, value_name = "FORM", default_value = "stack")]
    pub form: DisasmForm,
    /// Show this function alone; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub function: Vec<String>,
    /// Beside register code, show where registers and spill slots hold values
    #[arg(long)]
    pub ranges: bool,
    /// Arguments of the program, which is run for its native code
    #[arg(last = true, value_name = "ARGS")]
    pub arguments: Vec<String>,
    /// How it is converted.
    #[command(flatten)]
    pub axes: AxisOptions,
}

/// Which code to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DisasmForm {
    /// Stack code
    Stack,
    /// Register code
    Register,
    /// Hybrid code: what stands beside the bar is stack code
    Hybrid,
    /// Stack and register code side by side
    Both,
    /// Register code, and under each instruction the machine code that a run of the program made of it
    Native,
}

/// `harness profile`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness profile programs/kernels/fib.zx 15
  harness profile programs/kernels/sieve.zx 1000 --probe branches --vm stack
  harness profile mine.zx --probe types --probe allocations --top 10 --format csv

The program's own output goes to standard error. `harness list probes` says what each probe shows.")]
pub struct ProfileOptions {
    /// The program: a .zx or .zxc file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: Option<String>,
    /// Arguments of the program: __ARGS__; those that look like options go behind --
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    pub arguments: Vec<String>,
    /// Take this text as the program; everything else is an argument of the program
    #[arg(short = 'e', long = "eval", value_name = "CODE")]
    pub code: Option<String>,
    /// What to look at; may be given more than once [a summary of all]
    #[arg(long, value_name = "NAME")]
    pub probe: Vec<String>,
    /// Rows of each table [20 in a table for people, 5 in the summary; all otherwise]
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// How results are written
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: ProfileFormat,
    /// How it is run.
    #[command(flatten)]
    pub axes: AxisOptions,
    /// Go on from the ledger in this file, and add a block of what the program does to it; the file is made if there is none
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Seed of random()
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Virtual clocks, and nothing stored outside the run: equal programs do equal things
    #[arg(long)]
    pub deterministic: bool,
}

/// How profiles are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProfileFormat {
    /// For people
    Table,
    /// One object with everything
    Json,
    /// Each table with its header, an empty line between two
    Csv,
}

/// `harness compile`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness compile bank.zx -o bank.zxc
  harness compile bank.zx -o bank.zxc --form register --registers 32
  harness run bank.zxc")]
pub struct CompileOptions {
    /// The program.
    #[command(flatten)]
    pub source: ProgramSource,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Which code to write
    #[arg(long, value_name = "FORM", default_value = "stack")]
    pub form: CodeForm,
    /// How it is converted.
    #[command(flatten)]
    pub axes: AxisOptions,
}

/// Which code to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CodeForm {
    /// Stack code: runs on every executor but the evaluator
    Stack,
    /// Register code: runs on the register machine
    Register,
}

/// `harness verify`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness verify bank.zxc")]
pub struct VerifyOptions {
    /// The bytecode file
    pub file: PathBuf,
}

/// `harness check`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness check --baseline callgrind
  harness check --baseline callgrind --write
  harness check --baseline callgrind --tolerance 0.5

Builds the bench `callgrind`, runs each of its entries under callgrind, and compares the counts with results/callgrind/baseline.json. Needs
the source tree, cargo and valgrind, not gungraun-runner. Ends with 0 if no count has grown by more than the tolerance, with 3 if one has, and
with 2 if nothing could be checked: valgrind or stored counts are missing, or another toolchain made them.")]
pub struct CheckOptions {
    /// The stored counts: callgrind
    #[arg(long, value_name = "NAME")]
    pub baseline: String,
    /// By how many per cent a count may grow
    #[arg(long, value_name = "PERCENT", default_value_t = 2.0, value_parser = tolerance)]
    pub tolerance: f64,
    /// Compare with counts of another toolchain too
    #[arg(long)]
    pub force: bool,
    /// Store the counts of now instead of comparing
    #[arg(long, conflicts_with_all = ["force", "counts"])]
    pub write: bool,
    /// Compare the counts in this file, a baseline that --write made elsewhere, instead of counting
    #[arg(long, value_name = "FILE")]
    pub counts: Option<PathBuf>,
    /// The folder that results/ is in: the top of the source tree
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub root: PathBuf,
}

/// `harness sweep`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness sweep papers/how-many-registers/plan.toml
  harness sweep plan.toml --out sweep.json

A plan:
  programs = [\"fib\", \"sieve\"]     # bundled programs; all of them without this line
  size = \"small\"                   # or \"full\"
  conversions = 5                  # how often each is converted to time that; 0 without this line
  rounds = 0                       # timed rounds; 0, also without this line: figures are counted only
  seed = 1
  [base]                           # options of every run
  vm = \"register\"
  [[axes]]                         # what is varied; may be given more than once
  name = \"registers\"
  values = [8, 16, 256]")]
pub struct SweepOptions {
    /// The plan
    pub plan: PathBuf,
    /// Write every figure to this file, as JSON or CSV by its extension
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `harness calibrate`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness calibrate
  harness calibrate --out costs.toml
  harness run big.zx --orchestrator costs.toml --explain")]
pub struct CalibrateOptions {
    /// Run the bundled programs at their small sizes alone, not at their full ones as well
    #[arg(long)]
    pub quick: bool,
    /// How many random programs stand for short scripts
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub scripts: u32,
    /// Samples of each engine for every program; fewer of one that runs for long
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    /// Show what every program took
    #[arg(long)]
    pub each: bool,
    /// Write the model to this file, for --orchestrator
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `harness env`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness env
  harness env --json")]
pub struct EnvOptions {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `harness repl`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness repl
  harness repl --vm ast")]
pub struct ReplOptions {
    /// How input is run.
    #[command(flatten)]
    pub axes: AxisOptions,
}

/// `harness fuzz`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness fuzz --seconds 60
  harness fuzz --seconds 600 --vm stack
  harness fuzz --seed 123456 --programs 1              # what the report of seed 123456 is about
  harness fuzz --seed 123456 --check fuzz-failures/123456.zx   # the same, made small")]
pub struct FuzzOptions {
    /// How long to go on [10, or until --programs have been run]
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
    /// How many programs to run
    #[arg(long, value_name = "N")]
    pub programs: Option<u64>,
    /// Seed of the first program; the next ones follow it
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Compare this executor alone with the evaluator
    #[arg(long, value_name = "VM")]
    pub vm: Option<String>,
    /// Threads, up to 256 [all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub jobs: Option<u32>,
    /// Where disagreements are saved
    #[arg(long, value_name = "FOLDER", default_value = "fuzz-failures")]
    pub save: PathBuf,
    /// Print the random programs instead of running them
    #[arg(long)]
    pub show: bool,
    /// Check this program instead of random ones, in the way that the program of --seed is checked
    #[arg(long, value_name = "FILE", conflicts_with_all = ["show", "seconds", "programs"])]
    pub check: Option<PathBuf>,
    /// Work, and note in files of this name which programs are being checked; what the supervising process starts
    #[arg(long, hide = true)]
    pub notes: Option<PathBuf>,
}

/// `harness paper`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness paper stack-vs-register
  harness paper --check

A paper is a folder in papers/ with a template, paper.md. Every figure in it comes from the JSON files in results/NAME/, which
`harness compare --out` writes. The outcome is README.md beside the template.")]
pub struct PaperOptions {
    /// The paper [all of them]
    pub name: Option<String>,
    /// Write nothing; fail if a paper is not what its template and data give
    #[arg(long)]
    pub check: bool,
    /// The folder that papers/ and results/ are in
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub root: PathBuf,
}

/// `harness cache`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness cache stats
  harness cache stats --json
  harness cache clear
  HARNESS_CACHE=/tmp/cache harness cache path

`harness run` keeps compiled code in files, unless --cache says otherwise. HARNESS_CACHE names the folder, HARNESS_CACHE_LIMIT the most bytes
that the files may take (64M); what was not used for longest is removed first.")]
pub struct CacheOptions {
    /// What to do
    pub action: CacheAction,
    /// Statistics as JSON
    #[arg(long)]
    pub json: bool,
}

/// What to do with the code cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CacheAction {
    /// Show what it holds, and what all runs have found in it
    Stats,
    /// Remove all entries, and what has been counted
    Clear,
    /// Print its folder
    Path,
}

/// `harness ledger`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness ledger show chain.ledger
  harness ledger verify chain.ledger
  harness ledger export chain.ledger > chain.json
  harness ledger export chain.ledger --lines | grep '\"state\"'

The file is only read. `verify` checks every record, the chain of blocks, their roots and the root of the state, names what is damaged, and ends
with 1 if anything is.")]
pub struct LedgerOptions {
    /// What to do
    pub action: LedgerAction,
    /// The ledger
    pub file: PathBuf,
    /// As JSON; export always is
    #[arg(long)]
    pub json: bool,
    /// Export a line of JSON for each block and each location of the state, instead of one document
    #[arg(long)]
    pub lines: bool,
}

/// What to do with a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LedgerAction {
    /// Sum up chain and state, and list the last blocks
    Show,
    /// Check everything, and name what is damaged
    Verify,
    /// Write blocks with transactions, receipts and entries, and the state, as JSON
    Export,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_has_examples() {
        let mut command = Cli::command();
        command.build();
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                help.contains("Examples:") && help.contains(&format!("harness {}", verb.get_name())),
                "{}",
                verb.get_name()
            );
        }
    }
}
