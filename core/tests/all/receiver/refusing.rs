//! What is no callback, or too much of one.

use std::time::Duration;

use super::caller::{head, post_in_chunks};
use super::*;

#[test]
fn what_is_no_callback_is_refused_and_counted() {
    run(async {
        let shop = Receiving::new(config()).await;
        let send = |bytes: Vec<u8>| shop.caller.send(bytes);
        // The path: all of it, and nothing but it.
        for path in ["/", "/hooks", &PATH[..PATH.len() - 1], &format!("{PATH}x"), &PATH.to_uppercase()] {
            assert_eq!(send(post(path, "hint:a1")).await.status, 404, "{path}");
        }
        assert_eq!(send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()).await.status, 404);
        // The method.
        for method in ["GET", "PUT", "DELETE", "HEAD", "BREW"] {
            let answer = send(format!("{method} {PATH} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
        }
        // The body.
        assert_eq!(send(post(PATH, "<html>")).await.status, 400);
        assert_eq!(send(post(PATH, "")).await.status, 400);
        let huge = vec![b' '; (256 << 10) + 1];
        assert_eq!(send(post(PATH, &huge)).await.status, 413);
        assert_eq!(send(post_in_chunks(PATH, &huge)).await.status, 413);
        // A length that is told and never sent is refused by the telling.
        assert_eq!(send(head(PATH, "content-length: 99999999999")).await.status, 413);
        // The head.
        assert_eq!(send(head(PATH, &format!("x: {}", "x".repeat(20 << 10)))).await.status, 431);
        assert_eq!(send(b"hello\r\n\r\n".to_vec()).await.status, 400);
        assert_eq!(send(head(PATH, "content-length: many")).await.status, 400);
        // Nothing at all, and half of something.
        drop(shop.caller.connect().await.unwrap());
        drop(shop.caller.connect().await.unwrap().say(&head(PATH, "content-length: 7")).await);

        let status = shop.counted("the end of all", |s| s.connections_open == 0 && s.broken_off == 2).await;
        assert_eq!((status.wrong_path, status.wrong_method, status.too_large), (6, 5, 4));
        assert_eq!((status.not_readable, status.handled), (4, 0));
        assert_complete(&status);
        assert_eq!(shop.world.gateway.calls("look_up"), 0);
        // It takes callbacks as before, of the largest allowed size too.
        let mut large = "hint:a1".to_string();
        large.push_str(&",x".repeat(((256 << 10) - large.len()) / 2));
        assert_eq!(send(post_in_chunks(PATH, &large)).await.status, 200);
    });
}

#[test]
fn guard_callback_path_whoever_does_not_know_the_path_causes_nothing() {
    run(async {
        let shop = Receiving::new(config()).await;
        for path in
            ["/", "/hooks", "/hooks/k7Gd93hXw_0aZpLq-5vTnE2z", &format!("{PATH}/"), &format!("/x{PATH}")]
        {
            assert_eq!(shop.caller.send(post(path, "hint:a1")).await.status, 404, "{path}");
        }
        let status = shop.counted("the end of all", |s| s.connections_open == 0).await;
        assert_eq!((status.wrong_path, status.handled, status.known_orders), (5, 0, 0));
        assert_eq!(shop.world.gateway.calls("look_up"), 0, "no hint was taken in");
    });
}

#[test]
fn guard_callback_size_a_body_that_is_too_large_is_not_read() {
    run(async {
        let limited = CallbackReceiverConfig { body_size_max_bytes: Some(1024), ..config() };
        let shop = Receiving::new(limited).await;
        // It names one order, at length.
        let body = format!("hint:a1,{}", "x".repeat(2_000));
        for request in [post(PATH, &body), post_in_chunks(PATH, &body)] {
            assert_eq!(shop.caller.send(request).await.status, 413);
        }
        let status = shop.counted("the end of both", |s| s.connections_open == 0).await;
        assert_eq!((status.too_large, status.handled), (2, 0));
    });
}

#[test]
fn what_is_slow_is_told_so_when_its_time_is_over() {
    run(async {
        let shop = Receiving::new(config()).await;
        let whole = post(PATH, "hint:a1");
        let cuts = [0, 1, 20, whole.len() - 7, whole.len() - 1];
        let mut waiting = Vec::new();
        for cut in cuts {
            let slow = shop.caller.connect().await.unwrap().say(&whole[..cut]).await;
            waiting.push(slow.finish(b""));
        }
        shop.counted("the last of them", |s| s.connections == cuts.len() as u64).await;
        shop.clock.advance(Duration::from_millis(9_999));
        // A quick one passes by.
        assert_eq!(shop.caller.send(whole).await.status, 200);
        assert_eq!(shop.status().await.too_slow, 0);
        shop.clock.advance(Duration::from_millis(1));
        for slow in waiting {
            assert_eq!(slow.await.unwrap().status, 408);
        }
        let status = shop.counted("the end of all", |s| s.connections_open == 0).await;
        assert_eq!((status.too_slow, status.handled), (cuts.len() as u64, 1));
        assert_complete(&status);
    });
}

#[test]
fn who_has_said_all_and_closes_his_side_is_answered() {
    run(async {
        let shop = Receiving::new(config()).await;
        assert_eq!(shop.caller.connect().await.unwrap().say_all(&post(PATH, "hint:a1")).await.status, 200);
    });
}

#[test]
fn beyond_the_rate_a_callback_is_told_when_to_come_again_and_strangers_use_nothing_up() {
    run(async {
        let slow = CallbackReceiverConfig {
            requests_per_second_max: Some(2),
            requests_burst_max: Some(3),
            ..config()
        };
        let shop = Receiving::new(slow).await;
        for _ in 0..20 {
            assert_eq!(shop.caller.send(post("/hooks/guess", "hint:a1")).await.status, 404);
        }
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(shop.caller.send(post(PATH, "hint:a1")).await);
        }
        let told: Vec<_> = answers.iter().map(|a| (a.status, a.header("retry-after"))).collect();
        assert_eq!(told, [(200, None), (200, None), (200, None), (429, Some("1")), (429, Some("1"))]);
        shop.clock.advance(Duration::from_secs(1));
        for status in [200, 200, 429] {
            assert_eq!(shop.caller.send(post(PATH, "hint:a1")).await.status, status);
        }
        let status = shop.status().await;
        assert_eq!((status.handled, status.too_many, status.wrong_path), (5, 3, 20));
    });
}

