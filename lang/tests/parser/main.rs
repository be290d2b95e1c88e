//! Tests of the lexer, the parser and the diagnostics, through the tree as text and the rendered errors.

mod blocks;
mod errors;
mod expressions;
mod keywords;
mod positions;
mod properties;
mod robustness;
mod statements;
mod support;
