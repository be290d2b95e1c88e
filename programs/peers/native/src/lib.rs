//! The ten kernels and two operations in plain Rust, as a lower bound: what the same work costs when nobody interprets it.
//!
//! Each kernel does what its guest program does, operation by operation and in the same order, and prints the same lines. It is written as a user
//! of Rust would write it: no unsafe code, no crates but those behind the operations `hash_native` and `signature_native`, `f64` for floats and `i64`
//! for integers. The guest language raises an error
//! when an integer overflows; so does this crate, because the workspace's profiles turn Rust's overflow checks on for it, in release builds too.
//!
//! A kernel takes its size at run time and its output depends on all of its work, so the compiler cannot leave any of it out. Whoever times it
//! should hide the size behind [`std::hint::black_box`].

#![forbid(unsafe_code)]

mod arith;
mod closure;
mod fib;
mod hash_native;
mod mandelbrot;
mod map;
mod matmul;
mod nbody;
mod sieve;
mod signature_native;
mod spectral;
mod strings;

use std::fmt;

/// A kernel.
#[derive(Debug)]
pub struct Kernel {
    /// Name of the workload whose work it does.
    pub name: &'static str,
    /// Does the work for a size and appends what it prints.
    pub run: fn(i64, &mut String) -> fmt::Result,
}

/// Every kernel.
pub static KERNELS: [Kernel; 12] = [
    Kernel { name: "fib", run: fib::run },
    Kernel { name: "arith", run: arith::run },
    Kernel { name: "matmul", run: matmul::run },
    Kernel { name: "sieve", run: sieve::run },
    Kernel { name: "mandelbrot", run: mandelbrot::run },
    Kernel { name: "nbody", run: nbody::run },
    Kernel { name: "spectral", run: spectral::run },
    Kernel { name: "strings", run: strings::run },
    Kernel { name: "map", run: map::run },
    Kernel { name: "closure", run: closure::run },
    Kernel { name: "hash_native", run: hash_native::run },
    Kernel { name: "signature_native", run: signature_native::run },
];

/// The kernel of this name.
pub fn kernel(name: &str) -> Option<&'static Kernel> {
    KERNELS.iter().find(|kernel| kernel.name == name)
}
