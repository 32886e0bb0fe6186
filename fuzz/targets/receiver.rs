//! Bytes on a connection to the receiver of callbacks.
//!
//! `/@` in the input stands for the secret path, which no input could guess.
//!
//! * There is one answer at most, with a status that the receiver documents, and no secret in it.
//! * Without the secret path nothing is taken in.
//! * No more of a body is held than was allowed, and the receiver goes on.
#![no_main]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tillgate::{
    CallbackReceiver, CallbackReceiverConfig, CysendAccount, CysendClient, CysendConfig, CysendCredentials,
    Secret, SystemClock, Till, block_on,
};
use tillgate_fuzz::world;

const PATH: &str = "/0123456789abcdefghijkl-_AB";
const BODY_SIZE_MAX: u32 = 1024;
/// What a receiver may say; 431 and 400 come from the HTTP server itself.
const STATUSES: [&str; 9] = ["200", "400", "404", "405", "408", "413", "429", "431", "503"];
/// A defect that leaves a connection without an end shows as an answer that does not come.
const PATIENCE: Duration = Duration::from_secs(30);

struct Listening {
    address: SocketAddr,
    receiver: Arc<CallbackReceiver>,
    _till: Arc<Till>,
    _folder: tempfile::TempDir,
}

thread_local! {
    static LISTENING: Listening = open();
}

fuzz_target!(|data: &[u8]| {
    let bytes = with_path(data);
    LISTENING.with(|listening| {
        let handled = || block_on(listening.receiver.status()).expect("counts");
        let before = handled();
        // Out of ports is not out of order.
        let Ok(mut stream) = TcpStream::connect(listening.address) else { return };
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // Whoever is refused before the end of his request still finds the answer.
        let _ = stream.write_all(&bytes).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        assert!(
            !read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
            "no end after {PATIENCE:?}"
        );
        drop(stream);
        let text = String::from_utf8(answer).expect("an answer is text");
        assert!(!text.contains(&PATH[1..]), "the path was told: {text}");
        let after = handled();
        if !contains(&bytes, PATH.as_bytes()) {
            assert_eq!(after.handled, before.handled, "taken in without the path");
        }
        assert!(after.body_bytes_held_max <= u64::from(BODY_SIZE_MAX));
        assert_eq!(after.known_orders, 0);
        let mut finals = 0;
        for head in text.split("HTTP/1.").skip(1).filter_map(|answer| answer.get(2..)) {
            // Who waits for leave to send a body gets it first.
            if head.starts_with("100 ") {
                continue;
            }
            assert!(STATUSES.contains(&&head[..3]), "{text}");
            finals += 1;
        }
        assert!(finals <= 1 && (text.is_empty() || text.starts_with("HTTP/1.")), "{text}");
    });
});

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn with_path(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len() + PATH.len());
    let mut rest = data;
    while let Some(at) = rest.windows(2).position(|window| window == b"/@") {
        bytes.extend_from_slice(&rest[..at]);
        bytes.extend_from_slice(PATH.as_bytes());
        rest = &rest[at + 2..];
    }
    bytes.extend_from_slice(rest);
    bytes
}

fn open() -> Listening {
    let folder = world::journal_folder();
    let config = world::till_config(folder.path());
    let client = CysendClient::new(CysendConfig {
        credentials: CysendCredentials {
            user: Some("till".into()),
            password: Some(Secret::new("opensesame".into())),
            token: None,
        },
        base_url: Some("http://127.0.0.1:9/openapi/test/v5.2.3".into()),
        ..CysendConfig::default()
    })
    .expect("a client");
    let (till, receiver) = block_on(async move {
        let till = Till::open(config).await?;
        till.attach_cysend(CysendAccount { client, name: None }).await?;
        let config = CallbackReceiverConfig {
            path: Some(Secret::new(PATH.into())),
            body_size_max_bytes: Some(BODY_SIZE_MAX),
            requests_per_second_max: Some(100_000),
            ..CallbackReceiverConfig::default()
        };
        let receiver = till.receive_callbacks_with_clock(config, Arc::new(SystemClock::new())).await?;
        Ok((till, receiver))
    })
    .expect("a receiver");
    let url = receiver.callback_url();
    let address = url.trim_start_matches("http://").split('/').next().and_then(|host| host.parse().ok());
    Listening { address: address.expect("an address"), receiver, _till: till, _folder: folder }
}
