//! What of an address may be shown where records are printed. Addresses hold secrets where nobody expects them.

/// An address without a user and password in it. They do not belong there and are refused; until then they are printed nowhere.
pub(crate) fn address(text: &str) -> String {
    let begin = text.find("://").map_or(0, |colon| colon + 3);
    match text.rfind('@') {
        Some(at) if at >= begin => format!("{}***{}", &text[..begin], &text[at..]),
        _ => text.to_string(),
    }
}

/// The scheme and the host of an address: whoever knows the path of a callback can forge one.
pub(crate) fn origin(text: &str) -> String {
    let shown = address(text);
    let Some(colon) = shown.find("://") else { return "***".to_string() };
    match shown[colon + 3..].find(['/', '?', '#']) {
        Some(end) => format!("{}/***", &shown[..colon + 3 + end]),
        None => shown,
    }
}

/// Where a notification goes: a mail address or the like as it is, of a web address the origin.
#[allow(dead_code, reason = "the compiler does not count what a derived Debug uses")]
pub(crate) fn destination(text: &str) -> String {
    if text.contains("://") { origin(text) } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_in_an_address_is_not_shown() {
        for (text, shown) in [
            ("https://shop.example/openapi?a=1", "https://shop.example/openapi?a=1"),
            ("https://till:hush@shop.example/openapi", "https://***@shop.example/openapi"),
            ("https://till:hu/sh@shop.example/", "https://***@shop.example/"),
            ("till:hush@shop.example", "***@shop.example"),
            ("", ""),
        ] {
            assert_eq!(address(text), shown);
        }
    }

    #[test]
    fn of_a_callback_address_the_origin_is_shown() {
        for (text, shown) in [
            ("https://shop.example:8443/hush/1", "https://shop.example:8443/***"),
            ("https://till:hush@shop.example/", "https://***@shop.example/***"),
            ("https://shop.example?hush", "https://shop.example/***"),
            ("https://shop.example", "https://shop.example"),
            ("shop.example/hush", "***"),
        ] {
            assert_eq!(origin(text), shown);
        }
        assert_eq!(destination("https://shop.example/hush"), "https://shop.example/***");
        assert_eq!(destination("till@shop.example"), "till@shop.example");
    }
}
