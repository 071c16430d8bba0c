//! Autopilot's configuration as it lies in the state, in clear: a sealed leader keeps up the member list as well.

use std::time::Duration;

use coffer_model::{AutopilotConfig, Command, Put};

use crate::cluster::Shared;

const KEY: &str = "core/coffer/cluster/autopilot";
const VERSION: u8 = 1;
const LEN: usize = 1 + 2 + 5 * 8;

/// Version, two flags, then five numbers: spans in nanoseconds, big endian.
fn encode(config: &AutopilotConfig) -> Vec<u8> {
    let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    let numbers = [
        nanos(config.dead_server_last_contact_threshold),
        nanos(config.last_contact_threshold),
        config.max_trailing_logs,
        config.min_quorum,
        nanos(config.server_stabilization_time),
    ];
    let mut out = vec![VERSION, config.cleanup_dead_servers.into(), config.disable_upgrade_migration.into()];
    out.extend(numbers.map(u64::to_be_bytes).concat());
    out
}

/// `None` for bytes that this release cannot read. More than it knows, from a later one, is passed over.
fn decode(bytes: &[u8]) -> Option<AutopilotConfig> {
    let [VERSION, cleanup, migration, rest @ ..] = bytes.get(..LEN)? else { return None };
    let mut numbers = rest.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok().map(u64::from_be_bytes));
    Some(AutopilotConfig {
        cleanup_dead_servers: *cleanup != 0,
        disable_upgrade_migration: *migration != 0,
        dead_server_last_contact_threshold: Duration::from_nanos(numbers.next()?),
        last_contact_threshold: Duration::from_nanos(numbers.next()?),
        max_trailing_logs: numbers.next()?,
        min_quorum: numbers.next()?,
        server_stabilization_time: Duration::from_nanos(numbers.next()?),
    })
}

pub(super) fn command(config: &AutopilotConfig) -> Command {
    Command { puts: vec![Put { key: KEY.to_owned(), value: encode(config) }], ..Command::default() }
}

impl Shared {
    /// What an operator has set, as applied here.
    pub(super) fn autopilot_set(&self) -> Option<AutopilotConfig> {
        let found = self.stores.state.get(KEY).ok().flatten()?;
        decode(&found.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_configuration_survives(flags: [bool; 2], numbers: [u64; 5]) {
            let config = AutopilotConfig {
                cleanup_dead_servers: flags[0],
                disable_upgrade_migration: flags[1],
                dead_server_last_contact_threshold: Duration::from_nanos(numbers[0]),
                last_contact_threshold: Duration::from_nanos(numbers[1]),
                max_trailing_logs: numbers[2],
                min_quorum: numbers[3],
                server_stabilization_time: Duration::from_nanos(numbers[4]),
            };
            let mut bytes = encode(&config);
            prop_assert_eq!(bytes.len(), LEN);
            prop_assert_eq!(decode(&bytes), Some(config.clone()));
            bytes.push(7);
            prop_assert_eq!(decode(&bytes), Some(config));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&bytes);
        }
    }
}
