//! What members say to each other besides Raft: questions with answers, and streams of forwarded requests.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

/// The member at the other end of a connection: its certificate was verified, and it holds the identity key that the
/// member list pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerIdentity {
    /// `node_id` of its configuration.
    pub node_id: String,
    /// Raft's number for this incarnation of it.
    pub raft_id: u64,
}

/// What a question is about; the bytes of question and answer are the topic's own, versioned by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic(pub u16);

impl Topic {
    /// A member's state, asked in short intervals; answered by the cluster itself.
    pub const PULSE: Self = Self(1);
    /// Whether a member is sealed, in which epoch; asked before a ceremony opens.
    pub const SEAL_STATE: Self = Self(2);
    /// A sealed follower asks the leader for the root key within a ceremony.
    pub const UNSEAL: Self = Self(3);
    /// What a member's machine takes the time to be; asked by the leader.
    pub const CLOCK: Self = Self(4);
}

/// A stream between two members.
pub trait PeerStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> PeerStream for S {}

/// A member that could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// Not in the member list.
    #[error("no member of the cluster is called {0:?}")]
    Unknown(String),
    /// No connection; the reason names what was wanted, what was offered and the setting to change.
    #[error("member {node_id:?} cannot be reached: {reason}")]
    Unreachable {
        /// Whom.
        node_id: String,
        /// Why, in words.
        reason: String,
    },
    /// It answered with an error.
    #[error("member {node_id:?} refused: {reason}")]
    Refused {
        /// Who.
        node_id: String,
        /// Why, in its words.
        reason: String,
    },
}

/// Why the last connection to or from a member failed; kept until one succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerFault {
    /// The member, or the name that a stranger gave; empty where none was given.
    pub node_id: String,
    /// Its address, as dialled or as seen.
    pub address: String,
    /// Names what was wanted, what was offered and the setting to change.
    pub reason: String,
    /// When.
    pub at: SystemTime,
}

/// How the upper layers stand on a node, as they tell the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SealState {
    /// No keys: it votes, and leads only where no unsealed voter can.
    #[default]
    Sealed,
    /// As sealed, and by command: it is never opened by another node.
    SealedByCommand,
    /// Holds the keys.
    Unsealed,
}

/// What the upper layers know of their node that the other members should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeCondition {
    /// Whether keys are held.
    pub seal: SealState,
    /// A reason for which it should not lead, such as audit devices that fail; it hands over where another can.
    pub unfit: Option<String>,
    /// The release, as `version` of the status shows it.
    pub version: String,
    /// The machine's name.
    pub hostname: String,
}

/// A member as last heard from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerState {
    /// `node_id`.
    pub node_id: String,
    /// Time since its last answer; `None`: never since this process began.
    pub last_contact: Option<Duration>,
    /// When that was.
    pub last_echo: Option<SystemTime>,
    /// Round trip of small questions.
    pub round_trip: Option<Duration>,
    /// As it last told.
    pub condition: NodeCondition,
    /// `leader_priority`; `None`: not set.
    pub priority: Option<u32>,
    /// Its Raft term.
    pub term: u64,
    /// Index of the last entry it has stored.
    pub last_index: u64,
    /// Index of the last entry it has applied.
    pub applied_index: u64,
    /// When its cluster certificate ends.
    pub certificate_expires: Option<SystemTime>,
    /// Highest level of the protocol between nodes, and of replicated features, that its release knows.
    pub level: u32,
    /// Free bytes where its data lies, and the size of that file system.
    pub disk: Option<(u64, u64)>,
}

/// Answers the other members' questions and takes their streams.
#[async_trait::async_trait]
pub trait PeerService: Send + Sync {
    /// Answers a question; the error goes back as text.
    async fn answer(&self, from: &PeerIdentity, topic: Topic, question: Bytes) -> Result<Bytes, String>;

    /// Serves a stream of forwarded requests until it ends.
    async fn forwarded(&self, from: &PeerIdentity, stream: Box<dyn PeerStream>);
}

/// The other members, to be asked.
#[async_trait::async_trait]
pub trait Peers: Send + Sync {
    /// Asks one member; waits no longer than `patience`.
    async fn ask(&self, node_id: &str, topic: Topic, question: Bytes, patience: Duration) -> Result<Bytes, PeerError>;

    /// Opens a stream for forwarded requests to a member.
    async fn connect(&self, node_id: &str) -> Result<Box<dyn PeerStream>, PeerError>;

    /// Sets who answers; until then members are told to come back.
    fn serve_peers(&self, service: Arc<dyn PeerService>);

    /// Tells the cluster, and through it the other members, how this node is.
    fn set_condition(&self, condition: NodeCondition);

    /// The other members, as last heard from; this node is not among them.
    fn peers(&self) -> Vec<PeerState>;

    /// Connections that fail just now.
    fn faults(&self) -> Vec<PeerFault>;
}
