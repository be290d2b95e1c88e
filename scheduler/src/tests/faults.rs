//! Each planted mistake is noticed; without one nothing is.

use std::cell::Cell;
use std::panic::catch_unwind;

use super::closing::try_closings;
use super::schedules::try_schedules;
use crate::fault::{Fault, Planted};

thread_local! {
    /// Whether panics on this thread are expected, and not worth printing.
    static IS_EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// The first random block whose random schedules show the mistake, of so many.
fn found_at(fault: Option<Fault>, blocks: u64) -> Option<u64> {
    let fails = |seed| {
        catch_unwind(|| try_closings(seed, Planted(fault))).is_err()
            || catch_unwind(|| try_schedules(seed, Planted(fault))).is_err()
    };
    (0..blocks).find(|&seed| fails(seed))
}

#[test]
fn every_planted_mistake_is_found() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !IS_EXPECTED.get() {
            print(panic);
        }
    }));
    IS_EXPECTED.set(true);
    assert_eq!(found_at(None, 200), None, "nothing is found where nothing is planted");
    let found = Fault::ALL.map(|fault| (fault, found_at(Some(fault), 3000)));
    IS_EXPECTED.set(false);
    for (fault, at) in &found {
        println!("{fault:?}: first shown by block {at:?}");
    }
    let missed: Vec<Fault> = found.iter().filter(|(_, at)| at.is_none()).map(|(fault, _)| *fault).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
