//! One history from one seed: processes that live and die, time that passes, and the promise, checked.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tillgate::{
    Clock, JournalKey, ManualClock, OrderPolicy, Result, Secret, SimulatedRuntime, Till, TillConfig,
    Timestamp,
};

use crate::edges::Edges;
use crate::fault::{Fault, Hits};
use crate::gateway::{CANARY, Counter, World};
use crate::personality::Personality;
use crate::promise::{self, Witness};
use crate::random::Random;
use crate::shop::{Books, Shop};

/// When faults have stopped, everything must have come to its end within this time.
const CALM_MAX: Duration = Duration::from_secs(3 * 3_600);
/// And when only a person, or a gateway that cannot be asked, is waited for, within this time.
const CALM_ENOUGH: Duration = Duration::from_secs(95 * 60);
/// The owner looks into a quarantine for so long after faults have stopped, and ends it.
const QUARANTINE_ENOUGH: Duration = Duration::from_secs(20 * 60);
/// Steps of one process, at most: more are a loop that never ends.
const STEPS_MAX: u64 = 200_000;
/// In calm, timers go off so late, as on a busy machine: hours pass in few steps. Later still when absences are settled.
const CALM_STEP: Duration = Duration::from_secs(15);
const LATER_STEP: Duration = Duration::from_secs(60);
const LATER: Duration = Duration::from_secs(18 * 60);
/// So many of a thousand histories have somebody who decides.
const DECIDES_PER_MILLE: u64 = 800;
/// So many of a thousand processes meet a second one.
const SECOND_PROCESS_PER_MILLE: u64 = 300;

/// Raised by whatever makes seeds mean other histories: other draws, another order of draws, other odds.
const GENERATOR: u32 = 3;

/// The name of what makes histories from seeds. The same seed is the same history only while this is the same.
pub fn generator() -> String {
    // FNV-1a (Fowler, Noll, Vo): the same on every machine and by every compiler.
    let digest = Fault::ALL.iter().flat_map(|fault| fault.name().bytes().chain([0]));
    let digest =
        digest.fold(0x811c_9dc5_u32, |digest, byte| (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{GENERATOR}-{digest:08x}")
}

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on a panic anywhere in a history breaks it, although tasks survive each other's. It is printed where backtraces
/// are asked for.
pub fn hear_panics() {
    let before = std::panic::take_hook();
    let print = std::env::var_os("RUST_BACKTRACE").is_some();
    std::panic::set_hook(Box::new(move |panic| {
        // The runtime is this very thread.
        PANICS.with(|panics| panics.borrow_mut().push(panic.to_string()));
        if print {
            before(panic);
        }
    }));
}

/// What became of a history.
pub struct Report {
    pub seed: u64,
    pub trace: u64,
    pub hits: Hits,
    pub edges: Edges,
    pub orders: u64,
    pub broken: Vec<String>,
}

/// A place for journals, used by one history after the other.
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// A new place, with an empty journal to begin from. In memory where the machine has such a folder.
    pub fn new() -> std::io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        let place = Self { dir };
        let config = place.config(&place.dir.path().join("journal"));
        tillgate::block_on(async move {
            let till = Till::open(TillConfig { epoch_mirror_path: None, ..config }).await?;
            till.close().await
        })
        .map_err(|error| std::io::Error::other(error.to_string()))?;
        fs::rename(place.journal(), place.dir.path().join("template"))?;
        Ok(place)
    }

    fn journal(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.dir.path().join(format!("journal{ending}"))
    }

    fn make_ready(&self) -> std::io::Result<()> {
        for ending in ["-wal", "-shm", "-mirror", "-new"] {
            let _ = fs::remove_file(self.beside(ending));
        }
        fs::copy(self.dir.path().join("template"), self.journal()).map(drop)
    }

    /// The journal's file and its log, as a backup program would take them.
    fn copy(&self) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        Some((fs::read(self.journal()).ok()?, fs::read(self.beside("-wal")).ok()))
    }

    fn put_back(&self, (file, log): &(Vec<u8>, Option<Vec<u8>>)) -> std::io::Result<()> {
        for ending in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(self.beside(ending));
        }
        fs::write(self.journal(), file)?;
        log.as_ref().map_or(Ok(()), |log| fs::write(self.beside("-wal"), log))
    }

    fn config(&self, journal: &Path) -> TillConfig {
        let mut config = TillConfig::new(journal.to_string_lossy());
        config.create = true;
        config.key = Some(JournalKey {
            id: "k1".into(),
            // The bytes 0 to 31: a key that protects nothing but this.
            key: Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into()),
        });
        config.epoch_mirror_path = Some(self.beside("-mirror").to_string_lossy().into_owned());
        config
    }
}

