//! The syntax tree.
//!
//! Every node lives in one bump arena (`'a`) and is freed with it; nodes hold slices and references, never vectors, so the tree
//! needs no drop glue and the parser allocates by moving a pointer. Names are interned [`Symbol`]s. Each use of a name carries
//! its own [`NameId`] and each function its own [`FunctionId`]; the resolver answers with tables indexed by them, so the tree
//! itself is never changed after parsing.
//!
//! The evaluator and the compiler both report run-time errors at [`Expression::position`], which is what makes the error of
//! every engine point at the same character.

use crate::names::Symbol;

/// A range of bytes in one source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just past the last byte.
    pub end: u32,
}

impl Span {
    /// The range from `start` up to, not including, `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest range that holds both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Number of one occurrence of a name, dense within a file; index into the resolver's bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub u32);

/// Number of one function of a file in the order in which the parser met them, dense; function 0 is the file's top level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub u32);

/// One occurrence of a name: a declaration, a use, or a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The interned text.
    pub symbol: Symbol,
    /// Where it stands.
    pub span: Span,
    /// Which occurrence this is.
    pub id: NameId,
}

/// A field, method, or key name: text that the resolver never looks up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The interned text.
    pub symbol: Symbol,
    /// Where it stands.
    pub span: Span,
}

/// One parsed file.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Top-level statements in source order.
    pub statements: &'a [Statement<'a>],
    /// How many [`NameId`]s the file uses.
    pub name_count: u32,
    /// How many [`FunctionId`]s the file uses, the top level included.
    pub function_count: u32,
    /// Names of variables that a `watch` watches, and of the hidden variables that have their watchers.
    pub watched: &'a [(Symbol, Symbol)],
}

/// A list of statements. Blocks do not make scopes.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Statements in source order.
    pub statements: &'a [Statement<'a>],
    /// The whole block.
    pub span: Span,
}

impl Block<'_> {
    /// Offset of its last character: the closing brace, if it has one.
    pub fn last_character(&self) -> u32 {
        self.span.end.saturating_sub(1)
    }
}

/// A statement and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// What it is.
    pub kind: StatementKind<'a>,
    /// The whole statement.
    pub span: Span,
}

