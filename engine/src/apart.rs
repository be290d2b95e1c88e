//! Helpers of a run: `map` and `filter` of long lists on several threads, and tasks that only compute ahead of their turn.
//!
//! A helper has a runtime of the program of its own, in which nothing has run, and calls the prelude's function for a part of the list there. What comes out is put together in order. That is what the program's own
//! thread would have got, if [no call can be told from outside](crate::effects), elements and results are strings or no objects, and no call fails. If one does, or anything is otherwise, what was done is
//! dropped, and the program makes the calls itself, one by one, up to the one that fails.
//!
//! *What it costs.* Fuel and gas of a call for a list are those of a call for the empty list and of each element. So those of the whole follow from those of the parts; what the program has paid for asking is taken
//! off.
//!
//! *When it pays.* The thread that asks works on the first part itself, and wakes others when the rest would take it longer than [`WORTH_WAKING`].

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use isa::StackOp;
use ledger::Chain;
use rayon::{ThreadPool, ThreadPoolBuilder};
use runtime::apart::{Ahead, Apart, Call, Done, Job, Made, Sent, Surroundings, Used, can_be_sent, copy_for};
use runtime::objects::{Closure, List};
use runtime::{Limits, RunOptions, Runtime, Tag, Value};

use crate::ahead::{Stub, Ticket, Tickets};
use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::effects::{Needs, needs_of};
use crate::service::{Arena, Service};

/// Threads that sleep take some tens of microseconds to wake, and as long again until the last has ended.
const WORTH_WAKING: Duration = Duration::from_micros(200);
/// Each thread gets so many parts on average: the last to end is late by no more than one.
const PARTS_EACH: usize = 16;
/// Lists of fewer elements are soon done by the program itself.
pub(crate) const FEWEST: usize = 1024;
/// So many elements are in the first part, and in others if that takes long enough. They are fewer than what is long enough to be divided, so that no part is.
const FIRST_PART: usize = 64;
/// Calling the function for a part takes about a microsecond.
const SHORTEST_PART: Duration = Duration::from_micros(20);

/// Helpers of the runs of a program.
pub(crate) struct Helpers {
    service: Service,
    /// Functions of the prelude that may be called with parts of a list.
    distributive: Vec<u32>,
    /// What each pair of functions needs that was asked for.
    needs: Mutex<KnownNeeds>,
    code: Arc<isa::StackCode>,
    configuration: Configuration,
    /// Threads besides the program's own; none if they cannot be had.
    pool: OnceLock<Option<ThreadPool>>,
    /// What asking and the call for the empty list use, by function.
    fixed: Mutex<HashMap<u32, Option<Fixed>>>,
    /// How often the answer was theirs.
    answered: AtomicU64,
    tickets: Tickets,
    /// How many calls were made ahead of their turn.
    made_ahead: AtomicU64,
    /// No other helpers of this process have this number.
    number: u64,
}

/// What functions need, by the prelude's and what is called for each element; nothing where something can be told.
type KnownNeeds = HashMap<(u32, u32), Option<Arc<Needs>>>;

/// What is used however long a list is.
#[derive(Clone, Copy)]
struct Fixed {
    /// By a call for the empty list.
    empty: Used,
    /// By a call that gets its answer from helpers.
    asking: Used,
}

/// What a part came to.
struct Part {
    /// How many values.
    length: usize,
    /// The strings among them.
    text: String,
    used: Used,
}

thread_local! {
    /// What this thread works with, and for which helpers.
    static SESSION: RefCell<Option<(u64, Session)>> = const { RefCell::new(None) };
}

struct Session {
    runtime: Runtime,
    arena: Arena,
    ledger: Chain,
    depth: usize,
}

impl std::fmt::Debug for Helpers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Helpers").field("workers", &self.configuration.workers).finish_non_exhaustive()
    }
}

