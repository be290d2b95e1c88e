//! The programs that allocate: `programs/memory`, in each language.

use std::sync::OnceLock;

use engine::workloads::bundled_file;
use serde::Deserialize;

/// A program that makes so many of something and keeps them.
#[derive(Clone, Debug, Deserialize)]
pub struct Program {
    /// Its name; its files in `programs/memory` have it.
    pub name: String,
    /// What it makes, in one line.
    pub about: String,
    /// How many it makes in tests and for quick looks.
    pub small: u64,
    /// How many it makes when it is measured.
    pub full: u64,
    /// Objects that are alive at its end, for each of these.
    pub objects: u64,
}

#[derive(Deserialize)]
struct Table {
    program: Vec<Program>,
}

/// All of them, in the order of the tables.
pub fn programs() -> &'static [Program] {
    static PROGRAMS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let table: Table = toml::from_str(bundled_file("memory/programs.toml").unwrap_or_default())
            .expect("programs/memory/programs.toml is a table of programs");
        table.program
    })
}

/// The program of this name.
pub fn program(name: &str) -> Option<&'static Program> {
    programs().iter().find(|program| program.name == name)
}

/// A language in which the programs are written.
#[derive(Debug)]
pub struct Language {
    /// What its files end with.
    pub extension: &'static str,
    /// A program that prints one line.
    line: &'static str,
    /// What stands behind a program while it is watched: it hands over what was printed and waits for a line, so that its memory can be looked at. In Lua it
    /// then writes how many bytes are in use by its own count, garbage collected, to standard error.
    wait: &'static str,
}

/// Our own.
pub static ZEXUS: Language = Language { extension: "zx", line: "print(1)\n", wait: "\ninput()\n" };

static OTHERS: [Language; 3] = [
    Language {
        extension: "lua",
        line: "print(1)\n",
        wait: "\nio.stdout:flush()\nio.read()\ncollectgarbage()\ncollectgarbage()\n\
               io.stderr:write(string.format(\"%.0f\\n\", collectgarbage(\"count\") * 1024))\n",
    },
    Language { extension: "py", line: "print(1)\n", wait: "\nimport sys\nsys.stdout.flush()\nsys.stdin.readline()\n" },
    Language { extension: "js", line: "console.log(1);\n", wait: "\nrequire(\"fs\").readSync(0, Buffer.alloc(1));\n" },
];

impl Language {
    /// The language whose files end so.
    pub fn of(extension: &str) -> Option<&'static Self> {
        std::iter::once(&ZEXUS).chain(&OTHERS).find(|language| language.extension == extension)
    }

    /// A program in this language.
    ///
    /// # Errors
    /// When it is not written in it.
    pub fn text(&self, program: &Program) -> Result<&'static str, String> {
        let file = format!("memory/{}.{}", program.name, self.extension);
        bundled_file(&file).ok_or_else(|| format!("there is no programs/{file}"))
    }

    /// A program that prints one line.
    pub fn line(&self) -> &'static str {
        self.line
    }

    /// A text as it is run while it is watched.
    pub fn watched(&self, text: &str) -> String {
        format!("{text}{}", self.wait)
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, OTHERS, ZEXUS, program, programs};

    #[test]
    fn every_program_is_written_in_every_language() {
        assert_eq!(programs().len(), 8);
        for (index, each) in programs().iter().enumerate() {
            assert!(!each.about.is_empty() && each.small < each.full && each.objects > 0, "{}", each.name);
            assert!(programs()[..index].iter().all(|other| other.name != each.name), "{} twice", each.name);
            for language in std::iter::once(&ZEXUS).chain(&OTHERS) {
                assert!(language.text(each).is_ok(), "{} in {}", each.name, language.extension);
            }
        }
        assert!(program("tree").is_some() && program("forest").is_none());
        assert!(Language::of("lua").is_some() && Language::of("c").is_none());
    }
}
