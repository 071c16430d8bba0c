//! What the other members are told of this node: whether it holds keys, and whether it should lead.

use std::sync::Arc;
use std::time::Duration;

use coffer_model::{NodeCondition, SealState};

use super::node::Node;
use super::phase::Phase;

/// How long a node that handed leadership over because of its audit devices leaves it to others before it counts as fit
/// again; whether it is shows with the next request that it audits.
const UNFIT_FOR: Duration = Duration::from_secs(60);

impl Node {
    /// Tells the cluster at once, and at every change as long as the process lives; to be run as a task.
    pub(super) async fn tell_condition(self: Arc<Self>) {
        let mut phase = self.watch_phase();
        let mut audit = self.parts.audit.watch_failing();
        loop {
            phase.mark_unchanged();
            audit.mark_unchanged();
            let condition = self.condition();
            let forgive = condition.unfit.is_some() && self.active().is_none();
            self.parts.cluster.set_condition(condition);
            tokio::select! {
                changed = phase.changed() => if changed.is_err() { return },
                changed = audit.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(UNFIT_FOR), if forgive => self.parts.audit.forget_failures(),
            }
        }
    }

    pub(super) fn condition(&self) -> NodeCondition {
        let seal = match &*self.phase() {
            phase if phase.holds_keys() => SealState::Unsealed,
            Phase::Sealed if self.is_sealed_by_command() => SealState::SealedByCommand,
            _ => SealState::Sealed,
        };
        let settings = self.settings();
        NodeCondition {
            seal,
            unfit: self.parts.audit.failing(),
            version: settings.version.clone(),
            hostname: settings.hostname.clone(),
        }
    }
}