/// A till, and whether it is in quarantine.
type Opened = Result<(Arc<Till>, bool)>;

/// How a process ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// After so many steps, wherever it is then.
    Killed(u64),
    Closed,
    /// Faults stop, and everything is seen to its end.
    Calm,
}

struct History<'a> {
    place: &'a Place,
    random: Random,
    world: Arc<World>,
    books: Arc<Mutex<Books>>,
    began: Timestamp,
    /// How far the wall clock is off, in seconds.
    skew_s: i64,
    /// Whether a process has opened the journal since the last backup. One that died before it had is of no account: it did
    /// nothing that a restored backup could lack.
    opened_since_backup: bool,
    /// Whether the backup that was put back lacks something, and so must be noticed.
    must_notice: bool,
    policy: OrderPolicy,
    somebody_decides: bool,
}

/// Runs the history of a seed.
pub fn run(seed: u64, place: &Place) -> Report {
    let mut random = Random::new(seed);
    let began: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a moment");
    let world = World::new(Random::new(random.next()), began);
    let accounts = Personality::draw(&mut random);
    world.lock().accounts = accounts;
    let policy = OrderPolicy {
        resume_pending: random.chance(300),
        batch_size_on_wire: if random.chance(500) { 3 } else { 1 },
        undo_if_unknown: random.chance(400),
        ..OrderPolicy::default()
    };
    let somebody_decides = random.chance(DECIDES_PER_MILLE);
    let books = Arc::default();
    let mut history = History {
        place,
        random,
        world: world.clone(),
        books,
        began,
        skew_s: 0,
        opened_since_backup: false,
        must_notice: false,
        policy,
        somebody_decides,
    };
    let edges = match place.make_ready().map_err(|error| error.to_string()).and_then(|()| history.lives()) {
        Ok(edges) => edges,
        Err(why) => {
            world.lock().broken.push(why);
            Edges::default()
        }
    };
    let orders = history.books.lock().expect("the books").sales.len() as u64;
    let mut state = world.lock();
    state.process_ended();
    let panics = PANICS.with(|panics| std::mem::take(&mut *panics.borrow_mut()));
    state.broken.extend(panics.into_iter().map(|panic| format!("a panic: {panic}")));
    Report {
        seed,
        trace: state.trace(),
        hits: state.hits.clone(),
        edges,
        orders,
        broken: std::mem::take(&mut state.broken),
    }
}

