//! Statements.

use super::{Grower, Sort, Variable};
use crate::random::tree::{Kind, Name, Node};

/// Deepest nesting of statements.
const DEEPEST: usize = 4;

/// Builtins that grown programs do not call: variables that have their names mean them until they are set.
const BUILTIN_NAMES: &[&str] = &["hash", "trim", "size", "find"];

impl Grower {
    /// Grows a statement, or a few that belong together.
    pub(super) fn statement_into(&mut self, body: &mut Vec<Node>) {
        self.spend(1);
        let nests = u32::from(self.nesting < DEEPEST && self.budget > 0);
        let in_loop = u32::from(self.scope().loops > 0);
        let returns = u32::from(self.scopes.len() > 1 && self.scope().returns);
        let has_this = u32::from(self.scope().this.is_some());
        let ledger = u32::from(self.has_ledger);
        let node = match self.random.weighted(&[
            16,
            16,
            6,
            8,
            10 * nests,
            6 * nests,
            8 * nests,
            9 * nests,
            3 * nests,
            4,
            4,
            3,
            2,
            2 * nests,
            3 * nests,
            1,
            3 * in_loop,
            returns,
            2,
            2,
            6,
            3 * has_this,
            6 * nests * ledger,
            14 * ledger,
            8 * u32::from(self.has_tasks),
            5 * nests,
        ]) {
            0 => self.declare_variable(),
            1 => self.assignment(),
            2 => self.compound_assignment(),
            3 => self.print(),
            4 => self.conditional_statement(),
            5 => return self.counted_while(body),
            6 => self.for_each(),
            7 => self.try_statement(),
            8 => self.function_declaration(),
            9 => self.call_statement(),
            10 => self.store_element(),
            11 => self.push_element(),
            12 => self.destructuring(),
            13 => self.match_statement(),
            14 => self.defer(),
            15 => self.failing(),
            16 => self.leave_loop(),
            17 => self.return_early(),
            18 => return self.pressure(body),
            19 => self.store_field(),
            20 => self.hazard_statement(),
            21 => self.store_into_this(),
            22 => self.transaction(),
            23 => self.ledger_statement(),
            24 => self.task_statement(),
            _ => return self.walk_by_index(body),
        };
        body.push(node);
    }

    pub(super) fn block(&mut self, least: usize, most: usize) -> Node {
        self.nesting += 1;
        let known = self.scope().variables.len();
        let mut statements = Vec::new();
        for _ in 0..self.random.between(least, most) {
            self.statement_into(&mut statements);
        }
        // A block makes no scope: its variables are still there after it, but perhaps they were never set.
        if self.random.chance(85) {
            self.scope().variables.truncate(known);
        }
        self.nesting -= 1;
        Node::new(Kind::Block, statements)
    }

    fn loop_body(&mut self, least: usize, most: usize) -> Node {
        self.scope().loops += 1;
        let block = self.block(least, most);
        self.scope().loops -= 1;
        block
    }

    /// A block that may not be left but through its end.
    pub(super) fn cleanup(&mut self) -> Node {
        let (loops, returns) = {
            let scope = self.scope();
            (std::mem::take(&mut scope.loops), std::mem::take(&mut scope.returns))
        };
        let block = self.block(1, 2);
        let scope = self.scope();
        (scope.loops, scope.returns) = (loops, returns);
        block
    }

    pub(super) fn declare_variable(&mut self) -> Node {
        let sort = self.any_sort();
        let value = self.expression(sort, 3);
        // Now and then a variable of an enclosing function is hidden, or one of this function set anew.
        let hidden = if self.random.chance(8) { self.find_variable(Sort::Any, true) } else { None };
        let name = match hidden {
            Some(variable) => variable.name,
            None if self.random.chance(4) => (*self.random.choose(BUILTIN_NAMES)).into(),
            None => self.fresh("v"),
        };
        let scope = self.scope();
        scope.variables.retain(|variable| variable.name != name);
        scope.variables.push(Variable { name: name.clone(), sort, writable: true });
        Node::new(Kind::Let(name), vec![value])
    }

    fn target(&mut self, sort: Sort) -> Option<Node> {
        self.find_variable(sort, true).map(|variable| Node::name(&variable.name))
    }

    fn assignment(&mut self) -> Node {
        let sort = self.any_sort();
        let Some(target) = self.target(sort) else { return self.declare_variable() };
        let value = self.expression(sort, 3);
        Node::new(Kind::Expression, vec![Node::new(Kind::Assign("="), vec![target, value])])
    }

