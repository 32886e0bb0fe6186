//! What is known after a call, whatever the network does.

use crate::double::{Connection, Double, answer, json, with_headers};
use crate::shop::{OWN_ERROR, PASSWORD, accepted, client, client_with, credentials, order, place};
use std::io::Write;
use std::sync::Arc;
use tillgate::{
    CysendClient, CysendConfig, CysendOrderQuery, CysendProductFilter, Outcome, ProxyConfig, Secret,
    TillgateError, TransportConfig, block_on,
};
use tokio::sync::Notify;

/// Each of them may have been carried out, so the outcome is unknown, and nothing was sent twice.
#[test]
fn guard_no_blind_resend_whatever_happens_to_an_order_on_the_way_it_is_sent_once() {
    type Treat = fn(Connection) -> tillgate::BoxFuture<'static, ()>;
    let ways: [(&str, Treat); 8] = [
        ("reset in the midst of the request", |mut connection| {
            Box::pin(async move {
                connection.head().await;
                connection.reset();
            })
        }),
        ("reset after the request", |mut connection| {
            Box::pin(async move {
                connection.request().await;
                connection.reset();
            })
        }),
        ("an orderly end without an answer", |mut connection| {
            Box::pin(async move {
                connection.request().await;
            })
        }),
        ("half a head", |mut connection| {
            Box::pin(async move {
                connection.request().await;
                connection.send(b"HTTP/1.1 201 Created\r\ncontent-le").await;
            })
        }),
        ("not HTTP at all", |mut connection| {
            Box::pin(async move {
                connection.request().await;
                connection.send(b"SSH-2.0-OpenSSH_9.9\r\n").await;
            })
        }),
        ("a truncated 200", |mut connection| {
            Box::pin(async move {
                connection.request().await;
                let mut bytes = json(200, &accepted());
                bytes.truncate(bytes.len() - 20);
                connection.send(&bytes).await;
            })
        }),
        ("a truncated 200 in chunks", |mut connection| {
            Box::pin(async move {
                connection.request().await;
                connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[{\"ui").await;
            })
        }),
        ("a reset in the midst of the answer", |mut connection| {
            Box::pin(async move {
                connection.request().await;
                connection.send(&json(200, &accepted())[..60]).await;
                connection.reset();
            })
        }),
    ];
    for (way, treat) in ways {
        let double = Double::connections(treat);
        let error = place(&client(&double.url())).expect_err(way);
        assert_eq!(error.outcome(), Outcome::Unknown, "{way}: {error}");
        assert!(error.details().advice.contains("look the order up"), "{way}: {error}");
        assert_eq!(double.connection_count(), 1, "{way}");
        assert!(double.seen().len() <= 1, "{way}");
    }
}

#[test]
fn a_connection_that_is_reset_at_once_never_makes_a_second_one() {
    let double = Double::connections(|connection| async move { connection.reset() });
    let error = place(&client(&double.url())).unwrap_err();
    // The reset may come while the connection is being made, and then it is sure that nothing was sent on it.
    assert!(matches!(error.outcome(), Outcome::Unknown | Outcome::NotSent), "{error}");
    assert_eq!((double.connection_count(), double.seen().len()), (1, 0));
}

#[test]
fn guard_no_redirects_an_order_that_the_gateway_points_elsewhere_does_not_go_there() {
    for status in [301, 302, 303, 307, 308] {
        let double =
            Double::answering(move |_| with_headers(status, "location: /openapi/elsewhere\r\n", b""));
        let error = place(&client(&double.url())).unwrap_err();
        assert_eq!(double.seen().len(), 1, "{status}: it was sent again where the gateway pointed");
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        assert_eq!(error.details().http_status, Some(status));
    }
}

/// A request that is written to a connection which the gateway is just closing ends as an unknown that nobody wanted.
#[test]
fn guard_fresh_connections_an_idle_connection_for_money_is_let_go_of() {
    let (closed, is_closed) = std::sync::mpsc::channel();
    let double = Double::connections(move |mut connection| {
        let closed = closed.clone();
        async move {
            connection.request().await;
            connection.send(&json(201, &accepted())).await;
            // The gateway would keep it; the client ends it.
            assert!(connection.request().await.is_none());
            let _ = closed.send(());
        }
    });
    let client = client(&double.url());
    place(&client).unwrap();
    // The limit is two seconds, and is looked at every two; others are kept for ninety.
    is_closed.recv_timeout(std::time::Duration::from_secs(20)).expect("an idle connection is not kept");
    assert_eq!(double.connection_count(), 1);
}

#[test]
fn guard_answer_size_an_answer_is_read_up_to_a_size() {
    let limits = TransportConfig { answer_size_max_bytes: Some(1 << 20), ..Default::default() };
    // Good but for the blanks around it.
    let double = Double::answering(|_| json(201, &format!("{}{}", " ".repeat(2 << 20), accepted())));
    let error = place(&client_with(&double.url(), limits)).unwrap_err();
    assert_eq!((error.outcome(), error.code()), (Outcome::Unknown, "invalid_answer"), "{error}");
}

#[test]
fn a_status_that_is_no_documented_refusal_leaves_an_order_unknown() {
    for status in [403, 405, 408, 409, 422, 425, 429, 500, 501, 502, 503, 504, 520] {
        // Even in the gateway's own words.
        let double =
            Double::answering(move |_| with_headers(status, "retry-after: 0\r\n", OWN_ERROR.as_bytes()));
        let error = place(&client(&double.url())).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{status}: {error}");
        assert_eq!(double.seen().len(), 1, "{status}");
    }
}

#[test]
fn a_refusal_that_is_not_the_gateways_own_leaves_an_order_unknown() {
    for status in [400, 401, 402, 403, 404] {
        for (kind, body) in [
            ("text/html", "<html>Please log in</html>"),
            ("application/json", ""),
            ("application/json", "{}"),
        ] {
            let double = Double::answering(move |_| answer(status, kind, body.as_bytes()));
            let error = place(&client(&double.url())).unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{status} {body}: {error}");
        }
    }
}

#[test]
fn the_gateways_own_refusal_is_a_refusal() {
    let kinds =
        [(400, "gateway_refused"), (401, "unauthorized"), (402, "insufficient_funds"), (404, "not_found")];
    for (status, code) in kinds {
        let double = Double::answering(move |_| json(status, OWN_ERROR));
        let error = place(&client(&double.url())).unwrap_err();
        assert_eq!((error.outcome(), error.code()), (Outcome::Refused, code));
        assert_eq!(error.details().gateway_code.as_deref(), Some("API_123456"));
        assert_eq!(error.details().gateway_text.as_deref(), Some("No."));
        assert_eq!(error.details().gateway_information.as_deref(), Some("Not this time."));
    }
}

#[test]
fn an_answer_that_cannot_be_read_leaves_an_order_unknown() {
    for (status, body) in
        [(200, "<html>ok</html>"), (201, ""), (201, "{}"), (202, "[{}]"), (204, ""), (299, "[]")]
    {
        let double = Double::answering(move |_| json(status, body));
        let error = place(&client(&double.url())).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{status} {body}: {error}");
    }
}

#[test]
fn an_order_whose_reused_connection_dies_is_not_sent_again() {
    let double = Double::connections(|mut connection| async move {
        connection.request().await;
        connection.send(&json(201, &accepted())).await;
        // The second request on this connection is read, and the connection dies.
        connection.request().await;
        connection.reset();
    });
    let client = client(&double.url());
    place(&client).unwrap();
    let error = place(&client).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert_eq!((double.seen().len(), double.connection_count()), (2, 1));
}

#[test]
fn only_what_fails_before_there_is_a_connection_is_not_sent() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = place(&client(&format!("http://{closed}"))).unwrap_err();
    assert_eq!((error.outcome(), error.code()), (Outcome::NotSent, "network"), "{error}");
    assert!(error.details().advice.contains("nothing was bought"), "{error}");

    let mute = Double::connections(|mut connection| async move {
        // Takes the first message of a handshake and says nothing.
        connection.head().await;
    });
    let hurried = TransportConfig { connect_timeout_ms: Some(200), ..Default::default() };
    let error = place(&client_with(&format!("https://{}", mute.address), hurried)).unwrap_err();
    assert_eq!((error.outcome(), error.code()), (Outcome::NotSent, "timeout"), "{error}");

    let nowhere = TransportConfig { connect_timeout_ms: Some(5_000), ..Default::default() };
    let error = place(&client_with("https://gateway.invalid", nowhere)).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
}

