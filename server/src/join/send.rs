//! One request to another node's API: HTTP/1.1, bounded in time and size.

use std::time::Duration;

use bytes::Bytes;
use coffer_core::joining::{DeskError, JoinTarget};
use coffer_tls::Roots;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::trust;
use crate::config::{NodeUrl, Scheme};

/// To a connection, and to the whole of an answer. An answer may wait for a dead incarnation to be noticed.
const CONNECT_TIME: Duration = Duration::from_secs(5);
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// A cluster's card has a few hundred bytes a member.
const MAX_ANSWER: usize = 1 << 20;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Posts to `path` below `/v1/`, and gives the `data` of the answer.
pub(super) async fn post(target: &JoinTarget, roots: &Roots, path: &str, body: Vec<u8>) -> Result<Value, DeskError> {
    let mut answer = ask(target, roots, Method::POST, path, body).await?;
    answer.get_mut("data").map(Value::take).ok_or_else(|| no_api(target))
}

/// Gets `path` below `/v1/`, and gives the whole answer.
pub(super) async fn get(target: &JoinTarget, roots: &Roots, path: &str) -> Result<Value, DeskError> {
    ask(target, roots, Method::GET, path, Vec::new()).await
}

fn no_api(target: &JoinTarget) -> DeskError {
    DeskError::Refused(format!("what answers at {} is not a node's API", target.api_address))
}

async fn ask(
    target: &JoinTarget,
    roots: &Roots,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> Result<Value, DeskError> {
    let at = &target.api_address;
    let url: NodeUrl = at.parse().map_err(|error| DeskError::Refused(format!("leader_api_addr: {error}")))?;
    let unreachable = |reason: String| DeskError::Unreachable(format!("the node at {at} cannot be reached: {reason}"));
    let connected = tokio::time::timeout(CONNECT_TIME, connect(&url, target, roots)).await;
    let stream = connected
        .unwrap_or_else(|_| Err(format!("no connection within {} s", CONNECT_TIME.as_secs())))
        .map_err(unreachable)?;
    let exchanged = tokio::time::timeout(ANSWER_TIME, exchange(stream, &url, method, path, body)).await;
    let (status, body) = exchanged
        .unwrap_or_else(|_| Err(format!("no answer within {} s", ANSWER_TIME.as_secs())))
        .map_err(unreachable)?;
    let answer: Option<Value> = serde_json::from_slice(&body).ok();
    if status.is_success() {
        return answer.ok_or_else(|| no_api(target));
    }
    Err(refused(at, status, answer.as_ref()))
}

fn refused(at: &str, status: StatusCode, answer: Option<&Value>) -> DeskError {
    let errors = answer.and_then(|answer| answer.get("errors")).and_then(Value::as_array);
    let texts: Vec<&str> = errors.into_iter().flatten().filter_map(Value::as_str).collect();
    let said = match texts.join("; ") {
        none if none.is_empty() => format!("HTTP {}", status.as_u16()),
        said => said.chars().take(600).collect(),
    };
    let text = format!("the node at {at} answered: {said}");
    // What a balancer says where no node is behind it is worth another try as well.
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        DeskError::NotNow(text)
    } else {
        DeskError::Refused(text)
    }
}

async fn connect(url: &NodeUrl, target: &JoinTarget, roots: &Roots) -> Result<Box<dyn Stream>, String> {
    let stream = coffer_net::dial(&url.at.host, url.at.port).await.map_err(|error| error.to_string())?;
    if url.scheme == Scheme::Http {
        return Ok(Box::new(stream));
    }
    let tls = trust::settings(target, roots)?;
    let config = tls.config().map_err(|error| error.to_string())?;
    let name = tls.name_for(&url.at.host).map_err(|error| format!("leader_tls_servername: {error}"))?;
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(trust::in_words(&error, target)),
    }
}

async fn exchange(
    stream: Box<dyn Stream>,
    url: &NodeUrl,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> Result<(StatusCode, Bytes), String> {
    let request = Request::builder()
        .method(method)
        .uri(format!("/v1/{path}"))
        .header(header::HOST, url.at.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-vault-request", "true")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    // Ends with the answer, or with the sender.
    let driver = tokio::spawn(connection);
    let answered = async {
        let answer = sender.send_request(request).await.map_err(|error| explain(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes()))
    };
    let answered = answered.await;
    driver.abort();
    answered
}

/// TLS errors that come after the handshake, such as a client certificate that is refused, are inside of HTTP's.
fn explain(error: &hyper::Error) -> String {
    use std::error::Error;
    let mut cause = error.source();
    while let Some(inner) = cause {
        let tls = inner.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        if let Some(tls) = tls.and_then(|inner| inner.downcast_ref::<coffer_tls::rustls::Error>()) {
            return format!(
                "{}: if its listener asks for client certificates, give one in leader_client_cert_file and \
                 leader_client_key_file",
                coffer_tls::explain(tls)
            );
        }
        cause = inner.source();
    }
    error.to_string()
}
