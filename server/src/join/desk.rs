//! The server's part in a join.

use std::sync::Arc;

use coffer_core::joining::{Answer, DeskError, JoinDesk, JoinTarget, JoinerCard, Offered, RememberedJoin, SealedCard};
use coffer_tls::Roots;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Notify;

use super::memory::JoinMemory;
use super::send::{get, post};

/// Speaks to other nodes' APIs.
pub struct Desk {
    memory: JoinMemory,
    /// Trusted besides the system's CAs where a target names none.
    roots: Roots,
    restart: Arc<Notify>,
}

impl Desk {
    /// `restart` is told when the process has to start anew.
    pub fn new(memory: JoinMemory, roots: Roots, restart: Arc<Notify>) -> Self {
        Self { memory, roots, restart }
    }
}

#[async_trait::async_trait]
impl JoinDesk for Desk {
    async fn is_initialized(&self, at: &JoinTarget) -> Result<bool, DeskError> {
        let state = get(at, &self.roots, "sys/init").await?;
        let says = |what: &str| state[what] == Value::Bool(true);
        Ok(says("initialized") && !says("joining") && !says("removed_from_cluster"))
    }

    async fn challenge(&self, at: &JoinTarget, joiner: &JoinerCard) -> Result<Offered, DeskError> {
        let body = serde_json::to_vec(joiner).map_err(|error| DeskError::Refused(error.to_string()))?;
        let data = post(at, &self.roots, "sys/storage/raft/bootstrap/challenge", body).await?;
        if data["self"] == Value::Bool(true) {
            return Ok(Offered::Itself);
        }
        read(at, data).map(Offered::Offer)
    }

    async fn answer(&self, at: &JoinTarget, answer: &Answer) -> Result<SealedCard, DeskError> {
        let body = serde_json::to_vec(answer).map_err(|error| DeskError::Refused(error.to_string()))?;
        read(at, post(at, &self.roots, "sys/storage/raft/bootstrap/answer", body).await?)
    }

    fn remember(&self, join: Option<&RememberedJoin>) -> Result<(), String> {
        self.memory.write(join).map_err(|error| error.to_string())
    }

    fn restart(&self) {
        self.restart.notify_one();
    }
}

fn read<T: DeserializeOwned>(at: &JoinTarget, data: Value) -> Result<T, DeskError> {
    serde_json::from_value(data).map_err(|_| {
        DeskError::Refused(format!(
            "the node at {} does not speak this protocol (is it coffer, and of a release that fits?)",
            at.api_address
        ))
    })
}
