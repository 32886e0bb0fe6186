//! A disk as it is: what was written is there for whoever reads, and only what was synced is there after the power was cut.
//!
//! The real files are what programs see, as an operating system's memory is. Beside them the disk keeps, for each file, the bytes
//! that are safe and the changes that are not. At a power cut it decides which of those changes survive.
//!
//! | what | when it is safe |
//! |---|---|
//! | bytes, and a file's length | after a sync of the file |
//! | the name of a new file | after a sync of its folder: SQLite does one with the first sync of a log or a rollback journal |
//! | the deletion of a file | after a sync of its folder: until then a power cut brings the file back |
//! | bytes whose sync failed | never, although everybody reads them: the system takes them for written and does not try again |
//!
//! SQLite alone is seen here. The till's ordinary files are taken as the till leaves them, since it syncs them before SQLite's next
//! operation: a new journal is synced and renamed into its place, and its folder synced; the epoch's mirror likewise, on a disk of
//! its own. The lock goes with its process, and the shared index of the log (`-shm`) is memory and no file.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tillgate_simulation::random::Random;

/// What a drive writes whole or not at all.
const SECTOR_SIZE_BYTES: usize = 512;
/// What deleting the reserve beside the journal gives back.
const RESERVE_SIZE_BYTES: u64 = 4 * 1024 * 1024;

/// What SQLite asks of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    Open,
    Read,
    Write,
    Sync,
    Truncate,
    Delete,
    Size,
    Access,
    Lock,
    /// A piece of the log's shared index.
    Share,
}

impl Operation {
    pub const ALL: [Self; 10] = [
        Self::Open,
        Self::Read,
        Self::Write,
        Self::Sync,
        Self::Truncate,
        Self::Delete,
        Self::Size,
        Self::Access,
        Self::Lock,
        Self::Share,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Truncate => "truncate",
            Self::Delete => "delete",
            Self::Size => "size",
            Self::Access => "access",
            Self::Lock => "lock",
            Self::Share => "share",
        }
    }

    /// Whether the disk is another one afterwards, so that a power cut there is a case of its own.
    pub fn changes(self) -> bool {
        matches!(self, Self::Open | Self::Write | Self::Sync | Self::Truncate | Self::Delete)
    }
}

/// Which of the changes that were not synced are there after a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// None; new files are gone, deleted ones are back.
    Nothing,
    /// All.
    Everything,
    /// Some, drawn by a seed, each whole or in some of its sectors.
    Some(u64),
    /// All, and of the last write only its first sectors.
    LastTornBetweenSectors,
    /// All, and of the last write only its first bytes: not even a sector is whole.
    LastTornWithinSector,
    /// All but the first: the drive wrote in another order.
    FirstMissing,
    /// Files have grown, and zeros stand where they grew.
    Zeros,
    /// All bytes; but new files are gone, deleted ones are back, and nothing was cut off.
    NamesMissing,
}

/// What goes wrong in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power is cut: before or after the disk's n-th change from now, counted from 1.
    Cut { at: u64, before: bool, survival: Survival },
    /// The n-th operation of this kind fails from now, once or from then on.
    Fails { operation: Operation, at: u64, lasting: bool },
    /// No space is left from the n-th write on: for what grows, or for any write (as on disks that never write in place). The reserve
    /// gives its space back, unless others take it.
    Full { at: u64, any_write: bool, reserve_taken: bool },
    /// From the n-th sync on the drive says "synced" and keeps nothing, and the power is cut after so many further changes.
    Lies { at: u64, cut_after: u64, survival: Survival },
}

/// Why an operation is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It fails. Of a write, so many bytes are done all the same.
    Failed {
        done: usize,
    },
    Full,
    /// The process is gone.
    Dead,
}

/// A file that is open, as the disk knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    number: u64,
    /// The process that opened it; a dead one's files do nothing any more.
    process: u64,
}

