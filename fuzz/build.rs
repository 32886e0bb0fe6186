//! Makes a table of C's functions and structs from the record of the binary interface, so that the target `c_entry` calls what
//! the header has, and new functions by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

const LAYOUT: &str = "../bindings-c/layout/0.1.0.txt";

/// What would end the library, or takes a function of the caller's.
const NOT_CALLED: [&str; 2] = ["tg_shut_down", "tg_log_set"];

/// A field's offset, type and name.
type Field = (usize, String, String);
/// A function's name, its result, and its parameters' types and names.
type Function = (String, String, Vec<(String, String)>);

#[derive(Default)]
struct Interface {
    aliases: BTreeMap<String, String>,
    handles: BTreeSet<String>,
    /// By name: the size, and the fields.
    structs: BTreeMap<String, (usize, Vec<Field>)>,
    /// The numbers of each enumeration, by the beginning of their names.
    constants: Vec<(String, i64)>,
    functions: Vec<Function>,
}

fn main() {
    println!("cargo::rerun-if-changed={LAYOUT}");
    println!("cargo::rerun-if-changed=build.rs");
    let text = std::fs::read_to_string(LAYOUT).expect("the record of the binary interface");
    let interface = read(&text);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo")).join("c_table.rs");
    std::fs::write(out, written(&interface)).expect("the table");
}

fn read(text: &str) -> Interface {
    let mut interface = Interface::default();
    let mut last = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["constant", name, value] => {
                interface.constants.push((name.to_string(), value.parse().unwrap_or_default()));
            }
            ["alias", name, of] => drop(interface.aliases.insert(name.to_string(), of.to_string())),
            ["handle", name] => drop(interface.handles.insert(name.to_string())),
            ["struct" | "fixed", name, size] => {
                last = name.to_string();
                interface.structs.insert(last.clone(), (size.parse().expect("a size"), Vec::new()));
            }
            ["function", name, ..] => {
                let (before, rest) = line.split_once('(').expect("parameters");
                let result = before.rsplit_once(' ').expect("a result").0;
                let result = result.strip_prefix(&format!("function {name} ")).expect("a result").to_string();
                let parameters = rest.trim_end_matches(')');
                let parameters = parameters.split(", ").filter(|one| *one != "void").map(typed).collect();
                interface.functions.push((name.to_string(), result, parameters));
            }
            [offset, ..] if line.starts_with(' ') => {
                let (kind, name) = typed(line.trim().split_once(' ').expect("a field").1);
                let fields = &mut interface.structs.get_mut(&last).expect("a struct").1;
                fields.push((offset.parse().expect("an offset"), kind, name));
            }
            other => panic!("{LAYOUT} has a line that is not understood: {other:?}"),
        }
    }
    interface
}

/// `const char *name` as `const char *` and `name`.
fn typed(text: &str) -> (String, String) {
    let at = text.rfind([' ', '*']).expect("a type and a name");
    (text[..=at].trim().to_string(), text[at + 1..].to_string())
}

fn written(interface: &Interface) -> String {
    let mut out = String::new();
    let names: Vec<&String> = interface.structs.keys().collect();
    let place = |name: &str| names.iter().position(|one| *one == name);
    writeln!(out, "pub static STRUCTS: &[Struct] = &[").unwrap();
    for name in &names {
        let (size, fields) = &interface.structs[*name];
        writeln!(out, "    Struct {{ name: {name:?}, size: {size}, fields: &[").unwrap();
        for (offset, kind, field) in fields {
            let kind = kind_of(interface, kind, &place);
            writeln!(out, "        Field {{ offset: {offset}, name: {field:?}, kind: {kind} }},").unwrap();
        }
        writeln!(out, "    ] }},").unwrap();
    }
    writeln!(out, "];\npub static FUNCTIONS: &[Function] = &[").unwrap();
    for (name, result, parameters) in &interface.functions {
        if NOT_CALLED.contains(&name.as_str()) {
            continue;
        }
        writeln!(out, "    Function {{ name: {name:?}, parameters: &[").unwrap();
        let mut arguments = Vec::new();
        let mut at = 0;
        for (kind, parameter) in parameters {
            let text = kind_of(interface, kind, &place);
            writeln!(out, "        Field {{ offset: {at}, name: {parameter:?}, kind: {text} }},").unwrap();
            if text.starts_with("Kind::Open") {
                arguments.push(format!(
                    "crate::public::tg_open {{ tag: a[{at}] as _, text: a[{}] as _ }}",
                    at + 1
                ));
                at += 2;
            } else {
                arguments.push(format!("a[{at}] as _"));
                at += 1;
            }
        }
        let path = path_of(name);
        let call = format!("unsafe {{ {path}({}) }}", arguments.join(", "));
        let body = match result.as_str() {
            "int32_t" => format!("Some({call})"),
            _ => format!("{{ let _ = {call}; None }}"),
        };
        writeln!(out, "    ], call: |a| {{ let _ = a; {body} }} }},").unwrap();
    }
    writeln!(out, "];\npub static FREES: &[(&str, fn(usize))] = &[").unwrap();
    for (name, _, _) in interface.functions.iter().filter(|(name, ..)| name.ends_with("_free")) {
        writeln!(out, "    ({name:?}, |value| unsafe {{ {}(value as _) }}),", path_of(name)).unwrap();
    }
    let errors: Vec<String> = interface
        .constants
        .iter()
        .filter(|(name, _)| name.starts_with("TG_ERROR_"))
        .map(|(_, value)| value.to_string())
        .collect();
    writeln!(out, "];\npub static ERRORS: &[i32] = &[{}];", errors.join(", ")).unwrap();
    out
}

