//! The receiver at its worst: two hundred callbacks at once, most of them not what they seem. Behind the till stands CY.SEND's
//! protocol as the sandbox speaks it, whose log of requests says what was looked up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::caller::{Answer, head, post_in_chunks};
use super::*;
use crate::shop::client_with;
use tillgate::{
    BeneficiaryField, CysendAccount, Decimal, EventKind, JournalKey, Money, NewOrder, Order, TillConfig,
    Timestamp, TransportConfig,
};
use tillgate_sandbox::{Account, Fault, FaultKind, OrderState as At, Sandbox, SandboxConfig};
use tokio::task::JoinHandle;

/// How the till may ask: so many calls a second, and so many at once after a quiet time.
const CALLS_PER_SECOND: u32 = 20;
const CALLS_AT_ONCE: u32 = 5;

const CONNECTIONS_MAX: u32 = 64;
const BODY_SIZE_MAX_BYTES: u32 = 64 << 10;
const BURST: u32 = 100;

/// A till at the sandbox. Time stands still on both sides unless the test moves it.
pub struct Shop {
    pub sandbox: Sandbox,
    pub clock: ManualClock,
    pub till: Arc<Till>,
    _dir: tempfile::TempDir,
}

/// A transport without a limit of its own.
pub fn quick() -> TransportConfig {
    TransportConfig::default()
}

pub fn top_up(id: &str, callback_url: &str) -> NewOrder {
    NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        callback_url: Some(callback_url.to_string()).filter(|url| !url.is_empty()),
        ..NewOrder::new(id, "1111", Money::new(Decimal::from(10), "CHF"), "live")
    }
}

impl Shop {
    pub async fn open(transport: TransportConfig) -> Self {
        let account = Account { password: crate::shop::PASSWORD.into(), ..Account::till() };
        let config = SandboxConfig { speed: 0.0, accounts: vec![account], ..Default::default() };
        let sandbox = Sandbox::start_blocking(config).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(Timestamp::now());
        let config = TillConfig {
            create: true,
            key: Some(JournalKey { id: "k".into(), key: tillgate::new_journal_key() }),
            ..TillConfig::new(dir.path().join("journal").to_str().unwrap())
        };
        let till = Till::open_with_clock(config, Arc::new(clock.clone())).await.unwrap();
        let client = client_with(sandbox.url(), transport);
        till.attach_cysend(CysendAccount { client, name: None }).await.unwrap();
        Self { sandbox, clock, till, _dir: dir }
    }

    /// How an order ends at the gateway, and when, in its milliseconds.
    fn ends(&self, id: &str, status: At, after_ms: u64) {
        let outcome = FaultKind::Outcome { status, response_code: None, after_ms };
        self.sandbox.order_fault(Fault::new(outcome).for_order(id)).unwrap();
    }

    /// The look-ups that the gateway was asked for, by order.
    fn look_ups(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in self.sandbox.requests().iter().filter(|r| r.operation.as_deref() == Some("getOrder")) {
            let id = request.target.split_once("user_uid=").expect("a look-up by our id").1;
            *counts.entry(id.to_string()).or_default() += 1;
        }
        counts
    }

    /// Waits until so many look-ups have been made, and learnt from.
    pub async fn looked_up(&self, count: usize) {
        for _ in 0..LOOKS_MAX {
            if self.look_ups().values().sum::<usize>() >= count {
                break;
            }
            std::thread::yield_now();
        }
        self.sandbox.idle_blocking();
        self.clock.settle().await;
        assert!(self.look_ups().values().sum::<usize>() >= count, "{:?}", self.look_ups());
    }

    async fn order(&self, id: &str) -> Order {
        self.till.order(id.into()).await.unwrap()
    }

    /// Waits, without moving any clock, until the order is final.
    async fn ended(&self, id: &str) -> Order {
        for _ in 0..LOOKS_MAX {
            let order = self.order(id).await;
            if order.state.is_final() {
                return order;
            }
        }
        panic!("{id} never ended: {:#?}", self.order(id).await);
    }

    /// How often each order changed its state since the last time, by its events.
    async fn state_changes(&self) -> BTreeMap<String, Vec<OrderState>> {
        let stream = self.till.events();
        let mut changes: BTreeMap<String, Vec<OrderState>> = BTreeMap::new();
        while let Some(event) = stream.next(0).await.unwrap() {
            stream.acknowledge(event.id).await.unwrap();
            assert_ne!(event.kind, EventKind::Conflict, "{event:?}");
            if event.kind == EventKind::StateChanged {
                changes.entry(event.order.id.clone()).or_default().push(event.order.state);
            }
        }
        changes
    }
}