impl Helpers {
    /// Helpers for a program, if a configuration wants some and there is something to help with.
    pub(crate) fn of(
        compiled: &Compiled,
        configuration: &Configuration,
        service: impl FnOnce() -> Service,
    ) -> Option<Arc<Self>> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        if configuration.workers < 2 || configuration.workers_from < 2 {
            return None;
        }
        let code = compiled.stack_code()?;
        let named = |name: &str| {
            let is_named = |function: &&isa::module::PreludeFunction| &*code.names[function.name as usize] == name;
            code.prelude.iter().find(is_named).map(|function| function.function)
        };
        let distributive: Vec<u32> = ["map", "filter"].into_iter().filter_map(named).collect();
        let spawns = || {
            let mut all = code.functions.iter().flat_map(|function| &function.code);
            all.any(|instruction| instruction.op() == StackOp::Spawn)
        };
        (!distributive.is_empty() || spawns()).then(|| {
            Arc::new(Self {
                service: service(),
                distributive,
                needs: Mutex::default(),
                code: Arc::new((**code).clone()),
                configuration: configuration.clone(),
                pool: OnceLock::new(),
                fixed: Mutex::default(),
                answered: AtomicU64::new(0),
                tickets: Tickets::new(code.functions.len()),
                made_ahead: AtomicU64::new(0),
                number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            })
        })
    }

    /// Whether lists are divided even where it does not pay.
    fn is_forced(&self) -> bool {
        self.configuration.workers_from < FEWEST
    }

    fn pool(&self) -> Option<&ThreadPool> {
        let start = || ThreadPoolBuilder::new().num_threads(self.configuration.workers - 1).build().ok();
        self.pool.get_or_init(start).as_ref()
    }

    /// What calls of a function and of what it calls need.
    fn needs(&self, job: &Job<'_>) -> Option<Arc<Needs>> {
        let surroundings = &job.surroundings;
        self.needs_of(job.function, job.callee).filter(|needs| can_all_be_sent(needs, surroundings))
    }

    /// What calls of these functions and of what they call need.
    fn needs_of(&self, function: u32, callee: u32) -> Option<Arc<Needs>> {
        let mut known = self.needs.lock().ok()?;
        let find = || needs_of(&self.code, &[function, callee]).map(Arc::new);
        known.entry((function, callee)).or_insert_with(find).clone()
    }

    /// Does something in this thread's session, where top-level variables hold what `arrive` makes them hold. Nothing if there is no room for that.
    fn in_session<T>(
        &self,
        arrive: impl FnOnce(&mut Runtime) -> Option<()>,
        depth: usize,
        work: impl FnOnce(&mut Session) -> Option<T>,
    ) -> Option<T> {
        let mut session = match SESSION.take() {
            Some((number, session)) if number == self.number => session,
            _ => self.session(),
        };
        if session.depth != depth {
            session.depth = depth;
            session.runtime.limits.max_depth = depth;
            session.arena = Arena::default();
        }
        let result = arrive(&mut session.runtime).and_then(|()| work(&mut session));
        SESSION.set(Some((self.number, session)));
        result
    }

    fn session(&self) -> Session {
        let Limits { fuel, gas, .. } = self.configuration.limits;
        let limits = Limits { fuel: fuel.map(|_| u64::MAX), gas: gas.map(|_| u64::MAX), ..self.configuration.limits };
        let options = RunOptions { limits, ..self.configuration.run_options() };
        let runtime = Runtime::new(Arc::clone(self.service.program()), options);
        Session { runtime, arena: Arena::default(), ledger: Chain::in_memory(), depth: limits.max_depth }
    }

    /// The function of the prelude for a part of the list; what it gives goes where `values` are. Memory that one thread takes and another gives back is what both would wait for.
    fn part(&self, session: &mut Session, job: &Job<'_>, range: Range<usize>, values: &mut [Made]) -> Option<Part> {
        let Session { runtime, arena, ledger, .. } = session;
        if runtime.heap.wants_collection() {
            runtime.collect(|_| ()).ok()?;
        }
        let Surroundings { fuel, gas, .. } = job.surroundings;
        let (fuel, gas) = (fuel.unwrap_or(u64::MAX), gas.unwrap_or(u64::MAX));
        (runtime.fuel, runtime.gas) = (fuel, gas);
        let elements = copies(runtime, &job.elements[range])?;
        let list = List::from_values(&mut runtime.heap, &elements).ok()?;
        let callee = if job.captures.is_empty() {
            Value::indexed(Tag::Function, job.callee)
        } else {
            let closure = Closure::create(&mut runtime.heap, job.callee, job.captures.len());
            let captured = closure.as_closure()?;
            for (at, &value) in copies(runtime, job.captures)?.iter().enumerate() {
                captured.set_capture(at, value);
            }
            closure
        };
        let result = self.service.call(arena, runtime, ledger, job.function, &[list, callee]).ok()?;
        let result = result.as_list()?;
        let values = values.get_mut(..result.len())?;
        let mut text = String::new();
        for (place, value) in values.iter_mut().zip(result.iter()) {
            *place = match value.as_string() {
                Some(string) => {
                    text.push_str(string.as_str());
                    Made::Text(text.len())
                }
                None => Some(value).filter(|&value| can_be_sent(value)).map(Made::Plain)?,
            };
        }
        let used = Used { fuel: fuel - runtime.fuel, gas: gas - runtime.gas };
        Some(Part { length: result.len(), text, used })
    }

    /// What calls of a function use however long the list is.
    fn fixed(&self, session: &mut Session, job: &Job<'_>) -> Option<Fixed> {
        let surroundings = job.surroundings;
        if surroundings.fuel.is_none() && surroundings.gas.is_none() {
            return Some(Fixed { empty: Used::default(), asking: Used::default() });
        }
        let mut known = self.fixed.lock().ok()?;
        *known.entry(job.function).or_insert_with(|| {
            let elements = vec![Value::NULL; self.configuration.workers_from];
            let surroundings = Surroundings { fuel: Some(u64::MAX), gas: Some(u64::MAX), ..surroundings };
            let job = Job { elements: &elements, surroundings, ..*job };
            let empty = self.part(session, &job, 0..0, &mut [])?.used;
            session.runtime.set_apart(Some(Arc::new(Answered(elements.len()))));
            let asking = self.part(session, &job, 0..elements.len(), &mut []);
            session.runtime.set_apart(None);
            Some(Fixed { empty, asking: asking?.used })
        })
    }

    /// All parts, in order.
    fn parts(&self, job: &Job<'_>, needs: &Needs) -> Option<(Part, Vec<Made>, Fixed)> {
        let all = job.elements.len();
        let mut values = vec![Made::Plain(Value::NULL); all];
        let (first, rest) = values.split_at_mut(FIRST_PART.min(self.configuration.workers_from - 1));
        let begins = first.len();
        let Surroundings { globals, depth, .. } = job.surroundings;
        let arrive = |runtime: &mut Runtime| set_globals(runtime, needs.values(globals));
        let (fixed, of_first, others, size) = self.in_session(arrive, depth, |session| {
            let fixed = self.fixed(session, job)?;
            let begun = Instant::now();
            let of_first = self.part(session, job, 0..begins, first)?;
            let took = begun.elapsed();
            let size = self.size_of_parts(all, begins, took);
            let wakes = self.is_forced() || took * (rest.len() / begins) as u32 >= WORTH_WAKING;
            let pool = if wakes { self.pool() } else { None };
            Some((fixed, of_first, self.others(session, job, needs, (begins, size, rest), pool)?, size))
        })?;
        let mut whole = of_first;
        for (at, part) in others.into_iter().enumerate() {
            let (begin, texts) = (begins + at * size, whole.text.len());
            for from in begin..begin + part.length {
                values[whole.length] = match values[from] {
                    Made::Text(end) => Made::Text(texts + end),
                    plain => plain,
                };
                whole.length += 1;
            }
            whole.text.push_str(&part.text);
            whole.used.fuel += part.used.fuel - fixed.empty.fuel;
            whole.used.gas += part.used.gas - fixed.empty.gas;
        }
        values.truncate(whole.length);
        Some((whole, values, fixed))
    }

    /// How many elements each part after the first has, by how long that took. Lists of small parts are what allocators keep for each thread, so that none waits for another; but where a part is done
    /// sooner than it is begun, it should be larger.
    fn size_of_parts(&self, all: usize, begins: usize, took: Duration) -> usize {
        let most = self.configuration.workers_from - 1;
        if took >= SHORTEST_PART {
            return begins;
        }
        (all / (self.configuration.workers * PARTS_EACH)).max(begins).min(most)
    }

    /// What the parts after the first come to: those of so many elements from one on.
    fn others(
        &self,
        session: &mut Session,
        job: &Job<'_>,
        needs: &Needs,
        (begins, size, rest): (usize, usize, &mut [Made]),
        pool: Option<&ThreadPool>,
    ) -> Option<Vec<Part>> {
        let places: Vec<_> = rest.chunks_mut(size).map(|place| Mutex::new(Some(place))).collect();
        let parts: Vec<OnceLock<Part>> = places.iter().map(|_| OnceLock::new()).collect();
        let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = |session: &mut Session| {
            while !is_over.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(place) = places.get(at) else { break };
                let begin = begins + at * size;
                // Nobody panics while holding it, and each is taken once.
                let place = place.lock().ok().and_then(|mut place| place.take());
                let made = place.and_then(|place| self.part(session, job, begin..begin + place.len(), place));
                match made {
                    Some(part) => drop(parts[at].set(part)),
                    None => is_over.store(true, Ordering::Relaxed),
                }
            }
        };
        match pool {
            Some(pool) => pool.in_place_scope(|scope| {
                for _ in 1..self.configuration.workers {
                    let Surroundings { globals, depth, .. } = job.surroundings;
                    let arrive = |runtime: &mut Runtime| set_globals(runtime, needs.values(globals));
                    // Whoever has no room leaves the parts to the others.
                    scope.spawn(move |_| {
                        let _: Option<()> = self.in_session(arrive, depth, |session| {
                            work(session);
                            Some(())
                        });
                    });
                }
                work(session);
            }),
            None => work(session),
        }
        parts.into_iter().map(OnceLock::into_inner).collect()
    }
}

