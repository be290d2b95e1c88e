//! The order of tasks, asked of the scheduler as engines do.

use runtime::tasks::{MAIN, Next};
use runtime::{Error, ErrorKind, Fault, Runtime, Tag, Value};

use crate::support::{Make, runtime};

/// The builtin `time`.
fn time(runtime: &Runtime) -> Value {
    let at = runtime.program.builtins.iter().position(|builtin| builtin.name == "time").expect("a builtin");
    Value::indexed(Tag::Builtin, at as u32)
}

/// A task that is going to call `time()`, which is no guest code.
fn spawned(runtime: &mut Runtime) -> Value {
    let time = time(runtime);
    runtime.spawn(time, &[]).expect("a task")
}

fn thrown(text: &str) -> Fault {
    Error::new(ErrorKind::Value, text)
}

/// A task that has begun, and waits for `on`; its record.
fn waiting(runtime: &mut Runtime, on: Value) -> (Value, u32) {
    let task = runtime.begin_task(0).expect("a task");
    let record = runtime.wait(on);
    (task, record)
}

/// The record of who goes on next, if somebody does that had begun.
fn resumed(runtime: &mut Runtime) -> u32 {
    match runtime.next_task() {
        Ok(Next::Resume(record)) => record,
        Ok(Next::Main) => MAIN,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_queue_is_in_order() {
    let mut runtime = runtime();
    let tasks = [spawned(&mut runtime), spawned(&mut runtime), spawned(&mut runtime)];
    runtime.wait(tasks[2]);
    for (at, &task) in tasks.iter().enumerate() {
        assert!(matches!(runtime.next_task(), Ok(Next::Native)), "task {at}");
        assert!(runtime.poll(task).expect("no error").is_none(), "it runs");
        runtime.end_task(Ok(Value::int(at as i64)));
        assert_eq!(runtime.poll(task).expect("no error").and_then(Value::as_int), Some(at as i64));
    }
    assert_eq!(resumed(&mut runtime), MAIN);
}

#[test]
fn those_who_wait_go_on_in_the_order_in_which_they_began() {
    let mut runtime = runtime();
    let gate = spawned(&mut runtime);
    let (_, first) = waiting(&mut runtime, gate);
    runtime.wait(gate);
    let (_, second) = waiting(&mut runtime, gate);
    assert!(matches!(runtime.next_task(), Ok(Next::Native)));
    runtime.end_task(Ok(Value::NULL));
    assert_eq!(resumed(&mut runtime), first);
    runtime.end_task(Ok(Value::NULL));
    assert_eq!(resumed(&mut runtime), MAIN);
    runtime.end_main();
    assert_eq!(resumed(&mut runtime), second);
    runtime.end_task(Ok(Value::NULL));
    assert!(matches!(runtime.next_task(), Ok(Next::Done)));
}

#[test]
fn timers_end_by_due_time_then_by_age() {
    let mut runtime = runtime();
    let mut timer = |seconds| runtime.call("__timer", &[Value::float(seconds)]).expect("a timer");
    let timers = [timer(2.0), timer(1.0), timer(1.0), timer(0.5)];
    let records = timers.map(|timer| waiting(&mut runtime, timer).1);
    runtime.wait(timers[0]);
    // Nobody waits for this one, so no time passes for it.
    runtime.call("__timer", &[Value::float(0.1)]).expect("a timer");
    let mut times = Vec::new();
    for expected in [records[3], records[1], records[2], records[0]] {
        assert_eq!(resumed(&mut runtime), expected);
        times.push(runtime.host.virtual_time);
        runtime.end_task(Ok(Value::NULL));
    }
    assert_eq!(times, [500, 1000, 1000, 2000]);
    assert_eq!(resumed(&mut runtime), MAIN);
}

#[test]
fn an_error_is_thrown_at_each_await_and_handled_once() {
    let mut runtime = runtime();
    let task = runtime.begin_task(0).expect("a task");
    runtime.end_task(Err(thrown("first")));
    let other = runtime.begin_task(0).expect("a task");
    runtime.end_task(Err(thrown("second")));
    assert_eq!(runtime.outcome_of_tasks(None).map(|fault| fault.message).as_deref(), Some("first"));
    for _ in 0..2 {
        assert_eq!(runtime.poll(task).expect_err("an error").message, "first");
    }
    assert_eq!(runtime.outcome_of_tasks(None).map(|fault| fault.message).as_deref(), Some("second"));
    assert!(runtime.poll(other).is_err());
    assert!(runtime.outcome_of_tasks(None).is_none());
    assert_eq!(runtime.outcome_of_tasks(Some(thrown("end"))).map(|fault| fault.message).as_deref(), Some("end"));
}

#[test]
fn failures_that_were_awaited_are_forgotten() {
    let mut runtime = runtime();
    for _ in 0..1000 {
        let task = runtime.begin_task(0).expect("a task");
        runtime.end_task(Err(thrown("lost")));
        assert!(runtime.poll(task).is_err());
    }
    assert!(runtime.outcome_of_tasks(None).is_none());
    let before = runtime.heap.bytes();
    runtime.collect(|_| {}).expect("room");
    assert!(runtime.heap.bytes() + 900 * 48 <= before, "they are garbage");
}

#[test]
fn a_task_that_gives_a_task_has_its_outcome() {
    let mut runtime = runtime();
    let inner = spawned(&mut runtime);
    let outer = runtime.begin_task(0).expect("a task");
    runtime.end_task(Ok(inner));
    let outermost = runtime.begin_task(0).expect("a task");
    runtime.end_task(Ok(outer));
    runtime.wait(outermost);
    assert!(runtime.poll(outer).expect("no error").is_none());
    assert!(matches!(runtime.next_task(), Ok(Next::Native)));
    runtime.end_task(Err(thrown("inner")));
    for task in [inner, outer, outermost] {
        assert_eq!(runtime.poll(task).expect_err("an error").message, "inner");
    }
    assert_eq!(resumed(&mut runtime), MAIN);
    assert!(runtime.outcome_of_tasks(None).is_none());
    let late = runtime.begin_task(0).expect("a task");
    runtime.end_task(Ok(inner));
    assert_eq!(runtime.poll(late).expect_err("an error").message, "inner");
}

#[test]
fn a_deadlock_names_who_waits_and_the_main_task_can_go_on() {
    let mut runtime = runtime();
    let never = runtime.begin_task(0).expect("a task");
    runtime.wait(never);
    let (second, _) = waiting(&mut runtime, never);
    for _ in 0..2 {
        runtime.wait(never);
        let fault = runtime.next_task().expect_err("a deadlock");
        assert_eq!(fault.kind, ErrorKind::Task);
        assert!(fault.message.starts_with("Deadlock: <main> waits for task 1 ("), "{}", fault.message);
        assert!(fault.message.contains("task 2 ("), "{}", fault.message);
    }
    runtime.wait(second);
    assert!(runtime.next_task().is_err());
    runtime.end_main();
    let fault = runtime.next_task().expect_err("a deadlock");
    assert!(fault.message.starts_with("Deadlock: task 1 ("), "{}", fault.message);
}

#[test]
fn what_tasks_refer_to_is_not_collected() {
    let mut runtime = runtime();
    let text = runtime.new_string("kept alive by the queue").expect("room");
    let callee = time(&runtime);
    runtime.spawn(callee, &[text]).expect("a task");
    let gate = spawned(&mut runtime);
    let (_, record) = waiting(&mut runtime, gate);
    let objects = |runtime: &mut Runtime| {
        runtime.collect(|_| {}).expect("room");
        runtime.heap.bytes()
    };
    let before = objects(&mut runtime);
    assert_eq!(objects(&mut runtime), before);
    assert!(matches!(runtime.next_task(), Ok(Next::Native)));
    let fault = runtime.run_native_task().expect_err("time() takes no arguments");
    assert!(fault.message.contains("1 given"), "{}", fault.message);
    runtime.end_task(Ok(Value::NULL));
    assert!(matches!(runtime.next_task(), Ok(Next::Native)));
    runtime.end_task(Ok(Value::NULL));
    assert_eq!(resumed(&mut runtime), record);
    runtime.end_task(Ok(Value::NULL));
    assert!(objects(&mut runtime) < before);
}

#[test]
fn spawning_takes_the_fuel_of_the_call() {
    let mut runtime = runtime();
    runtime.limits.fuel = Some(2);
    runtime.fuel = 2;
    spawned(&mut runtime);
    spawned(&mut runtime);
    let callee = time(&runtime);
    let fault = runtime.spawn(callee, &[]).expect_err("no fuel");
    assert_eq!(fault.kind, ErrorKind::Fuel);
}

#[test]
fn names_of_tasks() {
    let mut runtime = runtime();
    let task = spawned(&mut runtime);
    assert_eq!(runtime.format(task), "<task 1 time>");
    assert_eq!((runtime.type_name(task), runtime.typeof_name(task), task.type_title()), ("Task", "task", "TASK"));
    assert!(task.is_truthy());
}
