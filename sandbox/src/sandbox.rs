//! A running sandbox: starting, steering, asking, stopping.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};

use crate::accounts::Account;
use crate::callbacks::{self, CallbackRecord, Forgery};
use crate::clock::{Clock, SPEED_MAX};
use crate::faults::Fault;
use crate::generate;
use crate::gift_cards::{self, GiftCard};
use crate::ledger::{Ledger, LedgerRow};
use crate::money::Amount;
use crate::requests::RequestRecord;
use crate::server;
use crate::shared::{self, Shared};
use crate::state::{Settings, State};
use crate::tls::{self, TlsMode};
use crate::verifications::VerificationRecord;

/// How a sandbox starts. `SandboxConfig::default()` is a good gateway: time as on the wall, one account, a small
/// catalogue, no TLS.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// `127.0.0.1` or `::1`; anything else is refused.
    pub address: IpAddr,
    /// 0 takes a free one.
    pub port: u16,
    /// What comes before the paths of the document.
    pub base_path: String,
    /// From it come the catalogue, delays, voucher codes and the draws of faults with a probability.
    pub seed: u64,
    /// How many products the catalogue has beside the documented ones, at most 200,000.
    pub catalogue_products: u32,
    /// How much faster sandbox time runs than the wall clock, at most 1,000,000. At 0 it only moves by
    /// [`Sandbox::advance`].
    pub speed: f64,
    /// When sandbox time begins, in milliseconds since the Unix epoch; by default now.
    pub start_ms: Option<i64>,
    /// Who may buy. Without any, the account `till` with the password `secret` has 1000.00 CHF.
    pub accounts: Vec<Account>,
    /// Gift cards beside the documented ones; one with the same code takes the other's place.
    pub gift_cards: Vec<GiftCard>,
    /// Keeps the answer of each request in the request log. Off by default: answers hold voucher codes and tokens.
    pub keep_answers: bool,
    /// A new file that receives the ledger as lines of JSON, each before the answer it belongs to.
    pub ledger_file: Option<PathBuf>,
    /// Refuses (400) a `user_uid` that the account has used. Off by default: no document says that the gateway does.
    pub refuse_duplicates: bool,
    /// Answers an accepted order with 202 instead of 201.
    pub created_as_accepted: bool,
    /// Settles orders at once, so that the first answer is final.
    pub immediately_final: bool,
    /// Sends a callback when an order is accepted too, not only when it ends.
    pub callback_when_accepted: bool,
    /// How long after a callback that was not taken the first repeat comes, in sandbox milliseconds; each further one
    /// waits twice as long.
    pub callback_retry_ms: u64,
    /// How often a callback is tried in all.
    pub callback_attempts_max: u32,
    /// Speaks TLS, with a certificate that is good or bad on purpose.
    pub tls: Option<TlsMode>,
}

impl Default for SandboxConfig {
    fn default() -> SandboxConfig {
        SandboxConfig {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            base_path: "/openapi/prod/v5.2.3".to_owned(),
            seed: 1,
            catalogue_products: 20,
            speed: 1.0,
            start_ms: None,
            accounts: Vec::new(),
            gift_cards: Vec::new(),
            keep_answers: false,
            ledger_file: None,
            refuse_duplicates: false,
            created_as_accepted: false,
            immediately_final: false,
            callback_when_accepted: false,
            callback_retry_ms: 30_000,
            callback_attempts_max: 8,
            tls: None,
        }
    }
}

/// Why a sandbox does not start, or does not take an order.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A setting that makes no sense.
    #[error("{0}")]
    Config(String),
    /// The address, a file or the runtime cannot be had.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A fault or a callback that makes no sense.
    #[error("{0}")]
    Order(String),
}

/// A running sandbox. Dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    url: String,
    authority_pem: Option<String>,
    /// Only where the sandbox runs on threads of its own.
    runtime: Option<Runtime>,
}

