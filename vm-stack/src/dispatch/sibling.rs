//! sibling
#![allow(non_snake_case, missing_docs)]
use crate::handlers::{access, arithmetic, calls, collections, compare, control, variables};
use crate::link::Word;
use crate::machine::{Flow, Machine, Registers, Slow, Step};
use crate::slot::Slot;
use isa::StackOp;
type Op = unsafe fn(*const Word, Slot, Slot, &mut Machine<'_>, Word);
#[inline(always)]
unsafe fn next<const FUEL: bool>(r: Registers, machine: &mut Machine<'_>) { unsafe {
    let pc = r.pc.add(1);
    let word = *pc;
    (Table::<FUEL>::TABLE[word.opcode() as usize])(pc, r.sp, r.base, machine, word)
}}
#[inline(never)]
unsafe fn resume<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, slow: Slow) { unsafe {
    machine.registers = Registers { pc, sp, base };
    if slow(machine) == Flow::Leave { return; }
    next::<FUEL>(machine.registers, machine)
}}
struct Table<const FUEL: bool>;
unsafe fn LoadConst<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::load_const(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn LoadName<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::load_name(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn StoreName<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::store_name(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn StoreFunc<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::store_func(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Pop<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::pop(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Dup<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::dup(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn LoadLocal<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::load_local(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn StoreLocal<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::store_local(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn CheckLocal<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::check_local(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Add<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match arithmetic::add(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Sub<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match arithmetic::sub(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Mul<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match arithmetic::mul(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Div<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match arithmetic::div(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Mod<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match arithmetic::modulo(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Pow<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match arithmetic::pow(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Neg<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match arithmetic::neg(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn MakeCell<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::make_cell(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn LoadCell<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::load_cell(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn StoreCell<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::store_cell(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Eq<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::eq(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Neq<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::neq(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Lt<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::lt(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Gt<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::gt(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Lte<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::lte(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Gte<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::gte(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn In<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::contains(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn LoadCapture<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::load_capture(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn LoadCaptureCell<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::load_capture_cell(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn StoreCaptureCell<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::store_capture_cell(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn And<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::and(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Or<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::or(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Not<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::not(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn ToBool<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::to_bool(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn IsSet<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::is_set(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Unset<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::unset(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn IsInstance<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match compare::is_instance(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn RangeBound<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match arithmetic::range_bound(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Jump<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::jump(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn JumpIfFalse<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::jump_if_false(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn JumpIfTrue<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::jump_if_true(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Return<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match calls::return_value(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn JumpIfNotNull<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::jump_if_not_null(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Loop<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::begin_iteration::<FUEL>(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn ForPrepare<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::for_prepare(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn ForLoop<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::for_loop(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn IterPrepare<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::iter_prepare(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn LoopIfTrue<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::begin_iteration_if_true::<FUEL>(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn CallName<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match calls::call_name::<FUEL>(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn CallFuncConst<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match calls::call_func_const::<FUEL>(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn CallTop<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match calls::call_top::<FUEL>(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn CallBuiltin<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match calls::call_builtin(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn CallMethod<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match calls::call_method::<FUEL>(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn MakeFunction<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::make_function(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Construct<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match calls::construct(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn NewRecord<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match collections::new_record(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn ListAppend<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match collections::list_append(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn BuildList<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match collections::build_list(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn BuildMap<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match collections::build_map(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn BuildSet<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match collections::build_set(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Index<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match access::index(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Slice<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match access::slice(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn GetAttr<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match access::get_attr(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn SetIndex<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match access::set_index(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn SetAttr<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match access::set_attr(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn GetLength<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match access::get_length(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn BuildString<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match collections::build_string(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Import<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match calls::import(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Require<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match collections::require(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Throw<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::throw(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn ForIter<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::for_iter(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn ForPair<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::for_pair(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn IterValue<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match control::iter_value(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Print<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match collections::print(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
unsafe fn Nop<const FUEL: bool>(pc: *const Word, sp: Slot, base: Slot, machine: &mut Machine<'_>, word: Word) { unsafe {
    let mut r = Registers { pc, sp, base };
    match variables::nop(&mut r, machine, word) { Step::Next => next::<FUEL>(r, machine), Step::Slow(slow) => resume::<FUEL>(r.pc, r.sp, r.base, machine, slow) }
}}
impl<const FUEL: bool> Table<FUEL> { const TABLE: [Op; 256] = { let mut t: [Op; 256] = [Nop::<FUEL>; 256];
t[StackOp::LoadConst as usize] = LoadConst::<FUEL>;
t[StackOp::LoadName as usize] = LoadName::<FUEL>;
t[StackOp::StoreName as usize] = StoreName::<FUEL>;
t[StackOp::StoreFunc as usize] = StoreFunc::<FUEL>;
t[StackOp::Pop as usize] = Pop::<FUEL>;
t[StackOp::Dup as usize] = Dup::<FUEL>;
t[StackOp::LoadLocal as usize] = LoadLocal::<FUEL>;
t[StackOp::StoreLocal as usize] = StoreLocal::<FUEL>;
t[StackOp::CheckLocal as usize] = CheckLocal::<FUEL>;
t[StackOp::Add as usize] = Add::<FUEL>;
t[StackOp::Sub as usize] = Sub::<FUEL>;
t[StackOp::Mul as usize] = Mul::<FUEL>;
t[StackOp::Div as usize] = Div::<FUEL>;
t[StackOp::Mod as usize] = Mod::<FUEL>;
t[StackOp::Pow as usize] = Pow::<FUEL>;
t[StackOp::Neg as usize] = Neg::<FUEL>;
t[StackOp::MakeCell as usize] = MakeCell::<FUEL>;
t[StackOp::LoadCell as usize] = LoadCell::<FUEL>;
t[StackOp::StoreCell as usize] = StoreCell::<FUEL>;
t[StackOp::Eq as usize] = Eq::<FUEL>;
t[StackOp::Neq as usize] = Neq::<FUEL>;
t[StackOp::Lt as usize] = Lt::<FUEL>;
t[StackOp::Gt as usize] = Gt::<FUEL>;
t[StackOp::Lte as usize] = Lte::<FUEL>;
t[StackOp::Gte as usize] = Gte::<FUEL>;
t[StackOp::In as usize] = In::<FUEL>;
t[StackOp::LoadCapture as usize] = LoadCapture::<FUEL>;
t[StackOp::LoadCaptureCell as usize] = LoadCaptureCell::<FUEL>;
t[StackOp::StoreCaptureCell as usize] = StoreCaptureCell::<FUEL>;
t[StackOp::And as usize] = And::<FUEL>;
t[StackOp::Or as usize] = Or::<FUEL>;
t[StackOp::Not as usize] = Not::<FUEL>;
t[StackOp::ToBool as usize] = ToBool::<FUEL>;
t[StackOp::IsSet as usize] = IsSet::<FUEL>;
t[StackOp::Unset as usize] = Unset::<FUEL>;
t[StackOp::IsInstance as usize] = IsInstance::<FUEL>;
t[StackOp::RangeBound as usize] = RangeBound::<FUEL>;
t[StackOp::Jump as usize] = Jump::<FUEL>;
t[StackOp::JumpIfFalse as usize] = JumpIfFalse::<FUEL>;
t[StackOp::JumpIfTrue as usize] = JumpIfTrue::<FUEL>;
t[StackOp::Return as usize] = Return::<FUEL>;
t[StackOp::JumpIfNotNull as usize] = JumpIfNotNull::<FUEL>;
t[StackOp::Loop as usize] = Loop::<FUEL>;
t[StackOp::ForPrepare as usize] = ForPrepare::<FUEL>;
t[StackOp::ForLoop as usize] = ForLoop::<FUEL>;
t[StackOp::IterPrepare as usize] = IterPrepare::<FUEL>;
t[StackOp::LoopIfTrue as usize] = LoopIfTrue::<FUEL>;
t[StackOp::CallName as usize] = CallName::<FUEL>;
t[StackOp::CallFuncConst as usize] = CallFuncConst::<FUEL>;
t[StackOp::CallTop as usize] = CallTop::<FUEL>;
t[StackOp::CallBuiltin as usize] = CallBuiltin::<FUEL>;
t[StackOp::CallMethod as usize] = CallMethod::<FUEL>;
t[StackOp::MakeFunction as usize] = MakeFunction::<FUEL>;
t[StackOp::Construct as usize] = Construct::<FUEL>;
t[StackOp::NewRecord as usize] = NewRecord::<FUEL>;
t[StackOp::ListAppend as usize] = ListAppend::<FUEL>;
t[StackOp::BuildList as usize] = BuildList::<FUEL>;
t[StackOp::BuildMap as usize] = BuildMap::<FUEL>;
t[StackOp::BuildSet as usize] = BuildSet::<FUEL>;
t[StackOp::Index as usize] = Index::<FUEL>;
t[StackOp::Slice as usize] = Slice::<FUEL>;
t[StackOp::GetAttr as usize] = GetAttr::<FUEL>;
t[StackOp::SetIndex as usize] = SetIndex::<FUEL>;
t[StackOp::SetAttr as usize] = SetAttr::<FUEL>;
t[StackOp::GetLength as usize] = GetLength::<FUEL>;
t[StackOp::BuildString as usize] = BuildString::<FUEL>;
t[StackOp::Import as usize] = Import::<FUEL>;
t[StackOp::Require as usize] = Require::<FUEL>;
t[StackOp::Throw as usize] = Throw::<FUEL>;
t[StackOp::ForIter as usize] = ForIter::<FUEL>;
t[StackOp::ForPair as usize] = ForPair::<FUEL>;
t[StackOp::IterValue as usize] = IterValue::<FUEL>;
t[StackOp::Print as usize] = Print::<FUEL>;
t[StackOp::Nop as usize] = Nop::<FUEL>;
t }; }
pub(crate) unsafe fn run<const FUEL: bool>(machine: &mut Machine<'_>) { unsafe { next::<FUEL>(machine.registers, machine) } }