/// A kind of caller, and what became of those that are of it.
#[derive(Default)]
struct Row {
    sent: usize,
    /// By status.
    answers: BTreeMap<u16, usize>,
}

/// One request of the storm.
struct Request {
    kind: &'static str,
    bytes: Vec<u8>,
    /// How much of it is sent; the rest never is.
    sent: usize,
}

impl Request {
    fn whole(kind: &'static str, bytes: Vec<u8>) -> Self {
        Self { kind, sent: bytes.len(), bytes }
    }

    /// Stops before its end by so many bytes.
    fn stopping(kind: &'static str, bytes: Vec<u8>, short_by: usize) -> Self {
        Self { kind, sent: bytes.len() - short_by, bytes }
    }

    fn stops(&self) -> bool {
        self.sent < self.bytes.len()
    }
}

fn callback(order: &Order, status: CysendOrderStatus) -> Vec<u8> {
    post(PATH, tillgate::cysend_test_callback(order.clone(), status).unwrap().body)
}

/// Two hundred requests: 30 that the gateway would send, and 170 that it would not.
fn requests(ending: &[Order], open: &[Order], ends: impl Fn(usize) -> CysendOrderStatus) -> Vec<Request> {
    let mut all = Vec::new();
    for (number, order) in ending.iter().enumerate() {
        let genuine = || callback(order, ends(number));
        all.push(Request::whole("genuine", genuine()));
        all.push(Request::whole("duplicate", genuine()));
        all.push(Request::whole("duplicate", genuine()));
    }
    for order in open {
        for status in [CysendOrderStatus::Success, CysendOrderStatus::Failed] {
            all.push(Request::whole("forged", callback(order, status.clone())));
            all.push(Request::whole("forged", callback(order, status)));
        }
    }
    for number in 0..20 {
        let mut nobody = open[0].clone();
        nobody.id = format!("nobody_{number}");
        all.push(Request::whole("unknown id", callback(&nobody, CysendOrderStatus::Success)));
    }
    let huge = vec![b' '; 1 << 20];
    for _ in 0..5 {
        all.push(Request::whole("huge, length told", post(PATH, &huge)));
        all.push(Request::whole("huge, in pieces", post_in_chunks(PATH, &huge)));
        all.push(Request::whole("huge head", head(PATH, &format!("x: {}", "x".repeat(64 << 10)))));
    }
    let genuine = callback(&ending[0], ends(0));
    for number in 0..10 {
        all.push(Request::stopping("slow head", head(PATH, "content-length: 9"), 2 + number));
        all.push(Request::stopping("slow body", genuine.clone(), 1 + number));
        all.push(Request::whole("wrong path", post(&format!("/hooks/guess-{number}"), "[]")));
    }
    for _ in 0..5 {
        let get = format!("GET {PATH} HTTP/1.1\r\nhost: till\r\n\r\n").into_bytes();
        all.push(Request::whole("wrong method", get));
    }
    // Mixed, in a way that is always the same: 73 and 200 have no divisor in common.
    let mixed = |place: usize| place * 73 % all.len();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|place| mixed(*place));
    let mut all: Vec<Option<Request>> = all.into_iter().map(Some).collect();
    order.into_iter().filter_map(|place| all[place].take()).collect()
}

/// The kinds that the gateway, or whoever else, sends again until they are taken.
const COMES_AGAIN: [&str; 5] = ["genuine", "duplicate", "forged", "unknown id", "huge, in pieces"];

fn print(table: &BTreeMap<&'static str, Row>) {
    let statuses = [200, 404, 405, 408, 413, 429, 431];
    println!("\n{:18} {:>5} | {}", "sent", "", statuses.map(|s| format!("{s:>4}")).join(" "));
    for (kind, row) in table {
        let cells = statuses.map(|s| row.answers.get(&s).map_or(format!("{:4}", ""), |n| format!("{n:>4}")));
        println!("{kind:18} {:>5} | {}", row.sent, cells.join(" "));
    }
}

/// Sends them all: nobody says a word before all places are taken.
async fn at_once(receiver: &CallbackReceiver, requests: &[&Request]) -> Vec<JoinHandle<Answer>> {
    let caller = Caller::to(&receiver.callback_url());
    let (first, rest) = requests.split_at(requests.len().min(CONNECTIONS_MAX as usize));
    let mut open = Vec::new();
    for _ in first {
        open.push(caller.connect().await.unwrap());
    }
    counted(receiver, "a full house", |s| s.connections_open as usize == first.len()).await;
    let rest: Vec<_> = rest.iter().map(|r| caller.begin(r.bytes[..r.sent].to_vec())).collect();
    let first = open.into_iter().zip(first).map(|(stream, r)| stream.finish(&r.bytes[..r.sent]));
    first.chain(rest).collect()
}

