//! A journal that a disk has damaged: bits that flipped, sectors of zeros or of something else, pages that went to another place, a
//! file cut short. The input is a list of such damages, done to a journal with an order in each of the states that count.
//!
//! SQLite's pages have no checksums, and a bit in the midst of a text may go unnoticed. What is promised, and held here:
//!
//! * It opens, or it is refused with an error for journals; nothing panics, and nothing ends the process.
//! * An order that can be read has the state that it had.
//! * A voucher is what it was, or it is not told: it is authenticated.
//! * The same request under the same id is not sent again, whatever can still be read of the order.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tillgate::testing::inner::{self, NetworkAnswer};
use tillgate::{
    BeneficiaryField, CysendAccount, CysendClient, Decimal, Money, NewOrder, OrderState, Result, Till,
    TillgateError,
};
use tillgate_fuzz::world::{self, World};

const SECTOR: usize = 512;
const PAGE: usize = 4096;
/// More than a few damages only make a file that nobody takes for a journal.
const DAMAGES_MAX: usize = 4;

#[derive(Arbitrary, Debug)]
enum Damage {
    /// Where there is something: most of a small journal is zeros.
    Bit {
        at: u16,
        bit: u8,
    },
    Byte {
        at: u16,
        value: u8,
    },
    Sector {
        at: u16,
        value: u8,
    },
    /// A write that went to another place.
    Page {
        from: u8,
        to: u8,
    },
    Cut {
        size: u32,
    },
}

struct Shop {
    world: World,
    client: Arc<CysendClient>,
    folder: tempfile::TempDir,
    whole: Vec<u8>,
    /// The places of its bytes that are not zero.
    written: Vec<usize>,
    states: Vec<(String, OrderState)>,
}

thread_local! {
    static SHOP: Shop = sell();
}

fuzz_target!(|damages: Vec<Damage>| {
    SHOP.with(|shop| {
        let mut file = shop.whole.clone();
        damages.iter().take(DAMAGES_MAX).for_each(|damage| damage.done_to(&mut file, &shop.written));
        let unharmed = file == shop.whole;
        clean(shop.folder.path());
        std::fs::write(shop.folder.path().join("journal"), &file).expect("the damaged journal");
        inner::answer_with(NetworkAnswer { status: 403, ..NetworkAnswer::default() });
        let till = match shop.open() {
            Ok(till) => till,
            Err(error) => {
                assert!(!unharmed, "a whole journal was refused: {error}");
                return known_error(&error);
            }
        };
        for (id, state) in &shop.states {
            shop.look_at(&till, id, *state);
        }
        let closing = till.clone();
        if let Err(error) = shop.world.run(async move { closing.close().await }) {
            known_error(&error);
        }
        drop(till);
        shop.world.settle();
    });
});

/// What is told of a damaged journal.
fn known_error(error: &TillgateError) {
    let known = error.code().starts_with("journal_")
        || matches!(error.code(), "wrong_key" | "not_found" | "unknown_order" | "quarantined");
    assert!(known, "{}: {error}", error.code());
}

impl Damage {
    fn done_to(&self, file: &mut Vec<u8>, written: &[usize]) {
        let size = file.len();
        if size == 0 {
            return;
        }
        let byte = |at: u16| written[usize::from(at) % written.len()] % size;
        match *self {
            Self::Bit { at, bit } => file[byte(at)] ^= 1 << (bit % 8),
            Self::Byte { at, value } => file[byte(at)] = value,
            Self::Sector { at, value } => {
                let from = usize::from(at) * SECTOR % size;
                let to = (from + SECTOR).min(size);
                file[from..to].fill(value);
            }
            Self::Page { from, to } => {
                let pages = size / PAGE;
                if pages > 0 {
                    let (from, to) = (usize::from(from) % pages * PAGE, usize::from(to) % pages * PAGE);
                    file.copy_within(from..from + PAGE, to);
                }
            }
            Self::Cut { size: to } => file.truncate(to as usize % size),
        }
    }
}

impl Shop {
    fn open(&self) -> Result<Arc<Till>> {
        let mut config = world::till_config(self.folder.path());
        config.create = false;
        let clock = Arc::new(self.world.clock.clone());
        let client = self.client.clone();
        self.world.run(async move {
            let till = Till::open_with_clock(config, clock).await?;
            let attached = till.attach_cysend(CysendAccount { client, name: None }).await;
            match attached {
                Ok(()) => Ok(till),
                Err(error) => {
                    let _ = till.close().await;
                    Err(error)
                }
            }
        })
    }

