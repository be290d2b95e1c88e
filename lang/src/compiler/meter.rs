//! Metered code: what each [region](crate::gas) costs, and what an error in it gives back.

use fxhash::FxHashMap;
use isa::stack::MAX_OPERAND;
use isa::{Effects, StackInstruction, StackOp};

use super::function::FunctionCompiler;
use crate::ast::{Block, Expression, Statement};
use crate::gas::{Charge, Node};

/// The regions of one function.
#[derive(Default)]
pub(super) struct Meter {
    regions: Vec<Region>,
    /// The regions that the point which the compiler has reached lies in, outermost first. None where code is not counted: in a copy of cleanup code, and where
    /// control does not come.
    open: Vec<Option<usize>>,
    /// For each loop around that point, how many of those lie outside of it.
    loops: Vec<usize>,
    /// Regions by the nodes they begin at.
    known: FxHashMap<Node, usize>,
    /// True while instructions are written that nothing is charged for.
    is_paused: bool,
    /// Places of instructions that may fail: source position, region, and cost of the region up to the instruction and with it.
    failing: Vec<(u32, usize, u64)>,
}

/// A region.
struct Region {
    node: Option<Node>,
    position: u32,
    cost: u64,
    /// True when what is written next is not reached as often as what was.
    is_closed: bool,
    /// The region around it, and what that cost up to here.
    outer: Option<(usize, u64)>,
    /// Its `METER` instructions: one, and one for each copy.
    meters: Vec<u32>,
}

impl Meter {
    fn top(&self) -> Option<usize> {
        self.open.last().copied().flatten()
    }

    /// The region that an instruction which is written now counts for.
    fn counting(&self) -> Option<usize> {
        self.top().filter(|&region| !self.is_paused && !self.regions[region].is_closed)
    }

    fn close_from(&mut self, height: usize) {
        for region in self.open[height..].iter().flatten() {
            self.regions[*region].is_closed = true;
        }
    }

    /// What was charged in advance and is not reached any more when an error is raised in a region that cost so much until then.
    fn unreached(&self, region: usize, cost: u64) -> u64 {
        let mut unreached = self.regions[region].cost - cost;
        let mut outer = self.regions[region].outer;
        while let Some((region, cost)) = outer {
            unreached += self.regions[region].cost - cost;
            outer = self.regions[region].outer;
        }
        unreached
    }
}

impl<'a> FunctionCompiler<'a, '_, '_> {
    /// Begins the region that a function begins with, if code is metered.
    pub(super) fn begin_metering(&mut self, position: u32) {
        if self.module.charges.is_some() {
            self.meter = Some(Meter::default());
            self.open_region(None, position);
        }
    }

    /// Compiles what runs only sometimes: a region of its own that begins at `node`.
    pub(super) fn region<T>(&mut self, node: Node, position: u32, compile: impl FnOnce(&mut Self) -> T) -> T {
        self.begin_region(node, position);
        let result = compile(self);
        self.end_region();
        result
    }

    /// The same for an expression.
    pub(super) fn region_of<T>(&mut self, expression: &'a Expression<'a>, compile: impl FnOnce(&mut Self) -> T) -> T {
        self.region(Node::expression(expression), expression.position(), compile)
    }

    /// The same for a block. What comes with an empty one is not charged for.
    pub(super) fn region_of_block<T>(&mut self, block: &Block<'a>, compile: impl FnOnce(&mut Self) -> T) -> T {
        match Node::block(block) {
            Some(node) => self.region(node, block.statements[0].span.start, compile),
            None => self.unpaid(compile),
        }
    }

    /// Compiles a copy of cleanup code, which is a region by itself.
    pub(super) fn cleanup(&mut self, block: &'a Block<'a>) {
        self.close_regions();
        self.cleanups += 1;
        self.region_of_block(block, |compiler| compiler.block(block));
        self.cleanups -= 1;
    }

    /// Begins a region inside of the one that is open.
    pub(super) fn begin_region(&mut self, node: Node, position: u32) {
        if self.meter.is_some() {
            self.open_region(Some(node), position);
        }
    }

    /// Ends the innermost region. The one around it goes on.
    pub(super) fn end_region(&mut self) {
        if let Some(meter) = &mut self.meter {
            meter.open.pop();
        }
    }

    /// Begins a region in place of the innermost one, if control may have left that by now.
    fn renew_region(&mut self, node: Node, position: u32) {
        let Some(meter) = &mut self.meter else { return };
        let is_needed = match meter.top() {
            Some(top) => meter.regions[top].is_closed,
            // In a copy there is a region where there is one in the original.
            None => meter.known.contains_key(&node),
        };
        if is_needed && !self.is_dead {
            meter.open.pop();
            self.open_region(Some(node), position);
        }
    }

    /// The same, before a statement.
    pub(super) fn renew_region_at(&mut self, statement: &'a Statement<'a>) {
        self.renew_region(Node::statement(statement), statement.span.start);
    }

