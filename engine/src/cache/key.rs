//! Keys: of layouts, of code, and of code in memory.

use cache::{Key, KeyBuilder};

use crate::compiled::Source;

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

/// The key of a text's code.
pub(super) fn ready(text: &Key, shape: &str) -> Key {
    KeyBuilder::new("ready").part(text.as_bytes()).part(shape.as_bytes()).finish()
}

const IDENTITY: &[u8] = env!("BUILD_IDENTITY").as_bytes();
