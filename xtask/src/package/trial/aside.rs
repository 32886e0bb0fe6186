//! The tree under another name, so that nothing can find its way back into it; and its own name again whatever happens.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A tree that has been renamed. A process of its own gives the name back when this one says so or is no more.
pub struct Aside {
    keeper: Child,
    from: PathBuf,
    to: PathBuf,
}

/// Waits for the end of its standard input. Signals that end its parent leave it alone.
const KEEPER: &str = r#"
trap '' INT TERM HUP QUIT
mv -T -- "$1" "$2" || exit 1
echo moved
cat > /dev/null
mv -T -- "$2" "$1"
"#;

impl Aside {
    pub fn put(tree: &Path) -> Result<Self> {
        let name = tree.file_name().context("the tree has no name")?.to_string_lossy();
        let to = tree.with_file_name(format!("{name}-moved-aside"));
        if to.exists() {
            bail!("{} is there already: give it another name", to.display());
        }
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .args([tree, &to])
            // The tree cannot be a folder that the keeper stands in.
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("sh could not be started")?;
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().context("it has an output")?).read_line(&mut line)?;
        let aside = Self { keeper, from: tree.to_path_buf(), to };
        if line.trim() != "moved" || aside.from.exists() {
            bail!("{} cannot be renamed: work in a clone that is no mount point", tree.display());
        }
        Ok(aside)
    }

    /// Its name meanwhile.
    pub fn name(&self) -> &Path {
        &self.to
    }

    /// Gives the name back.
    pub fn back(mut self) -> Result<()> {
        self.end();
        if !self.from.exists() {
            bail!("the tree is still called {}: rename it to {}", self.to.display(), self.from.display());
        }
        Ok(())
    }

    fn end(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_gone_and_comes_back() {
        let place = tempfile::tempdir().unwrap();
        let tree = place.path().join("tree");
        std::fs::create_dir(&tree).unwrap();
        std::fs::write(tree.join("file"), "text").unwrap();
        let aside = Aside::put(&tree).unwrap();
        assert!(!tree.exists());
        assert!(aside.name().join("file").exists());
        aside.back().unwrap();
        assert!(tree.join("file").exists());
    }

    #[test]
    fn a_tree_comes_back_when_the_trial_breaks_off() {
        let place = tempfile::tempdir().unwrap();
        let tree = place.path().join("tree");
        std::fs::create_dir(&tree).unwrap();
        drop(Aside::put(&tree).unwrap());
        assert!(tree.exists());
    }

    #[test]
    fn a_tree_that_cannot_be_renamed_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        assert!(Aside::put(&place.path().join("missing")).is_err());
        let tree = place.path().join("tree");
        std::fs::create_dir(&tree).unwrap();
        std::fs::create_dir(place.path().join("tree-moved-aside")).unwrap();
        assert!(Aside::put(&tree).is_err());
        assert!(tree.exists());
    }
}
