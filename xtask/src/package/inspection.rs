//! What is shipped, looked at: its size, its symbols, and nothing in it that only tests need or that names this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::report::Tally;
use crate::tree::Tree;

use super::elf::Shared;
use super::target::{GLIBC_FLOOR, Libc, Target};
use super::tools;

pub const MEGABYTE: u64 = 1_000_000;

/// In any binary with the testing seams (core's module `testing`).
pub const MARKER: &[u8] = b"TILLGATE-TESTING-SEAMS-ENABLED";

/// A shared library that is shipped.
pub struct Shipped<'a> {
    pub name: &'a str,
    pub binary: &'a Path,
    pub size_max_bytes: u64,
    /// What every exported symbol begins with one of.
    pub exports: &'a [&'a str],
    pub soname: Option<&'a str>,
    /// What it must run on; none where it was linked for this very machine.
    pub floor: Option<Target>,
    /// Whether it was built so that it names no folder.
    pub anonymous: bool,
}

pub fn inspect(tree: &Tree, shipped: &Shipped) -> Result<Tally> {
    let mut tally = Tally::default();
    let name = shipped.name;
    let bytes = std::fs::read(shipped.binary)
        .with_context(|| format!("{} cannot be read", shipped.binary.display()))?;
    let size = bytes.len() as u64;
    let most = shipped.size_max_bytes;
    println!("   {name}: {size} bytes ({}), at most {}", megabytes(size), megabytes(most));
    tally.count(size <= most);

    let seams = holds(&bytes, MARKER);
    if seams {
        println!("   {name}: it holds the testing seams and must not be shipped");
    }
    tally.count(!seams);

    let shared = Shared::read(shipped.binary)?;
    let strangers: Vec<&String> =
        shared.exported.iter().filter(|symbol| !begins(symbol, shipped.exports)).collect();
    println!("   {name}: {} exported symbols", shared.exported.len());
    if !strangers.is_empty() {
        println!("   {name}: {} of them should not be: {strangers:?}", strangers.len());
    }
    tally.count(!shared.exported.is_empty() && strangers.is_empty());

    println!("   {name}: needs {} of {}", shared.needs(), shared.libraries.join(", "));
    for (version, symbols) in shared.needed_by_version() {
        println!("   {name}: of {version}: {}", symbols.join(" "));
    }
    if shipped.floor.is_some_and(|target| target.libc == Libc::Glibc) {
        let above = shared.above_glibc(GLIBC_FLOOR);
        if !above.is_empty() {
            let (major, minor) = GLIBC_FLOOR;
            println!("   {name}: does not run on glibc {major}.{minor}: {}", above.join(", "));
        }
        tally.count(above.is_empty() && shared.needs().contains("GLIBC "));
    }

    if shipped.soname.is_some() {
        let right = shared.soname.as_deref() == shipped.soname;
        if !right {
            println!("   {name}: its SONAME is {:?}", shared.soname);
        }
        tally.count(right);
    }

    if shipped.anonymous {
        let named =
            folders(tree)?.into_iter().filter(|folder| holds(&bytes, folder.as_os_str().as_encoded_bytes()));
        let named: Vec<PathBuf> = named.collect();
        if !named.is_empty() {
            println!("   {name}: it names folders of this machine: {named:?}");
        }
        tally.count(named.is_empty());
    }
    Ok(tally)
}

fn begins(symbol: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| symbol.starts_with(prefix))
}

/// Folders of this machine that nothing shipped may name.
pub fn folders(tree: &Tree) -> Result<[PathBuf; 3]> {
    Ok([tree.root.clone(), tree.target.clone(), tools::cargo_home()?])
}

pub fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

pub fn size(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len())
}

pub fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / MEGABYTE as f64)
}
