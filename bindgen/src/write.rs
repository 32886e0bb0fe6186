//! Puts generated files where they belong.

use std::fs;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};

/// A file that is written by this program alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// From the root of the workspace.
    pub path: Utf8PathBuf,
    pub text: String,
}

impl GeneratedFile {
    pub fn new(path: impl Into<Utf8PathBuf>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// Writes what differs, so that nothing is compiled anew for nothing. Files that a former run wrote into `folders` (given from
/// the root) and this one did not are removed. Returns the paths of what changed.
pub fn write_files(root: &Utf8Path, folders: &[&str], files: &[GeneratedFile]) -> Result<Vec<Utf8PathBuf>> {
    let changed = differing(root, folders, files)?;
    for name in &changed {
        let path = root.join(name);
        let Some(file) = files.iter().find(|file| file.path == *name) else {
            fs::remove_file(&path).with_context(|| format!("{path} cannot be removed"))?;
            continue;
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("{folder} cannot be made"))?;
        }
        fs::write(&path, &file.text).with_context(|| format!("{path} cannot be written"))?;
    }
    Ok(changed)
}

/// The paths that [`write_files`] would write or remove.
pub fn differing(root: &Utf8Path, folders: &[&str], files: &[GeneratedFile]) -> Result<Vec<Utf8PathBuf>> {
    let is_present =
        |file: &&GeneratedFile| fs::read_to_string(root.join(&file.path)).is_ok_and(|x| x == file.text);
    let mut changed: Vec<_> =
        files.iter().filter(|file| !is_present(file)).map(|file| file.path.clone()).collect();
    for folder in folders {
        let Ok(entries) = root.join(folder).read_dir_utf8() else { continue };
        for entry in entries {
            let entry = entry?;
            let path = Utf8Path::new(folder).join(entry.file_name());
            if entry.file_type()?.is_file() && files.iter().all(|file| file.path != path) {
                changed.push(path);
            }
        }
    }
    Ok(changed)
}
