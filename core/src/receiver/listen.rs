//! Listening, and what one connection may do: bring one request, within its time.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::Body;
use axum::handler::Handler;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use super::CallbackReceiverStatus;
use super::answer::{Turn, answer};
use super::config::Settings;
use super::counts::{Counts, Fate};
use super::path::Paths;
use crate::clock::Clock;
use crate::orders::tracker::Tracker;
use crate::transport::Pace;
use crate::{ErrorDetails, Result, TillgateError, runtime};

/// The head of a request, at most: what hyper keeps of a connection.
const HEAD_SIZE_MAX_BYTES: usize = 16 << 10;
/// After a connection that could not be taken: no files are left, most likely, and other connections must end first.
const ACCEPT_WAIT: Duration = Duration::from_millis(50);
/// After its answer a connection is listened to for this long, and for so many bytes. Closing it while it still sends would
/// make the system throw the answer away.
const LEAVE_PATIENCE: Duration = Duration::from_secs(2);
const LEAVE_SIZE_MAX_BYTES: u64 = 64 << 20;
/// A connection ends at its own deadline; this is only what guards against a defect there.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(3_600);

/// What the tasks of one receiver share.
pub(super) struct Shared {
    pub(super) tracker: Arc<Tracker>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) account: Option<String>,
    pub(super) paths: Paths,
    pub(super) body_size_max_bytes: usize,
    pub(super) counts: Counts,
    pace: Mutex<Pace>,
    request_timeout: Duration,
    tls: Option<TlsAcceptor>,
    address: SocketAddr,
    /// One for each connection that may be open.
    places: Arc<Semaphore>,
    places_max: u32,
    closing: watch::Sender<bool>,
}

/// A receiver that listens.
pub(super) struct Listening {
    pub(super) shared: Arc<Shared>,
    pub(super) callback_url: String,
}

/// Begins to listen.
pub(super) async fn begin(
    tracker: Arc<Tracker>,
    settings: Settings,
    clock: Arc<dyn Clock>,
) -> Result<Listening> {
    let listener = bind(&settings).await?;
    let address = listener.local_addr().map_err(|error| cannot_listen(&settings.address, &error))?;
    let callback_url = settings.callback_url(address);
    let shared = Arc::new(Shared {
        tracker,
        clock,
        paths: settings.paths()?,
        account: settings.account,
        body_size_max_bytes: settings.body_size_max_bytes,
        counts: Counts::default(),
        pace: Mutex::new(settings.pace),
        request_timeout: settings.request_timeout,
        tls: settings.tls,
        address,
        places: Arc::new(Semaphore::new(settings.connections_max as usize)),
        places_max: settings.connections_max,
        closing: watch::Sender::new(false),
    });
    // The address alone: the path is a secret.
    tracing::debug!(target: "tillgate", %address, "listening for callbacks");
    runtime::spawn(Box::pin(accept(shared.clone(), listener)))?;
    Ok(Listening { shared, callback_url })
}

async fn bind(settings: &Settings) -> Result<TcpListener> {
    let failed = |error: std::io::Error| cannot_listen(&settings.address, &error);
    let addresses: Vec<SocketAddr> = lookup_host(&settings.address).await.map_err(failed)?.collect();
    for address in &addresses {
        settings.check_address(*address)?;
    }
    TcpListener::bind(&addresses[..]).await.map_err(failed)
}

fn cannot_listen(address: &str, error: &std::io::Error) -> TillgateError {
    let reason = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is in use: another program, or another receiver, listens there.")
        }
        std::io::ErrorKind::PermissionDenied => format!(
            "{address} may not be listened on by this user; ports below 1024 often need a right of their own."
        ),
        std::io::ErrorKind::AddrNotAvailable => format!("{address} is no address of this machine."),
        _ => format!("{address} cannot be listened on: {error}."),
    };
    let mut details = ErrorDetails::local(
        reason,
        "No callbacks are received; orders are looked up all the same, only later. Give another address, or end what listens there.",
    );
    details.field = Some("address".to_string());
    TillgateError::InvalidArgument { details }
}

impl Shared {
    pub(super) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Counts how a request ended, once.
    pub(super) fn decide(&self, turn: &Turn, fate: Fate) {
        if !turn.decided.swap(true, Ordering::SeqCst) {
            self.counts.met(fate);
        }
    }

    pub(super) fn status(&self) -> CallbackReceiverStatus {
        self.counts.status(self.address.to_string(), *self.closing.borrow())
    }

    /// Takes no more connections. Those whose request has arrived are answered.
    pub(super) fn stop(&self) {
        self.closing.send_replace(true);
    }

    /// Stops, and waits for what is being answered.
    pub(super) async fn close(&self) {
        self.stop();
        // Fails when it was closed before.
        if let Ok(all) = self.places.acquire_many(self.places_max).await {
            self.places.close();
            drop(all);
        }
    }