#[test]
fn a_gateway_that_falls_silent_leaves_an_order_unknown() {
    let silent = || {
        Double::connections(|mut connection| async move {
            connection.request().await;
            // Keeps the connection open until the client gives up.
            connection.request().await;
        })
    };
    for limits in [
        TransportConfig { total_timeout_ms: Some(200), ..Default::default() },
        TransportConfig { read_timeout_ms: Some(200), ..Default::default() },
    ] {
        let double = silent();
        let error = place(&client_with(&double.url(), limits)).unwrap_err();
        assert_eq!((error.outcome(), error.code()), (Outcome::Unknown, "timeout"), "{error}");
        assert_eq!(double.seen().len(), 1);
    }
}

#[test]
fn a_call_that_never_gets_its_turn_was_not_sent() {
    let release = Arc::new(Notify::new());
    let arrived = Arc::new(Notify::new());
    let (inner_release, inner_arrived) = (release.clone(), arrived.clone());
    let double = Double::connections(move |mut connection| {
        let (release, arrived) = (inner_release.clone(), inner_arrived.clone());
        async move {
            connection.request().await;
            arrived.notify_one();
            release.notified().await;
            connection.send(&json(201, &accepted())).await;
        }
    });
    let limits = TransportConfig {
        calls_in_flight_max: Some(1),
        total_timeout_ms: Some(10_000),
        ..Default::default()
    };
    let patient = client_with(&double.url(), limits.clone());
    let first = {
        let patient = patient.clone();
        std::thread::spawn(move || place(&patient))
    };
    crate::double::block_on(arrived.notified());
    // Nobody may go in any more, and closing waits for the one inside.
    let closing = {
        let patient = patient.clone();
        std::thread::spawn(move || block_on(patient.close()))
    };
    release.notify_one();
    first.join().unwrap().unwrap();
    closing.join().unwrap().unwrap();
    let error = place(&patient).unwrap_err();
    assert_eq!((error.outcome(), error.code()), (Outcome::Local, "closed"));
    assert_eq!(double.seen().len(), 1);

    let hurried = client_with(&double.url(), TransportConfig { total_timeout_ms: Some(100), ..limits });
    let holding = {
        let hurried = hurried.clone();
        std::thread::spawn(move || place(&hurried))
    };
    crate::double::block_on(arrived.notified());
    let error = place(&hurried).unwrap_err();
    // Either the first one still held the only turn, or it had just given up and this one was sent.
    let waited = error.details().reason.contains("waited for its turn");
    assert_eq!(error.outcome(), if waited { Outcome::NotSent } else { Outcome::Unknown }, "{error}");
    release.notify_waiters();
    let _whatever_became_of_the_first_one = holding.join().unwrap();
}

