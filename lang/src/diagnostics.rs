//! What is said to the user about a source text, and how it is shown.
//!
//! A [`Diagnostic`] is data; [`render`] turns a list of them into text, [`source_snippet`] shows one place (for run-time errors).
//! The renderer is our own because a line may be a hundred megabytes long: the libraries for this lay out whole lines, whereas
//! here only a window around the caret is ever looked at, so a report costs no more than counting the lines before it. Columns
//! count characters; tabs and control characters are replaced, so that the caret stands right and a file cannot drive the terminal.

use crate::ast::Span;
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The program cannot run.
    Error,
    /// The program runs, but probably not as meant.
    Warning,
}

/// One message about a place in a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where.
    pub span: Span,
    /// A few words that stand beside the caret.
    pub label: Option<String>,
    /// What to do about it, in plain words.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(message: impl Into<String>, span: Span) -> Self {
        Self { severity: Severity::Error, message: message.into(), span, label: None, help: None }
    }

    /// A warning at `span`.
    pub fn warning(message: impl Into<String>, span: Span) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message, span) }
    }

    /// The same with words beside the caret.
    #[must_use]
    pub fn with_label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Characters shown before the caret when a line is too long.
const BEFORE_CARET: usize = 60;

/// Characters shown from the caret on.
const AFTER_CARET: usize = 60;

/// Characters shown of a message, a hint or a name: texts of programs get into them.
const LONGEST_TEXT: usize = 1000;

/// Columns from one tab stop to the next, in reports.
const TAB_WIDTH: usize = 4;

/// A text as reports show it: cut where it is too long, with pictures in place of control characters other than those that end lines,
/// so that a program cannot drive the terminal.
pub fn printable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(LONGEST_TEXT)
        .map(|character| match character {
            '\n' | '\t' => character,
            _ => picture(character).unwrap_or(character),
        })
        .collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        shown.push('…');
    }
    shown
}

/// What stands for a character that would do something to a terminal.
fn picture(character: char) -> Option<char> {
    match character {
        // The pictures of the control characters stand in their order in Unicode.
        '\0'..='\x1f' => char::from_u32(0x2400 + character as u32),
        '\x7f'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some('\u{fffd}')
        }
        _ => None,
    }
}

/// All diagnostics as text, in the given order, one empty line between them. A place outside `source` is not shown.
pub fn render(diagnostics: &[Diagnostic], file_name: &str, source: &str, colour: bool) -> String {
    let mut renderer = Renderer { file_name, lines: LineFinder::new(source), colour, output: String::new() };
    for (number, diagnostic) in diagnostics.iter().enumerate() {
        if number > 0 {
            renderer.output.push('\n');
        }
        renderer.diagnostic(diagnostic);
    }
    renderer.output
}

/// The place at `offset`: `  --> file:line:column`, the source line, and a caret. For run-time errors.
pub fn source_snippet(file_name: &str, source: &str, offset: u32) -> String {
    let mut renderer = Renderer { file_name, lines: LineFinder::new(source), colour: false, output: String::new() };
    renderer.snippet(Span::new(offset, offset), None, Style::Error);
    renderer.output
}

/// Line and column of `offset`, both from 1; columns count characters. An offset past the end is taken as the end.
pub fn line_and_column(source: &str, offset: u32) -> (usize, usize) {
    let place = LineFinder::new(source).find(offset);
    (place.line, place.column)
}

/// The candidate most like `word`, if one is near enough to be what was meant: at most one wrong, missing, extra or swapped
/// letter in short words, two in longer ones.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = word.chars().count();
    if !(2..=64).contains(&length) {
        return None;
    }
    let allowed = if length < 5 { 1 } else { 2 };
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed && *candidate != word)
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `left` into `right` (optimal string alignment).
fn edit_distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (index, row) in rows.iter_mut().enumerate() {
        row[0] = index;
    }
    rows[0] = (0..=right.len()).collect();
    for i in 1..=left.len() {
        for j in 1..=right.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[left.len()][right.len()]
}

/// A place in a text.
struct Place {
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
    /// Offset of the line's first byte.
    line_start: usize,
    /// The offset asked for, moved to a character's first byte within the text.
    offset: usize,
}

/// Finds lines. It remembers the last answer, so that a list of places in order costs one walk over the text.
struct LineFinder<'s> {
    source: &'s str,
    known_offset: usize,
    known_line: usize,
}

impl<'s> LineFinder<'s> {
    fn new(source: &'s str) -> Self {
        Self { source, known_offset: 0, known_line: 1 }
    }

