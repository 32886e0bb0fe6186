//! The rules of an interface that can be expressed well in every language.
//!
//! A broken rule is told with where it is broken, why the rule is there if that is not plain, and what to do.

use std::collections::BTreeMap;

use crate::ir::{Argument, Default, Enum, EnumKind, Field, Function, Interface, Type, Variant, snake};

/// Modules of gateways, and the prefix of all their types.
pub const GATEWAYS: &[(&str, &str)] = &[("cysend", "Cysend"), ("cyclos", "Cyclos"), ("lyra", "Lyra")];

/// The broken rules, each with where and why. Empty if the interface is good.
pub fn check(interface: &Interface) -> Vec<String> {
    let mut lint = Lint { interface, faults: interface.unsupported.clone() };
    lint.type_names();
    for record in &interface.records {
        let place = format!("record {}", record.name);
        lint.docs(&place, &record.docs);
        lint.prefix(&place, &record.name, &record.module);
        if record.fields.is_empty() {
            lint.fault(&place, "it has no fields; C has no empty structs");
        }
        lint.fields(&place, &record.fields);
    }
    for item in &interface.enums {
        let place = format!("enum {}", item.name);
        lint.docs(&place, &item.docs);
        lint.prefix(&place, &item.name, &item.module);
        lint.variants(&place, &item.variants);
        lint.enumeration(&place, item);
    }
    lint.error();
    for object in &interface.objects {
        let place = format!("object {}", object.name);
        lint.docs(&place, &object.docs);
        lint.prefix(&place, &object.name, &object.module);
        let mut seen = BTreeMap::new();
        for function in object.constructors.iter().chain(&object.methods) {
            let place = format!("{}::{}", object.name, function.name);
            if seen.insert(&function.name, ()).is_some() {
                lint.fault(&place, "the name is used twice");
            }
            if function.name == "free" {
                lint.fault(&place, "in C this is the name of the function that lets go of the object");
            }
            lint.function(&place, function);
        }
    }
    for function in &interface.functions {
        lint.function(&format!("function {}", function.name), function);
    }
    lint.faults
}

struct Lint<'a> {
    interface: &'a Interface,
    faults: Vec<String>,
}

