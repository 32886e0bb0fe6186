//! Numbers by their digits alone. Slow, simple, and without arithmetic that could overflow.

/// A number as JSON writes it (RFC 8259, section 6), taken apart: its sign, its digits without zeros at either end, and the
/// power of ten of the last of them. Zero is no digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    pub negative: bool,
    pub digits: String,
    pub power: i64,
}

/// `None` when the text is no JSON number.
pub fn digits(text: &str) -> Option<Digits> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let negative = bytes.first() == Some(&b'-');
    at += usize::from(negative);
    let run = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = run(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    let mut all = text[at..at + whole].to_string();
    at += whole;
    let mut power: i64 = 0;
    if bytes.get(at) == Some(&b'.') {
        let fraction = run(at + 1);
        if fraction == 0 {
            return None;
        }
        all.push_str(&text[at + 1..at + 1 + fraction]);
        power -= fraction as i64;
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        let sign = matches!(bytes.get(at), Some(b'+' | b'-'));
        let exponent = run(at + usize::from(sign));
        if exponent == 0 {
            return None;
        }
        let end = at + usize::from(sign) + exponent;
        // Beyond these all exponents are alike: far too large.
        let value: i128 =
            text[at..end].parse().unwrap_or(if bytes[at] == b'-' { -(1 << 60) } else { 1 << 60 });
        power += value.clamp(-(1 << 60), 1 << 60) as i64;
        at = end;
    }
    if at != bytes.len() {
        return None;
    }
    let trimmed = all.trim_end_matches('0');
    power += (all.len() - trimmed.len()) as i64;
    let digits = trimmed.trim_start_matches('0').to_string();
    let power = if digits.is_empty() { 0 } else { power };
    Some(Digits { negative: negative && !digits.is_empty(), digits, power })
}

/// Whether a decimal of 96 bits and at most 28 places holds it exactly.
pub fn fits(number: &Digits) -> bool {
    const LARGEST: &str = "79228162514264337593543950335";
    if number.power < -28 {
        return false;
    }
    if number.digits.is_empty() {
        return true;
    }
    let zeros = number.power.max(0);
    if number.digits.len() as i64 + zeros > LARGEST.len() as i64 {
        return false;
    }
    let whole = format!("{}{}", number.digits, "0".repeat(zeros as usize));
    whole.len() < LARGEST.len() || whole.as_str() <= LARGEST
}
