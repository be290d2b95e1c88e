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

/// Calls `$callback!` with these rows in braces, then those of [`for_each_cached_handler!`] and of [`for_each_pair!`], all behind the
/// tokens given.
macro_rules! for_each_handler {
    ($callback:ident $($first:tt)*) => {
        $crate::handlers::table::for_each_cached_handler! { $callback $($first)* {
            LoadReg inline data::load_constant[];
            LoadVarReg inline data::load_global[];
            StoreReg inline data::store_global[];
            MovReg inline data::copy[];
            PushReg inline data::copy[];
            PopReg inline data::copy[];
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
            DivDivisor inline arithmetic::divide_by[R<B>, false];
            ModDivisor inline arithmetic::divide_by[R<B>, true];
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
            ForLoopReg inline loops::for_loop[false];
            ForLoopAndLoop inline loops::for_loop[true];
            CountedLoop inline loops::counted_loop[];
            RangeBoundReg outline loops::range_bound;
            IterPrepareReg outline loops::iter_prepare;
            ForIterReg inline loops::for_iter[false, false];
            ForIterAndLoop inline loops::for_iter[false, true];
            ForPairReg inline loops::for_iter[true, false];
            ForPairAndLoop inline loops::for_iter[true, true];
            IterValueReg outline loops::iter_value;

            IndexReg inline access::index[R<B>, R<C>];
            SetIndexReg inline access::set_index[];
            SliceReg outline access::slice;
            GetLengthReg inline access::length[];
            GetAttrReg inline access::get_attribute[R<B>];
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
            ReturnReg inline calls::leave[R<A>];
            ThrowReg outline calls::throw;
            RequireReg outline calls::require;
            NewContractReg outline chain::new_contract;
            RegisterEventReg outline chain::register_event;
            EmitEventReg outline chain::emit_event;
            HashBlockReg outline chain::hash_block;
            VerifySignatureReg outline chain::verify_signature;
            MerkleRootReg outline chain::merkle_root;
            StateReadReg outline chain::state_read;
            StateWriteReg outline chain::state_write;
            TxBeginReg outline chain::tx_begin;
            TxCommitReg outline chain::tx_commit;
            TxRevertReg outline chain::tx_revert;
            GasChargeReg outline chain::gas_charge;
            AddAttrReg outline chain::add_attribute;
            AddIndexReg outline chain::add_index;
            MeterReg inline data::meter[];
            LedgerAppendReg outline chain::ledger_append;
            PrintReg outline calls::print;
            SpawnReg outline tasks::spawn;
            SpawnMethodReg outline tasks::spawn_method;
            SpawnCallReg outline tasks::spawn_call;
            AwaitReg outline tasks::await_value;
            TaskEnd outline tasks::end;
            Counted outline tiers::count;
            EnterNative outline tiers::enter;
        } }
    };
}
pub(crate) use for_each_handler;

