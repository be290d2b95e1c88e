//! Native code that waits in the midst of its calls: stackful coroutines that take turns with one value.
//!
//! Inside [`scope`] there are any number of coroutines, known by numbers. Each runs on a native stack of its own. Whoever runs has the [`Turn`],
//! through which it gets at the value that all share; starting or resuming another one, and suspending itself, lends the turn away for as long as
//! that takes. So there is one user of the value at any time, and the compiler sees it.
//!
//! # What this rests on
//!
//! * Data that coroutines borrow outlives them: it lives for `'env`, which outlives `'scope`, and the coroutines are dropped when [`scope`] ends. They are kept by the
//!   [`Scope`], of which programs get references only, so that nobody can leak them.
//! * Turns belong to one scope, because `'scope` is a lifetime of that scope alone. A coroutine must give its turn back when it ends, and
//!   cannot go on without it, so there is always one turn that is not lent. If a coroutine panics, its turn may be anywhere; so the process
//!   is aborted.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, CoroutineResult, Yielder};

/// Native stack of a coroutine. Untouched pages of it cost nothing.
const STACK: usize = 512 << 10;
/// How many coroutines of a scope there may be at once. Each takes two of the areas that a system maps memory by, of which Linux gives a
/// process 65,530; when they are used up, nothing else can be allocated either.
pub const MOST_COROUTINES: usize = 20_000;
/// Stacks of ended coroutines that are kept to be used again.
const MOST_SPARE: usize = 256;
/// What stands at the low end of a stack so that nothing runs beyond it.
const GUARD: usize = 64 << 10;

/// There is no room for another stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoStack;

/// The right to use the value that the coroutines of a scope share.
pub struct Turn<'scope, T> {
    value: NonNull<T>,
    scope: PhantomData<&'scope mut &'scope mut T>,
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the value is borrowed exclusively by the scope for as long as there are turns. Of all turns of the scope only one is not
        // lent away, and a reference through a turn cannot live on while that is lent.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for Turn<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`.
        unsafe { self.value.as_mut() }
    }
}

impl<T> std::fmt::Debug for Turn<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turn")
    }
}

/// How a coroutine gave its turn back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switched<O> {
    /// It waits, and can be resumed.
    Suspended,
    /// It has ended with this outcome.
    Ended(O),
}

type Routine<O> = Coroutine<(), (), O, DefaultStack>;

/// The coroutines by number.
struct Routines<O> {
    list: RefCell<Vec<Option<Routine<O>>>>,
    are_dropped: Cell<bool>,
}

impl<O> Drop for Routines<O> {
    fn drop(&mut self) {
        // Coroutines that wait are unwound, which is no panic of theirs.
        self.are_dropped.set(true);
        self.list.take();
    }
}

/// Coroutines that share a value of type `T` and end with an outcome of type `O`.
pub struct Scope<'scope, 'env: 'scope, T, O> {
    value: NonNull<T>,
    routines: Routines<O>,
    /// Those that run, each resumed by the one before.
    running: RefCell<Vec<NonNull<Yielder<(), ()>>>>,
    spare: RefCell<Vec<DefaultStack>>,
    /// How many coroutines have not ended.
    alive: Cell<usize>,
    scope: PhantomData<&'scope mut &'scope ()>,
    environment: PhantomData<&'env mut &'env ()>,
}

impl<T, O> std::fmt::Debug for Scope<'_, '_, T, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("running", &self.running.borrow().len()).finish_non_exhaustive()
    }
}

/// Runs `run`, which may start coroutines that share `value` and borrow what lives for `'env`.
pub fn scope<'env, T, O, R>(
    value: &mut T,
    run: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env, T, O>, Turn<'scope, T>) -> R,
) -> R {
    let value = NonNull::from(value);
    let scope = Scope {
        value,
        routines: Routines { list: RefCell::default(), are_dropped: Cell::new(false) },
        running: RefCell::default(),
        spare: RefCell::default(),
        alive: Cell::new(0),
        scope: PhantomData,
        environment: PhantomData,
    };
    run(&scope, Turn { value, scope: PhantomData })
}

/// Aborts the process when it is dropped in the midst of a panic.
struct AbortOnPanic<'s>(&'s Cell<bool>);

