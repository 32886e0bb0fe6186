//! Callers: for each language a program that makes the calls which its standard input describes, and prints all that came of each.
//! So a judge can compare languages without knowing any of them, and no operation or field is written down once more by hand.
//!
//! What does not depend on core is written by hand, in `conformance/callers`. Python's caller needs nothing else: there, records
//! tell their fields themselves.

mod c;
mod kotlin;
mod rust;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use camino::Utf8Path;

use crate::ir::{Enum, EnumKind, Field, Function, Interface, Object, Record, Type};
use crate::write::GeneratedFile;

/// Folders whose files are all generated.
pub const FOLDERS: &[&str] = &[
    "conformance/callers/c/generated",
    "conformance/callers/kotlin/generated",
    "conformance/callers/rust/src/generated",
];

/// The generated files, with paths from the root of the workspace.
pub fn write(interface: &Interface, _root: &Utf8Path) -> Result<Vec<GeneratedFile>> {
    let surface = Surface::of(interface)?;
    Ok(vec![c::write(&surface)?, kotlin::write(&surface)?, rust::write(&surface)?])
}

/// What callers call, and all types that go along.
struct Surface<'a> {
    interface: &'a Interface,
    /// Objects that talk to a gateway and keep nothing: they are made of records, and nothing but records, secrets and further
    /// clients like themselves goes in and out. A till is none.
    clients: Vec<&'a Object>,
    records_in: Vec<&'a Record>,
    /// With the error's details.
    records_out: Vec<&'a Record>,
    enums_in: Vec<&'a Enum>,
    enums_out: Vec<&'a Enum>,
}

impl<'a> Surface<'a> {
    fn of(interface: &'a Interface) -> Result<Self> {
        let clients: Vec<_> =
            interface.objects.iter().filter(|object| is_client(interface, object)).collect();
        let (mut into, mut out) = (BTreeSet::new(), BTreeSet::new());
        for function in clients.iter().flat_map(|client| functions(client)) {
            for argument in &function.arguments {
                reach(interface, &argument.ty, &mut into);
            }
            if let Some(ty) = function.returns.as_ref().filter(|ty| !matches!(ty, Type::Object(_))) {
                reach(interface, ty, &mut out);
            }
        }
        reach(interface, &Type::Record(interface.error_details().name.clone()), &mut out);
        for ty in into.iter().chain(&out) {
            match ty {
                Type::U8 => bail!("callers cannot carry numbers of 8 bits yet"),
                Type::Enum(name) if interface.enumeration(name).kind == EnumKind::Data => {
                    bail!("callers cannot carry enumerations with fields yet, such as {name}")
                }
                _ => {}
            }
        }
        let records = |types: &BTreeSet<Type>| {
            let inner_first = interface.records_inner_first().into_iter();
            inner_first.filter(|record| types.contains(&Type::Record(record.name.clone()))).collect()
        };
        let enums = |types: &BTreeSet<Type>| {
            interface.enums.iter().filter(|item| types.contains(&Type::Enum(item.name.clone()))).collect()
        };
        Ok(Self {
            interface,
            clients,
            records_in: records(&into),
            records_out: records(&out),
            enums_in: enums(&into),
            enums_out: enums(&out),
        })
    }
}

/// Whether it returns another client of its kind.
fn derives(client: &Object, method: &Function) -> bool {
    method.returns == Some(Type::Object(client.name.clone()))
}

fn functions(object: &Object) -> impl Iterator<Item = &Function> {
    object.constructors.iter().chain(&object.methods)
}

fn is_client(interface: &Interface, object: &Object) -> bool {
    let mut types = BTreeSet::new();
    for function in functions(object) {
        for argument in &function.arguments {
            reach(interface, &argument.ty, &mut types);
        }
    }
    let methods = object.methods.iter().filter(|method| !derives(object, method));
    for ty in methods.filter_map(|method| method.returns.as_ref()) {
        reach(interface, ty, &mut types);
    }
    let holds_objects = types.iter().any(|ty| matches!(ty, Type::Object(name) if name != "Secret"));
    object.name != "Secret" && !object.constructors.is_empty() && !holds_objects
}

