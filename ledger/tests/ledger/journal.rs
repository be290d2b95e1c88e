//! The journal against a model that copies everything at every checkpoint.

use std::collections::HashMap;

use ledger::Chain;
use proptest::prelude::*;
use runtime::ErrorKind;
use runtime::host::{ContractId, Digest, Immediate, Key, Ledger, MapHead, OwnedKey, Slot, Stored, footprint};

#[derive(Clone, Debug)]
enum Step {
    Begin,
    Commit,
    Revert,
    Write(usize, Option<i64>),
    Clear(usize),
    WriteEntry(usize, OwnedKey, i64),
    RemoveEntry(usize, OwnedKey),
    Emit(i64),
    Append(i64),
    Block,
}

#[derive(Clone, Debug, PartialEq)]
enum Field {
    Absent,
    Plain(Stored),
    Map(Vec<(OwnedKey, Stored)>),
}

/// What a ledger has; checkpoints are copies of it.
#[derive(Clone, Debug)]
struct Model {
    fields: Vec<Field>,
    events: Vec<i64>,
    entries: Vec<i64>,
}

const FIELDS: usize = 4;

fn key() -> impl Strategy<Value = OwnedKey> {
    prop_oneof![
        (0..6_i64).prop_map(OwnedKey::Int),
        any::<bool>().prop_map(OwnedKey::Bool),
        (0..4_u8).prop_map(|number| OwnedKey::String(format!("key {number}").into())),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let field = 0..FIELDS;
    prop_oneof![
        5 => Just(Step::Begin),
        2 => Just(Step::Commit),
        3 => Just(Step::Revert),
        3 => (field.clone(), prop::option::weighted(0.8, 0..5_i64)).prop_map(|(field, value)| Step::Write(field, value)),
        1 => field.clone().prop_map(Step::Clear),
        8 => (field.clone(), key(), 0..100_i64).prop_map(|(field, key, value)| Step::WriteEntry(field, key, value)),
        4 => (field, key()).prop_map(|(field, key)| Step::RemoveEntry(field, key)),
        1 => any::<i64>().prop_map(Step::Emit),
        1 => any::<i64>().prop_map(Step::Append),
        1 => Just(Step::Block),
    ]
}

impl Model {
    fn map(&mut self, field: usize) -> &mut Vec<(OwnedKey, Stored)> {
        if !matches!(self.fields[field], Field::Map(_)) {
            self.fields[field] = Field::Map(Vec::new());
        }
        match &mut self.fields[field] {
            Field::Map(entries) => entries,
            _ => unreachable!("it was made one"),
        }
    }

    /// Gives by how much the entry's footprint has grown.
    fn write_entry(&mut self, field: usize, key: OwnedKey, value: Stored) -> i64 {
        let entries = self.map(field);
        let size = footprint(Some(key.borrowed()), &value);
        match entries.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) => size - footprint(Some(key.borrowed()), &std::mem::replace(old, value)),
            None => {
                entries.push((key, value));
                size
            }
        }
    }

    fn remove_entry(&mut self, field: usize, key: &OwnedKey) -> Stored {
        let Field::Map(entries) = &mut self.fields[field] else { return Stored::Absent };
        let found = entries.iter().position(|(other, _)| other == key);
        found.map_or(Stored::Absent, |at| entries.remove(at).1)
    }
}

fn slots(chain: &mut Chain) -> Vec<Slot> {
    let contract = chain.contract("Bank").unwrap();
    (0..FIELDS).map(|field| chain.field(contract, &format!("field {field}")).unwrap()).collect()
}

fn check(chain: &Chain, slots: &[Slot], model: &Model) -> Result<(), TestCaseError> {
    for (&slot, field) in slots.iter().zip(&model.fields) {
        match field {
            Field::Absent => prop_assert_eq!(chain.read(slot), &Stored::Absent),
            Field::Plain(value) => prop_assert_eq!(chain.read(slot), value),
            Field::Map(entries) => {
                let is_map =
                    matches!(chain.read(slot), Stored::Map(MapHead { len, .. }) if *len as usize == entries.len());
                prop_assert!(is_map, "{:?} and {:?}", chain.read(slot), entries);
                prop_assert_eq!(&chain.entries(slot), entries);
                for (key, value) in entries {
                    prop_assert_eq!(chain.read_entry(slot, key.borrowed()), value);
                }
            }
        }
        if !matches!(field, Field::Map(_)) {
            prop_assert!(chain.entries(slot).is_empty());
            prop_assert_eq!(chain.read_entry(slot, Key::Int(1)), &Stored::Absent);
        }
    }
    let events: Vec<Stored> = chain.events().iter().map(|event| event.data.clone()).collect();
    prop_assert_eq!(events, model.events.iter().copied().map(Stored::Int).collect::<Vec<_>>());
    Ok(())
}

