//! Logging in, and whether a login may be renewed.

use std::collections::BTreeMap;

use coffer_core::framework::Matched;
use coffer_core::{Alias, Context, Failure, Grant, Response};
use zeroize::Zeroizing;

use super::Userpass;
use super::password::PasswordHash;
use super::user;
use crate::{names, networks, sent};

const USERNAME: &str = "username";

impl Userpass {
    pub(super) fn log_in(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let name = names::canonical(matched.fields.capture(USERNAME)).into_owned();
        let password = Zeroizing::new(sent::text(&matched.fields, "password")?.unwrap_or_default());
        if password.is_empty() {
            return Err(Failure::fault("missing password"));
        }
        let found = user::find(cx, &name)?;
        let fits = PasswordHash::fits(found.as_ref().map(|user| &user.password_hash), &password);
        let Some(user) = found.filter(|_| fits) else {
            return Err(Failure::BadCredentials("invalid username or password".to_owned()));
        };
        let remote = matched.call.request.remote.map(|remote| remote.address);
        if !networks::admits(user.token.bound_cidrs(), remote) {
            return Err(Failure::Denied);
        }
        Ok(Response::login(Grant {
            metadata: BTreeMap::from([(USERNAME.to_owned(), name.clone())]),
            display_name: name.clone(),
            alias: Some(Alias { name, metadata: BTreeMap::new() }),
            ..user.token.grant(remote)?
        }))
    }
}

pub(super) fn renew(cx: &mut Context<'_>, mut grant: Grant) -> Result<Grant, Failure> {
    let name = grant.metadata.get(USERNAME).map(String::as_str).unwrap_or_default();
    let user = user::find(cx, name)?.ok_or(Failure::NotFound)?;
    if !coffer_policy::equivalent(user.token.policies(), &grant.policies) {
        return Err(Failure::fault("policies have changed, not renewing"));
    }
    user.token.renew(&mut grant);
    Ok(grant)
}
