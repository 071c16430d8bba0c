//! Frames over a greeted connection, both ways, with signs of life: a connection on which nothing comes is dead.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::wire::{Frame, FrameReader, Kind, MAX_FRAME, write_frame};

/// Frames that wait to be written; more wait at the door.
const QUEUE: usize = 64;
/// Frames that were read and wait to be taken.
const READ_AHEAD: usize = 16;
/// Between signs of life.
const ALIVE_EVERY: Duration = Duration::from_millis(700);
/// Without a byte for this long, the other side is taken for gone.
pub(super) const SILENCE: Duration = Duration::from_millis(3000);
const WRITE_BUFFER: usize = 64 << 10;

/// Where frames are handed in to be written.
#[derive(Clone, Debug)]
pub(super) struct Outbox(mpsc::Sender<Frame>);

impl Outbox {
    /// Waits for room.
    pub(super) async fn send(&self, frame: Frame) -> Result<(), Closed> {
        self.0.send(frame).await.map_err(|_| Closed)
    }
}

/// The connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

/// Where frames come out that were read.
#[derive(Debug)]
pub(super) struct Inbox(mpsc::Receiver<Frame>);

impl Inbox {
    /// `None` once the connection is gone.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        self.0.recv().await
    }
}

/// Reads and writes until the stream ends, `closed` is cancelled, or both ends of the channel are dropped; cancels
/// `closed` then.
pub(super) fn start<S>(stream: S, closed: CancellationToken) -> (Outbox, Inbox)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (source, sink) = tokio::io::split(stream);
    let (outbox, to_write) = mpsc::channel(QUEUE);
    let (read, inbox) = mpsc::channel(READ_AHEAD);
    let (reading, writing) = (closed.clone(), closed);
    tokio::spawn(async move {
        tokio::select! {
            () = reading.cancelled() => {}
            _ = read_all(source, read) => {}
        }
        reading.cancel();
    });
    tokio::spawn(async move {
        tokio::select! {
            () = writing.cancelled() => {}
            _ = write_all(sink, to_write) => {}
        }
        writing.cancel();
    });
    (Outbox(outbox), Inbox(inbox))
}

async fn read_all(mut source: impl AsyncRead + Unpin, read: mpsc::Sender<Frame>) -> io::Result<()> {
    let mut reader = FrameReader::default();
    loop {
        let next = reader.next_within(&mut source, MAX_FRAME, SILENCE).await?;
        let Some(frame) = next else { return Ok(()) };
        if frame.kind == Kind::Alive {
            continue;
        }
        if read.send(frame).await.is_err() {
            return Ok(());
        }
    }
}

async fn write_all(sink: impl AsyncWrite + Unpin, mut frames: mpsc::Receiver<Frame>) -> io::Result<()> {
    let mut sink = BufWriter::with_capacity(WRITE_BUFFER, sink);
    let alive = Frame::new(Kind::Alive, 0, bytes::Bytes::new());
    loop {
        let frame = match tokio::time::timeout(ALIVE_EVERY, frames.recv()).await {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(_) => alive.clone(),
        };
        write_frame(&mut sink, &frame).await?;
        // What is waiting goes out with it.
        while let Ok(frame) = frames.try_recv() {
            write_frame(&mut sink, &frame).await?;
        }
        sink.flush().await?;
    }
    sink.shutdown().await
}
