//! A server whose machine is gone without a word: it refuses nothing and closes nothing, what it is sent is just not
//! acknowledged. Its kernel's own patience is a quarter of an hour.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::net::TcpStream;

/// So much of what the server has not answered fits into its machine's smallest window. A server that takes no more of a
/// larger request for a while looks the same from here as one that is gone.
const LARGE: u64 = 24 << 10;

/// How long what a server is sent may stay unacknowledged.
pub(super) fn limit(server: &TcpStream, patience: Duration) {
    // Where the system has no such limit, the checks find the server down later.
    let _ = set_tcp_user_timeout(server, u32::try_from(patience.as_millis()).unwrap_or(u32::MAX));
}

/// Lifts the limit for good where a large request is on its way: whether all of it has arrived can't be told, and an answer
/// does not say so.
#[derive(Debug)]
pub(super) struct Silence<'s> {
    server: &'s TcpStream,
    /// Bytes sent since the server spoke last.
    sent: AtomicU64,
    is_lifted: AtomicBool,
}

impl<'s> Silence<'s> {
    /// Of a connection that the limit was set on, and these bytes were sent on.
    pub(super) fn new(server: &'s TcpStream, bytes: usize) -> Self {
        let this = Self { server, sent: AtomicU64::new(0), is_lifted: AtomicBool::new(false) };
        this.sent(bytes);
        this
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
    }
}
