//! Functions, types and enums.

use super::{FunctionFacts, Grower, Scope, Sort, TypeFacts, Variable};
use crate::random::tree::{Kind, LiteralStyle, Name, Node};

/// Names of methods, so that types override each other's.
const METHODS: [&str; 3] = ["act", "turn", "show"];

impl Grower {
    /// One to three types, the later ones often extending earlier ones.
    pub(super) fn types_of_program(&mut self, statements: &mut Vec<Node>) {
        for _ in 0..self.random.between(1, 3) {
            let node = self.type_declaration();
            statements.push(node);
        }
    }

    fn type_declaration(&mut self) -> Node {
        self.spend(8);
        let name = self.fresh("T");
        let is_data = self.random.chance(25);
        let parents: Vec<TypeFacts> =
            self.types.iter().filter(|facts| facts.is_data == is_data && !facts.is_contract).cloned().collect();
        let parent = (!parents.is_empty() && self.random.chance(60)).then(|| self.random.choose(&parents).clone());
        let mut fields = parent.as_ref().map(|parent| parent.fields.clone()).unwrap_or_default();
        let mut methods = parent.as_ref().map(|parent| parent.methods.clone()).unwrap_or_default();
        let mut members = Vec::new();
        for _ in 0..self.random.between(if fields.is_empty() { 1 } else { 0 }, 3) {
            let field = self.fresh("p");
            let sort = *self.random.choose(&[Sort::Int, Sort::Int, Sort::Text, Sort::List, Sort::Any]);
            let default = if self.random.chance(50) { vec![self.expression(sort, 1)] } else { Vec::new() };
            members.push(Node::new(Kind::Field(field.clone()), default));
            fields.push((field, sort));
        }
        let type_index = self.types.len();
        let (is_contract, inits) = (false, 0);
        self.types.push(TypeFacts {
            name: name.clone(),
            is_data,
            is_contract,
            fields,
            methods: methods.clone(),
            inits,
        });
        for _ in 0..self.random.between(0, 2) {
            let method = *self.random.choose(&METHODS);
            if members.iter().any(|member| matches!(&member.kind, Kind::Function(name) if &**name == method)) {
                continue;
            }
            let parameters = self.random.below(3);
            let sorts = vec![Sort::Int; parameters];
            let children = self.function_parts(&sorts, Sort::Any, Some(type_index), None);
            let function = Node::new(Kind::Function(method.into()), children);
            let is_async = self.has_tasks && self.random.chance(20);
            members.push(if is_async { Node::new(Kind::Async, vec![function]) } else { function });
            methods.retain(|&(known, _)| known != method);
            methods.push((method, parameters));
        }
        self.types[type_index].methods = methods;
        Node::new(Kind::Entity { name, parent: parent.map(|parent| parent.name), is_data }, members)
    }

    /// An enum.
    pub(super) fn enumeration(&mut self) -> Node {
        self.spend(3);
        let name = self.fresh("E");
        let members: Vec<(Name, Option<i64>)> = (0..self.random.between(1, 4))
            .map(|_| {
                let value = self.random.chance(40).then(|| self.random.below(20) as i64);
                (self.fresh("M"), value)
            })
            .collect();
        self.enumeration = Some((name.clone(), members.iter().map(|(member, _)| member.clone()).collect()));
        Node::new(Kind::Enum(name, members), Vec::new())
    }

    /// A named function, which may call itself.
    pub(super) fn function_declaration(&mut self) -> Node {
        self.spend(6);
        let name = self.fresh("f");
        let is_bounded = self.random.chance(35);
        let count = if self.random.chance(6) { self.random.between(5, 9) } else { self.random.below(4) };
        let mut parameters = vec![Sort::Int; usize::from(is_bounded)];
        for _ in 0..count {
            parameters.push(match self.random.weighted(&[60, 10, 10, 10, 5]) {
                0 => Sort::Int,
                1 => Sort::List,
                2 => Sort::Text,
                3 => Sort::Any,
                _ => Sort::Function(1),
            });
        }
        let result = *self.random.choose(&[Sort::Int, Sort::Int, Sort::Any, Sort::List, Sort::Text]);
        let is_async = self.has_tasks && self.random.chance(45);
        let depth = self.scopes.len();
        let facts = FunctionFacts { name: name.clone(), is_bounded, parameters, result, depth, is_async };
        let children = self.function_parts(&facts.parameters.clone(), result, None, Some(&facts));
        self.functions.push(facts);
        let function = Node::new(Kind::Function(name), children);
        if is_async { Node::new(Kind::Async, vec![function]) } else { function }
    }