    fn look_at(&self, till: &Arc<Till>, id: &str, state: OrderState) {
        let (reading, key) = (till.clone(), id.to_string());
        let read = self.world.run(async move { reading.order(key).await });
        match &read {
            // In a journal that does not know its machine any more, nothing that is open is certain.
            Ok(order) if order.state == OrderState::Unknown && !is_final(state) => assert_eq!(order.id, id),
            Ok(order) => assert_eq!((order.id.as_str(), order.state), (id, state)),
            Err(error) => known_error(error),
        }
        let (revealing, key) = (till.clone(), id.to_string());
        match self.world.run(async move { revealing.reveal(key).await }) {
            Ok(voucher) => {
                assert_eq!(voucher.code.map(|code| code.reveal()).as_deref(), Some("VOUCHER-4711"), "{id}")
            }
            Err(error) => known_error(&error),
        }
        let sold = inner::calls_of("createOrder");
        let buying = till.clone();
        let request = request(id);
        if let Err(error) = self.world.run(async move { buying.buy(request).await })
            && error.code() != "order_conflict"
        {
            known_error(&error);
        }
        assert_eq!(
            inner::calls_of("createOrder"),
            sold,
            "{id} ({state:?}) was bought again; it read as {read:?}"
        );
    }
}

fn request(id: &str) -> NewOrder {
    NewOrder {
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        ..NewOrder::new(id, "1111", Money::new(Decimal::new(1000, 2), "CHF"), "simulate-success")
    }
}

fn is_final(state: OrderState) -> bool {
    matches!(state, OrderState::Succeeded | OrderState::Failed)
}

fn clean(folder: &Path) {
    for ending in ["", "-wal", "-shm", "-new"] {
        let _ = std::fs::remove_file(folder.join(format!("journal{ending}")));
    }
}

/// Makes the journal that will be damaged.
fn sell() -> Shop {
    let world = World::new();
    let folder = world::journal_folder();
    let config = world::till_config(folder.path());
    let (client, clock) = (world.client(), Arc::new(world.clock.clone()));
    let attaching = client.clone();
    let till = world
        .run(async move {
            let till = Till::open_with_clock(config, clock).await?;
            till.attach_cysend(CysendAccount { client: attaching, name: None }).await?;
            Ok::<_, TillgateError>(till)
        })
        .expect("a till");
    let mut states = Vec::new();
    for (id, status, body) in [
        ("ACCEPTED1", 201, record("ACCEPTED1", "accepted", "")),
        ("SUCCEEDED1", 201, record("SUCCEEDED1", "success", r#","prepaid_code":{"code":"VOUCHER-4711"}"#)),
        ("REFUSED1", 402, r#"{"code":"API_402","message":"No."}"#.to_string()),
        ("UNKNOWN1", 500, String::new()),
        ("SUCCEEDED2", 201, record("SUCCEEDED2", "success", "")),
    ] {
        inner::answer_with(NetworkAnswer { status, body: body.into_bytes(), ..NetworkAnswer::default() });
        let buying = till.clone();
        let order = world.run(async move { buying.buy(request(id)).await }).expect("an order");
        states.push((id.to_string(), order.state));
        inner::answer_with(NetworkAnswer { status: 403, ..NetworkAnswer::default() });
        world.settle();
    }
    let expected = [
        OrderState::Accepted,
        OrderState::Succeeded,
        OrderState::Failed,
        OrderState::Unknown,
        OrderState::Succeeded,
    ];
    assert!(states.iter().map(|(_, state)| *state).eq(expected), "{states:?}");
    let closing = till.clone();
    world.run(async move { closing.close().await }).expect("it closes");
    drop(till);
    world.settle();
    let whole = std::fs::read(folder.path().join("journal")).expect("the journal");
    let written = whole.iter().enumerate().filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
    Shop { world, client, folder, whole, written, states }
}

fn record(id: &str, status: &str, more: &str) -> String {
    format!(
        r#"[{{"uid":"{id}-uid","user_uid":"{id}","date":"2026-03-01T12:00:00Z","face_value_id":1111,"face_value":10.00,
        "face_value_currency":"CHF","scenario":"simulate-success","cost":9.50,"currency":"CHF",
        "beneficiary_information":[{{"name":"mobile","value":"+41791234567"}}],"status":"{status}"{more}}}]"#
    )
}
