//! `watch`: a block that runs whenever a variable is assigned.
//!
//! It is written here as what it does, so that no pass behind knows it. Of a variable `x` that something watches a hidden variable
//! `x.watchers`, in the same scope, has the list of its watchers, or null. Then
//!
//! ```text
//! watch x + y => { block }    is    let watch.0 = [() => { block }, false]
//!                                   x.watchers = __watch(x.watchers, watch.0)
//!                                   y.watchers = __watch(y.watchers, watch.0)
//! ```
//!
//! where the bool is whether the block is running. Without an expression the block is its own expression, and is run at once. The [`File`] lists
//! the variables that are watched; the resolver declares their hidden variables, and says of each assignment which one to look at.
//!
//! [`File`]: crate::ast::File

use super::{Mode, Parse, Parser};
use crate::ast::{
    Block, Expression, ExpressionKind, Function, FunctionBody, FunctionKind, Name, Span, Statement, StatementKind,
    Target,
};
use crate::lexer::{Token, TokenKind};
use crate::names::Symbol;
use crate::walk::{Node, children};

impl<'a> Parser<'a, '_> {
    /// `watch e => { … }`, `watch { … }`.
    pub(super) fn watch(&mut self, start: Token) -> Parse<Statement<'a>> {
        self.advance();
        let id = self.new_function();
        let watched = match self.at(TokenKind::LeftBrace) {
            true => None,
            false => {
                let mode = Mode { header: true, arrow_ends: true, ..self.mode };
                let watched = self.with_mode(mode, Self::expression)?;
                if !self.eat(TokenKind::FatArrow) {
                    let error = self.expected("`=>` after what is watched");
                    self.help("it is written `watch x => { … }`");
                    return Err(error);
                }
                Some(&*self.arena.alloc(watched))
            }
        };
        let body = match watched {
            None => FunctionBody::Block(self.block(start, "after `watch`")?),
            Some(_) => self.arrow_body(start)?,
        };
        let span = self.span_from(start.start);
        let function = Function {
            id,
            kind: FunctionKind::Literal,
            name: None,
            parameters: &[],
            result: None,
            body,
            modifiers: &[],
            is_async: false,
            span,
        };
        let function = &*self.arena.alloc(function);
        let read = match watched {
            Some(expression) => names_read(Node::Expression(expression)),
            None => names_read(Node::Function(function)),
        };
        let here = Span::new(span.start, span.end);
        let mut statements = Vec::new();
        if let Some(expression) = watched {
            // Never evaluated, but what it names must mean something.
            let never = self.expression_at(ExpressionKind::Bool(false), here);
            let value = Statement { kind: StatementKind::Expression(expression), span: expression.span };
            let then = Block { statements: self.arena.alloc_slice_copy(&[value]), span: expression.span };
            statements.push(StatementKind::If { condition: never, then, otherwise: None });
        }
        let watcher = self.names.intern(&format!("watch.{}", id.0));
        let parts = [ExpressionKind::Function(function), ExpressionKind::Bool(false)];
        let parts = parts.map(|kind| Expression { kind, span: here });
        let list = self.expression_at(ExpressionKind::List(self.arena.alloc_slice_copy(&parts)), here);
        let name = self.new_name(watcher, here);
        statements.push(StatementKind::Let { name, annotation: None, value: Some(list), constant: false });
        for symbol in read {
            let hidden = self.hidden(symbol);
            let arguments = [self.name_at(hidden, here), self.name_at(watcher, here)];
            let value = self.library_call("__watch", &arguments, here);
            let target = self.arena.alloc(Target::Name(self.new_name(hidden, here)));
            let kind = ExpressionKind::Assign { target, operator: None, operator_position: here.start, value };
            statements.push(StatementKind::Expression(self.expression_at(kind, here)));
        }
        if watched.is_none() {
            let watcher = [self.name_at(watcher, here)];
            let list = ExpressionKind::List(self.arena.alloc_slice_copy(&watcher));
            let list = Expression { kind: list, span: here };
            statements.push(StatementKind::Expression(self.library_call("__notify", &[list], here)));
        }
        let statements: Vec<_> = statements.into_iter().map(|kind| Statement { kind, span: here }).collect();
        let then = Block { statements: self.arena.alloc_slice_copy(&statements), span: here };
        let condition = self.expression_at(ExpressionKind::Bool(true), here);
        Ok(Statement { kind: StatementKind::If { condition, then, otherwise: None }, span: here })
    }

    /// The hidden variable of one that is watched.
    fn hidden(&mut self, symbol: Symbol) -> Symbol {
        let text = format!("{}.watchers", self.names.text(symbol));
        let hidden = self.names.intern(&text);
        if !self.watched.contains(&(symbol, hidden)) {
            self.watched.push((symbol, hidden));
            // What tells the watchers must be there.
            self.names.intern("__notify");
        }
        hidden
    }

    fn expression_at(&self, kind: ExpressionKind<'a>, span: Span) -> &'a Expression<'a> {
        self.arena.alloc(Expression { kind, span })
    }

    fn name_at(&mut self, symbol: Symbol, span: Span) -> Expression<'a> {
        Expression { kind: ExpressionKind::Name(self.new_name(symbol, span)), span }
    }

    fn library_call(&mut self, function: &str, arguments: &[Expression<'a>], span: Span) -> &'a Expression<'a> {
        let symbol = self.names.intern(function);
        let callee = self.name_at(symbol, span);
        let callee = self.arena.alloc(callee);
        let arguments = self.arena.alloc_slice_copy(arguments);
        self.expression_at(ExpressionKind::Call { callee, arguments }, span)
    }
}

/// The names that are read under a node, functions in it included, each once and in order.
fn names_read(node: Node<'_>) -> Vec<Symbol> {
    let mut read = Vec::new();
    let mut note = |Name { symbol, .. }: Name| {
        if !read.contains(&symbol) {
            read.push(symbol);
        }
    };
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        if let Node::Expression(expression) = node {
            match expression.kind {
                ExpressionKind::Name(name) => note(name),
                ExpressionKind::Assign { target: &Target::Name(name), operator: Some(_), .. } => note(name),
                _ => {}
            }
        }
        let first = pending.len();
        children(node, &mut |child| pending.push(child));
        pending[first..].reverse();
    }
    read
}
