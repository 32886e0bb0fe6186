//! The caller in Kotlin: how records are made of what was given, how they tell their fields, and every call.

use anyhow::Result;
use askama::Template;

use super::{Surface, derives};
use crate::ir::{Argument, EnumKind, Field, Function, Interface, Object, Record, Type, camel};
use crate::write::GeneratedFile;

#[derive(Template)]
#[template(path = "callers/Calls.kt.txt", escape = "none")]
struct Calls {
    made: Vec<Call>,
    derived: Vec<Call>,
    called: Vec<Call>,
    heard: Vec<Heard>,
    told: Vec<Told>,
}

/// A constructor or a method.
struct Call {
    object: String,
    /// As plans have it.
    name: String,
    /// What calls it, on `client` if it is a method.
    code: String,
}

/// A record that is given.
struct Heard {
    name: String,
    /// Fields that must be there: name in Kotlin, value.
    required: Vec<(String, String)>,
    /// Fields that have a default: as plans have them, name in Kotlin, value.
    optional: Vec<(String, String, String)>,
}

/// A record that is told.
struct Told {
    name: String,
    /// As plans have them, and the value.
    fields: Vec<(String, String)>,
}

pub fn write(surface: &Surface<'_>) -> Result<GeneratedFile> {
    let interface = surface.interface;
    let methods =
        || surface.clients.iter().flat_map(|client| client.methods.iter().map(move |f| (*client, f)));
    let call = |client: &Object, method: &Function| Call {
        object: client.name.clone(),
        name: method.name.clone(),
        // Kotlin's own `close` lets go of the object; core's is called otherwise.
        code: {
            let name = if method.name == "close" { "shutDown".to_string() } else { camel(&method.name) };
            let code = format!("client.{name}({})", arguments(interface, method));
            match method.returns.as_ref().filter(|_| !derives(client, method)) {
                Some(ty) => tell(ty, &code),
                None => code,
            }
        },
    };
    let calls = Calls {
        made: surface
            .clients
            .iter()
            .flat_map(|client| client.constructors.iter().map(|f| make(interface, client, f)))
            .collect(),
        derived: methods()
            .filter(|(client, f)| derives(client, f))
            .map(|(client, f)| call(client, f))
            .collect(),
        called: methods()
            .filter(|(client, f)| !derives(client, f))
            .map(|(client, f)| call(client, f))
            .collect(),
        heard: surface.records_in.iter().map(|record| hear_record(interface, record)).collect(),
        told: surface.records_out.iter().map(|record| tell_record(record)).collect(),
    };
    Ok(GeneratedFile::new("conformance/callers/kotlin/generated/Calls.kt", calls.render()?))
}

fn make(interface: &Interface, client: &Object, function: &Function) -> Call {
    let called = match function.name.as_str() {
        "new" => client.name.clone(),
        other => format!("{}.{}", client.name, camel(other)),
    };
    Call {
        object: client.name.clone(),
        name: function.name.clone(),
        code: format!("{called}({})", arguments(interface, function)),
    }
}

fn arguments(interface: &Interface, function: &Function) -> String {
    let value = |argument: &Argument| value(interface, "\"\"", &argument.name, &argument.ty);
    function.arguments.iter().map(value).collect::<Vec<_>>().join(", ")
}

fn hear_record(interface: &Interface, record: &Record) -> Heard {
    let of = |field: &Field| value(interface, "at", &field.name, &field.ty);
    let (optional, required): (Vec<&Field>, Vec<&Field>) =
        record.fields.iter().partition(|field| field.may_be_left_out());
    Heard {
        name: record.name.clone(),
        required: required.into_iter().map(|field| (camel(&field.name), of(field))).collect(),
        optional: optional
            .into_iter()
            .map(|field| (field.name.clone(), camel(&field.name), of(field)))
            .collect(),
    }
}

fn tell_record(record: &Record) -> Told {
    let fields = record.fields.iter();
    let told = fields.map(|f| (f.name.clone(), tell(&f.ty, &format!("told.{}", camel(&f.name)))));
    Told { name: record.name.clone(), fields: told.collect() }
}

/// What was given under this name below a place.
fn value(interface: &Interface, at: &str, name: &str, ty: &Type) -> String {
    let place = format!("place({at}, \"{name}\")");
    match ty.unboxed() {
        Type::Optional(inner) => format!("given.ifThere({place}) {{ {} }}", hear(interface, inner, "it")),
        ty => hear(interface, ty, &place),
    }
}

/// The value of this type that stands at a place.
fn hear(interface: &Interface, ty: &Type, place: &str) -> String {
    let text = format!("given.text({place})");
    match ty.unboxed() {
        Type::Bool => format!("{text}.toBooleanStrict()"),
        Type::U16 => format!("{text}.toUShort()"),
        Type::U32 => format!("{text}.toUInt()"),
        Type::U64 => format!("{text}.toULong()"),
        Type::I8 => format!("{text}.toByte()"),
        Type::I16 => format!("{text}.toShort()"),
        Type::I32 => format!("{text}.toInt()"),
        Type::I64 => format!("{text}.toLong()"),
        Type::String => text,
        Type::Bytes => format!("bytes({text})"),
        Type::Decimal => format!("BigDecimal({text})"),
        Type::Timestamp => format!("instant({text})"),
        Type::Object(name) => format!("{name}({text})"),
        Type::Record(name) => format!("hear{name}(given, {place})"),
        Type::Enum(name) if interface.enumeration(name).kind == EnumKind::Open => {
            format!("{name}.ofWire({text})")
        }
        Type::Enum(name) => format!("{text}.let {{ wire -> {name}.entries.first {{ it.wire == wire }} }}"),
        Type::List(inner) => format!("given.list({place}) {{ {} }}", hear(interface, inner, "it")),
        Type::Map => format!("given.map({place})"),
        Type::U8 | Type::Optional(_) | Type::Boxed(_) | Type::Unsupported(_) => {
            unreachable!("the surface has no such argument")
        }
    }
}

/// What a value tells: of nothing but maps, lists, texts, numbers, truth and absence.
fn tell(ty: &Type, value: &str) -> String {
    match ty.unboxed() {
        Type::Bytes => format!("hexadecimal({value})"),
        Type::Decimal => format!("{value}.toPlainString()"),
        Type::Timestamp => format!("microseconds({value})"),
        Type::Record(_) => format!("tell({value})"),
        Type::Enum(_) => format!("{value}.wire"),
        Type::Object(_) => format!("{value}.reveal()"),
        Type::Optional(inner) => match tell(inner, "it") {
            same if same == "it" => value.to_string(),
            told => format!("{value}?.let {{ {told} }}"),
        },
        Type::List(inner) => match tell(inner, "it") {
            same if same == "it" => value.to_string(),
            told => format!("{value}.map {{ {told} }}"),
        },
        _ => value.to_string(),
    }
}
