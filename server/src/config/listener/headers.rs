//! `custom_response_headers`: headers added to answers, by status.

use std::collections::BTreeMap;

use coffer_hcl::{Item, Value, ValueKind};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::config::problem::ConfigError;
use crate::config::section::Section;

/// Headers of all answers, of a class of statuses, of one status. The more special ones hold.
#[derive(Debug, Clone)]
pub struct ResponseHeaders {
    default: Vec<(HeaderName, HeaderValue)>,
    special: BTreeMap<Statuses, Vec<(HeaderName, HeaderValue)>>,
}

/// Ordered from general to special.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Statuses {
    Class(u16),
    One(u16),
}

impl Default for ResponseHeaders {
    /// What Vault sends where nothing is configured.
    fn default() -> Self {
        let value = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        Self { default: vec![(http::header::STRICT_TRANSPORT_SECURITY, value)], special: BTreeMap::new() }
    }
}

impl ResponseHeaders {
    /// Adds those that belong to the status; one that is there already is replaced.
    pub fn add_to(&self, status: StatusCode, headers: &mut HeaderMap) {
        let belongs = |statuses: &Statuses| match *statuses {
            Statuses::Class(class) => status.as_u16() / 100 == class,
            Statuses::One(code) => status.as_u16() == code,
        };
        let special = self.special.iter().filter(|(statuses, _)| belongs(statuses)).flat_map(|(_, added)| added);
        for (name, value) in self.default.iter().chain(special) {
            headers.insert(name.clone(), value.clone());
        }
    }
}

pub(super) fn read(section: &Section<'_>) -> Result<ResponseHeaders, ConfigError> {
    let mut found = ResponseHeaders::default();
    let Some(headers) = section.block("custom_response_headers")? else { return Ok(found) };
    for status in headers.body.items() {
        let name = &status.key.text;
        let statuses = statuses(name).ok_or_else(|| {
            let message =
                format!("{name:?} is no status: use \"default\", a class such as \"4xx\" or a code such as \"404\"");
            headers.error(status.key.position, message)
        })?;
        for block in headers.blocks(name, 0)? {
            for item in block.body.items() {
                let entry = entry(&headers, item)?;
                match statuses {
                    None => found.default.push(entry),
                    Some(statuses) => found.special.entry(statuses).or_default().push(entry),
                }
            }
        }
    }
    Ok(found)
}

/// `Some(None)` for `default`.
fn statuses(name: &str) -> Option<Option<Statuses>> {
    match name.as_bytes() {
        b"default" => Some(None),
        [class @ b'1'..=b'5', b'x', b'x'] => Some(Some(Statuses::Class(u16::from(class - b'0')))),
        _ => {
            let code = name.parse::<u16>().ok().filter(|code| (100..600).contains(code))?;
            Some(Some(Statuses::One(code)))
        }
    }
}

fn entry(section: &Section<'_>, item: &Item) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let text = item.key.text.to_ascii_lowercase();
    if text.starts_with("x-vault-") {
        return Err(section.error(item.key.position, "headers that begin with X-Vault- are the server's own"));
    }
    let name = HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| section.error(item.key.position, format!("{text:?} is no header name")))?;
    let value = HeaderValue::from_str(&value_text(section, &item.value)?)
        .map_err(|_| section.error(item.value.position, "a header's value cannot hold control characters"))?;
    Ok((name, value))
}

fn value_text(section: &Section<'_>, value: &Value) -> Result<String, ConfigError> {
    let texts = match &value.kind {
        ValueKind::String(text) => return Ok(text.clone()),
        ValueKind::List(values) => values
            .iter()
            .map(|value| match &value.kind {
                ValueKind::String(text) => Some(text.as_str()),
                _ => None,
            })
            .collect::<Option<Vec<_>>>(),
        _ => None,
    };
    texts
        .map(|texts| texts.join(";"))
        .ok_or_else(|| section.error(value.position, "a header's value must be a list of strings"))
}
