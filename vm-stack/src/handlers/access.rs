//! Elements, entries, fields, lengths, slices.

use runtime::Value;
use runtime::objects::{ElementKind, List, Map, MapKind, Record, Str};

use super::{handlers, slow_paths};
use crate::link::Site;
use crate::machine::{Machine, Step};
use crate::slot::{self, BOOL, FLOAT, INT, LIST, MAP, RECORD, STATE_MAP, Slot};

// A packed element becomes a value by putting its list's kind before it as the tag.
const _: () =
    assert!(ElementKind::Int as u64 == INT && ElementKind::Float as u64 == FLOAT && ElementKind::Bool as u64 == BOOL);

/// Copies element `index` of a list to `to`.
///
/// # Safety
/// The list has such an element; `to` may be written.
#[inline(always)]
pub(crate) unsafe fn load_element(list: *const List, index: usize, to: Slot) {
    // SAFETY: the kind says how elements are kept.
    unsafe {
        let (kind, data) = ((*list).kind(), (*list).data());
        match kind {
            ElementKind::Int | ElementKind::Float => {
                slot::put_words(to, kind as u64, data.cast::<u64>().add(index).read());
            }
            ElementKind::Bool => slot::put_words(to, BOOL, u64::from(data.add(index).read())),
            ElementKind::Value => slot::copy(data.cast::<Value>().add(index), to),
        }
    }
}

/// Copies `from` to element `index` of a list. False when the list cannot hold it as it is, or the collector has to know.
///
/// # Safety
/// The list has such an element; `from` holds a value.
#[inline(always)]
unsafe fn store_element(machine: &Machine<'_>, list: *const List, index: usize, from: *const Value) -> bool {
    // SAFETY: the kind says how elements are kept; a tag that is the same number says that the value is of that kind.
    unsafe {
        let (kind, data, tag) = ((*list).kind(), (*list).data(), slot::tag(from));
        match kind {
            ElementKind::Value if tag == STATE_MAP => return false,
            ElementKind::Value => {
                let element = data.cast::<Value>().add(index);
                if slot::is_object(element) && machine.runtime.heap.is_marking() {
                    return false;
                }
                slot::copy(from, element);
            }
            _ if kind as u64 != tag => return false,
            ElementKind::Bool => data.add(index).write(slot::payload(from) as u8),
            ElementKind::Int | ElementKind::Float => data.cast::<u64>().add(index).write(slot::payload(from)),
        }
        true
    }
}

handlers! {
    /// `INDEX`: o i → o[i]
    fn index(registers, _, _) {
        let (object, index) = (registers.sp.sub(2), registers.sp.sub(1));
        if slot::tag(object) == LIST && slot::tag(index) == INT {
            let list = slot::object::<List>(object);
            let at = slot::payload(index);
            // A negative index is a large one here.
            if at < (*list).len() as u64 {
                load_element(list, at as usize, object);
                registers.sp = index;
                return Step::Next;
            }
        }
        Step::Slow(index_slow)
    }

    /// `SET_INDEX`: o i v → ; o[i] := v
    fn set_index(registers, machine, _) {
        let (object, index, value) = (registers.sp.sub(3), registers.sp.sub(2), registers.sp.sub(1));
        if slot::tag(object) == LIST && slot::tag(index) == INT {
            let list = slot::object::<List>(object);
            let at = slot::payload(index);
            if at < (*list).len() as u64 && store_element(machine, list, at as usize, value) {
                registers.sp = object;
                return Step::Next;
            }
        }
        Step::Slow(set_index_slow)
    }

    /// `GET_ATTR m`: o → o.N[m]
    fn get_attr(registers, machine, word) {
        let object = registers.sp.sub(1);
        let site = machine.sites.add(word.operand());
        let tag = slot::tag(object);
        if tag == RECORD {
            let record = slot::object::<Record>(object);
            if (*record).type_index() == (*site).type_index {
                slot::copy((*record).fields().as_ptr().add((*site).found as usize), object);
                return Step::Next;
            }
        } else if tag == MAP {
            let map = slot::object::<Map>(object);
            if let Some(value) = (*map).get_cached((*site).position as usize, (*site).key) {
                slot::put(object, value);
                return Step::Next;
            }
        }
        Step::Slow(get_attr_slow)
    }

    /// `SET_ATTR m`: o v → ; o.N[m] := v
    fn set_attr(registers, machine, word) {
        let (object, value) = (registers.sp.sub(2), registers.sp.sub(1));
        let site = machine.sites.add(word.operand());
        let tag = slot::tag(object);
        if tag == RECORD {
            let record = slot::object::<Record>(object);
            if (*record).type_index() == (*site).type_index && slot::tag(value) != STATE_MAP {
                let field = (*record).fields_mut().as_mut_ptr().add((*site).found as usize);
                if slot::is_object(field) && machine.runtime.heap.is_marking() {
                    return Step::Slow(set_attr_slow);
                }
                slot::copy(value, field);
                registers.sp = object;
                return Step::Next;
            }
        } else if tag == MAP {
            let map = slot::object::<Map>(object);
            // The members of an enum cannot be set.
            if (*map).kind() == MapKind::Plain
                && !machine.runtime.heap.is_marking()
                && slot::tag(value) != STATE_MAP
                && (*map).set_cached(
                    &mut machine.runtime.heap,
                    (*site).position as usize,
                    (*site).key,
                    slot::get(value),
                )
            {
                registers.sp = object;
                return Step::Next;
            }
        }
        Step::Slow(set_attr_slow)
    }

    /// `GET_LENGTH`: o → how many elements, entries or characters it has
    fn get_length(registers, _, _) {
        let object = registers.sp.sub(1);
        if slot::tag(object) != LIST {
            return Step::Slow(get_length_slow);
        }
        slot::put_words(object, INT, (*slot::object::<List>(object)).len() as u64);
        Step::Next
    }

    /// `SLICE`: o a b → o[a:b]
    fn slice(_, _, _) {
        Step::Slow(slice_slow)
    }
}

