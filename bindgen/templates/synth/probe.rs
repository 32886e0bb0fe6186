//! The part of the made-up core that tests know by name: every type of the interface, there and back.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::runtime::detached;
use crate::{Decimal, ErrorDetails, Money, Result, Secret, TillgateError, Timestamp};

/// How strictly something is done. Closed: there are no other values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
#[repr(u16)]
pub enum Strictness {
    /// Not at all.
    Lax = 1,
    /// As usual.
    Usual = 2,
    /// To the letter.
    ToTheLetter = 7,
}

tillgate_macros::open_enum! {
    /// What a thing is doing. Open: the gateway may say something new.
    pub enum Progress {
        /// Not begun.
        Waiting = 1 => "WAITING",
        /// Under way.
        InProgress = 2 => "in-progress",
        /// Over.
        Done = 5 => "done",
    }
}

/// How something is paid.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
#[repr(u16)]
pub enum Payment {
    /// In coins and notes.
    Cash = 1,
    /// From a wallet.
    Wallet {
        /// The number of the wallet.
        number: String,
        /// The most that it may cost.
        at_most: Option<Money>,
    } = 2,
    /// By several cards.
    Cards {
        /// The amount on each card.
        amounts: Vec<Decimal>,
        /// The code of all of them.
        pin: Arc<Secret>,
    } = 3,
}

/// A point, as small as a record can be.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Inner {
    /// What it is called.
    pub label: String,
    /// How often. From 0 to 2^32 - 1.
    #[uniffi(default = 3)]
    pub count: u32,
}

/// A field of every type that the interface has.
///
/// The order of the fields is the order of the types in the design.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Everything {
    /// Yes or no.
    pub yes: bool,
    /// From 0 to 255.
    pub small: u8,
    /// From 0 to 65535.
    pub port: u16,
    /// From 0 to 2^32 - 1.
    pub count: u32,
    /// From 0 to 2^53 - 1 (JavaScript counts no further).
    pub large: u64,
    /// Either sign.
    pub offset: i32,
    /// An identifier.
    pub id: i64,
    /// Any text, such as `store/*`, `*/store` or `\n`.
    pub text: String,
    /// Any bytes.
    pub body: Vec<u8>,
    /// An exact number.
    pub amount: Decimal,
    /// An instant, to the microsecond.
    pub at: Timestamp,
    /// An amount with its currency.
    pub money: Money,
    /// One of three.
    pub strictness: Strictness,
    /// One of three, or something new.
    pub progress: Progress,
    /// One of three, with their own fields.
    pub payment: Payment,
    /// Not to be seen.
    pub pin: Arc<Secret>,
    /// Several texts.
    pub texts: Vec<String>,
    /// Several numbers.
    pub numbers: Vec<i64>,
    /// Several exact numbers.
    pub amounts: Vec<Decimal>,
    /// Several instants.
    pub instants: Vec<Timestamp>,
    /// Several records.
    pub inners: Vec<Inner>,
    /// Several closed values.
    pub strictnesses: Vec<Strictness>,
    /// Several open values.
    pub progresses: Vec<Progress>,
    /// Several data values.
    pub payments: Vec<Payment>,
    /// Texts by texts.
    pub extra: HashMap<String, String>,
    /// Perhaps yes or no.
    #[uniffi(default = None)]
    pub maybe_yes: Option<bool>,
    /// Perhaps a number.
    #[uniffi(default = None)]
    pub maybe_count: Option<u32>,
    /// Perhaps an identifier.
    #[uniffi(default = None)]
    pub maybe_id: Option<i64>,
    /// Perhaps a text.
    #[uniffi(default = None)]
    pub maybe_text: Option<String>,
    /// Perhaps bytes.
    #[uniffi(default = None)]
    pub maybe_body: Option<Vec<u8>>,
    /// Perhaps an exact number.
    #[uniffi(default = None)]
    pub maybe_amount: Option<Decimal>,
    /// Perhaps an instant.
    #[uniffi(default = None)]
    pub maybe_at: Option<Timestamp>,
    /// Perhaps a record.
    #[uniffi(default = None)]
    pub maybe_inner: Option<Inner>,
    /// Perhaps a closed value.
    #[uniffi(default = None)]
    pub maybe_strictness: Option<Strictness>,
    /// Perhaps an open value.
    #[uniffi(default = None)]
    pub maybe_progress: Option<Progress>,
    /// Perhaps a data value.
    #[uniffi(default = None)]
    pub maybe_payment: Option<Payment>,
    /// Perhaps a secret.
    #[uniffi(default = None)]
    pub maybe_pin: Option<Arc<Secret>>,
    /// Perhaps several texts.
    #[uniffi(default = None)]
    pub maybe_texts: Option<Vec<String>>,
    /// Perhaps several records.
    #[uniffi(default = None)]
    pub maybe_inners: Option<Vec<Inner>>,
    /// Perhaps texts by texts.
    #[uniffi(default = None)]
    pub maybe_extra: Option<HashMap<String, String>>,
    /// A number that is 50 if it is left out.
    #[uniffi(default = 50)]
    pub limit: u32,
    /// A text that is `CHF` if it is left out.
    #[uniffi(default = "CHF")]
    pub currency: String,
    /// Yes if it is left out.
    #[uniffi(default = true)]
    pub careful: bool,
    /// Empty if it is left out.
    #[uniffi(default = [])]
    pub tags: Vec<String>,
    /// A word that other languages keep for themselves.
    #[uniffi(default = None)]
    pub r#type: Option<String>,
    /// Another such word.
    #[uniffi(default = None)]
    pub class: Option<String>,
}

