//! Node's packages, as users of napi-rs know them: one with the JavaScript, and one per machine with the addon, which npm chooses.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::node;
use crate::program::{self, Output};
use crate::tree::Tree;

use super::target::{Libc, Target};
use super::tools::Tools;

const LIMIT: Duration = Duration::from_secs(90 * 60);

/// What stands in a manifest for those who develop, and not for those who install.
const FOR_DEVELOPERS: [&str; 3] = ["private", "devDependencies", "napi"];

const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Builds the addon of one machine.
pub fn addon(tree: &Tree, tools: &Tools, target: Target) -> Result<PathBuf> {
    let mut command = tools.zigbuild();
    tools.for_release(tree, Some(target), &mut command)?;
    command.current_dir(&tree.root);
    command.args(["rustc", "--locked", "--release", "--package", "tillgate-node", "--lib", "--target"]);
    command.arg(target.with_floor());
    let log = tree.log(&format!("release-node-{}", target.triple));
    program::run(&mut command, &log, Output::Together, LIMIT)?.ok()?;
    Ok(tree.target.join(target.triple).join("release/libtillgate_node.so"))
}

/// The machine in the names of packages.
pub fn platform(target: Target) -> Result<String> {
    let libc = match target.libc {
        Libc::Glibc => "gnu",
        Libc::Musl => "musl",
    };
    node::platform(target.architecture(), libc)
}

/// Packs the addon of one machine into `packages`. `inside` are files that were made for it, with their names there.
pub fn pack_platform(
    tree: &Tree,
    addon: &Path,
    target: Target,
    inside: &[(&Path, &str)],
    packages: &Path,
) -> Result<PathBuf> {
    let platform = platform(target)?;
    let folder = tree.fresh(&format!("npm-{platform}"))?;
    let manifest = manifest(&tree.root.join("bindings-node/npm").join(&platform))?;
    std::fs::copy(addon, folder.join(format!("tillgate.{platform}.node")))?;
    for licence in LICENCES {
        std::fs::copy(tree.root.join(licence), folder.join(licence))?;
    }
    for (from, to) in inside {
        std::fs::copy(from, folder.join(to))?;
    }
    pack(tree, &folder, manifest, packages)
}

/// Packs the JavaScript, which asks for the packages of these platforms.
pub fn pack_main(tree: &Tree, platforms: &[String], packages: &Path) -> Result<PathBuf> {
    let source = tree.root.join("bindings-node");
    let mut manifest = manifest(&source)?;
    let version = manifest["version"].clone();
    let natives: Map<String, Value> =
        platforms.iter().map(|platform| (format!("tillgate-{platform}"), version.clone())).collect();
    // All of one version, since both sides compare what they were generated from.
    manifest.insert("optionalDependencies".into(), natives.into());
    let folder = tree.fresh("npm-main")?;
    let wanted = manifest["files"].as_array().context("the package lists no files")?.clone();
    for name in wanted.iter().filter_map(Value::as_str) {
        copy(&source.join(name), &folder.join(name))?;
    }
    pack(tree, &folder, manifest, packages)
}

/// The JavaScript with the addon of this machine beside it, as in a checkout.
pub fn unpacked(tree: &Tree, addon: &Path, target: Target) -> Result<PathBuf> {
    let (source, folder) = (tree.root.join("bindings-node"), tree.fresh("npm-unpacked")?);
    copy(&source.join("js"), &folder.join("js"))?;
    copy(&source.join("package.json"), &folder.join("package.json"))?;
    std::fs::copy(addon, folder.join(format!("tillgate.{}.node", platform(target)?)))?;
    Ok(folder)
}

/// The manifest of a package in the tree, as it is shipped.
fn manifest(folder: &Path) -> Result<Map<String, Value>> {
    let path = folder.join("package.json");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut manifest: Map<String, Value> = serde_json::from_str(&text)?;
    manifest.retain(|key, _| !FOR_DEVELOPERS.contains(&key.as_str()));
    Ok(manifest)
}

/// `npm pack`, and that nothing which the manifest names is missing.
fn pack(tree: &Tree, folder: &Path, manifest: Map<String, Value>, packages: &Path) -> Result<PathBuf> {
    let files = manifest["files"].as_array().context("the package lists no files")?.clone();
    std::fs::write(folder.join("package.json"), format!("{:#}\n", json!(manifest)))?;
    let mut command = Command::new("npm");
    command.current_dir(folder).args(["pack", "--json", "--ignore-scripts", "--loglevel=error"]);
    command.arg("--pack-destination").arg(packages);
    let said = program::run(&mut command, &tree.log("npm-pack"), Output::Apart, LIMIT)?.ok()?.stdout;
    let said: Value = serde_json::from_str(&said).context("npm pack said something else")?;
    // A list, or from npm 12 on a record by name.
    let packed = said.get(0).or_else(|| said.as_object()?.values().next()).context("npm packed nothing")?;
    let inside: Vec<&str> =
        packed["files"].as_array().into_iter().flatten().filter_map(|file| file["path"].as_str()).collect();
    for wanted in files.iter().filter_map(Value::as_str) {
        if !inside.iter().any(|path| *path == wanted || path.starts_with(&format!("{wanted}/"))) {
            bail!("{wanted} is missing in the package: {inside:?}");
        }
    }
    Ok(packages.join(packed["filename"].as_str().context("npm does not name the package")?))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        std::fs::copy(from, to).with_context(|| format!("{} cannot be copied", from.display()))?;
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
