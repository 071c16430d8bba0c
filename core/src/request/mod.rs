//! A request as `core` sees it: parsed and bounded by `api`, not yet allowed anything.

mod operation;

use std::net::IpAddr;
use std::time::Duration;

pub use operation::Operation;

use crate::{Payload, SecretText};

/// One request of one caller. It is never changed on its way; what a backend gets is a [`crate::Call`] on it.
#[derive(Debug)]
pub struct Request {
    /// Random UUID, given back to the caller and kept in the audit log.
    pub id: String,
    /// What is to be done. `api` gives [`Operation::Update`] for PUT and POST; the pipeline finds out whether it creates.
    pub operation: Operation,
    /// Path below `/v1/`, decoded once, canonical: no empty, `.` or `..` segment.
    pub path: String,
    /// Body and query parameters.
    pub data: Payload,
    /// What the caller sent as token, before anybody looked whether it is one.
    pub token: Option<SecretText>,
    /// The other end of the connection; `None` on a unix socket.
    pub remote: Option<Remote>,
    /// Wish to get the answer as a wrapping token.
    pub wrap: Option<WrapRequest>,
    /// Headers that audit devices may be told to record, and those that mounts may be let through; lower case names.
    pub headers: Vec<(String, String)>,
    /// `X-Vault-Policy-Override`.
    pub policy_override: bool,
    /// The body was sent as `application/merge-patch+json`.
    pub merge_patch: bool,
}

/// Address and port of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// IPv4-mapped IPv6 addresses are given as IPv4.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
}

/// What `X-Vault-Wrap-TTL` and `X-Vault-Wrap-Format` ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrapRequest {
    /// Life of the wrapping token; above zero.
    pub ttl: Duration,
}
