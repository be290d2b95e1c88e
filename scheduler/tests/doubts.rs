//! What goes wrong in a worker: the rest of the block is run serially, what was committed stays, and it is counted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use scheduler::{Doubt, NoDelta, Options, Scheduler, Stop, Sum, Transactions, Value, View};

type Execute<'a, V, C> = dyn Fn(&mut C, usize, &mut View<'_, u32, V>) -> Result<usize, Stop> + Sync + 'a;

/// So many transactions that a closure executes.
struct Closure<'a, V: Value, C> {
    count: usize,
    execute: &'a Execute<'a, V, C>,
}

impl<V: Value, C: Send> Transactions for Closure<'_, V, C> {
    type Key = u32;
    type Value = V;
    type Output = usize;
    type Context = C;

    fn count(&self) -> usize {
        self.count
    }

    fn execute(&self, context: &mut C, index: usize, view: &mut View<'_, u32, V>) -> Result<usize, Stop> {
        (self.execute)(context, index, view)
    }
}

fn options() -> Options {
    Options { workers: 4, oversubscribe: true, ..Options::default() }
}

/// Each transaction increments one of ten counters, and its output is what that was.
fn increment(index: usize, view: &mut View<'_, u32, u64>) -> Result<usize, Stop> {
    let key = (index % 10) as u32;
    let count = view.read(&key)?.unwrap_or(0);
    view.write(key, count + 1)?;
    Ok(count as usize)
}

fn expected(count: usize) -> Vec<usize> {
    (0..count).map(|index| index / 10).collect()
}

#[test]
fn a_panic_that_does_not_come_again_costs_the_parallel_run_only() {
    let panics = AtomicUsize::new(0);
    let block = Closure::<u64, ()> {
        count: 500,
        execute: &|(), index, view| {
            if index == 200 && panics.fetch_add(1, Ordering::Relaxed) == 0 {
                std::panic::resume_unwind(Box::new("once"));
            }
            increment(index, view)
        },
    };
    let mut scheduler = Scheduler::new(options());
    let mut order = Vec::new();
    let outcome = scheduler.run(&block, &|_: &u32| None, &mut [(); 4], |index, _, _| order.push(index));
    assert_eq!(outcome.outputs, expected(500));
    assert_eq!(order, (0..500).collect::<Vec<_>>());
    assert_eq!((outcome.doubt, outcome.statistics.fallbacks), (Some(Doubt::Failed), 1));
    let again = scheduler.run(&block, &|_: &u32| None, &mut [(); 4], |_, _, _| ());
    assert_eq!((again.outputs, again.doubt), (expected(500), None), "the next block is as any other");
}

#[test]
fn a_panic_of_the_serial_order_is_passed_on_after_what_came_before_it() {
    let block = Closure::<u64, ()> {
        count: 500,
        execute: &|(), index, view| {
            if index == 200 {
                std::panic::resume_unwind(Box::new("always"));
            }
            increment(index, view)
        },
    };
    for workers in [1, 4] {
        let mut scheduler = Scheduler::new(Options { workers, ..options() });
        let mut order = Vec::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            scheduler.run(&block, &|_: &u32| None, &mut [(); 4], |index, _, _| order.push(index))
        }));
        assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"always"));
        assert_eq!(order, (0..200).collect::<Vec<_>>(), "{workers} workers");
    }
}

#[test]
fn who_swallows_a_stop_is_stopped_all_the_same() {
    let block = Closure::<u64, ()> {
        count: 500,
        execute: &|(), _, view| {
            let count = view.read(&0).ok().flatten().unwrap_or(0);
            let _ = view.write(0, count + 1);
            Ok(count as usize)
        },
    };
    let never_serial = Options { least_parallelism: 0.0, ..options() };
    let outcome = Scheduler::new(never_serial).run(&block, &|_: &u32| None, &mut [(); 4], |_, _, _| ());
    assert_eq!(outcome.outputs, (0..500).collect::<Vec<_>>());
}

#[test]
fn a_transaction_that_is_executed_too_often_ends_the_parallel_run() {
    let block = Closure::<u64, ()> {
        count: 500,
        execute: &|(), _, view| {
            let count = view.read(&0)?.unwrap_or(0);
            std::thread::yield_now();
            view.write(0, count + 1)?;
            Ok(count as usize)
        },
    };
    let options = Options { most_executions: 1, patience: 99, least_parallelism: 0.0, ..options() };
    let mut scheduler = Scheduler::new(options);
    for _ in 0..20 {
        let outcome = scheduler.run(&block, &|_: &u32| None, &mut [(); 4], |_, _, _| ());
        assert_eq!(outcome.outputs, (0..500).collect::<Vec<_>>());
        assert!(matches!(outcome.doubt, None | Some(Doubt::TooOften)));
    }
}