fn path_of(function: &str) -> String {
    const BY_HAND: [&str; 6] = [
        "tg_abi_version",
        "tg_version",
        "tg_string_free",
        "tg_bytes_free",
        "tg_pair_list_free",
        "tg_open_free",
    ];
    let module = if BY_HAND.contains(&function) { "public" } else { "generated" };
    format!("crate::{module}::{function}")
}

/// A type of C as the target's own `Kind`.
fn kind_of(interface: &Interface, kind: &str, place: &dyn Fn(&str) -> Option<usize>) -> String {
    let resolved = interface.aliases.get(kind).map(String::as_str);
    // An array of numbers of a closed enumeration.
    let item = kind.strip_prefix("const ").and_then(|rest| rest.strip_suffix(" *"));
    if let Some(item) = item.filter(|item| interface.aliases.get(*item).is_some_and(|of| of == "int32_t")) {
        return kind_of(interface, item, place).replace("Kind::Number(", "Kind::Numbers(");
    }
    let numbers = || {
        let beginning = format!("{}_", kind.to_uppercase());
        let numbers = interface.constants.iter().filter(|(name, _)| {
            name.strip_prefix(&beginning).is_some_and(|rest| {
                // TG_ORDER_… would else take in TG_ORDER_STATE_…
                !interface.aliases.keys().any(|other| {
                    other.len() > kind.len() && name.starts_with(&format!("{}_", other.to_uppercase()))
                }) && !rest.is_empty()
            })
        });
        let numbers: Vec<String> = numbers.map(|(_, value)| value.to_string()).collect();
        format!("&[{}]", numbers.join(", "))
    };
    match (kind, resolved) {
        ("size_t", _) => "Kind::Integer(8)".into(),
        ("bool", _) => "Kind::Flag".into(),
        ("int64_t" | "uint64_t", _) => "Kind::Integer(8)".into(),
        ("int32_t" | "uint32_t", _) => "Kind::Integer(4)".into(),
        ("int16_t" | "uint16_t", _) => "Kind::Integer(2)".into(),
        (_, Some("tg_open")) => format!("Kind::Open({})", numbers()),
        (_, Some(_)) => format!("Kind::Number({})", numbers()),
        ("tg_open", _) => "Kind::Open(&[])".into(),
        ("const char *", _) => "Kind::Text".into(),
        ("char *", _) => "Kind::Owned(\"tg_string\")".into(),
        ("const char *const *", _) => "Kind::Texts".into(),
        ("const uint8_t *", _) => "Kind::Values(1)".into(),
        ("const int64_t *", _) => "Kind::Values(8)".into(),
        ("uint64_t *", _) => "Kind::NumberOut".into(),
        ("const tg_pair *", _) => "Kind::Pairs".into(),
        ("char **", _) => "Kind::Out(\"tg_string\")".into(),
        ("tg_error **", _) => "Kind::ErrorOut".into(),
        _ => pointer(interface, kind, place),
    }
}

fn pointer(interface: &Interface, kind: &str, place: &dyn Fn(&str) -> Option<usize>) -> String {
    let name = kind.trim_start_matches("const ").split([' ', '*']).next().unwrap_or_default();
    let stars = kind.matches('*').count();
    let number = |name: &str| place(name).unwrap_or_else(|| panic!("there is no struct {name} ({kind})"));
    match (kind.starts_with("const "), stars, interface.handles.contains(name)) {
        (true, 1, true) => format!("Kind::Handle({name:?})"),
        (true, 1, false) => format!("Kind::Record({})", number(name)),
        (true, 2, false) => format!("Kind::Records({})", number(name)),
        (false, 1, true) => format!("Kind::Owned({name:?})"),
        (false, 1, false) => format!("Kind::Struct({}, {name:?})", number(name)),
        (false, 2, _) => format!("Kind::Out({name:?})"),
        _ => panic!("the type {kind} is not understood"),
    }
}
