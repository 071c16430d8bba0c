//! The upkeep of the member list: when a member counts as healthy or dead, and what the leader does about it.

use std::time::{Duration, SystemTime};

use crate::MembershipError;

/// When a member counts as healthy, when as dead, and what happens then. Vault's fields and defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutopilotConfig {
    /// Whether dead members are removed.
    pub cleanup_dead_servers: bool,
    /// After how long without contact a member is dead.
    pub dead_server_last_contact_threshold: Duration,
    /// After how long without contact a member is not healthy.
    pub last_contact_threshold: Duration,
    /// How many log entries a healthy member may be behind.
    pub max_trailing_logs: u64,
    /// Fewest voters that the removal of dead ones may leave.
    pub min_quorum: u64,
    /// How long a learner must have been healthy before it gets a vote.
    pub server_stabilization_time: Duration,
    /// Kept for clients that set it; there are no upgrade migrations.
    pub disable_upgrade_migration: bool,
}

impl Default for AutopilotConfig {
    fn default() -> Self {
        Self {
            cleanup_dead_servers: false,
            dead_server_last_contact_threshold: Duration::from_secs(24 * 60 * 60),
            last_contact_threshold: Duration::from_secs(10),
            max_trailing_logs: 1000,
            min_quorum: 0,
            server_stabilization_time: Duration::from_secs(10),
            disable_upgrade_migration: false,
        }
    }
}

/// What part a member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerStatus {
    /// Leads.
    Leader,
    /// Votes.
    Voter,
    /// Does not vote.
    NonVoter,
}

/// A member as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHealth {
    /// `node_id`.
    pub node_id: String,
    /// Host and port of its cluster listener.
    pub address: String,
    /// Its part.
    pub status: ServerStatus,
    /// Not to be promoted by itself: it joined as a non-voter, or was demoted.
    pub stays_non_voter: bool,
    /// Whether it was heard from lately enough.
    pub alive: bool,
    /// Time since it was; `None`: never by this leader.
    pub last_contact: Option<Duration>,
    /// Its Raft term.
    pub last_term: u64,
    /// Index of the last entry it has stored.
    pub last_index: u64,
    /// Alive, in this term and not too far behind.
    pub healthy: bool,
    /// Since when it is, or was not.
    pub stable_since: SystemTime,
    /// Its release.
    pub version: String,
    /// Whether its keys are held; `None`: not told.
    pub unsealed: Option<bool>,
    /// Why it should not lead, where there is a reason.
    pub unfit: Option<String>,
    /// When its cluster certificate ends.
    pub certificate_expires: Option<SystemTime>,
    /// Free bytes where its data lies, and the size of that file system.
    pub disk: Option<(u64, u64)>,
}

/// The members as the leader sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutopilotState {
    /// All are healthy.
    pub healthy: bool,
    /// How many more voters can fail before the cluster does.
    pub failure_tolerance: usize,
    /// Healthy voters besides those a majority needs; negative where there is none.
    pub quorum_margin: i64,
    /// The members, by name.
    pub servers: Vec<ServerHealth>,
}

/// The leader's upkeep of the member list.
#[async_trait::async_trait]
pub trait Autopilot: Send + Sync {
    /// The members' health; on another node than the leader what that node knows itself.
    fn autopilot_state(&self) -> AutopilotState;

    /// What is in force.
    fn autopilot_config(&self) -> AutopilotConfig;

    /// On the leader: puts another in force.
    async fn set_autopilot_config(&self, config: AutopilotConfig) -> Result<(), MembershipError>;
}
