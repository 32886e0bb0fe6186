//! How a receiver is configured, and its bounds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsAcceptor;

use super::{path, tls};
use crate::transport::{BaseUrl, Pace, in_range};
use crate::{Result, Secret, TillgateError};

const ADDRESS: &str = "127.0.0.1:0";

/// How callbacks are received. Everything has a default, which is for trying out on one machine; for a gateway to reach
/// it, give `address`, `path` and either `public_url` or the TLS files.
#[derive(Clone, Default, PartialEq, derive_more::Debug, uniffi::Record)]
pub struct CallbackReceiverConfig {
    /// Where to listen, as `host:port`; port 0 takes a free one. Default `127.0.0.1:0`. Addresses that other machines reach
    /// need TLS here, or a proxy that does it and whose address is `public_url`: callbacks carry voucher codes.
    #[uniffi(default = None)]
    pub address: Option<String>,
    /// The path to listen on, as made by `new_callback_path`: a slash, and one part of at least 22 random characters of
    /// `A-Z a-z 0-9 - _`; at most 256 characters. Callbacks are not signed, so that this path is what keeps strangers out.
    /// Default: a new one each time, under which orders of an earlier start are not heard of.
    #[uniffi(default = None)]
    pub path: Option<Arc<Secret>>,
    /// The address by which the gateway reaches this receiver, without the path: an https address, of the proxy where there is
    /// one. A path in it may be passed on or cut off by the proxy. Default: the address listened on.
    #[uniffi(default = None)]
    #[debug("{:?}", public_url.as_deref().map(crate::shown::address))]
    pub public_url: Option<String>,
    /// The account that the callbacks are for, by the name under which it was attached. May be left out while there is only
    /// one. Several accounts need a receiver each.
    #[uniffi(default = None)]
    pub account: Option<String>,
    /// The certificate for TLS and those between it and the authority, as the text of a PEM file. Default: no TLS here.
    #[uniffi(default = None)]
    pub tls_certificate_pem: Option<String>,
    /// The certificate's private key, as the text of a PEM file (PKCS #8, PKCS #1 or SEC 1, not encrypted).
    #[uniffi(default = None)]
    pub tls_key_pem: Option<Arc<Secret>>,
    /// The largest body that is read, in bytes. Default 262144 (256 KiB), which holds many orders; 1024 to 1048576.
    #[uniffi(default = None)]
    pub body_size_max_bytes: Option<u32>,
    /// The longest time from the connection to the end of the request, in milliseconds. Default 10000; 1 to 600000.
    #[uniffi(default = None)]
    pub request_timeout_ms: Option<u32>,
    /// How many connections may be open at once; more wait for their turn in the system's queue. Each takes at most 16 KiB and
    /// its body in memory. Default 128; 1 to 4096.
    #[uniffi(default = None)]
    pub connections_max: Option<u32>,
    /// How many callbacks are taken in per second; more are answered with 429, and come again. Default 100; 1 to 100000.
    #[uniffi(default = None)]
    pub requests_per_second_max: Option<u32>,
    /// How many callbacks may come at once after a quiet time. Default: twice `requests_per_second_max`; 1 to 200000.
    #[uniffi(default = None)]
    pub requests_burst_max: Option<u32>,
}

/// The configuration, checked, with the defaults filled in.
pub(super) struct Settings {
    pub(super) address: String,
    pub(super) path: Arc<Secret>,
    public_url: Option<BaseUrl>,
    pub(super) account: Option<String>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) body_size_max_bytes: usize,
    pub(super) request_timeout: Duration,
    pub(super) connections_max: u32,
    pub(super) pace: Pace,
}

impl Settings {
    pub(super) fn checked(config: CallbackReceiverConfig) -> Result<Self> {
        let path = config.path.unwrap_or_else(path::new_callback_path);
        path::check(path.as_str())?;
        let per_second =
            in_range("requests_per_second_max", config.requests_per_second_max.unwrap_or(100), 1..=100_000)?;
        let burst = config.requests_burst_max.unwrap_or(2 * per_second);
        let timeout_ms =
            in_range("request_timeout_ms", config.request_timeout_ms.unwrap_or(10_000), 1..=600_000)?;
        let body_size_max_bytes =
            in_range("body_size_max_bytes", config.body_size_max_bytes.unwrap_or(256 << 10), 1024..=1 << 20)?;
        Ok(Self {
            address: config.address.unwrap_or_else(|| ADDRESS.to_string()),
            path,
            public_url: config.public_url.as_deref().map(public_url).transpose()?,
            account: config.account,
            tls: tls::acceptor(config.tls_certificate_pem.as_deref(), config.tls_key_pem.as_deref())?,
            body_size_max_bytes: body_size_max_bytes as usize,
            request_timeout: Duration::from_millis(timeout_ms.into()),
            connections_max: in_range("connections_max", config.connections_max.unwrap_or(128), 1..=4096)?,
            pace: Pace::new(per_second, in_range("requests_burst_max", burst, 1..=200_000)?),
        })
    }

    /// Whether this address may be listened on, as things are configured.
    pub(super) fn check_address(&self, address: SocketAddr) -> Result<()> {
        // A proxy that is reached without TLS is one for trying out, on this machine.
        let proxy_has_tls = self.public_url.as_ref().is_some_and(BaseUrl::is_https);
        if proxy_has_tls || address.ip().is_loopback() {
            return Ok(());
        }
        if self.tls.is_none() {
            return Err(TillgateError::invalid_argument(
                "address",
                format!(
                    "{address} is reached by other machines, and callbacks carry voucher codes: give tls_certificate_pem and tls_key_pem, or the public_url of the proxy that does TLS."
                ),
            ));
        }
        if address.ip().is_unspecified() {
            return Err(TillgateError::invalid_argument(
                "public_url",
                format!(
                    "{address} is no address that a gateway can call: say by which it reaches this receiver."
                ),
            ));
        }
        Ok(())
    }

    /// Where the gateway is to post callbacks to, when this address is listened on.
    pub(super) fn callback_url(&self, address: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let own = || format!("{scheme}://{address}");
        let base = self.public_url.as_ref().map_or_else(own, |url| url.as_str().to_string());
        format!("{base}{}", self.path.as_str())
    }

    /// The paths by which a callback may arrive: a proxy passes its own path on, or cuts it off.
    pub(super) fn paths(&self) -> Result<path::Paths> {
        let own = self.path.as_str();
        let prefix = self.public_url.as_ref().map_or("", BaseUrl::path);
        let whole = format!("{prefix}{own}");
        path::Paths::new(&[own, &whole])
    }
}

fn public_url(text: &str) -> Result<BaseUrl> {
    BaseUrl::checked(text).map_err(|mut error| {
        error.details_mut().field = Some("public_url".to_string());
        error
    })
}