/// The files of one folder.
pub struct Disk {
    folder: PathBuf,
    files: BTreeMap<u64, File>,
    /// Deleted, and not for good.
    deleted: Vec<(PathBuf, Vec<u8>)>,
    fault: Option<Fault>,
    counts: BTreeMap<Operation, u64>,
    changes: u64,
    /// How many changes there were up to each sync, it included.
    syncs: Vec<u64>,
    /// When the drive began to lie, in changes.
    lying_since: Option<u64>,
    /// What was written since the reserve was given up.
    written_of_reserve: u64,
    next_file: u64,
    next_change: u64,
    process: u64,
    /// What the power cut left, until the next start.
    left: Option<Left>,
    /// Whether the fault came about.
    struck: bool,
}

struct File {
    path: PathBuf,
    inode: u64,
    safe: Vec<u8>,
    unsafe_changes: Vec<Change>,
    name_is_safe: bool,
}

struct Change {
    number: u64,
    what: What,
    /// Its sync failed: it never reaches the disk.
    doomed: bool,
}

enum What {
    Write { at: u64, bytes: Vec<u8> },
    Truncate { size: u64 },
}

/// The disk after a power cut.
struct Left {
    files: Vec<(PathBuf, Vec<u8>)>,
    has_reserve: bool,
}

