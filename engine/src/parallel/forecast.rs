//! What a transaction will probably write, by how others that call the same action went.
//!
//! A contract's code decides what is written, but mostly in one of few ways: a field, or the entry of a map under the sender, an argument, or a key that is always the
//! same. So the writes of two calls of an action, each put in these terms, have in common what a third call will write. The scheduler is told where transactions are often
//! in each other's way: whoever reads such a location then waits for the writer instead of being executed twice. A forecast that is wrong costs time only.
//!
//! Access lists that a client gives with a transaction (EIP-2930), or an analysis of the code, would say the same; this needs neither.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fxhash::{FxHashMap, FxHasher};
use runtime::canonical::{Item, Reader};
use runtime::host::{Key, OwnedKey, Slot, Stored, Transaction};
use smallvec::SmallVec;

/// Something that is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Written {
    /// A field.
    Field(Slot),
    /// An entry of a map.
    Entry(Slot, OwnedKey),
    /// The log.
    Log,
}

/// Where the key of an entry comes from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// Who calls, and then the arguments, by number.
    Input(usize),
    /// It is always this.
    Constant(OwnedKey),
}

/// Something that calls of an action write.
#[derive(Clone, Debug, PartialEq)]
enum Pattern {
    Field(Slot),
    Entry(Slot, Source),
    Log,
}

/// Contract and action.
type Call = (Arc<str>, Arc<str>);

/// What calls of an action write.
#[derive(Debug)]
struct Forecast {
    call: Call,
    patterns: Vec<Pattern>,
}

/// What one call has shown.
struct Example {
    sender: Arc<str>,
    arguments: Stored,
    patterns: Vec<Pattern>,
}

/// So many actions are known at most, a power of two.
const MOST: usize = 256;
/// How far from its place one may be.
const REACH: usize = 8;

/// What calls of actions write, as far as it is known.
pub(super) struct Forecasts {
    /// Whether one was asked for that is not known.
    are_wanted: AtomicBool,
    /// Known ones, by hash. Each is set once, so nobody who looks is in another's way.
    known: Box<[OnceLock<Forecast>]>,
    examples: Mutex<FxHashMap<Call, Example>>,
}

impl Forecasts {
    pub(super) fn new() -> Self {
        let known = (0..MOST).map(|_| OnceLock::new()).collect();
        Self { are_wanted: false.into(), known, examples: Mutex::default() }
    }