/// What a statement is.
#[derive(Clone, Copy, Debug)]
pub enum StatementKind<'a> {
    /// `let x: T = e`, `const K = e`. Without a value the variable is null.
    Let {
        /// The variable.
        name: Name,
        /// The annotation, parsed and kept.
        annotation: Option<&'a TypeExpression<'a>>,
        /// The initial value.
        value: Option<&'a Expression<'a>>,
        /// True for `const`: the resolver refuses every other assignment to the name.
        constant: bool,
    },
    /// `let {a, b} = m`: each name is bound to the map entry (or field) of that name.
    LetMap {
        /// The names, which are also the keys.
        names: &'a [Name],
        /// The map.
        value: &'a Expression<'a>,
        /// True for `const`.
        constant: bool,
    },
    /// `let [x, y, ...rest] = l`.
    LetList {
        /// The names of the first elements.
        names: &'a [Name],
        /// Name of the list of what is left.
        rest: Option<Name>,
        /// The list.
        value: &'a Expression<'a>,
        /// True for `const`.
        constant: bool,
    },
    /// An expression for its effect. Assignments are expressions.
    Expression(&'a Expression<'a>),
    /// `print(a, b)`, `print a`: the printed forms joined with a space, then a newline. No arguments: no output.
    Print(&'a [Expression<'a>]),
    /// `debug e`: prints like `print`.
    Debug(&'a Expression<'a>),
    /// `if c { } else { }`; `elif` and `else if` are an `else` block whose only statement is another `If`.
    If {
        /// The condition.
        condition: &'a Expression<'a>,
        /// Run when it holds.
        then: Block<'a>,
        /// Run when it does not.
        otherwise: Option<Block<'a>>,
    },
    /// `while c { }`.
    While {
        /// The condition.
        condition: &'a Expression<'a>,
        /// The body.
        body: Block<'a>,
    },
    /// `for each x in e { }`, `for x in e { }`, and the forms with two variables.
    ForEach {
        /// One variable: element, key or character. Two variables: index or key.
        first: Name,
        /// The element or value, when two variables are given.
        second: Option<Name>,
        /// What is iterated.
        iterable: &'a Expression<'a>,
        /// The body.
        body: Block<'a>,
    },
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `return e`; at the top level it ends the program.
    Return(Option<&'a Expression<'a>>),
    /// `throw e`.
    Throw(&'a Expression<'a>),
    /// `try { } catch (e) { } finally { }`; at least one of the two clauses is there.
    Try {
        /// The guarded block.
        body: Block<'a>,
        /// The handler.
        catch: Option<Catch<'a>>,
        /// Run on every way out.
        finally: Option<Block<'a>>,
    },
    /// `require(c, "message")`.
    Require {
        /// The condition.
        condition: &'a Expression<'a>,
        /// The text of the failure; `Requirement not met` without one.
        message: Option<&'a Expression<'a>>,
    },
    /// `revert("why")`.
    Revert(Option<&'a Expression<'a>>),
    /// `defer { }`: run when the enclosing block is left, the last one first.
    Defer(Block<'a>),
    /// `tx { }`, and the body of a contract's action: an error that leaves it undoes what it wrote to the state, and its events.
    Transaction {
        /// `this` of the action; none for `tx { }`.
        contract: Option<Name>,
        /// Name of the action; `tx` without one.
        action: Label,
        /// The body.
        body: Block<'a>,
    },
    /// `emit Name(a, b)`: appends to the log of events and calls the handlers of that name.
    Emit {
        /// Name of the event.
        event: Label,
        /// Its arguments in order.
        arguments: &'a [Expression<'a>],
    },
    /// A named function. Hoisted to the top of its function or file.
    Function(&'a Function<'a>),
    /// `entity` or `data`. Hoisted.
    Entity(&'a Entity<'a>),
    /// `enum`. Hoisted.
    Enum(&'a Enum<'a>),
    /// `protocol` or `interface`. Hoisted.
    Protocol(&'a Protocol<'a>),
    /// `module M { }`: its top-level names become `M`'s members. The body is a function of its own.
    Module(&'a Module<'a>),
    /// `use "path"`, `use "path" as m`, `use { a, b } from "path"`.
    Use(&'a Use<'a>),
    /// `export a`, `export { a, b }`: the names alone; `export let …` and the like also carry their declaration.
    Export {
        /// The exported names.
        names: &'a [Name],
        /// The declaration that follows `export`, if there is one.
        declaration: Option<&'a Statement<'a>>,
    },
    /// `type_alias T = U`: kept for tools, no effect.
    TypeAlias {
        /// The new name.
        name: Label,
        /// What it stands for.
        target: &'a TypeExpression<'a>,
    },
}

/// The `catch` clause of a `try`.
#[derive(Clone, Copy, Debug)]
pub struct Catch<'a> {
    /// The variable that takes the thrown value; a variable of the function, as blocks make no scope.
    pub name: Option<Name>,
    /// The handler.
    pub body: Block<'a>,
}

/// A type as written. Parsed, shown by tools, checked nowhere.
#[derive(Clone, Copy, Debug)]
pub struct TypeExpression<'a> {
    /// `integer`, `list`, a type's own name, …
    pub name: Label,
    /// `list<T>`, `map<K, V>`.
    pub arguments: &'a [TypeExpression<'a>],
    /// `T[]`.
    pub is_array: bool,
}

/// An expression and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Expression<'a> {
    /// What it is.
    pub kind: ExpressionKind<'a>,
    /// The whole expression.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Copy, Debug)]