/// The access site of the running instruction.
///
/// # Safety
/// [The contract](super), for an instruction whose operand is an access site.
pub(super) unsafe fn site<'s>(machine: &Machine<'_>) -> &'s mut Site {
    // SAFETY: the contract; nothing else refers to a site while a slow path runs.
    unsafe { &mut *machine.sites.add(machine.word().operand()) }
}

/// Remembers where an object has what goes by the site's name.
fn remember(machine: &Machine<'_>, site: &mut Site, object: Value) {
    if !machine.linked.has_inline_caches() {
        return;
    }
    if let Some(record) = object.as_record() {
        let facts = &machine.runtime.program.types[record.type_index() as usize];
        if let Some(&found) = facts.fields.get(&site.name) {
            site.type_index = record.type_index();
            site.found = found;
        }
    } else if let Some(map) = object.as_map()
        && let Some(position) = map.find(site.key)
    {
        site.position = position as u32;
    }
}

slow_paths! {
    /// Strings and maps come here as well.
    fn index_slow(machine) {
        let operands = machine.top(2);
        let (object, index) = (operands[0], operands[1]);
        let known = if let Some(map) = object.as_map() {
            map.get(index)
        } else if let (Some(string), Some(at)) = (object.as_string(), index.as_int()) {
            ascii_at(string, at).map(|byte| machine.runtime.characters[usize::from(byte)])
        } else {
            None
        };
        let result = match known {
            Some(value) => Ok(value),
            None => machine.runtime.index(object, index),
        };
        machine.replace(2, result)
    }

    fn set_index_slow(machine) {
        let operands = machine.top(3);
        let result = machine.runtime.set_index(operands[0], operands[1], operands[2]);
        machine.take(3, result)
    }

    fn get_attr_slow(machine) {
        let object = machine.top(1)[0];
        let site = site(machine);
        remember(machine, site, object);
        let result = machine.runtime.get_attribute(object, site.name);
        machine.replace(1, result)
    }

    fn set_attr_slow(machine) {
        let operands = machine.top(2);
        let (object, value) = (operands[0], operands[1]);
        let site = site(machine);
        let result = machine.runtime.set_attribute(object, site.name, value);
        if result.is_ok() {
            // Records that can be set once can be set again, so the next time needs no check.
            remember(machine, site, object);
        }
        machine.take(2, result)
    }

    fn get_length_slow(machine) {
        let result = machine.runtime.length(machine.top(1)[0]);
        machine.replace(1, result)
    }

    fn slice_slow(machine) {
        let operands = machine.top(3);
        let result = machine.runtime.slice(operands[0], operands[1], operands[2]);
        machine.replace(3, result)
    }
}

/// The byte at a position of a string in which every character is one.
fn ascii_at(string: &Str, index: i64) -> Option<u8> {
    if string.is_ascii() { string.as_bytes().get(usize::try_from(index).ok()?).copied() } else { None }
}
