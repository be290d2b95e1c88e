//! Hints for errors whose finder knows nothing more particular to say.
//!
//! An error says what is wrong, its hint what to do. Where the parser knows more, such as a word that looks misspelt, it gives the
//! hint with the error; all other errors get theirs from the table here, by what their message says.

use crate::diagnostics::Diagnostic;

/// What a message contains, and the hint for it. The first row that fits counts.
const HINTS: &[(&str, &str)] = &[
    ("expected an expression, found", "a value is missing before it"),
    ("expected a statement", "a statement begins with a name, a value, or a keyword such as `let`, `if` or `print`"),
    (
        "expected an operator",
        "two values need an operator or a comma between them, and two statements on one line a `;`",
    ),
    ("expected a name after `.`", "`a.b` reads a property; with a computed name it is written `a[name]`"),
    (
        "expected the name",
        "names are made of letters, digits and `_`, do not begin with a digit, and are no reserved words",
    ),
    ("expected the type that it extends", "it is written `entity B extends A { … }`"),
    ("expected a protocol", "it is written `entity E implements P, Q { … }`"),
    ("expected the file", "it is written `use \"./file.zx\"` or `use { name } from \"./file.zx\"`"),
    ("expected `from`", "it is written `use { name } from \"./file.zx\"`"),
    ("expected `(` and the parameters", "without parameters it is written `action f() { … }`"),
    ("expected `else` and the other value", "inside an expression it is written `if condition then value else other`"),
    ("expected `in`", "it is written `for each x in list { … }`"),
    ("expected `action`", "modifiers stand before `action` or `function`"),
    ("have modifiers", "leave the modifier out"),
    ("expected `,` or `>` in a type", "a type with parameters is written `list<int>` or `map<string, int>`"),
    ("expected `]` after `[` in a type", "a type of lists is written `int[]`"),
    ("expected `:` and a type", "a field is written `name: type` or `name: type = value`"),
    ("expected `:`", "it is written `name: value`"),
    ("expected `=`", "it is written `name = value`"),
    ("expected `=>`", "an arm is written `pattern => value`"),
    ("closes nothing", "leave it out, or add the bracket that it is to close"),
    ("never closed", "add what closes it"),
    ("not supported by this version", "it may come later; the language page lists it under 'What is not there yet'"),
    ("without a `try` before it", "is the block of the `try` closed too late, or twice?"),
    ("without an `if` before it", "is the block of the `if` closed too late, or twice?"),
    ("at most", "several values can be one string, `\"${a} ${b}\"`, or one list"),
    ("before its block", "a map or a construction there must stand in parentheses"),
    ("an index or a slice", "`a[0]` is the first element, `a[:]` a copy"),
    ("can be exported", "it is written `export name`, `export { a, b }`, or `export` before a declaration"),
    ("matches no block", "indent it like the line that it belongs with"),
    ("the name of a file cannot contain", "files are known before the program runs: write the whole name"),
    ("is an integer literal", "it is written `A = 5`; without a value it is one more than the member before it"),
    ("does not fit in 64 bits", "integers reach from -9223372036854775808 to 9223372036854775807"),
    ("the rest of the file was not looked at", "correct some of these, then look again"),
    ("expected", "look at how the statement is written on the language page"),
];

/// Gives each error without a hint one.
pub(super) fn complete(diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics {
        if diagnostic.help.is_none() {
            let hint = HINTS.iter().find(|(message, _)| diagnostic.message.contains(message));
            diagnostic.help = hint.map(|(_, hint)| (*hint).to_string());
        }
    }
}
