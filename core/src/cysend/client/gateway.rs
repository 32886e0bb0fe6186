//! The gateway as seen from here: its address, our credentials, and how its answers become records.

use super::server::{self, CysendServer};
use super::{CysendConfig, CysendCredentials};
use crate::clock::Clock;
use crate::cysend::operations;
use crate::cysend::wire;
use crate::error::{Result, TillgateError};
use crate::runtime;
use crate::secret::Secret;
use crate::transport::{self, Answer, OperationKind, Request, Sent, Transport, secret_header};
use base64::Engine;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, RwLock};

/// The statuses by which the gateway says no, each with its own error body (chapter 10 of its description, and the
/// answers of `createOrder`).
pub(super) const REFUSALS: [u16; 4] = [400, 401, 402, 404];

/// A larger answer is decoded apart, so that orders under way need not wait for a catalogue.
const DECODED_APART_BYTES: usize = 256 << 10;

/// One account at the gateway.
pub(crate) struct Gateway {
    transport: Transport,
    identity: Arc<Identity>,
}

/// Who we are. Clients for several servers of the gateway share it, so that a rotated secret counts for all of them.
struct Identity {
    principal: Principal,
    proof: RwLock<(HeaderName, HeaderValue)>,
}

/// A way of authentication that an operation insists on.
#[derive(Clone, Copy)]
pub(super) enum Proof {
    Basic,
    Token,
}

enum Principal {
    User(String),
    /// A token, and the customer that it belongs to, if that was said.
    Token(Option<String>),
}

impl Gateway {
    pub(super) fn new(config: CysendConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let address = server::address(config.base_url, config.server)?;
        let (principal, secret) = principal(&config.credentials)?;
        let proof = RwLock::new(principal.proof(&secret)?);
        Ok(Self {
            transport: Transport::new(&address, &config.transport.unwrap_or_default(), clock)?,
            identity: Arc::new(Identity { principal, proof }),
        })
    }

    /// The same account at another server of the gateway.
    pub(super) fn with_server(&self, server: &CysendServer) -> Result<Self> {
        let last = server::last_segments(self.transport.base(), server)?;
        Ok(Self { transport: self.transport.to_sibling(last)?, identity: self.identity.clone() })
    }

    /// The address of the service: a part of the account's name.
    pub(crate) fn address(&self) -> &str {
        self.transport.base().as_str()
    }

    /// Who we are: a part of the account's name. A token does not say it; whoever gives one has to.
    pub(crate) fn principal(&self) -> Option<&str> {
        match &self.identity.principal {
            Principal::User(user) => Some(user),
            Principal::Token(customer) => customer.as_deref(),
        }
    }

    pub(crate) fn rotate_secret(&self, secret: &Secret) -> Result<()> {
        let proof = self.identity.principal.proof(secret)?;
        *self.identity.proof.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = proof;
        Ok(())
    }

    pub(crate) async fn close(&self) -> Result<()> {
        self.transport.close().await;
        Ok(())
    }

    /// Refuses a call for which the gateway takes the other way of authentication only, before anything is sent.
    pub(super) fn must_be(&self, wanted: Proof) -> Result<()> {
        let (why, fits) = match (wanted, &self.identity.principal) {
            (Proof::Basic, principal) => {
                let why =
                    "The gateway takes this call with a user and password only, and this client has a token.";
                (why, matches!(principal, Principal::User(_)))
            }
            (Proof::Token, principal) => {
                let why =
                    "The gateway takes this call with a token only, and this client has a user and password.";
                (why, matches!(principal, Principal::Token(_)))
            }
        };
        if fits { Ok(()) } else { Err(TillgateError::invalid_argument("credentials", why)) }
    }

    /// Sends a call with our credentials, where the operation asks for them.
    pub(super) async fn send(&self, mut request: Request) -> Sent {
        if !operations::is_open(request.operation) {
            let (name, value) = self.identity.shown();
            request.headers.insert(name, value);
        }
        self.transport.send(request).await
    }

    /// A call whose answer is one record.
    pub(super) async fn fetch<T: DeserializeOwned + Send + 'static>(&self, request: Request) -> Result<T> {
        let kind = request.kind;
        let answer = successful(self.send(request).await, kind)?;
        decoded(answer, kind).await
    }

    /// A call whose answer may be empty: 204 says that a search found nothing.
    pub(super) async fn fetch_or_default<T>(&self, request: Request) -> Result<T>
    where
        T: DeserializeOwned + Default + Send + 'static,
    {
        let kind = request.kind;
        let answer = successful(self.send(request).await, kind)?;
        if answer.status == 204 {
            return Ok(T::default());
        }
        decoded(answer, kind).await
    }
}

impl Identity {
    /// The present proof of who we are.
    fn shown(&self) -> (HeaderName, HeaderValue) {
        self.proof.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }
}

/// The answer, if it says yes.
pub(super) fn successful(sent: Sent, kind: OperationKind) -> Result<Answer> {
    match sent {
        Sent::Answered(answer) if (200..300).contains(&answer.status) => Ok(answer),
        Sent::Answered(answer) => {
            let words = wire::gateway_words(&answer);
            Err(transport::refused(&answer, kind, words, &REFUSALS))
        }
        Sent::NotSent(error) | Sent::Lost(error) => Err(error),
    }
}

/// The records of an answer.
pub(super) async fn decoded<T: DeserializeOwned + Send + 'static>(
    answer: Answer,
    kind: OperationKind,
) -> Result<T> {
    let apart = answer.body.len() > DECODED_APART_BYTES;
    // Behind a pointer, so that the reading of a record is not compiled for each of the two ways.
    let decode: Box<dyn FnOnce() -> Result<T> + Send> =
        Box::new(move || wire::decode(&answer.body).map_err(|why| transport::unreadable(&answer, kind, why)));
    if apart { runtime::blocking(decode).await } else { decode() }
}

/// A body.
pub(super) fn json(body: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(body)
        .map_err(|error| TillgateError::internal(format!("A request could not be written: {error}.")))
}

fn principal(credentials: &CysendCredentials) -> Result<(Principal, Arc<Secret>)> {
    let wrong = |why: &str| Err(TillgateError::invalid_argument("credentials", why));
    match (&credentials.user, &credentials.password, &credentials.token) {
        (Some(user), Some(password), None) => {
            // The first colon ends the user (RFC 7617, section 2).
            if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
                return wrong("The user must not be empty, and has no colon and no control characters.");
            }
            Ok((Principal::User(user.clone()), password.clone()))
        }
        (customer, None, Some(token)) => Ok((Principal::Token(customer.clone()), token.clone())),
        _ => wrong("Give either user and password, or token."),
    }
}

impl Principal {
    /// The header that shows who we are.
    fn proof(&self, secret: &Secret) -> Result<(HeaderName, HeaderValue)> {
        if secret.as_str().is_empty() {
            return Err(TillgateError::invalid_argument("credentials", "The password or token is empty."));
        }
        match self {
            Self::User(user) => {
                let text = zeroize::Zeroizing::new(format!("{user}:{}", secret.as_str()));
                let encoded = base64::engine::general_purpose::STANDARD.encode(text.as_bytes());
                Ok((AUTHORIZATION, secret_header(&format!("Basic {encoded}"))?))
            }
            Self::Token(_) => Ok((HeaderName::from_static("api-token"), secret_header(secret.as_str())?)),
        }
    }
}