#[test]
fn in_a_storm_of_callbacks_nothing_moves_but_by_a_look_up_and_every_genuine_one_is_handled() {
    run(async {
        let shop = Shop::open(TransportConfig {
            rate_limit_per_second: Some(CALLS_PER_SECOND),
            rate_limit_burst: Some(CALLS_AT_ONCE),
            ..Default::default()
        })
        .await;
        let clock = ManualClock::new(noon());
        let receiver = shop
            .till
            .receive_callbacks_with_clock(
                CallbackReceiverConfig {
                    connections_max: Some(CONNECTIONS_MAX),
                    body_size_max_bytes: Some(BODY_SIZE_MAX_BYTES),
                    requests_per_second_max: Some(BURST / 10),
                    requests_burst_max: Some(BURST),
                    request_timeout_ms: Some(10_000),
                    ..config()
                },
                Arc::new(clock.clone()),
            )
            .await
            .unwrap();

        // Thirty orders that end, each third of them badly, and ten that stay open; the gateway has told nobody yet.
        let ends = |number: usize| if number % 3 == 2 { At::Failed } else { At::Success };
        let mut placed = Vec::new();
        for number in 0..40 {
            let id = format!("a{number:02}");
            shop.ends(&id, if number < 30 { ends(number) } else { At::Accepted }, 1_000);
            placed.push(top_up(&id, ""));
        }
        let placed = shop.till.buy_batch(placed).await.unwrap();
        assert!(placed.iter().all(|order| order.state == OrderState::Accepted));
        shop.sandbox.advance(2_000);
        let (ending, open) = placed.split_at(30);
        shop.state_changes().await;
        assert_eq!(
            shop.look_ups(),
            BTreeMap::new(),
            "time stands still: nothing but a callback causes a look-up"
        );

        let requests = requests(ending, open, |number| match ends(number) {
            At::Failed => CysendOrderStatus::Failed,
            _ => CysendOrderStatus::Success,
        });
        assert_eq!(requests.len(), 200);
        let begun = Instant::now();
        let mut table: BTreeMap<&'static str, Row> = BTreeMap::new();
        let mut connections = 0;
        let mut wave: Vec<&Request> = requests.iter().collect();
        for request in &wave {
            table.entry(request.kind).or_default().sent += 1;
        }
        let mut waves = 0;
        while !wave.is_empty() {
            waves += 1;
            assert!(waves <= 5, "what was told to come again comes through in the end");
            connections += wave.len() as u64;
            let answers = at_once(&receiver, &wave).await;
            let mut again = Vec::new();
            let (stopping, whole): (Vec<_>, Vec<_>) =
                wave.into_iter().zip(answers).partition(|(request, _)| request.stops());
            for (request, answer) in whole {
                let answer = answer.await.unwrap();
                *table.get_mut(request.kind).unwrap().answers.entry(answer.status).or_default() += 1;
                if answer.status == 429 {
                    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
                    if COMES_AGAIN.contains(&request.kind) {
                        again.push(request);
                    }
                }
            }
            // The slow ones hold their places until their time is over, and no longer.
            counted(&receiver, "all connections", |s| s.connections == connections).await;
            clock.advance(Duration::from_secs(10));
            for (request, answer) in stopping {
                let answer = answer.await.unwrap();
                *table.get_mut(request.kind).unwrap().answers.entry(answer.status).or_default() += 1;
            }
            counted(&receiver, "the end of the wave", |s| s.connections_open == 0).await;
            wave = again;
        }
        print(&table);

        // What was answered, by kind.
        let row = |kind: &str, status: u16| table[kind].answers.get(&status).copied().unwrap_or(0);
        for (kind, count) in [("genuine", 30), ("duplicate", 60), ("forged", 40), ("unknown id", 20)] {
            assert_eq!(row(kind, 200), count, "{kind}");
        }
        for (kind, status, count) in [
            ("huge, length told", 413, 5),
            ("huge, in pieces", 413, 5),
            ("huge head", 431, 5),
            ("slow head", 408, 10),
            ("wrong path", 404, 10),
            ("wrong method", 405, 5),
        ] {
            assert_eq!(row(kind, status), count, "{kind}");
        }
        assert_eq!(row("slow body", 408) + row("slow body", 429), 10);
        let status = counted(&receiver, "the end of all", |s| s.connections_open == 0).await;
        assert_complete(&status);
        assert_eq!((status.handled, status.known_orders, status.unknown_orders), (150, 130, 20));
        assert!(status.too_many > 0, "the rate was reached: {status:#?}");
        assert_eq!((status.not_readable, status.not_committed, status.broken_off), (0, 0, 0));
        // Memory: so many places, and none with more than one bounded body.
        assert_eq!(status.connections_open_max, CONNECTIONS_MAX, "the places were all taken, and no more");
        let held_max = u64::from(CONNECTIONS_MAX * BODY_SIZE_MAX_BYTES);
        assert!(status.body_bytes_held_max <= held_max, "{} bytes", status.body_bytes_held_max);

        // No order has moved that was not looked up: the state is read before the gateway's log.
        for order in &placed {
            let state = shop.order(&order.id).await.state;
            let looked_up = shop.look_ups().contains_key(&order.id);
            assert!(
                looked_up || state == OrderState::Accepted,
                "{} was moved to {state} by a callback",
                order.id
            );
        }

        // What is known now is what the gateway says: by one look-up for each order that was named, however often it was.
        for order in ending {
            shop.ended(&order.id).await;
        }
        shop.looked_up(40).await;
        let took = begun.elapsed();
        let look_ups = shop.look_ups();
        assert!(look_ups.values().all(|count| *count == 1) && look_ups.len() == 40, "{look_ups:?}");
        // The fortieth may not start before this, whenever the first did.
        let least = Duration::from_secs(1) / CALLS_PER_SECOND * (40 - CALLS_AT_ONCE);
        assert!(took >= least, "40 look-ups in {took:?} are more than {CALLS_PER_SECOND} a second");
        let changes = shop.state_changes().await;
        for (number, order) in ending.iter().enumerate() {
            let state = if ends(number) == At::Failed { OrderState::Failed } else { OrderState::Succeeded };
            assert_eq!(
                changes.get(&order.id),
                Some(&vec![state]),
                "{} moved once, as the gateway says",
                order.id
            );
        }
        for order in open {
            assert_eq!(changes.get(&order.id), None, "{} did not move", order.id);
            assert_eq!(shop.order(&order.id).await.state, OrderState::Accepted);
        }
        // Callbacks that came while an order was asked about, or after, cause one more look-up when a second has passed.
        shop.clock.advance(Duration::from_secs(1));
        shop.looked_up(41).await;
        assert!(shop.look_ups().values().all(|count| *count <= 2), "{:?}", shop.look_ups());
        assert_eq!(shop.state_changes().await, BTreeMap::new(), "and that moves nothing");
        println!(
            "orders: 30 settled by 1 look-up each, 10 still accepted; look-ups: 40 in {took:.1?}, with the second round {}\n\
             held at most: {} connections, {} bytes of bodies; {} answered 429 came again in {} more waves",
            shop.look_ups().values().sum::<usize>(),
            status.connections_open_max,
            status.body_bytes_held_max,
            status.too_many,
            waves - 1,
        );
    });
}

