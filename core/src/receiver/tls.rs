//! Our own certificate.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::{Result, Secret, TillgateError};

/// What speaks TLS with these, or nothing when none are given.
pub(super) fn acceptor(
    certificate_pem: Option<&str>,
    key_pem: Option<&Secret>,
) -> Result<Option<TlsAcceptor>> {
    let (certificate, key) = match (certificate_pem, key_pem) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(_), None) => return Err(wrong_key("A certificate needs its private key.")),
        (None, Some(_)) => return Err(wrong_certificate("A private key needs its certificate.")),
    };
    let chain: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
    let chain = chain.map_err(|_| wrong_certificate("It is not the text of a PEM file."))?;
    if chain.is_empty() {
        return Err(wrong_certificate("There is no certificate in it."));
    }
    // What the parser would say of the key may hold a line of it.
    let key = PrivateKeyDer::from_pem_slice(key.as_str().as_bytes()).map_err(|_| {
        wrong_key("There is no private key in it that can be read: PEM with PKCS #8, PKCS #1 or SEC 1, not encrypted.")
    })?;
    // Our own instance: a provider that the host, or another library in it, made the default is left alone.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong_certificate(&format!("It cannot be used with this key: {error}.")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn wrong_certificate(why: &str) -> TillgateError {
    TillgateError::invalid_argument("tls_certificate_pem", why)
}

fn wrong_key(why: &str) -> TillgateError {
    TillgateError::invalid_argument("tls_key_pem", why)
}
