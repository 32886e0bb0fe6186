//! What a host may configure, its bounds, and the addresses that are allowed.

use super::limits::Pace;
use crate::error::{Result, TillgateError};
use crate::secret::Secret;
use crate::testing::{Guard, guard};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// How requests travel. Everything has a default.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct TransportConfig {
    /// The longest time to open a connection, with its TLS handshake, in milliseconds. Default 10000; 1 to 600000.
    #[uniffi(default = None)]
    pub connect_timeout_ms: Option<u32>,
    /// The longest silence while an answer is awaited or read, in milliseconds. Default 30000; 1 to 600000.
    #[uniffi(default = None)]
    pub read_timeout_ms: Option<u32>,
    /// The longest time for a whole call, waiting for its turn and repeats of reads included, in milliseconds. Default 60000;
    /// 1 to 3600000.
    #[uniffi(default = None)]
    pub total_timeout_ms: Option<u32>,
    /// The proxy to go through. Default: the environment's.
    #[uniffi(default = None)]
    pub proxy: Option<ProxyConfig>,
    /// Whether `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (or the system's settings) count when no proxy is given. Default true.
    /// Plain HTTP, which is allowed to this machine only, never goes through them.
    #[uniffi(default = None)]
    pub use_environment_proxy: Option<bool>,
    /// Certificates (PEM) of authorities to trust besides the system's, for a gateway or a proxy of one's own.
    #[uniffi(default = None)]
    pub extra_ca_pem: Option<String>,
    /// How many calls may be under way at once; more wait for their turn. Default 64; 1 to 4096.
    #[uniffi(default = None)]
    pub calls_in_flight_max: Option<u32>,
    /// How many calls may start per second; more wait for their turn. Default: no limit; 1 to 100000.
    #[uniffi(default = None)]
    pub rate_limit_per_second: Option<u32>,
    /// How many calls may start at once after a quiet time, under `rate_limit_per_second`. Default 1; 1 to 100000.
    #[uniffi(default = None)]
    pub rate_limit_burst: Option<u32>,
    /// The largest answer that is read, unpacked, in bytes. Default 67108864 (64 MiB); 1024 to 1073741824.
    #[uniffi(default = None)]
    pub answer_size_max_bytes: Option<u64>,
    /// What the host adds to the User-Agent, such as `my-till/2.1`. Printable ASCII, at most 100 characters.
    #[uniffi(default = None)]
    pub user_agent_suffix: Option<String>,
}

/// A proxy to go through.
#[derive(Clone, derive_more::Debug, uniffi::Record)]
pub struct ProxyConfig {
    /// Its address, `http://host:port` or `https://host:port`, without credentials.
    #[debug("{:?}", crate::shown::address(url))]
    pub url: String,
    /// The user it wants to know (Basic).
    #[uniffi(default = None)]
    pub user: Option<String>,
    /// The user's password.
    #[uniffi(default = None)]
    pub password: Option<Arc<Secret>>,
    /// Hosts that are reached without it: names (with all their subdomains), addresses or networks such as `10.0.0.0/8`.
    #[uniffi(default = [])]
    pub bypass: Vec<String>,
}

/// The configuration, checked, with the defaults filled in.
pub(super) struct Settings {
    connect_timeout: Duration,
    read_timeout: Duration,
    pub(super) total_timeout: Duration,
    proxy: Proxying,
    user_agent: String,
    pub(super) calls_in_flight_max: u32,
    pub(super) pace: Option<Pace>,
    pub(super) answer_size_max_bytes: u64,
}

enum Proxying {
    Environment,
    Direct,
    Through(Box<reqwest::Proxy>),
}

impl Settings {
    pub(super) fn checked(config: &TransportConfig, base: &BaseUrl) -> Result<Self> {
        let milliseconds = |field: &str, value: Option<u32>, default: u32, max: u32| -> Result<Duration> {
            let value = in_range(field, value.unwrap_or(default), 1..=max)?;
            Ok(Duration::from_millis(value.into()))
        };
        Ok(Self {
            connect_timeout: milliseconds(
                "transport.connect_timeout_ms",
                config.connect_timeout_ms,
                10_000,
                600_000,
            )?,
            read_timeout: milliseconds("transport.read_timeout_ms", config.read_timeout_ms, 30_000, 600_000)?,
            total_timeout: milliseconds(
                "transport.total_timeout_ms",
                config.total_timeout_ms,
                60_000,
                3_600_000,
            )?,
            proxy: proxying(config, base)?,
            user_agent: user_agent(config.user_agent_suffix.as_deref())?,
            calls_in_flight_max: in_range(
                "transport.calls_in_flight_max",
                config.calls_in_flight_max.unwrap_or(64),
                1..=4096,
            )?,
            pace: pace(config)?,
            answer_size_max_bytes: in_range(
                "transport.answer_size_max_bytes",
                config.answer_size_max_bytes.unwrap_or(64 << 20),
                1024..=1 << 30,
            )?,
        })
    }

