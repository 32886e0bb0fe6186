//! TLS with an authority of the sandbox's own, and certificates that are good or bad on purpose.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// What the sandbox's certificate is like. The authority behind it is new at each start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Valid for `127.0.0.1`, `::1` and `localhost`.
    Good,
    /// Valid until the end of 2001.
    Expired,
    /// Valid for another host.
    WrongHost,
}

pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) authority_pem: String,
}

pub(crate) fn prepare(mode: TlsMode) -> Result<Tls, String> {
    let made = |error: rcgen::Error| format!("the certificate could not be made: {error}");
    let mut authority = CertificateParams::new(Vec::new()).map_err(made)?;
    authority.distinguished_name.push(DnType::CommonName, "tillgate sandbox authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().map_err(made)?).map_err(made)?;

    let names: &[&str] = match mode {
        TlsMode::Good | TlsMode::Expired => &["localhost", "127.0.0.1", "::1"],
        TlsMode::WrongHost => &["elsewhere.invalid"],
    };
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut server = CertificateParams::new(names).map_err(made)?;
    server.distinguished_name.push(DnType::CommonName, "tillgate sandbox");
    server.insert_extended_key_usage(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    (server.not_before, server.not_after) = match mode {
        TlsMode::Expired => (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 12, 31)),
        TlsMode::Good | TlsMode::WrongHost => (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1)),
    };
    let key = KeyPair::generate().map_err(made)?;
    let certificate = server.signed_by(&key, &authority).map_err(made)?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), authority_pem: authority.pem() })
}
