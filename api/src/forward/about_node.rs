//! Requests that are about the node they are sent to, and so go nowhere else.

use coffer_core::Operation;

/// Who answers a request, and who judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concern {
    /// The state that all share: the active node.
    Cluster,
    /// The node that was asked, in whatever state it is, and nobody judges it or the node does.
    ThisNode,
    /// The node that was asked; it takes a token, which the active node judges and audits.
    ThisNodeWithLeave,
}

impl Concern {
    pub(crate) fn of(path: &str, operation: Operation) -> Self {
        let Some(path) = path.strip_prefix("sys/").filter(|_| operation != Operation::Help) else {
            return Self::Cluster;
        };
        match path {
            "health" | "seal-status" | "unseal" | "init" | "leader" | "metrics" | "storage/raft/join" => Self::ThisNode,
            "seal" if operation.is_write() => Self::ThisNodeWithLeave,
            "host-info" | "in-flight-req" | "monitor" | "loggers" | "config/state/sanitized" | "pprof" => {
                Self::ThisNodeWithLeave
            }
            _ if path.starts_with("loggers/") || path.starts_with("pprof/") => Self::ThisNodeWithLeave,
            _ => Self::Cluster,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_says_of_itself_is_not_asked_of_others() {
        for path in ["sys/health", "sys/seal-status", "sys/unseal", "sys/init", "sys/metrics", "sys/storage/raft/join"]
        {
            assert_eq!(Concern::of(path, Operation::Read), Concern::ThisNode, "{path}");
            assert_eq!(Concern::of(path, Operation::Help), Concern::Cluster, "{path}");
        }
        for path in ["sys/healthy", "sys/storage/raft/configuration", "sys/step-down", "kv/data/a", "health"] {
            assert_eq!(Concern::of(path, Operation::Read), Concern::Cluster, "{path}");
        }
    }

    #[test]
    fn what_is_secret_of_a_node_takes_leave() {
        for path in ["sys/monitor", "sys/host-info", "sys/loggers", "sys/loggers/core", "sys/pprof/heap"] {
            assert_eq!(Concern::of(path, Operation::Read), Concern::ThisNodeWithLeave, "{path}");
        }
        assert_eq!(Concern::of("sys/seal", Operation::Update), Concern::ThisNodeWithLeave);
    }
}
