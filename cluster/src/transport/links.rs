//! The links of a node: one for each member and purpose, made when first asked for.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Inner;
use super::greet::Target;
use super::link::{Lane, Link};

/// All links.
#[derive(Default)]
pub(super) struct Links(Mutex<HashMap<(u64, Lane), Arc<Link>>>);

impl Links {
    pub(super) fn get(&self, inner: &Arc<Inner>, target: &Target, lane: Lane) -> Arc<Link> {
        let mut links = self.0.lock();
        let link = links
            .entry((target.raft_id, lane))
            .or_insert_with(|| Link::open(Arc::downgrade(inner), target.clone(), lane));
        Arc::clone(link)
    }

    /// The member lives: what failed is tried again at once.
    pub(super) fn retry_now(&self, raft_id: u64) {
        self.0.lock().iter().filter(|((id, _), _)| *id == raft_id).for_each(|(_, link)| link.retry_now());
    }

    /// It is no member any more.
    pub(super) fn close(&self, raft_id: u64) {
        self.0.lock().retain(|(id, _), link| {
            let stays = *id != raft_id;
            if !stays {
                link.close();
            }
            stays
        });
    }

    pub(super) fn close_all(&self) {
        self.0.lock().drain().for_each(|(_, link)| link.close());
    }
}
