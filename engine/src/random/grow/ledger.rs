//! Contracts, transactions and events.
//!
//! What they are after: state that is undone with whatever was open when an error passed, in whichever engine; working copies of lists and
//! maps that are changed in place, through names, fields and closures; calls of contracts by contracts, some of which fail and are caught;
//! every way out of a transaction, through loops, `finally` and `defer`.

use super::{Grower, Sort, TypeFacts, Variable};
use crate::random::tree::{Kind, Name, Node};

/// Names of actions, so that contracts can stand in for each other.
const ACTIONS: [&str; 4] = ["act", "turn", "show", "init"];
const EVENTS: [&str; 2] = ["Done", "Seen"];
/// Keys of the state that belongs to no contract.
const KEYS: [&str; 3] = ["\"k\"", "\"n\"", "7"];

impl Grower {
    /// One to three contracts.
    pub(super) fn contracts_of_program(&mut self, statements: &mut Vec<Node>) {
        for _ in 0..self.random.between(1, 3) {
            let node = self.contract_declaration();
            statements.push(node);
        }
    }

    fn contract_declaration(&mut self) -> Node {
        self.spend(10);
        let name = self.fresh("C");
        let mut members = Vec::new();
        let mut fields = Vec::new();
        for _ in 0..self.random.between(1, 4) {
            let field = self.fresh("s");
            let sort = match self.random.weighted(&[40, 25, 25, 6, 12]) {
                0 => Sort::Int,
                1 => Sort::List,
                2 => Sort::Map,
                3 => Sort::Text,
                _ if self.types.is_empty() => Sort::Any,
                _ => Sort::Record(self.random.below(self.types.len())),
            };
            let default = if self.random.chance(90) { vec![self.expression(sort, 1)] } else { Vec::new() };
            members.push(Node::new(Kind::Field(field.clone()), default));
            fields.push((field, sort));
        }
        let type_index = self.types.len();
        let facts =
            TypeFacts { name: name.clone(), is_data: false, is_contract: true, fields, methods: Vec::new(), inits: 0 };
        self.types.push(facts);
        for _ in 0..self.random.between(1, 3) {
            let action = ACTIONS[self.random.weighted(&[30, 30, 20, 12])];
            if members.iter().any(|member| matches!(&member.kind, Kind::Action { name, .. } if &**name == action)) {
                continue;
            }
            let modifier = match self.random.weighted(&[80, 8, 6, 6]) {
                0 => "",
                1 => "view ",
                2 => "private ",
                _ => "secure ",
            };
            let parameters = self.random.below(3);
            let children = self.action_parts(parameters, type_index);
            members.push(Node::new(Kind::Action { name: action.into(), modifier }, children));
            if action == "init" {
                self.types[type_index].inits = parameters;
            } else {
                self.types[type_index].methods.push((action, parameters));
            }
        }
        Node::new(Kind::Contract(name), members)
    }

    /// Parameters and body of an action, in which the fields are variables too.
    fn action_parts(&mut self, parameters: usize, type_index: usize) -> Vec<Node> {
        let mut children = self.function_parts(&vec![Sort::Int; parameters], Sort::Any, Some(type_index), None);
        if self.random.chance(35)
            && let Some(body) = children.last_mut()
        {
            let numbers = self.types[type_index].fields.iter().filter(|(_, sort)| *sort == Sort::Int);
            let numbers: Vec<Name> = numbers.map(|(name, _)| name.clone()).collect();
            let left = if numbers.is_empty() { Node::literal("3") } else { Node::name(self.random.choose(&numbers)) };
            let bound = Node::literal(self.random.below(12).to_string());
            let condition = Node::new(Kind::Binary("<"), vec![left, bound]);
            let at = self.random.below(body.children.len() + 1);
            body.children.insert(at, Node::new(Kind::Require, vec![condition, Node::literal("\"too much\"")]));
        }
        children
    }

    /// The fields of the contract around an action, as variables.
    pub(super) fn fields_in_scope(&mut self, this: Option<usize>) {
        let Some(facts) = this.map(|index| &self.types[index]).filter(|facts| facts.is_contract) else { return };
        let fields = facts.fields.clone();
        let variables = fields.into_iter().map(|(name, sort)| Variable { name, sort, writable: true });
        self.scope().variables.extend(variables);
    }

    /// A call that makes a contract.
    pub(super) fn new_contract(&mut self, facts: &TypeFacts, depth: usize) -> Node {
        let mut children = vec![Node::name(&facts.name)];
        children.extend((0..facts.inits).map(|_| self.expression(Sort::Int, depth.saturating_sub(1))));
        Node::new(Kind::Call, children)
    }

