//! The world outside: clock, input, storage; and checks.
//!
//! In a deterministic run the clock is virtual: every look at it takes a millisecond, sleeping takes as long as asked, and it begins at
//! [`VIRTUAL_EPOCH`]. What `persist_set` stores then lives as long as the run.

use std::io::{BufRead, ErrorKind as IoErrorKind, Read};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Builtin, builtin, json};
use crate::arguments::{number, optional, quoted, string};
use crate::context::Runtime;
use crate::error::{Error, ErrorKind, Fault};
use crate::value::{Tag, Value};

pub(super) static TABLE: &[Builtin] = &[
    builtin("time", (0, 0), time, "time(): milliseconds since 1970"),
    builtin("now", (0, 0), time, "now(): milliseconds since 1970"),
    builtin("timestamp", (0, 0), timestamp, "timestamp(): seconds since 1970"),
    builtin("time_now", (0, 0), time, "time_now(): time()"),
    builtin("datetime_now", (0, 0), time, "datetime_now(): time()"),
    builtin("__timer", (1, 1), timer, "sleep(seconds): waits; other tasks run meanwhile"),
    builtin("__task", (1, 1), task, "spawn t: t, which is a task already"),
    builtin("input", (0, 1), input, "input([prompt]): the next line of input without its end; null after the last"),
    builtin(
        "persist_set",
        (2, 2),
        persist_set,
        "persist_set(key, value): stores value for later runs, as JSON; gives value",
    ),
    builtin("persist_get", (1, 1), persist_get, "persist_get(key): what was stored under key; null if nothing was"),
    builtin("__ARGS__", (0, 0), program_arguments, "__ARGS__: the program's arguments, a list of strings"),
    builtin("is_main", (0, 0), is_main, "is_main(): whether the file is the program and not used by another"),
    builtin(
        "verify",
        (1, 2),
        verify,
        "verify(c[, message]): an error unless c holds, whose text is the message; else true",
    ),
    builtin("assert", (1, 2), assert, "assert(c[, message]): an error unless c holds; else true"),
];

/// When virtual time begins, in milliseconds since 1970: 14 November 2023, 22:13:20 UTC.
pub const VIRTUAL_EPOCH: i64 = 1_700_000_000_000;