#[test]
fn connections_that_bring_nothing_hold_a_bounded_number_of_places_for_a_bounded_time() {
    run(async {
        let narrow = CallbackReceiverConfig { connections_max: Some(4), ..config() };
        let shop = Receiving::new(narrow).await;
        let mut idle = Vec::new();
        for _ in 0..10 {
            idle.push(shop.caller.connect().await.unwrap());
        }
        shop.counted("a full house", |s| s.connections_open == 4).await;
        let genuine = shop.caller.begin(post(PATH, "hint:a1"));
        // It stands behind ten: three times the house must empty.
        for taken in [4, 8] {
            shop.counted("the next ones", |s| s.connections >= taken).await;
            shop.clock.advance(Duration::from_secs(10));
        }
        assert_eq!(genuine.await.unwrap().status, 200);
        let status = shop.status().await;
        assert_eq!((status.connections_open_max, status.handled), (4, 1));
        drop(idle);
    });
}

#[test]
fn what_cannot_be_taken_in_comes_again() {
    run(async {
        let shop = Receiving::new(config()).await;
        // Another account, and it is not known any more for which of them the callbacks are.
        let gateway = crate::rules::gateway::Gateway::of("berta", with_look_up(), noon);
        shop.world.till.attach(Some("other".into()), Arc::new(Handle(gateway))).await.unwrap();
        let answer = shop.caller.send(post(PATH, "hint:a1")).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("30")));
        assert_eq!(shop.status().await.not_committed, 1);
        // A receiver that says for which takes it.
        let named = CallbackReceiverConfig { account: Some("scripted".into()), ..config() };
        let receiver = shop.world.till.receive_callbacks(named).await.unwrap();
        assert_eq!(Caller::to(&receiver.callback_url()).send(post(PATH, "hint:a1")).await.status, 200);
    });
}

