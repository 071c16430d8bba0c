//! Bytes, both ways. An idle connection holds no buffer.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use rustix::net::{Shutdown, shutdown};
use tokio::net::TcpStream;

use super::bytes::{poll_write, try_read};
use super::silence::Silence;
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
    client: &TcpStream,
    server: &TcpStream,
    first: Vec<u8>,
    activity: &Activity,
    silence: &Silence<'_>,
    live: &Live,
) -> io::Result<()> {
    let Counts { to_server: sent, to_client: received, .. } = &live.counts;
    let ended = &AtomicBool::new(false);
    let pump = |from, to, turn, count| Pump { from, to, rest: Rest::None, activity, silence, turn, count, ended };
    let up = pump(client, server, Turn::Server, sent);
    let mut down = pump(server, client, Turn::Client, received);
    if !first.is_empty() {
        down.passed(first.len());
        down.rest = Rest::Bytes(first, 0);
    }
    tokio::try_join!(up, down).map(|_| ())
}

/// One way.
struct Pump<'a> {
    from: &'a TcpStream,
    to: &'a TcpStream,
    rest: Rest,
    activity: &'a Activity,
    silence: &'a Silence<'a>,
    turn: Turn,
    count: &'a AtomicU64,
    /// Whether one way has ended.
    ended: &'a AtomicBool,
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
                Rest::None => ready!(pump.take_in(cx))?,
                Rest::Bytes(bytes, at) => {
                    *at += ready!(poll_write(pump.to, cx, &bytes[*at..]))?;
                    if *at == bytes.len() {
                        pump.rest = Rest::None;
                    }
                }
                Rest::End => return Poll::Ready(pump.end()),
            }
        }
    }
}

impl Pump<'_> {
    /// Reads what is there and writes what is taken; keeps the rest.
    fn take_in(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut chunk = [const { MaybeUninit::uninit() }; CHUNK];
        loop {
            ready!(self.from.poll_read_ready(cx))?;
            match try_read(self.from, &mut chunk, |bytes| self.pass_on(cx, bytes)) {
                Ok(passed) => {
                    self.rest = passed?;
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Writes these bytes; gives what the other side did not take.
    fn pass_on(&self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<Rest> {
        if bytes.is_empty() {
            return Ok(Rest::End);
        }
        self.passed(bytes.len());
        let written = match poll_write(self.to, cx, bytes) {
            Poll::Ready(written) => written?,
            Poll::Pending => 0,
        };
        Ok(if written < bytes.len() { Rest::Bytes(bytes[written..].to_vec(), 0) } else { Rest::None })
    }

    /// Tells the other side of the end; where both ways have ended, closing tells it.
    fn end(&self) -> io::Result<()> {
        if self.ended.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        Ok(shutdown(self.to, Shutdown::Write)?)
    }

    fn passed(&self, bytes: usize) {
        self.activity.moved(self.turn);
        match self.turn {
            Turn::Server => self.silence.sent(bytes),
            Turn::Client => self.silence.answered(),
        }
        self.count.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
