//! The gateway's operations: their names in the document, methods, paths, and the error body they share.

use serde::Serialize;

use crate::http::Response;

/// An operation of CY.SEND's OpenAPI 5.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateOrder,
    GetOrder,
    ForceCallback,
    GetProductCost,
    GetResponses,
    GetCatalogue,
    GetCountries,
    GetCategories,
    GetProducts,
    GetFaceValues,
    GetMaintenance,
    GetPromotions,
    Balance,
    Ping,
}

use Operation::*;

/// Operation, its `operationId`, method and path below the base path.
const ALL: [(Operation, &str, &str, &str); 14] = [
    (CreateOrder, "createOrder", "POST", "/store/order"),
    (GetOrder, "getOrder", "GET", "/store/order"),
    (ForceCallback, "forceCallback", "POST", "/store/order/callback"),
    (GetProductCost, "getProductCost", "PUT", "/store/order/cost"),
    (GetResponses, "getResponses", "GET", "/store/order/responses"),
    (GetCatalogue, "getCatalogue", "GET", "/store/catalogue"),
    (GetCountries, "getCountries", "GET", "/store/catalogue/countries"),
    (GetCategories, "getCategories", "GET", "/store/catalogue/categories"),
    (GetProducts, "getProducts", "GET", "/store/catalogue/products"),
    (GetFaceValues, "getFaceValues", "GET", "/store/catalogue/face-value"),
    (GetMaintenance, "getMaintenance", "GET", "/store/catalogue/maintenance"),
    (GetPromotions, "getPromotions", "GET", "/store/catalogue/promotion"),
    (Balance, "balance", "GET", "/customer/balance"),
    (Ping, "ping", "GET", "/openapi/ping"),
];

/// Redirects point here: the same operations a second time, so that a client which follows one buys again.
pub(crate) const REDIRECTED: &str = "/redirected";

/// What a method and a path mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Operation(Operation),
    /// The path is known, the method is not.
    WrongMethod,
    Unknown,
}

pub(crate) fn route(base_path: &str, method: &str, path: &str) -> Route {
    let path = path.strip_prefix(REDIRECTED).unwrap_or(path);
    let Some(below) = path.strip_prefix(base_path) else { return Route::Unknown };
    let mut found = Route::Unknown;
    for (operation, _, its_method, its_path) in ALL {
        if its_path == below {
            if its_method == method {
                return Route::Operation(operation);
            }
            found = Route::WrongMethod;
        }
    }
    found
}

impl Operation {
    /// Its `operationId` in the document.
    pub(crate) fn id(self) -> &'static str {
        ALL.iter().find(|(operation, ..)| *operation == self).map_or("", |(_, id, ..)| id)
    }

    pub(crate) fn is_known(id: &str) -> bool {
        ALL.iter().any(|(_, known, ..)| *known == id)
    }

    /// The document lists no security for these two.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, GetResponses | Ping)
    }
}

/// The gateway's error body (`APIError` in the document).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ApiError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) information: String,
}

impl ApiError {
    /// The response with this error. The document gives the form of a code (`API_` and six digits) but no list, so
    /// ours begin with the HTTP status.
    pub(crate) fn response(status: u16, message: &str, information: impl Into<String>) -> Response {
        let error = ApiError {
            code: format!("API_{status}001"),
            message: message.to_owned(),
            information: information.into(),
        };
        Response::json(status, &error)
    }
}

pub(crate) fn wrong_parameters(information: impl Into<String>) -> Response {
    ApiError::response(400, "Wrong or missing product parameters", information)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_operation_also_after_a_redirect() {
        assert_eq!(route("/b", "POST", "/b/store/order"), Route::Operation(CreateOrder));
        assert_eq!(route("/b", "POST", "/redirected/b/store/order"), Route::Operation(CreateOrder));
        assert_eq!(route("/b", "DELETE", "/b/store/order"), Route::WrongMethod);
        assert_eq!(route("/b", "GET", "/store/order"), Route::Unknown);
    }
}
