//! Picks an engine for a program: what `--vm auto` does.
//!
//! A program is looked at before it runs ([`Facts`]): how long it is, whether it loops or calls itself, how much of it is arithmetic, and from
//! that about how much work it is. Then one of two policies decides. The *rules* are what an engineer would say without having measured: a
//! short script that runs straight through goes to the evaluator, which needs least prepared; what recurs, or loops for long, goes to the
//! register machine, whose code costs most to make and runs fastest; what is in between goes to the stack machine. The *cost model*
//! ([`CostModel`]) is what `harness calibrate` measured on this machine: for each engine what preparing a node of the tree costs and what a unit
//! of work costs; the engine with the least sum is taken.
//!
//! Whatever the policy says is a guess about time and nothing else: all engines give the same answer. An engine that refuses a program,
//! because its code would be too large for it, is passed over, and the decision says so.

mod facts;
mod model;

pub use facts::Facts;
pub use model::{CostModel, EngineCost, Measured, Regret};

/// The engines that are chosen from, those that need least preparation first.
pub const ENGINES: [&str; 3] = ["ast", "stack", "register"];

/// A program with more lines than this is not a short script.
const SHORT: u32 = 100;

/// The share of arithmetic from which on a short script is no matter of moving data about.
const ARITHMETIC: f64 = 0.5;

/// Loops that evaluate more nodes than this are worth the best code there is.
const MUCH: f64 = 2000.0;

/// Who decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Policy {
    /// Rules on the facts.
    #[default]
    Rules,
    /// What was measured.
    Model(CostModel),
}

/// An engine that was chosen, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What is known of the program; nothing for one that was loaded as bytecode.
    pub facts: Option<Facts>,
    /// The engines in the order in which they are tried.
    pub order: Vec<&'static str>,
    /// Why the first one comes first.
    pub reason: String,
    /// The engines that refused the program, and what they said.
    pub refusals: Vec<(&'static str, String)>,
}

impl Decision {
    /// The engine that has taken the program, or is to be tried next.
    pub fn engine(&self) -> &'static str {
        self.order[self.refusals.len().min(self.order.len() - 1)]
    }
}

impl Policy {
    /// Decides about a program with these facts.
    pub fn decide(&self, facts: Facts) -> Decision {
        let (first, reason) = match self {
            Self::Rules => rule(&facts),
            Self::Model(model) => model.cheapest(&facts),
        };
        Decision { order: from(first), reason, refusals: Vec::new(), facts: Some(facts) }
    }

    /// Decides about a program of which there is code only: `has_stack_code` says of which form.
    pub fn decide_bytecode(has_stack_code: bool) -> Decision {
        let order = if has_stack_code { vec!["register", "stack"] } else { vec!["register"] };
        let form = if has_stack_code { "stack" } else { "register" };
        let reason = format!("it was loaded as {form} code");
        Decision { order, reason, refusals: Vec::new(), facts: None }
    }
}

/// The engine first, then the others from the fastest on; each later one takes larger programs than those before it.
fn from(first: &'static str) -> Vec<&'static str> {
    let others = ENGINES.into_iter().rev().filter(|&engine| engine != first);
    std::iter::once(first).chain(others).collect()
}

fn rule(facts: &Facts) -> (&'static str, String) {
    let Facts { lines, loops, is_recursive, arithmetic, work, .. } = *facts;
    if is_recursive {
        ("register", "it has a function that calls itself".to_string())
    } else if loops > 0 && work > MUCH {
        ("register", format!("it has loops that may evaluate {work:.0} nodes, more than {MUCH:.0}"))
    } else if loops > 0 {
        ("stack", "its loops go round few times".to_string())
    } else if lines > SHORT {
        ("stack", format!("it runs straight through, but has {lines} lines, more than {SHORT}"))
    } else if arithmetic > ARITHMETIC {
        ("stack", format!("it runs straight through, but {:.0} % of it is arithmetic", 100.0 * arithmetic))
    } else {
        ("ast", "it is a short script that runs straight through".to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{CostModel, EngineCost, Facts, Policy};

    fn facts() -> Facts {
        Facts { lines: 3, nodes: 20, functions: 0, loops: 0, is_recursive: false, arithmetic: 0.1, work: 20.0 }
    }

    #[test]
    fn rules_look_at_loops_recursion_length_and_arithmetic() {
        let engine = |facts: Facts| Policy::Rules.decide(facts).engine();
        assert_eq!(engine(facts()), "ast");
        assert_eq!(engine(Facts { loops: 1, ..facts() }), "stack");
        assert_eq!(engine(Facts { loops: 1, work: 1e6, ..facts() }), "register");
        assert_eq!(engine(Facts { is_recursive: true, ..facts() }), "register");
        assert_eq!(engine(Facts { lines: 101, ..facts() }), "stack");
        assert_eq!(engine(Facts { arithmetic: 0.9, ..facts() }), "stack");
    }

    #[test]
    fn a_model_weighs_preparation_against_work() {
        let cost = |vm: &str, prepare, run| EngineCost { vm: vm.to_string(), fixed: 10.0, prepare, run };
        let model =
            CostModel { engines: vec![cost("ast", 0.0, 9.0), cost("stack", 50.0, 3.0), cost("register", 100.0, 1.0)] };
        let engine = |work| Policy::Model(model.clone()).decide(Facts { work, ..facts() }).engine();
        // 20 nodes: the evaluator until 6 w = 1000, then the stack machine until 2 w = 1000.
        assert_eq!([100.0, 200.0, 499.0, 501.0].map(engine), ["ast", "stack", "stack", "register"]);
    }

    #[test]
    fn who_refuses_is_passed_over() {
        let mut decision = Policy::Rules.decide(Facts { is_recursive: true, ..facts() });
        assert_eq!(decision.order, ["register", "stack", "ast"]);
        decision.refusals.push(("register", "too large".to_string()));
        assert_eq!(decision.engine(), "stack");
    }
}
