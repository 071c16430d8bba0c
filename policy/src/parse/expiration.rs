use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::PathErrorKind;

/// A moment in RFC 3339 or in seconds since 1970. Empty is none.
pub(super) fn parse(path: &str, text: &str) -> Result<Option<SystemTime>, PathErrorKind> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let moment = match text.parse::<u64>() {
        Ok(seconds) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
        Err(_) => OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from),
    };
    match moment {
        Some(moment) => Ok(Some(moment)),
        None => Err(PathErrorKind::Expiration { path: path.to_owned() }),
    }
}
