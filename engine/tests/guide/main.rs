//! The programs in the documentation do what the documentation says.
//!
//! In `README.md` and `docs/`, a fence
//!
//! ````text
//! ```zx
//! print(1 + 1)
//! ```
//! ````
//!
//! is a whole program, and the next fence, which must be a `text` one, is what it prints: its output, then the report of the error
//! that ended it, if one did, or what the compiler says when it refuses the program. Every executor runs it. A fence ` ```zx NAME.zx `
//! is a file that programs further down on the page can use; it needs no output.
//!
//! `UPDATE_GUIDE=1 cargo test -p engine --test guide` writes the outputs that the oracle gives into the pages. Read them before you commit them.

mod allocator;
mod pass;
mod probe;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use converter::{Statistics, StepSet, cleanup, emit, lift, live};
use engine::profile::Cell;
use engine::workloads::{Size, workloads};
use engine::{Capture, Compiled, Configuration, MachineMeaning, Source, find_executor, render_failure};
use isa::{RegCode, StackCode, Verified};
use runtime::probe::NoProbe;
use runtime::{RunOptions, Runtime};

/// A fenced block.
struct Fence<'t> {
    /// What stands behind the backticks.
    info: &'t str,
    /// Line of the opening fence, from 0.
    line: usize,
    /// First line behind the closing fence.
    end: usize,
    content: String,
}

/// The fences of a page in order. A fence ends at a line of at least as many backticks.
fn fences(page: &str) -> Vec<Fence<'_>> {
    let lines: Vec<&str> = page.lines().collect();
    let mut fences = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let ticks = lines[at].bytes().take_while(|&byte| byte == b'`').count();
        at += 1;
        if ticks < 3 {
            continue;
        }
        let (line, info) = (at - 1, lines[at - 1][ticks..].trim());
        let is_end = |line: &str| line.len() >= ticks && line.bytes().all(|byte| byte == b'`');
        let length = lines[at..].iter().position(|line| is_end(line));
        let length = length.unwrap_or_else(|| panic!("the fence at line {} is never closed", line + 1));
        let content = lines[at..at + length].iter().map(|line| format!("{line}\n")).collect();
        at += length + 1;
        fences.push(Fence { info, line, end: at, content });
    }
    fences
}

/// Every page that can hold programs.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

/// Whether outputs are written instead of checked.
fn updating() -> bool {
    std::env::var_os("UPDATE_GUIDE").is_some()
}

/// The oracle first; the register machine also where values are spilled.
fn configurations() -> Vec<Configuration> {
    let mut all: Vec<Configuration> = ["ast", "stack", "register"].map(|vm| Configuration::of(vm).unwrap()).into();
    let mut spilling = Configuration::of("register").unwrap();
    spilling.set("registers", "8").unwrap();
    all.push(spilling);
    all
}

/// What a reader sees of a run: output, then the report of an error. `folder` is where the page's files lie.
fn shown(program: &str, folder: &Path, configuration: &Configuration) -> String {
    let name = folder.join("example.zx");
    let text = match Compiled::new(&Source::with_files(name.to_string_lossy(), program)) {
        Err(error) => error.render(false),
        Ok(compiled) => {
            let executor = find_executor(configuration.vm).unwrap();
            let prepared = executor.prepare(&compiled, configuration).unwrap();
            let capture = Capture::new();
            let options =
                RunOptions { limits: configuration.limits, output: capture.writer(), ..RunOptions::default() };
            let outcome = prepared.run(options);
            let mut text = String::from_utf8(capture.take()).unwrap();
            if let Err(failure) = outcome.result {
                text.push_str(&render_failure(&failure, compiled.sources(), false));
            }
            text
        }
    };
    text.replace(&format!("{}/", folder.display()), "")
}

/// What stands between `<!-- table: NAME -->` and `<!-- end -->`, from the runtime's own tables.
fn table(name: &str) -> String {
    let row = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let head = |titles: &[&str]| row(titles) + &row(&vec!["---"; titles.len()]);
    let (titles, rows): (&[&str], String) = match name {
        "builtins" => (
            &["builtin", "what it gives"],
            runtime::builtins::all()
                // What the prelude asks is nobody else's affair.
                .filter(|builtin| builtin.name != "__apart")
                .map(|builtin| {
                    let (call, meaning) = builtin.help.split_once(": ").unwrap();
                    row(&[&format!("`{call}`"), meaning])
                })
                .collect(),
        ),
        "methods" => (
            &["of", "method", "what it gives"],
            runtime::methods::all()
                .flat_map(|table| table.rows.iter().map(|method| (table.receiver, method)))
                .map(|(receiver, method)| {
                    let (call, meaning) = method.help.split_once(": ").unwrap();
                    let others: String = method.names[1..].iter().map(|name| format!(", `{name}`")).collect();
                    row(&[receiver, &format!("`{call}`{others}"), meaning])
                })
                .collect(),
        ),
        "standard modules" => (
            &["module", "members"],
            ["math", "json", "crypto"]
                .map(|module| {
                    let members = runtime::builtins::standard_module(module).unwrap();
                    let shown = members.iter().map(|&(member, builtin)| {
                        if member == builtin { format!("`{member}`") } else { format!("`{member}` (`{builtin}`)") }
                    });
                    row(&[&format!("`{module}`"), &shown.collect::<Vec<_>>().join(", ")])
                })
                .concat(),
        ),
        _ => panic!("there is no table of {name}"),
    };
    head(titles) + &rows
}

