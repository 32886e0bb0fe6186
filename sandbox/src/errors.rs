//! The gateway's errors: the body that they share, and the list that getErrors answers.

use serde::Serialize;

use crate::http::Response;

/// Status, code, message. The document gives the form of a code (`API_` and six digits) but no list, so ours begin
/// with the HTTP status.
const ALL: [(u16, &str, &str); 20] = [
    (400, "API_400001", "Wrong or missing product parameters"),
    (400, "API_400002", "Wrong or missing parameters"),
    (400, "API_400003", "Bad request"),
    (401, "API_401001", "Unauthorized access"),
    (402, "API_402001", "Insufficient funds"),
    (403, "API_403001", "Forbidden"),
    (404, "API_404001", "Not found"),
    (404, "API_404002", "Order not found"),
    (404, "API_404003", "Face value not found"),
    (404, "API_404004", "Scenario not found"),
    (404, "API_404005", "Product not found"),
    (404, "API_404006", "Country not found"),
    (404, "API_404007", "Category not found"),
    (404, "API_404008", "CY.SEND Gift Card not found"),
    (404, "API_404009", "Token not found"),
    (404, "API_404010", "Language not found"),
    (404, "API_404011", "Verification request not found"),
    (405, "API_405001", "Method not allowed"),
    (500, "API_500001", "Internal error"),
    (503, "API_503001", "Service unavailable"),
];

/// The gateway's error body (`APIError` in the document).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ApiError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) information: String,
}

impl ApiError {
    /// The response with this error.
    pub(crate) fn response(status: u16, message: &str, information: impl Into<String>) -> Response {
        let listed = ALL.iter().find(|(its_status, _, its)| *its_status == status && *its == message);
        let error = ApiError {
            code: listed.map_or_else(|| format!("API_{status}001"), |(_, code, _)| (*code).to_owned()),
            message: message.to_owned(),
            information: information.into(),
        };
        Response::json(status, &error)
    }
}

/// What is wrong with an order, a cost request or a filter of the catalogue.
pub(crate) fn wrong_parameters(information: impl Into<String>) -> Response {
    ApiError::response(400, "Wrong or missing product parameters", information)
}

/// What is wrong with any other request.
pub(crate) fn wrong_request(information: impl Into<String>) -> Response {
    ApiError::response(400, "Wrong or missing parameters", information)
}

pub(crate) fn not_found(what: &str, value: &str) -> Response {
    ApiError::response(404, &format!("{what} not found"), format!("Nothing is known by {value}."))
}

/// Answers getErrors.
pub(crate) fn list() -> Response {
    #[derive(Serialize)]
    struct Description {
        http: u16,
        code: &'static str,
        message: &'static str,
    }
    let all: Vec<_> =
        ALL.iter().map(|(http, code, message)| Description { http: *http, code, message }).collect();
    Response::json(200, &all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_a_code_of_its_own() {
        let codes: std::collections::BTreeSet<&str> = ALL.iter().map(|(_, code, _)| *code).collect();
        assert_eq!(codes.len(), ALL.len());
        for (status, code, _) in ALL {
            assert!(code.len() == 10 && code.starts_with(&format!("API_{status}")), "{code}");
        }
    }
}
