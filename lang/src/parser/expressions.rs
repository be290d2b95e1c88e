//! Expressions: precedence climbing, postfix operators, operands.
//!
//! From loose to tight: assignment (right) · `?:` (right) · `??` · `||` · `&&` · equality · comparison and `in` · sum · product ·
//! unary · `**` (right; its right side is unary, so `2 ** -1` works and `-2 ** 2` is `-(2 ** 2)`) · postfix.
//!
//! Each level has a function that parses an operand and goes on, and one that goes on from an operand that is already there
//! (`…_after`); the latter serve `print (a) + b`, whose first operand is found before it is known to be one.

use super::statements::begins_operand;
use super::{Parse, Parser, span_of};
use crate::ast::{
    BinaryOperator, Expression, ExpressionKind, FieldInitializer, Label, LogicalOperator, MapEntry, Name, Parameter,
    Span, Target, UnaryOperator,
};
use crate::lexer::TokenKind;
use fxhash::FxHashSet;

/// What an infix operator makes.
#[derive(Clone, Copy)]
enum Infix {
    Binary(BinaryOperator),
    Logical(LogicalOperator),
}

/// Looser than every infix operator.
const LOOSEST: u8 = 1;

/// The operator that a token is between two operands, and how tightly it binds.
#[inline]
fn infix(kind: TokenKind) -> Option<(Infix, u8)> {
    use BinaryOperator::*;
    Some(match kind {
        TokenKind::QuestionQuestion => (Infix::Logical(LogicalOperator::Coalesce), 1),
        TokenKind::BarBar | TokenKind::Or => (Infix::Logical(LogicalOperator::Or), 2),
        TokenKind::AmpersandAmpersand | TokenKind::And => (Infix::Logical(LogicalOperator::And), 3),
        TokenKind::EqualEqual => (Infix::Binary(Equal), 4),
        TokenKind::BangEqual => (Infix::Binary(NotEqual), 4),
        TokenKind::Less => (Infix::Binary(Less), 5),
        TokenKind::LessEqual => (Infix::Binary(LessOrEqual), 5),
        TokenKind::Greater => (Infix::Binary(Greater), 5),
        TokenKind::GreaterEqual => (Infix::Binary(GreaterOrEqual), 5),
        TokenKind::In => (Infix::Binary(In), 5),
        TokenKind::Plus => (Infix::Binary(Add), 6),
        TokenKind::Minus => (Infix::Binary(Subtract), 6),
        TokenKind::Star => (Infix::Binary(Multiply), 7),
        TokenKind::Slash => (Infix::Binary(Divide), 7),
        TokenKind::Percent => (Infix::Binary(Modulo), 7),
        _ => return None,
    })
}

/// What stands between the parentheses of a call.
pub(super) enum Arguments<'a> {
    Positional(&'a [Expression<'a>]),
    /// `value, name = value`: a construction.
    Named(&'a [Expression<'a>], &'a [FieldInitializer<'a>]),
}

