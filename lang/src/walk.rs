//! Walks over the tree: what a node has directly under it.
//!
//! Whoever looks at all of a tree, or at all of a kind of node in it, keeps a list of nodes that are still to be looked at and asks each for
//! its [`children`]: no recursion, so no depth of nesting is too deep. The functions here are exhaustive: a new kind of node does not compile
//! before it says what is under it.

use crate::ast::{
    Block, Entity, Expression, ExpressionKind, Function, FunctionBody, MatchBody, Pattern, Statement, StatementKind,
    Target,
};

/// A node of the tree.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// A statement.
    Statement(&'a Statement<'a>),
    /// An expression.
    Expression(&'a Expression<'a>),
    /// A block: the body of something, or a branch of it.
    Block(Block<'a>),
    /// A function, declared or literal.
    Function(&'a Function<'a>),
}

/// Calls `visit` for every node directly under `node`, in the order of the source. The methods of entities are under their declaration.
pub fn children<'a>(node: Node<'a>, visit: &mut impl FnMut(Node<'a>)) {
    match node {
        Node::Statement(statement) => of_statement(&statement.kind, visit),
        Node::Expression(expression) => of_expression(&expression.kind, visit),
        Node::Block(block) => block.statements.iter().for_each(|statement| visit(Node::Statement(statement))),
        Node::Function(function) => {
            let defaults = function.parameters.iter().filter_map(|parameter| parameter.default);
            defaults.for_each(|default| visit(Node::Expression(default)));
            match function.body {
                FunctionBody::Block(block) => visit(Node::Block(block)),
                FunctionBody::Expression(expression) => visit(Node::Expression(expression)),
            }
        }
    }
}

fn of_statement<'a>(statement: &StatementKind<'a>, visit: &mut impl FnMut(Node<'a>)) {
    use StatementKind as S;
    match *statement {
        S::Let { value, .. } => value.into_iter().for_each(|value| visit(Node::Expression(value))),
        S::LetMap { value, .. } | S::LetList { value, .. } => visit(Node::Expression(value)),
        S::Expression(value) | S::Debug(value) | S::Throw(value) => visit(Node::Expression(value)),
        S::Print(values) => values.iter().for_each(|value| visit(Node::Expression(value))),
        S::If { condition, then, otherwise } => {
            visit(Node::Expression(condition));
            visit(Node::Block(then));
            otherwise.into_iter().for_each(|block| visit(Node::Block(block)));
        }
        S::While { condition, body } => {
            visit(Node::Expression(condition));
            visit(Node::Block(body));
        }
        S::ForEach { iterable, body, .. } => {
            visit(Node::Expression(iterable));
            visit(Node::Block(body));
        }
        S::Return(value) | S::Revert(value) => value.into_iter().for_each(|value| visit(Node::Expression(value))),
        S::Try { body, catch, finally } => {
            visit(Node::Block(body));
            catch.into_iter().for_each(|catch| visit(Node::Block(catch.body)));
            finally.into_iter().for_each(|block| visit(Node::Block(block)));
        }
        S::Require { condition, message } => {
            visit(Node::Expression(condition));
            message.into_iter().for_each(|message| visit(Node::Expression(message)));
        }
        S::Defer(block) | S::Transaction { body: block, .. } => visit(Node::Block(block)),
        S::Emit { arguments, .. } => arguments.iter().for_each(|argument| visit(Node::Expression(argument))),
        S::Function(function) => visit(Node::Function(function)),
        S::Entity(entity) => of_entity(entity, visit),
        S::Module(module) => visit(Node::Block(module.body)),
        S::Export { declaration, .. } => {
            declaration.into_iter().for_each(|declaration| visit(Node::Statement(declaration)));
        }
        S::Break | S::Continue | S::Enum(_) | S::Protocol(_) | S::Use(_) | S::TypeAlias { .. } => {}
    }
}

fn of_entity<'a>(entity: &Entity<'a>, visit: &mut impl FnMut(Node<'a>)) {
    // The defaults of a contract's fields are in its constructor.
    if entity.constructor.is_none() {
        let defaults = entity.fields.iter().filter_map(|field| field.default);
        defaults.for_each(|default| visit(Node::Expression(default)));
    }
    entity.methods.iter().chain(entity.constructor.as_slice()).for_each(|method| visit(Node::Function(method)));
}

