//! Writes the generated files, or says which are out of date.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::compile::{self, Artifact, What};
use crate::program::{self, Output};
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// What is committed: the bindings (of Kotlin's, a listing), and the programs that call them in the conformance runs.
const LANGUAGES: &str = "c,python,node,kotlin,callers";

/// The command: builds what it needs, writes or checks.
pub fn run(tree: &Tree, check: bool) -> Result<bool> {
    let artifacts = compile::build(tree, What::Bindgen)?;
    print!("{}", write(tree, &artifacts, check)?);
    Ok(true)
}

/// Writes or checks, with what is built.
pub fn write(tree: &Tree, artifacts: &[Artifact], check: bool) -> Result<String> {
    let mut command = Command::new(tree.program("tillgate-bindgen"));
    command.current_dir(&tree.root).arg("write").arg("--library").arg(core(artifacts)?);
    command.arg("--root").arg(&tree.root).args(["--languages", LANGUAGES]);
    if check {
        command.arg("--check");
    }
    let log = tree.log(if check { "gen-check" } else { "gen" });
    let ended = program::run(&mut command, &log, Output::Together, LIMIT)?;
    if !ended.succeeded() {
        let advice =
            if check { "run `cargo xtask gen` and commit what it writes" } else { "nothing was written" };
        bail!("{advice}\n{}", ended.story());
    }
    Ok(ended.stdout)
}

/// Every public item of core with its docs, one line of JSON each.
pub fn items(tree: &Tree, artifacts: &[Artifact]) -> Result<String> {
    let mut command = Command::new(tree.program("tillgate-bindgen"));
    command.current_dir(&tree.root).arg("items").arg("--library").arg(core(artifacts)?);
    Ok(program::run(&mut command, &tree.log("items"), Output::Apart, LIMIT)?.ok()?.stdout)
}

/// The compiled core that this very build made: another file of that name may be older, or another checkout's.
pub fn core(artifacts: &[Artifact]) -> Result<PathBuf> {
    artifacts
        .iter()
        .filter(|a| a.package == "tillgate" && a.target == "tillgate" && !a.is_test)
        .flat_map(|a| &a.files)
        .find(|file| file.extension().is_some_and(|extension| extension == "rlib"))
        .cloned()
        .context("cargo did not say where the compiled core is")
}
