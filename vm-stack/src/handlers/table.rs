//! The one table that says which handler runs an operation.
//!
//! Dispatch techniques are callbacks of [`for_each_handler!`], so they cannot differ in what they run. A row is
//!
//! ```text
//! Operation plain handler;
//! Operation fuel handler;     takes fuel: there is one handler for runs that count it, and one for runs that do not
//! ```
//!
//! An operation without a row does not compile: every technique covers [`Operation`](crate::operation::Operation) exhaustively.

/// Calls `$callback!` with the rows of the stack form's operations in braces, then those of the
/// [superinstructions](crate::superinstructions), all behind the tokens given.
macro_rules! for_each_handler {
    ($callback:ident $($first:tt)*) => {
        $crate::superinstructions::for_each_superinstruction! { $callback $($first)* {
            LoadConst plain variables::load_const;
            LoadName plain variables::load_name;
            StoreName plain variables::store_name;
            StoreFunc plain variables::store_func;
            Pop plain variables::pop;
            Dup plain variables::dup;
            LoadLocal plain variables::load_local;
            StoreLocal plain variables::store_local;
            LoadLocals plain variables::load_locals;
            LoadLocalConst plain variables::load_local_const;
            StoreLoad plain variables::store_load;
            CheckLocal plain variables::check_local;
            Add plain arithmetic::add;
            Sub plain arithmetic::sub;
            Mul plain arithmetic::mul;
            Div plain arithmetic::div;
            Mod plain arithmetic::modulo;
            Pow plain arithmetic::pow;
            Neg plain arithmetic::neg;
            MakeCell plain variables::make_cell;
            LoadCell plain variables::load_cell;
            StoreCell plain variables::store_cell;
            Eq plain compare::eq;
            Neq plain compare::neq;
            Lt plain compare::lt;
            Gt plain compare::gt;
            Lte plain compare::lte;
            Gte plain compare::gte;
            In plain compare::contains;
            LoadCapture plain variables::load_capture;
            LoadCaptureCell plain variables::load_capture_cell;
            StoreCaptureCell plain variables::store_capture_cell;
            And plain compare::and;
            Or plain compare::or;
            Not plain compare::not;
            ToBool plain compare::to_bool;
            IsSet plain variables::is_set;
            Unset plain variables::unset;
            IsInstance plain compare::is_instance;
            RangeBound plain arithmetic::range_bound;
            Jump plain control::jump;
            JumpIfFalse plain control::jump_if_false;
            JumpIfTrue plain control::jump_if_true;
            Return plain calls::return_value;
            JumpIfNotNull plain control::jump_if_not_null;
            Loop fuel control::begin_iteration;
            ForPrepare plain control::for_prepare;
            ForLoop plain control::for_loop;
            IterPrepare plain control::iter_prepare;
            LoopIfTrue fuel control::begin_iteration_if_true;
            CallName fuel calls::call_name;
            CallFuncConst fuel calls::call_func_const;
            CallTop fuel calls::call_top;
            CallBuiltin plain calls::call_builtin;
            CallMethod fuel calls::call_method;
            MakeFunction plain variables::make_function;
            Construct plain calls::construct;
            NewRecord plain collections::new_record;
            NewContract plain chain::new_contract;
            ListAppend plain collections::list_append;
            BuildList plain collections::build_list;
            BuildMap plain collections::build_map;
            BuildSet plain collections::build_set;
            Index plain access::index;
            Slice plain access::slice;
            GetAttr plain access::get_attr;
            SetIndex plain access::set_index;
            SetAttr plain access::set_attr;
            GetLength plain access::get_length;
            BuildString plain collections::build_string;
            RegisterEvent plain chain::register_event;
            EmitEvent plain chain::emit_event;
            Import plain calls::import;
            HashBlock plain chain::hash_block;
            VerifySignature plain chain::verify_signature;
            MerkleRoot plain chain::merkle_root;
            StateRead plain chain::state_read;
            StateWrite plain chain::state_write;
            TxBegin plain chain::tx_begin;
            TxCommit plain chain::tx_commit;
            TxRevert plain chain::tx_revert;
            GasCharge plain chain::gas_charge;
            AddAttr plain chain::add_attr;
            AddIndex plain chain::add_index;
            Meter plain chain::meter;
            LedgerAppend plain chain::ledger_append;
            Spawn plain tasks::spawn;
            SpawnMethod plain tasks::spawn_method;
            SpawnCall plain tasks::spawn_call;
            Await plain tasks::await_value;
            Require plain collections::require;
            Throw plain control::throw;
            ForIter plain control::for_iter;
            ForPair plain control::for_pair;
            IterValue plain control::iter_value;
            Print plain collections::print;
            Nop plain variables::nop;
        } }
    };
}
pub(crate) use for_each_handler;

/// What the rows name.
pub(crate) mod names {
    pub(crate) use crate::handlers::arithmetic::{Add, Div, Mod, Mul, Sub};
    pub(crate) use crate::handlers::compare::{Eq, Gt, Gte, Lt, Lte, Neq};
    pub(crate) use crate::handlers::fused::{Const, JumpIfFalse, Local, LoopIfTrue, Operand};
    pub(crate) use crate::handlers::{
        access, arithmetic, calls, chain, collections, compare, control, fused, tasks, variables,
    };
}
