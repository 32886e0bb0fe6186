//! The peers: clients that openapi-generator makes from CY.SEND's own description, with a driver of ours for each.
//!
//! All of it lies in `target/bench/`, and is made anew when the description, the generator or a driver has changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::program::{self, Output};
use crate::setup;
use crate::tree::{self, Tree};

const GENERATOR: &str = "org.openapitools:openapi-generator-cli:7.14.0";
const DESCRIPTION: &str = "conformance/reference/cysend-openapi-5.2.3.yaml";
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Makes Go's, and says which program it is.
pub fn go(tree: &Tree) -> Result<PathBuf> {
    let place = place(tree, "go")?;
    let program = place.join("side");
    made(tree, "go", &place, || {
        generate(tree, "go", &place.join("client"), "packageName=client,enumClassPrefix=true")?;
        // One module for both: what the generator wrote for a module of its own is in the way.
        for unwanted in ["go.mod", "go.sum", "test"] {
            remove(&place.join("client").join(unwanted))?;
        }
        let mut build = Command::new("go");
        build.current_dir(&place).args(["build", "-trimpath", "-o", "side", "."]);
        run(tree, &mut build, "bench-go")
    })?;
    Ok(program)
}

/// Makes Python's, and says which interpreter and which folder to start it with.
pub fn python(tree: &Tree) -> Result<(PathBuf, PathBuf)> {
    let place = place(tree, "python")?;
    let venv = tree.target.join("bench/python-venv");
    setup::venv_with(tree, &venv, &["benches/peers/python/requirements.txt"])?;
    made(tree, "python", &place, || {
        generate(tree, "python", &place.join("generated"), "hideGenerationTimestamp=true")?;
        std::fs::rename(place.join("generated/openapi_client"), place.join("openapi_client"))?;
        remove(&place.join("generated"))
    })?;
    Ok((venv.join("bin/python"), place))
}

/// Makes TypeScript's, and says which script it is.
pub fn typescript(tree: &Tree) -> Result<PathBuf> {
    let place = place(tree, "typescript")?;
    made(tree, "typescript", &place, || {
        generate(
            tree,
            "typescript-fetch",
            &place.join("client"),
            "importFileExtension=.js,supportsES6=true",
        )?;
        let mut install = Command::new("npm");
        install.current_dir(&place).args(["ci", "--no-audit", "--no-fund"]);
        run(tree, &mut install, "bench-npm")?;
        let mut compile = Command::new("node");
        compile.current_dir(&place).args(["node_modules/typescript/bin/tsc", "side.ts", "--outDir", "built"]);
        compile.args(["--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext"]);
        // What the generator writes is not ours to hold to a strict reading.
        compile.args(["--strict", "--skipLibCheck"]);
        run(tree, &mut compile, "bench-tsc")
    })?;
    Ok(place.join("built/side.js"))
}

fn place(tree: &Tree, language: &str) -> Result<PathBuf> {
    let place = tree.target.join("bench").join(language);
    std::fs::create_dir_all(&place)?;
    Ok(place)
}

/// Makes a peer unless it is there as it would be made.
fn made(tree: &Tree, language: &str, place: &Path, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let drivers = tree.root.join("benches/peers").join(language);
    let mut hasher = DefaultHasher::new();
    GENERATOR.hash(&mut hasher);
    std::fs::read(tree.root.join(DESCRIPTION))?.hash(&mut hasher);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&drivers)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    for file in &files {
        std::fs::read(file)?.hash(&mut hasher);
    }
    let (stamp, wanted) = (place.join("made-from"), format!("{:016x}", hasher.finish()));
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    tree::empty(place)?;
    for file in &files {
        let name = file.file_name().context("a file has a name")?;
        std::fs::copy(file, place.join(name))?;
    }
    make().with_context(|| format!("the peer for {language} could not be made"))?;
    std::fs::write(&stamp, wanted)?;
    Ok(())
}

fn generate(tree: &Tree, generator: &str, place: &Path, properties: &str) -> Result<()> {
    let mut java = Command::new("java");
    java.arg("-jar").arg(jar(tree)?).args(["generate", "--skip-validate-spec", "-g", generator]);
    java.arg("-i").arg(tree.root.join(DESCRIPTION)).arg("-o").arg(place);
    // The description lists an operation under two groups, which would be written, and clash, twice.
    java.args(["--openapi-normalizer", "KEEP_ONLY_FIRST_TAG_IN_OPERATION=true"]);
    java.arg(format!("--additional-properties={properties}"));
    run(tree, &mut java, &format!("bench-generate-{generator}"))
}

/// The generator, from Maven Central.
fn jar(tree: &Tree) -> Result<PathBuf> {
    let place = tree.target.join("bench/generator");
    let mut parts = GENERATOR.split(':').skip(1);
    let jar =
        place.join(format!("{}-{}.jar", parts.next().unwrap_or_default(), parts.next().unwrap_or_default()));
    if !jar.is_file() {
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"]);
        maven.arg(format!("-Dartifact={GENERATOR}")).arg(format!("-DoutputDirectory={}", place.display()));
        maven.current_dir(&tree.target);
        run(tree, &mut maven, "bench-maven")?;
    }
    Ok(jar)
}

fn run(tree: &Tree, command: &mut Command, log: &str) -> Result<()> {
    program::run(command, &tree.log(log), Output::Together, LIMIT)?.ok().map(drop)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path)?,
        Ok(_) => std::fs::remove_file(path)?,
        Err(_) => {}
    }
    Ok(())
}
