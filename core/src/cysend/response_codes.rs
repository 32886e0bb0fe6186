//! What a cashier makes of an order's response code.
//!
//! CY.SEND's codes are modelled on field 39 of ISO 8583:1987 and come with words of their own (`response_title`,
//! `response_description`; `get_responses` lists them all), which go before what stands here. That standard leaves
//! letters, and the numbers that are missing here, to whoever uses it: nothing can be said of them in general. None
//! of this decides what state an order is in.

use CysendNewTry::{AfterCorrection, AskFirst, MayHelpLater, NotNeeded, WillNotHelp};

/// Whether selling again, as a **new order with a new id**, can help. A hint, and no promise. Never sell again while the order's
/// state is not final: it may still be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
#[repr(u16)]
pub enum CysendNewTry {
    /// There is nothing to try: it was carried out, or is still under way.
    NotNeeded = 1,
    /// The cause may go away by itself.
    MayHelpLater = 2,
    /// Only after something was corrected: the number, the amount, the product, the account's settings.
    AfterCorrection = 3,
    /// Part of it, or all of it, may have been carried out all the same: ask the gateway's support first.
    AskFirst = 4,
    /// The same will be refused again.
    WillNotHelp = 5,
}

/// What a response code stands for, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, uniffi::Record)]
pub struct CysendAdvice {
    /// The code: two digits.
    pub code: String,
    /// What the standard calls it, in English.
    pub title: String,
    /// What it means at a till that sells top-ups, in English.
    pub meaning: String,
    /// What to tell the customer, in English.
    pub tell_customer: String,
    /// Whether selling again can help.
    pub new_try: CysendNewTry,
}

/// What a response code of an order (`Order.response_code`, `CysendOrder.response_code`) means for a cashier. Nothing for a code
/// that the standard does not define; then the gateway's own words are all there is.
#[uniffi::export]
pub fn cysend_response_advice(code: String) -> Option<CysendAdvice> {
    let row = TABLE.binary_search_by_key(&code.trim(), |row| row.code).ok().map(|index| &TABLE[index])?;
    Some(CysendAdvice {
        code: row.code.to_string(),
        title: row.title.to_string(),
        meaning: row.meaning.to_string(),
        tell_customer: row.tell_customer.to_string(),
        new_try: row.new_try,
    })
}

struct Row {
    code: &'static str,
    title: &'static str,
    meaning: &'static str,
    tell_customer: &'static str,
    new_try: CysendNewTry,
}

const DONE: &str = "It is done.";
const WAIT: &str = "It is on its way. Please wait for the confirmation.";
const LATER: &str = "It did not work this time. Please come back later.";
const CHECK_NUMBER: &str = "It was refused. Please check the number or the account with me.";
const CHECK_AMOUNT: &str = "This amount is not possible. Please choose another one.";
const OTHER_PAYMENT: &str = "What was to pay for it was not accepted. Please pay in another way.";
const ASK_ISSUER: &str = "The provider refused it. Please ask the provider's customer care.";
const OUR_FAULT: &str = "We cannot sell this at the moment. It is not your fault.";
const BEING_CHECKED: &str = "We must check what became of it first. Please keep your receipt.";

const fn row(
    code: &'static str,
    title: &'static str,
    meaning: &'static str,
    tell_customer: &'static str,
    new_try: CysendNewTry,
) -> Row {
    Row { code, title, meaning, tell_customer, new_try }
}

const SETTINGS: &str = "Your account or your terminal is not set up for this. Call the gateway's support.";
const ISSUER_SAYS_NO: &str = "The issuer refuses it and does not say why.";
const CARD_GONE: &str = "The card that was to pay is blocked, lost, stolen or expired.";
const TECHNICAL: &str = "A technical fault at the issuer or on the way there.";
const UPKEEP: &str =
    "A message about the upkeep of files, which no order should get. Call the gateway's support.";
const MAY_BE_DONE: &str =
    "It is not certain that nothing was carried out. Call the gateway's support with the order's id.";
const NO_ACCOUNT: &str = "The account that was to pay, or to be credited, does not exist.";
const SECURITY: &str = "It was stopped for security. Call the gateway's support.";

