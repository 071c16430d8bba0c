//! The token of a request: `X-Vault-Token`, or `Authorization: Bearer`.

use coffer_core::SecretText;
use http::HeaderMap;

/// Longest token taken; the longest that is made (a batch token with much metadata) is well below.
const MAX_TOKEN: usize = 8 * 1024;

/// A token header that can't be one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadToken {
    #[error("the token is longer than {MAX_TOKEN} bytes")]
    TooLong,
    #[error("the token contains characters that no token has")]
    Unprintable,
}

pub(crate) fn token(headers: &HeaderMap) -> Result<Option<SecretText>, BadToken> {
    let value = match headers.get("x-vault-token") {
        Some(value) if !value.is_empty() => value.as_bytes(),
        _ => match headers.get(http::header::AUTHORIZATION).map(http::HeaderValue::as_bytes) {
            Some(value) if value.len() > 7 && value[..7].eq_ignore_ascii_case(b"bearer ") => &value[7..],
            _ => return Ok(None),
        },
    };
    let value = value.trim_ascii();
    if value.len() > MAX_TOKEN {
        return Err(BadToken::TooLong);
    }
    match std::str::from_utf8(value) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Some(SecretText::new(text))),
        _ => Err(BadToken::Unprintable),
    }
}