    /// What both pools share.
    pub(super) fn builder(&self) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.read_timeout)
            .referer(false)
            .default_headers(HeaderMap::new());
        match &self.proxy {
            Proxying::Environment => builder,
            Proxying::Direct => builder.no_proxy(),
            // A proxy of one's own also turns the environment's off.
            Proxying::Through(proxy) => builder.no_proxy().proxy((**proxy).clone()),
        }
    }
}

/// A number within its bounds.
pub(crate) fn in_range<N: PartialOrd + Display + Copy>(
    field: &str,
    value: N,
    range: RangeInclusive<N>,
) -> Result<N> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(TillgateError::invalid_argument(
        field,
        format!("{value} is not between {} and {}.", range.start(), range.end()),
    ))
}

fn pace(config: &TransportConfig) -> Result<Option<Pace>> {
    let burst = in_range("transport.rate_limit_burst", config.rate_limit_burst.unwrap_or(1), 1..=100_000)?;
    let Some(per_second) = config.rate_limit_per_second else {
        if config.rate_limit_burst.is_some() {
            return Err(TillgateError::invalid_argument(
                "transport.rate_limit_burst",
                "A burst means nothing without rate_limit_per_second.",
            ));
        }
        return Ok(None);
    };
    let per_second = in_range("transport.rate_limit_per_second", per_second, 1..=100_000)?;
    Ok(Some(Pace::kept_below(per_second, burst)))
}

fn user_agent(suffix: Option<&str>) -> Result<String> {
    let own = format!(
        "tillgate/{} ({}; {})",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let Some(suffix) = suffix else { return Ok(own) };
    if suffix.is_empty() || suffix.len() > 100 || !suffix.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(TillgateError::invalid_argument(
            "transport.user_agent_suffix",
            "It has 1 to 100 characters of printable ASCII.",
        ));
    }
    Ok(format!("{own} {suffix}"))
}

fn proxying(config: &TransportConfig, base: &BaseUrl) -> Result<Proxying> {
    let Some(proxy) = &config.proxy else {
        // A proxy elsewhere would carry the credentials for this very machine over the wire, in the clear.
        let use_environment = config.use_environment_proxy.unwrap_or(true) && base.is_https();
        return Ok(if use_environment { Proxying::Environment } else { Proxying::Direct });
    };
    let wrong = |why: &str| TillgateError::invalid_argument("transport.proxy.url", why);
    let url = Url::parse(&proxy.url).map_err(|error| wrong(&format!("It is not an address: {error}.")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("It must begin with http:// or https:// and name a host."));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("Give the user and the password in their own fields, where they are kept secret."));
    }
    let bypass = proxy.bypass.join(",");
    if proxy.bypass.iter().any(|host| host.is_empty() || host.contains([',', ' '])) {
        return Err(TillgateError::invalid_argument(
            "transport.proxy.bypass",
            "Each entry is one host, address or network.",
        ));
    }
    if !base.is_https() && !is_loopback(&url) && !proxy.bypass.iter().any(|host| host == base.host()) {
        return Err(wrong("Plain HTTP to this machine does not go through a proxy on another one."));
    }
    let mut through = reqwest::Proxy::all(url.as_str()).map_err(|_| wrong("The proxy cannot be used."))?;
    if let Some(user) = &proxy.user {
        through = through.basic_auth(user, proxy.password.as_ref().map_or("", |password| password.as_str()));
    } else if proxy.password.is_some() {
        return Err(TillgateError::invalid_argument("transport.proxy.user", "A password needs its user."));
    }
    Ok(Proxying::Through(Box::new(through.no_proxy(reqwest::NoProxy::from_string(&bypass)))))
}

/// The address that all operations of a gateway are relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    url: Url,
}

