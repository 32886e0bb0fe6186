//! The calls of the runner in C: how structs are filled with what was given, how they tell their members, and every call.

use anyhow::{Context, Result};
use askama::Template;

use super::{Surface, made};
use crate::c::types::{has_flag, list_name, members, single};
use crate::c::{c_name, calls};
use crate::ir::{Argument, EnumKind, Function, Interface, Object, Type, snake};
use crate::write::GeneratedFile;

/// What the runner calls its own, where arguments are variables beside it.
const RUNNERS: [&str; 7] = ["given", "place", "made", "items", "count", "pair", "keep"];

/// How a field or argument lies in C.
enum Shape {
    /// A member that is NULL, or zero, when absent.
    One,
    /// A number beside a member that says whether it is there.
    Flagged { flag: String },
    /// A pointer and a number, of items.
    List { length: String, item: String },
    /// A pointer and a number, of pairs of texts.
    Map { length: String },
    /// A pointer and a number, of bytes.
    Bytes { length: String },
}

/// A field or an argument.
struct Value {
    name: String,
    member: String,
    shape: Shape,
    /// The end of the name of the function that hears or tells it: `text`, `cysend_order`.
    by: String,
    /// Of a list: whether items are optional never; of the value itself: whether NULL may stand for absence.
    optional: bool,
}

struct Struct {
    /// `cysend_order`
    name: String,
    c_type: String,
    values: Vec<Value>,
}

/// A closed enumeration.
struct Closed {
    name: String,
    c_type: String,
    /// Constants and texts.
    values: Vec<(String, String)>,
}

struct Call {
    /// The class, or `-` for functions that belong to none.
    object: String,
    method: String,
    function: String,
    has_handle: bool,
    /// The class and the type of the object that it makes, if it makes one.
    makes: Option<(String, String)>,
    arguments: Vec<Value>,
    /// Declarations of what the arguments become.
    declarations: Vec<String>,
    /// In the order of the function's parameters.
    passed: Vec<String>,
    out: Option<Out>,
}

impl Value {
    fn has_length(&self) -> bool {
        matches!(self.shape, Shape::List { .. } | Shape::Map { .. } | Shape::Bytes { .. })
    }
}

/// Where a result goes.
struct Out {
    declarations: Vec<String>,
    passed: String,
    value: Value,
    free: Option<String>,
}

#[derive(Template)]
#[template(path = "callers/calls.c.txt", escape = "none")]
struct Calls {
    closed_in: Vec<Closed>,
    closed_out: Vec<Closed>,
    structs_in: Vec<Struct>,
    structs_out: Vec<Struct>,
    error: Struct,
    calls: Vec<Call>,
    objects: Vec<(String, String)>,
}

pub fn write(surface: &Surface<'_>) -> Result<GeneratedFile> {
    let interface = surface.interface;
    let details = interface.error_details();
    let structs = |records: &[&crate::ir::Record]| {
        let without_error = records.iter().filter(|record| record.name != details.name);
        without_error.map(|record| structure(interface, record)).collect()
    };
    let closed = |enums: &[&crate::ir::Enum]| {
        enums.iter().filter(|item| item.kind == EnumKind::Closed).map(|item| closed(item)).collect()
    };
    let calls = surface.objects.iter().flat_map(|object| {
        let constructors = object.constructors.iter().map(|f| call(interface, Some(object), f, false));
        constructors.chain(object.methods.iter().map(|f| call(interface, Some(object), f, true)))
    });
    let calls = calls.chain(surface.functions.iter().map(|f| call(interface, None, f, false)));
    let calls = Calls {
        closed_in: closed(&surface.enums_in),
        closed_out: closed(&surface.enums_out),
        structs_in: structs(&surface.records_in),
        structs_out: structs(&surface.records_out),
        error: structure(interface, details),
        calls: calls.collect(),
        objects: surface.objects.iter().map(|object| (object.name.clone(), c_name(&object.name))).collect(),
    };
    let text = calls.render().context("the calls in C cannot be written")?;
    Ok(GeneratedFile::new("conformance/runners/c/generated/calls.h", text))
}

fn structure(interface: &Interface, record: &crate::ir::Record) -> Struct {
    let values = record.fields.iter().map(|field| value(interface, &field.name, &field.ty)).collect();
    Struct { name: snake(&record.name), c_type: c_name(&record.name), values }
}

fn closed(item: &crate::ir::Enum) -> Closed {
    let constant = |name: &str| format!("TG_{}_{}", crate::ir::shouty(&item.name), crate::ir::shouty(name));
    Closed {
        name: snake(&item.name),
        c_type: c_name(&item.name),
        values: item.variants.iter().map(|v| (constant(&v.name), v.wire.clone())).collect(),
    }
}

