//! Statements, and when a word at the start of one is a keyword.

use super::functions::Words;
use super::matches::LOOK_AHEAD;
use super::{Mode, Parse, Parser, span_of};
use crate::ast::{
    Block, Catch, Expression, ExpressionKind, FunctionKind, Label, Name, Span, Statement, StatementKind, Target,
};
use crate::lexer::{Token, TokenKind};

impl<'a> Parser<'a, '_> {
    /// One statement. The caller takes care of errors and of `;`.
    pub(super) fn statement(&mut self) -> Parse<Statement<'a>> {
        use TokenKind::*;
        let start = self.token;
        let kind = match start.kind {
            Let => return self.let_statement(false),
            If => return self.if_statement(),
            While => self.while_statement()?,
            For => self.for_statement()?,
            Try => self.try_statement()?,
            Return => self.return_statement()?,
            Throw => {
                self.advance();
                StatementKind::Throw(self.allocated_expression()?)
            }
            Break => self.single_word(StatementKind::Break),
            Continue => self.single_word(StatementKind::Continue),
            Else | Elif | Catch | Finally => {
                let owner = if matches!(start.kind, Else | Elif) { "an `if`" } else { "a `try`" };
                let error = self.error(format!("`{}` without {owner} before it", start.kind.text()));
                return Err(error);
            }
            LeftBrace => return Err(self.lone_brace()),
            RightBrace | RightParenthesis | RightBracket => {
                let error = self.error(format!("`{}` closes nothing", start.kind.text()));
                return Err(error);
            }
            kind if kind.is_name() && kind != Name => match self.keyword_statement(start)? {
                Some(statement) => return Ok(statement),
                None => self.expression_statement()?,
            },
            _ => self.expression_statement()?,
        };
        Ok(Statement { kind, span: self.span_from(start.start) })
    }

    fn single_word(&mut self, kind: StatementKind<'a>) -> StatementKind<'a> {
        self.advance();
        kind
    }

    /// The statement that a contextual keyword begins, or nothing if the word is a name here.
    fn keyword_statement(&mut self, start: Token) -> Parse<Option<Statement<'a>>> {
        use TokenKind::*;
        let next = self.peek();
        let on_line = !next.newline_before();
        let before_name = on_line && next.kind.is_name();
        let before_operand = on_line && begins_operand(next.kind);
        let before_value = before_operand || (on_line && begins_other_operand(next.kind));
        // A declaration whose name was forgotten is still one.
        let before_declared = before_name || (on_line && next.kind == LeftBrace);
        let ends_here = !on_line || matches!(next.kind, End | Semicolon | RightBrace);
        let kind = match start.kind {
            Print if before_value || ends_here => self.print_statement()?,
            Debug if before_operand => {
                self.advance();
                let values = self.values(1)?;
                StatementKind::Debug(&values[0])
            }
            Require if before_value => {
                self.advance();
                let values = self.values(2)?;
                StatementKind::Require { condition: &values[0], message: values.get(1) }
            }
            Revert if before_value || ends_here => {
                self.advance();
                match ends_here {
                    true => StatementKind::Revert(None),
                    false => StatementKind::Revert(self.reason()?),
                }
            }
            // With both values in parentheses it is a call like any other.
            Verify if before_value && (next.kind != LeftParenthesis || self.message_follows()) => {
                self.verify_statement()?
            }
            Const if before_name || (on_line && matches!(next.kind, LeftBrace | LeftBracket)) => {
                return self.let_statement(true).map(Some);
            }
            Defer if before_name || (on_line && matches!(next.kind, LeftBrace | Colon)) => {
                self.advance();
                StatementKind::Defer(self.block(start, "after `defer`")?)
            }
            Action | Function if before_declared => {
                let is_async = self.function_words();
                return self.declared_function(start, Words { modifiers: &[], is_async }).map(Some);
            }
            Async if on_line && matches!(next.kind, Action | Function) && self.is_declared_after(next) => {
                let is_async = self.function_words();
                return self.declared_function(start, Words { modifiers: &[], is_async }).map(Some);
            }
            Entity | Data if before_declared => StatementKind::Entity(self.entity(start)?),
            Enum if before_declared => StatementKind::Enum(self.enumeration(start)?),
            Protocol | Interface if before_declared => StatementKind::Protocol(self.protocol(start)?),
            Module if before_declared => StatementKind::Module(self.module(start)?),
            Use if before_declared || (on_line && matches!(next.kind, String | StringStart)) => {
                StatementKind::Use(self.use_statement()?)
            }
            From if on_line && next.kind == String => StatementKind::Use(self.use_from_statement()?),
            Export if on_line && (next.kind.is_word() || next.kind == LeftBrace) => self.export()?,
            TypeAlias if before_name => self.type_alias()?,
            Contract if before_declared => StatementKind::Entity(self.contract(start)?),
            Event if before_name => {
                self.event_declaration()?;
                return Ok(Some(self.placeholder(start.start)));
            }
            Watch if before_name || (on_line && next.kind == LeftBrace) => {
                return self.watch(start).map(Some);
            }
            Tx if on_line && matches!(next.kind, LeftBrace | Colon) => self.transaction(start)?,
            // Outside of a contract these are variables like any other.
            Persistent if on_line && next.kind == Storage => {
                self.advance();
                return self.let_statement(false).map(Some);
            }
            State | Ledger | Storage if before_name => return self.let_statement(false).map(Some),
            Emit if before_name => self.emit()?,
            kind if is_modifier(kind) && on_line && (is_modifier(next.kind) || is_function_word(next.kind)) => {
                return self.modified_function(start).map(Some);
            }
            _ => return Ok(None),
        };
        Ok(Some(Statement { kind, span: self.span_from(start.start) }))
    }

    /// True when the current word begins a statement that is no expression: the body of a lambda or of a match arm may be such
    /// a statement without braces.
    pub(super) fn at_plain_statement(&self) -> bool {
        use TokenKind::*;
        match self.token.kind {
            Return | Throw | Break | Continue => true,
            Print | Debug | Require | Revert | Emit | Verify => {
                let next = self.peek();
                let begins = match self.token.kind {
                    Verify if next.kind == LeftParenthesis => false,
                    Print | Require | Revert | Verify => begins_operand(next.kind) || begins_other_operand(next.kind),
                    _ => begins_operand(next.kind),
                };
                begins && !next.newline_before()
            }
            _ => false,
        }
    }

    fn lone_brace(&mut self) -> super::Reported {
        if self.brace_begins_map() {
            let error = self.error("a map alone is not a statement");
            self.help("give it a name, `let m = { … }`, or pass it to an action");
            return error;
        }
        let error = self.error("a block alone is not a statement");
        self.help("a block belongs to `if`, `while`, `for`, `try`, an action and the like; blocks make no scopes");
        error
    }

    // Variables.

    fn let_statement(&mut self, constant: bool) -> Parse<Statement<'a>> {
        let start = self.advance();
        let word = start.kind.text();
        let kind = match self.token.kind {
            TokenKind::LeftBrace => {
                self.open();
                let names = self.name_list(TokenKind::RightBrace, false)?.0;
                self.close(TokenKind::RightBrace, "`,` or `}`")?;
                let value = self.initializer("after the names")?;
                StatementKind::LetMap { names, value, constant }
            }
            TokenKind::LeftBracket => {
                self.open();
                let (names, rest) = self.name_list(TokenKind::RightBracket, true)?;
                self.close(TokenKind::RightBracket, "`,` or `]`")?;
                let value = self.initializer("after the names")?;
                StatementKind::LetList { names, rest, value, constant }
            }
            _ => {
                let name = self.name(if constant { "the constant" } else { "the variable" })?;
                let annotation = self.annotation()?;
                let value = match constant || matches!(self.token.kind, TokenKind::Equal | TokenKind::EqualEqual) {
                    true => Some(self.initializer("after the name")?),
                    false => None,
                };
                StatementKind::Let { name, annotation, value, constant }
            }
        };
        if self.at(TokenKind::Comma) && self.mode.newlines_end && self.same_line() && !self.at_block_end() {
            let error = self.expected("a new line or `;`");
            self.help(format!("every variable has its own `{word}`"));
            return Err(error);
        }
        Ok(Statement { kind, span: self.span_from(start.start) })
    }

    fn initializer(&mut self, place: &str) -> Parse<&'a Expression<'a>> {
        if !self.at(TokenKind::Equal) {
            let error = self.expected(&format!("`=` {place}"));
            if self.at(TokenKind::EqualEqual) {
                self.help("`=` gives a value, `==` compares");
            }
            return Err(error);
        }
        self.advance();
        self.allocated_expression()
    }

    /// Names with commas between them, up to `end`; with `...rest` at the end if that is allowed.
    pub(super) fn name_list(&mut self, end: TokenKind, rest_allowed: bool) -> Parse<(&'a [Name], Option<Name>)> {
        let mut names = Vec::new();
        let mut rest = None;
        while !self.at(end) {
            if rest_allowed && self.eat(TokenKind::Ellipsis) {
                rest = Some(self.name("the list of the remaining elements")?);
                self.eat(TokenKind::Comma);
                break;
            }
            names.push(self.name("a variable")?);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        Ok((self.arena.alloc_slice_copy(&names), rest))
    }

    // Choices and loops.

    /// An expression in front of a block.
    pub(super) fn header(&mut self, keyword: &str) -> Parse<&'a Expression<'a>> {
        if self.at(TokenKind::LeftBrace) && !self.brace_begins_map() || self.at(TokenKind::Colon) {
            return Err(self.error(format!("`{keyword}` needs a condition or a value before its block")));
        }
        let mode = Mode { header: true, ..self.mode };
        let expression = self.with_mode(mode, Self::expression)?;
        if let ExpressionKind::Assign { operator: None, operator_position, target: Target::Name(name), .. } =
            expression.kind
            && name.span.start == expression.span.start
        {
            self.error_at(Span::new(operator_position, operator_position + 1), "`=` gives a variable a value");
            self.help("`==` compares; if the assignment is meant, put it in parentheses");
        }
        Ok(self.arena.alloc(expression))
    }

    /// `if`, with all its `elif` and `else`. A chain becomes an `else` block with one `if` in it, and so on down; it is built
    /// from its end, without recursion, as generated programs have long ones.
    fn if_statement(&mut self) -> Parse<Statement<'a>> {
        struct Branch<'a> {
            start: u32,
            condition: &'a Expression<'a>,
            then: Block<'a>,
        }
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            // Before `else if` the `else` has been taken.
            let keyword = self.advance();
            let condition = self.header(keyword.kind.text())?;
            if self.at(TokenKind::Then) && branches.is_empty() {
                return self.if_then(keyword, condition);
            }
            let then = self.block(keyword, "after the condition")?;
            branches.push(Branch { start: keyword.start, condition, then });
            if self.at_clause(TokenKind::Elif) {
                continue;
            }
            if !self.at_clause(TokenKind::Else) {
                break;
            }
            let word = self.advance();
            if !self.at(TokenKind::If) {
                otherwise = Some(self.block(word, "after `else`")?);
                break;
            }
        }
        let end = self.previous.end;
        let mut innermost = None;
        while let Some(Branch { start, condition, then }) = branches.pop() {
            let span = Span::new(start, end);
            let statement = Statement { kind: StatementKind::If { condition, then, otherwise }, span };
            otherwise = Some(Block { statements: std::slice::from_ref(self.arena.alloc(statement)), span });
            innermost = Some(statement);
        }
        Ok(innermost.expect("the loop made at least one branch"))
    }

    /// The rest of `if c then s else s` as a statement; its branches may be statements that are no expressions.
    fn if_then(&mut self, start: Token, condition: &'a Expression<'a>) -> Parse<Statement<'a>> {
        self.advance();
        let then = self.lone_statement()?;
        let otherwise = match self.at_clause(TokenKind::Else) {
            true => {
                self.advance();
                Some(self.lone_statement()?)
            }
            false => None,
        };
        let kind = StatementKind::If { condition, then, otherwise };
        Ok(Statement { kind, span: self.span_from(start.start) })
    }

    /// One statement as a block.
    fn lone_statement(&mut self) -> Parse<Block<'a>> {
        let statement = self.nested(Self::statement)?;
        Ok(Block { statements: std::slice::from_ref(self.arena.alloc(statement)), span: statement.span })
    }

    /// A statement such as `print(x)` as the body of a lambda or of a match arm, where a comma ends it.
    pub(super) fn plain_statement(&mut self) -> Parse<Block<'a>> {
        let mode = Mode { comma_ends: true, ..self.mode };
        self.with_mode(mode, Self::lone_statement)
    }

    fn while_statement(&mut self) -> Parse<StatementKind<'a>> {
        let keyword = self.advance();
        let condition = self.header("while")?;
        let body = self.block(keyword, "after the condition")?;
        Ok(StatementKind::While { condition, body })
    }

    fn for_statement(&mut self) -> Parse<StatementKind<'a>> {
        let keyword = self.advance();
        // `each` is a word of the loop, unless it is the variable: `for each in list`.
        if self.at(TokenKind::Each) && self.peek().kind.is_name() {
            self.advance();
        }
        if self.at(TokenKind::LeftParenthesis) {
            let error = self.error("the loop is written without parentheses around its header");
            self.help("write `for each x in list { … }`; for counting, `for each i in range(10) { … }`");
            return Err(error);
        }
        let first = self.name("the loop variable")?;
        let second = match self.eat(TokenKind::Comma) {
            true => Some(self.name("the second loop variable")?),
            false => None,
        };
        self.expect(TokenKind::In, "after the loop variable")?;
        let iterable = self.header("for")?;
        let body = self.block(keyword, "after what is iterated")?;
        Ok(StatementKind::ForEach { first, second, iterable, body })
    }

    // Leaving.

    fn return_statement(&mut self) -> Parse<StatementKind<'a>> {
        self.advance();
        let has_value = self.adjoins() && (begins_operand(self.token.kind) || begins_other_operand(self.token.kind));
        Ok(StatementKind::Return(match has_value {
            true => Some(self.allocated_expression()?),
            false => None,
        }))
    }

    fn try_statement(&mut self) -> Parse<StatementKind<'a>> {
        let keyword = self.advance();
        let body = self.block(keyword, "after `try`")?;
        let mut catch = None;
        if self.at_clause(TokenKind::Catch) {
            let keyword = self.advance();
            let name = if self.at(TokenKind::LeftParenthesis) {
                self.open();
                let name = self.name("the variable of the caught error")?;
                self.close(TokenKind::RightParenthesis, "`)`")?;
                Some(name)
            } else if self.token.kind.is_name() && self.same_line() {
                Some(self.take_name())
            } else {
                None
            };
            catch = Some(Catch { name, body: self.block(keyword, "after `catch`")? });
        }
        let mut finally = None;
        if self.at_clause(TokenKind::Finally) {
            let keyword = self.advance();
            finally = Some(self.block(keyword, "after `finally`")?);
        }
        if catch.is_none() && finally.is_none() {
            let error = self.error_at(span_of(keyword), "this `try` has neither `catch` nor `finally`");
            self.help("add `catch (e) { … }`");
            return Err(error);
        }
        Ok(StatementKind::Try { body, catch, finally })
    }

    // Statements with values.

    fn print_statement(&mut self) -> Parse<StatementKind<'a>> {
        self.advance();
        let nothing = !self.same_line()
            || matches!(self.token.kind, TokenKind::End | TokenKind::Semicolon | TokenKind::RightBrace);
        Ok(StatementKind::Print(match nothing {
            true => &[],
            false => self.values(usize::MAX)?,
        }))
    }

    /// Whether a comma follows the current word on its line, outside of all brackets: `verify (a) > b, "message"`.
    fn message_follows(&self) -> bool {
        let mut ahead = self.lexer;
        let mut depth = 0u32;
        for _ in 0..LOOK_AHEAD {
            let token = ahead.next_token();
            match token.kind {
                _ if depth == 0 && token.newline_before() => return false,
                TokenKind::LeftParenthesis | TokenKind::LeftBracket | TokenKind::LeftBrace => depth += 1,
                TokenKind::RightParenthesis | TokenKind::RightBracket | TokenKind::RightBrace if depth > 0 => {
                    depth -= 1
                }
                TokenKind::Comma if depth == 0 => return !self.mode.comma_ends,
                TokenKind::End | TokenKind::StringStart => return false,
                _ => {}
            }
        }
        false
    }

    /// `verify c, "message"`: what `verify(c, "message")` is.
    fn verify_statement(&mut self) -> Parse<StatementKind<'a>> {
        let name = self.take_name();
        let callee = self.arena.alloc(Expression { kind: ExpressionKind::Name(name), span: name.span });
        let arguments = self.values(2)?;
        let span = self.span_from(name.span.start);
        let call = Expression { kind: ExpressionKind::Call { callee, arguments }, span };
        Ok(StatementKind::Expression(self.arena.alloc(call)))
    }

    /// The reason given to `revert`, if any.
    fn reason(&mut self) -> Parse<Option<&'a Expression<'a>>> {
        if self.at(TokenKind::LeftParenthesis) && self.peek().kind == TokenKind::RightParenthesis {
            self.advance();
            self.advance();
            return Ok(None);
        }
        Ok(self.values(1)?.first())
    }

    /// The values after a word such as `print`: in parentheses or without. What looks like parentheses around a single value may
    /// be the beginning of a longer expression, `print (a) + b`. At most `limit` values, and at least one unless there is no limit.
    fn values(&mut self, limit: usize) -> Parse<&'a [Expression<'a>]> {
        let word = self.previous.kind.text();
        let base = self.expressions.len();
        if self.at(TokenKind::LeftParenthesis) {
            let start = self.token.start;
            let mode = self.open();
            let count = self.with_mode(mode, |parser| {
                if limit == usize::MAX && parser.at(TokenKind::RightParenthesis) {
                    return Ok(0);
                }
                let mut count = 0;
                loop {
                    let value = parser.expression()?;
                    parser.expressions.push(value);
                    count += 1;
                    if !parser.eat(TokenKind::Comma) || parser.at(TokenKind::RightParenthesis) {
                        return Ok(count);
                    }
                }
            })?;
            let list = count != 1 || self.previous.kind == TokenKind::Comma;
            self.close(TokenKind::RightParenthesis, "`,` or `)`")?;
            if !list {
                let value = self.expressions.pop().expect("one value was parsed");
                let value = self.after_parentheses(value, start)?;
                self.expressions.push(value);
                if !self.mode.comma_ends && self.eat(TokenKind::Comma) {
                    self.bare_values()?;
                }
            }
        } else {
            self.bare_values()?;
        }
        let values = self.arena.alloc_slice_copy(&self.expressions[base..]);
        self.expressions.truncate(base);
        if let Some(extra) = values.get(limit) {
            let values = if limit == 1 { "one value" } else { "two values" };
            return Err(self.error_at(extra.span, format!("`{word}` takes {values} at most")));
        }
        Ok(values)
    }

    /// Values without parentheses, separated by commas.
    fn bare_values(&mut self) -> Parse<()> {
        loop {
            let value = self.expression()?;
            self.expressions.push(value);
            if self.mode.comma_ends || !self.eat(TokenKind::Comma) {
                return Ok(());
            }
        }
    }

    // Functions with words before them.

    fn modified_function(&mut self, start: Token) -> Parse<Statement<'a>> {
        let modifiers = self.modifiers()?;
        if !is_function_word(self.token.kind) {
            return Err(self.expected("`action` after the modifiers"));
        }
        let is_async = self.function_words();
        self.declared_function(start, Words { modifiers, is_async })
    }

    /// Takes `action`, `function`, `async action`, `action async` and the like, as far as a name can follow. True if `async` is among them.
    pub(super) fn function_words(&mut self) -> bool {
        let mut is_async = self.advance().kind == TokenKind::Async;
        while is_function_word(self.token.kind) && self.next_on_line().is_some_and(TokenKind::is_name) {
            is_async |= self.advance().kind == TokenKind::Async;
        }
        is_async
    }

    /// Whether the word `next`, which stands behind the current one, declares an action, and does not begin a literal.
    fn is_declared_after(&self, next: Token) -> bool {
        let mut ahead = self.lexer;
        ahead.next_token();
        debug_assert!(matches!(next.kind, TokenKind::Action | TokenKind::Function));
        ahead.next_token().kind != TokenKind::LeftParenthesis
    }

    /// The words `public`, `private` and so on that stand here.
    pub(super) fn modifiers(&mut self) -> Parse<&'a [Label]> {
        let mut modifiers = Vec::new();
        while is_modifier(self.token.kind) {
            modifiers.push(self.label("a modifier")?);
        }
        Ok(self.arena.alloc_slice_copy(&modifiers))
    }

    fn declared_function(&mut self, start: Token, words: Words<'a>) -> Parse<Statement<'a>> {
        let function = self.named_function(start, FunctionKind::Declaration, words)?;
        Ok(Statement { kind: StatementKind::Function(function), span: function.span })
    }

    // Expressions.

    /// An expression for its effect, or `x++`, `x--`.
    fn expression_statement(&mut self) -> Parse<StatementKind<'a>> {
        let expression = self.expression()?;
        let expression = self.increment_after(expression)?;
        Ok(StatementKind::Expression(self.arena.alloc(expression)))
    }

    pub(super) fn allocated_expression(&mut self) -> Parse<&'a Expression<'a>> {
        let expression = self.expression()?;
        Ok(self.arena.alloc(expression))
    }
}

/// True for what begins an operand and cannot go on with an expression, so that a word before it may be a keyword.
pub(super) fn begins_operand(kind: TokenKind) -> bool {
    use TokenKind::*;
    kind.is_name()
        || matches!(
            kind,
            Integer
                | Float
                | String
                | StringStart
                | LeftParenthesis
                | Bang
                | Not
                | True
                | False
                | Null
                | This
                | Lambda
                | If
        )
}

/// True for what begins an operand, but could also go on with an expression.
pub(super) fn begins_other_operand(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::LeftBracket | TokenKind::LeftBrace | TokenKind::Minus | TokenKind::MinusMinus)
}

pub(super) fn is_modifier(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(kind, Public | Private | View | Pure | Payable | Secure | Inline | Native | Sealed)
}

pub(super) fn is_function_word(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Action | TokenKind::Function | TokenKind::Async)
}
