//! What of a request and its answer the devices are told; borrowed from them, nothing is copied but a few numbers.

use coffer_audit::{AuthFacts, LogFacts, MountFacts, PolicyResults, RawBody, RequestFacts, ResponseFacts, WrapFacts};
use serde_json::{Map, Value};

use super::nanos;
use crate::active::Active;
use crate::pipeline::Trail;
use crate::token::Caller;
use crate::{Body, Failure, Granted, Lease, Request, Response, Timestamp};

pub(super) fn with_request<T>(
    active: &Active,
    request: &Request,
    trail: &Trail,
    error: Option<&Failure>,
    log: impl FnOnce(&LogFacts<'_>) -> T,
) -> T {
    let error = error.map(ToString::to_string).unwrap_or_default();
    with_facts(active, request, trail, &error, log)
}

pub(super) fn with_response<T>(
    active: &Active,
    request: &Request,
    trail: &Trail,
    result: &Result<Response, Failure>,
    log: impl FnOnce(&LogFacts<'_>, &ResponseFacts<'_>) -> T,
) -> T {
    let (response, error) = match result {
        Ok(response) => (Some(response), String::new()),
        Err(Failure::Gone(response)) => (Some(&**response), String::new()),
        Err(failure) => (None, failure.to_string()),
    };
    let empty = Map::new();
    let payload = match response.and_then(|response| response.auth.as_deref()) {
        Some(Granted::Token(payload)) => Some(payload.map()),
        _ => None,
    };
    let shown = payload.map(GrantedView::of);
    let auth = shown.as_ref().zip(payload).map(|(view, payload)| view.facts(payload));
    with_facts(active, request, trail, &error, |facts| {
        let mut told = ResponseFacts { auth: auth.as_ref(), ..ResponseFacts::default() };
        if let Some(response) = response {
            told.data = response.payload().map(|payload| payload.map()).filter(|data| *data != &empty);
            told.warnings = &response.warnings;
            told.headers = &response.headers;
            if let Lease::Standing { id, .. } = &response.lease {
                told.lease_id = Some(id);
            }
            if let Body::Raw(raw) = &response.body {
                told.raw = Some(RawBody { status: raw.status, content_type: raw.content_type, bytes: &raw.bytes });
            }
            told.wrap_info = response.wrap.as_deref().map(|info| WrapFacts {
                ttl: info.ttl,
                token: info.token.expose(),
                accessor: &info.accessor,
                creation_time: nanos(info.creation_time),
                creation_path: &info.creation_path,
                wrapped_accessor: info.wrapped_accessor.as_deref().unwrap_or_default(),
            });
        }
        log(facts, &told)
    })
}

fn with_facts<T>(
    active: &Active,
    request: &Request,
    trail: &Trail,
    error: &str,
    log: impl FnOnce(&LogFacts<'_>) -> T,
) -> T {
    let address = request.remote.map(|remote| remote.address.to_string()).unwrap_or_default();
    let running_version = format!("v{}+builtin.coffer", active.settings.version.split('+').next().unwrap_or_default());
    let api_path = trail.mounted.as_ref().map(|mounted| mounted.mount.api_path()).unwrap_or_default();
    let mount = trail.mounted.as_ref().map(|mounted| &mounted.mount);
    let view = trail.caller.as_ref().map(CallerView::of);
    let granting: Vec<&str> = trail.granting.iter().map(AsRef::as_ref).collect();
    let auth = view.as_ref().zip(trail.caller.as_ref()).map(|(view, caller)| {
        let results = trail.allowed.map(|allowed| PolicyResults { allowed, granting_policies: &granting });
        view.facts(caller, results)
    });
    log(&LogFacts {
        auth: auth.as_ref(),
        request: RequestFacts {
            id: &request.id,
            operation: request.operation.name(),
            mount: mount.map_or_else(MountFacts::default, |mount| MountFacts {
                point: &api_path,
                kind: &mount.type_name,
                accessor: &mount.accessor,
                running_version: &running_version,
                class: match mount.kind {
                    crate::mount::MountKind::Secrets => "secret",
                    crate::mount::MountKind::Auth => "auth",
                },
                ..MountFacts::default()
            }),
            client_token: request.token.as_ref().map(|token| token.expose()).unwrap_or_default(),
            client_token_accessor: trail
                .caller
                .as_ref()
                .map(|caller| caller.entry.accessor.as_str())
                .unwrap_or_default(),
            client_token_remaining_uses: trail.uses_left,
            path: &request.path,
            data: Some(request.data.map()).filter(|data| !data.is_empty()),
            policy_override: request.policy_override,
            remote_address: &address,
            remote_port: request.remote.map(|remote| remote.port).unwrap_or_default(),
            wrap_ttl: request.wrap.map(|wrap| wrap.ttl.as_secs()).unwrap_or_default(),
            headers: &request.headers,
            ..RequestFacts::default()
        },
        error,
        non_hmac_request_keys: mount
            .map(|mount| mount.config.audit_non_hmac_request_keys.as_slice())
            .unwrap_or_default(),
        non_hmac_response_keys: mount
            .map(|mount| mount.config.audit_non_hmac_response_keys.as_slice())
            .unwrap_or_default(),
    })
}

/// The parts of a caller that have to be put together before they can be borrowed.
struct CallerView {
    policies: Vec<String>,
    metadata: Vec<(String, String)>,
}

impl CallerView {
    fn of(caller: &Caller) -> Self {
        let mut policies = caller.entry.policies.clone();
        policies.extend(caller.identity_policies.iter().cloned());
        policies.sort();
        policies.dedup();
        let metadata = caller.entry.meta.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
        Self { policies, metadata }
    }

    fn facts<'a>(&'a self, caller: &'a Caller, results: Option<PolicyResults<'a>>) -> AuthFacts<'a> {
        let entry = &caller.entry;
        AuthFacts {
            client_token: entry.id.expose(),
            accessor: &entry.accessor,
            display_name: &entry.display_name,
            policies: &self.policies,
            token_policies: &entry.policies,
            identity_policies: &caller.identity_policies,
            policy_results: results,
            metadata: &self.metadata,
            entity_id: &entry.entity_id,
            token_type: entry.kind.name(),
            token_ttl: entry.ttl.as_secs(),
            token_issue_time: Timestamp::from_unix(entry.creation_time).map(nanos),
            ..AuthFacts::default()
        }
    }
}

/// A token as the answer shows it.
struct GrantedView {
    policies: Vec<String>,
    token_policies: Vec<String>,
    metadata: Vec<(String, String)>,
}

impl GrantedView {
    fn of(payload: &Map<String, Value>) -> Self {
        let texts = |name: &str| {
            let list = payload.get(name).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let metadata = payload.get("metadata").and_then(Value::as_object).into_iter().flatten();
        Self {
            policies: texts("policies"),
            token_policies: texts("token_policies"),
            metadata: metadata.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect(),
        }
    }

    fn facts<'a>(&'a self, payload: &'a Map<String, Value>) -> AuthFacts<'a> {
        let text = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| payload.get(name).and_then(Value::as_u64).unwrap_or_default();
        AuthFacts {
            client_token: text("client_token"),
            accessor: text("accessor"),
            policies: &self.policies,
            token_policies: &self.token_policies,
            metadata: &self.metadata,
            num_uses: number("num_uses"),
            entity_id: text("entity_id"),
            token_type: text("token_type"),
            token_ttl: number("lease_duration"),
            ..AuthFacts::default()
        }
    }
}
