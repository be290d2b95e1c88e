//! The code cache gives the code that compiling would have given, whatever happens to what it stores.

mod damage;
mod lookup;
mod relayout;
mod same_code;
