//! Python's packages: a wheel per machine, and the source distribution, which must build where nothing else is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::program::{self, Output};
use crate::python;
use crate::tree::{self, Tree};

use super::target::{GLIBC_FLOOR, Libc, Target};
use super::tools::Tools;

const LIMIT: Duration = Duration::from_secs(90 * 60);

/// Builds the wheel for one machine into `packages`. `inside` goes where the lists of its parts are kept in it.
pub fn build(
    tree: &Tree,
    tools: &Tools,
    target: Target,
    inside: &[&Path],
    packages: &Path,
) -> Result<PathBuf> {
    let place = tree.fresh(&format!("wheel-{}", target.triple))?;
    let mut command = maturin(tree, tools, "build");
    tools.for_release(tree, Some(target), &mut command)?;
    command.args(["--release", "--locked", "--zig", "--compatibility", target.compatibility()]);
    for file in inside {
        command.arg("--sbom-include").arg(file);
    }
    command.args(["--target", target.triple, "--out"]).arg(&place);
    let log = tree.log(&format!("release-python-{}", target.triple));
    program::run(&mut command, &log, Output::Together, LIMIT)?.ok()?;
    let wheel = python::wheel(&place)?;
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // The tags are maturin's word that the wheel runs there; the inspection reads the symbols.
    let wanted = tags(target);
    let mut said: Vec<&str> =
        name.trim_end_matches(".whl").rsplit('-').next().unwrap_or_default().split('.').collect();
    said.sort_unstable();
    if said != wanted || !name.contains("-cp39-abi3-") {
        bail!("the wheel for {} is called {name}", target.triple);
    }
    let kept = packages.join(&name);
    std::fs::copy(&wheel, &kept)?;
    Ok(kept)
}

/// The tags of the machine, in their order.
fn tags(target: Target) -> Vec<String> {
    let architecture = target.architecture();
    let (major, minor) = GLIBC_FLOOR;
    match target.libc {
        Libc::Glibc => {
            vec![format!("manylinux2014_{architecture}"), format!("manylinux_{major}_{minor}_{architecture}")]
        }
        Libc::Musl => vec![format!("musllinux_1_2_{architecture}")],
    }
}

/// Packs the sources into `packages`.
pub fn sources(tree: &Tree, tools: &Tools, packages: &Path) -> Result<PathBuf> {
    let place = tree.fresh("sdist")?;
    let mut command = maturin(tree, tools, "sdist");
    tools.for_release(tree, None, &mut command)?;
    command.arg("--out").arg(&place);
    program::run(&mut command, &tree.log("sdist"), Output::Together, LIMIT)?.ok()?;
    let sources = only_file(&place)?;
    let kept = packages.join(sources.file_name().context("a file has a name")?);
    std::fs::copy(&sources, &kept)?;
    Ok(kept)
}

/// Builds the source distribution as `pip install` does, in a place outside of the tree, with nothing that `package` sets.
pub fn build_from_sources(tree: &Tree, sources: &Path) -> Result<PathBuf> {
    let place = tree::outside(tree, "sources")?;
    let copy = place.join(sources.file_name().context("a file has a name")?);
    std::fs::copy(sources, &copy)?;
    let mut make = Command::new("python3");
    make.current_dir(&place).args(["-m", "venv", "venv"]);
    program::run(&mut make, &tree.log("sdist-venv"), Output::Together, LIMIT)?.ok()?;
    let mut command = Command::new(place.join("venv/bin/python"));
    command.current_dir(&place).args([
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]);
    command.args(["--wheel-dir", "wheels"]).arg(&copy);
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    // Dependencies that were compiled the same way before are the same.
    command.env("CARGO_TARGET_DIR", &tree.target).env("CARGO_INCREMENTAL", "0");
    program::run(&mut command, &tree.log("sdist-build"), Output::Together, LIMIT)?.ok()?;
    let wheel = python::wheel(&place.join("wheels"))?;
    let kept = tree.fresh("sdist-wheel")?.join(wheel.file_name().context("a file has a name")?);
    std::fs::copy(&wheel, &kept)?;
    std::fs::remove_dir_all(&place)?;
    Ok(kept)
}

/// Unpacks a wheel, and says where its extension is.
pub fn unpack(tree: &Tree, tools: &Tools, wheel: &Path, place: &Path) -> Result<PathBuf> {
    tree::empty(place)?;
    let mut unpack = tools.python();
    unpack.args(["-m", "zipfile", "-e"]).arg(wheel).arg(place);
    program::run(&mut unpack, &tree.log("unpack-wheel"), Output::Together, LIMIT)?.ok()?;
    let package = std::fs::read_dir(place.join("tillgate"))?;
    package
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "so"))
        .context("the wheel holds no extension")
}

fn maturin(tree: &Tree, tools: &Tools, subcommand: &str) -> Command {
    let mut command = tools.python();
    command.current_dir(tree.root.join("bindings-python")).args(["-m", "maturin", subcommand]);
    command
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let mut paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    match (paths.pop(), paths.pop()) {
        (Some(path), None) => Ok(path),
        _ => bail!("{} holds not exactly one file", folder.display()),
    }
}
