//! Sockets: taking connections, reading requests, sending answers, and every way in which a connection can end badly.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::accounts;
use crate::control;
use crate::errors::ApiError;
use crate::faults::{FaultKind, KillPoint, KillTarget, Phase, Subject};
use crate::gateway::{self, Done, Work};
use crate::http::{self, BODY_SIZE_MAX, Framing, Head, Response};
use crate::kill::kill;
use crate::operations::{self, REDIRECTED, Route};
use crate::requests::{BODY_KEPT_MAX, RequestRecord};
use crate::shared::{Busy, Shared};

const CONNECTIONS_MAX: usize = 1024;
/// A connection without traffic is given up after this real time.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a closed connection is listened to, so that its end is a FIN and not a reset.
const LINGER_TIMEOUT: Duration = Duration::from_secs(2);
/// Where a plain connection says that it is for the control.
const CONTROL_PREFIX: &str = "/_sandbox/";
/// As many bytes of a connection as tell whether it is for the control: the longest method, and the prefix.
const PEEKED_BYTES: usize = 20;

/// Takes connections until the sandbox stops.
pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stopped = shared.stopped();
    // Dropping the set ends what runs in it.
    let mut connections = JoinSet::new();
    loop {
        let taken = tokio::select! {
            taken = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            } => taken,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        while connections.try_join_next().is_some() {}
        let (place, accepted) = taken;
        let Ok((stream, client)) = accepted else {
            // Out of files, most likely: others will close some.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (shared, tls) = (Arc::clone(&shared), tls.clone());
        connections.spawn(async move {
            let _place = place;
            let _ = connection(shared, stream, client, tls).await;
        });
    }
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {
    fn socket(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

struct Connection {
    wire: Box<dyn Wire>,
    client: SocketAddr,
    server: SocketAddr,
    /// Bytes that were read and not used yet.
    buffer: Vec<u8>,
    /// While a request is being worked on.
    busy: Option<Busy>,
}

/// How a connection goes on after a request.
enum Next {
    Request,
    Close,
    Reset,
}

async fn connection(
    shared: Arc<Shared>,
    stream: TcpStream,
    client: SocketAddr,
    tls: Option<TlsAcceptor>,
) -> io::Result<()> {
    let server = stream.local_addr()?;
    let _ = stream.set_nodelay(true);
    let Some(start) = peek(&stream).await else { return Ok(()) };
    let for_control = String::from_utf8_lossy(&start).contains(&format!(" {CONTROL_PREFIX}"));
    if !for_control {
        let struck = {
            let mut state = shared.present();
            let state = &mut *state;
            state.faults.strike(Phase::Connect, &Subject::default(), &mut state.random)
        };
        if let Some(fault) = struck.first() {
            let reset = matches!(fault, FaultKind::ResetOnConnect {});
            let done = if reset { "reset as soon as it came" } else { "closed as soon as it came" };
            let record =
                RequestRecord { faults: vec![fault.name()], done: done.to_owned(), ..Default::default() };
            note(&shared, record);
            let connection =
                Connection { wire: Box::new(stream), client, server, buffer: Vec::new(), busy: None };
            return if reset { connection.reset() } else { connection.close().await };
        }
    }
    // The control is reached without TLS too: a certificate that is bad on purpose would lock it away.
    let wire: Box<dyn Wire> = match tls {
        Some(acceptor) if start.first() == Some(&0x16) => Box::new(acceptor.accept(stream).await?),
        Some(_) if !for_control => return Ok(()),
        _ => Box::new(stream),
    };
    let mut connection = Connection { wire, client, server, buffer: Vec::new(), busy: None };
    loop {
        match connection.request(&shared).await? {
            Next::Request => {}
            Next::Close => return connection.close().await,
            Next::Reset => return connection.reset(),
        }
    }
}

/// The first bytes that a client sends, left where they are.
async fn peek(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut start = [0; PEEKED_BYTES];
    let mut seen = 0;
    loop {
        let count = tokio::time::timeout(IDLE_TIMEOUT, stream.peek(&mut start)).await.ok()?.ok()?;
        // One byte says TLS. Else enough must be there to see the path, or no more be coming.
        if count == 0 || count == PEEKED_BYTES || start[0] == 0x16 || count == seen {
            return (count > 0).then(|| start[..count].to_vec());
        }
        seen = count;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn note(shared: &Shared, record: RequestRecord) -> u64 {
    let mut state = shared.state();
    let at_ms = state.clock.now_ms();
    state.requests.begin(RequestRecord { at_ms, ..record })
}

impl Connection {
    async fn request(&mut self, shared: &Arc<Shared>) -> io::Result<Next> {
        let head = match self.head().await? {
            Ok(Some(head)) => Head { client: Some(self.client.ip().to_canonical()), ..head },
            Ok(None) => return Ok(Next::Close),
            Err(problem) => {
                let response = ApiError::response(400, "Bad request", problem);
                self.send(&response, false).await?;
                return Ok(Next::Close);
            }
        };
        if head.path().starts_with(CONTROL_PREFIX) {
            return self.control(shared, &head).await;
        }
        let base_path = shared.state().settings.base_path.clone();
        let route = operations::route(&base_path, &head.method, head.path());
        let sequence = self.begin_record(shared, route, &head);

        let early = strike(shared, Phase::Head, sequence, route, &head, &[]);
        if let Some(fault) = early.first() {
            return self.end_early(shared, sequence, &head, fault).await;
        }
        if head.expects_continue {
            self.wire.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let body = match self.body(head.framing).await? {
            Ok(Some(body)) => body,
            Ok(None) => {
                done(shared, sequence, |record| {
                    record.done = "the client went away within the body".to_owned()
                });
                return Ok(Next::Close);
            }
            Err(problem) => {
                done(shared, sequence, |record| record.done = format!("refused: {problem}"));
                self.send(&ApiError::response(400, "Bad request", problem), false).await?;
                return Ok(Next::Close);
            }
        };
        self.busy = Some(shared.busy());
        done(shared, sequence, |record| record.body = kept(&body));
        let struck = strike(shared, Phase::Body, sequence, route, &head, &body);
        let next = self.answer(shared, sequence, route, &head, &body, &struck).await;
        self.busy = None;
        next
    }

    /// The answer to a request that was read whole, with the faults that struck it.
    async fn answer(
        &mut self,
        shared: &Arc<Shared>,
        sequence: u64,
        route: Route,
        head: &Head,
        body: &[u8],
        struck: &[FaultKind],
    ) -> io::Result<Next> {
        let say = |text: &str| done(shared, sequence, |record| record.done = text.to_owned());
        // Faults that prevent the purchase.
        for fault in struck {
            match fault {
                FaultKind::CloseAfterBody {} => {
                    say("closed after the body; nothing done");
                    return Ok(Next::Close);
                }
                FaultKind::ResetAfterBody {} => {
                    say("reset after the body; nothing done");
                    return Ok(Next::Reset);
                }
                FaultKind::NeverAnswer { hold_ms } => {
                    say("never answered; nothing done");
                    return self.hold(*hold_ms).await;
                }
                FaultKind::Refuse { .. } => {
                    let response = refusal(fault);
                    answered(shared, sequence, &response, "refused by order; nothing done");
                    return self.send_and_go_on(&response, head).await;
                }
                FaultKind::Kill { point: KillPoint::BeforeAccepting, pid, accept } => {
                    let killed = self.kill(*pid).await;
                    if !*accept {
                        say(&format!("{killed}; nothing done"));
                        return Ok(Next::Close);
                    }
                    let Done { bought, .. } = perform(shared, route, head, body, sequence, struck).await;
                    done(shared, sequence, |record| {
                        record.bought = bought;
                        record.done = format!("{killed}; then done, without an answer");
                    });
                    return Ok(Next::Close);
                }
                _ => {}
            }
        }

        let Done { response, bought } = perform(shared, route, head, body, sequence, struck).await;
        done(shared, sequence, |record| record.bought = bought);
        answered(shared, sequence, &response, "answered");

        // Faults of the answer.
        for fault in struck {
            match fault {
                FaultKind::AcceptThenReset { after_bytes } => {
                    say(&format!("done; reset after {after_bytes} bytes of the answer"));
                    let (mut bytes, answer_body) = response.print(head.keep_alive);
                    bytes.extend_from_slice(answer_body);
                    let count = usize::try_from(*after_bytes).unwrap_or(usize::MAX).min(bytes.len());
                    self.wire.write_all(&bytes[..count]).await?;
                    self.wire.flush().await?;
                    return Ok(Next::Reset);
                }
                FaultKind::AcceptThenClose {} => {
                    say("done; closed without an answer");
                    return Ok(Next::Close);
                }
                FaultKind::AcceptThenHangUp {} => {
                    say("answered; closed although it was to stay open");
                    self.send(&response, true).await?;
                    return Ok(Next::Close);
                }
                FaultKind::AcceptThenNeverAnswer { hold_ms } => {
                    say("done; never answered");
                    return self.hold(*hold_ms).await;
                }
                FaultKind::AcceptThenTruncated { keep_bytes } => {
                    let (bytes, answer_body) = response.print(head.keep_alive);
                    let half = answer_body.len() / 2;
                    let last = answer_body.len().saturating_sub(1);
                    let count =
                        keep_bytes.map_or(half, |kept| usize::try_from(kept).unwrap_or(usize::MAX)).min(last);
                    say(&format!("done; the answer ended after {count} bytes of its body"));
                    self.wire.write_all(&bytes).await?;
                    self.wire.write_all(&answer_body[..count]).await?;
                    return Ok(Next::Close);
                }
                FaultKind::AcceptThenSlow { ms_per_byte } => {
                    say(&format!("done; answered with {ms_per_byte} ms before each byte"));
                    let (mut bytes, answer_body) = response.print(head.keep_alive);
                    bytes.extend_from_slice(answer_body);
                    for byte in bytes {
                        tokio::time::sleep(Duration::from_millis(*ms_per_byte)).await;
                        self.wire.write_all(&[byte]).await?;
                        self.wire.flush().await?;
                    }
                    return Ok(if head.keep_alive { Next::Request } else { Next::Close });
                }
                FaultKind::Kill { point: KillPoint::AfterAccepting, pid, .. } => {
                    let killed = self.kill(*pid).await;
                    say(&format!("done; {killed}; not answered"));
                    return Ok(Next::Close);
                }
                FaultKind::Kill { point: KillPoint::AfterAnswer, pid, .. } => {
                    let next = self.send_and_go_on(&response, head).await;
                    let killed = self.kill(*pid).await;
                    say(&format!("answered; {killed}"));
                    return next;
                }
                _ => {
                    if let Some(other) = another_answer(fault, head) {
                        answered(shared, sequence, &other, "done; answered otherwise");
                        return self.send_and_go_on(&other, head).await;
                    }
                }
            }
        }
        self.send_and_go_on(&response, head).await
    }

    /// A fault that strikes before the body is read whole.
    async fn end_early(
        &mut self,
        shared: &Shared,
        sequence: u64,
        head: &Head,
        fault: &FaultKind,
    ) -> io::Result<Next> {
        let say = |text: &str| done(shared, sequence, |record| record.done = text.to_owned());
        match fault {
            FaultKind::CloseBeforeBody {} => {
                say("closed before the body; nothing done");
                Ok(Next::Close)
            }
            FaultKind::ResetDuringBody { after_bytes } => {
                if head.expects_continue {
                    self.wire.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
                }
                let wanted = usize::try_from(*after_bytes).unwrap_or(usize::MAX).min(BODY_SIZE_MAX);
                let length = match head.framing {
                    Framing::Length(length) => length,
                    Framing::None => 0,
                    Framing::Chunked => BODY_SIZE_MAX,
                };
                while self.buffer.len() < wanted.min(length) && self.read().await? > 0 {}
                let read = self.buffer.len().min(wanted);
                let body = kept(&self.buffer[..read]);
                done(shared, sequence, |record| {
                    record.body = body;
                    record.done = format!("reset after {read} bytes of the body; nothing done");
                });
                Ok(Next::Reset)
            }
            _ => {
                say("reset before the body; nothing done");
                Ok(Next::Reset)
            }
        }
    }

    async fn control(&mut self, shared: &Arc<Shared>, head: &Head) -> io::Result<Next> {
        let response = match self.body(head.framing).await? {
            Ok(Some(body)) => control::answer(shared, head, &body).await,
            Ok(None) => return Ok(Next::Close),
            Err(problem) => control::problem(400, &problem),
        };
        self.send_and_go_on(&response, head).await
    }

    fn begin_record(&self, shared: &Shared, route: Route, head: &Head) -> u64 {
        let mut state = shared.state();
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), accounts::redacted(&state, name, value)))
            .collect();
        let caller = accounts::authenticate(&state, head).ok();
        let (operation, path_parameters) = match route {
            Route::Operation(operation) => (
                Some(operation.id().to_owned()),
                operations::path_parameters(&state.settings.base_path, operation, head.path()),
            ),
            _ => (None, Vec::new()),
        };
        let record = RequestRecord {
            at_ms: state.clock.now_ms(),
            method: head.method.clone(),
            target: head.target.clone(),
            headers,
            path_parameters,
            query: head.query(),
            operation,
            account: caller.map(|caller| state.accounts[caller.account].user.clone()),
            ..RequestRecord::default()
        };
        state.requests.begin(record)
    }

    async fn kill(&mut self, target: KillTarget) -> String {
        let (client, server) = (self.client, self.server);
        match tokio::task::spawn_blocking(move || kill(target, client, server)).await {
            Ok(Ok(killed)) => killed,
            Ok(Err(problem)) => format!("NOT killed: {problem}"),
            Err(_) => "NOT killed: the attempt panicked".to_owned(),
        }
    }

    /// `Ok(None)` at the end of the connection; the inner error is a request that cannot be understood.
    async fn head(&mut self) -> io::Result<Result<Option<Head>, String>> {
        loop {
            match http::parse_head(&self.buffer) {
                Ok(Some((head, length))) => {
                    self.buffer.drain(..length);
                    return Ok(Ok(Some(head)));
                }
                Ok(None) => {}
                Err(problem) => return Ok(Err(problem)),
            }
            if self.read().await? == 0 {
                return Ok(Ok(None));
            }
        }
    }

    /// `Ok(None)` if the connection ends within the body.
    async fn body(&mut self, framing: Framing) -> io::Result<Result<Option<Vec<u8>>, String>> {
        loop {
            match framing {
                Framing::None => return Ok(Ok(Some(Vec::new()))),
                Framing::Length(length) if self.buffer.len() >= length => {
                    return Ok(Ok(Some(self.buffer.drain(..length).collect())));
                }
                Framing::Length(_) => {}
                Framing::Chunked => match http::parse_chunks(&self.buffer) {
                    Ok(Some((body, length))) => {
                        self.buffer.drain(..length);
                        return Ok(Ok(Some(body)));
                    }
                    // Chunks of one byte cost six on the wire.
                    Ok(None) if self.buffer.len() > 6 * BODY_SIZE_MAX => {
                        return Ok(Err("too many chunks".to_owned()));
                    }
                    Ok(None) => {}
                    Err(problem) => return Ok(Err(problem)),
                },
            }
            if self.read().await? == 0 {
                return Ok(Ok(None));
            }
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        match tokio::time::timeout(IDLE_TIMEOUT, self.wire.read_buf(&mut self.buffer)).await {
            Ok(read) => read,
            Err(_) => Ok(0),
        }
    }

    async fn send(&mut self, response: &Response, keep_alive: bool) -> io::Result<()> {
        let (mut bytes, body) = response.print(keep_alive);
        bytes.extend_from_slice(body);
        self.wire.write_all(&bytes).await?;
        self.wire.flush().await
    }

    async fn send_and_go_on(&mut self, response: &Response, head: &Head) -> io::Result<Next> {
        self.send(response, head.keep_alive).await?;
        Ok(if head.keep_alive { Next::Request } else { Next::Close })
    }

    /// Keeps the connection open without a byte, until the time is over or the client goes.
    async fn hold(&mut self, hold_ms: u64) -> io::Result<Next> {
        self.busy = None;
        let gone = async { while matches!(self.read().await, Ok(count) if count > 0) {} };
        let _ = tokio::time::timeout(Duration::from_millis(hold_ms), gone).await;
        Ok(Next::Close)
    }

    /// Ends the connection as a well-behaved server does.
    async fn close(mut self) -> io::Result<()> {
        self.wire.shutdown().await?;
        // Unread bytes would turn the close into a reset.
        let drained = async {
            let mut unread = 0;
            while let Ok(count) = self.read().await {
                unread += count;
                self.buffer.clear();
                if count == 0 || unread > 8 * BODY_SIZE_MAX {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(LINGER_TIMEOUT, drained).await;
        Ok(())
    }

    /// Ends the connection by a reset.
    fn reset(self) -> io::Result<()> {
        self.wire.socket().set_zero_linger()
    }
}

fn strike(
    shared: &Arc<Shared>,
    phase: Phase,
    sequence: u64,
    route: Route,
    head: &Head,
    body: &[u8],
) -> Vec<FaultKind> {
    let mut state = shared.present();
    let subject = gateway::subject(&state, route, head, body);
    let state = &mut *state;
    let struck = state.faults.strike(phase, &subject, &mut state.random);
    if let Some(record) = state.requests.record(sequence) {
        record.faults.extend(struck.iter().map(FaultKind::name));
    }
    struck
}

async fn perform(
    shared: &Arc<Shared>,
    route: Route,
    head: &Head,
    body: &[u8],
    sequence: u64,
    struck: &[FaultKind],
) -> Done {
    let work = {
        let mut state = shared.present();
        gateway::perform(&mut state, route, head, body, sequence, struck)
    };
    // What was bought may settle, or be told, sooner than the timekeeper believes.
    shared.wake.notify_one();
    match work {
        Work::Done(done) => done,
        Work::List(listing) => {
            let written = tokio::task::spawn_blocking(move || (listing.write(), listing)).await;
            let Ok((response, listing)) = written else { return Done::failed() };
            listing.settle(&mut shared.state(), &response);
            Done { response, bought: Vec::new() }
        }
    }
}

fn done(shared: &Shared, sequence: u64, write: impl FnOnce(&mut RequestRecord)) {
    if let Some(record) = shared.state().requests.record(sequence) {
        write(record);
    }
}

fn answered(shared: &Shared, sequence: u64, response: &Response, done: &str) {
    shared.state().requests.answered(sequence, response, done);
}

fn kept(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(BODY_KEPT_MAX)]).into_owned()
}

fn refusal(fault: &FaultKind) -> Response {
    let FaultKind::Refuse { status, code, message, information, retry_after_s, body, content_type } = fault
    else {
        return Response::empty(500);
    };
    let response = match body {
        Some(body) => {
            Response::new(*status, content_type.as_deref().unwrap_or("application/json"), body.as_bytes())
        }
        None => {
            let error = ApiError {
                code: code.clone().unwrap_or_else(|| format!("API_{status}001")),
                message: message.clone().unwrap_or_else(|| "Refused by order".to_owned()),
                information: information
                    .clone()
                    .unwrap_or_else(|| "A fault was ordered for this request.".to_owned()),
            };
            Response::json(*status, &error)
        }
    };
    with_retry_after(response, *retry_after_s)
}

fn with_retry_after(response: Response, retry_after_s: Option<u32>) -> Response {
    match retry_after_s {
        Some(seconds) => response.with_header("Retry-After", seconds.to_string()),
        None => response,
    }
}

/// The answer that takes the place of the true one.
fn another_answer(fault: &FaultKind, head: &Head) -> Option<Response> {
    match fault {
        FaultKind::AcceptThenStatus { status, retry_after_s } => {
            let response =
                ApiError::response(*status, "Something is broken", "Try again later or contact support.");
            Some(with_retry_after(response, *retry_after_s))
        }
        FaultKind::AcceptThenRedirect { status, location } => {
            let location = location.clone().unwrap_or_else(|| format!("{REDIRECTED}{}", head.target));
            Some(Response::empty(*status).with_header("Location", location))
        }
        FaultKind::AcceptThenHtml { status } => {
            let page = "<!DOCTYPE html><html><head><title>Access denied</title></head>\
                        <body><h1>Access denied</h1><p>Your request was blocked by the proxy.</p></body></html>";
            Some(Response::new(*status, "text/html; charset=utf-8", page))
        }
        FaultKind::AcceptThenNotJson {} => {
            Some(Response::new(201, "application/json", "[{\"uid\": \"0101-0000, \"status\": accepted"))
        }
        FaultKind::AcceptThenEmpty { status } => Some(Response::empty(*status)),
        _ => None,
    }
}
