//! Every kernel prints what its guest program prints, at both sizes, and checks its arithmetic.

use std::hint::black_box;

use engine::workloads::{Size, workloads};
use native_kernels::{KERNELS, kernel};

#[test]
fn kernels_print_what_is_expected_at_both_sizes() {
    for workload in workloads() {
        let Some(kernel) = kernel(&workload.name) else {
            assert!(workload.kind != "kernel", "{} has a native kernel", workload.name);
            continue;
        };
        for size in [Size::Small, Size::Full] {
            let mut output = String::new();
            (kernel.run)(workload.argument(size).parse().unwrap(), &mut output).unwrap();
            assert_eq!(output, workload.expected(size), "{} {}", workload.name, size.name());
        }
    }
}

#[test]
fn every_kernel_is_a_workload() {
    for kernel in &KERNELS {
        assert!(workloads().iter().any(|workload| workload.name == kernel.name), "{}", kernel.name);
    }
    assert!(kernel("nothing").is_none());
}

/// The guest raises an error when an integer overflows. Without the profile's checks, Rust would have less to do; this test is compiled under
/// the same profile as the kernels.
#[test]
fn integers_are_checked_in_release_builds_too() {
    let sum = std::panic::catch_unwind(|| black_box(i64::MAX) + black_box(1));
    assert!(sum.is_err());
}
