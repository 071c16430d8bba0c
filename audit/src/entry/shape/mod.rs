//! The keys of an entry, in Vault's order; what is empty is left out.

mod auth;
mod data;
mod mount;
mod put;
mod request;
mod response;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Format;
use super::hidden::{Hidden, Mask};
use super::timestamp::rfc3339_nanos;
use crate::facts::{LogFacts, ResponseFacts, UnixNanos};
use crate::headers::HeaderRules;

use auth::{Auth, Holder};
use put::put;
use request::Request;
use response::Response;

pub(super) struct Entry<'a> {
    pub(super) format: &'a Format,
    pub(super) headers: &'a HeaderRules,
    pub(super) facts: &'a LogFacts<'a>,
    /// Given: the entry of a response.
    pub(super) response: Option<&'a ResponseFacts<'a>>,
    pub(super) now: UnixNanos,
    pub(super) data: DataForm,
}

/// How data is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DataForm {
    /// Key by key.
    Full,
    /// By size and HMAC, where it is too large.
    Digest,
}

impl<'a> Entry<'a> {
    fn token(&self, text: &'a str) -> Hidden<'a> {
        Hidden { text, salt: (!self.format.raw).then_some(&self.format.salt) }
    }

    fn accessor(&self, text: &'a str) -> Hidden<'a> {
        let hide = !self.format.raw && self.format.hmac_accessor;
        Hidden { text, salt: hide.then_some(&self.format.salt) }
    }

    fn mask(&self, clear_keys: &'a [String]) -> Option<Mask<'a>> {
        (!self.format.raw).then_some(Mask { salt: &self.format.salt, clear_keys })
    }
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        let kind = if self.response.is_some() { "response" } else { "request" };
        out.serialize_entry("time", &rfc3339_nanos(self.now))?;
        out.serialize_entry("type", kind)?;
        let auth = self.facts.auth.copied().unwrap_or_default();
        out.serialize_entry("auth", &Auth { entry: self, auth: &auth, of: Holder::Caller })?;
        out.serialize_entry("request", &Request(self))?;
        put!(out, "response", maybe self.response.map(|response| Response { entry: self, response }));
        put!(out, "error", text self.facts.error);
        let forwarded_from = self.facts.request.forwarded_from;
        if self.response.is_some() {
            put!(out, "forwarded", flag !forwarded_from.is_empty());
        } else {
            put!(out, "forwarded_from", text forwarded_from);
        }
        out.end()
    }
}
