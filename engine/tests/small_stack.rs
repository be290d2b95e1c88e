//! Handlers that go on in the next handler must leave no native frame behind: long runs of everything programs do fit on a small stack.
//!
//! Rust does not promise that a call in tail position becomes a jump. Where one does not, each instruction that runs costs stack, and a few
//! thousand are enough to overflow what these threads have.

use engine::workloads::{Size, workloads};
use engine::{Capture, Compiled, Configuration, Dispatch, Source, find_executor};
use runtime::RunOptions;

/// As much as a thread of the smallest kind that systems give.
const STACK: usize = 128 << 10;

/// Bundled programs at their small size run tens of thousands of instructions.
fn run_all(configuration: &Configuration) {
    let executor = find_executor(configuration.vm).unwrap();
    for workload in workloads() {
        let compiled = Compiled::new(&Source::text(&workload.file, workload.source())).unwrap();
        let prepared = executor.prepare(&compiled, configuration).unwrap();
        let capture = Capture::new();
        let options = RunOptions {
            limits: configuration.limits,
            arguments: vec![workload.small.clone()],
            output: capture.writer(),
            ..RunOptions::default()
        };
        assert!(prepared.run(options).result.is_ok());
        assert_eq!(String::from_utf8(capture.take()).unwrap(), workload.expected(Size::Small), "{}", workload.name);
    }
}

#[test]
fn every_technique_runs_on_a_small_stack() {
    for &dispatch in Dispatch::ALL {
        for (vm, superinstructions) in
            [("stack", false), ("stack", true), ("register", false), ("hybrid", false), ("jit", false)]
        {
            for fuel in [None, Some(u64::MAX)] {
                let mut configuration = Configuration { dispatch, superinstructions, ..Configuration::of(vm).unwrap() };
                configuration.limits.fuel = fuel;
                let run = move || run_all(&configuration);
                std::thread::Builder::new().stack_size(STACK).spawn(run).unwrap().join().unwrap();
            }
        }
    }
}
