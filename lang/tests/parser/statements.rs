//! Every form of statement, and where statements end.

use crate::support::{snapshot, tree, trees};

#[test]
fn variables() {
    snapshot!(trees(&[
        "let x",
        "let x = 1",
        "let x: integer = 1",
        "let x: list<map<string, int[]>>= y",
        "let x: m.User[][]",
        "const K = 1",
        "const K: float = 1.0",
        "let {a, b} = m",
        "const {a,} = m",
        "let [x, y] = l",
        "let [x, ...rest] = l",
        "let [] = l",
        "x = 1; y += 2; z++; w--; a.b++; a[0]--",
    ]));
}

#[test]
fn output() {
    snapshot!(trees(&[
        "print(a, b)",
        "print \"x\"",
        "print a, b + 1",
        "print()",
        "print\nx",
        "print (a) + b",
        "print (a).b(c) ? d : e",
        "print (a), b",
        "print(a,)",
        "print [1, 2]",
        "print -x",
        "print {a: 1}",
        "print(print_it)",
        "print(1) print(2)",
        "debug x + 1",
        "debug(x)",
    ]));
}

#[test]
fn control_flow() {
    snapshot!(trees(&[
        "if a { b } elif c { d } else if e { f } else { g }",
        "if (a) { }\nelse\n{ b }",
        "if a then print(1) else print(2)",
        "if a then b = 1",
        "while (a) { break; continue }",
        "for each x in l { }",
        "for x in l { }",
        "for each k, v in {a: 1} { }",
        "for each in l { }",
        "action f() { return }",
        "action f() { return -1 }",
        "action f() { return {a: 1} }",
        "return\n5",
        "throw {code: 5}",
        "try { a } catch (e) { b } finally { c }",
        "try { a } catch e { b }",
        "try { a } catch { b }",
        "try { a } finally { b }",
        "defer { a }",
    ]));
}

#[test]
fn requirements() {
    snapshot!(trees(&[
        "require(a, \"m\")",
        "require(a)",
        "require a, \"m\"",
        "require a",
        "require (a) && (b), \"m\"",
        "revert(\"why\")",
        "revert \"why\"",
        "revert()",
        "revert",
    ]));
}

#[test]
fn functions() {
    snapshot!(trees(&[
        "action f() { }",
        "function f(a, b: int, c: list<int> = [1], d = 2,) -> map<string, int> { return a }",
        "private view action f() { }",
        "public inline function f() { }",
        "action f()\n{\n  action g() { }\n}",
        "action find(data, from, to) { return from }",
    ]));
}

#[test]
fn entities() {
    snapshot!(trees(&[
        "entity User { name: string, age: integer = 18; tags\n email = \"\" }",
        "entity A extends B implements P, Q { }",
        "entity A {\n  x: int\n  action f() { return this.x }\n  private function g(a) -> int { this.x = a }\n  h() { }\n  action: string\n  view: int\n}",
        "data Point { x: number, y: number = 7\n area() { return this.x * this.y } }",
        "data Box<T> { value: T }",
        "entity A:\n    x: int\n    action f():\n        return 1\n    action g(): return 2\nprint(1)",
        "protocol P { action f(a, b) -> int, g(); public function h() }",
        "interface I { action f() }",
        "enum Color { RED, GREEN = 5, BLUE\n CYAN = -2, }",
        "enum E { }",
        "enum E { A = -9223372036854775808, B = 9223372036854775807 }",
    ]));
}

#[test]
fn contracts() {
    snapshot!(trees(&[
        "contract C implements P, Q {\n  state n = 0\n  action f(x) { this.n = x emit E(x) return x }\n  persistent storage s: Map = {}\n}\nprint(1)",
        "contract C:\n    state n = 0\n    action f():\n        return n\nprint(1)",
        "contract C { }",
        "export contract C { data owner = \"x\" }",
        "contract C {\n  state { a: 1, b = 2, c; d: [1]\n e }\n  let x = 1; const y: int = 2, z: string = \"\"\n w\n  storage t\n persistent state u = null\n persistent v }",
        "contract C { state n: int; init(n: int = 5, who) { this.n = n } }",
        "contract C { action constructor() { } private view function f() -> int { return 1 } secure g() { } }",
        "contract C { action init(a) { } action constructor(b) { } }",
        "contract C { state n = 0; action f() { if n > 0 { n = n - 1 } let g = x => n + x; return g(this.n) } }",
        "contract C { event Moved(from, to: string); event Gone { by: string }\n event End\n action f() { emit Moved(1, 2); emit End } }",
        "contract C { state = 5 }",
        "contract C { action event() { } state data = 1\n action state() { return data } }",
    ]));
}

