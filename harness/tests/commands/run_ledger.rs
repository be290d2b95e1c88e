//! `harness run --ledger` from outside: programs go on from what earlier runs have left in a file.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ledger::Chain;
use runtime::host::{Ledger, Status};

use crate::err;

const PROGRAM: &str = r#"
contract Counter {
    state n = 0
    state log = []
    action bump(by) {
        n += by
        log.push(n)
        emit Bumped(n)
        require(n < 100, "too much")
        return n
    }
}
let counter = state_read("counter")
if counter == null {
    counter = Counter()
    tx { state_write("counter", counter) }
}
print(counter.bump(1), counter.log)
print(counter == contract_at(Counter, counter.address), contract_at(Counter, "0x0"))
try { counter.bump(1000) } catch (e) { print(e) }
"#;

fn run(program: &str, ledger: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.args(["run", "--cache", "off", "-e", program, "--ledger"]).arg(ledger).args(options);
    command.output().unwrap()
}

/// What a run printed that ended well.
fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", err(output));
    crate::out(output)
}

#[test]
fn runs_go_on_from_each_other_on_every_engine() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counter.ledger");
    let mut log = Vec::new();
    for (round, vm) in (1..).zip(["ast", "stack", "register", "hybrid", "jit", "auto"]) {
        log.push(round.to_string());
        let shown = out(&run(PROGRAM, &file, &["--vm", vm]));
        assert_eq!(shown, format!("{round} [{}]\ntrue null\nRequirement failed: too much\n", log.join(", ")), "{vm}");
    }
    let chain = Chain::copy_of(&file).unwrap();
    assert_eq!(chain.height(), 6);
    let block = chain.block(1).unwrap().unwrap();
    let actions: Vec<&str> = block.transactions.iter().map(|transaction| &*transaction.action).collect();
    assert_eq!(actions, ["Counter", "tx", "bump", "bump"]);
    let status: Vec<Status> = block.receipts.iter().map(|receipt| receipt.status).collect();
    assert_eq!(status, [Status::Success, Status::Success, Status::Success, Status::Reverted]);
    let events: Vec<usize> = block.receipts.iter().map(|receipt| receipt.events.len()).collect();
    assert_eq!(events, [0, 0, 1, 0]);
    let verified = Command::new(env!("CARGO_BIN_EXE_harness")).args(["ledger", "verify"]).arg(&file).output().unwrap();
    assert!(verified.status.success());
}

#[test]
fn equal_runs_leave_equal_ledgers() {
    for gas in ["off", "unlimited"] {
        let folder = tempfile::tempdir().unwrap();
        let heads = ["ast", "stack", "register", "hybrid", "jit"].map(|vm| {
            let file = folder.path().join(vm);
            out(&run(PROGRAM, &file, &["--vm", vm, "--deterministic", "--gas", gas]));
            out(&run(PROGRAM, &file, &["--vm", vm, "--deterministic", "--gas", gas]));
            let chain = Chain::copy_of(&file).unwrap();
            let receipts = chain.block(1).unwrap().unwrap().receipts;
            assert!(receipts.iter().all(|receipt| (receipt.gas_used > 0) == (gas != "off")), "{vm}: {receipts:?}");
            chain.head().unwrap().hash()
        });
        assert!(heads.iter().all(|head| *head == heads[0]), "gas {gas}");
    }
}

