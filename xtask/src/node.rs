//! Node: the addon of the dev profile beside the package's JavaScript, its tests, and types checked strictly.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::compile;
use crate::examples;
use crate::made_up::MadeUp;
use crate::program::{self, Output};
use crate::python;
use crate::report::Tally;
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(15 * 60);

/// Puts the addon that was built with the workspace where the package looks for it first.
pub fn install(tree: &Tree) -> Result<()> {
    put(&tree.built.join("libtillgate_node.so"), &tree.root.join("bindings-node"))
}

/// A process may have the old one open, so that is replaced and not written over.
fn put(library: &Path, package: &Path) -> Result<()> {
    let addon = package.join(addon_name()?);
    let new = addon.with_extension("new");
    std::fs::copy(library, &new).with_context(|| format!("{} is not built", library.display()))?;
    Ok(std::fs::rename(&new, &addon)?)
}

fn addon_name() -> Result<String> {
    Ok(format!("tillgate.{}.node", platform(std::env::consts::ARCH, "gnu")?))
}

/// A machine with Linux, as Node and napi-rs call it: `linux-x64-gnu`.
pub fn platform(architecture: &str, libc: &str) -> Result<String> {
    let architecture = match architecture {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => bail!("there is no package for {other}"),
    };
    Ok(format!("linux-{architecture}-{libc}"))
}

/// The tests of the binding, the samples for web servers, the examples, and their types.
pub fn run(tree: &Tree) -> Result<Tally> {
    let package = tree.root.join("bindings-node");
    let mut tally = tests(tree, &package, "test/core", "node")?;
    tally += lint(tree)?;
    tally += tests(tree, &tree.root.join("examples/node"), "web", "node-web-servers")?;
    let place = tree.fresh("node-examples")?;
    let program = |name: &str| {
        let mut command = Command::new("node");
        command.arg(tree.root.join("examples/node").join(name).with_extension("mjs"));
        Ok(command)
    };
    for example in files(&tree.root.join("examples/node"), ".mjs")? {
        let name = example.file_stem().unwrap_or_default().to_string_lossy();
        // What the others share, and no example.
        if name != "shop" {
            tally += examples::run(tree, &place, &name, &program)?;
        }
    }
    Ok(tally)
}

/// The binding's tests on a made-up core, which has every type of the interface whatever the real one uses.
pub fn run_made_up(tree: &Tree) -> Result<Tally> {
    let MadeUp { workspace, target } = MadeUp::with_binding(tree, "node")?;
    let mut build = compile::cargo(tree, "build");
    build.current_dir(&workspace).env("CARGO_TARGET_DIR", &target);
    build.args(["--package", "tillgate-node", "--features", "tillgate/uniffi"]);
    program::run(&mut build, &tree.log("node-made-up-build"), Output::Together, LIMIT)?.ok()?;
    let package = workspace.join("bindings-node");
    put(&target.join("debug/libtillgate_node.so"), &package)?;
    let tools = package.join("node_modules");
    if !tools.exists() {
        std::os::unix::fs::symlink(tree.root.join("bindings-node/node_modules"), &tools)?;
    }
    let mut tally = tests(tree, &package, "test/synthetic", "node-made-up")?;
    tally += types(tree, &package, "test/synthetic", "tsc-made-up")?;
    Ok(tally)
}

/// What is cheap to check without building anything.
pub fn lint(tree: &Tree) -> Result<Tally> {
    let mut tally = types(tree, &tree.root.join("bindings-node"), "test/core", "tsc-lint")?;
    // What the examples call is there, and takes what they give.
    tally += types(tree, &tree.root.join("examples/node"), ".", "tsc-examples")?;
    Ok(tally)
}

/// Runs the test files of a folder, and counts what Node counted.
fn tests(tree: &Tree, package: &Path, folder: &str, log: &str) -> Result<Tally> {
    let files = files(&package.join(folder), ".test.mjs")?;
    let mut command = Command::new("node");
    command.current_dir(package).args(["--test", "--test-reporter=tap"]).args(&files);
    command.env("TILLGATE_SANDBOX", tree.program("tillgate-sandbox"));
    // What a developer sets for programs of his own.
    command.env_remove("NODE_OPTIONS");
    let ended = program::run(&mut command, &tree.log(log), Output::Together, LIMIT)?;
    let tally = tap_tally(&ended.stdout).with_context(|| ended.story())?;
    for line in ended.stdout.lines().filter(|line| line.starts_with("# ") && line.contains(" ms late")) {
        println!("   {}", &line[2..]);
    }
    if !ended.succeeded() {
        for line in ended.stdout.lines().filter(|line| line.trim_start().starts_with("not ok")) {
            println!("   {line}");
        }
        println!("   {}", ended.story());
        if tally.failed == 0 {
            bail!("node failed without a failing test");
        }
    }
    Ok(tally)
}

/// Compiles what is to be accepted and what is to be refused, strictly.
fn types(tree: &Tree, package: &Path, folder: &str, log: &str) -> Result<Tally> {
    let mut command = Command::new("node");
    command.arg(tree.root.join("bindings-node/node_modules/typescript/bin/tsc"));
    command.current_dir(package).args(["--project", folder]);
    let mut tally = Tally::default();
    python::count(&mut tally, &program::run(&mut command, &tree.log(log), Output::Together, LIMIT)?);
    Ok(tally)
}

fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut found = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    found.retain(|path| path.to_string_lossy().ends_with(ending));
    found.sort();
    Ok(found)
}

/// The last lines of Node's TAP: `# pass 20`; skipped tests say why where they stand.
fn tap_tally(output: &str) -> Option<Tally> {
    let count = |what: &str| {
        let mut lines = output.lines().rev().filter_map(|line| line.strip_prefix(what));
        lines.next()?.trim().parse::<usize>().ok()
    };
    let mut tally = Tally { passed: count("# pass ")?, ..Tally::default() };
    tally.failed = count("# fail ")? + count("# cancelled ")?;
    let reasons =
        output.lines().filter_map(|line| line.trim_start().strip_prefix("ok ")?.split_once("# SKIP"));
    tally.skipped.extend(reasons.map(|(name, reason)| format!("{}: {}", name.trim(), reason.trim())));
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_last_lines_are_counted() {
        let output = "TAP version 13\nok 1 - a\nok 2 - b # SKIP needs Node 20\nnot ok 3 - c\n# tests 3\n# suites 0\n# pass 1\n\
                      # fail 1\n# cancelled 0\n# skipped 1\n# todo 0\n";
        let tally = tap_tally(output).unwrap();
        assert_eq!((tally.passed, tally.failed), (1, 1));
        assert_eq!(tally.skipped, ["2 - b: needs Node 20"]);
        assert_eq!(tap_tally("SyntaxError"), None);
    }

    #[test]
    fn machines_are_called_as_napi_rs_calls_them() {
        assert_eq!(platform("aarch64", "musl").unwrap(), "linux-arm64-musl");
        assert!(platform("s390x", "gnu").is_err());
    }
}
