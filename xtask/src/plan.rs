//! What a seller is told to do: a text of one line per setting and per step, which needs no parser in any language.
//! `conformance/README.md` describes it.

use std::fmt::Write;
use std::path::Path;

/// A step. Doing it again changes nothing, so that a seller who was killed begins again at the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Buy(Purchase),
    /// Places several orders at once, which differ in their ids alone; the purchase's own id counts for nothing.
    Batch(Vec<String>, Purchase),
    /// Writes an order down, has it sent in the background, and waits until that has ended.
    Enqueue(Purchase),
    /// Looks up and waits until the order is final or in review.
    Settle(String),
    Reveal(String),
    Cancel(String),
    /// Takes and acknowledges every event.
    Events,
    Close,
}

/// What is bought, in CY.SEND's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    pub id: String,
    /// The face value.
    pub product: u64,
    pub amount: &'static str,
    pub currency: &'static str,
    pub scenario: &'static str,
    /// The beneficiary, where the product asks for one.
    pub mobile: Option<&'static str>,
}

/// Which gateway, whose account.
pub struct Gateway<'a> {
    pub url: &'a str,
    pub user: &'a str,
    pub password: &'a str,
}

impl Purchase {
    /// Face value 1111 of the sandbox: 10 CHF for a mobile number.
    pub fn top_up(id: &str, scenario: &'static str) -> Self {
        Self {
            id: id.to_string(),
            product: 1111,
            amount: "10",
            currency: "CHF",
            scenario,
            mobile: Some("+41791234567"),
        }
    }

    /// What is bought, without the id.
    fn words(&self) -> String {
        let mobile = self.mobile.unwrap_or("-");
        format!("{} {} {} {} {mobile}", self.product, self.amount, self.currency, self.scenario)
    }

    /// Face value 3333 of the sandbox: a prepaid code of 25 EUR.
    pub fn voucher(id: &str) -> Self {
        Self {
            id: id.to_string(),
            product: 3333,
            amount: "25",
            currency: "EUR",
            scenario: "simulate-success",
            mobile: None,
        }
    }
}

/// The plan's text. The mirror of the journal's epoch lies beside the journal, under its name and `-mirror`.
pub fn text(journal: &Path, gateway: &Gateway<'_>, policy: &[(&str, u64)], steps: &[Step]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "journal {}", journal.display());
    let _ = writeln!(text, "mirror {}-mirror", journal.display());
    // The bytes 0 to 31 in base64: a key that protects nothing but tests.
    let _ = writeln!(text, "key test AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let _ = writeln!(text, "gateway {} {} {}", gateway.url, gateway.user, gateway.password);
    for (name, value) in policy {
        let _ = writeln!(text, "policy {name} {value}");
    }
    for step in steps {
        let _ = match step {
            Step::Buy(p) => writeln!(text, "buy {} {}", p.id, p.words()),
            Step::Batch(ids, p) => writeln!(text, "batch {} {}", ids.join(","), p.words()),
            Step::Enqueue(p) => writeln!(text, "enqueue {} {}", p.id, p.words()),
            Step::Settle(id) => writeln!(text, "settle {id}"),
            Step::Reveal(id) => writeln!(text, "reveal {id}"),
            Step::Cancel(id) => writeln!(text, "cancel {id}"),
            Step::Events => writeln!(text, "events"),
            Step::Close => writeln!(text, "close"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_lines_that_any_language_can_split() {
        let gateway = Gateway { url: "http://127.0.0.1:1/p", user: "till", password: "secret" };
        let steps = [
            Step::Buy(Purchase::top_up("a1", "simulate-success")),
            Step::Settle("a1".into()),
            Step::Batch(vec!["b1".into(), "b2".into()], Purchase::voucher("")),
            Step::Enqueue(Purchase::voucher("e1")),
            Step::Buy(Purchase::voucher("a2")),
            Step::Close,
        ];
        let text = text(Path::new("/a b/journal"), &gateway, &[("submit_within_ms", 5)], &steps);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "journal /a b/journal");
        assert_eq!(lines[1], "mirror /a b/journal-mirror");
        assert_eq!(lines[3], "gateway http://127.0.0.1:1/p till secret");
        assert_eq!(
            lines[4..],
            [
                "policy submit_within_ms 5",
                "buy a1 1111 10 CHF simulate-success +41791234567",
                "settle a1",
                "batch b1,b2 3333 25 EUR simulate-success -",
                "enqueue e1 3333 25 EUR simulate-success -",
                "buy a2 3333 25 EUR simulate-success -",
                "close"
            ]
        );
    }
}