/// Whether the top-level variables that are needed hold what can be sent.
fn can_all_be_sent(needs: &Needs, surroundings: &Surroundings<'_>) -> bool {
    needs.values(surroundings.globals).all(|(_, value)| can_be_sent(value))
}

/// The same values for another runtime; nothing if there is no room for them.
fn copies<'v>(runtime: &mut Runtime, values: &'v [Value]) -> Option<Cow<'v, [Value]>> {
    if values.iter().all(|value| value.tag() != Tag::String) {
        return Some(Cow::Borrowed(values));
    }
    values.iter().map(|&value| copy_for(runtime, value).ok()).collect::<Option<Vec<_>>>().map(Cow::Owned)
}

/// Has top-level variables hold the same as in another runtime; nothing if there is no room for that.
fn set_globals(runtime: &mut Runtime, globals: impl Iterator<Item = (u32, Value)>) -> Option<()> {
    for (global, value) in globals {
        runtime.globals[global as usize] = copy_for(runtime, value).ok()?;
    }
    Some(())
}

impl Helpers {
    /// Makes the call of the newest ticket.
    fn redeem_newest(&self) {
        let Some(ticket) = self.tickets.pop() else { return };
        ticket.redeem(|| {
            let begun = Instant::now();
            let arrive = |runtime: &mut Runtime| {
                for (global, held) in &ticket.globals {
                    runtime.globals[*global as usize] = held.arrive(runtime).ok()?;
                }
                Some(())
            };
            let outcome = self.in_session(arrive, ticket.depth, |session| self.make(session, &ticket));
            self.tickets.note(ticket.function, begun, outcome.is_some());
            outcome
        });
    }

