//! GET of a secret: two reads of the store, its metadata and the version.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Payload, Response};
use serde_json::{Map, Value, json};

use super::facts;
use crate::kv::v2::Versioned;
use crate::kv::v2::fields::wanted_version;
use crate::kv::v2::key_window::VersionState;
use crate::kv::v2::secret_path::SecretPath;
use crate::kv::v2::version_data::json_of;
use crate::plaintext::from_json;

/// Reads that may be overtaken by a write that moves the window before one gives up.
const ATTEMPTS: usize = 4;

/// What a read of a version found.
pub(super) struct Found {
    /// `None`: `null` was written.
    pub(super) data: Option<Payload>,
    pub(super) facts: Map<String, Value>,
}

impl Versioned {
    pub(super) fn read_data_of(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
        part: &str,
    ) -> Result<Found, Failure> {
        let wanted = wanted_version(&matched.fields)?;
        let key = SecretPath::parse(matched.fields.capture("path")).ok_or(Failure::NotFound)?;
        let mut space = self.space(cx)?.ok_or(Failure::NotFound)?;
        // Metadata and version are read one after the other: a write between the two may have removed the version.
        for _ in 0..ATTEMPTS {
            let metadata = space.peek_metadata(key)?.ok_or(Failure::NotFound)?;
            let number = wanted.unwrap_or(metadata.current_version);
            let version = metadata.versions.get(&number).ok_or(Failure::NotFound)?;
            let facts = facts(number, version, &metadata);
            if version.state(space.now()) != VersionState::Live {
                return Err(Failure::Gone(Box::new(Response::data(json!({ part: null, "metadata": facts })))));
            }
            if let Some(stored) = space.version(key, number)? {
                let data = from_json(json_of(&stored)?)?.map(Payload::from);
                return Ok(Found { data, facts });
            }
        }
        Err(Failure::Internal("could not find version data".to_owned()))
    }

    pub(in crate::kv::v2) fn read_data(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let Found { data, facts } = self.read_data_of(cx, matched, "data")?;
        Ok(answer("data", data.map(Payload::into_map), facts))
    }
}

/// The data under the name of what was asked for, and the facts beside it.
pub(super) fn answer(part: &str, data: Option<Map<String, Value>>, facts: Map<String, Value>) -> Response {
    let mut map = Map::new();
    map.insert(part.to_owned(), data.map_or(Value::Null, Value::Object));
    map.insert("metadata".to_owned(), Value::Object(facts));
    Response::data(Value::Object(map))
}
