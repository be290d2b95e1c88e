//! Source text to tokens.
//!
//! The lexer walks over the bytes of one file and gives out a token when asked for one; it keeps no list of them. It is a small
//! `Copy` value, so looking ahead is copying it, pulling tokens from the copy, and throwing the copy away. Nothing is allocated:
//! a token says where its text stands and the parser takes what it needs from the source.
//!
//! Newlines are not tokens. A token knows whether a line ended before it ([`Token::newline_before`]) and where its own line
//! begins; the parser makes statement ends and indented blocks of that. A string with `${…}` comes in pieces, a
//! [`TokenKind::StringStart`] first; after the expression the parser asks for the next piece with [`Lexer::resume_string`].
//! Strings inside the expression of a string thus nest by themselves, without a stack of lexer states.
//!
//! The lexer reports nothing. What is wrong (an unknown character, a string without an end) becomes a token of its own kind, and
//! the parser complains when it really arrives there, so looking ahead never complains twice.

/// Declares the kinds of tokens, their spelling, and the list of words from which the keyword table is made.
macro_rules! token_kinds {
    (
        shapes { $($(#[doc = $shape_doc:literal])* $shape:ident = $shape_text:literal,)* }
        punctuation { $($mark:ident = $mark_text:literal,)* }
        words { $($word:ident = $word_text:literal,)* }
    ) => {
        /// What a token is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum TokenKind {
            $($(#[doc = $shape_doc])* $shape,)*
            $(#[doc = concat!("`", $mark_text, "`")] $mark,)*
            /// A word that is no keyword. Every kind after this one is a word too.
            Name,
            $(#[doc = concat!("`", $word_text, "`")] $word,)*
        }

        impl TokenKind {
            /// The spelling of a mark or keyword; what to call it, for the other kinds.
            pub fn text(self) -> &'static str {
                match self {
                    $(TokenKind::$shape => $shape_text,)*
                    $(TokenKind::$mark => $mark_text,)*
                    TokenKind::Name => "a name",
                    $(TokenKind::$word => $word_text,)*
                }
            }
        }

        /// Every keyword with its kind.
        const WORDS: &[(&str, TokenKind)] = &[$(($word_text, TokenKind::$word),)*];
    };
}

token_kinds! {
    shapes {
        /// End of the file; every further token is this one again.
        End = "the end of the file",
        /// `42`, `0xFF`, `0b1`, `1_000`
        Integer = "a number",
        /// `1.5`, `1e3`
        Float = "a number",
        /// A whole string literal.
        String = "a string",
        /// `"text ${`
        StringStart = "a string",
        /// `} text ${`
        StringMiddle = "a string",
        /// `} text"`
        StringEnd = "a string",
        /// A string that runs to the end of the file.
        UnterminatedString = "a string",
        /// The last piece of such a string, after a `}`.
        UnterminatedPiece = "a string",
        /// A `/*` without its `*/`.
        UnterminatedComment = "a comment",
        /// Digits that make no number, as `0x` or `1_`.
        MalformedNumber = "a number",
        /// Characters that mean nothing here, as `&` or `é`.
        Unknown = "an unknown character",
    }
    punctuation {
        LeftParenthesis = "(",
        RightParenthesis = ")",
        LeftBracket = "[",
        RightBracket = "]",
        LeftBrace = "{",
        RightBrace = "}",
        Comma = ",",
        Semicolon = ";",
        Colon = ":",
        Dot = ".",
        Ellipsis = "...",
        Question = "?",
        QuestionQuestion = "??",
        ThinArrow = "->",
        FatArrow = "=>",
        Equal = "=",
        PlusEqual = "+=",
        MinusEqual = "-=",
        StarEqual = "*=",
        SlashEqual = "/=",
        PercentEqual = "%=",
        StarStarEqual = "**=",
        EqualEqual = "==",
        BangEqual = "!=",
        Less = "<",
        LessEqual = "<=",
        Greater = ">",
        GreaterEqual = ">=",
        Plus = "+",
        PlusPlus = "++",
        Minus = "-",
        MinusMinus = "--",
        Star = "*",
        StarStar = "**",
        Slash = "/",
        Percent = "%",
        Bang = "!",
        AmpersandAmpersand = "&&",
        BarBar = "||",
    }
    words {
        And = "and",
        Break = "break",
        Catch = "catch",
        Continue = "continue",
        Elif = "elif",
        Else = "else",
        False = "false",
        Finally = "finally",
        For = "for",
        If = "if",
        In = "in",
        Lambda = "lambda",
        Let = "let",
        Not = "not",
        Null = "null",
        Or = "or",
        Return = "return",
        This = "this",
        Throw = "throw",
        True = "true",
        Try = "try",
        While = "while",
        // From here on: keywords only where they fit, ordinary names elsewhere. See `is_reserved`.
        Action = "action",
        As = "as",
        Async = "async",
        Await = "await",
        Case = "case",
        Const = "const",
        Contract = "contract",
        Data = "data",
        Debug = "debug",
        Default = "default",
        Defer = "defer",
        Each = "each",
        Emit = "emit",
        Entity = "entity",
        Enum = "enum",
        Event = "event",
        Export = "export",
        Extends = "extends",
        From = "from",
        Function = "function",
        Implements = "implements",
        Inline = "inline",
        Interface = "interface",
        Ledger = "ledger",
        Match = "match",
        Module = "module",
        Native = "native",
        Payable = "payable",
        Persistent = "persistent",
        Print = "print",
        Private = "private",
        Protocol = "protocol",
        Public = "public",
        Pure = "pure",
        Require = "require",
        Revert = "revert",
        Sealed = "sealed",
        Secure = "secure",
        Spawn = "spawn",
        State = "state",
        Storage = "storage",
        Then = "then",
        Tx = "tx",
        TypeAlias = "type_alias",
        Use = "use",
        Verify = "verify",
        View = "view",
        Watch = "watch",
    }
}

impl TokenKind {
    /// True for names and keywords of every sort: what may follow a dot or stand as a key.
    #[inline]
    pub fn is_word(self) -> bool {
        self as u8 >= TokenKind::Name as u8
    }

    /// True for the keywords that can never name a variable.
    #[inline]
    pub fn is_reserved(self) -> bool {
        self as u8 > TokenKind::Name as u8 && (self as u8) < TokenKind::Action as u8
    }

    /// True for words that can name a variable: names, and the keywords that are keywords only where they fit.
    #[inline]
    pub fn is_name(self) -> bool {
        self.is_word() && !self.is_reserved()
    }

    /// True for literals, the first piece of a string with `${…}` included.
    pub fn is_literal(self) -> bool {
        use TokenKind::*;
        matches!(self, Integer | Float | String | StringStart | True | False | Null)
    }

    /// True for what an operand can end with, except a closing brace, which may be that of a block.
    pub fn ends_operand(self) -> bool {
        use TokenKind::*;
        self.is_name()
            || self.is_literal()
            || matches!(self, StringEnd | This | RightParenthesis | RightBracket | PlusPlus | MinusMinus)
    }

    /// True for the kinds that stand for something wrong in the source.
    #[inline]
    pub fn is_faulty(self) -> bool {
        matches!(
            self,
            TokenKind::UnterminatedString
                | TokenKind::UnterminatedPiece
                | TokenKind::UnterminatedComment
                | TokenKind::MalformedNumber
                | TokenKind::Unknown
        )
    }
}

/// One token: its kind and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// What the methods say of it.
    pub(crate) flags: u8,
    /// Offset of its first byte.
    pub start: u32,
    /// Offset just past its last byte.
    pub end: u32,
    /// Offset of the first byte of its line. A line break inside a string or comment begins no line in this sense.
    pub line_start: u32,
}

impl Token {
    /// What stands before the first token.
    pub(crate) const NONE: Self = Self { kind: TokenKind::End, flags: 0, start: 0, end: 0, line_start: 0 };

    const NEWLINE_BEFORE: u8 = 1;
    const ESCAPES: u8 = 2;
    const TRIPLE: u8 = 4;

    /// True when a line ended between the token before and this one.
    #[inline]
    pub fn newline_before(self) -> bool {
        self.flags & Self::NEWLINE_BEFORE != 0
    }

    /// The same token, on a new line.
    #[must_use]
    pub fn after_newline(self) -> Self {
        Self { flags: self.flags | Self::NEWLINE_BEFORE, ..self }
    }

    /// True for a piece of a string that contains a backslash.
    pub fn has_escapes(self) -> bool {
        self.flags & Self::ESCAPES != 0
    }

    /// True for a piece of a string that is delimited by three quotes.
    pub fn is_triple_quoted(self) -> bool {
        self.flags & Self::TRIPLE != 0
    }
}

/// How many slots the keyword table has; a power of two, about four times the number of keywords.
const SLOTS: usize = 256;

/// Where the search for a word of at least two letters begins.
const fn slot(word: &[u8]) -> usize {
    let (first, second, last) = (word[0] as usize, word[1] as usize, word[word.len() - 1] as usize);
    (first * 5 + second * 17 + last * 43 + word.len() * 11) % SLOTS
}

/// Hash table with open addressing, built when the crate is compiled: 0 is an empty slot, `n` is `WORDS[n - 1]`. It is so thinly
/// filled that most names hit an empty slot at once.
static KEYWORDS: [u8; SLOTS] = {
    let mut table = [0; SLOTS];
    let mut index = 0;
    while index < WORDS.len() {
        let mut place = slot(WORDS[index].0.as_bytes());
        while table[place] != 0 {
            place = (place + 1) % SLOTS;
        }
        table[place] = index as u8 + 1;
        index += 1;
    }
    table
};

/// The kind of a word.
fn word_kind(word: &[u8]) -> TokenKind {
    if word.len() < 2 {
        return TokenKind::Name;
    }
    let mut place = slot(word);
    loop {
        match KEYWORDS[place] {
            0 => return TokenKind::Name,
            number => {
                let (text, kind) = WORDS[number as usize - 1];
                if text.as_bytes() == word {
                    return kind;
                }
            }
        }
        place = (place + 1) % SLOTS;
    }
}

/// True for the bytes that names are made of.
#[inline]
fn continues_word(byte: u8) -> bool {
    static TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
            byte += 1;
        }
        table
    };
    TABLE[byte as usize]
}

/// A place in a source text from which tokens can be pulled.
#[derive(Clone, Copy, Debug)]
pub struct Lexer<'s> {
    bytes: &'s [u8],
    position: usize,
    line_start: usize,
}

impl<'s> Lexer<'s> {
    /// A lexer at the beginning of `source`, which must be shorter than 4 GiB. A byte order mark is skipped.
    pub fn new(source: &'s str) -> Self {
        let start = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { bytes: source.as_bytes(), position: start, line_start: start }
    }

    /// Moves to the end of the source: only [`TokenKind::End`] follows.
    pub fn finish(&mut self) {
        self.position = self.bytes.len();
    }

    /// The byte at `offset` from here; 0 past the end.
    #[inline]
    fn byte(&self, offset: usize) -> u8 {
        self.bytes.get(self.position + offset).copied().unwrap_or(0)
    }

    /// The next token.
    pub fn next_token(&mut self) -> Token {
        let mut flags = 0;
        loop {
            match self.byte(0) {
                b' ' | b'\t' | b'\r' => self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')),
                b'\n' => {
                    self.position += 1;
                    self.line_start = self.position;
                    flags = Token::NEWLINE_BEFORE;
                }
                b'#' => self.skip_line(),
                b'/' if self.byte(1) == b'/' => self.skip_line(),
                b'/' if self.byte(1) == b'*' => {
                    let (start, line_start) = (self.position, self.line_start);
                    if !self.skip_block_comment(&mut flags) {
                        return self.token(TokenKind::UnterminatedComment, flags, start, line_start);
                    }
                }
                _ => break,
            }
        }
        let (start, line_start) = (self.position, self.line_start);
        let kind = match self.byte(0) {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                self.skip_while(continues_word);
                word_kind(&self.bytes[start..self.position])
            }
            b'0'..=b'9' => self.number(),
            quote @ (b'"' | b'\'') => {
                if self.byte(1) == quote && self.byte(2) == quote {
                    flags |= Token::TRIPLE;
                    self.position += 3;
                } else {
                    self.position += 1;
                }
                self.string_body(quote, &mut flags, TokenKind::StringStart, TokenKind::String)
            }
            0 if start == self.bytes.len() => TokenKind::End,
            byte => self.punctuation(byte),
        };
        self.token(kind, flags, start, line_start)
    }

    /// The next piece of a string literal, from just after the `}` of an interpolated expression. `start` is the string's
    /// [`TokenKind::StringStart`], or any later piece of it.
    pub fn resume_string(&mut self, start: Token) -> Token {
        let position = self.position;
        let mut flags = start.flags & Token::TRIPLE;
        let kind = match self.string_body(b'"', &mut flags, TokenKind::StringMiddle, TokenKind::StringEnd) {
            TokenKind::UnterminatedString => TokenKind::UnterminatedPiece,
            kind => kind,
        };
        self.token(kind, flags, position, self.line_start)
    }

    #[inline]
    fn token(&self, kind: TokenKind, flags: u8, start: usize, line_start: usize) -> Token {
        Token { kind, flags, start: start as u32, end: self.position as u32, line_start: line_start as u32 }
    }

    fn skip_line(&mut self) {
        self.skip_while(|byte| byte != b'\n');
    }

    #[inline]
    fn skip_while(&mut self, belongs: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.position..];
        self.position += rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len());
    }

    /// Skips a comment and those nested in it; false when the file ends first.
    fn skip_block_comment(&mut self, flags: &mut u8) -> bool {
        let mut depth = 0u32;
        while self.position < self.bytes.len() {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.position += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.position += 2;
                    if depth == 0 {
                        return true;
                    }
                }
                (byte, _) => {
                    self.position += 1;
                    if byte == b'\n' {
                        *flags = Token::NEWLINE_BEFORE;
                    }
                }
            }
        }
        false
    }

    /// The rest of a string, up to and with its closing quote (`end`) or the next `${` (`stop`).
    fn string_body(&mut self, quote: u8, flags: &mut u8, stop: TokenKind, end: TokenKind) -> TokenKind {
        let triple = *flags & Token::TRIPLE != 0;
        while let Some(&byte) = self.bytes.get(self.position) {
            self.position += 1;
            match byte {
                b'"' | b'\'' if byte == quote => {
                    if !triple {
                        return end;
                    }
                    if self.byte(0) == quote && self.byte(1) == quote {
                        self.position += 2;
                        return end;
                    }
                }
                b'\\' => {
                    *flags |= Token::ESCAPES;
                    // Of a longer character only the first byte is skipped; the others are neither quote nor backslash.
                    self.position = (self.position + 1).min(self.bytes.len());
                }
                b'$' if quote == b'"' && self.byte(0) == b'{' => {
                    self.position += 1;
                    return stop;
                }
                _ => {}
            }
        }
        TokenKind::UnterminatedString
    }

    fn number(&mut self) -> TokenKind {
        let mut kind = TokenKind::Integer;
        let based = match (self.byte(0), self.byte(1)) {
            (b'0', b'x' | b'X') => Some(u8::is_ascii_hexdigit as fn(&u8) -> bool),
            (b'0', b'b' | b'B') => Some((|byte: &u8| matches!(byte, b'0' | b'1')) as fn(&u8) -> bool),
            _ => None,
        };
        let well_formed = if let Some(is_digit) = based {
            self.position += 2;
            self.digits(is_digit)
        } else {
            let mut well_formed = self.digits(u8::is_ascii_digit);
            // A dot before a word is that of a method, `5.method`, and two dots are none of a number's.
            if self.byte(0) == b'.'
                && self.byte(1) != b'.'
                && (self.byte(1).is_ascii_digit() || !continues_word(self.byte(1)))
            {
                kind = TokenKind::Float;
                self.position += 1;
                if self.byte(0).is_ascii_digit() {
                    well_formed &= self.digits(u8::is_ascii_digit);
                }
            }
            if matches!(self.byte(0), b'e' | b'E') {
                let sign = usize::from(matches!(self.byte(1), b'+' | b'-'));
                if self.byte(1 + sign).is_ascii_digit() {
                    kind = TokenKind::Float;
                    self.position += 1 + sign;
                    well_formed &= self.digits(u8::is_ascii_digit);
                }
            }
            well_formed
        };
        if continues_word(self.byte(0)) {
            self.skip_while(continues_word);
            return TokenKind::MalformedNumber;
        }
        if well_formed { kind } else { TokenKind::MalformedNumber }
    }

    /// Skips digits with single underscores between them; false when there are none.
    fn digits(&mut self, is_digit: fn(&u8) -> bool) -> bool {
        let start = self.position;
        while is_digit(&self.byte(0)) || (self.byte(0) == b'_' && self.position > start && is_digit(&self.byte(1))) {
            self.position += 1;
        }
        self.position > start
    }

    fn punctuation(&mut self, byte: u8) -> TokenKind {
        use TokenKind::*;
        let (kind, length) = match (byte, self.byte(1)) {
            (b'(', _) => (LeftParenthesis, 1),
            (b')', _) => (RightParenthesis, 1),
            (b'[', _) => (LeftBracket, 1),
            (b']', _) => (RightBracket, 1),
            (b'{', _) => (LeftBrace, 1),
            (b'}', _) => (RightBrace, 1),
            (b',', _) => (Comma, 1),
            (b';', _) => (Semicolon, 1),
            (b':', _) => (Colon, 1),
            (b'.', b'.') if self.byte(2) == b'.' => (Ellipsis, 3),
            (b'.', _) => (Dot, 1),
            (b'?', b'?') => (QuestionQuestion, 2),
            (b'?', _) => (Question, 1),
            (b'=', b'=') => (EqualEqual, 2),
            (b'=', b'>') => (FatArrow, 2),
            (b'=', _) => (Equal, 1),
            (b'+', b'+') => (PlusPlus, 2),
            (b'+', b'=') => (PlusEqual, 2),
            (b'+', _) => (Plus, 1),
            (b'-', b'-') => (MinusMinus, 2),
            (b'-', b'=') => (MinusEqual, 2),
            (b'-', b'>') => (ThinArrow, 2),
            (b'-', _) => (Minus, 1),
            (b'*', b'*') if self.byte(2) == b'=' => (StarStarEqual, 3),
            (b'*', b'*') => (StarStar, 2),
            (b'*', b'=') => (StarEqual, 2),
            (b'*', _) => (Star, 1),
            (b'/', b'=') => (SlashEqual, 2),
            (b'/', _) => (Slash, 1),
            (b'%', b'=') => (PercentEqual, 2),
            (b'%', _) => (Percent, 1),
            (b'!', b'=') => (BangEqual, 2),
            (b'!', _) => (Bang, 1),
            (b'<', b'=') => (LessEqual, 2),
            (b'<', _) => (Less, 1),
            (b'>', b'=') => (GreaterEqual, 2),
            (b'>', _) => (Greater, 1),
            (b'&', b'&') => (AmpersandAmpersand, 2),
            (b'|', b'|') => (BarBar, 2),
            _ => return self.unknown(byte),
        };
        self.position += length;
        kind
    }

    /// A run of one unknown byte, or of characters outside ASCII, is one token, so that binary junk is one complaint.
    fn unknown(&mut self, first: u8) -> TokenKind {
        self.skip_while(|byte| if first.is_ascii() { byte == first } else { !byte.is_ascii() });
        TokenKind::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens of a text, without the end.
    fn tokens(source: &str) -> Vec<Token> {
        let mut lexer = Lexer::new(source);
        std::iter::from_fn(|| Some(lexer.next_token())).take_while(|token| token.kind != TokenKind::End).collect()
    }

    fn kinds(source: &str) -> Vec<TokenKind> {
        tokens(source).iter().map(|token| token.kind).collect()
    }

    #[test]
    fn a_token_is_sixteen_bytes() {
        assert_eq!(size_of::<Token>(), 16);
    }

    #[test]
    fn every_keyword_is_found_and_nothing_else() {
        for (text, kind) in WORDS {
            assert_eq!(word_kind(text.as_bytes()), *kind);
            assert_eq!(kinds(&format!("{text}_ _{text} {text}1")), [TokenKind::Name; 3]);
            assert!(kind.is_word() && kind.is_name() != kind.is_reserved());
        }
        assert_eq!(kinds("a A If LET iF"), [TokenKind::Name; 5]);
    }

    #[test]
    fn the_longest_mark_wins() {
        use TokenKind::*;
        assert_eq!(
            kinds("**= ** *= * ++ += + -> -- -= -"),
            [
                StarStarEqual,
                StarStar,
                StarEqual,
                Star,
                PlusPlus,
                PlusEqual,
                Plus,
                ThinArrow,
                MinusMinus,
                MinusEqual,
                Minus
            ]
        );
        assert_eq!(
            kinds("=> == = != ! <= < >= > ?? ? && || ... . , ; : / % /= %="),
            [
                FatArrow,
                EqualEqual,
                Equal,
                BangEqual,
                Bang,
                LessEqual,
                Less,
                GreaterEqual,
                Greater,
                QuestionQuestion,
                Question,
                AmpersandAmpersand,
                BarBar,
                Ellipsis,
                Dot,
                Comma,
                Semicolon,
                Colon,
                Slash,
                Percent,
                SlashEqual,
                PercentEqual
            ]
        );
        assert_eq!(
            kinds("()[]{}"),
            [LeftParenthesis, RightParenthesis, LeftBracket, RightBracket, LeftBrace, RightBrace]
        );
    }

    #[test]
    fn numbers_end_where_they_should() {
        use TokenKind::*;
        assert_eq!(
            kinds("1 1.5 1e5 0xF 1.a 1..2 1.5.6"),
            [Integer, Float, Float, Integer, Integer, Dot, Name, Integer, Dot, Dot, Integer, Float, Dot, Integer]
        );
        assert_eq!(
            kinds("1. 2.) 3.e5 4._a 0x5.)"),
            [Float, Float, RightParenthesis, Integer, Dot, Name, Integer, Dot, Name, Integer, Dot, RightParenthesis]
        );
        assert_eq!(
            kinds("0x 0b 0b2 1_ 1__1 1a 1e 1e+ 0xG"),
            [
                MalformedNumber,
                MalformedNumber,
                MalformedNumber,
                MalformedNumber,
                MalformedNumber,
                MalformedNumber,
                MalformedNumber,
                MalformedNumber,
                Plus,
                MalformedNumber
            ]
        );
    }

    #[test]
    fn newlines_and_lines() {
        let tokens = tokens("a b\n  c /* \n */ d \"\n\" e\r\n# x\nf");
        let newlines: Vec<bool> = tokens.iter().map(|token| token.newline_before()).collect();
        assert_eq!(newlines, [false, false, true, true, false, false, true]);
        let lines: Vec<u32> = tokens.iter().map(|token| token.line_start).collect();
        assert_eq!(lines, [0, 0, 4, 4, 4, 4, 29]);
    }

    #[test]
    fn strings_come_whole_or_in_pieces() {
        use TokenKind::*;
        assert_eq!(kinds(r#""a" 'b${c}' "" "\"" """a"b""" '''c'''"#), [String; 6]);
        assert_eq!(kinds(r#""a"#), [UnterminatedString]);
        assert_eq!(kinds(r#""""a""#), [UnterminatedString]);
        assert_eq!(kinds(r#""a\"#), [UnterminatedString]);
        let mut lexer = Lexer::new(r#""a${b}c${"d"}e" f"#);
        let start = lexer.next_token();
        assert_eq!((start.kind, start.start, start.end), (StringStart, 0, 4));
        assert_eq!([lexer.next_token().kind, lexer.next_token().kind], [Name, RightBrace]);
        let middle = lexer.resume_string(start);
        assert_eq!((middle.kind, middle.start, middle.end), (StringMiddle, 6, 9));
        assert_eq!([lexer.next_token().kind, lexer.next_token().kind], [String, RightBrace]);
        let end = lexer.resume_string(middle);
        assert_eq!((end.kind, end.start, end.end), (StringEnd, 13, 15));
        assert_eq!([lexer.next_token().kind, lexer.next_token().kind], [Name, End]);
        assert_eq!(lexer.resume_string(end).kind, UnterminatedPiece);
    }

    #[test]
    fn junk_is_one_token() {
        use TokenKind::*;
        assert_eq!(
            kinds("a \0\0\0 & éé@ | /* /* */"),
            [Name, Unknown, Unknown, Unknown, Unknown, Unknown, UnterminatedComment]
        );
        assert_eq!(kinds("\u{feff}a\u{feff}"), [Name, Unknown]);
    }
}
