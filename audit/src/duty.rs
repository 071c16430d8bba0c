//! Which requests are logged whatever happens, and which may be carried out unlogged.

/// What becomes of a request when no device can log it. What a node tells of itself in every phase (health, seal-status,
/// init, unseal, leader, join) needs no token, is asked all the time, and never comes to the devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// It is refused.
    Required,
    /// It is carried out all the same: an operator must be able to take a node out of service.
    BestEffort,
}

impl Duty {
    /// The duty for a path below `/v1/`.
    pub fn of(path: &str) -> Self {
        match path {
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
        assert_eq!(Duty::of("sys/seal"), Duty::BestEffort);
        for path in ["sys/seal/", "sys/health/", "sys/seal-status/x", "secret/sys/seal", "sys/rekey/init", ""] {
            assert_eq!(Duty::of(path), Duty::Required, "{path}");
        }
    }
}
