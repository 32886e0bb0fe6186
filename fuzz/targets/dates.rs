//! A date that was read, printed as RFC 3339, is read as the same instant; and where a simple reading of the four common forms
//! knows the instant, it is that one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillgate::testing::inner::cysend_date;

fuzz_target!(|text: &str| {
    let read = cysend_date(text);
    if let Some(instant) = read {
        let printed = instant.to_string();
        assert_eq!(cysend_date(&printed), Some(instant), "{text:?} was printed as {printed}");
        assert_eq!(cysend_date(&printed.replace('T', " ")), Some(instant), "{printed} with a blank");
        let padded = format!("\t{text} ");
        assert_eq!(cysend_date(&padded), Some(instant), "{padded:?}");
    }
    if let Some((seconds, nanoseconds)) = simple(text.trim()) {
        let instant = read.unwrap_or_else(|| panic!("{text:?} is a date"));
        let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        assert_eq!(instant.as_nanosecond(), total, "{text:?} was read as {instant}");
    }
});

/// `YYYY-MM-DD`, `T` or a blank, `HH:MM:SS`, perhaps a fraction, then nothing, `Z`, `+HH:MM` or `-HHMM`, perhaps after a blank.
/// Seconds since the epoch and nanoseconds, digit by digit.
fn simple(text: &str) -> Option<(i64, i64)> {
    let bytes = text.as_bytes();
    let number = |from: usize, length: usize| -> Option<i64> {
        let part = bytes.get(from..from + length)?;
        part.iter()
            .all(u8::is_ascii_digit)
            .then(|| part.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    };
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let shaped = is(4, b'-') && is(7, b'-') && (is(10, b'T') || is(10, b' ')) && is(13, b':') && is(16, b':');
    // A second 60, and years at the very ends, are left to the library.
    if !shaped || !(1..9999).contains(&year) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let mut at = 19;
    let mut nanoseconds = 0;
    if is(at, b'.') {
        let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        nanoseconds = number(at + 1, digits)? * 10_i64.pow(9 - digits as u32);
        at += 1 + digits;
    }
    let blank = is(at, b' ');
    at += usize::from(blank);
    let offset = match bytes.get(at..)? {
        [] if !blank => 0,
        [b'Z'] if !blank => 0,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let (hours, minutes) = match rest {
                [_, _, b':', _, _] => (number(at + 1, 2)?, number(at + 4, 2)?),
                [_, _, _, _] => (number(at + 1, 2)?, number(at + 3, 2)?),
                _ => return None,
            };
            if hours > 23 || minutes > 59 {
                return None;
            }
            (if *sign == b'-' { -1 } else { 1 }) * (hours * 3600 + minutes * 60)
        }
        _ => return None,
    };
    let days = (1..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum::<i64>()
        + (1..month).map(|month| days_of(year, month)).sum::<i64>()
        + day
        - 1;
    // 719,162 days lie between the first of January of the year 1 and the epoch.
    Some(((days - 719_162) * 86_400 + hour * 3600 + minute * 60 + second - offset, nanoseconds))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
