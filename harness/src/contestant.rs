//! Whoever takes part in the rounds of a comparison: our engines under some configuration, and peers.

use std::time::Duration;

/// Runs a program and says how long that took.
pub trait Contestant {
    /// The time of so many runs together, by a clock that counts execution alone.
    ///
    /// # Errors
    /// When an answer is wrong, or there is none.
    fn run(&mut self, runs: u32) -> Result<Duration, String>;
}

/// How many runs make a sample long enough. Doubles until they do, so that half of the time spent here is warming up.
///
/// # Errors
/// When a run fails.
pub fn calibrate(contestant: &mut dyn Contestant, shortest: Duration) -> Result<u32, String> {
    const MOST_RUNS: u32 = 1 << 16;
    let mut runs = 1;
    while contestant.run(runs)? < shortest && runs < MOST_RUNS {
        runs *= 2;
    }
    Ok(runs)
}

/// Nanoseconds a run takes, the mean of so many.
///
/// # Errors
/// When a run fails.
pub fn sample(contestant: &mut dyn Contestant, runs: u32) -> Result<f64, String> {
    Ok(contestant.run(runs)?.as_nanos() as f64 / f64::from(runs))
}

/// Says what is wrong with an output, if something is.
pub fn wrong_output(output: &[u8], expected: &[u8]) -> Option<String> {
    (output != expected).then(|| {
        let (output, expected) = (String::from_utf8_lossy(output), String::from_utf8_lossy(expected));
        format!("wrong answer: {}", first_difference(&output, &expected))
    })
}

/// Where an output differs from what it should be.
pub fn first_difference(output: &str, expected: &str) -> String {
    let (mut lines, mut expected_lines) = (output.lines(), expected.lines());
    for number in 1.. {
        match (lines.next(), expected_lines.next()) {
            (None, None) => break,
            (line, expected) if line == expected => {}
            (line, expected) => {
                let show = |line: Option<&str>| line.map_or("nothing".to_string(), |line| format!("{line:?}"));
                return format!("line {number} of the output is {}, not {}", show(line), show(expected));
            }
        }
    }
    "the output ends differently".to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a millisecond a run, and fails when it is asked for more than `most` runs at once.
    struct Steady {
        most: u32,
    }

    impl Contestant for Steady {
        fn run(&mut self, runs: u32) -> Result<Duration, String> {
            if runs > self.most { Err("tired".to_string()) } else { Ok(Duration::from_millis(1) * runs) }
        }
    }

    #[test]
    fn samples_are_made_long_enough() {
        let mut steady = Steady { most: 100 };
        assert_eq!(calibrate(&mut steady, Duration::from_millis(10)), Ok(16));
        assert_eq!(sample(&mut steady, 16), Ok(1e6));
        assert_eq!(calibrate(&mut Steady { most: 4 }, Duration::from_millis(10)), Err("tired".to_string()));
    }

    #[test]
    fn differences_are_found() {
        assert_eq!(wrong_output(b"1\n2\n", b"1\n2\n"), None);
        assert_eq!(
            wrong_output(b"1\n", b"1\n2\n").unwrap(),
            "wrong answer: line 2 of the output is nothing, not \"2\""
        );
        assert_eq!(wrong_output(b"1", b"1\n").unwrap(), "wrong answer: the output ends differently");
    }
}
