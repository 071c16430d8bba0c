//! A snapshot to a member, on a connection of its own, in pieces: it never lies in memory whole.

use std::future::Future;
use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use openraft::errors::{ReplicationClosed, StreamingError, Unreachable};
use openraft::raft::SnapshotResponse;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::channel;
use super::greet::Target;
use super::tls::Protocol;
use super::wire::{Frame, Kind, SnapshotHead, decode_vote};
use crate::raft_types::{RaftVote, Types};
use crate::state_machine::{RaftSnapshot, SnapshotData};

const CHUNK: usize = 256 << 10;
/// Chunks between the state and the network.
const IN_FLIGHT: usize = 4;
/// The receiver checks and installs all of it after the last chunk.
const INSTALLED_WITHIN: Duration = Duration::from_secs(600);

/// Sends all of it and waits until it is installed.
pub(super) async fn send(
    inner: &Inner,
    target: &Target,
    vote: RaftVote,
    snapshot: RaftSnapshot,
    cancel: impl Future<Output = ReplicationClosed>,
) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
    tokio::select! {
        closed = cancel => Err(closed.into()),
        sent = send_all(inner, target, vote, snapshot) => match sent {
            Ok(vote) => Ok(SnapshotResponse::new(vote)),
            Err(reason) => {
                tracing::warn!(member = target.node.node_id, reason, "a snapshot was not delivered");
                Err(Unreachable::from_string(reason).into())
            }
        },
    }
}

async fn send_all(inner: &Inner, target: &Target, vote: RaftVote, snapshot: RaftSnapshot) -> Result<RaftVote, String> {
    let dialled = inner.dial(target, Protocol::Raft).await.map_err(|failed| failed.reason)?;
    let closed = CancellationToken::new();
    let _end = closed.clone().drop_guard();
    let (outbox, mut inbox) = channel::start(dialled.stream, closed);
    let gone = |_| "the connection broke in the middle of a snapshot".to_owned();
    let head = SnapshotHead { vote, meta: snapshot.meta };
    outbox.send(Frame::new(Kind::Snapshot, 1, head.encode())).await.map_err(gone)?;

    let (chunks, mut to_send) = mpsc::channel(IN_FLIGHT);
    let cluster = inner.stores.cluster_id();
    let reading = tokio::task::spawn_blocking(move || match snapshot.snapshot {
        SnapshotData::Frozen(frozen) => {
            coffer_storage::write_snapshot(Chunked::new(chunks), cluster, &frozen).map_err(|fault| fault.to_string())
        }
        SnapshotData::Received(file) => {
            let mut source = std::fs::File::open(file.path()).map_err(|error| error.to_string())?;
            let mut out = Chunked::new(chunks);
            io::copy(&mut source, &mut out).and_then(|_| out.flush()).map_err(|error| error.to_string())
        }
    });
    while let Some(chunk) = to_send.recv().await {
        outbox.send(Frame::new(Kind::Chunk, 1, chunk)).await.map_err(gone)?;
    }
    reading.await.map_err(|error| error.to_string())??;
    outbox.send(Frame::new(Kind::SnapshotEnd, 1, Bytes::new())).await.map_err(gone)?;
    loop {
        let next = tokio::time::timeout(INSTALLED_WITHIN, inbox.next()).await;
        let next = next.map_err(|_| "the snapshot was not installed in time".to_owned())?;
        let frame = next.ok_or_else(|| "the connection broke while the snapshot was being installed".to_owned())?;
        match frame.kind {
            Kind::Answer => return decode_vote(frame.body).map_err(|error| error.to_string()),
            Kind::Failure => {
                return Err(format!("it was not installed: {}", String::from_utf8_lossy(&frame.body)));
            }
            _ => {}
        }
    }
}

/// Cuts what is written into chunks, and waits for room.
struct Chunked {
    chunks: mpsc::Sender<Bytes>,
    buffer: Vec<u8>,
}

impl Chunked {
    fn new(chunks: mpsc::Sender<Bytes>) -> Self {
        Self { chunks, buffer: Vec::with_capacity(CHUNK) }
    }

    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes it any more");
        self.chunks.blocking_send(chunk.into()).map_err(gone)
    }
}

impl Write for Chunked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fitting = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..fitting]);
        if self.buffer.len() == CHUNK {
            self.send()?;
        }
        Ok(fitting)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

impl Drop for Chunked {
    fn drop(&mut self) {
        // What is left goes with the last of the file; where that failed, the receiver notices.
        let _ = self.send();
    }
}
