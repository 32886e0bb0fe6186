//! Nothing that is secret is printed, told, logged or written down.
//!
//! A process of its own is told a canary in the place of each secret, and everything that leaves it is searched. The same
//! search over the same process that lets one canary out on purpose must find it, in every channel.
#![cfg(unix)]

mod canary;
mod gateways;
mod log;
mod scenario;

use canary::{ALL, CALLBACK, Canary, FORMS, NOTIFICATION};
use scenario::{FOLDER, LEAK, LEAKED};
use std::path::Path;
use std::process::Command;

/// One way out of the process: what came out there, and a text that proves that it was heard.
struct Channel {
    name: &'static str,
    bytes: Vec<u8>,
    sign_of_life: &'static [&'static str],
}

impl Channel {
    fn is_journal(&self) -> bool {
        self.name.starts_with("journal")
    }
}

/// What lies open in the journal, since the gateway must be told it again after a restart: `docs/journal.md`.
const KEPT: [Canary; 2] = [CALLBACK, NOTIFICATION];

#[test]
fn guard_secrets_not_printed_no_secret_is_ever_logged_told_printed_or_written_down() {
    let (silent, leaking) = std::thread::scope(|scope| {
        let leaking = scope.spawn(|| channels(true));
        (channels(false), leaking.join().unwrap())
    });
    for channel in silent.iter().chain(&leaking) {
        for sign in channel.sign_of_life {
            let heard = memchr::memmem::find(&channel.bytes, sign.as_bytes()).is_some();
            assert!(heard, "{} says nothing of {sign}", channel.name);
        }
    }
    let mut table = format!("\n{:<24}", "");
    for channel in &silent {
        table.push_str(&format!("{:>16}", channel.name));
    }
    let mut found = Vec::new();
    for canary in ALL {
        table.push_str(&format!("\n{:<24}", canary.name));
        for channel in &silent {
            let form = canary.found_in(&channel.bytes);
            let kept = channel.is_journal() && KEPT.iter().any(|kept| kept.name == canary.name);
            assert!(!kept || form.is_some(), "{} need not be an exception", canary.name);
            table.push_str(&format!("{:>16}", form.map_or("-", |form| if kept { "kept" } else { form })));
            if let Some(form) = form.filter(|_| !kept) {
                found.push(format!("{} in {}, {form}", canary.name, channel.name));
            }
        }
    }
    table.push_str(&format!("\n{:<24}", "bytes searched"));
    for channel in &silent {
        table.push_str(&format!("{:>16}", channel.bytes.len()));
    }
    table.push_str(&format!("\n{:<24}", format!("{}, let out", LEAKED.name)));
    for channel in &leaking {
        let form = LEAKED.found_in(&channel.bytes);
        table.push_str(&format!("{:>16}", form.unwrap_or("NOT FOUND")));
        if form.is_none() {
            found.push(format!("what was let out in {} is not found", channel.name));
        }
    }
    println!("{table}\n{} canaries, each searched for in {FORMS} forms", ALL.len());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
#[ignore = "a child of guard_secrets_not_printed_no_secret_is_ever_logged_told_printed_or_written_down"]
fn child_that_is_told_every_secret() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        scenario::run(Path::new(&folder));
    }
}

/// Everything that left a process which was told every secret.
fn channels(leaking: bool) -> Vec<Channel> {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "secrecy::child_that_is_told_every_secret", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .env("HTTPS_PROXY", format!("http://till:{}@{closed}", canary::ENVIRONMENT.text()))
        .env("RUST_BACKTRACE", "full");
    if leaking {
        child.env(LEAK, "1");
    }
    let ended = child.output().unwrap();
    let output = [ended.stdout, ended.stderr].concat();
    let signal = std::os::unix::process::ExitStatusExt::signal(&ended.status);
    assert_eq!(signal, Some(libc::SIGKILL), "{}", String::from_utf8_lossy(&output));
    let left = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let channel = |name, bytes, sign_of_life| Channel { name, bytes, sign_of_life };
    let files = |name: &str| files(&folder.path().join(name));
    vec![
        channel("tracing", left("tracing"), &["getGiftCard", "phoneNumberVerify", "no answer"]),
        channel("log", left("log"), &["starting new connection", "intercepts"]),
        channel(
            "errors",
            left("errors"),
            &[
                "invalid_argument",
                "timeout",
                "network",
                "tls",
                "unauthorized",
                "forbidden",
                "insufficient_funds",
                "not_found",
                "rate_limited",
                "gateway_refused",
                "gateway_failed",
                "invalid_answer",
                "wrong_key",
            ],
        ),
        channel(
            "records",
            left("shown"),
            &[
                "CysendGiftCard",
                "CysendToken",
                "CysendPrepaidCode",
                "Voucher",
                "HistoryEntry",
                "Event",
                "NewOrder",
                "***",
            ],
        ),
        channel("output, panics", output, &["no way to send", "no way to look", "panicked at"]),
        channel("journal, open", files("open"), &["+41791234567", "SQLite format"]),
        channel("journal, closed", files("closed"), &["+41791234567", "SQLite format"]),
        channel("journal, killed", files("killed"), &["+41791234567", "SQLite format"]),
    ]
}

const RESERVE_SEARCHED_BYTES: usize = 1 << 16;

/// The bytes of all files in a folder: the journal, what SQLite keeps beside it, its lock, its mirror.
fn files(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend_from_slice(path.file_name().unwrap().as_encoded_bytes());
        bytes.push(b'\n');
        let mut file = std::fs::read(&path).unwrap();
        if path.to_str().is_some_and(|path| path.ends_with("-reserve")) {
            // Noise from end to end, by the megabyte.
            file.truncate(RESERVE_SEARCHED_BYTES);
        }
        bytes.extend(file);
    }
    bytes
}