/// Calls `$callback!` with a row for every operation that finds an operand in the result of the instruction before
/// ([`Cached`](crate::code::Cached)), in braces behind the tokens given, then those of [`for_each_pair!`]:
///
/// ```text
/// Operation of the operation it is otherwise, lane of that operand, handler[generic arguments] else [those of the other operation];
/// ```
macro_rules! for_each_cached_handler {
    ($callback:ident $($first:tt)*) => {
        $crate::handlers::table::for_each_pair! { $callback $($first)* {
            AddRegCachedB of AddReg lane B arithmetic::binary[Add, Last<B>, R<C>] else [Add, R<B>, R<C>];
            AddRegCachedC of AddReg lane C arithmetic::binary[Add, R<B>, Last<C>] else [Add, R<B>, R<C>];
            SubRegCachedB of SubReg lane B arithmetic::binary[Subtract, Last<B>, R<C>] else [Subtract, R<B>, R<C>];
            SubRegCachedC of SubReg lane C arithmetic::binary[Subtract, R<B>, Last<C>] else [Subtract, R<B>, R<C>];
            MulRegCachedB of MulReg lane B arithmetic::binary[Multiply, Last<B>, R<C>] else [Multiply, R<B>, R<C>];
            MulRegCachedC of MulReg lane C arithmetic::binary[Multiply, R<B>, Last<C>] else [Multiply, R<B>, R<C>];
            DivRegCachedB of DivReg lane B arithmetic::binary[Divide, Last<B>, R<C>] else [Divide, R<B>, R<C>];
            DivRegCachedC of DivReg lane C arithmetic::binary[Divide, R<B>, Last<C>] else [Divide, R<B>, R<C>];
            ModRegCachedB of ModReg lane B arithmetic::binary[Modulo, Last<B>, R<C>] else [Modulo, R<B>, R<C>];
            ModRegCachedC of ModReg lane C arithmetic::binary[Modulo, R<B>, Last<C>] else [Modulo, R<B>, R<C>];
            AddRegCachedBoth of AddReg lane BOTH arithmetic::binary[Add, Last<B>, Last<C>] else [Add, R<B>, R<C>];
            SubRegCachedBoth of SubReg lane BOTH arithmetic::binary[Subtract, Last<B>, Last<C>] else [Subtract, R<B>, R<C>];
            MulRegCachedBoth of MulReg lane BOTH arithmetic::binary[Multiply, Last<B>, Last<C>] else [Multiply, R<B>, R<C>];
            DivRegCachedBoth of DivReg lane BOTH arithmetic::binary[Divide, Last<B>, Last<C>] else [Divide, R<B>, R<C>];
            ModRegCachedBoth of ModReg lane BOTH arithmetic::binary[Modulo, Last<B>, Last<C>] else [Modulo, R<B>, R<C>];
            AddIntCachedB of AddInt lane B arithmetic::binary[Add, Last<B>, I<C>] else [Add, R<B>, I<C>];
            SubIntCachedB of SubInt lane B arithmetic::binary[Subtract, Last<B>, I<C>] else [Subtract, R<B>, I<C>];
            MulIntCachedB of MulInt lane B arithmetic::binary[Multiply, Last<B>, I<C>] else [Multiply, R<B>, I<C>];
            DivIntCachedB of DivInt lane B arithmetic::binary[Divide, Last<B>, I<C>] else [Divide, R<B>, I<C>];
            ModIntCachedB of ModInt lane B arithmetic::binary[Modulo, Last<B>, I<C>] else [Modulo, R<B>, I<C>];
            AddConstCachedB of AddConst lane B arithmetic::binary[Add, Last<B>, K<C>] else [Add, R<B>, K<C>];
            SubConstCachedB of SubConst lane B arithmetic::binary[Subtract, Last<B>, K<C>] else [Subtract, R<B>, K<C>];
            MulConstCachedB of MulConst lane B arithmetic::binary[Multiply, Last<B>, K<C>] else [Multiply, R<B>, K<C>];
            DivConstCachedB of DivConst lane B arithmetic::binary[Divide, Last<B>, K<C>] else [Divide, R<B>, K<C>];
            ModConstCachedB of ModConst lane B arithmetic::binary[Modulo, Last<B>, K<C>] else [Modulo, R<B>, K<C>];
            ConstAddCachedC of ConstAdd lane C arithmetic::binary[Add, K<B>, Last<C>] else [Add, K<B>, R<C>];
            ConstSubCachedC of ConstSub lane C arithmetic::binary[Subtract, K<B>, Last<C>] else [Subtract, K<B>, R<C>];
            ConstMulCachedC of ConstMul lane C arithmetic::binary[Multiply, K<B>, Last<C>] else [Multiply, K<B>, R<C>];
            ConstDivCachedC of ConstDiv lane C arithmetic::binary[Divide, K<B>, Last<C>] else [Divide, K<B>, R<C>];
            DivDivisorCachedB of DivDivisor lane B arithmetic::divide_by[Last<B>, false] else [R<B>, false];
            ModDivisorCachedB of ModDivisor lane B arithmetic::divide_by[Last<B>, true] else [R<B>, true];
            JumpEqCachedA of JumpEq lane A branch::compare[Equal, Last<A>, R<B>] else [Equal, R<A>, R<B>];
            JumpEqCachedB of JumpEq lane B branch::compare[Equal, R<A>, Last<B>] else [Equal, R<A>, R<B>];
            JumpNeqCachedA of JumpNeq lane A branch::compare[Not<Equal>, Last<A>, R<B>] else [Not<Equal>, R<A>, R<B>];
            JumpNeqCachedB of JumpNeq lane B branch::compare[Not<Equal>, R<A>, Last<B>] else [Not<Equal>, R<A>, R<B>];
            JumpLtCachedA of JumpLt lane A branch::compare[Less, Last<A>, R<B>] else [Less, R<A>, R<B>];
            JumpLtCachedB of JumpLt lane B branch::compare[Less, R<A>, Last<B>] else [Less, R<A>, R<B>];
            JumpNotLtCachedA of JumpNotLt lane A branch::compare[Not<Less>, Last<A>, R<B>] else [Not<Less>, R<A>, R<B>];
            JumpNotLtCachedB of JumpNotLt lane B branch::compare[Not<Less>, R<A>, Last<B>] else [Not<Less>, R<A>, R<B>];
            JumpGtCachedA of JumpGt lane A branch::compare[Greater, Last<A>, R<B>] else [Greater, R<A>, R<B>];
            JumpGtCachedB of JumpGt lane B branch::compare[Greater, R<A>, Last<B>] else [Greater, R<A>, R<B>];
            JumpNotGtCachedA of JumpNotGt lane A branch::compare[Not<Greater>, Last<A>, R<B>] else [Not<Greater>, R<A>, R<B>];
            JumpNotGtCachedB of JumpNotGt lane B branch::compare[Not<Greater>, R<A>, Last<B>] else [Not<Greater>, R<A>, R<B>];
            JumpLteCachedA of JumpLte lane A branch::compare[LessOrEqual, Last<A>, R<B>] else [LessOrEqual, R<A>, R<B>];
            JumpLteCachedB of JumpLte lane B branch::compare[LessOrEqual, R<A>, Last<B>] else [LessOrEqual, R<A>, R<B>];
            JumpNotLteCachedA of JumpNotLte lane A branch::compare[Not<LessOrEqual>, Last<A>, R<B>] else [Not<LessOrEqual>, R<A>, R<B>];
            JumpNotLteCachedB of JumpNotLte lane B branch::compare[Not<LessOrEqual>, R<A>, Last<B>] else [Not<LessOrEqual>, R<A>, R<B>];
            JumpGteCachedA of JumpGte lane A branch::compare[GreaterOrEqual, Last<A>, R<B>] else [GreaterOrEqual, R<A>, R<B>];
            JumpGteCachedB of JumpGte lane B branch::compare[GreaterOrEqual, R<A>, Last<B>] else [GreaterOrEqual, R<A>, R<B>];
            JumpNotGteCachedA of JumpNotGte lane A branch::compare[Not<GreaterOrEqual>, Last<A>, R<B>] else [Not<GreaterOrEqual>, R<A>, R<B>];
            JumpNotGteCachedB of JumpNotGte lane B branch::compare[Not<GreaterOrEqual>, R<A>, Last<B>] else [Not<GreaterOrEqual>, R<A>, R<B>];
            JumpEqIntCachedA of JumpEqInt lane A branch::compare[Equal, Last<A>, I<B>] else [Equal, R<A>, I<B>];
            JumpNeqIntCachedA of JumpNeqInt lane A branch::compare[Not<Equal>, Last<A>, I<B>] else [Not<Equal>, R<A>, I<B>];
            JumpLtIntCachedA of JumpLtInt lane A branch::compare[Less, Last<A>, I<B>] else [Less, R<A>, I<B>];
            JumpNotLtIntCachedA of JumpNotLtInt lane A branch::compare[Not<Less>, Last<A>, I<B>] else [Not<Less>, R<A>, I<B>];
            JumpGtIntCachedA of JumpGtInt lane A branch::compare[Greater, Last<A>, I<B>] else [Greater, R<A>, I<B>];
            JumpNotGtIntCachedA of JumpNotGtInt lane A branch::compare[Not<Greater>, Last<A>, I<B>] else [Not<Greater>, R<A>, I<B>];
            JumpLteIntCachedA of JumpLteInt lane A branch::compare[LessOrEqual, Last<A>, I<B>] else [LessOrEqual, R<A>, I<B>];
            JumpNotLteIntCachedA of JumpNotLteInt lane A branch::compare[Not<LessOrEqual>, Last<A>, I<B>] else [Not<LessOrEqual>, R<A>, I<B>];
            JumpGteIntCachedA of JumpGteInt lane A branch::compare[GreaterOrEqual, Last<A>, I<B>] else [GreaterOrEqual, R<A>, I<B>];
            JumpNotGteIntCachedA of JumpNotGteInt lane A branch::compare[Not<GreaterOrEqual>, Last<A>, I<B>] else [Not<GreaterOrEqual>, R<A>, I<B>];
            JumpEqConstCachedA of JumpEqConst lane A branch::compare[Equal, Last<A>, K<B>] else [Equal, R<A>, K<B>];
            JumpNeqConstCachedA of JumpNeqConst lane A branch::compare[Not<Equal>, Last<A>, K<B>] else [Not<Equal>, R<A>, K<B>];
            JumpLtConstCachedA of JumpLtConst lane A branch::compare[Less, Last<A>, K<B>] else [Less, R<A>, K<B>];
            JumpNotLtConstCachedA of JumpNotLtConst lane A branch::compare[Not<Less>, Last<A>, K<B>] else [Not<Less>, R<A>, K<B>];
            JumpGtConstCachedA of JumpGtConst lane A branch::compare[Greater, Last<A>, K<B>] else [Greater, R<A>, K<B>];
            JumpNotGtConstCachedA of JumpNotGtConst lane A branch::compare[Not<Greater>, Last<A>, K<B>] else [Not<Greater>, R<A>, K<B>];
            JumpLteConstCachedA of JumpLteConst lane A branch::compare[LessOrEqual, Last<A>, K<B>] else [LessOrEqual, R<A>, K<B>];
            JumpNotLteConstCachedA of JumpNotLteConst lane A branch::compare[Not<LessOrEqual>, Last<A>, K<B>] else [Not<LessOrEqual>, R<A>, K<B>];
            JumpGteConstCachedA of JumpGteConst lane A branch::compare[GreaterOrEqual, Last<A>, K<B>] else [GreaterOrEqual, R<A>, K<B>];
            JumpNotGteConstCachedA of JumpNotGteConst lane A branch::compare[Not<GreaterOrEqual>, Last<A>, K<B>] else [Not<GreaterOrEqual>, R<A>, K<B>];
            IndexRegCachedB of IndexReg lane B access::index[Last<B>, R<C>] else [R<B>, R<C>];
            IndexRegCachedC of IndexReg lane C access::index[R<B>, Last<C>] else [R<B>, R<C>];
            GetAttrRegCachedB of GetAttrReg lane B access::get_attribute[Last<B>] else [R<B>];
            ReturnRegCachedA of ReturnReg lane A calls::leave[Last<A>] else [R<A>];
        } }
    };
}
pub(crate) use for_each_cached_handler;

