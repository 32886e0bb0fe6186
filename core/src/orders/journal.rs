//! The way into the journal: commands wait in a queue, one thread drains what waits, commits it in one transaction, and
//! only then answers. No outcome is told before its commit.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::machine::{Fact, Record};
use super::moment::Moment;
use super::store::{Command, Done, Draft, Given, Sealed, Store};
use crate::clock::Clock;
use crate::runtime;
use crate::testing::crash_point;
use crate::{ErrorDetails, Result, TillgateError};

/// Commands in one transaction, at most. Bounds the time that the first of them waits.
const GROUP_SIZE_MAX: usize = 256;
/// Between two looks at a full queue.
const FULL_QUEUE_WAIT: Duration = Duration::from_millis(1);
/// Commands that may wait; more are refused rather than piled up.
const QUEUE_LENGTH_MAX: usize = 16 * 1024;

type Answer = oneshot::Sender<Result<Done>>;
type Waiting = (Given, Answer);

/// A journal that is open.
pub struct Journal {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    opened: Duration,
    queue: Mutex<Option<SyncSender<Waiting>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// In a simulation, which has no threads, the commands wait here for a task.
    simulated: Option<Arc<Mutex<Receiver<Waiting>>>>,
}

impl Journal {
    pub fn start(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let (sender, receiver) = sync_channel(QUEUE_LENGTH_MAX);
        let (mut thread, mut simulated) = (None, None);
        if runtime::is_simulated() {
            simulated = Some(Arc::new(Mutex::new(receiver)));
        } else {
            let committing = store.clone();
            let started = std::thread::Builder::new()
                .name("tillgate-journal".to_string())
                .spawn(move || drain(&*committing, &receiver));
            thread = Some(started.map_err(|error| {
                TillgateError::internal(format!("the journal's thread could not start: {error}"))
            })?);
        }
        Ok(Arc::new(Self {
            store,
            opened: clock.elapsed(),
            clock,
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(thread),
            simulated,
        }))
    }

    /// The store, for reading.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Now, as the journal stamps it.
    pub fn now(&self) -> Moment {
        Moment::now(&*self.clock, self.opened, self.store.epoch())
    }

    /// Makes a command durable.
    pub async fn commit(&self, command: Command) -> Result<Done> {
        let given = Given { command, at: self.now() };
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.lock().expect("the journal's queue").clone().ok_or_else(closed)?;
        let mut waiting = (given, answer);
        loop {
            waiting = match queue.try_send(waiting) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return Err(closed()),
                Err(TrySendError::Full(refused)) => refused,
            };
            if matches!(waiting.0.command, Command::Create(_)) {
                return Err(TillgateError::RateLimited {
                    details: ErrorDetails::local(
                        format!("{QUEUE_LENGTH_MAX} commands wait for the journal"),
                        "Nothing was written or sent by this call. Try again when fewer orders are under way.",
                    ),
                });
            }
            // What has happened must be written down, however many wait.
            runtime::sleep(FULL_QUEUE_WAIT).await;
        }
        drop(queue);
        if let Some(waiting) = &self.simulated {
            let (store, waiting) = (self.store.clone(), waiting.clone());
            runtime::spawn(Box::pin(async move {
                let queue = waiting.lock().expect("the journal's queue");
                // Another task may have taken it along.
                if let Ok(first) = queue.try_recv() {
                    commit_group(&*store, first, &queue);
                }
            }))?;
        }
        answered.await.map_err(|_| closed())?
    }

    /// Writes intents down, all or none.
    pub async fn create(&self, drafts: Vec<Draft>) -> Result<Vec<(Record, bool)>> {
        match self.commit(Command::Create(drafts)).await? {
            Done::Created(records) => Ok(records),
            other => Err(TillgateError::internal(format!("the journal answered {other:?} to an intent"))),
        }
    }

    /// Writes a fact down, and returns the order after it and whether it changed.
    pub async fn apply(&self, key: &str, fact: Fact, voucher: Option<Sealed>) -> Result<Applied> {
        match self.commit(Command::Apply { key: key.to_string(), fact, voucher }).await? {
            Done::Applied { record, changed, also } => {
                Ok(Applied { record: *record, changed, also: also.map(|r| *r) })
            }
            other => Err(TillgateError::internal(format!("the journal answered {other:?} to a fact"))),
        }
    }

    /// Commits what waits, then lets go of the store.
    pub fn close(&self) {
        drop(self.queue.lock().expect("the journal's queue").take());
        if let Some(thread) = self.thread.lock().expect("the journal's thread").take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
        self.store.close();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

/// An order after a fact.
pub struct Applied {
    pub record: Record,
    pub changed: bool,
    /// The parent, when an undo changed it.
    pub also: Option<Record>,
}

fn drain(store: &dyn Store, queue: &Receiver<Waiting>) {
    while let Ok(first) = queue.recv() {
        commit_group(store, first, queue);
    }
}

/// Commits a command together with those that wait behind it, and answers them.
fn commit_group(store: &dyn Store, first: Waiting, queue: &Receiver<Waiting>) {
    let (mut batch, mut answers) = (vec![first.0], vec![first.1]);
    while batch.len() < GROUP_SIZE_MAX
        && let Ok((given, answer)) = queue.try_recv()
    {
        batch.push(given);
        answers.push(answer);
    }
    crash_point("journal.commit.before");
    let outcome = store.commit(&batch);
    crash_point("journal.commit.after");
    match outcome {
        Ok(results) => {
            debug_assert_eq!(results.len(), answers.len());
            for (answer, result) in answers.into_iter().zip(results) {
                let _ = answer.send(result);
            }
        }
        Err(error) => {
            for answer in answers {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

/// What a call on a closed till is told.
pub fn closed() -> TillgateError {
    TillgateError::Closed {
        details: ErrorDetails::local(
            "the till is closed",
            "Open it again; its orders are in the journal, and those that were under way are looked up.",
        ),
    }
}
