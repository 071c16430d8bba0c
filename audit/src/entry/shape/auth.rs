//! A token in an entry.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Entry, put};
use crate::entry::timestamp::rfc3339_seconds;
use crate::facts::{AuthFacts, PolicyResults};

/// Whose token it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// The request was made with it.
    Caller,
    /// The answer gives it out.
    Answer,
}

pub(super) struct Auth<'a> {
    pub(super) entry: &'a Entry<'a>,
    pub(super) auth: &'a AuthFacts<'a>,
    pub(super) of: Holder,
}

impl Serialize for Auth<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { entry, auth, of } = *self;
        let caller = of == Holder::Caller;
        let mut out = serializer.serialize_map(None)?;
        put!(out, "client_token", text entry.token(auth.client_token));
        put!(out, "accessor", text entry.accessor(auth.accessor));
        put!(out, "display_name", text auth.display_name);
        put!(out, "policies", text auth.policies);
        put!(out, "token_policies", text auth.token_policies);
        put!(out, "identity_policies", text auth.identity_policies);
        put!(out, "no_default_policy", flag auth.no_default_policy);
        put!(out, "policy_results", maybe auth.policy_results.filter(|_| caller).map(Results));
        put!(out, "metadata", maybe Some(Pairs(auth.metadata)).filter(|pairs| !pairs.0.is_empty()));
        if caller {
            put!(out, "remaining_uses", number entry.facts.request.client_token_remaining_uses);
        } else {
            put!(out, "num_uses", number auth.num_uses);
        }
        put!(out, "entity_id", text auth.entity_id);
        put!(out, "entity_created", flag caller && entry.response.is_some() && auth.entity_created);
        let kind = if auth.token_type.is_empty() { "default" } else { auth.token_type };
        out.serialize_entry("token_type", kind)?;
        put!(out, "token_ttl", number auth.token_ttl);
        put!(out, "token_issue_time", maybe auth.token_issue_time.map(rfc3339_seconds));
        out.end()
    }
}

struct Results<'a>(PolicyResults<'a>);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("allowed", &self.0.allowed)?;
        if !self.0.granting_policies.is_empty() {
            out.serialize_entry("granting_policies", &Granting(self.0.granting_policies))?;
        }
        out.end()
    }
}

struct Granting<'a>(&'a [&'a str]);

impl Serialize for Granting<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Policy<'a> {
            name: &'a str,
            namespace_id: &'a str,
            r#type: &'a str,
        }
        let mut out = serializer.serialize_seq(Some(self.0.len()))?;
        for name in self.0 {
            out.serialize_element(&Policy { name, namespace_id: "root", r#type: "acl" })?;
        }
        out.end()
    }
}

struct Pairs<'a>(&'a [(String, String)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
