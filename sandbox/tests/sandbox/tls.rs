//! TLS with good and bad certificates.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tillgate_sandbox::{SandboxConfig, TlsMode};

use crate::client::{Answer, BASE, Shop, basic, connect, exchange, read_answer, request_bytes, still};

fn shop_with(mode: TlsMode) -> Shop {
    Shop::with(SandboxConfig { tls: Some(mode), ..still() })
}

/// Asks for the balance; the error is the one of the handshake.
fn ask(shop: &Shop, name: &'static str) -> Result<Answer, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(shop.sandbox.authority_pem().unwrap().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connection =
        ClientConnection::new(Arc::new(config), ServerName::try_from(name).unwrap()).unwrap();
    let mut socket = TcpStream::connect(shop.sandbox.address()).unwrap();
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut socket) {
            return Err(error.downcast::<rustls::Error>().unwrap());
        }
    }
    let mut stream = StreamOwned::new(connection, socket);
    let target = format!("{BASE}/customer/balance");
    stream.write_all(&request_bytes("GET", &target, &basic("till", "secret"), b"")).unwrap();
    Ok(read_answer(&mut stream).unwrap())
}

#[test]
fn a_good_certificate_is_good_for_each_of_its_names() {
    let shop = shop_with(TlsMode::Good);
    assert!(shop.sandbox.url().starts_with("https://127.0.0.1:"));
    for name in ["127.0.0.1", "localhost"] {
        assert_eq!(ask(&shop, name).unwrap().status, 200);
    }
}

#[test]
fn bad_certificates_are_bad_in_the_way_asked_for() {
    let expired = ask(&shop_with(TlsMode::Expired), "127.0.0.1").unwrap_err().to_string();
    assert!(expired.contains("expired"), "{expired}");
    let wrong_host = ask(&shop_with(TlsMode::WrongHost), "127.0.0.1").unwrap_err().to_string();
    assert!(wrong_host.contains("not valid for name"), "{wrong_host}");
}

#[test]
fn with_tls_the_gateway_does_not_answer_plainly_but_the_control_does() {
    let shop = shop_with(TlsMode::Expired);
    assert!(shop.try_ask("GET", "/customer/balance", "").is_err());
    let bytes = request_bytes("GET", "/_sandbox/balance", "", b"");
    assert_eq!(exchange(&mut connect(shop.sandbox.address()), &bytes).unwrap().status, 200);
}
