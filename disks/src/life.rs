//! One case: processes that live and die on one disk, until the plan is carried out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tillgate::{
    Clock, JournalKey, ManualClock, OrderPolicy, Result, Secret, SimulatedRuntime, Till, TillConfig,
    TillgateError, Timestamp,
};

use crate::disk::{Fault, Operation, Survival};
use crate::gateway::{Attached, Gateway, SharedLedger, read};
use crate::judge::{self, with_ending};
use crate::shop::{Breach, BreachKind, Checkpoint, PLAN, SharedBooks, Shop, books};
use crate::vfs::{Mounted, SharedDisk, lock};

/// Steps of one process, at most: more are a loop that never ends.
const STEPS_MAX: u64 = 200_000;
/// Processes of one case, at most.
const PROCESSES_MAX: u32 = 8;

/// What follows when a process has met its fault and ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The next one opens the journal as the system remembers it.
    Reopen,
    /// The power is cut before the next one.
    Reboot(Survival),
    /// The next one opens the journal as the system remembers it, and the power is cut after so many changes of its disk.
    ReopenAndCut { after: u64, survival: Survival },
}

/// One fault, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    pub fault: Option<Fault>,
    pub then: Then,
}

/// What came of a case.
#[derive(Debug, Default)]
pub struct Report {
    pub breaches: Vec<Breach>,
    /// Whether the fault came about.
    pub struck: bool,
    /// Whether the second fault came about: the power cut after a drive's lie, or in a later process.
    pub struck_again: bool,
    /// Processes that opened the journal in quarantine.
    pub quarantined: u32,
    /// Openings that were refused, and why.
    pub refused: Vec<String>,
    /// The journal was older than its mirror, or gone, and no quarantine followed.
    pub unnoticed: bool,
    pub processes: u32,
    pub changes: u64,
    /// Which change of the disk each sync was.
    pub syncs: Vec<u64>,
    pub counts: BTreeMap<Operation, u64>,
}

impl Report {
    /// Whether something was bought twice, lost, misreported, sold on a failed disk, or not noticed: a till that is only stuck shows
    /// nothing of a guard.
    pub fn breaks_the_promise(&self) -> bool {
        self.unnoticed || self.breaches.iter().any(|breach| breach.kind != BreachKind::Stuck)
    }
}

/// A folder for journals, used by one case after the other.
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// A new place. In memory where the machine has such a folder: the real disk is not what is tried.
    pub fn new() -> std::io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        for folder in ["disk", "mirror", "copies"] {
            fs::create_dir(dir.path().join(folder))?;
        }
        Ok(Self { dir })
    }

    pub fn folder(&self) -> PathBuf {
        self.dir.path().join("disk")
    }

    fn journal(&self) -> PathBuf {
        self.folder().join("journal")
    }

    fn mirror(&self) -> PathBuf {
        self.dir.path().join("mirror/epoch")
    }

    fn copies(&self) -> PathBuf {
        self.dir.path().join("copies")
    }

    /// Empties it. The reserve may stay: it would be made anew each time.
    fn make_ready(&self) -> std::io::Result<()> {
        for entry in fs::read_dir(self.folder())? {
            let path = entry?.path();
            if path != with_ending(&self.journal(), "-reserve") {
                fs::remove_file(path)?;
            }
        }
        match fs::remove_file(self.mirror()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn config(&self) -> TillConfig {
        let mut config = TillConfig::new(self.journal().to_string_lossy());
        config.create = true;
        config.key = Some(JournalKey {
            id: "k1".into(),
            // The bytes 0 to 31: a key that protects nothing but this.
            key: Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into()),
        });
        // An absence settles in a minute instead of a quarter of an hour: a case has hundreds of steps less, and no other ones.
        config.policy = Some(OrderPolicy { absence_running_ms: 60_000, ..OrderPolicy::default() });
        config.epoch_mirror_path = Some(self.mirror().to_string_lossy().into_owned());
        config
    }

    /// The epoch that the mirror holds.
    fn mirrored_epoch(&self) -> u64 {
        let text = fs::read_to_string(self.mirror()).unwrap_or_default();
        text.split_whitespace().last().and_then(|word| word.parse().ok()).unwrap_or_default()
    }
}