/// Where the child finds its journal; without it, it is nobody's child.
#[cfg(target_os = "linux")]
const FOLDER: &str = "TILLGATE_TEST_FOLDER";

#[cfg(target_os = "linux")]
#[test]
fn guard_hint_before_answer_a_callback_that_cannot_be_written_down_is_not_answered_with_200() {
    // The failing strikes every file of a process.
    let folder = tempfile::tempdir().unwrap();
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "receiver::refusing::child_whose_disk_fails", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && told.contains("as it should be"), "{told}{:?}", child.status);
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "a child of guard_hint_before_answer_a_callback_that_cannot_be_written_down_is_not_answered_with_200"]
fn child_whose_disk_fails() {
    if std::env::var_os(FOLDER).is_none() {
        return;
    }
    run(async {
        let shop = Receiving::new(config()).await;
        assert_eq!(shop.caller.send(post(PATH, "hint:nobody")).await.status, 200);
        crate::rules::disks::limit_file_size(4_096);
        assert_eq!(shop.caller.send(post(PATH, "hint:a1")).await.status, 503);
        assert_eq!(shop.status().await.not_committed, 1);
        println!("\nas it should be");
    });
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_at_once() {
    run(async {
        let world = World::new(with_look_up()).await;
        type Change = fn(&mut CallbackReceiverConfig);
        let wrong: [(&str, Change); 16] = [
            ("path", |c| c.path = Some(Secret::new("/callbacks".into()))),
            ("path", |c| c.path = Some(Secret::new("k7Gd93hXw_0aZpLq-5vTnE2y".into()))),
            ("address", |c| c.address = Some("0.0.0.0:0".into())),
            ("address", |c| c.address = Some("somewhere".into())),
            ("address", |c| c.address = Some("192.0.2.1:0".into())),
            ("public_url", |c| c.public_url = Some("http://shop.example".into())),
            ("public_url", |c| c.public_url = Some("https://a:b@shop.example".into())),
            ("account", |c| c.account = Some("nobody".into())),
            ("tls_key_pem", |c| c.tls_certificate_pem = Some("x".into())),
            ("tls_certificate_pem", |c| c.tls_key_pem = Some(Secret::new("x".into()))),
            ("body_size_max_bytes", |c| c.body_size_max_bytes = Some(1_023)),
            ("request_timeout_ms", |c| c.request_timeout_ms = Some(0)),
            ("connections_max", |c| c.connections_max = Some(0)),
            ("requests_per_second_max", |c| c.requests_per_second_max = Some(0)),
            ("requests_per_second_max", |c| c.requests_per_second_max = Some(4_000_000_000)),
            ("requests_burst_max", |c| c.requests_burst_max = Some(0)),
        ];
        for (field, change) in wrong {
            let mut config = config();
            change(&mut config);
            let error = world.till.receive_callbacks(config).await.err().expect(field);
            assert_eq!((error.code(), error.details().field.as_deref()), ("invalid_argument", Some(field)));
        }
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let config = CallbackReceiverConfig { address: Some(address.clone()), ..config() };
        let error = world.till.receive_callbacks(config.clone()).await.err().unwrap();
        assert_eq!(error.details().field.as_deref(), Some("address"));
        assert!(error.details().reason.contains(&format!("{address} is in use")), "{error}");
        drop(taken);
        world.till.receive_callbacks(config).await.unwrap();
    });
}

#[test]
fn the_secrets_of_a_receiver_are_not_printed() {
    let config = CallbackReceiverConfig { tls_key_pem: Some(Secret::new("canary-key".into())), ..config() };
    let printed = format!("{config:?}");
    assert!(!printed.contains("k7Gd93") && !printed.contains("canary"), "{printed}");
}
