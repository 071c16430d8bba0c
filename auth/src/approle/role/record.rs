//! A role as it is stored, in Vault's JSON, and the way from its role id to it.

use std::time::Duration;

use coffer_core::mount::nanos;
use coffer_core::{Context, Failure};
use serde::{Deserialize, Serialize};

use crate::approle::ids;
use crate::names::canonical;
use crate::token_params::TokenParams;

/// One role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::approle) struct Role {
    #[serde(flatten)]
    pub(in crate::approle) token: TokenParams,
    /// As its secret ids are hashed with it; not stored.
    #[serde(skip)]
    pub(in crate::approle) name: String,
    #[serde(default)]
    pub(in crate::approle) role_id: String,
    /// Key of the HMACs of its name and its secret ids.
    #[serde(default)]
    pub(in crate::approle) hmac_key: HmacKey,
    /// Old name of `token_policies`.
    #[serde(default)]
    pub(in crate::approle) policies: Option<Vec<String>>,
    #[serde(default)]
    pub(in crate::approle) secret_id_num_uses: i64,
    #[serde(default, with = "nanos")]
    pub(in crate::approle) secret_id_ttl: Duration,
    #[serde(default)]
    pub(in crate::approle) bind_secret_id: bool,
    /// The oldest name of `secret_id_bound_cidrs`, with commas.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    bound_cidr_list: String,
    /// An old name of `secret_id_bound_cidrs`.
    #[serde(default)]
    bound_cidr_list_list: Option<Vec<String>>,
    #[serde(default)]
    pub(in crate::approle) secret_id_bound_cidrs: Option<Vec<String>>,
    /// Old name of `token_period`.
    #[serde(default, with = "nanos")]
    pub(in crate::approle) period: Duration,
    /// Whether its name is folded to lower case; old roles' are not.
    #[serde(default)]
    lower_case_role_name: bool,
    #[serde(default)]
    secret_id_prefix: SecretIdFolder,
}

/// Where the secret ids of a role lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::approle) enum SecretIdFolder {
    #[default]
    #[serde(rename = "secret_id/", alias = "")]
    Shared,
    #[serde(rename = "secret_id_local/")]
    Local,
}

impl SecretIdFolder {
    pub(in crate::approle) const ALL: [Self; 2] = [Self::Shared, Self::Local];

    pub(in crate::approle) fn secret_ids(self) -> &'static str {
        match self {
            Self::Shared => "secret_id/",
            Self::Local => "secret_id_local/",
        }
    }

    pub(in crate::approle) fn accessors(self) -> &'static str {
        match self {
            Self::Shared => "accessor/",
            Self::Local => "accessor_local/",
        }
    }
}

/// A key that is not printed.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::approle) struct HmacKey(String);

impl std::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HmacKey(..)")
    }
}

impl Drop for HmacKey {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// What leads from a role id to its role.
#[derive(Serialize, Deserialize)]
struct RoleIdEntry {
    name: String,
}

pub(super) const FOLDER: &str = "role/";

impl Role {
    /// A role that is not there yet.
    pub(super) fn new(name: &str) -> Result<Self, Failure> {
        let name = canonical(name).into_owned();
        Ok(Self { name, hmac_key: HmacKey(ids::random()?), lower_case_role_name: true, ..Self::default() })
    }

    pub(in crate::approle) fn folder(&self) -> SecretIdFolder {
        self.secret_id_prefix
    }

    /// Only before it has secret ids.
    pub(super) fn keep_secret_ids_local(&mut self) {
        self.secret_id_prefix = SecretIdFolder::Local;
    }

    pub(in crate::approle) fn secret_id_bound_cidrs(&self) -> &[String] {
        self.secret_id_bound_cidrs.as_deref().unwrap_or_default()
    }

    /// HMAC of the name, the folder of its secret ids.
    pub(in crate::approle) fn name_hmac(&self) -> Result<String, Failure> {
        ids::hmac(&self.hmac_key.0, &self.name, "role_name")
    }

    /// HMAC of one of its secret ids.
    pub(in crate::approle) fn secret_id_hmac(&self, secret_id: &str) -> Result<String, Failure> {
        ids::hmac(&self.hmac_key.0, secret_id, "secret_id")
    }

    /// Whether anything at all is asked of a login.
    pub(super) fn has_constraint(&self) -> bool {
        self.bind_secret_id || !self.secret_id_bound_cidrs().is_empty() || !self.token.bound_cidrs().is_empty()
    }

