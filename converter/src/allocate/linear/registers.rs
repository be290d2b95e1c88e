//! Which registers are held, and until when.

/// Registers that one word has bits for.
const WIDTH: usize = 64;

/// Registers while live ranges are scanned in the order in which they begin.
#[derive(Debug, Default)]
pub(super) struct Registers {
    /// The lowest registers. Few functions need others.
    low: Word,
    /// All others up to the highest that was held. Those above are free.
    high: Vec<Word>,
    /// How many registers there are.
    count: u16,
    /// How many are held.
    held: u32,
}

/// As many registers as a word has bits.
#[derive(Clone, Debug)]
struct Word {
    /// A bit for each that is held.
    held: u64,
    /// The first point at which one of these gets free is behind this one.
    soonest: u32,
    /// The last point at which each is held.
    ends: [u32; WIDTH],
}

impl Default for Word {
    fn default() -> Self {
        Self { held: 0, soonest: u32::MAX, ends: [0; WIDTH] }
    }
}

impl Registers {
    /// All are free from now on, of so many.
    pub(super) fn begin(&mut self, count: u16) {
        (self.low.held, self.low.soonest) = (0, u32::MAX);
        self.high.clear();
        (self.count, self.held) = (count, 0);
    }

    /// Registers that are held until before a point get free.
    #[inline]
    pub(super) fn expire(&mut self, point: u32) {
        if self.low.soonest < point {
            self.held -= self.low.expire(point);
        }
        for word in self.high.iter_mut().filter(|word| word.soonest < point) {
            self.held -= word.expire(point);
        }
    }

    /// How many are held.
    pub(super) fn held(&self) -> u32 {
        self.held
    }

    /// Whether a register exists and is free.
    #[inline]
    pub(super) fn is_free(&self, register: u16) -> bool {
        let (word, bit) = place_of(register);
        let word = word.map_or(Some(&self.low), |high| self.high.get(high));
        register < self.count && word.is_none_or(|word| word.held >> bit & 1 == 0)
    }

    /// The lowest that is free, if any is.
    #[inline]
    pub(super) fn lowest_free(&self) -> Option<u16> {
        let register = if self.low.held == u64::MAX { self.lowest_free_high() } else { self.low.lowest_free() };
        u16::try_from(register).ok().filter(|&register| register < self.count)
    }

    #[cold]
    fn lowest_free_high(&self) -> usize {
        let full = self.high.iter().take_while(|word| word.held == u64::MAX).count();
        (full + 1) * WIDTH + self.high.get(full).map_or(0, Word::lowest_free)
    }

    /// One is held from the point reached until this one.
    #[inline]
    pub(super) fn hold(&mut self, register: u16, end: u32) {
        let (word, bit) = place_of(register);
        let word = match word {
            None => &mut self.low,
            Some(high) => self.word_of_high(high),
        };
        word.held |= 1 << bit;
        word.soonest = word.soonest.min(end);
        word.ends[bit] = end;
        self.held += 1;
    }

    #[cold]
    fn word_of_high(&mut self, high: usize) -> &mut Word {
        if high >= self.high.len() {
            self.high.resize(high + 1, Word::default());
        }
        &mut self.high[high]
    }

    /// One past the highest that is held until behind a point.
    #[inline]
    pub(super) fn first_free_above(&self, point: u32) -> u16 {
        for (index, word) in self.high.iter().enumerate().rev() {
            let past = word.first_free_above(point);
            if past > 0 {
                return ((index + 1) * WIDTH) as u16 + past;
            }
        }
        self.low.first_free_above(point)
    }
}

/// The place of a register: its word among the high ones, unless it is in the low one, and its bit there.
#[inline]
fn place_of(register: u16) -> (Option<usize>, usize) {
    let register = usize::from(register);
    ((register / WIDTH).checked_sub(1), register % WIDTH)
}

impl Word {
    /// The lowest that is free, of which there is one unless all are held.
    #[inline]
    fn lowest_free(&self) -> usize {
        self.held.trailing_ones() as usize
    }

    /// One past the highest that is held until behind a point; zero if none is.
    #[inline]
    fn first_free_above(&self, point: u32) -> u16 {
        let mut held = self.held;
        while held != 0 {
            let highest = held.ilog2();
            if self.ends[highest as usize] > point {
                return highest as u16 + 1;
            }
            held &= !(1 << highest);
        }
        0
    }

    /// Registers that are held until before a point get free; returns how many those are.
    fn expire(&mut self, point: u32) -> u32 {
        let mut expired = 0;
        self.soonest = u32::MAX;
        let mut held = self.held;
        while held != 0 {
            let bit = held.trailing_zeros();
            let end = self.ends[bit as usize];
            if end < point {
                self.held &= !(1 << bit);
                expired += 1;
            } else {
                self.soonest = self.soonest.min(end);
            }
            held &= held - 1;
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::{Registers, WIDTH};

    /// Registers are held and get free as a list says of which all is looked at.
    #[test]
    fn they_are_held_until_their_ends() {
        let mut seed = 1_u32;
        let mut random = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        let mut registers = Registers::default();
        for count in [1, WIDTH - 1, WIDTH, WIDTH + 1, 3 * WIDTH] {
            registers.begin(count as u16);
            let mut ends: Vec<Option<u32>> = vec![None; count];
            for point in 1..500 {
                registers.expire(point);
                ends.iter_mut().for_each(|end| *end = end.filter(|&end| end >= point));
                let lowest = ends.iter().position(Option::is_none);
                assert_eq!(registers.lowest_free().map(usize::from), lowest, "{point} of {count}");
                // Now the lowest, and now any.
                let any = random(count as u32) as usize;
                let taken = if random(3) == 0 { Some(any).filter(|&any| ends[any].is_none()) } else { lowest };
                if let Some(taken) = taken {
                    let end = point + random(2 * count as u32);
                    registers.hold(taken as u16, end);
                    ends[taken] = Some(end);
                }
                assert_eq!(registers.held() as usize, ends.iter().flatten().count());
                assert!((0..count).all(|register| registers.is_free(register as u16) == ends[register].is_none()));
                assert!(!registers.is_free(count as u16));
                let later = point + random(count as u32);
                let above = ends.iter().rposition(|end| end.is_some_and(|end| end > later)).map_or(0, |last| last + 1);
                assert_eq!(usize::from(registers.first_free_above(later)), above);
            }
        }
    }
}
