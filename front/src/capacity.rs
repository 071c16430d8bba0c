//! How many connections the process can hold at all.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for listeners, checks, the status page and the log: more files than this stay free, so that a server is
/// never held to be down because its check found no descriptor.
const RESERVED: u64 = 96;

/// Connections at once, of all frontends together: each takes two files. The soft limit is raised to the hard one.
pub(crate) fn of_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    files.map_or(usize::MAX, connections)
}

fn connections(files: u64) -> usize {
    let free = files.saturating_sub(RESERVED).max(files / 2);
    usize::try_from(free / 2).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_a_connection_and_some_left_over() {
        assert_eq!(connections(20_000), 9_952);
        assert_eq!(connections(1024), 464);
        assert_eq!(connections(100), 25);
        assert_eq!(connections(0), 1);
    }
}