#[test]
fn transactions_and_events() {
    snapshot!(trees(&[
        "tx { x = 2 }",
        "tx:\n    x = 2\n    tx { }\nprint(x)",
        "while a { tx { if b { break } return 1 } }",
        "state s = {\n  a: 1\n}\nprint(s)",
        "persistent storage s: Map = {}",
        "ledger L = {a: 1}",
        "emit Changed(x, {a: 1})\nemit Changed",
        "l.each(x => emit E(x))",
        "event Transfer { from: string, to: string }",
        "event Transfer(from: string, to)\nevent Other\nprint(1)",
        "let tx = 1\nlet emit = tx\nemit = emit + tx\nlet event = emit",
        "TX.caller + msg.sender",
    ]));
}

#[test]
fn tasks() {
    snapshot!(trees(&[
        "let x = await f(1) + await g(2)",
        "async action f() { return 1 }",
        "action async f() { return 1 }\nasync function g() { }\nfunction async h() { }",
        "private async action f() { return 1 }\npublic action async g(x) { }",
        "entity E { async action f() { return 1 } x: int\n action async g() { } }",
        "contract C { async action f() { return 1 } state n = 0 }",
        "async f(x)",
        "let t = spawn f(x)\nlet u = spawn(f(x))\nspawn o.m(x)\nspawn t",
        "await f().g[1] ** 2",
        "- await x + !await y && not await z",
        "f(await x, await await y)",
        "async x => await x\nlet f = async (x, y) => x\nlet g = async lambda(x) { return x }\nlet h = async action(x) { }",
        "let async = 1\nlet await = async\nlet spawn = await + async\nawait = spawn",
        "export async action f() { }",
    ]));
}

#[test]
fn watches() {
    snapshot!(trees(&[
        "watch x => { print(x) }",
        "watch { print(y) x = y }",
        "watch x + f(y, z => w) => print(x)",
        "let watch = 1\nwatch = watch + 1",
        "action f() { watch n => { return n } }",
    ]));
}

#[test]
fn modules() {
    snapshot!(trees(&[
        "module M { let a = 1\n action f() { } }",
        "use \"./a.zx\"",
        "use \"a\" as m",
        "use { a, b as c, } from \"a\"",
        "from \"a\" use { b }",
        "export a",
        "export a, b",
        "export { a, b }",
        "export let x = 1",
        "export const {a, b} = m",
        "export let [a, ...b] = m",
        "export action f() { }",
        "export private action f() { }",
        "export entity E { }",
        "export enum E { A }",
        "export module M { }",
        "export data",
        "type_alias Id = integer",
    ]));
}

#[test]
fn statement_ends() {
    snapshot!(trees(&[
        "a = b * 2 i = 1",
        "let a = 1; let b = 2;; print(a)",
        "x = a +\n  b",
        "x = a\n  + b",
        "x = a\n  - b",
        "x = s\n  .trim()\n  .upper()",
        "x = c\n  ? a\n  : b",
        "x = a\n  && b\n  or c\n  ?? d",
        "x = a\n  in b",
        "f\n(a)",
        "x = f\n[1]",
        "x = (f\n(a)\n[1]\n- b)",
        "f(a\n  - b,\n  c)",
        "x =\n  5",
        "x\n= 5",
        "f(x => {\n  a\n  -b\n})",
        "x = a // comment\n  + b # comment\n  /* comment */ * c",
    ]));
}

#[test]
fn comments_and_blank_files() {
    for source in ["", "\n\n", "# a", "// a\n/* b /* c */ d */\n", "\u{feff}", "\u{feff}# a", "\r\n\r\n", ";;;", " \t "]
    {
        assert_eq!(tree(source), "", "{source:?}");
    }
    assert_eq!(tree("\u{feff}a = 1\r\nb = 2\r\n"), "(= a 1)\n(= b 2)\n");
    assert_eq!(tree("a /* x\n */ b = 1"), "a\n(= b 1)\n");
    assert_eq!(tree("// don't panic\n# (don't [panic\nx()"), "(call x)\n");
}