pub enum ExpressionKind<'a> {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `42`.
    Integer(i64),
    /// `1.5`.
    Float(f64),
    /// A string literal after its escapes.
    String(&'a str),
    /// `"a ${x} b"`: the pieces in order, literal ones as [`ExpressionKind::String`].
    Interpolation(&'a [Expression<'a>]),
    /// A name.
    Name(Name),
    /// `this`; the occurrence is resolved like a name.
    This(Name),
    /// `[a, b]`.
    List(&'a [Expression<'a>]),
    /// `{k: v}`: keys that are bare names or strings stand as [`ExpressionKind::String`].
    Map(&'a [MapEntry<'a>]),
    /// `-x`, `!x`.
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// Its operand.
        operand: &'a Expression<'a>,
    },
    /// Arithmetic, comparison, `in`.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Offset of the operator: where its run-time errors are reported.
        operator_position: u32,
        /// Evaluated first.
        left: &'a Expression<'a>,
        /// Evaluated second.
        right: &'a Expression<'a>,
    },
    /// `&&`, `||`, `??`.
    Logical {
        /// The operator.
        operator: LogicalOperator,
        /// Always evaluated.
        left: &'a Expression<'a>,
        /// Evaluated when the left side does not decide.
        right: &'a Expression<'a>,
    },
    /// `c ? a : b` and `if c then a else b`.
    Conditional {
        /// The condition.
        condition: &'a Expression<'a>,
        /// When it holds.
        then: &'a Expression<'a>,
        /// When it does not.
        otherwise: &'a Expression<'a>,
    },
    /// `f(a, b)`.
    Call {
        /// What is called; evaluated before the arguments.
        callee: &'a Expression<'a>,
        /// Arguments in order.
        arguments: &'a [Expression<'a>],
    },
    /// `User{name: "a"}`, `User(name = "a")` and `User(1, name = "a")`: an instance with fields given by name.
    Construct {
        /// The entity or data type.
        callee: &'a Expression<'a>,
        /// Leading fields given by position, before those by name.
        leading: &'a [Expression<'a>],
        /// Field names and values in source order.
        fields: &'a [FieldInitializer<'a>],
    },
    /// `object.name(a, b)`.
    MethodCall {
        /// The receiver.
        object: &'a Expression<'a>,
        /// The method.
        name: Label,
        /// Arguments in order.
        arguments: &'a [Expression<'a>],
    },
    /// `object.name`.
    Attribute {
        /// The object.
        object: &'a Expression<'a>,
        /// The field, key or member.
        name: Label,
    },
    /// `object[index]`.
    Index {
        /// The collection.
        object: &'a Expression<'a>,
        /// Evaluated after it.
        index: &'a Expression<'a>,
        /// Offset of `[`.
        bracket: u32,
    },
    /// `object[start:end]`.
    Slice {
        /// The list or string.
        object: &'a Expression<'a>,
        /// First index; the beginning when left out.
        start: Option<&'a Expression<'a>>,
        /// Index past the last; the end when left out.
        end: Option<&'a Expression<'a>>,
        /// Offset of `[`.
        bracket: u32,
    },
    /// A function literal in any of its spellings.
    Function(&'a Function<'a>),
    /// `target = value`, `target += value`; its value is the value stored. `x++` is parsed as `x += 1`.
    Assign {
        /// What is assigned.
        target: &'a Target<'a>,
        /// The operator of a compound assignment.
        operator: Option<BinaryOperator>,
        /// Offset of the operator.
        operator_position: u32,
        /// The right side.
        value: &'a Expression<'a>,
    },
    /// `match e { … }`.
    Match(&'a Match<'a>),
    /// A new contract of the type named, whose fields are not set yet. Written by the parser, in constructors of contracts.
    NewContract(Name),
    /// A parameter as it came, given or not. Written by the parser, in constructors of contracts.
    Argument(Name),
    /// `await e`: the value of a task, which is waited for; any other value is itself.
    Await(&'a Expression<'a>),
    /// `spawn f(a)`, `spawn o.m(a)`, `async f(a)`: a task that is going to do the call. What is no call must be a task already.
    Spawn(&'a Expression<'a>),
}

