//! The layer under SQLite: its default VFS of this process, which asks a [`Disk`] about every operation and lets the system's own VFS
//! carry it out. Files outside of known folders pass through untouched.
//!
//! Each file that is open is ours in front and the original behind it, in one piece of memory. The table of methods is patched once
//! for each table that originals have: they differ in their version, and in whether they have the methods of the shared index.

use std::collections::HashMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

use crate::disk::{Disk, FileId, Operation, Refusal};

/// The name of the system's own VFS, for readers that must not be seen.
pub const ORIGINAL: &CStr = c"unix";
const NAME: &CStr = c"tillgate-disks";

/// A disk that SQLite and a test share.
pub type SharedDisk = Arc<Mutex<Disk>>;

/// What a test says to a disk, whatever a panic left of it.
pub fn lock(disk: &SharedDisk) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on until it is dropped, what SQLite opens in this folder lies on a disk of ours.
pub struct Mounted {
    folder: PathBuf,
    disk: SharedDisk,
}

impl Mounted {
    /// Puts a disk under a folder, which is empty or whose files are safe.
    pub fn new(folder: &Path) -> Self {
        register();
        let disk: SharedDisk = Arc::new(Mutex::new(Disk::new(folder)));
        folders().insert(folder.to_path_buf(), disk.clone());
        Self { folder: folder.to_path_buf(), disk }
    }

    pub fn disk(&self) -> &SharedDisk {
        &self.disk
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        folders().remove(&self.folder);
    }
}

fn folders() -> MutexGuard<'static, HashMap<PathBuf, SharedDisk>> {
    static FOLDERS: OnceLock<Mutex<HashMap<PathBuf, SharedDisk>>> = OnceLock::new();
    FOLDERS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

fn disk_of(path: &Path) -> Option<SharedDisk> {
    folders().get(path.parent()?).cloned()
}

/// A file that SQLite has open: followed in memory by the original.
#[repr(C)]
struct File {
    base: sqlite3_file,
    /// None outside of our folders.
    held: *mut Held,
}

struct Held {
    disk: SharedDisk,
    file: FileId,
    /// Its first sync syncs the folder too, as the original does for what it has just made.
    syncs_folder: bool,
}

/// Makes the layer SQLite's default, once.
fn register() {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        // SAFETY: the original is there for as long as the process is; ours is leaked, and so as well.
        unsafe {
            let original = ffi::sqlite3_vfs_find(ORIGINAL.as_ptr());
            assert!(!original.is_null(), "SQLite has a VFS for this system");
            let mut ours = *original;
            ours.szOsFile = (size_of::<File>() as c_int) + (*original).szOsFile;
            ours.pNext = std::ptr::null_mut();
            ours.zName = NAME.as_ptr();
            ours.pAppData = original.cast::<c_void>();
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            ours.xAccess = Some(access);
            // The rest uses nothing of the VFS that it is given but what was copied.
            let ours = Box::leak(Box::new(ours));
            assert_eq!(ffi::sqlite3_vfs_register(ours, 1), ffi::SQLITE_OK);
        }
    });
}

unsafe fn original_vfs(vfs: *mut sqlite3_vfs) -> *mut sqlite3_vfs {
    // SAFETY: `register` put it there.
    unsafe { (*vfs).pAppData.cast() }
}

/// The file behind ours, and what it can do.
unsafe fn original(file: *mut sqlite3_file) -> (*mut sqlite3_file, &'static sqlite3_io_methods) {
    // SAFETY: SQLite gave as much memory as `szOsFile` asks for, and the original's tables are never freed.
    unsafe {
        let original: *mut sqlite3_file = file.cast::<File>().add(1).cast();
        (original, &*(*original).pMethods)
    }
}

unsafe fn held(file: *mut sqlite3_file) -> Option<&'static mut Held> {
    // SAFETY: it is ours from `open` to `close`, and SQLite uses a file in one thread at a time.
    unsafe { (*file.cast::<File>()).held.as_mut() }
}

