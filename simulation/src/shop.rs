//! The application: sells, undoes, keeps its ids, asks again after a crash, takes events, and has somebody who decides.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use tillgate::orders::adapter::EvidenceStatus;
use tillgate::{
    BeneficiaryField, Clock, Decimal, Decision, ManualClock, Money, NewOrder, NewUndo, Order, OrderFilter,
    OrderState, Result, Till,
};

use crate::fault::Fault;
use crate::gateway::{CANARY, World};
use crate::personality::Personality;
use crate::promise;
use crate::random::Random;

/// Orders of one history, at most; undos as many.
const SALES_MAX: usize = 10;
/// The time to act of a purchase: the policy's default.
const SUBMIT_WITHIN: Duration = Duration::from_secs(60);
/// A person looks at what is to be decided so often.
const LOOKS_EVERY_MS: u64 = 240_000;
/// So many of a thousand decisions about purchases are wrong.
const ERRS_PER_MILLE: u64 = 100;

/// What the application has on a disk of its own.
#[derive(Default)]
pub struct Books {
    /// Each was saved before it was bought.
    pub sales: Vec<NewOrder>,
    /// Each was saved before it was asked for.
    pub undos: Vec<NewUndo>,
    /// Orders that were undone under ids which a restored journal does not know: nobody touches them again.
    pub hands_off: HashSet<String>,
    /// Orders that a person has decided about.
    pub decided: HashSet<String>,
    /// The versions of each order that events have told, in the order of their first coming.
    pub seen: HashMap<String, Vec<u64>>,
    next: u32,
}

impl Books {
    /// After a backup came back: what the journal does not know is gone, and its ids are not used again.
    pub fn forget(&mut self, known: impl Fn(&str) -> bool) {
        self.sales.retain(|sale| known(&sale.id));
        for undo in self.undos.iter().filter(|undo| !known(&undo.id)) {
            self.hands_off.insert(undo.of.clone());
        }
        self.undos.retain(|undo| known(&undo.id));
    }
}

/// The application in one process.
#[derive(Clone)]
pub struct Shop {
    pub world: Arc<World>,
    pub till: Arc<Till>,
    pub clock: ManualClock,
    pub books: Arc<Mutex<Books>>,
}

impl Shop {
    /// Sells until the world calms down or the till is closed.
    pub async fn sell(self, mut random: Random) {
        self.ask_again(&mut random).await;
        loop {
            self.sleep(random.between(10, 30_000)).await;
            if self.world.lock().calm {
                return;
            }
            match random.below(100) {
                0..38 => self.buy(&mut random).await,
                38..50 => self.buy_and_walk_away(&mut random).await,
                50..60 => self.enqueue(&mut random).await,
                60..72 => self.buy_several(&mut random).await,
                72..78 => self.buy_again(&mut random).await,
                78..90 => self.undo(&mut random).await,
                90..93 => self.forge(&mut random).await,
                93..94 => self.buy_without_an_id(&mut random).await,
                _ => self.look_up(&mut random).await,
            }
        }
    }

