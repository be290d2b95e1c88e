//! The blocks that a ledger is filled with: each is a function of its height and the state before it.

use ledger::Chain;
use runtime::Fault;
use runtime::host::{BlockSummary, Key, Ledger, MapHead, Slot, Status, Stored, Transaction, TransactionOutcome};

/// Numbers that look random (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Makes the next block: transactions, some of them undone, that write, remove and clear, and now and then large values.
pub(crate) fn next_block(chain: &mut Chain) -> Result<BlockSummary, Fault> {
    let height = chain.height() + 1;
    let mut numbers = Numbers(height);
    let bank = chain.contract("Bank")?;
    let balances = chain.field(bank, "balances")?;
    let total = chain.field(bank, "total")?;
    for _ in 0..numbers.below(4) {
        chain.begin()?;
        for _ in 0..numbers.below(12) {
            let key = format!("account {}", numbers.below(300));
            let account = Key::String(&key);
            match numbers.below(8) {
                0 => {
                    chain.remove_entry(balances, account)?;
                }
                1 => {
                    let text = "x".repeat(numbers.below(3000) as usize);
                    chain.write_entry(balances, account, Stored::String(text.into()))?;
                }
                2 => {
                    chain.write_entry(Slot::GLOBAL, Key::Int(numbers.below(50) as i64), Stored::Int(height as i64))?;
                }
                _ => {
                    chain.write_entry(balances, account, Stored::Int(numbers.next() as i64))?;
                }
            }
        }
        if numbers.below(40) == 0 {
            chain.write(balances, Stored::Map(MapHead::default()))?;
        }
        chain.write(total, Stored::Int(height as i64))?;
        chain.emit(bank, "Changed", Stored::Int(height as i64))?;
        let status = if numbers.below(4) == 0 {
            chain.revert()?;
            Status::Reverted
        } else {
            chain.commit()?;
            Status::Success
        };
        let transaction = Transaction {
            sender: format!("sender {}", numbers.below(9)).into(),
            contract: "Bank".into(),
            action: "change".into(),
            ..Transaction::default()
        };
        let error = (status == Status::Reverted).then(|| "as it should".to_string());
        chain.record(transaction, TransactionOutcome { status, gas_used: numbers.below(10_000), error })?;
    }
    if numbers.below(3) == 0 {
        chain.append(Stored::Int(height as i64), height as i64)?;
    }
    chain.commit_block(height as i64)
}
