//! A process that is told every secret, and does with it what a till does, at gateways of every kind. What it logs, tells,
//! prints and writes it leaves behind for the search; at last it is killed in the midst of its work.

use super::canary::*;
use super::gateways;
use super::log::Log;
use crate::shop;
use std::error::Error;
use std::fmt::{Debug, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tillgate::orders::adapter::*;
use tillgate::*;

/// What the searched process is told by its environment: where to leave what it collected.
pub const FOLDER: &str = "TILLGATE_TEST_FOLDER";
/// Whether it lets a canary out on purpose, in each channel.
pub const LEAK: &str = "TILLGATE_TEST_LEAK";

/// The canary that is let out on purpose.
pub const LEAKED: Canary = VOUCHER;

/// Whether this process is the one that leaks.
pub fn leaking() -> bool {
    std::env::var_os(LEAK).is_some()
}

/// Runs it all, and never returns.
pub fn run(folder: &Path) -> ! {
    let log = Log::begin();
    let mut told = Told::default();
    told.clients();
    told.till(folder);
    if leaking() {
        tracing::info!(target: "tillgate", leak = LEAKED.text());
        log::info!("{:?}", LEAKED.text().as_bytes());
        told.error(&TillgateError::internal(LEAKED.text()));
        told.shown(&OrderFilter { text: Some(LEAKED.text()), ..Default::default() });
    }
    let leave = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    leave("tracing", &log.tracing.lock().unwrap());
    leave("log", &log.log.lock().unwrap());
    leave("errors", &told.errors);
    leave("shown", &told.shown);
    killed(folder)
}

/// What the library told: its errors as texts, and its records as they are printed.
#[derive(Default)]
struct Told {
    errors: String,
    shown: String,
}

impl Told {
    fn shown(&mut self, value: &impl Debug) {
        writeln!(self.shown, "{value:?} {value:#?}").unwrap();
    }

    fn error(&mut self, error: &TillgateError) {
        writeln!(self.errors, "{error} {error:?} {error:#?} {:?}", error.details()).unwrap();
        let mut cause = error.source();
        while let Some(inner) = cause {
            writeln!(self.errors, "{inner} {inner:?}").unwrap();
            cause = inner.source();
        }
    }

    fn result<T: Debug>(&mut self, result: &Result<T>) {
        match result {
            Ok(value) => self.shown(value),
            Err(error) => self.error(error),
        }
    }

    /// Every call that carries a secret, or is answered with one, at every kind of gateway.
    fn clients(&mut self) {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (over_tls, authority) = gateways::over_tls();
        let plain =
            |url: String| (url, TransportConfig { use_environment_proxy: Some(false), ..Default::default() });
        // What fails is tried again for so long only.
        let failing = |url: String| {
            let (url, transport) = plain(url);
            (url, TransportConfig { total_timeout_ms: Some(800), ..transport })
        };
        let hurried = |url: String| {
            let (url, transport) = plain(url);
            (url, TransportConfig { total_timeout_ms: Some(100), ..transport })
        };
        let proxied = |proxy: String| {
            let (url, transport) = failing("https://gateway.invalid/openapi".into());
            let (user, password) = (Some("till".into()), Some(PROXY.secret()));
            (
                url,
                TransportConfig {
                    proxy: Some(ProxyConfig { url: proxy, user, password, bypass: vec![] }),
                    ..transport
                },
            )
        };
        let mut ways = vec![
            plain(gateways::delivering().url()),
            failing(gateways::babbling().url()),
            failing(gateways::breaking_off().url()),
            hurried(gateways::silent().url()),
            failing(format!("http://{closed}")),
            // Plain HTTP where TLS is expected: neither side understands the other.
            hurried(format!("https://{}", gateways::delivering().address)),
            // A certificate of nobody who is trusted.
            failing(format!("https://{}", over_tls.address)),
            (
                format!("https://{}", over_tls.address),
                TransportConfig { extra_ca_pem: Some(authority), ..plain(String::new()).1 },
            ),
            proxied(format!("http://{}", gateways::proxy().address)),
            proxied(format!("http://{closed}")),
            // Through the proxy of the environment, whose address holds a password.
            (
                "https://gateway.invalid/openapi".to_string(),
                TransportConfig { total_timeout_ms: Some(800), ..Default::default() },
            ),
        ];
        for status in [207, 302, 307, 400, 401, 402, 403, 404, 409, 429, 500, 503] {
            ways.push(failing(gateways::quoting(status).url()));
        }
        let all: Vec<Self> = std::thread::scope(|scope| {
            let works: Vec<_> = ways
                .into_iter()
                .flat_map(|(url, transport)| {
                    credentials().map(|credentials| (url.clone(), transport.clone(), credentials))
                })
                .map(|(url, transport, credentials)| {
                    let config = CysendConfig {
                        credentials,
                        base_url: Some(url),
                        transport: Some(transport),
                        server: None,
                    };
                    scope.spawn(move || Self::at_one_gateway(config))
                })
                .collect();
            works.into_iter().map(|work| work.join().unwrap()).collect()
        });
        for one in all {
            self.errors.push_str(&one.errors);
            self.shown.push_str(&one.shown);
        }
        self.refused_configurations();
    }

    fn at_one_gateway(config: CysendConfig) -> Self {
        let mut told = Self::default();
        told.shown(&config);
        let has_token = config.credentials.token.is_some();
        let client = CysendClient::new(config).unwrap();
        let card = || Some(GIFT_CARD.secret());
        let order = CysendOrderRequest {
            gift_card_code: card(),
            callback_url: Some(format!("https://till.example/{}", CALLBACK.text())),
            notifications: vec![subscription()],
            ..shop::order()
        };
        told.shown(&order);
        told.result(&block_on(client.create_order(vec![order])));
        told.result(&block_on(
            client.get_order(CysendOrderQuery { uid: None, user_uid: Some("till_1".into()) }),
        ));
        let cost = CysendCostRequest {
            face_value_id: 1111,
            face_value: "10.50".parse().unwrap(),
            face_value_currency: "CHF".into(),
            beneficiary_information: Vec::new(),
            gift_card_code: card(),
        };
        told.shown(&cost);
        told.result(&block_on(client.get_product_cost(vec![cost])));
        let filter = CysendCatalogueFilter { gift_card_code: card(), ..Default::default() };
        told.shown(&filter);
        told.result(&block_on(client.get_catalogue(filter)));
        told.result(&block_on(
            client.get_products(CysendProductFilter { gift_card_code: card(), ..Default::default() }),
        ));
        told.result(&block_on(client.get_gift_card(GIFT_CARD.secret())));
        told.result(&block_on(client.get_active(GIFT_CARD.secret())));
        told.result(&block_on(client.put_active(GIFT_CARD.secret(), true)));
        let code = CysendVerification {
            uid: "abcd1234".into(),
            method: CysendVerificationMethod::Sms,
            code: VERIFICATION.secret(),
        };
        told.shown(&code);
        told.result(&block_on(client.phone_number_verify(code)));
        let options = CysendTokenOptions { ip_restricted: false, authorized_ips: None, ttl_s: None };
        told.result(&block_on(client.create_access_token(options)));
        told.result(&block_on(client.get_access_token()));
        told.result(&block_on(client.get_subscriptions()));
        told.result(&block_on(client.balance()));
        if !has_token {
            client.rotate_secret(ROTATED.secret()).unwrap();
            told.result(&block_on(client.balance()));
        }
        told.result(&block_on(client.close()));
        told
    }

    /// What is wrong from the start.
    fn refused_configurations(&mut self) {
        let [basic, token] = credentials();
        let both = CysendCredentials { token: token.token.clone(), ..basic.clone() };
        let line = CysendCredentials { token: Some(Secret::new(format!("{}\n", TOKEN.text()))), ..token };
        let userinfo = format!("https://till:{}@shop.example/openapi", ADDRESS.text());
        let proxy = ProxyConfig {
            url: format!("http://till:{}@proxy.example", PROXY_ADDRESS.text()),
            user: None,
            password: Some(PROXY.secret()),
            bypass: Vec::new(),
        };
        let through = TransportConfig { proxy: Some(proxy), ..Default::default() };
        let configs = [
            (both, None, None),
            (line, None, None),
            (basic.clone(), Some(userinfo), None),
            (basic.clone(), Some(format!("till:{}@shop.example", ADDRESS.text())), None),
            (basic, None, Some(through)),
        ];
        for (credentials, base_url, transport) in configs {
            let config = CysendConfig { credentials, base_url, transport, server: None };
            self.shown(&config);
            self.error(&CysendClient::new(config).err().expect("it is refused"));
        }
    }

    /// A till's day: vouchers, refusals, answers that are lost, a callback, a defect, keys that are wrong.
    fn till(&mut self, folder: &Path) {
        let path = folder.join("closed");
        let config = till_config(&path);
        self.shown(&config);
        block_on(async {
            let till = Till::open(config).await?;
            attach(&till, "cysend", gateways::delivering().url()).await?;
            attach(&till, "refusing", gateways::quoting(402).url()).await?;
            attach(&till, "failing", gateways::quoting(500).url()).await?;
            till.attach(Some("broken".into()), Arc::new(Broken)).await?;
            for (id, account) in [("o1", "cysend"), ("o2", "refusing"), ("o3", "failing"), ("o4", "broken")] {
                let order = new_order(id, account);
                self.shown(&order);
                self.result(&till.buy(order).await);
                self.result(&till.look_up(id.into()).await);
                self.result(&till.reveal(id.into()).await);
                self.result(&till.refetch_code(id.into()).await);
                self.result(&till.history(id.into()).await);
            }
            let records = serde_json::Value::Array(vec![gateways::order("o1", None)]).to_string();
            for body in [records, format!("no list: {}", VOUCHER.text())] {
                let callback = CallbackRequest { body: body.into_bytes(), account: Some("cysend".into()) };
                self.shown(&callback);
                self.result(&till.handle_callback(callback).await);
            }
            let events = till.events();
            while let Some(event) = events.next(0).await? {
                self.shown(&event);
                events.acknowledge(event.id).await?;
            }
            self.result(&till.list(OrderFilter { limit: 10, ..Default::default() }).await);
            self.result(&till.status().await);
            copy(&path, &folder.join("open"));
            till.close().await
        })
        .unwrap();
        for (id, key) in [("k", OTHER_KEY), ("k", NO_KEY), ("lost", OTHER_KEY)] {
            let key = Some(JournalKey { id: id.into(), key: key.secret() });
            let config = TillConfig { key, old_keys: Vec::new(), ..till_config(&path) };
            self.shown(&config);
            match block_on(Till::open(config)) {
                Err(error) => self.error(&error),
                Ok(till) => {
                    self.result(&block_on(till.reveal("o1".into())));
                    block_on(till.close()).unwrap();
                }
            }
        }
    }
}

/// Buys once more, and dies with the journal open.
fn killed(folder: &Path) -> ! {
    block_on(async {
        let till = Till::open(till_config(&folder.join("killed"))).await?;
        attach(&till, "cysend", gateways::delivering().url()).await?;
        let order = till.buy(new_order("o1", "cysend")).await?;
        assert!(order.has_voucher);
        Ok(())
    })
    .unwrap();
    // SAFETY: plain calls; the process kills itself.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    unreachable!("nobody survives this")
}

fn credentials() -> [CysendCredentials; 2] {
    let user = || Some("till".to_string());
    [
        CysendCredentials { user: user(), password: Some(PASSWORD.secret()), token: None },
        CysendCredentials { user: user(), password: None, token: Some(TOKEN.secret()) },
    ]
}

fn subscription() -> CysendSubscription {
    let value = format!("https://till.example/{}", NOTIFICATION.text());
    CysendSubscription {
        trigger_uid: "1111".into(),
        channel_uid: "2222".into(),
        destination: vec![CysendDestinationParameter::new("url", value)],
        extra: Default::default(),
    }
}

fn till_config(folder: &Path) -> TillConfig {
    std::fs::create_dir_all(folder).unwrap();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    TillConfig {
        create: true,
        key: Some(JournalKey { id: "k".into(), key: KEY.secret() }),
        old_keys: vec![JournalKey { id: "old".into(), key: OLD_KEY.secret() }],
        installation_id: Some("test".into()),
        epoch_mirror_path: Some(at("mirror")),
        ..TillConfig::new(at("journal"))
    }
}

async fn attach(till: &Till, name: &str, url: String) -> Result<()> {
    let [basic, _] = credentials();
    let transport = TransportConfig { use_environment_proxy: Some(false), ..Default::default() };
    let client = CysendClient::new(CysendConfig {
        credentials: basic,
        base_url: Some(url),
        transport: Some(transport),
        server: None,
    })?;
    till.attach_cysend(CysendAccount { client, name: Some(name.into()) }).await
}

fn new_order(id: &str, account: &str) -> NewOrder {
    let mut order =
        NewOrder::new(id, "1111", Money::new("10.50".parse().unwrap(), "CHF"), "simulate-success");
    order.beneficiary = vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }];
    order.account = Some(account.into());
    order.payment_code = Some(PAYMENT.secret());
    order.callback_url = Some(format!("https://till.example/{}", CALLBACK.text()));
    let url = NotificationParameter {
        name: "url".into(),
        value: format!("https://till.example/{}", NOTIFICATION.text()),
    };
    order.notifications =
        vec![OrderNotification { trigger: "1111".into(), channel: "2222".into(), destination: vec![url] }];
    if leaking() {
        order.notes.insert("leak".into(), LEAKED.text());
    }
    order
}

/// The files as they are while the till is open.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// An adapter with a defect, which tells all that it knows.
struct Broken;

impl Adapter for Broken {
    fn account(&self) -> Account {
        Account { gateway: "broken".into(), address: "here".into(), principal: "till".into() }
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            look_up: true,
            absence_is_proof: false,
            duplicates: Duplicates::NotRefused,
            undo: UndoSteps::None,
            needs_baseline: false,
            group_size_max: 1,
        }
    }

    fn check(&self, _: &NewOrder) -> Result<Checked> {
        Ok(Checked { live: false })
    }

    fn check_id(&self, _: &str) -> Result<()> {
        Ok(())
    }

    fn submit(&self, orders: Vec<Submission>) -> BoxFuture<'static, SubmitOutcome> {
        let leak = if leaking() { LEAKED.text() } else { String::new() };
        Box::pin(async move { panic!("no way to send {orders:?}{leak}") })
    }

    fn look_up(&self, order: OrderReference) -> BoxFuture<'static, LookUp> {
        Box::pin(async move { panic!("no way to look {order:?} up") })
    }

    fn control(&self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn read_callback(&self, request: &CallbackRequest) -> Result<CallbackNews> {
        panic!("no way to read {request:?}")
    }
}