    /// Hands out what a transaction will probably write, if it is known.
    pub(super) fn expect(&self, transaction: &Transaction, mut expect: impl FnMut(Forecasted<'_>)) {
        let Some(forecast) = self.find(transaction) else {
            if !self.are_wanted.load(Ordering::Relaxed) {
                self.are_wanted.store(true, Ordering::Relaxed);
            }
            return;
        };
        let inputs = inputs(transaction);
        for pattern in &forecast.patterns {
            match pattern {
                Pattern::Field(slot) => expect(Forecasted::Field(*slot)),
                Pattern::Log => expect(Forecasted::Log),
                Pattern::Entry(map, Source::Constant(key)) => expect(Forecasted::Entry(*map, key.borrowed())),
                Pattern::Entry(map, Source::Input(number)) => {
                    if let Some(&key) = inputs.get(*number) {
                        expect(Forecasted::Entry(*map, key));
                    }
                }
            }
        }
    }

    /// Whether it should be shown what a transaction wrote.
    pub(super) fn wants(&self, transaction: &Transaction) -> bool {
        self.are_wanted.load(Ordering::Relaxed) && self.find(transaction).is_none()
    }

    /// Takes note of what a transaction wrote that succeeded.
    pub(super) fn learn(&self, transaction: &Transaction, written: impl Iterator<Item = Written>) {
        let inputs = inputs(transaction);
        let patterns: Vec<Pattern> = written.flat_map(|written| patterns(written, &inputs)).collect();
        let Transaction { sender, contract, action, arguments, .. } = transaction;
        let call = (Arc::clone(contract), Arc::clone(action));
        let mut examples = self.examples.lock().unwrap_or_else(PoisonError::into_inner);
        match examples.remove(&call) {
            // What is the same in both says nothing where their inputs are the same.
            Some(example) if example.sender != *sender || example.arguments != *arguments => {
                let mut patterns = patterns;
                patterns.retain(|pattern| example.patterns.contains(pattern));
                self.add(Forecast { call, patterns });
                self.are_wanted.store(false, Ordering::Relaxed);
            }
            _ if examples.len() < MOST => {
                let (sender, arguments) = (Arc::clone(sender), arguments.clone());
                examples.insert(call, Example { sender, arguments, patterns });
            }
            _ => {}
        }
    }

    fn places(&self, contract: &str, action: &str) -> impl Iterator<Item = &OnceLock<Forecast>> {
        let mut hasher = FxHasher::default();
        (contract, action).hash(&mut hasher);
        let first = (hasher.finish() >> 32) as usize;
        (first..first + REACH).map(|at| &self.known[at % MOST])
    }

    fn find(&self, transaction: &Transaction) -> Option<&Forecast> {
        let Transaction { contract, action, .. } = transaction;
        let known = self.places(contract, action).map_while(OnceLock::get);
        known.into_iter().find(|forecast| forecast.call.0 == *contract && forecast.call.1 == *action)
    }

    /// Makes one known. Where there is no place for it, it stays unknown.
    fn add(&self, forecast: Forecast) {
        let call = forecast.call.clone();
        let mut forecast = Some(forecast);
        for place in self.places(&call.0, &call.1) {
            match place.set(forecast.take().expect("it is put back where the place was taken")) {
                Ok(()) => return,
                Err(refused) => forecast = Some(refused),
            }
        }
    }
}

/// Something that will probably be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Forecasted<'t> {
    /// A field.
    Field(Slot),
    /// An entry of a map.
    Entry(Slot, Key<'t>),
    /// The log.
    Log,
}

/// Who calls and the arguments before the first that cannot be a key.
fn inputs(transaction: &Transaction) -> SmallVec<[Key<'_>; 8]> {
    let mut inputs = SmallVec::new();
    inputs.push(Key::String(&transaction.sender));
    let Stored::Encoded(arguments) = &transaction.arguments else { return inputs };
    let mut reader = Reader::new(arguments);
    let Ok(Item::List(count)) = reader.item() else { return inputs };
    for _ in 0..count {
        inputs.push(match reader.item() {
            Ok(Item::String(text)) => Key::String(text),
            Ok(Item::Int(value)) => Key::Int(value),
            Ok(Item::Bool(value)) => Key::Bool(value),
            _ => break,
        });
    }
    inputs
}

/// In what ways a call may have come to write this: all inputs that are the key, or none of them.
fn patterns(written: Written, inputs: &[Key<'_>]) -> SmallVec<[Pattern; 2]> {
    let (map, key) = match written {
        Written::Field(slot) => return SmallVec::from_iter([Pattern::Field(slot)]),
        Written::Log => return SmallVec::from_iter([Pattern::Log]),
        Written::Entry(map, key) => (map, key),
    };
    let of_inputs = inputs.iter().enumerate().filter(|(_, input)| **input == key.borrowed());
    let mut patterns: SmallVec<_> = of_inputs.map(|(number, _)| Pattern::Entry(map, Source::Input(number))).collect();
    if patterns.is_empty() {
        patterns.push(Pattern::Entry(map, Source::Constant(key)));
    }
    patterns
}

#[cfg(test)]
mod tests {
    use runtime::canonical::Writer;

    use super::*;

    const BALANCES: Slot = Slot(7);
    const NOTES: Slot = Slot(8);

    fn transfer(sender: &str, to: &str, amount: i64) -> Transaction {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        writer.list(2);
        writer.string(to);
        writer.int(amount);
        Transaction {
            sender: sender.into(),
            contract: "token".into(),
            action: "transfer".into(),
            arguments: Stored::Encoded(bytes.into()),
            gas_limit: None,
        }
    }

    /// What a transfer writes; a note is under a key that only the state knows.
    fn written(sender: &str, to: &str, note: i64) -> Vec<Written> {
        let entry = |map, key: Key<'_>| Written::Entry(map, key.into());
        vec![
            entry(BALANCES, Key::String(sender)),
            entry(BALANCES, Key::String(to)),
            entry(NOTES, Key::Int(note)),
            entry(NOTES, Key::String("last")),
            Written::Field(Slot(9)),
        ]
    }

    fn expected(forecasts: &Forecasts, transaction: &Transaction) -> Vec<String> {
        let mut all = Vec::new();
        forecasts.expect(transaction, |forecasted| all.push(format!("{forecasted:?}")));
        all
    }

    #[test]
    fn two_calls_say_what_a_third_will_write() {
        let forecasts = Forecasts::new();
        let third = transfer("carol", "dave", 5);
        assert!(!forecasts.wants(&third), "nobody has asked");
        assert_eq!(expected(&forecasts, &third), [""; 0]);
        assert!(forecasts.wants(&third));
        forecasts.learn(&transfer("alice", "bob", 1), written("alice", "bob", 100).into_iter());
        // The same once more tells nothing new.
        forecasts.learn(&transfer("alice", "bob", 1), written("alice", "bob", 100).into_iter());
        assert_eq!(expected(&forecasts, &third), [""; 0]);
        forecasts.learn(&transfer("bob", "carol", 2), written("bob", "carol", 101).into_iter());
        let all = [
            r#"Entry(Slot(7), String("carol"))"#,
            r#"Entry(Slot(7), String("dave"))"#,
            r#"Entry(Slot(8), String("last"))"#,
            "Field(Slot(9))",
        ];
        assert_eq!(expected(&forecasts, &third), all);
        assert!(!forecasts.wants(&third));
    }

    #[test]
    fn what_may_have_come_from_two_inputs_is_told_apart_later() {
        let forecasts = Forecasts::new();
        let to_itself = transfer("alice", "alice", 1);
        expected(&forecasts, &to_itself);
        forecasts.learn(&to_itself, written("alice", "alice", 1).into_iter().skip(1).take(1));
        forecasts.learn(&transfer("alice", "bob", 2), written("alice", "bob", 1).into_iter().skip(1).take(1));
        assert_eq!(expected(&forecasts, &transfer("carol", "dave", 1)), [r#"Entry(Slot(7), String("dave"))"#]);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let forecasts = Forecasts::new();
        for action in 0..4 * MOST {
            let call = |sender: &str| Transaction { action: action.to_string().into(), ..transfer(sender, "bob", 1) };
            for sender in ["alice", "carol"] {
                forecasts.learn(&call(sender), written(sender, "bob", 1).into_iter());
            }
        }
        let known = forecasts.known.iter().filter(|place| place.get().is_some()).count();
        assert!(known > MOST / 2, "{known}");
        assert!(forecasts.examples.lock().unwrap().is_empty());
    }
}