fn value(interface: &Interface, name: &str, ty: &Type) -> Value {
    let all = members(interface, name, ty);
    let (inner, optional) = match ty.unboxed() {
        Type::Optional(inner) => (inner.unboxed(), true),
        other => (other, false),
    };
    let length = || all[1].name.clone();
    let (member, shape) = match inner {
        Type::List(item) => {
            let item = single(interface, item).c();
            (0, Shape::List { length: length(), item })
        }
        Type::Map => (0, Shape::Map { length: length() }),
        Type::Bytes => (0, Shape::Bytes { length: length() }),
        flagged if optional && has_flag(flagged) => (1, Shape::Flagged { flag: all[0].name.clone() }),
        _ => (0, Shape::One),
    };
    let by = by(interface, inner);
    Value { name: name.to_string(), member: all[member].name.clone(), shape, by, optional }
}

/// The end of the name of the function for one value of this type.
fn by(interface: &Interface, ty: &Type) -> String {
    match ty.innermost() {
        Type::Bool => "flag".to_string(),
        Type::U64 => "natural".to_string(),
        Type::U16 | Type::U32 | Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Timestamp => {
            "integer".to_string()
        }
        Type::String | Type::Decimal => "text".to_string(),
        Type::Object(name) if name == "Secret" => "secret".to_string(),
        Type::Object(_) => "object".to_string(),
        Type::Record(name) => snake(name),
        Type::Enum(name) => match interface.enumeration(name).kind {
            EnumKind::Closed => snake(name),
            EnumKind::Open | EnumKind::Data => "open".to_string(),
        },
        _ => "pairs".to_string(),
    }
}

fn call(interface: &Interface, object: Option<&Object>, function: &Function, has_handle: bool) -> Call {
    let name = match object.map(|object| c_name(&object.name)) {
        Some(object) if has_handle => calls::method_name(interface, &object, &function.name),
        Some(object) => format!("{object}_{}", function.name),
        None => format!("tg_{}", function.name),
    };
    let makes = made(function).map(|object| (object.to_string(), c_name(object)));
    let (mut declarations, mut passed) = (Vec::new(), Vec::new());
    for argument in &function.arguments {
        for member in members(interface, &local(&argument.name), &argument.ty) {
            declarations.push(member.declaration());
            passed.push(member.name);
        }
    }
    let argument = |a: &Argument| Value { name: a.name.clone(), ..value(interface, &local(&a.name), &a.ty) };
    let arguments = function.arguments.iter().map(argument).collect();
    let out = function.returns.as_ref().filter(|_| makes.is_none()).map(|ty| out(interface, ty));
    Call {
        object: object.map_or("-".to_string(), |object| object.name.clone()),
        method: function.name.clone(),
        function: name,
        has_handle,
        makes,
        arguments,
        declarations,
        passed,
        out,
    }
}

/// The variable for an argument. One of the runner's own names would be hidden by it.
fn local(argument: &str) -> String {
    if RUNNERS.contains(&argument) { format!("{argument}_") } else { argument.to_string() }
}

fn out(interface: &Interface, ty: &Type) -> Out {
    let (inner, optional) = match ty.unboxed() {
        Type::Optional(inner) => (inner.unboxed(), true),
        other => (other, false),
    };
    let owned = |pointee: String, free: String, member: &str, shape: Shape| Out {
        declarations: vec![format!("{pointee} *out")],
        passed: "&out".to_string(),
        value: Value {
            name: String::new(),
            member: member.to_string(),
            shape,
            by: by(interface, ty),
            optional,
        },
        free: Some(free),
    };
    let length = || "out->items_len".to_string();
    match inner {
        Type::String | Type::Decimal => {
            owned("char".to_string(), "tg_string_free".to_string(), "out", Shape::One)
        }
        Type::Bytes => {
            let shape = Shape::Bytes { length: "out->data_len".to_string() };
            owned("tg_bytes".to_string(), "tg_bytes_free".to_string(), "out->data", shape)
        }
        Type::Map => {
            let free = "tg_pair_list_free".to_string();
            owned("tg_pair_list".to_string(), free, "out->items", Shape::Map { length: length() })
        }
        Type::List(item) => {
            let name = list_name(interface, item);
            let item = single(interface, item).c();
            owned(name.clone(), format!("{name}_free"), "out->items", Shape::List { length: length(), item })
        }
        Type::Record(name) | Type::Object(name) => {
            owned(c_name(name), format!("{}_free", c_name(name)), "out", Shape::One)
        }
        Type::Enum(name) if interface.enumeration(name).kind == EnumKind::Open => {
            owned(c_name(name), "tg_open_free".to_string(), "*out", Shape::One)
        }
        plain => {
            let (c_type, flagged) = (single(interface, plain).c(), optional && has_flag(plain));
            let mut declarations = vec![format!("{c_type} out")];
            let (passed, shape) = if flagged {
                declarations.push("bool has_out".to_string());
                ("&has_out, &out", Shape::Flagged { flag: "has_out".to_string() })
            } else {
                ("&out", Shape::One)
            };
            Out {
                declarations,
                passed: passed.to_string(),
                value: Value {
                    name: String::new(),
                    member: "out".to_string(),
                    shape,
                    by: by(interface, plain),
                    optional,
                },
                free: None,
            }
        }
    }
}
