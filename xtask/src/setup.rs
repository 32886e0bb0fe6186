//! What must be on the machine before anything can be tested: found, installed where that is allowed, or asked for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::program::{self, Output};
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// What the machine is wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// All tests.
    Tests,
    /// Selling from C and Python.
    Demo,
    /// Selling from every language.
    Sellers,
    /// Making packages and trying them.
    Packages,
    /// Measuring, with peers in other languages.
    Benches,
}

/// A program that is needed, and the Debian package that has it.
const PROGRAMS: [(&str, &str); 2] = [("gcc", "gcc"), ("python3", "python3")];
const PROGRAMS_OF_PACKAGES: [(&str, &str); 3] =
    [("cmake", "cmake"), ("make", "make"), ("pkg-config", "pkg-config")];
const PROGRAMS_OF_BENCHES: [(&str, &str); 1] = [("go", "golang")];
const PROGRAMS_OF_SELLERS: [(&str, &str); 4] =
    [("node", "nodejs"), ("npm", "npm"), ("java", "default-jdk-headless"), ("mvn", "maven")];
const PROGRAMS_OF_TESTS: [(&str, &str); 2] = [("g++", "g++"), ("valgrind", "valgrind")];

/// Pinned tools for Python, what holds the sandbox against the gateway's description, and the web servers of the samples.
const REQUIREMENTS: [&str; 3] = [
    "bindings-python/requirements-dev.txt",
    "conformance/document/requirements.txt",
    "examples/python/web/requirements.txt",
];

/// Folders with a `package-lock.json`.
const NODE_FOLDERS: [&str; 2] = ["bindings-node", "examples/node"];

/// Makes sure of the machine's packages.
pub fn machine(tree: &Tree, wanted: For) -> Result<()> {
    let mut programs = PROGRAMS.to_vec();
    match wanted {
        For::Tests => programs.extend(PROGRAMS_OF_TESTS),
        For::Packages => programs.extend(PROGRAMS_OF_PACKAGES),
        For::Benches => programs.extend(PROGRAMS_OF_BENCHES),
        For::Demo | For::Sellers => {}
    }
    if wanted != For::Demo {
        programs.extend(PROGRAMS_OF_SELLERS);
    }
    let missing = programs.into_iter().filter(|(program, _)| !program::is_there(program));
    let mut missing: Vec<&str> = missing.map(|(_, package)| package).collect();
    if missing.contains(&"python3") || !succeeds("python3", &["-c", "import ensurepip, venv"]) {
        missing.push("python3-venv");
    }
    if missing.contains(&"valgrind") {
        // Valgrind reads the C library's symbols.
        missing.push("libc6-dbg");
    }
    if missing.contains(&"gcc")
        || !succeeds("gcc", &["-fsyntax-only", "-include", "stdlib.h", "-x", "c", "/dev/null"])
    {
        missing.push("libc6-dev");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !is_root() || !program::is_there("apt-get") {
        bail!("this machine lacks {}; install it, for example: sudo {install}", missing.join(", "));
    }
    println!("   installing {}", missing.join(" "));
    let mut command = Command::new("sh");
    command.args(["-c", &format!("apt-get update -q && {install}")]).env("DEBIAN_FRONTEND", "noninteractive");
    program::run(&mut command, &tree.log("apt-get"), Output::Together, LIMIT)?.ok()?;
    Ok(())
}

/// Makes sure of the tools for Python, in the tree and nowhere else.
pub fn python(tree: &Tree) -> Result<()> {
    venv_with(tree, &venv(tree), &REQUIREMENTS)
}

/// A virtual environment that has what these files of the tree ask for.
pub fn venv_with(tree: &Tree, venv: &Path, requirements: &[&str]) -> Result<()> {
    let mut wanted = String::new();
    for file in requirements {
        let text = std::fs::read_to_string(tree.root.join(file));
        wanted.push_str(&text.with_context(|| format!("{file} cannot be read"))?);
    }
    let installed = venv.join("installed-requirements.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(venv);
    program::run(&mut make, &tree.log("venv"), Output::Together, LIMIT)?.ok()?;
    let mut install = Command::new(venv.join("bin/python"));
    install.current_dir(&tree.root);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    for file in requirements {
        install.args(["-r", file]);
    }
    program::run(&mut install, &tree.log("pip"), Output::Together, LIMIT)?.ok()?;
    std::fs::write(&installed, wanted)?;
    Ok(())
}

/// Makes sure of the tools for Node, and of what the samples for web servers stand on, in the tree and nowhere else.
pub fn node(tree: &Tree) -> Result<()> {
    for folder in NODE_FOLDERS {
        let folder = tree.root.join(folder);
        let wanted = folder.join("package-lock.json");
        let wanted = std::fs::read_to_string(&wanted)
            .with_context(|| format!("{} cannot be read", wanted.display()))?;
        let installed = folder.join("node_modules/installed-package-lock.json");
        if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
            continue;
        }
        let mut install = Command::new("npm");
        install.current_dir(&folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
        program::run(&mut install, &tree.log("npm"), Output::Together, LIMIT)?.ok()?;
        std::fs::write(&installed, wanted)?;
    }
    Ok(())
}

/// The Python that has the tools.
pub fn interpreter(tree: &Tree) -> PathBuf {
    venv(tree).join("bin/python")
}

fn venv(tree: &Tree) -> PathBuf {
    tree.root.join(".venv")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}