/// The page with its generated tables as they should be.
fn with_tables(page: &str) -> String {
    let mut updated = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("<!-- table: ") {
        let (name, after) = after.split_once(" -->\n").unwrap();
        let (_, after) = after.split_once("<!-- end -->").unwrap();
        updated.push_str(&format!("{before}<!-- table: {name} -->\n{}<!-- end -->", table(name)));
        rest = after;
    }
    updated + rest
}

/// Runs the programs of a page. Gives the page with the outputs that the oracle gave, and what differs.
fn check(path: &Path) -> (String, Vec<String>) {
    let page = std::fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide").join(&name);
    std::fs::create_dir_all(&folder).unwrap();
    let fences = fences(&page);
    let lines: Vec<&str> = page.lines().collect();
    let (mut updated, mut copied, mut problems) = (String::new(), 0, Vec::new());
    for (index, fence) in fences.iter().enumerate() {
        let place = format!("{name}, line {}", fence.line + 1);
        match fence.info.split_whitespace().collect::<Vec<_>>()[..] {
            ["zx", file] => std::fs::write(folder.join(file), &fence.content).unwrap(),
            ["zx"] => {
                let Some(expected) = fences.get(index + 1).filter(|next| {
                    next.info == "text" && lines[fence.end..next.line].iter().all(|line| line.trim().is_empty())
                }) else {
                    problems.push(format!("{place}: no `text` fence with the output stands right behind this program"));
                    continue;
                };
                let mut oracle = None;
                for configuration in configurations().into_iter().take(if updating() { 1 } else { usize::MAX }) {
                    let text = shown(&fence.content, &folder, &configuration);
                    let oracle = oracle.get_or_insert_with(|| text.clone());
                    if text != expected.content || text != *oracle {
                        problems.push(format!(
                            "{place}, on {configuration}\n--- the page\n{}--- the run\n{text}",
                            expected.content
                        ));
                        break;
                    }
                }
                let output = oracle.unwrap_or_default();
                lines[copied..=expected.line].iter().for_each(|line| updated.push_str(&format!("{line}\n")));
                updated.push_str(&output);
                copied = expected.end - 1;
            }
            _ => {}
        }
    }
    lines[copied..].iter().for_each(|line| updated.push_str(&format!("{line}\n")));
    (updated, problems)
}

#[test]
fn programs_print_what_the_pages_say() {
    let mut all = Vec::new();
    for path in pages() {
        let (updated, problems) = check(&path);
        let page = std::fs::read_to_string(&path).unwrap();
        if updating() {
            std::fs::write(&path, with_tables(&updated)).unwrap();
            continue;
        }
        all.extend(problems);
        if page != with_tables(&page) {
            all.push(format!("{}: a generated table is stale", path.display()));
        }
    }
    assert!(
        all.is_empty(),
        "{} programs differ; to see what to do, read the top of engine/tests/guide/main.rs\n\n{}",
        all.len(),
        all.join("\n\n")
    );
}

/// Converts with an allocator that is not registered.
fn convert(code: &Verified<StackCode>, allocator: &dyn converter::RegisterAllocator) -> Verified<RegCode> {
    let functions = code.functions.iter().map(|function| {
        let mut lifted = lift::lift(code, function, StepSet::EMPTY);
        cleanup::clean_up(&mut lifted, &code.constants, StepSet::EMPTY);
        let ranges = live::live_ranges(&lifted);
        let allocation = allocator.allocate(&mut lifted, &ranges, 256);
        emit::emit(code, function, &lifted, &ranges, &allocation, &mut Statistics::default()).unwrap()
    });
    isa::verify::register(code.with_functions(functions.collect())).unwrap()
}

