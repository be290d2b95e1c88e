//! The file of an entry.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `7f` and `ZXCACHE`: a byte that is no text, then a name |
//! | 4 | version of this layout |
//! | 4 | 0 |
//! | 32 | identity of the build that wrote it |
//! | 32 | its key |
//! | 8 | nanoseconds that making the payload took |
//! | 8 | length of the payload |
//! | 32 | BLAKE3 of the payload |
//! | 32 | BLAKE3 of all of the above |
//! | | the payload |
//!
//! Numbers are little-endian. [`Entry::open`] takes the bytes of a file only if each of these is what it must be, so a file that was cut,
//! changed in any bit, renamed, or written by another build is none.

use crate::key::Key;

const MAGIC: [u8; 8] = *b"\x7fZXCACHE";
const VERSION: u32 = 1;
/// Up to here the header says whose entry it is.
const OWNER: usize = 80;
/// Up to here it is what the last hash is of.
const HASHED: usize = 128;
const HEADER: usize = 160;

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    file: Vec<u8>,
}

impl Entry {
    /// An entry with this payload, which took `cost` nanoseconds to make.
    pub fn new(build: &Key, key: &Key, payload: &[u8], cost: u64) -> Self {
        let mut file = Vec::with_capacity(HEADER + payload.len());
        file.extend_from_slice(&MAGIC);
        file.extend_from_slice(&VERSION.to_le_bytes());
        file.extend_from_slice(&[0; 4]);
        file.extend_from_slice(build.as_bytes());
        file.extend_from_slice(key.as_bytes());
        file.extend_from_slice(&cost.to_le_bytes());
        file.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        file.extend_from_slice(Key::of(payload).as_bytes());
        file.extend_from_slice(Key::of(&file).as_bytes());
        file.extend_from_slice(payload);
        Self { file }
    }

    /// The entry that a file holds, if it is the one of this build and key, and whole.
    pub fn open(file: Vec<u8>, build: &Key, key: &Key) -> Option<Self> {
        let (header, payload) = file.split_at_checked(HEADER)?;
        let expected = Self::new(build, key, &[], 0).file;
        let is_ours = header[..OWNER] == expected[..OWNER];
        let is_unchanged = header[HASHED..] == *Key::of(&header[..HASHED]).as_bytes();
        let is_whole = header[OWNER + 8..OWNER + 16] == (payload.len() as u64).to_le_bytes();
        let is_entry =
            is_ours && is_unchanged && is_whole && header[OWNER + 16..HASHED] == *Key::of(payload).as_bytes();
        is_entry.then_some(Self { file })
    }

    /// What is stored.
    pub fn payload(&self) -> &[u8] {
        &self.file[HEADER..]
    }

    /// Nanoseconds that making it took.
    pub fn cost(&self) -> u64 {
        self.file[OWNER..OWNER + 8].iter().rev().fold(0, |cost, &byte| cost << 8 | u64::from(byte))
    }

    /// The bytes of the file.
    pub fn file(&self) -> &[u8] {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, HEADER};
    use crate::key::Key;

    const BUILD: Key = Key::from_bytes([1; 32]);
    const KEY: Key = Key::from_bytes([2; 32]);

    #[test]
    fn what_is_written_is_read() {
        for payload in [&b""[..], b"x", &[7; 1000]] {
            let entry = Entry::new(&BUILD, &KEY, payload, 123_456_789_012);
            assert_eq!(entry.file().len(), HEADER + payload.len());
            let read = Entry::open(entry.file().to_vec(), &BUILD, &KEY).unwrap();
            assert_eq!((read.payload(), read.cost()), (payload, 123_456_789_012));
        }
    }

    #[test]
    fn nothing_else_is_an_entry() {
        let file = Entry::new(&BUILD, &KEY, b"some payload", 5).file;
        assert_eq!(Entry::open(file.clone(), &KEY, &KEY), None, "another build");
        assert_eq!(Entry::open(file.clone(), &BUILD, &BUILD), None, "another key");
        for length in 0..file.len() {
            assert_eq!(Entry::open(file[..length].to_vec(), &BUILD, &KEY), None, "cut to {length}");
        }
        assert_eq!(Entry::open([&file[..], b"x"].concat(), &BUILD, &KEY), None, "something behind it");
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut other = file.clone();
                other[at] ^= 1 << bit;
                assert_eq!(Entry::open(other, &BUILD, &KEY), None, "bit {bit} of byte {at}");
            }
        }
    }
}
