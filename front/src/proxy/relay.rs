//! Bytes, both ways. An idle connection holds no buffer.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::pool::{Counts, Live};

/// Two TLS records.
const CHUNK: usize = 32 << 10;

/// When bytes last moved, and which way.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    /// Milliseconds since `began`, doubled; odd: to the server.
    last: AtomicU64,
}

/// Who waits for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The server spoke last.
    Client,
    /// The client did: an answer is due.
    Server,
}

impl Activity {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(1) }
    }

    fn moved(&self, turn: Turn) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX / 4);
        self.last.store(millis * 2 + u64::from(turn == Turn::Server), Ordering::Relaxed);
    }

    /// For how long nothing has moved, and whose turn it is.
    pub(super) fn quiet(&self) -> (std::time::Duration, Turn) {
        let last = self.last.load(Ordering::Relaxed);
        let turn = if last % 2 == 1 { Turn::Server } else { Turn::Client };
        (self.began.elapsed().saturating_sub(std::time::Duration::from_millis(last / 2)), turn)
    }
}

/// Passes bytes on until both sides have ended, or one fails. `first` is what the server has said already.
pub(super) async fn relay(
    client: &mut TcpStream,
    server: &mut TcpStream,
    first: Vec<u8>,
    activity: &Activity,
    live: &Live,
) -> io::Result<()> {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let Counts { to_server: sent, to_client: received, .. } = &live.counts;
    let up = Pump { from: from_client, to: to_server, rest: Rest::None, activity, turn: Turn::Server, count: sent };
    let mut down =
        Pump { from: from_server, to: to_client, rest: Rest::None, activity, turn: Turn::Client, count: received };
    if !first.is_empty() {
        down.passed(first.len());
        down.rest = Rest::Bytes(first, 0);
    }
    tokio::try_join!(up, down).map(|_| ())
}

/// One way.
struct Pump<'a> {
    from: ReadHalf<'a>,
    to: WriteHalf<'a>,
    rest: Rest,
    activity: &'a Activity,
    turn: Turn,
    count: &'a AtomicU64,
}

/// What was read and not yet written.
enum Rest {
    None,
    /// These bytes from this place on.
    Bytes(Vec<u8>, usize),
    /// The end.
    End,
}

impl Future for Pump<'_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let pump = &mut *self;
        loop {
            match &mut pump.rest {
                Rest::None => {
                    if !ready!(pump.take_in(cx))? {
                        pump.rest = Rest::End;
                    }
                }
                Rest::Bytes(bytes, at) => {
                    *at += ready!(Pin::new(&mut pump.to).poll_write(cx, &bytes[*at..]))?;
                    if *at == bytes.len() {
                        pump.rest = Rest::None;
                    }
                }
                Rest::End => return Pin::new(&mut pump.to).poll_shutdown(cx),
            }
        }
    }
}

impl Pump<'_> {
    fn passed(&self, bytes: usize) {
        self.activity.moved(self.turn);
        self.count.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Reads what is there and writes what is taken; keeps the rest. False at the end.
    fn take_in(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut chunk = [const { MaybeUninit::uninit() }; CHUNK];
        let mut chunk = ReadBuf::uninit(&mut chunk);
        ready!(Pin::new(&mut self.from).poll_read(cx, &mut chunk))?;
        let bytes = chunk.filled();
        if bytes.is_empty() {
            return Poll::Ready(Ok(false));
        }
        self.passed(bytes.len());
        let written = match Pin::new(&mut self.to).poll_write(cx, bytes) {
            Poll::Ready(written) => written?,
            Poll::Pending => 0,
        };
        if written < bytes.len() {
            self.rest = Rest::Bytes(bytes[written..].to_vec(), 0);
        }
        Poll::Ready(Ok(true))
    }
}
