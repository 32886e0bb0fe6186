//! The one HTTP stack: what leaves this machine, and what is known afterwards.
//!
//! Two pools of connections. *Reads* may be sent again by this layer. *Money* never is: no redirect, no retry, HTTP/1.1,
//! and idle connections are reused for two seconds only, because a request written to a connection that the gateway has
//! just closed ends as an unknown that nobody wanted. (hyper may move a request to a fresh connection when it never
//! began to write it to the old one: its dispatcher hands the request back untouched. That sends nothing twice.)

#[cfg(feature = "testing")]
mod anybody;
mod attempt;
mod config;
mod echo;
mod failure;
mod limits;
mod request;
mod retry;
mod status;
mod tls;

#[allow(unused_imports, reason = "the other gateways use them too")]
pub(crate) use config::{BaseUrl, in_range, secret_header};
pub use config::{ProxyConfig, TransportConfig};
pub(crate) use echo::veiled;
pub(crate) use limits::Pace;
pub use request::OperationKind;
#[allow(unused_imports, reason = "SOAP has bodies of its own")]
pub(crate) use request::{Answer, Body, Operation, Request, Sent};
pub(crate) use status::{GatewayWords, not_understood, refused, unreadable};

use crate::clock::Clock;
use crate::error::{Result, TillgateError};
use crate::testing::{Guard, guard};
use limits::Limits;
use reqwest::header::HeaderValue;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// Calls to one address of a gateway. Clones and siblings share everything but the address.
#[derive(Clone)]
pub(crate) struct Transport {
    base: BaseUrl,
    stack: Arc<Stack>,
}

/// What calls travel by, wherever they go: the two pools and the limits.
struct Stack {
    reads: reqwest::Client,
    money: reqwest::Client,
    limits: Limits,
    clock: Arc<dyn Clock>,
    total_timeout: Duration,
    answer_size_max_bytes: u64,
}

impl Transport {
    /// A transport to one gateway. Nothing is connected yet.
    pub(crate) fn new(base_url: &str, config: &TransportConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let base = BaseUrl::checked(base_url)?;
        let settings = config::Settings::checked(config, &base)?;
        let tls = tls::Roots::load(config.extra_ca_pem.as_deref())?;
        let reads = settings
            .builder()
            .tls_backend_preconfigured(tls.config())
            .redirect(reqwest::redirect::Policy::none())
            .gzip(true)
            .http1_only();
        let mut money = settings
            .builder()
            .tls_backend_preconfigured(tls.config())
            .redirect(reqwest::redirect::Policy::none())
            .gzip(false)
            .http1_only();
        if guard(Guard::FreshConnections) {
            money = money.pool_idle_timeout(Duration::from_secs(2));
        }
        if !guard(Guard::NoRedirects) {
            money = money.redirect(reqwest::redirect::Policy::limited(3));
        }
        let stack = Stack {
            reads: build(reads)?,
            money: build(money)?,
            limits: Limits::new(settings.calls_in_flight_max, settings.pace),
            clock,
            total_timeout: settings.total_timeout,
            answer_size_max_bytes: settings.answer_size_max_bytes,
        };
        Ok(Self { base, stack: Arc::new(stack) })
    }

    /// The same transport to an address that differs in the last two segments of its path.
    pub(crate) fn to_sibling(&self, last: [&str; 2]) -> Result<Self> {
        Ok(Self { base: self.base.with_last_segments(last)?, stack: self.stack.clone() })
    }

    /// Where it goes.
    pub(crate) fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Carries out one call, and tells what is known of it afterwards.
    pub(crate) async fn send(&self, request: Request) -> Sent {
        let stack = &*self.stack;
        let now = stack.clock.elapsed();
        let deadline =
            now + request.finish_within.map_or(stack.total_timeout, |time| time.min(stack.total_timeout));
        let call = attempt::Call {
            deadline,
            start_by: request.start_within.map_or(deadline, |time| (now + time).min(deadline)),
            request_id: request_id(),
            url: match self.base.join(request.operation.path, &request.path_parameters, &request.query) {
                Ok(url) => url,
                Err(error) => return Sent::NotSent(error),
            },
            request,
        };
        // The path as the table of operations has it: parameters may be secrets (a gift card's code), queries too.
        let span = tracing::debug_span!(
            target: "tillgate",
            "call",
            operation = call.request.operation.name,
            method = %call.request.operation.method,
            host = self.base.host(),
            path = call.request.operation.path,
            request_id = call.request_id,
        );
        async {
            let mut sent = retry::send(stack, &call).await;
            match &mut sent {
                Sent::Answered(answer) => {
                    echo::veil(answer, &call.request);
                    tracing::debug!(target: "tillgate", status = answer.status, bytes = answer.body.len(), "answered");
                }
                Sent::NotSent(error) => {
                    tracing::warn!(target: "tillgate", code = error.code(), reason = error.details().reason, "not sent");
                }
                Sent::Lost(error) => {
                    tracing::warn!(target: "tillgate", code = error.code(), reason = error.details().reason, "no answer");
                }
            }
            sent
        }
        .instrument(span)
        .await
    }

    /// Takes no more calls, and waits for those that are on their way. They end at their deadlines at the latest.
    pub(crate) async fn close(&self) {
        self.stack.limits.close().await;
    }
}

impl Stack {
    fn client(&self, kind: OperationKind) -> &reqwest::Client {
        match kind {
            OperationKind::Read | OperationKind::ReadThatCosts => &self.reads,
            // What changes anything at the gateway keeps the rules of money: none of it may happen twice by our doing.
            _ => &self.money,
        }
    }
}

/// The header that carries the id of a call.
const REQUEST_ID: &str = "x-correlation-id";

fn request_id() -> String {
    let mut bytes = [0; 12];
    if ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).is_err() {
        return String::from("none");
    }
    crate::orders::ids::hex(&bytes)
}

fn id_header(request_id: &str) -> HeaderValue {
    HeaderValue::from_str(request_id).unwrap_or(HeaderValue::from_static("none"))
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    // What is sent again is decided here, not there.
    builder.retry(reqwest::retry::never()).build().map_err(|error| {
        TillgateError::invalid_argument(
            "transport",
            format!("The HTTP client cannot be made: {}.", failure::chain(&error)),
        )
    })
}