    async fn closing(&self) {
        // Ends only with the sender, and that is ours.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        // The place first: whoever finds none waits in the system's queue, which is bounded.
        let taken = tokio::select! {
            biased;
            () = shared.closing() => return,
            taken = next(&shared, &listener) => taken,
        };
        let Some((place, stream)) = taken else {
            runtime::sleep(ACCEPT_WAIT).await;
            continue;
        };
        let turn = Arc::new(Turn::new(shared.clock.elapsed() + shared.request_timeout));
        let open = Open::new(shared.clone(), turn, place);
        let started = runtime::spawn(Box::pin(async move {
            tokio::select! {
                () = converse(&open, stream) => {}
                () = runtime::sleep(CONNECTION_PATIENCE) => {}
            }
        }));
        if started.is_err() {
            return;
        }
    }
}

async fn next(shared: &Shared, listener: &TcpListener) -> Option<(OwnedSemaphorePermit, TcpStream)> {
    let place = shared.places.clone().acquire_owned().await.ok()?;
    let (stream, _) = listener.accept().await.ok()?;
    Some((place, stream))
}

/// A connection that is open. However it ends, it is counted once and its place is free again.
struct Open {
    shared: Arc<Shared>,
    turn: Arc<Turn>,
    _place: OwnedSemaphorePermit,
}

impl Open {
    fn new(shared: Arc<Shared>, turn: Arc<Turn>, place: OwnedSemaphorePermit) -> Self {
        shared.counts.opened();
        Self { shared, turn, _place: place }
    }

    fn decide(&self, fate: Fate) {
        self.shared.decide(&self.turn, fate);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.decide(Fate::BrokenOff);
        self.shared.counts.closed();
    }
}

/// What is spoken over: one type for both kinds, so that the HTTP server is compiled once.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

async fn converse(open: &Open, stream: TcpStream) {
    let Open { shared, turn, .. } = open;
    // Answers are short: nothing is gained by waiting for more of them.
    let _ = stream.set_nodelay(true);
    let Some(tls) = &shared.tls else {
        return one_request(open, Box::new(stream)).await;
    };
    tokio::select! {
        shaken = tls.accept(stream) => {
            if let Ok(stream) = shaken {
                one_request(open, Box::new(stream)).await;
            }
        }
        () = shared.clock.sleep_until(turn.deadline) => open.decide(Fate::TooSlow),
        () = shared.closing() => {}
    }
}

/// How a connection came to its end.
enum End {
    Done(hyper::Result<()>),
    /// Its head did not arrive in time.
    Late,
    /// The receiver is closed, and nothing has arrived that would have to be answered.
    NotWanted,
}

async fn one_request(open: &Open, stream: Box<dyn Stream>) {
    let Open { shared, turn, .. } = open;
    let (arriving, answering) = (turn.clone(), shared.clone());
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        arriving.arrived.store(true, Ordering::SeqCst);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(arriving.clone());
        // Straight to the one handler there is: a router's choice would tell of the path by its time.
        let answered = Handler::call(answer, request, answering.clone());
        Box::pin(async move { Ok::<_, Infallible>(answered.await) })
    });
    let mut connection = http1::Builder::new()
        // One request each: the time of a connection is the time of its request, and nobody holds one for later.
        .keep_alive(false)
        // Who has said all may close his side, and is still answered.
        .half_close(true)
        .max_buf_size(HEAD_SIZE_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let end = tokio::select! {
        biased;
        done = poll_fn(|context| connection.poll_without_shutdown(context)) => End::Done(done),
        () = unless_arrived(turn, shared.clock.sleep_until(turn.deadline)) => End::Late,
        () = unless_arrived(turn, shared.closing()) => End::NotWanted,
    };
    let mut stream = connection.into_parts().io.into_inner();
    match end {
        // It was answered, or ended without a word.
        End::Done(Ok(())) => {}
        End::Done(Err(error)) if error.is_parse_too_large() => open.decide(Fate::TooLarge),
        End::Done(Err(error)) if error.is_parse() => open.decide(Fate::NotReadable),
        End::Done(Err(_)) | End::NotWanted => return,
        End::Late => {
            open.decide(Fate::TooSlow);
            let refusal = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            tokio::select! {
                _ = stream.write_all(refusal) => {}
                () = runtime::sleep(LEAVE_PATIENCE) => return,
            }
        }
    }
    leave(stream).await;
}

/// Ready with the other, if nothing has arrived until then; never otherwise.
async fn unless_arrived(turn: &Turn, other: impl Future<Output = ()>) {
    other.await;
    if turn.has_arrived() {
        std::future::pending::<()>().await;
    }
}

/// Says that this was all, and lets the other side finish.
async fn leave(mut stream: Box<dyn Stream>) {
    let leaving = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LEAVE_SIZE_MAX_BYTES), &mut tokio::io::sink()).await
    };
    tokio::select! {
        // Whoever has gone already need not be told.
        _ = leaving => {}
        () = runtime::sleep(LEAVE_PATIENCE) => {}
    }
}