    fn find(&mut self, offset: u32) -> Place {
        let offset = self.source.floor_char_boundary(offset as usize);
        if offset < self.known_offset {
            (self.known_offset, self.known_line) = (0, 1);
        }
        let bytes = &self.source.as_bytes()[self.known_offset..offset];
        self.known_line += bytes.iter().filter(|&&byte| byte == b'\n').count();
        self.known_offset = offset;
        let mut line_start = self.source[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        if line_start == 0 && self.source.starts_with('\u{feff}') {
            line_start = '\u{feff}'.len_utf8().min(offset);
        }
        let column = 1 + self.source[line_start..offset].chars().count();
        Place { line: self.known_line, column, line_start, offset }
    }
}

/// What a piece of the report is, for its colour.
#[derive(Clone, Copy)]
enum Style {
    Error,
    Warning,
    Frame,
    Help,
    Message,
}

impl Style {
    fn escape(self) -> &'static str {
        match self {
            Style::Error => "\x1b[1;31m",
            Style::Warning => "\x1b[1;33m",
            Style::Frame => "\x1b[34m",
            Style::Help => "\x1b[36m",
            Style::Message => "\x1b[1m",
        }
    }
}

struct Renderer<'r> {
    file_name: &'r str,
    lines: LineFinder<'r>,
    colour: bool,
    output: String,
}

impl Renderer<'_> {
    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let (style, title) = match diagnostic.severity {
            Severity::Error => (Style::Error, "error"),
            Severity::Warning => (Style::Warning, "warning"),
        };
        self.put(style, title);
        self.put(Style::Message, &format!(": {}", printable(&diagnostic.message)));
        self.output.push('\n');
        if diagnostic.span.end as usize <= self.lines.source.len() {
            self.snippet(diagnostic.span, diagnostic.label.as_deref(), style);
        } else {
            self.put(Style::Frame, "  --> ");
            self.output.push_str(self.file_name);
            self.output.push('\n');
        }
        if let Some(help) = &diagnostic.help {
            self.put(Style::Help, "  help: ");
            self.output.push_str(&printable(help));
            self.output.push('\n');
        }
    }

    fn put(&mut self, style: Style, text: &str) {
        if self.colour {
            self.output.push_str(style.escape());
            self.output.push_str(text);
            self.output.push_str("\x1b[0m");
        } else {
            self.output.push_str(text);
        }
    }

    /// The place's address, its line (or a window of it), and what is marked in it.
    fn snippet(&mut self, span: Span, label: Option<&str>, style: Style) {
        let place = self.lines.find(span.start);
        let source = self.lines.source;
        let number = place.line.to_string();
        let margin = " ".repeat(number.len() + 1);

        self.put(Style::Frame, "  --> ");
        // Writing to a string cannot fail.
        let _ = writeln!(self.output, "{}:{}:{}", self.file_name, place.line, place.column);
        self.put(Style::Frame, &format!("{margin}|"));
        self.output.push('\n');

        let before = Window::before(&source[place.line_start..place.offset]);
        let after = Window::after(&source[place.offset..]);
        let marked_bytes = (span.end as usize).saturating_sub(place.offset);
        self.put(Style::Frame, &format!("{number} |"));
        let line = format!(" {}{}", before.text, after.text);
        self.output.push_str(line.trim_end());
        self.output.push('\n');

        let marked_columns = after.columns_of(marked_bytes).max(1);
        self.put(Style::Frame, &format!("{margin}|"));
        self.output.push_str(&" ".repeat(before.columns + 1));
        self.put(style, &"^".repeat(marked_columns));
        if let Some(label) = label {
            self.put(style, &format!(" {label}"));
        }
        self.output.push('\n');
    }
}

/// A stretch of one line as it is shown.
struct Window {
    text: String,
    columns: usize,
    /// For each shown character, how many bytes of source and columns of text lie before its end.
    ends: Vec<(usize, usize)>,
}

impl Window {
    /// The last characters of `line`, which ends at the caret.
    fn before(line: &str) -> Self {
        let start = line.char_indices().rev().take(BEFORE_CARET).last().map_or(line.len(), |(index, _)| index);
        let mut window = Self { text: String::new(), columns: 0, ends: Vec::new() };
        if start > 0 {
            window.text.push('…');
            window.columns = 1;
        }
        window.push(&line[start..]);
        window
    }

    /// The first characters of `rest`, up to the end of its first line.
    fn after(rest: &str) -> Self {
        let mut end = 0;
        let mut clipped = false;
        for (count, (index, character)) in rest.char_indices().enumerate() {
            if character == '\n' {
                break;
            }
            if count == AFTER_CARET {
                clipped = true;
                break;
            }
            end = index + character.len_utf8();
        }
        let mut window = Self { text: String::new(), columns: 0, ends: Vec::new() };
        window.push(&rest[..end]);
        if clipped {
            window.text.push('…');
        }
        window
    }