impl Disk {
    /// The disk that holds this folder. What is there is safe.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            files: BTreeMap::new(),
            deleted: Vec::new(),
            fault: None,
            counts: BTreeMap::new(),
            changes: 0,
            syncs: Vec::new(),
            lying_since: None,
            written_of_reserve: 0,
            next_file: 0,
            next_change: 0,
            process: 0,
            left: None,
            struck: false,
        }
    }

    /// From now on this goes wrong, or nothing. Counting begins anew.
    pub fn set_fault(&mut self, fault: Option<Fault>) {
        self.fault = fault;
        self.counts.clear();
        self.changes = 0;
        self.syncs.clear();
        self.lying_since = None;
        self.written_of_reserve = 0;
        self.struck = false;
    }

    /// Operations of a kind since the fault was set.
    pub fn count(&self, operation: Operation) -> u64 {
        self.counts.get(&operation).copied().unwrap_or_default()
    }

    /// Changes since the fault was set.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Of each sync since the fault was set, which change of the disk it was.
    pub fn syncs(&self) -> &[u64] {
        &self.syncs
    }

    /// Whether the power was cut and not come back.
    pub fn is_dead(&self) -> bool {
        self.left.is_some()
    }

    /// Whether the fault came about.
    pub fn has_struck(&self) -> bool {
        self.struck
    }

    /// The process ended by itself; another one begins, and finds what the system remembers.
    pub fn restart(&mut self) {
        assert!(self.left.is_none(), "without power nothing starts");
        self.process += 1;
    }

    /// The power is cut, unless it was already, and comes back.
    pub fn reboot(&mut self, survival: Survival) -> io::Result<()> {
        if self.left.is_none() {
            self.die(survival);
        }
        let left = self.left.take().expect("what the cut left");
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.is_file() && !(left.has_reserve && ends_with(&path, "-reserve")) {
                fs::remove_file(path)?;
            }
        }
        for (path, bytes) in &left.files {
            fs::write(path, bytes)?;
        }
        self.files.clear();
        self.deleted.clear();
        self.process += 1;
        Ok(())
    }

    /// A file is about to be opened.
    pub fn open(&mut self) -> Result<(), Refusal> {
        self.begin(Operation::Open, 0)
    }

    /// A file was opened. `is_new` says that it was not there before.
    pub fn opened(&mut self, path: &Path, is_new: bool) -> FileId {
        self.follow_renames();
        let inode = inode_of(path).unwrap_or_default();
        let known = self.files.iter().find(|(_, file)| file.inode == inode).map(|(number, _)| *number);
        let number = known.unwrap_or_else(|| {
            self.next_file += 1;
            let safe = if is_new { Vec::new() } else { fs::read(path).unwrap_or_default() };
            // A journal in the making has its name only in passing, and nobody has synced it.
            let name_is_safe = !is_new && !ends_with(path, "-new");
            let file =
                File { path: path.to_path_buf(), inode, safe, unsafe_changes: Vec::new(), name_is_safe };
            self.files.insert(self.next_file, file);
            self.next_file
        });
        self.end(Operation::Open);
        FileId { number, process: self.process }
    }

    /// An operation that changes nothing and may fail.
    pub fn look(&mut self, operation: Operation, file: Option<FileId>) -> Result<(), Refusal> {
        self.check_alive(file)?;
        self.begin(operation, 0)
    }

    /// Whether this file's process is alive.
    pub fn check_alive(&self, file: Option<FileId>) -> Result<(), Refusal> {
        let of_the_dead = file.is_some_and(|file| file.process != self.process);
        if self.left.is_some() || of_the_dead { Err(Refusal::Dead) } else { Ok(()) }
    }

    pub fn write(&mut self, file: FileId, at: u64, bytes: &[u8]) -> Result<(), Refusal> {
        self.check_alive(Some(file))?;
        self.begin(Operation::Write, bytes.len())?;
        self.check_space(file, at, bytes.len())
    }

    /// These bytes were written.
    pub fn written(&mut self, file: FileId, at: u64, bytes: &[u8]) {
        self.change(file, What::Write { at, bytes: bytes.to_vec() });
        self.end(Operation::Write);
    }

    /// A part of a write was done before it failed.
    pub fn half_written(&mut self, file: FileId, at: u64, bytes: &[u8]) {
        self.change(file, What::Write { at, bytes: bytes.to_vec() });
    }

    pub fn truncate(&mut self, file: FileId) -> Result<(), Refusal> {
        self.check_alive(Some(file))?;
        self.begin(Operation::Truncate, 0)
    }

    pub fn truncated(&mut self, file: FileId, size: u64) {
        self.change(file, What::Truncate { size });
        self.end(Operation::Truncate);
    }

    /// Makes a file's bytes safe, and with `folder` the names in its folder.
    pub fn sync(&mut self, file: FileId, folder: bool) -> Result<(), Refusal> {
        self.check_alive(Some(file))?;
        let begun = self.begin(Operation::Sync, 0);
        let lies = self.lies();
        let Some(known) = self.files.get_mut(&file.number) else { return begun };
        if let Err(refusal) = begun {
            if refusal != Refusal::Dead {
                known.unsafe_changes.iter_mut().for_each(|change| change.doomed = true);
            }
            return Err(refusal);
        }
        if !lies {
            known.sync();
            if folder {
                self.sync_folder();
            }
        }
        self.end(Operation::Sync);
        Ok(())
    }

    pub fn delete(&mut self) -> Result<(), Refusal> {
        self.check_alive(None)?;
        self.begin(Operation::Delete, 0)
    }

    pub fn deleted(&mut self, path: &Path, folder: bool) {
        let number = self.files.iter().find(|(_, file)| file.path == path).map(|(number, _)| *number);
        if let Some(file) = number.and_then(|number| self.files.remove(&number))
            && file.name_is_safe
        {
            self.deleted.push((file.path, file.safe));
        }
        if folder && !self.lies() {
            self.sync_folder();
        }
        self.end(Operation::Delete);
    }

    fn change(&mut self, file: FileId, what: What) {
        self.next_change += 1;
        let change = Change { number: self.next_change, what, doomed: false };
        if let Some(file) = self.files.get_mut(&file.number) {
            file.unsafe_changes.push(change);
        }
    }

    fn sync_folder(&mut self) {
        self.files.values_mut().for_each(|file| file.name_is_safe = true);
        self.deleted.clear();
    }

    fn begin(&mut self, operation: Operation, size: usize) -> Result<(), Refusal> {
        if self.left.is_some() {
            return Err(Refusal::Dead);
        }
        let count = self.counts.entry(operation).or_default();
        *count += 1;
        let count = *count;
        if operation.changes() {
            self.changes += 1;
        }
        if operation == Operation::Sync {
            self.syncs.push(self.changes);
        }
        match self.fault {
            Some(Fault::Cut { at, before: true, survival }) if operation.changes() && self.changes == at => {
                self.die(survival);
                Err(Refusal::Dead)
            }
            Some(Fault::Fails { operation: which, at, lasting })
                if which == operation && (count == at || lasting && count > at) =>
            {
                self.struck = true;
                // Now and then a part of it is done.
                Err(Refusal::Failed { done: if at.is_multiple_of(2) { size / 2 } else { 0 } })
            }
            Some(Fault::Lies { at, .. }) if operation == Operation::Sync && count == at => {
                self.struck = true;
                self.lying_since = Some(self.changes);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, operation: Operation) {
        debug_assert!(operation.changes());
        match self.fault {
            Some(Fault::Cut { at, before: false, survival }) if self.changes == at => self.die(survival),
            Some(Fault::Lies { cut_after, survival, .. })
                if self.lying_since.is_some_and(|since| self.changes == since + cut_after) =>
            {
                self.die(survival);
            }
            _ => {}
        }
    }

    fn lies(&self) -> bool {
        self.lying_since.is_some()
    }

    fn check_space(&mut self, file: FileId, at: u64, size: usize) -> Result<(), Refusal> {
        let Some(Fault::Full { at: from, any_write, reserve_taken }) = self.fault else { return Ok(()) };
        if self.count(Operation::Write) < from {
            return Ok(());
        }
        let length = self.files.get(&file.number).and_then(|file| fs::metadata(&file.path).ok());
        let grows = length.is_none_or(|length| at + size as u64 > length.len());
        if !grows && !any_write {
            return Ok(());
        }
        if !reserve_taken && !self.has_reserve() {
            self.written_of_reserve += size as u64;
            if self.written_of_reserve <= RESERVE_SIZE_BYTES {
                return Ok(());
            }
        }
        self.struck = true;
        Err(Refusal::Full)
    }

    fn has_reserve(&self) -> bool {
        fs::read_dir(&self.folder).is_ok_and(|entries| {
            entries.filter_map(Result::ok).any(|entry| ends_with(&entry.path(), "-reserve"))
        })
    }

    /// What was renamed beside us was synced before, and its folder after.
    fn follow_renames(&mut self) {
        let mut renamed = false;
        let moved: Vec<u64> = self
            .files
            .iter()
            .filter(|(_, file)| inode_of(&file.path) != Some(file.inode))
            .map(|(number, _)| *number)
            .collect();
        for number in moved {
            let inode = self.files[&number].inode;
            let path = fs::read_dir(&self.folder).ok().and_then(|entries| {
                let mut paths = entries.filter_map(Result::ok).map(|entry| entry.path());
                paths.find(|path| inode_of(path) == Some(inode))
            });
            match (path, self.files.get_mut(&number)) {
                (Some(path), Some(file)) => {
                    file.path = path;
                    file.sync();
                    renamed = true;
                }
                _ => {
                    self.files.remove(&number);
                }
            }
        }
        if renamed {
            self.sync_folder();
        }
    }

    fn die(&mut self, survival: Survival) {
        self.struck = true;
        self.follow_renames();
        let mut random = Random::new(match survival {
            Survival::Some(seed) => seed,
            _ => 0,
        });
        let mut coin = move || random.chance(500);
        let changes =
            || self.files.values().flat_map(|file| &file.unsafe_changes).map(|change| change.number);
        let (first, last) = (changes().min(), changes().max());
        let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        for file in self.files.values() {
            let is_there = file.name_is_safe
                || match survival {
                    Survival::Nothing | Survival::NamesMissing => false,
                    Survival::Some(_) => coin(),
                    _ => true,
                };
            if is_there {
                files.push((file.path.clone(), file.after_cut(survival, first, last, &mut coin)));
            }
        }
        for (path, bytes) in &self.deleted {
            let is_back = match survival {
                Survival::Nothing | Survival::NamesMissing => true,
                Survival::Some(_) => coin(),
                _ => false,
            };
            if is_back && !files.iter().any(|(other, _)| other == path) {
                files.push((path.clone(), bytes.clone()));
            }
        }
        // Ordinary files stay as they are; the dead process must not touch them any more.
        let ours: Vec<PathBuf> = self.files.values().map(|file| file.path.clone()).collect();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        for path in entries.map(|entry| entry.path()).filter(|path| path.is_file()) {
            let apart = ["-shm", "-lock", "-reserve"].iter().any(|ending| ends_with(&path, ending));
            if !apart
                && !ours.contains(&path)
                && !files.iter().any(|(other, _)| *other == path)
                && let Ok(bytes) = fs::read(&path)
            {
                files.push((path, bytes));
            }
        }
        self.left = Some(Left { files, has_reserve: self.has_reserve() });
    }
}

impl File {
    /// Doomed bytes stay as they are, but for those that were written again. A length becomes safe with any sync.
    fn sync(&mut self) {
        let mut doomed: Vec<Change> = Vec::new();
        for change in std::mem::take(&mut self.unsafe_changes) {
            if change.doomed && matches!(change.what, What::Write { .. }) {
                doomed.push(change);
                continue;
            }
            change.what.apply(&mut self.safe);
            let left = |old: Change| {
                let Change { number, what, doomed } = old;
                what.left_by(&change.what).into_iter().map(move |what| Change { number, what, doomed })
            };
            doomed = doomed.into_iter().flat_map(left).collect();
        }
        self.unsafe_changes = doomed;
    }

    fn after_cut(
        &self,
        survival: Survival,
        first: Option<u64>,
        last: Option<u64>,
        coin: &mut impl FnMut() -> bool,
    ) -> Vec<u8> {
        let mut bytes = self.safe.clone();
        for change in &self.unsafe_changes {
            let is_last = Some(change.number) == last;
            if change.doomed && survival != Survival::Everything {
                continue;
            }
            match (survival, &change.what) {
                (Survival::Nothing, _) | (Survival::NamesMissing, What::Truncate { .. }) => {}
                (Survival::Some(_), what) => {
                    if coin() {
                        what.apply_sectors(&mut bytes, coin);
                    }
                }
                (Survival::FirstMissing, _) if Some(change.number) == first => {}
                (Survival::LastTornBetweenSectors, What::Write { at, bytes: written }) if is_last => {
                    let sectors = written.len() / SECTOR_SIZE_BYTES / 2;
                    put(&mut bytes, *at, &written[..sectors * SECTOR_SIZE_BYTES]);
                }
                (Survival::LastTornWithinSector, What::Write { at, bytes: written }) if is_last => {
                    put(&mut bytes, *at, &written[..written.len() * 3 / 7]);
                }
                (Survival::Zeros, What::Write { at, bytes: written }) => {
                    let end = *at as usize + written.len();
                    if end > bytes.len() {
                        bytes.resize(end, 0);
                    }
                }
                (_, what) => what.apply(&mut bytes),
            }
        }
        bytes
    }
}

impl What {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => put(file, *at, bytes),
            Self::Truncate { size } => file.truncate(*size as usize),
        }
    }

    /// What remains of a write after a later change of the same file.
    fn left_by(self, later: &Self) -> Vec<Self> {
        let Self::Write { at, bytes } = self else { return vec![self] };
        let (from, to) = match later {
            Self::Write { at, bytes } => (*at, *at + bytes.len() as u64),
            Self::Truncate { size } => (*size, u64::MAX),
        };
        let end = at + bytes.len() as u64;
        let part = |from: u64, to: u64| {
            let bytes = &bytes[(from - at) as usize..(to - at) as usize];
            Self::Write { at: from, bytes: bytes.to_vec() }
        };
        let before = (at < from).then(|| part(at, from.min(end)));
        let after = (to < end).then(|| part(to.max(at), end));
        before.into_iter().chain(after).collect()
    }

    /// Each sector of the disk that a write touches is written or is not.
    fn apply_sectors(&self, file: &mut Vec<u8>, coin: &mut impl FnMut() -> bool) {
        let Self::Write { at, bytes } = self else { return self.apply(file) };
        if coin() {
            return put(file, *at, bytes);
        }
        let (mut at, mut rest) = (*at, bytes.as_slice());
        while !rest.is_empty() {
            let size = (SECTOR_SIZE_BYTES - at as usize % SECTOR_SIZE_BYTES).min(rest.len());
            if coin() {
                put(file, at, &rest[..size]);
            }
            at += size as u64;
            rest = &rest[size..];
        }
    }
}

fn put(file: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let (at, end) = (at as usize, at as usize + bytes.len());
    if bytes.is_empty() {
        return;
    }
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

fn inode_of(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|found| found.ino())
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with(ending))
}
