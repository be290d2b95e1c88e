//! The bundled programs: source, sizes and expected output, inside the binary.

use std::sync::OnceLock;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

static PROGRAMS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../programs");

/// A bundled program.
#[derive(Clone, Debug, Deserialize)]
pub struct Workload {
    /// Its name.
    pub name: String,
    /// Its file in `programs/`.
    pub file: String,
    /// `kernel`, `program`, `contract` or `operation`.
    pub kind: String,
    /// The name under which its expected output and its peers lie, where that is not its own: programs that do the same in two ways share it.
    #[serde(default)]
    model: Option<String>,
    /// What it does, in one line.
    pub about: String,
    /// What it exercises.
    pub tags: Vec<String>,
    /// First argument for a run of some thousand operations.
    pub small: String,
    /// First argument for a run of 100 to 300 milliseconds on a fast interpreter.
    pub full: String,
}

/// How large a run of a workload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// For tests, and for quick looks.
    Small,
    /// For measuring.
    Full,
}

impl Size {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Full => "full",
        }
    }
}

#[derive(Deserialize)]
struct Table {
    workload: Vec<Workload>,
}

/// All bundled programs, kernels first.
pub fn workloads() -> &'static [Workload] {
    static WORKLOADS: OnceLock<Vec<Workload>> = OnceLock::new();
    WORKLOADS.get_or_init(|| {
        let table: Table =
            toml::from_str(text("workloads.toml")).expect("programs/workloads.toml is a table of workloads");
        table.workload
    })
}

/// Kind of the workloads that are one operation each, written in one way or another.
pub const OPERATION: &str = "operation";

/// The bundled programs that stand for programs: all but the operations. Means over all programs are over these.
pub fn programs() -> impl Iterator<Item = &'static Workload> {
    workloads().iter().filter(|workload| workload.kind != OPERATION)
}

/// The bundled program of this name.
pub fn workload(name: &str) -> Option<&'static Workload> {
    workloads().iter().find(|workload| workload.name == name)
}

impl Workload {
    /// Its source text.
    pub fn source(&self) -> &'static str {
        text(&self.file)
    }

    /// Its first argument.
    pub fn argument(&self, size: Size) -> &str {
        match size {
            Size::Small => &self.small,
            Size::Full => &self.full,
        }
    }

    /// The name under which its expected output and its peers lie.
    pub fn model(&self) -> &str {
        self.model.as_ref().unwrap_or(&self.name)
    }

    /// What it prints.
    pub fn expected(&self, size: Size) -> &'static str {
        text(&format!("expected/{}.{}.txt", self.model(), size.name()))
    }
}

/// The text of a file in `programs/`, if it is bundled.
pub fn bundled_file(path: &str) -> Option<&'static str> {
    PROGRAMS.get_file(path).and_then(include_dir::File::contents_utf8)
}

fn text(path: &str) -> &'static str {
    bundled_file(path).unwrap_or_else(|| panic!("programs/{path} is bundled"))
}

#[cfg(test)]
mod tests {
    use super::{OPERATION, Size, programs, workload, workloads};

    #[test]
    fn every_workload_is_complete() {
        assert!(workloads().len() >= 35);
        for (index, workload) in workloads().iter().enumerate() {
            assert!(!workload.source().is_empty());
            assert!(!workload.expected(Size::Small).is_empty());
            assert!(!workload.expected(Size::Full).is_empty());
            assert!(!workload.about.is_empty() && !workload.tags.is_empty());
            assert!(workloads()[..index].iter().all(|other| other.name != workload.name), "{} twice", workload.name);
        }
        assert_eq!(workload("fib").map(|workload| workload.kind.as_str()), Some("kernel"));
        assert!(workload("nothing").is_none());
    }

    #[test]
    fn operations_are_no_programs() {
        assert!(programs().all(|workload| workload.kind != OPERATION));
        let operations = workloads().iter().filter(|workload| workload.kind == OPERATION);
        assert_eq!(programs().count() + operations.count(), workloads().len());
    }

    /// Where an operation is there in both ways, what they print is compared, and at the same sizes.
    #[test]
    fn pairs_of_operations_check_each_other() {
        let mut pairs = 0;
        for native in workloads().iter().filter(|workload| workload.kind == OPERATION) {
            let Some(name) = native.name.strip_suffix("_native") else { continue };
            let Some(guest) = workload(&format!("{name}_guest")) else { continue };
            if native.model() == guest.model() {
                assert_eq!((&native.small, &native.full), (&guest.small, &guest.full), "{name}");
                pairs += 1;
            }
        }
        assert!(pairs >= 6, "{pairs} pairs have one model");
    }
}
