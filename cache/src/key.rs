//! Keys.

use std::fmt::Write;
use std::hash::{Hash, Hasher};

/// A BLAKE3 hash that stands for a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Key {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In hexadecimal.
    pub fn to_hex(&self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// A key is uniform already: eight bytes of it are all that a table needs.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// Makes a key of several parts. Each is hashed with its length before it, so that parts which are divided otherwise have another key.
#[derive(Debug)]
pub struct KeyBuilder(blake3::Hasher);

impl KeyBuilder {
    /// Keys of one `kind` have nothing in common with those of another.
    pub fn new(kind: &str) -> Self {
        Self(blake3::Hasher::new()).part(kind.as_bytes())
    }

    /// The same with one more part.
    #[must_use]
    pub fn part(mut self, bytes: &[u8]) -> Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        self
    }

    /// The key.
    pub fn finish(self) -> Key {
        Key(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, KeyBuilder};

    #[test]
    fn parts_are_kept_apart() {
        let key =
            |parts: &[&str]| parts.iter().fold(KeyBuilder::new("test"), |key, part| key.part(part.as_bytes())).finish();
        assert_eq!(key(&["ab", "c"]), key(&["ab", "c"]));
        let others = [key(&["a", "bc"]), key(&["abc"]), key(&["ab", "c", ""]), KeyBuilder::new("tes").finish()];
        assert!(others.iter().all(|&other| other != key(&["ab", "c"])));
    }

    #[test]
    fn keys_are_shown_in_hexadecimal() {
        // The hash of nothing, as the authors of BLAKE3 publish it.
        let text = Key::of(b"").to_hex();
        assert_eq!(text, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
    }
}
