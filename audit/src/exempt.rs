//! Which requests are logged whatever happens, which need not be, and which never are.

/// What becomes of a request when no device can log it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// It is refused.
    Required,
    /// It is carried out all the same: an operator must be able to take a node out of service.
    BestEffort,
    /// It is never logged: it needs no token, is asked all the time, or is answered while sealed.
    Exempt,
}

impl Duty {
    /// The duty for a path below `/v1/`. Paths that are exempt only where a listener lets anybody ask
    /// (`sys/metrics`, `sys/pprof`, `sys/in-flight-req`) are the caller's to know.
    pub fn of(path: &str) -> Self {
        match path.trim_end_matches('/') {
            "sys/init"
            | "sys/seal-status"
            | "sys/unseal"
            | "sys/leader"
            | "sys/health"
            | "sys/storage/raft/bootstrap"
            | "sys/storage/raft/join" => Self::Exempt,
            "sys/seal" | "sys/step-down" => Self::BestEffort,
            _ => Self::Required,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_paths_count() {
        assert_eq!(Duty::of("sys/health"), Duty::Exempt);
        assert_eq!(Duty::of("sys/seal"), Duty::BestEffort);
        for path in ["sys/seal-status/x", "secret/sys/health", "sys/healthy", "sys/rekey/init", ""] {
            assert_eq!(Duty::of(path), Duty::Required, "{path}");
        }
    }
}
