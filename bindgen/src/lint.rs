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
                self.fault(
                    name,
                    format!("{other} differs only in case, and files and some languages do not tell"),
                );
            }
            let capitals = name.as_bytes().windows(2).any(|two| two.iter().all(u8::is_ascii_uppercase));
            if !name.is_ascii() || !name.starts_with(|c: char| c.is_ascii_uppercase()) || name.contains('_') {
                self.fault(name, "a type is named in UpperCamelCase, in ASCII");
            } else if capitals {
                self.fault(
                    name,
                    "an acronym is a word (`PinCode`, `HttpStatus`), or `tg_` names fall to pieces",
                );
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
                self.fault(
                    place,
                    format!("`{prefix}` is for types of the module `{gateway}`, and this is in `{module}`"),
                );
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
            let place = if field.name.is_empty() {
                format!("{owner}, field {number}")
            } else {
                format!("{owner}.{}", field.name)
            };
            self.snake_name(&place, &field.name);
            if seen.insert(&field.name, ()).is_some() {
                self.fault(&place, "the name is used twice");
            }
            match field.name.as_str() {
                "message" => self.fault(
                    &place,
                    "`message` collides with that of exceptions in Kotlin; say `text` or `reason`",
                ),
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
            (Type::List(_), Default::EmptyList)
            | (Type::Map, Default::EmptyMap)
            | (Type::Bytes, Default::EmptyBytes) => true,
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
                self.fault(
                    &place,
                    "its docs do not end with the line \"Wire text: `...`\"; use `open_enum!`",
                );
            }
            for field in &variant.fields {
                if field.name == "tag" || field.name == "kind" {
                    self.fault(
                        &format!("{place}.{}", field.name),
                        "this name tells the variants apart in other languages",
                    );
                }
            }
        }
    }

    fn error(&mut self) {
        let error = &self.interface.error;
        let place = format!("error {}", error.name);
        self.docs(&place, &error.docs);
        self.variants(&place, &error.variants);
        let first =
            error.variants.first().and_then(|v| v.fields.first()).map(|field| field.ty.unboxed().clone());
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
                let taken = ["code", "number", "text", "status", "name", "stack", "cause", "args"];
                if taken.contains(&field.name.as_str()) {
                    self.fault(
                        &format!("record {name}.{}", field.name),
                        "errors of other languages have this already",
                    );
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
                Type::Optional(_) => {
                    self.fault(place, "an option in an option: no language tells the two absences apart")
                }
                inner => self.ty(place, inner),
            },
            Type::List(inner) => match inner.unboxed() {
                Type::Object(_) => {
                    self.fault(place, "a list of objects: who lets go of each one? Return ids or records")
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{ErrorEnum, Object, Record};

    fn field(name: &str, ty: Type) -> Field {
        Field { name: name.to_string(), ty, default: None, docs: "What it is.".to_string() }
    }

    fn record(name: &str, module: &str, fields: Vec<Field>) -> Record {
        Record { name: name.to_string(), module: module.to_string(), docs: "What it is.".to_string(), fields }
    }

    fn variant(name: &str, number: i64) -> Variant {
        Variant {
            name: name.to_string(),
            number: Some(number),
            wire: snake(name),
            docs: "What it is.".to_string(),
            fields: Vec::new(),
        }
    }

    fn function(name: &str, arguments: &[(&str, Type)], returns: Option<Type>) -> Function {
        let argument = |(name, ty): &(&str, Type)| Argument {
            name: name.to_string(),
            ty: ty.clone(),
            by_ref: false,
            default: None,
        };
        Function {
            name: name.to_string(),
            module: "orders".to_string(),
            docs: "What it does.".to_string(),
            arguments: arguments.iter().map(argument).collect(),
            returns,
            ..Function::default()
        }
    }

    /// An interface without a fault.
    fn good() -> Interface {
        let details = Type::Boxed(Box::new(Type::Record("ErrorDetails".to_string())));
        let refused = Variant { fields: vec![field("details", details)], ..variant("Refused", 1) };
        Interface {
            version: "0.1.0".to_string(),
            records: vec![
                record("CysendOrder", "cysend", vec![field("id", Type::I64)]),
                record("ErrorDetails", "error", vec![field("reason", Type::String)]),
            ],
            enums: vec![Enum {
                name: "Outcome".to_string(),
                module: "error".to_string(),
                docs: "What it is.".to_string(),
                kind: EnumKind::Closed,
                variants: vec![variant("Local", 1), variant("NotSent", 2)],
            }],
            error: ErrorEnum {
                name: "TillgateError".to_string(),
                module: "error".to_string(),
                docs: "What it is.".to_string(),
                variants: vec![refused],
            },
            objects: vec![Object {
                name: "Till".to_string(),
                module: "orders".to_string(),
                docs: "What it is.".to_string(),
                constructors: vec![],
                methods: vec![function(
                    "order",
                    &[("id", Type::String)],
                    Some(Type::Record("CysendOrder".to_string())),
                )],
            }],
            functions: vec![],
            unsupported: vec![],
        }
    }

    /// The one fault after a change to the good interface.
    fn fault_of(change: impl FnOnce(&mut Interface)) -> String {
        let mut interface = good();
        change(&mut interface);
        let faults = check(&interface);
        assert_eq!(faults.len(), 1, "{faults:#?}");
        faults.into_iter().next().unwrap_or_default()
    }

    fn fault_of_type(ty: Type) -> String {
        fault_of(|i| i.records[0].fields[0].ty = ty)
    }

    #[test]
    fn a_good_interface_has_no_faults() {
        assert_eq!(check(&good()), Vec::<String>::new());
    }

    #[test]
    fn a_fault_says_where_and_why() {
        let fault = fault_of(|i| i.records[0].fields[0].docs.clear());
        assert_eq!(fault, "record CysendOrder.id: it has no docs");
    }

    #[test]
    fn everything_has_docs() {
        assert!(fault_of(|i| i.records[0].docs.clear()).contains("no docs"));
        assert!(fault_of(|i| i.enums[0].docs.clear()).contains("no docs"));
        assert!(fault_of(|i| i.enums[0].variants[1].docs.clear()).starts_with("enum Outcome::NotSent"));
        assert!(fault_of(|i| i.error.variants[0].docs.clear()).contains("no docs"));
        assert!(fault_of(|i| i.objects[0].docs.clear()).starts_with("object Till"));
        assert!(fault_of(|i| i.objects[0].methods[0].docs.clear()).starts_with("Till::order"));
        assert!(
            fault_of(|i| i.functions.push(Function { docs: String::new(), ..function("ping", &[], None) }))
                .contains("ping")
        );
    }

    #[test]
    fn lists_of_objects_and_what_nobody_can_own_are_refused() {
        let list = |ty| Type::List(Box::new(ty));
        assert!(fault_of_type(list(Type::Object("Till".to_string()))).contains("a list of objects"));
        assert!(fault_of_type(list(Type::Optional(Box::new(Type::String)))).contains("a list of options"));
        assert!(fault_of_type(list(list(Type::String))).contains("a list of lists"));
        assert!(fault_of_type(list(Type::Map)).contains("a list of lists, maps"));
        assert!(
            fault_of_type(Type::Optional(Box::new(Type::Optional(Box::new(Type::Bool)))))
                .contains("an option in an option")
        );
    }

    #[test]
    fn what_the_metadata_reader_could_not_express_is_refused() {
        assert!(fault_of_type(Type::Unsupported("a float".to_string())).contains("a float"));
        assert!(fault_of(|i| i.unsupported.push("trait Listener".to_string())).contains("Listener"));
        assert!(
            fault_of(|i| i.objects[0].methods[0].returns = Some(Type::Unsupported("a set".to_string())))
                .contains("a set")
        );
    }

    #[test]
    fn what_is_not_in_the_interface_is_refused() {
        assert!(fault_of_type(Type::Record("Elsewhere".to_string())).contains("Elsewhere is not a record"));
        assert!(
            fault_of_type(Type::Enum("Elsewhere".to_string())).contains("Elsewhere is not an enumeration")
        );
        assert!(fault_of_type(Type::Enum("TillgateError".to_string())).contains("thrown, not passed"));
    }

    #[test]
    fn numbers_are_explicit_unlike_and_not_zero() {
        assert!(fault_of(|i| i.enums[0].variants[0].number = None).contains("no explicit number"));
        assert!(fault_of(|i| i.enums[0].variants[0].number = Some(2)).contains("has the number 2 already"));
        assert!(fault_of(|i| i.enums[0].variants[0].number = Some(0)).contains("numbers begin with 1"));
        assert!(fault_of(|i| i.enums[0].variants[0].number = Some(70_000)).contains("does not fit u16"));
        assert!(fault_of(|i| i.error.variants[0].number = None).contains("no explicit number"));
        assert!(fault_of(|i| i.error.variants[0].number = Some(0)).contains("0 means success"));
    }

    #[test]
    fn open_enumerations_tell_their_wire_texts() {
        let raw = |i: &mut Interface| {
            i.enums[0].kind = EnumKind::Open;
            let other = Variant {
                fields: vec![field("raw", Type::String)],
                wire: String::new(),
                ..variant("Other", 0)
            };
            i.enums[0].variants.insert(0, other);
        };
        let mut interface = good();
        raw(&mut interface);
        assert_eq!(check(&interface), Vec::<String>::new());
        assert!(
            fault_of(|i| {
                raw(i);
                i.enums[0].variants[1].wire.clear()
            })
            .contains("Wire text")
        );
        assert!(
            fault_of(|i| {
                raw(i);
                i.enums[0].variants[0].number = Some(9)
            })
            .contains("`Other` has the number 0")
        );
    }

    #[test]
    fn names_fit_every_language() {
        assert!(fault_of(|i| i.records[0].fields[0].name = "message".to_string()).contains("Kotlin"));
        assert!(fault_of(|i| i.records[0].fields[0].name.clear()).contains("named fields"));
        assert!(fault_of(|i| i.records[0].fields[0].name = "faceValue".to_string()).contains("face_value"));
        assert!(
            fault_of(|i| i.records[0].fields[0].name = "struct_size".to_string()).contains("C's structs")
        );
        assert!(fault_of(|i| i.enums[0].name = "HTTPStatus".to_string()).contains("an acronym is a word"));
        assert!(fault_of(|i| i.enums[0].name = "TiLl".to_string()).contains("only in case"));
        assert!(
            fault_of(|i| i.objects[0].methods[0].arguments[0].name = "out".to_string()).contains("already")
        );
        let twice = |i: &mut Interface| i.records[0].fields.push(field("id", Type::Bool));
        assert!(fault_of(twice).contains("used twice"));
    }

    #[test]
    fn types_of_a_gateway_bear_its_prefix_and_no_others_do() {
        assert!(fault_of(|i| i.enums[0].module = "cyclos".to_string()).contains("begin with `Cyclos`"));
        assert!(
            fault_of(|i| i.enums[0].name = "LyraOutcome".to_string())
                .contains("`Lyra` is for types of the module `lyra`")
        );
    }

    #[test]
    fn the_error_has_one_shape() {
        assert!(fault_of(|i| i.error.variants.push(variant("Closed", 2))).contains("one field `details`"));
        assert!(fault_of(|i| i.records[1].fields[0].name = "text".to_string()).contains("have this already"));
    }

    #[test]
    fn functions_can_fail_and_grow() {
        let asynchronous = |i: &mut Interface| i.objects[0].methods[0].is_async = true;
        assert!(fault_of(asynchronous).contains("returns a `Result`"));
        let three = [("a", Type::Bool), ("b", Type::Bool), ("c", Type::Bool)];
        assert!(fault_of(|i| i.functions.push(function("many", &three, None))).contains("request record"));
    }

    #[test]
    fn defaults_fit_their_types() {
        let with = |default| fault_of(|i| i.records[0].fields[0].default = Some(default));
        assert!(with(Default::None).contains("does not fit"));
        assert!(with(Default::Text("1".to_string())).contains("does not fit"));
        assert!(with(Default::Unsupported("a float".to_string())).contains("a float"));
        let mut interface = good();
        interface.records[0].fields[0].default = Some(Default::Integer(7));
        assert_eq!(check(&interface), Vec::<String>::new());
    }
}
