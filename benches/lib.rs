//! What the benches share.

#![forbid(unsafe_code)]

use std::fmt::Write;
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
    engine::workloads::programs()
        .map(|workload| {
            Compiled::new(&Source::text(&workload.file, workload.source())).expect("bundled programs compile")
        })
        .collect()
}

/// A file of so many lines of ordinary code, or a few more.
pub fn long_file(lines: usize) -> String {
    const LINES: usize = 24;
    let mut text = String::new();
    for number in 1..=lines.div_ceil(LINES) {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\
# Step {number} of a long computation.
action step_{number}(items, limit) {{
    let total = 0
    let seen = {{}}
    for each index, item in items {{
        if item < 0 || index > limit {{
            continue
        }}
        let key = \"k\" + item % 10
        if seen.has(key) {{
            seen[key] += 1
        }} else {{
            seen[key] = 1
        }}
        total = (total * 31 + item * {number}) % 1000003
    }}
    try {{
        require(total >= 0, \"total of ${{limit}} is negative\")
    }} catch (problem) {{
        print(\"step {number}\", problem, total)
    }}
    return total > 500 ? total - items.len() : total ?? 0
}}

"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn long_files_have_the_lines_that_were_asked_for() {
        for lines in [1, 100, 1000] {
            assert!((lines..lines + 24).contains(&super::long_file(lines).lines().count()), "{lines}");
        }
    }
}
