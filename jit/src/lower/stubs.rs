//! Native code that is made once: ways in, and ways to functions that are none of native code.
//!
//! Functions of the system's convention save some registers for their callers, so what a caller needs behind a call of one it keeps in those, and has to save them itself for
//! its own caller, on every way through it. What native code needs everywhere (machine, base, top) it therefore gets back from whom it calls; and where the
//! interpreter is called off the way, it is called by stubs that do the same.

use cranelift_codegen::ir::{self, InstBuilder, SigRef, types};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use vm_register::native::{LAYOUT, LEAVES};

use super::{PAYLOAD, entry_signature, flags, signature, tail_signature};

/// Where stubs are that native code calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StubAddresses {
    /// Machine, base, top, an instruction's address and the function that runs it; gives what was reached, instruction and base, and then machine, base and top again.
    pub(crate) step: u64,
    /// Goes on in the callee where a step was a call: machine, base and instruction that were reached, top, and bytes to the callee's window. Gives 0, machine, base and top when
    /// the callee has returned, its result being in the frame; otherwise the position to leave for, and anything.
    pub(crate) follow: u64,
}

/// The same as signatures.
pub(super) struct StubSignatures {
    pub(super) step: SigRef,
    pub(super) follow: SigRef,
}

impl StubSignatures {
    pub(super) fn import(builder: &mut FunctionBuilder<'_>) -> Self {
        Self {
            step: builder.import_signature(tail_signature(5, 5)),
            follow: builder.import_signature(tail_signature(5, 4)),
        }
    }
}

/// All stubs: the trampoline, what stands in for functions without code, and those of [`StubAddresses`] in their order.
pub(crate) fn stubs(isa: &dyn TargetIsa) -> [ir::Function; 4] {
    [trampoline(isa), missing(isa), step(isa), follow(isa)]
}

/// See [`StubAddresses::step`].
fn step(isa: &dyn TargetIsa) -> ir::Function {
    let mut made = ir::Function::with_name_signature(ir::UserFuncName::user(1, 2), tail_signature(5, 5));
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut made, &mut context);
    let signature = builder.import_signature(signature(isa, 3));
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let &[machine, base, top, address, step] = builder.block_params(block) else { unreachable!("five parameters") };
    builder.ins().store(flags(), top, machine, LAYOUT.frame_top);
    let call = builder.ins().call_indirect(signature, step, &[machine, address, base]);
    let &[reached, reached_base] = builder.inst_results(call) else { unreachable!("steps give a position") };
    builder.ins().return_(&[reached, reached_base, machine, base, top]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    made
}

/// See [`StubAddresses::follow`].
fn follow(isa: &dyn TargetIsa) -> ir::Function {
    let mut made = ir::Function::with_name_signature(ir::UserFuncName::user(1, 3), tail_signature(5, 4));
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut made, &mut context);
    let mut find = signature(isa, 3);
    find.returns.truncate(1);
    let (find, entry_signature) = (builder.import_signature(find), builder.import_signature(entry_signature()));
    let [block, called, returned, left, none] = [(); 5].map(|()| builder.create_block());
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let &[machine, base, reached, top, window] = builder.block_params(block) else { unreachable!("five parameters") };
    let leaf = builder.ins().iconst(types::I64, LEAVES.find_entry as *const () as i64);
    let call = builder.ins().call_indirect(find, leaf, &[machine, top, reached]);
    let entry = builder.inst_results(call)[0];
    builder.ins().brif(entry, called, &[], none, &[]);
    builder.switch_to_block(called);
    let number = builder.ins().iconst(types::I64, 0);
    let callee_top = builder.ins().iadd_imm_s(top, i64::from(LAYOUT.frame_size));
    let call = builder.ins().call_indirect(entry_signature, entry, &[machine, base, callee_top, number, reached]);
    let &[pc, frame, tag, payload, machine, callee_top] = builder.inst_results(call) else {
        unreachable!("six results")
    };
    builder.ins().brif(pc, left, &[], returned, &[]);
    builder.switch_to_block(returned);
    builder.ins().store(flags(), tag, frame, 0);
    builder.ins().store(flags(), payload, frame, PAYLOAD);
    let here = builder.ins().isub(frame, window);
    let top = builder.ins().iadd_imm_s(callee_top, -i64::from(LAYOUT.frame_size));
    builder.ins().return_(&[pc, machine, here, top]);
    builder.switch_to_block(left);
    builder.ins().return_(&[pc, pc, frame, pc]);
    builder.switch_to_block(none);
    builder.ins().return_(&[reached, reached, base, reached]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    made
}

/// The trampoline: see [`vm_register::native::Trampoline`].
fn trampoline(isa: &dyn TargetIsa) -> ir::Function {
    let mut made = ir::Function::with_name_signature(ir::UserFuncName::user(1, 0), signature(isa, 5));
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut made, &mut context);
    let signature = builder.import_signature(entry_signature());
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let &[machine, base, number, code, result] = builder.block_params(block) else { unreachable!("five parameters") };
    let top = builder.ins().load(types::I64, flags(), machine, LAYOUT.frame_top);
    let call = builder.ins().call_indirect(signature, code, &[machine, base, top, number, code]);
    let &[pc, base, tag, payload, ..] = builder.inst_results(call) else { unreachable!("six results") };
    builder.ins().store(flags(), tag, result, 0);
    builder.ins().store(flags(), payload, result, PAYLOAD);
    let (returned, left) = (builder.create_block(), builder.create_block());
    builder.ins().brif(pc, left, &[], returned, &[]);
    builder.switch_to_block(returned);
    let record = builder.ins().iadd_imm_s(top, -i64::from(LAYOUT.frame_size));
    builder.ins().store(flags(), record, machine, LAYOUT.frame_top);
    builder.ins().jump(left, &[]);
    builder.switch_to_block(left);
    builder.ins().return_(&[pc, base]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    made
}

/// What stands in for functions without code: see [`vm_register::native::Stubs`].
fn missing(isa: &dyn TargetIsa) -> ir::Function {
    let mut made = ir::Function::with_name_signature(ir::UserFuncName::user(1, 1), entry_signature());
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut made, &mut context);
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let &[machine, base, top, _, code] = builder.block_params(block) else { unreachable!("five parameters") };
    builder.ins().store(flags(), top, machine, LAYOUT.frame_top);
    builder.ins().return_(&[code, base, code, code, machine, top]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    made
}