    fn open_region(&mut self, node: Option<Node>, position: u32) {
        let (is_dead, at) = (self.is_dead, self.next_instruction());
        let Some(meter) = &mut self.meter else { return };
        if is_dead {
            meter.open.push(None);
            return;
        }
        match node.and_then(|node| meter.known.get(&node)) {
            Some(&region) => {
                meter.regions[region].meters.push(at);
                meter.open.push(None);
            }
            None => {
                let outer = meter.top().map(|outer| (outer, meter.regions[outer].cost));
                let region = meter.regions.len();
                meter.regions.push(Region { node, position, cost: 0, is_closed: false, outer, meters: vec![at] });
                meter.known.extend(node.map(|node| (node, region)));
                meter.open.push(Some(region));
            }
        }
        self.emit(StackOp::Meter, 0, position);
    }

    /// Ends all regions: control may leave from here to anywhere, or comes here from anywhere.
    pub(super) fn close_regions(&mut self) {
        if let Some(meter) = &mut self.meter {
            meter.close_from(0);
        }
    }

    /// Ends the regions in the innermost loop: control may leave from here to its end, or to its next iteration.
    pub(super) fn close_loop_regions(&mut self) {
        if let Some(meter) = &mut self.meter
            && let Some(&height) = meter.loops.last()
        {
            meter.close_from(height);
        }
    }

    /// Begins the region of a loop's body, whose every iteration ends with one of each of these operations.
    pub(super) fn begin_iteration(&mut self, node: Node, position: u32, end: &[StackOp]) {
        if let Some(meter) = &mut self.meter {
            meter.loops.push(meter.open.len());
        }
        self.begin_region(node, position);
        if let Some(meter) = &mut self.meter
            && let Some(region) = meter.counting()
        {
            meter.regions[region].cost += end.iter().map(|op| op.facts().gas).sum::<u64>();
        }
    }

    /// Compiles the test at the end of a loop's body. It belongs to the body's region if control always comes from there; the first test, before the first
    /// iteration, belongs to the region around the loop then.
    pub(super) fn iteration_test(&mut self, test: &'a Expression<'a>, compile: impl FnOnce(&mut Self)) {
        let node = Node::expression(test);
        self.renew_region(node, test.position());
        let before = self.meter.as_ref().and_then(|meter| {
            let region = meter.counting()?;
            (meter.regions[region].node != Some(node)).then(|| (region, meter.regions[region].cost))
        });
        compile(self);
        if let Some(meter) = &mut self.meter
            && let Some((region, before)) = before
        {
            let cost = meter.regions[region].cost - before;
            if let Some((outer, until)) = &mut meter.regions[region].outer {
                *until += cost;
                let outer = *outer;
                meter.regions[outer].cost += cost;
            }
        }
    }

    /// Ends a loop's body.
    pub(super) fn end_iteration(&mut self) {
        self.end_region();
        if let Some(meter) = &mut self.meter {
            meter.loops.pop();
        }
    }

    /// Compiles what nothing is charged for: what is charged for elsewhere, and what only runs on the way to an error.
    pub(super) fn unpaid<T>(&mut self, compile: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.meter.as_mut().map(|meter| std::mem::replace(&mut meter.is_paused, true));
        let result = compile(self);
        if let (Some(meter), Some(before)) = (&mut self.meter, before) {
            meter.is_paused = before;
        }
        result
    }

    /// True in metered cleanup code, whose copies must have the same regions whatever is known where they stand.
    pub(super) fn is_metered_cleanup(&self) -> bool {
        self.meter.is_some() && self.cleanups > 0
    }

    /// Counts an instruction.
    pub(super) fn count_instruction(&mut self, op: StackOp, position: u32) {
        let Some(meter) = &mut self.meter else { return };
        if op == StackOp::Meter {
            return;
        }
        let facts = op.facts();
        if let Some(region) = meter.counting() {
            meter.regions[region].cost += facts.gas;
            let may_fail = [Effects::FAIL, Effects::ALLOCATE, Effects::FUEL];
            if may_fail.into_iter().any(|effect| facts.effects.contains(effect)) {
                meter.failing.push((position, region, meter.regions[region].cost));
            }
        }
        if op == StackOp::Return {
            meter.close_from(0);
        }
    }

    /// Puts the costs into the code; gives what errors give back, by position.
    pub(super) fn finish_metering(&mut self, code: &mut [StackInstruction]) -> Vec<(u32, u32)> {
        let Some(meter) = self.meter.take() else { return Vec::new() };
        for region in &meter.regions {
            let gas = u32::try_from(region.cost).ok().filter(|&gas| gas <= MAX_OPERAND);
            if gas.is_none() {
                self.exceeds(
                    format!("what runs in one go costs at most {MAX_OPERAND} gas"),
                    "divide it into several functions",
                    self.module.span_at(self.file, region.position),
                );
            }
            let gas = gas.unwrap_or(MAX_OPERAND);
            for &at in &region.meters {
                code[at as usize] = StackInstruction::new(StackOp::Meter, gas);
            }
            if let (Some(node), Some(charges)) = (region.node, &mut self.module.charges) {
                charges.nodes.insert(node, (self.file, Charge { gas, position: region.position }));
            }
        }
        let mut refunds: FxHashMap<u32, u32> = FxHashMap::default();
        for &(position, region, cost) in &meter.failing {
            let gas = u32::try_from(meter.unreached(region, cost)).unwrap_or(u32::MAX);
            // Of several instructions that one operator became, the last counts.
            refunds.entry(position).and_modify(|least| *least = gas.min(*least)).or_insert(gas);
        }
        let mut refunds: Vec<(u32, u32)> = refunds.into_iter().collect();
        refunds.sort_unstable();
        refunds
    }
}
