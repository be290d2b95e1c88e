//! The canonical form: layout does not change it, and everything else does.

use bumpalo::Bump;
use lang::{NoLoader, analyze, canonical};
use proptest::prelude::*;

fn hash_of(name: &str, text: &str) -> [u8; 32] {
    let arena = Bump::new();
    match analyze(&arena, name, text.as_bytes(), &NoLoader) {
        Ok(analysis) => canonical(&analysis.program).hash,
        Err(files) => panic!("{text}\n{}", files[0].render(false)),
    }
}

fn hash(text: &str) -> [u8; 32] {
    hash_of("test.zx", text)
}

/// Groups of programs: in one line all have one form, and no two lines have the same.
fn assert_groups(groups: &[&[&str]]) {
    let mut seen: Vec<([u8; 32], &str)> = Vec::new();
    for group in groups {
        let form = hash(group[0]);
        for text in *group {
            assert_eq!(hash(text), form, "{text:?} is {:?} in another layout", group[0]);
        }
        if let Some((_, other)) = seen.iter().find(|(known, _)| *known == form) {
            panic!("{:?} and {other:?} differ in more than layout", group[0]);
        }
        seen.push((form, group[0]));
    }
}

#[test]
fn comments_and_spaces_do_not_count() {
    assert_groups(&[
        &["print(1 + 2)", "\n# sum\nprint( 1+2 ) // three\n", "/* a\nb */ print(\n  1 +\n  2\n)\n\n", "print(1 + 2);"],
        &["x = 1\ny = 2", "x = 1; y = 2", "\n\nx=1\n\n\ny=2 # two"],
        &["f = x => x\nprint(f(1))", "f = x=>x ; print(f( 1 ))"],
        &["print(\"a b\")", "print( \"a b\" )"],
        &["print(\"a  b\")"],
        &["print(\"a # b\")"],
    ]);
}

#[test]
fn both_styles_of_blocks_are_one() {
    assert_groups(&[
        &["if a { print(1) }", "if a:\n    print(1)\n", "if a: print(1)\n", "if a {\n\n print(1)\n}"],
        &["while a { b = 1; c = 2 }", "while a:\n  b = 1\n  c = 2\n"],
        &["for each x in a { print(x) }", "for each x in a:\n\tprint(x)"],
        &["action f(x) { return x }", "action f(x):\n    return x\n"],
        &["action f() { x }", "action f():\n  x", "action f(): x\n"],
        &["action f() { action g() { x } }", "action f():\n  action g():\n    x\n"],
        &["try { a } catch (e) { b } finally { c }", "try:\n  a\ncatch (e):\n  b\nfinally:\n  c\n"],
        &["if a { b } else { c }", "if a:\n  b\nelse:\n  c\n"],
        &["entity P { x: integer }", "entity P:\n  x: integer\n"],
    ]);
}

