//! Gift cards: what they hold, what they may pay for, and the operations about them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::clock::DateForm;
use crate::errors::{ApiError, not_found, wrong_parameters, wrong_request};
use crate::generate::{FUTURE_MS, PAST_MS};
use crate::http::Response;
use crate::money::Amount;
use crate::state::State;

/// A gift card of the gateway. Any account that knows the code may use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiftCard {
    /// What is typed in to use it.
    pub code: String,
    /// Its number, which pays nothing.
    pub serial: String,
    /// How it is called.
    pub name: String,
    /// What it was worth when it was sold.
    pub face_value: Amount,
    /// What is left on it.
    pub remaining_balance: Amount,
    /// Currency of both (ISO 4217).
    pub currency: String,
    /// Whether it may be used; `putActive` changes it.
    pub active: bool,
    /// From then on it pays nothing, in sandbox time: milliseconds since the Unix epoch.
    pub expires_at_ms: i64,
    /// The products that it may pay for; none means all.
    pub products: Vec<u64>,
}

impl GiftCard {
    /// An active card for all products that lasts until 2090 and is full.
    pub fn new(code: &str, balance: Amount, currency: &str) -> GiftCard {
        GiftCard {
            code: code.to_owned(),
            serial: format!("9{code}"),
            name: "CY.SEND gift card".to_owned(),
            face_value: balance,
            remaining_balance: balance,
            currency: currency.to_owned(),
            active: true,
            expires_at_ms: FUTURE_MS,
            products: Vec::new(),
        }
    }

    fn usable(&self, now_ms: i64) -> Result<(), &'static str> {
        if !self.active {
            return Err("The gift card is not active.");
        }
        if now_ms >= self.expires_at_ms {
            return Err("The gift card has expired.");
        }
        Ok(())
    }

    /// Whether it pays for this product now.
    pub(crate) fn buys(&self, product: u64, now_ms: i64) -> bool {
        self.usable(now_ms).is_ok() && (self.products.is_empty() || self.products.contains(&product))
    }
}

/// The cards that the README lists.
pub(crate) fn documented() -> Vec<GiftCard> {
    let card = |code: &str, left: Decimal, currency: &str| GiftCard::new(code, Amount(left), currency);
    vec![
        GiftCard {
            face_value: Amount(Decimal::from(100)),
            products: vec![1234],
            ..card("123456789", Decimal::from(50), "CHF")
        },
        GiftCard { active: false, ..card("234567890", Decimal::from(25), "EUR") },
        GiftCard { face_value: Amount(Decimal::new(55, 1)), ..card("345678901", Decimal::from(2), "EUR") },
        GiftCard { expires_at_ms: PAST_MS, ..card("456789012", Decimal::from(25), "CHF") },
        GiftCard {
            name: "Showcase card".to_owned(),
            face_value: Amount(Decimal::from(500)),
            products: vec![1234, 1240],
            ..card("567890123", Decimal::new(45_025, 2), "EUR")
        },
    ]
}

/// The card with this code.
pub(crate) fn find<'a>(cards: &'a [GiftCard], code: &str) -> Result<&'a GiftCard, Response> {
    let known = cards.iter().find(|card| card.code == code);
    // The code is not repeated in the text: whoever reads an error must not learn how close a guess was.
    known.ok_or_else(|| not_found("CY.SEND Gift Card", "this code"))
}

/// The card that is to pay for a product; the error is the refusal of the order.
pub(crate) fn to_pay_with<'a>(state: &'a State, code: &str, product: u64) -> Result<&'a GiftCard, Response> {
    let card = find(&state.gift_cards, code)?;
    let now_ms = state.clock.now_ms();
    card.usable(now_ms).map_err(wrong_parameters)?;
    if !card.buys(product, now_ms) {
        return Err(wrong_parameters("The gift card does not pay for this product."));
    }
    Ok(card)
}

pub(crate) fn short() -> Response {
    ApiError::response(402, "Insufficient funds", "Too little is left on the gift card.")
}

/// Answers getGiftCard.
pub(crate) fn get(state: &State, code: &str) -> Response {
    /// `GiftCard` in the document.
    #[derive(Serialize)]
    struct View<'a> {
        code: &'a str,
        serial: &'a str,
        name: &'a str,
        logo: &'static str,
        active: bool,
        face_value: Amount,
        currency: &'a str,
        remaining_balance: Amount,
        expiration: String,
        usage_instruction: &'static str,
    }
    match find(&state.gift_cards, code) {
        Err(refusal) => refusal,
        Ok(card) => Response::json(
            200,
            &View {
                code: &card.code,
                serial: &card.serial,
                name: &card.name,
                logo: "https://sandbox.invalid/gift-card/logo.png",
                active: card.active,
                face_value: card.face_value,
                currency: &card.currency,
                remaining_balance: card.remaining_balance,
                expiration: DateForm::Iso.print(card.expires_at_ms),
                usage_instruction: "Name the code in your order.",
            },
        ),
    }
}

/// Answers getActive.
pub(crate) fn get_active(state: &State, code: &str) -> Response {
    #[derive(Serialize)]
    struct View {
        active: bool,
    }
    match find(&state.gift_cards, code) {
        Err(refusal) => refusal,
        Ok(card) => Response::json(200, &View { active: card.active }),
    }
}

/// Answers putActive.
pub(crate) fn put_active(state: &mut State, code: &str, query: &[(String, String)]) -> Response {
    let given = query.iter().find(|(name, _)| name == "active").map(|(_, value)| value.as_str());
    let active = match given {
        Some("true" | "1") => true,
        Some("false" | "0") => false,
        _ => return wrong_request("The parameter active must be true or false."),
    };
    match state.gift_cards.iter_mut().find(|card| card.code == code) {
        None => not_found("CY.SEND Gift Card", "this code"),
        Some(card) => {
            card.active = active;
            Response::empty(200)
        }
    }
}
