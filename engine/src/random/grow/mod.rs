//! Grows random programs.
//!
//! A program is grown from the top: statements by weight, expressions by the [sort](Sort) of value that is wanted, until a budget of nodes
//! is used up. The grower keeps track of the variables in scope and what they probably hold, so that most operations get operands
//! they work on; now and then it asks for anything at all, because type errors have to agree too. Loops are counted and recursion has a
//! depth parameter. What still runs away (a list that grows while it is walked, closures that call each other) ends when the fuel does.
//!
//! What it is after is where converters and machines go wrong:
//!
//! - a local read onto the operand stack, then assigned, then used: `x + (x = 5) + x`, `f(x, x = x + 1, x)`, across branches and loops
//!   ([`hazards`](expressions)),
//! - more live values than registers ([`statements`]),
//! - every way out of `try`, `finally` and `defer`, through loops and calls,
//! - numbers at the edges of immediates and of 64 bits,
//! - closures that share what they capture,
//! - state that transactions undo ([`ledger`]),
//! - tasks that wait in the midst of all that.

mod declarations;
mod expressions;
mod ledger;
mod statements;
mod tasks;

use super::numbers::Random;
use super::tree::{Kind, Name, Node};

/// What a value probably is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Int,
    Float,
    Text,
    Bool,
    List,
    Map,
    /// A function of so many parameters.
    Function(usize),
    /// An instance of a type of the program.
    Record(usize),
    /// Anything.
    Any,
}

#[derive(Clone, Debug)]
struct Variable {
    name: Name,
    sort: Sort,
    writable: bool,
}

/// A function being grown, or the top level.
#[derive(Debug, Default)]
struct Scope {
    variables: Vec<Variable>,
    /// Loops around the place being grown, none of them outside of cleanup code.
    loops: usize,
    /// `return` may stand here.
    returns: bool,
    /// Sort that its results should have.
    result: Option<Sort>,
    /// `this` has this type.
    this: Option<usize>,
}

#[derive(Clone, Debug)]
struct FunctionFacts {
    name: Name,
    /// The first parameter bounds the recursion.
    is_bounded: bool,
    parameters: Vec<Sort>,
    result: Sort,
    /// How many scopes see it.
    depth: usize,
    /// A call of it is a task.
    is_async: bool,
}

#[derive(Clone, Debug)]
struct TypeFacts {
    name: Name,
    is_data: bool,
    is_contract: bool,
    fields: Vec<(Name, Sort)>,
    /// Name and number of parameters.
    methods: Vec<(&'static str, usize)>,
    /// How many arguments a contract is made with.
    inits: usize,
}

struct Grower {
    random: Random,
    /// Nodes still to be spent.
    budget: isize,
    scopes: Vec<Scope>,
    functions: Vec<FunctionFacts>,
    types: Vec<TypeFacts>,
    enumeration: Option<(Name, Vec<Name>)>,
    /// There are contracts, transactions and events.
    has_ledger: bool,
    next: usize,
    /// Nesting of statements.
    nesting: usize,
    /// Whether the program has tasks and watches variables: some do, and the others are what they would be if no program did.
    has_tasks: bool,
    /// How many `watch` statements there may be: each may set off the others.
    watches: usize,
}

/// The random program of this seed: a block of statements.
pub fn program(seed: u64) -> Node {
    let mut random = Random::new(seed);
    let budget = *random.choose(&[60, 100, 150, 150, 250]);
    let mut grower = Grower {
        random,
        budget,
        scopes: vec![Scope { returns: true, ..Scope::default() }],
        functions: Vec::new(),
        types: Vec::new(),
        enumeration: None,
        has_ledger: false,
        next: 0,
        nesting: 0,
        has_tasks: seed % 3 == 1,
        watches: 2,
    };
    Node::new(Kind::Block, grower.top_level())
}

impl Grower {
    fn top_level(&mut self) -> Vec<Node> {
        let mut statements = Vec::new();
        if self.random.chance(35) {
            self.types_of_program(&mut statements);
        }
        if self.random.chance(15) {
            statements.push(self.enumeration());
        }
        self.has_ledger = self.random.chance(40);
        if self.has_ledger {
            self.budget += 60;
            self.contracts_of_program(&mut statements);
            for _ in 0..self.random.between(1, 2) {
                let statement = self.declare_contract_variable();
                statements.push(statement);
            }
        }
        for _ in 0..self.random.between(2, 4) {
            let statement = self.declare_variable();
            statements.push(statement);
        }
        for _ in 0..self.random.between(0, 3) {
            let statement = self.function_declaration();
            statements.push(statement);
        }
        while self.budget > 0 {
            self.statement_into(&mut statements);
        }
        statements.extend(self.show_variables());
        statements
    }

    /// Prints what the variables of the scope hold, which is how wrong values come to light.
    fn show_variables(&mut self) -> Option<Node> {
        let scope = self.scopes.last()?;
        let names: Vec<Node> = scope.variables.iter().map(|variable| Node::name(&variable.name)).collect();
        (!names.is_empty()).then(|| Node::new(Kind::Print, names))
    }

    fn fresh(&mut self, prefix: &str) -> Name {
        self.next += 1;
        format!("{prefix}{}", self.next).into()
    }

    fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("the top level's scope is never popped")
    }

    fn spend(&mut self, nodes: isize) {
        self.budget -= nodes;
    }

    /// A variable of this sort that can be seen from here, captured ones included.
    fn find_variable(&mut self, sort: Sort, must_be_writable: bool) -> Option<Variable> {
        let fits = |variable: &&Variable| {
            (variable.writable || !must_be_writable)
                && (variable.sort == sort
                    || sort == Sort::Any
                    || matches!((variable.sort, sort), (Sort::Record(_), Sort::Record(usize::MAX))))
        };
        let count = self.scopes.iter().flat_map(|scope| &scope.variables).filter(fits).count();
        if count == 0 {
            return None;
        }
        // Later variables stand in inner scopes and are the more interesting ones.
        let at = self.random.below(count).max(self.random.below(count));
        self.scopes.iter().flat_map(|scope| &scope.variables).filter(fits).nth(at).cloned()
    }

    /// A sort, common ones more often.
    fn any_sort(&mut self) -> Sort {
        match self.random.weighted(&[40, 10, 12, 8, 12, 8, 4, 4]) {
            0 => Sort::Int,
            1 => Sort::Float,
            2 => Sort::Text,
            3 => Sort::Bool,
            4 => Sort::List,
            5 => Sort::Map,
            6 => Sort::Function(self.random.below(3)),
            _ if self.types.is_empty() => Sort::Int,
            _ => Sort::Record(self.random.below(self.types.len())),
        }
    }
}
