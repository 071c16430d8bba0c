//! Batch tokens: the record itself, sealed by the barrier, in Vault's protobuf layout.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coffer_seal::Barrier;
use prost::Message;
use zeroize::Zeroizing;

use super::id::{BATCH_PREFIX, batch_body};
use super::{StoredTokenType, TokenEntry};
use crate::{Failure, SecretText};

/// Longest token text: no header with a longer one is taken.
const MAX_TEXT: usize = 8 * 1024;

/// The parts of a token record that a batch token carries; field numbers are Vault's.
#[derive(Clone, PartialEq, Message)]
struct Sealed {
    #[prost(string, tag = "3")]
    parent: String,
    #[prost(string, repeated, tag = "4")]
    policies: Vec<String>,
    #[prost(string, tag = "5")]
    path: String,
    #[prost(btree_map = "string, string", tag = "6")]
    meta: BTreeMap<String, String>,
    #[prost(string, tag = "7")]
    display_name: String,
    #[prost(int64, tag = "9")]
    creation_time: i64,
    /// Nanoseconds.
    #[prost(int64, tag = "10")]
    ttl: i64,
    #[prost(string, tag = "12")]
    role: String,
    #[prost(string, tag = "14")]
    entity_id: String,
    #[prost(string, repeated, tag = "15")]
    bound_cidrs: Vec<String>,
    #[prost(string, tag = "16")]
    namespace_id: String,
    #[prost(uint32, tag = "18")]
    kind: u32,
    #[prost(string, tag = "20")]
    inline_policy: String,
    #[prost(bool, tag = "21")]
    no_identity_policies: bool,
}

/// Seals the record; what comes out is the token.
pub(super) fn seal(barrier: &Barrier, entry: &TokenEntry) -> Result<SecretText, Failure> {
    let sealed = Sealed {
        parent: entry.parent.expose().to_owned(),
        policies: entry.policies.clone(),
        path: entry.path.clone(),
        meta: entry.meta.clone().unwrap_or_default(),
        display_name: entry.display_name.clone(),
        creation_time: entry.creation_time,
        ttl: i64::try_from(entry.ttl.as_nanos()).unwrap_or(i64::MAX),
        role: entry.role.clone(),
        entity_id: entry.entity_id.clone(),
        bound_cidrs: entry.bound_cidrs.clone(),
        namespace_id: entry.namespace_id.clone(),
        kind: u32::from(u8::from(StoredTokenType::Batch)),
        inline_policy: entry.inline_policy.clone(),
        no_identity_policies: entry.no_identity_policies,
    };
    let plain = Zeroizing::new(sealed.encode_to_vec());
    let bytes = barrier.encrypt("", &plain).map_err(Failure::internal)?;
    let text = URL_SAFE_NO_PAD.encode(bytes);
    if text.len() > MAX_TEXT - BATCH_PREFIX.len() {
        return Err(Failure::Invalid(format!(
            "a batch token with these policies and metadata would be longer than {MAX_TEXT} bytes; make a service token"
        )));
    }
    Ok(SecretText::new(format!("{BATCH_PREFIX}{text}")))
}

/// The record in a batch token; `None` when it is no token of this cluster.
pub(super) fn open(barrier: &Barrier, token: &str) -> Option<TokenEntry> {
    let body = batch_body(token).filter(|body| body.len() <= MAX_TEXT)?;
    let bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
    let plain = barrier.decrypt("", &bytes).ok()?;
    let sealed = Sealed::decode(plain.as_slice()).ok()?;
    Some(TokenEntry {
        id: SecretText::new(token),
        accessor: String::new(),
        parent: SecretText::new(sealed.parent),
        policies: sealed.policies,
        path: sealed.path,
        meta: (!sealed.meta.is_empty()).then_some(sealed.meta),
        display_name: sealed.display_name,
        num_uses: 0,
        creation_time: sealed.creation_time,
        ttl: Duration::from_nanos(u64::try_from(sealed.ttl).unwrap_or(0)),
        explicit_max_ttl: Duration::ZERO,
        role: sealed.role,
        period: Duration::ZERO,
        kind: StoredTokenType::Batch,
        entity_id: sealed.entity_id,
        no_identity_policies: sealed.no_identity_policies,
        bound_cidrs: sealed.bound_cidrs,
        namespace_id: sealed.namespace_id,
        cubbyhole_id: String::new(),
        inline_policy: sealed.inline_policy,
    })
}
