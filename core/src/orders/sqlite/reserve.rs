//! Space for outcomes, set aside before anything is sent (rule 18).

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};

use super::place::private_file;

/// Enough for the outcomes of a whole batch: 256 commands, each of which changes a few pages of 4 KiB.
pub const RESERVE_SIZE_BYTES: usize = 4 * 1024 * 1024;

/// A file that does nothing but take space. Deleting it makes room for what must be written.
pub struct Reserve {
    path: PathBuf,
}

impl Reserve {
    /// Makes the file, unless it stands there from an earlier time.
    pub fn make(path: &Path) -> io::Result<Self> {
        let reserve = Self { path: path.to_path_buf() };
        if !reserve.is_whole() {
            reserve.write().inspect_err(|_| {
                // Half a reserve only takes space from the journal.
                let _ = fs::remove_file(path);
            })?;
        }
        Ok(reserve)
    }

    /// Gives the space back.
    pub fn release(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    fn is_whole(&self) -> bool {
        let Ok(found) = fs::metadata(&self.path) else { return false };
        #[cfg(unix)]
        // A copy may have holes in place of bytes: only blocks are space.
        let taken = std::os::unix::fs::MetadataExt::blocks(&found) * 512;
        #[cfg(not(unix))]
        let taken = found.len();
        found.is_file() && taken >= RESERVE_SIZE_BYTES as u64
    }

    fn write(&self) -> io::Result<()> {
        // Random, so that a disk that compresses sets as much aside as was asked for.
        let mut bytes = vec![0; RESERVE_SIZE_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("no random bytes"))?;
        let mut file = private_file().write(true).create(true).truncate(true).open(&self.path)?;
        file.write_all(&bytes)?;
        file.sync_all()
    }
}
