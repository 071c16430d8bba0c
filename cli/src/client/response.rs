use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::error::{RequestError, StatusError};
use super::secret::Secret;
use crate::value::{Json, JsonError, Map, parse};

/// The largest answer that is held in memory, in bytes.
pub(super) const MAX_ANSWER: usize = 256 * 1024 * 1024;

/// A whole answer that is no error.
pub(crate) struct Answer {
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// # Errors
    /// The body is no envelope.
    pub(crate) fn secret(&self) -> Result<Option<Secret>, RequestError> {
        Ok(Secret::parse(&self.body)?)
    }

    /// The body as an object.
    ///
    /// # Errors
    /// It is not one.
    pub(crate) fn map(&self) -> Result<Map, RequestError> {
        match parse(&self.body) {
            Ok(Json::Map(map)) => Ok(map),
            Ok(_) => Err(RequestError::Other("the answer is not an object".to_owned())),
            Err(error @ (JsonError::Empty | JsonError::UnexpectedEnd)) => Err(RequestError::Other(error.to_string())),
            Err(error) => Err(RequestError::Envelope(error.into())),
        }
    }

    /// The `data` of the envelope.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn data(&self) -> Result<Map, RequestError> {
        let data = self.secret()?.and_then(|secret| secret.data);
        data.ok_or_else(|| RequestError::Other("data from server response is empty".to_owned()))
    }
}

/// An answer whose body is read as it comes.
pub(crate) struct Stream<'c> {
    pub(super) runtime: &'c Runtime,
    pub(super) body: Incoming,
    pub(super) url: String,
}

impl Stream<'_> {
    /// The next piece, or none at the end.
    ///
    /// # Errors
    /// The server broke off, or the user did.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, RequestError> {
        self.runtime.block_on(async {
            loop {
                let frame = tokio::select! {
                    frame = self.body.frame() => frame,
                    _ = tokio::signal::ctrl_c() => return Err(RequestError::Interrupted),
                };
                match frame {
                    None => return Ok(None),
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            return Ok(Some(data));
                        }
                    }
                    Some(Err(error)) => {
                        let (method, reason, url) = ("Get", error.to_string(), self.url.clone());
                        return Err(RequestError::Transport { method, url, reason });
                    }
                }
            }
        })
    }
}

/// Reads a body to its end.
pub(super) async fn whole(body: &mut Incoming) -> Result<Zeroizing<Vec<u8>>, WholeError> {
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| WholeError::Broken(error.to_string()))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > MAX_ANSWER {
                return Err(WholeError::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

pub(super) enum WholeError {
    Broken(String),
    TooLarge,
}

/// Codes that are no errors. 429 is how `sys/health` says "standby".
pub(super) fn is_good(status: StatusCode, path: &str) -> bool {
    (200..400).contains(&status.as_u16()) || (status == StatusCode::TOO_MANY_REQUESTS && path == "/v1/sys/health")
}

pub(super) fn status_error(
    (method, url): (String, String),
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> StatusError {
    let namespace = headers.get("x-vault-namespace").and_then(|value| value.to_str().ok());
    let (errors, raw) = match parse(body) {
        Ok(Json::Map(map)) => (map.texts("errors"), false),
        _ => (vec![String::from_utf8_lossy(body).into_owned()], true),
    };
    let says_more = |secret: &Secret| secret.says_something();
    let secret =
        (status == StatusCode::NOT_FOUND).then(|| Secret::parse(body).ok().flatten()).flatten().filter(says_more);
    StatusError {
        method,
        url,
        code: status.as_u16(),
        namespace: namespace.unwrap_or_default().to_owned(),
        errors,
        raw,
        secret,
    }
}

pub(super) fn location(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::LOCATION)?.to_str().ok()
}
