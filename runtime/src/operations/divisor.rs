//! Division by a constant as a multiplication.
//!
//! A processor takes several times as long to divide as to multiply. For a divisor `d ≥ 2` that is known beforehand, with `l` the least number such
//! that `2^l ≥ d` and `m = ⌊2^(63+l) / d⌋ + 1`, the quotient of every `0 ≤ n < 2^63` is `⌊n·m / 2^(63+l)⌋` (Granlund and Montgomery,
//! *Division by Invariant Integers using Multiplication*, PLDI 1994, theorem 4.2; the multiplier fits in 64 bits because `n` has only 63). The
//! floored quotient of a negative `n` is the complement of that of its complement: `⌊n/d⌋ = ~⌊~n/d⌋`, and `~n` is not negative.

/// An integer divisor of at least 2, made ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Divisor {
    multiplier: u64,
    value: i64,
    shift: u32,
}

impl Divisor {
    /// Makes a divisor ready; none for those below 2, which are not worth it or not allowed.
    pub fn new(value: i64) -> Option<Self> {
        if value < 2 {
            return None;
        }
        let divisor = value as u128;
        let bits = (value as u64).next_power_of_two().trailing_zeros();
        let multiplier = ((1_u128 << (63 + bits)) / divisor + 1) as u64;
        // The product's high half is already divided by 2^64.
        Some(Self { multiplier, value, shift: bits - 1 })
    }

    /// The divisor.
    #[inline(always)]
    pub fn value(&self) -> i64 {
        self.value
    }

    /// `n / d`, floored.
    #[inline(always)]
    pub fn quotient(&self, n: i64) -> i64 {
        let sign = n >> 63;
        let magnitude = (n ^ sign) as u64;
        let high = ((u128::from(magnitude) * u128::from(self.multiplier)) >> 64) as u64;
        (high >> self.shift) as i64 ^ sign
    }

    /// `n % d`, never negative.
    #[inline(always)]
    pub fn remainder(&self, n: i64) -> i64 {
        n.wrapping_sub(self.quotient(n).wrapping_mul(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::Divisor;
    use proptest::prelude::*;

    fn agrees(n: i64, d: i64) {
        let divisor = Divisor::new(d).unwrap();
        assert_eq!((divisor.quotient(n), divisor.remainder(n)), (n.div_euclid(d), n.rem_euclid(d)), "{n} by {d}");
    }

    #[test]
    fn divides_at_every_edge() {
        let edges = |around: &[i64]| -> Vec<i64> {
            around.iter().flat_map(|&n| (-3..=3).map(move |step| n.wrapping_add(step))).collect()
        };
        let powers: Vec<i64> = (0..63).flat_map(|bit| [1_i64 << bit, -(1_i64 << bit)]).collect();
        let divisors =
            edges(&[&powers[..], &[3, 7, 10, 100, 1_000_003, i64::MAX, i64::MAX / 2, i64::MAX / 3]].concat());
        for &d in divisors.iter().filter(|&&d| d >= 2) {
            for n in edges(&[&powers[..], &[0, d, -d, d.wrapping_mul(7), i64::MAX, i64::MIN]].concat()) {
                agrees(n, d);
            }
        }
        assert_eq!((Divisor::new(1), Divisor::new(0), Divisor::new(-5)), (None, None, None));
    }

    proptest! {
        #[test]
        fn divides_anything(n in any::<i64>(), d in 2..=i64::MAX, shift in 0..62_u32) {
            agrees(n, d);
            agrees(n >> shift, (d >> shift).max(2));
        }
    }
}
