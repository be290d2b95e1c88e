//! Reads `.zxc` files.

use std::sync::Arc;

use super::{CHECKED_HEADER, HEADER, MAGIC, NO_OPCODE, VERSION, Words, checksum};
use crate::module::{
    AnyModule, Capture, CaptureSource, Constant, EnumDefinition, FieldDefinition, Function, Global, Handler,
    MethodDefinition, Module, ModuleDefinition, PreludeFunction, Register, Restrictions, Source, Stack, TypeDefinition,
};

/// Bytes that are no module: where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {problem}")]
pub struct ReadError {
    /// Offset of the byte in the file.
    pub offset: usize,
    /// What is wrong there.
    pub problem: ReadProblem,
}

/// What is wrong with the bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadProblem {
    /// Not the beginning of such a file.
    #[error("this is no compiled program: it does not begin with 7f 5a 58 43")]
    Magic,
    /// Written by another version.
    #[error(
        "the file has version {found} of the layout, this build reads version {VERSION}; compile the program again"
    )]
    Version {
        /// Version of the file.
        found: u16,
    },
    /// No form has this code.
    #[error("there is no form {code}; 1 is the stack form and 2 the register form")]
    Form {
        /// The code.
        code: u8,
    },
    /// The file is longer or shorter than it says.
    #[error("the header announces {announced} bytes of payload, but {found} follow; the file is cut off or damaged")]
    Length {
        /// In the header.
        announced: u64,
        /// In the file.
        found: u64,
    },
    /// The checksum is another.
    #[error("the checksum does not fit the content; the file is damaged")]
    Checksum,
    /// The end comes too soon.
    #[error("the file ends inside {what}")]
    EndsEarly {
        /// What was being read.
        what: &'static str,
    },
    /// More entries than the rest of the file can hold.
    #[error("{count} entries are announced for {what}, but only {rest} bytes are left")]
    Count {
        /// What is counted.
        what: &'static str,
        /// How many.
        count: u64,
        /// Bytes left.
        rest: usize,
    },
    /// A number past its type.
    #[error("the number for {what} is too large")]
    Number {
        /// What it is.
        what: &'static str,
    },
    /// Text that is no UTF-8.
    #[error("{what} is no valid UTF-8")]
    Utf8 {
        /// What it is.
        what: &'static str,
    },
    /// A byte that tells kinds apart and is none of them.
    #[error("{value} is no {what}")]
    Tag {
        /// What it should say.
        what: &'static str,
        /// What it is.
        value: u8,
    },
    /// An operation that this build does not have.
    #[error("the code uses operation {number} of the family, which this build does not have; update it")]
    Operation {
        /// Its number in the family.
        number: u32,
    },
    /// An instruction whose operation is not in the file's list.
    #[error("the instruction's operation is not among those the file lists")]
    Opcode,
    /// Bytes behind the end.
    #[error("the module ends here, but more bytes follow")]
    Trailing,
}

/// Reads a file. What comes out has not been verified.
pub fn read(bytes: &[u8]) -> Result<AnyModule, ReadError> {
    let at = |offset, problem| Err(ReadError { offset, problem });
    if !bytes.starts_with(&MAGIC) {
        return at(0, ReadProblem::Magic);
    }
    let Some((header, payload)) = bytes.split_at_checked(HEADER) else {
        return at(bytes.len(), ReadProblem::EndsEarly { what: "the header" });
    };
    let version = u16::from_le_bytes([header[4], header[5]]);
    if version != VERSION {
        return at(4, ReadProblem::Version { found: version });
    }
    let (form, unused) = (header[6], header[7]);
    if form != Stack::CODE && form != Register::CODE {
        return at(6, ReadProblem::Form { code: form });
    }
    if unused != 0 {
        return at(7, ReadProblem::Tag { what: "zero byte", value: unused });
    }
    let announced = fixed(&header[8..]);
    let found = payload.len() as u64;
    if announced != found {
        return at(8, ReadProblem::Length { announced, found });
    }
    if fixed(&header[CHECKED_HEADER..]) != checksum([&header[..CHECKED_HEADER], payload]) {
        return at(CHECKED_HEADER, ReadProblem::Checksum);
    }
    let mut reader = Reader { payload, at: 0 };
    let module = if form == Stack::CODE {
        reader.module().map(AnyModule::Stack)
    } else {
        reader.module().map(AnyModule::Register)
    };
    module.map_err(|error| ReadError { offset: HEADER + error.offset, problem: error.problem })
}

