//! What the caller tells about a request and its answer, all borrowed: nothing is copied to be audited.
//!
//! None of these types has `Debug`: they point at secrets.

use serde_json::{Map, Value};

/// Nanoseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixNanos(pub i128);

impl UnixNanos {
    /// The system clock.
    pub fn now() -> Self {
        Self(time::OffsetDateTime::now_utc().unix_timestamp_nanos())
    }
}

/// A JSON object, as bodies are.
pub type Data = Map<String, Value>;

/// What both entries of a request tell, `request` and `response`.
#[derive(Clone, Copy, Default)]
pub struct LogFacts<'a> {
    /// The token behind the request, or what a login made; `None` where there is none (yet).
    pub auth: Option<&'a AuthFacts<'a>>,
    /// The request.
    pub request: RequestFacts<'a>,
    /// Why it failed, in clear: must never hold a value of the request. Empty when it did not fail.
    pub error: &'a str,
    /// Keys of the request's data whose values are logged in clear (mount tuning).
    pub non_hmac_request_keys: &'a [String],
    /// Keys of the answer's data whose values are logged in clear (mount tuning).
    pub non_hmac_response_keys: &'a [String],
}

/// A request. Empty texts, zeros and `None` are left out of the entry.
#[derive(Clone, Copy, Default)]
pub struct RequestFacts<'a> {
    /// Random id that ties the two entries of a request together.
    pub id: &'a str,
    /// Whom the request is counted for.
    pub client_id: &'a str,
    /// Name of the replication cluster.
    pub replication_cluster: &'a str,
    /// `read`, `update`, ...
    pub operation: &'a str,
    /// The mount it went to, if any.
    pub mount: MountFacts<'a>,
    /// Token as sent; hidden unless the device logs raw.
    pub client_token: &'a str,
    /// Its accessor; hidden unless the device says otherwise.
    pub client_token_accessor: &'a str,
    /// Uses that were left of the token before this request; 0 where they are not counted.
    pub client_token_remaining_uses: u64,
    /// Path below `/v1/`.
    pub path: &'a str,
    /// Body and query parameters.
    pub data: Option<&'a Data>,
    /// The caller asked to override soft policies.
    pub policy_override: bool,
    /// Address of the caller.
    pub remote_address: &'a str,
    /// Port of the caller.
    pub remote_port: u16,
    /// Wanted life of the wrapping token, in seconds.
    pub wrap_ttl: u64,
    /// Headers with lower-case names; only those the [`crate::HeaderRules`] name are logged.
    pub headers: &'a [(String, String)],
    /// Serial number of the client's certificate, decimal.
    pub client_certificate_serial_number: &'a str,
    /// The node that forwarded the request.
    pub forwarded_from: &'a str,
}

/// A mount.
#[derive(Clone, Copy, Default)]
pub struct MountFacts<'a> {
    /// `secret/`, `auth/token/`.
    pub point: &'a str,
    /// `kv`, `token`, `system`.
    pub kind: &'a str,
    /// `kv_9a4d50ac`.
    pub accessor: &'a str,
    /// `v0.1.0+builtin.vault`.
    pub running_version: &'a str,
    /// SHA-256 of an external plugin.
    pub running_sha256: &'a str,
    /// `secret` or `auth`.
    pub class: &'a str,
    /// Whether it is a plugin from outside.
    pub is_external_plugin: bool,
}

/// A token, as the request's own or as the answer's.
#[derive(Clone, Copy, Default)]
pub struct AuthFacts<'a> {
    /// Token; hidden unless the device logs raw.
    pub client_token: &'a str,
    /// Accessor; hidden unless the device says otherwise.
    pub accessor: &'a str,
    /// Display name.
    pub display_name: &'a str,
    /// All policies.
    pub policies: &'a [String],
    /// Those of the token.
    pub token_policies: &'a [String],
    /// Those of the entity.
    pub identity_policies: &'a [String],
    /// The token was made without `default`.
    pub no_default_policy: bool,
    /// What the ACL said; only on the request's own token.
    pub policy_results: Option<PolicyResults<'a>>,
    /// Metadata, logged in clear as Vault does, sorted by key.
    pub metadata: &'a [(String, String)],
    /// Uses the token is limited to; only on the answer's.
    pub num_uses: u64,
    /// Entity.
    pub entity_id: &'a str,
    /// The login made the entity.
    pub entity_created: bool,
    /// `service`, `batch`; empty means `default`.
    pub token_type: &'a str,
    /// Life in seconds.
    pub token_ttl: u64,
    /// When it was made.
    pub token_issue_time: Option<UnixNanos>,
}

/// What the ACL said to a request.
#[derive(Clone, Copy, Default)]
pub struct PolicyResults<'a> {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Names of the ACL policies that allow it.
    pub granting_policies: &'a [&'a str],
}

/// An answer. Empty texts and `None` are left out of the entry.
#[derive(Clone, Copy, Default)]
pub struct ResponseFacts<'a> {
    /// The token it gives out.
    pub auth: Option<&'a AuthFacts<'a>>,
    /// The lease of its secret.
    pub lease_id: Option<&'a str>,
    /// Its data.
    pub data: Option<&'a Data>,
    /// What it is instead of a JSON object.
    pub raw: Option<RawBody<'a>>,
    /// Warnings, logged in clear: must never hold a value of the request.
    pub warnings: &'a [String],
    /// Where it sends the caller.
    pub redirect: &'a str,
    /// The wrapping token the answer was put into.
    pub wrap_info: Option<WrapFacts<'a>>,
    /// Further HTTP headers, logged in clear.
    pub headers: &'a [(&'static str, String)],
}

/// An answer that is no JSON object: logged as data with Vault's three keys.
#[derive(Clone, Copy)]
pub struct RawBody<'a> {
    /// HTTP status.
    pub status: u16,
    /// MIME type.
    pub content_type: &'a str,
    /// The bytes; hidden as one value.
    pub bytes: &'a [u8],
}

/// A wrapping token.
#[derive(Clone, Copy)]
pub struct WrapFacts<'a> {
    /// Life in seconds.
    pub ttl: u64,
    /// Token; hidden unless the device logs raw.
    pub token: &'a str,
    /// Accessor; hidden unless the device says otherwise.
    pub accessor: &'a str,
    /// When it was made.
    pub creation_time: UnixNanos,
    /// Path of the request whose answer it holds.
    pub creation_path: &'a str,
    /// Accessor of the token inside, if one is; hidden unless the device says otherwise.
    pub wrapped_accessor: &'a str,
}