impl<'a> Parser<'a, '_> {
    /// A whole expression, one level deeper than its surroundings.
    pub(super) fn expression(&mut self) -> Parse<Expression<'a>> {
        self.nested(|parser| {
            let left = parser.conditional()?;
            parser.assignment_after(left)
        })
    }

    /// Goes on after a value in parentheses, of which the first stands at `start`.
    pub(super) fn after_parentheses(&mut self, inner: Expression<'a>, start: u32) -> Parse<Expression<'a>> {
        let operand = Expression { kind: inner.kind, span: self.span_from(start) };
        let operand = self.postfix_after(operand)?;
        let operand = self.power_after(operand)?;
        let left = self.infix_after(operand, LOOSEST)?;
        let left = self.conditional_after(left)?;
        self.assignment_after(left)
    }

    // Assignment.

    fn assignment_after(&mut self, left: Expression<'a>) -> Parse<Expression<'a>> {
        use BinaryOperator::*;
        let operator = match self.token.kind {
            TokenKind::Equal => None,
            TokenKind::PlusEqual => Some(Add),
            TokenKind::MinusEqual => Some(Subtract),
            TokenKind::StarEqual => Some(Multiply),
            TokenKind::SlashEqual => Some(Divide),
            TokenKind::PercentEqual => Some(Modulo),
            TokenKind::StarStarEqual => Some(Power),
            _ => return Ok(left),
        };
        let target = self.target(&left)?;
        let operator_position = self.advance().start;
        let value = self.allocated_expression()?;
        let kind = ExpressionKind::Assign { target, operator, operator_position, value };
        Ok(Expression { kind, span: self.span_from(left.span.start) })
    }

    /// What an expression stands for on the left of `=`.
    fn target(&mut self, left: &Expression<'a>) -> Parse<&'a Target<'a>> {
        let target = match left.kind {
            ExpressionKind::Name(name) => Target::Name(name),
            ExpressionKind::Attribute { object, name } => Target::Attribute { object, name },
            ExpressionKind::Index { object, index, bracket } => Target::Index { object, index, bracket },
            _ => {
                let error = self.error_at(left.span, "this cannot be given a value");
                self.help(match left.kind {
                    ExpressionKind::Binary { .. } | ExpressionKind::Logical { .. } => {
                        "only names, `a.b` and `a[i]` can; `==` compares"
                    }
                    ExpressionKind::Slice { .. } => "a slice is a new list; give its elements values one by one",
                    _ => "only names, `a.b` and `a[i]` can",
                });
                return Err(error);
            }
        };
        Ok(self.arena.alloc(target))
    }

    /// `x++` and `x--` as `x += 1` and `x -= 1`. They are statements: only those call this.
    pub(super) fn increment_after(&mut self, left: Expression<'a>) -> Parse<Expression<'a>> {
        let operator = match self.token.kind {
            TokenKind::PlusPlus if self.same_line() => BinaryOperator::Add,
            TokenKind::MinusMinus if self.same_line() => BinaryOperator::Subtract,
            _ => return Ok(left),
        };
        if matches!(left.kind, ExpressionKind::Assign { .. }) {
            let error = self.error(format!("`{}` is a statement and has no value", self.token.kind.text()));
            self.help("write it on a line of its own");
            return Err(error);
        }
        let target = self.target(&left)?;
        let mark = self.advance();
        let value = self.arena.alloc(Expression { kind: ExpressionKind::Integer(1), span: span_of(mark) });
        let kind = ExpressionKind::Assign { target, operator: Some(operator), operator_position: mark.start, value };
        Ok(Expression { kind, span: self.span_from(left.span.start) })
    }

    // Operators.

    fn conditional(&mut self) -> Parse<Expression<'a>> {
        let condition = self.infix(LOOSEST)?;
        self.conditional_after(condition)
    }

    fn conditional_after(&mut self, condition: Expression<'a>) -> Parse<Expression<'a>> {
        if !self.eat(TokenKind::Question) {
            return Ok(condition);
        }
        let then = self.allocated_expression()?;
        if !self.at(TokenKind::Colon) {
            let error = self.expected("`:` and the other value of `?`");
            self.help("a choice is written `condition ? value : other`");
            return Err(error);
        }
        self.advance();
        let otherwise = self.nested(Self::conditional)?;
        let (condition, otherwise) = (&*self.arena.alloc(condition), &*self.arena.alloc(otherwise));
        let span = Span::new(condition.span.start, otherwise.span.end);
        Ok(Expression { kind: ExpressionKind::Conditional { condition, then, otherwise }, span })
    }

    fn infix(&mut self, loosest: u8) -> Parse<Expression<'a>> {
        let left = self.unary()?;
        self.infix_after(left, loosest)
    }

    /// All infix operators that bind at least as tightly as `loosest`. The loop makes them associate to the left; the recursion
    /// for the right side is as deep as there are levels.
    fn infix_after(&mut self, mut left: Expression<'a>, loosest: u8) -> Parse<Expression<'a>> {
        loop {
            let Some((operator, level)) = infix(self.token.kind) else { return Ok(left) };
            // A line that begins with a minus is a statement of its own.
            if level < loosest || (self.at(TokenKind::Minus) && !self.adjoins()) {
                return Ok(left);
            }
            let operator_position = self.advance().start;
            let right = self.infix(level + 1)?;
            let span = Span::new(left.span.start, right.span.end);
            let (left_side, right) = (&*self.arena.alloc(left), &*self.arena.alloc(right));
            let kind = match operator {
                Infix::Binary(operator) => {
                    ExpressionKind::Binary { operator, operator_position, left: left_side, right }
                }
                Infix::Logical(operator) => ExpressionKind::Logical { operator, left: left_side, right },
            };
            left = Expression { kind, span };
        }
    }

    pub(super) fn unary(&mut self) -> Parse<Expression<'a>> {
        let operator = match self.token.kind {
            TokenKind::Minus | TokenKind::MinusMinus => UnaryOperator::Negate,
            TokenKind::Bang | TokenKind::Not => UnaryOperator::Not,
            _ => {
                let base = self.postfix()?;
                return self.power_after(base);
            }
        };
        let mark = self.advance();
        if mark.kind == TokenKind::Minus && self.at(TokenKind::Integer) && self.is_smallest_integer(self.token) {
            return self.smallest_integer(mark);
        }
        let operand = self.nested(Self::unary)?;
        let span = Span::new(mark.start, operand.span.end);
        let kind = ExpressionKind::Unary { operator, operand: self.arena.alloc(operand) };
        if mark.kind != TokenKind::MinusMinus {
            return Ok(Expression { kind, span });
        }
        // The lexer takes `--` for one mark; here it is two.
        let inner = Expression { kind, span: Span::new(mark.start + 1, span.end) };
        Ok(Expression { kind: ExpressionKind::Unary { operator, operand: self.arena.alloc(inner) }, span })
    }

    fn power_after(&mut self, base: Expression<'a>) -> Parse<Expression<'a>> {
        if !self.at(TokenKind::StarStar) {
            return Ok(base);
        }
        let operator_position = self.advance().start;
        let exponent = self.nested(Self::unary)?;
        let span = Span::new(base.span.start, exponent.span.end);
        let (left, right) = (&*self.arena.alloc(base), &*self.arena.alloc(exponent));
        let kind = ExpressionKind::Binary { operator: BinaryOperator::Power, operator_position, left, right };
        Ok(Expression { kind, span })
    }

    fn postfix(&mut self) -> Parse<Expression<'a>> {
        let operand = self.operand()?;
        self.postfix_after(operand)
    }

    /// All calls, indices, slices, members and constructions that follow an operand.
    fn postfix_after(&mut self, mut operand: Expression<'a>) -> Parse<Expression<'a>> {
        loop {
            let start = operand.span.start;
            let next = self.token.kind;
            let kind = match next {
                TokenKind::Dot => {
                    self.advance();
                    let name = self.member_name()?;
                    let object = &*self.arena.alloc(operand);
                    if self.at(TokenKind::LeftParenthesis) && self.adjoins() {
                        match self.arguments()? {
                            Arguments::Positional(arguments) => ExpressionKind::MethodCall { object, name, arguments },
                            Arguments::Named(leading, fields) => {
                                let kind = ExpressionKind::Attribute { object, name };
                                let callee = Expression { kind, span: Span::new(start, name.span.end) };
                                ExpressionKind::Construct { callee: self.arena.alloc(callee), leading, fields }
                            }
                        }
                    } else {
                        ExpressionKind::Attribute { object, name }
                    }
                }
                TokenKind::LeftParenthesis if self.adjoins() => {
                    let callee = &*self.arena.alloc(operand);
                    match self.arguments()? {
                        Arguments::Positional(arguments) => ExpressionKind::Call { callee, arguments },
                        Arguments::Named(leading, fields) => ExpressionKind::Construct { callee, leading, fields },
                    }
                }
                TokenKind::LeftBracket if self.adjoins() => self.index_or_slice(operand)?,
                TokenKind::LeftBrace if self.brace_constructs(&operand) => {
                    let callee = &*self.arena.alloc(operand);
                    ExpressionKind::Construct { callee, leading: &[], fields: self.construction()? }
                }
                _ => return Ok(operand),
            };
            operand = Expression { kind, span: self.span_from(start) };
        }
    }

    fn member_name(&mut self) -> Parse<Label> {
        if !self.token.kind.is_word() {
            return Err(self.expected("a name after `.`"));
        }
        self.label("the member")
    }

    fn index_or_slice(&mut self, operand: Expression<'a>) -> Parse<ExpressionKind<'a>> {
        let object = &*self.arena.alloc(operand);
        let bracket = self.token.start;
        let mode = self.open();
        let kind = self.with_mode(mode, |parser| {
            let start = match parser.token.kind {
                TokenKind::Colon => None,
                TokenKind::RightBracket => return Err(parser.error("an index or a slice `a:b` is missing here")),
                _ => Some(parser.allocated_expression()?),
            };
            match start {
                Some(index) if !parser.at(TokenKind::Colon) => Ok(ExpressionKind::Index { object, index, bracket }),
                start => {
                    parser.advance();
                    let end = match parser.at(TokenKind::RightBracket) {
                        true => None,
                        false => Some(parser.allocated_expression()?),
                    };
                    Ok(ExpressionKind::Slice { object, start, end, bracket })
                }
            }
        })?;
        self.close(TokenKind::RightBracket, "`]`")?;
        Ok(kind)
    }

    /// The arguments of a call. Behind one that reads `name = value`, all must.
    pub(super) fn arguments(&mut self) -> Parse<Arguments<'a>> {
        let base = self.expressions.len();
        let mut fields = Vec::new();
        let mode = self.open();
        self.with_mode(mode, |parser| {
            while !parser.at(TokenKind::RightParenthesis) {
                let argument = parser.expression()?;
                match as_named_argument(&argument) {
                    Some(field) => fields.push(field),
                    None if fields.is_empty() => parser.expressions.push(argument),
                    None => {
                        let error = parser.error_at(argument.span, "arguments by name come after all others");
                        parser
                            .help("`name = value` gives a field by name; to pass an assignment, put it in parentheses");
                        return Err(error);
                    }
                }
                if !parser.eat(TokenKind::Comma) {
                    break;
                }
            }
            Ok(())
        })?;
        self.close(TokenKind::RightParenthesis, "`,` or `)`")?;
        let positional = self.take_expressions(base);
        Ok(match fields.is_empty() {
            true => Arguments::Positional(positional),
            false => Arguments::Named(positional, self.arena.alloc_slice_copy(&fields)),
        })
    }

    /// Moves what was collected above `base` to the arena.
    pub(super) fn take_expressions(&mut self, base: usize) -> &'a [Expression<'a>] {
        let expressions = self.arena.alloc_slice_copy(&self.expressions[base..]);
        self.expressions.truncate(base);
        expressions
    }

    /// True when a `{` here gives fields to the type before it: `User{name: "a"}`. The type's name begins with a capital or is declared
    /// in this file, and the header of a block is never read so.
    fn brace_constructs(&mut self, operand: &Expression<'a>) -> bool {
        if self.mode.header || !self.same_line() {
            return false;
        }
        let (ExpressionKind::Name(Name { span, .. }) | ExpressionKind::Attribute { name: Label { span, .. }, .. }) =
            operand.kind
        else {
            return false;
        };
        let mut ahead = self.lexer;
        let first = ahead.next_token();
        let has_fields = first.kind == TokenKind::RightBrace
            || (first.kind.is_word() && matches!(ahead.next_token().kind, TokenKind::Colon | TokenKind::Equal));
        let name = &self.source[span.start as usize..span.end as usize];
        has_fields && (name.starts_with(|letter: char| letter.is_ascii_uppercase()) || self.declares_type(name))
    }

    /// Whether the file seems to declare an entity or data type of this name, somewhere. Found by looking at its text once, and only when
    /// a program may depend on it: a brace behind any other name is an error anyhow.
    fn declares_type(&mut self, name: &str) -> bool {
        let source = self.source;
        self.declared_types.get_or_insert_with(|| declared_types(source)).contains(name)
    }

    fn construction(&mut self) -> Parse<&'a [FieldInitializer<'a>]> {
        let mut fields = Vec::new();
        let mode = self.open();
        self.with_mode(mode, |parser| {
            while !parser.at(TokenKind::RightBrace) {
                let name = parser.label("a field")?;
                if !parser.eat(TokenKind::Colon) && !parser.eat(TokenKind::Equal) {
                    return Err(parser.expected("`:` after the name of the field"));
                }
                fields.push(FieldInitializer { name, value: parser.expression()? });
                if !parser.eat(TokenKind::Comma) {
                    break;
                }
            }
            Ok(())
        })?;
        self.close(TokenKind::RightBrace, "`,` or `}`")?;
        Ok(self.arena.alloc_slice_copy(&fields))
    }

    // Operands.

    pub(super) fn operand(&mut self) -> Parse<Expression<'a>> {
        use TokenKind::*;
        let token = self.token;
        let kind = match token.kind {
            TokenKind::Name => return self.name_or_arrow(),
            Integer => self.integer()?,
            Float => self.float()?,
            String => ExpressionKind::String(self.string()?),
            StringStart => self.interpolation()?,
            LeftParenthesis => return self.parenthesised(),
            LeftBracket => self.list()?,
            LeftBrace => self.map()?,
            True => self.literal(ExpressionKind::Bool(true)),
            False => self.literal(ExpressionKind::Bool(false)),
            Null => self.literal(ExpressionKind::Null),
            This => ExpressionKind::This(self.take_name()),
            Lambda => return self.lambda(),
            // A line that is out of the indented block around it is a statement, whatever is open.
            If if !self.line_leaves_block() => self.if_expression()?,
            Action | Function if self.peek().kind == LeftParenthesis => return self.function_literal(),
            Match => return self.match_or_name(),
            Await | Spawn | Async => {
                let next = self.peek();
                if next.newline_before() || !(begins_operand(next.kind) && next.kind != If) {
                    return self.name_or_arrow();
                }
                self.advance();
                let operand = self.nested(Self::unary)?;
                let span = self.span_from(token.start);
                if let (Async, ExpressionKind::Function(literal)) = (token.kind, operand.kind) {
                    return Ok(self.async_literal(literal, span));
                }
                let operand = &*self.arena.alloc(operand);
                match token.kind {
                    Await => ExpressionKind::Await(operand),
                    _ => ExpressionKind::Spawn(operand),
                }
            }
            kind if kind.is_name() => return self.name_or_arrow(),
            _ => return Err(self.no_operand()),
        };
        Ok(Expression { kind, span: self.span_from(token.start) })
    }

    fn literal(&mut self, kind: ExpressionKind<'a>) -> ExpressionKind<'a> {
        self.advance();
        kind
    }

    pub(super) fn name_or_arrow(&mut self) -> Parse<Expression<'a>> {
        let name = self.take_name();
        if self.at(TokenKind::FatArrow) && !self.mode.arrow_ends {
            return self.arrow_of_name(name);
        }
        Ok(Expression { kind: ExpressionKind::Name(name), span: name.span })
    }

    /// Complains that there is no operand here.
    fn no_operand(&mut self) -> super::Reported {
        use TokenKind::*;
        let token = self.token;
        let before = self.previous.kind;
        let error = self.expected(if token.start == self.statement_start { "a statement" } else { "an expression" });
        let next = self.peek();
        match token.kind {
            Dot if next.kind == Integer && next.start == token.end => {
                self.help(format!("a number begins with a digit: `0.{}`", self.text(next)));
            }
            Equal | EqualEqual if matches!(before, Less | Greater | Bang | Equal | EqualEqual) => {
                self.help("there is an `=` too many, or a space inside `==`, `!=`, `<=` or `>=`");
            }
            PlusPlus => self.help("write `x++` or `x += 1`, on a line of its own"),
            Let | Return | While | For | Break | Continue | Throw | Try | If => {
                if token.newline_before() {
                    self.open_bracket_help();
                }
                self.help(format!("`{}` begins a statement and cannot stand inside an expression", token.kind.text()));
            }
            Ellipsis => self.help("`...` stands only in `let [first, ...rest] = list`"),
            _ => {}
        }
        error
    }

    /// `if c then a else b`.
    fn if_expression(&mut self) -> Parse<ExpressionKind<'a>> {
        let keyword = self.advance();
        let condition = self.allocated_expression()?;
        if !self.at(TokenKind::Then) {
            let error = self.expected("`then` after the condition");
            if keyword.newline_before() {
                self.open_bracket_help();
            }
            self.help("inside an expression it is written `if condition then value else other`");
            return Err(error);
        }
        self.advance();
        let then = self.allocated_expression()?;
        self.expect(TokenKind::Else, "and the other value")?;
        let otherwise = self.allocated_expression()?;
        Ok(ExpressionKind::Conditional { condition, then, otherwise })
    }

    fn list(&mut self) -> Parse<ExpressionKind<'a>> {
        let base = self.expressions.len();
        let mode = self.open();
        self.with_mode(mode, |parser| {
            while !parser.at(TokenKind::RightBracket) {
                let element = parser.expression()?;
                parser.expressions.push(element);
                if !parser.eat(TokenKind::Comma) {
                    break;
                }
            }
            Ok(())
        })?;
        self.close(TokenKind::RightBracket, "`,` or `]`")?;
        Ok(ExpressionKind::List(self.take_expressions(base)))
    }

    /// True when the current `{` begins a map with something in it, and not a block.
    pub(super) fn brace_begins_map(&self) -> bool {
        let mut ahead = self.lexer;
        let first = ahead.next_token();
        match first.kind {
            // A block that begins with such a string would be pointless.
            TokenKind::StringStart => true,
            TokenKind::Try => false,
            TokenKind::String | TokenKind::Integer => ahead.next_token().kind == TokenKind::Colon,
            kind => kind.is_word() && ahead.next_token().kind == TokenKind::Colon,
        }
    }

    fn map(&mut self) -> Parse<ExpressionKind<'a>> {
        let base = self.entries.len();
        let mode = self.open();
        self.with_mode(mode, |parser| {
            while !parser.at(TokenKind::RightBrace) {
                let key = parser.map_key()?;
                if !parser.at(TokenKind::Colon) {
                    let error = parser.expected("`:` after the key");
                    parser.help("an entry of a map is written `key: value`");
                    return Err(error);
                }
                parser.advance();
                let value = parser.expression()?;
                parser.entries.push(MapEntry { key, value });
                if !parser.eat(TokenKind::Comma) {
                    break;
                }
            }
            Ok(())
        })?;
        self.close(TokenKind::RightBrace, "`,` or `}`")?;
        let entries = self.arena.alloc_slice_copy(&self.entries[base..]);
        self.entries.truncate(base);
        Ok(ExpressionKind::Map(entries))
    }

    /// A key: any word, a string, an integer or a bool.
    fn map_key(&mut self) -> Parse<Expression<'a>> {
        use TokenKind::*;
        let token = self.token;
        let kind = match token.kind {
            String => ExpressionKind::String(self.string()?),
            StringStart => self.interpolation()?,
            True => self.literal(ExpressionKind::Bool(true)),
            False => self.literal(ExpressionKind::Bool(false)),
            Integer => self.integer()?,
            Minus if self.peek().kind == Integer => return self.unary(),
            kind if kind.is_word() => {
                self.advance();
                ExpressionKind::String(self.arena.alloc_str(self.text(token)))
            }
            _ => {
                let error = self.expected("a key");
                self.help("a key is a name, a string, an integer, `true` or `false`");
                return Err(error);
            }
        };
        Ok(Expression { kind, span: self.span_from(token.start) })
    }

    /// Something in parentheses: an expression, or the parameters of an arrow function. Which of them shows only after the first
    /// expression, which can be read as a parameter if it is a name or an assignment to one.
    fn parenthesised(&mut self) -> Parse<Expression<'a>> {
        let start = self.token.start;
        let mode = self.open();
        if self.at(TokenKind::RightParenthesis) {
            self.close(TokenKind::RightParenthesis, "`)`")?;
            return self.arrow_of_parameters(start, &[]);
        }
        let inner = self.with_mode(mode, Self::expression)?;
        let parameter = as_parameter(&inner);
        if let Some(first) = parameter
            && (self.at(TokenKind::Comma) || (self.at(TokenKind::Colon) && first.default.is_none()))
        {
            let parameters = self.with_mode(mode, |parser| parser.parameters_after(first))?;
            self.close(TokenKind::RightParenthesis, "`,` or `)`")?;
            return self.arrow_of_parameters(start, parameters);
        }
        self.close(TokenKind::RightParenthesis, "`)`")?;
        if self.at(TokenKind::FatArrow)
            && !self.mode.arrow_ends
            && let Some(parameter) = parameter
        {
            let parameters = std::slice::from_ref(self.arena.alloc(parameter));
            return self.arrow_of_parameters(start, parameters);
        }
        Ok(Expression { kind: inner.kind, span: self.span_from(start) })
    }
}

