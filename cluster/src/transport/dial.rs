//! Reaching a member.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coffer_model::PeerError;
use coffer_tls::rustls;
use coffer_tls::rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Inner;
use super::faults::Way;
use super::greet::{self, Failed, Known, Side, Target};
use super::tls::Protocol;
use super::wire::RefusalCode;
use crate::address;

/// How long a connection may take to come about, the greeting not counted.
const PATIENCE: Duration = Duration::from_secs(5);

/// A greeted connection that was dialled.
pub(super) struct Dialled {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) peer: Known,
}

impl Inner {
    /// Dials, greets, and remembers how it went.
    pub(super) async fn dial(&self, target: &Target, protocol: Protocol) -> Result<Dialled, Failed> {
        let (node_id, address) = (&target.node.node_id, &target.node.cluster_address);
        let way = Way::Dialled(target.raft_id);
        match self.dial_unnoted(target, protocol).await {
            Ok(dialled) => {
                self.faults.succeeded(way, node_id, address);
                self.without_cluster.lock().remove(&target.raft_id);
                if !target.is_joining {
                    self.met(&dialled.peer);
                }
                Ok(dialled)
            }
            Err(failed) => {
                let is_news = match failed.code {
                    RefusalCode::Later => false,
                    RefusalCode::NoCluster | RefusalCode::NotMember => self.is_long_without_cluster(target.raft_id),
                    _ => true,
                };
                if is_news {
                    self.faults.note(way, node_id, address, &failed.reason);
                }
                Err(failed)
            }
        }
    }

    /// A joiner takes the cluster's card a moment after it was let in, and the member list a moment after that; only longer
    /// than that is it a fault.
    fn is_long_without_cluster(&self, raft_id: u64) -> bool {
        const MOMENT: Duration = Duration::from_secs(10);
        let mut since = self.without_cluster.lock();
        since.entry(raft_id).or_insert_with(Instant::now).elapsed() > MOMENT
    }

    async fn dial_unnoted(&self, target: &Target, protocol: Protocol) -> Result<Dialled, Failed> {
        let connected = tokio::time::timeout(PATIENCE, self.connect(target, protocol)).await;
        let mut stream =
            connected.map_err(|_| Failed::broken(format_args!("no answer within {} s", PATIENCE.as_secs())))??;
        let peer = greet::greet(self, &mut stream, &Side::Dialling(target.clone())).await?;
        Ok(Dialled { stream, peer })
    }

    async fn connect(&self, target: &Target, protocol: Protocol) -> Result<TlsStream<TcpStream>, Failed> {
        let failed = |reason: String| Failed { code: RefusalCode::Other, node_id: String::new(), reason };
        let Some(tls) = &self.tls else {
            return Err(failed("this node has no cluster listener".to_owned()));
        };
        let address = &target.node.cluster_address;
        let (host, port) = address::parts(address).ok_or_else(|| failed(format!("{address} is not an address")))?;
        // Messages are written whole; waiting to fill a packet, which net does without, would only delay them.
        let stream = coffer_net::dial(host, port)
            .await
            .map_err(|error| failed(format!("{address} cannot be connected to: {error}")))?;
        // Not sent where it is an address; the name is judged with the certificate.
        let name = ServerName::try_from(host.to_owned()).map_err(|_| failed(format!("{address} is not an address")))?;
        let connector = TlsConnector::from(Arc::clone(tls.client(protocol)));
        connector.connect(name, stream).await.map_err(|error| match error.get_ref().and_then(|e| e.downcast_ref()) {
            Some(rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)) => {
                failed(format!("{address} speaks TLS, but is no cluster listener of coffer's: is cluster_addr right?"))
            }
            Some(error) => failed(format!("TLS with {address}: {}", coffer_tls::explain(error))),
            None => failed(format!("TLS with {address}: {error}")),
        })
    }
}

/// As the upper layers are told.
pub(crate) fn peer_error(node_id: &str, failed: Failed) -> PeerError {
    PeerError::Unreachable { node_id: node_id.to_owned(), reason: failed.reason }
}