unsafe fn path_of(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite's names end with a zero.
    let name = unsafe { CStr::from_ptr(name) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

/// The error that a failing operation has.
fn code_of(refusal: Refusal, operation: Operation) -> c_int {
    match (refusal, operation) {
        (Refusal::Full, _) => ffi::SQLITE_FULL,
        (_, Operation::Open) => ffi::SQLITE_CANTOPEN,
        (_, Operation::Read) => ffi::SQLITE_IOERR_READ,
        (_, Operation::Write) => ffi::SQLITE_IOERR_WRITE,
        (_, Operation::Sync) => ffi::SQLITE_IOERR_FSYNC,
        (_, Operation::Truncate) => ffi::SQLITE_IOERR_TRUNCATE,
        (_, Operation::Delete) => ffi::SQLITE_IOERR_DELETE,
        (_, Operation::Size) => ffi::SQLITE_IOERR_FSTAT,
        (_, Operation::Access) => ffi::SQLITE_IOERR_ACCESS,
        (_, Operation::Lock) => ffi::SQLITE_IOERR_LOCK,
        (_, Operation::Share) => ffi::SQLITE_IOERR_SHMMAP,
    }
}

/// Asks the disk about an operation that changes nothing.
unsafe fn look(file: *mut sqlite3_file, operation: Operation) -> Result<(), c_int> {
    // SAFETY: the caller's file.
    let Some(held) = (unsafe { held(file) }) else { return Ok(()) };
    lock(&held.disk).look(operation, Some(held.file)).map_err(|refusal| code_of(refusal, operation))
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        (*file).pMethods = std::ptr::null();
        (*file.cast::<File>()).held = std::ptr::null_mut();
        let path = path_of(name);
        let disk = path.as_deref().and_then(disk_of);
        let mut is_new = false;
        if let (Some(disk), Some(path)) = (&disk, &path) {
            if let Err(refusal) = lock(disk).open() {
                return code_of(refusal, Operation::Open);
            }
            is_new = !path.exists();
        }
        let behind: *mut sqlite3_file = file.cast::<File>().add(1).cast();
        (*behind).pMethods = std::ptr::null();
        let vfs = original_vfs(vfs);
        let opened = (*vfs).xOpen.expect("an original that opens")(vfs, name, behind, flags, flags_out);
        if opened != ffi::SQLITE_OK {
            if let Some(methods) = (*behind).pMethods.as_ref()
                && let Some(close) = methods.xClose
            {
                close(behind);
            }
            return opened;
        }
        if let (Some(disk), Some(path)) = (disk, path) {
            let made = ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
            let syncs_folder = flags & ffi::SQLITE_OPEN_CREATE != 0 && flags & made != 0;
            let id = lock(&disk).opened(&path, is_new);
            (*file.cast::<File>()).held = Box::into_raw(Box::new(Held { disk, file: id, syncs_folder }));
        }
        (*file).pMethods = patched((*behind).pMethods);
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        let vfs = original_vfs(vfs);
        let delete = (*vfs).xDelete.expect("an original that deletes");
        let path = path_of(name);
        let Some((path, disk)) = path.and_then(|path| disk_of(&path).map(|disk| (path, disk))) else {
            return delete(vfs, name, sync_folder);
        };
        let mut disk = lock(&disk);
        if let Err(refusal) = disk.delete() {
            return code_of(refusal, Operation::Delete);
        }
        let deleted = delete(vfs, name, sync_folder);
        if deleted == ffi::SQLITE_OK {
            disk.deleted(&path, sync_folder != 0);
        }
        deleted
    }
}

unsafe extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        if let Some(disk) = path_of(name).and_then(|path| disk_of(&path))
            && let Err(refusal) = lock(&disk).look(Operation::Access, None)
        {
            return code_of(refusal, Operation::Access);
        }
        let vfs = original_vfs(vfs);
        (*vfs).xAccess.expect("an original that looks")(vfs, name, flags, answer)
    }
}

/// The table of an original with our methods wherever it has one.
fn patched(original: *const sqlite3_io_methods) -> *const sqlite3_io_methods {
    static PATCHED: OnceLock<Mutex<HashMap<usize, &'static sqlite3_io_methods>>> = OnceLock::new();
    let mut patched = PATCHED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    *patched.entry(original as usize).or_insert_with(|| {
        // SAFETY: a table of SQLite's, which stays.
        let original = unsafe { &*original };
        Box::leak(Box::new(sqlite3_io_methods {
            // Without the third version nothing is mapped into memory behind the disk's back.
            iVersion: original.iVersion.min(2),
            xClose: original.xClose.map(|_| close as _),
            xRead: original.xRead.map(|_| read as _),
            xWrite: original.xWrite.map(|_| write as _),
            xTruncate: original.xTruncate.map(|_| truncate as _),
            xSync: original.xSync.map(|_| sync as _),
            xFileSize: original.xFileSize.map(|_| file_size as _),
            xLock: original.xLock.map(|_| take_lock as _),
            xUnlock: original.xUnlock.map(|_| unlock as _),
            xCheckReservedLock: original.xCheckReservedLock.map(|_| check_reserved_lock as _),
            xFileControl: original.xFileControl.map(|_| file_control as _),
            xSectorSize: original.xSectorSize.map(|_| sector_size as _),
            xDeviceCharacteristics: original.xDeviceCharacteristics.map(|_| device_characteristics as _),
            xShmMap: original.xShmMap.map(|_| share as _),
            xShmLock: original.xShmLock.map(|_| lock_share as _),
            xShmBarrier: original.xShmBarrier.map(|_| share_barrier as _),
            xShmUnmap: original.xShmUnmap.map(|_| unshare as _),
            xFetch: None,
            xUnfetch: None,
        }))
    })
}

