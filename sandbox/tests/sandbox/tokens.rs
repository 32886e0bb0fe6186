//! Access tokens, and the rights of credentials.

use std::net::TcpStream;

use serde_json::{Value, json};
use tillgate_sandbox::{Account, Permission, SandboxConfig};

use crate::client::{Answer, BASE, Shop, basic, exchange, live, request_bytes, still};

fn made(shop: &Shop, options: Value) -> Value {
    let answer = shop.ask("POST", "/access/token", &options.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn by_token(token: &Value) -> String {
    format!("Api-token: {}\r\n", token["token"].as_str().unwrap())
}

/// A request that comes from another address of this machine.
fn ask_from(shop: &Shop, from: &str, auth: &str, method: &str, path: &str, body: &str) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        socket.connect(shop.sandbox.address()).await.unwrap()
    });
    let mut stream: TcpStream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    exchange(&mut stream, &request_bytes(method, &format!("{BASE}{path}"), auth, body.as_bytes())).unwrap()
}

#[test]
fn a_token_buys_for_the_account_that_made_it() {
    let shop = Shop::open();
    let token = made(&shop, json!({ "ip_restricted": false }));
    assert_eq!(token["token"].as_str().unwrap().len(), 32);
    assert_eq!(shop.ask_as(&by_token(&token), "POST", "/store/order", &live("a")).unwrap().status, 201);
    assert_eq!(shop.balance(), "990.50");
    assert_eq!(shop.sandbox.requests().last().unwrap().account.as_deref(), Some("till"));
    let other = made(&shop, json!({ "ip_restricted": false }));
    assert_ne!(other["token"], token["token"]);
}

#[test]
fn a_token_is_made_by_password_and_read_by_itself_alone() {
    let shop = Shop::open();
    let token = made(&shop, json!({ "ip_restricted": true, "TTL": 60 }));
    assert_eq!(shop.ask_as(&by_token(&token), "GET", "/access/token", "").unwrap().json(), token);
    assert_eq!(shop.get("/access/token").status, 401, "by password");
    let options = r#"{"ip_restricted":false}"#;
    assert_eq!(shop.ask_as(&by_token(&token), "POST", "/access/token", options).unwrap().status, 401);
    assert_eq!(shop.ask_as("", "GET", "/access/token", "").unwrap().status, 401);
    assert_eq!(shop.ask_as("Api-token: unknown\r\n", "GET", "/access/token", "").unwrap().status, 404);
    let fixed = format!("Api-token: {}\r\n", "t".repeat(32));
    let fixed = shop.ask_as(&fixed, "GET", "/access/token", "").unwrap().json();
    assert!(fixed.get("TTL").is_none() && fixed.get("authorized_ips").is_none(), "{fixed}");
}

#[test]
fn a_token_ends_in_sandbox_time() {
    let shop = Shop::with(SandboxConfig { start_ms: Some(1_550_628_000_000), ..still() });
    let token = made(&shop, json!({ "ip_restricted": false, "TTL": 90 }));
    assert_eq!(token["TTL"], "2019-02-20T02:01:30+00:00");
    assert_eq!(made(&shop, json!({ "ip_restricted": false }))["TTL"], "2019-02-20T03:00:00+00:00");
    let status = |path: &str| shop.ask_as(&by_token(&token), "GET", path, "").unwrap().status;
    shop.sandbox.advance(89_999);
    assert_eq!(status("/customer/balance"), 200);
    shop.sandbox.advance(1);
    assert_eq!(status("/customer/balance"), 401);
    assert_eq!(status("/access/token"), 404);
}

#[test]
fn a_restricted_token_serves_its_addresses_alone() {
    let shop = Shop::open();
    let mine = made(&shop, json!({ "ip_restricted": true, "authorized_ips": "mine, 127.0.0.3" }));
    assert_eq!(mine["authorized_ips"], "127.0.0.1,127.0.0.3");
    let status = |from: &str, token: &Value| {
        ask_from(&shop, from, &by_token(token), "GET", "/customer/balance", "").status
    };
    assert_eq!(status("127.0.0.1", &mine), 200);
    assert_eq!(status("127.0.0.3", &mine), 200);
    assert_eq!(status("127.0.0.2", &mine), 401);
    let open = made(&shop, json!({ "ip_restricted": false, "authorized_ips": "8.8.8.8" }));
    assert_eq!(status("127.0.0.2", &open), 200, "the list counts only with the restriction");
    let auth = basic("till", "secret");
    let body = r#"{"ip_restricted":true}"#;
    let elsewhere = ask_from(&shop, "127.0.0.4", &auth, "POST", "/access/token", body).json();
    assert_eq!(elsewhere["authorized_ips"], "127.0.0.4", "mine is the default");
}

#[test]
fn mine_is_the_address_that_asks_also_over_ipv6() {
    let shop = Shop::with(SandboxConfig { address: std::net::Ipv6Addr::LOCALHOST.into(), ..still() });
    let mine = made(&shop, json!({ "ip_restricted": true }));
    assert_eq!(mine["authorized_ips"], "::1");
    assert_eq!(shop.ask_as(&by_token(&mine), "GET", "/customer/balance", "").unwrap().status, 200);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let shop = Shop::open();
    for wrong in [
        json!({}),
        json!({ "ip_restricted": "yes" }),
        json!({ "ip_restricted": true, "TTL": 0 }),
        json!({ "ip_restricted": true, "TTL": 1.5 }),
        json!({ "ip_restricted": true, "authorized_ips": "fe80::1" }),
        json!({ "ip_restricted": true, "authorized_ips": "" }),
        json!({ "ip_restricted": true, "authorized_ips": vec!["127.0.0.1"; 30].join(",") }),
    ] {
        assert_eq!(shop.ask("POST", "/access/token", &wrong.to_string()).status, 400, "{wrong}");
    }
}

#[test]
fn rights_bind_the_account_and_its_tokens() {
    let permissions =
        vec![Permission::new("store/catalogue/*", "GET"), Permission::new("access/token", "GET,POST")];
    let account = Account { permissions, ..Account::till() };
    let shop = Shop::with(SandboxConfig { accounts: vec![account], ..still() });
    let token = made(&shop, json!({ "ip_restricted": false }));
    assert_eq!(token["permissions"][0], json!({ "scope": "store/catalogue/*", "methods": "GET" }));
    for auth in [basic("till", "secret"), by_token(&token)] {
        let status =
            |method: &str, path: &str, body: &str| shop.ask_as(&auth, method, path, body).unwrap().status;
        assert_eq!(status("GET", "/store/catalogue/countries", ""), 200);
        assert_eq!(status("GET", "/customer/balance", ""), 403);
        assert_eq!(status("POST", "/store/order", &live("a")), 403);
        assert_eq!(status("GET", "/openapi/ping", ""), 200, "asks for no credentials");
    }
    assert!(shop.sandbox.ledger().is_empty());
}

#[test]
fn a_token_is_not_in_the_request_log() {
    let shop = Shop::open();
    let token = made(&shop, json!({ "ip_restricted": false }));
    shop.ask_as(&by_token(&token), "GET", "/access/token", "").unwrap();
    let log = serde_json::to_string(&shop.sandbox.requests()).unwrap();
    assert!(log.contains("*** (of till)") && !log.contains(token["token"].as_str().unwrap()), "{log}");
}
