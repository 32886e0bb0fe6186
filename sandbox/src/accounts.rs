//! The accounts that may buy, and who a request comes from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::errors::ApiError;
use crate::http::{Head, Response};
use crate::money::Amount;
use crate::notifications::Subscription;
use crate::operations::Operation;
use crate::state::State;

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
    /// What it may do; all else is 403. Tokens that it makes may do the same.
    pub permissions: Vec<Permission>,
    /// What it is told of, beside the email about each purchase that every account has.
    pub subscriptions: Vec<Subscription>,
}

/// A right to some operations (`Permission` in the document).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// A path without its first slash, such as `store/order`; `*` at its end stands for anything, `store/*` for
    /// `store` too.
    pub scope: String,
    /// HTTP methods, separated by commas.
    pub methods: String,
}

impl Permission {
    /// A right to these methods within this scope.
    pub fn new(scope: &str, methods: &str) -> Permission {
        Permission { scope: scope.to_owned(), methods: methods.to_owned() }
    }

    /// The rights of an account that may do everything.
    pub fn all() -> Vec<Permission> {
        vec![Permission::new("*", "GET"), Permission::new("*", "POST,PUT")]
    }

    fn allows(&self, method: &str, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        let in_scope = match self.scope.strip_suffix('*') {
            Some(start) => path.starts_with(start) || start.strip_suffix('/') == Some(path),
            None => path == self.scope,
        };
        in_scope && self.methods.split(',').any(|one| one.trim() == method)
    }
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
            permissions: Permission::all(),
            subscriptions: Vec::new(),
        }
    }
}

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Position of the account.
    pub(crate) account: usize,
    /// The token, if that was the mechanism.
    pub(crate) token: Option<String>,
}

/// Why nobody can be told from a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    TwoMechanisms,
    Nothing,
    WrongPassword,
    UnknownToken,
    ForeignAddress,
}

/// Which of the accounts a request speaks for.
pub(crate) fn authenticate(state: &State, head: &Head) -> Result<Caller, Refusal> {
    match (head.header("authorization"), head.header("api-token")) {
        // "Only one mechanism must be used per request" (section 5.5 of the document).
        (Some(_), Some(_)) => Err(Refusal::TwoMechanisms),
        (None, None) => Err(Refusal::Nothing),
        (None, Some(token)) => {
            let fixed = state.accounts.iter().position(|account| account.token.as_deref() == Some(token));
            let account = match fixed {
                Some(account) => account,
                None => {
                    let made =
                        state.tokens.living(token, state.clock.now_ms()).ok_or(Refusal::UnknownToken)?;
                    if !made.serves(head.client) {
                        return Err(Refusal::ForeignAddress);
                    }
                    made.account
                }
            };
            Ok(Caller { account, token: Some(token.to_owned()) })
        }
        (Some(basic), None) => {
            let (user, password) = credentials(basic).ok_or(Refusal::WrongPassword)?;
            let known = state
                .accounts
                .iter()
                .position(|account| account.user == user && account.password == password);
            let account = known.ok_or(Refusal::WrongPassword)?;
            Ok(Caller { account, token: None })
        }
    }
}

/// Who may have an operation done; the error is the answer to all others.
pub(crate) fn admit(state: &State, operation: Operation, head: &Head) -> Result<Caller, Response> {
    let caller = authenticate(state, head).map_err(|refusal| refusal.response(operation))?;
    match (operation, &caller.token) {
        (Operation::GetAccessToken, None) => {
            return Err(unauthorized("A token is read with the token itself, in the header Api-token."));
        }
        (Operation::CreateAccessToken, Some(_)) => {
            return Err(unauthorized("A token is made with user name and password."));
        }
        _ => {}
    }
    let rights = &state.accounts[caller.account].permissions;
    if !rights.iter().any(|right| right.allows(&head.method, operation.path())) {
        // "If the API detect an unauthorized access, it will return an 403" (section 5.4 of the document).
        return Err(ApiError::response(
            403,
            "Forbidden",
            "These credentials have no right to this operation.",
        ));
    }
    Ok(caller)
}

impl Refusal {
    fn response(self, operation: Operation) -> Response {
        match self {
            // Of a token that is asked for and is not there, this operation alone says 404.
            Refusal::UnknownToken if operation == Operation::GetAccessToken => {
                ApiError::response(404, "Token not found", "It is unknown, or its time is over.")
            }
            Refusal::TwoMechanisms => unauthorized("Use one authentication mechanism per request."),
            Refusal::ForeignAddress => unauthorized("The token does not serve this address."),
            Refusal::Nothing | Refusal::WrongPassword | Refusal::UnknownToken => {
                unauthorized("Please check your credentials.")
            }
        }
    }
}

fn unauthorized(information: &str) -> Response {
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
pub(crate) fn redacted(state: &State, name: &str, value: &str) -> String {
    if name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("proxy-authorization") {
        return match credentials(value) {
            Some((user, _)) => format!("Basic {user}:***"),
            None => "***".to_owned(),
        };
    }
    if name.eq_ignore_ascii_case("api-token") {
        let fixed = state.accounts.iter().position(|account| account.token.as_deref() == Some(value));
        let owner = fixed.or_else(|| state.tokens.owner(value));
        return owner.map_or("***".to_owned(), |at| format!("*** (of {})", state.accounts[at].user));
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_reaches_as_far_as_its_scope_and_methods() {
        let right = Permission::new("store/catalogue/*", "GET, PUT");
        assert!(right.allows("GET", "/store/catalogue/products"));
        assert!(right.allows("PUT", "/store/catalogue"));
        assert!(!right.allows("POST", "/store/catalogue"));
        assert!(!right.allows("GET", "/store/catalogues"));
        assert!(!right.allows("GET", "/store"));
        assert!(Permission::new("store/order", "GET").allows("GET", "/store/order"));
        assert!(!Permission::new("store/order", "GET").allows("GET", "/store/order/responses"));
    }
}
