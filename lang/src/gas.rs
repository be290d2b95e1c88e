//! What a program costs, by the nodes of its tree.
//!
//! The compiler counts what the instructions of a region cost while it writes them, and puts that into the region's `METER` ([`compile_metered`]). The evaluator
//! runs no instructions; it pays when it comes to the node that the region begins at.
//!
//! # Regions
//!
//! Instructions belong to one region when they run equally often, errors aside, and are charged for when its first runs. A region
//! begins
//!
//! - at the beginning of a function;
//! - at an arm of `if`, `match` and `?:`, at the right side of `&&`, `||` and `??`, at a default that is computed: what runs only sometimes;
//! - at the body of a loop, which is charged for the test that follows it too;
//! - at the body of `try` and of a transaction, at what a `defer` guards, at a `catch`, at cleanup code;
//! - at the first statement after one that control may have left by another way than its end: because of a `return`, `break` or `continue`
//!   in it, or because something in it takes errors. If no control leaves it so, what comes after belongs to the region before.
//!
//! Cleanup code is compiled for each way out of what it guards, but is one region, and all copies cost what the first does.
//!
//! [`compile_metered`]: crate::compile_metered

use fxhash::FxHashMap;

use crate::ast::{Block, Expression, MatchArm, Statement};

/// What part a node plays where a region begins at it. A node and its first part may have one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Role {
    Statement,
    Block,
    Loop,
    Expression,
    Arm,
}

/// A node that a region begins at. It stays where it is as long as the tree's arena lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    address: usize,
    role: Role,
}

impl Node {
    fn new<T>(node: &T, role: Role) -> Self {
        Self { address: std::ptr::from_ref(node).addr(), role }
    }

    /// A statement after one that control may have left.
    pub(crate) fn statement(statement: &Statement<'_>) -> Self {
        Self::new(statement, Role::Statement)
    }

    /// A block that runs only sometimes, unless it is empty.
    pub(crate) fn block(block: &Block<'_>) -> Option<Self> {
        block.statements.first().map(|first| Self::new(first, Role::Block))
    }

    /// The body of the loop over, or under the condition of, an expression.
    pub(crate) fn body_of_loop(expression: &Expression<'_>) -> Self {
        Self::new(expression, Role::Loop)
    }

    /// An expression that is evaluated only sometimes.
    pub(crate) fn expression(expression: &Expression<'_>) -> Self {
        Self::new(expression, Role::Expression)
    }

    /// The pattern of an arm of a `match`.
    pub(crate) fn arm(arm: &MatchArm<'_>) -> Self {
        Self::new(arm, Role::Arm)
    }
}

/// A charge for a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Charge {
    /// Gas.
    pub(crate) gas: u32,
    /// Source offset of what the region begins with, for the error.
    pub(crate) position: u32,
}

/// What a program's regions cost.
#[derive(Clone, Debug, Default)]
pub struct Charges {
    /// Regions that begin at a node.
    pub(crate) nodes: FxHashMap<Node, Charge>,
    /// Regions that functions begin with, by the functions' indices.
    pub(crate) functions: Vec<Charge>,
}
