//! How long the text or the encoding of a value is at least.
//!
//! Shared parts are written each time they are met, so a value of sixty lists can have a text that no memory holds. Whoever writes one finds that out by the
//! time memory is full, or sooner by adding up what each part will take, once for each part.

use fxhash::FxHashMap;

use crate::objects::ElementKind;
use crate::value::{Tag, Value};

/// From which length on a writer asks. What is shorter is written sooner than it is measured.
pub(crate) const WORTH_MEASURING: usize = 1 << 20;

/// Containers that are looked at. A value of more takes memory itself, and what it takes bounds how much larger its text is.
const MOST_CONTAINERS: usize = 1 << 16;

/// A container whose parts are being added up.
struct Open {
    container: Value,
    next: usize,
    sum: usize,
}

impl Open {
    fn new(container: Value) -> Self {
        Self { container, next: 0, sum: 1 }
    }

    /// The next element, value or field; keys are added up on the way.
    fn part(&mut self) -> Option<Value> {
        let at = self.next;
        self.next += 1;
        if let Some(list) = self.container.as_list() {
            if list.kind() == ElementKind::Value {
                return list.get(at);
            }
            self.sum = self.sum.saturating_add(list.len());
            return None;
        }
        if let Some(record) = self.container.as_record() {
            return record.fields().get(at).copied();
        }
        let map = self.container.as_map()?;
        for at in at..map.end() {
            self.next = at + 1;
            if let Some((key, value)) = map.entry_at(at) {
                self.sum = self.sum.saturating_add(simple(key));
                return Some(value);
            }
        }
        None
    }
}

/// What a value that holds no others takes at least.
fn simple(value: Value) -> usize {
    // The text of an empty string is empty.
    value.as_string().map_or(1, |string| string.len())
}

/// Bytes that any notation of a container takes at least, or 0 if it has too many parts to say. Each takes a byte for a container, for what holds no others, and for a
/// part that contains the one it is in, and all bytes of a string.
pub(crate) fn least_length(root: Value) -> usize {
    let mut known: FxHashMap<u64, usize> = FxHashMap::default();
    let mut open = vec![Open::new(root)];
    // What a container takes that is met inside itself.
    known.insert(root.payload(), 1);
    while let Some(last) = open.last_mut() {
        let Some(part) = last.part() else {
            let (sum, address) = (last.sum, last.container.payload());
            known.insert(address, sum);
            open.pop();
            match open.last_mut() {
                Some(outer) => outer.sum = outer.sum.saturating_add(sum),
                None => return sum,
            }
            continue;
        };
        let length = match part.tag() {
            Tag::List | Tag::Map | Tag::Record => known.get(&part.payload()).copied(),
            _ => Some(simple(part)),
        };
        match length {
            Some(length) => last.sum = last.sum.saturating_add(length),
            None if known.len() == MOST_CONTAINERS => return 0,
            None => {
                known.insert(part.payload(), 1);
                open.push(Open::new(part));
            }
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::least_length;
    use crate::heap::Heap;
    use crate::objects::{List, Map, MapKind, Str};
    use crate::value::Value;

    #[test]
    fn shared_parts_count_each_time_and_parts_of_themselves_once() {
        let mut heap = Heap::new(1 << 20);
        let text = Str::create(&mut heap, "four");
        let mut list = List::from_values(&mut heap, &[text, Value::int(1)]).expect("room");
        assert_eq!(least_length(list), 6);
        list.as_list().expect("a list").push(&mut heap, list).expect("room");
        assert_eq!(least_length(list), 7);
        let map = Map::create(&mut heap, MapKind::Plain);
        map.as_map().expect("a map").insert(&mut heap, text, list).expect("room");
        assert_eq!(least_length(map), 1 + 4 + 7);
        for _ in 0..100 {
            list = List::from_values(&mut heap, &[list, list]).expect("room");
        }
        assert_eq!(least_length(list), usize::MAX);
    }

    #[test]
    fn of_many_parts_nothing_is_said() {
        let mut heap = Heap::new(1 << 30);
        let lists: Vec<Value> = (0..super::MOST_CONTAINERS).map(|_| List::create(&mut heap)).collect();
        let all = List::from_values(&mut heap, &lists).expect("room");
        assert_eq!(least_length(all), 0);
        assert_eq!(least_length(lists[0]), 1);
    }
}
