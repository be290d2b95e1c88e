//! The small pieces under all schedules, with the orderings that they really have.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::platforms::Loom;
use crate::baton::Baton;
use crate::fault::{Fault, Faults, NoFaults, Planted};
use crate::parking::Parking;
use crate::status::{Invalidation, State, Status};
use crate::sync::{Primitives, Word};
use crate::version::Version;

/// Workers that each make one thing to do and then ask for it to be done, as those that end an execution ask for the commit.
fn baton(faults: impl Faults) {
    loom::model(move || {
        let shared = Arc::new((Baton::<AtomicUsize>::new(), AtomicUsize::new(0), AtomicUsize::new(0)));
        let ask = move |shared: &(Baton<AtomicUsize>, AtomicUsize, AtomicUsize)| {
            let (baton, made, done) = shared;
            made.fetch_add(1, Ordering::AcqRel);
            baton.run(|| done.store(made.load(Ordering::Acquire), Ordering::Relaxed), faults);
        };
        let other = thread::spawn({
            let shared = Arc::clone(&shared);
            move || ask(&shared)
        });
        ask(&shared);
        other.join().unwrap();
        assert_eq!(shared.2.load(Ordering::Acquire), 2, "all that was asked for is done");
    });
}

#[test]
fn the_baton_loses_no_request() {
    baton(NoFaults);
}

#[test]
#[should_panic(expected = "all that was asked for is done")]
fn the_baton_would_lose_requests_if_it_were_just_dropped() {
    baton(Planted(Some(Fault::BatonDropped)));
}

#[test]
fn nobody_sleeps_through_what_there_is_to_do() {
    loom::model(|| {
        let shared = Arc::new((Parking::<Loom>::new(), AtomicUsize::new(0)));
        let sleeper = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.0.sleep_while(|| shared.1.load(Ordering::Acquire) == 0)
        });
        shared.1.store(1, Ordering::Release);
        shared.0.wake_one();
        // A lost wake-up is a deadlock, which loom reports.
        sleeper.join().unwrap();
    });
}

#[test]
fn two_sleepers_are_both_woken_at_the_end() {
    loom::model(|| {
        let shared = Arc::new((Parking::<Loom>::new(), AtomicUsize::new(0)));
        let sleepers = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.0.sleep_while(|| shared.1.load(Ordering::Acquire) == 0))
        });
        shared.1.store(1, Ordering::Release);
        shared.0.wake_all();
        sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
    });
}

/// The worker that executes transaction 1 and the one that commits transaction 0: one of them commits transaction 1.
#[test]
fn the_end_of_an_execution_meets_the_commit() {
    loom::model(|| {
        let shared = Arc::new((Status::<AtomicUsize>::new(), AtomicUsize::new(0), AtomicUsize::new(0)));
        assert_eq!(shared.0.claim(NoFaults), Some(0));
        let executes = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let (status, committed, commits) = &*shared;
                assert!(status.executed(0, NoFaults));
                Loom::fence();
                commits.add(usize::from(Word::load(committed) == 1));
            }
        });
        let (status, committed, commits) = &*shared;
        Word::store(committed, 1);
        Loom::fence();
        commits.add(usize::from(status.get().0 == State::Executed));
        executes.join().unwrap();
        assert!(Word::load(commits) > 0, "one of them sees the other");
    });
}

/// An execution ends while two others tell it that what it read has changed: it is aborted once, by one of the three.
#[test]
fn an_execution_is_aborted_once() {
    loom::model(|| {
        let status = Arc::new(Status::<AtomicUsize>::new());
        assert_eq!(status.claim(NoFaults), Some(0));
        let tell = |status: &Status<AtomicUsize>| {
            let reader = Version { index: 0, incarnation: 0 };
            usize::from(status.invalidate(reader, NoFaults) == Invalidation::Abort)
        };
        let others = [(); 2].map(|()| {
            let status = Arc::clone(&status);
            thread::spawn(move || tell(&status))
        });
        let own = usize::from(!status.executed(0, NoFaults));
        let aborts: usize = others.into_iter().map(|other| other.join().unwrap()).sum();
        assert_eq!(own + aborts, 1);
        assert!(matches!(status.get().0, State::Aborting | State::Invalidated));
    });
}

/// Two workers claim the same transaction, which is ready.
#[test]
fn a_transaction_is_claimed_once() {
    loom::model(|| {
        let status = Arc::new(Status::<AtomicUsize>::new());
        let other = thread::spawn({
            let status = Arc::clone(&status);
            move || status.claim(NoFaults).is_some()
        });
        let own = status.claim(NoFaults).is_some();
        assert!(own != other.join().unwrap(), "one of them has it");
    });
}
