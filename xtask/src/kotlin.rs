//! Kotlin: the sources that UniFFI generates, the tests of the binding, and the programs that are compiled with them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::compile::Artifact;
use crate::examples;
use crate::generate;
use crate::program::{self, Output};
use crate::report::Tally;
use crate::tree::Tree;

/// The first time, Maven fetches a hundred megabytes; the compiler takes a minute.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// What the others share, and no example.
const SHARED: &str = "Shop";

/// What Maven builds goes here, and generated sources with it.
pub fn built(tree: &Tree) -> PathBuf {
    tree.target.join("kotlin")
}

/// Maven in the binding's folder. It keeps what it fetches in the target folder, and relies on nothing outside of the tree.
pub fn maven(tree: &Tree, goals: &[&str]) -> Command {
    let mut command = Command::new("mvn");
    command.current_dir(tree.root.join("bindings-kotlin"));
    command.args(["--batch-mode", "--quiet", "--no-transfer-progress"]);
    for (name, value) in [
        ("maven.repo.local", repository(tree)),
        ("tillgate.build", built(tree)),
        ("tillgate.library", tree.built.clone()),
        ("tillgate.sandbox", tree.program("tillgate-sandbox")),
    ] {
        command.arg(format!("-D{name}={}", value.display()));
    }
    command.args(goals);
    command
}

/// Where Maven keeps what it fetched.
pub fn repository(tree: &Tree) -> PathBuf {
    tree.target.join("maven")
}

/// Fetches what is needed, while cargo keeps the processors busy.
pub fn fetch(tree: &Tree) -> Result<()> {
    let mut command = maven(tree, &["dependency:go-offline"]);
    program::run(&mut command, &tree.log("maven-fetch"), Output::Together, LIMIT)?.ok()?;
    Ok(())
}

/// Writes the sources that are not committed.
pub fn generate(tree: &Tree, artifacts: &[Artifact]) -> Result<()> {
    generate_into(tree, artifacts, &generated(tree))
}

/// Where they are.
pub fn generated(tree: &Tree) -> PathBuf {
    built(tree).join("generated")
}

/// The same into any folder.
pub fn generate_into(tree: &Tree, artifacts: &[Artifact], folder: &Path) -> Result<()> {
    let mut command = Command::new(tree.program("tillgate-bindgen"));
    command.current_dir(&tree.root).args(["kotlin", "--root"]).arg(&tree.root);
    command.arg("--library").arg(generate::core(artifacts)?).arg("--out").arg(folder);
    program::run(&mut command, &tree.log("gen-kotlin"), Output::Together, LIMIT)?.ok()?;
    Ok(())
}

/// Compiles the binding and the programs; a warning in what is written by hand is an error.
pub fn compile(tree: &Tree, artifacts: &[Artifact]) -> Result<()> {
    generate(tree, artifacts)?;
    // The compiler takes a minute, and would for nothing.
    let stamp = built(tree).join("compiled-from");
    let sources = sources(tree)?;
    if std::fs::read_to_string(&stamp).is_ok_and(|compiled| compiled == sources) {
        return Ok(());
    }
    let mut command = maven(tree, &["test-compile"]);
    program::run(&mut command, &tree.log("maven-compile"), Output::Together, LIMIT)?.ok()?;
    std::fs::write(stamp, sources)?;
    Ok(())
}

