//! What lies in the cubbyhole of a wrapping token, in Vault's JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::mount::nanos;
use crate::{Failure, Timestamp};

/// Entry `response`: the answer as a text.
#[derive(Serialize)]
pub(super) struct KeptResponse<'a> {
    response: &'a str,
}

#[derive(Deserialize)]
struct OwnedResponse {
    response: String,
}

impl Drop for OwnedResponse {
    fn drop(&mut self) {
        self.response.zeroize();
    }
}

impl<'a> KeptResponse<'a> {
    pub(super) fn encode(response: &'a str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        serde_json::to_vec(&Self { response }).map(Zeroizing::new).map_err(Failure::internal)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut owned: OwnedResponse =
            serde_json::from_slice(bytes).map_err(|_| Failure::internal("a wrapped answer is damaged"))?;
        Ok(Zeroizing::new(std::mem::take(&mut owned.response).into_bytes()))
    }
}

/// Entry `wrapinfo`.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptInfo {
    #[serde(with = "nanos")]
    creation_ttl: Duration,
    creation_time: Timestamp,
    #[serde(default)]
    creation_path: String,
}

/// What is known of a wrapped answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrapLookup {
    /// Life the token was made with.
    pub creation_ttl: Duration,
    /// When it was wrapped.
    pub creation_time: Timestamp,
    /// Path of the request it answers.
    pub creation_path: String,
}

impl KeptInfo {
    pub(super) fn new(creation_ttl: Duration, creation_time: Timestamp, creation_path: &str) -> Self {
        Self { creation_ttl, creation_time, creation_path: creation_path.to_owned() }
    }
}

impl From<KeptInfo> for WrapLookup {
    fn from(kept: KeptInfo) -> Self {
        let KeptInfo { creation_ttl, creation_time, creation_path } = kept;
        Self { creation_ttl, creation_time, creation_path }
    }
}

impl WrapLookup {
    /// The data of `sys/wrapping/lookup`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "creation_path": self.creation_path,
            "creation_time": self.creation_time,
            "creation_ttl": self.creation_ttl.as_secs(),
        })
    }
}
