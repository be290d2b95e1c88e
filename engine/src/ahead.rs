//! Calls that a task is going to make, made ahead of its turn.
//!
//! A program shows its helpers what is in the queue of its tasks. A call there that only computes becomes a *ticket*. Helpers take the newest ticket first and the program comes to the oldest first, so they meet
//! in the middle, and hardly ever wait for each other. A ticket that nobody has taken when its turn comes is withdrawn, and the program makes the call itself.
//!
//! Between the time when a call is made ahead and its turn, others may have changed the top-level variables that it reads. So it counts only if they hold at its turn what they held then. A call whose outcome nobody
//! wants any more gets no more fuel, so one that would never end does.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use runtime::Value;
use runtime::apart::{Ahead, Sent, Used};

/// Calls that take less are sooner made than shown to others and waited for.
const WORTH_SHOWING: Duration = Duration::from_micros(20);
/// Of calls that took less, one of so many is shown all the same: they may have become longer.
const TRIED: u32 = 256;
/// As [`TRIED`], where none is ever shown.
const NEVER: u32 = u32::MAX;

/// A call.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) function: u32,
    pub(crate) arguments: Vec<Sent>,
    /// What the top-level variables hold that it may read.
    pub(crate) globals: Vec<(u32, Sent)>,
    /// How many calls may be nested, this one included.
    pub(crate) depth: usize,
    /// How much fuel and gas it may take.
    pub(crate) most: Used,
    pub(crate) is_unwanted: Arc<AtomicBool>,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug)]
enum State {
    /// Nobody has taken it.
    Waiting,
    /// Nobody will: its turn has come, or will not come.
    Withdrawn,
    /// A helper makes the call.
    Taken,
    /// What it came to and took; nothing if that is for the program to find out.
    Ended(Option<(Sent, Used)>),
}

impl Ticket {
    pub(crate) fn new(
        function: u32,
        arguments: Vec<Sent>,
        globals: Vec<(u32, Sent)>,
        depth: usize,
        most: Used,
    ) -> Self {
        Self {
            function,
            arguments,
            globals,
            depth,
            most,
            is_unwanted: Arc::default(),
            state: Mutex::new(State::Waiting),
            ended: Condvar::new(),
        }
    }

    /// Nobody panics while holding it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the call by `make`, unless somebody has, or nobody wants it. However `make` ends, whoever waits is told.
    pub(crate) fn redeem(&self, make: impl FnOnce() -> Option<(Sent, Used)>) {
        struct End<'t>(&'t Ticket, Option<(Sent, Used)>);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                *self.0.state() = State::Ended(self.1.take());
                self.0.ended.notify_all();
            }
        }
        {
            let mut state = self.state();
            if !matches!(*state, State::Waiting) {
                return;
            }
            *state = State::Taken;
        }
        let mut end = End(self, None);
        end.1 = make();
    }
}

/// What the program has of a ticket.
#[derive(Debug)]
pub(crate) struct Stub(pub(crate) Arc<Ticket>);

impl Ahead for Stub {
    fn take(self: Box<Self>, globals: &[Value]) -> Option<(Sent, Used)> {
        let ticket = &self.0;
        if !ticket.globals.iter().all(|(global, held)| held.is(globals[*global as usize])) {
            return None;
        }
        let mut state = ticket.state();
        loop {
            match &mut *state {
                State::Ended(outcome) => return outcome.take(),
                State::Taken => state = ticket.ended.wait(state).unwrap_or_else(PoisonError::into_inner),
                State::Waiting | State::Withdrawn => {
                    *state = State::Withdrawn;
                    return None;
                }
            }
        }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.0.is_unwanted.store(true, Relaxed);
        let mut state = self.0.state();
        if matches!(*state, State::Waiting) {
            *state = State::Withdrawn;
        }
    }
}

/// Tickets that wait for helpers, and what is known of calls.
#[derive(Debug)]
pub(crate) struct Tickets {
    /// The oldest first. Some are withdrawn.
    waiting: Mutex<Vec<Arc<Ticket>>>,
    /// By function.
    costs: Box<[Cost]>,
}

/// What calls of a function took. Nothing hangs on it but time, so it need not be exact where several threads note something.
#[derive(Debug)]
struct Cost {
    /// Nanoseconds: a mean in which each call counts a quarter, the ones before it the rest. [`UNKNOWN`] before the first.
    mean: AtomicU64,
    passed_over: AtomicU32,
}

/// No call was made yet.
const UNKNOWN: u64 = u64::MAX;

