//! Which registers are held, and until when.

/// Registers that one word has bits for.
const WIDTH: usize = 64;

/// Registers while live ranges are scanned in the order in which they begin.
#[derive(Debug, Default)]
pub(super) struct Registers {
    /// All registers up to the highest that was held. Those above are free.
    words: Vec<Word>,
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

impl Registers {
    /// All are free from now on, of so many.
    pub(super) fn begin(&mut self, count: u16) {
        self.words.truncate(1);
        for word in &mut self.words {
            (word.held, word.soonest) = (0, u32::MAX);
        }
        (self.count, self.held) = (count, 0);
    }

    /// Registers that are held until before a point get free.
    #[inline]
    pub(super) fn expire(&mut self, point: u32) {
        for word in self.words.iter_mut().filter(|word| word.soonest < point) {
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
        let (word, bit) = (usize::from(register) / WIDTH, usize::from(register) % WIDTH);
        register < self.count && self.words.get(word).is_none_or(|word| word.held >> bit & 1 == 0)
    }

    /// The lowest that is free, if any is.
    #[inline]
    pub(super) fn lowest_free(&self) -> Option<u16> {
        let full = self.words.iter().take_while(|word| word.held == u64::MAX).count();
        let register = full * WIDTH + self.words.get(full).map_or(0, |word| word.held.trailing_ones() as usize);
        u16::try_from(register).ok().filter(|&register| register < self.count)
    }

    /// One is held from the point reached until this one.
    #[inline]
    pub(super) fn hold(&mut self, register: u16, end: u32) {
        let (word, bit) = (usize::from(register) / WIDTH, usize::from(register) % WIDTH);
        if word >= self.words.len() {
            self.words.resize(word + 1, Word { held: 0, soonest: u32::MAX, ends: [0; WIDTH] });
        }
        let word = &mut self.words[word];
        word.held |= 1 << bit;
        word.soonest = word.soonest.min(end);
        word.ends[bit] = end;
        self.held += 1;
    }

    /// One past the highest that is held until behind a point.
    #[inline]
    pub(super) fn first_free_above(&self, point: u32) -> u16 {
        for (index, word) in self.words.iter().enumerate().rev() {
            let mut held = word.held;
            while held != 0 {
                let highest = held.ilog2();
                if word.ends[highest as usize] > point {
                    return (index * WIDTH) as u16 + highest as u16 + 1;
                }
                held &= !(1 << highest);
            }
        }
        0
    }
}

impl Word {
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
