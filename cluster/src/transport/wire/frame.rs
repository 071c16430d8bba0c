//! A frame: length of what follows (u32), kind (u8), number of the question it belongs to (u64), body.

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Longest body: the largest log entry that can be configured, and room.
pub(crate) const MAX_FRAME: usize = 40 << 20;

/// Kind and question number.
const HEAD: usize = 9;
const LENGTH: usize = 4;
/// Frames are read into blocks of this size.
const BLOCK: usize = 64 << 10;
/// A block with less room than this left is read into no more. What follows the frames in it is lost for as long as one
/// of them is kept, as log entries are.
const LEAST_ROOM: usize = 8 << 10;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Nothing: the other side is alive.
    Alive = 0,
    /// The greeting.
    Hello = 1,
    /// The greeting was taken.
    Welcome = 2,
    /// The connection ends, and why.
    Refusal = 3,
    /// A question, of Raft.
    Append = 16,
    /// A question, of Raft.
    Vote = 17,
    /// A question, of Raft.
    PreVote = 18,
    /// A question, of Raft.
    Transfer = 19,
    /// A snapshot begins.
    Snapshot = 20,
    /// Bytes of it.
    Chunk = 21,
    /// All of it was sent.
    SnapshotEnd = 22,
    /// A question of the upper layers: topic (u16), then its bytes.
    Question = 32,
    /// The answer to any question.
    Answer = 64,
    /// It can't be answered, and why.
    Failure = 65,
}

impl Kind {
    const ALL: [Self; 14] = [
        Self::Alive,
        Self::Hello,
        Self::Welcome,
        Self::Refusal,
        Self::Append,
        Self::Vote,
        Self::PreVote,
        Self::Transfer,
        Self::Snapshot,
        Self::Chunk,
        Self::SnapshotEnd,
        Self::Question,
        Self::Answer,
        Self::Failure,
    ];
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) id: u64,
    pub(crate) body: Bytes,
}

impl Frame {
    pub(crate) fn new(kind: Kind, id: u64, body: impl Into<Bytes>) -> Self {
        Self { kind, id, body: body.into() }
    }
}

/// Writes a frame, without flushing.
pub(crate) async fn write_frame(out: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    let len = u32::try_from(frame.body.len() + HEAD).map_err(|_| io::Error::other("a message is too long"))?;
    let mut head = [0; LENGTH + HEAD];
    head[..4].copy_from_slice(&len.to_be_bytes());
    head[4] = frame.kind as u8;
    head[5..].copy_from_slice(&frame.id.to_be_bytes());
    out.write_all(&head).await?;
    out.write_all(&frame.body).await
}

/// Reads frames; a frame's memory grows with what has come, not with what its head claims.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    buffer: BytesMut,
}

impl FrameReader {
    /// The next frame, or `None` where the stream ends between two. May be dropped and called again.
    pub(crate) async fn next(
        &mut self,
        source: &mut (impl AsyncRead + Unpin),
        max_body: usize,
    ) -> io::Result<Option<Frame>> {
        self.next_within(source, max_body, Duration::MAX).await
    }

    /// As [`FrameReader::next`]; an error where no byte comes for as long as `silence`.
    pub(crate) async fn next_within(
        &mut self,
        source: &mut (impl AsyncRead + Unpin),
        max_body: usize,
        silence: Duration,
    ) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.parse(max_body)? {
                return Ok(Some(frame));
            }
            if self.buffer.capacity() - self.buffer.len() < LEAST_ROOM {
                self.buffer.reserve(BLOCK);
            }
            let read = tokio::time::timeout(silence, source.read_buf(&mut self.buffer)).await;
            if read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? == 0 {
                let between = self.buffer.is_empty();
                return if between { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    fn parse(&mut self, max_body: usize) -> io::Result<Option<Frame>> {
        let Some(length) = self.buffer.first_chunk::<LENGTH>() else { return Ok(None) };
        let len = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if !(HEAD..=max_body.saturating_add(HEAD)).contains(&len) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message has an impossible length"));
        }
        if self.buffer.len() < LENGTH + len {
            return Ok(None);
        }
        self.buffer.advance(LENGTH);
        let mut frame = self.buffer.split_to(len).freeze();
        let (kind, id) = (frame.get_u8(), frame.get_u64());
        let kind = Kind::ALL.into_iter().find(|known| *known as u8 == kind);
        let kind = kind.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a message of unknown kind"))?;
        Ok(Some(Frame { kind, id, body: frame }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    proptest! {
        #[test]
        fn frames_survive_however_they_arrive(bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..5)) {
            block_on(async {
                let frames: Vec<_> = bodies.into_iter().zip(0..).map(|(body, id)| Frame::new(Kind::Append, id, body)).collect();
                let mut wire = Vec::new();
                for frame in &frames {
                    write_frame(&mut wire, frame).await.unwrap();
                }
                let (mut source, mut reader) = (wire.as_slice(), FrameReader::default());
                for frame in frames {
                    assert_eq!(reader.next(&mut source, MAX_FRAME).await.unwrap().unwrap(), frame);
                }
                assert!(reader.next(&mut source, MAX_FRAME).await.unwrap().is_none());
            });
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            block_on(async {
                let (mut source, mut reader) = (bytes.as_slice(), FrameReader::default());
                while let Ok(Some(_)) = reader.next(&mut source, 50).await {}
            });
        }
    }

    /// What a member keeps of the log in memory lies in these blocks.
    #[test]
    fn frames_that_are_kept_share_their_memory() {
        block_on(async {
            let (mut near, mut far) = tokio::io::duplex(1 << 20);
            let mut reader = FrameReader::default();
            let mut kept = Vec::new();
            for id in 0..200 {
                write_frame(&mut near, &Frame::new(Kind::Append, id, vec![7; 1000])).await.unwrap();
                kept.push(reader.next(&mut far, MAX_FRAME).await.unwrap().unwrap().body);
            }
            let starts: Vec<usize> = kept.iter().map(|body| body.as_ptr() as usize).collect();
            let alone = starts.windows(2).filter(|pair| pair[1] != pair[0] + 1000 + LENGTH + HEAD).count();
            assert!(alone <= 5, "{alone} of 200 small frames begin a block of their own");
        });
    }

    #[test]
    fn an_impossible_length_is_refused_before_its_bytes_come() {
        block_on(async {
            let claim = u32::MAX.to_be_bytes();
            let refused = FrameReader::default().next(&mut &claim[..], 1000).await;
            assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidData);
        });
    }
}