/// The root of a ledger that was only ever given what the model has, in another order.
fn root_of(model: &Model) -> Digest {
    let mut chain = Chain::in_memory();
    let slots = slots(&mut chain);
    chain.begin().unwrap();
    for (&slot, field) in slots.iter().zip(&model.fields).rev() {
        match field {
            Field::Absent => {}
            Field::Plain(value) => chain.write(slot, value.clone()).unwrap(),
            Field::Map(entries) => {
                chain.write(slot, Stored::Map(MapHead::default())).unwrap();
                for (key, value) in entries.iter().rev() {
                    chain.write_entry(slot, key.borrowed(), value.clone()).unwrap();
                }
            }
        }
    }
    chain.commit().unwrap();
    chain.state_root().unwrap()
}

fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut chain = Chain::in_memory();
    let slots = slots(&mut chain);
    let mut model = Model { fields: vec![Field::Absent; FIELDS], events: Vec::new(), entries: Vec::new() };
    let mut copies: Vec<Model> = Vec::new();
    let mut entries_in_blocks = 0;
    for step in steps {
        let is_open = !copies.is_empty();
        // What is refused changes nothing.
        let refused = |result: Result<(), runtime::Fault>| match result {
            Err(fault) => fault.kind == ErrorKind::Ledger,
            Ok(()) => false,
        };
        match step {
            Step::Begin => {
                chain.begin().unwrap();
                copies.push(model.clone());
            }
            Step::Commit if !is_open => prop_assert!(refused(chain.commit())),
            Step::Commit => {
                chain.commit().unwrap();
                copies.pop();
            }
            Step::Revert => match copies.pop() {
                Some(copy) => {
                    chain.revert().unwrap();
                    model = copy;
                }
                None => prop_assert!(refused(chain.revert())),
            },
            Step::Write(field, value) if !is_open => {
                prop_assert!(refused(chain.write(slots[field], value.map_or(Stored::Absent, Stored::Int))));
            }
            Step::Write(field, Some(value)) => {
                chain.write(slots[field], Stored::Int(value)).unwrap();
                model.fields[field] = Field::Plain(Stored::Int(value));
            }
            Step::Write(field, None) => {
                chain.write(slots[field], Stored::Absent).unwrap();
                model.fields[field] = Field::Absent;
            }
            Step::Clear(field) if !is_open => {
                prop_assert!(refused(chain.write(slots[field], Stored::Map(MapHead::default()))));
            }
            Step::Clear(field) => {
                chain.write(slots[field], Stored::Map(MapHead::default())).unwrap();
                model.fields[field] = Field::Map(Vec::new());
            }
            Step::WriteEntry(field, key, value) if !is_open => {
                prop_assert!(refused(chain.write_entry(slots[field], key.borrowed(), Stored::Int(value)).map(drop)));
            }
            Step::WriteEntry(field, key, value) => {
                // Numbers and texts of several lengths.
                let content = match value.rem_euclid(4) {
                    0 => Stored::Int(value),
                    length => Stored::String("x".repeat(length as usize).into()),
                };
                let immediate = content.immediate().and_then(Immediate::from_value);
                let growth = match immediate {
                    Some(number) => chain.write_immediate(slots[field], key.borrowed(), number),
                    None => chain.write_entry(slots[field], key.borrowed(), content.clone()),
                };
                prop_assert_eq!(growth.unwrap(), model.write_entry(field, key, content));
            }
            Step::RemoveEntry(field, key) if !is_open => {
                prop_assert!(refused(chain.remove_entry(slots[field], key.borrowed()).map(drop)));
            }
            Step::RemoveEntry(field, key) => {
                let removed = chain.remove_entry(slots[field], key.borrowed()).unwrap();
                prop_assert_eq!(removed, model.remove_entry(field, &key));
            }
            Step::Emit(data) => {
                chain.emit(ContractId::GLOBAL, "event", Stored::Int(data)).unwrap();
                model.events.push(data);
            }
            Step::Append(value) => {
                let index = chain.append(Stored::Int(value), 0).unwrap();
                prop_assert_eq!(index, entries_in_blocks + model.entries.len() as u64);
                model.entries.push(value);
            }
            Step::Block if is_open => {
                prop_assert!(refused(chain.commit_block(0).map(drop)));
                prop_assert!(refused(chain.state_root().map(drop)));
            }
            Step::Block => {
                prop_assert_eq!(chain.state_root().unwrap(), root_of(&model));
                let summary = chain.commit_block(7).unwrap();
                prop_assert_eq!(summary.state_root, root_of(&model));
                let block = chain.block(summary.height).unwrap().unwrap();
                let entries: Vec<Stored> = block.entries.iter().map(|entry| entry.value.clone()).collect();
                prop_assert_eq!(entries, model.entries.iter().map(|&value| Stored::Int(value)).collect::<Vec<_>>());
                let events: usize = block.receipts.iter().map(|receipt| receipt.events.len()).sum();
                prop_assert_eq!(events, model.events.len());
                entries_in_blocks += block.entries.len() as u64;
                (model.events, model.entries) = (Vec::new(), Vec::new());
            }
        }
        prop_assert_eq!(chain.depth(), copies.len());
        check(&chain, &slots, &model)?;
    }
    while let Some(copy) = copies.pop() {
        chain.revert().unwrap();
        check(&chain, &slots, &copy)?;
        model = copy;
    }
    let contents: HashMap<_, _> = chain.contents().into_iter().collect();
    let count: usize = model
        .fields
        .iter()
        .map(|field| match field {
            Field::Absent => 0,
            Field::Plain(_) => 1,
            Field::Map(entries) => 1 + entries.len(),
        })
        .sum();
    prop_assert_eq!(contents.len(), count);
    prop_assert_eq!(chain.state_root().unwrap(), root_of(&model));
    let head = chain.commit_block(0).unwrap();
    for height in 1..=head.height {
        let block = chain.block(height).unwrap().unwrap();
        let parent = chain.block(height - 1).unwrap().map(|block| block.header);
        prop_assert_eq!(block.check(), Ok(()));
        prop_assert_eq!(block.check_behind(parent.as_ref()), Ok(()));
        prop_assert_eq!(&ledger::block::Block::decode(&block.encode()).unwrap(), &block);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn random_steps_leave_what_a_model_of_copies_has(steps in prop::collection::vec(step(), 0..120)) {
        run(steps)?;
    }
}

