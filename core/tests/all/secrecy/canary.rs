//! What stands in the place of each secret, and the search for it in whatever form it got away.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use std::sync::Arc;
use tillgate::Secret;

/// A secret that sings where it does not belong.
#[derive(Clone, Copy, Debug)]
pub struct Canary {
    /// The secret that it stands for.
    pub name: &'static str,
    /// The whole text. Most hold characters that addresses, JSON and headers write in another way.
    text: &'static str,
    /// What is searched for: letters and digits, which those ways leave alone.
    core: &'static str,
    is_key: bool,
}

const fn canary(name: &'static str, text: &'static str, core: &'static str) -> Canary {
    Canary { name, text, core, is_key: false }
}

/// A journal key: its text is 32 bytes in Base64, and the bytes are searched for.
const fn key(name: &'static str, core: &'static str) -> Canary {
    assert!(core.len() == 32);
    Canary { name, text: core, core, is_key: true }
}

pub const PASSWORD: Canary = canary("password", "a\"/ %é+canaryPassword01", "canaryPassword01");
pub const ROTATED: Canary = canary("rotated password", "canaryRotated02:\"", "canaryRotated02");
pub const TOKEN: Canary = canary("token", "\"/%canaryToken03==", "canaryToken03");
pub const MADE_TOKEN: Canary = canary("token that was made", "canaryMadeToken04/\\\"", "canaryMadeToken04");
pub const GIFT_CARD: Canary = canary("gift card", "a/\" %é?canaryGiftCard05", "canaryGiftCard05");
pub const OWN_CARD: Canary = canary("gift card answered", "\"\\canaryOwnCard06", "canaryOwnCard06");
pub const CARD_SERIAL: Canary = canary("gift card's serial", "canaryCardSerial07", "canaryCardSerial07");
pub const PAYMENT: Canary = canary("payment code", "\"&canaryPayment08", "canaryPayment08");
pub const VOUCHER: Canary = canary("voucher", "\"\\canaryVoucher09", "canaryVoucher09");
pub const SERIAL: Canary = canary("voucher's serial", "canarySerial10\"", "canarySerial10");
pub const PIN: Canary = canary("voucher's PIN", "canaryPin11", "canaryPin11");
pub const LINK: Canary = canary("voucher's link", "https://pdf.example/canaryLink12?a=1", "canaryLink12");
pub const NEW_PART: Canary = canary("voucher's new field", "canaryNewPart13", "canaryNewPart13");
pub const NEW_FIELD: Canary = canary("answer's new field", "canaryNewField14", "canaryNewField14");
pub const VERIFICATION: Canary = canary("verification code", "7391", "7391");
pub const PROXY: Canary = canary("proxy password", "a/\":canaryProxy15", "canaryProxy15");
pub const PROXY_ADDRESS: Canary = canary("proxy's address", "canaryProxyAddress16", "canaryProxyAddress16");
pub const ENVIRONMENT: Canary = canary("environment's proxy", "canaryEnvironment17", "canaryEnvironment17");
pub const ADDRESS: Canary = canary("gateway's address", "canaryAddress18", "canaryAddress18");
pub const CALLBACK: Canary = canary("callback's path", "canaryCallback19", "canaryCallback19");
pub const NOTIFICATION: Canary =
    canary("notification's path", "canaryNotification24", "canaryNotification24");
pub const KEY: Canary = key("journal key", "canaryJournalKey20abcdefghijklmn");
pub const OLD_KEY: Canary = key("old journal key", "canaryOldJournalKey21abcdefghijk");
pub const OTHER_KEY: Canary = key("wrong journal key", "canaryOtherJournalKey22abcdefghi");
pub const NO_KEY: Canary = canary("no journal key", "canaryNoJournalKey23!", "canaryNoJournalKey23");

/// All of them.
pub const ALL: [Canary; 25] = [
    PASSWORD,
    ROTATED,
    TOKEN,
    MADE_TOKEN,
    GIFT_CARD,
    OWN_CARD,
    CARD_SERIAL,
    PAYMENT,
    VOUCHER,
    SERIAL,
    PIN,
    LINK,
    NEW_PART,
    NEW_FIELD,
    VERIFICATION,
    PROXY,
    PROXY_ADDRESS,
    ENVIRONMENT,
    ADDRESS,
    CALLBACK,
    NOTIFICATION,
    KEY,
    OLD_KEY,
    OTHER_KEY,
    NO_KEY,
];

