//! From keys to serving: an unsealed node that leads builds its services; one that no longer leads drops them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use coffer_model::{Exchange, NodeRole};
use coffer_seal::Barrier;
use tokio::sync::Semaphore;

use super::node::Node;
use super::phase::Phase;
use super::workers::Workers;
use crate::active::Active;
use crate::mount::Mounts;
use crate::snapshot::StateMark;
use crate::version_history::VersionRecord;
use crate::{Failure, interchange};

impl Node {
    /// Brings the phase in line with who leads. Called whenever the cluster's status may have changed, and at unseal.
    pub(super) async fn follow_leadership(self: &Arc<Self>) -> Result<(), Failure> {
        let _alone = self.following.lock().await;
        let status = self.parts.cluster.status();
        let role = status.role;
        if role == NodeRole::Removed {
            self.become_removed();
            return Ok(());
        }
        let leads = role == NodeRole::Leader;
        if !leads && status.leader().is_some() {
            // A leader that only paused keeps the shares it was given; once another leads, they are for that one.
            self.ceremonies().cancel_all();
        }
        self.load_browser_rules();
        let phase = self.phase();
        match (&*phase, leads) {
            (Phase::Standby(barrier), true) => {
                let begun = Instant::now();
                // Nothing is served before all that was acknowledged by earlier leaders is applied here.
                self.parts.store.read_fence().await?;
                let fenced = begun.elapsed();
                if self.parts.store.is_staging() {
                    // By a leader that was lost in the middle of a restore.
                    self.parts.store.exchange(Exchange::Abandon).await?;
                }
                let replacements = self.replacements.load(Ordering::SeqCst);
                self.cluster_time().begin(self).await;
                let timed = begun.elapsed();
                interchange::adopt(&Arc::new(Active::new(self, barrier.clone())?)).await?;
                let active = Arc::new(self.build_active(barrier.clone())?);
                let built = begun.elapsed();
                note_version(&active).await;
                tracing::debug!(?fenced, ?timed, ?built, noted = ?begun.elapsed(), "about to serve");
                let _turn = self.progress.lock();
                if self.replacements.load(Ordering::SeqCst) != replacements {
                    return Err(Failure::Unavailable("the state was exchanged meanwhile".to_owned()));
                }
                if matches!(&*self.phase(), Phase::Standby(_)) {
                    self.phase.store(Arc::new(Phase::Active(Arc::clone(&active))));
                    self.set_workers(Some(Workers::start(self, &active)));
                }
            }
            (Phase::Active(active), false) => {
                let _turn = self.progress.lock();
                if matches!(&*self.phase(), Phase::Active(_)) {
                    self.set_workers(None);
                    self.cluster_time().stop();
                    self.phase.store(Arc::new(Phase::Standby(active.barrier.clone())));
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn build_active(&self, barrier: Barrier) -> Result<Active, Failure> {
        let active = self.build_unaudited(barrier)?;
        let mut tx = active.transaction();
        active.audit.reload(&mut tx)?;
        active.quotas.changed(&mut tx);
        Ok(active)
    }

    /// The services as far as a standby needs them: its audit devices stay shut.
    pub(super) fn build_unaudited(&self, barrier: Barrier) -> Result<Active, Failure> {
        let active = Active::new(self, barrier)?;
        active.mounts.reload(&mut active.transaction())?;
        Ok(active)
    }
}

/// A history with a gap is no reason not to serve.
async fn note_version(active: &Active) {
    let record = VersionRecord {
        installed: active.now(),
        version: active.settings.version.clone(),
        build_date: active.settings.build_date.clone(),
    };
    let mut tx = active.transaction();
    let noted = async {
        record.note(&mut tx)?;
        let command = tx.into_command()?;
        if !command.is_empty() {
            active.store.commit(command).await?;
        }
        Ok::<_, Failure>(())
    };
    if let Err(failure) = noted.await {
        tracing::warn!("the release could not be put down in the version history: {failure}");
    }
}

impl Active {
    fn new(node: &Node, barrier: Barrier) -> Result<Self, Failure> {
        let parts = &node.parts;
        Ok(Self {
            store: Arc::clone(&parts.store),
            state: StateMark::now(parts.store.as_ref())?,
            cluster: Arc::clone(&parts.cluster),
            barrier,
            clock: Arc::clone(node.cluster_time()) as _,
            settings: Arc::clone(&parts.settings),
            mounts: Mounts::new(Arc::clone(&parts.registry), Arc::clone(&parts.telemetry)),
            audit: Arc::clone(&parts.audit),
            local: Arc::clone(node.local()),
            ceremonies: Arc::clone(node.ceremonies()),
            policies: Default::default(),
            tokens: Default::default(),
            leases: Default::default(),
            wrapping: Default::default(),
            identities: Default::default(),
            quotas: Default::default(),
            lockouts: crate::lockout::Lockouts::new(parts.settings.user_lockout.clone()),
            heavy: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))),
            mount_work: Default::default(),
        })
    }
}
