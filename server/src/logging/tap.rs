//! Listening in on the log, for `sys/monitor`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::format::Record;
use super::levels::{LogLevels, heard_as};
use crate::config::{LogFormat, LogLevel};

/// Lines that wait for a listener who is slow; older ones are lost to it.
const WAITING: usize = 512;

/// Where to listen in. Costs nothing while nobody does.
#[derive(Debug, Clone)]
pub struct LogTap(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    lines: broadcast::Sender<Arc<Record>>,
    levels: Arc<LogLevels>,
    listeners: Mutex<Listeners>,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct Listeners {
    next: u64,
    level_of: BTreeMap<u64, LogLevel>,
}

/// Somebody who listens in. Their level is theirs alone: it does not change what the log itself holds.
#[derive(Debug)]
pub struct TapReceiver {
    lines: broadcast::Receiver<Arc<Record>>,
    shared: Arc<Shared>,
    id: u64,
    level: LogLevel,
    format: LogFormat,
}

impl LogTap {
    pub(super) fn new(levels: Arc<LogLevels>) -> Self {
        let (lines, _) = broadcast::channel(WAITING);
        Self(Arc::new(Shared { lines, levels, listeners: Mutex::default(), closed: CancellationToken::new() }))
    }

    /// Listens in from now on.
    pub fn listen(&self, level: LogLevel, format: LogFormat) -> TapReceiver {
        let lines = self.0.lines.subscribe();
        let mut listeners = self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let id = listeners.next;
        listeners.next += 1;
        listeners.level_of.insert(id, level);
        self.0.levels.set_tapped(listeners.level_of.values().copied().min());
        drop(listeners);
        TapReceiver { lines, shared: Arc::clone(&self.0), id, level, format }
    }

    /// Ends all who listen, now and from now on: the server is about to stop, and they would hold it up.
    pub fn close(&self) {
        self.0.closed.cancel();
    }

    pub(super) fn tell(&self, record: &Arc<Record>) {
        if self.0.lines.receiver_count() > 0 {
            let _ = self.0.lines.send(Arc::clone(record));
        }
    }
}

impl TapReceiver {
    /// The next line, with its end; `None` once the log is gone. A listener who was too slow is told how many lines it
    /// has missed.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            let line = tokio::select! {
                biased;
                // First: there may always be another line.
                () = self.shared.closed.cancelled() => return None,
                line = self.lines.recv() => line,
            };
            match line {
                Ok(record) if heard_as(&record.subsystem, record.level).is_some_and(|level| level >= self.level) => {
                    return Some(record.line(self.format));
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    return Some(format!("[{missed} lines were dropped: the reader is too slow]\n"));
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

impl Drop for TapReceiver {
    fn drop(&mut self) {
        let mut listeners = self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.level_of.remove(&self.id);
        self.shared.levels.set_tapped(listeners.level_of.values().copied().min());
    }
}