/// Calls `$callback!` with a row for every pair of instructions that runs as one operation, behind the tokens given:
///
/// ```text
/// Operation of the first one's operation, handler[generic arguments] then the second one's operation, handler[generic arguments];
/// ```
///
/// Both operations are those that linking gives the instructions, on results at hand or not: the second one's handler gets the first one's result.
/// The first always goes on right behind it. Rows earn their place by their share of the instructions that bundled programs run
/// (`harness profile --probe ngrams`); what all of them together buy is measured with the mechanism `pairs` switched off.
macro_rules! for_each_pair {
    ($callback:ident $($first:tt)*) => {
        $callback! {
            $($first)*
            MovRegThenMovReg of MovReg data::copy[] then MovReg data::copy[];
            MovRegThenLoadReg of MovReg data::copy[] then LoadReg data::load_constant[];
            MovRegThenCallMethodReg of MovReg data::copy[] then CallMethodReg calls::call_method[];
            MovRegThenCallFuncConstReg of MovReg data::copy[] then CallFuncConstReg calls::call_function[];
            MovRegThenCallTopReg of MovReg data::copy[] then CallTopReg calls::call_register[];
            MovRegThenJumpReg of MovReg data::copy[] then JumpReg branch::jump[];
            MovRegThenJumpNeqInt of MovReg data::copy[] then JumpNeqInt branch::compare[Not<Equal>, R<A>, I<B>];
            LoadIntThenIndexReg of LoadInt data::load_int[] then IndexReg access::index[R<B>, R<C>];
            LoadIntThenJumpReg of LoadInt data::load_int[] then JumpReg branch::jump[];
            LoadRegThenReturnReg of LoadReg data::load_constant[] then ReturnReg calls::leave[R<A>];
            LoadRegThenLoadReg of LoadReg data::load_constant[] then LoadReg data::load_constant[];
            LoadRegThenSetIndexReg of LoadReg data::load_constant[] then SetIndexReg access::set_index[];
            LoadVarRegThenMovReg of LoadVarReg data::load_global[] then MovReg data::copy[];
            GetAttrRegThenGetAttrReg of GetAttrReg access::get_attribute[R<B>] then GetAttrReg access::get_attribute[R<B>];
            GetAttrRegThenMulRegCachedC of GetAttrReg access::get_attribute[R<B>] then MulRegCachedC arithmetic::binary[Multiply, R<B>, Last<C>];
            GetAttrRegThenLoadVarReg of GetAttrReg access::get_attribute[R<B>] then LoadVarReg data::load_global[];
            SetAttrRegThenGetAttrReg of SetAttrReg access::set_attribute[] then GetAttrReg access::get_attribute[R<B>];
            AddRegCachedCThenSetAttrReg of AddRegCachedC arithmetic::binary[Add, R<B>, Last<C>] then SetAttrReg access::set_attribute[];
            IndexRegThenIndexReg of IndexReg access::index[R<B>, R<C>] then IndexReg access::index[R<B>, R<C>];
            IndexRegThenLoadInt of IndexReg access::index[R<B>, R<C>] then LoadInt data::load_int[];
            IndexRegThenMovReg of IndexReg access::index[R<B>, R<C>] then MovReg data::copy[];
            IndexRegThenAddInt of IndexReg access::index[R<B>, R<C>] then AddInt arithmetic::binary[Add, R<B>, I<C>];
            IndexRegThenAddRegCachedC of IndexReg access::index[R<B>, R<C>] then AddRegCachedC arithmetic::binary[Add, R<B>, Last<C>];
            IndexRegThenMulRegCachedC of IndexReg access::index[R<B>, R<C>] then MulRegCachedC arithmetic::binary[Multiply, R<B>, Last<C>];
            IndexRegThenAddIntCachedB of IndexReg access::index[R<B>, R<C>] then AddIntCachedB arithmetic::binary[Add, Last<B>, I<C>];
            IndexRegThenSetIndexReg of IndexReg access::index[R<B>, R<C>] then SetIndexReg access::set_index[];
            SetIndexRegThenAddInt of SetIndexReg access::set_index[] then AddInt arithmetic::binary[Add, R<B>, I<C>];
            AddIntThenIndexRegCachedC of AddInt arithmetic::binary[Add, R<B>, I<C>] then IndexRegCachedC access::index[R<B>, Last<C>];
            SubIntThenIndexRegCachedC of SubInt arithmetic::binary[Subtract, R<B>, I<C>] then IndexRegCachedC access::index[R<B>, Last<C>];
            ModDivisorCachedBThenIndexRegCachedC of ModDivisorCachedB arithmetic::divide_by[Last<B>, true] then IndexRegCachedC access::index[R<B>, Last<C>];
            AddIntThenGetLengthReg of AddInt arithmetic::binary[Add, R<B>, I<C>] then GetLengthReg access::length[];
            GetLengthRegThenJumpLt of GetLengthReg access::length[] then JumpLt branch::compare[Less, R<A>, R<B>];
            GetLengthRegThenJumpNotLt of GetLengthReg access::length[] then JumpNotLt branch::compare[Not<Less>, R<A>, R<B>];
            AddIntThenJumpLtCachedA of AddInt arithmetic::binary[Add, R<B>, I<C>] then JumpLtCachedA branch::compare[Less, Last<A>, R<B>];
            AddIntThenJumpLteCachedA of AddInt arithmetic::binary[Add, R<B>, I<C>] then JumpLteCachedA branch::compare[LessOrEqual, Last<A>, R<B>];
            AddIntThenJumpNeqInt of AddInt arithmetic::binary[Add, R<B>, I<C>] then JumpNeqInt branch::compare[Not<Equal>, R<A>, I<B>];
            AddIntThenAddInt of AddInt arithmetic::binary[Add, R<B>, I<C>] then AddInt arithmetic::binary[Add, R<B>, I<C>];
            AddRegThenJumpLteCachedA of AddReg arithmetic::binary[Add, R<B>, R<C>] then JumpLteCachedA branch::compare[LessOrEqual, Last<A>, R<B>];
            AddRegThenJumpLtCachedA of AddReg arithmetic::binary[Add, R<B>, R<C>] then JumpLtCachedA branch::compare[Less, Last<A>, R<B>];
            AddIntCachedBThenModDivisorCachedB of AddIntCachedB arithmetic::binary[Add, Last<B>, I<C>] then ModDivisorCachedB arithmetic::divide_by[Last<B>, true];
            AddIntCachedBThenStoreReg of AddIntCachedB arithmetic::binary[Add, Last<B>, I<C>] then StoreReg data::store_global[];
            MulIntThenAddRegCachedB of MulInt arithmetic::binary[Multiply, R<B>, I<C>] then AddRegCachedB arithmetic::binary[Add, Last<B>, R<C>];
            MulIntThenModDivisorCachedB of MulInt arithmetic::binary[Multiply, R<B>, I<C>] then ModDivisorCachedB arithmetic::divide_by[Last<B>, true];
            MulRegCachedCThenAddRegCachedC of MulRegCachedC arithmetic::binary[Multiply, R<B>, Last<C>] then AddRegCachedC arithmetic::binary[Add, R<B>, Last<C>];
            AddRegCachedCThenAddInt of AddRegCachedC arithmetic::binary[Add, R<B>, Last<C>] then AddInt arithmetic::binary[Add, R<B>, I<C>];
            ConstMulThenAddIntCachedB of ConstMul arithmetic::binary[Multiply, K<B>, R<C>] then AddIntCachedB arithmetic::binary[Add, Last<B>, I<C>];
            MulConstThenAddIntCachedB of MulConst arithmetic::binary[Multiply, R<B>, K<C>] then AddIntCachedB arithmetic::binary[Add, Last<B>, I<C>];
            SubRegThenAddRegCachedB of SubReg arithmetic::binary[Subtract, R<B>, R<C>] then AddRegCachedB arithmetic::binary[Add, Last<B>, R<C>];
            ModDivisorThenJumpNeqIntCachedA of ModDivisor arithmetic::divide_by[R<B>, true] then JumpNeqIntCachedA branch::compare[Not<Equal>, Last<A>, I<B>];
            ModDivisorCachedBThenAddInt of ModDivisorCachedB arithmetic::divide_by[Last<B>, true] then AddInt arithmetic::binary[Add, R<B>, I<C>];
            SubIntThenCallFuncConstReg of SubInt arithmetic::binary[Subtract, R<B>, I<C>] then CallFuncConstReg calls::call_function[];
            SubIntThenMovReg of SubInt arithmetic::binary[Subtract, R<B>, I<C>] then MovReg data::copy[];
            AddRegCachedCThenReturnRegCachedA of AddRegCachedC arithmetic::binary[Add, R<B>, Last<C>] then ReturnRegCachedA calls::leave[Last<A>];
            LoadCaptureCellRegThenLoadCaptureReg of LoadCaptureCellReg data::load_capture_cell[] then LoadCaptureReg data::load_capture[];
            StoreCaptureCellRegThenLoadCaptureCellReg of StoreCaptureCellReg data::store_capture_cell[] then LoadCaptureCellReg data::load_capture_cell[];
            LoadCaptureCellRegThenReturnRegCachedA of LoadCaptureCellReg data::load_capture_cell[] then ReturnRegCachedA calls::leave[Last<A>];
        }
    };
}
pub(crate) use for_each_pair;

/// What the rows name.
pub(crate) mod names {
    pub(crate) use crate::code::{A, B, C};
    pub(crate) use crate::handlers::arithmetic::{self, Add, Divide, Modulo, Multiply, Subtract};
    pub(crate) use crate::handlers::compare::{self, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Not};
    pub(crate) use crate::handlers::operand::{I, K, Last, R};
    pub(crate) use crate::handlers::{access, branch, build, calls, chain, data, loops, tasks, tiers};
}
