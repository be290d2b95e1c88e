//! Contracts, transactions, events, and the other operations on the ledger and its state.

use crate::code::{B, C, State};
use crate::machine::Machine;

macro_rules! results {
    ($($(#[$documentation:meta])* $name:ident($m:ident, $i:ident) $operation:expr;)*) => {$(
        $(#[$documentation])*
        ///
        /// # Safety
        /// See [`crate::handlers`].
        #[inline(never)]
        pub(crate) unsafe fn $name($m: &mut Machine<'_>, state: State) -> State {
            // SAFETY: the caller's promise: the lanes are what the table says.
            unsafe {
                let $i = state.fetch();
                let result = $operation;
                $m.finish($i, $i.a(), result)
            }
        }
    )*};
}

macro_rules! effects {
    ($($(#[$documentation:meta])* $name:ident($m:ident, $i:ident) $operation:expr;)*) => {$(
        $(#[$documentation])*
        ///
        /// # Safety
        /// See [`crate::handlers`].
        #[inline(never)]
        pub(crate) unsafe fn $name($m: &mut Machine<'_>, state: State) -> State {
            // SAFETY: as above.
            unsafe {
                let $i = state.fetch();
                let result = $operation;
                $m.finish_unit($i, result)
            }
        }
    )*};
}

results! {
    /// `R[a] := new contract of T[t]`
    new_contract(m, i) m.runtime.new_contract(i.word.lane::<B>() as u32);
    /// Appends event `N[m]` with the arguments in list `R[b]` to the log; `R[a] := list of the handlers to call`.
    emit_event(m, i) m.runtime.emit_event(i.word.lane::<C>() as u32, i.b().value());
    /// `R[a] := hex digest of the canonical encoding of R[b] by algorithm R[c]`
    hash_block(m, i) m.runtime.block_hash(i.b().value(), i.c().value());
    /// `R[a] := whether R[a+1] is a good signature of message R[a] by key R[a+2]`
    verify_signature(m, i) {
        let operands = i.window(0, 3);
        m.runtime.has_signed(operands[0], operands[1], operands[2])
    };
    /// `R[a] := hex Merkle root of the elements of list R[b]`
    merkle_root(m, i) m.runtime.merkle_root(i.b().value());
    /// `R[a] := what the state has at key R[b]`
    state_read(m, i) m.runtime.state_read(i.b().value());
    /// `R[a] := R[b] as the caller gets it`, and the innermost transaction ends.
    tx_commit(m, i) m.runtime.commit_transaction(i.b().value());
    /// `R[a] := index in the ledger of the new entry R[b]`
    ledger_append(m, i) m.runtime.ledger_append(i.b().value());
}

effects! {
    /// `R[b]` is called whenever event `R[a]` is emitted.
    register_event(m, i) m.runtime.register_event(i.a().value(), i.b().value());
    /// The state has `R[b]` at key `R[a]`.
    state_write(m, i) m.runtime.state_write(i.a().value(), i.b().value());
    /// Begins a transaction: a call of action `N[m]` of contract `R[a]`, unless that is null.
    tx_begin(m, i) m.runtime.begin_transaction(i.a().value(), i.word.lane::<B>() as u32);
    /// Ends the innermost transaction and undoes what it did.
    tx_revert(m, i) m.runtime.revert_transaction();
    /// `R[a].N[m] := R[a].N[m] + R[c]`
    add_attribute(m, i) m.runtime.add_to_attribute(i.a().value(), i.word.lane::<B>() as u32, i.c().value());
    /// `R[a][R[b]] := R[a][R[b]] + R[c]`
    add_index(m, i) m.runtime.add_to_index(i.a().value(), i.b().value(), i.c().value());
    /// Charges `R[a]` gas.
    gas_charge(m, i) m.runtime.charge_gas(i.a().value());
}