/// How many forms of a canary are searched for.
pub const FORMS: usize = 9;

impl Canary {
    pub fn text(&self) -> String {
        if self.is_key {
            base64::engine::general_purpose::STANDARD.encode(self.core)
        } else {
            self.text.to_string()
        }
    }

    pub fn secret(&self) -> Arc<Secret> {
        Secret::new(self.text())
    }

    /// The form in which it stands in there, if it does.
    pub fn found_in(&self, bytes: &[u8]) -> Option<&'static str> {
        // Four digits stand by chance in longer numbers; as a code they stand alone.
        let alone = self.core.bytes().all(|byte| byte.is_ascii_digit());
        let stands = |needle: &[u8]| {
            memmem::find_iter(bytes, needle).any(|at| {
                let neighbours = [at.checked_sub(1), Some(at + needle.len())];
                !alone
                    || !neighbours
                        .into_iter()
                        .flatten()
                        .filter_map(|at| bytes.get(at))
                        .any(u8::is_ascii_alphanumeric)
            })
        };
        self.forms().into_iter().find(|(_, needle)| stands(needle)).map(|(form, _)| form)
    }

    fn forms(&self) -> Vec<(&'static str, Vec<u8>)> {
        let core = self.core.as_bytes();
        let hex: String = core.iter().map(|byte| format!("{byte:02x}")).collect();
        let list: Vec<String> = core.iter().map(u8::to_string).collect();
        let mut forms = vec![
            ("plain", core.to_vec()),
            ("hex", hex.clone().into_bytes()),
            ("hex", hex.to_uppercase().into_bytes()),
            ("list of bytes", list.join(", ").into_bytes()),
            ("UTF-16", core.iter().flat_map(|byte| [*byte, 0]).collect()),
        ];
        // What surrounds a text decides at which of three places its Base64 begins. Its first and last letters depend on the
        // neighbours, and are left off.
        for before in 0..3 {
            let padded = [&vec![0; before][..], core].concat();
            let sure = [0, 2, 3][before]..padded.len() * 8 / 6;
            forms.push(("Base64", STANDARD_NO_PAD.encode(&padded)[sure.clone()].as_bytes().to_vec()));
            if before == 0 {
                forms.push(("Base64", URL_SAFE_NO_PAD.encode(&padded)[sure].as_bytes().to_vec()));
            }
        }
        assert_eq!(forms.len(), FORMS);
        forms
    }
}

#[test]
fn a_canary_is_found_in_each_form_and_nothing_else_is() {
    for canary in ALL {
        let text = canary.text();
        let around = |text: &str| format!("till:{text} or so");
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
        let mut leaks = vec![
            ("plain", around(&text)),
            ("quoted", format!("{text:?}")),
            ("JSON", serde_json::Value::from(text.as_str()).to_string()),
            ("bytes", format!("{:?}", text.as_bytes())),
            ("Basic", base64(&format!("till:{text}"))),
            ("hex", hex),
        ];
        if canary.core.len() > 4 {
            leaks.extend(
                (0..3).map(|size| ("Base64", base64(&around(&format!("{}{text}", "x".repeat(size)))))),
            );
        }
        for (form, leak) in leaks {
            // The key's text is Base64 already; twice is nobody's accident.
            if canary.is_key && matches!(form, "Basic" | "Base64" | "hex" | "bytes") {
                continue;
            }
            // Alone in a header, four digits have no neighbours that would tell where their Base64 begins.
            if canary.core.len() == 4 && form == "Basic" {
                continue;
            }
            assert!(canary.found_in(leak.as_bytes()).is_some(), "{} as {form}: {leak}", canary.name);
            let others = ALL.into_iter().filter(|other| other.name != canary.name);
            for other in others {
                assert_eq!(other.found_in(leak.as_bytes()), None, "{} in {leak}", other.name);
            }
        }
    }
    assert_eq!(VERIFICATION.found_in(b"17391 73912 x7391 7391Z"), None);
    assert_eq!(VERIFICATION.found_in(b"code=7391."), Some("plain"));
}
