//! The body of an answer: whole, or piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use coffer_core::snapshot::Piece;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tokio::sync::mpsc;

/// What a body can break with.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Bytes that are there, or that come as they are made. One that breaks must not look as if it had ended.
pub struct ResponseBody(Form);

enum Form {
    Whole(Full<Bytes>),
    Pieces(mpsc::Receiver<Vec<u8>>),
    /// A file, which is none without its end.
    File(mpsc::Receiver<Piece>),
    Done,
    /// As another node sends it.
    PassedOn(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>),
}

impl ResponseBody {
    /// A body that comes from elsewhere.
    pub fn passed_on<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Form::PassedOn(Box::pin(body.map_err(Into::into))))
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What it holds may be secret.
        f.write_str("ResponseBody")
    }
}

impl From<Vec<u8>> for ResponseBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Form::Whole(Full::new(Bytes::from(bytes))))
    }
}

impl From<mpsc::Receiver<Vec<u8>>> for ResponseBody {
    fn from(pieces: mpsc::Receiver<Vec<u8>>) -> Self {
        Self(Form::Pieces(pieces))
    }
}

impl From<mpsc::Receiver<Piece>> for ResponseBody {
    fn from(pieces: mpsc::Receiver<Piece>) -> Self {
        Self(Form::File(pieces))
    }
}

/// A file that could not be made to its end.
#[derive(Debug, thiserror::Error)]
#[error("the file is broken off")]
struct BrokenOff;

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Form::Whole(whole) => Pin::new(whole).poll_frame(cx).map_err(|never| match never {}),
            Form::Pieces(pieces) => {
                pieces.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(Bytes::from(piece)))))
            }
            Form::File(pieces) => match std::task::ready!(pieces.poll_recv(cx)) {
                Some(Piece::Data(bytes)) => Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes))))),
                Some(Piece::End) => {
                    self.0 = Form::Done;
                    Poll::Ready(None)
                }
                None => Poll::Ready(Some(Err(Box::new(BrokenOff)))),
            },
            Form::Done => Poll::Ready(None),
            Form::PassedOn(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Form::Whole(whole) => whole.is_end_stream(),
            Form::Pieces(_) | Form::File(_) => false,
            Form::Done => true,
            Form::PassedOn(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Form::Whole(whole) => whole.size_hint(),
            Form::Pieces(_) | Form::File(_) => SizeHint::default(),
            Form::Done => SizeHint::with_exact(0),
            Form::PassedOn(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn pieces_are_sent_as_they_come_until_their_maker_ends() {
        let (sender, pieces) = mpsc::channel(1);
        let mut body = ResponseBody::from(pieces);
        for piece in [b"a".to_vec(), b"b".to_vec()] {
            sender.send(piece.clone()).await.unwrap();
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), piece);
        }
        drop(sender);
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_file_without_its_end_breaks_off() {
        for is_whole in [true, false] {
            let (sender, pieces) = mpsc::channel(2);
            let mut body = ResponseBody::from(pieces);
            sender.send(Piece::Data(b"a".to_vec())).await.unwrap();
            if is_whole {
                sender.send(Piece::End).await.unwrap();
            }
            drop(sender);
            assert!(body.frame().await.unwrap().is_ok());
            match body.frame().await {
                None => assert!(is_whole),
                Some(frame) => assert!(!is_whole && frame.is_err()),
            }
        }
    }
}
