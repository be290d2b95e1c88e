//! Why a program cannot be run at all.

use std::path::PathBuf;

use isa::verify::VerifyError;
use lang::FileDiagnostics;

use crate::configuration::ConfigurationError;
use crate::outcome::Failure;

/// Why a program cannot be compiled or prepared. Errors of a running program are [`Failure`](crate::Failure)s.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The source text has errors.
    #[error("{}", diagnostics_text(.0))]
    Diagnostics(Vec<FileDiagnostics>),
    /// The bytes are no bytecode.
    #[error("{name} is not valid bytecode: {reason}")]
    Bytecode {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The code is refused. For code from a compiler of ours that is a defect of the compiler.
    #[error("{name} does not verify: {error}")]
    Verify {
        /// What the code was made from.
        name: String,
        /// What the verifier says.
        error: VerifyError,
    },
    /// The converter refuses.
    #[error(transparent)]
    Convert(#[from] converter::ConvertError),
    /// The executor cannot run this program.
    #[error("executor '{executor}' cannot run {program}: {reason}")]
    Unsupported {
        /// The executor.
        executor: &'static str,
        /// The program.
        program: String,
        /// Why.
        reason: String,
    },
    /// Gas is to be metered in code that does not meter it.
    #[error("{program} was compiled to code that takes no gas; give its source text, or compile it with --gas")]
    NotMetered {
        /// The program.
        program: String,
    },
    /// The code needs something that this version does not have.
    #[error("{0}")]
    Link(String),
    /// The top level of a program whose contracts are to be called fails.
    #[error("the top level of the program fails: {}", .0.message)]
    Genesis(Box<Failure>),
    /// The program is larger than the executor's code can be.
    #[error("{0}")]
    TooLarge(String),
    /// The configuration asks for what does not exist.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
}

impl EngineError {
    /// Whether an executor refuses the program for its size alone, so that another one may take it.
    pub fn is_about_size(&self) -> bool {
        use converter::ConvertError::{BeyondReach, TooLarge};
        matches!(self, Self::TooLarge(_) | Self::Convert(TooLarge { .. } | BeyondReach { .. }))
    }

    /// The error as text for people; source errors with their source lines.
    pub fn render(&self, colour: bool) -> String {
        match self {
            Self::Diagnostics(files) => files.iter().map(|file| file.render(colour)).collect::<Vec<_>>().join("\n"),
            Self::Read { source, .. } => format!("error: {self}: {source}\n"),
            _ => format!("error: {self}\n"),
        }
    }
}

fn diagnostics_text(files: &[FileDiagnostics]) -> String {
    files.iter().map(|file| file.render(false)).collect::<Vec<_>>().join("\n")
}