    /// Takes events until the till is closed.
    pub async fn listen(self, mut random: Random) {
        let events = self.till.events();
        loop {
            match events.next(3_600_000).await {
                Ok(Some(event)) => {
                    self.note_event(&event);
                    let calm = self.world.lock().calm;
                    if !calm && random.chance(150) {
                        self.world.lock().count(Fault::NotAcknowledged);
                    } else {
                        let _ = events.acknowledge(event.id).await;
                    }
                }
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }

    /// Decides what the rules leave to a person, by what the gateway says on the telephone, until the till is closed.
    pub async fn decide(self, mut random: Random) {
        loop {
            self.sleep(random.between(1_000, LOOKS_EVERY_MS)).await;
            let in_review =
                OrderFilter { states: vec![OrderState::NeedsReview], limit: 100, ..OrderFilter::default() };
            let in_conflict = OrderFilter { conflicts_only: true, limit: 100, ..OrderFilter::default() };
            for filter in [in_review, in_conflict] {
                let Ok(page) = self.till.list(filter).await else { return };
                for order in page.orders {
                    if random.chance(250) {
                        self.decide_about(order, &mut random).await;
                    }
                }
            }
        }
    }

    async fn decide_about(&self, order: Order, random: &mut Random) {
        // What is being sent is seen to its end first.
        if matches!(order.state, OrderState::Pending | OrderState::Sending) {
            return;
        }
        let Some(truth) = self.world.lock().truth(&order.id) else { return };
        // Of an undo the truth: to be wrong there is to pay twice by one's own hand.
        let errs = order.of.is_none() && random.chance(ERRS_PER_MILLE);
        let others = [OrderState::Succeeded, OrderState::Failed, OrderState::Reversed];
        let others: Vec<OrderState> = others.into_iter().filter(|state| *state != truth).collect();
        let state = if errs { *random.pick(&others) } else { truth };
        if errs {
            let mut world = self.world.lock();
            world.count(Fault::PersonErred);
            world.erred.insert(order.id.clone());
        }
        let decision =
            Decision { state, decided_by: "the owner".into(), grounds: "the gateway said so".into() };
        let said =
            if state == OrderState::Failed { EvidenceStatus::Failed } else { EvidenceStatus::Succeeded };
        // A process that dies before it has told whether that was written down leaves nobody who knows.
        self.world.lock().heard_by_telephone(&order.id, said.clone(), false);
        self.books().decided.insert(order.id.clone());
        let decided = self.till.resolve(order.id.clone(), decision).await;
        if decided.is_ok() {
            self.world.lock().heard_by_telephone(&order.id, said, true);
        }
        self.told(decided);
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("the books")
    }

    fn note_event(&self, event: &tillgate::Event) {
        let mut world = self.world.lock();
        world.note(&("event", event.id, event.order.version));
        if event.order.has_voucher && format!("{event:?}").contains(CANARY) {
            world.broken.push(format!("I8: an event of {} tells a voucher", event.order.id));
        }
        if let Some(why) = promise::told_wrong(&event.order, &world) {
            world.broken.push(format!("I4: an event says that {} {why}", event.order.id));
        }
        drop(world);
        let mut books = self.books();
        let seen = books.seen.entry(event.order.id.clone()).or_default();
        if !seen.contains(&event.order.version) {
            seen.push(event.order.version);
        }
    }

    async fn sleep(&self, ms: u64) {
        self.clock.sleep_until(self.clock.elapsed() + Duration::from_millis(ms)).await;
    }

    /// A new sale, saved.
    fn new_sale(&self, random: &mut Random) -> Option<NewOrder> {
        let account = {
            let state = self.world.lock();
            state.account(*random.pick(&state.accounts))
        };
        let mut books = self.books();
        if books.sales.len() >= SALES_MAX {
            return None;
        }
        books.next += 1;
        let amount = Money::new(Decimal::new(random.between(1, 5_000) as i64, 2), "CHF");
        let product = if random.chance(300) { "voucher" } else { "1111" };
        let scenario = if random.chance(800) { "live" } else { "simulate-success" };
        let mut order = NewOrder::new(format!("S{}", books.next), product, amount, scenario);
        order.account = account;
        order.beneficiary =
            vec![BeneficiaryField { name: "mobile".to_string(), value: "+41791234567".to_string() }];
        books.sales.push(order.clone());
        drop(books);
        self.world.lock().meant(&order.id, SUBMIT_WITHIN);
        Some(order)
    }

    fn some_sale(&self, random: &mut Random) -> Option<NewOrder> {
        let books = self.books();
        if books.sales.is_empty() { None } else { Some(random.pick(&books.sales).clone()) }
    }

    /// The same request again. An order that is not in the journal is meant anew, with all its time to act.
    async fn place_again(&self, sale: NewOrder) -> Result<Order> {
        if self.till.order(sale.id.clone()).await.is_err() {
            self.world.lock().meant(&sale.id, SUBMIT_WITHIN);
        }
        self.till.buy(sale).await
    }

    /// After a crash: the same ids with the same requests.
    async fn ask_again(&self, random: &mut Random) {
        let (sales, undos) = {
            let books = self.books();
            (books.sales.clone(), books.undos.clone())
        };
        for sale in sales {
            if random.chance(500) {
                self.told(self.place_again(sale).await);
            }
        }
        for undo in undos {
            if random.chance(500) {
                self.told(self.till.undo(undo).await);
            }
        }
    }

    async fn buy(&self, random: &mut Random) {
        if let Some(sale) = self.new_sale(random) {
            self.told(self.till.buy(sale).await);
        }
    }

    async fn buy_and_walk_away(&self, random: &mut Random) {
        let Some(sale) = self.new_sale(random) else { return };
        let id = sale.id.clone();
        self.walk_away(random, self.till.buy(sale)).await;
        if random.chance(500) {
            // Too early for the gateway to know much.
            self.told(self.till.look_up(id).await);
        }
    }

    /// Waits for a while, or for some turns, and no longer.
    async fn walk_away(&self, random: &mut Random, work: impl Future<Output = Result<Order>>) {
        let turns = if random.chance(500) { random.between(1, 30) } else { u64::MAX };
        let patience = self.sleep(random.between(0, 500));
        let (mut work, mut patience) = (pin!(work), pin!(patience));
        let mut turn = 0;
        let ended = std::future::poll_fn(|context| {
            if let Poll::Ready(result) = work.as_mut().poll(context) {
                return Poll::Ready(Some(result));
            }
            turn += 1;
            if turn >= turns || patience.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            if turns < u64::MAX {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        });
        match ended.await {
            Some(result) => self.told(result),
            None => self.world.lock().count(Fault::WaitDropped),
        }
    }

    async fn enqueue(&self, random: &mut Random) {
        let Some(sale) = self.new_sale(random) else { return };
        let id = sale.id.clone();
        self.told(self.till.enqueue(sale).await);
        if random.chance(300) {
            self.told(self.till.cancel(id).await);
        }
    }

    async fn buy_several(&self, random: &mut Random) {
        let mut sales: Vec<NewOrder> =
            (0..random.between(2, 3)).filter_map(|_| self.new_sale(random)).collect();
        if sales.is_empty() {
            return;
        }
        if random.chance(500) {
            // Alike but for their ids.
            for index in 1..sales.len() {
                sales[index] = NewOrder { id: sales[index].id.clone(), ..sales[0].clone() };
            }
            let mut books = self.books();
            for sale in &sales {
                if let Some(saved) = books.sales.iter_mut().find(|saved| saved.id == sale.id) {
                    *saved = sale.clone();
                }
            }
        }
        match self.till.buy_batch(sales).await {
            Ok(orders) => orders.into_iter().for_each(|order| self.told(Ok(order))),
            Err(error) => self.told(Err(error)),
        }
    }

    /// The same id: with the same request, or with another one.
    async fn buy_again(&self, random: &mut Random) {
        let Some(mut sale) = self.some_sale(random) else { return };
        let id = sale.id.clone();
        // An id that was saved and never placed is free for any request.
        let other = random.chance(300) && self.till.order(id.clone()).await.is_ok();
        if other {
            sale.amount.amount += Decimal::ONE;
        }
        let placed = self.place_again(sale).await;
        if other && placed.is_ok() {
            self.world.lock().broken.push(format!("rule 3: another request was taken under the id {id}"));
        }
        self.told(placed);
    }

    async fn buy_without_an_id(&self, random: &mut Random) {
        let Some(mut sale) = self.some_sale(random) else { return };
        sale.id.clear();
        self.world.lock().count(Fault::NoId);
        let placed = self.till.buy(sale).await;
        if let Ok(order) = &placed {
            let why = format!("rule 2: an order without an id was taken, as {}", order.id);
            self.world.lock().broken.push(why);
        }
        self.told(placed);
    }

    async fn look_up(&self, random: &mut Random) {
        if let Some(sale) = self.some_sale(random) {
            self.told(self.till.look_up(sale.id).await);
        }
    }

    /// A new undo of a sale, saved.
    fn new_undo(&self, random: &mut Random) -> Option<NewUndo> {
        let accounts = self.world.lock().accounts.clone();
        let sale = self.some_sale(random)?;
        let by_name = |at: &&Personality| sale.account.as_deref() == Some(at.name());
        let at = accounts.iter().find(by_name).copied().unwrap_or(accounts[0]);
        let kinds = at.undo_kinds();
        let mut books = self.books();
        if kinds.is_empty() || books.undos.len() >= SALES_MAX || books.hands_off.contains(&sale.id) {
            return None;
        }
        books.next += 1;
        let part = at == Personality::Form && random.chance(500);
        let undo = NewUndo {
            id: format!("U{}", books.next),
            of: sale.id,
            kind: *random.pick(kinds),
            amount: part.then(|| (sale.amount.amount * Decimal::new(7, 1)).round_dp(2)),
            submit_within_ms: None,
        };
        if undo.amount.is_some_and(|amount| amount.is_zero()) {
            return None;
        }
        books.undos.push(undo.clone());
        drop(books);
        self.world.lock().meant_first(&undo.id);
        Some(undo)
    }

    async fn undo(&self, random: &mut Random) {
        let Some(undo) = self.new_undo(random) else { return };
        match random.below(10) {
            0..3 => self.walk_away(random, self.till.undo(undo)).await,
            3..5 => {
                let second = {
                    let mut books = self.books();
                    books.next += 1;
                    let second = NewUndo { id: format!("U{}", books.next), ..undo.clone() };
                    books.undos.push(second.clone());
                    second
                };
                {
                    let mut world = self.world.lock();
                    world.meant_first(&second.id);
                    world.count(Fault::TwoUndos);
                }
                let (first, second) = tokio::join!(self.till.undo(undo), self.till.undo(second));
                self.told(first);
                self.told(second);
            }
            _ => self.told(self.till.undo(undo).await),
        }
    }

    /// Somebody who knows the address posts what he likes.
    async fn forge(&self, random: &mut Random) {
        let sale = self.some_sale(random);
        let known = sale.as_ref().map_or("S404".to_string(), |sale| sale.id.clone());
        let body = format!("{known} S99{}", random.below(9)).into_bytes();
        let account = {
            let mut state = self.world.lock();
            state.count(Fault::ForgedCallback);
            sale.map_or(state.account(state.accounts[0]), |sale| sale.account)
        };
        let answer = self.till.handle_callback(tillgate::CallbackRequest { body, account }).await;
        self.world.lock().note(&("forged", answer.map_or(0, |answer| answer.http_status)));
    }

    fn told(&self, order: Result<Order>) {
        let mut world = self.world.lock();
        match order {
            Ok(order) => {
                world.note(&("told", &order.id, order.state, order.version));
                if order.has_voucher && format!("{order:?}").contains(CANARY) {
                    world.broken.push(format!("I8: order {} tells a voucher", order.id));
                }
                if let Some(why) = promise::told_wrong(&order, &world) {
                    world.broken.push(format!("I4: an answer says that {} {why}", order.id));
                }
            }
            Err(error) => {
                world.note(&("told", error.code()));
                if error.to_string().contains(CANARY) {
                    world.broken.push(format!("I8: an error tells a voucher: {error}"));
                }
            }
        }
    }
}
