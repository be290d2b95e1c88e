//! Random blocks, in which everything meets: few accounts, steps that depend on what was read, bounds, failures.

use super::{Script, Step};

/// Random numbers that a seed determines (SplitMix64: Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators*, 2014).
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next one.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        number ^ (number >> 31)
    }

    /// The next one, below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }
}

/// A block of up to `most` transactions. The seed determines it.
pub fn random(seed: u64, most: usize) -> Script {
    let mut numbers = Numbers(seed);
    let count = 1 + numbers.below(most as u64) as usize;
    let most_accounts = if numbers.below(2) == 0 { 4 } else { 24 };
    let accounts = 1 + numbers.below(most_accounts);
    let longest = 1 + numbers.below(7);
    let transactions = (0..count).map(|_| {
        let length = 1 + numbers.below(longest);
        (0..length).map(|_| step(&mut numbers, accounts)).collect()
    });
    let transactions = transactions.collect();
    Script { transactions, endowment: numbers.below(8), endowed: numbers.below(accounts + 1) }
}

fn step(numbers: &mut Numbers, accounts: u64) -> Step {
    let account = numbers.below(accounts);
    match numbers.below(16) {
        0..3 => Step::Read(account),
        3..5 => Step::Write(account),
        5..8 => Step::Add(account, numbers.below(9) as i64 - 4),
        8 => Step::Remove(account),
        9 => Step::ReadAny(accounts),
        10 => Step::WriteAny(accounts),
        11 => Step::SkipIfOdd(1 + numbers.below(3) as usize),
        12 => Step::FailIfMultiple(2 + numbers.below(4)),
        13 => Step::Update { account, work: 0 },
        _ => Step::Transfer { from: account, to: numbers.below(accounts), amount: numbers.below(6), work: 0 },
    }
}
