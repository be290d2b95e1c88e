//! Lists, maps, strings, destructuring.

use runtime::ErrorKind;

use crate::{fails, gives, prints, refuses};

#[test]
fn lists_index_from_both_ends() {
    gives("[10, 20, 30][0] + [10, 20, 30][-1]", "40");
    gives("[[1][5], [1][-2], null[0], 5[0], null.x, 5.x]", "[null, null, null, null, null, null]");
    refuses(r#"[1]["a"]"#, ErrorKind::Type, "Type error: a LIST is indexed by integers, not STRING");
    gives("[1, 2].length", "2");
}

#[test]
fn strings_index_by_character() {
    gives(r#"["abc"[1], "abc"[-1], "abc"[9], "héllo"[1], "héllo"[-4], len("héllo")]"#, "[b, c, null, é, é, 5]");
}

#[test]
fn slices_are_clamped() {
    gives("[1, 2, 3, 4][1:3]", "[2, 3]");
    gives("[1, 2, 3][:2]", "[1, 2]");
    gives("[1, 2, 3][-2:]", "[2, 3]");
    gives("[1, 2, 3][2:1]", "[]");
    gives(r#""hello"[1:3] + "héé"[1:] + "abc"[:]"#, "elééabc");
    refuses("5[1:2]", ErrorKind::Type, "Type error: cannot slice INTEGER");
}

#[test]
fn maps_keep_insertion_order() {
    prints(
        r#"
        let m = {a: 1, "b c": 2}
        m.z = 3
        m["a"] = 4
        m[1] = "int"
        m["1"] = "text"
        m[true] = "bool"
        print(m)
        print(m.a, m["b c"], m.missing, m[2], m[1], m["1"])
        "#,
        &["{a: 4, b c: 2, z: 3, 1: int, 1: text, true: bool}", "4 2 null null int text"],
    );
}

#[test]
fn containers_are_shared() {
    prints(
        r#"
        action grow(l) { l.push(9) }
        let l = [1]
        let other = l
        grow(l)
        other.push(3)
        print(l, l == other)
        let m = {a: [1]}
        m.a.push(2)
        m.a[0] += 5
        print(m)
        let cycle = [1]
        cycle.push(cycle)
        print(len(cycle))
        "#,
        &["[1, 9, 3] true", "{a: [6, 2]}", "2"],
    );
}

#[test]
fn stores_that_cannot_be() {
    fails(
        "let l = [1]\nl[1] = 2",
        &[],
        ErrorKind::Value,
        "Index out of range: 1 in a list of 1",
        &["<main> main.zx:2:6"],
    );
    fails(
        "let s = \"abc\"\ns[0] = \"x\"",
        &[],
        ErrorKind::Type,
        "Type error: strings cannot be changed",
        &["<main> main.zx:2:6"],
    );
    fails(
        "let n = null\nn.x = 1",
        &[],
        ErrorKind::Type,
        "Type error: cannot assign to property 'x' of NULL",
        &["<main> main.zx:2:5"],
    );
    fails(
        "let m = {}\nm[[1]] = 1",
        &[],
        ErrorKind::Type,
        "Type error: LIST cannot be a map key",
        &["<main> main.zx:2:8"],
    );
}

#[test]
fn long_literals() {
    let elements: Vec<String> = (0..1000).map(|n| format!("[{n}]")).collect();
    prints(&format!("let l = [{}]\nprint(len(l), l[0], l[999])", elements.join(", ")), &["1000 [0] [999]"]);
    let entries: Vec<String> = (0..200).map(|n| format!("k{n}: \"v{n}\" + \"\"")).collect();
    prints(&format!("let m = {{{}}}\nprint(len(m), m.k0, m.k199)", entries.join(", ")), &["200 v0 v199"]);
    let parts: Vec<String> = (0..150).map(|n| format!("${{\"p\" + {n}}}")).collect();
    prints(&format!("let s = \"{}\"\nprint(len(s), s[:6])", parts.concat()), &["490 p0p1p2"]);
}

#[test]
fn destructuring() {
    prints(
        r#"
        let {a, b, none} = {a: 1, b: [2]}
        print(a, b, none)
        let [x, y, ...rest] = [1, 2, 3, 4]
        print(x, y, rest)
        let [p, q] = [1]
        print(p, q)
        let [c, ...others] = "abc"
        print(c, others)
        let [l, m] = [[1], "s" + 1]
        print(l, m)
        "#,
        &["1 [2] null", "1 2 [3, 4]", "1 null", "a bc", "[1] s1"],
    );
}

#[test]
fn library_functions_call_back() {
    prints(
        r#"
        let l = [1, 2, 3, 4]
        print(l.map(x => x * x), l.filter(x => x % 2 == 0), l.reduce((a, b) => a + b))
        print(map(l, x => "n" + x), filter(l, x => x > 2), reduce(l, (a, b) => a * b, 10))
        print(any(l, x => x > 3), all(l, x => x > 3), find(l, x => x > 1))
        l.for_each(action(x) { if (x == 4) { print("four") } })
        "#,
        &["[1, 4, 9, 16] [2, 4] 10", "[n1, n2, n3, n4] [3, 4] 240", "true false 2", "four"],
    );
}

#[test]
fn functions_in_maps_are_called_like_methods() {
    prints(
        r#"
        let calls = 0
        let m = {f: x => x + 1, len: () => "own", count: action() { calls += 1 return calls }}
        print(m.f(1), m.len(), m.count(), m.count(), m["f"](5))
        print({a: 1, b: 2}.keys(), {a: 1}.len())
        "#,
        &["2 own 1 2 6", "[a, b] 1"],
    );
    fails(
        "let m = {a: 1}\nm.nope(1)",
        &[],
        ErrorKind::Type,
        "Method 'nope' not supported for MAP",
        &["<main> main.zx:2:3"],
    );
}
