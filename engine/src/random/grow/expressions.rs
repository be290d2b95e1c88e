//! Expressions, by the sort of value wanted.

use super::{Grower, Sort, Variable};
use crate::random::tree::{Kind, Name, Node};

/// Integers at the edges: of immediates, of words, of overflow.
const EDGES: [&str; 16] = [
    "127",
    "128",
    "255",
    "32767",
    "32768",
    "(-32768)",
    "(-32769)",
    "65535",
    "65536",
    "2147483648",
    "(-2147483649)",
    "3037000500",
    "4611686018427387904",
    "9223372036854775806",
    "9223372036854775807",
    "(-9223372036854775807)",
];
const FLOATS: [&str; 9] = ["0.0", "0.5", "1.5", "(-2.25)", "0.1", "3.0", "1e16", "1e300", "1.5e-7"];
const TEXTS: [&str; 8] = ["\"\"", "\"a\"", "\"b\"", "\"abc\"", "\"héß\"", "\"10\"", "\"x y\"", "'q'"];
/// Keys of maps; short ones, so that programs hit them again. `k`, `n` and `m` are also what `let {…}` takes apart.
const KEYS: [&str; 4] = ["k", "n", "m", "z"];

impl Grower {
    /// An expression that probably gives a value of this sort.
    pub(super) fn expression(&mut self, sort: Sort, depth: usize) -> Node {
        self.spend(1);
        // Anything anywhere, so that type errors are met.
        let sort = if self.random.chance(2) { self.any_sort() } else { sort };
        let depth = if self.budget < -40 { 0 } else { depth };
        if depth > 0 {
            match self.random.below(100) {
                0..3 => return self.conditional(sort, depth),
                3..5 => return self.assigned(sort, depth),
                5..8 => return self.call(sort, depth),
                8..9 => return self.match_expression(sort, depth),
                9..10 => {
                    let left = self.expression(Sort::Any, depth - 1);
                    let right = self.expression(sort, depth - 1);
                    return Node::new(Kind::Binary("??"), vec![left, right]);
                }
                _ => {}
            }
        }
        if (depth == 0 || self.random.chance(30))
            && let Some(variable) = self.find_variable(sort, false)
        {
            return Node::name(&variable.name);
        }
        match sort {
            Sort::Int => self.int(depth),
            Sort::Float => self.float(depth),
            Sort::Text => self.text(depth),
            Sort::Bool => self.bool(depth),
            Sort::List => self.list(depth),
            Sort::Map => self.map(depth),
            Sort::Function(parameters) => self.function(parameters, depth),
            Sort::Record(type_index) => self.record(type_index, depth),
            Sort::Any => {
                let sort = self.any_sort();
                if self.random.chance(4) { Node::literal("null") } else { self.expression(sort, depth) }
            }
        }
    }

