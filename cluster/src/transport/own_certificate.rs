//! The certificate that this node shows the others, judged as they will judge it: what they refuse it for is said here
//! as well, at start and whenever it is exchanged.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use coffer_tls::{OutOfTime, PeerCertificate};

use super::Inner;
use super::faults::Way;
use super::greet;
use super::options::ClusterTls;
use super::tls::Tls;
use crate::address;

/// Between looks; a certificate also ages by itself.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks until the node ends.
pub(super) async fn watch(inner: Weak<Inner>, cluster_address: String) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade().filter(|inner| !inner.stop.is_cancelled()) else { return };
        look(&inner, &cluster_address);
    }
}

fn look(inner: &Arc<Inner>, cluster_address: &str) {
    let Some(Tls { options: ClusterTls::Certificates { roots, .. }, identity, .. }) = &inner.tls else { return };
    let current = identity.current();
    let host = address::host(cluster_address);
    let judged = PeerCertificate::read(Some(current.chain())).and_then(|own| {
        let name = (!host.is_empty()).then_some(host);
        own.check(&roots.current(), name, SystemTime::now(), OutOfTime::Refused)
    });
    let way = Way::Dialled(inner.identity.raft_id);
    match judged {
        Ok(()) => inner.faults.succeeded(way, &inner.identity.node_id, cluster_address),
        Err(fault) => {
            let reason = format!("the other members will refuse this node: {}", greet::own_fault(&fault));
            inner.faults.note(way, &inner.identity.node_id, cluster_address, &reason);
        }
    }
}
