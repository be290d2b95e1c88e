//! A program that the front end is done with.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bumpalo::Bump;
use isa::{AnyModule, RegCode, StackCode, Verified};
use lang::gas::Charges;
use lang::{Analysis, NoLoader, SourceLoader};
use self_cell::self_cell;

use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::files::{BoundedLoader, read, read_file};
use crate::optimized::Optimized;
use crate::orchestrator::Facts;

/// Where a program comes from.
pub struct Source {
    name: String,
    bytes: Vec<u8>,
    loader: Box<dyn SourceLoader>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Source {
    /// A text that uses no files.
    pub fn text(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: text.into(), loader: Box::new(NoLoader) }
    }

    /// A text that may use files, relative to the directory that `name` is in.
    pub fn with_files(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: text.into(), loader: Box::new(BoundedLoader) }
    }

    /// A file, of source text or of bytecode.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn file(path: impl Into<PathBuf>) -> Result<Self, EngineError> {
        let path = path.into();
        match read_file(&path) {
            Ok(bytes) => Ok(Self::with_files(path.to_string_lossy(), bytes)),
            Err(source) => Err(EngineError::Read { path, source }),
        }
    }

    /// What `reader` gives, of source text or of bytecode. Text may use files, relative to the directory that `name` is in.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reader(name: impl Into<String>, reader: impl std::io::Read) -> Result<Self, EngineError> {
        let name = name.into();
        match read(reader) {
            Ok(bytes) => Ok(Self::with_files(name, bytes)),
            Err(source) => Err(EngineError::Read { path: name.into(), source }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the files come from that it uses.
    pub(crate) fn loader(&self) -> &dyn SourceLoader {
        &*self.loader
    }

    /// True when it is bytecode rather than text, or is called so: it begins as bytecode does, whatever its name, or its name ends in
    /// `.zxc`.
    pub fn is_bytecode(&self) -> bool {
        isa::binary::is_bytecode(&self.bytes)
            || Path::new(&self.name).extension().is_some_and(|extension| extension == "zxc")
    }
}

self_cell!(
    /// A syntax tree with the arena it lives in.
    pub(crate) struct Tree {
        owner: Bump,
        #[covariant]
        dependent: Analysis,
    }
);

/// A program after the front end: its tree for the evaluator and verified code for the machines.
///
/// A program that was loaded as bytecode, or whose code comes from a cache, has no tree, and one loaded as register code has no stack code either.
pub struct Compiled {
    name: String,
    tree: Option<Tree>,
    /// What was found out about a tree that is not here.
    facts: Option<Facts>,
    code: Code,
    /// Its code that takes gas, once it is asked for.
    metered: Mutex<Option<Arc<Metered>>>,
    /// Its stack code as optimizers with these options leave it, metered or not.
    optimized: Mutex<Vec<(optimizer::Options, bool, Arc<Optimized>)>>,
}

/// Stack code that takes gas.
#[derive(Debug)]
pub struct Metered {
    /// The code as the compiler wrote it.
    pub code: Arc<Verified<StackCode>>,
    /// What the tree's regions cost; none when the program was loaded as bytecode.
    pub charges: Option<Charges>,
}

/// Code in one form or the other.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    Stack(Arc<Verified<StackCode>>),
    Register(Arc<Verified<RegCode>>),
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Compiled {
    /// Compiles text, or reads and verifies bytecode.
    ///
    /// # Errors
    /// When the text has errors, or the bytecode is not valid.
    pub fn new(source: &Source) -> Result<Self, EngineError> {
        if source.is_bytecode() { Self::from_bytecode(source) } else { Self::from_tree(source, Self::parse(source)?) }
    }

    /// The resolved tree of a text.
    pub(crate) fn parse(source: &Source) -> Result<Tree, EngineError> {
        Tree::try_new(Bump::new(), |arena| lang::analyze(arena, &source.name, &source.bytes, &*source.loader))
            .map_err(EngineError::Diagnostics)
    }

    /// Compiles the tree of a text.
    pub(crate) fn from_tree(source: &Source, tree: Tree) -> Result<Self, EngineError> {
        let code = lang::compile(tree.borrow_dependent()).map_err(EngineError::Diagnostics)?;
        let code =
            isa::verify::stack(code).map_err(|error| EngineError::Verify { name: source.name.clone(), error })?;
        Ok(Self::of(source, Some(tree), None, Code::Stack(Arc::new(code))))
    }

    fn from_bytecode(source: &Source) -> Result<Self, EngineError> {
        let module = isa::binary::read(&source.bytes)
            .map_err(|error| EngineError::Bytecode { name: source.name.clone(), reason: error.to_string() })?;
        let refused = |error| EngineError::Verify { name: source.name.clone(), error };
        let code = match module {
            AnyModule::Stack(module) => Code::Stack(Arc::new(isa::verify::stack(module).map_err(refused)?)),
            AnyModule::Register(module) => Code::Register(Arc::new(isa::verify::register(module).map_err(refused)?)),
        };
        Ok(Self::of(source, None, None, code))
    }

    /// A text of which facts and code were known: stack code as the configuration's optimizer leaves it.
    pub(crate) fn from_cache(source: &Source, facts: Facts, code: Code, configuration: &Configuration) -> Self {
        let compiled = Self::of(source, None, Some(facts), code);
        if let Code::Stack(code) = &compiled.code {
            let optimized = Arc::new(Optimized::known(Arc::clone(code)));
            let mut known = compiled.optimized.lock().unwrap_or_else(PoisonError::into_inner);
            known.push((configuration.optimizer_options(), false, optimized));
        }
        compiled
    }

    fn of(source: &Source, tree: Option<Tree>, facts: Option<Facts>, code: Code) -> Self {
        Self { name: source.name.clone(), tree, facts, code, metered: Mutex::default(), optimized: Mutex::default() }
    }

    /// Name of the main file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The resolved tree, if the program was compiled from text.
    pub fn tree(&self) -> Option<&Analysis<'_>> {
        self.tree.as_ref().map(Tree::borrow_dependent)
    }

    /// The stack code as the configuration's optimizer leaves it, unless the program was loaded as register code. It is made once for equal
    /// options.
    ///
    /// # Errors
    /// When optimized code does not verify, which is a defect of a pass.
    pub fn optimized(&self, configuration: &Configuration) -> Result<Option<Arc<Optimized>>, EngineError> {
        let Code::Stack(code) = &self.code else { return Ok(None) };
        let is_metered = configuration.is_metered();
        let code = if is_metered { &self.metered()?.code } else { code };
        let options = configuration.optimizer_options();
        let mut known = self.optimized.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., optimized)) = known.iter().find(|found| (&found.0, found.1) == (&options, is_metered)) {
            return Ok(Some(Arc::clone(optimized)));
        }
        let optimized = Arc::new(Optimized::new(&self.name, code, &options)?);
        known.push((options, is_metered, Arc::clone(&optimized)));
        Ok(Some(optimized))
    }

    /// The stack code that takes gas, as the compiler wrote it. It is made once.
    ///
    /// # Errors
    /// When the program was loaded as code that takes none, or does not compile.
    pub fn metered(&self) -> Result<Arc<Metered>, EngineError> {
        let mut metered = self.metered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(metered) = &*metered {
            return Ok(Arc::clone(metered));
        }
        let made = Arc::new(match (&self.tree, &self.code) {
            (Some(tree), _) => {
                let (code, charges) =
                    lang::compile_metered(tree.borrow_dependent()).map_err(EngineError::Diagnostics)?;
                let refused = |error| EngineError::Verify { name: self.name.clone(), error };
                Metered { code: Arc::new(isa::verify::stack(code).map_err(refused)?), charges: Some(charges) }
            }
            (None, Code::Stack(code)) if code.is_metered() => Metered { code: Arc::clone(code), charges: None },
            _ => return Err(EngineError::NotMetered { program: self.name.clone() }),
        });
        *metered = Some(Arc::clone(&made));
        Ok(made)
    }

    /// What can be told of the program, unless it was loaded as bytecode.
    pub fn facts(&self) -> Option<Facts> {
        self.facts.or_else(|| self.tree().map(Facts::new))
    }

    /// The stack code as the compiler wrote it, unless the program was loaded as register code.
    pub fn stack_code(&self) -> Option<&Verified<StackCode>> {
        match &self.code {
            Code::Stack(code) => Some(code),
            Code::Register(_) => None,
        }
    }

    /// The register code, if the program was loaded as such.
    pub fn register_code(&self) -> Option<&Verified<RegCode>> {
        match &self.code {
            Code::Stack(_) => None,
            Code::Register(code) => Some(code),
        }
    }

    /// The files it was compiled from, for messages.
    pub fn sources(&self) -> &[isa::module::Source] {
        match &self.code {
            Code::Stack(code) => &code.sources,
            Code::Register(code) => &code.sources,
        }
    }
}
