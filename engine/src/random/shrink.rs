//! Makes a failing program small.
//!
//! Greedy: try every simplification, keep the first after which the program still fails, until none is left. Simplifications know only the
//! shape of the tree: leave a child out, put a child in its parent's place, put a literal in an expression's place. Most results make
//! no sense; then they fail in another way or not at all, and are dropped like the others that do not help.

use super::tree::{Kind, Node};

/// The smallest program found that `fails`, after at most `most` attempts. `program` itself fails.
pub fn shrink(program: Node, most: usize, mut fails: impl FnMut(&Node) -> bool) -> Node {
    let mut shrinker = Shrinker { program, left: most, fails: &mut fails };
    loop {
        let before = shrinker.program.clone();
        shrinker.drop_statements();
        shrinker.simplify_nodes();
        if shrinker.program == before || shrinker.left == 0 {
            return shrinker.program;
        }
    }
}

struct Shrinker<'f> {
    program: Node,
    left: usize,
    fails: &'f mut dyn FnMut(&Node) -> bool,
}

impl Shrinker<'_> {
    /// Keeps the candidate if it fails too.
    fn attempt(&mut self, candidate: Node) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.program = candidate;
        }
        fails
    }

    /// Leaves out runs of statements: halves of each block first, single statements last.
    fn drop_statements(&mut self) {
        let mut at = 0;
        while let Some(block) = find(&self.program, at) {
            if block.kind == Kind::Block {
                let mut run = block.children.len();
                while run > 0 {
                    let mut start = 0;
                    while let Some(count) = find(&self.program, at).map(|block| block.children.len())
                        && start < count
                    {
                        let end = (start + run).min(count);
                        let candidate = edited(&self.program, at, |node| drop(node.children.drain(start..end)));
                        if !self.attempt(candidate) {
                            start = end;
                        }
                    }
                    run /= 2;
                }
            }
            at += 1;
        }
    }

    fn simplify_nodes(&mut self) {
        let mut at = 0;
        while let Some(node) = find(&self.program, at) {
            let candidates = simpler(node);
            let lifts = lifted(node);
            let mut changed = false;
            for candidate in candidates {
                let program = edited(&self.program, at, |node| *node = candidate);
                if self.attempt(program) {
                    changed = true;
                    break;
                }
            }
            if !changed {
                for (child, statements) in lifts {
                    let program = edited(&self.program, at, |node| {
                        node.children.splice(child..=child, statements);
                    });
                    if self.attempt(program) {
                        changed = true;
                        break;
                    }
                }
            }
            if !changed {
                at += 1;
            }
        }
    }
}

/// The node with this number, in the order of the text.
fn find(root: &Node, at: usize) -> Option<&Node> {
    fn walk<'n>(node: &'n Node, left: &mut usize) -> Option<&'n Node> {
        if *left == 0 {
            return Some(node);
        }
        *left -= 1;
        node.children.iter().find_map(|child| walk(child, left))
    }
    walk(root, &mut { at })
}

/// The program with the node of this number changed.
fn edited(root: &Node, at: usize, edit: impl FnOnce(&mut Node)) -> Node {
    fn walk<'n>(node: &'n mut Node, left: &mut usize) -> Option<&'n mut Node> {
        if *left == 0 {
            return Some(node);
        }
        *left -= 1;
        node.children.iter_mut().find_map(|child| walk(child, left))
    }
    let mut copy = root.clone();
    if let Some(node) = walk(&mut copy, &mut { at }) {
        edit(node);
    }
    copy
}

