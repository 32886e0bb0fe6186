//! An amount is read if, and only if, it is a JSON number that a decimal holds exactly, and then no digit of it is lost: judged by
//! digits alone. Printed and read again, it is the same to the last zero.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillgate::testing::inner::json_number;
use tillgate_fuzz::number::{digits, fits};

/// What the library reads at most.
const TEXT_SIZE_MAX: usize = 64;

fuzz_target!(|text: &str| {
    let read = json_number(text);
    let said = digits(text);
    match (&read, &said) {
        (Ok(amount), Some(said)) => {
            let printed = amount.to_string();
            let again = digits(&printed).unwrap_or_else(|| panic!("{text} was printed as {printed}"));
            assert_eq!(again, *said, "{text} was read as {printed}");
            let second = json_number(&printed).unwrap_or_else(|why| panic!("{printed}: {why}"));
            assert_eq!((second, second.scale()), (*amount, amount.scale()), "{text}");
        }
        (Ok(amount), None) => panic!("{text:?} is no JSON number, and was read as {amount}"),
        (Err(why), Some(said)) if text.len() <= TEXT_SIZE_MAX && fits(said) => panic!("{text}: {why}"),
        (Err(_), _) => {}
    }
    // A second reading, of whoever writes JSON parsers for a living, must agree on what a number is.
    let is_number = serde_json::from_str::<&serde_json::value::RawValue>(text)
        .is_ok_and(|raw| raw.get() == text && text.starts_with(|c: char| c == '-' || c.is_ascii_digit()));
    assert_eq!(is_number, said.is_some(), "{text:?}");
});
