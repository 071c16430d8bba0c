//! The `auth` of an answer.

use serde_json::{Map, Value, json};

use super::StoredTokenType;
use crate::Payload;
use crate::lease::AuthRecord;

/// What the caller is told of a token that was made or renewed. `identity_policies` are those of its entity.
pub fn auth_payload(auth: &AuthRecord, identity_policies: &[String]) -> Payload {
    let kind = StoredTokenType::try_from(auth.token_type).unwrap_or_default();
    let token_policies = coffer_policy::sanitize(&auth.token_policies, false);
    let all = coffer_policy::sanitize(token_policies.iter().chain(identity_policies), false);
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    set("client_token", json!(auth.client_token.expose()));
    set("accessor", json!(auth.accessor));
    set("policies", json!(all));
    if !token_policies.is_empty() {
        set("token_policies", json!(token_policies));
    }
    if !identity_policies.is_empty() {
        set("identity_policies", json!(identity_policies));
    }
    set("metadata", json!(auth.metadata));
    set("lease_duration", json!(auth.ttl.as_secs()));
    set("renewable", json!(auth.renewable));
    set("entity_id", json!(auth.entity_id));
    set("token_type", json!(kind.name()));
    set("orphan", json!(auth.orphan));
    set("mfa_requirement", Value::Null);
    set("num_uses", json!(auth.num_uses));
    Payload::from(map)
}