/// Milliseconds since 1970. Looking makes virtual time pass.
pub(crate) fn current_time(runtime: &mut Runtime) -> i64 {
    if runtime.host.deterministic {
        runtime.host.virtual_time = runtime.host.virtual_time.saturating_add(1);
        return VIRTUAL_EPOCH.saturating_add(runtime.host.virtual_time);
    }
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

fn time(runtime: &mut Runtime, _: &[Value]) -> Result<Value, Fault> {
    Ok(Value::int(current_time(runtime)))
}

fn timestamp(runtime: &mut Runtime, _: &[Value]) -> Result<Value, Fault> {
    Ok(Value::int(current_time(runtime).div_euclid(1000)))
}

/// A timer. Inside a transaction nothing else may run meanwhile, so the time passes at once.
fn timer(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let seconds = number("sleep", arguments[0])?;
    let Ok(duration) = Duration::try_from_secs_f64(seconds) else {
        return Err(Error::value_error(format!("sleep() cannot wait {} seconds", runtime.format(arguments[0]))));
    };
    if runtime.chain.has_open_transaction() {
        let due = runtime.host.due(duration);
        runtime.pass_time_until(due)?;
        return Ok(Value::NULL);
    }
    runtime.new_timer(duration)
}

/// `spawn v`, where `v` is no call.
fn task(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let value = arguments[0];
    match value.tag() {
        Tag::Task => Ok(value),
        Tag::Function | Tag::Closure | Tag::Builtin | Tag::Type => {
            Err(Error::type_error(format!("Type error: cannot spawn {}", value.type_title()))
                .with_help("call it: `spawn f()`"))
        }
        _ => Err(Error::type_error(format!("Type error: cannot spawn {}", value.type_title()))
            .with_help("`spawn` takes a call, `spawn f(x)`, or a task")),
    }
}

fn input(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.heap.reserve(1)?;
    let room = runtime.heap.limit().saturating_sub(runtime.heap.bytes());
    // What was read stays in the host until the string is made, so that nothing is lost when the heap's limit intervenes.
    let mut line = std::mem::take(&mut runtime.host.partial_line);
    if line.is_empty() {
        if let Some(&prompt) = arguments.first() {
            let prompt = runtime.format_within_limit(prompt)?;
            runtime.output.write(&prompt)?;
        }
        runtime.output.flush()?;
    }
    let result = finish_line(runtime, &mut line, room);
    if result.is_err() {
        runtime.host.partial_line = line;
    }
    result
}

/// Reads on to the end of the line.
fn finish_line(runtime: &mut Runtime, line: &mut Vec<u8>, room: usize) -> Result<Value, Fault> {
    let wanted = room.saturating_sub(line.len()) as u64;
    let read = (&mut runtime.host.input).take(wanted).read_until(b'\n', line);
    let read = read.map_err(|error| Error::value_error(format!("cannot read input: {error}")))?;
    let text = match line.as_slice() {
        [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => text,
        _ if read as u64 == wanted => return Err(Error::heap(runtime.heap.limit())),
        [] => return Ok(Value::NULL),
        text => text,
    };
    runtime.new_string(&String::from_utf8_lossy(text))
}

/// The file that keeps what was stored under `key`. Bytes that could mean something to a file system are written as `%XX`, so
/// different keys never share a file and none leads elsewhere.
fn storage_path(key: &str) -> PathBuf {
    let mut name = String::new();
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name.push_str(".json");
    PathBuf::from("./.zexus_persist").join(name)
}

#[cold]
fn storage_failed(verb: &str, key: &str, error: &std::io::Error) -> Fault {
    Error::value_error(format!("cannot {verb} {}: {error}", quoted(key)))
}

fn persist_set(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let key = string("persist_set", arguments[0])?.as_str();
    let text = runtime.format_json(arguments[1])?;
    if runtime.host.deterministic {
        runtime.host.persistent.insert(key.to_string(), text);
        return Ok(arguments[1]);
    }
    let path = storage_path(key);
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    match folder.and_then(|()| std::fs::write(&path, text)) {
        Ok(()) => Ok(arguments[1]),
        Err(error) => Err(storage_failed("store", key, &error)),
    }
}

fn persist_get(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let key = string("persist_get", arguments[0])?.as_str();
    let text = if runtime.host.deterministic {
        match runtime.host.persistent.get(key) {
            Some(text) => text.clone(),
            None => return Ok(Value::NULL),
        }
    } else {
        match std::fs::read_to_string(storage_path(key)) {
            Ok(text) => text,
            Err(error) if error.kind() == IoErrorKind::NotFound => return Ok(Value::NULL),
            Err(error) => return Err(storage_failed("load", key, &error)),
        }
    };
    json::read(runtime, &text)
}

/// Files that are used by others do not call this: the compiler knows the answer there.
fn is_main(_: &mut Runtime, _: &[Value]) -> Result<Value, Fault> {
    Ok(Value::TRUE)
}

/// An error unless argument 0 holds. Its message is what `failure` makes of argument 1, if there is one.
fn check(arguments: &[Value], failure: impl FnOnce(Option<Value>) -> String) -> Result<Value, Fault> {
    if arguments[0].is_truthy() {
        return Ok(Value::TRUE);
    }
    let message = Some(optional(arguments, 1)).filter(|message| !message.is_null());
    Err(Error::new(ErrorKind::Requirement, failure(message)))
}

fn verify(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    check(arguments, |message| message.map_or("Verification failed".to_string(), |message| runtime.format(message)))
}

fn assert(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    check(arguments, |message| match message {
        Some(message) => format!("Assertion failed: {}", runtime.format(message)),
        None => "Assertion failed".to_string(),
    })
}

/// `__ARGS__`: a new list each time, so that changing it does not change what others see.
fn program_arguments(runtime: &mut Runtime, _: &[Value]) -> Result<Value, Fault> {
    let texts = runtime.host.arguments.clone();
    let mut arguments = Vec::with_capacity(texts.len());
    for text in &texts {
        arguments.push(runtime.new_string(text)?);
    }
    runtime.build_list(&arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_inside_the_folder_and_apart() {
        let name = |key| storage_path(key).file_name().map(|name| name.to_string_lossy().into_owned());
        assert_eq!(name("balance-1").as_deref(), Some("balance-1.json"));
        assert_eq!(name("../../etc/x").as_deref(), Some("..%2F..%2Fetc%2Fx.json"));
        assert_eq!(name("a b").as_deref(), Some("a%20b.json"));
        assert_ne!(name("a_b"), name("a/b"));
        assert_eq!(name("").as_deref(), Some(".json"));
        assert_eq!(name("é").as_deref(), Some("%C3%A9.json"));
    }
}
