//! Requests that are about the node they are sent to, and so go nowhere else.

use coffer_core::Operation;

/// Whether the node that was asked has to answer itself, in whatever state it is.
pub(crate) fn is_about_the_node(path: &str, operation: Operation) -> bool {
    let Some(path) = path.strip_prefix("sys/").filter(|_| operation != Operation::Help) else { return false };
    matches!(
        path,
        "health"
            | "seal-status"
            | "seal"
            | "unseal"
            | "init"
            | "leader"
            | "metrics"
            | "storage/raft/join"
            | "storage/raft/bootstrap"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_says_of_itself_is_not_asked_of_others() {
        for path in ["sys/health", "sys/seal-status", "sys/unseal", "sys/init", "sys/metrics", "sys/storage/raft/join"]
        {
            assert!(is_about_the_node(path, Operation::Read), "{path}");
            assert!(!is_about_the_node(path, Operation::Help), "{path}");
        }
        for path in ["sys/healthy", "sys/storage/raft/configuration", "sys/step-down", "kv/data/a", "health"] {
            assert!(!is_about_the_node(path, Operation::Read), "{path}");
        }
    }
}
