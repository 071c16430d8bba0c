//! The replicated time.

use coffer_model::{Command, Put, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::{Failure, Timestamp};

/// Where it lies, in clear: sealed nodes count on from it too, and may lead next.
pub(crate) const MARK_PATH: &str = "core/coffer/cluster/time";

#[derive(Serialize, Deserialize)]
struct Mark {
    /// No leader has gone by a later time before this was written.
    time: Timestamp,
}

pub(super) fn read(store: &dyn Store) -> Result<Option<Timestamp>, StoreError> {
    let Some(found) = store.get(MARK_PATH)? else { return Ok(None) };
    let mark = serde_json::from_slice::<Mark>(&found.value);
    mark.map(|mark| Some(mark.time)).map_err(|error| StoreError(format!("{MARK_PATH}: {error}")))
}

pub(super) fn write(time: Timestamp) -> Result<Command, Failure> {
    let value = serde_json::to_vec(&Mark { time }).map_err(Failure::internal)?;
    Ok(Command { puts: vec![Put { key: MARK_PATH.to_owned(), value }], ..Command::default() })
}
