//! Whatever the number of workers, a block comes out as its transactions do one after the other.
//!
//! `SCHEDULER_BLOCKS=1000000 cargo test -p scheduler --release --test equivalence` tries more random blocks; `SCHEDULER_SEED` is the first one's seed.

use std::collections::BTreeMap;

use scheduler::workload::{Script, Step, compute, mix, random, written};
use scheduler::{Options, Scheduler};

/// What a block comes to: outputs, and what each account that was written holds.
#[derive(Debug, PartialEq)]
struct Result {
    outputs: Vec<u64>,
    state: BTreeMap<u64, Option<u64>>,
}

/// The meaning of scripts, on its own: one map, copied for each transaction, nothing of the scheduler.
fn model(block: &Script) -> Result {
    let mut state: BTreeMap<u64, Option<u64>> = BTreeMap::new();
    let mut outputs = Vec::new();
    for index in 0..block.transactions.len() {
        let mut own = state.clone();
        let (output, is_kept) = model_transaction(block, index, &mut own);
        outputs.push(output);
        if is_kept {
            state = own;
        }
    }
    Result { outputs, state }
}

fn model_transaction(block: &Script, index: usize, state: &mut BTreeMap<u64, Option<u64>>) -> (u64, bool) {
    let get = |state: &BTreeMap<u64, Option<u64>>, account: u64| {
        state.get(&account).copied().unwrap_or_else(|| block.initial(account))
    };
    let seen = |number: u64, value: Option<u64>| mix(number, value.map_or(0, |value| value + 1));
    let mut number = index as u64;
    let steps = &block.transactions[index];
    let mut at = 0;
    while at < steps.len() {
        match steps[at] {
            Step::Read(account) => number = seen(number, get(state, account)),
            Step::Write(account) => drop(state.insert(account, Some(written(number, account)))),
            Step::Add(account, amount) => {
                let sum = i128::from(get(state, account).unwrap_or(0)) + i128::from(amount);
                if let Ok(sum) = u64::try_from(sum) {
                    state.insert(account, Some(sum));
                }
                number = mix(number, u64::try_from(sum).is_ok().into());
            }
            Step::Remove(account) => drop(state.insert(account, None)),
            Step::ReadAny(among) => number = seen(number, get(state, number % among)),
            Step::WriteAny(among) => drop(state.insert(number % among, Some(written(number, number % among)))),
            Step::SkipIfOdd(count) => at += if number % 2 == 1 { count } else { 0 },
            Step::FailIfMultiple(of) if number.is_multiple_of(of) => return (!number, false),
            Step::FailIfMultiple(_) => {}
            Step::Transfer { from, to, amount, work } => {
                let (payer, payee) = (get(state, from).unwrap_or(0), get(state, to).unwrap_or(0));
                number = compute(number ^ payer ^ payee, work);
                if from != to && payer >= amount {
                    state.insert(from, Some(payer - amount));
                    state.insert(to, Some(payee + amount));
                }
            }
            Step::Update { account, work } => {
                number = compute(seen(number, get(state, account)), work);
                state.insert(account, Some(written(number, account)));
            }
            Step::Work(work) => number = compute(number, work),
        }
        at += 1;
    }
    (number, true)
}

fn scheduled(scheduler: &mut Scheduler<Script>, block: &Script) -> Result {
    let mut state = BTreeMap::new();
    let mut order = Vec::new();
    let mut contexts = vec![(); scheduler.workers()];
    let initial = |account: &u64| block.initial(*account);
    let outcome = scheduler.run(block, &initial, &mut contexts, |index, output, writes| {
        order.push((index, *output));
        state.extend(writes.iter().map(|(account, value)| (*account, value.copied())));
    });
    assert_eq!(order, outcome.outputs.iter().copied().enumerate().collect::<Vec<_>>(), "commits are in order");
    assert_eq!(outcome.doubt, None, "nothing was in doubt");
    assert_eq!(outcome.statistics.committed, block.transactions.len());
    Result { outputs: outcome.outputs, state }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn random_blocks_come_out_as_in_serial_order() {
    let first = setting("SCHEDULER_SEED", 0);
    let mut schedulers: Vec<_> = [1, 2, 3, 4, 8, 16]
        .map(|workers| Scheduler::new(Options { workers, oversubscribe: true, ..Options::default() }))
        .into();
    for seed in first..first + setting("SCHEDULER_BLOCKS", 300) {
        let block = random(seed, if seed % 8 == 0 { 200 } else { 24 });
        let expected = model(&block);
        for scheduler in &mut schedulers {
            let result = scheduled(scheduler, &block);
            assert_eq!(result, expected, "seed {seed}, {} workers", scheduler.workers());
        }
    }
}