    fn push(&mut self, text: &str) {
        for (index, character) in text.char_indices() {
            match character {
                '\t' => {
                    self.text.push_str(&" ".repeat(TAB_WIDTH));
                    self.columns += TAB_WIDTH;
                }
                '\r' => {}
                _ => {
                    let shown = picture(character).unwrap_or(character);
                    self.text.push(shown);
                    self.columns += shown.width().unwrap_or(1);
                }
            }
            self.ends.push((index + character.len_utf8(), self.columns));
        }
    }

    /// How many columns the first `bytes` bytes take, as far as they are shown.
    fn columns_of(&self, bytes: usize) -> usize {
        let shown = self.ends.partition_point(|(end, _)| *end <= bytes);
        if shown == 0 { 0 } else { self.ends[shown - 1].1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(source: &str, start: u32, end: u32) -> String {
        let diagnostic = Diagnostic::error("wrong", Span::new(start, end)).with_label("here").with_help("do it right");
        render(&[diagnostic], "file.zx", source, false)
    }

    #[test]
    fn a_report_shows_place_line_caret_and_hint() {
        assert_eq!(
            at("let a = 1\nlet b = )\n", 18, 19),
            "error: wrong\n  --> file.zx:2:9\n  |\n2 | let b = )\n  |         ^ here\n  help: do it right\n"
        );
    }

    #[test]
    fn columns_count_characters_and_the_caret_stands_under_wide_ones() {
        let source = "é日本 x";
        let start = source.find('x').unwrap() as u32;
        assert_eq!(line_and_column(source, start), (1, 5));
        assert!(at(source, start, start + 1).contains("  |       ^ here"), "{}", at(source, start, start + 1));
    }

    #[test]
    fn tabs_and_control_characters_are_replaced() {
        let text = at("\tx\x1b[31m", 1, 2);
        assert!(text.contains("1 |     x␛[31m\n  |     ^ here"), "{text}");
    }

    #[test]
    fn messages_and_hints_are_bounded_and_harmless() {
        let name = "n".repeat(5_000_000);
        let diagnostic =
            Diagnostic::error(format!("\x1b[31mno {name}\r"), Span::new(0, 1)).with_help(format!("not {name}"));
        let text = render(&[diagnostic], "f", "x", false);
        assert!(text.starts_with("error: ␛[31mno nnn") && text.len() < 3000, "{}", text.len());
        assert_eq!(printable("two\nlines\tas they are"), "two\nlines\tas they are");
        assert_eq!(printable(&"é".repeat(1000)), "é".repeat(1000));
        assert_eq!(printable(&"é".repeat(1001)), "é".repeat(1000) + "…");
    }

    #[test]
    fn long_lines_are_clipped_around_the_caret() {
        let source = "a".repeat(50_000_000) + "!" + &"b".repeat(50_000_000);
        let text = at(&source, 50_000_000, 50_000_001);
        assert!(text.contains("file.zx:1:50000001"));
        assert!(text.contains(&format!("…{}!{}…", "a".repeat(60), "b".repeat(59))), "{text}");
        assert!(text.len() < 500);
    }

    #[test]
    fn a_mark_ends_with_its_line() {
        let text = at("ab\ncd", 1, 5);
        assert!(text.contains("1 | ab\n  |  ^ here"), "{text}");
    }

    #[test]
    fn places_at_and_past_the_end_are_harmless() {
        assert!(at("ab\n", 3, 3).contains("file.zx:2:1\n  |\n2 |\n  | ^ here"), "{}", at("ab\n", 3, 3));
        assert_eq!(at("", 7, 8), "error: wrong\n  --> file.zx\n  help: do it right\n");
        assert_eq!(source_snippet("f", "", 9), "  --> f:1:1\n  |\n1 |\n  | ^\n");
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        assert_eq!(line_and_column("\u{feff}ab", 3), (1, 1));
        assert_eq!(line_and_column("\u{feff}ab", 4), (1, 2));
    }

    #[test]
    fn colours_are_escapes_only_when_asked_for() {
        let diagnostic = [Diagnostic::warning("odd", Span::new(0, 1))];
        assert!(!render(&diagnostic, "f", "x", false).contains('\x1b'));
        assert!(render(&diagnostic, "f", "x", true).starts_with("\x1b[1;33mwarning\x1b[0m"));
    }

    #[test]
    fn near_words_are_found() {
        assert_eq!(nearest("retrun", ["print", "return"]), Some("return"));
        assert_eq!(nearest("pritn", ["print", "return"]), Some("print"));
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("foo", ["banana"]), None);
    }
}
