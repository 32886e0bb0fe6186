//! The application: carries out a plan, keeps books on a disk of its own that never fails, and after each start asks again for
//! everything by the same ids with the same requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tillgate::{
    BeneficiaryField, CallbackRequest, Clock, Decimal, ErrorDetails, ManualClock, Money, NewOrder, NewUndo,
    Order, OrderKind, OrderState, Outcome, Result, Till, TillgateError,
};

use crate::gateway::{Product, SharedLedger, read};

/// Of a till's patience: longer than an absence takes to settle.
const SETTLING_MAX: Duration = Duration::from_secs(3 * 3_600);
/// Between two looks at whether the till still can do anything.
const WAIT_MS: u64 = 60_000;

/// A step of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Buy(&'static str, Product),
    Batch([(&'static str, Product); 3]),
    Enqueue(&'static str, Product),
    /// Undoes the second order by the first one.
    Undo(&'static str, &'static str),
    Cancel(&'static str),
    Wait(&'static str),
    LookUp(&'static str),
    Callback(&'static str),
    Reveal(&'static str),
    /// Another process writes the log back into the journal's file.
    Checkpoint,
    /// Waits until everything is at its end and every event is handled.
    WaitForAll,
    Close,
}

/// What is done in every case. Each way of an order through the rules is in it once.
pub const PLAN: [Step; 22] = [
    Step::Buy("S1", Product::Delivers),
    Step::Reveal("S1"),
    Step::Buy("S2", Product::Settles),
    Step::Buy("S3", Product::Refused),
    Step::Batch([("S4", Product::Settles), ("S5", Product::IssuerFails), ("S6", Product::Delivers)]),
    Step::Checkpoint,
    Step::Buy("S7", Product::AnswerLost),
    Step::Enqueue("S8", Product::Delivers),
    Step::Wait("S8"),
    Step::Enqueue("S9", Product::NotSent),
    Step::Cancel("S9"),
    Step::Buy("S10", Product::RequestLost),
    Step::LookUp("S7"),
    Step::Callback("S1"),
    Step::Callback("S2"),
    Step::Wait("S6"),
    Step::Undo("U1", "S6"),
    Step::Close,
    Step::Buy("S11", Product::Delivers),
    Step::Buy("S12", Product::Settles),
    Step::WaitForAll,
    Step::Close,
];

/// What the application was told of an order.
#[derive(Clone, Debug)]
pub struct Told {
    pub version: u64,
    pub state: OrderState,
}

/// What the application has on a disk of its own.
#[derive(Default)]
pub struct Books {
    /// Each was saved before it was asked for: its product, or nothing for an undo.
    pub orders: BTreeMap<String, Option<Product>>,
    /// Orders that were to be called off.
    pub cancelled: BTreeSet<String>,
    /// The latest that was told of each.
    pub told: BTreeMap<String, Told>,
    /// Versions that events told, in the order of their first coming.
    pub seen: BTreeMap<String, Vec<u64>>,
    /// Events whose acknowledgement was told to be durable: id and version.
    acknowledged: BTreeSet<(u64, String, u64)>,
    /// Callbacks that were answered with 200, and how often the order had been looked up then.
    pub callbacks: BTreeMap<String, u32>,
    pub vouchers: BTreeMap<String, String>,
    /// Steps that are done.
    pub done: BTreeSet<usize>,
    /// Orders that a journal lost and a person found at the gateway.
    pub found_by_a_person: BTreeSet<String>,
    /// What must not have happened, as it was seen.
    pub broken: Vec<Breach>,
    probes: u32,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub kind: BreachKind,
    pub story: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreachKind {
    BoughtTwice,
    Lost,
    Misreported,
    /// A new money call after a commit failed (rule 18).
    SoldOnAFailedDisk,
    /// The till did not open, got stuck, or answered with an error that it must not have.
    Stuck,
}

impl Books {
    pub fn breach(&mut self, kind: BreachKind, story: impl Into<String>) {
        self.broken.push(Breach { kind, story: story.into() });
    }

    fn told(&mut self, order: &Order) {
        let told = Told { version: order.version, state: order.state };
        let before = self.told.get(&order.id).map(|told| told.version);
        if before.is_none_or(|before| before <= told.version) {
            self.told.insert(order.id.clone(), told);
        }
    }
}

pub type SharedBooks = Arc<Mutex<Books>>;

pub fn books(books: &SharedBooks) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes the log of the journal back, as another process may.
pub type Checkpoint = Arc<dyn Fn() + Send + Sync>;

/// The application in one process.
#[derive(Clone)]
pub struct Shop {
    pub till: Arc<Till>,
    pub clock: ManualClock,
    pub books: SharedBooks,
    pub ledger: SharedLedger,
    pub checkpoint: Checkpoint,
    /// Orders that a person knows the gateway to have, while the journal does not: they are not asked for again.
    pub quarantined: bool,
    /// Why this process does nothing more, once it is so.
    pub trouble: Arc<Mutex<Option<TillgateError>>>,
}

/// Why a process carries out no further steps.
pub enum Stop {
    /// A step that closes the till.
    Close,
    Trouble(TillgateError),
}

impl Shop {
    /// Carries the plan out, from where the books say. Ends with the till closed.
    pub async fn run(self) {
        let stop = match self.leave_quarantine().await {
            Ok(()) => self.carry_out().await,
            Err(error) => Stop::Trouble(error),
        };
        if let Stop::Trouble(error) = stop {
            self.is_in_trouble(error);
        }
        self.leave().await;
    }

    /// Takes events until the till is closed or cannot give them.
    pub async fn listen(self) {
        let events = self.till.events();
        loop {
            match events.next(3_600_000).await {
                Ok(Some(event)) => {
                    let (id, version) = (event.order.id.clone(), event.order.version);
                    {
                        let mut books = books(&self.books);
                        books.told(&event.order);
                        let seen = books.seen.entry(id.clone()).or_default();
                        if !seen.contains(&version) {
                            seen.push(version);
                        }
                        if books.acknowledged.contains(&(event.id, id.clone(), version)) {
                            let story =
                                format!("event {} of {id} came again after its acknowledgement", event.id);
                            books.breach(BreachKind::Misreported, story);
                        }
                    }
                    match events.acknowledge(event.id).await {
                        Ok(()) => {
                            books(&self.books).acknowledged.insert((event.id, id, version));
                        }
                        Err(TillgateError::Closed { .. }) => return,
                        Err(error) => return self.is_in_trouble(error),
                    }
                }
                Ok(None) => {}
                Err(TillgateError::Closed { .. }) => return,
                Err(error) => return self.is_in_trouble(error),
            }
        }
    }

    fn is_in_trouble(&self, error: TillgateError) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert(error);
    }

    fn check_trouble(&self) -> Result<()> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        trouble.map_or(Ok(()), Err)
    }

    /// A person waits for what can be looked up, compares the journal with the gateway's own list, and decides to go on.
    async fn leave_quarantine(&self) -> Result<()> {
        if !self.quarantined {
            return Ok(());
        }
        let rows: Vec<String> = read(&self.ledger).rows.iter().map(|row| row.id.clone()).collect();
        for id in rows {
            match self.till.order(id.clone()).await {
                Ok(_) => {
                    self.settle(&id).await?;
                }
                Err(TillgateError::UnknownOrder { .. }) => {
                    books(&self.books).found_by_a_person.insert(id);
                }
                Err(error) => return Err(error),
            }
        }
        self.till.leave_quarantine("the owner".into(), "compared with the gateway's own list".into()).await
    }

    async fn carry_out(&self) -> Stop {
        for (index, step) in PLAN.into_iter().enumerate() {
            if let Err(error) = self.check_trouble() {
                return Stop::Trouble(error);
            }
            let done = books(&self.books).done.contains(&index);
            let orders = matches!(step, Step::Buy(..) | Step::Batch(_) | Step::Enqueue(..) | Step::Undo(..));
            if done && !orders {
                continue;
            }
            if step == Step::Close {
                books(&self.books).done.insert(index);
                return Stop::Close;
            }
            if let Err(error) = self.carry_out_step(step).await {
                return Stop::Trouble(error);
            }
            books(&self.books).done.insert(index);
        }
        Stop::Close
    }

    async fn carry_out_step(&self, step: Step) -> Result<()> {
        match step {
            Step::Buy(id, product) => self.buy(id, product).await,
            Step::Batch(orders) => {
                let asked: Vec<NewOrder> =
                    orders.iter().filter_map(|(id, product)| self.save(id, *product)).collect();
                let placed = self.till.buy_batch(asked).await?;
                placed.iter().for_each(|order| books(&self.books).told(order));
                Ok(())
            }
            Step::Enqueue(id, product) => {
                let Some(order) = self.save(id, product) else { return Ok(()) };
                let placed = self.till.enqueue(order).await?;
                books(&self.books).told(&placed);
                Ok(())
            }
            Step::Undo(id, of) => self.undo(id, of).await,
            Step::Cancel(id) => {
                books(&self.books).cancelled.insert(id.to_string());
                match self.till.cancel(id.to_string()).await {
                    Ok(order) => books(&self.books).told(&order),
                    Err(TillgateError::TooLate { .. }) => {}
                    Err(error) => return Err(error),
                }
                Ok(())
            }
            Step::Wait(id) => self.settle(id).await,
            Step::LookUp(id) => match self.till.look_up(id.to_string()).await {
                Ok(order) => {
                    books(&self.books).told(&order);
                    Ok(())
                }
                Err(error) => self.unless_lost(id, error),
            },
            Step::Callback(id) => {
                let looked_up = read(&self.ledger).looked_up(id);
                let request = CallbackRequest { body: id.into(), account: None };
                let answer = self.till.handle_callback(request).await?;
                if answer.http_status == 200 && answer.known_orders == 1 {
                    books(&self.books).callbacks.insert(id.to_string(), looked_up);
                }
                Ok(())
            }
            Step::Reveal(id) => self.reveal(id).await,
            Step::Checkpoint => {
                (self.checkpoint)();
                Ok(())
            }
            Step::WaitForAll => self.wait_for_all().await,
            Step::Close => Ok(()),
        }
    }

    /// An order, saved before it is asked for. Nothing when a person knows that the gateway has it and the journal lost it.
    fn save(&self, id: &str, product: Product) -> Option<NewOrder> {
        let mut books = books(&self.books);
        if books.found_by_a_person.contains(id) {
            return None;
        }
        books.orders.insert(id.to_string(), Some(product));
        let mut order = NewOrder::new(id, product.name(), Money::new(Decimal::new(1_000, 2), "CHF"), "live");
        order.beneficiary = vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }];
        Some(order)
    }

    async fn buy(&self, id: &str, product: Product) -> Result<()> {
        let Some(order) = self.save(id, product) else { return Ok(()) };
        match self.till.buy(order).await {
            Ok(order) => {
                books(&self.books).told(&order);
                Ok(())
            }
            Err(error) => {
                if error.outcome() == Outcome::Unknown {
                    self.probe().await;
                }
                Err(error)
            }
        }
    }

    /// The journal failed after an order may have been sent: nothing new may be sent by this till.
    async fn probe(&self) {
        let id = {
            let mut books = books(&self.books);
            books.probes += 1;
            format!("P{}", books.probes)
        };
        let Some(order) = self.save(&id, Product::Delivers) else { return };
        let sold = self.till.buy(order).await.is_ok();
        if sold || read(&self.ledger).sent.contains(&id) {
            let story = format!("{id} was sent although the journal had failed");
            books(&self.books).breach(BreachKind::SoldOnAFailedDisk, story);
        }
    }

    async fn undo(&self, id: &str, of: &str) -> Result<()> {
        if books(&self.books).found_by_a_person.contains(id) {
            return Ok(());
        }
        books(&self.books).orders.insert(id.to_string(), None);
        let undo = NewUndo {
            id: id.into(),
            of: of.into(),
            kind: OrderKind::Reverse,
            amount: None,
            submit_within_ms: None,
        };
        match self.till.undo(undo).await {
            Ok(order) => books(&self.books).told(&order),
            // The order to undo was never bought.
            Err(TillgateError::TooLate { .. }) => {}
            Err(error) => return self.unless_lost(of, error),
        }
        Ok(())
    }

    async fn reveal(&self, id: &str) -> Result<()> {
        match self.till.reveal(id.to_string()).await {
            Ok(voucher) => {
                let code = voucher.code.map(|code| code.reveal()).unwrap_or_default();
                books(&self.books).vouchers.insert(id.to_string(), code);
                Ok(())
            }
            // It is not known yet what became of the order, or it was never bought. It is asked for again at the end.
            Err(TillgateError::NotFound { .. }) => Ok(()),
            Err(error) => self.unless_lost(id, error),
        }
    }

    /// An order that a person had to find is not in this journal.
    fn unless_lost(&self, id: &str, error: TillgateError) -> Result<()> {
        let lost = books(&self.books).found_by_a_person.contains(id);
        if lost && matches!(error, TillgateError::UnknownOrder { .. }) { Ok(()) } else { Err(error) }
    }

    /// Waits for the end of an order.
    async fn settle(&self, id: &str) -> Result<()> {
        let until = self.clock.elapsed() + SETTLING_MAX;
        loop {
            let order = match self.till.wait(id.to_string(), WAIT_MS).await {
                Ok(order) => order,
                Err(error) => return self.unless_lost(id, error),
            };
            books(&self.books).told(&order);
            self.check_trouble()?;
            if order.state.is_final() {
                return Ok(());
            }
            let status = self.till.status().await?;
            if status.quarantine.is_none() && status.cannot_buy.is_some() {
                return Err(spent());
            }
            if self.clock.elapsed() >= until {
                let story = format!("{id} is {} after hours", order.state);
                books(&self.books).breach(BreachKind::Stuck, story);
                return Err(spent());
            }
        }
    }

    async fn wait_for_all(&self) -> Result<()> {
        let ids: Vec<String> = books(&self.books).orders.keys().cloned().collect();
        for id in ids {
            match self.settle(&id).await {
                // An undo that there was nothing for, or a probe that was refused.
                Err(TillgateError::UnknownOrder { .. }) if !self.is_product(&id) => {}
                Err(TillgateError::UnknownOrder { .. }) if id.starts_with('P') => {
                    self.buy(&id, Product::Delivers).await?;
                }
                other => other?,
            }
        }
        self.reveal("S1").await?;
        let until = self.clock.elapsed() + SETTLING_MAX;
        while self.till.status().await?.unacknowledged_events > 0 || self.has_callbacks() {
            self.check_trouble()?;
            if self.clock.elapsed() >= until {
                books(&self.books).breach(BreachKind::Stuck, "events or callbacks wait for ever");
                return Err(spent());
            }
            self.clock.sleep_until(self.clock.elapsed() + Duration::from_millis(500)).await;
        }
        Ok(())
    }

    fn is_product(&self, id: &str) -> bool {
        books(&self.books).orders.get(id).is_some_and(Option::is_some)
    }

    /// Whether a callback that was answered with 200 has caused no look-up yet; not for longer than two minutes.
    fn has_callbacks(&self) -> bool {
        let ledger = read(&self.ledger);
        let waits = books(&self.books).callbacks.iter().any(|(id, before)| ledger.looked_up(id) <= *before);
        waits && self.clock.elapsed() < Duration::from_secs(1_200)
    }

    async fn leave(&self) {
        let _ = self.till.close().await;
    }
}

/// For a till that says by itself that it does nothing more.
fn spent() -> TillgateError {
    let details = ErrorDetails::local("this till does nothing more", "Close it and open it again.");
    TillgateError::Closed { details }
}