#[test]
fn dropping_a_wait_does_not_touch_what_is_being_sent() {
    let release = Arc::new(Notify::new());
    let arrived = Arc::new(Notify::new());
    let (inner_release, inner_arrived) = (release.clone(), arrived.clone());
    let double = Double::connections(move |mut connection| {
        let (release, arrived) = (inner_release.clone(), inner_arrived.clone());
        async move {
            while connection.request().await.is_some() {
                arrived.notify_one();
                release.notified().await;
                connection.send(&json(201, &accepted())).await;
            }
        }
    });
    let one_at_a_time = TransportConfig { calls_in_flight_max: Some(1), ..Default::default() };
    let client = client_with(&double.url(), one_at_a_time);
    crate::double::block_on(async {
        let mut wait = Box::pin(client.create_order(vec![order()]));
        tokio::select! {
            _ = &mut wait => panic!("there is no answer yet"),
            () = arrived.notified() => {}
        }
        drop(wait);
    });
    // The next call has its turn when the first exchange has come to its end, and takes over its connection: an exchange
    // that was broken off would have cost the connection.
    let next = {
        let client = client.clone();
        std::thread::spawn(move || place(&client))
    };
    release.notify_one();
    crate::double::block_on(arrived.notified());
    release.notify_one();
    next.join().unwrap().unwrap();
    assert_eq!((double.seen().len(), double.connection_count()), (2, 1));
}

