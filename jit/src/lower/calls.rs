//! Calls and returns.
//!
//! Before a call every live register is stored, so whatever the callee does, this native frame may be given up: see [`vm_register::native`].

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use runtime::Tag;
use runtime::objects::Closure;
use vm_register::native::LAYOUT;

use super::{Cause, Lowering, PAYLOAD, REGISTER, flags};
use crate::Optimization;
use crate::body::{Context, Guard};
use crate::state::{Held, Kind};

impl Lowering<'_> {
    /// `R[first] := F[function](R[first], … count arguments)`
    pub(super) fn call_function(&mut self, pc: u32, first: u32, function: u32, count: u32) {
        if u32::from(self.request.code.functions[function as usize].parameters) > count {
            self.step(pc);
            return;
        }
        self.flush(pc);
        let call = self.begin_call(pc, first);
        let closure = self.builder.ins().iconst(types::I64, 0);
        self.call(call, Callee::Known(function), closure);
    }

    /// What is left of a call whose callee's code follows: it is seen to that it is that callee which is called, and that a frame and a record can be had. Otherwise the interpreter makes the call.
    pub(super) fn enter(&mut self, pc: u32, context: Context) {
        let [first, callee, _] = self.function.code[pc as usize].lanes().map(u32::from);
        match context.guard {
            Guard::Nothing => {}
            Guard::Record(index) => {
                self.ensure(pc, first, Kind::Record(index));
            }
            Guard::Function => {
                let otherwise = self.exit(pc, Cause::Type, None);
                let (tag, payload) = self.parts(callee);
                let is_function = self.is_tag(tag, Tag::Function);
                self.go_on_if(is_function, otherwise);
                let is_it = self.builder.ins().icmp_imm_s(IntCC::Equal, payload, i64::from(context.function));
                self.go_on_if(is_it, otherwise);
            }
            Guard::Closure => {
                let otherwise = self.exit(pc, Cause::Type, None);
                let (tag, closure) = self.parts(callee);
                let is_closure = self.is_tag(tag, Tag::Closure);
                self.go_on_if(is_closure, otherwise);
                let of = self.builder.ins().uload32(flags(), closure, Closure::FUNCTION_OFFSET as i32);
                let is_it = self.builder.ins().icmp_imm_s(IntCC::Equal, of, i64::from(context.function));
                self.go_on_if(is_it, otherwise);
                let variable = self.builder.declare_var(types::I64);
                self.builder.def_var(variable, closure);
                self.closures.insert(pc, variable);
            }
        }
        // What is within the outermost call needs no more room than is checked there.
        if context.depth == 1 {
            let otherwise = self.exit(pc, Cause::Limit, None);
            let (registers, records) = self.room_within(context);
            let base = self.base();
            let end = self.builder.ins().iadd_imm_s(base, i64::from(registers) * i64::from(REGISTER));
            self.check_room(end, records, otherwise);
        }
        self.take_fuel(pc);
        self.written.remove_from(context.depth, self.body);
    }

    /// The most registers from the function's own first on, and the most records above its own, that calls within one whose callee's code took its place have, and its own: as far as it is known who is
    /// called.
    fn room_within(&self, outermost: Context) -> (u32, u32) {
        let mut most = (0, 0);
        for pc in outermost.call..self.function.code.len() as u32 {
            let context = self.body.context(pc);
            if pc != outermost.call && self.body.calls(pc).first().is_none_or(|first| first.number != outermost.number)
            {
                break;
            }
            let instruction = self.function.code[pc as usize];
            let function = match self.body.entered(pc) {
                Some(entered) => entered.function,
                None if instruction.op() == isa::RegisterOp::CallFuncConstReg => u32::from(instruction.b),
                None => continue,
            };
            let end = u32::from(instruction.a) + self.request.frame_sizes[function as usize];
            most = (most.0.max(end), most.1.max(context.depth));
        }
        most
    }

    /// Goes to `otherwise` unless there is room for a frame that ends at an address, and for the record of a call behind so many.
    fn check_room(&mut self, end: Value, records: u32, otherwise: ir::Block) {
        let limit = self.of_machine(LAYOUT.value_limit);
        let is_above = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, end, limit);
        self.go_on_unless(is_above, otherwise);
        // Where there is no room on the native stack either, the interpreter makes some by going on in the callee: by then all native frames are gone.
        let limit = self.of_machine(LAYOUT.native_frame_limit);
        let top = self.top();
        let top = self.builder.ins().iadd_imm_s(top, i64::from(records) * i64::from(LAYOUT.frame_size));
        let is_full = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, top, limit);
        self.go_on_unless(is_full, otherwise);
    }

    /// A block in which the interpreter makes a call, and one where control goes on with the result.
    fn begin_call(&mut self, pc: u32, first: u32) -> Call {
        let stepped = self.builder.create_block();
        let slow = self.slow_step(pc, stepped);
        let join = self.builder.create_block();
        let [tag, payload] = [types::I64; 2].map(|of| self.builder.append_block_param(join, of));
        Call { pc, first, slow, stepped, join, tag, payload }
    }

    /// Calls a function, all of whose arguments are in a window that begins at a register. All live registers are stored.
    fn call(&mut self, call: Call, callee: Callee, closure: Value) {
        let Call { pc, first, slow, stepped, join, tag, payload } = call;
        let window = i64::from(first) * i64::from(REGISTER);
        let base = self.base();
        let depth = self.body.context(pc).depth;
        match callee {
            Callee::Known(function) if depth == 0 => {
                let size = i64::from(self.request.frame_sizes[function as usize]) * i64::from(REGISTER);
                let end = self.builder.ins().iadd_imm_s(base, window + size);
                self.check_room(end, depth, slow);
            }
            // See `room_within`.
            Callee::Known(_) => {}
            Callee::Computed(function) => {
                let target = self.target(function);
                let size = self.builder.ins().uload32(flags(), target, LAYOUT.target_frame);
                let end = self.builder.ins().iadd(base, size);
                let end = self.builder.ins().iadd_imm_s(end, window);
                self.check_room(end, depth, slow);
            }
        }
        let caller_top = self.top_at(pc);
        if self.request.counts_fuel {
            let runtime = self.of_machine(LAYOUT.runtime);
            let left = self.builder.ins().load(types::I64, flags(), runtime, LAYOUT.fuel);
            let is_empty = self.builder.ins().icmp_imm_s(IntCC::Equal, left, 0);
            self.go_on_unless(is_empty, slow);
            let left = self.builder.ins().iadd_imm_s(left, -1);
            self.builder.ins().store(flags(), left, runtime, LAYOUT.fuel);
        }
        // Nobody reads the record before an error, a step or an exit, but then it must be there: stores wait for nothing.
        let (function, own) = self.body.origin(pc);
        self.complete_records(pc);
        let return_to = self.word(function, own + 1);
        self.builder.ins().store(flags(), return_to, caller_top, LAYOUT.frame_return);
        self.builder.ins().store(flags(), closure, caller_top, LAYOUT.frame_closure);
        let distance = window - self.distance_at(pc);
        let distance = self.builder.ins().iconst(types::I64, distance);
        self.builder.ins().store(flags(), distance, caller_top, LAYOUT.frame_window);
        let top = self.builder.ins().iadd_imm_s(caller_top, i64::from(LAYOUT.frame_size));
        let frame = self.builder.ins().iadd_imm_s(base, window);
        let number = self.builder.ins().iconst(types::I64, 0);
        let made = match (callee, self.itself) {
            (Callee::Known(function), Some(itself)) if function == self.request.function => {
                // There is code, so nobody asks for what stands in for it.
                let arguments = [self.machine(), frame, top, number, number];
                self.builder.ins().call(itself, &arguments)
            }
            _ => {
                let (entry, code) = self.entry_of(callee);
                let arguments = [self.machine(), frame, top, number, code];
                self.builder.ins().call_indirect(self.entry_signature, entry, &arguments)
            }
        };
        let results: [Value; 6] = self.builder.inst_results(made).try_into().expect("six results");
        let [reached, base, result_tag, result, machine, callee_top] = results;
        let (returned, elsewhere) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(elsewhere);
        self.builder.ins().brif(reached, elsewhere, &[], returned, &[]);
        self.builder.switch_to_block(elsewhere);
        self.builder.ins().return_(&results);
        self.builder.switch_to_block(returned);
        self.builder.def_var(self.machine, machine);
        let top = self.builder.ins().iadd_imm_s(callee_top, -i64::from(LAYOUT.frame_size));
        self.top_is(pc, top);
        // The array of values may have moved.
        let base = self.builder.ins().iadd_imm_s(base, -window);
        self.builder.def_var(self.base, base);
        self.builder.ins().jump(join, &[result_tag.into(), result.into()]);
        self.builder.switch_to_block(stepped);
        let [stepped_tag, stepped_payload] = [self.load_tag(first), self.load_payload(first, types::I64)];
        self.builder.ins().jump(join, &[stepped_tag.into(), stepped_payload.into()]);
        self.builder.switch_to_block(join);
        self.written_by_step(pc);
        let kept = self.variables_among(&self.live[(pc + 1 - self.start) as usize]);
        self.load_again(&kept);
        self.take_result(pc, first, tag, payload);
    }

    /// Where the native code of a function begins, or what stands in for it, and its first instruction.
    fn entry_of(&mut self, callee: Callee) -> (Value, Value) {
        let entries = self.of_machine(LAYOUT.entries);
        match callee {
            Callee::Known(function) => {
                let offset = function as i32 * LAYOUT.entry_size + LAYOUT.entry_code;
                (self.builder.ins().load(types::I64, flags(), entries, offset), self.word(function, 0))
            }
            Callee::Computed(function) => {
                let target = self.target(function);
                let code = self.builder.ins().load(types::I64, flags(), target, LAYOUT.target_code);
                let distance = self.builder.ins().imul_imm_s(function, i64::from(LAYOUT.entry_size));
                let place = self.builder.ins().iadd(entries, distance);
                (self.builder.ins().load(types::I64, flags(), place, LAYOUT.entry_code), code)
            }
        }
    }

    /// Gives a register the result of a call: in a variable if all that read it are expected to meet one kind, in the frame otherwise.
    fn take_result(&mut self, pc: u32, register: u32, tag: Value, payload: Value) {
        let expected =
            self.expected_after.get((pc - self.start) as usize).and_then(|after| after[register as usize].kind());
        let is_believed = !self.request.doubts.has_register(pc + 1, register) && !self.lands_at(pc + 1);
        let expected = expected.filter(|kind| is_believed && !matches!(kind, Kind::Record(_)));
        let Some(kind) = expected else {
            self.write_parts(register, tag, payload);
            return;
        };
        let stores = self.dirty_among(self.live_at(pc + 1));
        let exit = self.way_out(pc + 1, Cause::Kind, Some(register), true);
        let otherwise = self.exit_with(exit, stores);
        // Nothing was pushed since.
        if let Some(aside) = self.asides.last_mut() {
            aside.result = Some((register, tag, payload));
        }
        let is_kind = self.is_tag(tag, kind.tag());
        self.go_on_if(is_kind, otherwise);
        let payload = match kind {
            Kind::Float => self.builder.ins().bitcast(types::F64, ir::MemFlagsData::new(), payload),
            _ => payload,
        };
        let variable = self.payload_variable(register, kind);
        self.builder.def_var(variable, payload);
        self.state[register as usize] = Held::Variable { kind, dirty: true };
    }

    /// The address of a function's call target.
    fn target(&mut self, function: Value) -> Value {
        let targets = self.of_machine(LAYOUT.targets);
        let distance = self.builder.ins().imul_imm_s(function, i64::from(LAYOUT.target_size));
        self.builder.ins().iadd(targets, distance)
    }

    /// `R[first] := G[global](R[first], … count arguments)`
    pub(super) fn call_global(&mut self, pc: u32, first: u32, global: u32, count: u32) {
        self.flush(pc);
        let globals = self.of_machine(LAYOUT.globals);
        let offset = global as i32 * REGISTER;
        let tag = self.builder.ins().load(types::I64, flags(), globals, offset);
        let payload = self.builder.ins().load(types::I64, flags(), globals, offset + PAYLOAD);
        self.call_value(pc, first, (tag, payload), count);
    }

    /// `R[first] := R[callee](R[first], … count arguments)`
    pub(super) fn call_register(&mut self, pc: u32, first: u32, callee: u32, count: u32) {
        self.flush(pc);
        let parts = self.parts(callee);
        self.call_value(pc, first, parts, count);
    }

    /// Calls a value, here if it is a function or closure that gets all its arguments, and by the interpreter otherwise.
    fn call_value(&mut self, pc: u32, first: u32, (tag, payload): (Value, Value), count: u32) {
        let made = self.begin_call(pc, first);
        let slow = made.slow;
        let (closure_block, other_block, function_block, call_block) = (
            self.builder.create_block(),
            self.builder.create_block(),
            self.builder.create_block(),
            self.builder.create_block(),
        );
        let function = self.builder.append_block_param(call_block, types::I64);
        let closure = self.builder.append_block_param(call_block, types::I64);
        let is_closure = self.is_tag(tag, Tag::Closure);
        self.builder.ins().brif(is_closure, closure_block, &[], other_block, &[]);
        self.builder.switch_to_block(closure_block);
        let of_closure = self.builder.ins().uload32(flags(), payload, Closure::FUNCTION_OFFSET as i32);
        self.builder.ins().jump(call_block, &[of_closure.into(), payload.into()]);
        self.builder.switch_to_block(other_block);
        let is_function = self.is_tag(tag, Tag::Function);
        self.builder.ins().brif(is_function, function_block, &[], slow, &[]);
        self.builder.switch_to_block(function_block);
        let none = self.builder.ins().iconst(types::I64, 0);
        self.builder.ins().jump(call_block, &[payload.into(), none.into()]);
        self.builder.switch_to_block(call_block);
        self.check_arguments(function, count, slow);
        self.call(made, Callee::Computed(function), closure);
    }

    /// Goes to `slow` if a function has more parameters than there are arguments.
    fn check_arguments(&mut self, function: Value, count: u32, slow: ir::Block) {
        let target = self.target(function);
        let parameters = self.builder.ins().uload16(types::I64, flags(), target, LAYOUT.target_parameters);
        let has_more = self.builder.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, parameters, i64::from(count));
        self.go_on_unless(has_more, slow);
    }

    /// `R[first] := R[first].name(R[first+1], … count arguments)`
    pub(super) fn call_method(&mut self, pc: u32, first: u32, name: u32, count: u32) {
        if &*self.request.code.names[name as usize] == "push"
            && count == 1
            && self.is_optimizing()
            && !self.request.doubts.has(pc)
            && self.kind(pc, first, 0) == Some(Kind::List)
        {
            self.push(pc, first);
            return;
        }
        if !self.request.has(Optimization::Calls) {
            self.step(pc);
            return;
        }
        self.flush(pc);
        let made = self.begin_call(pc, first);
        let slow = made.slow;
        let (tag, record) = self.parts(first);
        let is_record = self.is_tag(tag, Tag::Record);
        self.go_on_if(is_record, slow);
        let function = self.member(pc, record, slow);
        self.check_arguments(function, count + 1, slow);
        let closure = self.builder.ins().iconst(types::I64, 0);
        self.call(made, Callee::Computed(function), closure);
    }

    /// Leaves the function with a register.
    pub(super) fn leave_function(&mut self, register: u32) {
        let (tag, payload) = self.parts(register);
        let returned = self.builder.ins().iconst(types::I64, 0);
        let base = self.base();
        let (machine, top) = (self.machine(), self.top());
        self.builder.ins().return_(&[returned, base, tag, payload, machine, top]);
    }
}

/// A call that is being made.
struct Call {
    pc: u32,
    /// Where its window begins.
    first: u32,
    /// Where the interpreter makes the call.
    slow: ir::Block,
    /// Where control comes to when it has, the result being in the frame.
    stepped: ir::Block,
    /// Where control goes on, with tag and payload of the result.
    join: ir::Block,
    tag: Value,
    payload: Value,
}

/// Who is called.
#[derive(Clone, Copy)]
enum Callee {
    Known(u32),
    Computed(Value),
}