impl Sandbox {
    /// Starts on the tokio runtime that calls this.
    pub async fn start(config: SandboxConfig) -> Result<Sandbox, SandboxError> {
        let prepared = prepare(&config)?;
        let at = SocketAddr::new(config.address, config.port);
        let listener = TcpListener::bind(at)
            .await
            .map_err(|source| SandboxError::Io { what: format!("{at} cannot be listened to"), source })?;
        let address = listener
            .local_addr()
            .map_err(|source| SandboxError::Io { what: "no address".to_owned(), source })?;
        let shared = Shared::new(prepared.state, Handle::current());
        let (acceptor, authority_pem) = prepared.tls.map(|tls| (tls.acceptor, tls.authority_pem)).unzip();
        tokio::spawn(shared::keep_time(Arc::clone(&shared)));
        tokio::spawn(server::serve(Arc::clone(&shared), listener, acceptor));
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}{}", config.base_path);
        Ok(Sandbox { shared, address, url, authority_pem, runtime: None })
    }

    /// Starts on two threads of its own, for callers without a tokio runtime.
    pub fn start_blocking(config: SandboxConfig) -> Result<Sandbox, SandboxError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tillgate-sandbox")
            .enable_all()
            .build()
            .map_err(|source| SandboxError::Io { what: "no runtime".to_owned(), source })?;
        let mut sandbox = runtime.block_on(Sandbox::start(config))?;
        sandbox.runtime = Some(runtime);
        Ok(sandbox)
    }

    /// Where the gateway is: scheme, address, port and base path, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the control over HTTP is, with a slash at the end. It is plain HTTP, with TLS too.
    pub fn control_url(&self) -> String {
        format!("http://{}/_sandbox/", self.address)
    }

    /// The address and port that it listens to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of the authority that signed the sandbox's, as PEM; `None` without TLS.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// Every order that was really accepted, oldest first.
    pub fn ledger(&self) -> Vec<LedgerRow> {
        self.shared.present().ledger.rows().to_vec()
    }

    /// The last 10,000 requests to the gateway, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.present().requests.kept().cloned().collect()
    }

    /// The last 10,000 tries to deliver a callback, oldest first.
    pub fn callbacks(&self) -> Vec<CallbackRecord> {
        self.shared.present().callbacks.kept().cloned().collect()
    }

    /// Orders a fault. Returns its number.
    pub fn order_fault(&self, fault: Fault) -> Result<u64, SandboxError> {
        self.shared.state().faults.order(fault).map_err(SandboxError::Order)
    }

    /// Forgets every fault that waits. Returns how many there were.
    pub fn clear_faults(&self) -> usize {
        self.shared.state().faults.clear()
    }

    /// Forgets one fault by its number; false if it does not wait any more.
    pub fn remove_fault(&self, id: u64) -> bool {
        self.shared.state().faults.remove(id)
    }

    /// How often a fault has struck; `None` once it is used up or cleared.
    pub fn struck(&self, id: u64) -> Option<u64> {
        self.shared
            .state()
            .faults
            .waiting()
            .iter()
            .find(|ordered| ordered.id == id)
            .map(|ordered| ordered.struck)
    }

    /// Changes how much faster sandbox time runs than the wall clock (0 to 1,000,000).
    pub fn set_speed(&self, speed: f64) -> Result<(), SandboxError> {
        check_speed(speed)?;
        self.shared.state().clock.set_speed(speed);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Moves sandbox time forward. What becomes due has happened when this returns; callbacks are on their way.
    pub fn advance(&self, ms: u64) {
        self.shared.state().clock.advance(ms);
        drop(self.shared.present());
        self.shared.wake.notify_one();
    }

    /// The present sandbox time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.shared.state().clock.now_ms()
    }

    /// What an account has left; `None` if there is no such user.
    pub fn balance(&self, user: &str) -> Option<Amount> {
        let state = self.shared.present();
        state.accounts.iter().find(|account| account.user == user).map(|account| account.balance)
    }

    /// A gift card as it is now; `None` if there is none with this code.
    pub fn gift_card(&self, code: &str) -> Option<GiftCard> {
        self.shared.present().gift_cards.iter().find(|card| card.code == code).cloned()
    }

    /// The last 10,000 verifications of phone numbers, oldest first, with the codes that were "sent".
    pub fn verifications(&self) -> Vec<VerificationRecord> {
        self.shared.present().verifications.kept().cloned().collect()
    }

    /// Keeps the answer of each request in the request log from now on, or forgets them all and keeps none.
    pub fn keep_answers(&self, wanted: bool) {
        self.shared.state().requests.keep_answers(wanted);
    }

    /// Sends the true callback of the newest order with this `user_uid` once more, with the usual repeats. The error
    /// says that there is no such order, or that it has no address.
    pub fn send_callback(&self, user_uid: &str) -> Result<(), SandboxError> {
        let mut state = self.shared.present();
        let sequence = state.ledger.of_user_uid(user_uid).last().map(|row| row.sequence);
        let now_ms = state.clock.now_ms();
        let sent = sequence.is_some_and(|sequence| state.announce(sequence, now_ms));
        drop(state);
        self.shared.wake.notify_one();
        if sent { Ok(()) } else { Err(SandboxError::Order(format!("{user_uid} has no callback to send"))) }
    }

    /// Posts a forged callback to this address of this machine, once, and waits for what comes of it.
    pub async fn forge_callback(&self, url: &str, forgery: &Forgery) -> Result<CallbackRecord, SandboxError> {
        self.begin_forgery(url, forgery)?.await.map_err(|_| stopping())
    }

    /// As [`Sandbox::forge_callback`], for callers outside a tokio runtime.
    pub fn forge_callback_blocking(
        &self,
        url: &str,
        forgery: &Forgery,
    ) -> Result<CallbackRecord, SandboxError> {
        self.begin_forgery(url, forgery)?.blocking_recv().map_err(|_| stopping())
    }

    fn begin_forgery(
        &self,
        url: &str,
        forgery: &Forgery,
    ) -> Result<tokio::sync::oneshot::Receiver<CallbackRecord>, SandboxError> {
        let delivery =
            callbacks::forge(&mut self.shared.present(), url, forgery).map_err(SandboxError::Order)?;
        Ok(callbacks::deliver_for(&self.shared, delivery))
    }

    /// Waits until all that is due has happened, each request that was read whole is answered (or never will be), and
    /// each callback was delivered or waits for a repeat.
    pub async fn idle(&self) {
        self.shared.idle().await;
    }

    /// As [`Sandbox::idle`], for callers outside a tokio runtime.
    pub fn idle_blocking(&self) {
        self.shared.runtime().block_on(self.shared.idle());
    }

    /// Stops: no more connections, and those that are open end.
    pub fn stop(&self) {
        self.shared.stop();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(runtime) = self.runtime.take() {
            // Waiting here would be forbidden where the sandbox is dropped inside another runtime.
            runtime.shutdown_background();
        }
    }
}

