//! Bodies sent as `application/x-www-form-urlencoded`, which some clients do without meaning it.

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::query::Query;

/// Whether the body is a form: by its type, and by not beginning as JSON does.
pub(crate) fn is_form(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return false;
    }
    !matches!(body.trim_ascii_start().first(), None | Some(b'{' | b'['))
}

pub(crate) fn parse(body: &[u8]) -> Map<String, Value> {
    Query::parse(std::str::from_utf8(body).ok()).into_data()
}
