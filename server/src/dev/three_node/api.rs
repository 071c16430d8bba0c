//! The nodes' API, as far as bringing a cluster up needs it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer_tls::{ClientTls, Roots, Trust};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::ThreeNodeError;
use super::folder::{Folder, NodeFiles};

const PATIENCE: Duration = Duration::from_secs(20);
const LONGEST_ANSWER: usize = 1 << 20;

/// A client that trusts the cluster's CA.
pub(super) struct Api {
    tls: ClientTls,
    connector: TlsConnector,
}

/// A status and the body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Api {
    pub(super) fn new(folder: &Folder) -> Result<Self, ThreeNodeError> {
        let failed = |error: &dyn std::fmt::Display| ThreeNodeError::Folder(error.to_string());
        let roots = Roots::from_file(&folder.authority).map_err(|error| failed(&error))?;
        let tls = ClientTls::new(Trust::Roots(roots));
        let connector = TlsConnector::from(Arc::clone(&tls.config().map_err(|error| failed(&error))?));
        Ok(Self { tls, connector })
    }

    /// Asks a node that must say yes.
    pub(super) async fn good(
        &self,
        node: &NodeFiles,
        what: &'static str,
        call: (Method, &str),
        token: Option<&str>,
        body: Value,
    ) -> Result<Value, ThreeNodeError> {
        let failed = |reason: String| ThreeNodeError::Step { node: node.name.clone(), what, reason };
        let answer = self.ask(node, call, token, body).await.map_err(failed)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        let errors = answer.body["errors"].as_array().cloned().unwrap_or_default();
        let errors: Vec<_> = errors.iter().filter_map(Value::as_str).collect();
        Err(failed(format!("{} {}", answer.status, errors.join("; "))))
    }

    /// Asks a node.
    pub(super) async fn ask(
        &self,
        node: &NodeFiles,
        (method, path): (Method, &str),
        token: Option<&str>,
        body: Value,
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(path).header("host", node.api.to_string());
        if let Some(token) = token {
            request = request.header("x-vault-token", token);
        }
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        tokio::time::timeout(PATIENCE, self.exchange(node, request)).await.map_err(|_| "no answer".to_owned())?
    }

    async fn exchange(&self, node: &NodeFiles, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let tcp = TcpStream::connect((node.api.host.as_str(), node.api.port)).await.map_err(|e| text(&e))?;
        let name = self.tls.name_for(&node.api.host).map_err(|e| text(&e))?;
        let stream = self.connector.connect(name, tcp).await.map_err(|e| text(&e))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| text(&e))?;
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|e| text(&e))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await.map_err(|e| text(&e))?.to_bytes();
        driver.abort();
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}