#[test]
fn reads_are_repeated_and_nothing_else_is() {
    let stubborn = |status: u16| Double::answering(move |_| json(status, OWN_ERROR));
    let repeated = [408, 429, 500, 502, 503, 504].map(|status| (status, 3));
    let not_repeated = [400, 401, 403, 404, 501].map(|status| (status, 1));
    // At the same time, since repeats pause.
    std::thread::scope(|scope| {
        for (status, times) in repeated.into_iter().chain(not_repeated) {
            scope.spawn(move || {
                let double = stubborn(status);
                block_on(client(&double.url()).balance()).unwrap_err();
                assert_eq!(double.seen().len(), times, "{status}");
            });
        }
    });
    // This one is billed each time.
    let double = stubborn(503);
    let filter = CysendProductFilter { mobile: Some("+41791234567".into()), ..Default::default() };
    block_on(client(&double.url()).get_products(filter)).unwrap_err();
    assert_eq!(double.seen().len(), 1);
}

#[test]
fn a_read_gets_through_in_the_end() {
    let double = Double::connections(|mut connection| async move {
        connection.request().await;
        match connection.number {
            0 => connection.reset(),
            1 => {
                connection.send(&with_headers(503, "connection: close\r\n", b"")).await;
            }
            _ => connection.send(&json(200, r#"{"balance":-12.30,"currency":"CHF"}"#)).await,
        }
    });
    let balance = block_on(client(&double.url()).balance()).unwrap();
    assert_eq!((balance.balance.to_string().as_str(), balance.currency.as_str()), ("-12.30", "CHF"));
    assert_eq!(double.seen().len(), 3);
}

#[test]
fn a_pause_longer_than_the_deadline_is_not_waited_for() {
    for pause in ["3600", "18446744073709551615", "Thu, 31 Dec 9998 23:59:59 GMT"] {
        let headers = format!("retry-after: {pause}\r\n");
        let double = Double::answering(move |_| with_headers(429, &headers, b""));
        let client = client(&double.url());
        let error = block_on(client.balance()).unwrap_err();
        assert_eq!((error.code(), error.details().http_status), ("rate_limited", Some(429)), "{error}");
        // Nor is the next read even sent. Placing an order decides for itself.
        let error = block_on(client.balance()).unwrap_err();
        assert_eq!((error.code(), error.outcome()), ("rate_limited", Outcome::NotSent), "{error}");
        assert_eq!(double.seen().len(), 1);
        assert_eq!(place(&client).unwrap_err().details().http_status, Some(429));
    }
}

#[test]
fn packed_answers_are_unpacked_within_bounds() {
    let packed = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        with_headers(200, "content-encoding: gzip\r\n", &packer.finish().unwrap())
    };
    let good = packed(br#"{"balance":1.0,"currency":"CHF"}"#);
    let double = Double::answering(move |_| good.clone());
    assert!(block_on(client(&double.url()).balance()).is_ok());
    assert_eq!(double.seen()[0].header("accept-encoding"), Some("gzip"));

    let limits = TransportConfig { answer_size_max_bytes: Some(1 << 20), ..Default::default() };
    let bomb = packed(&vec![b' '; 8 << 20]);
    assert!(bomb.len() < 1 << 20, "the bomb must be small while it is packed");
    let double = Double::answering(move |_| bomb.clone());
    let error = block_on(client_with(&double.url(), limits.clone()).balance()).unwrap_err();
    assert_eq!(error.code(), "invalid_answer", "{error}");
    assert!(error.details().reason.contains("1048576"), "{error}");

    // What is announced is believed as little as what comes.
    let double = Double::answering(|_| json(201, &" ".repeat(2 << 20)));
    let error = place(&client_with(&double.url(), limits)).unwrap_err();
    assert_eq!((error.outcome(), error.code()), (Outcome::Unknown, "invalid_answer"), "{error}");
    assert_eq!(double.seen()[0].header("accept-encoding"), None);
}

#[test]
fn guard_certificate_checked_a_gateway_is_trusted_only_with_a_good_certificate() {
    let own = Authority::new("ours");
    let day = 86_400;
    let good = own.server("127.0.0.1", -day, day);
    let trusting = TransportConfig { extra_ca_pem: Some(own.pem()), ..Default::default() };
    let cases = [
        ("a good one", good, trusting.clone(), None),
        ("an expired one", own.server("127.0.0.1", -2 * day, -day), trusting.clone(), Some("expired")),
        ("one of tomorrow", own.server("127.0.0.1", day, 2 * day), trusting.clone(), Some("not valid yet")),
        (
            "one for another host",
            own.server("shop.example", -day, day),
            trusting.clone(),
            Some("another host"),
        ),
        (
            "one of a stranger",
            Authority::new("a stranger").server("127.0.0.1", -day, day),
            trusting,
            Some("does not know"),
        ),
    ];
    for (case, config, transport, refusal) in cases {
        let double = Double::tls(config, |_| json(201, &accepted()));
        let placed = place(&client_with(&format!("https://{}", double.address), transport));
        match refusal {
            None => assert!(placed.is_ok(), "{case}: {placed:?}"),
            Some(text) => {
                let error = placed.expect_err(case);
                assert_eq!((error.outcome(), error.code()), (Outcome::NotSent, "tls"), "{case}: {error}");
                assert!(error.details().reason.contains(text), "{case}: {error}");
                assert!(double.seen().is_empty(), "{case}");
            }
        }
    }
}

#[test]
fn a_port_that_does_not_speak_tls_was_sent_nothing() {
    let double = Double::connections(|mut connection| async move {
        connection.send(b"220 mail.example ESMTP\r\n").await;
        connection.head().await;
    });
    let error = place(&client(&format!("https://{}", double.address))).unwrap_err();
    assert_eq!((error.outcome(), error.code()), (Outcome::NotSent, "tls"), "{error}");
}

#[test]
fn a_proxy_is_used_with_its_password_and_passed_by_where_it_should_be() {
    let gateway = Double::answering(|_| json(201, &accepted()));
    let proxy = Double::answering(|seen| match seen.header("proxy-authorization") {
        Some("Basic cGVyc29uOmNhbmFyeS1wcm94eQ==") => json(201, &accepted()),
        _ => answer(407, "text/html", b"<html>who are you?</html>"),
    });
    let through = |password: &str, bypass: &[&str]| TransportConfig {
        proxy: Some(ProxyConfig {
            url: format!("http://{}", proxy.address),
            user: Some("person".into()),
            password: Some(Secret::new(password.into())),
            bypass: bypass.iter().map(|host| host.to_string()).collect(),
        }),
        ..Default::default()
    };
    place(&client_with(&gateway.url(), through("canary-proxy", &[]))).unwrap();
    assert_eq!((proxy.seen().len(), gateway.seen().len()), (1, 0));
    assert!(proxy.seen()[0].line().starts_with("POST http://127.0.0.1"), "{:?}", proxy.seen()[0].line());

    let error = place(&client_with(&gateway.url(), through("wrong", &[]))).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "who answered 407, and after what, nobody knows: {error}");
    assert_eq!((proxy.seen().len(), gateway.seen().len()), (2, 0));

    place(&client_with(&gateway.url(), through("canary-proxy", &["127.0.0.1"]))).unwrap();
    assert_eq!((proxy.seen().len(), gateway.seen().len()), (2, 1));

    // To an https gateway a tunnel is asked for first; without it nothing of the order has left.
    let error = place(&client_with("https://gateway.invalid", through("wrong", &[]))).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    assert_eq!(proxy.seen().last().unwrap().line(), "CONNECT gateway.invalid:443");
    assert_eq!(proxy.seen().last().unwrap().header("authorization"), None);
}

#[test]
fn guard_https_only_plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    let config = CysendConfig {
        credentials: credentials(),
        base_url: Some("http://www.cysend.com/openapi".into()),
        ..CysendConfig::default()
    };
    let error = CysendClient::new(config).err().unwrap();
    assert_eq!((error.outcome(), error.code()), (Outcome::Local, "invalid_argument"));
    assert_eq!(error.details().field.as_deref(), Some("base_url"));
}