fn stopping() -> SandboxError {
    SandboxError::Order("the sandbox is stopping".to_owned())
}

fn check_speed(speed: f64) -> Result<(), SandboxError> {
    if (0.0..=SPEED_MAX).contains(&speed) {
        return Ok(());
    }
    Err(SandboxError::Config(format!("a speed of {speed} is not between 0 and {SPEED_MAX}")))
}

struct Prepared {
    state: State,
    tls: Option<tls::Tls>,
}

fn prepare(config: &SandboxConfig) -> Result<Prepared, SandboxError> {
    let wrong = |text: &str| Err(SandboxError::Config(text.to_owned()));
    if config.address != IpAddr::from(Ipv4Addr::LOCALHOST)
        && config.address != IpAddr::from(Ipv6Addr::LOCALHOST)
    {
        return wrong(
            "the sandbox listens on 127.0.0.1 or ::1 only: it buys nothing, and nobody else may believe so",
        );
    }
    if !config.base_path.is_empty() && (!config.base_path.starts_with('/') || config.base_path.ends_with('/'))
    {
        return wrong("a base path begins with a slash and does not end with one");
    }
    if config.catalogue_products > generate::PRODUCTS_MAX {
        return wrong("a catalogue has at most 200000 products");
    }
    if config.callback_attempts_max == 0 || config.callback_attempts_max > 100 {
        return wrong("a callback is tried 1 to 100 times");
    }
    check_speed(config.speed)?;
    let mut accounts = config.accounts.clone();
    if accounts.is_empty() {
        accounts.push(Account::till());
    }
    for (at, account) in accounts.iter().enumerate() {
        if account.user.is_empty() || account.user.contains(':') {
            return wrong("a user name is not empty and has no colon");
        }
        let same = |other: &Account| {
            other.user == account.user || (account.token.is_some() && other.token == account.token)
        };
        if accounts[..at].iter().any(same) {
            return wrong("two accounts have the same user name or token");
        }
    }
    for (at, card) in config.gift_cards.iter().enumerate() {
        if card.code.is_empty() || config.gift_cards[..at].iter().any(|other| other.code == card.code) {
            return wrong("a gift card has a code, and no other card has the same");
        }
    }
    let ledger = Ledger::open(config.ledger_file.as_deref()).map_err(|source| SandboxError::Io {
        what: format!("the ledger file {}", config.ledger_file.clone().unwrap_or_default().display()),
        source,
    })?;
    let settings = Settings {
        base_path: config.base_path.clone(),
        seed: config.seed,
        refuse_duplicates: config.refuse_duplicates,
        created_status: if config.created_as_accepted { 202 } else { 201 },
        immediately_final: config.immediately_final,
        callback_when_accepted: config.callback_when_accepted,
        callback_retry_ms: config.callback_retry_ms,
        callback_attempts_max: config.callback_attempts_max,
    };
    let start_ms = config.start_ms.unwrap_or_else(|| Timestamp::now().as_millisecond());
    let clock = Clock::starting_at(start_ms, config.speed);
    let catalogue = generate::catalogue(config.seed, config.catalogue_products);
    let tls = config.tls.map(tls::prepare).transpose().map_err(SandboxError::Config)?;
    let mut cards = gift_cards::documented();
    cards.retain(|card| config.gift_cards.iter().all(|given| given.code != card.code));
    cards.extend(config.gift_cards.iter().cloned());
    let mut state = State::new(settings, clock, catalogue, accounts, cards, ledger);
    state.requests.keep_answers(config.keep_answers);
    Ok(Prepared { state, tls })
}
