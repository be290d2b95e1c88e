//! What the assembler says of text it cannot read.

/// Text that is no module: where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong there.
    pub problem: ParseProblem,
}

/// What is wrong with the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseProblem {
    /// Something else stands there.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What fits.
        expected: Box<str>,
        /// What is there.
        found: Box<str>,
    },
    /// A string without its end.
    #[error("the string is not closed; it ends with `\"` on the same line")]
    OpenString,
    /// An escape that is none.
    #[error("unknown escape in a string; there are \\n \\r \\t \\\\ \\\" and \\u{{hex}}")]
    Escape,
    /// A character that begins nothing.
    #[error("`{character}` begins nothing here")]
    Character {
        /// The character.
        character: char,
    },
    /// A mnemonic that the form does not have.
    #[error("the {form} form has no operation `{mnemonic}`")]
    UnknownOperation {
        /// The form.
        form: &'static str,
        /// The word.
        mnemonic: Box<str>,
    },
    /// A name that nothing has.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: Box<str>,
    },
    /// A name that several things have.
    #[error("there is more than one {what} `{name}`; say which by its index")]
    Ambiguous {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: Box<str>,
    },
    /// A name and an index that do not belong together.
    #[error("{what} {index} is not `{name}`")]
    Mismatch {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: Box<str>,
        /// Its index.
        index: u32,
    },
    /// A number that does not fit.
    #[error("{what} {value} does not fit; the most is {most}")]
    TooLarge {
        /// What it counts.
        what: &'static str,
        /// The number.
        value: i64,
        /// The limit.
        most: i64,
    },
    /// A label that is set twice.
    #[error("label `{label}` stands in the function twice")]
    LabelTwice {
        /// The label.
        label: Box<str>,
    },
    /// A line in a block it does not belong to.
    #[error("`{word}` belongs {place}")]
    Misplaced {
        /// The line's first word.
        word: Box<str>,
        /// Where it belongs.
        place: &'static str,
    },
    /// A handler number that is used twice, or not from 0 up.
    #[error("handlers are numbered from h0 up, each number once, or not at all")]
    HandlerNumbers,
    /// `POP_TRY` without `SETUP_TRY`, or the reverse.
    #[error("SETUP_TRY and POP_TRY come in pairs; this one has no partner")]
    UnpairedTry,
    /// Text in the other form.
    #[error("the text is in the {found} form, not in the {expected} form")]
    WrongForm {
        /// Form asked for.
        expected: &'static str,
        /// Form of the text.
        found: &'static str,
    },
}