#[test]
fn receipts_say_what_ended_a_transaction() {
    let program = "contract C {\n    state n = 0\n    action f(x) {\n        try { require(x != 1, \"one\") } catch (e) { this.n = 1 }\n        \
                   try { require(x < 2, \"large\") } finally { try { throw \"inner\" } catch (e) { } }\n        \
                   while x < 0 { x -= 1 }\n    }\n}\nlet c = C()\nfor each x in [0, 1, 2] { try { c.f(x) } catch (e) { print(e) } }\n\
                   try { tx { throw [1, 2] } } catch (e) { }\nc.f(-1)";
    let folder = tempfile::tempdir().unwrap();
    let heads = ["ast", "stack", "register", "hybrid", "jit"].map(|vm| {
        let file = folder.path().join(vm);
        let output = run(program, &file, &["--vm", vm, "--deterministic", "--gas", "5000"]);
        assert_eq!(output.status.code(), Some(1), "{vm}");
        let chain = Chain::copy_of(&file).unwrap();
        let block = chain.block(1).unwrap().unwrap();
        let shown: Vec<(&str, Option<&str>)> =
            block.receipts.iter().map(|receipt| (receipt.status.name(), receipt.error.as_deref())).collect();
        let [made, good, caught, large, thrown, endless] = shown[..] else { panic!("{vm}: {shown:?}") };
        assert_eq!([made, good, caught], [("success", None); 3], "{vm}");
        assert_eq!(large, ("reverted", Some("Requirement failed: large")), "{vm}");
        assert_eq!(endless.0, "out of gas", "{vm}");
        assert!(endless.1.unwrap().starts_with("Out of gas: used "), "{vm}: {endless:?}");
        assert_eq!(thrown, ("reverted", Some("[1, 2]")), "{vm}");
        let limits = block.transactions.iter().map(|transaction| transaction.gas_limit.unwrap());
        assert!(limits.is_sorted_by(|earlier, later| earlier > later), "{vm}: each may take what is left");
        chain.head().unwrap().hash()
    });
    assert!(heads.iter().all(|head| *head == heads[0]));
}

#[test]
fn what_ended_well_is_kept_when_the_program_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("failing.ledger");
    let failing = "tx { state_write(\"kept\", 1) }\ntx { state_write(\"kept\", 2) throw \"no\" }";
    let output = run(failing, &file, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out(&run("print(state_read(\"kept\"))", &file, &[])), "1\n");
    let endless = "tx { state_write(\"kept\", 3) }\ntx { state_write(\"kept\", 4) while true { } }";
    let output = run(endless, &file, &["--fuel", "1000"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out(&run("print(state_read(\"kept\"))", &file, &[])), "3\n");
    // Runs that only look make no block.
    let chain = Chain::copy_of(&file).unwrap();
    assert_eq!(chain.height(), 2);
    let errors = [1, 2].map(|height| chain.block(height).unwrap().unwrap().receipts[1].error.clone());
    assert_eq!(errors, [Some("no".to_string()), Some("Out of fuel".to_string())]);
}

#[test]
fn a_program_without_the_types_of_the_state_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("types.ledger");
    out(&run("data P { a: any }\ntx { state_write(\"p\", [P(1)]) }", &file, &[]));
    let output = run("print(state_read(\"p\"))", &file, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("the ledger has an instance of 'P'"), "{}", err(&output));
}

#[test]
fn files_that_are_no_ledgers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text.ledger");
    std::fs::write(&file, "some text").unwrap();
    let output = run("print(1)", &file, &[]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    assert!(err(&output).contains("is not a ledger"), "{}", err(&output));
    let output = run("print(1)", &folder.path().join("no/such/folder"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("cannot make"), "{}", err(&output));
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged.ledger");
    out(&run(PROGRAM, &file, &[]));
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(6).position(|window| window == b"Bumped").expect("the event is in the file");
    bytes[at] = b'X';
    std::fs::write(&file, &bytes).unwrap();
    let output = run(PROGRAM, &file, &[]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{}", err(&output));
    assert!(err(&output).contains("is damaged"), "{}", err(&output));
}

#[test]
fn files_in_use_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("used.ledger");
    let mut other = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["run", "--cache", "off", "-e", "input(\"ready\\n\")", "--ledger"])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let output = run("print(1)", &file, &[]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    assert!(err(&output).contains("is in use by another process"), "{}", err(&output));
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
    assert_eq!(out(&run("print(1)", &file, &[])), "1\n");
}
