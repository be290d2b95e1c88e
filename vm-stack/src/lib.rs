//! The stack machine.
