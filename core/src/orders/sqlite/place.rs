//! Where a journal lies: its file, what stands beside it, and what is wrong with the place.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::fault;
use crate::{Result, TillConfig, TillgateError};

/// Marks the file as a journal, in SQLite's header: `TlGt`.
pub const APPLICATION_ID: i32 = 0x546c_4774;

/// Where a journal lies.
pub struct Place {
    journal: PathBuf,
}

impl Place {
    /// The place that a configuration names. Links are followed, so that two names of one journal have one lock.
    pub fn find(config: &TillConfig) -> Result<Self> {
        let invalid = |reason: String| TillgateError::invalid_argument("journal_path", reason);
        let path = Path::new(&config.journal_path);
        let name = path.file_name().filter(|_| !config.journal_path.contains('\0'));
        let name = name.ok_or_else(|| invalid(format!("{:?} names no file", config.journal_path)))?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = resolved(folder).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if !config.create => {
                fault::missing(format!("there is no folder {}", folder.display()))
            }
            _ => invalid(format!("the folder {} cannot be used: {error}", folder.display())),
        })?;
        if !folder.is_dir() {
            return Err(invalid(format!("{} is not a folder", folder.display())));
        }
        let mut journal = folder.join(name);
        match fs::symlink_metadata(&journal) {
            Ok(_) => {
                journal = resolved(&journal).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => {
                        fault::missing(format!("{} is a link to nothing", journal.display()))
                    }
                    _ => invalid(format!("{} cannot be used: {error}", journal.display())),
                })?;
                if !journal.is_file() {
                    return Err(invalid(format!("{} is not a file", journal.display())));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(invalid(format!("{} cannot be used: {error}", journal.display()))),
        }
        Ok(Self { journal })
    }

    /// The journal's own file.
    pub fn journal(&self) -> &Path {
        &self.journal
    }

    /// What stands beside the journal under its name and this ending.
    pub fn beside(&self, ending: &str) -> PathBuf {
        let mut path = OsString::from(&self.journal);
        path.push(ending);
        path.into()
    }

    /// Whether there is a journal; an error when there is one without its file.
    pub fn exists(&self) -> Result<bool> {
        if self.journal.exists() {
            return Ok(true);
        }
        // SQLite would delete a log without its file, and with it the latest orders.
        let log = self.beside("-wal");
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            return Err(fault::damaged(format!(
                "{} is gone, but its latest entries are still in {}",
                self.journal.display(),
                log.display()
            )));
        }
        Ok(false)
    }

    /// Refuses a file that is no journal, before SQLite touches it.
    pub fn check_header(&self) -> Result<()> {
        let mut header = Vec::with_capacity(100);
        let read = File::open(&self.journal).and_then(|file| file.take(100).read_to_end(&mut header));
        read.map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => TillgateError::invalid_argument(
                "journal_path",
                format!("this user may not read {}", self.journal.display()),
            ),
            _ => fault::failed(format!("reading {}: {error}", self.journal.display())),
        })?;
        let name = self.journal.display();
        if header.is_empty() {
            // A journal comes into its place whole, so an empty file was never one that was being made.
            return Err(fault::damaged(format!("{name} is empty")));
        }
        if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
            return Err(fault::damaged(format!("{name} is not an SQLite database")));
        }
        // Offsets 68 and 60: https://www.sqlite.org/fileformat.html, "The Database Header".
        if header[68..72] != APPLICATION_ID.to_be_bytes() {
            return Err(fault::damaged(format!("{name} is an SQLite database, but not a journal")));
        }
        Ok(())
    }

    /// Whether the file and its folder may be written, as far as their marks say.
    pub fn check_writable(&self) -> Result<()> {
        if self.journal.exists() {
            let name = self.journal.display().to_string();
            // The mark holds for root too, whom the system would let pass.
            if fs::metadata(&self.journal).is_ok_and(|m| m.permissions().readonly()) {
                return Err(fault::read_only(format!("{name} is marked read-only")));
            }
            OpenOptions::new()
                .write(true)
                .open(&self.journal)
                .map_err(|error| fault::told_io(&error, &format!("opening {name}")))?;
        }
        #[cfg(unix)]
        if let Some(folder) = self.journal.parent()
            && fs::metadata(folder).is_ok_and(|m| m.permissions().readonly())
        {
            return Err(fault::read_only(format!("the folder {} is marked read-only", folder.display())));
        }
        Ok(())
    }
}

/// Makes what was renamed or made in this folder survive a power cut.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    // Windows has no such call, and its rename is written through.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A file of ours, not for everybody's eyes: it holds phone numbers.
pub fn private_file() -> OpenOptions {
    #[allow(unused_mut)]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o660);
    options
}

fn resolved(path: &Path) -> io::Result<PathBuf> {
    // On Windows the resolved form is a verbatim path, which few other programs take.
    if cfg!(windows) {
        fs::metadata(path)?;
        std::path::absolute(path)
    } else {
        fs::canonicalize(path)
    }
}
