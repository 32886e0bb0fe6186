//! TLS by the text of PEM files.

use super::caller::talk;
use super::*;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

fn certificate() -> (String, Arc<Secret>, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["till.example".to_string()]).unwrap();
    (made.cert.pem(), Secret::new(made.signing_key.serialize_pem()), made.cert.der().clone())
}

#[test]
fn callbacks_are_received_over_tls() {
    run(async {
        let (pem, key, trusted) = certificate();
        let config = CallbackReceiverConfig {
            tls_certificate_pem: Some(pem),
            tls_key_pem: Some(key),
            public_url: Some("https://till.example:8443".into()),
            ..config()
        };
        let shop = World::new(with_look_up()).await;
        shop.till.buy(order("a1")).await.unwrap();
        let clock = ManualClock::new(noon());
        let receiver = shop.till.receive_callbacks_with_clock(config, Arc::new(clock.clone())).await.unwrap();
        assert_eq!(receiver.callback_url(), format!("https://till.example:8443{PATH}"));
        let caller = Caller::to(&format!("https://{}", receiver.status().await.unwrap().address));
        assert_eq!(talk_tls(&caller, trusted, post(PATH, "hint:a1")).await, 200);
        shop.soon("the look-up", || shop.gateway.calls("look_up a1") == 1).await;
        // Plain HTTP is no handshake, and neither is silence.
        assert_ne!(caller.send(post(PATH, "hint:a1")).await.status, 200);
        let silent = caller.connect().await.unwrap().finish(b"");
        counted(&receiver, "the silent one", |s| s.connections == 3 && s.connections_open == 1).await;
        clock.advance(std::time::Duration::from_secs(10));
        assert_eq!(silent.await.unwrap().status, 0);
        let status = counted(&receiver, "the end of all", |s| s.connections_open == 0).await;
        assert_eq!((status.handled, status.broken_off, status.too_slow), (1, 1, 1));
        assert_complete(&status);
    });
}

async fn talk_tls(caller: &Caller, trusted: CertificateDer<'static>, bytes: Vec<u8>) -> u16 {
    let mut roots = RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = caller.address;
    let answer = crate::double::spawn(async move {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(ServerName::try_from("till.example").unwrap(), stream).await.unwrap();
        talk(stream, &bytes).await
    });
    answer.await.unwrap().status
}

#[test]
fn a_certificate_and_a_key_that_do_not_belong_together_are_refused_without_a_word_of_the_key() {
    run(async {
        let world = World::new(with_look_up()).await;
        let ((pem, key, _), (_, other, _)) = (certificate(), certificate());
        let line = key.as_str().lines().nth(1).unwrap().to_string();
        let cases = [
            ("tls_certificate_pem", pem.clone(), other),
            ("tls_certificate_pem", "no PEM".to_string(), key.clone()),
            ("tls_certificate_pem", pem.replace("-----END", "----"), key.clone()),
            ("tls_key_pem", pem.clone(), Secret::new("no PEM".into())),
            ("tls_key_pem", pem.clone(), Secret::new(key.as_str().replace("-----END", "-----BEGIN"))),
            ("tls_key_pem", pem.clone(), Secret::new(line.clone())),
        ];
        for (field, certificate, key) in cases {
            let config = CallbackReceiverConfig {
                tls_certificate_pem: Some(certificate),
                tls_key_pem: Some(key),
                ..config()
            };
            let error = world.till.receive_callbacks(config).await.err().expect(field);
            assert_eq!(error.details().field.as_deref(), Some(field), "{error}");
            assert!(!format!("{error} {error:?}").contains(&line), "{error}");
        }
    });
}