#[test]
fn the_allocator_of_the_guide_works() {
    for workload in workloads() {
        let compiled = Compiled::new(&Source::text(&workload.file, workload.source())).unwrap();
        let code = convert(compiled.stack_code().unwrap(), &allocator::Slots);
        let linked = vm_register::Linked::new(&code).unwrap();
        let capture = Capture::new();
        let options = RunOptions {
            arguments: vec![workload.small.clone()],
            output: capture.writer(),
            ledger: Some(Box::new(ledger::Chain::in_memory())),
            ..RunOptions::default()
        };
        let mut runtime = Runtime::new(Arc::clone(linked.program()), options);
        vm_register::execute(&linked, &mut runtime, &mut NoProbe).unwrap();
        runtime.output.flush().unwrap();
        assert_eq!(String::from_utf8(capture.take()).unwrap(), workload.expected(Size::Small), "{}", workload.name);
    }
}

#[test]
fn the_allocator_of_the_guide_is_on_its_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/add-an-allocator.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.contains(include_str!("allocator.rs")),
        "docs/add-an-allocator.md shows another text than engine/tests/guide/allocator.rs"
    );
}

#[test]
fn the_probe_of_the_guide_works() {
    let program = "action down(n) {\n    if n > 0 { down(n - 1) }\n}\ndown(4)\n";
    let compiled = Compiled::new(&Source::text("example.zx", program)).unwrap();
    for vm in ["stack", "register"] {
        let configuration = Configuration::of(vm).unwrap();
        let prepared = find_executor(vm).unwrap().prepare(&compiled, &configuration).unwrap();
        let (_, tables) = prepared.profile(RunOptions::default(), &[&probe::PROBE]).unwrap();
        let [table] = &tables[0][..] else { panic!("one table") };
        // The program, and five calls in each other of which all but the innermost do the same.
        let instructions: Vec<&Cell> = table.rows.iter().map(|row| &row[1]).collect();
        assert_eq!(instructions.len(), 6, "{vm}");
        assert!(instructions[1..5].iter().all(|&count| count == instructions[1]), "{vm}: {instructions:?}");
        let counted = prepared.count(RunOptions::default()).instructions.unwrap().total;
        assert_eq!(table.notes, [format!("{counted} instructions")]);
    }
}

#[test]
fn the_probe_of_the_guide_is_on_its_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/add-a-probe.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.contains(include_str!("probe.rs")),
        "docs/add-a-probe.md shows another text than engine/tests/guide/probe.rs"
    );
}

#[test]
fn the_pass_of_the_guide_works() {
    let run = |code: &Verified<StackCode>, argument: &str| {
        let linked = vm_stack::Linked::new(code).unwrap();
        let capture = Capture::new();
        let options = RunOptions {
            arguments: vec![argument.to_string()],
            output: capture.writer(),
            ledger: Some(Box::new(ledger::Chain::in_memory())),
            ..RunOptions::default()
        };
        let mut runtime = Runtime::new(Arc::clone(linked.program()), options);
        vm_stack::execute(&linked, &mut runtime, &mut NoProbe).unwrap();
        runtime.output.flush().unwrap();
        String::from_utf8(capture.take()).unwrap()
    };
    let optimized = |compiled: &Compiled| {
        let code = compiled.stack_code().unwrap();
        let (code, statistics) = optimizer::optimize_by(code, &[&pass::Prints], &mut MachineMeaning::default());
        (isa::verify::stack(code).unwrap(), statistics.passes[0].applied)
    };
    for workload in workloads() {
        let compiled = Compiled::new(&Source::text(&workload.file, workload.source())).unwrap();
        let (code, _) = optimized(&compiled);
        assert_eq!(run(&code, &workload.small), workload.expected(Size::Small), "{}", workload.name);
    }
    let compiled = Compiled::new(&Source::text("example.zx", "print(\"worth\", 12, 1.5, true)")).unwrap();
    let (code, joined) = optimized(&compiled);
    assert_eq!((run(&code, ""), joined), ("worth 12 1.5 true\n".to_string(), 3));
}

#[test]
fn the_pass_of_the_guide_is_on_its_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/add-a-pass.md");
    let page = std::fs::read_to_string(page).unwrap();
    let pass = include_str!("pass.rs");
    assert!(page.contains(pass), "docs/add-a-pass.md shows another text than engine/tests/guide/pass.rs");
    assert!(pass.lines().count() < 50, "the example is to be short");
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = pages();
    pages.extend(["ARCHITECTURE.md", "CONTRIBUTING.md", "programs/README.md"].map(|page| root.join(page)));
    let mut broken = Vec::new();
    for path in pages {
        let page = std::fs::read_to_string(&path).unwrap();
        // A link is `](target)`; what is not a file of ours is somebody else's.
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") || file.contains(' ') {
                continue;
            }
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let has_heading =
                || std::fs::read_to_string(&target).is_ok_and(|page| headings(&page).any(|known| known == heading));
            if !target.exists() || !heading.is_empty() && !has_heading() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links to nothing:\n{}", broken.join("\n"));
}

/// The names by which links reach a page's headings.
fn headings(page: &str) -> impl Iterator<Item = String> + '_ {
    let headings = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase());
    headings.map(|heading| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}
