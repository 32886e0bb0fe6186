//! One process writes a journal (rule 17): the lock beside it.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::fault;
use super::place::private_file;
use crate::Result;
use crate::testing::{Guard, guard};

/// Held for as long as this process may write. The system lets go of it when the process ends, however it ends.
pub struct WriterLock {
    file: Option<File>,
    process: u32,
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // A forked child shares the lock: it must not open it for its parent. And it may live on after the parent is done, so
        // closing the file alone would not open it for others.
        if let Some(file) = &self.file
            && self.process == std::process::id()
        {
            let _ = file.unlock();
        }
    }
}

impl WriterLock {
    /// Takes the lock, or says at once who has it.
    pub fn take(path: &Path) -> Result<Self> {
        if !guard(Guard::OneWriter) {
            return Ok(Self { file: None, process: std::process::id() });
        }
        let mut file = private_file()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| fault::told_io(&error, &format!("opening {}", path.display())))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&mut file)),
            Err(TryLockError::Error(error)) => {
                return Err(fault::failed(format!(
                    "{} cannot be locked ({error}); a journal needs a disk on which locks work",
                    path.display()
                )));
            }
        }
        // Only for the text of the other's error: that it could not be written changes nothing.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { file: Some(file), process: std::process::id() })
    }
}

fn held(file: &mut File) -> crate::TillgateError {
    let mut text = String::new();
    // Where locks are mandatory the holder's number cannot be read.
    let read = file.take(20).read_to_string(&mut text);
    let holder = read.ok().and_then(|_| text.trim().parse::<u32>().ok());
    fault::locked(match holder {
        Some(process) => format!("process {process} holds the journal"),
        None => "another process holds the journal".to_string(),
    })
}
