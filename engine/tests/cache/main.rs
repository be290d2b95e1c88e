//! The code cache gives the code that compiling would have given, whatever happens to what it stores.

mod relayout;
mod same_code;
