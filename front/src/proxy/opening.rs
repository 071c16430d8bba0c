//! The first bytes of a connection: until the server has said something, another can take its place.

use std::io;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::bytes::try_read;
use crate::pool::Standing;

/// What a client has said so far, to be said again to the next server.
#[derive(Debug, Default)]
pub(super) struct Opening {
    said: Vec<u8>,
}

/// What else can end an opening.
pub(super) struct Meanwhile<'a> {
    pub(super) standing: watch::Receiver<Standing>,
    /// The process ends.
    pub(super) ending: &'a CancellationToken,
    /// A client that says nothing, and a server that answers nothing, for this long.
    pub(super) idle_timeout: Option<Duration>,
}

/// How an opening ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// The server has answered these first bytes; none where what was said can't be said twice.
    Talking(Vec<u8>),
    /// The server closed before it said a word: the next one may be asked.
    Unanswered,
    /// The server went down, or is drained and was told nothing: likewise.
    Left,
    /// The client is gone, or nobody spoke in time.
    Ended,
}

/// More than any client's first flight.
const MOST: usize = 16 << 10;
/// One read.
const CHUNK: usize = 4 << 10;
/// The first byte of a TLS handshake. It has no effect on a server, and can be sent to a second one.
const TLS_HANDSHAKE: u8 = 0x16;
/// A server that closes a silent connection later than this did so of weariness.
const AT_ONCE: Duration = Duration::from_secs(1);

impl Opening {
    /// Passes on what the client says until the opening is over; `greeting` goes first.
    pub(super) async fn run(
        &mut self,
        client: &TcpStream,
        server: &mut TcpStream,
        greeting: &[u8],
        meanwhile: Meanwhile<'_>,
    ) -> Opened {
        let Meanwhile { mut standing, ending, idle_timeout } = meanwhile;
        let began = Instant::now();
        for bytes in [greeting, &self.said] {
            if !bytes.is_empty() && server.write_all(bytes).await.is_err() {
                return Opened::Unanswered;
            }
        }
        loop {
            let nothing_said = self.said.is_empty();
            tokio::select! {
                biased;
                readable = server.readable() => match readable.and_then(|()| read(server)) {
                    Ok(answer) if !answer.is_empty() => return Opened::Talking(answer),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    _ if !nothing_said || began.elapsed() < AT_ONCE => return Opened::Unanswered,
                    _ => return Opened::Ended,
                },
                readable = client.readable() => {
                    match readable.and_then(|()| read(client)) {
                        Ok(more) if more.is_empty() => {
                            return if nothing_said { Opened::Ended } else { Opened::Talking(Vec::new()) };
                        }
                        Ok(more) => {
                            let sent = server.write_all(&more).await;
                            self.said.extend_from_slice(&more);
                            match (sent, self.can_repeat()) {
                                (Ok(()), true) => {}
                                (Ok(()), false) => return Opened::Talking(Vec::new()),
                                (Err(_), true) => return Opened::Unanswered,
                                (Err(_), false) => return Opened::Ended,
                            }
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(_) => return Opened::Ended,
                    }
                }
                () = leaves(&mut standing, nothing_said) => return Opened::Left,
                () = ending.cancelled(), if nothing_said => return Opened::Ended,
                () = quiet_for(idle_timeout) => return Opened::Ended,
            }
        }
    }

    /// Bytes that the client has said.
    pub(super) fn len(&self) -> usize {
        self.said.len()
    }

    fn can_repeat(&self) -> bool {
        self.said.first() == Some(&TLS_HANDSHAKE) && self.said.len() < MOST
    }
}

/// Returns when the server takes no more; one that is drained still answers what it was told.
async fn leaves(standing: &mut watch::Receiver<Standing>, nothing_said: bool) {
    let leaves = |standing: &Standing| match standing {
        Standing::Serving => false,
        Standing::Draining => nothing_said,
        Standing::Down | Standing::Removed => true,
    };
    // An error: the server's record is gone with the last reload, as removed.
    let _ = standing.wait_for(leaves).await;
}

async fn quiet_for(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// What is there; empty at the end.
fn read(stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut chunk = [MaybeUninit::uninit(); CHUNK];
    try_read(stream, &mut chunk, |bytes| bytes.to_vec())
}
