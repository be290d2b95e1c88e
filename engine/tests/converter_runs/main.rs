//! The converter on stack code that no compiler writes: shapes made by hand, sizes beyond reason, random code. Whatever the stack verifier
//! takes must convert at any register count, verify, and do what the stack code does: the same value, output, error, place and fuel.

mod kept;
mod random;
mod runner;
mod shapes;
mod sizes;
