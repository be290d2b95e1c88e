//! Entities, data, enums, protocols.

use runtime::ErrorKind;

use crate::{fails, prints};

#[test]
fn instances_have_their_fields() {
    prints(
        r#"
        entity User { name: string, age: integer = 18, tags: list = null
            action hi(other) { return this.name + " greets " + other.name }
            action birthday() { this.age += 1 return this }
        }
        let a = User("ann")
        let b = User{age: 31, name: "bob"}
        let c = User(name = "cat")
        print(a, b, c)
        print(a.hi(b), b["age"], a.missing)
        a.age = 20
        a["name"] = "anna"
        print(a.birthday().birthday().age, a.name)
        print(a == a, User("x") == User("x"), User(1, 2, 3, 4))
        "#,
        &[
            "User { name: ann, age: 18, tags: null } User { name: bob, age: 31, tags: null } User { name: cat, age: 18, tags: null }",
            "ann greets bob 31 null",
            "22 anna",
            "true false User { name: 1, age: 2, tags: 3 }",
        ],
    );
    fails(
        "entity E { a: any }\nlet e = E(1)\ne.b = 2",
        &[],
        ErrorKind::Value,
        "E has no field 'b'",
        &["<main> main.zx:3:5"],
    );
    fails(
        "entity E { a: any }\nE(1).nope()",
        &[],
        ErrorKind::Type,
        "Method 'nope' not supported for ENTITY",
        &["<main> main.zx:2:6"],
    );
}

#[test]
fn data_is_immutable_and_equal_by_value() {
    prints(
        r#"
        data Point { x: number, y: number = 7 }
        print(Point(1), Point(1) == Point(1, 7), Point(1) == Point(2))
        try { Point(1).x = 2 } catch (e) { print(e) }
        "#,
        &["Point { x: 1, y: 7 } true false", "Type error: field 'x' of Point cannot be changed"],
    );
}

#[test]
fn types_inherit() {
    prints(
        r#"
        entity Animal { name: string, legs: integer = 4
            action speak() { return this.name + " makes " + this.sound() }
            action sound() { return "noise" }
        }
        entity Bird extends Animal { legs: integer = 2, wings: integer = 2
            action sound() { return "song" }
        }
        print(Animal("a").speak(), Bird("b").speak(), Bird("c"))
        "#,
        &["a makes noise b makes song Bird { name: c, legs: 2, wings: 2 }"],
    );
}

#[test]
fn defaults_are_evaluated_at_each_construction() {
    prints(
        r#"
        let made = 0
        action next() { made += 1 return made }
        entity Node { id: integer = next(), children: list = [], kind: string = "leaf" }
        let a = Node()
        let b = Node(id = 9, kind = null)
        a.children.push(1)
        print(a.id, a.children, a.kind, b.id, b.children, b.kind, Node(7).id, made)
        print(Node{children: [2]}.children)
        entity Tree extends Node { size: integer = len([1, 2]) }
        print(Tree().size, Tree(5).id, [1].map(Node)[0].id)
        "#,
        &["1 [1] leaf 9 [] null 7 1", "[2]", "2 5 1"],
    );
    fails(
        "entity E {\n  a: any = 1 / 0\n}\naction f() { return E() }\nf()",
        &[],
        ErrorKind::Arithmetic,
        "Division by zero",
        &["E main.zx:2:14", "f main.zx:4:21", "<main> main.zx:5:1"],
    );
}

#[test]
fn defaults_may_be_functions() {
    prints(
        r#"
        let factor = 2
        entity Scaler { scale: any = x => x * factor, add: any = n => x => x + n }
        print(Scaler().scale(5), Scaler().add(1)(2))
        "#,
        &["10 3"],
    );
}

#[test]
fn construction_by_name_needs_a_type() {
    fails(
        "let f = x => x\naction g() { print(\"field\") return 1 }\nlet F = f\nlet y = F{a: g()}",
        &["field"],
        ErrorKind::Type,
        "Type error: arguments by name are for entity and data types, not FUNCTION",
        &["<main> main.zx:4:9"],
    );
    prints(
        "entity E { a: any, b: any }\nlet T = E\nprint(T{b: 2}, T(1), [T][0](3, 4))",
        &["E { a: null, b: 2 } E { a: 1, b: null } E { a: 3, b: 4 }"],
    );
}

#[test]
fn fields_that_hold_functions_are_called_without_the_receiver() {
    prints(
        r#"
        entity Handler { run: any }
        print(Handler(x => x + 1).run(2))
        "#,
        &["3"],
    );
}

#[test]
fn enums_are_maps_of_integers() {
    prints(
        r#"
        enum Color { RED, GREEN, BLUE = 10, LAST }
        print(Color.RED, Color.BLUE, Color.LAST, Color["GREEN"], Color.NONE)
        print(Color, Color.keys(), len(Color))
        let E = Color
        print(E.BLUE, E == Color)
        for each name, value in Color { print(name, value) }
        try { Color.RED = 5 } catch (e) { print(e) }
        "#,
        &[
            "0 10 11 1 null",
            "{RED: 0, GREEN: 1, BLUE: 10, LAST: 11} [RED, GREEN, BLUE, LAST] 4",
            "10 true",
            "RED 0",
            "GREEN 1",
            "BLUE 10",
            "LAST 11",
            "Type error: the members of an enum cannot be changed",
        ],
    );
}

#[test]
fn long_chains_of_types_inherit() {
    let mut source = "entity T0 { a: any = 0, b: any = [0] }\n".to_string();
    for number in 1..2000 {
        let parent = number - 1;
        source.push_str(&format!("entity T{number} extends T{parent} {{ a: any = {number} }}\n"));
    }
    source.push_str("print(T1999(), T7())");
    prints(&source, &["T1999 { a: 1999, b: [0] } T7 { a: 7, b: [0] }"]);
}