#[test]
fn every_call_says_who_calls_and_which_call_it_is() {
    let double = Double::answering(|_| json(404, OWN_ERROR));
    let limits = TransportConfig { user_agent_suffix: Some("my-till/2.1".into()), ..Default::default() };
    let query = CysendOrderQuery { uid: None, user_uid: Some("till_1".into()) };
    let error = block_on(client_with(&double.url(), limits).get_order(query)).unwrap_err();
    let seen = &double.seen()[0];
    assert_eq!(seen.line(), "GET /openapi/store/order?user_uid=till_1");
    let agent = seen.header("user-agent").unwrap();
    assert!(agent.starts_with("tillgate/") && agent.ends_with(" my-till/2.1"), "{agent}");
    assert_eq!(seen.header("x-correlation-id"), error.details().request_id.as_deref());
    assert_eq!(error.details().request_id.as_ref().map(String::len), Some(24));
}

#[test]
fn a_pace_is_kept_without_losing_a_call() {
    let double = Double::answering(|_| json(200, r#"{"balance":1,"currency":"CHF"}"#));
    let limits = TransportConfig {
        rate_limit_per_second: Some(200),
        rate_limit_burst: Some(2),
        calls_in_flight_max: Some(2),
        ..Default::default()
    };
    let client = client_with(&double.url(), limits);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || block_on(client.balance()))
        })
        .collect();
    for call in calls {
        call.join().unwrap().unwrap();
    }
    assert_eq!(double.seen().len(), 8);
}

