//! CY.SEND's operations, as its OpenAPI description 5.2.3 names them.

use crate::transport::{Operation, OperationKind};
use reqwest::Method;

macro_rules! operations {
    ($( $constant:ident = $name:literal, $method:ident, $path:literal, $kind:ident; )*) => {
        $(
            pub(crate) static $constant: Operation =
                Operation { name: $name, method: Method::$method, path: $path, kind: OperationKind::$kind };
        )*

        /// All of them.
        #[cfg(test)]
        static ALL: &[&Operation] = &[$(&$constant),*];
    };
}

operations! {
    GET_ACCESS_TOKEN = "getAccessToken", GET, "/access/token", Read;
    CREATE_ACCESS_TOKEN = "createAccessToken", POST, "/access/token", Write;
    GET_CATALOGUE = "getCatalogue", GET, "/store/catalogue", Read;
    GET_COUNTRIES = "getCountries", GET, "/store/catalogue/countries", Read;
    GET_CATEGORIES = "getCategories", GET, "/store/catalogue/categories", Read;
    // With the filter `mobile` these two are billed: the client makes them reads that cost.
    GET_PRODUCTS = "getProducts", GET, "/store/catalogue/products", Read;
    GET_FACE_VALUES = "getFaceValues", GET, "/store/catalogue/face-value", Read;
    GET_MAINTENANCE = "getMaintenance", GET, "/store/catalogue/maintenance", Read;
    GET_PROMOTIONS = "getPromotions", GET, "/store/catalogue/promotion", Read;
    GET_ORDER = "getOrder", GET, "/store/order", Read;
    CREATE_ORDER = "createOrder", POST, "/store/order", Money;
    // The gateway sends its callback again; no order changes by it.
    FORCE_CALLBACK = "forceCallback", POST, "/store/order/callback", IdempotentWrite;
    // A PUT, but a calculation only.
    GET_PRODUCT_COST = "getProductCost", PUT, "/store/order/cost", Read;
    GET_RESPONSES = "getResponses", GET, "/store/order/responses", Read;
    BALANCE = "balance", GET, "/customer/balance", Read;
    GET_SUBSCRIPTIONS = "getSubscriptions", GET, "/customer/subscriptions", Read;
    // Sends a message or makes a call.
    PHONE_NUMBER_VERIFICATION_REQUEST = "phoneNumberVerificationRequest", POST, "/verification/phone-number", Write;
    PHONE_NUMBER_VERIFY = "phoneNumberVerify", PUT, "/verification/phone-number", CountsAttempts;
    // A guessed code is a guess at money.
    GET_GIFT_CARD = "getGiftCard", GET, "/gift-card/{gift_card_code}", CountsAttempts;
    GET_ACTIVE = "getActive", GET, "/gift-card/{gift_card_code}/active", CountsAttempts;
    PUT_ACTIVE = "putActive", PUT, "/gift-card/{gift_card_code}/active", IdempotentWrite;
    GET_ERRORS = "getErrors", GET, "/openapi/errors", Read;
    PING = "ping", GET, "/openapi/ping", Read;
    GET_NOTIFICATION_RESOURCE_TYPES = "getNotificationResourceTypes", GET, "/notification/resource_types", Read;
    GET_NOTIFICATION_EVENTS = "getNotificationEvents", GET, "/notification/events", Read;
    GET_NOTIFICATION_CHANNELS = "getNotificationChannels", GET, "/notification/channels", Read;
}

/// Whether an operation is open to everyone; credentials are not shown where nobody asks for them.
pub(crate) fn is_open(operation: &Operation) -> bool {
    matches!(operation.name, "getResponses" | "getErrors" | "ping")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_operation_stands_in_the_table_once() {
        let names: HashSet<_> = ALL.iter().map(|operation| operation.name).collect();
        let ways: HashSet<_> =
            ALL.iter().map(|operation| (operation.method.as_str(), operation.path)).collect();
        assert_eq!((names.len(), ways.len(), ALL.len()), (26, 26, 26));
    }

    #[test]
    fn only_placing_orders_moves_money_and_only_safe_methods_are_repeated() {
        for operation in ALL {
            assert_eq!(operation.kind == OperationKind::Money, operation.name == "createOrder");
            // The one exception is a calculation by PUT.
            let safe = operation.method == Method::GET || operation.name == "getProductCost";
            assert!(operation.kind != OperationKind::Read || safe, "{}", operation.name);
        }
    }
}
