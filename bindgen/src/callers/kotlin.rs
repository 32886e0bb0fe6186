//! The calls of the runner in Kotlin: how records are made of what was given, how they tell their fields, and every call.

use anyhow::Result;
use askama::Template;

use super::{SECRET, Surface, made};
use crate::ir::{Argument, EnumKind, Field, Function, Interface, Object, Record, Type, camel};
use crate::write::GeneratedFile;

#[derive(Template)]
#[template(path = "callers/Calls.kt.txt", escape = "none")]
struct Calls {
    made: Vec<Call>,
    called: Vec<Call>,
    functions: Vec<Call>,
    heard: Vec<Heard>,
    told: Vec<Told>,
}

/// A constructor, a method, or a function that belongs to no object.
struct Call {
    /// Empty of a function.
    object: String,
    /// As calls have it.
    name: String,
    /// What calls it, on `callee` if it is a method.
    code: String,
}

/// A record that is given.
struct Heard {
    name: String,
    /// Fields that must be there: name in Kotlin, value.
    required: Vec<(String, String)>,
    /// Fields that have a default: as calls have them, name in Kotlin, value.
    optional: Vec<(String, String, String)>,
}

/// A record that is told.
struct Told {
    name: String,
    /// As calls have them, and the value.
    fields: Vec<(String, String)>,
}

pub fn write(surface: &Surface<'_>) -> Result<GeneratedFile> {
    let interface = surface.interface;
    let calls = Calls {
        made: of_objects(
            surface,
            |object| &object.constructors,
            |object, f| match f.name.as_str() {
                "new" => object.name.clone(),
                other => format!("{}.{}", object.name, camel(other)),
            },
        ),
        called: of_objects(
            surface,
            |object| &object.methods,
            |_, f| match f.name.as_str() {
                // Kotlin's own `close` lets go of the object; core's is called otherwise.
                "close" => "callee.shutDown".to_string(),
                other => format!("callee.{}", camel(other)),
            },
        ),
        functions: surface.functions.iter().map(|f| call(interface, "", f, &camel(&f.name))).collect(),
        heard: surface.records_in.iter().map(|record| hear_record(interface, record)).collect(),
        told: surface.records_out.iter().map(|record| tell_record(record)).collect(),
    };
    Ok(GeneratedFile::new("conformance/runners/kotlin/generated/Calls.kt", calls.render()?))
}

/// The calls of all objects, by what calls them in Kotlin.
fn of_objects(
    surface: &Surface<'_>,
    functions: impl Fn(&Object) -> &Vec<Function>,
    callee: impl Fn(&Object, &Function) -> String,
) -> Vec<Call> {
    let of = |object: &&Object| -> Vec<Call> {
        let calls = functions(object).iter();
        calls.map(|f| call(surface.interface, &object.name, f, &callee(object, f))).collect()
    };
    surface.objects.iter().flat_map(of).collect()
}

fn call(interface: &Interface, object: &str, function: &Function, callee: &str) -> Call {
    let code = format!("{callee}({})", arguments(interface, function));
    let code = match &function.returns {
        // What was made is kept, and not told.
        Some(ty) if made(function).is_none() => tell(ty, &code),
        _ => code,
    };
    Call { object: object.to_string(), name: function.name.clone(), code }
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
    let of = |hear: &str| format!("given.value({place}) {{ {hear} }}");
    match ty.unboxed() {
        Type::Bool => of("it.toBooleanStrict()"),
        Type::U16 => of("it.toUShort()"),
        Type::U32 => of("it.toUInt()"),
        Type::U64 => of("it.toULong()"),
        Type::I8 => of("it.toByte()"),
        Type::I16 => of("it.toShort()"),
        Type::I32 => of("it.toInt()"),
        Type::I64 => of("it.toLong()"),
        Type::String => of("it"),
        Type::Bytes => of("bytes(it)"),
        Type::Decimal => of("BigDecimal(it)"),
        Type::Timestamp => of("instant(it)"),
        Type::Object(name) if name == SECRET => of("Secret(it)"),
        Type::Object(name) => format!("given.kept({place}) as {name}"),
        Type::Record(name) => format!("hear{name}(given, {place})"),
        Type::Enum(name) if interface.enumeration(name).kind == EnumKind::Open => {
            of(&format!("{name}.ofWire(it)"))
        }
        Type::Enum(name) => of(&format!("wire -> {name}.entries.first {{ it.wire == wire }}")),
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
