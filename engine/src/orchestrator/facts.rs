//! What can be told of a program without running it.

use std::collections::HashMap;

use lang::Analysis;
use lang::ast::{BinaryOperator, Expression, ExpressionKind, FunctionKind, Statement, StatementKind};
use lang::names::Symbol;
use lang::program::FileKind;
use lang::resolver::{Binding, Storage};
use lang::walk::{Node, children};
use serde::{Deserialize, Serialize};

/// How often a loop goes round whose bounds are not in the source.
const ITERATIONS: f64 = 100.0;

/// How often a function is called that calls itself, for each call from elsewhere.
const RECURSION: f64 = 1000.0;

/// How often a function literal is called each time it is made.
const CALLBACKS: f64 = 10.0;

/// No estimate goes beyond this.
const MOST: f64 = 1e15;

/// What can be told of a program without running it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Lines of all its files.
    pub lines: u32,
    /// Statements and expressions.
    pub nodes: u32,
    /// Functions, methods and function literals.
    pub functions: u32,
    /// Loops.
    pub loops: u32,
    /// Whether a function can call itself, by way of others too.
    pub is_recursive: bool,
    /// The share of arithmetic and comparisons in the estimated work, from 0 to 1.
    pub arithmetic: f64,
    /// Nodes that are evaluated in a run, as far as can be guessed: loops with unknown bounds go round 100 times.
    pub work: f64,
}

impl Facts {
    /// Looks at a program.
    pub fn new(analysis: &Analysis<'_>) -> Self {
        Survey::new(analysis).facts()
    }
}

/// What one function, or the top level of one file, does when it is called once.
#[derive(Clone, Debug, Default)]
struct Unit {
    work: f64,
    arithmetic: f64,
    /// Functions it calls, and how often.
    calls: Vec<(usize, f64)>,
    /// Whether it runs without being called: the top level of a file.
    is_root: bool,
}

/// A node that is still to be looked at.
struct Task<'a> {
    node: Node<'a>,
    file: usize,
    unit: usize,
    /// How often it is evaluated when its unit is called once.
    weight: f64,
}

struct Survey<'s, 'a> {
    analysis: &'s Analysis<'a>,
    units: Vec<Unit>,
    /// Methods by name: a call names one of them.
    methods: HashMap<Symbol, Vec<usize>>,
    method_calls: Vec<(usize, Symbol, f64)>,
    pending: Vec<Task<'a>>,
    facts: Facts,
}

impl<'s, 'a> Survey<'s, 'a> {
    fn new(analysis: &'s Analysis<'a>) -> Self {
        let facts =
            Facts { lines: 0, nodes: 0, functions: 0, loops: 0, is_recursive: false, arithmetic: 0.0, work: 0.0 };
        let units = vec![Unit::default(); analysis.resolved.function_count as usize];
        Self { analysis, units, methods: HashMap::new(), method_calls: Vec::new(), pending: Vec::new(), facts }
    }

    fn facts(mut self) -> Facts {
        let files = self.analysis.program.files.iter().enumerate();
        for (file, source) in files.filter(|(_, source)| source.kind != FileKind::Prelude) {
            self.facts.lines += source.text.lines().count() as u32;
            let unit = self.analysis.resolved.files[file].first_function as usize;
            self.units[unit].is_root = true;
            let statements = source.file.statements.iter().map(Node::Statement);
            self.pending.extend(statements.map(|node| Task { node, file, unit, weight: 1.0 }));
        }
        while let Some(task) = self.pending.pop() {
            self.look(&task);
        }
        for (unit, name, weight) in std::mem::take(&mut self.method_calls) {
            let methods = self.methods.get(&name).into_iter().flatten();
            self.units[unit].calls.extend(methods.map(|&method| (method, weight)));
        }
        let (times, is_recursive) = calls(&self.units);
        let sum = |of: fn(&Unit) -> f64| -> f64 { self.units.iter().zip(&times).map(|(unit, n)| of(unit) * n).sum() };
        let (work, arithmetic) = (sum(|unit| unit.work), sum(|unit| unit.arithmetic));
        Facts { work: work.min(MOST), arithmetic: arithmetic / work.max(1.0), is_recursive, ..self.facts }
    }