impl History<'_> {
    fn lives(&mut self) -> std::result::Result<Edges, String> {
        let lives = self.random.between(1, 4);
        let mut backup = None;
        for life in 1..=lives {
            let ending = match (life == lives, self.random.chance(700)) {
                (true, _) => Ending::Calm,
                (false, true) => Ending::Killed(self.random.between(1, 1_500)),
                (false, false) => Ending::Closed,
            };
            let active = Duration::from_secs(self.random.between(5, 240));
            self.live(active, ending)?;
            self.world.lock().process_ended();
            if ending == Ending::Calm {
                break;
            }
            let away = if self.random.chance(800) {
                self.random.between(0, 120)
            } else {
                self.random.between(120, 7_200)
            };
            self.pass(Duration::from_secs(away));
            if backup.is_some() && self.random.chance(400) {
                self.restore(backup.take().expect("a backup"))?;
            } else if self.random.chance(300) {
                backup = self.place.copy();
                self.opened_since_backup = false;
            }
        }
        let witness = Witness::open(&self.place.journal()).map_err(|error| error.to_string())?;
        let checked = promise::check(&witness, &self.world, &self.books.lock().expect("the books"));
        let (edges, broken) = checked.map_err(|error| error.to_string())?;
        let mut state = self.world.lock();
        state.broken.extend(broken);
        for ending in ["", "-wal"] {
            let bytes = fs::read(self.place.beside(ending)).unwrap_or_default();
            if memchr::memmem::find(&bytes, CANARY.as_bytes()).is_some() {
                state.broken.push("I8: a voucher stands in the journal in plain text".to_string());
            }
        }
        Ok(edges)
    }

    fn wall(&self) -> Timestamp {
        let now = self.began + self.world.lock().now;
        if self.skew_s < 0 {
            now - Duration::from_secs(self.skew_s.unsigned_abs())
        } else {
            now + Duration::from_secs(self.skew_s as u64)
        }
    }

    /// Time without a process.
    fn pass(&mut self, time: Duration) {
        let end = self.world.lock().now + time;
        loop {
            let next = self.world.next_arrival().map_or(end, |at| at.min(end));
            self.world.lock().now = next;
            self.world.deliver();
            if next >= end {
                return;
            }
        }
    }

    fn restore(&mut self, backup: (Vec<u8>, Option<Vec<u8>>)) -> std::result::Result<(), String> {
        self.place.put_back(&backup).map_err(|error| error.to_string())?;
        {
            let mut world = self.world.lock();
            world.count(Fault::RestoredBackup);
            world.forgotten();
        }
        self.must_notice = self.opened_since_backup;
        // What the backup does not know is gone; its ids are not used again.
        let witness = Witness::open(&self.place.journal()).map_err(|error| error.to_string())?;
        self.books.lock().expect("the books").forget(|id| witness.knows(id));
        Ok(())
    }

    /// One process, from its opening to its end.
    fn live(&mut self, active: Duration, ending: Ending) -> std::result::Result<(), String> {
        let clock = ManualClock::new(self.wall());
        let runtime = SimulatedRuntime::new(self.random.next());
        let entered = runtime.enter();
        let mut config = self.place.config(&self.place.journal());
        config.policy = Some(self.policy.clone());
        let opened: Arc<Mutex<Option<Opened>>> = Arc::default();
        let slot = opened.clone();
        let counters: Vec<Arc<Counter>> = self
            .world
            .lock()
            .accounts
            .iter()
            .map(|at| Counter { world: self.world.clone(), clock: clock.clone(), personality: *at })
            .map(Arc::new)
            .collect();
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let witness = self.watch()?;
        let world = self.world.clone();
        runtime.spawn(Box::pin(async move {
            let open = async {
                let till = Till::open_with_clock(config, time).await?;
                let quarantined = till.status().await?.quarantine.is_some();
                // An account that is attached takes its orders up at once.
                world.lock().quarantined = quarantined;
                for counter in counters {
                    till.attach(None, counter).await?;
                }
                Ok((till, quarantined))
            };
            let result = open.await;
            *slot.lock().expect("the slot") = Some(result);
        }));
        let mut steps = 0;
        let kill_at = if let Ending::Killed(at) = ending { at } else { u64::MAX };
        while opened.lock().expect("the slot").is_none() {
            if steps >= kill_at {
                self.world.lock().count(Fault::Crash);
                return Ok(());
            }
            steps += 1;
            if !runtime.step() {
                return Err("opening the journal came to a stop".to_string());
            }
        }
        let (till, quarantined) = opened
            .lock()
            .expect("the slot")
            .take()
            .expect("it was opened")
            .map_err(|error| format!("the journal does not open: {error}"))?;
        self.opened_since_backup = true;
        if self.must_notice && !quarantined && !self.quarantine_was_left() {
            self.world.lock().broken.push("rule 16: a restored backup was not noticed".to_string());
        }
        let shop = Shop {
            world: self.world.clone(),
            till: till.clone(),
            clock: clock.clone(),
            books: self.books.clone(),
        };
        for _ in 0..2 {
            runtime.spawn(Box::pin(shop.clone().sell(Random::new(self.random.next()))));
        }
        runtime.spawn(Box::pin(shop.clone().listen(Random::new(self.random.next()))));
        if self.somebody_decides {
            runtime.spawn(Box::pin(shop.clone().decide(Random::new(self.random.next()))));
        }
        if self.random.chance(SECOND_PROCESS_PER_MILLE) {
            self.meet_a_second_process(&runtime, &clock, active);
        }
        let mut end = self.world.lock().now + active;
        let (mut calm_since, mut look_at) = (Duration::ZERO, Duration::ZERO);
        let ended = Arc::new(Mutex::new(false));
        let mut leaving = false;
        let mut calm = false;
        loop {
            while runtime.step() {
                steps += 1;
                if steps >= kill_at {
                    self.world.lock().count(Fault::Crash);
                    return Ok(());
                }
                if steps > STEPS_MAX {
                    return Err("a process goes round in circles".to_string());
                }
            }
            if *ended.lock().expect("the end") {
                break;
            }
            if self.bring_callbacks(&runtime, &till) {
                continue;
            }
            let now = self.world.lock().now;
            if calm && now >= calm_since + QUARANTINE_ENOUGH && self.end_quarantine(&runtime, &till) {
                continue;
            }
            if calm && !leaving && now >= look_at {
                look_at = now + LATER_STEP;
                let enough = now >= calm_since + CALM_ENOUGH;
                let left =
                    witness.lock().expect("it").left_to_do(enough).map_err(|error| error.to_string())?;
                // What a callback named is looked up before anybody leaves, and what is about to be sent comes to its end.
                if left == 0 && self.world.lock().hinted.is_empty() && !self.world.undo_is_coming() {
                    leaving = true;
                    self.leave(&runtime, &till, &ended);
                    continue;
                }
            }
            if now >= end && !leaving {
                match ending {
                    Ending::Calm if !calm => {
                        calm = true;
                        calm_since = now;
                        end = now + CALM_MAX;
                        self.world.lock().calm_down();
                    }
                    _ => {
                        leaving = true;
                        if ending == Ending::Closed {
                            self.world.lock().count(Fault::Restart);
                        }
                        self.leave(&runtime, &till, &ended);
                    }
                }
                continue;
            }
            if !calm {
                self.jump(&clock);
            }
            let mut next = if leaving { now + Duration::from_secs(600) } else { end };
            if let Some(arrival) = self.world.next_arrival() {
                next = next.min(arrival);
            }
            if let Some(waking) = clock.next_waking() {
                next = next.min(now + waking.saturating_sub(clock.elapsed()));
            }
            if calm && !leaving {
                // Not while a call is under way: its deadline would come before its answer.
                let quiet = self.world.next_arrival().is_none_or(|arrival| arrival > now + LATER_STEP);
                let step = if quiet && now >= calm_since + LATER { LATER_STEP } else { CALM_STEP };
                next = next.max(now + step);
            }
            self.world.lock().now = next;
            clock.advance(next - now);
            self.world.deliver();
        }
        drop(runtime);
        drop(entered);
        Ok(())
    }

    /// From here on, all that is sent is held against the journal.
    fn watch(&mut self) -> std::result::Result<Arc<Mutex<Witness>>, String> {
        let witness = Witness::open(&self.place.journal()).map_err(|error| error.to_string())?;
        let witness = Arc::new(Mutex::new(witness));
        let mut world = self.world.lock();
        world.process += 1;
        world.quarantined = false;
        let reads = witness.clone();
        world.is_durable = Some(Box::new(move |id| reads.lock().expect("it").has_attempt(id)));
        let reads = witness.clone();
        world.is_alone = Some(Box::new(move |id| reads.lock().expect("it").is_alone(id)));
        let reads = witness.clone();
        world.is_newest = Some(Box::new(move |id, version| reads.lock().expect("it").is_newest(id, version)));
        drop(world);
        Ok(witness)
    }

    /// At some moment another process wants to buy with the same journal, and must be sent away.
    fn meet_a_second_process(&mut self, runtime: &SimulatedRuntime, clock: &ManualClock, active: Duration) {
        let wait = Duration::from_millis(self.random.between(0, active.as_millis() as u64));
        let config = self.place.config(&self.place.journal());
        let (world, clock) = (self.world.clone(), clock.clone());
        runtime.spawn(Box::pin(async move {
            clock.sleep_until(clock.elapsed() + wait).await;
            if world.lock().closing_since.is_some() {
                return;
            }
            world.lock().count(Fault::SecondProcess);
            if let Ok(second) = Till::open_with_clock(config, Arc::new(clock)).await {
                world.lock().broken.push("rule 17: a second process may buy with the journal".to_string());
                let _ = second.close().await;
            }
        }));
    }

    /// Whether somebody has ended a quarantine since the backup was restored.
    fn quarantine_was_left(&self) -> bool {
        Witness::open(&self.place.journal()).is_ok_and(|witness| witness.has_left_quarantine())
    }

    /// The owner ends the quarantine, if there is one.
    fn end_quarantine(&mut self, runtime: &SimulatedRuntime, till: &Arc<Till>) -> bool {
        let till = till.clone();
        let quarantined = std::mem::take(&mut self.world.lock().quarantined);
        if quarantined {
            runtime.spawn(Box::pin(async move {
                let _ = till.leave_quarantine("the owner".into(), "looked into".into()).await;
            }));
        }
        quarantined
    }

    /// Ends the quarantine, if there is one, and closes the till.
    fn leave(&mut self, runtime: &SimulatedRuntime, till: &Arc<Till>, ended: &Arc<Mutex<bool>>) {
        let (till, ended) = (till.clone(), ended.clone());
        let leave = {
            let mut world = self.world.lock();
            world.closing_since = Some(world.now);
            world.quarantined
        };
        runtime.spawn(Box::pin(async move {
            if leave {
                let _ = till.leave_quarantine("the owner".into(), "looked into".into()).await;
            }
            let _ = till.close().await;
            *ended.lock().expect("the end") = true;
        }));
    }

    /// Hands over the callbacks that have arrived.
    fn bring_callbacks(&mut self, runtime: &SimulatedRuntime, till: &Arc<Till>) -> bool {
        let callbacks = std::mem::take(&mut self.world.lock().callbacks);
        let came = !callbacks.is_empty();
        for (id, tries) in callbacks {
            let (till, world) = (till.clone(), self.world.clone());
            runtime.spawn(Box::pin(async move {
                let (account, body) = world.callback_about(&id);
                // A look-up that begins from here on knows no less than the callback.
                let made_before = world.lock().look_ups.get(&id).copied();
                let answer = till.handle_callback(tillgate::CallbackRequest { body, account }).await;
                let mut world = world.lock();
                match answer {
                    Ok(answer) if answer.http_status != 200 => world.call_again(id, tries),
                    // While the till closes, its look-up is left to the next process, and after the last there is none.
                    Ok(answer)
                        if answer.known_orders > 0
                            && world.closing_since.is_none()
                            && world.look_ups.get(&id).copied() == made_before =>
                    {
                        let now = world.now;
                        world.hinted.insert(id, now);
                    }
                    Ok(_) => {}
                    Err(_) => world.call_again(id, tries),
                }
            }));
        }
        came
    }

    fn jump(&mut self, clock: &ManualClock) {
        if !self.random.chance(4) {
            return;
        }
        let ahead = self.random.chance(500);
        let by_s = self.random.between(1, 10 * 3_600) as i64;
        // So that the wall clock is never off by as much as a day, beyond which the rules mistrust the gateway's dates.
        let skew_s = (self.skew_s + if ahead { by_s } else { -by_s }).clamp(-36_000, 36_000);
        self.world.lock().count(if ahead { Fault::ClockAhead } else { Fault::ClockBack });
        self.skew_s = skew_s;
        self.world.lock().skew_s = skew_s;
        clock.set_wall(self.wall());
    }
}