/// The words behind the words `entity` and `data`.
fn declared_types(source: &str) -> FxHashSet<&str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut declared = FxHashSet::default();
    let mut words = source.split(|letter: char| !is_word(letter)).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        if matches!(word, "entity" | "data") {
            declared.extend(words.peek());
        }
    }
    declared
}

/// `name = value` in an argument list, without parentheses around it.
fn as_named_argument<'a>(argument: &Expression<'a>) -> Option<FieldInitializer<'a>> {
    match argument.kind {
        ExpressionKind::Assign { target: &Target::Name(name), operator: None, value, .. }
            if name.span.start == argument.span.start =>
        {
            Some(FieldInitializer { name: Label { symbol: name.symbol, span: name.span }, value: *value })
        }
        _ => None,
    }
}

/// `name` or `name = default` as the parameter of an arrow function.
fn as_parameter<'a>(expression: &Expression<'a>) -> Option<Parameter<'a>> {
    match expression.kind {
        ExpressionKind::Name(name) if name.span.start == expression.span.start => {
            Some(Parameter { name, annotation: None, default: None })
        }
        ExpressionKind::Assign { target: &Target::Name(name), operator: None, value, .. }
            if name.span.start == expression.span.start =>
        {
            Some(Parameter { name, annotation: None, default: Some(value) })
        }
        _ => None,
    }
}
