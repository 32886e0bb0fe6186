//! Which server a client addresses, and as whom.

use crate::double::{Double, json};
use crate::shop::{OWN_ERROR, client, confirmed, credentials, till_in, till_order, token_client};
use std::sync::Arc;
use tillgate::{
    CysendAccount, CysendClient, CysendConfig, CysendCredentials, CysendServer, CysendTokenOptions,
    OrderState, Secret, Till, block_on,
};

const BALANCE: &str = r#"{"balance":1,"currency":"CHF"}"#;

fn templated(double: &Double) -> Arc<CysendClient> {
    client(&format!("http://{}/openapi/prod/v5.2.3", double.address))
}

fn version(version: &str) -> CysendServer {
    CysendServer { environment: None, version: Some(version.into()) }
}

#[test]
fn a_single_call_can_go_to_another_server() {
    let double = Double::answering(|_| json(200, BALANCE));
    let client = templated(&double);
    block_on(client.balance()).unwrap();
    block_on(client.with_server(version("v6.0.0")).unwrap().balance()).unwrap();
    let staging = CysendServer { environment: Some("staging".into()), version: None };
    block_on(client.with_server(staging).unwrap().balance()).unwrap();
    block_on(client.balance()).unwrap();
    let seen = double.seen();
    let lines: Vec<_> = seen.iter().map(|seen| seen.line()).collect();
    assert_eq!(
        lines,
        [
            "GET /openapi/prod/v5.2.3/customer/balance",
            "GET /openapi/prod/v6.0.0/customer/balance",
            "GET /openapi/staging/v5.2.3/customer/balance",
            "GET /openapi/prod/v5.2.3/customer/balance",
        ]
    );
    assert_eq!(double.connection_count(), 1, "they share their connections");
}

#[test]
fn a_client_of_another_host_never_leaves_it() {
    let double = Double::answering(|_| json(200, BALANCE));
    // Nothing in this address says which part is the version, so nothing is guessed.
    let error = client(&double.url()).with_server(version("v6")).err().unwrap();
    assert_eq!((error.code(), error.details().field.as_deref()), ("invalid_argument", Some("server")));
    for value in ["", "..", "a/b", "v5?x", "v5#x", "v\n5"] {
        let error = templated(&double).with_server(version(value)).err().unwrap();
        assert_eq!(error.details().field.as_deref(), Some("server.version"), "{value:?}");
    }
    assert_eq!(double.connection_count(), 0);
}

#[test]
fn an_address_is_given_in_one_way_only() {
    let config = CysendConfig {
        credentials: credentials(),
        base_url: Some("https://shop.example/openapi".into()),
        server: Some(CysendServer::default()),
        ..CysendConfig::default()
    };
    let error = CysendClient::new(config.clone()).err().unwrap();
    assert_eq!((error.code(), error.details().field.as_deref()), ("invalid_argument", Some("server")));
    assert!(CysendClient::new(CysendConfig { base_url: None, ..config.clone() }).is_ok());
    assert!(CysendClient::new(CysendConfig { server: None, ..config }).is_ok());
}

#[test]
fn a_rotated_secret_and_a_close_count_for_every_server() {
    let double = Double::answering(|seen| match seen.header("authorization") {
        Some("Basic dGlsbDpmcmVzaA==") => json(200, BALANCE),
        _ => json(401, OWN_ERROR),
    });
    let client = templated(&double);
    let other = client.with_server(version("v6")).unwrap();
    assert_eq!(block_on(other.balance()).unwrap_err().code(), "unauthorized");
    client.rotate_secret(Secret::new("fresh".into())).unwrap();
    assert!(block_on(other.balance()).is_ok());
    other.rotate_secret(Secret::new("stale".into())).unwrap();
    assert_eq!(block_on(client.balance()).unwrap_err().code(), "unauthorized");
    block_on(other.close()).unwrap();
    assert_eq!(block_on(client.balance()).unwrap_err().code(), "closed");
}

#[test]
fn a_new_secret_never_makes_another_user() {
    let double = Double::answering(|_| json(200, BALANCE));
    let client = client(&double.url());
    // What looks like a user before a colon is a part of the password.
    client.rotate_secret(Secret::new("anna:fresh".into())).unwrap();
    block_on(client.balance()).unwrap();
    // Base64 of `till:anna:fresh`.
    assert_eq!(double.seen()[0].header("authorization"), Some("Basic dGlsbDphbm5hOmZyZXNo"));
    for user in ["", "anna:x", "an\nna"] {
        let credentials = CysendCredentials {
            user: Some(user.into()),
            password: Some(Secret::new("x".into())),
            ..CysendCredentials::default()
        };
        let config = CysendConfig { credentials, base_url: Some(double.url()), ..CysendConfig::default() };
        let error = CysendClient::new(config).err().unwrap();
        assert_eq!(error.details().field.as_deref(), Some("credentials"), "{user:?}");
    }
}

