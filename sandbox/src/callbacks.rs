//! Callbacks: posted to the customer's address until it answers 200, and forged ones on request.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use url::{Host, Url};

use crate::faults::FaultKind;
use crate::mangle::mangle;
use crate::orders;
use crate::shared::Shared;
use crate::state::{Event, State};

/// Older records are forgotten beyond this number.
const RECORDS_KEPT_MAX: usize = 10_000;
/// Real time that one delivery may take.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// Repeats are no further apart than this, in sandbox time.
const RETRY_MS_MAX: u64 = 6 * 3_600_000;
/// A huge forgery is no larger than this.
const HUGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One try to deliver a callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackRecord {
    /// Which callback; its repeats have the same number.
    pub id: u64,
    /// Where it went.
    pub url: String,
    /// The order it speaks of, if it speaks of one.
    pub user_uid: Option<String>,
    /// What was sent; a long body is cut at 64 KiB.
    pub body: String,
    /// 1 for the first try.
    pub attempt: u32,
    /// When it ended, in sandbox time: milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// Why there is no answer.
    pub error: Option<String>,
}

/// A callback that the gateway would not send by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Forgery {
    /// A true order with a status that it does not have.
    Status {
        /// The customer's id of the order.
        user_uid: String,
        /// The claimed status.
        status: String,
    },
    /// An order that nobody placed.
    UnknownIds {
        /// The customer's id that is claimed.
        user_uid: String,
    },
    /// A very long array.
    Huge {
        /// Its size, at most 64 MiB.
        bytes: usize,
    },
    /// A body that is not JSON.
    NotJson {},
    /// Any body at all.
    Raw {
        /// The body.
        body: String,
        /// Its type.
        content_type: String,
    },
}

/// How the callbacks of one order misbehave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallbackHabit {
    pub(crate) copies: u32,
    pub(crate) reordered: bool,
    pub(crate) dropped: bool,
}

impl CallbackHabit {
    pub(crate) fn of(struck: &[FaultKind]) -> CallbackHabit {
        let mut habit = CallbackHabit::default();
        for fault in struck {
            match fault {
                FaultKind::DuplicateCallbacks { copies } => habit.copies += copies,
                FaultKind::ReorderCallbacks {} => habit.reordered = true,
                FaultKind::DropCallbacks {} => habit.dropped = true,
                _ => {}
            }
        }
        habit
    }
}

/// A callback on its way.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) id: u64,
    pub(crate) url: String,
    pub(crate) user_uid: Option<String>,
    pub(crate) content_type: String,
    pub(crate) body: String,
    pub(crate) attempt: u32,
    pub(crate) attempts_max: u32,
}

/// What became of the callbacks so far.
#[derive(Debug, Default)]
pub(crate) struct CallbackLog {
    kept: VecDeque<CallbackRecord>,
    begun: u64,
}

