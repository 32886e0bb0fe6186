//! Not written yet.

use anyhow::{Result, bail};
use camino::Utf8Path;

use crate::ir::Interface;
use crate::write::GeneratedFile;

/// Folders whose files are all generated.
pub const FOLDERS: &[&str] = &[];

/// The generated files of the binding, with paths from the root of the workspace.
pub fn write(_interface: &Interface, _root: &Utf8Path) -> Result<Vec<GeneratedFile>> {
    bail!("this binding is not written yet")
}
