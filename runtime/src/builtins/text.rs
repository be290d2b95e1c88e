//! Functions of strings. Most are also methods, and stand there.

use super::{Builtin, builtin};
use crate::methods::string;

pub(super) static TABLE: &[Builtin] = &[
    builtin("uppercase", (1, 1), string::upper, "uppercase(s): s in upper case"),
    builtin("upper", (1, 1), string::upper, "upper(s): s in upper case"),
    builtin("lowercase", (1, 1), string::lower, "lowercase(s): s in lower case"),
    builtin("lower", (1, 1), string::lower, "lower(s): s in lower case"),
    builtin("trim", (1, 1), string::trim, "trim(s): s without white space at both ends"),
    builtin(
        "split",
        (1, 2),
        string::split,
        "split(s[, separator]): the parts of s; its words without a separator, its characters with an empty one",
    ),
    builtin("string_split", (1, 2), string::split, "string_split(s, separator): split(s, separator)"),
    builtin(
        "join",
        (1, 2),
        string::join_list,
        "join(list[, separator]): the printed forms of the elements, separator between",
    ),
    builtin("replace", (3, 3), string::replace, "replace(s, old, new): s with every old replaced by new"),
    builtin("substring", (2, 3), string::slice, "substring(s, start[, end]): s[start:end]"),
    builtin("starts_with", (2, 2), string::starts_with, "starts_with(s, prefix): whether s begins with prefix"),
    builtin("ends_with", (2, 2), string::ends_with, "ends_with(s, suffix): whether s ends with suffix"),
    builtin("repeat", (2, 2), string::repeat, "repeat(s, n): s n times over"),
];