    fn compound_assignment(&mut self) -> Node {
        let sort = *self.random.choose(&[Sort::Int, Sort::Int, Sort::Int, Sort::Float, Sort::Text]);
        let Some(target) = self.target(sort) else { return self.assignment() };
        if sort == Sort::Int && self.random.chance(25) {
            return Node::new(Kind::Expression, vec![Node::new(Kind::Increment, vec![target])]);
        }
        let operator = match sort {
            Sort::Text => "+=",
            _ => *self.random.choose(&["+=", "-=", "*=", "/=", "%="]),
        };
        let value = self.expression(sort, 2);
        Node::new(Kind::Expression, vec![Node::new(Kind::Assign(operator), vec![target, value])])
    }

    fn print(&mut self) -> Node {
        let values = (0..self.random.between(1, 3)).map(|_| self.expression(Sort::Any, 2)).collect();
        Node::new(Kind::Print, values)
    }

    fn conditional_statement(&mut self) -> Node {
        let condition = self.expression(Sort::Bool, 2);
        let then = self.block(1, 3);
        let mut children = vec![condition, then];
        if self.random.chance(20) {
            let condition = self.expression(Sort::Bool, 2);
            let then = self.block(1, 2);
            let otherwise = self.block(1, 2);
            children.push(Node::new(Kind::If, vec![condition, then, otherwise]));
        } else if self.random.chance(50) {
            children.push(self.block(1, 3));
        }
        Node::new(Kind::If, children)
    }

    /// `let w = 0; while w < n { w += 1; … }`. The counter is stepped first, so that `continue` cannot skip it.
    fn counted_while(&mut self, body: &mut Vec<Node>) {
        let counter = self.fresh("w");
        let rounds = self.random.between(1, 6);
        body.push(Node::new(Kind::Let(counter.clone()), vec![Node::literal("0")]));
        self.scope().variables.push(Variable { name: counter.clone(), sort: Sort::Int, writable: false });
        let bound = Node::new(Kind::Binary("<"), vec![Node::name(&counter), Node::literal(rounds.to_string())]);
        let condition = match self.random.weighted(&[7, 2, 1]) {
            0 => bound,
            1 => self.bounded(bound),
            _ => {
                let (left, right) = (self.bounded(bound.clone()), self.bounded(bound));
                Node::new(Kind::Binary("||"), vec![left, right])
            }
        };
        let step = match self.random.below(3) {
            0 => Node::new(Kind::Increment, vec![Node::name(&counter)]),
            1 => Node::new(Kind::Assign("+="), vec![Node::name(&counter), Node::literal("1")]),
            _ => {
                let sum = Node::new(Kind::Binary("+"), vec![Node::name(&counter), Node::literal("1")]);
                Node::new(Kind::Assign("="), vec![Node::name(&counter), sum])
            }
        };
        let mut block = self.loop_body(1, 4);
        block.children.insert(0, Node::new(Kind::Expression, vec![step]));
        body.push(Node::new(Kind::While, vec![condition, block]));
    }

