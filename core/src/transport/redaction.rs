//! Takes the secrets of a request out of what is told of its failure: a gateway may repeat them in its own words.

use crate::error::TillgateError;
use crate::secret::Secret;
use reqwest::Url;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The same error without these secrets, neither as they are nor as they stand in an address or in JSON.
pub(crate) fn without(secrets: &[Arc<Secret>], mut error: TillgateError) -> TillgateError {
    let details = error.details_mut();
    let words = [
        Some(&mut details.reason),
        details.gateway_text.as_mut(),
        details.gateway_information.as_mut(),
        details.gateway_code.as_mut(),
    ];
    for text in words.into_iter().flatten().chain(details.gateway_extra.values_mut()) {
        for form in secrets.iter().flat_map(|secret| forms(secret.as_str())) {
            if text.contains(form.as_str()) {
                *text = text.replace(form.as_str(), "***");
            }
        }
    }
    let extra = std::mem::take(&mut details.gateway_extra);
    // A name is the gateway's own and not a place for a secret, but it costs nothing to be sure.
    let named = |name: &String| {
        secrets.iter().flat_map(|secret| forms(secret.as_str())).any(|form| name.contains(form.as_str()))
    };
    details.gateway_extra = extra.into_iter().filter(|(name, _)| !named(name)).collect();
    error
}

/// How a secret may be written.
fn forms(secret: &str) -> Vec<Zeroizing<String>> {
    if secret.is_empty() {
        return Vec::new();
    }
    let mut forms = vec![Zeroizing::new(secret.to_string())];
    let json = Zeroizing::new(serde_json::Value::from(secret).to_string());
    forms.push(Zeroizing::new(json.trim_matches('"').to_string()));
    if let Ok(mut url) = Url::parse("https://a.invalid/") {
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(secret);
        }
        forms.push(Zeroizing::new(url.path().trim_start_matches('/').to_string()));
        url.query_pairs_mut().append_pair("", secret);
        forms.push(Zeroizing::new(url.query().unwrap_or_default().trim_start_matches('=').to_string()));
    }
    forms.retain(|form| !form.is_empty());
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorDetails;

    #[test]
    fn a_secret_is_taken_out_in_each_of_its_forms() {
        let secret = Secret::new("12/34 \"\u{fc}".into());
        let text = r#"No card 12/34 "ü, gift-card/12%2F34%20%22%C3%BC, code=12%2F34+%22%C3%BC, {"code":"12/34 \"ü"}"#;
        let mut details = ErrorDetails::local("Really 12/34 \"ü.", "");
        details.gateway_text = Some(text.into());
        details.gateway_information = Some(text.into());
        details.gateway_code = Some("API_12/34 \"ü".into());
        details.gateway_extra =
            [("path".to_string(), text.to_string()), ("12/34 \"ü".to_string(), String::new())].into();
        let error = without(&[secret, Secret::new(String::new())], TillgateError::NotFound { details });
        let told = "No card ***, gift-card/***, code=***, {\"code\":\"***\"}";
        let details = error.details();
        assert_eq!(details.reason, "Really ***.");
        assert_eq!(details.gateway_text.as_deref(), Some(told));
        assert_eq!(details.gateway_information.as_deref(), Some(told));
        assert_eq!(details.gateway_code.as_deref(), Some("API_***"));
        assert_eq!(details.gateway_extra, [("path".to_string(), told.to_string())].into());
    }
}