impl CallbackLog {
    pub(crate) fn next_id(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    pub(crate) fn keep(&mut self, record: CallbackRecord) {
        if self.kept.len() == RECORDS_KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(record);
    }

    pub(crate) fn kept(&self) -> impl Iterator<Item = &CallbackRecord> {
        self.kept.iter()
    }
}

/// Builds a forged callback; the error says what is missing for it.
pub(crate) fn forge(state: &mut State, url: &str, forgery: &Forgery) -> Result<Delivery, String> {
    let mut content_type = "application/json".to_owned();
    let mut about = None;
    let body = match forgery {
        Forgery::Status { user_uid, status } => {
            let row = state.ledger.of_user_uid(user_uid).last().ok_or("no order has this user_uid")?;
            let mut order = orders::status_of(state, row);
            order.status.clone_from(status);
            about = Some(user_uid.clone());
            serde_json::to_string(&[order]).map_err(|error| error.to_string())?
        }
        Forgery::UnknownIds { user_uid } => {
            let row = state.ledger.rows().last().ok_or("a forgery needs one order as its pattern")?;
            let mut forged = vec![orders::status_of(state, row)];
            mangle(&mut forged, crate::faults::Change::Uid, None, row.accepted_at_ms);
            mangle(&mut forged, crate::faults::Change::UserUid, Some(user_uid), row.accepted_at_ms);
            about = Some(user_uid.clone());
            serde_json::to_string(&forged).map_err(|error| error.to_string())?
        }
        Forgery::Huge { bytes } if *bytes > HUGE_BYTES_MAX => {
            return Err(format!("a huge callback has at most {HUGE_BYTES_MAX} bytes"));
        }
        Forgery::Huge { bytes } => format!("[\"{}\"]", "x".repeat(bytes.saturating_sub(4))),
        Forgery::NotJson {} => "status=success&user_uid=1".to_owned(),
        Forgery::Raw { body, content_type: given } => {
            if given.contains(['\r', '\n']) {
                return Err("a content type is one line".to_owned());
            }
            content_type.clone_from(given);
            body.clone()
        }
    };
    let id = state.callbacks.next_id();
    let url = url.to_owned();
    Ok(Delivery { id, url, user_uid: about, content_type, body, attempt: 1, attempts_max: 1 })
}

/// Delivers callbacks one after the other, each planned anew if it was not taken.
pub(crate) async fn deliver(shared: Arc<Shared>, deliveries: Vec<Delivery>) {
    for delivery in deliveries {
        deliver_one(&shared, delivery).await;
    }
}

/// Delivers one callback now, and says what came of it.
pub(crate) async fn deliver_one(shared: &Arc<Shared>, mut delivery: Delivery) -> CallbackRecord {
    let answer = match tokio::time::timeout(DELIVERY_TIMEOUT, post(&delivery)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {} s", DELIVERY_TIMEOUT.as_secs())),
    };
    let mut state = shared.state();
    let record = CallbackRecord {
        id: delivery.id,
        url: delivery.url.clone(),
        user_uid: delivery.user_uid.clone(),
        body: delivery.body.chars().take(64 * 1024).collect(),
        attempt: delivery.attempt,
        at_ms: state.clock.now_ms(),
        status: answer.as_ref().ok().copied(),
        error: answer.err(),
    };
    state.callbacks.keep(record.clone());
    // "If another code is received, the system will periodically resend the request" (createOrder's callback).
    if record.status != Some(200) && delivery.attempt < delivery.attempts_max {
        let wait_ms = state.settings.callback_retry_ms.saturating_mul(1 << (delivery.attempt - 1).min(20));
        let due_ms = record.at_ms.saturating_add_unsigned(wait_ms.min(RETRY_MS_MAX));
        delivery.attempt += 1;
        state.plan(Event::Post { due_ms, delivery });
        drop(state);
        shared.wake.notify_one();
    }
    record
}

async fn post(delivery: &Delivery) -> Result<u16, String> {
    let url = Url::parse(&delivery.url).map_err(|error| format!("not an address: {error}"))?;
    if url.scheme() != "http" {
        return Err("the sandbox posts callbacks to http addresses only".to_owned());
    }
    let port = url.port_or_known_default().unwrap_or(80);
    let hosts: Vec<std::net::IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) if address.is_loopback() => vec![address.into()],
        Some(Host::Ipv6(address)) if address.is_loopback() => vec![address.into()],
        Some(Host::Domain("localhost")) => {
            vec![std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()]
        }
        // Tests tell callbacks about invented money; none of it leaves this machine.
        _ => return Err("the sandbox posts callbacks to this machine only".to_owned()),
    };
    let mut error = String::new();
    for host in hosts {
        match TcpStream::connect((host, port)).await {
            Ok(stream) => return exchange(stream, &url, delivery).await.map_err(|error| error.to_string()),
            Err(failure) => error = failure.to_string(),
        }
    }
    Err(error)
}

async fn exchange(mut stream: TcpStream, url: &Url, delivery: &Delivery) -> std::io::Result<u16> {
    let mut target = url.path().to_owned();
    if let Some(query) = url.query() {
        target.push('?');
        target.push_str(query);
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        delivery.content_type,
        delivery.body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    // A receiver may refuse a huge body before its end and still answer.
    let sent = stream.write_all(delivery.body.as_bytes()).await;
    let mut answer = Vec::new();
    loop {
        let mut space = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut space);
        match response.parse(&answer) {
            Ok(httparse::Status::Complete(_)) => return Ok(response.code.unwrap_or(0)),
            Ok(httparse::Status::Partial) if answer.len() < 64 * 1024 => {}
            _ => return Err(std::io::Error::other("the receiver's answer is not HTTP")),
        }
        if stream.read_buf(&mut answer).await? == 0 {
            sent?;
            return Err(std::io::Error::other("the receiver closed the connection without an answer"));
        }
    }
}

/// Runs one delivery for a caller that waits.
pub(crate) fn deliver_for(shared: &Arc<Shared>, delivery: Delivery) -> oneshot::Receiver<CallbackRecord> {
    let (done, record) = oneshot::channel();
    let shared_there = Arc::clone(shared);
    shared.spawn_delivery(async move {
        let _ = done.send(deliver_one(&shared_there, delivery).await);
    });
    record
}
