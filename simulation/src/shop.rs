//! The application: sells, keeps its ids, asks again after a crash, and takes events.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tillgate::{BeneficiaryField, Clock, Decimal, ManualClock, Money, NewOrder, Till};

use crate::fault::Fault;
use crate::gateway::World;
use crate::random::Random;

/// Orders of one history, at most.
const SALES_MAX: usize = 12;

/// What the application has on a disk of its own.
#[derive(Default)]
pub struct Books {
    /// Each was saved before it was bought.
    pub sales: Vec<NewOrder>,
    /// The versions of each order that events have told, in the order of their first coming.
    pub seen: HashMap<String, Vec<u64>>,
    next: u32,
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
                0..50 => self.buy(&mut random).await,
                50..62 => self.buy_and_walk_away(&mut random).await,
                62..74 => self.enqueue(&mut random).await,
                74..84 => self.buy_several(&mut random).await,
                84..92 => self.buy_again(&mut random).await,
                92..96 => self.forge(&mut random).await,
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

    fn note_event(&self, event: &tillgate::Event) {
        self.world.lock().note(&("event", event.id, event.order.version));
        let mut books = self.books.lock().expect("the books");
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
        let mut books = self.books.lock().expect("the books");
        if books.sales.len() >= SALES_MAX {
            return None;
        }
        books.next += 1;
        let amount = Money::new(Decimal::new(random.between(1, 5_000) as i64, 2), "CHF");
        let product = if random.chance(300) { "voucher" } else { "1111" };
        let scenario = if random.chance(800) { "live" } else { "simulate-success" };
        let mut order = NewOrder::new(format!("S{}", books.next), product, amount, scenario);
        order.beneficiary =
            vec![BeneficiaryField { name: "mobile".to_string(), value: "+41791234567".to_string() }];
        books.sales.push(order.clone());
        Some(order)
    }

    fn some_sale(&self, random: &mut Random) -> Option<NewOrder> {
        let books = self.books.lock().expect("the books");
        if books.sales.is_empty() { None } else { Some(random.pick(&books.sales).clone()) }
    }

    /// After a crash: the same ids with the same requests.
    async fn ask_again(&self, random: &mut Random) {
        let sales = self.books.lock().expect("the books").sales.clone();
        for sale in sales {
            if random.chance(500) {
                self.told(self.till.buy(sale).await);
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
        let patience = random.between(0, 500);
        tokio::select! {
            biased;
            bought = self.till.buy(sale) => self.told(bought),
            () = self.sleep(patience) => self.world.lock().count(Fault::WaitDropped),
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
        let sales: Vec<NewOrder> = (0..random.between(2, 3)).filter_map(|_| self.new_sale(random)).collect();
        if !sales.is_empty() {
            let placed = self.till.buy_batch(sales).await;
            self.told(placed.map(|orders| orders.into_iter().next_back().expect("several")));
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
        let placed = self.till.buy(sale).await;
        if other && placed.is_ok() {
            self.world.lock().broken.push(format!("rule 3: another request was taken under the id {id}"));
        }
        self.told(placed);
    }

    async fn look_up(&self, random: &mut Random) {
        if let Some(sale) = self.some_sale(random) {
            self.told(self.till.look_up(sale.id).await);
        }
    }

    /// Somebody who knows the address posts what he likes.
    async fn forge(&self, random: &mut Random) {
        let known = self.some_sale(random).map_or("S404".to_string(), |sale| sale.id);
        let body = format!("{known} S99{}", random.below(9)).into_bytes();
        self.world.lock().count(Fault::ForgedCallback);
        let answer = self.till.handle_callback(tillgate::CallbackRequest { body, account: None }).await;
        self.world.lock().note(&("forged", answer.map_or(0, |answer| answer.http_status)));
    }

    fn told(&self, order: tillgate::Result<tillgate::Order>) {
        let mut world = self.world.lock();
        match order {
            Ok(order) => world.note(&("told", order.id, order.state, order.version)),
            Err(error) => world.note(&("told", error.code())),
        }
    }
}
