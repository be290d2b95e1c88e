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

/// Where stubs are that native code calls to have the interpreter run an instruction. All take machine, base, top, the number of the instruction's word and the function that runs it,
/// and give what native code returns: where control has gone by then, to be left for; or 0 and machine, base and top again, where it goes on here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StubAddresses {
    /// Goes on at the next instruction.
    pub(crate) step: u64,
    /// The same of an instruction that may call: takes also the bytes from the base to the callee's window, and goes on in the callee's native code if there is some. Its result is in the
    /// frame then.
    pub(crate) call: u64,
    /// The same of a branch: takes also the number of the word that it may go to, and gives in the third place whether it does.
    pub(crate) branch: u64,
}

/// The same as signatures.
#[derive(Clone, Copy)]
pub(super) struct StubSignatures {
    pub(super) step: SigRef,
    /// Of those that take one thing more.
    pub(super) with_more: SigRef,
}

impl StubSignatures {
    pub(super) fn import(builder: &mut FunctionBuilder<'_>) -> Self {
        Self {
            step: builder.import_signature(tail_signature(5, 6)),
            with_more: builder.import_signature(tail_signature(6, 6)),
        }
    }
}

/// All stubs: the trampoline, what stands in for functions without code, and those of [`StubAddresses`] in their order.
pub(crate) fn stubs(isa: &dyn TargetIsa) -> [ir::Function; 5] {
    let by_step =
        [Kind::Step, Kind::Call, Kind::Branch].into_iter().zip(2..).map(|(kind, number)| step(isa, kind, number));
    let [step, call, branch] = by_step.collect::<Vec<_>>().try_into().expect("three");
    [trampoline(isa), missing(isa), step, call, branch]
}

/// Which of the stubs that run an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Step,
    Call,
    Branch,
}

/// See [`StubAddresses`].
fn step(isa: &dyn TargetIsa, kind: Kind, number: u32) -> ir::Function {
    let parameters = if kind == Kind::Step { 5 } else { 6 };
    let mut made = ir::Function::with_name_signature(ir::UserFuncName::user(1, number), tail_signature(parameters, 6));
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut made, &mut context);
    let step_signature = builder.import_signature(signature(isa, 3));
    let mut find_signature = signature(isa, 3);
    find_signature.returns.truncate(1);
    let (find_signature, entry_signature) =
        (builder.import_signature(find_signature), builder.import_signature(entry_signature()));
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let parameters = builder.block_params(block).to_vec();
    let &[machine, base, top, word, step, ..] = &parameters[..] else { unreachable!("five parameters at least") };
    builder.ins().store(flags(), top, machine, LAYOUT.frame_top);
    let first = builder.ins().load(types::I64, flags(), machine, LAYOUT.first_word);
    let address_of = |builder: &mut FunctionBuilder<'_>, word| {
        let distance = builder.ins().ishl_imm_s(word, 3);
        builder.ins().iadd(first, distance)
    };
    let address = address_of(&mut builder, word);
    let call = builder.ins().call_indirect(step_signature, step, &[machine, address, base]);
    let &[reached, reached_base] = builder.inst_results(call) else { unreachable!("steps give a position") };
    // Goes on in a new block unless control is at an instruction of the same frame; gives the block in which it is.
    let is_at = |builder: &mut FunctionBuilder<'_>, expected| {
        let other_pc = builder.ins().bxor(reached, expected);
        let other_base = builder.ins().bxor(reached_base, base);
        let other = builder.ins().bor(other_pc, other_base);
        let (here, otherwise) = (builder.create_block(), builder.create_block());
        builder.ins().brif(other, otherwise, &[], here, &[]);
        builder.switch_to_block(otherwise);
        here
    };
    let goes_on = |builder: &mut FunctionBuilder<'_>, block, is_taken| {
        let other = builder.current_block().expect("there is one");
        builder.switch_to_block(block);
        let zero = builder.ins().iconst(types::I64, 0);
        let is_taken = builder.ins().iconst(types::I64, is_taken);
        builder.ins().return_(&[zero, base, is_taken, zero, machine, top]);
        builder.switch_to_block(other);
    };
    let next = builder.ins().iadd_imm_s(address, 8);
    let is_next = is_at(&mut builder, next);
    goes_on(&mut builder, is_next, 0);
    match kind {
        Kind::Step => {}
        Kind::Branch => {
            let target = address_of(&mut builder, parameters[5]);
            let is_target = is_at(&mut builder, target);
            goes_on(&mut builder, is_target, 1);
        }
        Kind::Call => {
            let [called, none, returned, left] = [(); 4].map(|()| builder.create_block());
            let leaf = builder.ins().iconst(types::I64, LEAVES.find_entry as *const () as i64);
            let call = builder.ins().call_indirect(find_signature, leaf, &[machine, top, reached]);
            let entry = builder.inst_results(call)[0];
            builder.ins().brif(entry, called, &[], none, &[]);
            builder.switch_to_block(called);
            let zero = builder.ins().iconst(types::I64, 0);
            let callee_top = builder.ins().iadd_imm_s(top, i64::from(LAYOUT.frame_size));
            let arguments = [machine, reached_base, callee_top, zero, reached];
            let call = builder.ins().call_indirect(entry_signature, entry, &arguments);
            let results = builder.inst_results(call).to_vec();
            let &[pc, frame, tag, payload, machine, callee_top] = &results[..] else { unreachable!("six results") };
            builder.ins().brif(pc, left, &[], returned, &[]);
            builder.switch_to_block(left);
            builder.ins().return_(&results);
            builder.switch_to_block(returned);
            builder.ins().store(flags(), tag, frame, 0);
            builder.ins().store(flags(), payload, frame, PAYLOAD);
            let here = builder.ins().isub(frame, parameters[5]);
            let top = builder.ins().iadd_imm_s(callee_top, -i64::from(LAYOUT.frame_size));
            builder.ins().return_(&[pc, here, pc, pc, machine, top]);
            builder.switch_to_block(none);
        }
    }
    builder.ins().return_(&[reached, reached_base, reached, reached, reached, reached]);
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
