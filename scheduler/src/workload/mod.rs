//! Blocks to test and measure with: transactions as short scripts over numbered accounts.
//!
//! [`random`] makes blocks that look for mistakes; [`shapes`](self::Shape) are the patterns of conflict that the literature measures with (Block-STM, section 4, and
//! the Ethereum blocks of later papers).

mod model;
mod random;
mod shapes;

use crate::delta::Sum;
use crate::traits::Transactions;
use crate::view::{Stop, View};

pub use model::{Result, model};
pub use random::{Numbers, random};
pub use shapes::Shape;

/// A step of a transaction. A transaction has one number, which starts as its index; reads change it, and it decides what is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Mixes what the account holds into the number.
    Read(u64),
    /// Makes the account hold something that depends on the number.
    Write(u64),
    /// Adds to the account without reading it; whether that was allowed goes into the number.
    Add(u64, i64),
    /// Makes the account hold nothing.
    Remove(u64),
    /// [`Step::Read`] of one of so many accounts: which, depends on the number.
    ReadAny(u64),
    /// [`Step::Write`] to one of so many accounts: which, depends on the number.
    WriteAny(u64),
    /// Leaves out so many steps if the number is odd.
    SkipIfOdd(usize),
    /// Drops all writes and ends the transaction if the number is a multiple of this.
    FailIfMultiple(u64),
    /// Reads two accounts, computes, and moves an amount from the first to the second if it is there.
    Transfer {
        /// Who pays.
        from: u64,
        /// Who is paid.
        to: u64,
        /// How much.
        amount: u64,
        /// How long it computes, see [`Step::Work`].
        work: u32,
    },
    /// Reads the account, computes, and writes it.
    Update {
        /// Which one.
        account: u64,
        /// How long it computes, see [`Step::Work`].
        work: u32,
    },
    /// Computes: so many dependent multiplications, each of about a nanosecond.
    Work(u32),
}

/// A block of scripts on accounts that hold something at first.
#[derive(Clone, Debug)]
pub struct Script {
    /// The steps of each transaction.
    pub transactions: Vec<Vec<Step>>,
    /// What each account holds before the block, by a rule: see [`Script::initial`].
    pub endowment: u64,
    /// How many accounts hold that. The others hold nothing.
    pub endowed: u64,
}

impl Script {
    /// What the account holds before the block.
    pub fn initial(&self, account: u64) -> Option<u64> {
        (account < self.endowed).then_some(self.endowment)
    }
}

/// Another number that depends on both.
pub fn mix(number: u64, with: u64) -> u64 {
    let product = (number ^ with.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    product ^ product >> 29
}

/// What [`Step::Write`] writes. Small, so that sums and what is subtracted from them meet bounds now and then.
pub fn written(number: u64, account: u64) -> u64 {
    mix(number, account) % 64
}

/// Computes for so many steps; what comes out depends on all of them.
pub fn compute(number: u64, steps: u32) -> u64 {
    (0..steps).fold(number, |number, _| number.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 1)
}

impl Transactions for Script {
    type Key = u64;
    type Value = u64;
    type Output = u64;
    type Context = ();

    fn count(&self) -> usize {
        self.transactions.len()
    }

    fn execute(&self, _: &mut (), index: usize, view: &mut View<'_, u64, u64>) -> std::result::Result<u64, Stop> {
        let mut number = index as u64;
        let seen = |number, value: Option<u64>| mix(number, value.map_or(0, |value| value + 1));
        let mut steps = self.transactions[index].iter();
        while let Some(step) = steps.next() {
            match *step {
                Step::Read(account) => number = seen(number, view.read(&account)?),
                Step::Write(account) => view.write(account, written(number, account))?,
                Step::Add(account, amount) => {
                    let is_allowed = view.add(account, Sum::new(amount))?;
                    number = mix(number, is_allowed.into());
                }
                Step::Remove(account) => view.remove(account)?,
                Step::ReadAny(among) => number = seen(number, view.read(&(number % among))?),
                Step::WriteAny(among) => view.write(number % among, written(number, number % among))?,
                Step::SkipIfOdd(count) if number % 2 == 1 => steps = steps.as_slice()[count.min(steps.len())..].iter(),
                Step::SkipIfOdd(_) => {}
                Step::FailIfMultiple(of) if number.is_multiple_of(of) => {
                    view.discard()?;
                    return Ok(!number);
                }
                Step::FailIfMultiple(_) => {}
                Step::Transfer { from, to, amount, work } => {
                    let payer = view.read(&from)?.unwrap_or(0);
                    let payee = view.read(&to)?.unwrap_or(0);
                    number = compute(number ^ payer ^ payee, work);
                    if from != to && payer >= amount {
                        view.write(from, payer - amount)?;
                        view.write(to, payee.wrapping_add(amount))?;
                    }
                }
                Step::Update { account, work } => {
                    number = compute(seen(number, view.read(&account)?), work);
                    view.write(account, written(number, account))?;
                }
                Step::Work(work) => number = compute(number, work),
            }
        }
        Ok(number)
    }

    fn hint(&self, index: usize, expect: &mut dyn FnMut(u64)) {
        for step in &self.transactions[index] {
            match *step {
                Step::Transfer { from, to, .. } => {
                    expect(from);
                    expect(to);
                }
                Step::Update { account, .. } => expect(account),
                _ => {}
            }
        }
    }
}
