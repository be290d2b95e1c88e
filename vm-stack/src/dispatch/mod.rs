//! Ways to get from one instruction to the next. Each is a short file over the same [handlers](crate::handlers).

pub(crate) mod match_loop;
#[cfg(feature = "sibling-calls")]
pub(crate) mod sibling_calls;
