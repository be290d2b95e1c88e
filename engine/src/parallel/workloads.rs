//! Blocks to measure with: the patterns of conflict that the literature measures with, as calls of contracts.
//!
//! What a workload is, is which program it runs on and how a transaction is drawn; all are one table.

use std::sync::Arc;

use runtime::canonical::{Reader, Writer};
use runtime::host::{Stored, Transaction};

use super::program::ContractProgram;
use crate::compiled::{Compiled, Source};
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::random::Random;
use crate::workloads::bundled_file;

/// Sizes and contention of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Transactions of a block.
    pub transactions: usize,
    /// Accounts that transfers are drawn from.
    pub accounts: usize,
    /// Tokens of the clusters.
    pub tokens: usize,
    /// Steps of work besides what a transaction does to the state.
    pub work: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { transactions: 1000, accounts: 10_000, tokens: 16, work: 0 }
    }
}

/// A pattern of conflict.
#[derive(Debug)]
pub struct BlockWorkload {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Path of the program, among the bundled ones.
    file: &'static str,
    /// How many tokens, holders of each and pools there are, or accounts.
    world: fn(&Sizes) -> Vec<usize>,
    draw: fn(&mut Draw<'_>, usize) -> Transaction,
}

/// All of them.
pub const BLOCK_WORKLOADS: &[BlockWorkload] = &[
    BlockWorkload {
        name: "raw-transfers",
        about: "coins moved between accounts drawn at random, without any code",
        file: "blocks/coins.zx",
        world: |sizes| vec![sizes.accounts],
        draw: |draw, _| {
            let (from, to) = draw.two_accounts(draw.sizes.accounts);
            draw.raw_transfer(from, to)
        },
    },
    BlockWorkload {
        name: "transfers",
        about: "one token moved between accounts drawn at random",
        file: MARKET,
        world: |sizes| vec![1, sizes.accounts, 0],
        draw: |draw, _| {
            let (from, to) = draw.two_accounts(draw.sizes.accounts);
            draw.token(0, "transfer", from, to)
        },
    },
    BlockWorkload {
        name: "independent-tokens",
        about: "each transaction moves a token of its own",
        file: MARKET,
        world: |sizes| vec![sizes.transactions, 2, 0],
        draw: |draw, index| draw.token(index, "spend", 2 * index, 2 * index + 1),
    },
    BlockWorkload {
        name: "token-clusters",
        about: "tokens, each with a supply that all its transfers change",
        file: MARKET,
        world: |sizes| vec![sizes.tokens, MEMBERS, 0],
        draw: |draw, _| {
            let token = draw.random.below(draw.sizes.tokens);
            let (from, to) = draw.two_accounts(MEMBERS);
            draw.token(token, "spend", token * MEMBERS + from, token * MEMBERS + to)
        },
    },
    BlockWorkload {
        name: "independent-pools",
        about: "each transaction trades with a pool of its own",
        file: MARKET,
        world: |sizes| vec![0, 0, sizes.transactions],
        draw: |draw, index| draw.trade(index, index),
    },
    BlockWorkload {
        name: "hot-pool",
        about: "all transactions trade with one pool",
        file: MARKET,
        world: |_| vec![0, 0, 1],
        draw: |draw, index| draw.trade(0, index),
    },
    BlockWorkload {
        name: "one-sender",
        about: "one sender pays many receivers, one after the other",
        file: MARKET,
        world: |sizes| vec![1, sizes.transactions + 1, 0],
        draw: |draw, index| draw.token(0, "transfer", 0, index + 1),
    },
    BlockWorkload {
        name: "one-fee",
        about: "each transaction has an account of its own, and all pay a fee to one account",
        file: MARKET,
        world: |_| vec![0, 0, 0],
        draw: |draw, index| draw.order(index),
    },
    BlockWorkload {
        name: "mix",
        about: "half are transfers between accounts of their own, a quarter between a thousand accounts, a quarter in clusters of tokens",
        file: MARKET,
        world: |sizes| vec![sizes.tokens + 1, MIXED + 2 * sizes.transactions / (sizes.tokens + 1) + 1, 0],
        draw: |draw, index| draw.mixed(index),
    },
];

const MARKET: &str = "blocks/market.zx";
/// Holders of each token of a cluster.
const MEMBERS: usize = 16;
/// Accounts that the transfers of a mix are drawn from.
const MIXED: usize = 1000;

/// The workload of this name.
pub fn block_workload(name: &str) -> Option<&'static BlockWorkload> {
    BLOCK_WORKLOADS.iter().find(|workload| workload.name == name)
}

