//! What a cache counts, in one process and over all of them.
//!
//! A process appends a record of what it counted to a file of its own kind. Records are short and appended in one write, so several
//! processes do not disturb each other; one that is damaged nevertheless is left out.

use std::time::Duration;

macro_rules! statistics {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// Counts since something began.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Statistics {
            $($(#[doc = $doc])* pub $name: u64,)*
        }

        impl Statistics {
            const NUMBERS: usize = [$(stringify!($name)),*].len();

            /// Every count with its name, in a fixed order.
            pub fn counts(&self) -> [(&'static str, u64); Self::NUMBERS] {
                [$((stringify!($name), self.$name)),*]
            }

            fn from_counts([$($name),*]: [u64; Self::NUMBERS]) -> Self {
                Self { $($name),* }
            }

            /// Both together.
            #[must_use]
            pub fn plus(&self, other: &Self) -> Self {
                Self { $($name: self.$name.saturating_add(other.$name)),* }
            }
        }
    };
}

statistics! {
    /// What was asked for and found.
    hits,
    /// What was asked for and not found.
    misses,
    /// What was put in.
    stored,
    /// What was dropped because there was no room.
    evictions,
    /// Files that were no whole entry, and were removed.
    damaged,
    /// Operations that the file system refused.
    failures,
    /// Bytes of entries found.
    bytes_read,
    /// Bytes of entries put in.
    bytes_written,
    /// Bytes of entries dropped.
    bytes_evicted,
    /// Nanoseconds that making what was found had once taken.
    made_ns,
    /// Nanoseconds that finding it took instead.
    found_ns,
}

/// Bytes of a record: the counts and eight bytes of their hash.
pub(crate) const RECORD: usize = 8 * Statistics::NUMBERS + 8;

impl Statistics {
    /// The time that hits have saved.
    pub fn saved(&self) -> Duration {
        Duration::from_nanos(self.made_ns.saturating_sub(self.found_ns))
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The counts as a record.
    pub(crate) fn record(&self) -> Vec<u8> {
        let mut record: Vec<u8> = self.counts().iter().flat_map(|(_, count)| count.to_le_bytes()).collect();
        let check = blake3::hash(&record);
        record.extend_from_slice(&check.as_bytes()[..8]);
        record
    }

    /// The sum of records.
    pub(crate) fn sum(records: &[u8]) -> Self {
        let (records, _) = records.as_chunks::<RECORD>();
        records.iter().filter_map(Self::of_record).fold(Self::default(), |sum, one| sum.plus(&one))
    }

    fn of_record(record: &[u8; RECORD]) -> Option<Self> {
        let (counts, check) = record.split_at(RECORD - 8);
        if blake3::hash(counts).as_bytes()[..8] != *check {
            return None;
        }
        let mut numbers = [0; Self::NUMBERS];
        let (counts, _) = counts.as_chunks::<8>();
        numbers.iter_mut().zip(counts).for_each(|(number, bytes)| *number = u64::from_le_bytes(*bytes));
        Some(Self::from_counts(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::{RECORD, Statistics};

    #[test]
    fn records_are_added_up_and_damaged_ones_left_out() {
        let one = Statistics { hits: 3, made_ns: 1 << 40, found_ns: 7, ..Statistics::default() };
        let two = Statistics { hits: 4, evictions: 9, ..Statistics::default() };
        let mut records = [one.record(), two.record()].concat();
        assert_eq!(records.len(), 2 * RECORD);
        let sum = Statistics::sum(&records);
        assert_eq!((sum.hits, sum.evictions, sum.saved().as_nanos()), (7, 9, (1 << 40) - 7));
        records[RECORD + 3] ^= 1;
        assert_eq!(Statistics::sum(&records), one);
        assert_eq!(Statistics::sum(&records[..RECORD - 1]), Statistics::default());
    }
}