/// How a probe is set up.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ProbeConfig {
    /// What it calls itself. Not empty.
    pub name: String,
    /// Its password.
    #[uniffi(default = None)]
    pub password: Option<Arc<Secret>>,
    /// How strict it is, if not as usual.
    #[uniffi(default = None)]
    pub strictness: Option<Strictness>,
}

/// Sends everything back as it came.
#[derive(uniffi::Object)]
pub struct Probe {
    config: ProbeConfig,
    closed: AtomicBool,
}

/// Counts to three, one record at a time.
#[derive(uniffi::Object)]
pub struct ProbeStream {
    at: AtomicU32,
}

#[uniffi::export]
impl Probe {
    /// A probe of this set-up.
    ///
    /// Errors: `InvalidArgument` if the name is empty.
    #[uniffi::constructor]
    pub fn new(config: ProbeConfig) -> Result<Arc<Self>> {
        if config.name.is_empty() {
            return Err(TillgateError::invalid_argument("config.name", "It is empty."));
        }
        Ok(Arc::new(Self { config, closed: AtomicBool::new(false) }))
    }

    /// A probe of this name, made in the background.
    #[uniffi::constructor]
    pub async fn open(name: String) -> Result<Arc<Self>> {
        detached(async move { Self::new(ProbeConfig { name, password: None, strictness: None }) }).await
    }

    /// What it calls itself.
    pub fn name(&self) -> String {
        self.config.name.clone()
    }

    /// Its password, if it has one.
    pub fn password(&self) -> Option<Arc<Secret>> {
        self.config.password.clone()
    }

    /// The sum. Nothing else happens: what a call costs by itself.
    pub fn add(&self, left: i64, right: i64) -> i64 {
        left.wrapping_add(right)
    }

    /// The same value, after a walk through the background.
    ///
    /// Errors: `Closed` after `close`.
    pub async fn echo(&self, value: Everything) -> Result<Everything> {
        self.open_still()?;
        detached(async move { Ok(value) }).await
    }

    /// The same value, at once.
    pub fn echo_now(&self, value: Everything) -> Result<Everything> {
        self.open_still()?;
        Ok(value)
    }

    /// The same values.
    pub async fn echo_list(&self, values: Vec<Inner>) -> Result<Vec<Inner>> {
        detached(async move { Ok(values) }).await
    }

    /// The same text.
    pub fn echo_text(&self, text: String) -> String {
        text
    }

    /// The same text, or none.
    pub fn echo_maybe_text(&self, text: Option<String>) -> Option<String> {
        text
    }

    /// The same texts.
    pub fn echo_texts(&self, texts: Vec<String>) -> Vec<String> {
        texts
    }

