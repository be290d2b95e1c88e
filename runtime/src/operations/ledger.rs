//! The operations of the family that work on the ledger: 110 to 117 and 119.
//!
//! Reading a state that holds a number or a bool is a lookup and nothing else; the ledger is asked through [`Ledger`](crate::host::Ledger).

use crate::arguments::expected;
use crate::builtins::current_time;
use crate::canonical::{self, MapOrder};
use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::host::{Algorithm, Digest, Immediate, Key, Leaves, SignatureCheck, Slot, Stored, footprint};
use crate::objects::Str;
use crate::value::Value;

/// Bytes that hexadecimal digits stand for, with or without `0x` before them.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some((digit(high)? << 4 | digit(low)?) as u8)).collect()
}

/// The most bytes that are read of a signature or key before its length is looked at.
const LONGEST_HEX: usize = 1024;

impl Runtime {
    fn new_digest(&mut self, digest: &Digest) -> Result<Value, Fault> {
        self.heap.reserve(2 * digest.len())?;
        Ok(Str::hexadecimal(&mut self.heap, digest))
    }

    /// `HASH_BLOCK`: the digest of a value's [encoding](canonical) with sorted maps, in 64 hexadecimal digits.
    ///
    /// # Errors
    /// When the value has no encoding, or there is no room for the result.
    pub fn hash_block(&mut self, value: Value, algorithm: Algorithm) -> Result<Value, Fault> {
        let mut digest = Digest::default();
        let size = match value.as_string() {
            // What is hashed most lies there already, all but its head.
            Some(string) => {
                let text = string.as_str();
                let head = canonical::Head::of_string(text);
                let parts = [head.as_bytes(), text.as_bytes()];
                self.ledger.digest(algorithm, &parts, &mut digest)?;
                head.as_bytes().len() + text.len()
            }
            None => self.digest_encoded(value, algorithm, &mut digest)?,
        };
        let digest = self.new_digest(&digest)?;
        // Last, because an operation that wants more memory is run again.
        self.charge_for_bytes(size)?;
        Ok(digest)
    }

    /// The digest of a value's encoding, and how long that is.
    fn digest_encoded(&mut self, value: Value, algorithm: Algorithm, digest: &mut Digest) -> Result<usize, Fault> {
        // The buffer is kept, so that small values cost no allocation.
        let mut bytes = std::mem::take(&mut self.encoding);
        bytes.clear();
        let encoded = canonical::encode(self, value, MapOrder::Sorted, &mut bytes);
        let size = bytes.len();
        let hashed = encoded.and_then(|()| self.ledger.digest(algorithm, &[&bytes], digest));
        if bytes.capacity() <= KEPT {
            self.encoding = bytes;
        }
        hashed.map(|()| size)
    }

    /// `VERIFY_SIGNATURE`: whether `signature` is one of `message` by the owner of `public_key`. The last two are strings of hexadecimal
    /// digits, with or without `0x`; a message that is a string stands for its UTF-8, any other for its [encoding](canonical) with sorted maps.
    /// What is malformed is invalid, with a reason.
    ///
    /// # Errors
    /// When the message has no encoding, and in a run without a ledger.
    pub fn verify_signature(
        &mut self,
        message: Value,
        signature: Value,
        public_key: Value,
    ) -> Result<SignatureCheck, Fault> {
        let bytes = |value: Value| {
            let text = value.as_string().map(|string| string.as_str()).filter(|text| text.len() <= LONGEST_HEX);
            text.and_then(from_hex)
        };
        let Some(key) = bytes(public_key) else {
            return Ok(SignatureCheck::Invalid { reason: "the public key is not a string of hexadecimal digits" });
        };
        let Some(signature) = bytes(signature) else {
            return Ok(SignatureCheck::Invalid { reason: "the signature is not a string of hexadecimal digits" });
        };
        if let Some(text) = message.as_string() {
            return self.ledger.verify_signature(text.as_bytes(), &signature, &key);
        }
        let mut encoding = Vec::new();
        canonical::encode(self, message, MapOrder::Sorted, &mut encoding)?;
        self.ledger.verify_signature(&encoding, &signature, &key)
    }

    /// `MERKLE_ROOT`: root of the Merkle tree whose leaves are the [encodings](canonical) of a list's elements, in 64 hexadecimal digits.
    ///
    /// # Errors
    /// When it is no list, or an element has no encoding.
    pub fn merkle_root(&mut self, list: Value) -> Result<Value, Fault> {
        let Some(elements) = list.as_list() else { return Err(expected("merkle_root", "a list", list)) };
        let mut leaves = Leaves::new();
        for element in elements.iter() {
            leaves.push_with(|bytes| canonical::encode(self, element, MapOrder::Sorted, bytes))?;
        }
        let root = self.ledger.merkle_root(&leaves)?;
        let root = self.new_digest(&root)?;
        self.charge(leaves.len() as u64)?;
        self.charge_for_bytes(leaves.size())?;
        Ok(root)
    }

