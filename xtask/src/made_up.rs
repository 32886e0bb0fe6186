//! A made-up core, which has every type of the interface whatever the real one uses, and a binding of it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::compile;
use crate::program::{self, Output};
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(15 * 60);

/// The workspace of a made-up core.
pub struct MadeUp {
    pub workspace: PathBuf,
    /// Its own target folder.
    pub target: PathBuf,
}

impl MadeUp {
    /// Writes it, compiles its core, and writes the binding in this language.
    pub fn with_binding(tree: &Tree, language: &str) -> Result<Self> {
        // The bindgen's own tests make the same one in this place: most of it is compiled already.
        let workspace = tree.root.join("target/synthetic-test");
        let target = workspace.join("target");
        let library = target.join("debug/libtillgate_synthetic.rlib");
        let bindgen = || Command::new(tree.program("tillgate-bindgen"));
        let mut synth = bindgen();
        synth.args(["synth", "--types", "40", "--operations", "20", "--workspace"]).arg(&tree.root);
        synth.arg("--out").arg(&workspace);
        let mut core = compile::cargo(tree, "build");
        core.current_dir(&workspace).env("CARGO_TARGET_DIR", &target);
        core.args(["--package", "tillgate-synthetic", "--features", "uniffi"]);
        let mut write = bindgen();
        write.args(["write", "--languages", language, "--crate-name", "tillgate_synthetic", "--library"]);
        write.arg(&library).arg("--root").arg(&workspace);
        for (mut command, log) in [(synth, "synth"), (core, "synth-core"), (write, "synth-write")] {
            let log = tree.log(&format!("{log}-{language}"));
            program::run(&mut command, &log, Output::Together, LIMIT)?.ok()?;
        }
        Ok(Self { workspace, target })
    }
}