    /// `let l = […]; let w = 0; let n = 3; while w < n { … l[w] …; w += 1 }`. The index may leave the list, and elements may become of another sort.
    fn walk_by_index(&mut self, body: &mut Vec<Node>) {
        let [list, index, top] = ["l", "w", "n"].map(|name| self.fresh(name));
        let sort = *self.random.choose(&[Sort::Int, Sort::Int, Sort::Float, Sort::Bool, Sort::Text, Sort::Any]);
        let length = self.random.between(1, 6);
        let elements = (0..length).map(|_| self.expression(sort, 1)).collect();
        let start = *self.random.choose(&[0, 0, 0, 0, 1, -1, -2]);
        let end = length as i64 + *self.random.choose(&[0, 0, 0, -1, -1, 1, 2]);
        body.push(Node::new(Kind::Let(list.clone()), vec![Node::new(Kind::List, elements)]));
        body.push(Node::new(Kind::Let(index.clone()), vec![Node::literal(start.to_string())]));
        body.push(Node::new(Kind::Let(top.clone()), vec![Node::literal(end.to_string())]));
        let variables = [(&list, Sort::List, true), (&index, Sort::Int, false), (&top, Sort::Int, false)];
        self.scope().variables.extend(variables.map(|(name, sort, writable)| Variable {
            name: name.clone(),
            sort,
            writable,
        }));
        let operator = *self.random.choose(&["<", "<", "<="]);
        let condition = Node::new(Kind::Binary(operator), vec![Node::name(&index), Node::name(&top)]);
        let element = || Node::new(Kind::Index, vec![Node::name(&list), Node::name(&index)]);
        // Nothing here may go on with the next iteration before the index has been stepped.
        let loops = std::mem::take(&mut self.scope().loops);
        let mut statements = Vec::new();
        for _ in 0..self.random.between(1, 4) {
            match self.random.weighted(&[5, 5, 3, 2]) {
                0 => {
                    let name = self.fresh("v");
                    self.scope().variables.push(Variable { name: name.clone(), sort: Sort::Any, writable: true });
                    statements.push(Node::new(Kind::Let(name), vec![element()]));
                }
                1 => {
                    let sort = if self.random.chance(90) { sort } else { Sort::Any };
                    let value = self.expression(sort, 2);
                    let stored = Node::new(Kind::Assign("="), vec![element(), value]);
                    statements.push(Node::new(Kind::Expression, vec![stored]));
                }
                2 => {
                    let condition = self.expression(Sort::Bool, 1);
                    let shown = Node::new(Kind::Print, vec![element()]);
                    statements.push(Node::new(Kind::If, vec![condition, Node::new(Kind::Block, vec![shown])]));
                }
                _ => self.statement_into(&mut statements),
            }
        }
        self.scope().loops = loops;
        let by = *self.random.choose(&["1", "1", "1", "2", "3"]);
        let step = Node::new(Kind::Assign("+="), vec![Node::name(&index), Node::literal(by)]);
        statements.push(Node::new(Kind::Expression, vec![step]));
        body.push(Node::new(Kind::While, vec![condition, Node::new(Kind::Block, statements)]));
    }

    /// `bound && …`
    fn bounded(&mut self, bound: Node) -> Node {
        let also = self.expression(Sort::Bool, 2);
        Node::new(Kind::Binary("&&"), vec![bound, also])
    }

    fn for_each(&mut self) -> Node {
        let first = self.fresh("i");
        let form = self.random.weighted(&[50, 10, 20, 10, 10]);
        let (iterable, sorts) = match form {
            0 => {
                let mut call = vec![Node::literal("range")];
                let from = self.random.below(5) as i64 - 1;
                let steps = self.random.below(6) as i64;
                match self.random.below(3) {
                    0 => call.push(Node::literal(steps.to_string())),
                    1 => call.extend([Node::literal(from.to_string()), Node::literal((from + steps).to_string())]),
                    _ => {
                        let step = *self.random.choose(&[1, 2, -1, -2, 3]);
                        let to = from + steps * step;
                        call.extend([from, to, step].map(|bound| Node::literal(bound.to_string())));
                    }
                }
                (Node::new(Kind::Call, call), (Sort::Int, None))
            }
            // Bounds that are anything.
            1 => {
                let mut call = vec![Node::literal("range")];
                if self.random.chance(40) {
                    let sort = if self.random.chance(20) { Sort::Any } else { Sort::Int };
                    call.push(self.expression(sort, 1));
                }
                call.push(self.expression(Sort::Int, 2));
                if call.len() == 3 && self.random.chance(30) {
                    call.push(self.expression(Sort::Int, 1));
                }
                (Node::new(Kind::Call, call), (Sort::Int, None))
            }
            2 => {
                let pairs = self.random.chance(30);
                let sorts = if pairs { (Sort::Int, Some(Sort::Any)) } else { (Sort::Int, None) };
                (self.expression(Sort::List, 2), sorts)
            }
            3 => (self.expression(Sort::Map, 2), (Sort::Text, self.random.chance(60).then_some(Sort::Any))),
            _ => (self.expression(Sort::Text, 1), (Sort::Text, None)),
        };
        let second = sorts.1.map(|sort| {
            let name = self.fresh("j");
            self.scope().variables.push(Variable { name: name.clone(), sort, writable: true });
            name
        });
        // The counted-loop instruction must not be confused by assignments to the loop variable.
        self.scope().variables.push(Variable { name: first.clone(), sort: sorts.0, writable: true });
        let body = self.loop_body(1, 3);
        Node::new(Kind::ForEach(first, second), vec![iterable, body])
    }