/// How a process ended.
enum Ended {
    /// The power was cut.
    Cut,
    /// By itself; with an error when the till was in trouble.
    Left(Option<TillgateError>),
    /// The journal did not open.
    Refused(TillgateError),
    /// It came to a stop, or never to an end.
    Stuck(&'static str),
}

struct Life<'a> {
    place: &'a Place,
    disk: SharedDisk,
    ledger: SharedLedger,
    books: SharedBooks,
    wall: Timestamp,
    /// The state in which a later process found each order first, and its version. What the power took back, unless somebody had
    /// been told of it, was never found.
    found: BTreeMap<String, (u64, String)>,
    must_notice: bool,
    report: Report,
}

/// Carries a case out and judges it.
pub fn run(case: Case, place: &Place) -> Report {
    place.make_ready().expect("the place can be emptied");
    let mounted = Mounted::new(&place.folder());
    let mut life = Life {
        place,
        disk: mounted.disk().clone(),
        ledger: Arc::default(),
        books: Arc::default(),
        wall: "2026-03-01T12:00:00Z".parse().expect("a moment"),
        found: BTreeMap::new(),
        must_notice: false,
        report: Report::default(),
    };
    life.go_through(case);
    life.report
}

impl Life<'_> {
    fn go_through(&mut self, case: Case) {
        lock(&self.disk).set_fault(case.fault);
        let (mut met, mut met_again) = (false, false);
        loop {
            self.report.processes += 1;
            if self.report.processes > PROCESSES_MAX {
                self.breach(BreachKind::Stuck, "it takes more and more processes");
                break;
            }
            let ended = self.live();
            let struck = lock(&self.disk).has_struck();
            self.judge_end(&ended, struck);
            self.report.struck |= struck;
            let lied = matches!(case.fault, Some(Fault::Lies { .. }));
            // A drive that lies does so to the next process, too, until the power is cut.
            let lies_on = lied && struck && !met && !lock(&self.disk).is_dead();
            if struck && !met && !lies_on {
                met = true;
                self.report.struck_again = lied;
                self.go_on(case.then);
            } else {
                if struck && met && !met_again {
                    met_again = true;
                    self.report.struck_again = true;
                }
                let mut disk = lock(&self.disk);
                if disk.is_dead() {
                    disk.reboot(Survival::Nothing).expect("the disk comes back");
                } else {
                    disk.restart();
                }
                if met_again {
                    disk.set_fault(None);
                }
            }
            if books(&self.books).done.len() == PLAN.len() && matches!(ended, Ended::Left(None)) {
                break;
            }
            if matches!(ended, Ended::Stuck(_)) {
                break;
            }
            self.look_at_what_is_left();
        }
        {
            let disk = lock(&self.disk);
            self.report.changes = disk.changes();
            self.report.syncs = disk.syncs().to_vec();
            self.report.counts = Operation::ALL.map(|operation| (operation, disk.count(operation))).into();
        }
        match judge::read_copy(&self.place.journal(), &self.place.copies()) {
            Ok(reading) => {
                let ledger = read(&self.ledger);
                judge::check(&reading, &self.found, &ledger, &mut books(&self.books));
            }
            Err(error) => self.breach(BreachKind::Lost, format!("the journal cannot be read: {error}")),
        }
        self.report.breaches.append(&mut books(&self.books).broken);
    }

    /// The fault was met. The disk is seen to, and comes back as the case says.
    fn go_on(&mut self, then: Then) {
        let mut disk = lock(&self.disk);
        let dead = disk.is_dead();
        match then {
            Then::Reboot(survival) => disk.reboot(survival).expect("the disk comes back"),
            _ if dead => disk.reboot(Survival::Nothing).expect("the disk comes back"),
            _ => disk.restart(),
        }
        disk.set_fault(match then {
            Then::ReopenAndCut { after, survival } => Some(Fault::Cut { at: after, before: false, survival }),
            _ => None,
        });
    }

    fn judge_end(&mut self, ended: &Ended, struck: bool) {
        match ended {
            Ended::Cut | Ended::Left(None) => {}
            Ended::Stuck(why) => self.breach(BreachKind::Stuck, *why),
            Ended::Left(Some(error)) | Ended::Refused(error) => {
                if matches!(ended, Ended::Refused(_)) {
                    self.report.refused.push(error.code().to_string());
                }
                let of_the_disk = error.code().starts_with("journal_") || error.code() == "closed";
                if !struck || !of_the_disk {
                    self.breach(BreachKind::Stuck, format!("a till answered with {error}"));
                }
            }
        }
    }

    /// Between two processes a stranger reads the journal.
    fn look_at_what_is_left(&mut self) {
        match judge::read_copy(&self.place.journal(), &self.place.copies()) {
            Ok(reading) => {
                judge::check_told(&reading, &mut books(&self.books));
                self.found.retain(|id, _| reading.orders.contains_key(id));
                for (id, entry) in &reading.orders {
                    if self.found.get(id).is_none_or(|(version, _)| entry.version < *version) {
                        self.found.insert(id.clone(), (entry.version, entry.state.clone()));
                    }
                }
                self.must_notice = reading.epoch < self.place.mirrored_epoch();
            }
            Err(error) => self.breach(BreachKind::Lost, format!("the journal cannot be read: {error}")),
        }
    }

    fn breach(&self, kind: BreachKind, story: impl Into<String>) {
        books(&self.books).breach(kind, story);
    }

    /// One process, from its opening to its end.
    fn live(&mut self) -> Ended {
        let clock = ManualClock::new(self.wall);
        let runtime = SimulatedRuntime::new(1);
        let _entered = runtime.enter();
        let ended = self.live_in(&runtime, &clock);
        self.wall = clock.now();
        drop(runtime);
        ended
    }

    fn live_in(&mut self, runtime: &SimulatedRuntime, clock: &ManualClock) -> Ended {
        let gateway =
            Arc::new(Gateway { ledger: self.ledger.clone(), clock: clock.clone(), disk: self.disk.clone() });
        let opened: Slot<Result<(Arc<Till>, Option<String>)>> = Slot::default();
        let (config, time, slot) =
            (self.place.config(), Arc::new(clock.clone()) as Arc<dyn Clock>, opened.clone());
        runtime.spawn(Box::pin(async move {
            let open = async {
                let till = Till::open_with_clock(config, time).await?;
                let quarantine = till.status().await?.quarantine;
                till.attach(None, Arc::new(Attached(gateway))).await?;
                Ok((till, quarantine))
            };
            slot.put(open.await);
        }));
        if let Err(ended) = self.step_until(runtime, clock, || opened.is_full()) {
            return ended;
        }
        let (till, quarantine) = match opened.take().expect("it was opened") {
            Ok(opened) => opened,
            Err(error) => return Ended::Refused(error),
        };
        if std::mem::take(&mut self.must_notice) && quarantine.is_none() {
            self.report.unnoticed = true;
        }
        self.report.quarantined += u32::from(quarantine.is_some());
        let trouble: Arc<Mutex<Option<TillgateError>>> = Arc::default();
        let shop = Shop {
            till,
            clock: clock.clone(),
            books: self.books.clone(),
            ledger: self.ledger.clone(),
            checkpoint: self.checkpoint(),
            quarantined: quarantine.is_some(),
            trouble: trouble.clone(),
        };
        let left: Slot<()> = Slot::default();
        let slot = left.clone();
        runtime.spawn(Box::pin(shop.clone().listen()));
        runtime.spawn(Box::pin(async move {
            shop.run().await;
            slot.put(());
        }));
        if let Err(ended) = self.step_until(runtime, clock, || left.is_full()) {
            return ended;
        }
        Ended::Left(trouble.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    /// Lets tasks run and time pass.
    fn step_until(
        &self,
        runtime: &SimulatedRuntime,
        clock: &ManualClock,
        done: impl Fn() -> bool,
    ) -> std::result::Result<(), Ended> {
        for _ in 0..STEPS_MAX {
            let stepped = runtime.step();
            if lock(&self.disk).is_dead() {
                return Err(Ended::Cut);
            }
            if done() {
                return Ok(());
            }
            if !stepped && !clock.advance_to_next() {
                return Err(Ended::Stuck("everything waits, and nothing will come"));
            }
        }
        Err(Ended::Stuck("it goes round in circles"))
    }

    /// Writes the log back through a connection of its own. That the disk fails it is no matter.
    fn checkpoint(&self) -> Checkpoint {
        let journal = self.place.journal();
        Arc::new(move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let written = Connection::open_with_flags(&journal, flags).and_then(|connection| {
                connection
                    .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
                connection.execute_batch("PRAGMA synchronous = FULL")?;
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            });
            drop(written);
        })
    }
}

/// A place for one result of a task.
struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Slot<T> {
    fn put(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_full(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
