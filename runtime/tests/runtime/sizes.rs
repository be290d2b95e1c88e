//! Sizes that the machines' speed rests on.

use runtime::heap::Header;
use runtime::objects::{Cell, Closure, List, Map, Record, Str};
use runtime::{Fault, Value};

#[test]
fn values_are_two_words_however_they_travel() {
    assert_eq!(size_of::<Value>(), 16);
    assert_eq!(size_of::<Option<Value>>(), 16);
    assert_eq!(size_of::<Result<Value, Fault>>(), 16);
}

#[test]
fn objects_fit_small_cells() {
    assert_eq!(size_of::<Header>(), 8);
    assert_eq!(size_of::<Str>(), 32);
    assert_eq!(size_of::<List>(), 24);
    assert_eq!(size_of::<Map>(), 40);
    assert_eq!(size_of::<Record>(), 16);
    assert_eq!(size_of::<Closure>(), 16);
    assert_eq!(size_of::<Cell>(), 24);
}