    fn try_statement(&mut self) -> Node {
        let has_finally = self.random.chance(35);
        let has_catch = !has_finally || self.random.chance(75);
        let mut body = self.block(1, 3);
        if self.random.chance(30) {
            let value = self.expression(Sort::Any, 1);
            let failure = Node::new(Kind::Throw, vec![value]);
            if self.random.chance(50) {
                body.children.push(failure);
            } else {
                let condition = self.expression(Sort::Bool, 1);
                let block = Node::new(Kind::Block, vec![failure]);
                let at = self.random.below(body.children.len() + 1);
                body.children.insert(at, Node::new(Kind::If, vec![condition, block]));
            }
        }
        let mut children = vec![body];
        let mut catch = None;
        if has_catch {
            let name = self.fresh("e");
            let known = self.scope().variables.len();
            self.scope().variables.push(Variable { name: name.clone(), sort: Sort::Any, writable: true });
            let mut handler = self.block(1, 2);
            self.scope().variables.truncate(known);
            if self.random.chance(70) {
                handler.children.insert(0, Node::new(Kind::Print, vec![Node::name(&name)]));
            }
            if self.random.chance(10) {
                handler.children.push(Node::new(Kind::Throw, vec![Node::name(&name)]));
            }
            children.push(handler);
            catch = Some(name);
        }
        if has_finally {
            children.push(self.cleanup());
        }
        Node::new(Kind::Try { catch, finally: has_finally }, children)
    }

    fn defer(&mut self) -> Node {
        let cleanup = self.cleanup();
        Node::new(Kind::Defer, vec![cleanup])
    }

    fn call_statement(&mut self) -> Node {
        let call = self.call(Sort::Any, 2);
        Node::new(Kind::Expression, vec![call])
    }

    fn store_element(&mut self) -> Node {
        let sort = if self.random.chance(60) { Sort::List } else { Sort::Map };
        let Some(object) = self.target(sort) else { return self.declare_variable() };
        let index = if sort == Sort::List {
            match self.random.weighted(&[6, 3]) {
                0 => Node::literal(self.random.below(3).to_string()),
                _ => self.expression(Sort::Int, 2),
            }
        } else {
            let sort = if self.random.chance(70) { Sort::Text } else { Sort::Int };
            self.expression(sort, 1)
        };
        let target = Node::new(Kind::Index, vec![object, index]);
        let operator = *self.random.choose(&["=", "=", "+="]);
        let value = self.expression(Sort::Int, 2);
        Node::new(Kind::Expression, vec![Node::new(Kind::Assign(operator), vec![target, value])])
    }

    fn push_element(&mut self) -> Node {
        let Some(object) = self.target(Sort::List) else { return self.declare_variable() };
        let value = self.expression(Sort::Any, 2);
        Node::new(Kind::Expression, vec![Node::new(Kind::Method("push"), vec![object, value])])
    }

    fn store_field(&mut self) -> Node {
        let Some(variable) = self.find_variable(Sort::Record(usize::MAX), false) else { return self.assignment() };
        let Sort::Record(type_index) = variable.sort else { return self.assignment() };
        self.store_to_field(Node::name(&variable.name), type_index)
    }

    fn store_into_this(&mut self) -> Node {
        match self.scope().this {
            Some(type_index) => self.store_to_field(Node::literal("this"), type_index),
            None => self.assignment(),
        }
    }

    fn store_to_field(&mut self, object: Node, type_index: usize) -> Node {
        let fields = &self.types[type_index].fields;
        if fields.is_empty() {
            return self.assignment();
        }
        let (field, sort) = self.random.choose(fields).clone();
        let target = Node::new(Kind::Attribute(field), vec![object]);
        let operator = if sort == Sort::Int && self.random.chance(40) { "+=" } else { "=" };
        let value = self.expression(sort, 2);
        Node::new(Kind::Expression, vec![Node::new(Kind::Assign(operator), vec![target, value])])
    }

    fn destructuring(&mut self) -> Node {
        if self.random.chance(40) {
            let names: Vec<Name> =
                ["k", "n", "m"][..self.random.between(1, 3)].iter().map(|&name| name.into()).collect();
            let value = self.expression(Sort::Map, 2);
            for name in &names {
                self.rebind(name, Sort::Any);
            }
            return Node::new(Kind::LetMap(names), vec![value]);
        }
        let value = self.expression(Sort::List, 2);
        let names: Vec<Name> = (0..self.random.between(1, 3)).map(|_| self.fresh("v")).collect();
        for name in &names {
            self.rebind(name, Sort::Int);
        }
        let rest = self.random.chance(40).then(|| self.fresh("v"));
        if let Some(rest) = &rest {
            self.rebind(rest, Sort::List);
        }
        Node::new(Kind::LetList(names, rest), vec![value])
    }

