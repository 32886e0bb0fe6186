//! Rule 18: when the disk fails. The failing is done to a process of its own, since it strikes every file of a process.
#![cfg(target_os = "linux")]

use std::process::Command;

use super::gateway::{Treat, order, with_look_up};
use super::{World, begin, code, config_in, run};
use tillgate::{OrderState, Outcome};

/// Where the child finds its journal; without it, it is nobody's child.
const FOLDER: &str = "TILLGATE_TEST_FOLDER";

#[test]
fn rule_18_after_a_failed_commit_nothing_new_is_sent_and_the_order_is_unknown() {
    run(async {
        let mut world = World::new(with_look_up()).await;
        world.till.close().await.unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "rules::disks::child_whose_disk_fails", "--ignored", "--nocapture"])
            .env(FOLDER, world.dir.path())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && told.contains("as it should be"), "{told}{:?}", child.status);
        // What the gateway of that process carried out is found, and what was not sent is not there.
        world.open_again().await;
        assert_eq!(world.state("a1").await, OrderState::Unknown);
        assert_eq!(code(&world.till.order("b1".into()).await), "unknown_order");
    });
}

#[test]
#[ignore = "a child of rule_18"]
fn child_whose_disk_fails() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    run(async {
        let mut world = World::new(with_look_up()).await;
        let config = config_in(std::path::PathBuf::from(folder).join("journal"), world.policy.clone());
        world.till = tillgate::Till::open(config).await.unwrap();
        world.till.attach(None, std::sync::Arc::new(super::Handle(world.gateway.clone()))).await.unwrap();
        world.gateway.treat([Treat::Hold]);
        let till = world.till.clone();
        let buying = begin(async move { till.buy(order("a1")).await });
        world.soon("the submission", || world.gateway.calls("submit") == 1).await;
        limit_file_size(4_096);
        world.gateway.release.add_permits(1);
        let error = buying.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        assert_eq!(error.details().order_id.as_deref(), Some("a1"));
        limit_file_size(u64::MAX);
        // The disk would take it again; this handle does not try.
        assert_eq!(code(&world.till.buy(order("b1")).await), "journal_failed");
        assert_eq!(world.gateway.calls("submit"), 1);
        println!("\nas it should be");
    });
}

pub fn limit_file_size(bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: plain calls; without the signal, a write beyond the limit is an error and no death.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &limit), 0);
    }
}
