//! The runtime as engines use it: values, heap, operations, builtins and methods, without any engine.

mod arithmetic;
mod builtins;
mod canonical;
mod comparison;
mod format;
mod heap;
mod json;
mod lists;
mod maps;
mod methods;
mod sizes;
mod strings;
mod support;
mod tasks;
