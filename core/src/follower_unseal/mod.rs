//! Opening the followers after a full restart: once operators have unsealed one node with shares, and every other voter
//! has said that it is sealed too, the leader hands the root key to each of them, once.
//!
//! What an attacker would need is an operators' ceremony after a restart of all nodes, and the identity of a member at
//! that member's own address, before the true one answers. A single node that restarts gets nothing: the others are
//! open, and say so.

mod audit;
mod ceremony;
mod follower;
mod leader;
mod message;
mod record;
mod sealed_identity;
#[cfg(test)]
mod tests;

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use ceremony::Ceremony;
pub(crate) use record::EPOCH_PATH;
use sealed_identity::SealedIdentity;

/// `follower_unseal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FollowerUnsealPolicy {
    /// Followers are opened by the leader after a restart of all voters.
    #[default]
    FullRestart,
    /// Every node is unsealed by hand.
    Off,
}

/// What a share-holder says with the last share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Followers {
    /// As configured.
    #[default]
    AsConfigured,
    /// Not this time: a node is unaccounted for.
    StaySealed,
}

/// How a node came to its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnsealedBy {
    /// By shares given to it.
    Shares,
    /// By the leader, in a ceremony.
    Peer {
        /// The ceremony.
        epoch: u64,
        /// `node_id` of the leader.
        leader: String,
    },
}

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timings {
    /// From the unsealing until voters that have not answered are given up, and from the opening until it closes.
    pub(crate) window: Duration,
    /// Between two rounds of questions to the voters.
    pub(crate) pause: Duration,
    /// How long an answer to a question may take.
    pub(crate) patience: Duration,
    /// How long a request is held, for another of the same name to show itself.
    pub(crate) hold: Duration,
    /// Between two requests of one node.
    pub(crate) request_interval: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(600),
            pause: Duration::from_millis(500),
            patience: Duration::from_secs(3),
            hold: Duration::from_secs(5),
            request_interval: Duration::from_secs(5),
        }
    }
}

/// A node's part in it: as the leader that opens others, and as a sealed node that waits to be opened.
pub(crate) struct FollowerUnseal {
    timings: Timings,
    ceremony: Mutex<Ceremony>,
    sealed: Mutex<Option<SealedIdentity>>,
    /// Counts the ceremonies that were seen to open while this process runs.
    announced: watch::Sender<u64>,
    unsealed_by: Mutex<Option<UnsealedBy>>,
}

impl Default for FollowerUnseal {
    fn default() -> Self {
        Self::with(Timings::default())
    }
}

impl FollowerUnseal {
    pub(crate) fn with(timings: Timings) -> Self {
        Self {
            timings,
            ceremony: Mutex::default(),
            sealed: Mutex::new(SealedIdentity::generate()),
            announced: watch::Sender::new(0),
            unsealed_by: Mutex::default(),
        }
    }

    /// The record of a ceremony was written.
    pub(crate) fn epoch_changed(&self) {
        self.announced.send_modify(|seen| *seen += 1);
    }

    /// The node has its keys.
    pub(crate) fn opened(&self, by: UnsealedBy) {
        *self.unsealed_by.lock() = Some(by);
        // Wiped: it is good for one opening.
        *self.sealed.lock() = None;
    }

    /// The node gave up its keys: whoever it was opening is on their own, and it is not opened by others either.
    pub(crate) fn sealed(&self) {
        *self.unsealed_by.lock() = None;
        *self.sealed.lock() = None;
        self.ceremony.lock().close();
    }

    pub(crate) fn unsealed_by(&self) -> Option<UnsealedBy> {
        self.unsealed_by.lock().clone()
    }
}