#[test]
fn the_gateways_own_callbacks_settle_orders_and_come_again_until_they_are_taken() {
    run(async {
        let shop = Shop::open(quick()).await;
        // At first nobody listens where the orders say.
        let receiver = shop.till.receive_callbacks(config()).await.unwrap();
        let (url, address) = (receiver.callback_url(), receiver.status().await.unwrap().address);
        receiver.close().await.unwrap();
        shop.ends("a1", At::Success, 1_000);
        shop.till.buy(top_up("a1", &url)).await.unwrap();
        shop.sandbox.advance(1_000);
        shop.sandbox.idle_blocking();
        assert_eq!(shop.sandbox.callbacks().len(), 1, "one try, and nobody there");
        assert_eq!(shop.order("a1").await.state, OrderState::Accepted);

        let again = CallbackReceiverConfig { address: Some(address), ..config() };
        let receiver = shop.till.receive_callbacks(again).await.unwrap();
        assert_eq!(receiver.callback_url(), url);
        shop.sandbox.advance(30_000);
        shop.sandbox.idle_blocking();
        let told = shop.sandbox.callbacks();
        assert_eq!(told.last().and_then(|record| record.status), Some(200), "{told:?}");
        assert_eq!(shop.ended("a1").await.state, OrderState::Succeeded);
        assert_eq!(shop.look_ups().get("a1"), Some(&1));
    });
}
