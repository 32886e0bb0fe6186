//! The Python binding: the native half in Rust (`rust`), and the classes that people use (`face`).

mod docs;
mod face;
mod names;
mod rust;

use anyhow::Result;
use camino::Utf8Path;

use crate::ir::{EnumKind, Interface};
use crate::words::{Spelling, spoken};
use crate::write::GeneratedFile;

/// Folders whose files are all generated.
pub const FOLDERS: &[&str] = &["bindings-python/src/generated", "bindings-python/python/tillgate/_generated"];

/// How docs name things. A value of an open enumeration that this version does not know is a plain text.
const SPELLING: Spelling = Spelling {
    name: names::attribute,
    kind: names::exception,
    value: |item, value| match item.kind {
        EnumKind::Data => Some(names::variant_class(item, value)),
        EnumKind::Open if value.name == "Other" => None,
        _ => Some(format!("{}.{}", item.name, names::constant(value))),
    },
};

/// The generated files of the binding, with paths from the root of the workspace.
pub fn write(interface: &Interface, _root: &Utf8Path) -> Result<Vec<GeneratedFile>> {
    names::check(interface)?;
    let interface = &spoken(interface, &SPELLING);
    let mut files = rust::write(interface)?;
    let fingerprint = fingerprint(&files);
    files.push(rust::write_index(interface, &fingerprint)?);
    files.extend(face::write(interface, &fingerprint)?);
    Ok(files)
}

/// Tells one interface from another (64-bit FNV-1a over the Rust half): the two halves of one package must fit together.
fn fingerprint(files: &[GeneratedFile]) -> String {
    let bytes = files.iter().flat_map(|file| file.text.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_interface_has_another_fingerprint() {
        let one = fingerprint(&[GeneratedFile::new("a", "Class::new(\"A\")")]);
        let other = fingerprint(&[GeneratedFile::new("a", "Class::new(\"B\")")]);
        assert_ne!(one, other);
        // Published test vector of FNV-1a for "a".
        assert_eq!(fingerprint(&[GeneratedFile::new("a", "a")]), "af63dc4c8601ec8c");
    }
}
