//! What the health endpoint says.

use std::sync::Arc;

use bytes::Bytes;
use coffer_tls::rustls::ClientConfig;
use coffer_tls::rustls::pki_types::ServerName;
use coffer_tls::{ClientTls, ClientTlsError, PemError, Roots, Trust};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsConnector;

use crate::config::HttpsCheck;
use crate::pool::PoolServer;

/// Settings of a check that make no TLS client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckTlsError {
    #[error("check: ca_file: {0}")]
    Ca(#[from] PemError),
    #[error("check: {0}")]
    Client(#[from] ClientTlsError),
    #[error("check: server_name {0:?} is no name that a certificate can bear")]
    Name(String),
}

/// The status by which an active node is known.
const ACTIVE: u16 = 200;

pub(super) fn client(check: &HttpsCheck) -> Result<Arc<ClientConfig>, CheckTlsError> {
    if let Some(name) = &check.server_name
        && ServerName::try_from(name.as_str()).is_err()
    {
        return Err(CheckTlsError::Name(name.clone()));
    }
    let trust = match (&check.ca_file, check.skip_verify) {
        (_, true) => Trust::AnyCertificate,
        (Some(file), false) => Trust::Roots(Roots::from_file(file)?),
        (None, false) => Trust::Roots(Roots::system()),
    };
    Ok(ClientTls::new(trust).config()?)
}

/// Whether this is the active node; an error where its status is none of the wanted.
pub(super) async fn probe(server: &PoolServer, check: &HttpsCheck, client: &Arc<ClientConfig>) -> Result<bool, String> {
    let address = &server.settings.address;
    let stream = server.connect().await.map_err(|error| super::plain(&error))?;
    let host = check.server_name.as_deref().unwrap_or(&address.host).to_owned();
    let name = ServerName::try_from(host)
        .map_err(|_| "the server's name is no name for a certificate: set check { server_name }".to_owned())?;
    let stream = TlsConnector::from(Arc::clone(client)).connect(name, stream).await.map_err(tls_reason)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let request = http::Request::get(check.path.as_str())
        .header(http::header::HOST, address.to_string())
        .header(http::header::USER_AGENT, "coffer-front")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let answered = tokio::select! {
        answered = sender.send_request(request) => answered.map_err(|error| error.to_string())?,
        ended = connection => return Err(match ended {
            Ok(()) => "closed without an answer".to_owned(),
            Err(error) => error.to_string(),
        }),
    };
    let status = answered.status().as_u16();
    if check.codes.contains(&status) {
        Ok(status == ACTIVE)
    } else {
        Err(format!("health answers {status}{}", meaning(status)))
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        429 | 473 => " (standby)",
        501 => " (not initialized)",
        503 => " (sealed)",
        530 => " (removed from its cluster)",
        _ => "",
    }
}

fn tls_reason(error: std::io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<coffer_tls::rustls::Error>()) {
        Some(error) => coffer_tls::explain(error).to_string(),
        None => error.to_string(),
    }
}
