//! Where things stand, and how they are numbered: what run-time errors and the resolver rely on.

use bumpalo::Bump;
use lang::ast::{Expression, ExpressionKind, Name, Span, StatementKind};
use lang::names::Interner;
use lang::parser::parse;

/// The text at which an error of the last statement's expression is reported, up to the end of the line.
fn position_of(source: &str) -> String {
    let arena = Bump::new();
    let parsed = parse(&arena, &mut Interner::new(), source);
    assert!(parsed.diagnostics.is_empty(), "{source}");
    let StatementKind::Expression(expression) = parsed.file.statements.last().unwrap().kind else { panic!("{source}") };
    source[expression.position() as usize..].to_owned()
}

#[test]
fn errors_point_at_the_operation() {
    assert_eq!(position_of("a + b"), "+ b");
    assert_eq!(position_of("a + b * c - d"), "- d");
    assert_eq!(position_of("a ** b"), "** b");
    assert_eq!(position_of("a in b"), "in b");
    assert_eq!(position_of("a[b]"), "[b]");
    assert_eq!(position_of("a[b:c]"), "[b:c]");
    assert_eq!(position_of("a.b(c)"), "b(c)");
    assert_eq!(position_of("a.b.c"), "c");
    assert_eq!(position_of("f(a)"), "f(a)");
    assert_eq!(position_of("(f)(a)"), "(f)(a)");
    assert_eq!(position_of("x = a"), "= a");
    assert_eq!(position_of("x += a"), "+= a");
    assert_eq!(position_of("x++"), "++");
    assert_eq!(position_of("-a"), "-a");
    assert_eq!(position_of("a && b"), "a && b");
}

/// Collects the spans of an expression and of all that is in it.
fn spans(expression: &Expression, found: &mut Vec<Span>) {
    found.push(expression.span);
    match expression.kind {
        ExpressionKind::Binary { left, right, .. } => {
            spans(left, found);
            spans(right, found);
        }
        ExpressionKind::Call { callee, arguments } => {
            spans(callee, found);
            arguments.iter().for_each(|argument| spans(argument, found));
        }
        ExpressionKind::Index { object, index, .. } => {
            spans(object, found);
            spans(index, found);
        }
        _ => {}
    }
}

#[test]
fn spans_cover_what_was_written() {
    let source = "f(a + (b - c), d[0]) * g";
    let arena = Bump::new();
    let parsed = parse(&arena, &mut Interner::new(), source);
    let StatementKind::Expression(expression) = parsed.file.statements[0].kind else { panic!() };
    let mut found = Vec::new();
    spans(expression, &mut found);
    let texts: Vec<&str> = found.iter().map(|span| &source[span.start as usize..span.end as usize]).collect();
    assert_eq!(
        texts,
        [source, "f(a + (b - c), d[0])", "f", "a + (b - c)", "a", "(b - c)", "b", "c", "d[0]", "d", "0", "g"]
    );
}

#[test]
fn occurrences_of_names_are_numbered_one_by_one() {
    let arena = Bump::new();
    let mut names = Interner::new();
    let parsed = parse(&arena, &mut names, "let a = a + b");
    let StatementKind::Let { name, value: Some(value), .. } = parsed.file.statements[0].kind else { panic!() };
    let ExpressionKind::Binary { left, right, .. } = value.kind else { panic!() };
    let name_of = |expression: &Expression| -> Name {
        let ExpressionKind::Name(name) = expression.kind else { panic!() };
        name
    };
    let (left, right) = (name_of(left), name_of(right));
    assert_eq!([name.id.0, left.id.0, right.id.0], [0, 1, 2]);
    assert_eq!(parsed.file.name_count, 3);
    assert_eq!(name.symbol, left.symbol);
    assert_ne!(left.symbol, right.symbol);
    assert_eq!(names.text(right.symbol), "b");
}

#[test]
fn functions_are_numbered_in_the_order_in_which_they_begin() {
    let arena = Bump::new();
    let parsed =
        parse(&arena, &mut Interner::new(), "action f() { action g() { } x => y }\nmodule M { }\nentity E { m() { } }");
    assert_eq!(parsed.file.function_count, 6);
    let StatementKind::Function(f) = parsed.file.statements[0].kind else { panic!() };
    let StatementKind::Module(module) = parsed.file.statements[1].kind else { panic!() };
    let StatementKind::Entity(entity) = parsed.file.statements[2].kind else { panic!() };
    assert_eq!([f.id.0, module.id.0, entity.methods[0].id.0], [1, 4, 5]);
    let this = entity.methods[0].parameters[0].name;
    assert_eq!(this.span.start, this.span.end);
}

#[test]
fn the_tree_outlives_the_source() {
    let arena = Bump::new();
    let mut names = Interner::new();
    let file = {
        let source = String::from("print(\"text\")");
        parse(&arena, &mut names, &source).file
    };
    let StatementKind::Print([value]) = file.statements[0].kind else { panic!() };
    assert!(matches!(value.kind, ExpressionKind::String("text")));
}
