//! The layout of a program: what its texts are beyond their tree, and what is to be known of the tree without having it.

use std::borrow::Cow;
use std::iter::zip;

use cache::Key;
use lang::Canonical;
use lang::program::{FileKind, SourceProgram};
use serde::{Deserialize, Serialize};

use crate::compiled::Source;
use crate::orchestrator::Facts;

/// A program's files, where the places of their trees are, and the trees' canonical form.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Layout<'b> {
    /// BLAKE3 of the canonical form.
    pub(super) tree: [u8; 32],
    pub(super) facts: Facts,
    #[serde(borrow)]
    files: Vec<LayoutFile<'b>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct LayoutFile<'b> {
    origin: Origin,
    /// Offsets of places: see [`steps`].
    #[serde(borrow)]
    steps: Cow<'b, [u8]>,
}

/// Where a file's text comes from.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Origin {
    /// It is the text that the layout was looked up by.
    Main,
    Used(UsedFile),
    Prelude,
}

/// A file that a program uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UsedFile {
    name: String,
    hash: [u8; 32],
}

impl UsedFile {
    fn new(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_string(), hash: *Key::of(bytes).as_bytes() }
    }

    /// Its bytes, if they are still the same.
    fn read(&self, source: &Source) -> Option<Vec<u8>> {
        let bytes = source.loader().load(&self.name).ok()?;
        (*Key::of(&bytes).as_bytes() == self.hash).then_some(bytes)
    }

    /// Whether its text is still the same.
    pub(super) fn is_current(&self, source: &Source) -> bool {
        self.read(source).is_some()
    }
}

impl<'b> Layout<'b> {
    /// The layout of a program with this canonical form, and its texts.
    pub(super) fn of(
        program: &SourceProgram<'_>,
        canonical: &Canonical,
        facts: Facts,
    ) -> (Self, Vec<isa::module::Source>) {
        let sources = &program.files;
        let files = zip(sources, &canonical.places).map(|(file, places)| LayoutFile {
            origin: match file.kind {
                FileKind::Main => Origin::Main,
                FileKind::Module => Origin::Used(UsedFile::new(&file.name, file.text.as_bytes())),
                FileKind::Prelude => Origin::Prelude,
            },
            steps: Cow::Owned(steps(places.offsets())),
        });
        let texts = sources.iter().map(|file| text(&file.name, file.text));
        (Self { tree: canonical.hash, facts, files: files.collect() }, texts.collect())
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("numbers and texts can always be written")
    }

    pub(super) fn from_bytes(bytes: &'b [u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// The program's texts, if all files it uses are still the same.
    pub(super) fn texts(&self, source: &Source) -> Option<Vec<isa::module::Source>> {
        let texts = self.files.iter().map(|file| {
            Some(match &file.origin {
                Origin::Main => text(source.name(), std::str::from_utf8(source.bytes()).ok()?),
                Origin::Used(used) => text(&used.name, std::str::from_utf8(&used.read(source)?).ok()?),
                Origin::Prelude => text(lang::loader::PRELUDE_NAME, lang::loader::PRELUDE),
            })
        });
        texts.collect()
    }

    /// The offset of each place of each file.
    pub(super) fn offsets(&self) -> Vec<Vec<u32>> {
        self.files.iter().map(|file| offsets(&file.steps)).collect()
    }

    /// The files that the program uses.
    pub(super) fn used(&self) -> Vec<UsedFile> {
        let used = self.files.iter().filter_map(|file| match &file.origin {
            Origin::Used(used) => Some(used.clone()),
            Origin::Main | Origin::Prelude => None,
        });
        used.collect()
    }
}

fn text(name: &str, text: &str) -> isa::module::Source {
    isa::module::Source { name: name.into(), text: text.into() }
}

/// Offsets as bytes: each is its difference from the one before with the sign in the lowest bit, 7 bits a byte, low ones first, the top bit
/// set on all bytes but the last.
fn steps(offsets: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(offsets.len() + offsets.len() / 4);
    let mut before = 0;
    for &offset in offsets {
        let step = offset.wrapping_sub(std::mem::replace(&mut before, offset)) as i32;
        let mut rest = (step << 1 ^ step >> 31) as u32;
        while rest >= 0x80 {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes
}

/// What [`steps`] was made from.
fn offsets(steps: &[u8]) -> Vec<u32> {
    let mut offsets = Vec::with_capacity(steps.len());
    let (mut offset, mut step, mut shift) = (0_u32, 0_u32, 0);
    for &byte in steps {
        step |= u32::from(byte & 0x7f).wrapping_shl(shift);
        shift += 7;
        if byte < 0x80 {
            offset = offset.wrapping_add(step >> 1 ^ (step & 1).wrapping_neg());
            offsets.push(offset);
            (step, shift) = (0, 0);
        }
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::{offsets, steps};

    #[test]
    fn steps_lead_to_the_same_offsets() {
        let all = [0, 0, 7, 71, 7, u32::MAX, 3, 1 << 30, 1 << 31, 0];
        assert_eq!(offsets(&steps(&all)), all);
        assert_eq!(steps(&[3, 66, 65]), [6, 126, 1]);
    }
}
