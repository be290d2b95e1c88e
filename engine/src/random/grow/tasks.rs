//! Tasks and watched variables, in programs that have them.

use super::{Grower, Sort, Variable};
use crate::random::tree::{Kind, Node};

impl Grower {
    /// A call whose task is awaited, mostly, if it makes one; any other call now and then too, which changes nothing.
    pub(super) fn awaited(&mut self, call: Node, is_async: bool) -> Node {
        let percent = if is_async { 85 } else { 25 };
        if self.has_tasks && self.random.chance(percent) { Node::new(Kind::Await, vec![call]) } else { call }
    }

    /// A statement about tasks.
    pub(super) fn task_statement(&mut self) -> Node {
        match self.random.weighted(&[6, 5, 4, 3]) {
            0 => self.pause(),
            1 => self.spawn(),
            2 => self.start_async(),
            _ => self.watch(),
        }
    }

    /// `sleep(0)` and the like: others run meanwhile.
    fn pause(&mut self) -> Node {
        let seconds = *self.random.choose(&["0", "0", "0.001", "0.002", "1"]);
        let call = Node::new(Kind::Call, vec![Node::literal("sleep"), Node::literal(seconds)]);
        Node::new(Kind::Expression, vec![call])
    }

    /// A call without its `await`.
    fn plain_call(&mut self) -> Node {
        let call = self.call(Sort::Any, 2);
        match call.kind {
            Kind::Await => call.children.into_iter().next().unwrap_or_else(|| Node::literal("null")),
            _ => call,
        }
    }

    /// `let t = spawn f(x)`: a variable that may be awaited later, like any other.
    fn spawn(&mut self) -> Node {
        let call = self.plain_call();
        let spawn = Node::new(Kind::Spawn, vec![call]);
        self.keep_task(spawn)
    }

    /// `let t = f(x)`, where `f` may be `async`.
    fn start_async(&mut self) -> Node {
        let call = self.plain_call();
        self.keep_task(call)
    }

    fn keep_task(&mut self, task: Node) -> Node {
        // What is awaited is as often as not what was kept before.
        let tasks: Vec<Variable> = {
            let variables = self.scopes.iter().flat_map(|scope| &scope.variables);
            variables.filter(|variable| variable.name.starts_with('t')).cloned().collect()
        };
        if !tasks.is_empty() && self.random.chance(50) {
            let known = self.random.choose(&tasks).name.clone();
            let value = Node::new(Kind::Await, vec![Node::name(&known)]);
            return Node::new(Kind::Print, vec![value, task]);
        }
        let name = self.fresh("t");
        self.scope().variables.push(Variable { name: name.clone(), sort: Sort::Any, writable: false });
        Node::new(Kind::Let(name), vec![task])
    }

    /// `watch v => { … }` or `watch { … }`.
    fn watch(&mut self) -> Node {
        if self.watches == 0 || self.scope().loops > 0 || self.nesting > 1 {
            return self.pause();
        }
        let Some(watched) = self.find_variable(Sort::Any, true) else { return self.pause() };
        self.watches -= 1;
        let known = self.scope().variables.len();
        let mut body = self.cleanup();
        self.scope().variables.truncate(known);
        let name = Node::name(&watched.name);
        body.children.insert(0, Node::new(Kind::Print, vec![name.clone()]));
        let children = if self.random.chance(60) { vec![name, body] } else { vec![body] };
        Node::new(Kind::Watch, children)
    }
}
