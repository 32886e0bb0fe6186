//! The JAR for Kotlin and the JVM: classes, the native library of each platform, and what shrinkers must keep; its sources beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::compile::Artifact;
use crate::kotlin;
use crate::program::{self, Output};
use crate::report::Tally;
use crate::tree::{self, Tree};

use super::inspection::{MEGABYTE, megabytes, size};
use super::target::Target;
use super::tools::Tools;

const LIMIT: Duration = Duration::from_secs(90 * 60);

/// For each platform that is in it.
const SIZE_MAX_BYTES: u64 = 5 * MEGABYTE;

const LIBRARY: &str = "libtillgate_uniffi.so";

/// The JAR and what lies beside it in a Maven repository.
pub struct Made {
    jar: PathBuf,
    sources: PathBuf,
    pom: PathBuf,
}

/// Builds the native library of one machine.
pub fn native(tree: &Tree, tools: &Tools, target: Target) -> Result<PathBuf> {
    let mut command = tools.zigbuild();
    tools.for_release(tree, Some(target), &mut command)?;
    command.current_dir(&tree.root).args(["build", "--locked", "--release", "--package", "tillgate-uniffi"]);
    command.args(["--target", &target.with_floor()]);
    let log = tree.log(&format!("release-kotlin-{}", target.triple));
    program::run(&mut command, &log, Output::Together, LIMIT)?.ok()?;
    Ok(tree.target.join(target.triple).join("release").join(LIBRARY))
}

/// Packs it. `inside` goes where Java keeps what is about a JAR.
pub fn build(
    tree: &Tree,
    artifacts: &[Artifact],
    natives: &[(Target, PathBuf)],
    inside: &[&Path],
    version: &str,
) -> Result<Made> {
    let pom = tree.root.join("bindings-kotlin/pom.xml");
    let said = std::fs::read_to_string(&pom)?;
    ensure!(said.contains(&format!("<version>{version}</version>")), "pom.xml has not the version {version}");
    // A place of its own: what tests compiled stays as it is.
    let place = tree.fresh("kotlin-package")?;
    kotlin::generate_into(tree, artifacts, &place.join("generated"))?;
    for (target, library) in natives {
        copy(library, &place.join("native").join(platform(*target)).join(LIBRARY))?;
    }
    for file in inside {
        let name = file.file_name().context("a file has a name")?;
        copy(file, &place.join("native/META-INF").join(name))?;
    }
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&tree.root.join(licence), &place.join("native/META-INF").join(licence))?;
    }
    let mut command = kotlin::maven(tree, &["package", "source:jar-no-fork"]);
    command.arg("-Dmaven.test.skip=true").arg(format!("-Dtillgate.build={}", place.display()));
    program::run(&mut command, &tree.log("maven-package"), Output::Together, LIMIT)?.ok()?;
    Ok(Made {
        jar: place.join(format!("tillgate-{version}.jar")),
        sources: place.join(format!("tillgate-{version}-sources.jar")),
        pom,
    })
}

/// Copies it to where packages go; the JAR's own place there.
pub fn keep(made: &Made, packages: &Path) -> Result<PathBuf> {
    let to = packages.join(made.jar.file_name().context("a file has a name")?);
    copy(&made.jar, &to)?;
    copy(&made.pom, &pom_of(&to))?;
    copy(&made.sources, &sources_of(&to)?)?;
    Ok(to)
}

/// What a Maven repository has beside a JAR: the description of it.
pub fn pom_of(jar: &Path) -> PathBuf {
    jar.with_extension("pom")
}

fn sources_of(jar: &Path) -> Result<PathBuf> {
    let stem = jar.file_stem().context("a file has a name")?.to_string_lossy();
    Ok(jar.with_file_name(format!("{stem}-sources.jar")))
}

/// Looks into the JAR: its size, what is in it, and that its libraries are those that were looked at.
pub fn check(tree: &Tree, jar: &Path, natives: &[(Target, PathBuf)]) -> Result<Tally> {
    let mut tally = Tally::default();
    let (size, most) = (size(jar)?, SIZE_MAX_BYTES * natives.len() as u64);
    println!("   JAR: {}, at most {}", megabytes(size), megabytes(most));
    tally.count(size <= most);
    let place = unpack(tree, jar, "jar-content")?;
    for (target, library) in natives {
        let inside = place.join(platform(*target)).join(LIBRARY);
        tally.count(
            std::fs::read(&inside).is_ok_and(|bytes| std::fs::read(library).is_ok_and(|b| b == bytes)),
        );
    }
    let classes =
        ["io/tillgate/Till.class", "io/tillgate/TillgateException$Closed.class", "io/tillgate/TillsKt.class"];
    let about = ["META-INF/proguard/tillgate.pro", "META-INF/tillgate.cdx.json", "META-INF/LICENSE-MIT"];
    for wanted in classes.into_iter().chain(about).chain(["META-INF/THIRD-PARTY-LICENSES.txt"]) {
        if !place.join(wanted).is_file() {
            println!("   JAR: it lacks {wanted}");
        }
        tally.count(place.join(wanted).is_file());
    }
    // The programs that are compiled with the tests.
    tally.count(!place.join("runner").exists() && !place.join("SellKt.class").exists());
    let sources = unpack(tree, &sources_of(jar)?, "jar-sources")?;
    for wanted in ["io/tillgate/Tillgate.kt", "io/tillgate/Tills.kt"] {
        if !sources.join(wanted).is_file() {
            println!("   the JAR of sources lacks {wanted}");
        }
        tally.count(sources.join(wanted).is_file());
    }
    Ok(tally)
}

fn unpack(tree: &Tree, jar: &Path, name: &str) -> Result<PathBuf> {
    let place = tree.work.join(name);
    tree::empty(&place)?;
    let mut unpack = Command::new("python3");
    unpack.args(["-m", "zipfile", "-e"]).arg(jar).arg(&place);
    program::run(&mut unpack, &tree.log("unpack-jar"), Output::Together, LIMIT)?.ok()?;
    Ok(place)
}

/// The folder where JNA looks for libraries of a machine.
fn platform(target: Target) -> String {
    let architecture = target.architecture().replace('_', "-");
    format!("linux-{architecture}")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a file lies in a folder")?;
    std::fs::create_dir_all(folder)?;
    std::fs::copy(from, to).with_context(|| format!("{} cannot be copied", from.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::target::ALL;
    use super::*;

    #[test]
    fn libraries_lie_where_jna_looks() {
        let places: Vec<_> = ALL.into_iter().take(2).map(platform).collect();
        assert_eq!(places, ["linux-x86-64", "linux-aarch64"]);
    }
}
