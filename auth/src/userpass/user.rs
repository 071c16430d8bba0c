//! A user as it is stored, in Vault's JSON.

use std::time::Duration;

use coffer_core::mount::nanos;
use coffer_core::{Context, Failure};
use serde::{Deserialize, Serialize};

use super::password::PasswordHash;
use crate::names::canonical;
use crate::token_params::TokenParams;

/// One user. The old names of token parameters are kept beside the new ones, and only shown.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct User {
    #[serde(flatten)]
    pub(super) token: TokenParams,
    #[serde(default, rename = "PasswordHash")]
    pub(super) password_hash: PasswordHash,
    #[serde(default, rename = "Policies")]
    pub(super) policies: Option<Vec<String>>,
    #[serde(default, rename = "TTL", with = "nanos")]
    pub(super) ttl: Duration,
    #[serde(default, rename = "MaxTTL", with = "nanos")]
    pub(super) max_ttl: Duration,
    #[serde(default, rename = "BoundCIDRs")]
    pub(super) bound_cidrs: Option<Vec<String>>,
}

pub(super) fn find(cx: &mut Context<'_>, name: &str) -> Result<Option<User>, Failure> {
    Ok(cx.get_json::<User>(&path(name))?.map(User::with_new_names))
}

pub(super) fn store(cx: &mut Context<'_>, name: &str, user: &User) -> Result<(), Failure> {
    cx.put_json(&path(name), user)
}

pub(super) fn remove(cx: &mut Context<'_>, name: &str) {
    cx.delete(&path(name));
}

pub(super) const FOLDER: &str = "user/";

fn path(name: &str) -> String {
    format!("{FOLDER}{}", canonical(name))
}

impl User {
    /// Old records have the old names alone.
    fn with_new_names(mut self) -> Self {
        let token = &mut self.token;
        if token.token_ttl.is_zero() {
            token.token_ttl = self.ttl;
        }
        if token.token_max_ttl.is_zero() {
            token.token_max_ttl = self.max_ttl;
        }
        if token.policies().is_empty() && self.policies.is_some() {
            token.token_policies.clone_from(&self.policies);
        }
        if token.bound_cidrs().is_empty() && self.bound_cidrs.is_some() {
            token.token_bound_cidrs.clone_from(&self.bound_cidrs);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_vault_wrote_is_read() {
        let stored = r#"{"token_bound_cidrs":null,"token_explicit_max_ttl":0,"token_max_ttl":0,"token_no_default_policy":false,
            "token_num_uses":0,"token_period":0,"token_policies":null,"token_type":0,"token_ttl":0,"token_strictly_bind_ip":false,
            "PasswordHash":"JDJhJDEwJGFiYw==","Policies":["old"],"TTL":60000000000,"MaxTTL":0,"BoundCIDRs":["10.0.0.0/8"]}"#;
        let user = serde_json::from_str::<User>(stored).unwrap().with_new_names();
        assert_eq!(user.token.policies(), ["old"]);
        assert_eq!(user.token.token_ttl, Duration::from_secs(60));
        assert_eq!(user.token.bound_cidrs(), ["10.0.0.0/8"]);
        let again = serde_json::to_value(&user).unwrap();
        assert_eq!(again["PasswordHash"], "JDJhJDEwJGFiYw==");
        assert_eq!(again["TTL"], 60_000_000_000_u64);
    }

    #[test]
    fn a_user_without_a_password_is_stored_as_vault_stores_it() {
        assert!(serde_json::to_value(User::default()).unwrap()["PasswordHash"].is_null());
        assert!(!format!("{:?}", User::default()).contains("$2a$"));
    }
}
