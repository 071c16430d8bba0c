//! `X-Vault-Wrap-TTL`.

use std::time::Duration;

use coffer_core::{Failure, WrapRequest, framework::parse_duration};
use http::HeaderMap;

pub(crate) fn wrap(headers: &HeaderMap) -> Result<Option<WrapRequest>, Failure> {
    let error = |text: &str| Failure::Invalid(format!("error parsing X-Vault-Wrap-TTL header: {text}"));
    if headers.get("x-vault-wrap-format").is_some_and(|format| format.as_bytes().eq_ignore_ascii_case(b"jwt")) {
        return Err(Failure::invalid(
            "X-Vault-Wrap-Format: JWT wrapping tokens are not built in coffer; leave the header out",
        ));
    }
    let Some(value) = headers.get("x-vault-wrap-ttl").filter(|value| !value.is_empty()) else { return Ok(None) };
    let text = value.to_str().map_err(|_| error("not a text"))?;
    if text.trim_start().starts_with('-') {
        return Err(error("requested wrap ttl cannot be negative"));
    }
    let ttl = parse_duration(text).map_err(|failure| error(&failure.to_string()))?;
    // Wrapping tokens live whole seconds.
    Ok((ttl >= Duration::from_secs(1)).then_some(WrapRequest { ttl }))
}