impl Lint<'_> {
    fn fault(&mut self, place: &str, reason: impl AsRef<str>) {
        self.faults.push(format!("{place}: {}", reason.as_ref()));
    }

    fn type_names(&mut self) {
        let mut seen = BTreeMap::<String, String>::new();
        let all = self.interface;
        let names = all.records.iter().map(|x| &x.name).chain(all.enums.iter().map(|x| &x.name));
        let names = names.chain(all.objects.iter().map(|x| &x.name)).chain([&all.error.name]);
        for name in names {
            if let Some(other) = seen.insert(name.to_lowercase(), name.clone()) {
                self.fault(name, format!("{other} differs only in case, and files and some languages do not tell"));
            }
            let capitals = name.as_bytes().windows(2).any(|two| two.iter().all(u8::is_ascii_uppercase));
            if !name.is_ascii() || !name.starts_with(|c: char| c.is_ascii_uppercase()) || name.contains('_') {
                self.fault(name, "a type is named in UpperCamelCase, in ASCII");
            } else if capitals {
                self.fault(name, "an acronym is a word (`PinCode`, `HttpStatus`), or `tg_` names fall to pieces");
            }
        }
    }

    fn docs(&mut self, place: &str, docs: &str) {
        if docs.trim().is_empty() {
            self.fault(place, "it has no docs");
        }
    }

    fn prefix(&mut self, place: &str, name: &str, module: &str) {
        for (gateway, prefix) in GATEWAYS {
            if module == *gateway && !name.starts_with(prefix) {
                self.fault(place, format!("types of the module `{gateway}` begin with `{prefix}`"));
            }
            if module != *gateway && name.starts_with(prefix) {
                self.fault(place, format!("`{prefix}` is for types of the module `{gateway}`, and this is in `{module}`"));
            }
        }
    }

    /// A name of a field, argument or function.
    fn snake_name(&mut self, place: &str, name: &str) {
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.fault(place, "it has no name; write a struct with named fields");
        } else if !name.is_ascii() || snake(name) != name {
            self.fault(place, format!("`{name}` is not snake_case (`{}`)", snake(name)));
        }
    }

    fn fields(&mut self, owner: &str, fields: &[Field]) {
        let mut seen = BTreeMap::new();
        for (number, field) in fields.iter().enumerate() {
            let place =
                if field.name.is_empty() { format!("{owner}, field {number}") } else { format!("{owner}.{}", field.name) };
            self.snake_name(&place, &field.name);
            if seen.insert(&field.name, ()).is_some() {
                self.fault(&place, "the name is used twice");
            }
            match field.name.as_str() {
                "message" => self.fault(&place, "`message` collides with that of exceptions in Kotlin; say `text` or `reason`"),
                "struct_size" => self.fault(&place, "C's structs begin with a field of this name"),
                _ => {}
            }
            self.docs(&place, &field.docs);
            self.ty(&place, &field.ty);
            if let Some(default) = &field.default {
                self.default(&place, &field.ty, default);
            }
        }
    }

    fn default(&mut self, place: &str, ty: &Type, default: &Default) {
        let fits = match (ty.unboxed(), default) {
            (_, Default::Unsupported(what)) => return self.fault(place, format!("the default is {what}")),
            (Type::Optional(_), Default::None) => true,
            (Type::Optional(inner), Default::Some(value)) => return self.default(place, inner, value),
            (Type::Bool, Default::Bool(_)) | (Type::String, Default::Text(_)) => true,
            (Type::List(_), Default::EmptyList) | (Type::Map, Default::EmptyMap) | (Type::Bytes, Default::EmptyBytes) => true,
            (Type::Enum(name), Default::Variant(variant)) => self
                .interface
                .find_enumeration(name)
                .is_some_and(|e| e.variants.iter().any(|v| v.name == *variant && v.fields.is_empty())),
            (
                Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64,
                Default::Integer(_),
            ) => true,
            _ => false,
        };
        if !fits {
            self.fault(place, format!("the default {default:?} does not fit the type {ty:?}"));
        }
    }

    fn variants(&mut self, owner: &str, variants: &[Variant]) {
        let mut numbers = BTreeMap::new();
        for variant in variants {
            let place = format!("{owner}::{}", variant.name);
            self.docs(&place, &variant.docs);
            match variant.number {
                None => self.fault(&place, "it has no explicit number (`= 3`, with `#[repr(u16)]`)"),
                Some(number) if !(0..=i64::from(u16::MAX)).contains(&number) => {
                    self.fault(&place, format!("its number {number} does not fit u16"));
                }
                Some(number) => {
                    if let Some(other) = numbers.insert(number, &variant.name) {
                        self.fault(&place, format!("{other} has the number {number} already"));
                    }
                }
            }
            self.fields(&place, &variant.fields);
        }
    }

    fn enumeration(&mut self, place: &str, item: &Enum) {
        if item.variants.is_empty() {
            self.fault(place, "it has no variants");
        }
        for variant in &item.variants {
            let place = format!("{place}::{}", variant.name);
            let is_rest = item.kind == EnumKind::Open && variant.name == "Other";
            match (is_rest, variant.number) {
                (true, Some(number)) if number != 0 => self.fault(&place, "`Other` has the number 0"),
                (false, Some(0)) => self.fault(&place, "0 is kept for what is absent; numbers begin with 1"),
                _ => {}
            }
            if item.kind == EnumKind::Open && !is_rest && variant.wire.is_empty() {
                self.fault(&place, "its docs do not end with the line \"Wire text: `...`\"; use `open_enum!`");
            }
            for field in &variant.fields {
                if field.name == "tag" || field.name == "kind" {
                    self.fault(&format!("{place}.{}", field.name), "this name tells the variants apart in other languages");
                }
            }
        }
    }

    fn error(&mut self) {
        let error = &self.interface.error;
        let place = format!("error {}", error.name);
        self.docs(&place, &error.docs);
        self.variants(&place, &error.variants);
        let first = error.variants.first().and_then(|v| v.fields.first()).map(|field| field.ty.unboxed().clone());
        for variant in &error.variants {
            let place = format!("{place}::{}", variant.name);
            let details = match variant.fields.as_slice() {
                [field] if field.name == "details" => Some(field.ty.unboxed().clone()),
                _ => None,
            };
            if !matches!(details, Some(Type::Record(_))) || details != first {
                self.fault(&place, "each kind of error has one field `details`, of one and the same record");
            }
            if variant.number == Some(0) {
                self.fault(&place, "0 means success in C; numbers begin with 1");
            }
        }
        if let Some(Type::Record(name)) = &first {
            for field in &self.interface.record(name).fields {
                // What the bindings add when they flatten the error.
                if ["code", "text", "status", "name", "stack", "cause", "args"].contains(&field.name.as_str()) {
                    self.fault(&format!("record {name}.{}", field.name), "errors of other languages have this already");
                }
            }
        }
    }

    fn function(&mut self, place: &str, function: &Function) {
        self.docs(place, &function.docs);
        self.snake_name(place, &function.name);
        if function.is_async && !function.throws {
            self.fault(place, "what is async can fail (closed, forked), so it returns a `Result`");
        }
        if function.arguments.len() > 2 {
            self.fault(place, "over two arguments: write a request record, which can grow");
        }
        for Argument { name, ty, default, .. } in &function.arguments {
            let place = format!("{place}({name})");
            self.snake_name(&place, name);
            if ["out", "out_len", "has_out", "error", "handle"].contains(&name.as_str()) {
                self.fault(&place, "C's functions have an argument of this name already");
            }
            self.ty(&place, ty);
            if let Some(default) = default {
                self.default(&place, ty, default);
            }
        }
        if let Some(ty) = &function.returns {
            self.ty(&format!("{place} returns"), ty);
        }
    }

    fn ty(&mut self, place: &str, ty: &Type) {
        match ty.unboxed() {
            Type::Unsupported(what) => self.fault(place, what),
            Type::Record(name) if self.interface.find_record(name).is_none() => {
                self.fault(place, format!("{name} is not a record of this interface"));
            }
            Type::Enum(name) if *name == self.interface.error.name => {
                self.fault(place, "an error is thrown, not passed; pass its details");
            }
            Type::Enum(name) if self.interface.find_enumeration(name).is_none() => {
                self.fault(place, format!("{name} is not an enumeration of this interface"));
            }
            Type::Optional(inner) => match inner.unboxed() {
                Type::Optional(_) => self.fault(place, "an option in an option: no language tells the two absences apart"),
                inner => self.ty(place, inner),
            },
            Type::List(inner) => match inner.unboxed() {
                Type::Object(_) => self.fault(place, "a list of objects: who lets go of each one? Return ids or records"),
                Type::Optional(_) => self.fault(place, "a list of options"),
                Type::List(_) | Type::Map | Type::Bytes => {
                    self.fault(place, "a list of lists, maps or bytes: name the inner one as a record");
                }
                inner => self.ty(place, inner),
            },
            _ => {}
        }
    }
}