    fn make(&self, session: &mut Session, ticket: &Ticket) -> Option<(Sent, Used)> {
        let Session { runtime, arena, ledger, .. } = session;
        if runtime.heap.wants_collection() {
            runtime.collect(|_| ()).ok()?;
        }
        let Ticket { function, ref arguments, most, ref is_unwanted, .. } = *ticket;
        let arguments: Vec<Value> =
            arguments.iter().map(|argument| argument.arrive(runtime).ok()).collect::<Option<_>>()?;
        runtime.gas = most.gas;
        let call = |runtime: &mut Runtime| self.service.call(arena, runtime, ledger, function, &arguments);
        let (result, fuel) = runtime.with_fuel_while_wanted(most.fuel, is_unwanted, call);
        let value = Sent::of(result.ok()?)?;
        self.made_ahead.fetch_add(1, Ordering::Relaxed);
        Some((value, Used { fuel, gas: most.gas - runtime.gas }))
    }
}

impl Apart for Helpers {
    fn wants(&self, function: u32) -> bool {
        self.tickets.may_pay(function) || self.is_forced()
    }

    fn begin(self: Arc<Self>, call: &Call<'_>) -> Option<Box<dyn Ahead>> {
        let Call { function, arguments, surroundings } = *call;
        let Some(needs) = self.needs_of(function, function) else {
            self.tickets.forbid(function);
            return None;
        };
        let most = Used { fuel: surroundings.fuel.unwrap_or(u64::MAX), gas: surroundings.gas.unwrap_or(u64::MAX) };
        let held = needs.values(surroundings.globals).map(|(global, value)| Some((global, Sent::of(value)?)));
        let globals = held.collect::<Option<_>>()?;
        let arguments = arguments.iter().map(|&value| Sent::of(value)).collect::<Option<_>>()?;
        let ticket = Arc::new(Ticket::new(function, arguments, globals, surroundings.depth, most));
        let helpers = Arc::clone(&self);
        let pool = self.pool()?;
        self.tickets.push(Arc::clone(&ticket));
        pool.spawn(move || helpers.redeem_newest());
        Some(Box::new(Stub(ticket)))
    }

