//! What scripts mean, on its own: one map, copied for each transaction, and nothing of the scheduler.

use std::collections::BTreeMap;

use super::{Script, Step, compute, mix, written};

/// What a block comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Result {
    /// The output of each transaction.
    pub outputs: Vec<u64>,
    /// What each account holds that was written; nothing for one that was removed.
    pub state: BTreeMap<u64, Option<u64>>,
}

/// What a block must come to.
pub fn model(block: &Script) -> Result {
    let mut state: BTreeMap<u64, Option<u64>> = BTreeMap::new();
    let mut outputs = Vec::new();
    for index in 0..block.transactions.len() {
        let mut own = state.clone();
        let (output, is_kept) = model_transaction(block, index, &mut own);
        outputs.push(output);
        if is_kept {
            state = own;
        }
    }
    Result { outputs, state }
}

fn model_transaction(block: &Script, index: usize, state: &mut BTreeMap<u64, Option<u64>>) -> (u64, bool) {
    let get = |state: &BTreeMap<u64, Option<u64>>, account: u64| {
        state.get(&account).copied().unwrap_or_else(|| block.initial(account))
    };
    let seen = |number: u64, value: Option<u64>| mix(number, value.map_or(0, |value| value + 1));
    let mut number = index as u64;
    let steps = &block.transactions[index];
    let mut at = 0;
    while at < steps.len() {
        match steps[at] {
            Step::Read(account) => number = seen(number, get(state, account)),
            Step::Write(account) => drop(state.insert(account, Some(written(number, account)))),
            Step::Add(account, amount) => {
                let sum = i128::from(get(state, account).unwrap_or(0)) + i128::from(amount);
                if let Ok(sum) = u64::try_from(sum) {
                    state.insert(account, Some(sum));
                }
                number = mix(number, u64::try_from(sum).is_ok().into());
            }
            Step::Remove(account) => drop(state.insert(account, None)),
            Step::ReadAny(among) => number = seen(number, get(state, number % among)),
            Step::WriteAny(among) => drop(state.insert(number % among, Some(written(number, number % among)))),
            Step::SkipIfOdd(count) => at += if number % 2 == 1 { count } else { 0 },
            Step::FailIfMultiple(of) if number.is_multiple_of(of) => return (!number, false),
            Step::FailIfMultiple(_) => {}
            Step::Transfer { from, to, amount, work } => {
                let (payer, payee) = (get(state, from).unwrap_or(0), get(state, to).unwrap_or(0));
                number = compute(number ^ payer ^ payee, work);
                if from != to && payer >= amount {
                    state.insert(from, Some(payer - amount));
                    state.insert(to, Some(payee + amount));
                }
            }
            Step::Update { account, work } => {
                number = compute(seen(number, get(state, account)), work);
                state.insert(account, Some(written(number, account)));
            }
            Step::Work(work) => number = compute(number, work),
        }
        at += 1;
    }
    (number, true)
}
