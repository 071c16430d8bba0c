//! The first bytes of a connection: until the server has said something, another can take its place.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What a client has said so far, to be said again to the next server.
#[derive(Debug, Default)]
pub(super) struct Opening {
    said: Vec<u8>,
}

/// How an opening ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// The server has begun to answer, or what was said can't be said twice: they talk.
    Talking,
    /// The server closed before it said a word: the next one may be asked.
    Unanswered,
    /// The client is gone.
    Ended,
}

/// More than any client's first flight.
const MOST: usize = 16 << 10;
/// The first byte of a TLS handshake. It has no effect on a server, and can be sent to a second one.
const TLS_HANDSHAKE: u8 = 0x16;
/// A server that closes a silent connection later than this did so of weariness.
const AT_ONCE: Duration = Duration::from_secs(1);

impl Opening {
    /// Passes on what the client says until the opening is over; `greeting` goes first.
    pub(super) async fn run(&mut self, client: &TcpStream, server: &mut TcpStream, greeting: &[u8]) -> Opened {
        let began = Instant::now();
        for bytes in [greeting, &self.said] {
            if server.write_all(bytes).await.is_err() {
                return Opened::Unanswered;
            }
        }
        loop {
            let mut first = [0];
            tokio::select! {
                heard = server.peek(&mut first) => return match heard {
                    Ok(0) | Err(_) if !self.said.is_empty() || began.elapsed() < AT_ONCE => Opened::Unanswered,
                    Ok(0) | Err(_) => Opened::Ended,
                    Ok(_) => Opened::Talking,
                },
                readable = client.readable() => {
                    let before = self.said.len();
                    match readable.and_then(|()| self.listen(client)) {
                        Ok(0) => return if before == 0 { Opened::Ended } else { Opened::Talking },
                        Ok(_) => {}
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                        Err(_) => return Opened::Ended,
                    }
                    if server.write_all(&self.said[before..]).await.is_err() {
                        return if self.can_repeat() { Opened::Unanswered } else { Opened::Ended };
                    }
                    if !self.can_repeat() {
                        return Opened::Talking;
                    }
                }
            }
        }
    }

    fn listen(&mut self, client: &TcpStream) -> io::Result<usize> {
        let mut chunk = [0; 4096];
        let read = client.try_read(&mut chunk)?;
        self.said.extend_from_slice(&chunk[..read]);
        Ok(read)
    }

    fn can_repeat(&self) -> bool {
        self.said.first() == Some(&TLS_HANDSHAKE) && self.said.len() < MOST
    }
}
