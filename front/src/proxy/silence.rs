//! A server whose machine is gone without a word: it refuses nothing and closes nothing, what it is sent is just not
//! acknowledged. Its kernel's own patience is a quarter of an hour.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::net::TcpStream;

/// Bytes of one request that may wait in the server's machine although the server lives: one that takes no more of a
/// large request for a while does not acknowledge either, and the two look the same from here.
const LARGE: u64 = 48 << 10;

/// How long what a server is sent may stay unacknowledged.
pub(super) fn limit(server: &TcpStream, patience: Duration) {
    // Where the system has no such limit, the checks find the server down later.
    let _ = set_tcp_user_timeout(server, u32::try_from(patience.as_millis()).unwrap_or(u32::MAX));
}

/// Lifts the limit while a large request is on its way.
#[derive(Debug)]
pub(super) struct Silence<'s> {
    server: &'s TcpStream,
    patience: Duration,
    /// Bytes sent since the server spoke last.
    sent: AtomicU64,
    is_lifted: AtomicBool,
}

impl<'s> Silence<'s> {
    /// Of a connection that the limit was set on.
    pub(super) fn new(server: &'s TcpStream, patience: Duration) -> Self {
        Self { server, patience, sent: AtomicU64::new(0), is_lifted: AtomicBool::new(false) }
    }

    /// These are about to be sent to the server.
    pub(super) fn sent(&self, bytes: usize) {
        let sent = self.sent.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if sent > LARGE && !self.is_lifted.swap(true, Ordering::Relaxed) {
            // None: the system's own.
            limit(self.server, Duration::ZERO);
        }
    }

    /// The server spoke.
    pub(super) fn answered(&self) {
        self.sent.store(0, Ordering::Relaxed);
        if self.is_lifted.swap(false, Ordering::Relaxed) {
            limit(self.server, self.patience);
        }
    }
}
