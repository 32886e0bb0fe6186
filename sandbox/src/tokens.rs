//! Access tokens: made by Basic, restricted to addresses and in time, with the rights of the account that made them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::accounts::{Caller, Permission};
use crate::clock::DateForm;
use crate::errors::{ApiError, wrong_request};
use crate::fields;
use crate::http::{Head, Response};
use crate::random::Random;
use crate::state::State;

/// More tokens than this do not live at once.
const TOKENS_MAX: usize = 10_000;
/// A token lives no longer than this.
const LIFE_S_MAX: i64 = 10 * 365 * 86_400;
/// `TTL` where it is left out (`TokenOptions` in the document).
const LIFE_S: i64 = 3_600;
/// `maxLength` of `authorized_ips` in the document.
const AUTHORIZED_IPS_CHARS_MAX: usize = 256;

/// A token that was made while the sandbox ran.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Position of its account.
    pub(crate) account: usize,
    pub(crate) expires_at_ms: i64,
    pub(crate) ip_restricted: bool,
    pub(crate) authorized_ips: Vec<IpAddr>,
}

impl Token {
    /// Whether it may be used from this address.
    pub(crate) fn serves(&self, client: Option<IpAddr>) -> bool {
        !self.ip_restricted || client.is_some_and(|client| self.authorized_ips.contains(&client))
    }
}

/// The tokens that live, by their text.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    living: HashMap<String, Token>,
    made: u64,
}

impl Tokens {
    /// The token with this text, unless its time is over.
    pub(crate) fn living(&self, text: &str, now_ms: i64) -> Option<&Token> {
        self.living.get(text).filter(|token| now_ms < token.expires_at_ms)
    }

    /// The account of a token, whether it still lives or not.
    pub(crate) fn owner(&self, text: &str) -> Option<usize> {
        self.living.get(text).map(|token| token.account)
    }

    fn keep(&mut self, token: Token, seed: u64, now_ms: i64) -> Option<String> {
        if self.living.len() >= TOKENS_MAX {
            self.living.retain(|_, token| now_ms < token.expires_at_ms);
        }
        if self.living.len() >= TOKENS_MAX {
            return None;
        }
        self.made += 1;
        let text = text_of(seed, self.made);
        self.living.insert(text.clone(), token);
        Some(text)
    }
}

/// 32 letters and digits, as the document's pattern asks.
fn text_of(seed: u64, number: u64) -> String {
    const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut random = Random::of_seed(seed.wrapping_mul(37).wrapping_add(number));
    (0..32).map(|_| char::from(*random.one_of(LETTERS))).collect()
}

/// `Token` in the document.
#[derive(Serialize)]
struct TokenView<'a> {
    token: &'a str,
    #[serde(rename = "TTL", skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorized_ips: Option<String>,
    permissions: &'a [Permission],
}

fn view<'a>(text: &'a str, token: Option<&Token>, permissions: &'a [Permission]) -> TokenView<'a> {
    TokenView {
        token: text,
        expires_at: token.map(|token| DateForm::Iso.print(token.expires_at_ms)),
        authorized_ips: token
            .map(|token| token.authorized_ips.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(",")),
        permissions,
    }
}

/// Answers createAccessToken.
pub(crate) fn create(state: &mut State, caller: &Caller, head: &Head, body: &[u8]) -> Response {
    let now_ms = state.clock.now_ms();
    let token = match wanted(caller, head, body, now_ms) {
        Ok(token) => token,
        Err(refusal) => return refusal,
    };
    let Some(text) = state.tokens.keep(token.clone(), state.settings.seed, now_ms) else {
        return ApiError::response(503, "Service unavailable", "Too many tokens live already.");
    };
    Response::json(201, &view(&text, Some(&token), &state.accounts[caller.account].permissions))
}

fn wanted(caller: &Caller, head: &Head, body: &[u8], now_ms: i64) -> Result<Token, Response> {
    /// `TokenOptions` in the document.
    #[derive(Deserialize)]
    struct Options {
        ip_restricted: bool,
        authorized_ips: String,
        life_s: i64,
    }
    let fields = fields::object(body)?;
    let options = Options {
        ip_restricted: fields::required(&fields, "ip_restricted", "true or false")?,
        authorized_ips: fields::optional(&fields, "authorized_ips", "a text")?
            .unwrap_or_else(|| "mine".to_owned()),
        life_s: fields::optional(&fields, "TTL", "an integer")?.unwrap_or(LIFE_S),
    };
    if !(1..=LIFE_S_MAX).contains(&options.life_s) {
        return Err(wrong_request(format!("The parameter TTL must lie between 1 and {LIFE_S_MAX}.")));
    }
    if options.authorized_ips.chars().count() > AUTHORIZED_IPS_CHARS_MAX {
        return Err(wrong_request(format!(
            "The parameter authorized_ips has at most {AUTHORIZED_IPS_CHARS_MAX} characters."
        )));
    }
    let mut authorized_ips = Vec::new();
    for one in options.authorized_ips.split(',').map(str::trim) {
        let address = match one {
            "mine" => head.client,
            other => other.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        };
        authorized_ips.push(address.ok_or_else(|| {
            wrong_request("The parameter authorized_ips must list IPv4 addresses, or the word mine.")
        })?);
    }
    Ok(Token {
        account: caller.account,
        expires_at_ms: now_ms.saturating_add(options.life_s * 1_000),
        ip_restricted: options.ip_restricted,
        authorized_ips,
    })
}

/// Answers getAccessToken. A token that an account was set up with has neither an end nor a list of addresses.
pub(crate) fn get(state: &State, caller: &Caller) -> Response {
    let text = caller.token.as_deref().unwrap_or_default();
    let token = state.tokens.living(text, state.clock.now_ms());
    Response::json(200, &view(text, token, &state.accounts[caller.account].permissions))
}
