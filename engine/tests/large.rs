//! Programs at the edge of what engines hold: deep recursion, and more variables than register code can name.

use engine::{Compiled, Configuration, Source, executors, find_executor};
use runtime::ErrorKind;

fn compiled(text: &str) -> Compiled {
    Compiled::new(&Source::text("large.zx", text)).unwrap()
}

fn configuration(vm: &str, max_depth: usize) -> Configuration {
    let mut configuration = Configuration::of(vm).unwrap();
    configuration.set("max-depth", &max_depth.to_string()).unwrap();
    configuration
}

#[test]
fn every_executor_holds_deep_recursion() {
    let program = compiled("action down(n) { return n == 0 ? 0 : 1 + down(n - 1) }\nprint(down(99998))\ndown(-1)\n");
    let mut expected = None;
    for executor in executors() {
        let configuration = configuration(executor.name(), 100_000);
        let outcome = executor.prepare(&program, &configuration).unwrap().run(configuration.run_options());
        let failure = outcome.result.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Depth, "{configuration}: {}", failure.message);
        assert_eq!(expected.get_or_insert_with(|| failure.clone()), &failure, "{configuration}");
    }
}

/// More variables at once than an instruction of register code can name.
fn too_many_variables() -> String {
    let variables = 0..66_000;
    let declared: String = variables.clone().map(|number| format!("let v{number} = seed + {number}\n")).collect();
    let listed: Vec<String> = variables.map(|number| format!("v{number}")).collect();
    format!("let seed = len(__ARGS__)\n{declared}let all = [{}]\nreturn all[65999] + len(all)\n", listed.join(", "))
}

#[test]
fn what_the_register_machine_cannot_hold_runs_on_another_one() {
    let program = compiled(&too_many_variables());
    let register = Configuration::of("register").unwrap();
    let refused = find_executor("register").unwrap().prepare(&program, &register);
    let error = refused.err().expect("register code has no names for so many variables");
    assert!(error.is_about_size() && error.to_string().contains("--vm stack"), "{error}");
    for vm in ["auto", "stack", "ast"] {
        let configuration = Configuration::of(vm).unwrap();
        let prepared = find_executor(vm).unwrap().prepare(&program, &configuration).unwrap();
        let returned = prepared.run(configuration.run_options()).result.unwrap();
        assert_eq!(returned.text, "131999", "{vm}");
    }
}

#[test]
fn errors_that_are_not_about_size_are_not_hidden() {
    let module = compiled("print(1)\n");
    let bytes = isa::binary::write(&**module.stack_code().unwrap());
    let bytecode = Compiled::new(&Source::text("large", bytes)).unwrap();
    let configuration = Configuration::of("ast").unwrap();
    let error = find_executor("ast").unwrap().prepare(&bytecode, &configuration).err().unwrap();
    assert!(!error.is_about_size(), "{error}");
    assert!(find_executor("auto").unwrap().prepare(&bytecode, &configuration).is_ok());
}