impl Expression<'_> {
    /// Offset at which a run-time error of this operation is reported: the operator, the bracket, the member's name, or else the
    /// start of the expression.
    pub fn position(&self) -> u32 {
        match self.kind {
            ExpressionKind::Binary { operator_position, .. } | ExpressionKind::Assign { operator_position, .. } => {
                operator_position
            }
            ExpressionKind::Index { bracket, .. } | ExpressionKind::Slice { bracket, .. } => bracket,
            ExpressionKind::MethodCall { name, .. } | ExpressionKind::Attribute { name, .. } => name.span.start,
            _ => self.span.start,
        }
    }
}

/// One entry of a map literal.
#[derive(Clone, Copy, Debug)]
pub struct MapEntry<'a> {
    /// The key, evaluated first.
    pub key: Expression<'a>,
    /// The value.
    pub value: Expression<'a>,
}

/// One field of a construction by name.
#[derive(Clone, Copy, Debug)]
pub struct FieldInitializer<'a> {
    /// The field.
    pub name: Label,
    /// Its value.
    pub value: Expression<'a>,
}

/// What an assignment can store to.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// `x = …`.
    Name(Name),
    /// `object.name = …`.
    Attribute {
        /// The object.
        object: &'a Expression<'a>,
        /// The field or key.
        name: Label,
    },
    /// `object[index] = …`.
    Index {
        /// The collection.
        object: &'a Expression<'a>,
        /// Evaluated after it.
        index: &'a Expression<'a>,
        /// Offset of `[`.
        bracket: u32,
    },
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `!`, `not`
    Not,
}

/// Infix operators that always evaluate both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `**`
    Power,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
}

/// Infix operators that may leave out their right side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogicalOperator {
    /// `&&`, `and`; gives a bool.
    And,
    /// `||`, `or`; gives a bool.
    Or,
    /// `??`; the right side when the left is null.
    Coalesce,
}

/// What kind of function a [`Function`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// `action f() { }`, `function f() { }`; a statement, hoisted.
    Declaration,
    /// A literal: `lambda`, arrow or anonymous `action`.
    Literal,
    /// An action of an entity, data type or contract; parameter 0 is `this`, put there by the parser.
    Method,
    /// What calling a contract's type runs; written by the parser.
    Constructor {
        /// Whether arguments that are not given are passed on as such, because `init` has defaults for them.
        passes_defaults: bool,
    },
}

/// A function, named or not.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// Its number within the file.
    pub id: FunctionId,
    /// Declaration, literal or method.
    pub kind: FunctionKind,
    /// The name it is declared with.
    pub name: Option<Name>,
    /// Parameters in order; a method's first one is `this`.
    pub parameters: &'a [Parameter<'a>],
    /// The annotated result.
    pub result: Option<&'a TypeExpression<'a>>,
    /// Statements, or an expression whose value is returned.
    pub body: FunctionBody<'a>,
    /// Which of `public private view pure payable secure inline …` it carries.
    pub modifiers: &'a [Label],
    /// `async`: a call of it is a task.
    pub is_async: bool,
    /// The whole function.
    pub span: Span,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a> {
    /// Its name.
    pub name: Name,
    /// Its annotation.
    pub annotation: Option<&'a TypeExpression<'a>>,
    /// Value when the caller gives none; null without one.
    pub default: Option<&'a Expression<'a>>,
}

/// Body of a function.
#[derive(Clone, Copy, Debug)]
pub enum FunctionBody<'a> {
    /// Statements; falling off the end gives null.
    Block(Block<'a>),
    /// An expression body; its value is the result.
    Expression(&'a Expression<'a>),
}

/// What kind of type an [`Entity`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// `entity`.
    Entity,
    /// `data`: instances are immutable and equal by value.
    Data,
    /// `contract`: fields are in the ledger's state.
    Contract,
}

/// `entity`, `data` or `contract`.
#[derive(Clone, Copy, Debug)]
pub struct Entity<'a> {
    /// The type's name.
    pub name: Name,
    /// `extends`.
    pub parent: Option<TypePath<'a>>,
    /// `implements`.
    pub protocols: &'a [Name],
    /// Own fields in order.
    pub fields: &'a [Field<'a>],
    /// Own methods in order.
    pub methods: &'a [&'a Function<'a>],
    /// Which of the three it is.
    pub kind: TypeKind,
    /// What calling a contract's type runs, written by the parser: it makes the contract, sets its fields, and calls its `init`. Its
    /// parameters are those of `init`.
    pub constructor: Option<&'a Function<'a>>,
    /// The whole declaration.
    pub span: Span,
}

