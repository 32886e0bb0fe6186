//! The sandbox's own interface over HTTP, below `/_sandbox/`.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::callbacks::{self, Forgery};
use crate::clock::SPEED_MAX;
use crate::faults::Fault;
use crate::http::{Head, Response};
use crate::money::Amount;
use crate::shared::Shared;

/// How long `idle` waits, in real time.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A control request that cannot be done, with the reason in words.
pub(crate) fn problem(status: u16, reason: &str) -> Response {
    Response::json(status, &json!({ "error": reason }))
}

pub(crate) async fn answer(shared: &Arc<Shared>, head: &Head, body: &[u8]) -> Response {
    if let Some(refusal) = refuse_pages(head) {
        return refusal;
    }
    let path = head.path().strip_prefix("/_sandbox/").unwrap_or_default();
    match (head.method.as_str(), path) {
        ("GET", "ledger") => ledger(shared, head),
        ("GET", "requests") => Response::json(200, &shared.present().requests.kept().collect::<Vec<_>>()),
        ("POST", "answers") => keep_answers(shared, body),
        ("GET", "gift_cards") => Response::json(200, &shared.present().gift_cards),
        ("GET", "verifications") => {
            Response::json(200, &shared.present().verifications.kept().collect::<Vec<_>>())
        }
        ("GET", "callbacks") => Response::json(200, &shared.present().callbacks.kept().collect::<Vec<_>>()),
        ("GET", "balance") => balances(shared),
        ("GET", "clock") => clock(shared),
        ("GET", "idle") => idle(shared).await,
        ("GET", "faults") => faults(shared),
        ("POST", "faults") => order_faults(shared, body),
        ("DELETE", "faults") => Response::json(200, &json!({ "cleared": shared.state().faults.clear() })),
        ("DELETE", one) if one.starts_with("faults/") => remove_fault(shared, &one["faults/".len()..]),
        ("POST", "advance") => advance(shared, body),
        ("POST", "speed") => set_speed(shared, body),
        ("POST", "callbacks") => forge(shared, body).await,
        _ => problem(404, "the sandbox has no such control; its README lists them"),
    }
}

/// A page in a browser can post to this machine as well, and some faults kill processes. What it cannot do unasked
/// is to post JSON as such, or to be under one of these names.
fn refuse_pages(head: &Head) -> Option<Response> {
    let host = head.header("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
    });
    if !["127.0.0.1", "[::1]", "localhost"].contains(&name) {
        return Some(problem(403, "the control is reached as 127.0.0.1, [::1] or localhost only"));
    }
    let json = head.header("content-type").is_some_and(|given| given.starts_with("application/json"));
    if head.method == "POST" && !json {
        return Some(problem(415, "send the header Content-Type: application/json"));
    }
    None
}

fn ledger(shared: &Arc<Shared>, head: &Head) -> Response {
    let state = shared.present();
    let query = head.query();
    let wanted = |name: &str| query.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
    let (user_uid, account) = (wanted("user_uid"), wanted("account"));
    let rows: Vec<_> = state
        .ledger
        .rows()
        .iter()
        .filter(|row| user_uid.as_ref().is_none_or(|wanted| row.user_uid == *wanted))
        .filter(|row| account.as_ref().is_none_or(|wanted| row.account == *wanted))
        .collect();
    Response::json(200, &rows)
}

fn balances(shared: &Arc<Shared>) -> Response {
    #[derive(Serialize)]
    struct Balance<'a> {
        account: &'a str,
        balance: Amount,
        currency: &'a str,
    }
    let state = shared.present();
    let balances: Vec<_> = state
        .accounts
        .iter()
        .map(|account| Balance {
            account: &account.user,
            balance: account.balance,
            currency: &account.currency,
        })
        .collect();
    Response::json(200, &balances)
}

fn clock(shared: &Arc<Shared>) -> Response {
    let state = shared.present();
    Response::json(200, &json!({ "now_ms": state.clock.now_ms(), "speed": state.clock.speed() }))
}

