//! Giving up the keys, and giving up the lead.

use std::sync::Arc;

use super::node::Node;
use super::phase::Phase;
use crate::active::Active;
use crate::ceremony::store_change;
use crate::{Afterwards, Failure, Request, Response};

impl Node {
    /// What a request asked of the node itself, once it is committed and audited.
    pub(super) async fn do_afterwards(
        self: &Arc<Self>,
        active: &Arc<Active>,
        request: &Request,
        response: &mut Response,
    ) -> Result<(), Failure> {
        match std::mem::take(&mut response.afterwards) {
            // The latter is done before the answer is audited.
            Afterwards::Nothing | Afterwards::ChangeMembers(_) => Ok(()),
            Afterwards::Seal => {
                self.seal_by_command().await;
                Ok(())
            }
            Afterwards::SaveSnapshot => Self::save_snapshot(active, response).await,
            Afterwards::RestoreSnapshot(how) => {
                response.warnings.extend(self.restore_snapshot(active, request.upload.as_ref(), how).await?);
                Ok(())
            }
            Afterwards::ChangeKeys(change) => {
                response.warnings.extend(store_change(active, &change).await?);
                Ok(())
            }
            Afterwards::StepDown => {
                let members = self.parts.cluster.status().members;
                if members.iter().filter(|member| member.voter).count() <= 1 {
                    // It would lead again at once, as Vault's single node does.
                    tracing::info!("asked to step down, and there is no other node to lead");
                    return Ok(());
                }
                self.parts.cluster.step_down().await.map_err(|error| Failure::Unavailable(error.to_string()))
            }
        }
    }

    /// As [`Node::seal`], because an operator wants this node to have no keys: it does not forward either.
    pub async fn seal_by_command(self: &Arc<Self>) {
        self.phase.seal_is_by_command();
        self.seal().await;
    }

    /// Whether the node is sealed because an operator wanted it so.
    pub fn is_sealed_by_command(&self) -> bool {
        self.phase.is_sealed_by_command()
    }

    /// Forgets the keys. Requests in hand finish; their copies of the keys go with them. Only shares open the node again,
    /// or a restart of all nodes.
    pub async fn seal(self: &Arc<Self>) {
        let _turn = self.turn.lock().await;
        let mut progress = self.progress.lock();
        self.drop_keys();
        progress.clear();
        tracing::info!("sealed");
    }

    /// The part of sealing that waits for nothing; `progress` is to be held.
    pub(super) fn drop_keys(&self) {
        self.follower_unseal().sealed();
        self.cluster_time().stop();
        self.set_workers(None);
        if self.phase().holds_keys() {
            self.phase.store(Arc::new(Phase::Sealed));
        }
        self.local().browser.forget();
        self.ceremonies().cancel_all();
        self.parts.audit.close();
    }
}
