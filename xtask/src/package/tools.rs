//! The tools that packages are made with, and the cargo that makes them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::setup;
use crate::tree::Tree;

use super::target::{Libc, Target};

const REQUIREMENTS: &str = "xtask/requirements-package.txt";

/// A Python that has them.
pub struct Tools {
    venv: PathBuf,
}

impl Tools {
    pub fn install(tree: &Tree) -> Result<Self> {
        let venv = tree.target.join("package-tools");
        setup::venv_with(tree, &venv, &[REQUIREMENTS])?;
        Ok(Self { venv })
    }

    pub fn python(&self) -> Command {
        Command::new(self.venv.join("bin/python"))
    }

    /// `cargo zigbuild`'s program.
    pub fn zigbuild(&self) -> Command {
        Command::new(self.venv.join("bin/cargo-zigbuild"))
    }

    /// Readies a command that builds for release: the tools are found, and the result names no folder of this machine.
    pub fn for_release(&self, tree: &Tree, target: Option<Target>, command: &mut Command) -> Result<()> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.venv.join("bin")).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).context("PATH cannot be made")?);
        command.env("CARGO_TARGET_DIR", &tree.target);
        // It would change what is made.
        command.env("CARGO_INCREMENTAL", "0");
        command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags(target)?);
        if target.is_some() {
            // Zig compiles C with frame pointers, by which a debugger finds its way; tables for the same would be a fiftieth of the
            // whole. Nothing unwinds through C: a panic in a function that SQLite calls is caught before it gets there.
            command.env("CFLAGS", "-fno-asynchronous-unwind-tables -fno-unwind-tables");
        }
        for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
            command.env_remove(name);
        }
        Ok(())
    }
}

/// Flags for every crate, in cargo's own encoding.
fn flags(target: Option<Target>) -> Result<OsString> {
    let mut flags = Vec::new();
    for folder in sources()? {
        flags.push(OsString::from("--remap-path-prefix"));
        let mut remap = folder.into_os_string();
        // `hyper-1.2.3/src/lib.rs` says all that is needed.
        remap.push("/=");
        flags.push(remap);
    }
    if target.is_some_and(|target| target.libc == Libc::Musl) {
        // A shared library needs the shared libc.
        flags.push("-Ctarget-feature=-crt-static".into());
    }
    Ok(flags.join(&OsString::from("\x1f")))
}

/// Where cargo keeps the sources of dependencies: panics name files there.
fn sources() -> Result<Vec<PathBuf>> {
    let registry = cargo_home()?.join("registry/src");
    let Ok(entries) = std::fs::read_dir(&registry) else { return Ok(Vec::new()) };
    let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    folders.sort();
    Ok(folders)
}

/// The pinned version of zig.
pub fn zig_version(tree: &Tree) -> Result<String> {
    let wanted = std::fs::read_to_string(tree.root.join(REQUIREMENTS))?;
    let version =
        wanted.lines().find_map(|line| line.strip_prefix("ziglang==")).context("zig has no version")?;
    Ok(version.to_string())
}

/// Where cargo keeps what it needs.
pub fn cargo_home() -> Result<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))
        .context("neither CARGO_HOME nor HOME is set")
}
