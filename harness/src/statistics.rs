//! The statistics behind every ratio.
//!
//! Two configurations are timed in rounds, once each a round, in random order. What a round measures of both shares the state the
//! machine was in, so rounds are the unit: a resample draws whole rounds, with replacement, and never mixes a time from one round with
//! one from another.
//!
//! - A time is the median of its rounds: a few disturbed rounds do not move it.
//! - A speed-up is the ratio of the two medians. Its 95 % interval is the percentile interval of the bootstrap: 10,000 resamples, the
//!   2.5 % and 97.5 % quantiles of their speed-ups.
//! - A geometric mean over workloads takes the speed-ups of all workloads from one resample each; its interval is of the same kind. It
//!   tells how well this suite was measured on this machine, not what another suite would give.
//!
//! With fewer than [`FEWEST_ROUNDS`] rounds an interval at 95 % cannot be had from the data alone, whatever the method: the chance that all
//! of `n` times fall on one side of the true median is `2^(1-n)`.

use engine::random::Random;

/// Resamples behind an interval.
pub const RESAMPLES: usize = 10_000;
/// The fewest rounds that give an interval.
pub const FEWEST_ROUNDS: usize = 6;
/// Share of the resampled values that an interval holds.
pub const CONFIDENCE: f64 = 0.95;

/// The times of one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// Of the configuration of interest, in nanoseconds.
    pub executor: f64,
    /// Of the one it is compared with.
    pub against: f64,
}

/// A ratio with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The ratio.
    pub value: f64,
    /// The interval, if there were rounds enough.
    pub interval: Option<Interval>,
}

/// A 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What an interval of a speed-up says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole interval is above 1.
    Faster,
    /// The whole interval is below 1.
    Slower,
    /// The interval contains 1.
    NoDifference,
    /// There is no interval.
    Unknown,
}

impl Verdict {
    /// Its name in result files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::NoDifference => "no difference",
            Self::Unknown => "unknown",
        }
    }
}

impl Estimate {
    /// What the interval says.
    pub fn verdict(&self) -> Verdict {
        match self.interval {
            None => Verdict::Unknown,
            Some(interval) if interval.low > 1.0 => Verdict::Faster,
            Some(interval) if interval.high < 1.0 => Verdict::Slower,
            Some(_) => Verdict::NoDifference,
        }
    }
}

/// The middle value, or the mean of the two in the middle. Not a number for no values.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    median_in_place(&mut values)
}

