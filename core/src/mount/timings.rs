//! How long the mounts of a type take, by operation.

use std::sync::Arc;

use coffer_telemetry::{Telemetry, Timing};

use crate::Operation;

/// Found once, when a mount is taken into use; shared by all mounts of its type.
pub struct RouteTimings([Arc<Timing>; OPERATIONS.len()]);

const OPERATIONS: [Operation; 8] = [
    Operation::Create,
    Operation::Update,
    Operation::Read,
    Operation::List,
    Operation::Scan,
    Operation::Delete,
    Operation::Patch,
    Operation::Help,
];

impl RouteTimings {
    /// Those of a mount type.
    pub fn of(telemetry: &Telemetry, type_name: &str) -> Self {
        Self(OPERATIONS.map(|operation| telemetry.route(operation.name(), type_name)))
    }

    /// Those of one operation.
    pub fn operation(&self, operation: Operation) -> &Timing {
        &self.0[operation as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_own() {
        let timings = RouteTimings::of(&Telemetry::new(), "kv");
        for operation in OPERATIONS {
            timings.operation(operation).record(std::time::Duration::from_millis(1));
        }
        assert!(OPERATIONS.iter().all(|operation| timings.operation(*operation).count() == 1));
        assert_eq!(OPERATIONS.map(|operation| operation as usize), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