/// All that is compiled, word for word: another word makes it compile again.
fn sources(tree: &Tree) -> Result<String> {
    let mut files =
        ["bindings-kotlin/pom.xml", "conformance/memory/Memory.kt"].map(|file| tree.root.join(file)).to_vec();
    let folders = ["bindings-kotlin/src", "benches/kotlin", "examples/kotlin", "conformance/runners/kotlin"];
    for folder in folders.into_iter().map(|folder| tree.root.join(folder)) {
        below(&folder, &mut files)?;
    }
    below(&generated(tree), &mut files)?;
    files.sort();
    let mut all = String::new();
    for file in files {
        all.push_str(&format!("\n{}\n", file.display()));
        all.push_str(&std::fs::read_to_string(&file).with_context(|| file.display().to_string())?);
    }
    Ok(all)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The tests of the binding, and the examples. It must have been compiled.
pub fn run(tree: &Tree) -> Result<Tally> {
    let reports = built(tree).join("surefire-reports");
    crate::tree::empty(&reports)?;
    let mut tests = maven(tree, &["surefire:test"]);
    let ended = program::run(&mut tests, &tree.log("maven-test"), Output::Together, LIMIT)?;
    let mut tally = counted(&reports)?;
    if !ended.succeeded() {
        println!("   {}", ended.story());
        if tally.failed == 0 {
            bail!("Maven failed without a failing test");
        }
    }
    let place = tree.fresh("kotlin-examples")?;
    let program = |name: &str| java(tree, &format!("{}Kt", pascal(name)));
    for name in example_names(&tree.root.join("examples/kotlin"))? {
        tally += examples::run(tree, &place, &name, &program)?;
    }
    Ok(tally)
}

/// A program that was compiled with the tests.
pub fn java(tree: &Tree, class: &str) -> Result<Command> {
    let mut command = Command::new(JAVA);
    command.args(arguments(tree, class)?);
    Ok(command)
}

/// The same as users start it: with both compilers, and with this library.
pub fn optimised(tree: &Tree, class: &str, library: &Path) -> Result<Command> {
    let mut command = Command::new(JAVA);
    command.arg(format!("-Djna.library.path={}", library.display()));
    command.arg("-cp").arg(class_path(tree)?).arg(class);
    Ok(command)
}

pub const JAVA: &str = "java";

/// What starts a program that was compiled with the tests. Short ones begin sooner without the second compiler.
pub fn arguments(tree: &Tree, class: &str) -> Result<Vec<OsString>> {
    let library = format!("-Djna.library.path={}", tree.built.display());
    let quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    let mut arguments: Vec<OsString> = quick.into_iter().map(Into::into).collect();
    arguments.extend([library.into(), "-cp".into(), class_path(tree)?.into(), class.into()]);
    Ok(arguments)
}

/// The same in a file, as `java` takes it: for those who take such options for their own.
pub fn arguments_in_a_file(tree: &Tree, class: &str) -> Result<PathBuf> {
    let mut lines = String::new();
    for argument in arguments(tree, class)? {
        let argument = argument.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
        lines.push_str(&format!("\"{argument}\"\n"));
    }
    let file = built(tree).join(format!("{class}.arguments"));
    std::fs::write(&file, lines)?;
    Ok(PathBuf::from(format!("@{}", file.display())))
}

/// The library, the programs, and what they stand on.
fn class_path(tree: &Tree) -> Result<String> {
    let built = built(tree);
    let jars = std::fs::read_to_string(built.join("classpath")).context("Maven left no class path")?;
    let folders = ["classes", "test-classes"].map(|name| built.join(name).display().to_string());
    Ok(format!("{}:{}", folders.join(":"), jars.trim()))
}

/// In snake_case, as in the other languages.
fn example_names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "kt") && name != SHARED {
            names.push(snake(&name));
        }
    }
    names.sort();
    Ok(names)
}

fn pascal(name: &str) -> String {
    let words = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// Adds up what Surefire reported, a file per class.
fn counted(reports: &Path) -> Result<Tally> {
    let mut tally = Tally::default();
    for entry in std::fs::read_dir(reports).context("Surefire left no reports")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let report = std::fs::read_to_string(&path)?;
            tally += suite(&report).with_context(|| format!("{} is not understood", path.display()))?;
        }
    }
    Ok(tally)
}

/// What one report counts in its `testsuite`, and the reasons of what was skipped.
fn suite(report: &str) -> Option<Tally> {
    let head = report.split_once("<testsuite ")?.1.split_once('>')?.0;
    let count = |name: &str| -> Option<usize> {
        head.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0.parse().ok()
    };
    let (tests, failed, skipped) =
        (count("tests")?, count("errors")? + count("failures")?, count("skipped")?);
    let mut tally = Tally { passed: tests.checked_sub(failed + skipped)?, failed, skipped: Vec::new() };
    let reasons = report.split("<skipped").skip(1).map(|rest| {
        let rest = rest.split_once('>').map_or(rest, |(head, _)| head);
        let reason = rest.split_once("message=\"").and_then(|(_, rest)| rest.split_once('"'));
        reason.map_or_else(|| "its author did not say why".to_string(), |(reason, _)| reason.to_string())
    });
    tally.skipped.extend(reasons);
    (tally.skipped.len() == skipped).then_some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_tests_are_counted() {
        let report = r#"<?xml version="1.0"?>
<testsuite xmlns:xsi="x" name="io.tillgate.SaleTest" time="3.6" tests="10" errors="1" skipped="1" failures="2">
  <testcase name="a"><skipped message="needs Linux"/></testcase>
</testsuite>"#;
        let tally = suite(report).unwrap();
        assert_eq!((tally.passed, tally.failed), (6, 3));
        assert_eq!(tally.skipped, ["needs Linux"]);
        assert_eq!(suite("<html>"), None);
    }

    #[test]
    fn the_jar_has_the_version_of_the_workspace() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let pom = std::fs::read_to_string(root.join("bindings-kotlin/pom.xml")).unwrap();
        let (_, version) = pom.split_once("<version>").unwrap();
        assert_eq!(version.split_once('<').unwrap().0, env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn names_go_from_one_case_to_the_other() {
        assert_eq!(pascal("crash_and_resume"), "CrashAndResume");
        assert_eq!(snake("CrashAndResume"), "crash_and_resume");
    }
}
