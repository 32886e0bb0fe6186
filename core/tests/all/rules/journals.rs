//! Rules 16 to 19: a journal knows its machine, has one writer, survives a failing disk, and keeps secrets.

use std::path::Path;
use std::sync::Arc;

use super::gateway::{Treat, order, voucher, with_look_up};
use super::{Handle, World, code, run};
use tillgate::orders::adapter::EvidenceStatus;
use tillgate::{JournalKey, OrderState, Secret, Till};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn rule_16_a_journal_that_does_not_fit_opens_in_quarantine() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.till.buy(order("a1")).await.unwrap();
        world.till.close().await.unwrap();
        // A cloned disk: the same journal on another machine.
        let clone = tempfile::tempdir().unwrap();
        copy(world.dir.path(), clone.path());
        let mut config = world.config();
        config.journal_path = clone.path().join("journal").to_str().unwrap().to_string();
        config.installation_id = Some("till-8".into());
        let cloned = Till::open_with_clock(config.clone(), Arc::new(world.clock.clone())).await.unwrap();
        assert_eq!(cloned.order("a1".into()).await.unwrap().state, OrderState::Unknown);
        cloned.attach(None, Arc::new(Handle(world.gateway.clone()))).await.unwrap();
        assert_eq!(code(&cloned.buy(order("b1")).await), "quarantined");
        assert!(cloned.status().await.unwrap().quarantine.is_some());
        assert_eq!(world.gateway.bought("b1"), 0);
        cloned.leave_quarantine("Anna".into(), "the old machine is scrap".into()).await.unwrap();
        cloned.buy(order("b1")).await.unwrap();
        cloned.close().await.unwrap();
        let cloned = Till::open_with_clock(config, Arc::new(world.clock.clone())).await.unwrap();
        assert_eq!(cloned.status().await.unwrap().quarantine, None);
        world.open_again().await;
    });
}

#[test]
fn guard_epoch_mirror_a_restored_backup_is_noticed_by_the_mirrored_epoch() {
    run(async {
        let world = World::new(with_look_up()).await;
        let mirror = tempfile::tempdir().unwrap();
        let mut config = world.config();
        config.journal_path = world.dir.path().join("second").to_str().unwrap().to_string();
        config.epoch_mirror_path = Some(mirror.path().join("epoch").to_str().unwrap().to_string());
        let open = || Till::open_with_clock(config.clone(), Arc::new(world.clock.clone()));
        let till = open().await.unwrap();
        assert!(till.status().await.unwrap().epoch_guard);
        till.close().await.unwrap();
        let backup = tempfile::tempdir().unwrap();
        copy(world.dir.path(), backup.path());
        for _ in 0..2 {
            let till = open().await.unwrap();
            assert_eq!(till.status().await.unwrap().quarantine, None);
            till.close().await.unwrap();
        }
        std::fs::copy(backup.path().join("second"), &config.journal_path).unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", config.journal_path));
        }
        let restored = open().await.unwrap();
        assert!(restored.status().await.unwrap().quarantine.is_some());
    });
}

#[test]
fn a_backup_that_knows_the_latest_opening_is_noticed_after_one_more_or_without_its_mirror() {
    run(async {
        for opened_once_more in [true, false] {
            let world = World::new(with_look_up()).await;
            let mirror = world.dir.path().join("epoch");
            let mut config = world.config();
            config.journal_path = world.dir.path().join("second").to_str().unwrap().to_string();
            config.epoch_mirror_path = Some(mirror.to_str().unwrap().to_string());
            let open = || Till::open_with_clock(config.clone(), Arc::new(world.clock.clone()));
            let till = open().await.unwrap();
            let backup = world.dir.path().join("backup");
            let journal = rusqlite::Connection::open(&config.journal_path).unwrap();
            journal.execute("VACUUM INTO ?1", [backup.to_str().unwrap()]).unwrap();
            drop(journal);
            till.close().await.unwrap();
            if opened_once_more {
                open().await.unwrap().close().await.unwrap();
            } else {
                std::fs::remove_file(&mirror).unwrap();
            }
            std::fs::copy(&backup, &config.journal_path).unwrap();
            let restored = open().await.unwrap();
            assert!(restored.status().await.unwrap().quarantine.is_some(), "{opened_once_more}");
        }
    });
}

