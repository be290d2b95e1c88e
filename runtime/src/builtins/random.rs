//! Random numbers: SplitMix64, seeded by the run.

use super::{Builtin, builtin};
use crate::arguments::int;
use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::value::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin(
        "random",
        (0, 2),
        random,
        "random([n] or [a, b]): a float from 0 up to but not 1; an integer from 0 up to but not n; an integer from a to b",
    ),
    builtin("math_random", (0, 2), random, "math_random(…): random(…)"),
];

/// The next 64 random bits.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A number below `bound`, all equally likely; `bound` 0 stands for 2^64.
fn below(state: &mut u64, bound: u64) -> u64 {
    if bound == 0 {
        return next(state);
    }
    // Lemire: the high half of a product is nearly uniform; rejecting the few low halves below 2^64 mod bound makes it so.
    let rejected = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(next(state)) * u128::from(bound);
        if product as u64 >= rejected {
            return (product >> 64) as u64;
        }
    }
}

fn random(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let state = &mut runtime.host.random;
    let (low, high) = match *arguments {
        [] => {
            const UNIT: f64 = 1.0 / (1_u64 << 53) as f64;
            return Ok(Value::float((next(state) >> 11) as f64 * UNIT));
        }
        [count] => match int("random", count)? {
            count @ 1.. => (0, count - 1),
            count => return Err(Error::value_error(format!("random() needs a positive number, not {count}"))),
        },
        [low, high, ..] => (int("random", low)?, int("random", high)?),
    };
    if low > high {
        return Err(Error::value_error(format!("random() has nothing to choose between {low} and {high}")));
    }
    let offset = below(state, (high.wrapping_sub(low) as u64).wrapping_add(1));
    Ok(Value::int(low.wrapping_add(offset as i64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_sequence() {
        let mut state = 0;
        assert_eq!([next(&mut state), next(&mut state)], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn stays_below_its_bound_and_reaches_everything() {
        let mut state = 7;
        let mut seen = [false; 6];
        for _ in 0..1000 {
            seen[below(&mut state, 6) as usize] = true;
        }
        assert_eq!(seen, [true; 6]);
        for bound in [1, 2, u64::MAX, 1 << 63] {
            assert!((0..100).all(|_| below(&mut state, bound) < bound));
        }
        below(&mut state, 0);
    }
}
