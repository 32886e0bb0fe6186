//! The licences of what is inside: most ask that their text goes with the binary.

use std::path::Path;

use anyhow::{Context, Result};

use crate::tree::Tree;

use super::parts::{self, Package};

/// What the file is called in every package.
pub const FILE: &str = "THIRD-PARTY-LICENSES.txt";

/// How files are called that hold a licence or what must be told with it.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Writes the texts that the crates bring, each once, with the crates that it is for.
pub fn write(tree: &Tree, package: &Package, out: &Path) -> Result<()> {
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    let mut told = String::from(
        "What is inside besides tillgate itself, and under which licence. Where a crate may be used under several, and MIT is one of\n\
         them, it is used under MIT. Texts follow below.\n\n",
    );
    for part in parts::third_parties(tree, package)? {
        told.push_str(&format!("{} {}: {}\n", part.name, part.version, part.licence));
        if let Some(repository) = part.repository.as_ref().filter(|_| asks_for_its_source(&part.licence)) {
            told.push_str(&format!(
                "    used as it was published; its source is the crate of that version, and {repository}\n"
            ));
        }
        let Some(folder) = &part.folder else { continue };
        for text in licences(folder)? {
            let name = format!("{} {}", part.name, part.version);
            match texts.iter_mut().find(|(known, _)| *known == text) {
                Some((_, names)) => names.push(name),
                None => texts.push((text, vec![name])),
            }
        }
    }
    for (text, names) in &texts {
        told.push_str(&format!("\n{}\n{}:\n\n{text}\n", "-".repeat(79), names.join(", ")));
    }
    std::fs::write(out, told).with_context(|| format!("{} cannot be written", out.display()))
}

/// Who passes a binary on has to say where the source is, unless he may choose another licence.
fn asks_for_its_source(licence: &str) -> bool {
    licence.contains("MPL-") && !licence.contains(" OR ") && !licence.contains('/')
}

/// The texts in a crate's folder; of several to choose from, MIT's.
fn licences(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && NAMES.iter().any(|known| name.starts_with(known)) {
            files.push((name, path));
        }
    }
    files.sort();
    if files.iter().any(|(name, _)| name.contains("MIT")) {
        files.retain(|(name, _)| {
            name.contains("MIT") || name.starts_with("NOTICE") || name.starts_with("COPYRIGHT")
        });
    }
    let read = |path: &Path| {
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        Ok(text.trim().to_string())
    };
    files.iter().map(|(_, path)| read(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_that_asks_for_the_source_is_known() {
        assert!(asks_for_its_source("MPL-2.0"));
        assert!(!asks_for_its_source("MIT OR MPL-2.0"));
        assert!(!asks_for_its_source("MIT"));
    }

    #[test]
    fn of_several_licences_the_text_of_mit_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in
            [("LICENSE-MIT", "mit\r\n"), ("LICENSE-APACHE", "apache"), ("NOTICE", "notice"), ("README", "r")]
        {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(licences(folder.path()).unwrap(), ["mit", "notice"]);
        std::fs::remove_file(folder.path().join("LICENSE-MIT")).unwrap();
        assert_eq!(licences(folder.path()).unwrap(), ["apache", "notice"]);
    }
}