/// A number of eight bytes.
fn fixed(bytes: &[u8]) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(number)
}

type Read<T> = Result<T, ReadError>;

struct Reader<'b> {
    payload: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn module<F: Words>(&mut self) -> Read<Module<F>> {
        let opcodes = self.operations::<F>()?;
        // Fields are read in this order.
        let module = Module {
            names: self.table("names", 1, |reader| reader.text("a name"))?,
            builtins: self.table("builtins", 1, |reader| reader.text("the name of a builtin"))?,
            constants: self.table("constants", 1, Self::constant)?,
            globals: self.table("globals", 1, |reader| Ok(Global { name: reader.index("a global's name")? }))?,
            sources: self.table("sources", 2, |reader| {
                Ok(Source { name: reader.text("the name of a source")?, text: reader.text("a source")? })
            })?,
            types: self.table("types", 4, Self::definition)?,
            enums: self.table("enums", 2, |reader| {
                let name = reader.index("an enum's name")?;
                let members = reader.table("members of an enum", 2, |reader| {
                    Ok((reader.index("a member's name")?, reader.signed("a member's value")?))
                })?;
                Ok(EnumDefinition { name, members })
            })?,
            modules: self.table("modules", 3, |reader| {
                let (name, function) = (reader.index("a module's name")?, reader.index("a module's top level")?);
                let members = reader.table("members of a module", 2, |reader| {
                    Ok((reader.index("a member's name")?, reader.index("a member's global")?))
                })?;
                Ok(ModuleDefinition { name, function, members })
            })?,
            prelude: self.table("library functions", 2, |reader| {
                let (name, function) =
                    (reader.index("a library function's name")?, reader.index("a library function")?);
                Ok(PreludeFunction { name, function })
            })?,
            functions: self.table("functions", 12, |reader| reader.function(&opcodes))?,
            entry: self.index("the entry")?,
        };
        if self.at < self.payload.len() {
            return self.error(ReadProblem::Trailing);
        }
        Ok(module)
    }

    /// Dense opcodes by the file's operation codes.
    fn operations<F: Words>(&mut self) -> Read<Vec<u16>> {
        let opcodes = self.table("operations", 1, |reader| {
            let start = reader.at;
            let number = reader.index("an operation")?;
            let opcode = u16::try_from(number).ok().and_then(F::opcode);
            opcode.ok_or(ReadError { offset: start, problem: ReadProblem::Operation { number } })
        })?;
        debug_assert!(!opcodes.contains(&NO_OPCODE));
        Ok(opcodes)
    }

    fn function<F: Words>(&mut self, opcodes: &[u16]) -> Read<Function<F>> {
        let name = self.index("a function's name")?;
        let start = self.at;
        let parameters = u16::try_from(self.index("parameters")?)
            .map_err(|_| ReadError { offset: start, problem: ReadProblem::Number { what: "parameters" } })?;
        let locals = self.index("locals")?;
        let spill_base = self.index("spill slots")?;
        let spills = self.index("spill slots")?;
        let source = self.index("a function's source")?;
        let flags = self.flags("set of function flags", 2)?;
        let global = if flags & 2 != 0 { Some(self.index("a function's global")?) } else { None };
        let captures = self.table("captured variables", 3, |reader| {
            let name = reader.index("a captured variable's name")?;
            let flags = reader.flags("kind of captured variable", 2)?;
            let index = reader.index("a captured variable")?;
            let from = if flags & 1 == 0 { CaptureSource::Local(index) } else { CaptureSource::Capture(index) };
            Ok(Capture { name, from, is_cell: flags & 2 != 0 })
        })?;
        let local_names = self.table("names of locals", 1, |reader| reader.index("a local's name"))?;
        let handlers = self.table("handlers", 5, |reader| {
            Ok(Handler {
                start: reader.index("a handler")?,
                end: reader.index("a handler")?,
                target: reader.index("a handler")?,
                landing: reader.index("a handler")?,
                is_cleanup: reader.flags("kind of handler", 1)? != 0,
            })
        })?;
        let lines = self.lines()?;
        let mut before = 0;
        let refunds = self.table("refunds", 2, |reader| {
            before = reader.difference(before)?;
            Ok((before, reader.index("gas")?))
        })?;
        let count = self.count("instructions", F::BYTES)?;
        let code_start = self.at;
        let code = F::get(self.take(count * F::BYTES, "the instructions")?, opcodes)
            .map_err(|index| ReadError { offset: code_start + index * F::BYTES, problem: ReadProblem::Opcode })?;
        let has_defaults = flags & 1 != 0;
        Ok(Function {
            name,
            parameters,
            has_defaults,
            locals,
            spill_base,
            spills,
            code,
            handlers,
            lines,
            refunds,
            source,
            captures,
            local_names,
            global,
        })
    }

    /// Line entries, each as its differences from the one before. There are nearly as many of them as of instructions, and most are two bytes.
    fn lines(&mut self) -> Read<Vec<(u32, u32)>> {
        let mut before = (0_u32, 0_u32);
        self.table("line entries", 2, |reader| {
            let small = match reader.payload[reader.at..] {
                [first @ 0..0x80, offset @ 0..0x80, ..] => {
                    let step = |number: u32, byte: u8| number.checked_add_signed(unfold(u64::from(byte)) as i32);
                    step(before.0, first).zip(step(before.1, offset))
                }
                _ => None,
            };
            before = match small {
                Some(entry) => {
                    reader.at += 2;
                    entry
                }
                None => (reader.difference(before.0)?, reader.difference(before.1)?),
            };
            Ok(before)
        })
    }

    fn definition(&mut self) -> Read<TypeDefinition> {
        let name = self.index("a type's name")?;
        let flags = self.flags("set of type flags", 4)?;
        let parent = if flags & 1 != 0 { Some(self.index("a type's parent")?) } else { None };
        let constructor = if flags & 2 != 0 { Some(self.index("a type's constructor")?) } else { None };
        let fields = self.table("fields", 2, |reader| {
            Ok(FieldDefinition { name: reader.index("a field's name")?, default: reader.index("a field's default")? })
        })?;
        let methods = self.table("methods", 3, |reader| {
            let (name, function) = (reader.index("a method's name")?, reader.index("a method")?);
            let bits = reader.flags("set of restrictions", Restrictions::WORDS.len() as u32)?;
            let restrictions = Restrictions::from_bits(bits).unwrap_or_default();
            Ok(MethodDefinition { name, function, restrictions })
        })?;
        let (is_data, is_contract) = (flags & 4 != 0, flags & 8 != 0);
        Ok(TypeDefinition { name, parent, fields, methods, is_data, is_contract, constructor })
    }

    fn constant(&mut self) -> Read<Constant> {
        let start = self.at;
        Ok(match self.byte("a constant")? {
            0 => Constant::Null,
            1 => Constant::Bool(false),
            2 => Constant::Bool(true),
            3 => Constant::Int(self.signed("an integer")?),
            4 => Constant::Float(f64::from_bits(fixed(self.take(8, "a float")?))),
            5 => Constant::String(self.text("a string")?),
            6 => Constant::Function(self.index("a constant function")?),
            7 => Constant::Builtin(self.index("a constant builtin")?),
            8 => Constant::Type(self.index("a constant type")?),
            9 => Constant::Enum(self.index("a constant enum")?),
            10 => Constant::Module(self.index("a constant module")?),
            value => {
                self.at = start;
                return self.error(ReadProblem::Tag { what: "kind of constant", value });
            }
        })
    }

    /// Entries behind their count. Each takes `least` bytes or more, so a count that cannot be true reserves nothing.
    fn table<T>(
        &mut self,
        what: &'static str,
        least: usize,
        mut read: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Vec<T>> {
        let count = self.count(what, least)?;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            entries.push(read(self)?);
        }
        Ok(entries)
    }

    fn count(&mut self, what: &'static str, least: usize) -> Read<usize> {
        let start = self.at;
        let count = self.varint(what)?;
        let rest = self.payload.len() - self.at;
        match usize::try_from(count) {
            Ok(fitting) if fitting <= rest / least => Ok(fitting),
            _ => Err(ReadError { offset: start, problem: ReadProblem::Count { what, count, rest } }),
        }
    }

    fn text(&mut self, what: &'static str) -> Read<Arc<str>> {
        let length = self.count(what, 1)?;
        let start = self.at;
        match std::str::from_utf8(self.take(length, what)?) {
            Ok(text) => Ok(text.into()),
            Err(error) => {
                self.at = start + error.valid_up_to();
                self.error(ReadProblem::Utf8 { what })
            }
        }
    }

    /// A byte of which only the lowest bits may be set.
    fn flags(&mut self, what: &'static str, bits: u32) -> Read<u8> {
        let start = self.at;
        let value = self.byte(what)?;
        if value >> bits == 0 {
            return Ok(value);
        }
        self.at = start;
        self.error(ReadProblem::Tag { what, value })
    }

    /// A number given as the difference from another.
    fn difference(&mut self, before: u32) -> Read<u32> {
        const WHAT: &str = "a line entry";
        let start = self.at;
        let value = i64::from(before).checked_add(self.signed(WHAT)?);
        value
            .and_then(|value| u32::try_from(value).ok())
            .ok_or(ReadError { offset: start, problem: ReadProblem::Number { what: WHAT } })
    }

    #[inline]
    fn signed(&mut self, what: &'static str) -> Read<i64> {
        let value = self.varint(what)?;
        Ok(unfold(value))
    }

    #[inline]
    fn index(&mut self, what: &'static str) -> Read<u32> {
        let start = self.at;
        let value = self.varint(what)?;
        u32::try_from(value).map_err(|_| ReadError { offset: start, problem: ReadProblem::Number { what } })
    }

    #[inline]
    fn varint(&mut self, what: &'static str) -> Read<u64> {
        // Nearly all of them are one byte.
        if let Some(&byte) = self.payload.get(self.at)
            && byte < 0x80
        {
            self.at += 1;
            return Ok(u64::from(byte));
        }
        self.long_varint(what)
    }

    fn long_varint(&mut self, what: &'static str) -> Read<u64> {
        let start = self.at;
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ReadError { offset: start, problem: ReadProblem::Number { what } })
    }

    #[inline]
    fn byte(&mut self, what: &'static str) -> Read<u8> {
        match self.payload.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => self.error(ReadProblem::EndsEarly { what }),
        }
    }

    fn take(&mut self, length: usize, what: &'static str) -> Read<&'b [u8]> {
        match self.payload[self.at..].split_at_checked(length) {
            Some((taken, _)) => {
                self.at += length;
                Ok(taken)
            }
            None => self.error(ReadProblem::EndsEarly { what }),
        }
    }

    fn error<T>(&self, problem: ReadProblem) -> Read<T> {
        Err(ReadError { offset: self.at, problem })
    }
}

/// A signed number whose sign is the lowest bit.
#[inline]
fn unfold(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