/// Adds the type and all that it holds, without boxes, options and lists around them.
fn reach(interface: &Interface, ty: &Type, types: &mut BTreeSet<Type>) {
    let ty = ty.innermost();
    if !types.insert(ty.clone()) {
        return;
    }
    let fields: Vec<&Field> = match ty {
        Type::Record(name) => interface.record(name).fields.iter().collect(),
        Type::Enum(name) => interface.enumeration(name).variants.iter().flat_map(|v| &v.fields).collect(),
        _ => return,
    };
    for field in fields {
        reach(interface, &field.ty, types);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Argument, ErrorEnum, Variant};

    fn field(name: &str, ty: Type) -> Field {
        Field { name: name.to_string(), ty, default: None, docs: String::new() }
    }

    fn record(name: &str, fields: Vec<Field>) -> Record {
        Record { name: name.to_string(), fields, ..Record::default() }
    }

    fn function(name: &str, argument: Type, returns: Type) -> Function {
        Function {
            name: name.to_string(),
            is_async: true,
            throws: true,
            arguments: vec![Argument { name: "it".to_string(), ty: argument, by_ref: false, default: None }],
            returns: Some(returns),
            ..Function::default()
        }
    }

    fn object(name: &str, methods: Vec<Function>) -> Object {
        let own = Type::Object(name.to_string());
        Object {
            name: name.to_string(),
            constructors: vec![function("new", Type::String, own)],
            methods,
            ..Object::default()
        }
    }

    fn list(record: &str) -> Type {
        Type::List(Box::new(Type::Record(record.to_string())))
    }

    /// A client of some other gateway, and a till that takes it.
    fn interface() -> Interface {
        let details = field("details", Type::Record("Facts".to_string()));
        let client = Type::Object("ShopClient".to_string());
        Interface {
            records: vec![
                record("Facts", vec![field("reason", Type::String)]),
                record("Goods", vec![field("price", Type::Decimal)]),
                record("Wish", vec![field("at", Type::Optional(Box::new(Type::Timestamp)))]),
            ],
            error: ErrorEnum {
                variants: vec![Variant { fields: vec![details], ..Variant::default() }],
                ..ErrorEnum::default()
            },
            objects: vec![
                object("Secret", vec![]),
                object(
                    "ShopClient",
                    vec![
                        function("buy", list("Wish"), list("Goods")),
                        function("again", Type::String, client.clone()),
                    ],
                ),
                object("Till", vec![function("attach", client, Type::Bool)]),
            ],
            ..Interface::default()
        }
    }

    #[test]
    fn a_client_of_any_gateway_is_called_and_a_till_is_not() {
        let interface = interface();
        let surface = Surface::of(&interface).unwrap();
        let names = |records: &[&Record]| records.iter().map(|x| x.name.clone()).collect::<Vec<_>>();
        assert_eq!(surface.clients.iter().map(|x| x.name.as_str()).collect::<Vec<_>>(), ["ShopClient"]);
        assert_eq!(names(&surface.records_in), ["Wish"]);
        assert_eq!(names(&surface.records_out), ["Facts", "Goods"]);
        for file in write(&interface, Utf8Path::new("")).unwrap() {
            for part in ["\"buy\"", "\"again\"", "\"price\"", "\"at\"", "\"reason\""] {
                assert!(file.text.contains(part), "{part} is missing in {}:\n{}", file.path, file.text);
            }
            assert!(!file.text.contains("attach"), "{}", file.text);
        }
    }

    #[test]
    fn what_cannot_be_carried_is_refused() {
        let mut interface = interface();
        interface.records[2].fields.push(field("size", Type::U8));
        let error = write(&interface, Utf8Path::new("")).unwrap_err();
        assert!(error.to_string().contains("8 bits"), "{error}");
    }
}
