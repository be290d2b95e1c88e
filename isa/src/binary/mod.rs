//! Modules as `.zxc` files.
//!
//! A file is a header of 24 bytes and a payload:
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `7f 5a 58 43`: a byte that is no text, then `ZXC` |
//! | 2 | version of the layout: 1 |
//! | 1 | form: 1 stack, 2 register |
//! | 1 | 0 |
//! | 8 | length of the payload |
//! | 8 | checksum of the header's first 16 bytes and the payload |
//!
//! Numbers of fixed size are little-endian; others are varints: 7 bits a byte, low ones first, the top bit set on all bytes but the
//! last. The payload begins with the operations that the code uses, by their numbers in the family. Instruction words are stored
//! as they are in memory, except that their opcode is the position in that list. So the dense opcodes, which follow the order of
//! rows in the table, may change from one build to the next; files stay readable while the family's numbers stay.
//!
//! [`read`] takes any bytes: it gives a module or says at which byte what is wrong, and reserves no more memory than a small multiple of
//! the input's length. It judges layout only. Whether the module makes sense is for [`verify`](crate::verify) to say, and code from a
//! file is always verified before it runs. The checksum is against accidents, not against malice.

mod reader;
mod writer;

pub use reader::{ReadError, ReadProblem, read};
pub use writer::write;

use crate::module::{Form, Register, Stack};
use crate::register::{RegisterInstruction, RegisterOp};
use crate::stack::{StackInstruction, StackOp};

const MAGIC: [u8; 4] = *b"\x7fZXC";

/// Whether these bytes begin as a bytecode file does. No text begins like that.
pub fn is_bytecode(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Version of the layout that is written, and the only one that is read.
pub const VERSION: u16 = 2;
const HEADER: usize = 24;
/// Bytes of the header that the checksum covers.
const CHECKED_HEADER: usize = 16;

/// Stands for a file's operation code that means nothing.
const NO_OPCODE: u16 = u16::MAX;

/// A form that can be stored in a file: both can.
#[expect(private_bounds, reason = "what it does is the reader's and writer's own affair")]
pub trait BinaryForm: Words {}

impl BinaryForm for Stack {}
impl BinaryForm for Register {}

/// What the reader and the writer need to know of a form.
trait Words: Form {
    /// Its code in the header.
    const CODE: u8;
    /// Bytes of an instruction.
    const BYTES: usize;
    /// How many operations it has.
    fn operations() -> usize;
    /// Number in the family of the operation with this dense opcode.
    fn number(opcode: u16) -> u16;
    /// Dense opcode of the operation with this number in the family.
    fn opcode(number: u16) -> Option<u16>;
    /// Dense opcode of an instruction.
    fn opcode_of(instruction: Self::Instruction) -> u16;
    /// Writes an instruction with another operation code.
    fn put(out: &mut Vec<u8>, instruction: Self::Instruction, code: u16);
    /// Reads instructions, looking their operation codes up; gives the index of one whose code means nothing.
    fn get(bytes: &[u8], opcodes: &[u16]) -> Result<Vec<Self::Instruction>, usize>;
}

impl Words for Stack {
    const CODE: u8 = 1;
    const BYTES: usize = 4;

    fn operations() -> usize {
        StackOp::ALL.len()
    }

    fn number(opcode: u16) -> u16 {
        StackOp::ALL[usize::from(opcode)].facts().number
    }

    fn opcode(number: u16) -> Option<u16> {
        StackOp::from_number(number).map(|op| op as u16)
    }

    fn opcode_of(instruction: StackInstruction) -> u16 {
        u16::from(instruction.opcode())
    }

    fn put(out: &mut Vec<u8>, instruction: StackInstruction, code: u16) {
        let word = instruction.bits() & !0xff | u32::from(code);
        out.extend_from_slice(&word.to_le_bytes());
    }

    fn get(bytes: &[u8], opcodes: &[u16]) -> Result<Vec<StackInstruction>, usize> {
        let (words, _) = bytes.as_chunks::<4>();
        let mut code = Vec::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            let word = u32::from_le_bytes(*word);
            let opcode = opcodes.get((word & 0xff) as usize).copied().unwrap_or(NO_OPCODE);
            let instruction = StackInstruction::from_bits(word & !0xff | u32::from(opcode as u8));
            match instruction {
                Some(instruction) if opcode != NO_OPCODE => code.push(instruction),
                _ => return Err(index),
            }
        }
        Ok(code)
    }
}

impl Words for Register {
    const CODE: u8 = 2;
    const BYTES: usize = 8;

    fn operations() -> usize {
        RegisterOp::ALL.len()
    }

    fn number(opcode: u16) -> u16 {
        RegisterOp::ALL[usize::from(opcode)].facts().number
    }

    fn opcode(number: u16) -> Option<u16> {
        RegisterOp::from_number(number).map(|op| op as u16)
    }

    fn opcode_of(instruction: RegisterInstruction) -> u16 {
        instruction.opcode()
    }

    fn put(out: &mut Vec<u8>, instruction: RegisterInstruction, code: u16) {
        let word = instruction.bits() & !0xffff | u64::from(code);
        out.extend_from_slice(&word.to_le_bytes());
    }

    fn get(bytes: &[u8], opcodes: &[u16]) -> Result<Vec<RegisterInstruction>, usize> {
        let (words, _) = bytes.as_chunks::<8>();
        let mut code = Vec::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let opcode = opcodes.get((word & 0xffff) as usize).copied().unwrap_or(NO_OPCODE);
            match RegisterInstruction::from_bits(word & !0xffff | u64::from(opcode)) {
                Some(instruction) => code.push(instruction),
                None => return Err(index),
            }
        }
        Ok(code)
    }
}

/// Puts the right length and checksum into the header of a file whose payload was changed: for tools that do so, and to test the
/// reader beyond its checksum. Does nothing to what is shorter than a header.
pub fn seal(file: &mut [u8]) {
    let Some((header, payload)) = file.split_at_mut_checked(HEADER) else { return };
    header[8..CHECKED_HEADER].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    let sum = checksum([&header[..CHECKED_HEADER], payload]);
    header[CHECKED_HEADER..].copy_from_slice(&sum.to_le_bytes());
}

/// Checksum of `parts` one after the other.
///
/// Each step is a bijection of the state and of the word it takes in, so a change inside one aligned word is always seen.
fn checksum(parts: [&[u8]; 2]) -> u64 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = 0x5a58_4331_u64;
    let mut take = |word: u64| state = (state ^ word).wrapping_mul(PRIME).rotate_left(29);
    for part in parts {
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            take(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        take(u64::from_le_bytes(last));
        take(part.len() as u64);
    }
    state
}
