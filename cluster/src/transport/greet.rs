//! From a TLS connection to a known member, on both sides alike: the certificate is judged, then each says who it is
//! and proves it with its identity key over the connection's own secret. Who refuses says so to the other before it
//! closes.

use std::io;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use coffer_model::PeerIdentity;
use coffer_storage::ClusterId;
use coffer_tls::rustls::CommonState;
use coffer_tls::{CertificateFault, OutOfTime, PeerCertificate, verify_node_signature};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Inner;
use super::level;
use super::options::ClusterTls;
use super::roster::Standing;
use super::wire::{Frame, FrameReader, Hello, Kind, MAX_GREETING, Refusal, RefusalCode, write_frame};
use crate::address;
use crate::member::MemberNode;

/// How long the greeting may take, once TLS is there.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// What is exported from TLS to be signed.
const EXPORTER: &[u8] = b"EXPORTER-coffer-node-greeting";
/// In the greeting of a node that has none.
const NO_CLUSTER: ClusterId = ClusterId([0; 16]);
/// How long one who was refused has to read why.
const LINGER: Duration = Duration::from_secs(1);

/// Which side this node is on.
#[derive(Clone, Debug)]
pub(super) enum Side {
    /// It dialled this member.
    Dialling(Target),
    /// It was dialled.
    Accepting(Purpose),
}

/// Whether more than the greeting is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Yes, among members.
    Work,
    /// No: a leader looks whether a node that wants to join can be reached. Neither has to be a member.
    Probe,
}

impl Side {
    fn is_probe(&self) -> bool {
        match self {
            Self::Dialling(target) => target.is_joining,
            Self::Accepting(purpose) => *purpose == Purpose::Probe,
        }
    }
}

/// Whom to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) raft_id: u64,
    pub(crate) node: MemberNode,
    /// Whether a certificate that is out of its time is refused: true for one that is not yet a member.
    pub(crate) is_joining: bool,
}

/// Somebody who is known.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) identity: PeerIdentity,
    pub(super) level: u32,
    pub(super) certificate_ends: SystemTime,
}

/// No connection: why, and who said so.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) code: RefusalCode,
    /// The other side, as it calls itself; empty where it said nothing.
    pub(super) node_id: String,
    pub(super) reason: String,
}

impl Failed {
    fn refused(code: RefusalCode, reason: impl Into<String>) -> Self {
        Self { code, node_id: String::new(), reason: reason.into() }
    }

    pub(super) fn broken(what: impl std::fmt::Display) -> Self {
        Self::refused(RefusalCode::Other, format!("the connection broke off: {what}"))
    }
}