impl Tickets {
    /// None yet, of a program of so many functions.
    pub(crate) fn new(functions: usize) -> Self {
        let unknown = || Cost { mean: AtomicU64::new(UNKNOWN), passed_over: AtomicU32::new(0) };
        Self { waiting: Mutex::default(), costs: (0..functions).map(|_| unknown()).collect() }
    }

    fn cost(&self, function: u32) -> &Cost {
        &self.costs[function as usize]
    }

    /// Whether it may pay to show a call of a function. Nobody knows before one was made.
    pub(crate) fn may_pay(&self, function: u32) -> bool {
        let Cost { mean, passed_over } = self.cost(function);
        let mean = mean.load(Relaxed);
        if u128::from(mean) >= WORTH_SHOWING.as_nanos() {
            return true;
        }
        let passed = passed_over.load(Relaxed);
        if passed == NEVER {
            return false;
        }
        let passed = (passed + 1) % TRIED;
        passed_over.store(passed, Relaxed);
        passed == 0
    }

    /// Calls of this function are never made ahead.
    pub(crate) fn forbid(&self, function: u32) {
        let Cost { mean, passed_over } = self.cost(function);
        mean.store(0, Relaxed);
        passed_over.store(NEVER, Relaxed);
    }

    /// Lets helpers have it.
    pub(crate) fn push(&self, ticket: Arc<Ticket>) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(ticket);
    }

    /// The newest ticket.
    pub(crate) fn pop(&self) -> Option<Arc<Ticket>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Notes what a call took that has begun then. One that was made in vain was not worth it.
    pub(crate) fn note(&self, function: u32, begun: Instant, was_good: bool) {
        let took = if was_good { begun.elapsed().as_nanos() as u64 } else { 0 };
        let Cost { mean, .. } = self.cost(function);
        mean.store(
            match mean.load(Relaxed) {
                UNKNOWN => took,
                before => (before / 4 * 3).saturating_add(took / 4),
            },
            Relaxed,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(globals: Vec<(u32, Sent)>) -> Arc<Ticket> {
        Arc::new(Ticket::new(0, Vec::new(), globals, 1, Used::default()))
    }

    #[test]
    fn a_ticket_is_for_the_helper_or_for_the_program() {
        let made = || Some((Sent::Plain(Value::int(7)), Used { fuel: 2, gas: 3 }));
        let first = ticket(Vec::new());
        first.redeem(made);
        assert_eq!(Box::new(Stub(first)).take(&[]).map(|(_, used)| used), made().map(|(_, used)| used));

        let second = ticket(Vec::new());
        assert!(Box::new(Stub(Arc::clone(&second))).take(&[]).is_none());
        second.redeem(|| unreachable!("its turn has come"));

        let third = ticket(Vec::new());
        drop(Stub(Arc::clone(&third)));
        third.redeem(|| unreachable!("nobody wants it"));
        assert!(third.is_unwanted.load(Relaxed));
    }

    #[test]
    fn a_call_counts_only_where_variables_hold_what_they_held() {
        let made = || Some((Sent::Plain(Value::NULL), Used::default()));
        for (now, counts) in [(5, true), (6, false)] {
            let ticket = ticket(vec![(1, Sent::Plain(Value::int(5)))]);
            ticket.redeem(made);
            assert_eq!(Box::new(Stub(ticket)).take(&[Value::NULL, Value::int(now)]).is_some(), counts);
        }
    }

    #[test]
    fn whoever_waits_is_told_even_of_a_panic() {
        let ticket = ticket(Vec::new());
        let helper = Arc::clone(&ticket);
        let (begun, has_begun) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            helper.redeem(|| {
                begun.send(()).unwrap();
                std::panic::resume_unwind(Box::new(()))
            });
        });
        has_begun.recv().unwrap();
        assert!(Box::new(Stub(ticket)).take(&[]).is_none());
        assert!(thread.join().is_err());
    }

    #[test]
    fn short_calls_are_shown_now_and_then() {
        let tickets = Tickets::new(6);
        assert!(tickets.may_pay(3));
        tickets.note(3, Instant::now(), true);
        assert_eq!((0..2 * TRIED).filter(|_| tickets.may_pay(3)).count(), 2);
        tickets.note(4, Instant::now().checked_sub(Duration::from_secs(1)).unwrap(), true);
        assert!(tickets.may_pay(4));
        tickets.forbid(5);
        assert!((0..2 * TRIED).all(|_| !tickets.may_pay(5)));
    }
}
