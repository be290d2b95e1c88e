//! Commutative updates: changes that need not read what they change, so they never conflict with each other.
//!
//! The aggregators of Aptos (AIP-47) are the model. A transaction that adds to a counter leaves the delta; whoever reads the counter
//! adds up what is below it; the commit, which is in order, applies each delta to the exact value and checks its bounds there. A transaction whose
//! delta does not fit is executed again when all before it are committed, and is then told so.

/// A change of a value that does not depend on the value, except for whether it is allowed.
pub trait Delta<V>: Clone + Send + Sync {
    /// Makes this the change that is this one and then the next. Applying it must be the same as applying both in turn, including whether
    /// both are allowed.
    fn then(&mut self, next: &Self);

    /// The value after the change, or nothing where it is not allowed: a bound is passed, or this is not a value that can be changed so.
    /// `None` is a location that holds nothing.
    fn apply(&self, value: Option<&V>) -> Option<V>;
}

/// The delta of values that can't be changed without being read.
#[derive(Clone, Debug)]
pub enum NoDelta {}

impl<V> Delta<V> for NoDelta {
    fn then(&mut self, _: &Self) {
        match *self {}
    }
    fn apply(&self, _: Option<&V>) -> Option<V> {
        match *self {}
    }
}

/// A sum added to an integer that must stay within the type's range, or a smaller one. Locations that hold nothing count as zero.
///
/// It remembers the lowest and highest sum on its way, so that several changes in one stay exact about bounds: to take 3 and then add 5 is not
/// allowed where to take 3 is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    total: i128,
    lowest: i128,
    highest: i128,
}

impl Sum {
    /// Adds `amount`, which may be negative. Amounts are bounded by 2^64 in size, so that sums of them stay exact.
    pub fn new(amount: i128) -> Self {
        let bound = 1 << 64;
        assert!((-bound..=bound).contains(&amount), "an amount within 64 bits");
        Sum { total: amount, lowest: amount.min(0), highest: amount.max(0) }
    }

    /// The sum within inclusive bounds, where all values on the way are within them too.
    pub fn within(&self, value: i128, least: i128, most: i128) -> Option<i128> {
        let is_allowed = value + self.lowest >= least && value + self.highest <= most;
        is_allowed.then_some(value + self.total)
    }

    /// Makes this the sum of this one and then the next, see [`Delta::then`].
    pub fn then(&mut self, next: &Sum) {
        self.lowest = self.lowest.min(self.total + next.lowest);
        self.highest = self.highest.max(self.total + next.highest);
        self.total += next.total;
    }
}

macro_rules! sum_of {
    ($($integer:ty),*) => {$(
        impl Delta<$integer> for Sum {
            fn then(&mut self, next: &Self) {
                self.then(next);
            }
            fn apply(&self, value: Option<&$integer>) -> Option<$integer> {
                let value = value.map_or(0, |&value| i128::from(value));
                let sum = self.within(value, i128::from(<$integer>::MIN), i128::from(<$integer>::MAX))?;
                <$integer>::try_from(sum).ok()
            }
        }

        impl crate::Value for $integer {
            type Delta = Sum;
        }
    )*};
}

sum_of!(u64, i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_changes_in_one_are_as_strict_as_in_turn() {
        for value in 0..6_u64 {
            for first in -4..5 {
                for second in -4..5 {
                    let (first, second) = (Sum::new(first), Sum::new(second));
                    let in_turn = first.apply(Some(&value)).and_then(|value| second.apply(Some(&value)));
                    let mut both = first.clone();
                    both.then(&second);
                    assert_eq!(both.apply(Some(&value)), in_turn, "{value} {first:?} {second:?}");
                }
            }
        }
    }

    #[test]
    fn sums_end_at_the_types_bounds() {
        assert_eq!(Sum::new(1).apply(Some(&u64::MAX)), None);
        assert_eq!(Sum::new(-1).apply(Some(&i64::MIN)), None);
        assert_eq!(<Sum as Delta<u64>>::apply(&Sum::new(7), None), Some(7));
    }
}