    /// Takes old names into the new ones.
    fn upgraded(mut self) -> Self {
        if !self.bound_cidr_list.is_empty() {
            let mut blocks: Vec<String> =
                self.bound_cidr_list.split(',').map(|block| block.trim().to_owned()).collect();
            blocks.retain(|block| !block.is_empty());
            blocks.sort();
            blocks.dedup();
            self.secret_id_bound_cidrs = Some(blocks);
            self.bound_cidr_list.clear();
        }
        if let Some(blocks) = self.bound_cidr_list_list.take().filter(|blocks| !blocks.is_empty()) {
            self.secret_id_bound_cidrs = Some(blocks);
        }
        if self.token.token_period.is_zero() {
            self.token.token_period = self.period;
        }
        if self.token.policies().is_empty() && self.policies.as_ref().is_some_and(|policies| !policies.is_empty()) {
            self.token.token_policies.clone_from(&self.policies);
        }
        self
    }
}

/// The role of that name, in any spelling.
pub(in crate::approle) fn find(cx: &mut Context<'_>, name: &str) -> Result<Option<Role>, Failure> {
    let stored = cx.get_json::<Role>(&path(&canonical(name)))?;
    stored.map(|role| settle(cx, name, role)).transpose()
}

/// [`find`], whatever becomes of the role meanwhile.
pub(in crate::approle) fn peek(cx: &mut Context<'_>, name: &str) -> Result<Option<Role>, Failure> {
    let Some(bytes) = cx.peek(&path(&canonical(name)))? else { return Ok(None) };
    let role = serde_json::from_slice(&bytes)
        .map_err(|_| Failure::internal("a stored role is not the record it should be"))?;
    settle(cx, name, role).map(Some)
}

fn settle(cx: &mut Context<'_>, name: &str, role: Role) -> Result<Role, Failure> {
    let name = canonical(name);
    let mut role = role.upgraded();
    role.name = name.into_owned();
    if !role.lower_case_role_name {
        // An old role's secret ids are hashed with its name as it was first spelled, which stands with its role id.
        let indexed = indexed_name(cx, &role.role_id)?;
        if let Some(spelled) = indexed.filter(|indexed| indexed.eq_ignore_ascii_case(&role.name)) {
            role.name = spelled;
        }
    }
    Ok(role)
}

/// The role that a role id leads to.
pub(in crate::approle) fn find_by_role_id(cx: &mut Context<'_>, role_id: &str) -> Result<Option<Role>, Failure> {
    let Some(name) = indexed_name(cx, role_id)? else { return Ok(None) };
    Ok(find(cx, &name)?.filter(|role| role.role_id == role_id))
}

pub(in crate::approle) fn exists(cx: &mut Context<'_>, name: &str) -> Result<bool, Failure> {
    Ok(cx.get(&path(&canonical(name)))?.is_some())
}

/// Names of roles after `after`, at most `limit`.
pub(in crate::approle) fn scan_names(cx: &Context<'_>, after: &str, limit: usize) -> Result<Vec<String>, Failure> {
    cx.list(FOLDER, after, limit)
}

/// Stores the role, and the way from its role id; `previous`: the role id it had before this change, empty for a new role.
pub(super) fn store(cx: &mut Context<'_>, role: &Role, previous: &str) -> Result<(), Failure> {
    if !role.has_constraint() {
        return Err(Failure::fault("at least one constraint should be enabled on the role"));
    }
    let indexed = indexed_name(cx, &role.role_id)?;
    if indexed.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(&role.name)) {
        return Err(Failure::fault("role_id already in use"));
    }
    if !previous.is_empty() && previous != role.role_id {
        let old = role_id_path(cx, previous)?;
        cx.delete(&old);
    }
    if indexed.is_none() {
        refresh_role_id(cx, role)?;
    }
    cx.put_json(&path(&canonical(&role.name)), role)
}

/// Writes the way from its role id to the role.
pub(super) fn refresh_role_id(cx: &mut Context<'_>, role: &Role) -> Result<(), Failure> {
    let path = role_id_path(cx, &role.role_id)?;
    cx.put_json(&path, &RoleIdEntry { name: role.name.clone() })
}

/// Removes the role and the way to it; its secret ids are the caller's business.
pub(super) fn remove(cx: &mut Context<'_>, role: &Role) -> Result<(), Failure> {
    let index = role_id_path(cx, &role.role_id)?;
    cx.delete(&index);
    cx.delete(&path(&canonical(&role.name)));
    Ok(())
}

pub(super) fn indexed_name(cx: &mut Context<'_>, role_id: &str) -> Result<Option<String>, Failure> {
    let path = role_id_path(cx, role_id)?;
    Ok(cx.get_json::<RoleIdEntry>(&path)?.map(|entry| entry.name))
}

fn path(name: &str) -> String {
    format!("{FOLDER}{name}")
}

fn role_id_path(cx: &mut Context<'_>, role_id: &str) -> Result<String, Failure> {
    Ok(format!("role_id/{}", ids::salted(cx, role_id)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const STORED: &str = r#"{"token_bound_cidrs":null,"token_explicit_max_ttl":0,"token_max_ttl":3600000000000,
        "token_no_default_policy":false,"token_num_uses":0,"token_period":0,"token_policies":["default","web"],"token_type":0,
        "token_ttl":1200000000000,"token_strictly_bind_ip":false,"role_id":"r","hmac_key":"k","policies":null,
        "secret_id_num_uses":2,"secret_id_ttl":600000000000,"bind_secret_id":true,"bound_cidr_list_list":null,
        "secret_id_bound_cidrs":null,"period":0,"lower_case_role_name":true,"secret_id_prefix":"secret_id/"}"#;

    #[test]
    fn a_record_that_vault_wrote_is_read_and_written_alike() {
        let role: Role = serde_json::from_str(STORED).unwrap();
        assert_eq!((role.secret_id_num_uses, role.folder()), (2, SecretIdFolder::Shared));
        assert_eq!(serde_json::to_value(&role).unwrap(), serde_json::from_str::<Value>(STORED).unwrap());
        assert!(!format!("{role:?}").contains("\"k\""));
    }

    #[test]
    fn old_names_are_taken_into_new_ones() {
        let old = r#"{"role_id":"r","hmac_key":"k","policies":["p"],"period":60000000000,"bound_cidr_list":"b,a,,b","bind_secret_id":true}"#;
        let role = serde_json::from_str::<Role>(old).unwrap().upgraded();
        assert_eq!(role.token.policies(), ["p"]);
        assert_eq!(role.token.token_period, Duration::from_secs(60));
        assert_eq!(role.secret_id_bound_cidrs(), ["a", "b"]);
        let old = r#"{"bound_cidr_list_list":["a"],"secret_id_prefix":""}"#;
        assert_eq!(serde_json::from_str::<Role>(old).unwrap().upgraded().secret_id_bound_cidrs(), ["a"]);
    }
}
