//! The list of what is inside a package (SBOM), as CycloneDX writes it. It names no folder of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::compile;
use crate::program::{self, Output};
use crate::report::Tally;
use crate::tree::Tree;

use super::inspection::{folders, holds};
use super::target::Target;
use super::tools::Tools;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// What a list is about.
pub struct Package<'a> {
    /// The crate that it is made of.
    pub root: &'a str,
    /// Where such packages are found, as a purl names it: `cargo`, `npm`, `pypi`, `generic`.
    pub kind: &'a str,
    /// For machines of this kind; none for what is shipped as source.
    pub target: Option<Target>,
    /// Whether it was linked by zig, which brings what unwinds the stack.
    pub linked_by_zig: bool,
}

/// One crate inside.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    name: String,
    version: String,
    licence: String,
    /// Places in the list.
    needs: Vec<usize>,
}

impl Part {
    fn reference(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }
}

/// Something inside that others made.
pub struct ThirdParty {
    pub name: String,
    pub version: String,
    pub licence: String,
    /// Where its sources are; none for what is no crate.
    pub folder: Option<PathBuf>,
    /// Where its authors keep them.
    pub repository: Option<String>,
}

/// Writes the list.
pub fn write(tree: &Tree, package: &Package, out: &Path) -> Result<()> {
    let parts = crates(tree, package)?;
    let lock = std::fs::read_to_string(tree.root.join("Cargo.lock"))?;
    let mut list = document(&parts, &checksums(&lock)?)?;
    if package.kind != "cargo" {
        // The binding's crate is known by this name to nobody else.
        list["metadata"]["component"]["name"] = json!("tillgate");
        let purl = format!("pkg:{}/tillgate@{}", package.kind, parts[0].version);
        list["metadata"]["component"]["purl"] = json!(purl);
    }
    let more = list["components"].as_array_mut().context("the list has components")?;
    more.extend(brought(tree, package, &parts)?.iter().map(Brought::component));
    let mut text = serde_json::to_string_pretty(&list)?;
    text.push('\n');
    std::fs::write(out, text).with_context(|| format!("{} cannot be written", out.display()))
}

/// All that is inside and not of this workspace.
pub fn third_parties(tree: &Tree, package: &Package) -> Result<Vec<ThirdParty>> {
    let parts = crates(tree, package)?;
    let metadata = metadata(tree)?;
    let mut others = Vec::new();
    for part in &parts {
        let package = described(&metadata, |package| {
            package["name"] == part.name.as_str() && package["version"] == part.version.as_str()
        })?;
        // What has no source is of this workspace.
        if package["source"].is_null() {
            continue;
        }
        others.push(ThirdParty {
            name: part.name.clone(),
            version: part.version.clone(),
            licence: part.licence.clone(),
            folder: folder(package),
            repository: package["repository"].as_str().map(str::to_string),
        });
    }
    for brought in brought(tree, package, &parts)? {
        others.push(ThirdParty {
            name: brought.name.to_string(),
            version: brought.version,
            licence: format!("{} ({})", brought.licence, brought.what),
            folder: None,
            repository: None,
        });
    }
    Ok(others)
}

/// The crates that are linked into a package, itself first.
fn crates(tree: &Tree, package: &Package) -> Result<Vec<Part>> {
    let mut command = compile::cargo(tree, "tree");
    command.args(["--locked", "--package", package.root, "--edges", "normal,no-proc-macro"]);
    command.args(["--prefix", "depth", "--format", "\t{p}\t{l}", "--charset", "ascii", "--target"]);
    command.arg(package.target.map_or("all", |target| target.triple));
    let log = tree.log(&format!("parts-{}", package.root));
    parts(&program::run(&mut command, &log, Output::Apart, LIMIT)?.ok()?.stdout)
}

/// What cargo knows of all crates.
fn metadata(tree: &Tree) -> Result<Value> {
    let mut command = compile::cargo(tree, "metadata");
    command.args(["--locked", "--format-version", "1"]);
    let said = program::run(&mut command, &tree.log("metadata"), Output::Apart, LIMIT)?.ok()?.stdout;
    serde_json::from_str(&said).context("cargo's metadata cannot be read")
}

