//! A whole state that took the place of the one before: by a restore, or because this node was too far behind for the log.

use std::sync::Arc;

use coffer_seal::AdoptError;

use super::node::Node;
use super::phase::Phase;
use crate::active::Active;
use crate::snapshot::{self, Restore, Restored, Upload};
use crate::{Body, Failure, Response};

impl Node {
    /// Nothing that is kept in memory holds any more. A node whose keys open the new state builds its services anew; one
    /// whose keys do not is sealed.
    pub(super) fn state_replaced(&self) {
        self.seal_config_changed();
        self.cluster_time().mark_applied(self.parts.store.as_ref());
        let Some(barrier) = self.barrier() else { return };
        let store = &self.parts.store;
        let adopted = barrier.adopt(|path| store.get(path).map(|found| found.map(|found| found.value)));
        let _turn = self.progress.lock();
        self.replacements.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match adopted {
            Ok(()) => {
                // Back to standby and, where this node leads, forth to active: with services that have seen nothing yet.
                if let Phase::Active(active) = &*self.phase() {
                    self.set_workers(None);
                    self.phase.store(Arc::new(Phase::Standby(active.barrier.clone())));
                }
                self.ceremonies().cancel_all();
                self.load_browser_rules();
            }
            Err(error) => {
                self.tell_wanted_keys(&error);
                self.drop_keys();
            }
        }
    }

    fn tell_wanted_keys(&self, error: &AdoptError<coffer_model::StoreError>) {
        let wanted = self.stored_seal_config().map_or_else(
            || "the unseal keys of the server that it was taken of".to_owned(),
            |config| {
                format!(
                    "{} of the {} unseal keys of the server that it was taken of",
                    config.threshold(),
                    config.shares()
                )
            },
        );
        tracing::error!("the restored state has other keys, and this node is sealed: it wants {wanted} ({error})");
    }

    /// Begins to send the state.
    pub(super) async fn save_snapshot(active: &Arc<Active>, response: &mut Response) -> Result<(), Failure> {
        response.body = Body::Download(snapshot::save(active).await?);
        response.headers.push(("content-disposition", "attachment".to_owned()));
        Ok(())
    }

    /// Puts an uploaded state in the place of the present one, and answers when this node serves it, or is sealed.
    pub(super) async fn restore_snapshot(
        self: &Arc<Self>,
        active: &Arc<Active>,
        upload: Option<&Upload>,
        how: Restore,
    ) -> Result<Vec<String>, Failure> {
        let upload = upload.ok_or_else(|| Failure::invalid("the request has no body"))?;
        let restored = snapshot::restore(&active.store, Some(&active.barrier), upload, how, active.now()).await?;
        // Woken by the change of phase; this only waits for it.
        self.serve_soon().await;
        Ok(self.warning(restored).into_iter().collect())
    }

    /// As [`Restore::Forced`], on a node that was never initialised: forms a cluster of it alone. It is sealed afterwards.
    /// Whoever can reach such a node could as well initialise it.
    pub async fn restore_into_new(self: &Arc<Self>, upload: &Upload) -> Result<Restored, Failure> {
        let _turn = self.turn.lock().await;
        if !matches!(&*self.phase(), Phase::Uninitialized) || self.stored_seal_config().is_some() {
            return Err(Failure::Sealed);
        }
        if self.parts.store.folder().is_none() {
            return Err(Failure::UnsupportedPath);
        }
        self.form_alone().await?;
        let restored =
            snapshot::restore(&self.parts.store, None, upload, Restore::Forced, self.parts.clock.now()).await?;
        tracing::info!(
            "this node has the state of a snapshot: unseal it with {} of the {} unseal keys of the server that it was taken of",
            restored.threshold,
            restored.shares
        );
        Ok(restored)
    }

    fn warning(&self, restored: Restored) -> Option<String> {
        (!self.phase().holds_keys()).then(|| {
            format!(
                "the snapshot is restored, and all nodes are sealed, since it has other unseal keys than before: unseal each \
                 with {} of the {} unseal keys of the server that the snapshot was taken of",
                restored.threshold, restored.shares
            )
        })
    }
}
