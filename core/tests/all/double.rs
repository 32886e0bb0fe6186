//! A gateway's double on this machine, byte by byte: for what a well-behaved server cannot be made to do.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// The doubles' own runtime, so that the library's is under test alone.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime for the doubles"));

/// A listening double. It ends with the test's process.
#[derive(Clone)]
pub struct Double {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Counts from 0.
    pub connection: usize,
    pub head: String,
    pub body: Vec<u8>,
}

impl Seen {
    /// `GET /path`.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or("").trim_end_matches(" HTTP/1.1")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// One connection to a double.
pub struct Connection<S = TcpStream> {
    pub number: usize,
    pub stream: S,
    double: Double,
}

impl Double {
    /// A double that treats each connection in its own way.
    pub fn connections<F, Fut>(treat: F) -> Self
    where
        F: Fn(Connection) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (listener, double) = Self::listen();
        let accepting = double.clone();
        RUNTIME.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = accepting.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(treat(Connection { number, stream, double: accepting.clone() }));
            }
        });
        double
    }

    /// A double that answers each request with these bytes, and keeps the connection.
    pub fn answering(answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::connections(move |mut connection| {
            let answer = answer.clone();
            async move {
                while let Some(seen) = connection.request().await {
                    connection.send(&answer(&seen)).await;
                }
            }
        })
    }

    /// The same with TLS.
    pub fn tls(
        config: Arc<tokio_rustls::rustls::ServerConfig>,
        answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let acceptor = tokio_rustls::TlsAcceptor::from(config);
        let answer = Arc::new(answer);
        Self::connections(move |connection| {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            async move {
                let Connection { number, stream, double } = connection;
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let mut connection = Connection { number, stream, double };
                while let Some(seen) = connection.request().await {
                    connection.send(&answer(&seen)).await;
                }
            }
        })
    }

    fn listen() -> (TcpListener, Self) {
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port of this machine");
        let double = Self {
            address: listener.local_addr().expect("the port's address"),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        (listener, double)
    }

    pub fn url(&self) -> String {
        format!("http://{}/openapi", self.address)
    }

    /// The requests so far: those whose head has arrived.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many connections there have been.
    pub fn connection_count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// The head of the next request, and what came along of its body.
    pub async fn head(&mut self) -> Option<Seen> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(size) => bytes.extend_from_slice(&chunk[..size]),
            }
        };
        let body = bytes.split_off(end);
        let seen = Seen { connection: self.number, head: String::from_utf8(bytes).ok()?, body };
        self.double.seen.lock().unwrap().push(seen.clone());
        Some(seen)
    }

    /// The next request, whole.
    pub async fn request(&mut self) -> Option<Seen> {
        let mut seen = self.head().await?;
        let length: usize = seen.header("content-length").map_or(0, |text| text.parse().unwrap());
        let have = seen.body.len();
        seen.body.resize(length.max(have), 0);
        self.stream.read_exact(&mut seen.body[have..]).await.ok()?;
        // The record was made when the head came; complete it.
        let mut all = self.double.seen.lock().unwrap();
        if let Some(record) = all.iter_mut().rev().find(|record| record.connection == self.number) {
            record.body = seen.body.clone();
        }
        Some(seen)
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        // A client that has gone is what some tests are about.
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }
}

impl Connection {
    /// Ends the connection with a reset instead of an orderly end.
    pub fn reset(self) {
        // SAFETY: a plain option on a socket that we own.
        unsafe {
            let now = libc::linger { l_onoff: 1, l_linger: 0 };
            let fd = std::os::fd::AsRawFd::as_raw_fd(&self.stream);
            let size = size_of::<libc::linger>() as libc::socklen_t;
            assert_eq!(
                libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, (&raw const now).cast(), size),
                0
            );
        }
    }
}

/// An answer of JSON.
pub fn json(status: u16, body: &str) -> Vec<u8> {
    answer(status, "application/json", body.as_bytes())
}

/// An answer of any kind.
pub fn answer(status: u16, content_type: &str, body: &[u8]) -> Vec<u8> {
    with_headers(status, &format!("content-type: {content_type}\r\n"), body)
}

/// An answer with headers of one's own, each ended by a line break.
pub fn with_headers(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Runs on the doubles' runtime.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// Starts something on the doubles' runtime; any executor may wait for it.
pub fn spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    RUNTIME.spawn(work)
}