fn described(metadata: &Value, wanted: impl Fn(&Value) -> bool) -> Result<&Value> {
    let packages = metadata["packages"].as_array().context("cargo's metadata has no packages")?;
    packages
        .iter()
        .find(|package| wanted(package))
        .context("cargo's metadata lacks a crate that cargo tree shows")
}

fn folder(package: &Value) -> Option<PathBuf> {
    Some(Path::new(package["manifest_path"].as_str()?).parent()?.to_path_buf())
}

/// Checks lists as others would read them, and that they name no folder.
pub fn check(tree: &Tree, tools: &Tools, lists: &[PathBuf]) -> Result<Tally> {
    const VALIDATE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1], encoding='utf-8').read())
sys.exit(f'{sys.argv[1]}: {wrong}' if wrong else 0)
";
    let mut tally = Tally::default();
    for list in lists {
        let mut command = tools.python();
        command.args(["-c", VALIDATE]).arg(list);
        let ended = program::run(&mut command, &tree.log("parts-check"), Output::Together, LIMIT)?;
        if !ended.succeeded() {
            println!("   {}", ended.story());
        }
        let bytes = std::fs::read(list)?;
        let named =
            folders(tree)?.into_iter().any(|folder| holds(&bytes, folder.as_os_str().as_encoded_bytes()));
        if named {
            println!("   {} names a folder of this machine", list.display());
        }
        tally.count(ended.succeeded() && !named);
    }
    Ok(tally)
}

/// `cargo tree`'s lines: depth, then name and version, then licence. What it has shown before ends with `(*)`.
fn parts(lines: &str) -> Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    // From the root to the present line.
    let mut above: Vec<usize> = Vec::new();
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let mut fields = line.split('\t');
        let (Some(depth), Some(package), Some(licence)) = (fields.next(), fields.next(), fields.next())
        else {
            bail!("cargo tree said {line:?}");
        };
        let depth: usize = depth.parse().with_context(|| format!("cargo tree said {line:?}"))?;
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next().and_then(|v| v.strip_prefix('v')))
        else {
            bail!("cargo tree said {line:?}");
        };
        let known = parts.iter().position(|part| part.name == name && part.version == version);
        let place = known.unwrap_or_else(|| {
            parts.push(Part {
                name: name.to_string(),
                version: version.to_string(),
                licence: expression(licence),
                needs: Vec::new(),
            });
            parts.len() - 1
        });
        above.truncate(depth);
        if let Some(parent) = above.last().map(|parent| &mut parts[*parent])
            && !parent.needs.contains(&place)
        {
            parent.needs.push(place);
        }
        above.push(place);
    }
    if parts.is_empty() {
        bail!("cargo tree said nothing");
    }
    Ok(parts)
}

/// A licence as SPDX writes it now; older crates put a stroke for "or".
fn expression(licence: &str) -> String {
    let alternatives: Vec<&str> = licence.trim_end_matches("(*)").split('/').map(str::trim).collect();
    alternatives.join(" OR ")
}

fn document(parts: &[Part], checksums: &[(String, String)]) -> Result<Value> {
    let component = |part: &Part| {
        let mut component = json!({
            "type": "library",
            "bom-ref": part.reference(),
            "name": part.name,
            "version": part.version,
            "purl": part.reference(),
        });
        if !part.licence.is_empty() {
            component["licenses"] = json!([{ "expression": part.licence }]);
        }
        if let Some((_, checksum)) = checksums.iter().find(|(reference, _)| *reference == part.reference()) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        component
    };
    let (root, others) = parts.split_first().context("the list is empty")?;
    let needs = |part: &Part| part.needs.iter().map(|need| parts[*need].reference()).collect::<Vec<_>>();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component(root) },
        "components": others.iter().map(component).collect::<Vec<_>>(),
        "dependencies": parts
            .iter()
            .map(|part| json!({ "ref": part.reference(), "dependsOn": needs(part) }))
            .collect::<Vec<_>>(),
    }))
}

