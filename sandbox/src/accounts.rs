//! The accounts that may buy, and who a request comes from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;

use crate::http::{Head, Response};
use crate::money::Amount;
use crate::operations::ApiError;

/// An account of the gateway, with its own balance and its own orders.
#[derive(Clone, Debug)]
pub struct Account {
    /// User name for Basic authentication; also how the sandbox names the account.
    pub user: String,
    /// Password for Basic authentication.
    pub password: String,
    /// Value of the header `Api-token` that stands for the same account.
    pub token: Option<String>,
    /// What is left to spend.
    pub balance: Amount,
    /// Currency of the balance and of all costs (ISO 4217).
    pub currency: String,
}

impl Account {
    /// The account that a sandbox has when none is given: user `till`, password `secret`, a token of 32 times `t`,
    /// 1000.00 CHF.
    pub fn till() -> Account {
        Account {
            user: "till".to_owned(),
            password: "secret".to_owned(),
            token: Some("t".repeat(32)),
            balance: Amount(Decimal::new(100_000, 2)),
            currency: "CHF".to_owned(),
        }
    }
}

/// Which of the accounts a request speaks for; the error is the refusal.
pub(crate) fn authenticate(accounts: &[Account], head: &Head) -> Result<usize, Response> {
    let (basic, token) = (head.header("authorization"), head.header("api-token"));
    let found = match (basic, token) {
        // "Only one mechanism must be used per request" (section 5.5 of the document).
        (Some(_), Some(_)) => return Err(refusal("Use one authentication mechanism per request.")),
        (None, None) => None,
        (None, Some(token)) => accounts.iter().position(|account| account.token.as_deref() == Some(token)),
        (Some(basic), None) => credentials(basic).and_then(|(user, password)| {
            accounts.iter().position(|account| account.user == user && account.password == password)
        }),
    };
    found.ok_or_else(|| refusal("Please check your credentials."))
}

fn refusal(information: &str) -> Response {
    ApiError::response(401, "Unauthorized access", information)
        .with_header("WWW-Authenticate", "Basic realm=\"CY.SEND OpenAPI\"")
}

/// User name and password of an `Authorization` header.
fn credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// A header as the request log keeps it: who, never the secret.
pub(crate) fn redacted(accounts: &[Account], name: &str, value: &str) -> String {
    if name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("proxy-authorization") {
        return match credentials(value) {
            Some((user, _)) => format!("Basic {user}:***"),
            None => "***".to_owned(),
        };
    }
    if name.eq_ignore_ascii_case("api-token") {
        let owner = accounts.iter().find(|account| account.token.as_deref() == Some(value));
        return owner.map_or("***".to_owned(), |account| format!("*** (of {})", account.user));
    }
    value.to_owned()
}
