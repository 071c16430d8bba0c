//! Reading, writing, listing and deleting at a path, as most commands do it.

use super::error::RequestError;
use super::request::{Method, Request};
use super::secret::Secret;
use super::send::Client;
use crate::value::Map;

/// What came back: nothing, or an envelope.
pub(crate) type Reply = Result<Option<Secret>, RequestError>;

impl Client {
    /// Reads; nothing there is no error.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(crate) fn read(&self, path: &str) -> Reply {
        self.read_request(&Request::get(path))
    }

    /// [`Client::read`] with a request of its own.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(crate) fn read_request(&self, request: &Request) -> Reply {
        match self.send(request) {
            Ok(answer) => answer.secret(),
            // What is no JSON is another server's word, not that nothing is there.
            Err(error) if error.status() == Some(404) && !error.is_raw() => Ok(error.secret().cloned()),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// As [`Client::send`].
    pub(crate) fn list(&self, path: &str) -> Reply {
        self.read_request(&Request::list(path))
    }

    /// # Errors
    /// As [`Client::send`].
    pub(crate) fn write(&self, path: &str, data: Map) -> Reply {
        self.send(&Request::put(path).json(data))?.secret()
    }

    /// # Errors
    /// As [`Client::send`].
    pub(crate) fn merge_patch(&self, path: &str, data: Map) -> Reply {
        self.send(&Request::new(Method::Patch, path).merge_patch(data))?.secret()
    }

    /// # Errors
    /// As [`Client::send`].
    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send(&Request::delete(path))?.secret()
    }

    /// Trades a wrapping token for what it stands for; none is the client's own token.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(crate) fn unwrap(&mut self, wrapping_token: &str) -> Reply {
        let mut request = Request::put("sys/wrapping/unwrap");
        if !wrapping_token.is_empty() {
            if self.token().is_empty() {
                self.set_token(wrapping_token.to_owned().into());
            } else if wrapping_token != self.token().as_str() {
                request = request.json(Map::of([("token", wrapping_token.into())]));
            }
        }
        self.read_request(&request)
    }
}
