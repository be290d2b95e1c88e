//! From a tree to portable code, and from there to code that can be run.

use std::sync::Arc;

use isa::AnyModule;
use isa::module::Source;
use lang::Places;

use super::layout::Layout;
use crate::compiled::{Code, Compiled, Tree};
use crate::configuration::{CodeForm, Configuration};
use crate::executor::find_executor;
use crate::optimized::Optimized;

/// The bytes of a tree's portable code, and the code in its layout. None if there is something wrong with it: whoever does without a cache
/// will say so.
pub(super) fn make(
    tree: &Tree,
    places: &[Places],
    texts: Vec<Source>,
    form: CodeForm,
    configuration: &Configuration,
) -> Option<(Vec<u8>, Code)> {
    let analysis = tree.borrow_dependent();
    let stack = lang::compile_portable(analysis, places).ok()??;
    let stack = Arc::new(isa::verify::stack(stack).ok()?);
    let stack = Optimized::new("", &stack, &configuration.optimizer_options()).ok()?.code;
    let offsets: Vec<&[u32]> = places.iter().map(Places::offsets).collect();
    match form {
        CodeForm::Stack => {
            let bytes = isa::binary::write(&**stack);
            Some((bytes, Code::Stack(Arc::new(Arc::unwrap_or_clone(stack).relocated(texts, &offsets)?))))
        }
        CodeForm::Register => {
            let (register, _) = converter::convert(&stack, configuration.converter_options()).ok()?;
            let bytes = isa::binary::write(&*register);
            Some((bytes, Code::Register(Arc::new(register.relocated(texts, &offsets)?))))
        }
    }
}

/// Portable code in a layout, verified. None if it is not what it should be.
pub(super) fn load(bytes: &[u8], texts: Vec<Source>, layout: &Layout<'_>) -> Option<Code> {
    let offsets = layout.offsets();
    let offsets: Vec<&[u32]> = offsets.iter().map(Vec::as_slice).collect();
    Some(match isa::binary::read(bytes).ok()? {
        AnyModule::Stack(module) => Code::Stack(Arc::new(isa::verify::stack(module).ok()?.relocated(texts, &offsets)?)),
        AnyModule::Register(module) => {
            Code::Register(Arc::new(isa::verify::register(module).ok()?.relocated(texts, &offsets)?))
        }
    })
}

/// Whether the configuration's executor takes the code. One that refuses it for its size might run the program in another form.
pub(super) fn runs(compiled: &Compiled, configuration: &Configuration) -> bool {
    find_executor(configuration.vm).is_some_and(|executor| executor.prepare(compiled, configuration).is_ok())
}
