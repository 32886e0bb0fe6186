//! Verifications of phone numbers: a code is "sent", and confirmed with so many tries and so much time.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::errors::{ApiError, not_found, wrong_request};
use crate::fields;
use crate::generate::LANGUAGES;
use crate::http::Response;
use crate::ledger::OrderState;
use crate::random::Random;
use crate::state::State;

/// Older verifications are forgotten beyond this number.
const KEPT_MAX: usize = 10_000;
/// A code is good for this much sandbox time.
const LIFE_MS: i64 = 600_000;
/// After so many wrong codes the right one fails too.
const WRONG_TRIES_MAX: u32 = 3;

/// How a code reaches its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VerificationMethod {
    /// By a text message.
    #[serde(rename = "sms")]
    Sms,
    /// By a call that speaks the code.
    #[serde(rename = "ivr-call")]
    IvrCall,
}

/// One verification, with the code that nobody but the owner of the number should see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationRecord {
    /// The gateway's id of it.
    pub uid: String,
    /// User name of the account that asked for it.
    pub account: String,
    /// The number that is to be verified, as given.
    pub number: String,
    /// How the code was sent.
    pub method: VerificationMethod,
    /// Which template was asked for.
    pub template_id: Option<i64>,
    /// Language of the message (ISO 639-1).
    pub language: String,
    /// The code.
    pub code: String,
    /// When it was sent, in sandbox time: milliseconds since the Unix epoch.
    pub sent_at_ms: i64,
    /// From then on the code is not good any more.
    pub expires_at_ms: i64,
    /// How many wrong codes were given.
    pub wrong_tries: u32,
    /// `success` once the right code was given in time, `failed` after too many wrong ones.
    pub status: OrderState,
}

#[derive(Debug, Default)]
pub(crate) struct Verifications {
    kept: VecDeque<VerificationRecord>,
    begun: u64,
}

impl Verifications {
    pub(crate) fn kept(&self) -> impl Iterator<Item = &VerificationRecord> {
        self.kept.iter()
    }

    fn keep(&mut self, record: VerificationRecord) {
        if self.kept.len() == KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(record);
    }
}

/// `VerificationStatus` in the document, which requires `type` and `verification_id` beside these and defines
/// neither.
#[derive(Serialize)]
struct View<'a> {
    uid: &'a str,
    method: VerificationMethod,
    status: OrderState,
}

/// Answers phoneNumberVerificationRequest.
pub(crate) fn begin(state: &mut State, account: usize, body: &[u8]) -> Response {
    let record = match wanted(state, account, body) {
        Ok(record) => record,
        Err(refusal) => return refusal,
    };
    let response = answer(&record, record.status);
    state.verifications.keep(record);
    response
}

fn wanted(state: &mut State, account: usize, body: &[u8]) -> Result<VerificationRecord, Response> {
    let fields = fields::object(body)?;
    let method = fields::required(&fields, "method", "sms or ivr-call")?;
    let number: String = fields::required(&fields, "number", "a text")?;
    let template_id = fields::optional(&fields, "template_id", "an integer")?;
    let language: Option<String> = fields::optional(&fields, "language", "a text")?;
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let good = (2..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !good {
        return Err(wrong_request("The parameter number must be a number in E.164 format."));
    }
    let language = language.unwrap_or_else(|| "en".to_owned());
    if !LANGUAGES.contains(&language.as_str()) {
        return Err(not_found("Language", &language));
    }
    state.verifications.begun += 1;
    let begun = state.verifications.begun;
    let mut random = Random::of_seed(state.settings.seed.wrapping_mul(41).wrapping_add(begun));
    let now_ms = state.clock.now_ms();
    Ok(VerificationRecord {
        uid: format!("v{begun:07}"),
        account: state.accounts[account].user.clone(),
        number,
        method,
        template_id,
        language,
        code: format!("{:04}", random.below(10_000)),
        sent_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(LIFE_MS),
        wrong_tries: 0,
        status: OrderState::Accepted,
    })
}

/// Answers phoneNumberVerify.
pub(crate) fn confirm(state: &mut State, account: usize, body: &[u8]) -> Response {
    let given = || -> Result<(String, VerificationMethod, String), Response> {
        let fields = fields::object(body)?;
        let uid = fields::required(&fields, "uid", "a text")?;
        let method = fields::required(&fields, "method", "sms or ivr-call")?;
        let code: String = fields::required(&fields, "code", "a text of four digits")?;
        if code.len() != 4 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong_request("The parameter code must be a text of four digits."));
        }
        Ok((uid, method, code))
    };
    let (uid, method, code) = match given() {
        Ok(given) => given,
        Err(refusal) => return refusal,
    };
    let now_ms = state.clock.now_ms();
    let user = &state.accounts[account].user;
    let found = state
        .verifications
        .kept
        .iter_mut()
        .find(|record| record.uid == uid && record.account == *user && record.method == method);
    let Some(record) = found else {
        return ApiError::response(
            404,
            "Verification request not found",
            "Nothing is known by this uid and method.",
        );
    };
    let right = record.code == code;
    if record.status == OrderState::Accepted {
        if !right {
            record.wrong_tries += 1;
        }
        record.status = match record.status {
            _ if now_ms >= record.expires_at_ms || record.wrong_tries >= WRONG_TRIES_MAX => {
                OrderState::Failed
            }
            _ if right => OrderState::Success,
            open => open,
        };
    }
    // A wrong code has failed, also while another try is left.
    let told =
        if right && record.status == OrderState::Success { OrderState::Success } else { OrderState::Failed };
    answer(record, told)
}

fn answer(record: &VerificationRecord, status: OrderState) -> Response {
    Response::json(200, &View { uid: &record.uid, method: record.method, status })
}
