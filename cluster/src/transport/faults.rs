//! The connections that fail just now, and why: one entry a peer, kept until one succeeds.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use coffer_model::PeerFault;
use parking_lot::Mutex;

/// Strangers beyond this many push out the oldest entry.
const MAX_FAULTS: usize = 64;
/// A stranger that came once and is not heard of any more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// Which way the connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// From here, to the member of this Raft id: a name may have two while a wiped node takes its own place.
    Dialled(u64),
    /// From there.
    Accepted,
}

impl Way {
    fn direction(self) -> &'static str {
        match self {
            Self::Dialled(_) => "to",
            Self::Accepted => "from",
        }
    }
}

/// All faults of now.
#[derive(Debug, Default)]
pub(crate) struct FaultBook(Mutex<BTreeMap<(String, Way), PeerFault>>);

impl FaultBook {
    /// Notes a failure; the log hears of it where it is news.
    pub(crate) fn note(&self, way: Way, node_id: &str, address: &str, reason: &str) {
        let fault = PeerFault {
            node_id: node_id.to_owned(),
            address: address.to_owned(),
            reason: reason.to_owned(),
            at: SystemTime::now(),
        };
        let mut book = self.0.lock();
        let is_full = book.len() >= MAX_FAULTS;
        let before = book.insert((key(node_id, address), way), fault);
        // Strangers do not fill the log either.
        if before.as_ref().map_or(!is_full, |before| before.reason != reason) {
            let direction = way.direction();
            // All of it in the message: in a field, quotes would be escaped.
            tracing::warn!("no cluster connection {direction} {} at {address}: {reason}", called(node_id));
        }
        if book.len() > MAX_FAULTS
            && let Some(oldest) = book.iter().min_by_key(|(_, fault)| fault.at).map(|(key, _)| key.clone())
        {
            book.remove(&oldest);
        }
    }

    /// A connection this way has come about.
    pub(crate) fn succeeded(&self, way: Way, node_id: &str, address: &str) {
        let mut book = self.0.lock();
        let named = book.remove(&(key(node_id, ""), way));
        // What it did before its name was known.
        let unnamed = book.remove(&(key("", address), way));
        if named.is_some() || unnamed.is_some() {
            let direction = way.direction();
            tracing::info!("cluster connection {direction} {} at {address}: it works again", called(node_id));
        }
    }

    /// No member is called so any more.
    pub(crate) fn forget(&self, node_id: &str) {
        self.0.lock().retain(|_, fault| fault.node_id != node_id);
    }

    /// The others are members no more, or have not become ones.
    pub(crate) fn keep_incarnations(&self, is_known: impl Fn(u64) -> bool) {
        self.0.lock().retain(|(_, way), _| match way {
            Way::Dialled(raft_id) => is_known(*raft_id),
            Way::Accepted => true,
        });
    }

    pub(crate) fn all(&self) -> Vec<PeerFault> {
        let now = SystemTime::now();
        let mut book = self.0.lock();
        book.retain(|_, fault| now.duration_since(fault.at).is_ok_and(|age| age < FORGOTTEN_AFTER) || fault.at > now);
        book.values().cloned().collect()
    }
}

fn called(node_id: &str) -> String {
    if node_id.is_empty() { "a node".to_owned() } else { format!("node {node_id:?}") }
}

/// The name, or for the nameless the host it came from.
fn key(node_id: &str, address: &str) -> String {
    if node_id.is_empty() {
        address.rsplit_once(':').map_or(address, |(host, _)| host).to_owned()
    } else {
        format!("node {node_id}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_stays_until_its_way_is_open_again() {
        let book = FaultBook::default();
        book.note(Way::Dialled(2), "n2", "h:1", "refused");
        book.note(Way::Dialled(2), "n2", "h:1", "refused again");
        book.note(Way::Accepted, "n2", "h:9", "other");
        book.note(Way::Accepted, "", "s:7", "stranger");
        assert_eq!(book.all().len(), 3);
        book.succeeded(Way::Dialled(2), "n2", "h:1");
        assert_eq!(book.all().len(), 2);
        book.succeeded(Way::Accepted, "n3", "s:8");
        assert_eq!(book.all().len(), 1);
        book.forget("n2");
        assert!(book.all().is_empty());
    }

    #[test]
    fn a_new_incarnation_that_is_reached_makes_no_news_of_the_old_one() {
        let book = FaultBook::default();
        book.note(Way::Dialled(2), "n2", "h:1", "another incarnation is there");
        book.succeeded(Way::Dialled(12), "n2", "h:1");
        assert_eq!(book.all().len(), 1);
        book.keep_incarnations(|raft_id| raft_id == 12);
        assert!(book.all().is_empty());
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let book = FaultBook::default();
        for number in 0..500 {
            book.note(Way::Accepted, "", &format!("10.0.{}.{}:1", number / 250, number % 250), "stranger");
        }
        assert!(book.all().len() <= MAX_FAULTS);
    }
}