/// Simpler nodes of the same sort.
fn simpler(node: &Node) -> Vec<Node> {
    let mut found = Vec::new();
    if node.is_expression() {
        let literals: &[&str] = match &node.kind {
            Kind::Literal(text) if matches!(&**text, "0" | "null" | "true" | "\"\"") => &[],
            Kind::Literal(_) => &["0", "1", "\"\""],
            _ => &["0", "1", "null", "true"],
        };
        let is_callee_of_builtin =
            matches!(&node.kind, Kind::Literal(text) if text.starts_with(|c: char| c.is_alphabetic()));
        if !is_callee_of_builtin {
            let smaller = literals.iter().filter(|&&literal| node.kind != Kind::Literal(literal.into()));
            found.extend(smaller.map(|&literal| Node::literal(literal)));
        }
        found.extend(node.children.iter().filter(|child| child.is_expression()).cloned());
    }
    match &node.kind {
        Kind::Try { catch, finally } => {
            let mut without = node.clone();
            if *finally && catch.is_some() {
                without.children.pop();
                without.kind = Kind::Try { catch: catch.clone(), finally: false };
                found.push(without);
            }
            if *finally && catch.is_some() && node.children.len() == 3 {
                let mut without = node.clone();
                without.children.remove(1);
                without.kind = Kind::Try { catch: None, finally: true };
                found.push(without);
            }
        }
        Kind::Assign(operator) if *operator != "=" => found.push(Node::new(Kind::Assign("="), node.children.clone())),
        Kind::Binary(operator) if !matches!(*operator, "+" | "<") => {
            found.push(Node::new(Kind::Binary("+"), node.children.clone()));
        }
        Kind::IfThenElse => found.push(Node::new(Kind::Conditional, node.children.clone())),
        Kind::LetList(names, Some(_)) => {
            found.push(Node::new(Kind::LetList(names.clone(), None), node.children.clone()))
        }
        Kind::Slice { start, end } => {
            if *start {
                let mut without = Node::new(Kind::Slice { start: false, end: *end }, node.children.clone());
                without.children.remove(1);
                found.push(without);
            }
            if *end {
                let mut without = Node::new(Kind::Slice { start: *start, end: false }, node.children.clone());
                without.children.pop();
                found.push(without);
            }
        }
        Kind::Entity { name, parent: Some(_), is_data } => {
            let kind = Kind::Entity { name: name.clone(), parent: None, is_data: *is_data };
            found.push(Node::new(kind, node.children.clone()));
        }
        Kind::Action { name, modifier } if !modifier.is_empty() => {
            found.push(Node::new(Kind::Action { name: name.clone(), modifier: "" }, node.children.clone()));
        }
        _ => {}
    }
    for child in removable(node) {
        let mut without = node.clone();
        without.children.remove(child);
        found.push(without);
    }
    found
}

/// Children that a node can do without. Blocks are not asked: their statements are dropped in runs.
fn removable(node: &Node) -> std::ops::Range<usize> {
    let count = node.children.len();
    match node.kind {
        Kind::Call | Kind::Method(_) => 1..count,
        Kind::Match | Kind::MatchStatement => 1..count,
        Kind::Literally(_) | Kind::Function(_) | Kind::Action { .. } => 0..count.saturating_sub(1),
        Kind::If if count == 3 => 2..3,
        Kind::List
        | Kind::Map
        | Kind::Interpolation
        | Kind::Parameter(_)
        | Kind::Instance(_)
        | Kind::Construct(_)
        | Kind::Return
        | Kind::Entity { .. }
        | Kind::Contract(_)
        | Kind::Emit(_)
        | Kind::Field(_) => 0..count,
        Kind::Print if count > 1 => 0..count,
        _ => 0..0,
    }
}

/// Statements of inner blocks that can take the place of the statement around them: which child of the block, and what instead.
fn lifted(node: &Node) -> Vec<(usize, Vec<Node>)> {
    let mut found = Vec::new();
    if node.kind != Kind::Block {
        return found;
    }
    for (index, statement) in node.children.iter().enumerate() {
        if matches!(statement.kind, Kind::Function(_) | Kind::Entity { .. } | Kind::Contract(_) | Kind::Async) {
            continue;
        }
        for part in &statement.children {
            match part.kind {
                Kind::Block => found.push((index, part.children.clone())),
                Kind::If => found.push((index, vec![part.clone()])),
                Kind::Case | Kind::Default => {
                    found.extend(part.children.last().map(|block| (index, block.children.clone())));
                }
                _ if part.is_expression() && statement.kind != Kind::Expression => {
                    found.push((index, vec![Node::new(Kind::Expression, vec![part.clone()])]));
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::shrink;
    use crate::random::grow;

    #[test]
    fn finds_the_one_statement_that_matters() {
        // "Fails" when it has a loop and such an assignment.
        let fails = |text: &str| text.contains("while") && text.contains("%=");
        let seed = (0..10_000).find(|&seed| fails(&grow::program(seed).to_program())).expect("some program does");
        let small = shrink(grow::program(seed), 20_000, |program| fails(&program.to_program()));
        let text = small.to_program();
        assert!(fails(&text));
        // At worst they are in functions of their own, or in two parts of one statement.
        assert!(text.trim().lines().count() <= 8, "{text}");
    }
}
