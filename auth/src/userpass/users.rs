//! Users: made, read, changed and removed.

use coffer_core::framework::{Fields, Matched};
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::Userpass;
use super::password::Wanted;
use super::user::{self, User};
use crate::token_params::{upgrade, upgrade_policies, upgrade_span};
use crate::{networks, sent};

impl Userpass {
    pub(super) fn list_users(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (after, limit) = sent::page(&matched.fields)?;
        Response::keys(cx.list(user::FOLDER, &after, limit)?)
    }

    pub(super) fn read_user(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let user = user::find(cx, matched.fields.capture("username"))?.ok_or(Failure::NotFound)?;
        let mut shown = Map::new();
        user.token.show(&mut shown);
        let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        if !user.ttl.is_zero() {
            put("ttl", json!(user.ttl.as_secs()));
        }
        if !user.max_ttl.is_zero() {
            put("max_ttl", json!(user.max_ttl.as_secs()));
        }
        if user.policies.as_ref().is_some_and(|old| !old.is_empty()) {
            put("policies", json!(user.token.policies()));
        }
        if user.bound_cidrs.as_ref().is_some_and(|old| !old.is_empty()) {
            put("bound_cidrs", json!(user.bound_cidrs));
        }
        Ok(Response::data(Value::Object(shown)))
    }

    pub(super) fn write_user(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (fields, name) = (&matched.fields, matched.fields.capture("username"));
        let sent = Sent::of(fields)?;
        let mut user = match user::find(cx, name)? {
            Some(user) => user,
            None => {
                sent.wanted().check()?;
                User::default()
            }
        };
        user.token.parse(fields)?;
        if !sent.wanted().is_nothing() {
            user.password_hash = sent.wanted().hash()?;
        }
        upgrade_policies(fields, &mut user.policies, &mut user.token.token_policies)?;
        upgrade_span(fields, ("ttl", "token_ttl"), &mut user.ttl, &mut user.token.token_ttl)?;
        upgrade_span(fields, ("max_ttl", "token_max_ttl"), &mut user.max_ttl, &mut user.token.token_max_ttl)?;
        let (new_was_sent, old_was_sent) = (fields.has("token_bound_cidrs"), fields.has("bound_cidrs"));
        let given = || Ok(Some(networks::addresses(&sent::list(fields, "bound_cidrs")?.unwrap_or_default())?));
        upgrade(new_was_sent, old_was_sent, given, &mut user.bound_cidrs, &mut user.token.token_bound_cidrs)?;
        user::store(cx, name, &user)?;
        Ok(Response::empty())
    }

    pub(super) fn delete_user(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        user::remove(cx, matched.fields.capture("username"));
        Ok(Response::empty())
    }

    pub(super) fn write_password(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let name = matched.fields.capture("username");
        let mut user = existing(cx, name)?;
        user.password_hash = Sent::of(&matched.fields)?.wanted().hash()?;
        user::store(cx, name, &user)?;
        Ok(Response::empty())
    }

    pub(super) fn write_policies(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (fields, name) = (&matched.fields, matched.fields.capture("username"));
        let mut user = existing(cx, name)?;
        if let Some(names) = sent::list(fields, "token_policies")? {
            user.token.token_policies = Some(coffer_policy::sanitize(names, false));
        }
        upgrade_policies(fields, &mut user.policies, &mut user.token.token_policies)?;
        user::store(cx, name, &user)?;
        Ok(Response::empty())
    }
}

fn existing(cx: &mut Context<'_>, name: &str) -> Result<User, Failure> {
    user::find(cx, name)?.ok_or_else(|| Failure::fault("username does not exist"))
}

/// Password and hash of a write.
struct Sent {
    password: Zeroizing<String>,
    hash: Zeroizing<String>,
}

impl Sent {
    fn of(fields: &Fields<'_>) -> Result<Self, Failure> {
        let text = |name| Ok::<_, Failure>(Zeroizing::new(sent::text(fields, name)?.unwrap_or_default()));
        Ok(Self { password: text("password")?, hash: text("password_hash")? })
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { password: &self.password, hash: &self.hash }
    }
}