#[test]
fn a_password_that_cannot_be_sent_is_refused_without_being_shown() {
    for (user, password) in [("till", ""), ("", PASSWORD), ("a:b", PASSWORD)] {
        let credentials = tillgate::CysendCredentials {
            user: Some(user.into()),
            password: Some(Secret::new(password.into())),
            token: None,
        };
        let error = CysendClient::new(CysendConfig { credentials, ..CysendConfig::default() }).err().unwrap();
        assert!(matches!(error, TillgateError::InvalidArgument { .. }));
        assert!(!error.to_string().contains(PASSWORD));
    }
}

/// An authority of the tests' own.
pub struct Authority {
    certificate: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().unwrap();
        Self { certificate: rcgen::CertifiedIssuer::self_signed(parameters, key).unwrap() }
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A server with a certificate for this host, valid between these moments, in seconds from now.
    pub fn server(&self, host: &str, from_s: i64, to_s: i64) -> Arc<tokio_rustls::rustls::ServerConfig> {
        let mut parameters = rcgen::CertificateParams::new(vec![host.to_string()]).unwrap();
        let now = jiff::Timestamp::now().as_second();
        let moment = |seconds: i64| {
            rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs((now + seconds) as u64)
        };
        parameters.not_before = moment(from_s);
        parameters.not_after = moment(to_s);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.certificate).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                tokio_rustls::rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        Arc::new(config)
    }
}