/// What the lock file knows of each crate's archive: its purl, its SHA-256.
fn checksums(lock: &str) -> Result<Vec<(String, String)>> {
    let lock: toml::Table = lock.parse().context("Cargo.lock cannot be read")?;
    let packages =
        lock.get("package").and_then(toml::Value::as_array).context("Cargo.lock lists no packages")?;
    let text = |package: &toml::Value, field: &str| {
        package.get(field).and_then(toml::Value::as_str).map(str::to_string)
    };
    let known = packages.iter().filter_map(|package| {
        let reference = format!("pkg:cargo/{}@{}", text(package, "name")?, text(package, "version")?);
        Some((reference, text(package, "checksum")?))
    });
    Ok(known.collect())
}

/// Something inside that is no crate.
struct Brought {
    name: &'static str,
    version: String,
    licence: &'static str,
    what: &'static str,
}

impl Brought {
    fn component(&self) -> Value {
        let reference = format!("pkg:generic/{}@{}", self.name, self.version);
        json!({
            "type": "library",
            "bom-ref": reference,
            "name": self.name,
            "version": self.version,
            "description": self.what,
            "licenses": [{ "expression": self.licence }],
            "purl": reference,
        })
    }
}

fn brought(tree: &Tree, package: &Package, parts: &[Part]) -> Result<Vec<Brought>> {
    let mut brought = Vec::new();
    if parts.iter().any(|part| part.name == "libsqlite3-sys") {
        brought.push(Brought {
            name: "sqlite",
            version: sqlite_version(&metadata(tree)?)?,
            licence: "blessing",
            what: "the journal's store, compiled from the source in libsqlite3-sys",
        });
    }
    if package.target.is_some() {
        brought.push(Brought {
            name: "rust-std",
            version: rust_version()?,
            licence: "MIT OR Apache-2.0",
            what: "Rust's standard library",
        });
    }
    if package.linked_by_zig {
        brought.push(Brought {
            name: "zig-libunwind",
            version: super::tools::zig_version(tree)?,
            licence: "Apache-2.0 WITH LLVM-exception",
            what: "LLVM's libunwind as zig brings it, in what zig linked",
        });
    }
    Ok(brought)
}

fn sqlite_version(metadata: &Value) -> Result<String> {
    let package = described(metadata, |package| package["name"] == "libsqlite3-sys")?;
    let header = folder(package).context("libsqlite3-sys lies in no folder")?.join("sqlite3/sqlite3.h");
    let header = std::fs::read_to_string(&header).context("SQLite's header cannot be read")?;
    let version = header
        .lines()
        .find_map(|line| Some(line.strip_prefix("#define SQLITE_VERSION")?.trim().trim_matches('"')))
        .context("SQLite's header has no version")?;
    Ok(version.to_string())
}

fn rust_version() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc is missing")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.lines().find_map(|line| line.strip_prefix("release: "));
    Ok(version.context("rustc has no version")?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "0\ttillgate-c v0.1.0 (/somewhere/bindings-c)\tMIT OR Apache-2.0
1\tbytes v1.12.1\tMIT
1\ttillgate v0.1.0 (/somewhere/core)\tMIT OR Apache-2.0
2\tbytes v1.12.1\tMIT
2\turl v2.5.8\tMIT/Apache-2.0
1\turl v2.5.8\tMIT/Apache-2.0 (*)
";

    #[test]
    fn cargos_tree_becomes_a_list_of_parts_and_what_they_need() {
        let parts = parts(LINES).unwrap();
        let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["tillgate-c", "bytes", "tillgate", "url"]);
        assert_eq!(parts[0].needs, [1, 2, 3]);
        assert_eq!(parts[2].needs, [1, 3]);
        assert_eq!(parts[3].licence, "MIT OR Apache-2.0");
    }

    #[test]
    fn a_list_holds_checksums_and_no_folder() {
        let lock = "[[package]]\nname = \"bytes\"\nversion = \"1.12.1\"\nchecksum = \"00ff\"\n";
        let list = document(&parts(LINES).unwrap(), &checksums(lock).unwrap()).unwrap();
        assert_eq!(list["components"][0]["hashes"][0]["content"], "00ff");
        assert_eq!(list["components"][1]["hashes"], Value::Null);
        assert_eq!(list["metadata"]["component"]["purl"], "pkg:cargo/tillgate-c@0.1.0");
        assert!(!list.to_string().contains("somewhere"));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(parts("").is_err());
        assert!(parts("error: no such package\n").is_err());
    }
}