    fn look(&mut self, task: &Task<'a>) {
        let Task { file, mut unit, mut weight, .. } = *task;
        match task.node {
            Node::Statement(statement) => {
                self.facts.nodes += 1;
                self.units[unit].work += weight;
                if let Some(iterations) = self.iterations(statement, file) {
                    self.facts.loops += 1;
                    self.units[unit].work += weight * iterations;
                    children(task.node, &mut |node| {
                        // What is walked is evaluated once, a condition as often as the body.
                        let once =
                            matches!((statement.kind, node), (StatementKind::ForEach { .. }, Node::Expression(_)));
                        let weight = (weight * if once { 1.0 } else { iterations }).min(MOST);
                        self.pending.push(Task { node, file, unit, weight });
                    });
                    return;
                }
            }
            Node::Expression(expression) => {
                self.facts.nodes += 1;
                self.units[unit].work += weight;
                self.expression(expression, task);
            }
            Node::Block(_) => {}
            Node::Function(function) => {
                self.facts.functions += 1;
                let enclosing = unit;
                unit = (self.analysis.resolved.files[file].first_function + function.id.0) as usize;
                match (function.kind, function.name) {
                    (FunctionKind::Method, Some(name)) => self.methods.entry(name.symbol).or_default().push(unit),
                    (FunctionKind::Literal, _) => self.units[enclosing].calls.push((unit, weight * CALLBACKS)),
                    _ => {}
                }
                weight = 1.0;
            }
        }
        children(task.node, &mut |node| self.pending.push(Task { node, file, unit, weight }));
    }

    fn expression(&mut self, expression: &Expression<'a>, task: &Task<'a>) {
        let Task { file, unit, weight, .. } = *task;
        match expression.kind {
            ExpressionKind::Binary { operator, .. } if operator != BinaryOperator::In => {
                self.units[unit].arithmetic += weight;
            }
            ExpressionKind::Assign { operator: Some(_), .. } | ExpressionKind::Unary { .. } => {
                self.units[unit].arithmetic += weight;
            }
            ExpressionKind::Call { callee: Expression { kind: ExpressionKind::Name(name), .. }, .. } => {
                if let Some(Storage::Function(called)) = self.analysis.resolved.storage(file, *name) {
                    self.units[unit].calls.push((called as usize, weight));
                }
            }
            ExpressionKind::MethodCall { name, .. } => self.method_calls.push((unit, name.symbol, weight)),
            _ => {}
        }
    }

    /// How often a loop goes round; none for what is no loop.
    fn iterations(&self, statement: &Statement<'a>, file: usize) -> Option<f64> {
        match statement.kind {
            StatementKind::While { .. } => Some(ITERATIONS),
            StatementKind::ForEach { iterable, .. } => Some(match iterable.kind {
                ExpressionKind::List(elements) => elements.len() as f64,
                ExpressionKind::Call { callee, arguments } if self.is_builtin(callee, file, "range") => {
                    range(arguments)
                }
                _ => ITERATIONS,
            }),
            _ => None,
        }
    }

    fn is_builtin(&self, callee: &Expression<'a>, file: usize, wanted: &str) -> bool {
        let ExpressionKind::Name(name) = callee.kind else { return false };
        matches!(self.analysis.resolved.binding(file, name), Binding::Builtin(symbol)
            if self.analysis.program.names.text(symbol) == wanted)
    }
}

