//! The patterns of conflict that blocks are measured with.

use super::{Numbers, Script, Step};

/// A pattern of conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each transaction has an account of its own.
    Independent,
    /// Transfers between accounts drawn from so many.
    Transfers {
        /// How many.
        accounts: u64,
    },
    /// Tokens, each with a supply that all its transactions update, drawn from so many.
    Tokens {
        /// How many.
        tokens: u64,
    },
    /// All trade with one pool.
    HotPool,
    /// One sender pays many.
    OneSender,
    /// Each transaction has an account of its own, and all pay a fee to one account by a delta.
    OneFee,
    /// Half are independent, a quarter transfers among a thousand accounts, a quarter tokens, and all pay a fee.
    Mix,
}

impl Shape {
    /// All, at sizes that are usual.
    pub const ALL: [(&str, Shape); 8] = [
        ("independent", Shape::Independent),
        ("transfers 10000", Shape::Transfers { accounts: 10_000 }),
        ("transfers 100", Shape::Transfers { accounts: 100 }),
        ("tokens 16", Shape::Tokens { tokens: 16 }),
        ("hot pool", Shape::HotPool),
        ("one sender", Shape::OneSender),
        ("one fee", Shape::OneFee),
        ("mix", Shape::Mix),
    ];

    /// A block of this shape: so many transactions, each of which computes for about `work` nanoseconds. The seed determines it.
    pub fn block(self, count: usize, work: u32, seed: u64) -> Script {
        let mut numbers = Numbers(seed);
        let transactions = (0..count as u64).map(|index| self.transaction(index, work, &mut numbers)).collect();
        Script { transactions, endowment: 1 << 40, endowed: u64::MAX }
    }

    fn transaction(self, index: u64, work: u32, numbers: &mut Numbers) -> Vec<Step> {
        // Accounts of one's own, tokens and the fee account lie apart from those of transfers.
        let own = (1 << 40) + index;
        match self {
            Shape::Independent => vec![Step::Update { account: own, work }],
            Shape::Transfers { accounts } => {
                let from = numbers.below(accounts);
                let to = (from + 1 + numbers.below(accounts - 1)) % accounts;
                vec![Step::Transfer { from, to, amount: 1, work }]
            }
            Shape::Tokens { tokens } => {
                let token = (1 << 50) + numbers.below(tokens);
                vec![Step::Read(own), Step::Update { account: token, work }, Step::Write(own)]
            }
            Shape::HotPool => vec![Step::Read(own), Step::Update { account: 1 << 50, work }, Step::Write(own)],
            Shape::OneSender => vec![Step::Transfer { from: 1 << 50, to: own, amount: 1, work }],
            Shape::OneFee => vec![Step::Update { account: own, work }, Step::Add(1 << 60, 1)],
            Shape::Mix => {
                let part = match numbers.below(4) {
                    0 => Shape::Transfers { accounts: 1000 },
                    1 => Shape::Tokens { tokens: 16 },
                    _ => Shape::Independent,
                };
                let mut steps = part.transaction(index, work, numbers);
                steps.push(Step::Add(1 << 60, 1));
                steps
            }
        }
    }
}
