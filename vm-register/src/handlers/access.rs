//! Elements, entries and fields.

use runtime::objects::{ElementKind, List, Map, MapKind, Record};
use runtime::{Tag, Value};

use super::operand::Operand;
use crate::code::{B, C, Cached, Instruction, State};
use crate::dispatch::Technique;
use crate::link::NO_MEMBER;
use crate::machine::{Machine, Site};
use crate::slot::{BOOL, INT, LIST, MAP, RECORD, STATE_MAP, Slot};

// The kind of a packed list is the tag of its elements.
const _: () = {
    assert!(ElementKind::Int as u64 == INT && ElementKind::Float as u64 == crate::slot::FLOAT);
    assert!(ElementKind::Bool as u64 == BOOL);
};

/// Copies an element of a list to a register.
///
/// # Safety
/// `index` is below the list's length; the register exists.
#[inline(always)]
pub(crate) unsafe fn read_element(list: &List, index: usize, to: Slot) -> Cached {
    // SAFETY: the caller's promise; the kind says how elements are kept.
    unsafe {
        let (tag, payload, float) = match list.kind() {
            kind @ (ElementKind::Int | ElementKind::Float) => {
                let element = list.data().cast::<u64>().add(index);
                (kind as u64, element.read(), element.read_volatile())
            }
            ElementKind::Bool => (BOOL, u64::from(list.data().add(index).read() != 0), 0),
            ElementKind::Value => {
                let element = Slot::new(list.data().cast::<Value>().add(index));
                (element.tag_again(), element.payload_again(), element.payload_again())
            }
        };
        to.set(tag, payload);
        Cached::parts(tag, payload, f64::from_bits(float))
    }
}

/// `R[a] := R[b][R[c]]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn index<T: Technique, X: Operand, Y: Operand>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: all lanes are registers. A tag says that the payload points to a live list.
    unsafe {
        if X::tag(m, i) == LIST && Y::tag(m, i) == INT {
            let list = &*(X::payload(m, i) as *const List);
            let at = Y::payload(m, i);
            // A negative index is a large one here.
            if at < list.len() as u64 {
                let element = read_element(list, at as usize, i.a());
                return T::go_with(m, i.next(), element);
            }
        }
        T::outline(m, i.state(), index_outline)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn index_outline(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `index`.
    unsafe {
        let i = state.fetch();
        let (object, index) = (i.b().value(), i.c().value());
        if let Some(map) = object.as_map() {
            i.a().put(map.get(index).unwrap_or(Value::NULL));
            return i.next();
        }
        if let (Some(string), Some(at)) = (object.as_string(), index.as_int())
            && string.is_ascii()
            && (at as u64) < string.len() as u64
        {
            let byte = string.as_bytes()[at as usize];
            i.a().put(m.runtime.characters[usize::from(byte)]);
            return i.next();
        }
        let result = m.runtime.index(object, index);
        m.finish(i, i.a(), result)
    }
}

/// `R[a][R[b]] := R[c]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn set_index<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: all lanes are registers. A tag says that the payload points to a live list.
    unsafe {
        let (object, index, value) = (i.a(), i.b(), i.c());
        if object.tag() == LIST && index.tag() == INT {
            let list = &*(object.payload() as *const List);
            let at = index.payload();
            if at < list.len() as u64 {
                let (at, kind) = (at as usize, list.kind());
                if kind == ElementKind::Value && value.tag() != STATE_MAP {
                    let element = Slot::new(list.data().cast::<Value>().add(at));
                    if element.is_object() && m.runtime.heap.is_marking() {
                        return T::outline(m, i.state(), set_index_outline);
                    }
                    element.copy_from(value);
                    return T::go(m, i.next());
                }
                if kind as u64 == value.tag() {
                    if kind == ElementKind::Bool {
                        list.data().add(at).write(value.payload() as u8);
                    } else {
                        list.data().cast::<u64>().add(at).write(value.payload());
                    }
                    return T::go(m, i.next());
                }
            }
        }
        T::outline(m, i.state(), set_index_outline)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn set_index_outline(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `set_index`.
    unsafe {
        let i = state.fetch();
        let result = m.runtime.set_index(i.a().value(), i.b().value(), i.c().value());
        m.finish_unit(i, result)
    }
}

/// `R[a] := R[a][R[a+1]:R[a+2]]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn slice(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: `R[a]` to `R[a+2]` are registers.
    unsafe {
        let i = state.fetch();
        let &[object, start, end] = i.window(0, 3) else { return i.next() };
        let result = m.runtime.slice(object, start, end);
        m.finish(i, i.a(), result)
    }
}

/// `R[a] := length of R[b]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn length<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        let object = i.b();
        if object.tag() == LIST {
            let list = &*(object.payload() as *const List);
            i.a().set_int(list.len() as i64);
            return T::go(m, i.next());
        }
        T::outline(m, i.state(), length_outline)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn length_outline(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `length`.
    unsafe {
        let i = state.fetch();
        let result = m.runtime.length(i.b().value());
        m.finish(i, i.a(), result)
    }
}

/// The access site in a lane.
///
/// # Safety
/// The lane is a site.
#[inline(always)]
pub(crate) unsafe fn site<'m, const LANE: u32>(m: &mut Machine<'_>, i: Instruction) -> &'m mut Site {
    // SAFETY: the caller's promise; a site's storage lives as long as the run, and no handler holds two of them.
    unsafe { &mut *m.sites.add(i.word.lane::<LANE>()) }
}

