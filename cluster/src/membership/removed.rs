//! What fences removed members: a record for each, written before it leaves the member list.
//!
//! The record is the decision. Whoever leads completes the removal, so one that its leader's death cut short is not half
//! done; and as long as the cluster lives that incarnation is never let in again, and is told so when it knocks. It can
//! join with new files alone, under a new Raft id.

use coffer_model::{Command, Put};

use crate::cluster::Shared;

/// Below this lie the records, by Raft id; in clear, so that sealed members can tell.
const PREFIX: &str = "core/coffer/cluster/removed/";
const VERSION: u8 = 1;

fn key(raft_id: u64) -> String {
    format!("{PREFIX}{raft_id:016x}")
}

/// Removes `raft_id`, which was called `node_id`.
pub(crate) fn command(removed: impl IntoIterator<Item = (u64, String)>) -> Command {
    let put = |(raft_id, node_id): (u64, String)| {
        let mut value = vec![VERSION];
        value.extend(node_id.into_bytes());
        Put { key: key(raft_id), value }
    };
    Command { puts: removed.into_iter().map(put).collect(), ..Command::default() }
}

impl Shared {
    /// Whether that incarnation was removed for good, as far as this node knows.
    pub(crate) fn was_removed(&self, raft_id: u64) -> bool {
        // A store that fails ends the node; until then nobody is called removed for it.
        self.stores.state.get(&key(raft_id)).is_ok_and(|found| found.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_lies_where_it_is_looked_for() {
        let command = command([(0xab, "node".to_owned())]);
        assert_eq!(command.puts[0].key, "core/coffer/cluster/removed/00000000000000ab");
        assert_eq!(command.puts[0].value, b"\x01node");
    }
}
