//! What an auth method vouches for, and the token parameters that roles and users of all methods share.

use std::collections::BTreeMap;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::Payload;

/// A caller whom an auth method has recognised. The pipeline adds `default`, the entity, and makes the token.
#[derive(Debug, Default)]
pub struct Grant {
    /// Policies from the method; cleaned again by the pipeline, which refuses `root`.
    pub policies: Vec<String>,
    /// Leave `default` out.
    pub no_default_policy: bool,
    /// Shown with the token and kept in the audit log.
    pub metadata: BTreeMap<String, String>,
    /// Prefixed with the mount's path by the pipeline.
    pub display_name: String,
    /// Who it is, for the entity; `None`: no entity is made.
    pub alias: Option<Alias>,
    /// Wanted life; zero: the mount's default.
    pub ttl: Duration,
    /// Longest life through renewals; zero: the mount's maximum.
    pub max_ttl: Duration,
    /// Hard end, whatever is renewed; zero: none.
    pub explicit_max_ttl: Duration,
    /// Renewable for ever in steps of this; zero: not periodic.
    pub period: Duration,
    /// Whether the token can be renewed.
    pub renewable: bool,
    /// Uses before it ends; 0: unlimited.
    pub num_uses: u64,
    /// Kind of token wanted.
    pub token_type: TokenType,
    /// Addresses it may be used from; empty: all.
    pub bound_cidrs: Vec<IpNet>,
    /// Kept with the token's lease and given to [`crate::Backend::renew_login`]; never shown.
    pub internal: Payload,
}

/// Who a caller is within one auth mount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alias {
    /// User name, role id and so on; canonical spelling.
    pub name: String,
    /// Kept with the alias.
    pub metadata: BTreeMap<String, String>,
}

/// Kind of token. On a mount or role `Default*` leave the choice to the login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenType {
    /// As the mount says.
    #[default]
    #[serde(rename = "default")]
    Default,
    /// Stored, with a lease.
    #[serde(rename = "service")]
    Service,
    /// Encrypted into itself, not stored.
    #[serde(rename = "batch")]
    Batch,
    /// Service unless the role asks for batch.
    #[serde(rename = "default-service")]
    DefaultService,
    /// Batch unless the role asks for service.
    #[serde(rename = "default-batch")]
    DefaultBatch,
}

impl TokenType {
    /// Vault's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Service => "service",
            Self::Batch => "batch",
            Self::DefaultService => "default-service",
            Self::DefaultBatch => "default-batch",
        }
    }
}
