//! The JSON object that an answer is sent in, and that a wrapping token keeps. One place, so that an unwrapped answer is
//! byte for byte what the caller would have got.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Body, Granted, Lease, Response, WrapInfo};

/// The envelope, borrowing what it shows.
#[derive(Serialize)]
pub struct Envelope<'a> {
    request_id: &'a str,
    lease_id: &'a str,
    renewable: bool,
    lease_duration: u64,
    data: Option<&'a Map<String, Value>>,
    wrap_info: Option<WrapInfoView<'a>>,
    warnings: Option<&'a [String]>,
    auth: Option<&'a Map<String, Value>>,
    /// Old `sys/` answers repeat their data beside it.
    #[serde(flatten)]
    doubled: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct WrapInfoView<'a> {
    token: &'a str,
    accessor: &'a str,
    ttl: u64,
    creation_time: String,
    creation_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrapped_accessor: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// The envelope of an answer; `None` where there is nothing to put in one (HTTP 204), or the answer goes without.
    pub fn of(request_id: &'a str, response: &'a Response) -> Option<Self> {
        let (data, doubled) = match &response.body {
            Body::Empty | Body::Null => (None, None),
            Body::Data(data) => (Some(data.map()), None),
            Body::Doubled(data) => (Some(data.map()), Some(data.map())),
            Body::Bare(_) | Body::Raw(_) | Body::Stream(_) | Body::Download(_) => return None,
        };
        let auth = match response.auth.as_deref() {
            Some(Granted::Token(payload)) => Some(payload.map()),
            Some(Granted::Login(_)) | None => None,
        };
        let wrap = response.wrap.as_deref().map(WrapInfoView::of);
        let leased = matches!(response.lease, Lease::Standing { .. });
        let told = matches!(response.body, Body::Null);
        if !told && data.is_none() && auth.is_none() && wrap.is_none() && response.warnings.is_empty() && !leased {
            return None;
        }
        let (lease_id, renewable, ttl) = match &response.lease {
            Lease::None | Lease::Secret(_) => ("", false, Duration::ZERO),
            Lease::Hint(ttl) => ("", false, *ttl),
            Lease::Standing { id, ttl, renewable } => (id.as_str(), *renewable, *ttl),
        };
        Some(Self {
            // The id of the request is inside, with the answer.
            request_id: if wrap.is_some() { "" } else { request_id },
            lease_id,
            renewable,
            lease_duration: ttl.as_secs(),
            data,
            wrap_info: wrap,
            warnings: (!response.warnings.is_empty()).then_some(&response.warnings),
            auth,
            doubled,
        })
    }

    /// Without what old `sys/` answers repeat, as a wrapped answer is kept.
    #[must_use]
    pub fn once(self) -> Self {
        Self { doubled: None, ..self }
    }

    /// As JSON, with the line feed that Vault ends every answer with.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        // Maps of JSON values can't fail to be written to memory.
        if serde_json::to_writer(&mut out, self).is_err() {
            out.clear();
        }
        out.push(b'\n');
        out
    }
}

impl<'a> WrapInfoView<'a> {
    fn of(info: &'a WrapInfo) -> Self {
        Self {
            token: info.token.expose(),
            accessor: &info.accessor,
            ttl: info.ttl,
            creation_time: info.creation_time.rfc3339(),
            creation_path: &info.creation_path,
            wrapped_accessor: info.wrapped_accessor.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn json_of(response: &Response) -> Option<Value> {
        Envelope::of("id-1", response).map(|envelope| serde_json::from_slice(&envelope.to_json()).unwrap())
    }

    #[test]
    fn an_answer_has_every_key_of_the_envelope() {
        let value = json_of(&Response::data(json!({"a": 1}))).unwrap();
        assert_eq!(
            value,
            json!({"request_id": "id-1", "lease_id": "", "renewable": false, "lease_duration": 0, "data": {"a": 1},
                   "wrap_info": null, "warnings": null, "auth": null})
        );
    }

    #[test]
    fn doubled_data_stands_beside_itself() {
        let value = json_of(&Response::doubled(json!({"keys": ["a"]}))).unwrap();
        assert_eq!((&value["data"]["keys"], &value["keys"]), (&json!(["a"]), &json!(["a"])));
    }

    #[test]
    fn nothing_to_say_needs_no_envelope() {
        assert!(json_of(&Response::empty()).is_none());
        assert!(json_of(&Response::empty().warn("careful")).is_some());
    }
}