impl Drop for AbortOnPanic<'_> {
    fn drop(&mut self) {
        if !self.0.get() {
            eprintln!("a coroutine panicked");
            std::process::abort();
        }
    }
}

impl<'scope, T, O> Scope<'scope, '_, T, O> {
    /// Starts coroutine `number`, which must not be in use, and lends it the turn until it suspends itself or ends. `body` is told the lowest
    /// address of its stack that it may use.
    ///
    /// # Errors
    /// When there are [`MOST_COROUTINES`], or the system has no room for its stack.
    pub fn start(
        &'scope self,
        turn: &mut Turn<'scope, T>,
        number: u32,
        body: impl FnOnce(Turn<'scope, T>, usize) -> (Turn<'scope, T>, O) + 'scope,
    ) -> Result<Switched<O>, NoStack> {
        if self.alive.get() == MOST_COROUTINES {
            return Err(NoStack);
        }
        let spare = self.spare.borrow_mut().pop();
        let stack = match spare {
            Some(stack) => stack,
            None => DefaultStack::new(STACK).map_err(|_| NoStack)?,
        };
        let limit = stack.limit().get() + GUARD;
        let run = move |yielder: &Yielder<(), ()>, ()| {
            self.running.borrow_mut().push(NonNull::from(yielder));
            let guard = AbortOnPanic(&self.routines.are_dropped);
            let (_, outcome) = body(Turn { value: self.value, scope: PhantomData }, limit);
            std::mem::forget(guard);
            self.running.borrow_mut().pop();
            outcome
        };
        // SAFETY: what `body` borrows outlives `'scope`. `self` keeps the coroutine, and drops it before `'scope` ends; programs have
        // references to `self` only, so they cannot forget it. In between it is kept by `switch`, which puts it back or
        // drops it, and whose panics abort the process.
        let routine = unsafe { Routine::with_stack_unchecked(stack, run) };
        self.alive.set(self.alive.get() + 1);
        Ok(self.switch(turn, number, routine))
    }

    /// Lends the turn to coroutine `number`, which has suspended itself, until it does so again or ends.
    ///
    /// # Panics
    /// If there is no such coroutine.
    pub fn resume(&self, turn: &mut Turn<'scope, T>, number: u32) -> Switched<O> {
        let routine = self.routines.list.borrow_mut().get_mut(number as usize).and_then(Option::take);
        self.switch(turn, number, routine.expect("a coroutine that waits is kept"))
    }

    /// The last coroutine, by number, that has suspended itself.
    pub fn waiting(&self) -> Option<u32> {
        let mut list = self.routines.list.borrow_mut();
        while let Some(None) = list.last() {
            list.pop();
        }
        list.len().checked_sub(1).map(|last| last as u32)
    }

    fn switch(&self, _lent: &mut Turn<'scope, T>, number: u32, mut routine: Routine<O>) -> Switched<O> {
        match routine.resume(()) {
            CoroutineResult::Yield(()) => {
                let mut list = self.routines.list.borrow_mut();
                if list.len() <= number as usize {
                    list.resize_with(number as usize + 1, || None);
                }
                list[number as usize] = Some(routine);
                Switched::Suspended
            }
            CoroutineResult::Return(outcome) => {
                self.alive.set(self.alive.get() - 1);
                let mut spare = self.spare.borrow_mut();
                if spare.len() < MOST_SPARE {
                    spare.push(routine.into_stack());
                }
                Switched::Ended(outcome)
            }
        }
    }

    /// Suspends the coroutine that runs, which lends its turn to whoever started or resumed it, until it is resumed.
    ///
    /// # Panics
    /// If none runs.
    pub fn suspend(&self, _lent: &mut Turn<'scope, T>) {
        let running = self.running.borrow_mut().pop();
        let yielder = running.expect("a coroutine runs");
        // SAFETY: the yielder lies on the stack of the innermost coroutine, which is the one that runs this very code.
        unsafe { yielder.as_ref() }.suspend(());
        self.running.borrow_mut().push(yielder);
    }
}