fn median_in_place(values: &mut [f64]) -> f64 {
    let count = values.len();
    if count == 0 {
        return f64::NAN;
    }
    let (below, &mut middle, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
    if count % 2 == 1 {
        return middle;
    }
    let other = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(other, middle)
}

/// The value below which the share `p` of the sorted values lies, linearly between neighbours.
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// The n-th root of the product. Not a number for no values.
pub fn geometric_mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

/// Median of the distances from the median, over the median: how unsteady the times are. A single value says nothing about that.
pub fn relative_spread(values: &[f64]) -> Option<f64> {
    if values.len() < FEWEST_FOR_SPREAD {
        return None;
    }
    let middle = median(values);
    let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    Some(median(&distances) / middle)
}

/// Values that a spread takes at least.
pub const FEWEST_FOR_SPREAD: usize = 2;

/// How many times faster the executor is than what it is compared with.
pub fn speedup(rounds: &[Round], random: &mut Random) -> Estimate {
    speedup_by(rounds, RESAMPLES, random)
}

fn speedup_by(rounds: &[Round], resamples: usize, random: &mut Random) -> Estimate {
    let all: Vec<usize> = (0..rounds.len()).collect();
    let mut scratch = Scratch::default();
    let value = scratch.speedup(rounds, &all);
    let interval = (rounds.len() >= FEWEST_ROUNDS).then(|| {
        let mut chosen = vec![0; rounds.len()];
        interval((0..resamples).map(|_| {
            resample(&mut chosen, random);
            scratch.speedup(rounds, &chosen)
        }))
    });
    Estimate { value, interval }
}

/// How many times the first median the second is, of times that were not measured in the same rounds: each is resampled by itself.
///
/// The interval tells how well both were measured. That the machine was in another state for one than for the other, it cannot tell.
pub fn independent_ratio(base: &[f64], times: &[f64], random: &mut Random) -> Estimate {
    let value = median(times) / median(base);
    let interval = (base.len().min(times.len()) >= FEWEST_ROUNDS).then(|| {
        let mut scratch = Vec::new();
        let mut resampled = |values: &[f64]| {
            scratch.clear();
            scratch.extend((0..values.len()).map(|_| values[random.below(values.len())]));
            median_in_place(&mut scratch)
        };
        interval((0..RESAMPLES).map(|_| {
            let base = resampled(base);
            resampled(times) / base
        }))
    });
    Estimate { value, interval }
}

/// The geometric mean of the speed-ups of several workloads.
pub fn geometric_mean_speedup(workloads: &[&[Round]], random: &mut Random) -> Estimate {
    let mut scratch = Scratch::default();
    let all: Vec<f64> = workloads
        .iter()
        .map(|rounds| {
            let every: Vec<usize> = (0..rounds.len()).collect();
            scratch.speedup(rounds, &every)
        })
        .collect();
    let enough = !workloads.is_empty() && workloads.iter().all(|rounds| rounds.len() >= FEWEST_ROUNDS);
    let interval = enough.then(|| {
        let mut chosen = Vec::new();
        let mut speedups = vec![0.0; workloads.len()];
        interval((0..RESAMPLES).map(|_| {
            for (speedup, rounds) in speedups.iter_mut().zip(workloads) {
                chosen.resize(rounds.len(), 0);
                resample(&mut chosen, random);
                *speedup = scratch.speedup(rounds, &chosen);
            }
            geometric_mean(&speedups)
        }))
    });
    Estimate { value: geometric_mean(&all), interval }
}

fn resample(chosen: &mut [usize], random: &mut Random) {
    let count = chosen.len();
    for index in chosen {
        *index = random.below(count);
    }
}

/// The interval that holds the middle [`CONFIDENCE`] of the values.
fn interval(values: impl Iterator<Item = f64>) -> Interval {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Interval { low: quantile(&values, tail), high: quantile(&values, 1.0 - tail) }
}

/// Buffers of a computation that is repeated thousands of times.
#[derive(Default)]
struct Scratch {
    executor: Vec<f64>,
    against: Vec<f64>,
}

impl Scratch {
    /// The speed-up that the chosen rounds show.
    fn speedup(&mut self, rounds: &[Round], chosen: &[usize]) -> f64 {
        self.executor.clear();
        self.against.clear();
        self.executor.extend(chosen.iter().map(|&index| rounds[index].executor));
        self.against.extend(chosen.iter().map(|&index| rounds[index].against));
        median_in_place(&mut self.against) / median_in_place(&mut self.executor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};
    use statrs::statistics::{Data, OrderStatistics, Statistics};

    fn uniform(random: &mut Random) -> f64 {
        ((random.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(random: &mut Random) -> f64 {
        Normal::new(0.0, 1.0).unwrap().inverse_cdf(uniform(random))
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn medians_and_means_agree_with_statrs() {
        let mut random = Random::new(1);
        for count in 1..40 {
            let values: Vec<f64> = (0..count).map(|_| uniform(&mut random) * 100.0 + 1.0).collect();
            assert!((median(&values) - Data::new(values.clone()).median()).abs() < 1e-9);
            let theirs = Statistics::geometric_mean(&values);
            assert!((geometric_mean(&values) - theirs).abs() < 1e-9 * theirs);
        }
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let sorted = [10.0, 20.0, 30.0, 40.0, 50.0];
        assert_eq!(quantile(&sorted, 0.0), 10.0);
        assert_eq!(quantile(&sorted, 0.5), 30.0);
        assert_eq!(quantile(&sorted, 1.0), 50.0);
        assert!((quantile(&sorted, 0.1) - 14.0).abs() < 1e-12);
        assert_eq!(quantile(&[7.0], 0.975), 7.0);
    }

    #[test]
    fn spread_of_steady_and_unsteady_times() {
        assert_eq!(relative_spread(&[5.0, 5.0, 5.0]), Some(0.0));
        assert!((relative_spread(&[90.0, 100.0, 110.0]).unwrap() - 0.1).abs() < 1e-12);
        assert_eq!((relative_spread(&[5.0]), relative_spread(&[])), (None, None));
    }

    /// The bootstrap distribution of a median is known exactly: the median of a resample of `n` (odd) values is at most the k-th smallest
    /// when more than half of `n` draws fall among the k smallest.
    #[test]
    fn bootstrap_quantiles_are_those_of_the_exact_distribution() {
        let count = 21;
        // The other side is constant, so the speed-up is the executor's median turned over.
        let rounds: Vec<Round> =
            (0..count).map(|index| Round { executor: 100.0 + index as f64, against: 100.0 }).collect();
        let interval = speedup(&rounds, &mut Random::new(7)).interval.unwrap();
        let at_most = |k: usize| {
            let draws = Binomial::new(k as f64 / count as f64, count as u64).unwrap();
            1.0 - draws.cdf(count as u64 / 2)
        };
        let exact = |p: f64| 100.0 / (100.0 + (0..count).find(|&k| at_most(k + 1) >= p).unwrap() as f64);
        assert!((interval.high - exact(0.025)).abs() < 1e-9, "{interval:?} {}", exact(0.025));
        assert!((interval.low - exact(0.975)).abs() < 1e-9, "{interval:?} {}", exact(0.975));
    }

    /// Over many simulated measurements of a known speed-up, about 95 % of the intervals hold it. Times have the long right tail and the
    /// common drift that real ones have.
    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        const TRUTH: f64 = 1.25;
        let mut random = Random::new(42);
        let trials = 400;
        let mut covered = 0;
        for _ in 0..trials {
            let rounds: Vec<Round> = (0..15)
                .map(|_| {
                    let drift = (0.05 * normal(&mut random)).exp();
                    let mut time = |base: f64| base * drift * (1.0 + 0.03 * (0.8 * normal(&mut random)).exp());
                    Round { executor: time(1000.0), against: time(1000.0 * TRUTH) }
                })
                .collect();
            let interval = speedup_by(&rounds, 1000, &mut random).interval.unwrap();
            covered += usize::from(interval.low <= TRUTH && TRUTH <= interval.high);
        }
        let share = covered as f64 / trials as f64;
        // Covering more often than promised errs on the careful side; covering less often would be a false claim.
        assert!(share >= 0.92, "{share}");
    }

    #[test]
    fn independent_times_need_not_be_as_many() {
        let mut random = Random::new(5);
        let base: Vec<f64> = (0..15).map(|_| 10.0 + uniform(&mut random)).collect();
        let times: Vec<f64> = (0..7).map(|_| 30.0 + uniform(&mut random)).collect();
        let estimate = independent_ratio(&base, &times, &mut random);
        let Interval { low, high } = estimate.interval.unwrap();
        assert!(
            (2.7..3.1).contains(&low) && low < estimate.value && estimate.value < high && high < 3.1,
            "{estimate:?}"
        );
        assert_eq!(independent_ratio(&base, &times[..5], &mut random).interval, None);
    }

    #[test]
    fn intervals_of_independent_times_cover_the_truth_as_often_as_they_say() {
        let mut random = Random::new(6);
        let trials = 300;
        let covers = (0..trials).filter(|_| {
            let times = |random: &mut Random| (0..15).map(|_| 100.0 + normal(random)).collect::<Vec<f64>>();
            let (base, other) = (times(&mut random), times(&mut random));
            let Interval { low, high } = independent_ratio(&base, &other, &mut random).interval.unwrap();
            low <= 1.0 && 1.0 <= high
        });
        let share = covers.count() as f64 / f64::from(trials);
        assert!((0.9..=0.995).contains(&share), "{share}");
    }

    #[test]
    fn equal_configurations_show_no_difference() {
        let mut random = Random::new(3);
        let mut differences = 0;
        for _ in 0..100 {
            let rounds: Vec<Round> = (0..15)
                .map(|_| Round { executor: 100.0 + normal(&mut random), against: 100.0 + normal(&mut random) })
                .collect();
            differences += usize::from(speedup_by(&rounds, 1000, &mut random).verdict() != Verdict::NoDifference);
        }
        assert!(differences <= 12, "{differences} of 100");
    }

    #[test]
    fn clear_differences_are_seen() {
        let rounds: Vec<Round> =
            (0..10).map(|i| Round { executor: 100.0 + f64::from(i), against: 200.0 + f64::from(i) }).collect();
        let estimate = speedup(&rounds, &mut Random::new(1));
        assert_eq!(estimate.verdict(), Verdict::Faster);
        assert!((estimate.value - 204.5 / 104.5).abs() < 1e-9);
        let turned: Vec<Round> =
            rounds.iter().map(|round| Round { executor: round.against, against: round.executor }).collect();
        assert_eq!(speedup(&turned, &mut Random::new(1)).verdict(), Verdict::Slower);
    }

    #[test]
    fn few_rounds_give_no_interval() {
        let rounds = [Round { executor: 1.0, against: 2.0 }; FEWEST_ROUNDS - 1];
        let estimate = speedup(&rounds, &mut Random::new(1));
        assert_eq!((estimate.value, estimate.interval), (2.0, None));
        assert_eq!(estimate.verdict(), Verdict::Unknown);
    }

    #[test]
    fn geometric_mean_of_constant_speedups_is_exact() {
        let twice = [Round { executor: 1.0, against: 2.0 }; 8];
        let eight = [Round { executor: 1.0, against: 8.0 }; 8];
        let estimate = geometric_mean_speedup(&[&twice, &eight], &mut Random::new(1));
        assert!((estimate.value - 4.0).abs() < 1e-12);
        let interval = estimate.interval.unwrap();
        assert!((interval.low - 4.0).abs() < 1e-12 && (interval.high - 4.0).abs() < 1e-12);
    }

    #[test]
    fn results_repeat_with_the_seed() {
        let rounds: Vec<Round> =
            (0..9).map(|i| Round { executor: 10.0 + f64::from(i % 4), against: 11.0 + f64::from(i % 3) }).collect();
        assert_eq!(speedup(&rounds, &mut Random::new(5)), speedup(&rounds, &mut Random::new(5)));
    }
}