fn of_expression<'a>(expression: &ExpressionKind<'a>, visit: &mut impl FnMut(Node<'a>)) {
    use ExpressionKind as E;
    match *expression {
        E::Null | E::Bool(_) | E::Integer(_) | E::Float(_) | E::String(_) | E::Name(_) | E::This(_) => {}
        E::NewContract(_) | E::Argument(_) => {}
        E::Interpolation(parts) | E::List(parts) => parts.iter().for_each(|part| visit(Node::Expression(part))),
        E::Map(entries) => entries.iter().for_each(|entry| {
            visit(Node::Expression(&entry.key));
            visit(Node::Expression(&entry.value));
        }),
        E::Unary { operand, .. } | E::Await(operand) | E::Spawn(operand) => visit(Node::Expression(operand)),
        E::Binary { left, right, .. } | E::Logical { left, right, .. } => {
            visit(Node::Expression(left));
            visit(Node::Expression(right));
        }
        E::Conditional { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|part| visit(Node::Expression(part)));
        }
        E::Call { callee, arguments } => {
            visit(Node::Expression(callee));
            arguments.iter().for_each(|argument| visit(Node::Expression(argument)));
        }
        E::Construct { callee, leading, fields } => {
            visit(Node::Expression(callee));
            leading.iter().for_each(|value| visit(Node::Expression(value)));
            fields.iter().for_each(|field| visit(Node::Expression(&field.value)));
        }
        E::MethodCall { object, arguments, .. } => {
            visit(Node::Expression(object));
            arguments.iter().for_each(|argument| visit(Node::Expression(argument)));
        }
        E::Attribute { object, .. } => visit(Node::Expression(object)),
        E::Index { object, index, .. } => {
            visit(Node::Expression(object));
            visit(Node::Expression(index));
        }
        E::Slice { object, start, end, .. } => {
            visit(Node::Expression(object));
            [start, end].into_iter().flatten().for_each(|bound| visit(Node::Expression(bound)));
        }
        E::Function(function) => visit(Node::Function(function)),
        E::Assign { target, value, .. } => {
            match *target {
                Target::Name(_) => {}
                Target::Attribute { object, .. } => visit(Node::Expression(object)),
                Target::Index { object, index, .. } => {
                    visit(Node::Expression(object));
                    visit(Node::Expression(index));
                }
            }
            visit(Node::Expression(value));
        }
        E::Match(matching) => {
            visit(Node::Expression(matching.subject));
            for arm in matching.arms {
                of_pattern(&arm.pattern, visit);
                match arm.body {
                    MatchBody::Expression(expression) => visit(Node::Expression(expression)),
                    MatchBody::Block(block) => visit(Node::Block(block)),
                }
            }
        }
    }
}

fn of_pattern<'a>(pattern: &Pattern<'a>, visit: &mut impl FnMut(Node<'a>)) {
    match *pattern {
        Pattern::Wildcard | Pattern::Binding(_) => {}
        Pattern::Value(value) => visit(Node::Expression(value)),
        Pattern::Instance { fields, .. } => fields.iter().for_each(|field| of_pattern(field, visit)),
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::{Node, children};
    use crate::ast::ExpressionKind;
    use crate::loader::{NoLoader, analyze};

    /// Every integer of a program, in the order in which a walk from left to right meets them.
    fn integers(text: &str) -> Vec<i64> {
        let arena = Bump::new();
        let analysis = analyze(&arena, "test", text.as_bytes(), &NoLoader).unwrap();
        let main = analysis.program.files.last().unwrap().file;
        let mut pending: Vec<Node<'_>> = main.statements.iter().rev().map(Node::Statement).collect();
        let mut found = Vec::new();
        while let Some(node) = pending.pop() {
            if let Node::Expression(expression) = node
                && let ExpressionKind::Integer(value) = expression.kind
            {
                found.push(value);
            }
            let first = pending.len();
            children(node, &mut |child| pending.push(child));
            pending[first..].reverse();
        }
        found
    }

    #[test]
    fn a_walk_meets_every_node_once_in_order() {
        let text = r#"
            let a = 1
            let [b, c] = [2, 3]
            if (a < 4) { print(5) } else { print(6) }
            while (a < 7) { a = a + 8 }
            for each x in [9, 10] { print(x, 11) }
            action f(p, q = 12) { return p + 13 }
            let g = lambda(x) -> x * 14
            try { throw 15 } catch (e) { print(16) } finally { print(17) }
            require(18 > 0 - 19 + 0, "no")
            let m = {"k": 20, "l": "t${21}"}
            m["k"] = 22
            m.l = f(23, 24)
            let s = [25, 26][27:28]
            let t = a > 29 ? 30 : 31
            entity P { x: integer = 32
                action get(y = 33) { return y } }
            let p = P{x: 34}
            print(p.get(35), match a { 36 => 37, P(38) => 39, _ => 40 })
            defer { print(41) }
            export let z = 42
        "#;
        let expected: Vec<i64> = (1..=18).chain([0, 19, 0]).chain(20..=42).collect();
        assert_eq!(integers(text), expected);
    }
}
