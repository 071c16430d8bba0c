//! One line of an audit log, made from the facts of a request.

mod go_json;
mod hidden;
mod jsonx;
mod oversized;
mod shape;
mod shorten;
mod timestamp;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Serializer;
use zeroize::Zeroizing;

use crate::facts::{LogFacts, ResponseFacts, UnixNanos};
use crate::headers::HeaderRules;
use crate::salt::Salt;

use go_json::GoFormatter;
use oversized::Capped;

pub(crate) use shorten::shortened;

/// How a device wants its lines. Devices that agree on all of it share one line.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) salt: Salt,
    /// Log everything in clear.
    pub(crate) raw: bool,
    /// Hide accessors too.
    pub(crate) hmac_accessor: bool,
    /// Log how many keys a list has in place of the keys.
    pub(crate) elide_list_responses: bool,
    pub(crate) syntax: Syntax,
    /// Written before each entry.
    pub(crate) prefix: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Syntax {
    #[default]
    Json,
    /// JSON as XML, one document without header a line.
    Jsonx,
}

/// An entry could not be put into words.
#[derive(Debug, thiserror::Error)]
#[error("the entry could not be formatted")]
pub(crate) struct FormatError;

/// Longest line with all its data; above it, data is replaced by its HMAC. Each string of a body can
/// become 79 bytes, so a body of many short ones would grow twentyfold.
pub(crate) const MAX_LINE: usize = 16 << 20;

/// The entry of a request, or of a response when `response` is given, with the line's end.
pub(crate) fn line(
    format: &Format,
    headers: &HeaderRules,
    facts: &LogFacts<'_>,
    response: Option<&ResponseFacts<'_>>,
    now: UnixNanos,
) -> Result<Bytes, FormatError> {
    write(format, headers, facts, response, now, MAX_LINE)
}

fn write(
    format: &Format,
    headers: &HeaderRules,
    facts: &LogFacts<'_>,
    response: Option<&ResponseFacts<'_>>,
    now: UnixNanos,
    max: usize,
) -> Result<Bytes, FormatError> {
    let entry = shape::Entry { format, headers, facts, response, now, data: shape::DataForm::Full };
    let out = Capped::new(format.prefix.as_bytes(), max);
    let out = match serialized(out, &entry) {
        Ok(out) => out,
        Err(FormatError) => {
            let digest = shape::Entry { data: shape::DataForm::Digest, ..entry };
            serialized(Capped::new(format.prefix.as_bytes(), usize::MAX), &digest)?
        }
    };
    let mut bytes = out.into_bytes();
    if format.syntax == Syntax::Jsonx {
        let json = Zeroizing::new(bytes.split_off(format.prefix.len()));
        jsonx::append(&mut bytes, &json).map_err(|_| FormatError)?;
    }
    bytes.push(b'\n');
    Ok(Bytes::from(bytes))
}

fn serialized(mut out: Capped, entry: &shape::Entry<'_>) -> Result<Capped, FormatError> {
    entry.serialize(&mut Serializer::with_formatter(&mut out, GoFormatter)).map_err(|_| FormatError)?;
    Ok(out)
}

#[cfg(test)]
mod tests;