/// In the order of the codes.
#[rustfmt::skip]
static TABLE: &[Row] = &[
    row("00", "Approved or completed successfully", "It was carried out.", DONE, NotNeeded),
    row("01", "Refer to card issuer", ISSUER_SAYS_NO, ASK_ISSUER, WillNotHelp),
    row("02", "Refer to card issuer, special condition", ISSUER_SAYS_NO, ASK_ISSUER, WillNotHelp),
    row("03", "Invalid merchant", SETTINGS, OUR_FAULT, AfterCorrection),
    row("04", "Pick up card", CARD_GONE, OTHER_PAYMENT, AfterCorrection),
    row("05", "Do not honour", ISSUER_SAYS_NO, ASK_ISSUER, WillNotHelp),
    row("06", "Error", TECHNICAL, LATER, MayHelpLater),
    row("07", "Pick up card, special condition", CARD_GONE, OTHER_PAYMENT, AfterCorrection),
    row("08", "Honour with identification", "It was approved on condition that the customer shows who they are.", BEING_CHECKED, AskFirst),
    row("09", "Request in progress", "It is still under way. Wait for the order to become final.", WAIT, NotNeeded),
    row("10", "Approved for partial amount", "Only a part of the amount was approved. Call the gateway's support with the order's id.", BEING_CHECKED, AskFirst),
    row("11", "Approved (VIP)", "It was carried out.", DONE, NotNeeded),
    row("12", "Invalid transaction", "The issuer does not offer this. Check the product.", CHECK_NUMBER, AfterCorrection),
    row("13", "Invalid amount", "The amount is not one that is sold. Check it against the catalogue.", CHECK_AMOUNT, AfterCorrection),
    row("14", "Invalid card number (no such number)", "The number or the account to be topped up does not exist. Check it.", CHECK_NUMBER, AfterCorrection),
    row("15", "No such issuer", "The number does not belong to the issuer of this product. Check the number and the product.", CHECK_NUMBER, AfterCorrection),
    row("16", "Approved, update track 3", "It was carried out.", DONE, NotNeeded),
    row("17", "Customer cancellation", "The customer called it off.", "It was called off.", AfterCorrection),
    row("18", "Customer dispute", "The customer disputes it.", BEING_CHECKED, AskFirst),
    row("19", "Re-enter transaction", "It was not understood and may be tried again.", LATER, MayHelpLater),
    row("20", "Invalid response", MAY_BE_DONE, BEING_CHECKED, AskFirst),
    row("21", "No action taken", "Nothing was carried out.", LATER, MayHelpLater),
    row("22", "Suspected malfunction", MAY_BE_DONE, BEING_CHECKED, AskFirst),
    row("23", "Unacceptable transaction fee", SETTINGS, OUR_FAULT, AfterCorrection),
    row("24", "File update not supported by receiver", UPKEEP, OUR_FAULT, AskFirst),
    row("25", "Unable to locate record on file", "What it is about was not found. Check the number and the product.", CHECK_NUMBER, AfterCorrection),
    row("26", "Duplicate file update record, old record replaced", UPKEEP, OUR_FAULT, AskFirst),
    row("27", "File update field edit error", UPKEEP, OUR_FAULT, AskFirst),
    row("28", "File update file locked out", UPKEEP, OUR_FAULT, AskFirst),
    row("29", "File update not successful, contact acquirer", UPKEEP, OUR_FAULT, AskFirst),
    row("30", "Format error", "Something in the order is not written as the issuer wants it. Check what was typed in.", CHECK_NUMBER, AfterCorrection),
    row("31", "Bank not supported by switch", "There is no way to this issuer.", OUR_FAULT, WillNotHelp),
    row("32", "Completed partially", "Only a part was carried out. Call the gateway's support with the order's id.", BEING_CHECKED, AskFirst),
    row("33", "Expired card, pick up", CARD_GONE, OTHER_PAYMENT, AfterCorrection),
    row("34", "Suspected fraud, pick up", SECURITY, ASK_ISSUER, WillNotHelp),
    row("35", "Contact acquirer, pick up", SECURITY, ASK_ISSUER, WillNotHelp),
    row("36", "Restricted card, pick up", CARD_GONE, OTHER_PAYMENT, AfterCorrection),
    row("37", "Call acquirer security, pick up", SECURITY, ASK_ISSUER, WillNotHelp),
    row("38", "PIN tries exceeded, pick up", CARD_GONE, OTHER_PAYMENT, AfterCorrection),
    row("39", "No credit account", NO_ACCOUNT, CHECK_NUMBER, AfterCorrection),
    row("40", "Requested function not supported", "The issuer does not offer this.", OUR_FAULT, WillNotHelp),
    row("41", "Lost card", CARD_GONE, OTHER_PAYMENT, AfterCorrection),
    row("42", "No universal account", NO_ACCOUNT, CHECK_NUMBER, AfterCorrection),
    row("43", "Stolen card", CARD_GONE, OTHER_PAYMENT, AfterCorrection),
    row("44", "No investment account", NO_ACCOUNT, CHECK_NUMBER, AfterCorrection),
    row("51", "Not sufficient funds", "What was to pay for it does not suffice: your account's balance, or a gift card.", OUR_FAULT, AfterCorrection),
    row("52", "No cheque account", NO_ACCOUNT, CHECK_NUMBER, AfterCorrection),
    row("53", "No savings account", NO_ACCOUNT, CHECK_NUMBER, AfterCorrection),
    row("54", "Expired card", CARD_GONE, OTHER_PAYMENT, AfterCorrection),
    row("55", "Incorrect PIN", "A code that was typed in is wrong.", CHECK_NUMBER, AfterCorrection),
    row("56", "No card record", NO_ACCOUNT, CHECK_NUMBER, AfterCorrection),
    row("57", "Transaction not permitted to cardholder", "The issuer does not allow this to the customer.", ASK_ISSUER, WillNotHelp),
    row("58", "Transaction not permitted to terminal", SETTINGS, OUR_FAULT, AfterCorrection),
    row("59", "Suspected fraud", SECURITY, ASK_ISSUER, WillNotHelp),
    row("60", "Contact acquirer", SETTINGS, OUR_FAULT, AfterCorrection),
    row("61", "Exceeds amount limit", "The amount is above what may be sold, or above what the customer may receive.", CHECK_AMOUNT, AfterCorrection),
    row("62", "Restricted card", "The number, account or card is restricted.", ASK_ISSUER, WillNotHelp),
    row("63", "Security violation", SECURITY, ASK_ISSUER, WillNotHelp),
    row("64", "Original amount incorrect", "The amount is not the one that it must be.", CHECK_AMOUNT, AfterCorrection),
    row("65", "Exceeds frequency limit", "There were too many in a short time.", LATER, MayHelpLater),
    row("66", "Call acquirer's security department", SECURITY, ASK_ISSUER, WillNotHelp),
    row("67", "Hard capture", CARD_GONE, OTHER_PAYMENT, AfterCorrection),
    row("68", "Response received too late", MAY_BE_DONE, BEING_CHECKED, AskFirst),
    row("75", "PIN tries exceeded", "A wrong code was typed in too often.", ASK_ISSUER, WillNotHelp),
    row("90", "Cut-off in process", "The issuer is closing its day.", LATER, MayHelpLater),
    row("91", "Issuer or switch inoperative", "The issuer cannot be reached.", LATER, MayHelpLater),
    row("92", "No facility found for routing", "There is no way to this issuer at the moment.", LATER, MayHelpLater),
    row("93", "Violation of law", "The law or the issuer's rules forbid it.", ASK_ISSUER, WillNotHelp),
    row("94", "Duplicate transmission", "The issuer has seen this before, and may have carried it out then. Call the gateway's support with the order's id.", BEING_CHECKED, AskFirst),
    row("95", "Reconcile error", UPKEEP, OUR_FAULT, AskFirst),
    row("96", "System malfunction", TECHNICAL, LATER, MayHelpLater),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_each_row_says_something() {
        assert!(TABLE.is_sorted_by(|a, b| a.code < b.code), "the search needs it, and each code stands once");
        for row in TABLE {
            assert!(
                row.code.len() == 2 && row.code.bytes().all(|byte| byte.is_ascii_digit()),
                "{}",
                row.code
            );
            assert!(!row.title.is_empty() && row.meaning.ends_with('.') && row.tell_customer.ends_with('.'));
            let advice = cysend_response_advice(row.code.to_string()).expect(row.code);
            assert_eq!((advice.code.as_str(), advice.title.as_str()), (row.code, row.title));
        }
    }

    #[test]
    fn an_unknown_code_is_nobodys_failure() {
        for code in ["", "0", "000", "ZZ", "1A", "45", "69", "76", "99", "00 01", "０0"] {
            assert_eq!(cysend_response_advice(code.into()), None, "{code}");
        }
        assert!(cysend_response_advice(" 00 ".into()).is_some());
    }

    #[test]
    fn nothing_is_sold_again_by_itself_where_it_may_have_been_carried_out() {
        let new_try = |code: &str| cysend_response_advice(code.into()).unwrap().new_try;
        for code in ["00", "09", "11", "16"] {
            assert_eq!(new_try(code), CysendNewTry::NotNeeded, "{code}");
        }
        for code in ["08", "10", "20", "22", "32", "68", "94"] {
            assert_eq!(new_try(code), CysendNewTry::AskFirst, "{code}");
        }
        for code in ["91", "90", "96"] {
            assert_eq!(new_try(code), CysendNewTry::MayHelpLater, "{code}");
        }
        assert_eq!(new_try("14"), CysendNewTry::AfterCorrection);
        assert_eq!(new_try("05"), CysendNewTry::WillNotHelp);
    }
}
