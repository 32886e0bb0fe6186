//! Builds the workspace, once, and knows what came of it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::program::{self, Output};
use crate::tree::Tree;

/// A build from nothing on two busy cores takes a quarter of this.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// The features of every build for tests: the interface's metadata, crash points, guard switches and the moved clock. One
/// set for all, so that core compiles once.
pub const FEATURES: &str = "tillgate/uniffi,tillgate/testing";

/// All but the Python binding: maturin builds that one, in an environment of its own that would have it built twice.
pub const WORKSPACE: [&str; 3] = ["--workspace", "--exclude", "tillgate-python"];

/// What of the workspace is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Everything but tests.
    Programs,
    /// The tests, and what they start.
    Tests,
    /// What sells and judges, without what only developers need.
    Demo,
    /// The sandbox alone.
    Sandbox,
    /// Core and what writes the bindings.
    Bindgen,
    /// Core alone.
    Core,
    /// What each language but Python loads, and Rust's runner.
    Faces,
}

/// Something that cargo made.
#[derive(Debug, PartialEq, Eq)]
pub struct Artifact {
    pub package: String,
    pub target: String,
    pub is_test: bool,
    pub is_example: bool,
    pub executable: Option<PathBuf>,
    pub files: Vec<PathBuf>,
}

/// A cargo command of this workspace.
pub fn cargo(tree: &Tree, subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&tree.root).env("CARGO_TARGET_DIR", &tree.target).arg(subcommand);
    tree.keep_compiled(&mut command);
    // What cargo told xtask about xtask's own build is not for the builds that it starts.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

/// Builds, and lists what came of it.
pub fn build(tree: &Tree, what: What) -> Result<Vec<Artifact>> {
    let mut command = cargo(tree, if what == What::Tests { "test" } else { "build" });
    let name = match what {
        What::Programs => {
            command.args(WORKSPACE).args(["--features", FEATURES]);
            "build-programs"
        }
        What::Tests => {
            command.args(WORKSPACE).args(["--no-run", "--features", FEATURES]);
            "build-tests"
        }
        What::Demo => {
            for package in ["c", "runner", "sandbox", "judge"] {
                command.args(["--package", &format!("tillgate-{package}")]);
            }
            command.args(["--features", FEATURES]);
            "build-demo"
        }
        What::Sandbox => {
            command.args(["--package", "tillgate-sandbox"]);
            "build-sandbox"
        }
        What::Bindgen => {
            command.args(["--package", "tillgate", "--package", "tillgate-bindgen", "--features", FEATURES]);
            "build-bindgen"
        }
        What::Core => {
            command.args(["--package", "tillgate", "--features", FEATURES]);
            "build-core"
        }
        What::Faces => {
            for package in ["tillgate", "tillgate-c", "tillgate-node", "tillgate-uniffi", "tillgate-runner"] {
                command.args(["--package", package]);
            }
            command.args(["--features", FEATURES]);
            "build-faces"
        }
    };
    command.arg("--message-format=json-render-diagnostics");
    let ended = program::run(&mut command, &tree.log(name), Output::Apart, LIMIT)?.ok()?;
    ended.stdout.lines().filter_map(|line| artifact(line).transpose()).collect()
}

/// Has rustdoc tell what the crate offers to a program that depends on it, and says in which folder.
pub fn documented(tree: &Tree) -> Result<PathBuf> {
    let mut command = cargo(tree, "doc");
    command.args(["--package", "tillgate", "--no-deps"]);
    program::run(&mut command, &tree.log("doc"), Output::Together, LIMIT)?.ok()?;
    Ok(tree.target.join("doc/tillgate"))
}

/// The executable of a package's integration tests.
pub fn test_program(artifacts: &[Artifact], package: &str, target: &str) -> Result<PathBuf> {
    artifacts
        .iter()
        .find(|a| a.is_test && a.package == package && a.target == target)
        .and_then(|a| a.executable.clone())
        .with_context(|| format!("the package {package} has no test program {target}"))
}

/// One line of cargo's own account, if it tells of an artifact.
fn artifact(line: &str) -> Result<Option<Artifact>> {
    let value: Value = serde_json::from_str(line).with_context(|| format!("cargo said {line:?}"))?;
    if value["reason"] != "compiler-artifact" {
        return Ok(None);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let files = value["filenames"].as_array().into_iter().flatten().map(|f| PathBuf::from(text(f))).collect();
    Ok(Some(Artifact {
        package: package_name(&text(&value["package_id"]), &text(&value["manifest_path"])),
        target: text(&value["target"]["name"]),
        is_test: value["profile"]["test"] == true,
        is_example: value["target"]["kind"][0] == "example",
        executable: value["executable"].as_str().map(PathBuf::from),
        files,
    }))
}

/// `path+file:///somewhere/core#tillgate@0.1.0`, or without the name where the folder has the same one.
fn package_name(id: &str, manifest: &str) -> String {
    let fragment = id.rsplit_once('#').map_or("", |(_, fragment)| fragment);
    match fragment.split_once('@') {
        Some((name, _)) => name.to_string(),
        None => {
            let folder = std::path::Path::new(manifest).parent().and_then(|folder| folder.file_name());
            folder.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_account_is_read() {
        let line = r#"{"reason":"compiler-artifact","package_id":"path+file:///a/core#tillgate@0.1.0",
            "manifest_path":"/a/core/Cargo.toml","target":{"name":"all"},"profile":{"test":true},
            "filenames":["/t/all-1"],"executable":"/t/all-1"}"#;
        let artifacts = [artifact(line).unwrap().unwrap()];
        assert_eq!(test_program(&artifacts, "tillgate", "all").unwrap(), PathBuf::from("/t/all-1"));
        assert!(test_program(&artifacts, "tillgate", "other").is_err());
        assert_eq!(artifact(r#"{"reason":"build-finished","success":true}"#).unwrap(), None);
        assert!(artifact("warning: not JSON").is_err());
    }

    #[test]
    fn a_package_whose_folder_has_its_name_is_found_too() {
        assert_eq!(package_name("path+file:///a/xtask#0.1.0", "/a/xtask/Cargo.toml"), "xtask");
    }
}
