//! When the process dies, the disk is full, or the disk fails.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command as Process, Stdio};

use super::*;

/// Runs one of the children below in a process of its own.
fn child(name: &str, till: &Till) -> Child {
    process(name, till).spawn().unwrap()
}

fn process(name: &str, till: &Till) -> Process {
    let mut process = Process::new(std::env::current_exe().unwrap());
    process
        .args(["--exact", &format!("orders::sqlite::tests::failing::{name}"), "--ignored", "--nocapture"])
        .env("TILLGATE_TEST_JOURNAL", &till.config.journal_path)
        .stdout(Stdio::piped());
    process
}

/// The journal that the parent named; none when nobody did, and there is nothing to do.
fn journal_of_the_parent() -> Option<TillConfig> {
    std::env::var("TILLGATE_TEST_JOURNAL").ok().map(|path| config(Path::new(&path)))
}

#[test]
#[ignore = "a child of a_process_that_is_killed_loses_nothing_that_it_told"]
fn child_that_writes_until_it_is_killed() {
    let Some(config) = journal_of_the_parent() else { return };
    let store = open(&config).unwrap();
    for n in 0.. {
        let ids: Vec<String> = (0..3).map(|k| format!("o{n}_{k}")).collect();
        let mut batch: Vec<Given> = ids.iter().map(|id| given(create([sent(id, 0)]), 0)).collect();
        batch.extend(ids.iter().map(|id| given(fact(id, no_answer()), 0)));
        for result in store.commit(&batch).unwrap() {
            result.unwrap();
        }
        println!("\ntold {}", ids.join(" "));
    }
}

#[test]
fn a_process_that_is_killed_loses_nothing_that_it_told() {
    let till = Till::new();
    let mut child = child("child_that_writes_until_it_is_killed", &till);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(|line| line.ok());
    let mut told: Vec<String> = Vec::new();
    let mut hear = |lines: &mut dyn Iterator<Item = String>, at_least: usize| {
        for line in lines {
            told.extend(
                line.strip_prefix("told ").into_iter().flat_map(|ids| ids.split(' ').map(str::to_string)),
            );
            if told.len() >= at_least {
                break;
            }
        }
        told.clone()
    };
    hear(&mut lines, 60);
    child.kill().unwrap();
    let told = hear(&mut lines, usize::MAX);
    child.wait().unwrap();
    assert!(told.len() >= 60, "the child wrote");

    let store = till.open();
    for id in &told {
        let record = store.order(id).unwrap().unwrap_or_else(|| panic!("{id} was told and is lost"));
        assert_eq!(record.order.state, OrderState::Unknown);
        assert_eq!(store.history(id).unwrap().len(), 3);
    }
    // A batch is there whole or not at all.
    assert_eq!(store.counts().unwrap().open_orders % 3, 0);
    drop(store);
    assert_sound(&till.journal());
}

#[cfg(feature = "testing")]
#[test]
#[ignore = "a child of an_order_is_durable_exactly_from_its_fsync_on"]
fn child_that_crashes_on_request() {
    let Some(config) = journal_of_the_parent() else { return };
    let store = open(&config).unwrap();
    for n in 1..4 {
        created(commit(&store, create([sent(&format!("o{n}"), 0)]), 0));
    }
}

#[cfg(feature = "testing")]
#[test]
fn an_order_is_durable_exactly_from_its_fsync_on() {
    // Making and opening a journal pass seven; then two belong to each commit: before its fsync, and after.
    let opening: u64 = 7;
    for crash_at in 1..=opening + 6 {
        let till = Till::new();
        let mut crashing = process("child_that_crashes_on_request", &till);
        let status = crashing.env("TILLGATE_CRASH_AT", crash_at.to_string()).status().unwrap();
        assert!(!status.success(), "it crashed");
        let store = till.open();
        let durable = crash_at.saturating_sub(opening) / 2;
        assert_eq!(store.counts().unwrap().open_orders, durable, "crash at {crash_at}");
        drop(store);
        assert_sound(&till.journal());
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "a child of a_disk_that_fails_spends_the_handle"]
fn child_whose_disk_fails() {
    let Some(config) = journal_of_the_parent() else { return };
    let store = open(&config).unwrap();
    created(commit(&store, create([sent("before", 0)]), 0));
    // No file may grow beyond this: a write error that is no lack of space (EFBIG), as of a failing disk.
    limit_file_size(fs::metadata(format!("{}-wal", config.journal_path)).unwrap().len());
    let outcome = commit(&store, fact("before", no_answer()), 1).unwrap_err();
    assert_eq!(outcome.code(), "journal_failed");
    limit_file_size(u64::MAX);
    // The disk would take it again; this handle does not try.
    assert_eq!(commit(&store, fact("before", no_answer()), 2).unwrap_err().code(), "journal_failed");
    assert_eq!(commit(&store, create([sent("after", 2)]), 2).unwrap_err().code(), "journal_failed");
    assert_eq!(store.cannot_write().unwrap().code(), "journal_failed");
    assert_eq!(store.cannot_send().unwrap().code(), "journal_failed");
    assert_eq!(store.order("before").unwrap().unwrap().order.state, OrderState::Sending);
    println!("\nas it should be");
}

#[cfg(target_os = "linux")]
fn limit_file_size(bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: plain calls; without the signal, a write beyond the limit is an error and no death.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &limit), 0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fails_spends_the_handle() {
    let till = Till::new();
    let output = child("child_whose_disk_fails", &till).wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("as it should be"));
    let store = till.open();
    assert_eq!(store.cannot_write(), None);
    apply(&store, "before", no_answer(), 3).unwrap();
    assert!(store.order("after").unwrap().is_none());
}

