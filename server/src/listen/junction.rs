//! Where this crate hands a request over: the one place that knows both sides.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;

use super::{ConnectionInfo, RequestBody};

/// Answers requests. The future is dropped when the client goes away (HTTP/1) or resets the stream (HTTP/2), at any
/// `await`: what must not be cut in half has to run in a task of its own.
pub trait Answer: Clone + Send + Sync + 'static {
    /// The answer's body.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static;

    /// Answers one request of one connection. The length of `request`'s body has to be bounded here, by
    /// [`Limits::max_request_size`](crate::config::Limits).
    fn answer(
        &self,
        request: Request<RequestBody>,
        connection: Arc<ConnectionInfo>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}
