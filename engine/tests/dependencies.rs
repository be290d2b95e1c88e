//! Dependencies between the crates of this workspace are those that ARCHITECTURE.md allows, and unsafe code is only where it says.
//!
//! The table in the section "Who may depend on whom" is the list; this test reads it there, so page and test cannot differ.

use std::collections::BTreeSet;
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// A row of the table: a crate and what it may see.
struct Row {
    name: String,
    may_see: BTreeSet<String>,
    /// What its tests, examples and benches may see besides.
    tests_may_see: BTreeSet<String>,
    has_unsafe_code: bool,
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The words in backticks.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_string).collect()
}

fn table() -> Vec<Row> {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, section) = page.split_once("\n## Who may depend on whom\n").expect("ARCHITECTURE.md has the section");
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let &[name, may_see, tests_may_see, unsafe_code] = &cells[..] else { panic!("a row has four columns: {line}") };
        Row {
            name: name.trim_matches('`').to_string(),
            may_see: quoted(may_see),
            tests_may_see: quoted(tests_may_see),
            has_unsafe_code: unsafe_code == "yes",
        }
    })
    .collect()
}

/// The workspace as its manifests declare it; nothing is resolved, so nothing is looked up anywhere.
fn workspace() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().expect("`cargo metadata` runs")
}

/// The crates of this workspace that a package depends on.
fn sees(package: &Package, kinds: &[DependencyKind]) -> BTreeSet<String> {
    let own =
        package.dependencies.iter().filter(|dependency| dependency.path.is_some() && kinds.contains(&dependency.kind));
    own.map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn the_table_has_a_row_for_each_crate() {
    let workspace = workspace();
    let members: BTreeSet<String> = workspace.packages.iter().map(|package| package.name.to_string()).collect();
    let rows: BTreeSet<String> = table().into_iter().map(|row| row.name).collect();
    assert_eq!(
        members, rows,
        "members of the workspace, and rows of the table in ARCHITECTURE.md, \"Who may depend on whom\""
    );
}

#[test]
fn rows_see_only_what_stands_below_them() {
    let rows = table();
    for (index, row) in rows.iter().enumerate() {
        let below: BTreeSet<String> = rows[index + 1..].iter().map(|row| row.name.clone()).collect();
        let upward: Vec<&String> = row.may_see.difference(&below).collect();
        assert!(upward.is_empty(), "ARCHITECTURE.md: `{}` stands above {upward:?}, so it may not see it", row.name);
    }
}

#[test]
fn crates_depend_on_what_the_table_allows() {
    let rows = table();
    let mut problems = Vec::new();
    for package in workspace().packages {
        let Some(row) = rows.iter().find(|row| row.name == *package.name) else { continue };
        let code = sees(&package, &[DependencyKind::Normal, DependencyKind::Build]);
        let tests = sees(&package, &[DependencyKind::Development]);
        let for_tests: BTreeSet<String> = row.may_see.union(&row.tests_may_see).cloned().collect();
        for edge in code.difference(&row.may_see) {
            problems.push(format!("`{}` depends on `{edge}`", row.name));
        }
        for edge in tests.difference(&for_tests) {
            problems.push(format!("tests of `{}` depend on `{edge}`", row.name));
        }
    }
    assert!(
        problems.is_empty(),
        "{}; the table in ARCHITECTURE.md, \"Who may depend on whom\", does not allow that",
        problems.join("; ")
    );
}

#[test]
fn the_table_allows_only_what_is_used() {
    let rows = table();
    for package in workspace().packages {
        let Some(row) = rows.iter().find(|row| row.name == *package.name) else { continue };
        let code = sees(&package, &[DependencyKind::Normal, DependencyKind::Build]);
        let tests = sees(&package, &[DependencyKind::Development]);
        // Where the table says "everything below" it means it.
        if row.may_see.len() < 5 {
            assert_eq!(row.may_see, code, "`{}`: the table allows, and the manifest has", row.name);
        }
        assert!(
            row.tests_may_see.is_subset(&tests),
            "tests of `{}`: the table allows {:?}",
            row.name,
            row.tests_may_see
        );
    }
}

/// Code from a cache is code of this build: whatever makes code has a part in the build's identity.
#[test]
fn the_builds_identity_is_of_all_crates_below_engine() {
    let packages = workspace().packages;
    let mut below = BTreeSet::from(["engine".to_string()]);
    loop {
        let known = packages.iter().filter(|package| below.contains(package.name.as_str()));
        let more: BTreeSet<String> = known.flat_map(|package| sees(package, &[DependencyKind::Normal])).collect();
        if more.is_subset(&below) {
            break;
        }
        below.extend(more);
    }
    let script = include_str!("../build.rs");
    let (_, list) = script.split_once("const CRATES").expect("the script has the list");
    let (list, _) = list.split_once(';').and_then(|(_, list)| list.split_once(';')).expect("the list ends");
    let listed: BTreeSet<String> = list.split('"').skip(1).step_by(2).map(str::to_string).collect();
    assert_eq!(listed, below, "`CRATES` in engine/build.rs, and what `engine` depends on");
}

#[test]
fn unsafe_code_is_where_the_table_says() {
    let rows = table();
    for package in workspace().packages {
        let Some(row) = rows.iter().find(|row| row.name == *package.name) else { continue };
        for target in package.targets.iter().filter(|target| target.is_lib() || target.is_bin()) {
            let text = std::fs::read_to_string(&target.src_path).unwrap();
            let is_forbidden = text.contains("#![forbid(unsafe_code)]");
            assert_eq!(
                is_forbidden, !row.has_unsafe_code,
                "{}: `#![forbid(unsafe_code)]`, and the table's last column",
                target.src_path
            );
        }
    }
}
