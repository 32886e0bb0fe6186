//! Where things are, wherever the clone lies and whatever the present folder is.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The folders of this checkout.
pub struct Tree {
    /// The root of the workspace.
    pub root: PathBuf,
    /// Cargo's target folder, as this very program was built in it.
    pub target: PathBuf,
    /// What is built in the dev profile.
    pub built: PathBuf,
    /// What xtask writes: logs, and the places where programs run.
    pub work: PathBuf,
    /// Where cargo keeps what it compiles on the way, if not in the target folder.
    pub compiled: Option<PathBuf>,
}

impl Tree {
    pub fn find() -> Result<Self> {
        // Cargo sets it for `cargo run`; the compiled-in one serves a program that was started by hand.
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().context("xtask lies in no folder")?.to_path_buf();
        let program = std::env::current_exe().context("this program cannot be found")?;
        let built = program.parent().context("this program lies in no folder")?.to_path_buf();
        let target = built.parent().context("this program lies in no target folder")?.to_path_buf();
        let work = target.join("xtask");
        std::fs::create_dir_all(work.join("logs"))
            .with_context(|| format!("{} cannot be made", work.display()))?;
        Ok(Self { root, target, built, work, compiled: None })
    }

    /// A program of the workspace.
    pub fn program(&self, name: &str) -> PathBuf {
        self.built.join(name)
    }

    /// Where the output of a program goes.
    pub fn log(&self, name: &str) -> PathBuf {
        self.work.join("logs").join(format!("{name}.log"))
    }

    /// An empty folder below the work folder.
    pub fn fresh(&self, name: &str) -> Result<PathBuf> {
        let path = self.work.join(name);
        empty(&path)?;
        Ok(path)
    }

    /// Has cargo, or what starts it, keep what it compiles where this tree wants it. A cargo that does not know it compiles more.
    pub fn keep_compiled(&self, command: &mut Command) {
        if let Some(folder) = &self.compiled {
            command.env("CARGO_BUILD_BUILD_DIR", folder);
        }
    }

    /// A path as people type it: from the root of the workspace.
    pub fn told<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// An empty folder that is in no way part of the tree.
pub fn outside(tree: &Tree, name: &str) -> Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("tillgate-{name}-{}", std::process::id()));
    if path.starts_with(&tree.root) {
        bail!("the folder for temporary files lies in the tree: set TMPDIR to one outside of it");
    }
    empty(&path)?;
    Ok(path)
}

/// Makes a folder that is there and holds nothing.
pub fn empty(path: &Path) -> Result<()> {
    if path.exists() {
        std::fs::remove_dir_all(path).with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    std::fs::create_dir_all(path).with_context(|| format!("{} cannot be made", path.display()))
}