#[test]
fn a_write_in_a_loop_has_one_record_for_each_open_checkpoint() {
    let mut chain = Chain::in_memory();
    let slot = Key::String("n");
    chain.begin().unwrap();
    chain.begin().unwrap();
    for number in 0..1_000_000 {
        chain.begin().unwrap();
        chain.write_entry(Slot::GLOBAL, slot, Stored::Int(number)).unwrap();
        chain.commit().unwrap();
    }
    chain.revert().unwrap();
    assert_eq!(chain.read_entry(Slot::GLOBAL, slot), &Stored::Absent);
    chain.commit().unwrap();
    assert_eq!(chain.depth(), 0);
}

#[test]
fn errors_say_what_is_wrong_and_what_to_do() {
    let mut chain = Chain::in_memory();
    let fault = chain.write(Slot::GLOBAL, Stored::Null).unwrap_err();
    assert_eq!((fault.kind, fault.message.as_str()), (ErrorKind::Ledger, "State write outside a transaction"));
    assert!(fault.help.unwrap().contains("tx"));
    assert_eq!(chain.commit().unwrap_err().message, "Transaction commit without a begin");
    assert_eq!(chain.revert().unwrap_err().message, "Transaction revert without a begin");
    chain.begin().unwrap();
    let fault = chain.commit_block(0).unwrap_err();
    assert_eq!(fault.message, "a block cannot be made while transactions are open: 1");
    let foreign = "the slot or contract is not one of this ledger";
    assert_eq!(chain.write(Slot(77), Stored::Null).unwrap_err().message, foreign);
    assert_eq!(chain.write_entry(Slot(77), Key::Int(1), Stored::Null).unwrap_err().message, foreign);
    assert_eq!(chain.field(ContractId(9), "f").unwrap_err().message, foreign);
    assert_eq!(chain.read(Slot(77)), &Stored::Absent);
    // An entry has no slot.
    chain.write_entry(Slot::GLOBAL, Key::Int(1), Stored::Null).unwrap();
    assert_eq!(chain.write(Slot(1), Stored::Null).unwrap_err().message, foreign);
    assert_eq!(chain.write_entry(Slot(1), Key::Int(1), Stored::Null).unwrap_err().message, foreign);
}

#[test]
fn there_is_a_limit_to_open_transactions() {
    let mut chain = Chain::in_memory();
    let fault = loop {
        if let Err(fault) = chain.begin() {
            break fault;
        }
    };
    assert_eq!(fault.message, "the ledger has too many open transactions");
    let open = chain.depth();
    (0..open).for_each(|_| chain.revert().unwrap());
    assert_eq!(chain.depth(), 0);
}

#[test]
fn entries_take_no_slots_of_fields() {
    let mut chain = Chain::in_memory();
    for round in 0..1000 {
        chain.begin().unwrap();
        for key in 0..10 {
            chain.write_entry(Slot::GLOBAL, Key::Int(round * 10 + key), Stored::Int(1)).unwrap();
        }
        chain.revert().unwrap();
    }
    chain.begin().unwrap();
    let contract = chain.contract("after").unwrap();
    assert_eq!(chain.field(contract, "first").unwrap(), Slot(1));
    assert_eq!(chain.field(contract, "second").unwrap(), Slot(2));
}
