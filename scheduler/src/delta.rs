//! Commutative updates: changes that need not read what they change, so they never conflict with each other.
//!
//! The aggregators of Aptos (AIP-47) are the model. A transaction that adds to a counter leaves the delta; whoever reads the counter
//! adds up what is below it; the commit, which is in order, applies each delta to the exact value and checks its bounds there. A transaction whose
//! delta does not fit is executed again when all before it are committed, and is then told so.

/// A change of a value that does not depend on the value, except for whether it is allowed.
pub trait Delta<V>: Clone + Send + Sync {
    /// Makes this the change that is this one and then the next, if both fit in one. Applying it must be the same as applying both in turn,
    /// including whether both are allowed. If it is false, the transaction waits until what is below is one value.
    fn then(&mut self, next: &Self) -> bool;

    /// The value after the change, or nothing where it is not allowed: a bound is passed, or this is not a value that can be changed so.
    /// `None` is a location that holds nothing.
    fn apply(&self, value: Option<&V>) -> Option<V>;
}

/// The delta of values that can't be changed without being read.
#[derive(Clone, Debug)]
pub enum NoDelta {}

impl<V> Delta<V> for NoDelta {
    fn then(&mut self, _: &Self) -> bool {
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
    total: i64,
    lowest: i64,
    highest: i64,
}

impl Sum {
    /// Adds `amount`, which may be negative.
    pub fn new(amount: i64) -> Self {
        Sum { total: amount, lowest: amount.min(0), highest: amount.max(0) }
    }

    /// The sum within inclusive bounds, where all values on the way are within them too.
    pub fn within(&self, value: i128, least: i128, most: i128) -> Option<i128> {
        let is_allowed = value + i128::from(self.lowest) >= least && value + i128::from(self.highest) <= most;
        is_allowed.then_some(value + i128::from(self.total))
    }

    /// Makes this the sum of this one and then the next, see [`Delta::then`].
    pub fn then(&mut self, next: &Sum) -> bool {
        let sums = (
            self.total.checked_add(next.total),
            self.total.checked_add(next.lowest),
            self.total.checked_add(next.highest),
        );
        let (Some(total), Some(lowest), Some(highest)) = sums else { return false };
        *self = Sum { total, lowest: self.lowest.min(lowest), highest: self.highest.max(highest) };
        true
    }
}

macro_rules! sum_of {
    ($($integer:ty),*) => {$(
        impl Delta<$integer> for Sum {
            fn then(&mut self, next: &Self) -> bool {
                self.then(next)
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
            for first in -4..5_i64 {
                for second in -4..5_i64 {
                    let (first, second) = (Sum::new(first), Sum::new(second));
                    let in_turn = first.apply(Some(&value)).and_then(|value| second.apply(Some(&value)));
                    let mut both = first.clone();
                    assert!(both.then(&second));
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
        assert!(!Sum::new(i64::MAX).then(&Sum::new(1)));
    }
}