    fn rebind(&mut self, name: &Name, sort: Sort) {
        let scope = self.scope();
        scope.variables.retain(|variable| variable.name != *name);
        scope.variables.push(Variable { name: name.clone(), sort, writable: true });
    }

    fn match_statement(&mut self) -> Node {
        let (subject, patterns) = self.subject_and_patterns();
        let mut children = vec![subject];
        for pattern in patterns {
            let body = self.pattern_scope(&pattern, |grower| grower.block(1, 2));
            children.push(Node::new(Kind::Case, vec![pattern, body]));
        }
        if self.random.chance(60) {
            let body = self.block(1, 2);
            children.push(Node::new(Kind::Default, vec![body]));
        }
        Node::new(Kind::MatchStatement, children)
    }

    fn failing(&mut self) -> Node {
        match self.random.below(3) {
            0 => {
                let value = self.expression(Sort::Any, 1);
                Node::new(Kind::Throw, vec![value])
            }
            1 => {
                let condition = self.expression(Sort::Bool, 2);
                let message = self.expression(Sort::Text, 1);
                Node::new(Kind::Require, vec![condition, message])
            }
            _ => {
                let reason = self.expression(Sort::Text, 1);
                Node::new(Kind::Revert, vec![reason])
            }
        }
    }

    pub(super) fn guarded(&mut self, statement: Node) -> Node {
        if self.random.chance(85) {
            let condition = self.expression(Sort::Bool, 2);
            Node::new(Kind::If, vec![condition, Node::new(Kind::Block, vec![statement])])
        } else {
            statement
        }
    }

    fn leave_loop(&mut self) -> Node {
        let kind = if self.random.chance(50) { Kind::Break } else { Kind::Continue };
        self.guarded(Node::new(kind, Vec::new()))
    }

    fn return_early(&mut self) -> Node {
        let sort = self.scope().result.unwrap_or(Sort::Any);
        let value = self.expression(sort, 2);
        self.guarded(Node::new(Kind::Return, vec![value]))
    }

    /// Many variables that are all alive until one wide expression needs them, some changed on the way there.
    fn pressure(&mut self, body: &mut Vec<Node>) {
        let count = self.random.between(6, 24);
        self.spend(count as isize);
        let names: Vec<Name> = (0..count).map(|_| self.fresh("q")).collect();
        for (index, name) in names.iter().enumerate() {
            let value = if index > 0 && self.random.chance(30) {
                let earlier = self.random.below(index);
                Node::new(Kind::Binary("+"), vec![Node::name(&names[earlier]), Node::literal("1")])
            } else {
                Node::literal((index + 1).to_string())
            };
            body.push(Node::new(Kind::Let(name.clone()), vec![value]));
        }
        if self.random.chance(60) {
            let statement = self.for_each();
            body.push(statement);
        }
        let mut order: Vec<&Name> = names.iter().collect();
        self.random.shuffle(&mut order);
        let style = self.random.below(3);
        let mut terms: Vec<Node> = Vec::with_capacity(count);
        for name in order {
            terms.push(if self.random.chance(10) {
                let one = Node::literal("1");
                let value = Node::new(Kind::Binary("+"), vec![Node::name(name), one]);
                Node::new(Kind::Assign("="), vec![Node::name(name), value])
            } else {
                Node::name(name)
            });
        }
        let value = match style {
            // Leaning left needs few registers, leaning right one for each term.
            0 => terms.into_iter().reduce(|sum, term| Node::new(Kind::Binary("+"), vec![sum, term])),
            1 => terms.into_iter().reduce(|sum, term| Node::new(Kind::Binary("-"), vec![term, sum])),
            _ => Some(Node::new(Kind::List, terms)),
        };
        body.push(Node::new(Kind::Print, value.into_iter().collect()));
        for name in names.iter().take(3) {
            self.scope().variables.push(Variable { name: name.clone(), sort: Sort::Int, writable: true });
        }
    }

    fn hazard_statement(&mut self) -> Node {
        let hazard = self.hazard(2);
        if self.random.chance(50) {
            return Node::new(Kind::Print, vec![hazard]);
        }
        let Some(target) = self.target(Sort::Int) else { return Node::new(Kind::Print, vec![hazard]) };
        Node::new(Kind::Expression, vec![Node::new(Kind::Assign("="), vec![target, hazard])])
    }
}
