//! Method `approle`: machines, known by a role id and a secret id.

mod ids;
mod login;
mod role;
mod secret_id;
mod tidy;

#[cfg(test)]
mod openbao_storage;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use coffer_core::framework::{Field, Kind, PathHelp, Route, RouteTable};
use coffer_core::{
    Backend, Call, Context, Cost, Existence, Failure, Grant, Operation, Progress, Response, SpecialPaths,
};

use crate::names;

/// Storage: `role/NAME` holds a role, `role_id/SALTED` its name, `secret_id/HMAC OF ROLE/HMAC` a secret id and
/// `accessor/SALTED` that HMAC; `secret_id_local/` and `accessor_local/` are the same for roles with local secret ids.
pub(crate) struct AppRole {
    routes: RouteTable<Self>,
    sweep: tidy::Sweep,
}

const ROLE_NAME: Field = Field::new("role_name", Kind::Text, "Name of the role; upper and lower case are the same.");

const PAGE: [Field; 2] =
    [Field::new("after", Kind::Text, "Begin after this one."), Field::new("limit", Kind::Int, "At most so many.")];

impl AppRole {
    pub(crate) fn new() -> Self {
        let login = Route::new("login", login::FIELDS, "Logs in with role id and secret id.")
            .on(Operation::Update, Self::log_in);
        let tidy = Route::new("tidy/secret-id", &[], "Removes expired secret ids, as happens by itself too.")
            .on(Operation::Update, Self::tidy_now);
        let mut routes = role::routes();
        routes.extend(secret_id::routes());
        routes.extend([login, tidy]);
        Self { routes: RouteTable::new(routes), sweep: tidy::Sweep::default() }
    }
}

impl Backend for AppRole {
    fn special(&self) -> SpecialPaths {
        SpecialPaths { unauthenticated: &["login"], root: &[] }
    }

    fn canonical_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        // Some of its routes take a slash more.
        match path.strip_suffix('/') {
            Some(bare) => Cow::Owned(names::canonical(bare).into_owned()),
            None => names::canonical(path),
        }
    }

    fn exists(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Existence, Failure> {
        let Some(name) = call.path.strip_prefix("role/").filter(|name| names::is_generic(name)) else {
            return Ok(Existence::NotTold);
        };
        self.routes.validate(call)?;
        Ok(if role::exists(cx, name)? { Existence::Present } else { Existence::Absent })
    }

    fn handle(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Response, Failure> {
        if !names::is_path_of(&self.routes, call.path) {
            return Err(Failure::UnsupportedPath);
        }
        if call.path == "login" {
            login::check(call)?;
        }
        self.routes.dispatch(self, cx, call)
    }

    fn cost(&self, call: &Call<'_>) -> Cost {
        // Both may go through many secret ids.
        let long = call.operation == Operation::Delete || call.path.starts_with("tidy/");
        if long { Cost::Heavy } else { Cost::Quick }
    }

    fn renew_login(&self, cx: &mut Context<'_>, grant: Grant) -> Result<Grant, Failure> {
        login::renew(cx, grant)
    }

    fn lockout_name(&self, call: &Call<'_>) -> Option<String> {
        if call.path != "login" || !call.operation.is_write() {
            return None;
        }
        login::role_id(call)
    }

    fn has_login_roles(&self) -> bool {
        true
    }

    fn login_role(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Option<String>, Failure> {
        match self.lockout_name(call) {
            Some(role_id) => Ok(role::find_by_role_id(cx, &role_id)?.map(|role| role.name)),
            None => Ok(None),
        }
    }

    fn prepare(&self, cx: &mut Context<'_>) -> Result<(), Failure> {
        ids::make_salt(cx)
    }

    fn tidy(&self, cx: &mut Context<'_>) -> Result<Progress, Failure> {
        self.tidy_step(cx)
    }

    fn paths(&self) -> Vec<PathHelp> {
        self.routes.help()
    }
}