#[test]
fn another_server_is_another_account_of_a_till() {
    let double = Double::answering(confirmed);
    let client = templated(&double);
    let attach = |till: &Arc<Till>, name: &str, client: Arc<CysendClient>| {
        block_on(till.attach_cysend(CysendAccount { client, name: Some(name.into()) }))
    };
    let dir = tempfile::tempdir().unwrap();
    let till = till_in(&dir);
    attach(&till, "old", client.clone()).unwrap();
    attach(&till, "new", client.with_server(version("v6")).unwrap()).unwrap();
    let again = attach(&till, "again", client.with_server(version("v5.2.3")).unwrap()).unwrap_err();
    assert_eq!(again.code(), "invalid_argument", "the same server is the same account");

    let buy = |id: &str, account: &str| {
        let mut order = till_order(id);
        order.account = Some(account.into());
        block_on(till.buy(order)).unwrap()
    };
    let (first, second) = (buy("till_1", "old"), buy("till_2", "new"));
    assert_eq!((first.state, second.state), (OrderState::Succeeded, OrderState::Succeeded));
    assert!(first.account.contains("/openapi/prod/v5.2.3|"), "{}", first.account);
    assert!(second.account.contains("/openapi/prod/v6|"), "{}", second.account);
    // The same id again is the same order only at the same account.
    let mut elsewhere = till_order("till_1");
    elsewhere.account = Some("new".into());
    assert_eq!(block_on(till.buy(elsewhere)).unwrap_err().code(), "order_conflict");
    let lines: Vec<_> = double.seen().iter().map(|seen| seen.line().to_string()).collect();
    assert_eq!(lines, ["POST /openapi/prod/v5.2.3/store/order", "POST /openapi/prod/v6/store/order"]);
    block_on(till.close()).unwrap();
}

fn token_options() -> CysendTokenOptions {
    CysendTokenOptions { ip_restricted: true, authorized_ips: None, ttl_s: None }
}

#[test]
fn a_token_is_made_by_a_user_and_read_by_itself_and_nothing_else_is_sent() {
    let token = format!(r#"{{"token":"{}","TTL":"2030-06-16T01:43:35+00:00"}}"#, "t".repeat(32));
    let double = Double::answering(move |_| json(200, &token));
    let (basic, token) = (client(&double.url()), token_client(&double.url()));

    let error = block_on(basic.get_access_token()).unwrap_err();
    assert_eq!((error.code(), error.details().field.as_deref()), ("invalid_argument", Some("credentials")));
    let error = block_on(token.create_access_token(token_options())).unwrap_err();
    assert_eq!((error.code(), error.details().field.as_deref()), ("invalid_argument", Some("credentials")));
    assert_eq!(double.connection_count(), 0, "nothing was sent");

    block_on(basic.create_access_token(token_options())).unwrap();
    block_on(token.get_access_token()).unwrap();
    let shown: Vec<_> = double
        .seen()
        .iter()
        .map(|seen| {
            let by = |name| seen.header(name).is_some();
            (seen.line().to_string(), by("authorization"), by("api-token"))
        })
        .collect();
    let line = |method: &str| format!("{method} /openapi/access/token");
    assert_eq!(shown, [(line("POST"), true, false), (line("GET"), false, true)]);
}

#[test]
fn a_token_can_be_rotated_and_stays_a_token() {
    let double = Double::answering(|seen| match seen.header("api-token") {
        Some("fresh") => json(200, BALANCE),
        _ => json(401, OWN_ERROR),
    });
    let client = token_client(&double.url());
    assert_eq!(block_on(client.balance()).unwrap_err().code(), "unauthorized");
    for wrong in ["", "line\nbreak"] {
        let error = client.rotate_secret(Secret::new(wrong.into())).unwrap_err();
        assert_eq!(error.details().field.as_deref(), Some("credentials"), "{wrong:?}");
    }
    client.rotate_secret(Secret::new("fresh".into())).unwrap();
    block_on(client.balance()).unwrap();
    assert!(double.seen().iter().all(|seen| seen.header("authorization").is_none()));
}