/// Calls a method of the original, which has it: else ours would not be in the table.
macro_rules! pass_on {
    ($file:ident, $method:ident $(, $argument:expr)*) => {{
        let (behind, methods) = original($file);
        methods.$method.expect("a method that was patched")(behind $(, $argument)*)
    }};
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once, and uses it no more.
    unsafe {
        let held = std::mem::replace(&mut (*file.cast::<File>()).held, std::ptr::null_mut());
        if !held.is_null() {
            drop(Box::from_raw(held));
        }
        pass_on!(file, xClose)
    }
}

unsafe extern "C" fn read(file: *mut sqlite3_file, into: *mut c_void, size: c_int, at: i64) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        if let Err(code) = look(file, Operation::Read) {
            return code;
        }
        pass_on!(file, xRead, into, size, at)
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, size: c_int, at: i64) -> c_int {
    // SAFETY: SQLite's arguments; the bytes are there for the call.
    unsafe {
        let Some(held) = held(file) else { return pass_on!(file, xWrite, from, size, at) };
        let mut disk = lock(&held.disk);
        let bytes = std::slice::from_raw_parts(from.cast::<u8>(), size as usize);
        match disk.write(held.file, at as u64, bytes) {
            Ok(()) => {
                let written = pass_on!(file, xWrite, from, size, at);
                if written == ffi::SQLITE_OK {
                    disk.written(held.file, at as u64, bytes);
                }
                written
            }
            Err(refusal) => {
                if let Refusal::Failed { done: done @ 1.. } = refusal
                    && pass_on!(file, xWrite, from, done as c_int, at) == ffi::SQLITE_OK
                {
                    disk.half_written(held.file, at as u64, &bytes[..done]);
                }
                code_of(refusal, Operation::Write)
            }
        }
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: i64) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        let Some(held) = held(file) else { return pass_on!(file, xTruncate, size) };
        let mut disk = lock(&held.disk);
        if let Err(refusal) = disk.truncate(held.file) {
            return code_of(refusal, Operation::Truncate);
        }
        let truncated = pass_on!(file, xTruncate, size);
        if truncated == ffi::SQLITE_OK {
            disk.truncated(held.file, size as u64);
        }
        truncated
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        let Some(held) = held(file) else { return pass_on!(file, xSync, flags) };
        // The real disk need not do it: no real power is cut.
        match lock(&held.disk).sync(held.file, held.syncs_folder) {
            Ok(()) => {
                held.syncs_folder = false;
                ffi::SQLITE_OK
            }
            Err(refusal) => code_of(refusal, Operation::Sync),
        }
    }
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        if let Err(code) = look(file, Operation::Size) {
            return code;
        }
        pass_on!(file, xFileSize, size)
    }
}

unsafe extern "C" fn take_lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        if let Err(code) = look(file, Operation::Lock) {
            return code;
        }
        pass_on!(file, xLock, level)
    }
}

/// Never fails: the locks of a dead process are gone.
unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe { pass_on!(file, xUnlock, level) }
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, answer: *mut c_int) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe { pass_on!(file, xCheckReservedLock, answer) }
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, what: c_int, argument: *mut c_void) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe { pass_on!(file, xFileControl, what, argument) }
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite's argument, passed on as it is.
    unsafe { pass_on!(file, xSectorSize) }
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite's argument, passed on as it is.
    unsafe { pass_on!(file, xDeviceCharacteristics) }
}

unsafe extern "C" fn share(
    file: *mut sqlite3_file,
    piece: c_int,
    size: c_int,
    extend: c_int,
    memory: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        if let Err(code) = look(file, Operation::Share) {
            *memory = std::ptr::null_mut();
            return code;
        }
        pass_on!(file, xShmMap, piece, size, extend, memory)
    }
}

unsafe extern "C" fn lock_share(file: *mut sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe {
        if flags & ffi::SQLITE_SHM_LOCK != 0
            && let Err(code) = look(file, Operation::Lock)
        {
            return if code == ffi::SQLITE_IOERR_LOCK { ffi::SQLITE_IOERR_SHMLOCK } else { code };
        }
        pass_on!(file, xShmLock, offset, count, flags)
    }
}

unsafe extern "C" fn share_barrier(file: *mut sqlite3_file) {
    // SAFETY: SQLite's argument, passed on as it is.
    unsafe { pass_on!(file, xShmBarrier) }
}

unsafe extern "C" fn unshare(file: *mut sqlite3_file, delete: c_int) -> c_int {
    // SAFETY: SQLite's arguments, passed on as they are.
    unsafe { pass_on!(file, xShmUnmap, delete) }
}
