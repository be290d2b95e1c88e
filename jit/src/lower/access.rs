//! Elements, fields, and variables that are no registers.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use runtime::Tag;
use runtime::heap::{Header, Heap, MemoryPolicy, ObjectKind};
use runtime::objects::{Cell, Closure, ElementKind, List, Map, MapKind, Record, Str};
use vm_register::native::{LAYOUT, LEAVES, MANY_TYPES, NO_MEMBER};

use super::{Cause, Lowering, PAYLOAD, REGISTER, flags};
use crate::Optimization;
use crate::state::{Held, Kind, list_kind};

/// An entry of a map.
struct Entry {
    /// Where its payloads are.
    payloads: Value,
    /// Where its tags are.
    tags_at: Value,
    /// The byte that is there.
    tags: Value,
}

impl Lowering<'_> {
    // Lists.

    /// The payload of a register that holds a list and that of another one that holds an integer, if both are known or expected to.
    fn list_and_index(
        &mut self,
        pc: u32,
        (list, list_lane): (u32, usize),
        (index, index_lane): (u32, usize),
    ) -> Option<(Value, Value)> {
        let are = self.is_optimizing()
            && !self.request.doubts.has(pc)
            && self.kind(pc, list, list_lane) == Some(Kind::List)
            && self.kind(pc, index, index_lane) == Some(Kind::Int);
        are.then(|| {
            let list = self.ensure(pc, list, Kind::List);
            (list, self.ensure(pc, index, Kind::Int))
        })
    }

    /// Goes to `otherwise` unless the index is below the list's length; a negative one is a large one.
    fn check_index(&mut self, list: Value, index: Value, otherwise: ir::Block) {
        let length = self.builder.ins().uload32(flags(), list, List::LENGTH_OFFSET as i32);
        let is_inside = self.builder.ins().icmp(IntCC::UnsignedLessThan, index, length);
        self.go_on_if(is_inside, otherwise);
    }

    fn element_kind(&mut self, list: Value) -> Value {
        self.builder.ins().uload8(types::I64, flags(), list, List::KIND_OFFSET as i32)
    }

    /// The address of an element of so many bytes.
    fn element(&mut self, list: Value, index: Value, size: i64) -> Value {
        let data = self.builder.ins().load(types::I64, flags(), list, List::DATA_OFFSET as i32);
        self.element_of(data, index, size)
    }

    /// The address of an element of so many bytes among those at an address.
    fn element_of(&mut self, data: Value, index: Value, size: i64) -> Value {
        let offset =
            if size == 1 { index } else { self.builder.ins().ishl_imm_s(index, i64::from(size.trailing_zeros())) };
        self.builder.ins().iadd(data, offset)
    }

    /// The address of an element of the list in a register, which was seen to keep its elements so. What a loop around knows of the list is not looked at.
    fn checked_element(
        &mut self,
        pc: u32,
        (register, list): (u32, Value),
        index: Value,
        kind: ElementKind,
        otherwise: ir::Block,
    ) -> Value {
        let size = kind.size() as i64;
        let Some([data, length]) = self.kept_list(register, kind) else {
            self.check_elements(list, kind, otherwise);
            self.check_index(list, index, otherwise);
            return self.element(list, index, size);
        };
        if !self.loops.is_safe(pc) {
            let is_inside = self.builder.ins().icmp(IntCC::UnsignedLessThan, index, length);
            self.go_on_if(is_inside, otherwise);
        }
        self.element_of(data, index, size)
    }

    /// Goes to `otherwise` unless a list keeps its elements so.
    pub(super) fn check_elements(&mut self, list: Value, kind: ElementKind, otherwise: ir::Block) {
        let found = self.element_kind(list);
        let is_kind = self.builder.ins().icmp_imm_s(IntCC::Equal, found, kind as i64);
        self.go_on_if(is_kind, otherwise);
    }

    /// Gives a register the element at an address, of a list that keeps its elements so.
    fn load_element(&mut self, to: u32, element: Value, kind: ElementKind) {
        match kind {
            ElementKind::Int => {
                let value = self.builder.ins().load(types::I64, flags(), element, 0);
                self.define(to, Kind::Int, value);
            }
            ElementKind::Float => {
                let value = self.builder.ins().load(types::F64, flags(), element, 0);
                self.define(to, Kind::Float, value);
            }
            ElementKind::Bool => {
                let value = self.builder.ins().uload8(types::I64, flags(), element, 0);
                self.define(to, Kind::Bool, value);
            }
            ElementKind::Value => self.copy_from_memory(to, element, 0),
        }
    }

    /// `R[to] := R[list][R[index]]`
    pub(super) fn index(&mut self, pc: u32, to: u32, list: u32, index: u32) {
        if let Some(kind) = self.expected_elements(pc, 1, list)
            && let Some((payload, index)) = self.list_and_index(pc, (list, 1), (index, 2))
        {
            let otherwise = self.exit(pc, Cause::Element, None);
            let element = self.checked_element(pc, (list, payload), index, kind, otherwise);
            self.load_element(to, element, kind);
            return;
        }
        if self.is_known(pc, list, 1, Kind::String) && self.is_known(pc, index, 2, Kind::Int) {
            self.character(pc, to, list, index);
            return;
        }
        if self.is_known(pc, list, 1, Kind::Map) {
            let map = self.ensure(pc, list, Kind::Map);
            let (stepped, kind) = (self.builder.create_block(), self.expected_of_step(pc, to));
            let slow = self.slow_step(pc, stepped);
            let value = self.find_in_map(map, index);
            let tag = self.builder.ins().load(types::I64, flags(), value, 0);
            self.load_or_step(pc, to, (tag, value, PAYLOAD), kind, slow, stepped);
            return;
        }
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let (list, index) = self.check_list_and_index(list, index, slow);
        self.check_index(list, index, slow);
        self.any_element(list, index, |this, kind, element| {
            match kind {
                ElementKind::Value => this.copy_from_memory(to, element, 0),
                ElementKind::Bool => {
                    let value = this.builder.ins().uload8(types::I64, flags(), element, 0);
                    this.write_payload(to, Tag::Bool, value);
                }
                ElementKind::Int | ElementKind::Float => {
                    let value = this.builder.ins().load(types::I64, flags(), element, 0);
                    let tag = if kind == ElementKind::Int { Tag::Int } else { Tag::Float };
                    this.write_payload(to, tag, value);
                }
            }
            this.builder.ins().jump(join, &[]);
        });
        self.builder.switch_to_block(join);
        self.defined_in_frame(to);
    }

    /// `R[to] := character R[index] of R[string]`, which is one of the strings of one ASCII character.
    fn character(&mut self, pc: u32, to: u32, string: u32, index: u32) {
        let string = self.ensure(pc, string, Kind::String);
        let index = self.ensure(pc, index, Kind::Int);
        let otherwise = self.exit(pc, Cause::Element, None);
        let string_flags = self.builder.ins().uload8(types::I64, flags(), string, Str::FLAGS_OFFSET as i32);
        let is_ascii = self.builder.ins().band_imm_s(string_flags, i64::from(Str::ASCII_FLAG));
        self.go_on_if(is_ascii, otherwise);
        let length = self.builder.ins().uload32(flags(), string, Str::CHARS_OFFSET as i32);
        let is_inside = self.builder.ins().icmp(IntCC::UnsignedLessThan, index, length);
        self.go_on_if(is_inside, otherwise);
        let data = self.builder.ins().load(types::I64, flags(), string, Str::DATA_OFFSET as i32);
        let at = self.builder.ins().iadd(data, index);
        let byte = self.builder.ins().uload8(types::I64, flags(), at, 0);
        let characters = self.of_machine(LAYOUT.characters);
        let distance = self.builder.ins().ishl_imm_s(byte, i64::from(REGISTER.trailing_zeros()));
        let character = self.builder.ins().iadd(characters, distance);
        let payload = self.builder.ins().load(types::I64, flags(), character, PAYLOAD);
        self.define(to, Kind::String, payload);
    }

    /// The address of the value that a map has for the key in a register, or of null.
    fn find_in_map(&mut self, map: Value, key: u32) -> Value {
        let (machine, (tag, payload)) = (self.machine(), self.parts(key));
        self.call_leaf(LEAVES.find_in_map as *const (), &[machine, map, tag, payload])
    }

    /// Goes to `slow` if a map is an enum, whose members are not changed.
    fn check_plain(&mut self, map: Value, slow: ir::Block) {
        let kind = self.builder.ins().uload8(types::I64, flags(), map, Map::KIND_OFFSET as i32);
        let is_plain = self.builder.ins().icmp_imm_s(IntCC::Equal, kind, MapKind::Plain as i64);
        self.go_on_if(is_plain, slow);
    }

    /// Tag and payload of a register, for a container; goes to `slow` if it is a map in the state of a contract, of which a container gets a copy.
    fn plain_parts(&mut self, register: u32, slow: ir::Block) -> (Value, Value) {
        let (tag, payload) = self.parts(register);
        if self.held(register) == Held::Memory {
            let is_handle = self.is_tag(tag, Tag::StateMap);
            self.go_on_unless(is_handle, slow);
        }
        (tag, payload)
    }

    /// Puts a tag and a payload in a place of an object, and tells the collector what was there if it has to know.
    fn replace(&mut self, object: Value, offset: i32, (tag, payload): (Value, Value)) {
        let old = self.builder.ins().load(types::I64, flags(), object, offset);
        self.forget(old, object, offset + PAYLOAD);
        self.builder.ins().store(flags(), tag, object, offset);
        self.builder.ins().store(flags(), payload, object, offset + PAYLOAD);
    }

    /// Tells the collector, if it has to know, that a value of this tag, whose payload is at an address, is about to be replaced.
    fn forget(&mut self, old: Value, object: Value, offset: i32) {
        let [held, marking, store] = std::array::from_fn(|_| self.builder.create_block());
        let is_object = self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, old, Tag::String as i64);
        self.builder.ins().brif(is_object, held, &[], store, &[]);
        self.builder.switch_to_block(held);
        let runtime = self.of_machine(LAYOUT.runtime);
        let is_marking =
            self.builder.ins().uload8(types::I64, flags(), runtime, LAYOUT.heap + Heap::IS_MARKING_OFFSET as i32);
        self.builder.ins().brif(is_marking, marking, &[], store, &[]);
        self.builder.switch_to_block(marking);
        self.builder.set_cold_block(marking);
        let old_payload = self.builder.ins().load(types::I64, flags(), object, offset);
        self.call_leaf(LEAVES.forget as *const (), &[runtime, old, old_payload]);
        self.builder.ins().jump(store, &[]);
        self.builder.switch_to_block(store);
    }

    /// `R[first] := R[first].push(R[first+1])`, R[first] being a list: where there is room, and it keeps its elements so that it can take this one.
    pub(super) fn push(&mut self, pc: u32, first: u32) {
        let list = self.ensure(pc, first, Kind::List);
        let (stepped, join, stored) =
            (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        let slow = self.slow_step(pc, stepped);
        let result = self.builder.append_block_param(join, types::I64);
        let [length, capacity] = [List::LENGTH_OFFSET, List::CAPACITY_OFFSET]
            .map(|offset| self.builder.ins().uload32(flags(), list, offset as i32));
        let has_room = self.builder.ins().icmp(IntCC::UnsignedLessThan, length, capacity);
        self.go_on_if(has_room, slow);
        let (tag, payload) = self.plain_parts(first + 1, slow);
        let kind = self.element_kind(list);
        let known = match self.held(first + 1) {
            Held::Variable { kind: Kind::Int, .. } => Some(ElementKind::Int),
            Held::Variable { kind: Kind::Float, .. } => Some(ElementKind::Float),
            _ => None,
        };
        let any = self.builder.create_block();
        match known {
            Some(packed) => {
                let is_kind = self.builder.ins().icmp_imm_s(IntCC::Equal, kind, packed as i64);
                self.go_on_if(is_kind, any);
                let element = self.element(list, length, 8);
                self.builder.ins().store(flags(), payload, element, 0);
                self.builder.ins().jump(stored, &[]);
            }
            None => {
                self.builder.ins().jump(any, &[]);
            }
        }
        // An empty list takes the kind of its first element, which the interpreter sees to.
        self.builder.switch_to_block(any);
        let is_any = self.builder.ins().icmp_imm_s(IntCC::Equal, kind, ElementKind::Value as i64);
        self.go_on_if(is_any, slow);
        self.go_on_if(length, slow);
        let element = self.element(list, length, ElementKind::Value.size() as i64);
        self.builder.ins().store(flags(), tag, element, 0);
        self.builder.ins().store(flags(), payload, element, PAYLOAD);
        self.builder.ins().jump(stored, &[]);
        self.builder.switch_to_block(stored);
        let length = self.builder.ins().iadd_imm_s(length, 1);
        self.builder.ins().istore32(flags(), length, list, List::LENGTH_OFFSET as i32);
        self.builder.ins().jump(join, &[list.into()]);
        self.builder.switch_to_block(stepped);
        let same = self.load_payload(first, types::I64);
        self.builder.ins().jump(join, &[same.into()]);
        self.builder.switch_to_block(join);
        self.written_by_step(pc);
        self.define(first, Kind::List, result);
    }

    /// Makes code for each way in which a list may keep its elements, the last of which ends it.
    fn any_element(&mut self, list: Value, index: Value, mut made: impl FnMut(&mut Self, ElementKind, Value)) {
        let kind = self.element_kind(list);
        for (number, of) in
            [ElementKind::Value, ElementKind::Int, ElementKind::Float, ElementKind::Bool].into_iter().enumerate()
        {
            let next = (number < 3).then(|| {
                let (this, next) = (self.builder.create_block(), self.builder.create_block());
                let is_kind = self.builder.ins().icmp_imm_s(IntCC::Equal, kind, of as i64);
                self.builder.ins().brif(is_kind, this, &[], next, &[]);
                self.builder.switch_to_block(this);
                next
            });
            let element = self.element(list, index, of.size() as i64);
            made(self, of, element);
            if let Some(next) = next {
                self.builder.switch_to_block(next);
            }
        }
    }

    /// How lists that an instruction meets in a lane keep their elements, if that is believed. For one that was never seen that is what a loop around knows of its list.
    fn expected_elements(&self, pc: u32, lane: usize, register: u32) -> Option<ElementKind> {
        let is_believed = self.request.speculates() && self.request.has(Optimization::Elements);
        if !is_believed || self.request.doubts.has(pc) {
            return None;
        }
        let seen = &self.request.seen[pc as usize];
        if seen.kinds[lane] == 0 {
            return self.loops.list(self.index, register).map(|(_, list)| list.kind);
        }
        list_kind(seen, lane)
    }

    /// Whether a value to be set as an element is of a kind, or expected to be, or was never seen.
    fn may_be(&self, pc: u32, value: u32, wanted: Option<Kind>) -> bool {
        let kind = self.kind(pc, value, 2);
        wanted.is_none() || kind == wanted || kind.is_none() && self.request.seen[pc as usize].kinds[2] == 0
    }

    /// Payloads of a register that holds a list and one that holds an integer; goes to `slow` if they hold anything else.
    fn check_list_and_index(&mut self, list: u32, index: u32, slow: ir::Block) -> (Value, Value) {
        let (list_tag, list) = self.parts(list);
        let is_list = self.is_tag(list_tag, Tag::List);
        self.go_on_if(is_list, slow);
        let (index_tag, index) = self.parts(index);
        let is_int = self.is_tag(index_tag, Tag::Int);
        self.go_on_if(is_int, slow);
        (list, index)
    }

    /// `R[list][R[index]] := R[value]`
    pub(super) fn set_index(&mut self, pc: u32, list: u32, index: u32, value: u32) {
        if let Some(kind) = self.expected_elements(pc, 0, list)
            && let Some(wanted) = element_value(kind)
            && self.may_be(pc, value, wanted)
            && let Some((list_payload, index)) = self.list_and_index(pc, (list, 0), (index, 1))
        {
            let payload = wanted.map(|wanted| self.ensure(pc, value, wanted));
            let otherwise = self.exit(pc, Cause::Element, None);
            let element = self.checked_element(pc, (list, list_payload), index, kind, otherwise);
            match payload {
                Some(payload) if kind == ElementKind::Bool => {
                    self.builder.ins().istore8(flags(), payload, element, 0);
                }
                Some(payload) => {
                    self.builder.ins().store(flags(), payload, element, 0);
                }
                None => {
                    let parts = self.plain_parts(value, otherwise);
                    self.replace(element, 0, parts);
                }
            }
            return;
        }
        if self.is_known(pc, list, 0, Kind::Map) {
            let map = self.ensure(pc, list, Kind::Map);
            let join = self.builder.create_block();
            let slow = self.slow_step(pc, join);
            self.check_plain(map, slow);
            let (tag, payload) = self.plain_parts(value, slow);
            let (key_tag, key) = self.parts(index);
            let runtime = self.of_machine(LAYOUT.runtime);
            let arguments = [runtime, map, key_tag, key, tag, payload];
            let is_set = self.call_leaf(LEAVES.set_in_map as *const (), &arguments);
            self.builder.ins().brif(is_set, join, &[], slow, &[]);
            self.builder.switch_to_block(join);
            return;
        }
        self.changes_lists();
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let (list, index) = self.check_list_and_index(list, index, slow);
        self.check_index(list, index, slow);
        let (tag, payload) = self.plain_parts(value, slow);
        self.any_element(list, index, |this, kind, element| {
            if kind == ElementKind::Value {
                this.replace(element, 0, (tag, payload));
            } else {
                // The kind of a packed list is the tag of its elements.
                let fits = this.builder.ins().icmp_imm_s(IntCC::Equal, tag, kind as i64);
                this.go_on_if(fits, slow);
                if kind == ElementKind::Bool {
                    this.builder.ins().istore8(flags(), payload, element, 0);
                } else {
                    this.builder.ins().store(flags(), payload, element, 0);
                }
            }
            this.builder.ins().jump(join, &[]);
        });
        self.builder.switch_to_block(join);
    }

    /// `R[to] := length of R[from]`
    pub(super) fn length(&mut self, pc: u32, to: u32, from: u32) {
        if self.is_optimizing() && !self.request.doubts.has(pc) && self.kind(pc, from, 1) == Some(Kind::List) {
            let list = self.ensure(pc, from, Kind::List);
            let length = self.builder.ins().uload32(flags(), list, List::LENGTH_OFFSET as i32);
            self.define(to, Kind::Int, length);
            return;
        }
        if self.is_known(pc, from, 1, Kind::String) {
            let string = self.ensure(pc, from, Kind::String);
            let length = self.builder.ins().uload32(flags(), string, Str::CHARS_OFFSET as i32);
            self.define(to, Kind::Int, length);
            return;
        }
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let (tag, list) = self.parts(from);
        let is_list = self.is_tag(tag, Tag::List);
        self.go_on_if(is_list, slow);
        let length = self.builder.ins().uload32(flags(), list, List::LENGTH_OFFSET as i32);
        self.write_payload(to, Tag::Int, length);
        self.builder.ins().jump(join, &[]);
        self.builder.switch_to_block(join);
        self.defined_in_frame(to);
    }

    /// `R[to] := element at position R[position] of R[list]`, or its index if `pair`, and the position advances; at the end the next instruction is skipped.
    pub(super) fn for_iter(&mut self, pc: u32, to: u32, list: u32, position: u32, pair: bool) {
        let typed = self.list_and_index(pc, (list, 1), (position, 2)).zip(self.expected_elements(pc, 1, list));
        let kept = typed.and_then(|(_, kind)| self.kept_list(list, kind));
        let (list, at, kind) = match typed {
            Some(((list, at), kind)) => (list, at, Some(kind)),
            None => {
                let slow = self.loop_step(pc);
                let (list, at) = self.check_list_and_index(list, position, slow);
                (list, at, None)
            }
        };
        let end = self.builder.create_block();
        match kept {
            Some([_, length]) => {
                let is_inside = self.builder.ins().icmp(IntCC::UnsignedLessThan, at, length);
                self.go_on_if(is_inside, end);
            }
            None => self.check_index(list, at, end),
        }
        let before = self.state.clone();
        let next = self.builder.ins().iadd_imm_s(at, 1);
        if let Some(kind) = kind {
            if pair {
                self.define(to, Kind::Int, at);
            } else {
                let size = kind.size() as i64;
                let element = match kept {
                    Some([data, _]) => self.element_of(data, at, size),
                    None => {
                        let otherwise = self.exit(pc, Cause::Element, None);
                        self.check_elements(list, kind, otherwise);
                        self.element(list, at, size)
                    }
                };
                self.load_element(to, element, kind);
            }
            self.define(position, Kind::Int, next);
            let target = self.edge(pc + 1);
            self.builder.ins().jump(target, &[]);
        } else {
            self.next_of_any_list(pc, (to, position), (list, at), next, pair);
        }
        // At the end the register is null, and the next instruction is skipped.
        self.state = before;
        self.builder.switch_to_block(end);
        let payload = self.builder.ins().iconst(types::I64, 0);
        self.write_payload(to, Tag::Null, payload);
        self.defined_in_frame(to);
        let target = self.edge(pc + 2);
        self.builder.ins().jump(target, &[]);
    }

    /// The part of `for_iter` that visits an element of a list of which it is not known how it keeps them.
    fn next_of_any_list(
        &mut self,
        pc: u32,
        (to, position): (u32, u32),
        (list, at): (Value, Value),
        next: Value,
        pair: bool,
    ) {
        self.defined_in_frame(to);
        self.defined_in_frame(position);
        let target = self.edge(pc + 1);
        if pair {
            self.write_payload(to, Tag::Int, at);
            self.write_payload(position, Tag::Int, next);
            self.builder.ins().jump(target, &[]);
            return;
        }
        self.any_element(list, at, |this, kind, element| {
            match kind {
                ElementKind::Value => this.copy_from_memory(to, element, 0),
                ElementKind::Bool => {
                    let value = this.builder.ins().uload8(types::I64, flags(), element, 0);
                    this.write_payload(to, Tag::Bool, value);
                }
                ElementKind::Int | ElementKind::Float => {
                    let value = this.builder.ins().load(types::I64, flags(), element, 0);
                    let tag = if kind == ElementKind::Int { Tag::Int } else { Tag::Float };
                    this.write_payload(to, tag, value);
                }
            }
            this.write_payload(position, Tag::Int, next);
            this.builder.ins().jump(target, &[]);
        });
    }

    // Fields.

    /// `R[to] := R[from].name`
    pub(super) fn get_attribute(&mut self, pc: u32, to: u32, from: u32) {
        if let Some(field) = self.known_field(pc, from, 1) {
            let Some(kind @ Kind::Record(_)) = self.kind(pc, from, 1) else { unreachable!("a field of a record") };
            let record = self.ensure(pc, from, kind);
            self.load_value(pc, to, record, field_offset(field));
            return;
        }
        if self.is_known(pc, from, 1, Kind::Map) {
            let map = self.ensure(pc, from, Kind::Map);
            let (stepped, kind) = (self.builder.create_block(), self.expected_of_step(pc, to));
            let slow = self.slow_step(pc, stepped);
            let entry = self.cached_entry(pc, map, slow);
            let tag = self.tag_in(&entry);
            self.load_or_step(pc, to, (tag, entry.payloads, Map::VALUE_OFFSET as i32), kind, slow, stepped);
            return;
        }
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let (tag, object) = self.parts(from);
        let (record, other) = (self.builder.create_block(), self.builder.create_block());
        let is_record = self.is_tag(tag, Tag::Record);
        self.builder.ins().brif(is_record, record, &[], other, &[]);
        self.builder.switch_to_block(other);
        let is_map = self.is_tag(tag, Tag::Map);
        self.go_on_if(is_map, slow);
        let entry = self.cached_entry(pc, object, slow);
        let tag = self.tag_in(&entry);
        let payload = self.builder.ins().load(types::I64, flags(), entry.payloads, Map::VALUE_OFFSET as i32);
        self.write_parts(to, tag, payload);
        self.builder.ins().jump(join, &[]);
        self.builder.switch_to_block(record);
        let field = self.cached_field(pc, object, slow);
        self.copy_from_memory(to, field, Record::FIELDS_OFFSET as i32);
        self.builder.ins().jump(join, &[]);
        self.builder.switch_to_block(join);
        self.defined_in_frame(to);
    }

    /// The one kind that the result of an instruction is expected to be of wherever it is read, if the interpreter may have to run the instruction.
    fn expected_of_step(&self, pc: u32, to: u32) -> Option<Kind> {
        let expected = self.expected_after.get((pc - self.start) as usize).and_then(|after| after[to as usize].kind());
        let is_plain = |kind: &Kind| !matches!(kind, Kind::Record(_));
        expected.filter(is_plain).filter(|_| !self.request.doubts.has_register(pc + 1, to) && !self.lands_at(pc + 1))
    }

    /// Gives a register the value of a tag whose payload is at an address, if it is of the kind that is expected; otherwise goes to `slow`, where the interpreter runs the instruction and
    /// goes on to `stepped`.
    fn load_or_step(
        &mut self,
        pc: u32,
        to: u32,
        (tag, from, offset): (Value, Value, i32),
        kind: Option<Kind>,
        slow: ir::Block,
        stepped: ir::Block,
    ) {
        let join = self.builder.create_block();
        let Some(kind) = kind else {
            let payload = self.builder.ins().load(types::I64, flags(), from, offset);
            self.write_parts(to, tag, payload);
            self.builder.ins().jump(join, &[]);
            self.builder.switch_to_block(stepped);
            self.builder.ins().jump(join, &[]);
            self.builder.switch_to_block(join);
            self.defined_in_frame(to);
            return;
        };
        let payload = self.builder.append_block_param(join, Self::type_of(kind));
        let is_kind = self.is_tag(tag, kind.tag());
        self.go_on_if(is_kind, slow);
        let found = self.builder.ins().load(Self::type_of(kind), flags(), from, offset);
        self.builder.ins().jump(join, &[found.into()]);
        self.builder.switch_to_block(stepped);
        // The interpreter put it into the frame, whatever it is.
        self.defined_in_frame(to);
        let stores = self.dirty_among(self.live_at(pc + 1));
        let exit = self.way_out(pc + 1, Cause::Kind, Some(to), true);
        let otherwise = self.exit_with(exit, stores);
        let tag = self.load_tag(to);
        let is_kind = self.is_tag(tag, kind.tag());
        self.go_on_if(is_kind, otherwise);
        let found = self.load_payload(to, Self::type_of(kind));
        self.builder.ins().jump(join, &[found.into()]);
        self.builder.switch_to_block(join);
        self.define(to, kind, payload);
    }

    /// Whether a register holds a value of a kind or is expected to.
    fn is_known(&self, pc: u32, register: u32, lane: usize, kind: Kind) -> bool {
        self.is_optimizing() && !self.request.doubts.has(pc) && self.kind(pc, register, lane) == Some(kind)
    }

    /// The entry that the instruction's access site remembers, if a map has its name there; otherwise goes to `slow`.
    fn cached_entry(&mut self, pc: u32, map: Value, slow: ir::Block) -> Entry {
        let (site, offset) = self.site(pc);
        let position = self.builder.ins().uload32(flags(), site, offset + LAYOUT.site_entry);
        let used = self.builder.ins().uload32(flags(), map, Map::USED_OFFSET as i32);
        let is_inside = self.builder.ins().icmp(IntCC::UnsignedLessThan, position, used);
        self.go_on_if(is_inside, slow);
        let entries = self.builder.ins().load(types::I64, flags(), map, Map::ENTRIES_OFFSET as i32);
        let distance = self.builder.ins().imul_imm_s(position, Map::PAYLOADS_SIZE as i64);
        let payloads = self.builder.ins().iadd(entries, distance);
        let wanted = self.builder.ins().load(types::I64, flags(), site, offset + LAYOUT.site_key + PAYLOAD);
        let found = self.builder.ins().load(types::I64, flags(), payloads, 0);
        let is_same = self.builder.ins().icmp(IntCC::Equal, wanted, found);
        self.go_on_if(is_same, slow);
        let capacity = self.builder.ins().uload32(flags(), map, Map::CAPACITY_OFFSET as i32);
        let distance = self.builder.ins().imul_imm_s(capacity, Map::PAYLOADS_SIZE as i64);
        let all_tags = self.builder.ins().iadd(entries, distance);
        let tags_at = self.builder.ins().iadd(all_tags, position);
        let tags = self.builder.ins().uload8(types::I64, flags(), tags_at, 0);
        // A name is a string.
        let is_string =
            self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, tags, i64::from(Map::STRING_KEY));
        self.go_on_if(is_string, slow);
        Entry { payloads, tags_at, tags }
    }

    /// The tag of an entry's value.
    fn tag_in(&mut self, entry: &Entry) -> Value {
        self.builder.ins().band_imm_s(entry.tags, i64::from(Map::VALUE_TAG))
    }

    /// Has a map's entry, whose key is a string, hold another value.
    fn replace_in(&mut self, entry: &Entry, (tag, payload): (Value, Value)) {
        let old = self.tag_in(entry);
        self.forget(old, entry.payloads, Map::VALUE_OFFSET as i32);
        let tags = self.builder.ins().bor_imm_s(tag, i64::from(Map::STRING_KEY));
        self.builder.ins().istore8(flags(), tags, entry.tags_at, 0);
        self.builder.ins().store(flags(), payload, entry.payloads, Map::VALUE_OFFSET as i32);
    }

    /// `R[to].name := R[from]`
    pub(super) fn set_attribute(&mut self, pc: u32, to: u32, from: u32) {
        if let Some(field) = self.known_field(pc, to, 0) {
            let Some(kind @ Kind::Record(_)) = self.kind(pc, to, 0) else { unreachable!("a field of a record") };
            let record = self.ensure(pc, to, kind);
            let otherwise = self.exit(pc, Cause::Kind, None);
            let parts = self.plain_parts(from, otherwise);
            self.replace(record, field_offset(field), parts);
            return;
        }
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        if self.is_known(pc, to, 0, Kind::Map) {
            let map = self.ensure(pc, to, Kind::Map);
            self.check_plain(map, slow);
            let entry = self.cached_entry(pc, map, slow);
            let parts = self.plain_parts(from, slow);
            self.replace_in(&entry, parts);
            self.builder.ins().jump(join, &[]);
            self.builder.switch_to_block(join);
            return;
        }
        let (object_tag, object) = self.parts(to);
        let is_record = self.is_tag(object_tag, Tag::Record);
        self.go_on_if(is_record, slow);
        let field = self.cached_field(pc, object, slow);
        let parts = self.plain_parts(from, slow);
        self.replace(field, Record::FIELDS_OFFSET as i32, parts);
        self.builder.ins().jump(join, &[]);
        self.builder.switch_to_block(join);
    }

    /// `R[first] := instance of T[type_index] with fields R[first], …`: in a cell of the heap's, where one is free and no collection would follow.
    pub(super) fn new_record(&mut self, pc: u32, first: u32, type_index: u32) {
        let shape = self.request.fields[pc as usize].filter(|_| self.request.has(Optimization::Records));
        let Some(shape) = shape else { return self.step(pc) };
        let (count, is_data) = (shape >> 1, shape & 1);
        let cell = Heap::cell_of(Record::FIELDS_OFFSET + count as usize * REGISTER as usize);
        let Some((class, size)) = cell else { unreachable!("native code makes small records only") };
        let (stepped, join) = (self.builder.create_block(), self.builder.create_block());
        let slow = self.slow_step(pc, stepped);
        let result = self.builder.append_block_param(join, types::I64);
        let values: Vec<(Value, Value)> = (first..first + count).map(|at| self.plain_parts(at, slow)).collect();
        let runtime = self.of_machine(LAYOUT.runtime);
        let heap = |offset: usize| LAYOUT.heap + offset as i32;
        let policy = self.builder.ins().uload8(types::I64, flags(), runtime, heap(Heap::POLICY_OFFSET));
        let has_tables = self.builder.ins().icmp_imm_s(IntCC::Equal, policy, MemoryPolicy::Naive as i64);
        self.go_on_unless(has_tables, slow);
        let bytes = self.builder.ins().load(types::I64, flags(), runtime, heap(Heap::BYTES_OFFSET));
        let bytes = self.builder.ins().iadd_imm_s(bytes, size as i64);
        let threshold = self.builder.ins().load(types::I64, flags(), runtime, heap(Heap::THRESHOLD_OFFSET));
        let has_room = self.builder.ins().icmp(IntCC::UnsignedLessThan, bytes, threshold);
        self.go_on_if(has_room, slow);
        let free = heap(Heap::FREE_OFFSET + class * size_of::<usize>());
        let record = self.builder.ins().load(types::I64, flags(), runtime, free);
        self.go_on_if(record, slow);
        let next = self.builder.ins().load(types::I64, flags(), record, Heap::NEXT_OFFSET as i32);
        self.builder.ins().store(flags(), next, runtime, free);
        self.builder.ins().store(flags(), bytes, runtime, heap(Heap::BYTES_OFFSET));
        let header = Header::bytes(ObjectKind::Record, is_data as u8, class as u8, type_index);
        let header = self.builder.ins().iconst(types::I64, i64::from_ne_bytes(header));
        self.builder.ins().store(flags(), header, record, Header::KIND_OFFSET as i32);
        let mark = self.builder.ins().uload8(types::I64, flags(), runtime, heap(Heap::EPOCH_OFFSET));
        self.builder.ins().istore8(flags(), mark, record, Header::MARK_OFFSET as i32);
        let fields = self.builder.ins().iconst(types::I64, i64::from(count));
        self.builder.ins().store(flags(), fields, record, Record::COUNT_OFFSET as i32);
        for (at, (tag, payload)) in (0..).zip(values) {
            self.builder.ins().store(flags(), tag, record, field_offset(at));
            self.builder.ins().store(flags(), payload, record, field_offset(at) + PAYLOAD);
        }
        self.builder.ins().jump(join, &[record.into()]);
        self.builder.switch_to_block(stepped);
        let made = self.load_payload(first, types::I64);
        self.builder.ins().jump(join, &[made.into()]);
        self.builder.switch_to_block(join);
        self.written_by_step(pc);
        self.define(first, Kind::Record(type_index), result);
    }

    /// Where the records have the field that an instruction was seen to meet in a register, if that holds one or is expected to.
    fn known_field(&self, pc: u32, register: u32, lane: usize) -> Option<u32> {
        let is_record = self.request.speculates()
            && self.request.has(Optimization::Fields)
            && !self.request.doubts.has(pc)
            && match self.kind(pc, register, lane) {
                // The field was looked up for the type that this instruction met.
                Some(Kind::Record(index)) => self.request.seen[pc as usize].record == index + 1,
                _ => false,
            };
        if is_record { self.request.fields[pc as usize] } else { None }
    }

    /// What the instruction finds in a record by its type: the position of a field or the function of a method. The access site remembers that of the type it met last; where several types are met,
    /// the table has that of each.
    pub(super) fn member(&mut self, pc: u32, record: Value, slow: ir::Block) -> Value {
        let (site, offset) = self.site(pc);
        let meets_many = self.request.seen[pc as usize].record == MANY_TYPES && self.request.has(Optimization::Fields);
        if meets_many {
            let members = self.of_machine(LAYOUT.members);
            let row = self.builder.ins().uload32(flags(), site, offset + LAYOUT.site_row);
            let number = self.builder.ins().uload32(flags(), record, Record::TYPE_OFFSET as i32);
            let place = self.builder.ins().iadd(row, number);
            let distance = self.builder.ins().ishl_imm_s(place, 2);
            let place = self.builder.ins().iadd(members, distance);
            let found = self.builder.ins().uload32(flags(), place, 0);
            let is_none = self.builder.ins().icmp_imm_s(IntCC::Equal, found, i64::from(NO_MEMBER));
            self.go_on_unless(is_none, slow);
            return found;
        }
        let wanted = self.builder.ins().load(types::I32, flags(), site, offset + LAYOUT.site_type);
        let found = self.builder.ins().load(types::I32, flags(), record, Record::TYPE_OFFSET as i32);
        let is_type = self.builder.ins().icmp(IntCC::Equal, wanted, found);
        self.go_on_if(is_type, slow);
        self.builder.ins().uload32(flags(), site, offset + LAYOUT.site_found)
    }

    /// The address of a record plus that of the field within its fields.
    fn cached_field(&mut self, pc: u32, record: Value, slow: ir::Block) -> Value {
        let position = self.member(pc, record, slow);
        let distance = self.builder.ins().ishl_imm_s(position, i64::from(REGISTER.trailing_zeros()));
        self.builder.ins().iadd(record, distance)
    }

    /// The access sites, and how far behind the first the instruction's lies.
    pub(super) fn site(&mut self, pc: u32) -> (Value, i32) {
        let sites = self.of_machine(LAYOUT.sites);
        let number = self.request.sites[pc as usize].expect("accesses have sites");
        (sites, number as i32 * LAYOUT.site_size)
    }

    // Variables that are no registers.

    /// Gives a register the value at an address; a payload if all that read it are expected to meet one kind.
    fn load_value(&mut self, pc: u32, to: u32, from: Value, offset: i32) {
        let expected = self.expected_after.get((pc - self.start) as usize).and_then(|after| after[to as usize].kind());
        let Some(kind) = expected.filter(|_| !self.request.doubts.has(pc)) else {
            self.copy_from_memory(to, from, offset);
            return;
        };
        let tag = self.builder.ins().load(types::I64, flags(), from, offset);
        let otherwise = self.exit(pc, Cause::Kind, None);
        let is_kind = self.is_tag(tag, kind.tag());
        self.go_on_if(is_kind, otherwise);
        let payload = self.builder.ins().load(Self::type_of(kind), flags(), from, offset + PAYLOAD);
        if let Kind::Record(index) = kind {
            let is_type = self.is_of_type(payload, index);
            self.go_on_if(is_type, otherwise);
        }
        self.define(to, kind, payload);
    }

    pub(super) fn load_global(&mut self, pc: u32, to: u32, global: u32) {
        let globals = self.of_machine(LAYOUT.globals);
        let offset = global as i32 * REGISTER;
        self.load_set(pc, to, globals, offset);
    }

    /// Gives a register the value at an address unless it was never set, which the interpreter makes an error of.
    fn load_set(&mut self, pc: u32, to: u32, from: Value, offset: i32) {
        let expected = self.expected_after.get((pc - self.start) as usize).and_then(|after| after[to as usize].kind());
        if expected.is_some() && !self.request.doubts.has(pc) {
            self.load_value(pc, to, from, offset);
            return;
        }
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let tag = self.builder.ins().load(types::I64, flags(), from, offset);
        let is_unset = self.is_tag(tag, Tag::Unset);
        self.go_on_unless(is_unset, slow);
        let payload = self.builder.ins().load(types::I64, flags(), from, offset + PAYLOAD);
        self.write_parts(to, tag, payload);
        self.builder.ins().jump(join, &[]);
        self.builder.switch_to_block(join);
        self.defined_in_frame(to);
    }

    pub(super) fn store_global(&mut self, from: u32, global: u32) {
        let globals = self.of_machine(LAYOUT.globals);
        let (tag, payload) = self.parts(from);
        self.builder.ins().store(flags(), tag, globals, global as i32 * REGISTER);
        self.builder.ins().store(flags(), payload, globals, global as i32 * REGISTER + PAYLOAD);
    }

    /// The closure that is running.
    fn closure(&mut self, pc: u32) -> Value {
        let context = self.body.context(pc);
        if context.depth > 0 {
            return self.closure_of(context);
        }
        let top = self.top();
        self.builder.ins().load(types::I64, flags(), top, LAYOUT.frame_closure - LAYOUT.frame_size)
    }

    /// `R[to] := captured variable`, which is in a cell or not.
    pub(super) fn load_capture(&mut self, pc: u32, to: u32, captured: u32, is_cell: bool) {
        let closure = self.closure(pc);
        let offset = Closure::CAPTURES_OFFSET as i32 + captured as i32 * REGISTER;
        if !is_cell {
            self.load_set(pc, to, closure, offset);
            return;
        }
        let otherwise = self.exit(pc, Cause::Kind, None);
        let cell = self.cell_at(closure, offset, otherwise);
        self.load_set(pc, to, cell, Cell::VALUE_OFFSET as i32);
    }

    /// The cell that a value at an address is; goes to `otherwise` if it is none.
    fn cell_at(&mut self, from: Value, offset: i32, otherwise: ir::Block) -> Value {
        let tag = self.builder.ins().load(types::I64, flags(), from, offset);
        let is_cell = self.is_tag(tag, Tag::Cell);
        self.go_on_if(is_cell, otherwise);
        self.builder.ins().load(types::I64, flags(), from, offset + PAYLOAD)
    }

    /// `captured cell := R[from]`
    pub(super) fn store_capture(&mut self, pc: u32, from: u32, captured: u32) {
        let closure = self.closure(pc);
        let otherwise = self.exit(pc, Cause::Kind, None);
        let cell = self.cell_at(closure, Closure::CAPTURES_OFFSET as i32 + captured as i32 * REGISTER, otherwise);
        self.fill_cell(cell, from);
    }

    fn fill_cell(&mut self, cell: Value, from: u32) {
        let parts = self.parts(from);
        self.replace(cell, Cell::VALUE_OFFSET as i32, parts);
    }

    /// `R[to] := what cell R[from] holds`
    pub(super) fn load_cell(&mut self, pc: u32, to: u32, from: u32) {
        let otherwise = self.exit(pc, Cause::Kind, None);
        let (tag, cell) = self.parts(from);
        let is_cell = self.is_tag(tag, Tag::Cell);
        self.go_on_if(is_cell, otherwise);
        self.load_set(pc, to, cell, Cell::VALUE_OFFSET as i32);
    }

    /// `cell R[to] := R[from]`
    pub(super) fn store_cell(&mut self, pc: u32, to: u32, from: u32) {
        let otherwise = self.exit(pc, Cause::Kind, None);
        let (tag, cell) = self.parts(to);
        let is_cell = self.is_tag(tag, Tag::Cell);
        self.go_on_if(is_cell, otherwise);
        self.fill_cell(cell, from);
    }

    /// An error unless a variable was set.
    pub(super) fn check_set(&mut self, pc: u32, register: u32) {
        if let Held::Variable { .. } = self.held(register) {
            return;
        }
        let join = self.builder.create_block();
        let slow = self.slow_step(pc, join);
        let (tag, _) = self.parts(register);
        let is_unset = self.is_tag(tag, Tag::Unset);
        self.builder.ins().brif(is_unset, slow, &[], join, &[]);
        self.builder.switch_to_block(join);
    }

    /// `R[to] := whether R[from] was ever set`
    pub(super) fn is_set(&mut self, to: u32, from: u32) {
        let (tag, _) = self.parts(from);
        let is_set = self.builder.ins().icmp_imm_s(IntCC::NotEqual, tag, Tag::Unset as i64);
        let value = self.builder.ins().uextend(types::I64, is_set);
        self.define(to, Kind::Bool, value);
    }
}

/// What a list that keeps its elements so takes as an element: a payload of this kind, or anything.
fn element_value(kind: ElementKind) -> Option<Option<Kind>> {
    Some(match kind {
        ElementKind::Int => Some(Kind::Int),
        ElementKind::Float => Some(Kind::Float),
        ElementKind::Bool => Some(Kind::Bool),
        ElementKind::Value => None,
    })
}

fn field_offset(field: u32) -> i32 {
    Record::FIELDS_OFFSET as i32 + field as i32 * REGISTER
}
