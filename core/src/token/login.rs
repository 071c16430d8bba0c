//! From a login that an auth method vouches for to its token.

use super::{NewToken, Shown, StoredTokenType, Tokens, auth_payload, show_cidr};
use crate::active::{Active, LeaseLimits};
use crate::identity::Entity;
use crate::lease::{AliasRecord, TtlRequest, grant_ttl};
use crate::mount::Mount;
use crate::{Failure, Grant, Payload, Timestamp, TokenType, Transaction};

/// A token made by a login.
#[derive(Debug)]
pub struct LoggedIn {
    /// The `auth` of the answer.
    pub auth: Payload,
    /// The token's record.
    pub entry: super::TokenEntry,
    /// What was cut, in Vault's words.
    pub warnings: Vec<String>,
}

impl Tokens {
    /// Makes the token of a login through `mount`: its policies cleaned, `default` added, `root` refused; its life within
    /// the mount's; its kind as mount and method have it together. `entity` is that of the login, with its policies.
    #[expect(clippy::too_many_arguments, reason = "a login brings these together")]
    pub fn log_in(
        &self,
        tx: &mut Transaction,
        mount: &Mount,
        limits: LeaseLimits,
        grant: Grant,
        entity: Option<(&Entity, &[String])>,
        path: &str,
        now: Timestamp,
    ) -> Result<LoggedIn, Failure> {
        let request = TtlRequest {
            ttl: grant.ttl,
            period: grant.period,
            max_ttl: grant.max_ttl,
            explicit_max_ttl: grant.explicit_max_ttl,
            ..TtlRequest::default()
        };
        let (ttl, warnings) = grant_ttl(limits, request, now, now)?;
        let policies = coffer_policy::sanitize(&grant.policies, !grant.no_default_policy);
        let identity_policies = entity.map(|(_, policies)| policies).unwrap_or_default();
        for policy in policies.iter().chain(identity_policies) {
            if policy == coffer_policy::ROOT {
                return Err(Failure::invalid("auth methods cannot create root tokens"));
            }
            if is_not_assignable(policy) {
                return Err(Failure::Invalid(format!("cannot assign policy {policy:?}")));
            }
        }
        let kind = token_kind(grant.token_type, mount.config.token_type);
        let batch = kind == StoredTokenType::Batch;
        let source = mount.path.replace('/', "-");
        let display_name = format!("{source}{}", grant.display_name).trim_end_matches('-').to_owned();
        let alias = grant.alias.map(|alias| AliasRecord {
            mount_type: mount.type_name.clone(),
            mount_accessor: mount.accessor.clone(),
            name: alias.name,
            metadata: alias.metadata,
        });
        let new = NewToken {
            kind,
            policies,
            path: path.to_owned(),
            meta: Some(grant.metadata),
            display_name,
            num_uses: i64::try_from(grant.num_uses).unwrap_or(i64::MAX),
            ttl,
            period: grant.period,
            explicit_max_ttl: grant.explicit_max_ttl,
            shown: Shown { period: grant.period, explicit_max_ttl: grant.explicit_max_ttl },
            max_ttl: grant.max_ttl,
            renewable: grant.renewable && !batch,
            entity_id: entity.map(|(entity, _)| entity.id.clone()).unwrap_or_default(),
            alias,
            bound_cidrs: grant.bound_cidrs.iter().map(show_cidr).collect(),
            no_default_policy: grant.no_default_policy,
            internal: Some(grant.internal),
            ..NewToken::default()
        };
        let made = self.create(tx, new, now)?;
        Ok(LoggedIn { auth: auth_payload(&made.auth, identity_policies), entry: made.entry, warnings })
    }
}

impl Active {
    /// Makes entity and token of a login that a backend vouches for.
    pub(crate) fn log_in(
        &self,
        tx: &mut Transaction,
        mount: &Mount,
        grant: Grant,
        path: &str,
        now: Timestamp,
    ) -> Result<LoggedIn, Failure> {
        let entity = match &grant.alias {
            Some(alias) => Some(self.identities.of_login(tx, mount, alias, now)?),
            None => None,
        };
        let policies = match &entity {
            Some(entity) => self.identities.policies(tx, &entity.id)?,
            None => Vec::new(),
        };
        let entity = entity.as_ref().map(|entity| (entity, policies.as_slice()));
        self.tokens.log_in(tx, mount, self.settings.lease_limits(mount), grant, entity, path, now)
    }
}

/// What the method asks for, unless the mount insists.
fn token_kind(asked: TokenType, mount: TokenType) -> StoredTokenType {
    let batch = match mount {
        TokenType::Batch => true,
        TokenType::Service => false,
        TokenType::DefaultBatch => matches!(asked, TokenType::Default | TokenType::Batch | TokenType::DefaultBatch),
        TokenType::Default | TokenType::DefaultService => matches!(asked, TokenType::Batch | TokenType::DefaultBatch),
    };
    if batch { StoredTokenType::Batch } else { StoredTokenType::Service }
}

/// Policies that only the server itself gives to tokens.
pub fn is_not_assignable(policy: &str) -> bool {
    policy == "response-wrapping"
}