impl BaseUrl {
    /// An https address; plain http only to this very machine.
    pub(crate) fn checked(text: &str) -> Result<Self> {
        let wrong = |why: String| TillgateError::invalid_argument("base_url", why);
        let url = Url::parse(text).map_err(|error| wrong(format!("It is not an address: {error}.")))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("It names no host.".into()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("Credentials do not belong into the address.".into()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("It has no query and no fragment.".into()));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) || !guard(Guard::HttpsOnly) => {}
            "http" => {
                return Err(wrong(
                    "Plain http would show the credentials to everyone on the way; it is allowed to this machine only. Use https.".into(),
                ));
            }
            other => return Err(wrong(format!("{other} is not supported; use https."))),
        }
        Ok(Self { url })
    }

    /// The name or address of the gateway's host.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// As text, without a slash at the end: part of the name of an account.
    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The segments of its path; an address ends in a slash or not, and means the same.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.url.path().split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// The same with other segments in the place of the last two.
    pub(super) fn with_last_segments(&self, last: [&str; 2]) -> Result<Self> {
        let mut url = self.url.clone();
        match url.path_segments_mut() {
            Ok(mut path) => drop(path.pop_if_empty().pop().pop().extend(last)),
            Err(()) => return Err(TillgateError::invalid_argument("base_url", "It cannot carry a path.")),
        }
        Ok(Self { url })
    }

    /// Its path, without a slash at the end.
    pub(crate) fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The address of an operation.
    pub(super) fn join(
        &self,
        path: &str,
        parameters: &[(&'static str, String)],
        query: &[(&'static str, String)],
    ) -> Result<Url> {
        let mut url = self.url.clone();
        {
            let Ok(mut segments) = url.path_segments_mut() else {
                return Err(TillgateError::invalid_argument("base_url", "It cannot carry a path."));
            };
            segments.pop_if_empty();
            for segment in path.split('/').filter(|segment| !segment.is_empty()) {
                let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                segments.push(match name {
                    None => segment,
                    Some(name) => path_parameter(name, parameters)?,
                });
            }
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

/// Neither empty nor a step in the tree: `/gift-card//active` and `/gift-card/..` would be other operations.
fn path_parameter<'a>(name: &str, parameters: &'a [(&'static str, String)]) -> Result<&'a str> {
    let value = parameters.iter().find(|(given, _)| *given == name).map_or("", |(_, value)| value.as_str());
    if matches!(value, "" | "." | "..") {
        return Err(TillgateError::invalid_argument(name, "It must not be empty, nor one or two dots."));
    }
    Ok(value)
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// A header value that is never printed.
pub(crate) fn secret_header(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        TillgateError::invalid_argument(
            "credentials",
            "They hold a character that cannot be sent in a header.",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for allowed in
            ["https://shop.example", "http://127.0.0.1:8080", "http://[::1]:1/x", "http://localhost"]
        {
            assert!(BaseUrl::checked(allowed).is_ok(), "{allowed}");
        }
        for refused in [
            "http://shop.example",
            "http://10.0.0.1",
            "http://localhost.example",
            "http://0.0.0.0",
            "ftp://127.0.0.1",
            "https://user@shop.example",
            "https://:secret@shop.example",
            "https://shop.example?a=b",
            "https://",
            "shop.example",
            "",
        ] {
            let error = BaseUrl::checked(refused).expect_err(refused);
            assert_eq!(error.details().field.as_deref(), Some("base_url"), "{refused}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_host_beyond_ascii_is_written_in_punycode() {
        assert_eq!(
            BaseUrl::checked("https://xn--mnchen-3ya.example/shop").unwrap().host(),
            "xn--mnchen-3ya.example"
        );
    }

    #[test]
    fn a_path_parameter_stays_within_its_segment() {
        let base = BaseUrl::checked("https://shop.example/openapi/prod/").unwrap();
        let join = |code: &str| {
            base.join("/gift-card/{code}/active", &[("code", code.to_string())], &[("a", "b&c".into())])
        };
        assert_eq!(
            join("../12 3/?x").unwrap().as_str(),
            "https://shop.example/openapi/prod/gift-card/..%2F12%203%2F%3Fx/active?a=b%26c"
        );
        for step in ["", ".", ".."] {
            assert!(join(step).is_err(), "{step}");
        }
    }

    #[test]
    fn every_bound_is_kept() {
        let base = BaseUrl::checked("https://shop.example").unwrap();
        let refused = |config: TransportConfig| {
            Settings::checked(&config, &base).err().and_then(|error| error.details().field.clone()).unwrap()
        };
        let none = TransportConfig::default;
        assert!(Settings::checked(&none(), &base).is_ok());
        assert_eq!(
            refused(TransportConfig { total_timeout_ms: Some(0), ..none() }),
            "transport.total_timeout_ms"
        );
        assert_eq!(
            refused(TransportConfig { calls_in_flight_max: Some(0), ..none() }),
            "transport.calls_in_flight_max"
        );
        assert_eq!(
            refused(TransportConfig { rate_limit_burst: Some(2), ..none() }),
            "transport.rate_limit_burst"
        );
        assert_eq!(
            refused(TransportConfig { answer_size_max_bytes: Some(1), ..none() }),
            "transport.answer_size_max_bytes"
        );
        assert_eq!(
            refused(TransportConfig { user_agent_suffix: Some("a\nb".into()), ..none() }),
            "transport.user_agent_suffix"
        );
        let proxy = |url: &str| TransportConfig {
            proxy: Some(ProxyConfig { url: url.into(), user: None, password: None, bypass: Vec::new() }),
            ..none()
        };
        assert_eq!(refused(proxy("http://user:canary@proxy.example:3128")), "transport.proxy.url");
        assert_eq!(refused(proxy("socks5://proxy.example")), "transport.proxy.url");
        assert!(Settings::checked(&proxy("http://proxy.example:3128"), &base).is_ok());
        let here = BaseUrl::checked("http://127.0.0.1:1").unwrap();
        assert!(Settings::checked(&proxy("http://proxy.example:3128"), &here).is_err());
    }
}
