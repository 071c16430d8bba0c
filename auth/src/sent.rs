//! Parameters as Go's framework hands them out: `null` counts as sent, with the zero of its kind; only for spans of time
//! it counts as not sent. Spans are whole seconds.

use std::time::Duration;

use coffer_core::Failure;
use coffer_core::framework::Fields;

/// A text.
pub(crate) fn text(fields: &Fields<'_>, name: &str) -> Result<Option<String>, Failure> {
    Ok(fields.text(name)?.map(|text| text.into_owned()).or_else(|| zero(fields, name)))
}

/// A whole number.
pub(crate) fn int(fields: &Fields<'_>, name: &str) -> Result<Option<i64>, Failure> {
    Ok(fields.int(name)?.or_else(|| zero(fields, name)))
}

/// A boolean.
pub(crate) fn flag(fields: &Fields<'_>, name: &str) -> Result<Option<bool>, Failure> {
    Ok(fields.flag(name)?.or_else(|| zero(fields, name)))
}

/// A list of texts.
pub(crate) fn list(fields: &Fields<'_>, name: &str) -> Result<Option<Vec<String>>, Failure> {
    Ok(fields.list(name)?.or_else(|| zero(fields, name)))
}

/// A span of time.
pub(crate) fn span(fields: &Fields<'_>, name: &str) -> Result<Option<Duration>, Failure> {
    Ok(fields.duration(name)?.map(|span| Duration::from_secs(span.as_secs())))
}

/// Which part of a LIST is wanted: after which name, and how many at most.
pub(crate) fn page(fields: &Fields<'_>) -> Result<(String, usize), Failure> {
    let limit = fields.int("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    Ok((text(fields, "after")?.unwrap_or_default(), limit.unwrap_or(usize::MAX)))
}

fn zero<T: Default>(fields: &Fields<'_>, name: &str) -> Option<T> {
    fields.has(name).then(T::default)
}