    /// What a contract's field holds; `null` if nothing was written.
    ///
    /// # Errors
    /// When it does not fit the heap, or has an instance of a type that the program lacks.
    #[inline]
    pub fn state_field(&mut self, field: Slot) -> Result<Value, Fault> {
        match self.ledger.read(field).immediate() {
            Some(value) => Ok(value),
            None => self.ledger.read(field).clone().to_value(self),
        }
    }

    /// Sets a contract's field.
    ///
    /// # Errors
    /// Outside a transaction, and when the value cannot be kept.
    #[inline]
    pub fn set_state_field(&mut self, field: Slot, value: Value) -> Result<(), Fault> {
        let stored = Stored::from_value(self, value)?;
        self.keep(field, stored)
    }

    /// What the entry of a map in the state holds; `null` if there is none.
    ///
    /// # Errors
    /// When the key cannot be one, and as for [`Self::state_field`].
    #[inline]
    pub fn state_entry(&mut self, map: Slot, key: Value) -> Result<Value, Fault> {
        let stored = self.ledger.read_entry(map, Key::from_value(key)?);
        match stored.immediate() {
            Some(value) => Ok(value),
            None => stored.clone().to_value(self),
        }
    }

    /// Sets the entry of a map in the state.
    ///
    /// # Errors
    /// When the key cannot be one, and as for [`Self::set_state_field`].
    #[inline]
    pub fn set_state_entry(&mut self, map: Slot, key: Value, value: Value) -> Result<(), Fault> {
        match Immediate::from_value(value) {
            Some(value) => self.keep_immediate(map, Key::from_value(key)?, value),
            None => {
                let stored = Stored::from_value(self, value)?;
                self.keep_entry(map, Key::from_value(key)?, stored)
            }
        }
    }

    /// `STATE_READ`: [`Self::state_entry`] of the state that belongs to no contract.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn state_read(&mut self, key: Value) -> Result<Value, Fault> {
        self.state_entry(Slot::GLOBAL, key)
    }

    /// `STATE_WRITE`: [`Self::set_state_entry`] of the state that belongs to no contract.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn state_write(&mut self, key: Value, value: Value) -> Result<(), Fault> {
        self.check_writable()?;
        match Immediate::from_value(value) {
            Some(value) => self.keep_immediate(Slot::GLOBAL, Key::from_value(key)?, value),
            None => self.write_object(key, value),
        }
    }

    /// `STATE_WRITE` of a value that needs a heap.
    #[inline(never)]
    fn write_object(&mut self, key: Value, value: Value) -> Result<(), Fault> {
        let value = self.plain(value)?;
        let stored = Stored::from_value(self, value)?;
        self.charge_for_bytes(stored.size())?;
        self.keep_entry(Slot::GLOBAL, Key::from_value(key)?, stored)
    }

    /// `TX_BEGIN`: opens a transaction, within the one that is open if there is one.
    ///
    /// # Errors
    /// When too many are open.
    #[inline]
    pub fn tx_begin(&mut self) -> Result<(), Fault> {
        self.ledger.begin()
    }

    /// `TX_COMMIT`: closes the innermost transaction and keeps what it did.
    ///
    /// # Errors
    /// When none is open.
    #[inline]
    pub fn tx_commit(&mut self) -> Result<(), Fault> {
        self.ledger.commit()
    }

    /// `TX_REVERT`: closes the innermost transaction and undoes what it did.
    ///
    /// # Errors
    /// When none is open.
    #[inline]
    pub fn tx_revert(&mut self) -> Result<(), Fault> {
        self.ledger.revert()
    }

    /// `LEDGER_APPEND`: appends an entry to the log that is chained by hash, at the (virtual) time; gives its index.
    ///
    /// # Errors
    /// When the value cannot be kept, and in code that may not change the state.
    pub fn ledger_append(&mut self, entry: Value) -> Result<Value, Fault> {
        self.check_writable()?;
        let entry = self.plain(entry)?;
        let entry = Stored::from_value(self, entry)?;
        self.charge_for_bytes(entry.size())?;
        let kept = self.room_for(footprint(None, &entry))?;
        let time = current_time(self);
        let index = self.ledger.append(entry, time)?;
        self.grown_to(kept);
        i64::try_from(index).map(Value::int).map_err(|_| Error::value_error("the ledger has too many entries"))
    }
}

/// Most bytes of the buffer for encodings that are kept for the next one.
const KEPT: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Heap;

    #[test]
    fn digits_are_those_of_the_bytes() {
        let mut heap = Heap::new(1 << 20);
        for byte in 0..=255_u8 {
            let mut digest = [byte; 32];
            (digest[1], digest[31]) = (!byte, byte.rotate_left(4));
            let expected: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let string = Str::hexadecimal(&mut heap, &digest);
            let string = string.as_string().expect("it is one");
            assert_eq!((string.as_str(), string.char_count(), string.is_ascii()), (expected.as_str(), 64, true));
            assert_eq!(from_hex(&expected), Some(digest.to_vec()));
            assert_eq!(from_hex(&format!("0x{}", expected.to_uppercase())), Some(digest.to_vec()));
        }
        assert_eq!(from_hex(""), Some(Vec::new()));
        for bad in ["0", "0x0", "0g", "é", "0X00", " 00"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }
}
