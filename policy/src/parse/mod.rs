//! From a policy text to its rules.

mod error;
mod expiration;
mod parameters;
mod path_block;
mod values;

pub use error::ParseError;

use coffer_hcl::{self as hcl, Body, Syntax, Value, ValueKind};
use error::{ParseErrorKind, PathErrorKind, UnknownKey};

use crate::policy::Rule;

/// The rules of a policy text, in order.
pub(crate) fn rules(text: &str) -> Result<Vec<Rule>, ParseError> {
    let body = hcl::parse(text).map_err(ParseErrorKind::Syntax)?;
    let unknown = unknown_keys(&body, &["name", "path"]);
    if !unknown.is_empty() {
        return Err(ParseErrorKind::UnknownKeys(unknown).into());
    }
    for item in body.all("name") {
        check_name(&item.value)?;
    }
    for item in body.all("path") {
        check_block(&item.value, body.syntax())?;
    }
    let blocks = body.blocks("path", 1).map_err(|_| no_block("a list"))?;
    blocks
        .iter()
        .map(|block| {
            let path = block.label().unwrap_or("path");
            path_block::read(path, block.body).map_err(|kind| in_path(path, kind).into())
        })
        .collect()
}

/// The keys of `body` that are not among `known`.
fn unknown_keys(body: &Body, known: &[&str]) -> Vec<UnknownKey> {
    let unknown = body.items().iter().filter(|item| !known.contains(&item.key.text.as_str()));
    unknown
        .map(|item| UnknownKey {
            key: item.key.text.clone(),
            // HCL notes the line of the `=`, which a block does not have.
            line: if item.is_assigned { item.key.position.line } else { 0 },
        })
        .collect()
}

fn check_name(value: &Value) -> Result<(), ParseErrorKind> {
    match &value.kind {
        ValueKind::String(_) | ValueKind::Integer(_) | ValueKind::Float(_) | ValueKind::Null => Ok(()),
        other => Err(ParseErrorKind::Type {
            key: "name",
            position: value.position,
            wanted: "a string",
            found: other.describe(),
        }),
    }
}

/// In HCL every path is a block of its own; in JSON they may also be listed.
fn check_block(value: &Value, syntax: Syntax) -> Result<(), ParseErrorKind> {
    match (&value.kind, syntax) {
        (ValueKind::Object(_), _) => Ok(()),
        (ValueKind::List(values), Syntax::Json) if !values.is_empty() => {
            values.iter().try_for_each(|value| check_block(value, syntax))
        }
        (other, _) => Err(no_block(other.describe())),
    }
}

fn no_block(found: &'static str) -> ParseErrorKind {
    in_path("path", PathErrorKind::NoBlock(found))
}

fn in_path(path: &str, kind: PathErrorKind) -> ParseErrorKind {
    ParseErrorKind::Path { path: path.to_owned(), kind }
}
