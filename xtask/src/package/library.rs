//! The C library of one machine, built for release.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::program::{self, Output};
use crate::tree::Tree;

use super::elf::Shared;
use super::static_library;
use super::target::Target;
use super::tools::Tools;

const LIMIT: Duration = Duration::from_secs(90 * 60);

/// What rustc says when it made a static library.
const SYSTEM_LIBRARIES: &str = "native-static-libs:";

pub struct Library {
    pub shared: PathBuf,
    pub archive: PathBuf,
    pub soname: String,
    /// What a program must be linked with besides the static library: `-lgcc_s -lm …`.
    pub system_libraries: String,
}

/// Builds it. The binary interface names the shared library, so that a program finds the one that it was linked with.
pub fn build(tree: &Tree, tools: &Tools, target: Target) -> Result<Library> {
    let soname = soname(tree)?;
    let mut command = tools.zigbuild();
    tools.for_release(tree, Some(target), &mut command)?;
    command.current_dir(&tree.root).args([
        "rustc",
        "--locked",
        "--release",
        "--package",
        "tillgate-c",
        "--lib",
    ]);
    command.args(["--target", &target.with_floor(), "--", "--print", "native-static-libs"]);
    command.arg(format!("-Clink-arg=-Wl,-soname,{soname}"));
    let log = tree.log(&format!("release-c-{}", target.triple));
    let said = program::run(&mut command, &log, Output::Together, LIMIT)?.ok()?.stdout;
    let system_libraries = said
        .lines()
        .find_map(|line| Some(line.split_once(SYSTEM_LIBRARIES)?.1.trim().to_string()))
        .context("rustc does not say what the static library needs")?;
    let folder = tree.target.join(target.triple).join("release");
    let shared = folder.join("libtillgate.so");
    let names = Shared::read(&shared)?;
    let archive = static_library::with_own_names(tree, tools, &folder.join("libtillgate.a"), &names)?;
    Ok(Library { shared, archive, soname, system_libraries })
}

/// The name under which a program looks for the library that it was linked with.
pub fn soname(tree: &Tree) -> Result<String> {
    Ok(format!("libtillgate.so.{}", abi_version(tree)?))
}

/// `TG_ABI_VERSION`, as the header has it.
fn abi_version(tree: &Tree) -> Result<u32> {
    let header = std::fs::read_to_string(tree.root.join("bindings-c/include/tillgate.h"))?;
    header
        .lines()
        .find_map(|line| line.strip_prefix("#define TG_ABI_VERSION ")?.trim().parse().ok())
        .context("the header has no TG_ABI_VERSION")
}
