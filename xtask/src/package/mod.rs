//! What would be shipped: its size, its symbols, and nothing in it that only tests need.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::compile;
use crate::program::{self, Output};
use crate::python;
use crate::report::{Report, Tally};
use crate::setup;
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(90 * 60);
const MEGABYTE: u64 = 1_000_000;

/// In any binary with the testing seams (core's module `testing`).
const MARKER: &[u8] = b"TILLGATE-TESTING-SEAMS-ENABLED";

/// Something that is shipped.
struct Package {
    name: &'static str,
    binary: PathBuf,
    size_max_bytes: u64,
    /// What every exported symbol begins with.
    exports: &'static [&'static str],
}

pub fn run(tree: &Tree) -> Result<bool> {
    let mut report = Report::default();
    if report.prepare("C library, release", || release_c(tree)) {
        report.cases("C library", || {
            inspect(&Package {
                name: "C",
                binary: tree.target.join("release/libtillgate.so"),
                size_max_bytes: 6 * MEGABYTE,
                exports: &["tg_"],
            })
        });
    }
    let mut extension = None;
    let built = report.prepare("Python wheel, release", || {
        setup::python(tree)?;
        extension = Some(release_python(tree)?);
        Ok(())
    });
    if built && let Some(binary) = extension {
        report.cases("Python wheel", || {
            inspect(&Package { name: "Python", binary, size_max_bytes: 5 * MEGABYTE, exports: &["PyInit_"] })
        });
    }
    Ok(report.finish())
}

fn release_c(tree: &Tree) -> Result<()> {
    let mut command = compile::cargo(tree, "build");
    command.args(["--release", "--package", "tillgate-c"]);
    program::run(&mut command, &tree.log("release-c"), Output::Together, LIMIT)?.ok()?;
    Ok(())
}

/// The wheel's extension, taken out of it.
fn release_python(tree: &Tree) -> Result<PathBuf> {
    let wheels = tree.fresh("release-wheels")?;
    let mut command = python::maturin(tree, &tree.root, &tree.target, &wheels);
    command.arg("--release");
    program::run(&mut command, &tree.log("release-python"), Output::Together, LIMIT)?.ok()?;
    let wheel = python::wheel(&wheels)?;
    println!("   {} {}", wheel.file_name().unwrap_or_default().display(), megabytes(size(&wheel)?));
    let place = tree.fresh("release-python")?;
    let mut unpack = Command::new(setup::interpreter(tree));
    unpack.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&place);
    program::run(&mut unpack, &tree.log("unpack-wheel"), Output::Together, LIMIT)?.ok()?;
    let package = std::fs::read_dir(place.join("tillgate"))?;
    package
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "so"))
        .context("the wheel holds no extension")
}

fn inspect(package: &Package) -> Result<Tally> {
    let mut tally = Tally::default();
    let bytes = std::fs::read(&package.binary)
        .with_context(|| format!("{} cannot be read", package.binary.display()))?;
    let size = bytes.len() as u64;
    println!(
        "   {}: {} bytes ({}), at most {}",
        package.name,
        size,
        megabytes(size),
        megabytes(package.size_max_bytes)
    );
    tally.count(size <= package.size_max_bytes);

    let seams = bytes.windows(MARKER.len()).any(|window| window == MARKER);
    if seams {
        println!("   {}: it holds the testing seams and must not be shipped", package.name);
    }
    tally.count(!seams);

    let exported = symbols(&package.binary, "--defined-only")?;
    let strangers: Vec<&String> = exported
        .iter()
        .filter(|name| !package.exports.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    println!("   {}: {} exported symbols", package.name, exported.len());
    if !strangers.is_empty() {
        println!("   {}: {} of them should not be: {strangers:?}", package.name, strangers.len());
    }
    tally.count(!exported.is_empty() && strangers.is_empty());

    let needed = symbols(&package.binary, "--undefined-only")?;
    println!("   {}: needs {}", package.name, needs(&needed));
    Ok(tally)
}

/// The symbols of the dynamic table.
fn symbols(binary: &Path, which: &str) -> Result<Vec<String>> {
    let output =
        Command::new("nm").args(["--dynamic", which]).arg(binary).output().context("nm is missing")?;
    if !output.status.success() {
        bail!("nm cannot read {}", binary.display());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_string).collect())
}

/// The highest version of each library's symbols: what the host must have at least.
fn needs(symbols: &[String]) -> String {
    let mut highest: Vec<(String, Vec<u32>)> = Vec::new();
    for symbol in symbols {
        let Some((library, version)) = symbol.rsplit_once('@').and_then(|(_, v)| v.rsplit_once('_')) else {
            continue;
        };
        let version: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
        match highest.iter_mut().find(|(name, _)| name == library) {
            Some((_, highest)) => *highest = version.max(std::mem::take(highest)),
            None => highest.push((library.to_string(), version)),
        }
    }
    let text = highest.iter().map(|(library, version)| {
        let version: Vec<String> = version.iter().map(u32::to_string).collect();
        format!("{library} {}", version.join("."))
    });
    text.collect::<Vec<_>>().join(", ")
}

fn size(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path)?.len())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / MEGABYTE as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_symbol_decides_what_the_host_needs() {
        let symbols = ["memcpy@GLIBC_2.14", "x@GLIBC_2.4", "y@GLIBC_2.2.5", "u@GCC_3.0", "plain"];
        let symbols: Vec<String> = symbols.iter().map(|s| s.to_string()).collect();
        assert_eq!(needs(&symbols), "GLIBC 2.14, GCC 3.0");
    }
}
