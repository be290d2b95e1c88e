//! The kinds of objects, a file each.

mod closure;
mod failure;
mod list;
mod map;
mod record;
mod string;
mod task;

pub use closure::{Cell, Closure};
pub use failure::Failure;
pub use list::{ElementKind, List};
pub use map::{Map, MapKind};
pub use record::Record;
pub use string::{Buffer, Str};
pub(crate) use string::{MAX_BYTES, count_chars};
pub use task::Task;
