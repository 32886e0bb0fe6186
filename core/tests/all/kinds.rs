//! Each operation's kind, as it shows on the wire: a read is repeated by itself, and nothing else ever is.

use crate::double::{Double, json, with_headers};
use crate::shop::{OWN_ERROR, client, order, token_client};
use std::sync::Arc;
use tillgate::OperationKind::{self, *};
use tillgate::{
    CysendCatalogueFilter, CysendCategoryFilter, CysendClient, CysendCostRequest, CysendCountryFilter,
    CysendFaceValueFilter, CysendForceCallbackRequest, CysendOrderQuery, CysendProductFilter,
    CysendTokenOptions, CysendVerification, CysendVerificationMethod, CysendVerificationRequest, Result,
    Secret, block_on,
};

type Call = fn(&CysendClient) -> Result<()>;

fn card() -> Arc<Secret> {
    Secret::new("123456789".into())
}

/// Every operation of the description, by its own name, and twice where an argument makes it another kind.
fn calls() -> Vec<(&'static str, OperationKind, Call)> {
    vec![
        ("getAccessToken", Read, |c| block_on(c.get_access_token()).map(drop)),
        ("createAccessToken", Write, |c| {
            let options = CysendTokenOptions { ip_restricted: true, authorized_ips: None, ttl_s: None };
            block_on(c.create_access_token(options)).map(drop)
        }),
        ("getCatalogue", Read, |c| block_on(c.get_catalogue(CysendCatalogueFilter::default())).map(drop)),
        ("getCountries", Read, |c| block_on(c.get_countries(CysendCountryFilter::default())).map(drop)),
        ("getCategories", Read, |c| block_on(c.get_categories(CysendCategoryFilter::default())).map(drop)),
        ("getProducts", Read, |c| block_on(c.get_products(CysendProductFilter::default())).map(drop)),
        ("getProducts", ReadThatCosts, |c| {
            let filter = CysendProductFilter { mobile: Some("+41791234567".into()), ..Default::default() };
            block_on(c.get_products(filter)).map(drop)
        }),
        ("getFaceValues", Read, |c| block_on(c.get_face_values(CysendFaceValueFilter::default())).map(drop)),
        ("getFaceValues", ReadThatCosts, |c| {
            let filter = CysendFaceValueFilter { mobile: Some("+41791234567".into()), ..Default::default() };
            block_on(c.get_face_values(filter)).map(drop)
        }),
        ("getMaintenance", Read, |c| block_on(c.get_maintenance(None)).map(drop)),
        ("getPromotions", Read, |c| block_on(c.get_promotions(None)).map(drop)),
        ("getOrder", Read, |c| {
            let query = CysendOrderQuery { uid: None, user_uid: Some("till_1".into()) };
            block_on(c.get_order(query)).map(drop)
        }),
        ("createOrder", Money, |c| block_on(c.create_order(vec![order()])).map(drop)),
        ("forceCallback", IdempotentWrite, |c| {
            let request = CysendForceCallbackRequest { uid: "0101".into(), user_uid: "till_1".into() };
            block_on(c.force_callback(request))
        }),
        ("getProductCost", Read, |c| {
            let request = CysendCostRequest {
                face_value_id: 1111,
                face_value: 10.into(),
                face_value_currency: "CHF".into(),
                beneficiary_information: Vec::new(),
                gift_card_code: None,
            };
            block_on(c.get_product_cost(vec![request])).map(drop)
        }),
        ("getResponses", Read, |c| block_on(c.get_responses()).map(drop)),
        ("balance", Read, |c| block_on(c.balance()).map(drop)),
        ("getSubscriptions", Read, |c| block_on(c.get_subscriptions()).map(drop)),
        ("phoneNumberVerificationRequest", Write, |c| {
            let request = CysendVerificationRequest {
                method: CysendVerificationMethod::Sms,
                number: "+41791234567".into(),
                template_id: None,
                language: None,
            };
            block_on(c.phone_number_verification_request(request)).map(drop)
        }),
        ("phoneNumberVerify", CountsAttempts, |c| {
            let verification = CysendVerification {
                uid: "abcd1234".into(),
                method: CysendVerificationMethod::Sms,
                code: Secret::new("0123".into()),
            };
            block_on(c.phone_number_verify(verification)).map(drop)
        }),
        ("getGiftCard", CountsAttempts, |c| block_on(c.get_gift_card(card())).map(drop)),
        ("getActive", CountsAttempts, |c| block_on(c.get_active(card())).map(drop)),
        ("putActive", IdempotentWrite, |c| block_on(c.put_active(card(), true))),
        ("getErrors", Read, |c| block_on(c.get_errors()).map(drop)),
        ("ping", Read, |c| block_on(c.ping())),
        ("getNotificationResourceTypes", Read, |c| block_on(c.get_notification_resource_types()).map(drop)),
        ("getNotificationEvents", Read, |c| block_on(c.get_notification_events()).map(drop)),
        ("getNotificationChannels", Read, |c| block_on(c.get_notification_channels()).map(drop)),
    ]
}

/// How often a gateway that treats each request in this way sees one call.
fn seen(name: &str, call: Call, double: &Double) -> usize {
    let url = double.url();
    let client = if name == "getAccessToken" { token_client(&url) } else { client(&url) };
    call(&client).unwrap_err();
    double.seen().len()
}

#[test]
fn only_reads_are_repeated_by_themselves() {
    let names: std::collections::BTreeSet<_> = calls().iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), 26, "all of them");
    // At the same time, since repeats pause.
    std::thread::scope(|scope| {
        for (name, kind, call) in calls() {
            let times = if kind == Read { 3 } else { 1 };
            scope.spawn(move || {
                let overloaded = Double::answering(|_| {
                    with_headers(
                        503,
                        "retry-after: 0\r\ncontent-type: application/json\r\n",
                        OWN_ERROR.as_bytes(),
                    )
                });
                assert_eq!(seen(name, call, &overloaded), times, "{name} ({kind:?}) after 503");
            });
            scope.spawn(move || {
                let breaking = Double::connections(|mut connection| async move {
                    connection.request().await;
                    connection.reset();
                });
                assert_eq!(seen(name, call, &breaking), times, "{name} ({kind:?}) after a reset");
            });
        }
    });
}

#[test]
fn a_refusal_is_never_repeated() {
    for (name, _, call) in calls() {
        let refusing = Double::answering(|_| json(401, OWN_ERROR));
        assert_eq!(seen(name, call, &refusing), 1, "{name}: a password may be locked by tries");
    }
}
