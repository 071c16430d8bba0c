//! `auth/token/lookup*`.

use coffer_core::framework::Matched;
use coffer_core::token::TokenEntry;
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value, json};

use super::{TokenBackend, listed};

impl TokenBackend {
    pub(super) fn look_up(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let token = matched.fields.text_or_empty("token")?;
        if token.is_empty() { self.look_up_self(cx, matched) } else { self.tell(cx, &token) }
    }

    pub(super) fn look_up_self(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let caller = matched.call.caller.ok_or(Failure::Denied)?;
        self.tell(cx, caller.entry.id.expose())
    }

    pub(super) fn look_up_accessor(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let token = self.of_accessor(cx, matched)?.ok_or_else(|| listed("invalid accessor"))?;
        let mut response = self.tell(cx, token.expose())?;
        if let coffer_core::Body::Data(data) = &mut response.body {
            data.map_mut().insert("id".to_owned(), Value::String(String::new()));
        }
        Ok(response)
    }

    fn tell(&self, cx: &mut Context<'_>, token: &str) -> Result<Response, Failure> {
        let now = cx.now();
        let (tx, active) = cx.system(&self.access);
        let bad = || Failure::DeniedBecause("bad token".to_owned());
        let entry = active.tokens.look_up(tx, token, now)?.ok_or_else(bad)?;
        let mut data = of_record(&entry);
        if let Some(lease) = active.leases.of_token(tx, &entry)? {
            if !lease.last_renewal_time.is_zero() {
                data.insert("last_renewal_time".to_owned(), json!(lease.last_renewal_time.unix()));
                data.insert("last_renewal".to_owned(), json!(lease.last_renewal_time));
            }
            if !lease.expire_time.is_zero() {
                data.insert("expire_time".to_owned(), json!(lease.expire_time));
                data.insert("ttl".to_owned(), json!(lease.seconds_left(now)));
            }
            data.insert("renewable".to_owned(), json!(lease.check_renewable(now).is_ok()));
            data.insert("issue_time".to_owned(), json!(lease.issue_time));
        }
        if !entry.entity_id.is_empty() && !entry.no_identity_policies {
            let policies = active.identities.policies(tx, &entry.entity_id)?;
            if !policies.is_empty() {
                data.insert("identity_policies".to_owned(), json!(policies));
                data.insert("external_namespace_policies".to_owned(), json!({}));
            }
        }
        Ok(Response::data(Value::Object(data)))
    }
}

/// What the record tells; never the parent, with which one could act as it.
fn of_record(entry: &TokenEntry) -> Map<String, Value> {
    let data = json!({
        "id": entry.id.expose(),
        "accessor": entry.accessor,
        "policies": entry.policies,
        "path": entry.path,
        "meta": entry.meta,
        "display_name": entry.display_name,
        "num_uses": entry.num_uses,
        "orphan": entry.is_orphan(),
        "creation_time": entry.creation_time,
        "creation_ttl": entry.ttl.as_secs(),
        "expire_time": null,
        "ttl": 0,
        "explicit_max_ttl": entry.explicit_max_ttl.as_secs(),
        "entity_id": entry.entity_id,
        "type": entry.kind.name(),
    });
    let Value::Object(mut data) = data else { return Map::new() };
    if !entry.role.is_empty() {
        data.insert("role".to_owned(), json!(entry.role));
    }
    if !entry.period.is_zero() {
        data.insert("period".to_owned(), json!(entry.period.as_secs()));
    }
    if !entry.bound_cidrs.is_empty() {
        data.insert("bound_cidrs".to_owned(), json!(entry.bound_cidrs));
    }
    data
}
