//! `response` of an entry.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::auth::{Auth, Holder};
use super::data::{Elided, Raw, Shown};
use super::mount::mount;
use super::{Entry, put};
use crate::entry::timestamp::rfc3339_nanos;
use crate::facts::{ResponseFacts, WrapFacts};

pub(super) struct Response<'a> {
    pub(super) entry: &'a Entry<'a>,
    pub(super) response: &'a ResponseFacts<'a>,
}

impl Serialize for Response<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { entry, response } = *self;
        let mut out = serializer.serialize_map(None)?;
        put!(out, "auth", maybe response.auth.map(|auth| Auth { entry, auth, of: Holder::Answer }));
        mount::<S>(&mut out, &entry.facts.request.mount, "mount_running_plugin_version")?;
        put!(out, "secret", maybe response.lease_id.map(Secret));
        self.data::<S>(&mut out)?;
        put!(out, "warnings", text response.warnings);
        put!(out, "redirect", text response.redirect);
        put!(out, "wrap_info", maybe response.wrap_info.map(|wrap| Wrap { entry, wrap }));
        let headers = Some(ResponseHeaders(response.headers)).filter(|all| !all.0.is_empty());
        put!(out, "headers", maybe headers);
        out.end()
    }
}

impl Response<'_> {
    fn data<S: Serializer>(&self, out: &mut S::SerializeMap) -> Result<(), S::Error> {
        let Self { entry, response } = *self;
        let mask = entry.mask(entry.facts.non_hmac_response_keys);
        if let Some(body) = response.raw {
            return out.serialize_entry("data", &Raw { body, mask });
        }
        let Some(data) = response.data.filter(|data| !data.is_empty()) else { return Ok(()) };
        let lists = matches!(entry.facts.request.operation, "list" | "scan");
        if entry.format.elide_list_responses && lists {
            out.serialize_entry("data", &Elided { data, mask })
        } else {
            out.serialize_entry("data", &Shown { entry, data, mask })
        }
    }
}

struct Secret<'a>(&'a str);

impl Serialize for Secret<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        put!(out, "lease_id", text self.0);
        out.end()
    }
}

struct Wrap<'a> {
    entry: &'a Entry<'a>,
    wrap: WrapFacts<'a>,
}

impl Serialize for Wrap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { entry, wrap } = self;
        let mut out = serializer.serialize_map(None)?;
        put!(out, "ttl", number wrap.ttl);
        put!(out, "token", text entry.token(wrap.token));
        put!(out, "accessor", text entry.accessor(wrap.accessor));
        out.serialize_entry("creation_time", &rfc3339_nanos(wrap.creation_time))?;
        put!(out, "creation_path", text wrap.creation_path);
        put!(out, "wrapped_accessor", text entry.accessor(wrap.wrapped_accessor));
        out.end()
    }
}

struct ResponseHeaders<'a>(&'a [(&'static str, String)]);

impl Serialize for ResponseHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut by_name = std::collections::BTreeMap::<_, Vec<&str>>::new();
        for (name, value) in self.0 {
            by_name.entry(name).or_default().push(value);
        }
        serializer.collect_map(by_name)
    }
}
