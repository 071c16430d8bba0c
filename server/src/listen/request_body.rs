//! A request's body, whose sender does not have for ever.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

/// The body of a request. It fails if it has not arrived whole when its time is up.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    deadline: Option<Instant>,
    /// Set where a body may take as long as it needs, and only must not stall for longer than this.
    stall: Option<Duration>,
    /// Made when the body first has to be waited for; most never have to.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// A body that did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The sender was too slow.
    #[error("the request's body did not arrive in time (http_read_timeout)")]
    TooSlow,
    /// The connection or its framing broke.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, time: Option<Duration>) -> Self {
        Self { incoming, deadline: deadline_in(time), stall: None, alarm: None }
    }

    /// A body of any size, whose sender has that much time for each piece of it.
    pub(super) fn file(incoming: Incoming, time: Option<Duration>) -> Self {
        Self { stall: time, ..Self::new(incoming, time) }
    }

    fn received(&mut self) {
        if self.stall.is_some() {
            self.deadline = deadline_in(self.stall);
            self.alarm = None;
        }
    }
}

fn deadline_in(time: Option<Duration>) -> Option<Instant> {
    time.and_then(|time| Instant::now().checked_add(time))
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // The alarm first: bytes that trickle in would put it off for ever.
        if let Some(deadline) = self.deadline {
            let rung = match &mut self.alarm {
                Some(alarm) => alarm.as_mut().poll(cx).is_ready(),
                None => false,
            };
            if rung {
                return Poll::Ready(Some(Err(BodyError::TooSlow)));
            }
            if self.alarm.is_none() {
                match Pin::new(&mut self.incoming).poll_frame(cx) {
                    Poll::Ready(frame) => {
                        self.received();
                        return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)));
                    }
                    Poll::Pending => {
                        let alarm = self.alarm.insert(Box::pin(tokio::time::sleep_until(deadline)));
                        return match alarm.as_mut().poll(cx) {
                            Poll::Ready(()) => Poll::Ready(Some(Err(BodyError::TooSlow))),
                            Poll::Pending => Poll::Pending,
                        };
                    }
                }
            }
        }
        let frame = std::task::ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        self.received();
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
