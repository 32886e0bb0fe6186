//! Nothing that is secret is printed, told or logged.

use crate::double::{Double, json};
use crate::shop::{OWN_ERROR, PASSWORD, client, credentials, order, place, record};
use std::fmt::Write;
use std::sync::{Arc, LazyLock, Mutex};
use tillgate::{
    CysendCatalogueFilter, CysendConfig, CysendOrderQuery, ProxyConfig, Secret, TransportConfig, block_on,
};
use tracing::field::{Field, Visit};
use tracing::span;

#[test]
fn no_secret_is_ever_logged_or_told() {
    let log = log();
    let double = Double::answering(|seen| match seen.line() {
        line if line.contains("/catalogue") => json(503, OWN_ERROR),
        line if line.starts_with("GET") => json(
            200,
            &record(
                r#""status":"success","prepaid_code":{"code":"canary-code","serial":"canary-serial","expiration":"x"},"new":"canary-new""#,
            ),
        ),
        _ => json(402, OWN_ERROR),
    });
    let client = client(&double.url());
    let mut given = order();
    given.gift_card_code = Some(Secret::new("canary-gift".into()));
    let mut told = format!("{given:?}");
    let error = block_on(client.create_order(vec![given])).unwrap_err();
    write!(told, "{error} {error:?}").unwrap();
    let filter = CysendCatalogueFilter {
        gift_card_code: Some(Secret::new("canary-gift".into())),
        ..Default::default()
    };
    let error = block_on(client.get_catalogue(filter)).unwrap_err();
    write!(told, "{error} {error:?}").unwrap();
    let query = CysendOrderQuery { uid: None, user_uid: Some("till_1".into()) };
    write!(told, "{:?}", block_on(client.get_order(query))).unwrap();
    // A code in the path, refused and answered.
    let error = block_on(client.put_active(Secret::new("canary/card".into()), true)).unwrap_err();
    write!(told, "{error} {error:?}").unwrap();
    let error = block_on(client.get_gift_card(Secret::new("canary/card".into()))).unwrap_err();
    write!(told, "{error} {error:?}").unwrap();
    // A connection that fails carries its address in the HTTP stack's own errors.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = crate::shop::client(&format!("http://{closed}"));
    let error = place(&nobody).unwrap_err();
    write!(told, "{error} {error:?}").unwrap();
    let error = block_on(nobody.get_gift_card(Secret::new("canary/card".into()))).unwrap_err();
    write!(told, "{error} {error:?}").unwrap();

    let config = CysendConfig {
        credentials: credentials(),
        base_url: None,
        transport: Some(TransportConfig {
            proxy: Some(ProxyConfig {
                url: "http://proxy.example".into(),
                user: Some("person".into()),
                password: Some(Secret::new("canary-proxy".into())),
                bypass: Vec::new(),
            }),
            ..Default::default()
        }),
        ..CysendConfig::default()
    };
    write!(told, "{config:?}").unwrap();

    assert!(!told.contains("canary"), "{told}");
    assert!(!told.contains(PASSWORD));
    let logged = log.lock().unwrap().clone();
    assert!(logged.contains("getCatalogue"), "the calls are in the log: {logged}");
    assert!(!logged.contains("canary"), "{logged}");
    assert!(!logged.contains("Y2FuYXJ5"), "not in Base64 either");
}

/// Everything that this test's process logs, from the first use on.
fn log() -> Arc<Mutex<String>> {
    static LOG: LazyLock<Arc<Mutex<String>>> = LazyLock::new(|| {
        let log = Arc::new(Mutex::new(String::new()));
        tracing::subscriber::set_global_default(Everything(log.clone()))
            .expect("no other subscriber in these tests");
        log::set_boxed_logger(Box::new(Everything(log.clone()))).expect("no other logger in these tests");
        log::set_max_level(log::LevelFilter::Trace);
        log
    });
    LOG.clone()
}

struct Everything(Arc<Mutex<String>>);

impl Visit for &Everything {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl tracing::Subscriber for Everything {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut &*self);
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut &*self);
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut &*self);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        writeln!(self.0.lock().unwrap(), "{}", record.args()).unwrap();
    }
    fn flush(&self) {}
}