#[test]
fn deltas_that_pass_a_bound_are_told_so_in_serial_order() {
    // Odd transactions pay in 1, even ones take 2: the balance decides who gets something, and nobody reads it.
    let block = Closure::<u64, ()> {
        count: 600,
        execute: &|(), index, view| {
            let amount = if index % 2 == 1 { 1 } else { -2 };
            view.add(0, Sum::new(amount)).map(usize::from)
        },
    };
    let mut balance = 5_i64;
    let expected: Vec<usize> = (0..600)
        .map(|index| {
            let sum = balance + if index % 2 == 1 { 1 } else { -2 };
            balance = if sum >= 0 { sum } else { balance };
            usize::from(sum >= 0)
        })
        .collect();
    for workers in [1, 2, 4] {
        let mut scheduler = Scheduler::new(Options { workers, ..options() });
        let mut last = None;
        let outcome = scheduler.run(&block, &|_: &u32| Some(5), &mut [(); 4], |_, _, writes| {
            last = writes.iter().next().map(|(_, value)| value.copied()).or(last);
        });
        assert_eq!(outcome.outputs, expected);
        assert_eq!(last, Some(Some(balance as u64)));
        assert_eq!(outcome.doubt, None);
    }
}

#[test]
fn contexts_stay_with_their_workers_and_values_need_no_deltas() {
    #[derive(Clone, Debug, PartialEq)]
    struct Text(String);
    impl Value for Text {
        type Delta = NoDelta;
    }
    let block = Closure::<Text, usize> {
        count: 300,
        execute: &|executions, index, view| {
            *executions += 1;
            let key = (index % 7) as u32;
            let text = view.read(&key)?.map_or(String::new(), |text| text.0);
            view.write(key, Text(format!("{text}{}", index % 10)))?;
            Ok(text.len())
        },
    };
    let mut contexts = [0; 4];
    let mut state = std::collections::BTreeMap::new();
    let outcome = Scheduler::new(options()).run(&block, &|_: &u32| None, &mut contexts, |_, _, writes| {
        state.extend(writes.iter().map(|(key, text)| (*key, text.cloned())));
    });
    assert_eq!(outcome.outputs, (0..300).map(|index| index / 7).collect::<Vec<_>>());
    assert_eq!(contexts.iter().sum::<usize>(), outcome.statistics.executions);
    assert_eq!(state[&0].as_ref().unwrap().0.len(), 43);
}

#[test]
fn whoever_gives_up_is_executed_alone_with_all_after_it() {
    let block = Closure::<u64, ()> {
        count: 500,
        execute: &|(), index, view| {
            if index >= 200 && !view.is_alone() {
                return Err(view.give_up());
            }
            increment(index, view)
        },
    };
    // Without serial stretches, in which transactions are alone, too.
    let mut scheduler = Scheduler::new(Options { least_parallelism: 0.0, ..options() });
    for _ in 0..20 {
        let outcome = scheduler.run(&block, &|_: &u32| None, &mut [(); 4], |_, _, _| ());
        assert_eq!(outcome.outputs, expected(500));
        assert_eq!((outcome.doubt, outcome.statistics.fallbacks), (Some(Doubt::GivenUp), 1));
    }
}

#[test]
fn chains_are_left_to_the_caller() {
    // The first hundred have nothing to do with each other, the others are a chain.
    let block = Closure::<u64, ()> {
        count: 500,
        execute: &|(), index, view| {
            let key = if index < 100 { index as u32 } else { 1000 };
            let count = view.read(&key)?.unwrap_or(0);
            view.write(key, count + 1)?;
            Ok(count as usize)
        },
    };
    let mut scheduler = Scheduler::new(Options { leaves_chains: true, ..options() });
    // How much of the chain is executed before it is noticed depends on how workers take turns; now and then it is all of it.
    let mut left = 0;
    for _ in 0..20 {
        let mut order = Vec::new();
        let outcome = scheduler.run(&block, &|_: &u32| None, &mut [(); 4], |index, _, _| order.push(index));
        let committed = outcome.outputs.len();
        assert!((100..=500).contains(&committed), "{committed}");
        left += usize::from(committed < 500);
        assert_eq!(outcome.outputs, (0..committed).map(|index| index.saturating_sub(100)).collect::<Vec<_>>());
        assert_eq!(order, (0..committed).collect::<Vec<_>>());
        assert_eq!((outcome.statistics.committed, outcome.statistics.serial, outcome.doubt), (committed, 0, None));
    }
    assert!(left > 0, "the chain was never noticed");
}
