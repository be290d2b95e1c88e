//! What the benches share.

#![forbid(unsafe_code)]

use std::time::Duration;

use criterion::Criterion;
use engine::{Compiled, Source};

/// Criterion set for a first answer within seconds; its options on the command line override this.
pub fn short() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
        .configure_from_args()
}

/// Every bundled program, compiled.
///
/// # Panics
/// When one does not compile, which tests rule out.
pub fn bundled() -> Vec<Compiled> {
    engine::workloads::workloads()
        .iter()
        .map(|workload| {
            Compiled::new(&Source::text(&workload.file, workload.source())).expect("bundled programs compile")
        })
        .collect()
}