    /// `tx { … }`
    pub(super) fn transaction(&mut self) -> Node {
        let mut body = self.block(1, 3);
        if self.random.chance(25) {
            let value = self.expression(Sort::Any, 1);
            let failure = self.guarded(Node::new(Kind::Throw, vec![value]));
            body.children.push(failure);
        }
        let transaction = Node::new(Kind::Transaction, vec![body]);
        if self.random.chance(50) {
            return transaction;
        }
        let name = self.fresh("e");
        let handler = Node::new(Kind::Block, vec![Node::new(Kind::Print, vec![Node::name(&name)])]);
        let body = Node::new(Kind::Block, vec![transaction]);
        Node::new(Kind::Try { catch: Some(name), finally: false }, vec![body, handler])
    }

    /// A call of an action of some contract, caught or not.
    fn contract_call(&mut self) -> Option<Node> {
        let contracts: Vec<usize> = (0..self.types.len()).filter(|&at| self.types[at].is_contract).collect();
        let visible: Vec<(Name, usize)> = self
            .scopes
            .iter()
            .flat_map(|scope| &scope.variables)
            .filter_map(|variable| match variable.sort {
                Sort::Record(at) if contracts.contains(&at) => Some((variable.name.clone(), at)),
                _ => None,
            })
            .collect();
        if visible.is_empty() {
            return None;
        }
        let (name, at) = self.random.choose(&visible).clone();
        if self.types[at].methods.is_empty() {
            return None;
        }
        let (action, parameters) = *self.random.choose(&self.types[at].methods);
        let mut children = vec![Node::name(&name)];
        children.extend((0..parameters).map(|_| self.expression(Sort::Int, 1)));
        let call = Node::new(Kind::Method(action), children);
        let print = Node::new(Kind::Print, vec![call]);
        if self.random.chance(35) {
            return Some(print);
        }
        let error = self.fresh("e");
        let shown = vec![Node::name(&error), Node::name(&name)];
        let handler = Node::new(Kind::Block, vec![Node::new(Kind::Print, shown)]);
        let body = Node::new(Kind::Block, vec![print]);
        Some(Node::new(Kind::Try { catch: Some(error), finally: false }, vec![body, handler]))
    }

    /// A statement that has to do with the ledger.
    pub(super) fn ledger_statement(&mut self) -> Node {
        let call = |name: &'static str, arguments: Vec<Node>| {
            let mut children = vec![Node::literal(name)];
            children.extend(arguments);
            Node::new(Kind::Call, children)
        };
        match self.random.weighted(&[40, 20, 10, 8, 6, 4, 6, 6]) {
            0 => match self.contract_call() {
                Some(statement) => statement,
                None => self.declare_contract_variable(),
            },
            1 => {
                let event: Name = (*self.random.choose(&EVENTS)).into();
                let arguments = (0..self.random.below(3)).map(|_| self.expression(Sort::Any, 1)).collect();
                Node::new(Kind::Emit(event), arguments)
            }
            2 => {
                let value = self.expression(Sort::Any, 2);
                let key = Node::literal(*self.random.choose(&KEYS));
                Node::new(Kind::Expression, vec![call("state_write", vec![key, value])])
            }
            3 => {
                let key = Node::literal(*self.random.choose(&KEYS));
                Node::new(Kind::Print, vec![call("state_read", vec![key])])
            }
            4 => {
                let event = Node::literal(format!("\"{}\"", self.random.choose(&EVENTS)));
                let parameters = self.random.below(3);
                let handler = self.function_literal(parameters, Sort::Any, 1);
                Node::new(Kind::Expression, vec![call("register_event", vec![event, handler])])
            }
            5 => {
                let value = self.expression(Sort::Any, 2);
                Node::new(Kind::Print, vec![call("hash_block", vec![value])])
            }
            6 => {
                let value = self.expression(Sort::Any, 2);
                Node::new(Kind::Print, vec![call("ledger_append", vec![value])])
            }
            _ => {
                let name = *self.random.choose(&["msg", "TX"]);
                let field = *self.random.choose(&["sender", "caller", "contract", "timestamp"]);
                Node::new(Kind::Print, vec![Node::new(Kind::Attribute(field.into()), vec![Node::literal(name)])])
            }
        }
    }

    pub(super) fn declare_contract_variable(&mut self) -> Node {
        let contracts: Vec<usize> = (0..self.types.len()).filter(|&at| self.types[at].is_contract).collect();
        if contracts.is_empty() {
            return self.declare_variable();
        }
        let at = *self.random.choose(&contracts);
        let facts = self.types[at].clone();
        let value = self.new_contract(&facts, 2);
        let name = self.fresh("v");
        self.scope().variables.push(Variable { name: name.clone(), sort: Sort::Record(at), writable: true });
        Node::new(Kind::Let(name), vec![value])
    }
}
