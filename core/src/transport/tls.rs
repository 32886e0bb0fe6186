//! Whom we trust, and by which cryptography.

use crate::error::{Result, TillgateError};
#[cfg(feature = "testing")]
use crate::testing::{Guard, guard};
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

/// The authorities that vouch for a gateway.
pub(super) struct Roots {
    provider: Arc<CryptoProvider>,
    verifier: Option<Arc<dyn ServerCertVerifier>>,
}

impl Roots {
    /// The system's, and these besides.
    pub(super) fn load(extra_pem: Option<&str>) -> Result<Self> {
        // Our own instance: a provider that the host, or another library in it, made the default is left alone.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let extra = extra_pem.map_or(Ok(Vec::new()), certificates)?;
        let given = !extra.is_empty();
        let verifier = verifier(extra, provider.clone());
        // A machine without any authorities can still reach itself by plain HTTP; a handshake will say what is missing.
        let verifier = match verifier {
            Ok(verifier) => Some(verifier),
            Err(error) if given => return Err(wrong(&error.to_string())),
            Err(_) => None,
        };
        #[cfg(feature = "testing")]
        if !guard(Guard::CertificateChecked) {
            let anybody: Arc<dyn ServerCertVerifier> = Arc::new(super::anybody::Anybody(provider.clone()));
            return Ok(Self { provider, verifier: Some(anybody) });
        }
        Ok(Self { provider, verifier })
    }

    /// A configuration that offers HTTP/1.1: money calls must not share a connection, and for reads HTTP/2 was not worth its
    /// size (docs/adr/0008).
    pub(super) fn config(&self) -> ClientConfig {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring supports TLS 1.2 and 1.3");
        let mut config = match &self.verifier {
            Some(verifier) => {
                // "Dangerous" is the road to any verifier but the built-in one; this one is the system's.
                builder.dangerous().with_custom_certificate_verifier(verifier.clone()).with_no_client_auth()
            }
            None => builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let certificates = certificates.map_err(|error| wrong(&error.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong("there is none in it"));
    }
    Ok(certificates)
}

#[cfg(any(all(unix, not(target_os = "android")), target_os = "windows"))]
fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> std::result::Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    Ok(Arc::new(Verifier::new_with_extra_roots(extra, provider)?))
}

/// Android's verifier takes no authorities but the system's and the app's own (network security configuration).
#[cfg(not(any(all(unix, not(target_os = "android")), target_os = "windows")))]
fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> std::result::Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    if !extra.is_empty() {
        return Err(rustls::Error::General(
            "this system takes them from the app's network security configuration".into(),
        ));
    }
    Ok(Arc::new(Verifier::new(provider)?))
}

fn wrong(why: &str) -> TillgateError {
    TillgateError::invalid_argument(
        "transport.extra_ca_pem",
        format!("The certificates cannot be used: {why}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_certificate_is_refused_at_once() {
        for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = Roots::load(Some(text)).err().expect(text);
            assert_eq!(error.details().field.as_deref(), Some("transport.extra_ca_pem"));
        }
    }

    #[test]
    fn a_provider_of_the_host_is_left_alone() {
        // Twice, and with a default already there: neither panics nor replaces it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        assert!(Roots::load(None).is_ok());
        assert!(Roots::load(None).is_ok());
    }
}
