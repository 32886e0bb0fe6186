//! The gateway's operations: their names in the document, methods and paths.

use percent_encoding::percent_decode_str;

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
    GetSubscriptions,
    GetAccessToken,
    CreateAccessToken,
    GetGiftCard,
    GetActive,
    PutActive,
    GetNotificationResourceTypes,
    GetNotificationEvents,
    GetNotificationChannels,
    PhoneNumberVerificationRequest,
    PhoneNumberVerify,
    GetErrors,
    Ping,
}

use Operation::*;

/// Operation, its `operationId`, method and path below the base path.
const ALL: [(Operation, &str, &str, &str); 26] = [
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
    (GetSubscriptions, "getSubscriptions", "GET", "/customer/subscriptions"),
    (GetAccessToken, "getAccessToken", "GET", "/access/token"),
    (CreateAccessToken, "createAccessToken", "POST", "/access/token"),
    (GetGiftCard, "getGiftCard", "GET", "/gift-card/{gift_card_code}"),
    (GetActive, "getActive", "GET", "/gift-card/{gift_card_code}/active"),
    (PutActive, "putActive", "PUT", "/gift-card/{gift_card_code}/active"),
    (GetNotificationResourceTypes, "getNotificationResourceTypes", "GET", "/notification/resource_types"),
    (GetNotificationEvents, "getNotificationEvents", "GET", "/notification/events"),
    (GetNotificationChannels, "getNotificationChannels", "GET", "/notification/channels"),
    (PhoneNumberVerificationRequest, "phoneNumberVerificationRequest", "POST", "/verification/phone-number"),
    (PhoneNumberVerify, "phoneNumberVerify", "PUT", "/verification/phone-number"),
    (GetErrors, "getErrors", "GET", "/openapi/errors"),
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
    let Some(below) = below_base(base_path, path) else { return Route::Unknown };
    let mut found = Route::Unknown;
    for (operation, _, its_method, its_path) in ALL {
        if parameters(its_path, below).is_some() {
            if its_method == method {
                return Route::Operation(operation);
            }
            found = Route::WrongMethod;
        }
    }
    found
}

/// What the path of a request says for the parameters in the path of an operation: name and decoded value.
pub(crate) fn path_parameters(base_path: &str, operation: Operation, path: &str) -> Vec<(String, String)> {
    let below = below_base(base_path, path).unwrap_or_default();
    parameters(operation.path(), below).unwrap_or_default()
}

fn below_base<'a>(base_path: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(REDIRECTED).unwrap_or(path).strip_prefix(base_path)
}

/// The parameters of a path that fits a template such as `/gift-card/{gift_card_code}`.
fn parameters(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut found = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(found),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) if !given.is_empty() => {
                        let value = percent_decode_str(given).decode_utf8_lossy().into_owned();
                        found.push((name.to_owned(), value));
                    }
                    _ if wanted == given => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

impl Operation {
    /// Its `operationId` in the document.
    pub(crate) fn id(self) -> &'static str {
        ALL.iter().find(|(operation, ..)| *operation == self).map_or("", |(_, id, ..)| id)
    }

    /// Its path below the base path, with the names of parameters in braces.
    pub(crate) fn path(self) -> &'static str {
        ALL.iter().find(|(operation, ..)| *operation == self).map_or("", |(.., path)| path)
    }

    pub(crate) fn is_known(id: &str) -> bool {
        ALL.iter().any(|(_, known, ..)| *known == id)
    }

    /// The document lists no security for these three.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, GetResponses | GetErrors | Ping)
    }
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

    #[test]
    fn a_parameter_in_a_path_is_decoded() {
        assert_eq!(route("/b", "PUT", "/b/gift-card/1%2F2/active"), Route::Operation(PutActive));
        let code = vec![("gift_card_code".to_owned(), "1/2+3".to_owned())];
        assert_eq!(path_parameters("/b", PutActive, "/b/gift-card/1%2F2+3/active"), code);
        assert_eq!(route("/b", "GET", "/b/gift-card/"), Route::Unknown);
    }
}
