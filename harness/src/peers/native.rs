//! The kernels in plain Rust.

use std::hint::black_box;
use std::time::Duration;

use engine::clock;
use native_kernels::Kernel;

use crate::contestant::{Contestant, wrong_output};

/// Which compiler made it.
pub(super) fn version() -> String {
    let how = format!("{}, opt-level {}", env!("HARNESS_PROFILE"), env!("HARNESS_OPT_LEVEL"));
    format!("{}, {how}, integer overflow checked", env!("HARNESS_RUSTC"))
}

/// A kernel, run in this process.
pub(super) struct Native {
    kernel: &'static Kernel,
    size: i64,
    expected: Vec<u8>,
}

impl Native {
    pub(super) fn new(name: &str, argument: &str, expected: &[u8]) -> Result<Self, String> {
        let kernel = native_kernels::kernel(name).ok_or("there is no Rust version of this program")?;
        let size = argument.parse().map_err(|_| format!("'{argument}' is no size"))?;
        Ok(Self { kernel, size, expected: expected.to_vec() })
    }
}

impl Contestant for Native {
    fn run(&mut self, runs: u32) -> Result<Duration, String> {
        let mut total = Duration::ZERO;
        let mut output = String::new();
        for _ in 0..runs {
            output.clear();
            let begun = clock::now();
            // Writing to a string cannot fail, and a kernel does nothing else that can.
            let _ = (self.kernel.run)(black_box(self.size), &mut output);
            total += clock::now().saturating_sub(begun);
            wrong_output(output.as_bytes(), &self.expected).map_or(Ok(()), Err)?;
        }
        Ok(total)
    }
}
