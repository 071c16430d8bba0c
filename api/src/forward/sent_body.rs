//! The body of a request on its way to another node.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};

use crate::response_body::BoxError;

/// Held whole, so that it can be sent again, or passed on as it comes.
pub struct SentBody(Form);

enum Form {
    Whole(Full<Bytes>),
    Streamed(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>),
}

impl SentBody {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self(Form::Whole(Full::new(bytes)))
    }

    pub(super) fn streamed<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Form::Streamed(Box::pin(body.map_err(Into::into))))
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Form::Whole(whole) => Pin::new(whole).poll_frame(cx).map_err(|never| match never {}),
            Form::Streamed(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Form::Whole(whole) => whole.is_end_stream(),
            Form::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Form::Whole(whole) => whole.size_hint(),
            Form::Streamed(body) => body.size_hint(),
        }
    }
}

impl std::fmt::Debug for SentBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SentBody")
    }
}
