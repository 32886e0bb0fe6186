//! The static library with no names but its own. As rustc makes it, it also gives away SQLite's functions and the Rust runtime's,
//! and a program that has those already could not be linked, or would be linked with the wrong ones.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::program::{self, Output};
use crate::tree::Tree;

use super::elf::Shared;
use super::tools::Tools;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Makes one object of all that the functions in `shared` need, hides the rest, and puts it into a library of its own.
pub fn with_own_names(tree: &Tree, tools: &Tools, archive: &Path, shared: &Shared) -> Result<PathBuf> {
    let place = tree.fresh("static-library")?;
    let rust = RustTools::find()?;
    let (whole, hidden) = (place.join("whole.o"), place.join("tillgate.o"));
    let made = place.join("libtillgate.a");

    let mut link = rust.command("rust-lld");
    link.args(["-flavor", "gnu", "--relocatable"]);
    link.args(shared.exported.iter().map(|name| format!("--undefined={name}")));
    run(tree, "static-link", link.arg(archive).arg("-o").arg(&whole))?;

    let mut hide = rust.command("rust-objcopy");
    hide.args(["--wildcard", "--keep-global-symbol=tg_*", "--discard-all", "--strip-debug"]);
    // The standard library brings its code a second time, for link-time optimisation; joined, no linker could read it.
    hide.args(["--remove-section=.llvmbc", "--remove-section=.llvmcmd"]);
    run(tree, "static-hide", hide.arg(&whole).arg(&hidden))?;

    let mut pack = tools.python();
    pack.args(["-m", "ziglang", "ar", "crsD"]).arg(&made).arg(&hidden);
    run(tree, "static-pack", &mut pack)?;
    Ok(made)
}

/// What the static library gives to others.
pub fn names(library: &Path) -> Result<Vec<String>> {
    let bytes = std::fs::read(library).with_context(|| format!("{} cannot be read", library.display()))?;
    let archive = goblin::archive::Archive::parse(&bytes).context("it is no static library")?;
    Ok(archive.summarize().into_iter().flat_map(|(_, _, names)| names).map(str::to_string).collect())
}

/// The linker and its companion that come with rustc. They handle every machine that it compiles for.
struct RustTools {
    folder: PathBuf,
    libraries: PathBuf,
}

impl RustTools {
    fn find() -> Result<Self> {
        let ask = |arguments: &[&str]| {
            let output = Command::new("rustc").args(arguments).output().context("rustc is missing")?;
            Ok::<_, anyhow::Error>(String::from_utf8_lossy(&output.stdout).trim().to_string())
        };
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?);
        let host = ask(&["--print", "host-tuple"])?;
        let folder = sysroot.join("lib/rustlib").join(host).join("bin");
        for tool in ["rust-lld", "rust-objcopy"] {
            if !folder.join(tool).is_file() {
                bail!("this rustc came without {tool}: packages are made with the one of rustup");
            }
        }
        Ok(Self { folder, libraries: sysroot.join("lib") })
    }

    fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(self.folder.join(tool));
        command.env("LD_LIBRARY_PATH", &self.libraries);
        command
    }
}

fn run(tree: &Tree, log: &str, command: &mut Command) -> Result<()> {
    program::run(command, &tree.log(log), Output::Together, LIMIT)?.ok()?;
    Ok(())
}
