//! What blocks of each shape take: time, processor time and executions, for several numbers of workers, beside a serial run.
//!
//! `cargo run -p scheduler --release --example measure -- [TRANSACTIONS] [WORK] [ROUNDS] [SHAPE] [pin]`, where work is nanoseconds a transaction computes for. Runs are
//! interleaved, figures are medians, ratios are against one worker in the same round. `plain` is a loop over the transactions on a hash map, without
//! anything of the scheduler. `pin` gives each thread a processor of its own, for systems that leave two on one while another is idle.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use scheduler::workload::{Script, Shape, Step, compute, mix, written};
use scheduler::{Options, Scheduler, Statistics};

/// Time and processor time of this process since it began.
fn now() -> (Instant, Duration) {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    (Instant::now(), Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// Has this thread run on processor 0, and the others in turn on those after it: of several schedulers one runs at a time.
#[cfg(target_os = "linux")]
fn pin(processors: usize) {
    use rustix::thread::{CpuSet, Pid, gettid, sched_setaffinity};
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux lists threads");
    let names = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok());
    let others = names.filter(|&task| task != gettid().as_raw_nonzero().get());
    for (at, task) in std::iter::once(gettid().as_raw_nonzero().get()).chain(others).enumerate() {
        let mut set = CpuSet::new();
        set.set(if at == 0 { 0 } else { 1 + (at - 1) % (processors - 1).max(1) });
        sched_setaffinity(Pid::from_raw(task), &set).expect("a thread of this process and a processor of this machine");
    }
}

#[cfg(not(target_os = "linux"))]
fn pin(_: usize) {
    eprintln!("threads can't be pinned here");
}

type Accounts = HashMap<u64, u64, fxhash::FxBuildHasher>;

/// The steps that shapes have, on a map.
fn plain(block: &Script, state: &mut Accounts) -> u64 {
    state.clear();
    let mut outputs = 0;
    for (index, steps) in block.transactions.iter().enumerate() {
        let get = |state: &Accounts, account| state.get(&account).copied().or_else(|| block.initial(account));
        let seen = |number, value: Option<u64>| mix(number, value.map_or(0, |value| value + 1));
        let mut number = index as u64;
        for step in steps {
            match *step {
                Step::Read(account) => number = seen(number, get(state, account)),
                Step::Write(account) => drop(state.insert(account, written(number, account))),
                Step::Add(account, amount) => {
                    let sum = get(state, account).unwrap_or(0).wrapping_add_signed(amount);
                    state.insert(account, sum);
                }
                Step::Transfer { from, to, amount, work } => {
                    let (payer, payee) = (get(state, from).unwrap_or(0), get(state, to).unwrap_or(0));
                    number = compute(number ^ payer ^ payee, work);
                    if payer >= amount {
                        state.insert(from, payer - amount);
                        state.insert(to, payee + amount);
                    }
                }
                Step::Update { account, work } => {
                    number = compute(seen(number, get(state, account)), work);
                    state.insert(account, written(number, account));
                }
                _ => unreachable!("no shape has it"),
            }
        }
        outputs ^= number;
    }
    outputs
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |default| arguments.next().map_or(default, |text| text.parse().expect("a number"));
    let (count, work, rounds): (usize, _, _) = (argument(2000), argument(1500) as u32, argument(41));
    let wanted = arguments.next().unwrap_or_default();
    let is_pinned = arguments.next().is_some_and(|word| word == "pin");
    println!("{count} transactions of {work} ns, {rounds} rounds");
    println!(
        "shape            workers  ns/tx   speed-up  (best)  processor  executions  serial  waits  aborts  sleeps"
    );
    let workers = [1, 2, 8];
    let mut schedulers =
        workers.map(|workers| Scheduler::new(Options { workers, verify: false, ..Options::default() }));
    if is_pinned {
        // Threads of the schedulers are counted before this one is bound to one processor.
        pin(std::thread::available_parallelism().map_or(1, usize::from));
    }
    for (name, shape) in Shape::ALL.into_iter().filter(|(name, _)| name.contains(&wanted)) {
        let block = shape.block(count, work, 1);
        let initial = |account: &u64| block.initial(*account);
        let mut times = vec![Vec::new(); workers.len() + 1];
        let mut processor = vec![Vec::new(); workers.len() + 1];
        let mut sums = vec![Statistics::default(); workers.len() + 1];
        let mut accounts = Accounts::default();
        for _ in 0..rounds {
            for (at, scheduler) in schedulers.iter_mut().enumerate() {
                let mut contexts = vec![(); scheduler.workers()];
                let (begin, used) = now();
                let outcome = scheduler.run(&block, &initial, &mut contexts, |_, _, writes| {
                    std::hint::black_box(writes);
                });
                let (end, used_then) = now();
                sums[at].add(&outcome.statistics);
                times[at].push((end - begin).as_secs_f64());
                processor[at].push((used_then - used).as_secs_f64());
            }
            let (begin, used) = now();
            std::hint::black_box(plain(&block, &mut accounts));
            let (end, used_then) = now();
            times[workers.len()].push((end - begin).as_secs_f64());
            processor[workers.len()].push((used_then - used).as_secs_f64());
        }
        for at in 0..=workers.len() {
            let against = |figures: &[Vec<f64>]| {
                median(figures[at].iter().zip(&figures[0]).map(|(this, serial)| this / serial).collect())
            };
            // On a machine that others use, too: what the best round says about the scheduler and not about them.
            let best = |at: usize| times[at].iter().copied().fold(f64::INFINITY, f64::min);
            let label = workers.get(at).map_or("plain".to_string(), |workers| workers.to_string());
            let per_block = |number: usize| number as f64 / rounds as f64;
            println!(
                "{name:16} {label:>7} {:6.0} {:10.2} {:7.2} {:10.2} {:11.3} {:7.0} {:6.0} {:7.0} {:7.1}",
                median(times[at].clone()) * 1e9 / count as f64,
                1.0 / against(&times),
                best(0) / best(at),
                against(&processor),
                sums[at].executions_per_transaction(),
                per_block(sums[at].serial),
                per_block(sums[at].waits),
                per_block(sums[at].aborts),
                per_block(sums[at].sleeps),
            );
        }
    }
}