    fn fewest(&self) -> usize {
        self.configuration.workers_from
    }

    fn run(&self, job: &Job<'_>) -> Option<Done> {
        if !self.distributive.contains(&job.function) {
            return None;
        }
        let needs = self.needs(job)?;
        let (Part { text, used, .. }, values, Fixed { asking, .. }) = self.parts(job, &needs)?;
        // What is left must do for what follows upon the answer, too: the program may not run short where the loop would not have, or later.
        let suffices = |left: Option<u64>, used: u64| left.is_none_or(|left| left >= used);
        if !suffices(job.surroundings.fuel, used.fuel) || !suffices(job.surroundings.gas, used.gas) {
            return None;
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
        // The call that asks is one for the whole list, and pays for itself what it does.
        let used = Used { fuel: used.fuel.checked_sub(asking.fuel)?, gas: used.gas.checked_sub(asking.gas)? };
        Some(Done { values, text, used })
    }
}

/// Gives an answer at once, to see what asking costs.
struct Answered(usize);

impl Apart for Answered {
    fn fewest(&self) -> usize {
        self.0
    }

    fn run(&self, _: &Job<'_>) -> Option<Done> {
        Some(Done::default())
    }

    fn wants(&self, _: u32) -> bool {
        false
    }

    fn begin(self: Arc<Self>, _: &Call<'_>) -> Option<Box<dyn Ahead>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executors::register::prepare_register;
    use crate::executors::stack::prepare_stack;
    use crate::{Capture, Prepared, Source};

    /// What a program prints on several workers, and how often helpers gave the answer, on both machines.
    fn run(text: &str) -> [(String, u64); 2] {
        let compiled = Compiled::new(&Source::text("apart.zx", text)).unwrap();
        let configuration = |vm| Configuration { workers: 3, ..Configuration::of(vm).unwrap() };
        let printed = |prepared: &dyn Prepared| {
            let capture = Capture::new();
            let outcome = prepared.run(RunOptions { output: capture.writer(), ..RunOptions::default() });
            assert!(outcome.result.is_ok(), "{:?}", outcome.result);
            String::from_utf8(capture.take()).unwrap()
        };
        let register = prepare_register(&compiled, &configuration("register")).unwrap();
        let stack = prepare_stack(&compiled, &configuration("stack")).unwrap();
        let answered = |helpers: &Option<Arc<Helpers>>| helpers.as_ref().unwrap().answered.load(Ordering::Relaxed);
        let register = (printed(&register), answered(&register.helpers));
        [register, (printed(&stack), answered(&stack.helpers))]
    }

    #[test]
    fn long_lists_are_divided_where_nobody_can_tell() {
        let text = "let k = 3
action slow(x) { let s = 0 for each i in range(x % 200) { s = s + i * k } return s }
let all = map(range(5000), slow)
let by = 2
let some = filter(all, lambda(x) { return x % by == 0 })
print(len(all), all[199], len(some), reduce(some, lambda(a, b) { return a + b }, 0))
print(len(map(range(100), slow)))
";
        for (printed, answered) in run(text) {
            assert_eq!((printed.as_str(), answered), ("5000 59103 2500 48510000\n100\n", 2));
        }
    }

    #[test]
    fn strings_go_there_and_come_back() {
        let text = "let mark = \"ä\"
let long = \"\"
for each i in range(50) { long += \"0123456789\" }
action name(x) { return x % 3 == 0 ? x : mark + x }
let names = map(range(5000), name)
let end = \"4\"
let some = filter(names, lambda(x) { return x + \"\" == mark + \"77\" || (\"\" + x).ends_with(end) })
let longer = map(names, lambda(x) { return long + x })
print(names[76:79], some[0:5], len(some), len(longer[4999]), longer[4998][498:])
";
        let expected = "[ä76, ä77, 78] [ä4, ä14, 24, ä34, ä44] 501 505 894998\n";
        for (printed, answered) in run(text) {
            assert_eq!((printed.as_str(), answered), (expected, 3));
        }
    }

    #[test]
    fn tasks_that_only_compute_are_called_ahead_of_their_turn() {
        let text = "let k = 3
action work(n) { let s = 0 for each i in range(n) { s = s + i * k } return s }
let tasks = []
for each n in range(40) { tasks.push(spawn work(20000 + n)) }
let sum = 0
for each task in tasks { sum += await task }
print(sum)
";
        let compiled = Compiled::new(&Source::text("apart.zx", text)).unwrap();
        for vm in ["stack", "register"] {
            let configuration = Configuration { workers: 3, ..Configuration::of(vm).unwrap() };
            let capture = Capture::new();
            let options = RunOptions { output: capture.writer(), ..RunOptions::default() };
            let run = |prepared: &dyn Prepared| assert!(prepared.run(options).result.is_ok());
            let helpers = if vm == "stack" {
                let prepared = prepare_stack(&compiled, &configuration).unwrap();
                run(&prepared);
                prepared.helpers
            } else {
                let prepared = prepare_register(&compiled, &configuration).unwrap();
                run(&prepared);
                prepared.helpers
            };
            let made = helpers.unwrap().made_ahead.load(Ordering::Relaxed);
            assert_eq!(String::from_utf8(capture.take()).unwrap(), "24045629640\n", "{vm}");
            assert!(made > 0, "{vm}: nothing was made ahead");
        }
    }

    #[test]
    fn a_call_that_nobody_wants_any_more_ends() {
        let text = "action forever(n) { while n > 0 { n += 1 if n > 1000 { n = 1 } } return n }\nspawn forever(0)";
        let compiled = Compiled::new(&Source::text("apart.zx", text)).unwrap();
        let configuration = Configuration { workers: 2, ..Configuration::of("register").unwrap() };
        let prepared = prepare_register(&compiled, &configuration).unwrap();
        let helpers = prepared.helpers.as_ref().unwrap();
        let code = compiled.stack_code().unwrap();
        let is_forever = |function: &isa::Function<isa::Stack>| &*code.names[function.name as usize] == "forever";
        let function = code.functions.iter().position(is_forever).unwrap() as u32;
        let globals = vec![Value::NULL; code.globals.len()];
        let surroundings = Surroundings { globals: &globals, depth: 100, fuel: None, gas: None };
        let call = Call { function, arguments: &[Value::int(1)], surroundings };
        let ahead = Arc::clone(helpers).begin(&call).unwrap();
        // The only thread of the pool takes it, or finds that nobody wants it.
        std::thread::sleep(Duration::from_millis(5));
        drop(ahead);
        assert_eq!(helpers.pool().unwrap().install(|| 7), 7);
    }

    #[test]
    fn what_can_be_told_is_done_by_the_program() {
        let text = "let seen = 0
action count(x) { seen = seen + 1 return x }
action pair(x) { return [x, x] }
action odd(x) { if x == 4000 { throw \"too far\" } return x }
print(len(map(range(5000), count)), seen, map(range(5000), pair)[77][1])
try { map(range(5000), odd) } catch (e) { print(e) }
";
        for (printed, answered) in run(text) {
            assert_eq!((printed.as_str(), answered), ("5000 5000 77\ntoo far\n", 0));
        }
    }
}