/// Where a type is named: `T`, or `m.T` for a type of a module.
#[derive(Clone, Copy, Debug)]
pub struct TypePath<'a> {
    /// The type, or the module that it is reached through.
    pub name: Name,
    /// What is looked up in it, one in the other; nothing when the name is the type.
    pub members: &'a [Label],
    /// The whole path.
    pub span: Span,
}

/// One field of an entity.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its name.
    pub name: Label,
    /// Its annotation.
    pub annotation: Option<&'a TypeExpression<'a>>,
    /// Value when construction gives none; null without one. Evaluated at each construction.
    pub default: Option<&'a Expression<'a>>,
}

/// `enum E { A, B = 5 }`.
#[derive(Clone, Copy, Debug)]
pub struct Enum<'a> {
    /// The enum's name.
    pub name: Name,
    /// Members with their values; one without a number is its predecessor's plus one, the first is 0.
    pub members: &'a [EnumMember],
}

/// One member of an enum.
#[derive(Clone, Copy, Debug)]
pub struct EnumMember {
    /// Its name.
    pub name: Label,
    /// Its value, worked out by the parser.
    pub value: i64,
}

/// `protocol P { action f(x) }`.
#[derive(Clone, Copy, Debug)]
pub struct Protocol<'a> {
    /// The protocol's name.
    pub name: Name,
    /// Methods it asks for.
    pub methods: &'a [Label],
}

/// `module M { }`.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    /// The module's name.
    pub name: Name,
    /// The body's own function number: it runs once, in place, with variables of its own.
    pub id: FunctionId,
    /// The body.
    pub body: Block<'a>,
}

/// A `use` statement.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// Path or standard module as written.
    pub path: &'a str,
    /// Where the path stands.
    pub path_span: Span,
    /// What it brings in.
    pub form: UseForm<'a>,
}

/// What a `use` brings in.
#[derive(Clone, Copy, Debug)]
pub enum UseForm<'a> {
    /// Every exported name (every top-level name when the file exports nothing).
    All,
    /// One name for the module itself.
    As(Name),
    /// These names: what it is called there, and here.
    Names(&'a [UseName]),
}

/// One name of `use { a, b as c } from "path"`.
#[derive(Clone, Copy, Debug)]
pub struct UseName {
    /// Its name in the other file.
    pub exported: Label,
    /// Its name in this one.
    pub local: Name,
}

/// `match e { … }`.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// Evaluated once.
    pub subject: &'a Expression<'a>,
    /// Tried in order.
    pub arms: &'a [MatchArm<'a>],
    /// True for `case … default …` blocks: no arm matching does nothing and the value is null. Otherwise it is an error.
    pub is_statement: bool,
}

/// One arm of a match.
#[derive(Clone, Copy, Debug)]
pub struct MatchArm<'a> {
    /// What the subject must look like.
    pub pattern: Pattern<'a>,
    /// What happens then.
    pub body: MatchBody<'a>,
}

/// Right side of a match arm.
#[derive(Clone, Copy, Debug)]
pub enum MatchBody<'a> {
    /// Its value is the match's.
    Expression(&'a Expression<'a>),
    /// Statements; the value is null.
    Block(Block<'a>),
}

/// A pattern.
#[derive(Clone, Copy, Debug)]
pub enum Pattern<'a> {
    /// `_`, `default`.
    Wildcard,
    /// A literal, or a dotted path such as `Color.RED`: compared with `==`.
    Value(&'a Expression<'a>),
    /// A bare name: always matches and is bound.
    Binding(Name),
    /// `Point(x, 0)`: an instance of that type whose leading fields match.
    Instance {
        /// The type.
        entity: TypePath<'a>,
        /// Patterns of its leading fields.
        fields: &'a [Pattern<'a>],
    },
}
