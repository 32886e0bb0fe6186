//! What went wrong with the journal's file, told to a person.

use std::io;

use rusqlite::ErrorCode;

use crate::{ErrorDetails, TillgateError};

/// Why a command did not go through.
pub enum Fault {
    /// It was refused; the other commands of its batch go on.
    Refused(TillgateError),
    /// The file failed; nothing of the batch is done.
    File(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error)
    }
}

impl From<TillgateError> for Fault {
    fn from(error: TillgateError) -> Self {
        Self::Refused(error)
    }
}

/// Whether no space was left. SQLite has rolled the transaction back cleanly then.
pub fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Whether another process held the file for longer than we wait.
pub fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// SQLite's error as ours.
pub fn told(error: rusqlite::Error) -> TillgateError {
    let reason = error.to_string();
    if matches!(error, rusqlite::Error::SqlInputError { .. }) {
        // Our statements fit our tables; these are not ours any more.
        return damaged(reason);
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => full(reason),
        Some(ErrorCode::ReadOnly) => read_only(reason),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(reason),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            locked(format!("another process holds the journal's file for too long ({reason})"))
        }
        Some(ErrorCode::ApiMisuse | ErrorCode::ParameterOutOfRange) => TillgateError::internal(reason),
        Some(_) => failed(reason),
        None => match error {
            // The file holds something else than was written there.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::QueryReturnedNoRows => damaged(reason),
            _ => TillgateError::internal(reason),
        },
    }
}

/// The operating system's error as ours; `doing` completes "while …".
pub fn told_io(error: &io::Error, doing: &str) -> TillgateError {
    let reason = format!("{doing}: {error}");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => full(reason),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => read_only(reason),
        _ => failed(reason),
    }
}

pub fn full(reason: String) -> TillgateError {
    TillgateError::JournalFull {
        details: ErrorDetails::local(
            format!("no space is left for the journal: {reason}"),
            "Nothing new is bought. Free some space on its disk and open the journal again; orders that were under way are \
             looked up then. Opening it read-only works meanwhile.",
        ),
    }
}

pub fn read_only(reason: String) -> TillgateError {
    TillgateError::JournalReadOnly {
        details: ErrorDetails::local(
            format!("the journal cannot be written: {reason}"),
            "Nothing was bought. Give this user the right to write the journal's file and its folder, or open it \
             read-only.",
        ),
    }
}

pub fn damaged(reason: String) -> TillgateError {
    TillgateError::JournalDamaged {
        details: ErrorDetails::local(
            format!("the journal is damaged, or is no journal: {reason}"),
            "Nothing was bought. Do not delete it: copy the file and what stands beside it to a safe place, restore the \
             latest backup, and open that one with the epoch mirror, so that lost orders are noticed.",
        ),
    }
}

/// Nothing of ours is wrong, but what was added may change what we write.
pub fn added_to(name: &str) -> TillgateError {
    TillgateError::JournalDamaged {
        details: ErrorDetails::local(
            format!("something was added to the journal that is not tillgate's: {name}"),
            "Nothing was bought and no order is lost. Remove what was added (keep reports and copies in a file of their own), \
             then open the journal again.",
        ),
    }
}

pub fn failed(reason: String) -> TillgateError {
    TillgateError::JournalFailed {
        details: ErrorDetails::local(
            format!("the journal's disk failed: {reason}"),
            "What was under way may have been carried out; nothing new is bought by this till. Check the disk, then open the \
             journal again: it looks every open order up.",
        ),
    }
}

pub fn locked(reason: String) -> TillgateError {
    TillgateError::JournalLocked {
        details: ErrorDetails::local(
            reason,
            "Nothing was bought by this process. Only one process buys with a journal: close the other one, or open this \
             one read-only.",
        ),
    }
}

pub fn missing(reason: String) -> TillgateError {
    TillgateError::JournalMissing {
        details: ErrorDetails::local(
            reason,
            "Nothing was bought. If there should be a journal, find out where it went before you sell: its orders are in it. \
             If this is a new till, open it with create.",
        ),
    }
}

pub fn closed() -> TillgateError {
    TillgateError::Closed {
        details: ErrorDetails::local(
            "the journal is closed",
            "Open it again; its orders are in it, and those that were under way are looked up.",
        ),
    }
}
