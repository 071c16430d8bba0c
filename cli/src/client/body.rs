use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use zeroize::Zeroizing;

use super::request::Body;

/// How much of a file is read at a time.
const CHUNK: usize = 64 * 1024;

/// A request's body on its way out.
pub(super) enum Outgoing {
    Bytes(Option<Bytes>),
    File { file: File, left: u64 },
}

impl Outgoing {
    /// The body from its start: a request can be sent more than once.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn of(body: &Body) -> io::Result<Self> {
        match body {
            Body::Empty => Ok(Self::Bytes(None)),
            Body::Bytes(bytes) => Ok(Self::Bytes(Some(wiped_later(bytes)))),
            Body::File(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                let left = file.metadata()?.len();
                Ok(Self::File { file, left })
            }
        }
    }
}

/// The bytes share one buffer that is wiped when the last reader lets go of it.
fn wiped_later(bytes: &Zeroizing<Vec<u8>>) -> Bytes {
    Bytes::from_owner(bytes.clone())
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Self::Bytes(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::File { left: 0, .. } => Poll::Ready(None),
            Self::File { file, left } => {
                let mut chunk = vec![0; CHUNK.min(usize::try_from(*left).unwrap_or(CHUNK))];
                // Nothing else runs on this client's runtime that a read of a local file could hold up.
                Poll::Ready(Some(file.read_exact(&mut chunk).map(|()| {
                    *left -= chunk.len() as u64;
                    Frame::data(Bytes::from(chunk))
                })))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Bytes(None) | Self::File { left: 0, .. })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Bytes(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Self::File { left, .. } => *left,
        })
    }
}
