#![allow(missing_docs)]
use engine::*;
fn main() {
    let vms: Vec<String> = std::env::args().skip(1).collect();
    let mut paths: Vec<_> = std::fs::read_dir("engine/tests/cases").unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "zx")).collect();
    paths.sort();
    let mut bad = 0;
    for path in paths {
        let expected = std::fs::read_to_string(path.with_extension("out")).unwrap();
        let source = Source::file(&path).unwrap();
        for vm in &vms {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let compiled = match Compiled::new(&source) { Ok(c) => c, Err(EngineError::Diagnostics(f)) => return format!("! does not compile, line {}\n{}", lang::diagnostics::line_and_column(&f[0].text, f[0].diagnostics[0].span.start).0, if expected.contains("! does") { String::new() } else { f[0].render(false) }), Err(e) => return format!("{e}") };
                let mut c = Configuration::of("auto").unwrap();
                for part in vm.split(',') { if let Some((a, b)) = part.split_once('=') { c.set(a, b).unwrap() } else { c.set("vm", part).unwrap() } }
                let p = match find_executor(c.vm).unwrap().prepare(&compiled, &c) { Ok(p) => p, Err(e) => return format!("{e}") };
                let capture = Capture::new();
                let o = p.run(runtime::RunOptions { output: capture.writer(), ..Default::default() });
                let mut text = String::from_utf8(capture.take()).unwrap();
                if let Err(f) = o.result { text.push_str(&format!("! line {}: {}\n", f.place(compiled.sources()).unwrap_or((0,0)).0, f.message)); }
                text
            })).unwrap_or("PANIC".into());
            if result != expected && !(expected.trim_end() == "! does not compile" && result.starts_with("! does not")) { bad += 1; println!("=== {} {vm}\n--- expected\n{expected}--- got\n{result}", path.file_stem().unwrap().to_string_lossy()); break; }
        }
    }
    println!("{bad} bad");
}
