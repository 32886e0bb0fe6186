//! What the runners of the conformance runs call: every function and method of core, by its name, with what a text describes, so
//! that all that comes of it can be told. So a judge can compare languages without knowing any of them, and no operation or
//! field is written down once more by hand.
//!
//! What does not depend on core is written by hand, in `conformance/runners`. Python's runner needs nothing else: there, records
//! tell their fields themselves.

mod c;
mod kotlin;
mod node;
mod rust;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use camino::Utf8Path;

use crate::ir::{Enum, EnumKind, Field, Function, Interface, Object, Record, Type};
use crate::write::GeneratedFile;

/// Folders whose files are all generated.
pub const FOLDERS: &[&str] = &[
    "conformance/runners/c/generated",
    "conformance/runners/kotlin/generated",
    "conformance/runners/node/generated",
    "conformance/runners/rust/src/generated",
];

/// The generated files, with paths from the root of the workspace.
pub fn write(interface: &Interface, _root: &Utf8Path) -> Result<Vec<GeneratedFile>> {
    let surface = Surface::of(interface)?;
    Ok(vec![c::write(&surface)?, kotlin::write(&surface)?, node::write(&surface)?, rust::write(&surface)?])
}

/// What runners call, and all types that go along.
struct Surface<'a> {
    interface: &'a Interface,
    /// All but secrets, which are texts here.
    objects: Vec<&'a Object>,
    /// Functions that belong to no object. `version` has no errors and a shape of its own in C.
    functions: Vec<&'a Function>,
    records_in: Vec<&'a Record>,
    /// With the error's details.
    records_out: Vec<&'a Record>,
    enums_in: Vec<&'a Enum>,
    enums_out: Vec<&'a Enum>,
}

impl<'a> Surface<'a> {
    fn of(interface: &'a Interface) -> Result<Self> {
        let objects: Vec<_> = interface.objects.iter().filter(|object| object.name != SECRET).collect();
        let functions: Vec<_> = interface.functions.iter().filter(|f| f.name != "version").collect();
        let (mut into, mut out) = (BTreeSet::new(), BTreeSet::new());
        let methods = objects.iter().flat_map(|object| object.constructors.iter().chain(&object.methods));
        for function in methods.chain(functions.iter().copied()) {
            for argument in &function.arguments {
                reach(interface, &argument.ty, &mut into);
            }
            if let Some(ty) = function.returns.as_ref().filter(|_| made(function).is_none()) {
                reach(interface, ty, &mut out);
            }
        }
        reach(interface, &Type::Record(interface.error_details().name.clone()), &mut out);
        if let Some(Type::Object(name)) =
            out.iter().find(|ty| matches!(ty, Type::Object(name) if name != SECRET))
        {
            bail!("runners cannot tell objects inside of records, such as {name}");
        }
        for ty in into.iter().chain(&out) {
            match ty {
                Type::U8 => bail!("runners cannot carry numbers of 8 bits yet"),
                Type::Enum(name) if interface.enumeration(name).kind == EnumKind::Data => {
                    bail!("runners cannot carry enumerations with fields yet, such as {name}")
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
            objects,
            functions,
            records_in: records(&into),
            records_out: records(&out),
            enums_in: enums(&into),
            enums_out: enums(&out),
        })
    }
}

const SECRET: &str = "Secret";

/// The class of the object that it makes: runners keep it under a name.
fn made(function: &Function) -> Option<&str> {
    match &function.returns {
        Some(Type::Object(name)) if name != SECRET => Some(name),
        _ => None,
    }
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
    fn every_object_is_called() {
        let interface = interface();
        let surface = Surface::of(&interface).unwrap();
        let names = |records: &[&Record]| records.iter().map(|x| x.name.clone()).collect::<Vec<_>>();
        assert_eq!(
            surface.objects.iter().map(|x| x.name.as_str()).collect::<Vec<_>>(),
            ["ShopClient", "Till"]
        );
        assert_eq!(names(&surface.records_in), ["Wish"]);
        assert_eq!(names(&surface.records_out), ["Facts", "Goods"]);
        for file in write(&interface, Utf8Path::new("")).unwrap() {
            for part in ["\"buy\"", "\"again\"", "\"attach\"", "\"price\"", "\"at\"", "\"reason\""] {
                assert!(file.text.contains(part), "{part} is missing in {}:\n{}", file.path, file.text);
            }
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
