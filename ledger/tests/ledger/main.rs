//! The ledger from outside.

mod damage;
mod digests;
mod disk;
mod journal;
mod merkle;
mod operations;
mod signatures;
mod tree;
