//! Keys: of layouts, of code, and of code in memory.

use cache::{Key, KeyBuilder};

use crate::compiled::Source;
use crate::configuration::{CodeForm, Configuration};

/// The build's identity, which the build script works out: it is part of every key, so no build is given what another one made.
pub fn build_identity() -> Key {
    Key::of(env!("BUILD_IDENTITY").as_bytes())
}

/// The key of a main file's name and text. The text is hashed alone: from its beginning on, BLAKE3 is fastest.
pub(super) fn text(source: &Source) -> Key {
    let text = Key::of(source.bytes());
    KeyBuilder::new("layout").part(IDENTITY).part(source.name().as_bytes()).part(text.as_bytes()).finish()
}

/// The key of a tree's code.
pub(super) fn code(tree: &[u8; 32], shape: &str) -> Key {
    KeyBuilder::new("code").part(IDENTITY).part(tree).part(shape.as_bytes()).finish()
}

/// The key of a text's code, whichever form of it the configuration runs. None if it runs none that is kept.
pub(super) fn ready(text: &Key, configuration: &Configuration) -> Option<Key> {
    let key = KeyBuilder::new("ready").part(text.as_bytes());
    Some(match configuration.code_form(configuration.vm) {
        Some(form) => key.part(configuration.shape(form).as_bytes()).finish(),
        None if configuration.vm == "auto" => {
            let chosen = format!("{:?} {}", configuration.orchestrator, configuration.check);
            key.part(chosen.as_bytes()).part(configuration.shape(CodeForm::Register).as_bytes()).finish()
        }
        None => return None,
    })
}

const IDENTITY: &[u8] = env!("BUILD_IDENTITY").as_bytes();