/// Runs `run` on a new native stack of so many bytes. It is told the lowest address of it that it may use.
///
/// # Errors
/// When the system has no room for that.
pub fn on_new_stack<R>(bytes: usize, run: impl FnOnce(usize) -> R) -> Result<R, NoStack> {
    let stack = DefaultStack::new(bytes).map_err(|_| NoStack)?;
    let limit = stack.limit().get() + GUARD;
    Ok(corosensei::on_stack(stack, move || run(limit)))
}

/// About where the native stack has got to.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coroutines_take_turns_with_one_value() {
        let mut log = Vec::new();
        let end = scope(&mut log, |scope, mut turn| {
            turn.push("main begins");
            let first = scope.start(&mut turn, 3, move |mut turn, _| {
                turn.push("three begins");
                let inner = scope.start(&mut turn, 0, move |mut turn, _| {
                    turn.push("zero begins");
                    scope.suspend(&mut turn);
                    turn.push("zero ends");
                    (turn, 10)
                });
                assert_eq!(inner, Ok(Switched::Suspended));
                turn.push("three waits");
                scope.suspend(&mut turn);
                turn.push("three ends");
                (turn, 13)
            });
            assert_eq!(first, Ok(Switched::Suspended));
            turn.push("main goes on");
            let ends = [scope.resume(&mut turn, 0), scope.resume(&mut turn, 3)];
            turn.push("main ends");
            ends
        });
        assert_eq!(end, [Switched::Ended(10), Switched::Ended(13)]);
        assert_eq!(
            log,
            [
                "main begins",
                "three begins",
                "zero begins",
                "three waits",
                "main goes on",
                "zero ends",
                "three ends",
                "main ends"
            ]
        );
    }

    #[test]
    fn coroutines_that_wait_are_dropped_with_the_scope() {
        struct Noted<'n>(&'n Cell<u32>);
        impl Drop for Noted<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let dropped = Cell::new(0);
        scope(&mut (), |scope, mut turn| {
            for number in 0..10 {
                let noted = Noted(&dropped);
                let switched = scope.start(&mut turn, number, move |mut turn, _| {
                    scope.suspend(&mut turn);
                    drop(noted);
                    (turn, ())
                });
                assert_eq!(switched, Ok(Switched::Suspended));
            }
            assert_eq!(scope.resume(&mut turn, 4), Switched::Ended(()));
            assert_eq!(dropped.get(), 1);
        });
        assert_eq!(dropped.get(), 10);
    }

    #[test]
    fn ten_thousand_coroutines_wait_at_once() {
        let mut sum = 0_u64;
        scope(&mut sum, |scope, mut turn| {
            for number in 0..10_000 {
                let switched = scope.start(&mut turn, number, move |mut turn, _| {
                    scope.suspend(&mut turn);
                    *turn += u64::from(number);
                    (turn, ())
                });
                assert_eq!(switched, Ok(Switched::Suspended));
            }
            for number in (0..10_000).rev() {
                assert_eq!(scope.resume(&mut turn, number), Switched::Ended(()));
            }
        });
        assert_eq!(sum, 49_995_000);
    }

    #[test]
    fn there_is_a_limit_to_how_many_there_are() {
        scope(&mut (), |scope, mut turn| {
            let mut start = |number| {
                scope.start(&mut turn, number, move |mut turn, _| {
                    scope.suspend(&mut turn);
                    (turn, ())
                })
            };
            assert!((0..MOST_COROUTINES as u32).all(|number| start(number) == Ok(Switched::Suspended)));
            assert_eq!(start(MOST_COROUTINES as u32), Err(NoStack));
            let last = MOST_COROUTINES as u32 - 1;
            assert_eq!(scope.waiting(), Some(last));
            assert_eq!(scope.resume(&mut turn, last), Switched::Ended(()));
            assert_eq!(scope.waiting(), Some(last - 1));
        });
    }

    #[test]
    fn a_new_stack_has_the_room_asked_for() {
        let outer = stack_pointer();
        let (limit, inner) = on_new_stack(1 << 20, |limit| (limit, stack_pointer())).unwrap();
        assert!(inner > limit && inner - limit <= 1 << 20);
        assert!(outer.abs_diff(inner) > 1 << 12);
    }
}
