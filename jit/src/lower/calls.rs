//! Calls and returns.
//!
//! Before a call every live register is stored, so whatever the callee does, this native frame may be given up: see [`vm_register::native`].

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use runtime::Tag;
use runtime::objects::{Closure, Record};
use vm_register::native::LAYOUT;

use super::{Lowering, PAYLOAD, REGISTER, flags};

impl Lowering<'_> {
    /// `R[first] := F[function](R[first], … count arguments)`
    pub(super) fn call_function(&mut self, pc: u32, first: u32, function: u32, count: u32) {
        if u32::from(self.request.code.functions[function as usize].parameters) > count {
            self.step(pc);
            return;
        }
        self.flush(pc);
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let number = self.builder.ins().iconst(types::I64, i64::from(function));
        let closure = self.builder.ins().iconst(types::I64, 0);
        self.call(pc, first, number, closure, join, slow);
    }

    /// Calls a function, all of whose arguments are in a window that begins at a register, and goes on in `join`. All live registers are stored.
    fn call(&mut self, pc: u32, first: u32, function: Value, closure: Value, join: ir::Block, slow: ir::Block) {
        let window = i64::from(first) * i64::from(REGISTER);
        let base = self.base();
        let frame = self.builder.ins().iadd_imm_s(base, window);
        let targets = self.builder.ins().iconst(types::I64, self.request.targets as i64);
        let distance = self.builder.ins().imul_imm_s(function, i64::from(LAYOUT.target_size));
        let target = self.builder.ins().iadd(targets, distance);
        let size = self.builder.ins().uload32(flags(), target, LAYOUT.target_frame);
        let end = self.builder.ins().iadd(frame, size);
        let limit = self.builder.ins().load(types::I64, flags(), self.machine, LAYOUT.value_limit);
        let is_above = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, end, limit);
        self.go_on_unless(is_above, slow);
        let record = self.builder.ins().load(types::I64, flags(), self.machine, LAYOUT.frame_top);
        let limit = self.builder.ins().load(types::I64, flags(), self.machine, LAYOUT.frame_limit);
        let is_full = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, record, limit);
        self.go_on_unless(is_full, slow);
        if self.request.counts_fuel {
            let runtime = self.builder.ins().load(types::I64, flags(), self.machine, LAYOUT.runtime);
            let left = self.builder.ins().load(types::I64, flags(), runtime, LAYOUT.fuel);
            let is_empty = self.builder.ins().icmp_imm_s(IntCC::Equal, left, 0);
            self.go_on_unless(is_empty, slow);
            let left = self.builder.ins().iadd_imm_s(left, -1);
            self.builder.ins().store(flags(), left, runtime, LAYOUT.fuel);
        }
        let return_to = self.address(pc + 1);
        self.builder.ins().store(flags(), return_to, record, LAYOUT.frame_return);
        self.builder.ins().store(flags(), closure, record, LAYOUT.frame_closure);
        let window = self.builder.ins().iconst(types::I64, window);
        self.builder.ins().store(flags(), window, record, LAYOUT.frame_window);
        let top = self.builder.ins().iadd_imm_s(record, i64::from(LAYOUT.frame_size));
        self.builder.ins().store(flags(), top, self.machine, LAYOUT.frame_top);
        let code = self.builder.ins().load(types::I64, flags(), target, LAYOUT.target_code);
        // Without room on the native stack the interpreter makes room by going on in the callee: by then all native frames are gone.
        let stack = self.builder.ins().get_stack_pointer(types::I64);
        let limit = self.builder.ins().load(types::I64, flags(), self.machine, LAYOUT.native_stack_limit);
        let is_deep = self.builder.ins().icmp(IntCC::UnsignedLessThan, stack, limit);
        let too_deep = self.builder.create_block();
        self.builder.set_cold_block(too_deep);
        self.go_on_unless(is_deep, too_deep);
        let entries = self.builder.ins().load(types::I64, flags(), self.machine, LAYOUT.entries);
        let distance = self.builder.ins().ishl_imm_s(function, 3);
        let place = self.builder.ins().iadd(entries, distance);
        let entry = self.builder.ins().load(types::I64, flags(), place, 0);
        let number = self.builder.ins().iconst(types::I64, 0);
        let call = self.builder.ins().call_indirect(self.entry_signature, entry, &[self.machine, frame, number, code]);
        let &[reached, base] = self.builder.inst_results(call) else { unreachable!("entries give a position") };
        let (returned, elsewhere) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(elsewhere);
        self.builder.ins().brif(reached, elsewhere, &[], returned, &[]);
        self.builder.switch_to_block(elsewhere);
        self.builder.ins().return_(&[reached, base]);
        self.builder.switch_to_block(too_deep);
        self.builder.ins().return_(&[code, frame]);
        self.builder.switch_to_block(returned);
        // The array of values may have moved.
        self.builder.def_var(self.base, base);
        self.builder.ins().jump(join, &[]);
        self.builder.switch_to_block(join);
        self.written_by_step(pc);
    }

    /// `R[first] := G[global](R[first], … count arguments)`
    pub(super) fn call_global(&mut self, pc: u32, first: u32, global: u32, count: u32) {
        self.flush(pc);
        let globals = self.builder.ins().load(types::I64, flags(), self.machine, LAYOUT.globals);
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
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
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
        self.call(pc, first, function, closure, join, slow);
    }

    /// Goes to `slow` if a function has more parameters than there are arguments.
    fn check_arguments(&mut self, function: Value, count: u32, slow: ir::Block) {
        let targets = self.builder.ins().iconst(types::I64, self.request.targets as i64);
        let distance = self.builder.ins().imul_imm_s(function, i64::from(LAYOUT.target_size));
        let target = self.builder.ins().iadd(targets, distance);
        let parameters = self.builder.ins().uload16(types::I64, flags(), target, LAYOUT.target_parameters);
        let has_more = self.builder.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, parameters, i64::from(count));
        self.go_on_unless(has_more, slow);
    }

    /// `R[first] := R[first].name(R[first+1], … count arguments)`
    pub(super) fn call_method(&mut self, pc: u32, first: u32, count: u32) {
        self.flush(pc);
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let (tag, record) = self.parts(first);
        let is_record = self.is_tag(tag, Tag::Record);
        self.go_on_if(is_record, slow);
        let (site, offset) = self.site(pc);
        let wanted = self.builder.ins().load(types::I32, flags(), site, offset + LAYOUT.site_type);
        let found = self.builder.ins().load(types::I32, flags(), record, Record::TYPE_OFFSET as i32);
        let is_type = self.builder.ins().icmp(IntCC::Equal, wanted, found);
        self.go_on_if(is_type, slow);
        let function = self.builder.ins().uload32(flags(), site, offset + LAYOUT.site_found);
        self.check_arguments(function, count + 1, slow);
        let closure = self.builder.ins().iconst(types::I64, 0);
        self.call(pc, first, function, closure, join, slow);
    }

    /// Leaves the function with a register.
    pub(super) fn leave_function(&mut self, register: u32) {
        let (tag, payload) = self.parts(register);
        self.write_parts(0, tag, payload);
        let top = self.builder.ins().load(types::I64, flags(), self.machine, LAYOUT.frame_top);
        let record = self.builder.ins().iadd_imm_s(top, -i64::from(LAYOUT.frame_size));
        self.builder.ins().store(flags(), record, self.machine, LAYOUT.frame_top);
        let window = self.builder.ins().load(types::I64, flags(), record, LAYOUT.frame_window);
        let base = self.base();
        let callers = self.builder.ins().isub(base, window);
        let returned = self.builder.ins().iconst(types::I64, 0);
        self.builder.ins().return_(&[returned, callers]);
    }
}
