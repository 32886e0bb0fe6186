//! The Rust crates: `tillgate`, and the macros that it is written with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::compile;
use crate::program::{self, Output};
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(60 * 60);

/// What is packed, dependencies first.
pub const CRATES: [&str; 2] = ["tillgate-macros", "tillgate"];

/// Packs them into `packages`. Cargo unpacks each one again and builds it from nothing but its own files.
pub fn pack(tree: &Tree, version: &str, packages: &Path) -> Result<Vec<PathBuf>> {
    let mut command = compile::cargo(tree, "package");
    command.args(["--locked", "--allow-dirty"]);
    for name in CRATES {
        command.args(["--package", name]);
    }
    program::run(&mut command, &tree.log("cargo-package"), Output::Together, LIMIT)?.ok()?;
    let pack = |name: &str| {
        let file = format!("{name}-{version}.crate");
        let kept = packages.join(&file);
        std::fs::copy(tree.target.join("package").join(&file), &kept)
            .with_context(|| format!("cargo made no {file}"))?;
        Ok(kept)
    };
    CRATES.into_iter().map(pack).collect()
}
