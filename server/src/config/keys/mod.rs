//! Every configuration key that Vault or OpenBao know, and what coffer does with it.

mod check;
mod listener;
mod storage;
mod telemetry;
mod top;

pub(crate) use check::check;
pub(crate) use listener::{IN_FLIGHT, LISTENER, LISTENER_TELEMETRY, PROFILING};
pub(crate) use storage::{INMEM, RAFT, RETRY_JOIN};
pub(crate) use telemetry::TELEMETRY;
pub(crate) use top::{TOP, USER_LOCKOUT};

/// The keys of one kind of block.
pub(crate) struct Scope {
    /// The block's name in messages, such as `listener "tcp"`; empty for the file itself.
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [(&'static str, Standing)],
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is followed.
    Used,
    /// It has no use here; the reason completes "has no effect: ...".
    Unused(&'static str),
    /// It would restrict access or choose a protection, which is not built: refused unless it is off. The text says
    /// what to do instead.
    Guarded(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_names_a_key_twice() {
        for scope in
            [&TOP, &USER_LOCKOUT, &RAFT, &INMEM, &RETRY_JOIN, &LISTENER, &LISTENER_TELEMETRY, &PROFILING, &TELEMETRY]
        {
            let mut names: Vec<_> = scope.keys.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{}", scope.name);
        }
    }
}
