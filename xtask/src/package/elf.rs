//! What a shared library says of itself: what it gives, what it needs, and from which version of what.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use goblin::elf::Elf;
use goblin::elf::sym::STB_LOCAL;
use goblin::elf::symver::VERSYM_VERSION;

/// A shared library's dynamic part.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shared {
    pub soname: Option<String>,
    pub libraries: Vec<String>,
    /// What others can call.
    pub exported: Vec<String>,
    /// What it calls of others.
    pub needed: Vec<Needed>,
}

/// A symbol of another library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    pub symbol: String,
    /// `GLIBC_2.17`; none where the other library has no versions.
    pub version: Option<String>,
}

impl Shared {
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Self::parse(&bytes).with_context(|| format!("{} is not a shared library", path.display()))
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let elf = Elf::parse(bytes)?;
        let mut shared = Self {
            soname: elf.soname.map(str::to_string),
            libraries: elf.libraries.iter().map(|name| name.to_string()).collect(),
            ..Self::default()
        };
        let mut versions = Vec::new();
        for library in elf.verneed.iter().flat_map(|needs| needs.iter()) {
            for version in library.iter() {
                let name = elf.dynstrtab.get_at(version.vna_name).context("a version has no name")?;
                versions.push((version.vna_other, name.to_string()));
            }
        }
        for (index, symbol) in elf.dynsyms.iter().enumerate() {
            let name = elf.dynstrtab.get_at(symbol.st_name).context("a symbol has no name")?;
            if name.is_empty() || symbol.st_bind() == STB_LOCAL {
                continue;
            }
            if !symbol.is_import() {
                shared.exported.push(name.to_string());
                continue;
            }
            let number = elf.versym.as_ref().and_then(|table| table.get_at(index));
            let number = number.map(|symbol| symbol.vs_val & VERSYM_VERSION);
            let version = versions.iter().find(|(other, _)| Some(*other) == number);
            let version = version.map(|(_, name)| name.clone());
            shared.needed.push(Needed { symbol: name.to_string(), version });
        }
        Ok(shared)
    }

    /// The highest version of each library's symbols: what the host must have at least.
    pub fn needs(&self) -> String {
        let mut highest: Vec<(&str, Vec<u32>)> = Vec::new();
        for (library, version) in self.needed.iter().filter_map(Needed::library_and_version) {
            match highest.iter_mut().find(|(name, _)| *name == library) {
                Some((_, highest)) => *highest = version.max(std::mem::take(highest)),
                None => highest.push((library, version)),
            }
        }
        let text = highest.iter().map(|(library, version)| {
            let version: Vec<String> = version.iter().map(u32::to_string).collect();
            format!("{library} {}", version.join("."))
        });
        text.collect::<Vec<_>>().join(", ")
    }

    /// What it needs of others, by the version in which that came to be.
    pub fn needed_by_version(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut by_version: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for needed in &self.needed {
            let version = needed.version.as_deref().unwrap_or("no version");
            by_version.entry(version).or_default().push(&needed.symbol);
        }
        by_version
    }

    /// Symbols that an older glibc than this one does not have.
    pub fn above_glibc(&self, (major, minor): (u32, u32)) -> Vec<String> {
        let above = self.needed.iter().filter(|needed| {
            needed
                .library_and_version()
                .is_some_and(|(library, version)| library == "GLIBC" && version > vec![major, minor])
        });
        above
            .map(|needed| format!("{}@{}", needed.symbol, needed.version.as_deref().unwrap_or_default()))
            .collect()
    }
}

impl Needed {
    /// `GLIBC_2.17` is glibc, 2.17. A version without a number, such as `GLIBC_PRIVATE`, is newer than any.
    fn library_and_version(&self) -> Option<(&str, Vec<u32>)> {
        let (library, version) = self.version.as_deref()?.rsplit_once('_')?;
        let parts = version.split('.').map(|part| part.parse().unwrap_or(u32::MAX));
        Some((library, parts.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needing(symbols: &[(&str, Option<&str>)]) -> Shared {
        let needed = symbols.iter().map(|(symbol, version)| Needed {
            symbol: symbol.to_string(),
            version: version.map(str::to_string),
        });
        Shared { needed: needed.collect(), ..Shared::default() }
    }

    #[test]
    fn the_newest_symbol_decides_what_the_host_needs() {
        let shared = needing(&[
            ("memcpy", Some("GLIBC_2.14")),
            ("x", Some("GLIBC_2.4")),
            ("y", Some("GLIBC_2.2.5")),
            ("u", Some("GCC_3.0")),
            ("plain", None),
        ]);
        assert_eq!(shared.needs(), "GLIBC 2.14, GCC 3.0");
    }

    #[test]
    fn what_an_old_glibc_lacks_is_found() {
        let shared = needing(&[
            ("memcpy", Some("GLIBC_2.14")),
            ("secure_getenv", Some("GLIBC_2.17")),
            ("getrandom", Some("GLIBC_2.25")),
            ("private", Some("GLIBC_PRIVATE")),
            ("unwind", Some("GCC_4.3.0")),
        ]);
        assert_eq!(shared.above_glibc((2, 17)), ["getrandom@GLIBC_2.25", "private@GLIBC_PRIVATE"]);
    }

    #[test]
    fn a_library_of_this_machine_is_read() {
        // The test itself is linked with the system's libraries, and gives nothing to others.
        let shared = Shared::read(&std::env::current_exe().unwrap()).unwrap();
        assert!(shared.libraries.iter().any(|name| name.starts_with("libc.")), "{shared:?}");
        assert!(shared.needs().contains("GLIBC "), "{shared:?}");
        assert!(!shared.above_glibc((2, 2)).is_empty(), "{shared:?}");
    }
}
