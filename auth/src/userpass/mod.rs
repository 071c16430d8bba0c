//! Method `userpass`: callers with a name and a password.

mod login;
mod password;
mod user;
mod users;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use coffer_core::framework::{Field, Kind, PathHelp, Route, RouteTable};
use coffer_core::{Backend, Call, Context, Cost, Existence, Failure, Grant, Operation, Response, SpecialPaths};

use crate::names;
use crate::token_params::{TOKEN_FIELDS, join};

/// Storage: `user/NAME` holds a user.
pub(crate) struct Userpass {
    routes: RouteTable<Self>,
}

const USERNAME: Field = Field::new("username", Kind::Text, "Name of the user; upper and lower case are the same.");
const PASSWORD: Field = Field::new("password", Kind::Text, "Password of the user.");
const PASSWORD_HASH: Field = Field::new("password_hash", Kind::Text, "bcrypt hash of the password, instead of it.");
const POLICIES: Field = Field::new("policies", Kind::CommaList, "Old name of token_policies.");
const TOKEN_POLICIES: Field = Field::new("token_policies", Kind::CommaList, "Policies of the token.");

static USER_FIELDS: [Field; 17] = join(
    [
        USERNAME,
        PASSWORD,
        PASSWORD_HASH,
        POLICIES,
        Field::new("ttl", Kind::Duration, "Old name of token_ttl."),
        Field::new("max_ttl", Kind::Duration, "Old name of token_max_ttl."),
        Field::new("bound_cidrs", Kind::CommaList, "Old name of token_bound_cidrs."),
    ],
    TOKEN_FIELDS,
);

const LIST_FIELDS: &[Field] = &[
    Field::new("after", Kind::Text, "Begin after this name."),
    Field::new("limit", Kind::Int, "At most so many names."),
];

impl Userpass {
    pub(crate) fn new() -> Self {
        let user = Route::new("users/{username}", &USER_FIELDS, "Users that can log in.")
            .describe("Removing a user, or changing its policies, keeps its tokens from being renewed; it does not revoke them.")
            .on(Operation::Read, Self::read_user)
            .on(Operation::Update, Self::write_user)
            .on(Operation::Delete, Self::delete_user);
        let list = Route::new("users/?", LIST_FIELDS, "Names of the users.").on(Operation::List, Self::list_users);
        let policies =
            Route::new("users/{username}/policies", &[USERNAME, POLICIES, TOKEN_POLICIES], "Policies of a user.")
                .on(Operation::Update, Self::write_policies);
        let password =
            Route::new("users/{username}/password", &[USERNAME, PASSWORD, PASSWORD_HASH], "Password of a user.")
                .on(Operation::Update, Self::write_password);
        let login = Route::new("login/{username}", &[USERNAME, PASSWORD], "Logs in with name and password.")
            .on(Operation::Update, Self::log_in);
        Self { routes: RouteTable::new(vec![user, list, policies, password, login]) }
    }
}

impl Backend for Userpass {
    fn special(&self) -> SpecialPaths {
        SpecialPaths { unauthenticated: &["login/*"], root: &[] }
    }

    fn canonical_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        names::canonical(path)
    }

    fn exists(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Existence, Failure> {
        let Some(name) = call.path.strip_prefix("users/").filter(|name| names::is_generic(name)) else {
            return Ok(Existence::NotTold);
        };
        self.routes.validate(call)?;
        Ok(if user::find(cx, name)?.is_some() { Existence::Present } else { Existence::Absent })
    }

    fn handle(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Response, Failure> {
        if !names::is_path_of(&self.routes, call.path) {
            return Err(Failure::UnsupportedPath);
        }
        self.routes.dispatch(self, cx, call).map_err(|failure| match failure {
            // Vault finds it out when it looks whose login it is, and blames itself.
            Failure::Invalid(text)
                if call.path.starts_with("login/") && text.starts_with("Field validation failed: ") =>
            {
                Failure::Fault(text)
            }
            other => other,
        })
    }

    fn cost(&self, call: &Call<'_>) -> Cost {
        let hashes =
            call.operation.is_write() && call.data().get("password").is_some_and(|password| !password.is_null());
        if hashes { Cost::Heavy } else { Cost::Quick }
    }

    fn renew_login(&self, cx: &mut Context<'_>, grant: Grant) -> Result<Grant, Failure> {
        login::renew(cx, grant)
    }

    fn lockout_name(&self, call: &Call<'_>) -> Option<String> {
        let name = call.path.strip_prefix("login/").filter(|name| names::is_generic(name))?;
        call.operation.is_write().then(|| names::canonical(name).into_owned())
    }

    fn paths(&self) -> Vec<PathHelp> {
        self.routes.help()
    }
}
