//! Stored counts beside those of now.

use std::collections::BTreeMap;

use crate::metrics::Unit;
use crate::tables;

/// What became of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Worse,
    Better,
    Same,
    /// There is no stored count.
    New,
    /// It is counted no longer.
    Gone,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Worse => "WORSE",
            Self::Better => "better",
            Self::Same => "",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// Stored counts beside those of now.
pub(super) struct Comparison {
    rows: Vec<(String, Option<u64>, Option<u64>, Verdict)>,
}

impl Comparison {
    pub(super) fn new(stored: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>, tolerance: f64) -> Self {
        let mut names: Vec<&String> = stored.keys().chain(now.keys()).collect();
        names.sort();
        names.dedup();
        let row = |name: &String| {
            let (before, after) = (stored.get(name).copied(), now.get(name).copied());
            let verdict = match (before, after) {
                (Some(before), Some(after)) => match after as f64 / before as f64 {
                    ratio if ratio > 1.0 + tolerance => Verdict::Worse,
                    ratio if ratio < 1.0 - tolerance => Verdict::Better,
                    _ => Verdict::Same,
                },
                (None, _) => Verdict::New,
                (_, None) => Verdict::Gone,
            };
            (name.clone(), before, after, verdict)
        };
        Self { rows: names.into_iter().map(row).collect() }
    }

    pub(super) fn has(&self, verdict: Verdict) -> bool {
        self.rows.iter().any(|row| row.3 == verdict)
    }

    pub(super) fn text(&self, tolerance: f64) -> String {
        let show = |count: &Option<u64>| count.map_or("-".to_string(), |count| Unit::Count.show(count as f64));
        let change = |before: &Option<u64>, after: &Option<u64>| match (before, after) {
            (Some(before), Some(after)) => format!("{:+.3} %", 100.0 * (*after as f64 / *before as f64 - 1.0)),
            _ => "-".to_string(),
        };
        let header = ["entry", "stored", "now", "change", ""].map(str::to_string).to_vec();
        let rows = self.rows.iter().map(|(name, before, after, verdict)| {
            vec![name.clone(), show(before), show(after), change(before, after), verdict.name().to_string()]
        });
        let mut text = tables::plain(header, rows, |column| (1..4).contains(&column));
        let count = |verdict: Verdict| self.rows.iter().filter(|row| row.3 == verdict).count();
        text.push_str(&format!(
            "\n{} worse and {} better by more than {tolerance} %, of {} counts of machine instructions.\n",
            count(Verdict::Worse),
            count(Verdict::Better),
            self.rows.len()
        ));
        if self.rows.iter().any(|row| row.3 != Verdict::Same) {
            text.push_str("--write stores the counts of now.\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Verdict};

    #[test]
    fn regressions_are_what_exceeds_the_tolerance() {
        let stored = [("a", 1000), ("b", 1000), ("c", 1000), ("gone", 1)];
        let now = [("a", 1020), ("b", 1021), ("c", 979), ("new", 1)];
        let counts = |counts: &[(&str, u64)]| counts.iter().map(|&(name, count)| (name.to_string(), count)).collect();
        let comparison = Comparison::new(&counts(&stored), &counts(&now), 0.02);
        let verdicts: Vec<(&str, Verdict)> = comparison.rows.iter().map(|row| (row.0.as_str(), row.3)).collect();
        let expected = [
            ("a", Verdict::Same),
            ("b", Verdict::Worse),
            ("c", Verdict::Better),
            ("gone", Verdict::Gone),
            ("new", Verdict::New),
        ];
        assert_eq!(verdicts, expected);
        let text = comparison.text(2.0);
        assert!(text.contains("1 worse and 1 better by more than 2 %, of 5") && text.contains("+2.100 %"), "{text}");
    }
}
