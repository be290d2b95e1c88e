//! A converter that is kept writes what a new one writes, whatever it has converted before.

use converter::{AllocatorKind, Converter, Options, convert};
use engine::workloads::workloads;
use engine::{Compiled, Source};

#[test]
fn a_kept_converter_writes_the_same_code() {
    let mut kept = Converter::new();
    let mut compared = 0;
    for workload in workloads() {
        let compiled =
            Compiled::new(&Source::text(&workload.file, workload.source())).expect("bundled programs compile");
        let code = compiled.stack_code().expect("compiled from text");
        for (allocator, registers) in
            [(AllocatorKind::Linear, 256), (AllocatorKind::Linear, 8), (AllocatorKind::Graph, 12)]
        {
            let options = Options { allocator, registers, ..Options::default() };
            let fresh = convert(code, options).expect("bundled programs convert");
            let again = kept.convert(code, options).expect("bundled programs convert");
            assert_eq!(*fresh.0, *again.0, "{} with {registers} registers", workload.name);
            assert_eq!(fresh.1, again.1, "{} with {registers} registers", workload.name);
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}
