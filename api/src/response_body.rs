//! The body of an answer: whole, or piece by piece.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use tokio::sync::mpsc;

/// Bytes that are there, or that come as they are made.
#[derive(Debug)]
pub struct ResponseBody(Form);

#[derive(Debug)]
enum Form {
    Whole(Full<Bytes>),
    Pieces(mpsc::Receiver<Vec<u8>>),
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

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Form::Whole(whole) => Pin::new(whole).poll_frame(cx),
            Form::Pieces(pieces) => {
                pieces.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(Bytes::from(piece)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Form::Whole(whole) => whole.is_end_stream(),
            Form::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Form::Whole(whole) => whole.size_hint(),
            Form::Pieces(_) => SizeHint::default(),
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
}
