//! The types of all calls, as tables: JavaScript does not know them of itself, and the runner in Node reads them.

use anyhow::Result;
use askama::Template;

use super::{SECRET, Surface, made};
use crate::ir::{Field, Function, Type};
use crate::write::GeneratedFile;

#[derive(Template)]
#[template(path = "callers/types.mjs.txt", escape = "none")]
struct Tables {
    calls: Vec<Calls>,
    records: Vec<(String, Vec<(String, String)>)>,
    facts: String,
}

/// Name, arguments with their types, and what is returned, as JavaScript.
type Call = (String, Vec<(String, String)>, String);

struct Calls {
    /// `-` for functions that belong to none.
    object: String,
    functions: Vec<Call>,
}

pub fn write(surface: &Surface<'_>) -> Result<GeneratedFile> {
    let mut records: Vec<_> = surface.records_in.clone();
    records.extend(
        surface.records_out.iter().filter(|out| surface.records_in.iter().all(|x| x.name != out.name)),
    );
    let mut calls: Vec<_> = (surface.objects.iter())
        .map(|object| Calls {
            object: object.name.clone(),
            functions: object.constructors.iter().chain(&object.methods).map(call).collect(),
        })
        .collect();
    calls.push(Calls {
        object: "-".to_string(),
        functions: surface.functions.iter().map(|function| call(function)).collect(),
    });
    let tables = Tables {
        calls,
        records: records.iter().map(|x| (x.name.clone(), x.fields.iter().map(field).collect())).collect(),
        facts: surface.interface.error_details().name.clone(),
    };
    let text = format!("{}\n", tables.render()?.trim_end().replace("{ \n", "{\n"));
    Ok(GeneratedFile::new("conformance/runners/node/generated/types.mjs", text))
}

fn call(function: &Function) -> (String, Vec<(String, String)>, String) {
    let arguments = function.arguments.iter().map(|x| (x.name.clone(), named(&x.ty))).collect();
    let returns = match &function.returns {
        Some(ty) if made(function).is_none() => format!("\"{}\"", named(ty)),
        _ => "null".to_string(),
    };
    (function.name.clone(), arguments, returns)
}

fn field(field: &Field) -> (String, String) {
    (field.name.clone(), named(&field.ty))
}

/// A type by its name; what is absent needs none of its own.
fn named(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_string(),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
            "integer".to_string()
        }
        Type::String | Type::Enum(_) => "text".to_string(),
        Type::Bytes => "bytes".to_string(),
        Type::Decimal => "decimal".to_string(),
        Type::Timestamp => "instant".to_string(),
        Type::Map => "map".to_string(),
        Type::Object(name) if name == SECRET => "secret".to_string(),
        Type::Object(name) | Type::Record(name) => name.clone(),
        Type::List(inner) => format!("{}[]", named(inner)),
        Type::Optional(inner) | Type::Boxed(inner) => named(inner),
        Type::Unsupported(what) => unreachable!("{what} is refused before anything is written"),
    }
}
