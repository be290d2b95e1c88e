//! Paths that name types: after `extends`, and in patterns. A type may be declared in the file, imported by name, or reached through a
//! module.

use std::collections::hash_map::Entry;

use fxhash::{FxHashMap, FxHashSet};

use super::{Binding, Declaration, Resolved, Resolver, Storage};
use crate::ast::{Expression, Field, Span, TypeKind, TypePath};
use crate::constant::literal;
use crate::diagnostics::Diagnostic;
use crate::names::Symbol;

/// A path that must name a type.
pub(super) struct NamedType<'a> {
    path: TypePath<'a>,
    /// What its first name was declared as.
    first: Option<Storage>,
    /// What is said if it names something else.
    complaint: &'static str,
    /// The type that extends the named one.
    extended_by: Option<u32>,
}

impl<'a> Resolver<'a, '_> {
    /// Notes that `path` must name a type, which `extended_by` extends.
    pub(super) fn name_type(&mut self, path: TypePath<'a>, complaint: &'static str, extended_by: Option<u32>) {
        let mut first = None;
        if let Binding::Variable { owner, variable } = self.lookup(path.name)
            && let Some(frame) = self.frames.iter().find(|frame| frame.id == owner)
            && let Declaration::Fixed(storage) = frame.scope.variables[variable as usize].declaration
        {
            first = Some(storage);
        }
        self.named_types.push(NamedType { path, first, complaint, extended_by });
    }

    /// Remembers what the global that holds something for other files always holds.
    pub(super) fn note_fixed_global(&mut self, global: u32, declaration: Declaration) {
        if let Declaration::Fixed(storage @ (Storage::Type(_) | Storage::Module(_))) = declaration {
            self.fixed_globals.insert(global, storage);
        }
    }

    /// Follows the paths of the current file.
    pub(super) fn settle_types(&mut self) {
        for named in std::mem::take(&mut self.named_types) {
            let path = named.path;
            let members = path.members.iter().map(|member| member.symbol);
            let found = members.fold(named.first, |storage, member| self.member(storage?, member));
            let Some(Storage::Type(index)) = found.and_then(|storage| self.known(storage)) else {
                let text = &self.program.files[self.file].text[path.span.start as usize..path.span.end as usize];
                let diagnostic = Diagnostic::error(named.complaint, path.span);
                self.error(diagnostic.with_help(format!("'{text}' is not one")));
                continue;
            };
            self.resolved.files[self.file].bindings[path.name.id.0 as usize] = Binding::Type(index);
            if let Some(child) = named.extended_by {
                self.extend(child, index, path.span);
            }
        }
    }

    /// What a name that stands for something fixed is in the end.
    fn known(&self, storage: Storage) -> Option<Storage> {
        match storage {
            Storage::Global(global) => self.fixed_globals.get(&global).copied(),
            other => Some(other),
        }
    }

    /// What a member of a module stands for.
    fn member(&self, owner: Storage, member: Symbol) -> Option<Storage> {
        let Storage::Module(module) = self.known(owner)? else { return None };
        let members = &self.resolved.modules[module as usize].members;
        members.iter().find(|(symbol, _)| *symbol == member).map(|&(_, global)| Storage::Global(global))
    }

    /// Makes `parent` the type that `child` extends, unless that closes a circle.
    fn extend(&mut self, child: u32, parent: u32, span: Span) {
        let root = self.root(parent);
        if root == child {
            self.error(
                Diagnostic::error("a type cannot extend itself", span).with_help("remove one 'extends' of the circle"),
            );
            return;
        }
        self.roots[child as usize] = root;
        self.resolved.types[child as usize].parent = Some(parent);
    }

    /// The ancestor of a type that extends nothing so far. What is found on the way is remembered, so that long chains stay cheap.
    fn root(&mut self, index: u32) -> u32 {
        let known = self.roots.len() as u32;
        self.roots.extend(known..self.resolved.types.len() as u32);
        let mut root = index;
        while self.roots[root as usize] != root {
            root = self.roots[root as usize];
        }
        let mut current = index;
        while current != root {
            current = std::mem::replace(&mut self.roots[current as usize], root);
        }
        root
    }
}

/// A field of a type, its own or inherited.
#[derive(Clone, Copy, Debug)]
pub struct TypeField<'a> {
    /// Its declaration.
    pub field: &'a Field<'a>,
    /// The type that declares it.
    pub owner: u32,
    /// The file of that type.
    pub file: usize,
    /// True for a contract's, whose default its constructor computes.
    is_state: bool,
}

impl<'a> TypeField<'a> {
    /// Its default, if that is no constant.
    pub fn computed_default(&self) -> Option<&'a Expression<'a>> {
        self.field.default.filter(|default| !self.is_state && literal(default).is_none())
    }
}

impl<'a> Resolved<'a> {
    /// All fields of a type, the parent's first; one declared again stands at the parent's place with its new default.
    pub fn fields(&self, index: u32) -> &[TypeField<'a>] {
        &self.type_fields[index as usize]
    }

    /// Works out the fields of all types, of each type once and of parents before those that extend them.
    pub(super) fn settle_fields(&mut self) {
        let mut settled: Vec<Option<Vec<TypeField<'a>>>> = vec![None; self.types.len()];
        let mut chain = Vec::new();
        for index in 0..self.types.len() as u32 {
            let mut next = Some(index);
            while let Some(current) = next
                && settled[current as usize].is_none()
            {
                chain.push(current);
                next = self.types[current as usize].parent;
            }
            while let Some(current) = chain.pop() {
                let parent = self.types[current as usize].parent;
                let inherited = parent.and_then(|parent| settled[parent as usize].as_deref()).unwrap_or_default();
                settled[current as usize] = Some(self.with_own_fields(current, inherited.to_vec()));
            }
        }
        self.type_fields = settled.into_iter().map(Option::unwrap_or_default).collect();
    }

    fn with_own_fields(&self, index: u32, mut fields: Vec<TypeField<'a>>) -> Vec<TypeField<'a>> {
        let info = &self.types[index as usize];
        let mut places: FxHashMap<Symbol, usize> = FxHashMap::default();
        if !info.entity.fields.is_empty() {
            places.extend(fields.iter().enumerate().map(|(at, field)| (field.field.name.symbol, at)));
        }
        for field in info.entity.fields {
            let own =
                TypeField { field, owner: index, file: info.file, is_state: info.entity.kind == TypeKind::Contract };
            match places.entry(field.name.symbol) {
                Entry::Occupied(place) => fields[*place.get()] = own,
                Entry::Vacant(place) => {
                    place.insert(fields.len());
                    fields.push(own);
                }
            }
        }
        fields
    }

    /// Computed defaults that types inherit from types of other files, each once, with the type that declares it. Functions of their own
    /// compute them, as names and places in them are those of the other file.
    pub fn distant_defaults(&self) -> Vec<(u32, &'a Expression<'a>)> {
        let mut distant: Vec<(u32, &'a Expression<'a>)> = Vec::new();
        let mut known: FxHashSet<*const Expression<'a>> = FxHashSet::default();
        for (index, info) in self.types.iter().enumerate() {
            if info.parent.is_none() {
                continue;
            }
            for field in self.fields(index as u32).iter().filter(|field| field.file != info.file) {
                if let Some(default) = field.computed_default()
                    && known.insert(std::ptr::from_ref(default))
                {
                    distant.push((field.owner, default));
                }
            }
        }
        distant
    }
}
