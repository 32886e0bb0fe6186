//! The Kotlin binding. UniFFI's own generator writes it; here it is told how, and its output is given what it cannot be
//! configured to: one error type with its facts, records that print no secret, objects that close.
//!
//! It is large, so it is made at build time and not committed. What is committed is a listing of what is public in it.

mod edit;
mod listing;
mod records;

use anyhow::{Context, Result};
use askama::Template;
use camino::{Utf8Path, Utf8PathBuf};
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

use crate::ir::{Enum, EnumKind, Interface, Type, camel, shouty};
use crate::words::{Spelling, spoken};
use crate::write::GeneratedFile;

use edit::Source;

/// Folders whose files are all generated.
pub const FOLDERS: &[&str] = &["bindings-kotlin/api"];

/// What UniFFI is told, from the root of the workspace.
pub const CONFIG: &str = "uniffi.toml";

/// The package of everything, as the configuration says it and the hand-written sources have it.
pub const PACKAGE: &str = "io.tillgate";

/// How docs name things.
const SPELLING: Spelling = Spelling {
    name: camel,
    kind: |kind| format!("TillgateException.{}", kind.name),
    value: |item, value| Some(format!("{}.{}", item.name, value_name(item.kind, &value.name))),
};

/// What is committed, with paths from the root of the workspace.
pub fn write(interface: &Interface, library: &Utf8Path, root: &Utf8Path) -> Result<Vec<GeneratedFile>> {
    let sources = sources(interface, library, root)?;
    Ok(vec![GeneratedFile::new("bindings-kotlin/api/tillgate.txt", listing::of(&sources)?)])
}

/// The sources in Kotlin, with paths from the folder of sources.
pub fn sources(interface: &Interface, library: &Utf8Path, root: &Utf8Path) -> Result<Vec<GeneratedFile>> {
    let folder: Utf8PathBuf = PACKAGE.split('.').collect();
    let mut source = Source::new(by_uniffi(library, &root.join(CONFIG), &folder)?);
    edit::all(&mut source, interface, &spoken(interface, &SPELLING))?;
    let wires = Wires { enums: interface.enums.iter().filter_map(WireEnum::of).collect() };
    Ok(vec![
        GeneratedFile::new(folder.join("Tillgate.kt"), source.text()),
        GeneratedFile::new(folder.join("Wires.kt"), wires.render()?),
    ])
}

/// What UniFFI writes.
fn by_uniffi(library: &Utf8Path, config: &Utf8Path, folder: &Utf8Path) -> Result<String> {
    let place = Utf8PathBuf::from_path_buf(std::env::temp_dir())
        .ok()
        .context("the folder for temporary files has no name in UTF-8")?
        .join(format!("tillgate-bindgen-{}", std::process::id()));
    let written = generate(GenerateOptions {
        languages: vec![TargetLanguage::Kotlin],
        source: library.to_owned(),
        out_dir: place.clone(),
        config_override: Some(config.to_owned()),
        metadata_no_deps: true,
        ..GenerateOptions::default()
    });
    let read = written.and_then(|()| {
        // A folder of another name means another package: the configuration was not taken.
        let file = place.join(folder).join("tillgate.kt");
        std::fs::read_to_string(&file).with_context(|| {
            format!("UniFFI wrote nothing for the package {PACKAGE}: does {config} name another one?")
        })
    });
    let removed = std::fs::remove_dir_all(&place).with_context(|| format!("{place} cannot be removed"));
    let text = read?;
    removed?;
    Ok(text)
}

/// The texts of enumerations: of open ones the gateway's, of others the name in snake_case, as in every language.
#[derive(Template)]
#[template(path = "kotlin/Wires.kt.txt", escape = "none")]
struct Wires {
    enums: Vec<WireEnum>,
}

struct WireEnum {
    name: String,
    open: bool,
    /// What stands for the value in Kotlin, and its text.
    values: Vec<(String, String)>,
}

impl WireEnum {
    fn of(item: &Enum) -> Option<Self> {
        if item.kind == EnumKind::Data {
            return None;
        }
        let values = item.known_variants().map(|v| (value_name(item.kind, &v.name), v.wire.clone()));
        Some(Self { name: item.name.clone(), open: item.kind == EnumKind::Open, values: values.collect() })
    }
}

/// What stands for a value in its enumeration: a constant, or else an object or a class.
fn value_name(kind: EnumKind, name: &str) -> String {
    if kind == EnumKind::Closed { shouty(name) } else { name.to_string() }
}

/// A type as Kotlin has it.
fn kotlin_type(ty: &Type) -> String {
    match ty {
        Type::Bool => "Boolean".to_string(),
        Type::U8 => "UByte".to_string(),
        Type::U16 => "UShort".to_string(),
        Type::U32 => "UInt".to_string(),
        Type::U64 => "ULong".to_string(),
        Type::I8 => "Byte".to_string(),
        Type::I16 => "Short".to_string(),
        Type::I32 => "Int".to_string(),
        Type::I64 => "Long".to_string(),
        Type::String => "String".to_string(),
        Type::Bytes => "ByteArray".to_string(),
        Type::Decimal => "Decimal".to_string(),
        Type::Timestamp => "Timestamp".to_string(),
        Type::Record(name) | Type::Enum(name) | Type::Object(name) => name.clone(),
        Type::Optional(inner) => format!("{}?", kotlin_type(inner)),
        Type::List(inner) => format!("List<{}>", kotlin_type(inner)),
        Type::Map => "Map<String, String>".to_string(),
        Type::Boxed(inner) => kotlin_type(inner),
        Type::Unsupported(what) => unreachable!("lint refuses {what}"),
    }
}

/// Docs at this indentation, with links as Kotlin has them.
fn kdoc(docs: &str, indent: usize) -> String {
    let margin = " ".repeat(indent);
    let lines: Vec<_> =
        docs.lines().map(|line| format!("{margin} * {}", linked(line)).trim_end().to_string()).collect();
    format!("{margin}/**\n{}\n{margin} */\n", lines.join("\n"))
}

/// Rustdoc's [`links`] as KDoc's, and nothing that begins or ends a comment: Kotlin's lie in each other.
fn linked(line: &str) -> String {
    line.replace("[`", "[").replace("`]", "]").replace("/*", "/&#42;").replace("*/", "&#42;/")
}

/// The fields that an error takes over from its facts: name in Kotlin, type, docs.
fn facts(interface: &Interface) -> impl Iterator<Item = (String, String, &str)> {
    let fields = interface.error_details().fields.iter();
    fields.map(|field| (camel(&field.name), kotlin_type(&field.ty), field.docs.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniffi_is_told_the_packages_in_the_form_that_it_reads() {
        let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let told: toml::Table = std::fs::read_to_string(root.join(CONFIG)).unwrap().parse().unwrap();
        // A flat file is ignored with a warning.
        assert_eq!(told.keys().collect::<Vec<_>>(), ["crates"]);
        let kotlin = &told["crates"]["tillgate"]["bindings"]["kotlin"];
        assert_eq!(kotlin["package_name"].as_str(), Some(PACKAGE));
        let library = std::fs::read_to_string(root.join("bindings-uniffi/Cargo.toml")).unwrap();
        let library: toml::Table = library.parse().unwrap();
        assert_eq!(kotlin["cdylib_name"].as_str(), library["lib"]["name"].as_str());
    }

    #[test]
    fn docs_become_kdoc_and_open_no_comment() {
        assert_eq!(kdoc("Not [`Till`]: `a/*`.", 2), "  /**\n   * Not [Till]: `a/&#42;`.\n   */\n");
    }
}