/// A disk of its own, small enough to fill. Needs the right to mount; without it there is nothing to fill.
#[cfg(target_os = "linux")]
struct SmallDisk(TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Process::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        // libtest would count the test as passed. This goes past what it captures, and `cargo xtask test` counts it.
        let test = std::thread::current().name().unwrap_or("a test").to_string();
        let told = format!("\nskipped itself: {test}: this user may not mount a small disk\n");
        std::io::stderr().write_all(told.as_bytes()).unwrap();
        None
    }

    fn till(&self) -> Till {
        let mut till = Till::new();
        till.config.journal_path = self.0.path().join("till.journal").to_str().unwrap().into();
        till
    }

    /// Takes all space that is left.
    fn fill(&self) {
        let mut file = fs::File::create(self.0.path().join("filler")).unwrap();
        while file.write_all(&[7; 4096]).is_ok() {}
    }

    fn empty(&self) {
        fs::remove_file(self.0.path().join("filler")).unwrap();
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Process::new("umount").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_outcomes_are_still_written_and_nothing_new_is_sent() {
    let Some(disk) = SmallDisk::mount("8m") else { return };
    let till = disk.till();
    let store = till.open();
    let sent_before: Vec<String> = (0..64).map(|n| format!("sent{n}")).collect();
    created(commit(&store, create(sent_before.iter().map(|id| sent(id, 0))), 0));
    created(commit(&store, create([intent("pending", 0)]), 0));
    disk.fill();

    // The reserve is not for intents.
    let many = create((0..900).map(|n| sent(&format!("new{n}"), 1)));
    assert_eq!(commit(&store, many, 1).unwrap_err().code(), "journal_full");
    assert!(till.beside("-reserve").exists());
    assert_eq!(store.cannot_send().unwrap().code(), "journal_full");
    assert_eq!(store.cannot_write(), None);

    // All outcomes in one batch, more than the log has room for; an intent among them is refused alone.
    let mut batch: Vec<Given> = Vec::new();
    for second in 2..6 {
        batch.extend(sent_before.iter().map(|id| {
            let mut found = evidence(id, &format!("u{id}"), EvidenceStatus::Open);
            found.response_text = Some(format!("{second}{}", "x".repeat(3000)));
            given(fact(id, Fact::Evidence { records: vec![found], source: Source::LookUp }), second)
        }));
    }
    batch.push(given(create([sent("new", 2)]), 2));
    batch.push(given(fact("pending", Fact::AttemptBegins { repeat: None }), 2));
    let results = store.commit(&batch).unwrap();
    for (given, result) in batch.iter().zip(results) {
        let is_outcome = given.at.wall != seconds(2)
            || matches!(&given.command, Command::Apply { key, .. } if key != "pending");
        assert_eq!(result.err().map(|error| error.code()), (!is_outcome).then_some("journal_full"));
    }
    assert!(!till.beside("-reserve").exists(), "it took the reserve");
    let store = {
        drop(store);
        disk.empty();
        till.open()
    };
    for id in &sent_before {
        assert_eq!(store.order(id).unwrap().unwrap().order.state, OrderState::Accepted);
    }
    assert_eq!(store.cannot_send(), None);
    assert!(till.beside("-reserve").exists());
    created(commit(&store, create([sent("new", 2)]), 2));
}

#[cfg(target_os = "linux")]
#[test]
fn without_room_for_the_reserve_the_journal_opens_and_does_not_buy() {
    let Some(disk) = SmallDisk::mount("2m") else { return };
    let till = disk.till();
    let store = till.open();
    assert_eq!(store.cannot_send().unwrap().code(), "journal_full");
    assert_eq!(store.cannot_write(), None);
    assert_eq!(commit(&store, create([sent("A", 0)]), 0).unwrap_err().code(), "journal_full");
    assert!(!till.beside("-reserve").exists(), "half a reserve takes space for nothing");
}

#[cfg(target_os = "linux")]
#[test]
fn without_room_for_a_journal_none_is_half_made() {
    let Some(disk) = SmallDisk::mount("64k") else { return };
    let till = disk.till();
    disk.fill();
    assert_eq!(till.refused().code(), "journal_full");
    assert!(!till.journal().exists());
    assert!(!till.beside("-new").exists());
}
