//! Random programs as trees.
//!
//! A node is what it is, plus its children: one shape for statements, expressions and all the rest. That makes printing one `match` and
//! shrinking a matter of removing and lifting children, whatever the node means. Nothing here guarantees that a program makes sense; the
//! [generator](super::grow) sees to that, and the shrinker keeps only what still fails.

use std::fmt::Write;
use std::rc::Rc;

/// A name in the program text.
pub(super) type Name = Rc<str>;

/// Part of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its parts, in source order.
    pub children: Vec<Node>,
}

/// How a function literal is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralStyle {
    /// `(a, b) => …`
    Arrow,
    /// `lambda(a, b): …` or `lambda(a, b) { … }`
    Lambda,
    /// `action(a, b) { … }`
    Action,
}

/// What a node is; `[…]` tells its children.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    // Expressions.
    /// Any literal, as it is written.
    Literal(Name),
    /// A variable.
    Name(Name),
    /// `[operand]`
    Unary(&'static str),
    /// `[left, right]`; logical operators too.
    Binary(&'static str),
    /// `[condition, then, otherwise]` as `c ? a : b`.
    Conditional,
    /// `[condition, then, otherwise]` as `if c then a else b`.
    IfThenElse,
    /// `[target, value]` with `=`, `+=`, …
    Assign(&'static str),
    /// `[target]`, as `target++`, or within an expression `(target += 1)`.
    Increment,
    /// `[callee, arguments…]`
    Call,
    /// `[receiver, arguments…]`
    Method(&'static str),
    /// `[object]`
    Attribute(Name),
    /// `[object, index]`
    Index,
    /// `[object, bounds…]`: which bounds there are.
    Slice {
        /// A start is given.
        start: bool,
        /// An end is given.
        end: bool,
    },
    /// `[elements…]`
    List,
    /// `[entries…]`
    Map,
    /// `[value]`: an entry of a map, or a field given by name.
    Entry(Name),
    /// `[values…]` with text between them.
    Interpolation,
    /// `[parameters…, body]`, the body a block or an expression.
    Literally(LiteralStyle),
    /// `[default?]`
    Parameter(Name),
    /// `[subject, arms…]`
    Match,
    /// `[pattern, value]`
    Arm,
    /// `_`
    Wildcard,
    /// `[patterns…]` of the leading fields.
    Instance(Name),
    /// `[entries…]` as `T{a: 1}`.
    Construct(Name),
    /// `[value]`
    Await,
    /// `[call]`
    Spawn,
    /// `[function]`, declared or literal.
    Async,

    // Statements.
    /// `[statements…]`
    Block,
    /// `[value]`
    Let(Name),
    /// `[value]`
    LetMap(Vec<Name>),
    /// `[value]`
    LetList(Vec<Name>, Option<Name>),
    /// `[value]`
    Expression,
    /// `[values…]`
    Print,
    /// `[condition, then, otherwise?]`; the last one a block or another `If`.
    If,
    /// `[condition, body]`
    While,
    /// `[iterable, body]`
    ForEach(Name, Option<Name>),
    /// Leaves the loop.
    Break,
    /// Goes on with the loop's next iteration.
    Continue,
    /// `[value?]`
    Return,
    /// `[value]`
    Throw,
    /// `[body, handler?, cleanup?]`
    Try {
        /// There is a handler; with the variable it binds.
        catch: Option<Name>,
        /// There is cleanup.
        finally: bool,
    },
    /// `[condition, message]`
    Require,
    /// `[reason]`
    Revert,
    /// `[body]`
    Defer,
    /// `[parameters…, body]`
    Function(Name),
    /// `[fields…, methods…]`
    Entity {
        /// Its name.
        name: Name,
        /// The type it extends.
        parent: Option<Name>,
        /// True for `data`.
        is_data: bool,
    },
    /// `[default?]`
    Field(Name),
    /// `[fields…, actions…]`
    Contract(Name),
    /// `[parameters…, body]`: an action of a contract.
    Action {
        /// Its name.
        name: Name,
        /// What stands before it, with a space behind; or nothing.
        modifier: &'static str,
    },
    /// `[body]` as `tx { … }`.
    Transaction,
    /// `[arguments…]`
    Emit(Name),
    /// Members with the values that are given.
    Enum(Name, Vec<(Name, Option<i64>)>),
    /// `[watched?, body]`
    Watch,
    /// `[subject, cases…]`
    MatchStatement,
    /// `[pattern, body]`
    Case,
    /// `[body]`
    Default,
}

impl Node {
    /// A node with these parts.
    pub fn new(kind: Kind, children: Vec<Node>) -> Self {
        Self { kind, children }
    }

    /// A literal.
    pub fn literal(text: impl Into<Name>) -> Self {
        Self::new(Kind::Literal(text.into()), Vec::new())
    }

    /// A variable.
    pub fn name(name: &Name) -> Self {
        Self::new(Kind::Name(name.clone()), Vec::new())
    }

    /// How many nodes it has.
    pub fn size(&self) -> usize {
        1 + self.children.iter().map(Self::size).sum::<usize>()
    }

    /// True for a statement.
    pub fn is_statement(&self) -> bool {
        if self.kind == Kind::Async {
            return self.children.first().is_some_and(Self::is_statement);
        }
        matches!(
            self.kind,
            Kind::Let(_)
                | Kind::LetMap(_)
                | Kind::LetList(..)
                | Kind::Expression
                | Kind::Print
                | Kind::If
                | Kind::While
                | Kind::ForEach(..)
                | Kind::Break
                | Kind::Continue
                | Kind::Return
                | Kind::Throw
                | Kind::Try { .. }
                | Kind::Require
                | Kind::Revert
                | Kind::Defer
                | Kind::Function(_)
                | Kind::Entity { .. }
                | Kind::Contract(_)
                | Kind::Transaction
                | Kind::Emit(_)
                | Kind::Enum(..)
                | Kind::MatchStatement
                | Kind::Watch
        )
    }

    /// True for an expression.
    pub fn is_expression(&self) -> bool {
        !self.is_statement()
            && !matches!(
                self.kind,
                Kind::Block
                    | Kind::Entry(_)
                    | Kind::Parameter(_)
                    | Kind::Arm
                    | Kind::Wildcard
                    | Kind::Instance(_)
                    | Kind::Field(_)
                    | Kind::Action { .. }
                    | Kind::Case
                    | Kind::Default
            )
    }

    /// The program text of a block of statements.
    pub fn to_program(&self) -> String {
        let mut printer = Printer { text: String::with_capacity(2048), depth: 0 };
        for statement in &self.children {
            printer.statement(statement);
        }
        printer.text
    }
}

struct Printer {
    text: String,
    depth: usize,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.text.push_str("    ");
        }
    }

    fn block(&mut self, block: &Node) {
        self.push("{\n");
        self.depth += 1;
        for statement in &block.children {
            self.statement(statement);
        }
        self.depth -= 1;
        self.indent();
        self.push("}");
    }

    fn list(&mut self, nodes: &[Node]) {
        for (index, node) in nodes.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.expression(node);
        }
    }

    fn names(&mut self, names: &[Name]) {
        self.push(&names.join(", "));
    }

    fn statement(&mut self, node: &Node) {
        self.indent();
        let children = &node.children;
        match &node.kind {
            Kind::Block => {
                // What is left when a shrinker puts a block in the place of a statement.
                self.push("if true ");
                self.block(node);
            }
            Kind::Let(name) => {
                let _ = write!(self.text, "let {name} = ");
                self.list(children);
            }
            Kind::LetMap(names) => {
                self.push("let {");
                self.names(names);
                self.push("} = ");
                self.list(children);
            }
            Kind::LetList(names, rest) => {
                self.push("let [");
                self.names(names);
                if let Some(rest) = rest {
                    let _ = write!(self.text, "{}...{rest}", if names.is_empty() { "" } else { ", " });
                }
                self.push("] = ");
                self.list(children);
            }
            Kind::Expression => self.bare(&children[0]),
            Kind::Print => {
                self.push("print(");
                self.list(children);
                self.push(")");
            }
            Kind::If => {
                self.push("if ");
                self.grouped(&children[0]);
                self.push(" ");
                self.block(&children[1]);
                self.otherwise(children.get(2));
            }
            Kind::While => {
                self.push("while ");
                self.grouped(&children[0]);
                self.push(" ");
                self.block(&children[1]);
            }
            Kind::ForEach(first, second) => {
                let _ = write!(self.text, "for each {first}");
                if let Some(second) = second {
                    let _ = write!(self.text, ", {second}");
                }
                self.push(" in ");
                self.grouped(&children[0]);
                self.push(" ");
                self.block(&children[1]);
            }
            Kind::Break => self.push("break"),
            Kind::Continue => self.push("continue"),
            Kind::Return => {
                self.push("return ");
                self.list(children);
            }
            Kind::Throw => {
                self.push("throw ");
                self.list(children);
            }
            Kind::Try { catch, finally } => {
                self.push("try ");
                self.block(&children[0]);
                if let Some(name) = catch {
                    let _ = write!(self.text, " catch ({name}) ");
                    self.block(&children[1]);
                }
                if let (true, Some(cleanup)) = (finally, children.last()) {
                    self.push(" finally ");
                    self.block(cleanup);
                }
            }
            Kind::Require => {
                self.push("require(");
                self.list(children);
                self.push(")");
            }
            Kind::Revert => {
                self.push("revert(");
                self.list(children);
                self.push(")");
            }
            Kind::Defer => {
                self.push("defer ");
                self.block(&children[0]);
            }
            Kind::Function(name) => {
                let _ = write!(self.text, "action {name}");
                self.function(children);
            }
            Kind::Entity { name, parent, is_data } => self.entity(name, parent.as_ref(), *is_data, children),
            Kind::Contract(name) => self.contract(name, children),
            Kind::Transaction => {
                self.push("tx ");
                self.block(&children[0]);
            }
            Kind::Emit(name) => {
                let _ = write!(self.text, "emit {name}(");
                self.list(children);
                self.push(")");
            }
            Kind::Enum(name, members) => {
                let _ = write!(self.text, "enum {name} {{ ");
                for (index, (member, value)) in members.iter().enumerate() {
                    self.push(if index > 0 { ", " } else { "" });
                    self.push(member);
                    if let Some(value) = value {
                        let _ = write!(self.text, " = {value}");
                    }
                }
                self.push(" }");
            }
            Kind::Async if node.is_statement() => {
                self.push("async ");
                if let Kind::Function(name) = &children[0].kind {
                    let _ = write!(self.text, "action {name}");
                    self.function(&children[0].children);
                }
            }
            Kind::Watch => {
                self.push("watch ");
                if let [watched, _] = children.as_slice() {
                    self.expression(watched);
                    self.push(" => ");
                }
                if let Some(body) = children.last() {
                    self.block(body);
                }
            }
            Kind::MatchStatement => {
                self.push("match ");
                self.grouped(&children[0]);
                self.push(" {\n");
                self.depth += 1;
                for case in &children[1..] {
                    self.indent();
                    if case.kind == Kind::Default {
                        self.push("default ");
                    } else {
                        self.push("case ");
                        self.expression(&case.children[0]);
                        self.push(" ");
                    }
                    if let Some(body) = case.children.last() {
                        self.block(body);
                    }
                    self.push("\n");
                }
                self.depth -= 1;
                self.indent();
                self.push("}");
            }
            _ => self.bare(node),
        }
        self.push("\n");
    }

    /// An expression as a statement.
    fn bare(&mut self, node: &Node) {
        match node.kind {
            Kind::Assign(operator) => {
                self.expression(&node.children[0]);
                let _ = write!(self.text, " {operator} ");
                self.expression(&node.children[1]);
            }
            Kind::Increment => {
                self.expression(&node.children[0]);
                self.push("++");
            }
            Kind::Call | Kind::Method(_) | Kind::Name(_) => self.expression(node),
            _ => self.grouped(node),
        }
        self.push(";");
    }

    /// An expression in parentheses: where `{` or `[` would mean something else.
    fn grouped(&mut self, node: &Node) {
        let has_own = matches!(
            node.kind,
            Kind::Unary(_) | Kind::Binary(_) | Kind::Conditional | Kind::IfThenElse | Kind::Assign(_) | Kind::Increment
        );
        if has_own {
            self.expression(node);
        } else {
            self.push("(");
            self.expression(node);
            self.push(")");
        }
    }

    fn otherwise(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        if node.kind == Kind::If {
            self.push(" elif ");
            self.grouped(&node.children[0]);
            self.push(" ");
            self.block(&node.children[1]);
            self.otherwise(node.children.get(2));
        } else {
            self.push(" else ");
            self.block(node);
        }
    }

    /// Parameters and body.
    fn function(&mut self, children: &[Node]) {
        self.push("(");
        let Some((body, parameters)) = children.split_last() else { return };
        self.list(parameters);
        self.push(") ");
        self.block(body);
    }

    fn entity(&mut self, name: &Name, parent: Option<&Name>, is_data: bool, members: &[Node]) {
        let _ = write!(self.text, "{} {name} ", if is_data { "data" } else { "entity" });
        if let Some(parent) = parent {
            let _ = write!(self.text, "extends {parent} ");
        }
        self.members(members, ["", ": any"]);
    }

    fn contract(&mut self, name: &Name, members: &[Node]) {
        let _ = write!(self.text, "contract {name} ");
        self.members(members, ["state ", ""]);
    }

    /// Members in braces; a field's name stands between the two parts of `field`.
    fn members(&mut self, members: &[Node], field: [&str; 2]) {
        self.push("{\n");
        self.depth += 1;
        for member in members {
            self.indent();
            let is_async = member.kind == Kind::Async;
            self.push(if is_async { "async " } else { "" });
            let member = if is_async { &member.children[0] } else { member };
            match &member.kind {
                Kind::Function(name) => {
                    let _ = write!(self.text, "action {name}");
                    self.function(&member.children);
                }
                Kind::Action { name, modifier } => {
                    let _ = write!(self.text, "{modifier}action {name}");
                    self.function(&member.children);
                }
                Kind::Field(name) => {
                    let [before, after] = field;
                    let _ = write!(self.text, "{before}{name}{after}");
                    if let Some(default) = member.children.first() {
                        self.push(" = ");
                        self.expression(default);
                    }
                }
                _ => self.expression(member),
            }
            self.push("\n");
        }
        self.depth -= 1;
        self.indent();
        self.push("}");
    }

    /// An operand that something is attached to: a call, an index, a member.
    fn object(&mut self, node: &Node) {
        if matches!(node.kind, Kind::Literally(_) | Kind::Match | Kind::Map | Kind::List | Kind::Async) {
            self.grouped(node);
        } else {
            self.expression(node);
        }
    }

    fn expression(&mut self, node: &Node) {
        let children = &node.children;
        match &node.kind {
            Kind::Literal(text) | Kind::Name(text) => self.push(text),
            Kind::Unary(operator) => {
                let _ = write!(self.text, "({operator} ");
                self.expression(&children[0]);
                self.push(")");
            }
            Kind::Binary(operator) => {
                self.push("(");
                self.expression(&children[0]);
                let _ = write!(self.text, " {operator} ");
                self.expression(&children[1]);
                self.push(")");
            }
            Kind::Conditional => {
                self.push("(");
                self.expression(&children[0]);
                self.push(" ? ");
                self.expression(&children[1]);
                self.push(" : ");
                self.expression(&children[2]);
                self.push(")");
            }
            Kind::IfThenElse => {
                self.push("(if ");
                self.expression(&children[0]);
                self.push(" then ");
                self.expression(&children[1]);
                self.push(" else ");
                self.expression(&children[2]);
                self.push(")");
            }
            Kind::Assign(operator) => {
                self.push("(");
                self.expression(&children[0]);
                let _ = write!(self.text, " {operator} ");
                self.expression(&children[1]);
                self.push(")");
            }
            // `++` is a statement only.
            Kind::Increment => {
                self.push("(");
                self.expression(&children[0]);
                self.push(" += 1)");
            }
            Kind::Call => {
                self.object(&children[0]);
                self.push("(");
                self.list(&children[1..]);
                self.push(")");
            }
            Kind::Method(name) => {
                self.object(&children[0]);
                let _ = write!(self.text, ".{name}(");
                self.list(&children[1..]);
                self.push(")");
            }
            Kind::Attribute(name) => {
                self.object(&children[0]);
                let _ = write!(self.text, ".{name}");
            }
            Kind::Index => {
                self.object(&children[0]);
                self.push("[");
                self.expression(&children[1]);
                self.push("]");
            }
            Kind::Slice { start, end } => {
                self.object(&children[0]);
                self.push("[");
                if *start {
                    self.expression(&children[1]);
                }
                self.push(":");
                if let (true, Some(bound)) = (end, children.last()) {
                    self.expression(bound);
                }
                self.push("]");
            }
            Kind::List => {
                self.push("[");
                self.list(children);
                self.push("]");
            }
            Kind::Map => {
                self.push("{");
                self.list(children);
                self.push("}");
            }
            Kind::Entry(name) => {
                let _ = write!(self.text, "{name}: ");
                self.list(children);
            }
            Kind::Interpolation => {
                self.push("\"<");
                for child in children {
                    self.push("${");
                    self.expression(child);
                    self.push("};");
                }
                self.push(">\"");
            }
            Kind::Literally(style) => self.literal(*style, children),
            Kind::Async => {
                self.push("async ");
                self.expression(&children[0]);
            }
            Kind::Await => {
                self.push("(await (");
                self.expression(&children[0]);
                self.push("))");
            }
            Kind::Spawn => {
                self.push("(spawn (");
                self.expression(&children[0]);
                self.push("))");
            }
            Kind::Parameter(name) => {
                self.push(name);
                if let Some(default) = children.first() {
                    self.push(" = ");
                    self.expression(default);
                }
            }
            Kind::Match => {
                self.push("match ");
                self.grouped(&children[0]);
                self.push(" { ");
                self.list(&children[1..]);
                self.push(" }");
            }
            Kind::Arm => {
                self.expression(&children[0]);
                self.push(" => ");
                self.expression(&children[1]);
            }
            Kind::Wildcard => self.push("_"),
            Kind::Instance(name) => {
                let _ = write!(self.text, "{name}(");
                self.list(children);
                self.push(")");
            }
            Kind::Construct(name) => {
                let _ = write!(self.text, "{name}{{");
                self.list(children);
                self.push("}");
            }
            Kind::Block => self.block(node),
            // Statements stand in no expression.
            _ => self.push("null"),
        }
    }

    fn literal(&mut self, style: LiteralStyle, children: &[Node]) {
        let Some((body, parameters)) = children.split_last() else { return };
        let is_block = body.kind == Kind::Block;
        self.push(match style {
            LiteralStyle::Arrow => "(",
            LiteralStyle::Lambda => "lambda(",
            LiteralStyle::Action => "action(",
        });
        self.list(parameters);
        self.push(match style {
            LiteralStyle::Arrow => ") => ",
            LiteralStyle::Lambda if !is_block => "): ",
            LiteralStyle::Lambda | LiteralStyle::Action => ") ",
        });
        match (style, is_block) {
            (_, true) => self.block(body),
            (LiteralStyle::Action, false) => {
                self.push("{ return ");
                self.expression(body);
                self.push(" }");
            }
            (_, false) => {
                // Parenthesised, so that a map is not taken for a block.
                self.push("(");
                self.expression(body);
                self.push(")");
            }
        }
    }
}