    /// Parameters and body of a function; `bounded` is the function itself if it may recurse.
    pub(super) fn function_parts(
        &mut self,
        sorts: &[Sort],
        result: Sort,
        this: Option<usize>,
        bounded: Option<&FunctionFacts>,
    ) -> Vec<Node> {
        let mut children = Vec::with_capacity(sorts.len() + 1);
        self.scopes.push(Scope { returns: true, result: Some(result), this, ..Scope::default() });
        self.fields_in_scope(this);
        let bounded = bounded.filter(|facts| facts.is_bounded);
        for (index, &sort) in sorts.iter().enumerate() {
            let name = self.fresh("a");
            let is_bound = bounded.is_some() && index == 0;
            let default = if !is_bound && self.random.chance(10) { vec![self.expression(sort, 1)] } else { Vec::new() };
            children.push(Node::new(Kind::Parameter(name.clone()), default));
            self.scope().variables.push(Variable { name, sort, writable: !is_bound });
        }
        let mut body = Vec::new();
        if let (Some(facts), Some(Kind::Parameter(depth))) = (bounded, children.first().map(|node| node.kind.clone())) {
            self.recursion(facts, &depth, &mut body);
        }
        self.nesting += 1;
        for _ in 0..self.random.between(1, 4) {
            self.statement_into(&mut body);
        }
        self.nesting -= 1;
        if self.random.chance(85) {
            let value = self.expression(result, 2);
            body.push(Node::new(Kind::Return, vec![value]));
        }
        self.scopes.pop();
        // What was declared inside is seen no more.
        let depth = self.scopes.len();
        self.functions.retain(|facts| facts.depth <= depth);
        children.push(Node::new(Kind::Block, body));
        children
    }

    /// `if depth < 1 { return … }` and a call with a smaller depth.
    fn recursion(&mut self, facts: &FunctionFacts, depth: &Name, body: &mut Vec<Node>) {
        let base = self.expression(facts.result, 1);
        let at_end = Node::new(Kind::Binary("<"), vec![Node::name(depth), Node::literal("1")]);
        let leave = Node::new(Kind::Block, vec![Node::new(Kind::Return, vec![base])]);
        body.push(Node::new(Kind::If, vec![at_end, leave]));
        for _ in 0..self.random.between(1, 2) {
            let less = Node::new(Kind::Binary("-"), vec![Node::name(depth), Node::literal("1")]);
            let mut call = vec![Node::name(&facts.name), less];
            for &sort in &facts.parameters[1..] {
                call.push(self.expression(sort, 1));
            }
            let result = self.fresh("r");
            let call = self.awaited(Node::new(Kind::Call, call), facts.is_async);
            body.push(Node::new(Kind::Let(result.clone()), vec![call]));
            self.scope().variables.push(Variable { name: result, sort: facts.result, writable: true });
        }
    }

    /// A function literal of so many parameters.
    pub(super) fn function_literal(&mut self, parameters: usize, result: Sort, depth: usize) -> Node {
        self.spend(2);
        let style = *self.random.choose(&[LiteralStyle::Arrow, LiteralStyle::Lambda, LiteralStyle::Action]);
        self.scopes.push(Scope { returns: true, result: Some(result), ..Scope::default() });
        let mut children = Vec::with_capacity(parameters + 1);
        for _ in 0..parameters {
            let name = self.fresh("x");
            children.push(Node::new(Kind::Parameter(name.clone()), Vec::new()));
            self.scope().variables.push(Variable { name, sort: Sort::Int, writable: true });
        }
        let body = if self.nesting < 4 && self.budget > 0 && self.random.chance(45) {
            let mut body = Vec::new();
            self.nesting += 2;
            for _ in 0..self.random.between(1, 2) {
                self.statement_into(&mut body);
            }
            self.nesting -= 2;
            let value = self.expression(result, 1);
            body.push(Node::new(Kind::Return, vec![value]));
            Node::new(Kind::Block, body)
        } else {
            self.expression(result, depth.min(2))
        };
        self.scopes.pop();
        let scopes = self.scopes.len();
        self.functions.retain(|facts| facts.depth <= scopes);
        children.push(body);
        let literal = Node::new(Kind::Literally(style), children);
        if self.has_tasks && self.random.chance(20) { Node::new(Kind::Async, vec![literal]) } else { literal }
    }
}