/// How many numbers `range` gives, if its arguments are in the source.
fn range(arguments: &[Expression<'_>]) -> f64 {
    let numbers: Option<Vec<f64>> = arguments
        .iter()
        .map(|argument| match argument.kind {
            ExpressionKind::Integer(value) => Some(value as f64),
            _ => None,
        })
        .collect();
    match numbers.as_deref() {
        Some([end]) => end.max(0.0),
        Some([start, end]) => (end - start).max(0.0),
        Some([start, end, step]) if *step != 0.0 => ((end - start) / step).max(0.0),
        _ => ITERATIONS,
    }
}

/// How often each unit is called in a run, and whether one calls itself. Units are taken in an order in which callers come before what they
/// call, but for calls that lead back: those make what they lead to recursive.
fn calls(units: &[Unit]) -> (Vec<f64>, bool) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; units.len()];
    let mut is_recursive = vec![false; units.len()];
    let mut back: Vec<(usize, usize)> = Vec::new();
    let mut finished = Vec::with_capacity(units.len());
    for root in (0..units.len()).filter(|&unit| units[unit].is_root) {
        // Each unit with the number of its next call.
        let mut path = vec![(root, 0)];
        while let Some((unit, next)) = path.last_mut() {
            let unit = *unit;
            if *next == 0 {
                if marks[unit] != Mark::New {
                    path.pop();
                    continue;
                }
                marks[unit] = Mark::Open;
            }
            match units[unit].calls.get(*next) {
                Some(&(called, _)) => {
                    *next += 1;
                    match marks[called] {
                        Mark::New => path.push((called, 0)),
                        Mark::Open => {
                            is_recursive[called] = true;
                            back.push((unit, called));
                        }
                        Mark::Done => {}
                    }
                }
                None => {
                    marks[unit] = Mark::Done;
                    finished.push(unit);
                    path.pop();
                }
            }
        }
    }
    back.sort_unstable();
    let mut times: Vec<f64> = units.iter().map(|unit| f64::from(u8::from(unit.is_root))).collect();
    for &unit in finished.iter().rev() {
        if is_recursive[unit] {
            times[unit] = (times[unit] * RECURSION).min(MOST);
        }
        for &(called, weight) in &units[unit].calls {
            if back.binary_search(&(unit, called)).is_err() {
                times[called] = (times[called] + times[unit] * weight).min(MOST);
            }
        }
    }
    (times, is_recursive.contains(&true))
}

#[cfg(test)]
mod tests {
    use super::Facts;
    use crate::{Compiled, Source};

    fn facts(text: &str) -> Facts {
        let compiled = Compiled::new(&Source::text("test", text)).unwrap();
        Facts::new(compiled.tree().unwrap())
    }

    #[test]
    fn a_straight_script_is_as_much_work_as_it_has_nodes() {
        let facts = facts("let a = 1\nprint(a + 2)\n");
        assert_eq!((facts.lines, facts.nodes, facts.loops, facts.functions), (2, 6, 0, 0));
        assert_eq!((facts.work, facts.is_recursive), (6.0, false));
        assert!((facts.arithmetic - 1.0 / 6.0).abs() < 1e-9);
    }

    #[test]
    fn loops_multiply_what_is_in_them() {
        let one = facts("for each i in range(10) { print(i) }").work;
        let many = facts("for each i in range(10, 1010) { print(i) }").work;
        let unknown = facts("let n = 5\nfor each i in range(n) { print(i) }").work;
        assert!(one < unknown && unknown < many, "{one} {unknown} {many}");
        let nested = facts("let n = 5\nfor each i in range(n) { for each j in range(n) { print(i) } }");
        assert!(nested.work > 50.0 * unknown && nested.loops == 2, "{nested:?}");
    }

    #[test]
    fn calls_multiply_what_they_call() {
        let once = facts("action f(x) { return x + x + x + x + x + x }\nprint(f(1))").work;
        let ten = facts("action f(x) { return x + x + x + x + x + x }\nfor each i in range(10) { f(i) }").work;
        let never = facts("action f(x) { return x + x + x + x + x + x }\nprint(1)").work;
        assert!(never < once && once * 5.0 < ten, "{never} {once} {ten}");
    }

    #[test]
    fn recursion_is_seen_through_others_and_methods() {
        assert!(facts("action f(n) { if (n > 0) { return f(n - 1) } return 0 }\nprint(f(3))").is_recursive);
        assert!(facts("action f(n) { return g(n) }\naction g(n) { return f(n) }\nprint(f(3))").is_recursive);
        assert!(facts("entity A { action m(n) { return this.m(n - 1) } }\nlet a = A{}\na.m(1)").is_recursive);
        assert!(
            !facts("action f(n) { return g(n) }\naction g(n) { return n }\nprint(f(3), g(4), f(g(5)))").is_recursive
        );
    }
}