    /// The same bytes.
    pub fn echo_body(&self, body: Vec<u8>) -> Vec<u8> {
        body
    }

    /// The same exact number.
    pub async fn echo_amount(&self, amount: Decimal) -> Result<Decimal> {
        detached(async move { Ok(amount) }).await
    }

    /// The same instant.
    pub fn echo_time(&self, at: Timestamp) -> Timestamp {
        at
    }

    /// The same instant, or none.
    pub fn echo_maybe_time(&self, at: Option<Timestamp>) -> Option<Timestamp> {
        at
    }

    /// The same number, or none.
    pub fn echo_maybe_count(&self, count: Option<u32>) -> Option<u32> {
        count
    }

    /// The same map.
    pub fn echo_extra(&self, extra: HashMap<String, String>) -> HashMap<String, String> {
        extra
    }

    /// The same closed value.
    pub fn echo_strictness(&self, strictness: Strictness) -> Strictness {
        strictness
    }

    /// The same open value.
    pub fn echo_progress(&self, progress: Progress) -> Progress {
        progress
    }

    /// The same data value.
    pub fn echo_payment(&self, payment: Payment) -> Payment {
        payment
    }

    /// The same secret.
    pub fn echo_secret(&self, secret: Arc<Secret>) -> Arc<Secret> {
        secret
    }

    /// The same record, or none.
    pub async fn echo_maybe_inner(&self, inner: Option<Inner>) -> Result<Option<Inner>> {
        detached(async move { Ok(inner) }).await
    }

    /// Ten records, numbered from 0.
    pub async fn ten(&self) -> Result<Vec<Inner>> {
        detached(async move { Ok((0..10).map(|count| Inner { label: format!("number {count}"), count }).collect()) }).await
    }

    /// Nothing, successfully.
    pub async fn nothing(&self) -> Result<()> {
        detached(async { Ok(()) }).await
    }

    /// Always fails, with every fact that an error can have.
    ///
    /// Errors: always `GatewayRefused`.
    pub async fn fail(&self, reason: String) -> Result<Inner> {
        detached(async move {
            let mut details = ErrorDetails::local(reason, "Nothing was bought. Try another probe.");
            details.outcome = crate::Outcome::Refused;
            details.gateway_code = Some("E-77".to_string());
            details.gateway_text = Some("the gateway's own words".to_string());
            details.http_status = Some(422);
            details.order_id = Some("order-1".to_string());
            details.request_id = Some("request-1".to_string());
            Err(TillgateError::GatewayRefused { details })
        })
        .await
    }

    /// Panics at once.
    pub fn panic_now(&self) -> u32 {
        panic!("a defect, at once")
    }

    /// Panics in the background.
    pub async fn panic_later(&self) -> Result<u32> {
        detached(async { panic!("a defect, later") }).await
    }

    /// Waits so many milliseconds, then returns that number.
    pub async fn wait(&self, duration_ms: u64) -> Result<u64> {
        detached(async move {
            tokio::time::sleep(std::time::Duration::from_millis(duration_ms)).await;
            Ok(duration_ms)
        })
        .await
    }

    /// A stream that counts to three.
    pub fn events(&self) -> Result<Arc<ProbeStream>> {
        self.open_still()?;
        Ok(Arc::new(ProbeStream { at: AtomicU32::new(0) }))
    }

    /// Ends it: later calls answer `Closed`. Closing twice is no error.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

impl Probe {
    fn open_still(&self) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) {
            let details = ErrorDetails::local("The probe was closed.", "Nothing was done. Open another one.");
            return Err(TillgateError::Closed { details });
        }
        Ok(())
    }
}

#[uniffi::export]
impl ProbeStream {
    /// The next record, or none after the third.
    pub async fn next(self: Arc<Self>) -> Result<Option<Inner>> {
        detached(async move {
            let count = self.at.fetch_add(1, Ordering::SeqCst);
            Ok((count < 3).then(|| Inner { label: "event".to_string(), count }))
        })
        .await
    }
}

/// The sum, by a free function.
#[uniffi::export]
pub fn add_numbers(left: i64, right: i64) -> i64 {
    left.wrapping_add(right)
}
