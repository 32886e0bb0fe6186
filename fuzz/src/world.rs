//! A till's world on one thread: tasks are run by hand, the clock is moved by hand, and answers come from the input.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tillgate::testing::inner::{self, NetworkAnswer};
use tillgate::{
    Clock, CysendClient, CysendConfig, CysendCredentials, JournalKey, ManualClock, Secret, SimulatedRuntime,
    TillConfig,
};

/// Steps of one call, at most: more are a loop that never ends.
const STEPS_MAX: u32 = 100_000;
/// Longer than any pause that a gateway may ask for.
const QUIET: Duration = Duration::from_secs(3_600);

pub struct World {
    pub clock: ManualClock,
    runtime: SimulatedRuntime,
}

impl World {
    pub fn new() -> Self {
        let runtime = SimulatedRuntime::new(1);
        // For good: the thread of a target does nothing else.
        std::mem::forget(runtime.enter());
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().expect("a moment"));
        Self { clock, runtime }
    }

    /// Runs something to its end; the clock moves when nothing else can.
    pub fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let result = Arc::new(Mutex::new(None));
        let place = result.clone();
        self.runtime.spawn(Box::pin(async move {
            let value = work.await;
            *place.lock().expect("the result's place") = Some(value);
        }));
        for _ in 0..STEPS_MAX {
            if let Some(value) = result.lock().expect("the result's place").take() {
                return value;
            }
            if !self.runtime.step() {
                assert!(self.clock.advance_to_next(), "nothing goes on, and nobody waits for a time");
            }
        }
        panic!("it does not end");
    }

    /// Runs what can go on without time passing.
    pub fn settle(&self) {
        for _ in 0..STEPS_MAX {
            if !self.runtime.step() {
                return;
            }
        }
        panic!("it does not come to rest");
    }

    /// Lets time pass, in which pauses end.
    pub fn quiet(&self) {
        self.clock.advance(QUIET);
    }

    pub fn client(&self) -> Arc<CysendClient> {
        let credentials = CysendCredentials {
            user: Some("till".into()),
            password: Some(Secret::new("opensesame".into())),
            token: None,
        };
        self.client_of(credentials)
    }

    pub fn client_with_token(&self) -> Arc<CysendClient> {
        let credentials = CysendCredentials {
            user: Some("till".into()),
            password: None,
            token: Some(Secret::new("opensesame".into())),
        };
        self.client_of(credentials)
    }

    fn client_of(&self, credentials: CysendCredentials) -> Arc<CysendClient> {
        let config = CysendConfig {
            credentials,
            // Nothing is sent there: the answers come from the input.
            base_url: Some("http://127.0.0.1:9/openapi/test/v5.2.3".into()),
            ..CysendConfig::default()
        };
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        inner::cysend_client(config, clock).expect("a client")
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// A head of two bytes and a body: the status and a header that means something come from short lists, so that few inputs are
/// lost on statuses that are all alike.
pub fn answer(head: [u8; 2], body: &[u8]) -> NetworkAnswer {
    const STATUSES: [u16; 32] = [
        200, 201, 202, 204, 400, 401, 402, 404, 403, 405, 408, 409, 410, 422, 429, 500, 501, 502, 503, 504,
        100, 203, 206, 301, 302, 307, 308, 418, 451, 599, 600, 999,
    ];
    let header: &[(&str, &[u8])] = match head[1] % 8 {
        0 => &[],
        1 => &[("retry-after", b"1")],
        2 => &[("retry-after", b"18446744073709551615")],
        3 => &[("retry-after", b"Fri, 31 Dec 9999 23:59:59 GMT")],
        4 => &[("retry-after", b"-1")],
        5 => &[("location", b"http://127.0.0.1:9/elsewhere")],
        6 => &[("content-type", b"text/html"), ("retry-after", b"\xff")],
        _ => &[("content-type", b"application/json"), ("content-length", b"7")],
    };
    let headers = header.iter().map(|(name, value)| (name.to_string(), value.to_vec())).collect();
    NetworkAnswer { status: STATUSES[usize::from(head[0]) % STATUSES.len()], headers, body: body.to_vec() }
}

/// A journal in a folder that goes away, in memory where the machine has such a folder.
pub fn journal_folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder for a journal")
}

pub fn till_config(folder: &std::path::Path) -> TillConfig {
    let mut config = TillConfig::new(folder.join("journal").to_string_lossy());
    config.create = true;
    config.key = Some(JournalKey {
        id: "k1".into(),
        // The bytes 0 to 31: a key that protects nothing but this.
        key: Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into()),
    });
    config
}
