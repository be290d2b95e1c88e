//! Asks for a rebuild when a bundled program is added or taken away; changes to those that are there are noticed anyway.

fn main() {
    println!("cargo::rerun-if-changed=../programs");
}
