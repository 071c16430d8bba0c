//! `request` of an entry.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::data::Shown;
use super::mount::mount;
use super::{Entry, put};
use crate::entry::hidden::Hidden;

pub(super) struct Request<'a>(pub(super) &'a Entry<'a>);

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (entry, facts) = (self.0, &self.0.facts.request);
        let mut out = serializer.serialize_map(None)?;
        put!(out, "id", text facts.id);
        put!(out, "client_id", text facts.client_id);
        put!(out, "replication_cluster", text facts.replication_cluster);
        put!(out, "operation", text facts.operation);
        mount::<S>(&mut out, &facts.mount, "mount_running_version")?;
        put!(out, "client_token", text entry.token(facts.client_token));
        put!(out, "client_token_accessor", text entry.accessor(facts.client_token_accessor));
        out.serialize_entry("namespace", &RootNamespace)?;
        put!(out, "path", text facts.path);
        put!(out, "data", maybe facts.data.filter(|data| !data.is_empty()).map(|data| Shown {
            entry, data, mask: entry.mask(entry.facts.non_hmac_request_keys),
        }));
        put!(out, "policy_override", flag facts.policy_override);
        put!(out, "remote_address", text facts.remote_address);
        put!(out, "remote_port", number facts.remote_port);
        put!(out, "wrap_ttl", number facts.wrap_ttl);
        put!(out, "headers", maybe logged_headers(entry));
        put!(out, "client_certificate_serial_number", text facts.client_certificate_serial_number);
        out.end()
    }
}

struct RootNamespace;

impl Serialize for RootNamespace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(1))?;
        out.serialize_entry("id", "root")?;
        out.end()
    }
}

fn logged_headers<'a>(entry: &'a Entry<'a>) -> Option<LoggedHeaders<'a>> {
    let sent = entry.facts.request.headers;
    let named = |name: &str| sent.iter().any(|(sent, _)| sent == name);
    entry.headers.iter().any(|(name, _)| named(name)).then_some(LoggedHeaders(entry))
}

struct LoggedHeaders<'a>(&'a Entry<'a>);

impl Serialize for LoggedHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        for (name, hmac) in self.0.headers.iter() {
            // Hidden on devices that log raw too, as Vault does.
            let salt = hmac.then_some(&self.0.format.salt);
            let sent = self.0.facts.request.headers.iter().filter(|(sent, _)| sent == name);
            let values: Vec<_> = sent.map(|(_, text)| Hidden { text, salt }).collect();
            if !values.is_empty() {
                out.serialize_entry(name, &values)?;
            }
        }
        out.end()
    }
}