impl BlockWorkload {
    /// Its program, with as many contracts and accounts as the sizes want.
    ///
    /// # Errors
    /// When it cannot be made ready for this configuration.
    pub fn program(&self, sizes: &Sizes, configuration: &Configuration) -> Result<Arc<ContractProgram>, EngineError> {
        let text = bundled_file(self.file).unwrap_or_else(|| panic!("programs/{} is bundled", self.file));
        let compiled = Compiled::new(&Source::text(self.file, text))?;
        let arguments = (self.world)(sizes).iter().map(usize::to_string).collect();
        ContractProgram::new(&compiled, configuration, arguments)
    }

    /// A block, where `returned` is what the program's top level gave. The seed determines it.
    ///
    /// # Panics
    /// When that is not what the workload's program gives.
    pub fn block(&self, sizes: &Sizes, returned: &Stored, seed: u64) -> Arc<[Transaction]> {
        let addresses = texts(returned).expect("the program returns the addresses of its contracts");
        let mut draw = Draw { sizes, addresses: &addresses, random: Random::new(seed), holders: (self.world)(sizes) };
        (0..sizes.transactions).map(|index| (self.draw)(&mut draw, index)).collect()
    }
}

/// The texts that a kept list has; none if it is no list of texts.
pub fn texts(list: &Stored) -> Option<Vec<Arc<str>>> {
    let Stored::Encoded(bytes) = list else { return None };
    let mut reader = Reader::new(bytes);
    let count = reader.list().ok()?;
    (0..count).map(|_| reader.string().ok().map(Arc::from)).collect()
}

/// What transactions are drawn from.
struct Draw<'d> {
    sizes: &'d Sizes,
    /// Of tokens, then pools, then the shop.
    addresses: &'d [Arc<str>],
    random: Random,
    holders: Vec<usize>,
}

fn account(number: usize) -> Arc<str> {
    format!("account {number}").into()
}

/// A list of arguments, kept.
fn list(count: usize, write: impl FnOnce(&mut Writer<'_>)) -> Stored {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    writer.list(count);
    write(&mut writer);
    Stored::Encoded(bytes.into())
}

impl Draw<'_> {
    fn two_accounts(&mut self, among: usize) -> (usize, usize) {
        let from = self.random.below(among);
        (from, (from + 1 + self.random.below(among - 1)) % among)
    }

    fn raw_transfer(&self, from: usize, to: usize) -> Transaction {
        let arguments = list(2, |writer| {
            writer.string(&account(to));
            writer.int(1);
        });
        Transaction { sender: account(from), action: "transfer".into(), arguments, ..Transaction::default() }
    }

    fn call(&self, sender: usize, contract: usize, action: &str, arguments: Stored) -> Transaction {
        let contract = Arc::clone(&self.addresses[contract]);
        Transaction { sender: account(sender), contract, action: action.into(), arguments, gas_limit: None }
    }

    /// Moves two units of a token.
    fn token(&self, token: usize, action: &str, from: usize, to: usize) -> Transaction {
        let arguments = list(3, |writer| {
            writer.string(&account(to));
            writer.int(2);
            writer.int(self.sizes.work.into());
        });
        self.call(from, token, action, arguments)
    }

    fn trade(&mut self, pool: usize, sender: usize) -> Transaction {
        let amount = 1 + self.random.below(1000) as i64;
        let action = if self.random.below(2) == 0 { "buy" } else { "sell" };
        let arguments = list(2, |writer| {
            writer.int(amount);
            writer.int(self.sizes.work.into());
        });
        self.call(sender, self.holders[0] + pool, action, arguments)
    }

    fn order(&self, index: usize) -> Transaction {
        let arguments = list(2, |writer| {
            writer.int(3);
            writer.int(self.sizes.work.into());
        });
        self.call(index, self.addresses.len() - 1, "order", arguments)
    }

    fn mixed(&mut self, index: usize) -> Transaction {
        let holders = self.holders[1];
        match self.random.below(4) {
            0 => {
                let (from, to) = self.two_accounts(MIXED);
                self.token(0, "transfer", from, to)
            }
            1 => {
                let token = 1 + self.random.below(self.sizes.tokens);
                let (from, to) = self.two_accounts(MEMBERS);
                self.token(token, "spend", token * holders + from, token * holders + to)
            }
            _ => {
                // Two accounts of one token that no other transaction of the block has.
                let (token, pair) = (index % (self.sizes.tokens + 1), index / (self.sizes.tokens + 1));
                let first = token * holders + MIXED + 2 * pair;
                self.token(token, "transfer", first, first + 1)
            }
        }
    }
}