    fn binary(&mut self, operators: &[&'static str], left: Sort, right: Sort, depth: usize) -> Node {
        let operator = *self.random.choose(operators);
        let left = self.expression(left, depth - 1);
        let right = self.expression(right, depth - 1);
        Node::new(Kind::Binary(operator), vec![left, right])
    }

    fn small(&mut self, bound: usize) -> Node {
        Node::literal(self.random.below(bound).to_string())
    }

    fn int_literal(&mut self) -> Node {
        match self.random.weighted(&[70, 12, 8]) {
            0 => self.small(10),
            1 => Node::literal(format!("(-{})", self.random.between(1, 9))),
            _ => Node::literal(*self.random.choose(&EDGES)),
        }
    }

    fn builtin(&mut self, name: &'static str, sorts: &[Sort], depth: usize) -> Node {
        let mut children = vec![Node::literal(name)];
        children.extend(sorts.iter().map(|&sort| self.expression(sort, depth - 1)));
        Node::new(Kind::Call, children)
    }

    fn method(&mut self, receiver: Sort, name: &'static str, sorts: &[Sort], depth: usize) -> Node {
        let mut children = vec![self.expression(receiver, depth - 1)];
        children.extend(sorts.iter().map(|&sort| self.expression(sort, depth - 1)));
        Node::new(Kind::Method(name), children)
    }

    fn int(&mut self, depth: usize) -> Node {
        if depth == 0 {
            return self.int_literal();
        }
        match self.random.weighted(&[22, 34, 8, 2, 4, 8, 6, 5, 4, 3, 4, 2, 2]) {
            0 => self.int_literal(),
            1 => self.binary(&["+", "+", "-", "-", "*"], Sort::Int, Sort::Int, depth),
            2 => self.binary(&["/", "%"], Sort::Int, Sort::Int, depth),
            3 => {
                let base = self.expression(Sort::Int, depth - 1);
                let exponent = self.small(5);
                Node::new(Kind::Binary("**"), vec![base, exponent])
            }
            4 => {
                let operand = self.expression(Sort::Int, depth - 1);
                Node::new(Kind::Unary("-"), vec![operand])
            }
            5 => self.hazard(depth),
            6 => {
                let list = self.expression(Sort::List, depth - 1);
                let index = if self.random.chance(70) { self.small(3) } else { self.expression(Sort::Int, depth - 1) };
                Node::new(Kind::Index, vec![list, index])
            }
            7 => {
                let map = self.expression(Sort::Map, depth - 1);
                let key = *self.random.choose(&KEYS);
                Node::new(Kind::Attribute(key.into()), vec![map])
            }
            8 => {
                let sort = *self.random.choose(&[Sort::List, Sort::Text, Sort::Map]);
                self.builtin("len", &[sort], depth)
            }
            9 => match self.random.below(3) {
                0 => self.builtin("abs", &[Sort::Int], depth),
                1 => self.builtin("min", &[Sort::Int, Sort::Int], depth),
                _ => self.builtin("max", &[Sort::Int, Sort::Int], depth),
            },
            10 => self.field_of_record(depth),
            11 => {
                let subject = *self.random.choose(&[Sort::Float, Sort::Text, Sort::Bool, Sort::Any]);
                self.builtin("int", &[subject], depth)
            }
            _ => match self.enumeration.clone() {
                Some((name, members)) => {
                    let member = self.random.choose(&members).clone();
                    Node::new(Kind::Attribute(member), vec![Node::name(&name)])
                }
                None => self.method(Sort::List, "index_of", &[Sort::Int], depth),
            },
        }
    }

    fn float(&mut self, depth: usize) -> Node {
        if depth == 0 || self.random.chance(25) {
            return Node::literal(*self.random.choose(&FLOATS));
        }
        match self.random.below(10) {
            0..5 => self.binary(&["+", "-", "*", "/"], Sort::Float, Sort::Float, depth),
            5..7 => self.binary(&["+", "-", "*", "/", "%"], Sort::Float, Sort::Int, depth),
            7 => self.binary(&["-", "*"], Sort::Int, Sort::Float, depth),
            8 => self.builtin("float", &[Sort::Int], depth),
            _ => {
                let operand = self.expression(Sort::Float, depth - 1);
                Node::new(Kind::Unary("-"), vec![operand])
            }
        }
    }

    fn text(&mut self, depth: usize) -> Node {
        if depth == 0 || self.random.chance(30) {
            return Node::literal(*self.random.choose(&TEXTS));
        }
        match self.random.below(14) {
            // One side is a literal: a string that is doubled in a loop fills any heap.
            0..3 => {
                let literal = Node::literal(*self.random.choose(&TEXTS));
                let other = self.expression(Sort::Any, depth - 1);
                let children = if self.random.chance(50) { vec![literal, other] } else { vec![other, literal] };
                Node::new(Kind::Binary("+"), children)
            }
            3..5 => {
                let values = (0..self.random.between(1, 3)).map(|_| self.expression(Sort::Any, depth - 1)).collect();
                Node::new(Kind::Interpolation, values)
            }
            5 => self.builtin("string", &[Sort::Any], depth),
            6 => {
                let name = *self.random.choose(&["type", "typeof"]);
                self.builtin(name, &[Sort::Any], depth)
            }
            7 => {
                let name = *self.random.choose(&["upper", "lower", "trim", "reverse"]);
                self.method(Sort::Text, name, &[], depth)
            }
            8 => {
                let text = self.expression(Sort::Text, depth - 1);
                let index = self.expression(Sort::Int, depth - 1);
                Node::new(Kind::Index, vec![text, index])
            }
            9 => self.slice(Sort::Text, depth),
            10 => {
                let text = Node::literal(*self.random.choose(&TEXTS));
                let count = self.small(4);
                Node::new(Kind::Binary("*"), vec![text, count])
            }
            11 => self.method(Sort::Text, "replace", &[Sort::Text, Sort::Text], depth),
            12 => {
                let list = self.expression(Sort::List, depth - 1);
                Node::new(Kind::Method("join"), vec![list, Node::literal("\"-\"")])
            }
            _ => self.method(Sort::Text, "slice", &[Sort::Int, Sort::Int], depth),
        }
    }

    fn slice(&mut self, sort: Sort, depth: usize) -> Node {
        let (start, end) = (self.random.chance(70), self.random.chance(70));
        let mut children = vec![self.expression(sort, depth - 1)];
        for given in [start, end] {
            if given {
                children.push(if self.random.chance(70) {
                    self.small(4)
                } else {
                    self.expression(Sort::Int, depth - 1)
                });
            }
        }
        Node::new(Kind::Slice { start, end }, children)
    }

    fn bool(&mut self, depth: usize) -> Node {
        if depth == 0 {
            return Node::literal(*self.random.choose(&["true", "false"]));
        }
        match self.random.weighted(&[6, 40, 8, 6, 6, 14, 8, 4, 3, 3]) {
            0 => Node::literal(*self.random.choose(&["true", "false"])),
            1 => self.binary(&["<", ">", "<=", ">=", "==", "!="], Sort::Int, Sort::Int, depth),
            2 => self.binary(&["<", ">", "<=", ">=", "=="], Sort::Float, Sort::Int, depth),
            3 => self.binary(&["<", "==", "!=", ">="], Sort::Text, Sort::Text, depth),
            4 => self.binary(&["==", "!="], Sort::Any, Sort::Any, depth),
            5 => self.binary(&["&&", "||"], Sort::Bool, Sort::Bool, depth),
            6 => {
                let sort = if self.random.chance(60) { Sort::Bool } else { Sort::Any };
                let operand = self.expression(sort, depth - 1);
                Node::new(Kind::Unary("!"), vec![operand])
            }
            7 => {
                let container = *self.random.choose(&[Sort::List, Sort::Map, Sort::Text]);
                let item = if container == Sort::List { Sort::Int } else { Sort::Text };
                self.binary(&["in"], item, container, depth)
            }
            8 => self.method(Sort::List, "contains", &[Sort::Int], depth),
            _ => self.method(Sort::Map, "has", &[Sort::Text], depth),
        }
    }

    fn list(&mut self, depth: usize) -> Node {
        let elements = |grower: &mut Self, depth| {
            let count = if grower.random.chance(5) { grower.random.between(6, 12) } else { grower.random.below(4) };
            // Lists of one kind are packed; a value of another kind unpacks them.
            let sort = *grower.random.choose(&[Sort::Int, Sort::Int, Sort::Float, Sort::Bool, Sort::Text, Sort::Any]);
            let values = (0..count).map(|_| grower.expression(sort, depth)).collect();
            Node::new(Kind::List, values)
        };
        if depth == 0 {
            return elements(self, 0);
        }
        match self.random.weighted(&[40, 8, 8, 6, 6, 6, 4, 4, 3, 3]) {
            0 => elements(self, depth - 1),
            1 => {
                // One side is a literal, as with strings.
                let literal = elements(self, 0);
                let other = self.expression(Sort::List, depth - 1);
                let children = if self.random.chance(50) { vec![literal, other] } else { vec![other, literal] };
                Node::new(Kind::Binary("+"), children)
            }
            2 => self.slice(Sort::List, depth),
            3 => {
                let bound = self.small(6);
                Node::new(Kind::Call, vec![Node::literal("range"), bound])
            }
            4 => self.with_function("map", Sort::Int, depth),
            5 => self.with_function("filter", Sort::Bool, depth),
            6 => {
                let name = *self.random.choose(&["reverse", "sort"]);
                self.method(Sort::List, name, &[], depth)
            }
            7 => self.builtin("keys", &[Sort::Map], depth),
            8 => self.builtin("values", &[Sort::Map], depth),
            _ => self.method(Sort::Text, "split", &[Sort::Text], depth),
        }
    }

    fn with_function(&mut self, name: &'static str, result: Sort, depth: usize) -> Node {
        let list = self.expression(Sort::List, depth - 1);
        let function = self.function_literal(1, result, depth - 1);
        Node::new(Kind::Method(name), vec![list, function])
    }

    fn map(&mut self, depth: usize) -> Node {
        let count = self.random.below(4);
        let entries = (0..count)
            .map(|_| {
                let key: Name = (*self.random.choose(&KEYS)).into();
                let sort = if self.random.chance(70) { Sort::Int } else { Sort::Any };
                let value = self.expression(sort, depth.saturating_sub(1));
                Node::new(Kind::Entry(key), vec![value])
            })
            .collect();
        Node::new(Kind::Map, entries)
    }

    fn function(&mut self, parameters: usize, depth: usize) -> Node {
        let scopes = self.scopes.len();
        let fitting: Vec<Name> = self
            .functions
            .iter()
            .filter(|facts| facts.depth <= scopes && facts.parameters.len() == parameters)
            .map(|facts| facts.name.clone())
            .collect();
        if !fitting.is_empty() && self.random.chance(35) {
            return Node::name(self.random.choose(&fitting));
        }
        let result = if self.random.chance(70) { Sort::Int } else { Sort::Any };
        self.function_literal(parameters, result, depth)
    }

    fn record(&mut self, type_index: usize, depth: usize) -> Node {
        let Some(facts) = self.types.get(type_index).cloned() else { return self.map(depth) };
        if facts.is_contract {
            return self.new_contract(&facts, depth);
        }
        if self.random.chance(50) {
            let mut children = vec![Node::name(&facts.name)];
            for (_, sort) in facts.fields.iter().take(self.random.below(facts.fields.len() + 1)) {
                children.push(self.expression(*sort, depth.saturating_sub(1)));
            }
            return Node::new(Kind::Call, children);
        }
        let mut entries = Vec::new();
        for (name, sort) in &facts.fields {
            if self.random.chance(60) {
                let value = self.expression(*sort, depth.saturating_sub(1));
                entries.push(Node::new(Kind::Entry(name.clone()), vec![value]));
            }
        }
        if entries.is_empty() {
            return Node::new(Kind::Call, vec![Node::name(&facts.name)]);
        }
        Node::new(Kind::Construct(facts.name), entries)
    }

    fn field_of_record(&mut self, depth: usize) -> Node {
        let this = self.scope().this;
        let (object, type_index) = match (this, self.find_variable(Sort::Record(usize::MAX), false)) {
            (Some(type_index), _) if self.random.chance(80) => (Node::literal("this"), type_index),
            (_, Some(Variable { name, sort: Sort::Record(type_index), .. })) => (Node::name(&name), type_index),
            _ => return self.binary(&["+"], Sort::Int, Sort::Int, depth),
        };
        let facts = &self.types[type_index];
        if !facts.methods.is_empty() && self.random.chance(40) {
            let (method, parameters) = *self.random.choose(&facts.methods);
            let mut children = vec![object];
            children.extend((0..parameters).map(|_| self.expression(Sort::Int, depth - 1)));
            return Node::new(Kind::Method(method), children);
        }
        if facts.fields.is_empty() {
            return self.int_literal();
        }
        let field = self.random.choose(&facts.fields).0.clone();
        Node::new(Kind::Attribute(field), vec![object])
    }

    fn conditional(&mut self, sort: Sort, depth: usize) -> Node {
        let condition = self.expression(Sort::Bool, depth - 1);
        let then = self.expression(sort, depth - 1);
        let otherwise = self.expression(sort, depth - 1);
        let kind = if self.random.chance(80) { Kind::Conditional } else { Kind::IfThenElse };
        Node::new(kind, vec![condition, then, otherwise])
    }

    /// An assignment as an expression.
    fn assigned(&mut self, sort: Sort, depth: usize) -> Node {
        let Some(variable) = self.find_variable(sort, true) else { return self.expression(sort, depth - 1) };
        let target = Node::name(&variable.name);
        if sort == Sort::Int && self.random.chance(20) {
            return Node::new(Kind::Increment, vec![target]);
        }
        let operator = if sort == Sort::Int { *self.random.choose(&["=", "=", "+=", "-="]) } else { "=" };
        let value = self.expression(sort, depth - 1);
        Node::new(Kind::Assign(operator), vec![target, value])
    }

    /// A call of a function of the program, of a variable that holds one, or of a literal on the spot.
    pub(super) fn call(&mut self, sort: Sort, depth: usize) -> Node {
        let scopes = self.scopes.len();
        let visible: Vec<usize> = (0..self.functions.len()).filter(|&at| self.functions[at].depth <= scopes).collect();
        if !visible.is_empty() && self.random.chance(75) {
            let facts = self.functions[*self.random.choose(&visible)].clone();
            let mut children = vec![Node::name(&facts.name)];
            for (index, &parameter) in facts.parameters.iter().enumerate() {
                children.push(if facts.is_bounded && index == 0 {
                    self.small(4)
                } else {
                    self.expression(parameter, depth.saturating_sub(1))
                });
            }
            match self.random.below(20) {
                0 => children.truncate(children.len().max(2) - 1),
                1 => children.push(Node::literal("1")),
                _ => {}
            }
            return self.awaited(Node::new(Kind::Call, children), facts.is_async);
        }
        let parameters = self.random.below(3);
        let callee = match self.find_variable(Sort::Function(parameters), false) {
            Some(variable) => Node::name(&variable.name),
            None => self.function_literal(parameters, sort, depth.saturating_sub(1)),
        };
        let mut children = vec![callee];
        children.extend((0..parameters).map(|_| self.expression(Sort::Int, depth.saturating_sub(1))));
        self.awaited(Node::new(Kind::Call, children), false)
    }

    /// A variable is read, changed while its old value waits, and read again.
    pub(super) fn hazard(&mut self, depth: usize) -> Node {
        let Some(variable) = self.find_variable(Sort::Int, true) else { return self.int_literal() };
        let read = Node::name(&variable.name);
        let value = self.expression(Sort::Int, depth.saturating_sub(1));
        let assign = Node::new(Kind::Assign("="), vec![read.clone(), value]);
        let step = {
            let one = Node::literal("1");
            let sum = Node::new(Kind::Binary("+"), vec![read.clone(), one]);
            Node::new(Kind::Assign("="), vec![read.clone(), sum])
        };
        let changed = match self.random.below(7) {
            0 | 1 => assign,
            2 => step,
            3 => Node::new(Kind::Increment, vec![read.clone()]),
            4 => {
                let condition = self.expression(Sort::Bool, 1);
                Node::new(Kind::Conditional, vec![condition, assign, read.clone()])
            }
            5 => {
                // In a branch that may not be taken.
                let left = self.expression(Sort::Bool, 1);
                let logical = Node::new(Kind::Binary("&&"), vec![left, assign]);
                Node::new(Kind::Conditional, vec![logical, Node::literal("1"), Node::literal("2")])
            }
            _ => {
                // By a function that captured it.
                let body = Node::new(Kind::Block, vec![Node::new(Kind::Expression, vec![assign])]);
                let change = Node::new(Kind::Literally(crate::random::tree::LiteralStyle::Action), vec![body]);
                let call = Node::new(Kind::Call, vec![change]);
                Node::new(Kind::Binary("??"), vec![call, Node::literal("3")])
            }
        };
        let mut parts = vec![read.clone(), changed, read.clone()];
        if self.random.chance(30) {
            parts.insert(1, self.expression(Sort::Int, depth.saturating_sub(1)));
        }
        match self.random.below(8) {
            0..4 => {
                let operator = *self.random.choose(&["+", "-", "+", "*"]);
                let (first, rest) = (parts.remove(0), parts);
                rest.into_iter().fold(first, |sum, part| Node::new(Kind::Binary(operator), vec![sum, part]))
            }
            // The reads wait longest here.
            4 => {
                let last = parts.pop().unwrap_or_else(|| read.clone());
                parts.into_iter().rev().fold(last, |sum, part| Node::new(Kind::Binary("+"), vec![part, sum]))
            }
            5 => {
                let list = Node::new(Kind::List, parts);
                Node::new(Kind::Index, vec![list, self.small(3)])
            }
            6 => {
                let scopes = self.scopes.len();
                let function = self.functions.iter().find(|facts| facts.depth <= scopes && !facts.is_bounded);
                let callee = match function {
                    Some(facts) => Node::name(&facts.name),
                    None => Node::literal("max"),
                };
                parts.insert(0, callee);
                Node::new(Kind::Call, parts)
            }
            _ => {
                let value = Node::new(Kind::Binary("<"), vec![parts.remove(0), parts.remove(0)]);
                Node::new(Kind::Conditional, vec![value, read, Node::literal("0")])
            }
        }
    }

    /// A value to match and patterns for it.
    pub(super) fn subject_and_patterns(&mut self) -> (Node, Vec<Node>) {
        let records: Vec<usize> = (0..self.types.len()).filter(|&at| !self.types[at].fields.is_empty()).collect();
        if !records.is_empty() && self.random.chance(35) {
            let type_index = *self.random.choose(&records);
            let subject = self.subject(Sort::Record(type_index));
            let patterns = (0..self.random.between(1, 2))
                .map(|_| {
                    let facts = self.types[*self.random.choose(&records)].clone();
                    let fields = (0..self.random.below(facts.fields.len() + 1))
                        .map(|_| match self.random.below(3) {
                            0 => Node::new(Kind::Wildcard, Vec::new()),
                            1 => self.small(3),
                            _ => Node::name(&self.fresh("b")),
                        })
                        .collect();
                    Node::new(Kind::Instance(facts.name), fields)
                })
                .collect();
            return (subject, patterns);
        }
        let sort = *self.random.choose(&[Sort::Int, Sort::Int, Sort::Text, Sort::Any]);
        let subject = self.subject(sort);
        let patterns = (0..self.random.between(1, 3))
            .map(|_| match self.random.below(8) {
                0..4 => self.small(4),
                4..6 => Node::literal(*self.random.choose(&TEXTS)),
                6 => Node::literal(*self.random.choose(&["true", "null", "1.5", "-1"])),
                _ => Node::name(&self.fresh("b")),
            })
            .collect();
        (subject, patterns)
    }

    /// Something to match that is short enough for the parser, which looks ahead only so far for the arms behind `match (…`.
    fn subject(&mut self, sort: Sort) -> Node {
        const LONGEST: usize = 40;
        let subject = self.expression(sort, 2);
        if subject.size() <= LONGEST { subject } else { self.small(4) }
    }

    /// Grows what sees the variables that a pattern binds.
    pub(super) fn pattern_scope<T>(&mut self, pattern: &Node, grow: impl FnOnce(&mut Self) -> T) -> T {
        let known = self.scope().variables.len();
        for node in std::iter::once(pattern).chain(&pattern.children) {
            if let Kind::Name(name) = &node.kind {
                self.scope().variables.push(Variable { name: name.clone(), sort: Sort::Int, writable: true });
            }
        }
        let grown = grow(self);
        self.scope().variables.truncate(known);
        grown
    }

    fn match_expression(&mut self, sort: Sort, depth: usize) -> Node {
        let (subject, patterns) = self.subject_and_patterns();
        let mut children = vec![subject];
        for pattern in patterns {
            let value = self.pattern_scope(&pattern, |grower| grower.expression(sort, depth - 1));
            children.push(Node::new(Kind::Arm, vec![pattern, value]));
        }
        if self.random.chance(85) {
            let value = self.expression(sort, depth - 1);
            children.push(Node::new(Kind::Arm, vec![Node::new(Kind::Wildcard, Vec::new()), value]));
        }
        Node::new(Kind::Match, children)
    }
}
