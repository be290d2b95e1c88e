//! New objects from windows.

use runtime::{Fault, Value};

use crate::code::{B, C, Instruction, State};
use crate::machine::Machine;

/// Runs `operation` on a window of `size` registers and puts the result where the window begins.
///
/// # Safety
/// See [`crate::handlers`]; so many registers from `R[a]` on are a window.
#[inline(always)]
unsafe fn over_window(
    m: &mut Machine<'_>,
    i: Instruction,
    size: usize,
    operation: impl FnOnce(&mut Machine<'_>, &[Value]) -> Result<Value, Fault>,
) -> State {
    // SAFETY: the caller's promise; operations do not touch registers.
    unsafe {
        let result = operation(m, i.window(0, size));
        m.finish(i, i.a(), result)
    }
}

macro_rules! builds {
    ($($(#[$documentation:meta])* $name:ident($i:ident, $count:ident) $size:expr => |$m:ident, $values:ident| $operation:expr;)*) => {$(
        $(#[$documentation])*
        ///
        /// # Safety
        /// See [`crate::handlers`].
        #[inline(never)]
        pub(crate) unsafe fn $name(m: &mut Machine<'_>, state: State) -> State {
            // SAFETY: the caller's promise: lane `a` is a window of `c` items.
            unsafe {
                let $i = state.fetch();
                let $count = $i.word.lane::<C>();
                over_window(m, $i, $size, |$m, $values| $operation)
            }
        }
    )*};
}

builds! {
    /// `R[a] := new list of R[a], … n values`
    list(i, n) n => |m, values| m.runtime.build_list(values);
    /// `R[a] := new map of the n pairs from R[a]`
    map(i, n) 2 * n => |m, values| m.runtime.build_map(values);
    /// `R[a] := new list of the distinct values among R[a], … n values`
    set(i, n) n => |m, values| m.runtime.build_set(values);
    /// `R[a] := printed forms of R[a], … n values joined`
    string(i, n) n => |m, values| m.runtime.build_string(values);
    /// `list R[a] gets R[a+1], … n values`
    append(i, n) n + 1 => |m, values| m.runtime.list_append(values[0], &values[1..]);
    /// `R[a] := instance of T[t] with fields R[a], … n values`
    record(i, n) n => |m, values| m.runtime.new_record(i.word.lane::<B>() as u32, values);
}