/// A stream that TLS runs on, on either side.
pub(super) trait TlsConnection: AsyncRead + AsyncWrite + Unpin {
    fn state(&self) -> &CommonState;
    fn export(&self, out: &mut [u8; 32]) -> Result<(), String>;
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsConnection for tokio_rustls::client::TlsStream<S> {
    fn state(&self) -> &CommonState {
        self.get_ref().1
    }

    fn export(&self, out: &mut [u8; 32]) -> Result<(), String> {
        self.get_ref().1.export_keying_material(out, EXPORTER, None).map(drop).map_err(|error| error.to_string())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsConnection for tokio_rustls::server::TlsStream<S> {
    fn state(&self) -> &CommonState {
        self.get_ref().1
    }

    fn export(&self, out: &mut [u8; 32]) -> Result<(), String> {
        self.get_ref().1.export_keying_material(out, EXPORTER, None).map(drop).map_err(|error| error.to_string())
    }
}

/// Greets; the stream can be used afterwards, with nothing read beyond the greeting.
pub(super) async fn greet(inner: &Inner, stream: &mut impl TlsConnection, side: &Side) -> Result<Known, Failed> {
    match tokio::time::timeout(PATIENCE, Greeting { inner, stream: &mut *stream, side }.run()).await {
        Ok(Ok(known)) => Ok(known),
        Ok(Err(Outcome::Theirs(failed))) => Err(failed),
        Ok(Err(Outcome::Ours(failed))) => {
            refuse(inner, stream, &failed).await;
            Err(failed)
        }
        Err(_) => Err(Failed::broken(format_args!("no greeting within {} s", PATIENCE.as_secs()))),
    }
}

/// Tells the other side, and waits until it has read that.
async fn refuse(inner: &Inner, stream: &mut impl TlsConnection, failed: &Failed) {
    let refusal = Refusal { code: failed.code, node_id: inner.identity.node_id.clone(), reason: failed.reason.clone() };
    let said = async {
        send(stream, Kind::Refusal, refusal.encode().freeze()).await?;
        stream.shutdown().await?;
        // Closed before all is read, the connection would be reset, and the reason be lost.
        let mut waste = [0; 512];
        while stream.read(&mut waste).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    let _ = tokio::time::timeout(LINGER, said).await;
}

enum Outcome {
    /// This node refuses.
    Ours(Failed),
    /// The other refused, or is gone.
    Theirs(Failed),
}

struct Greeting<'g, S> {
    inner: &'g Inner,
    stream: &'g mut S,
    side: &'g Side,
}

impl<S: TlsConnection> Greeting<'_, S> {
    async fn run(mut self) -> Result<Known, Outcome> {
        let certificate = PeerCertificate::read(self.stream.state().peer_certificates())
            .map_err(|fault| Outcome::Ours(self.certificate_refused(&fault, "")))?;
        match self.side {
            Side::Dialling(_) => {
                // Nothing is said to a node whose certificate is not good.
                self.judge(&certificate, None).map_err(Outcome::Ours)?;
                self.send_hello().await?;
                let hello = self.receive_hello().await?;
                let known = self.judge_hello(&hello, &certificate).map_err(Outcome::Ours)?;
                match self.receive(Kind::Welcome).await {
                    Ok(_) => Ok(known),
                    Err(Outcome::Theirs(failed)) if failed.code == RefusalCode::Removed => {
                        self.inner.told_removed();
                        Err(Outcome::Theirs(failed))
                    }
                    Err(outcome) => Err(outcome),
                }
            }
            Side::Accepting(_) => {
                // Heard first, so that the one refused can be named.
                let hello = self.receive_hello().await?;
                let named = |mut failed: Failed| {
                    failed.node_id.clone_from(&hello.node_id);
                    Outcome::Ours(failed)
                };
                self.judge(&certificate, Some(&hello)).map_err(named)?;
                // Before the verdict, so that the other side knows whose it is.
                self.send_hello().await?;
                let known = self.judge_hello(&hello, &certificate).map_err(named)?;
                self.send(Kind::Welcome, Bytes::new()).await?;
                Ok(known)
            }
        }
    }

    /// Chain, usages, time, and (where this node dialled) the name.
    fn judge(&self, certificate: &PeerCertificate, hello: Option<&Hello>) -> Result<(), Failed> {
        let Some(tls) = &self.inner.tls else {
            return Err(Failed::refused(RefusalCode::Other, "this node has no cluster listener"));
        };
        let ClusterTls::Certificates { roots, .. } = &tls.options else { return Ok(()) };
        let (name, out_of_time) = match self.side {
            Side::Dialling(target) => {
                let out_of_time = if target.is_joining || target.node.public_key.is_empty() {
                    OutOfTime::Refused
                } else {
                    OutOfTime::Tolerated
                };
                (Some(address::host(&target.node.cluster_address)), out_of_time)
            }
            // It gives nothing away, and the leader's may have expired.
            Side::Accepting(Purpose::Probe) => (None, OutOfTime::Tolerated),
            Side::Accepting(Purpose::Work) => {
                let is_pinned = hello.is_some_and(|hello| {
                    matches!(self.inner.roster.standing(hello.raft_id), Standing::Member(node) if node.public_key == hello.public_key)
                });
                (None, if is_pinned { OutOfTime::Tolerated } else { OutOfTime::Refused })
            }
        };
        certificate
            .check(&roots.current(), name, SystemTime::now(), out_of_time)
            .map_err(|fault| self.certificate_refused(&fault, hello.map_or("", |hello| &hello.node_id)))
    }

    fn certificate_refused(&self, fault: &CertificateFault, node_id: &str) -> Failed {
        let theirs = match self.side {
            Side::Dialling(target) => target.node.node_id.as_str(),
            Side::Accepting(_) => node_id,
        };
        let (theirs, own) = (named(theirs), named(&self.inner.identity.node_id));
        let setting = remedy(fault, &theirs, &own);
        Failed::refused(RefusalCode::Certificate, format!("{fault}. To mend it: {setting}"))
    }

    /// Who it is, and whether that is a member.
    fn judge_hello(&self, hello: &Hello, certificate: &PeerCertificate) -> Result<Known, Failed> {
        self.judge_cluster(hello.cluster)?;
        let identity = self.inner.identity.raft_id;
        if hello.wanted != 0 && hello.wanted != identity {
            return Err(Failed::refused(
                RefusalCode::Incarnation,
                format!(
                    "it wants to speak with another incarnation of a node (number {}), and this is {} (number \
                     {identity}): its data folder was exchanged, or cluster_addr leads to another node than it did",
                    hello.wanted,
                    named(&self.inner.identity.node_id)
                ),
            ));
        }
        if hello.raft_id == identity {
            return Err(Failed::refused(RefusalCode::Identity, "cluster_addr leads a node to itself"));
        }
        self.judge_identity(hello)?;
        if let Some(tls) = &self.inner.tls
            && matches!(tls.options, ClusterTls::Internal)
            && certificate.node_key().as_deref() != Some(hello.public_key.as_slice())
        {
            return Err(Failed::refused(
                RefusalCode::Certificate,
                format!(
                    "the certificate {} is not one that {} made for its own identity key, as cluster_tls = \
                     \"internal\" wants on this node: set cluster_tls alike on all nodes",
                    certificate.subject(),
                    named(&hello.node_id)
                ),
            ));
        }
        let level = level::common((self.inner.lowest_level(), self.inner.level), (hello.min_level, hello.level))
            .map_err(|reason| Failed::refused(RefusalCode::Level, reason))?;
        Ok(Known {
            identity: PeerIdentity { node_id: hello.node_id.clone(), raft_id: hello.raft_id },
            level,
            certificate_ends: certificate.not_after(),
        })
    }

    fn judge_cluster(&self, theirs: ClusterId) -> Result<(), Failed> {
        let own = self.inner.stores.cluster_id();
        let none_has_another = own.is_none() || theirs == NO_CLUSTER;
        if own == Some(theirs) || (self.side.is_probe() && none_has_another) {
            return Ok(());
        }
        match own {
            Some(own) => Err(Failed::refused(
                RefusalCode::Cluster,
                format!(
                    "it belongs to another cluster; wanted: {own}, offered: {theirs}. To join this one, empty the data \
                     folder (storage \"raft\" path) of the node that is to join"
                ),
            )),
            None => Err(no_cluster()),
        }
    }

    fn judge_identity(&self, hello: &Hello) -> Result<(), Failed> {
        let pinned = match self.side {
            Side::Dialling(target) => {
                if target.raft_id != hello.raft_id {
                    return Err(Failed::refused(
                        RefusalCode::Identity,
                        format!(
                            "another node answers at {}; wanted: {} (number {}), offered: {} (number {}). Is cluster_addr \
                             set to the same on two nodes, or was a data folder exchanged?",
                            target.node.cluster_address,
                            named(&target.node.node_id),
                            target.raft_id,
                            named(&hello.node_id),
                            hello.raft_id
                        ),
                    ));
                }
                target.node.clone()
            }
            Side::Accepting(Purpose::Probe) => return Ok(()),
            Side::Accepting(Purpose::Work) => match self.inner.roster.standing(hello.raft_id) {
                Standing::Member(node) | Standing::Unpinned(node) => node,
                Standing::Stranger if self.inner.was_removed(hello.raft_id) => {
                    return Err(Failed::refused(
                        RefusalCode::Removed,
                        format!(
                            "{} (number {}) is no member of the cluster any more: it was removed. Let it join again with \"operator raft join\", \
                             which sets its old data aside",
                            named(&hello.node_id),
                            hello.raft_id
                        ),
                    ));
                }
                Standing::Stranger => {
                    self.inner.stranger_seen();
                    return Err(Failed::refused(
                        RefusalCode::NotMember,
                        format!(
                            "{} (number {}) is no member of the cluster, or not any more: let it join with retry_join \
                             or \"operator raft join\"",
                            named(&hello.node_id),
                            hello.raft_id
                        ),
                    ));
                }
            },
        };
        if !pinned.public_key.is_empty() && pinned.public_key != hello.public_key {
            return Err(Failed::refused(
                RefusalCode::Identity,
                format!(
                    "{} does not hold the identity key that the member list pins; wanted: {}, offered: {}. Restore its \
                     data folder, or remove it (\"operator raft remove-peer\"), empty the folder and let it join again",
                    named(&hello.node_id),
                    short(&pinned.public_key),
                    short(&hello.public_key)
                ),
            ));
        }
        Ok(())
    }

    async fn send_hello(&mut self) -> Result<(), Outcome> {
        let cluster = match self.inner.stores.cluster_id() {
            Some(cluster) => cluster,
            None if self.side.is_probe() => NO_CLUSTER,
            None => {
                let reason =
                    "this node belongs to no cluster yet: let it join with retry_join or \"operator raft join\"";
                return Err(Outcome::Ours(Failed::refused(RefusalCode::NoCluster, reason)));
            }
        };
        let wanted = match self.side {
            Side::Dialling(target) => target.raft_id,
            Side::Accepting(_) => 0,
        };
        let hello = Hello {
            cluster,
            node_id: self.inner.identity.node_id.clone(),
            raft_id: self.inner.identity.raft_id,
            wanted,
            min_level: self.inner.lowest_level(),
            level: self.inner.level,
            public_key: self.inner.key.public_key().to_vec(),
        };
        let signed = hello.encode();
        let message = self.message(matches!(self.side, Side::Dialling(_)), &signed).map_err(broken)?;
        let signature = self.inner.key.sign(&message).map_err(broken)?;
        self.send(Kind::Hello, Hello::with_signature(&signed, &signature).freeze()).await
    }

    async fn receive_hello(&mut self) -> Result<Hello, Outcome> {
        let body = self.receive(Kind::Hello).await?;
        let (hello, signed, signature) = Hello::decode(body).map_err(broken)?;
        let message = self.message(matches!(self.side, Side::Accepting(_)), &signed).map_err(broken)?;
        if !verify_node_signature(&hello.public_key, &message, &signature) {
            let reason = format!("{} does not hold the identity key that it shows", named(&hello.node_id));
            return Err(Outcome::Ours(Failed::refused(RefusalCode::Identity, reason)));
        }
        Ok(hello)
    }

    /// What is signed: this connection, the side, the greeting.
    fn message(&self, by_dialler: bool, signed: &[u8]) -> Result<Vec<u8>, String> {
        let mut secret = [0; 32];
        self.stream.export(&mut secret)?;
        let side: &[u8] = if by_dialler { b"coffer node, dialling\0" } else { b"coffer node, accepting\0" };
        Ok([side, &secret, signed].concat())
    }

    async fn send(&mut self, kind: Kind, body: Bytes) -> Result<(), Outcome> {
        send(self.stream, kind, body).await.map_err(broken)
    }

    async fn receive(&mut self, wanted: Kind) -> Result<Bytes, Outcome> {
        let frame = read_exactly(self.stream).await.map_err(broken)?;
        match frame.kind {
            kind if kind == wanted => Ok(frame.body),
            Kind::Refusal => {
                let refusal = Refusal::decode(frame.body).map_err(broken)?;
                let reason = format!("it refuses this node: {}", refusal.reason);
                Err(Outcome::Theirs(Failed { code: refusal.code, node_id: refusal.node_id, reason }))
            }
            _ => Err(broken("something else than a greeting came")),
        }
    }
}

/// What to change where the certificate of `theirs` was judged by `own`.
fn remedy(fault: &CertificateFault, theirs: &str, own: &str) -> String {
    match fault {
        CertificateFault::Missing | CertificateFault::Malformed(_) | CertificateFault::Other { .. } => {
            format!("give {theirs} another certificate (its listener's tls_cert_file, or cluster_tls_cert_file)")
        }
        CertificateFault::Usage { .. } => format!(
            "issue the certificate of {theirs} (its listener's tls_cert_file, or cluster_tls_cert_file) with \
             extendedKeyUsage = serverAuth, clientAuth, or set cluster_tls = \"internal\" on all nodes"
        ),
        CertificateFault::Untrusted { .. } => format!(
            "name the CA that signed it in cluster_ca_file on {own} or install it in the system's CA store there, \
             or have the certificate of {theirs} signed by one of those that are trusted (and is cluster_tls set \
             alike on all nodes?)"
        ),
        CertificateFault::Name { .. } => format!(
            "issue the certificate of {theirs} with that name or address in its subjectAltName, or set cluster_addr \
             on {theirs} to one that it has"
        ),
        CertificateFault::Expired { .. } | CertificateFault::NotYet { .. } => format!(
            "renew the certificate of {theirs} (its listener's tls_cert_file, or cluster_tls_cert_file); it is \
             loaded without a restart"
        ),
    }
}

/// Of this node's own certificate, as the others will judge it.
pub(super) fn own_fault(fault: &CertificateFault) -> String {
    format!("{fault}. To mend it: {}", remedy(fault, "this node", "the others"))
}

fn broken(what: impl std::fmt::Display) -> Outcome {
    Outcome::Theirs(Failed::broken(what))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), kind: Kind, body: Bytes) -> io::Result<()> {
    write_frame(stream, &Frame::new(kind, 0, body)).await?;
    stream.flush().await
}

fn no_cluster() -> Failed {
    let reason =
        "a node that belongs to no cluster yet is there: let it join with retry_join or \"operator raft join\"";
    Failed::refused(RefusalCode::NoCluster, reason)
}

/// One frame and not a byte more: what follows belongs to somebody else.
async fn read_exactly(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let len = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if len > MAX_GREETING {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a greeting of impossible length"));
    }
    let mut bytes = length.to_vec();
    bytes.resize(4 + len, 0);
    stream.read_exact(&mut bytes[4..]).await?;
    let frame = FrameReader::default().next(&mut bytes.as_slice(), MAX_GREETING).await?;
    frame.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn named(node_id: &str) -> String {
    if node_id.is_empty() { "that node".to_owned() } else { format!("node {node_id:?}") }
}

/// Enough of a key to tell two apart.
fn short(key: &[u8]) -> String {
    if key.is_empty() {
        return "none".to_owned();
    }
    let text: String = key.iter().skip(1).take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{text}...")
}
