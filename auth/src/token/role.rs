//! Roles that tokens are made by, in Vault's JSON.

use std::time::Duration;

use coffer_core::mount::nanos;
use coffer_core::{Context, Failure};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

/// A role. The keys without `token_` are those of old Vaults: kept so that they are read back as they were set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Role {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) token_bound_cidrs: Vec<String>,
    #[serde(with = "nanos")]
    pub(super) token_explicit_max_ttl: Duration,
    pub(super) token_no_default_policy: bool,
    pub(super) token_num_uses: i64,
    #[serde(with = "nanos")]
    pub(super) token_period: Duration,
    pub(super) token_type: RoleTokenType,
    pub(super) name: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) allowed_policies: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) disallowed_policies: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) allowed_policies_glob: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) disallowed_policies_glob: Vec<String>,
    pub(super) orphan: bool,
    #[serde(with = "nanos")]
    pub(super) period: Duration,
    pub(super) path_suffix: String,
    pub(super) renewable: bool,
    #[serde(with = "nanos")]
    pub(super) explicit_max_ttl: Duration,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) bound_cidrs: Vec<String>,
    /// `None`: never set.
    pub(super) allowed_entity_aliases: Option<Vec<String>>,
}

/// Kind of token a role gives; a number in storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub(super) enum RoleTokenType {
    /// Service, whatever is asked for.
    Service,
    /// Batch, whatever is asked for.
    Batch,
    /// As asked for, else service.
    #[default]
    DefaultService,
    /// As asked for, else batch.
    DefaultBatch,
}

impl Role {
    pub(super) fn read(cx: &mut Context<'_>, name: &str) -> Result<Option<Self>, Failure> {
        let Some(mut role) = cx.get_json::<Self>(&key(name))? else { return Ok(None) };
        // As old Vaults wrote them.
        if role.token_period.is_zero() {
            role.token_period = role.period;
        }
        if role.token_explicit_max_ttl.is_zero() {
            role.token_explicit_max_ttl = role.explicit_max_ttl;
        }
        if role.token_bound_cidrs.is_empty() {
            role.token_bound_cidrs.clone_from(&role.bound_cidrs);
        }
        Ok(Some(role))
    }

    pub(super) fn write(&self, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.put_json(&key(&self.name), self)
    }

    pub(super) fn remove(cx: &mut Context<'_>, name: &str) {
        cx.delete(&key(name));
    }

    /// Whether it says anything of policies, and so decides on them instead of the parent.
    pub(super) fn rules_policies(&self) -> bool {
        !(self.allowed_policies.is_empty()
            && self.disallowed_policies.is_empty()
            && self.allowed_policies_glob.is_empty()
            && self.disallowed_policies_glob.is_empty())
    }

    /// As the API shows it.
    pub(super) fn to_json(&self) -> Value {
        let mut data = json!({
            "period": self.period.as_secs(),
            "token_period": self.token_period.as_secs(),
            "explicit_max_ttl": self.explicit_max_ttl.as_secs(),
            "token_explicit_max_ttl": self.token_explicit_max_ttl.as_secs(),
            "disallowed_policies": self.disallowed_policies,
            "allowed_policies": self.allowed_policies,
            "disallowed_policies_glob": self.disallowed_policies_glob,
            "allowed_policies_glob": self.allowed_policies_glob,
            "name": self.name,
            "orphan": self.orphan,
            "path_suffix": self.path_suffix,
            "renewable": self.renewable,
            "token_type": self.token_type.name(),
            "allowed_entity_aliases": self.allowed_entity_aliases,
            "token_no_default_policy": self.token_no_default_policy,
        });
        if !self.token_bound_cidrs.is_empty() {
            data["token_bound_cidrs"] = json!(self.token_bound_cidrs);
        }
        if !self.bound_cidrs.is_empty() {
            data["bound_cidrs"] = json!(self.bound_cidrs);
        }
        if self.token_num_uses > 0 {
            data["token_num_uses"] = json!(self.token_num_uses);
        }
        data
    }
}

fn key(name: &str) -> String {
    format!("roles/{name}")
}

impl RoleTokenType {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "service" => Self::Service,
            "batch" => Self::Batch,
            "default-service" => Self::DefaultService,
            "default-batch" => Self::DefaultBatch,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Batch => "batch",
            Self::DefaultService => "default-service",
            Self::DefaultBatch => "default-batch",
        }
    }
}

impl From<RoleTokenType> for u8 {
    fn from(kind: RoleTokenType) -> Self {
        match kind {
            RoleTokenType::Service => 1,
            RoleTokenType::Batch => 2,
            RoleTokenType::DefaultService => 3,
            RoleTokenType::DefaultBatch => 4,
        }
    }
}

impl TryFrom<u8> for RoleTokenType {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Ok(match number {
            1 => Self::Service,
            2 => Self::Batch,
            // 0 is "default", which roles of old Vaults have.
            0 | 3 => Self::DefaultService,
            4 => Self::DefaultBatch,
            _ => return Err("unknown token type"),
        })
    }
}

fn null_as_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_vault_wrote_is_read() {
        let stored = r#"{"token_bound_cidrs":null,"token_explicit_max_ttl":0,"token_max_ttl":0,"token_no_default_policy":false,
            "token_num_uses":0,"token_period":3600000000000,"token_policies":null,"token_type":3,"token_ttl":0,
            "token_strictly_bind_ip":false,"name":"ci","allowed_policies":["a"],"disallowed_policies":null,
            "allowed_policies_glob":null,"disallowed_policies_glob":null,"orphan":true,"period":0,"path_suffix":"",
            "renewable":true,"explicit_max_ttl":0,"bound_cidrs":null,"allowed_entity_aliases":null}"#;
        let role: Role = serde_json::from_str(stored).unwrap();
        assert_eq!((role.token_period, role.token_type), (Duration::from_secs(3600), RoleTokenType::DefaultService));
        assert!(role.orphan && role.rules_policies());
        let again: Role = serde_json::from_slice(&serde_json::to_vec(&role).unwrap()).unwrap();
        assert_eq!(again, role);
    }
}
