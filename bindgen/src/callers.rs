//! Callers: for each language a program that makes the calls which its standard input describes, and prints all that came of each.
//! So a judge can compare languages without knowing any of them, and no operation or field is written down once more by hand.
//!
//! What does not depend on core is written by hand, in `conformance/callers`. Python's caller needs nothing else: there, records
//! tell their fields themselves.

mod c;
mod rust;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use camino::Utf8Path;

use crate::ir::{Enum, EnumKind, Field, Function, Interface, Object, Record, Type};
use crate::write::GeneratedFile;

/// Folders whose files are all generated.
pub const FOLDERS: &[&str] = &["conformance/callers/c/generated", "conformance/callers/rust/src/generated"];

/// The generated files, with paths from the root of the workspace.
pub fn write(interface: &Interface, _root: &Utf8Path) -> Result<Vec<GeneratedFile>> {
    let surface = Surface::of(interface)?;
    Ok(vec![c::write(&surface)?, rust::write(&surface)?])
}

/// What callers call, and all types that go along.
struct Surface<'a> {
    interface: &'a Interface,
    /// Objects that talk to a gateway and keep nothing: they are made of records, and nothing but records and secrets goes in and
    /// out. A till is none.
    clients: Vec<&'a Object>,
    records_in: Vec<&'a Record>,
    /// With the error's details.
    records_out: Vec<&'a Record>,
    enums_in: Vec<&'a Enum>,
    enums_out: Vec<&'a Enum>,
}

impl<'a> Surface<'a> {
    fn of(interface: &'a Interface) -> Result<Self> {
        let clients: Vec<_> = interface.objects.iter().filter(|object| is_client(interface, object)).collect();
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
    for ty in object.methods.iter().filter_map(|method| method.returns.as_ref()) {
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