#[test]
fn every_change_of_meaning_counts() {
    assert_groups(&[
        // Literals, with their kinds.
        &["x = 1"],
        &["x = 2"],
        &["x = -1"],
        &["x = 1.0"],
        &["x = 1.5"],
        &["x = \"1\""],
        &["x = 'one'"],
        &["x = true"],
        &["x = false"],
        &["x = null"],
        &["x = \"${1}\""],
        &["x = \"a${1}\""],
        &["x = \"${1}a\""],
        &["x = [1]"],
        &["x = [1, 2]"],
        &["x = [2, 1]"],
        &["x = [[1], 2]"],
        &["x = [[1, 2]]"],
        &["x = {}"],
        &["x = {a: 1}", "x = {\"a\": 1}"],
        &["x = {b: 1}"],
        &["x = {a: 1, b: 2}"],
        &["x = {b: 2, a: 1}"],
        // Names.
        &["y = 1"],
        &["x = y"],
        &["x = z"],
        &["let x = 1"],
        &["const x = 1"],
        &["let x: integer = 1"],
        &["let x"],
        // Operators, and what belongs to what.
        &["x = a + b"],
        &["x = b + a"],
        &["x = a - b"],
        &["x = a * b"],
        &["x = a / b"],
        &["x = a % b"],
        &["x = a ** b"],
        &["x = a == b"],
        &["x = a != b"],
        &["x = a < b"],
        &["x = a > b"],
        &["x = a <= b"],
        &["x = a >= b"],
        &["x = a in b"],
        &["x = a && b", "x = a and b"],
        &["x = a || b", "x = a or b"],
        &["x = a ?? b"],
        &["x = !a", "x = not a"],
        &["x = -a"],
        &["x = a ? b : c"],
        &["x = a + b + c"],
        &["x = a + (b + c)"],
        &["x = a + b * c"],
        &["x = (a + b) * c"],
        &["x += a"],
        &["x -= a"],
        &["x++"],
        &["x--"],
        // Calls and members.
        &["f()"],
        &["f(a)"],
        &["f(a, b)"],
        &["f(b, a)"],
        &["f(a)(b)"],
        &["f(a(b))"],
        &["o.f()"],
        &["o.f(a)"],
        &["o.f"],
        &["o.g"],
        &["o[a]"],
        &["o[a:]"],
        &["o[:a]"],
        &["o[a:b]"],
        &["o[:]"],
        &["o.f = 1"],
        &["o[f] = 1"],
        // Statements and their order.
        &["print(a)"],
        &["print(a, b)"],
        &["print()"],
        &["debug a"],
        &["print(a); print(b)"],
        &["print(b); print(a)"],
        &["if a { b }"],
        &["if a { b } else { }"],
        &["if a { b } else { c }"],
        &["if a { b } elif c { d }"],
        &["if a { b }; c"],
        &["if a { b; c }"],
        &["while a { b }"],
        &["while a { break }"],
        &["while a { continue }"],
        &["for each b in a { }"],
        &["for each b, c in a { }"],
        &["for each c, b in a { }"],
        &["return a"],
        &["return"],
        &["throw a"],
        &["try { a } catch { b }"],
        &["try { a } catch (b) { b }"],
        &["try { a } finally { b }"],
        &["try { a } catch { b } finally { }"],
        &["require(a)"],
        &["require(a, b)"],
        &["revert(a)"],
        &["revert()"],
        &["defer { a }"],
        &["let {a, b} = c"],
        &["let {b, a} = c"],
        &["let [a, b] = c"],
        &["let [a, ...b] = c"],
        &["match a { 1 => b }"],
        &["match a { 2 => b }"],
        &["match a { b => b }"],
        &["match a { _ => b }"],
        &["match a { 1 => b, _ => c }"],
        &["match a { 1 => { b } }"],
        // Functions.
        &["action f() { }"],
        &["action g() { }"],
        &["action f(a) { }"],
        &["action f(b) { }"],
        &["action f(a = 1) { }"],
        &["action f(a = 2) { }"],
        &["action f(a: integer) { }"],
        &["action f(a, b) { }"],
        &["action f(b, a) { }"],
        &["action f() -> integer { }"],
        &["private action f() { }"],
        &["action f() { return 1 }"],
        &["action f() { 1 }"],
        &["x = lambda(a): a"],
        &["x = lambda(a = 1): a"],
        &["x = action(a) { return a }"],
        // Types.
        &["entity P { x: integer }"],
        &["data P { x: integer }"],
        &["entity Q { x: integer }"],
        &["entity P { y: integer }"],
        &["entity P { x: float }"],
        &["entity P { x: integer = 1 }"],
        &["entity P { x: integer = 2 }"],
        &["entity P { x: integer; y: integer }"],
        &["entity P { y: integer; x: integer }"],
        &["entity P { x: integer; action f() { } }"],
        &["entity P { x: integer; action g() { } }"],
        &["entity Q { }; entity P extends Q { x: integer }"],
        &["enum E { A }"],
        &["enum E { B }"],
        &["enum E { A, B }"],
        &["enum E { A = 1 }"],
        &["enum E { A = 1, B }"],
        &["protocol P { action f() }"],
        &["protocol P { action g() }"],
        &["type_alias T = integer"],
        &["type_alias T = float"],
        // Modules.
        &["module M { x = 1 }"],
        &["module N { x = 1 }"],
        &["use \"math\""],
        &["use \"json\""],
        &["use \"math\" as m"],
        &["use { sqrt } from \"math\""],
        &["use { sqrt as root } from \"math\""],
        &["let a = 1; export a"],
        &["export let a = 1"],
    ]);
}

#[test]
fn parentheses_count_as_errors_point_to_them() {
    assert_ne!(hash("x = a + b"), hash("x = (a) + b"));
}

#[test]
fn the_programs_name_counts() {
    assert_ne!(hash_of("a.zx", "print(__FILE__)"), hash_of("b.zx", "print(__FILE__)"));
}

#[test]
fn places_lead_to_the_same_tokens_in_every_layout() {
    let tokens = |text: &'static str| -> Vec<&'static str> {
        let arena = Bump::new();
        let analysis = analyze(&arena, "test.zx", text.as_bytes(), &NoLoader).unwrap();
        let [places] = &canonical(&analysis.program).places[..] else { panic!("one file") };
        let (_, tokens) = places.offsets().split_first().unwrap();
        tokens.iter().map(|&offset| text[offset as usize..].split_whitespace().next().unwrap()).collect()
    };
    let one = tokens("x = a + b . c\naction f ( ) { y\n}\n");
    let other = tokens("# Another.\n\n  x = a\n + b . c ; action f ( ) {\n y }");
    // The end of the top level is no place, and stands for the beginning.
    let [tokens @ .., _, end] = &one[..] else { panic!("{one:?}") };
    assert_eq!((tokens, *end), (&["x", "=", "a", "+", "b", "c", "action", "f", "y"][..], "}"));
    assert_eq!((tokens, *end), (&other[..9], other[10]));
}

/// Any expression over some names, and what it is with spaces everywhere.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-e]".prop_map(String::from),
        (0..100).prop_map(|number: i32| number.to_string()),
        Just("\"s\"".to_string()),
        Just("null".to_string())
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), "[-+*/%<]|==|&&|\\|\\||\\?\\?", inner.clone())
                .prop_map(|(left, operator, right)| format!("( {left} {operator} {right} )")),
            (inner.clone(), inner.clone()).prop_map(|(object, index)| format!("{object} [ {index} ]")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("[ {one} , {two} ]")),
            (inner.clone(), inner).prop_map(|(one, two)| format!("f ( {one} , {two} )")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn layout_of_expressions_does_not_count(expression in expression(), space in "[ \t]{1,3}| /\\* [a-z]* \\*/ ") {
        let spaced = expression.replace(' ', &space);
        prop_assert_eq!(hash(&format!("x = {expression}")), hash(&format!("# c\nx ={space}{spaced}")));
    }

    #[test]
    fn other_expressions_have_another_form(one in expression(), other in expression()) {
        let is_same = one == other;
        prop_assert_eq!(hash(&format!("x = {one}")) == hash(&format!("x = {other}")), is_same);
    }
}
