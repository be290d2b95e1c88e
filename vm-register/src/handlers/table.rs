//! The one table that says which handler runs an operation.
//!
//! Dispatch techniques are callbacks of [`for_each_handler!`], so they cannot differ in what they run. A row is
//!
//! ```text
//! Operation inline handler[generic arguments behind the technique];    a hot part, inlined where the technique wants it
//! Operation outline function;                                          the whole instruction, out of line
//! ```
//!
//! An operation without a row does not compile: every technique covers [`Operation`](crate::code::Operation) exhaustively.

/// Calls `$callback!` with every row, behind the tokens given.
macro_rules! for_each_handler {
    ($callback:ident $($first:tt)*) => {
        $callback! {
            $($first)*
            LoadReg inline data::load_constant[];
            LoadVarReg inline data::load_global[];
            StoreReg inline data::store_global[];
            MovReg inline data::copy[];
            LoadSpill inline data::copy[];
            StoreSpill inline data::spill[];
            LoadInt inline data::load_int[];
            LoadUnset inline data::load_unset[];
            StoreFuncReg outline data::store_function;
            CheckReg inline data::check[];
            MakeCellReg outline data::make_cell;
            LoadCellReg inline data::load_cell[];
            StoreCellReg inline data::store_cell[];
            LoadCaptureReg inline data::load_capture[];
            LoadCaptureCellReg inline data::load_capture_cell[];
            StoreCaptureCellReg inline data::store_capture_cell[];
            SetCapture outline data::set_capture;
            MakeFunctionReg outline data::make_function;
            NopReg inline data::nop[];

            AddReg inline arithmetic::binary[Add, R<B>, R<C>];
            SubReg inline arithmetic::binary[Subtract, R<B>, R<C>];
            MulReg inline arithmetic::binary[Multiply, R<B>, R<C>];
            DivReg inline arithmetic::binary[Divide, R<B>, R<C>];
            ModReg inline arithmetic::binary[Modulo, R<B>, R<C>];
            AddInt inline arithmetic::binary[Add, R<B>, I<C>];
            SubInt inline arithmetic::binary[Subtract, R<B>, I<C>];
            MulInt inline arithmetic::binary[Multiply, R<B>, I<C>];
            DivInt inline arithmetic::binary[Divide, R<B>, I<C>];
            ModInt inline arithmetic::binary[Modulo, R<B>, I<C>];
            AddConst inline arithmetic::binary[Add, R<B>, K<C>];
            SubConst inline arithmetic::binary[Subtract, R<B>, K<C>];
            MulConst inline arithmetic::binary[Multiply, R<B>, K<C>];
            DivConst inline arithmetic::binary[Divide, R<B>, K<C>];
            ModConst inline arithmetic::binary[Modulo, R<B>, K<C>];
            ConstAdd inline arithmetic::binary[Add, K<B>, R<C>];
            ConstSub inline arithmetic::binary[Subtract, K<B>, R<C>];
            ConstMul inline arithmetic::binary[Multiply, K<B>, R<C>];
            ConstDiv inline arithmetic::binary[Divide, K<B>, R<C>];
            PowReg outline arithmetic::power;
            NegReg inline arithmetic::negate[];

            EqReg inline compare::compare[Equal, R<B>, R<C>];
            NeqReg inline compare::compare[Not<Equal>, R<B>, R<C>];
            LtReg inline compare::compare[Less, R<B>, R<C>];
            GtReg inline compare::compare[Greater, R<B>, R<C>];
            LteReg inline compare::compare[LessOrEqual, R<B>, R<C>];
            GteReg inline compare::compare[GreaterOrEqual, R<B>, R<C>];
            AndReg outline compare::and;
            OrReg outline compare::or;
            NotReg inline compare::truth[false];
            ToBoolReg inline compare::truth[true];
            InReg outline compare::contains;
            IsSetReg inline compare::is_set[];
            IsInstanceReg outline compare::is_instance;

            JumpEq inline branch::compare[Equal, R<A>, R<B>];
            JumpNeq inline branch::compare[Not<Equal>, R<A>, R<B>];
            JumpLt inline branch::compare[Less, R<A>, R<B>];
            JumpNotLt inline branch::compare[Not<Less>, R<A>, R<B>];
            JumpGt inline branch::compare[Greater, R<A>, R<B>];
            JumpNotGt inline branch::compare[Not<Greater>, R<A>, R<B>];
            JumpLte inline branch::compare[LessOrEqual, R<A>, R<B>];
            JumpNotLte inline branch::compare[Not<LessOrEqual>, R<A>, R<B>];
            JumpGte inline branch::compare[GreaterOrEqual, R<A>, R<B>];
            JumpNotGte inline branch::compare[Not<GreaterOrEqual>, R<A>, R<B>];
            JumpEqInt inline branch::compare[Equal, R<A>, I<B>];
            JumpNeqInt inline branch::compare[Not<Equal>, R<A>, I<B>];
            JumpLtInt inline branch::compare[Less, R<A>, I<B>];
            JumpNotLtInt inline branch::compare[Not<Less>, R<A>, I<B>];
            JumpGtInt inline branch::compare[Greater, R<A>, I<B>];
            JumpNotGtInt inline branch::compare[Not<Greater>, R<A>, I<B>];
            JumpLteInt inline branch::compare[LessOrEqual, R<A>, I<B>];
            JumpNotLteInt inline branch::compare[Not<LessOrEqual>, R<A>, I<B>];
            JumpGteInt inline branch::compare[GreaterOrEqual, R<A>, I<B>];
            JumpNotGteInt inline branch::compare[Not<GreaterOrEqual>, R<A>, I<B>];
            JumpEqConst inline branch::compare[Equal, R<A>, K<B>];
            JumpNeqConst inline branch::compare[Not<Equal>, R<A>, K<B>];
            JumpLtConst inline branch::compare[Less, R<A>, K<B>];
            JumpNotLtConst inline branch::compare[Not<Less>, R<A>, K<B>];
            JumpGtConst inline branch::compare[Greater, R<A>, K<B>];
            JumpNotGtConst inline branch::compare[Not<Greater>, R<A>, K<B>];
            JumpLteConst inline branch::compare[LessOrEqual, R<A>, K<B>];
            JumpNotLteConst inline branch::compare[Not<LessOrEqual>, R<A>, K<B>];
            JumpGteConst inline branch::compare[GreaterOrEqual, R<A>, K<B>];
            JumpNotGteConst inline branch::compare[Not<GreaterOrEqual>, R<A>, K<B>];
            JumpReg inline branch::jump[];
            JumpIfFalseReg inline branch::truth[false];
            JumpIfTrueReg inline branch::truth[true];
            LoopIfTrueReg inline branch::truth[true];
            JumpIfNotNullReg inline branch::not_null[];
            LoopReg inline branch::begin_iteration[];

            ForPrepareReg outline loops::for_prepare;
            ForLoopReg inline loops::for_loop[];
            CountedLoop inline loops::counted_loop[];
            RangeBoundReg outline loops::range_bound;
            IterPrepareReg outline loops::iter_prepare;
            ForIterReg inline loops::for_iter[false];
            ForPairReg inline loops::for_iter[true];
            IterValueReg outline loops::iter_value;

            IndexReg inline access::index[];
            SetIndexReg inline access::set_index[];
            SliceReg outline access::slice;
            GetLengthReg inline access::length[];
            GetAttrReg inline access::get_attribute[];
            SetAttrReg inline access::set_attribute[];

            BuildListReg outline build::list;
            BuildMapReg outline build::map;
            BuildSetReg outline build::set;
            BuildStringReg outline build::string;
            ListAppendReg outline build::append;
            NewRecordReg outline build::record;

            CallFuncConstReg inline calls::call_function[];
            CallNameReg inline calls::call_global[];
            CallTopReg inline calls::call_register[];
            CallMethodReg inline calls::call_method[];
            CallBuiltinReg outline calls::call_builtin;
            ConstructReg outline calls::construct;
            ImportReg outline calls::import;
            ReturnReg inline calls::leave[];
            ThrowReg outline calls::throw;
            RequireReg outline calls::require;
            PrintReg outline calls::print;
        }
    };
}
pub(crate) use for_each_handler;

/// What the rows name.
pub(crate) mod names {
    pub(crate) use crate::code::{A, B, C};
    pub(crate) use crate::handlers::arithmetic::{self, Add, Divide, Modulo, Multiply, Subtract};
    pub(crate) use crate::handlers::compare::{self, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Not};
    pub(crate) use crate::handlers::operand::{I, K, R};
    pub(crate) use crate::handlers::{access, branch, build, calls, data, loops};
}