async fn idle(shared: &Arc<Shared>) -> Response {
    match tokio::time::timeout(IDLE_TIMEOUT, shared.idle()).await {
        Ok(()) => Response::json(200, &json!({ "idle": true })),
        Err(_) => problem(503, "callbacks are still being delivered after 30 s"),
    }
}

fn faults(shared: &Arc<Shared>) -> Response {
    #[derive(Serialize)]
    struct Waiting<'a> {
        id: u64,
        struck: u64,
        fault: &'a Fault,
    }
    let state = shared.state();
    let waiting: Vec<_> = state
        .faults
        .waiting()
        .iter()
        .map(|ordered| Waiting { id: ordered.id, struck: ordered.struck, fault: &ordered.fault })
        .collect();
    Response::json(200, &waiting)
}

fn order_faults(shared: &Arc<Shared>, body: &[u8]) -> Response {
    /// One, or several at once, so that none strikes before all are there.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Orders {
        Several(Vec<serde_json::Value>),
        One(serde_json::Value),
    }
    let values = match serde_json::from_slice(body) {
        Ok(Orders::Several(values)) => values,
        Ok(Orders::One(value)) => vec![value],
        Err(error) => return problem(400, &format!("not JSON: {error}")),
    };
    let mut faults = Vec::new();
    for value in values {
        match serde_json::from_value::<Fault>(value) {
            Ok(fault) => match fault.check() {
                Ok(()) => faults.push(fault),
                Err(reason) => return problem(400, &reason),
            },
            Err(error) => return problem(400, &error.to_string()),
        }
    }
    let mut state = shared.state();
    let mut ids = Vec::new();
    for fault in faults {
        match state.faults.order(fault) {
            Ok(id) => ids.push(id),
            Err(reason) => return problem(400, &reason),
        }
    }
    Response::json(201, &json!({ "ids": ids }))
}

fn remove_fault(shared: &Arc<Shared>, id: &str) -> Response {
    match id.parse() {
        Ok(id) if shared.state().faults.remove(id) => Response::json(200, &json!({ "cleared": 1 })),
        _ => problem(404, "no fault with this id waits"),
    }
}

fn advance(shared: &Arc<Shared>, body: &[u8]) -> Response {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Advance {
        ms: u64,
    }
    let Ok(Advance { ms }) = serde_json::from_slice(body) else {
        return problem(400, "the body must be {\"ms\": N}, in milliseconds of sandbox time");
    };
    shared.state().clock.advance(ms);
    drop(shared.present());
    shared.wake.notify_one();
    clock(shared)
}

fn keep_answers(shared: &Arc<Shared>, body: &[u8]) -> Response {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        keep: bool,
    }
    let Ok(Wanted { keep }) = serde_json::from_slice(body) else {
        return problem(400, "the body must be {\"keep\": true} or {\"keep\": false}");
    };
    shared.state().requests.keep_answers(keep);
    Response::json(200, &json!({ "keep": keep }))
}

fn set_speed(shared: &Arc<Shared>, body: &[u8]) -> Response {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Speed {
        speed: f64,
    }
    match serde_json::from_slice(body) {
        Ok(Speed { speed }) if (0.0..=SPEED_MAX).contains(&speed) => {
            shared.state().clock.set_speed(speed);
            shared.wake.notify_one();
            clock(shared)
        }
        _ => problem(400, "the body must be {\"speed\": N} with N from 0 (time stands still) to 1000000"),
    }
}

async fn forge(shared: &Arc<Shared>, body: &[u8]) -> Response {
    #[derive(Deserialize)]
    struct Order {
        url: String,
        #[serde(flatten)]
        forgery: Forgery,
    }
    let order: Order = match serde_json::from_slice(body) {
        Ok(order) => order,
        Err(error) => return problem(400, &format!("not a callback to send: {error}")),
    };
    let delivery = match callbacks::forge(&mut shared.present(), &order.url, &order.forgery) {
        Ok(delivery) => delivery,
        Err(reason) => return problem(400, &reason),
    };
    match callbacks::deliver_for(shared, delivery).await {
        Ok(record) => Response::json(200, &record),
        Err(_) => problem(503, "the sandbox is stopping"),
    }
}
