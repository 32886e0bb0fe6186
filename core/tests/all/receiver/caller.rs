//! Whoever calls the receiver: byte by byte, over sockets of its own.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::double;

/// Calls one address.
#[derive(Clone, Copy)]
pub struct Caller {
    pub address: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// 0 when the connection ended without an answer.
    pub status: u16,
    pub head: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Caller {
    /// To the host and port of this address.
    pub fn to(url: &str) -> Self {
        let rest = url.split_once("://").expect("an address").1;
        let host = rest.split('/').next().unwrap_or(rest);
        Self { address: host.parse().expect("host and port") }
    }

    /// Connects; nothing is sent.
    pub async fn connect(&self) -> std::io::Result<Conversation> {
        let address = self.address;
        let stream = double::spawn(async move { TcpStream::connect(address).await }).await.unwrap()?;
        Ok(Conversation { stream })
    }

    /// Sends these bytes, and reads to the end of the connection.
    pub async fn send(&self, bytes: Vec<u8>) -> Answer {
        self.begin(bytes).await.unwrap()
    }

    /// The same, in the background.
    pub fn begin(&self, bytes: Vec<u8>) -> JoinHandle<Answer> {
        let address = self.address;
        double::spawn(async move {
            let stream = TcpStream::connect(address).await.expect("the receiver listens");
            talk(stream, &bytes).await
        })
    }
}

/// A connection, in the test's hands.
pub struct Conversation {
    stream: TcpStream,
}

impl Conversation {
    /// Sends a part.
    pub async fn say(mut self, bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        double::spawn(async move {
            self.stream.write_all(&bytes).await.expect("the receiver reads");
            self
        })
        .await
        .unwrap()
    }

    /// Sends all there is to say, closes this side, and reads to the end.
    pub async fn say_all(self, bytes: &[u8]) -> Answer {
        let mut said = self.say(bytes).await;
        double::spawn(async move {
            said.stream.shutdown().await.expect("the receiver is there");
            talk(said.stream, b"").await
        })
        .await
        .unwrap()
    }

    /// Sends the rest, and reads to the end, in the background.
    pub fn finish(self, bytes: &[u8]) -> JoinHandle<Answer> {
        let bytes = bytes.to_vec();
        double::spawn(async move { talk(self.stream, &bytes).await })
    }
}

/// Sends, then reads to the end.
pub async fn talk<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, bytes: &[u8]) -> Answer {
    // Whoever is refused before the end of his request still finds the answer.
    let _ = stream.write_all(bytes).await;
    let _ = stream.flush().await;
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read).await;
    let text = String::from_utf8_lossy(&read).to_string();
    let head = text.split("\r\n\r\n").next().unwrap_or_default().to_string();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head }
}

/// A request that posts this.
pub fn post(path: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = head(path, &format!("content-length: {}", body.len()));
    bytes.extend_from_slice(body);
    bytes
}

/// The same, in pieces whose sum is not told beforehand.
pub fn post_in_chunks(path: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = head(path, "transfer-encoding: chunked");
    for chunk in body.as_ref().chunks(8_000) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

/// The head of a request that posts something, with this header.
pub fn head(path: &str, header: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nhost: till\r\ncontent-type: application/json\r\n{header}\r\n\r\n")
        .into_bytes()
}

impl Conversation {
    /// Waits until exactly this has come.
    pub async fn hear(mut self, expected: &[u8]) -> Self {
        let expected = expected.to_vec();
        double::spawn(async move {
            let mut heard = vec![0; expected.len()];
            self.stream.read_exact(&mut heard).await.expect("the receiver answers");
            assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(&expected));
            self
        })
        .await
        .unwrap()
    }
}