#[test]
fn rule_17_a_second_process_may_read_and_not_buy() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.buy(order("a1")).await.unwrap();
        let second = Till::open(world.config()).await;
        assert_eq!(code(&second), "journal_locked");
        let mut reading = world.config();
        reading.read_only = true;
        let reading = Till::open(reading).await.unwrap();
        assert_eq!(reading.order("a1".into()).await.unwrap().state, OrderState::Accepted);
        reading.attach(None, Arc::new(Handle(world.gateway.clone()))).await.unwrap();
        assert_eq!(code(&reading.buy(order("b1")).await), "journal_read_only");
    });
}

fn anything_holds(dir: &Path, canary: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
    })
}

#[test]
fn rule_19_vouchers_and_payment_codes_are_encrypted_at_rest() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.gateway.treat([Treat::Do(EvidenceStatus::Succeeded)]);
        let mut bought = order("a1");
        bought.product = "voucher".into();
        bought.payment_code = Some(Secret::new("CANARY-GIFT-4713".into()));
        let bought = world.till.buy(bought).await.unwrap();
        assert!(bought.has_voucher);
        assert_eq!(world.till.reveal("a1".into()).await.unwrap(), voucher());
        assert_eq!(world.till.reveal("a1".into()).await.unwrap(), voucher(), "it may be asked for again");
        let history = world.till.history("a1".into()).await.unwrap();
        assert_eq!(history.iter().filter(|entry| entry.what == "reveal").count(), 2);
        for canary in ["CANARY-CODE-4711", "CANARY-SERIAL-4712", "CANARY-GIFT-4713"] {
            assert!(!anything_holds(world.dir.path(), canary), "{canary} lies open in the journal");
        }
        assert!(anything_holds(world.dir.path(), "+41791234567"), "the search itself works");

        // The key was lost, and a new one is there.
        world.till.close().await.unwrap();
        let mut config = world.config();
        config.key = Some(JournalKey {
            id: "k2".into(),
            key: Secret::new("HxIcGxoZGBcWFRQTEhEQDw4NDAsKCQgHBgUEAwIBAP8=".into()),
        });
        let till = Till::open_with_clock(config, Arc::new(world.clock.clone())).await.unwrap();
        till.attach(None, Arc::new(Handle(world.gateway.clone()))).await.unwrap();
        assert_eq!(code(&till.reveal("a1".into()).await), "wrong_key");
        till.refetch_code("a1".into()).await.unwrap();
        assert_eq!(till.reveal("a1".into()).await.unwrap(), voucher());
        till.close().await.unwrap();

        // Another key under the old name is noticed at once.
        let mut config = world.config();
        config.key.as_mut().unwrap().key = Secret::new("HxIcGxoZGBcWFRQTEhEQDw4NDAsKCQgHBgUEAwIBAP8=".into());
        let wrong = Till::open_with_clock(config, Arc::new(world.clock.clone())).await;
        assert_eq!(code(&wrong), "wrong_key");
        world.open_again().await;
    });
}

#[test]
fn without_a_key_nothing_is_bought() {
    run(async {
        let world = World::new(with_look_up()).await;
        world.till.close().await.unwrap();
        let mut config = world.config();
        config.key = None;
        let till = Till::open(config).await.unwrap();
        till.attach(None, Arc::new(Handle(world.gateway.clone()))).await.unwrap();
        assert_eq!(code(&till.buy(order("a1")).await), "wrong_key");
        assert_eq!(world.gateway.calls("submit"), 0);
        assert!(till.status().await.unwrap().cannot_buy.is_some());
    });
}

#[test]
fn an_order_that_the_gateway_had_before_the_quarantine_never_fails_for_absence() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.till.buy(order("other")).await.unwrap();
        world.till.buy(order("a1")).await.unwrap();
        world.till.close().await.unwrap();
        let mut config = world.config();
        config.installation_id = Some("till-8".into());
        world.till = Till::open_with_clock(config, Arc::new(world.clock.clone())).await.unwrap();
        assert_eq!(world.state("a1").await, OrderState::Unknown);
        world.gateway.meddle(|ledger| ledger.retain(|e| e.id != "a1"));
        world.till.attach(None, Arc::new(Handle(world.gateway.clone()))).await.unwrap();
        let order = world.until("a1", |o| o.conflict.is_some() || o.state.is_final()).await;
        assert_eq!((order.state, order.conflict.is_some()), (OrderState::Unknown, true));
    });
}
