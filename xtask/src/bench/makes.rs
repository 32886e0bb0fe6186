//! What is measured: made as it is shipped, or as the tests have made it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::compile::{self, What};
use crate::kotlin;
use crate::package::jar;
use crate::package::library;
use crate::package::npm;
use crate::package::target::Target;
use crate::package::tools::Tools;
use crate::package::wheel;
use crate::program::{self, Output};
use crate::python;
use crate::setup;
use crate::tree::Tree;

use super::peers;
use super::rows::Row;

const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Something that a row needs made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    C,
    Python,
    Node,
    Kotlin,
    Go,
    PeerOfPython,
    TypeScript,
}

/// Where each of them is.
#[derive(Default)]
pub struct Makes {
    /// The Rust sides, the gateway, and what writes the catalogue.
    pub program: PathBuf,
    pub c: Option<PathBuf>,
    /// The interpreter, and the folder of the package.
    pub python: Option<(PathBuf, PathBuf)>,
    /// The folder of the package.
    pub node: Option<PathBuf>,
    /// The folder of the native library.
    pub kotlin: Option<PathBuf>,
    pub go: Option<PathBuf>,
    pub peer_of_python: Option<(PathBuf, PathBuf)>,
    pub typescript: Option<PathBuf>,
}

impl Makes {
    /// Everything that these rows need, as users have it.
    pub fn shipped(tree: &Tree, rows: &[&Row]) -> Result<Self> {
        let needed = |need: Need| rows.iter().any(|row| row.needs.contains(&need));
        let mut build = compile::cargo(tree, "build");
        build.args(["--profile", "quick", "--package", "tillgate-benches"]);
        program::run(&mut build, &tree.log("bench-build"), Output::Together, LIMIT)?.ok()?;
        let mut makes = Self { program: tree.target.join("quick/tillgate-bench"), ..Self::default() };
        if [Need::C, Need::Python, Need::Node, Need::Kotlin].into_iter().any(needed) {
            let (tools, target) = (Tools::install(tree)?, Target::own()?);
            if needed(Need::C) {
                let library = library::build(tree, &tools, target)?.shared;
                makes.c = Some(c(tree, &library, "bench-c")?);
            }
            if needed(Need::Python) {
                let wheels = tree.fresh("bench-wheel")?;
                let made = wheel::build(tree, &tools, target, &[], &wheels)?;
                let place = tree.work.join("bench-python");
                wheel::unpack(tree, &tools, &made, &place)?;
                makes.python = Some(("python3".into(), place));
            }
            if needed(Need::Node) {
                makes.node = Some(npm::unpacked(tree, &npm::addon(tree, &tools, target)?, target)?);
            }
            if needed(Need::Kotlin) {
                kotlin::fetch(tree)?;
                kotlin::compile(tree, &compile::build(tree, What::Bindgen)?)?;
                let native = jar::native(tree, &tools, target)?;
                makes.kotlin = native.parent().map(Path::to_path_buf);
            }
        }
        if needed(Need::Go) {
            makes.go = Some(peers::go(tree)?);
        }
        if needed(Need::PeerOfPython) {
            makes.peer_of_python = Some(peers::python(tree)?);
        }
        if needed(Need::TypeScript) {
            makes.typescript = Some(peers::typescript(tree)?);
        }
        Ok(makes)
    }

    /// What the tests have built, without peers.
    pub fn of_tests(tree: &Tree) -> Result<Self> {
        Ok(Self {
            program: tree.program("tillgate-bench"),
            c: Some(c(tree, &tree.program("libtillgate.so"), "bench-c-small")?),
            python: Some((setup::interpreter(tree), python::installed(tree))),
            node: Some(tree.root.join("bindings-node")),
            kotlin: Some(tree.built.clone()),
            ..Self::default()
        })
    }
}

/// C's side, linked with this library.
fn c(tree: &Tree, library: &Path, place: &str) -> Result<PathBuf> {
    let place = tree.fresh(place)?;
    let (program, beside) = (place.join("side"), place.join("libtillgate.so"));
    std::fs::copy(library, &beside)?;
    // A released library says under which name it is to be found.
    let named = library::soname(tree)?;
    std::fs::copy(library, place.join(&named))?;
    let mut compile = Command::new("gcc");
    compile.current_dir(&tree.root).args(["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror"]);
    compile.args(["-Ibindings-c/include", "-Iexamples/c", "benches/c/side.c", "-pthread", "-o"]);
    compile.arg(&program).arg("-L").arg(&place).args(["-ltillgate", "-Wl,-rpath,$ORIGIN"]);
    let log = tree.log("bench-gcc");
    let ended = program::run(&mut compile, &log, Output::Together, Duration::from_secs(120))?.ok()?;
    if !program.is_file() {
        bail!("{} made no program", ended.command);
    }
    Ok(program)
}
