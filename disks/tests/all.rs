//! The layer itself: that it drops, tears, fails and fills as it says, and leaves other folders alone.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, ErrorCode};
use tempfile::TempDir;
use tillgate_disks::disk::{Fault, Operation, Survival};
use tillgate_disks::vfs::{Mounted, lock};

struct Scratch {
    folder: TempDir,
    mounted: Mounted,
}

impl Scratch {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mounted = Mounted::new(folder.path());
        Self { folder, mounted }
    }

    fn open(&self, synchronous: &str, journal_mode: &str) -> Connection {
        let connection = Connection::open(self.folder.path().join("scratch")).unwrap();
        connection.pragma_update(None, "synchronous", synchronous).unwrap();
        connection.pragma_update_and_check(None, "journal_mode", journal_mode, |_| Ok(())).unwrap();
        connection.execute_batch("CREATE TABLE IF NOT EXISTS kept (n INTEGER)").unwrap();
        connection
    }

    fn fault(&self, fault: Fault) {
        lock(self.mounted.disk()).set_fault(Some(fault));
    }

    fn reboot(&self, survival: Survival) {
        lock(self.mounted.disk()).reboot(survival).unwrap();
    }

    fn kept(&self) -> i64 {
        let connection = Connection::open(self.folder.path().join("scratch")).unwrap();
        connection.query_row("SELECT count(*) FROM kept", [], |row| row.get(0)).unwrap_or(0)
    }
}

fn put(connection: &Connection) -> rusqlite::Result<usize> {
    connection.execute("INSERT INTO kept VALUES (1)", [])
}

/// Commits ten times, loses power, and says how many are left.
fn kept_after_cut(synchronous: &str, journal_mode: &str, survival: Survival) -> i64 {
    let scratch = Scratch::new();
    drop(scratch.open("FULL", journal_mode));
    let connection = scratch.open(synchronous, journal_mode);
    for _ in 0..10 {
        put(&connection).unwrap();
    }
    lock(scratch.mounted.disk()).set_fault(None);
    scratch.reboot(survival);
    drop(connection);
    scratch.kept()
}

#[test]
fn what_was_not_synced_is_dropped_and_what_was_is_not() {
    // With a rollback journal SQLite syncs the deletion that makes a commit only when told EXTRA: under FULL the last one is undone.
    assert_eq!(kept_after_cut("FULL", "delete", Survival::Nothing), 9);
    for (mode, durable) in [("wal", "FULL"), ("delete", "EXTRA")] {
        assert_eq!(kept_after_cut("OFF", mode, Survival::Nothing), 0, "{mode}");
        assert_eq!(kept_after_cut(durable, mode, Survival::Nothing), 10, "{mode}");
        assert_eq!(kept_after_cut("OFF", mode, Survival::Everything), 10, "{mode}");
    }
    // In this mode SQLite syncs its log only when it writes it back.
    assert_eq!(kept_after_cut("NORMAL", "wal", Survival::Nothing), 0);
}

#[test]
fn a_torn_write_is_torn() {
    for survival in [Survival::LastTornBetweenSectors, Survival::LastTornWithinSector] {
        assert_eq!(kept_after_cut("OFF", "wal", survival), 9, "{survival:?}");
    }
    assert_eq!(kept_after_cut("OFF", "wal", Survival::FirstMissing), 0);
    assert_eq!(kept_after_cut("OFF", "wal", Survival::Zeros), 0);
    let some: Vec<i64> = (0..20).map(|seed| kept_after_cut("OFF", "wal", Survival::Some(seed))).collect();
    assert!(some.iter().all(|kept| *kept < 10), "{some:?}");
}

#[test]
fn after_the_cut_the_dead_process_changes_nothing() {
    let scratch = Scratch::new();
    let connection = scratch.open("FULL", "wal");
    put(&connection).unwrap();
    scratch.fault(Fault::Cut { at: 1, before: true, survival: Survival::Everything });
    assert!(put(&connection).is_err());
    assert!(lock(scratch.mounted.disk()).is_dead());
    assert!(put(&connection).is_err());
    scratch.reboot(Survival::Everything);
    lock(scratch.mounted.disk()).set_fault(None);
    // Its files are of an earlier start.
    assert!(put(&connection).is_err());
    drop(connection);
    assert_eq!(scratch.kept(), 1);
}

#[test]
fn the_operation_that_was_asked_for_fails_and_no_other() {
    for lasting in [false, true] {
        let scratch = Scratch::new();
        let connection = scratch.open("FULL", "wal");
        scratch.fault(Fault::Fails { operation: Operation::Sync, at: 2, lasting });
        put(&connection).unwrap();
        let error = put(&connection).unwrap_err();
        assert_eq!(error.sqlite_error().unwrap().extended_code, rusqlite::ffi::SQLITE_IOERR_FSYNC);
        assert_eq!(put(&connection).is_err(), lasting);
    }
}

#[test]
fn what_a_failed_sync_has_not_written_is_lost_although_everybody_reads_it() {
    let scratch = Scratch::new();
    let connection = scratch.open("FULL", "wal");
    scratch.fault(Fault::Fails { operation: Operation::Sync, at: 2, lasting: false });
    put(&connection).unwrap();
    put(&connection).unwrap_err();
    lock(scratch.mounted.disk()).set_fault(None);
    scratch.reboot(Survival::Nothing);
    drop(connection);
    assert_eq!(scratch.kept(), 1);
}

#[test]
fn what_is_written_again_after_a_failed_sync_is_there_whatever_survives() {
    let scratch = Scratch::new();
    let connection = scratch.open("FULL", "wal");
    scratch.fault(Fault::Fails { operation: Operation::Sync, at: 2, lasting: false });
    put(&connection).unwrap();
    put(&connection).unwrap_err();
    // In the place of what failed.
    connection.execute("DELETE FROM kept", []).unwrap();
    lock(scratch.mounted.disk()).set_fault(None);
    scratch.reboot(Survival::Everything);
    drop(connection);
    assert_eq!(scratch.kept(), 0);
}

#[test]
fn a_full_disk_says_so() {
    let scratch = Scratch::new();
    let connection = scratch.open("FULL", "wal");
    scratch.fault(Fault::Full { at: 1, any_write: false, reserve_taken: false });
    fs::write(scratch.folder.path().join("scratch-reserve"), "").unwrap();
    assert_eq!(put(&connection).unwrap_err().sqlite_error_code(), Some(ErrorCode::DiskFull));
    fs::remove_file(scratch.folder.path().join("scratch-reserve")).unwrap();
    put(&connection).unwrap();
}

#[test]
fn a_drive_that_lies_keeps_nothing() {
    let scratch = Scratch::new();
    let connection = scratch.open("FULL", "wal");
    put(&connection).unwrap();
    scratch.fault(Fault::Lies { at: 1, cut_after: 1_000, survival: Survival::Nothing });
    put(&connection).unwrap();
    put(&connection).unwrap();
    scratch.reboot(Survival::Nothing);
    lock(scratch.mounted.disk()).set_fault(None);
    drop(connection);
    assert_eq!(scratch.kept(), 1);
}

#[test]
fn other_folders_are_left_alone() {
    let scratch = Scratch::new();
    scratch.fault(Fault::Fails { operation: Operation::Write, at: 1, lasting: true });
    let elsewhere = TempDir::new().unwrap();
    let connection = Connection::open(Path::join(elsewhere.path(), "other")).unwrap();
    connection.execute_batch("CREATE TABLE kept (n INTEGER)").unwrap();
    assert_eq!(put(&connection).unwrap(), 1);
}