/// `R[a] := R[b].N[m]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn get_attribute<T: Technique, X: Operand>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers, lane `c` is a site. A tag says what the payload points to, and a
    // site remembers the position of a field that the type has.
    unsafe {
        let (tag, site) = (X::tag(m, i), site::<C>(m, i));
        if tag == RECORD {
            let record = &*(X::payload(m, i) as *const Record);
            if record.type_index() == site.type_index {
                let field = Slot::new(record.fields().as_ptr().add(site.found as usize).cast_mut());
                return T::go_with(m, i.next(), i.a().copy_and_keep(field));
            }
        } else if tag == MAP {
            let map = &*(X::payload(m, i) as *const Map);
            if let Some(value) = map.get_cached(site.entry as usize, site.key) {
                i.a().put(value);
                return T::go_with(m, i.next(), Cached::load(i.a()));
            }
        }
        T::outline(m, i.state(), get_attribute_slow)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn get_attribute_slow(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `get_attribute`.
    unsafe {
        let i = state.fetch();
        let (object, number) = (i.b().value(), i.word.lane::<C>());
        let site = site::<C>(m, i);
        if let Some(record) = object.as_record()
            && let Some(position) = site.member(m, record)
        {
            (site.type_index, site.found) = (record.type_index(), position);
            i.a().put(record.field_unchecked(position as usize));
            return i.next();
        }
        let name = m.linked.sites()[number];
        site.remember(m, object, name);
        let result = m.runtime.get_attribute(object, name);
        m.finish(i, i.a(), result)
    }
}

/// `R[a].N[m] := R[c]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn set_attribute<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: as in `get_attribute`, with the site in lane `b`. A type is remembered here only if its fields can be changed.
    unsafe {
        let (object, site, value) = (i.a(), site::<B>(m, i), i.c());
        if object.tag() == RECORD {
            let record = &mut *(object.payload() as *mut Record);
            if record.type_index() == site.type_index && value.tag() != STATE_MAP {
                let field = Slot::new(record.fields_mut().as_mut_ptr().add(site.found as usize));
                if field.is_object() && m.runtime.heap.is_marking() {
                    return T::outline(m, i.state(), set_attribute_slow);
                }
                field.copy_from(value);
                return T::go(m, i.next());
            }
        } else if object.tag() == MAP && value.tag() != STATE_MAP {
            let map = &mut *(object.payload() as *mut Map);
            let (entry, key) = (site.entry as usize, site.key);
            if map.kind() == MapKind::Plain
                && !m.runtime.heap.is_marking()
                && map.set_cached(&mut m.runtime.heap, entry, key, value.value())
            {
                return T::go(m, i.next());
            }
        }
        T::outline(m, i.state(), set_attribute_slow)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn set_attribute_slow(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `set_attribute`.
    unsafe {
        let i = state.fetch();
        let (object, number) = (i.a().value(), i.word.lane::<B>());
        let (site, value) = (site::<B>(m, i), i.c().value());
        if let Some(record) = object.as_record()
            && let Some(position) = site.member(m, record)
            && value.tag() != Tag::StateMap
        {
            (site.type_index, site.found) = (record.type_index(), position);
            m.runtime.heap.forget(record.field_unchecked(position as usize));
            record.set_field_unchecked(position as usize, value);
            return i.next();
        }
        let name = m.linked.sites()[number];
        let result = m.runtime.set_attribute(object, name, value);
        if result.is_ok() {
            site.remember(m, object, name);
        }
        m.finish_unit(i, result)
    }
}

impl Site {
    /// What this site finds in a record by its type: the position of a field or the function of a method.
    #[inline]
    pub(crate) fn member(&self, m: &Machine<'_>, record: &Record) -> Option<u32> {
        let found = m.linked.members()[(self.row + record.type_index()) as usize];
        (found != NO_MEMBER).then_some(found)
    }

    /// Remembers where an object has what goes by this name.
    fn remember(&mut self, m: &Machine<'_>, object: Value, name: u32) {
        if !m.linked.has_inline_caches() {
            return;
        }
        if let Some(map) = object.as_map() {
            if let Some(position) = map.find(self.key) {
                self.entry = position as u32;
            }
        } else if let Some(record) = object.as_record() {
            let facts = &m.runtime.program.types[record.type_index() as usize];
            if let Some(&position) = facts.fields.get(&name) {
                (self.type_index, self.found) = (record.type_index(), position);
            }
        }
    }
}
