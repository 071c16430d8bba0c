//! `auth/token/`: making, looking up, renewing and revoking tokens, and the roles they are made by.
//!
//! What a token is and how it lives is the token store's business, in `core`; here is what its API takes and answers.

mod accessors;
mod create;
mod create_policies;
mod create_ttl;
mod lists;
mod lookup;
mod renew;
mod revoke;
mod role;
mod role_routes;
mod tidy;

use coffer_core::framework::{Field, Kind, PathHelp, Route, RouteTable};
use coffer_core::{Backend, Call, Context, Existence, Failure, Grant, Operation, Response, SpecialPaths, SystemAccess};

/// The backend of `auth/token/`. Its storage prefix is the token store's; its own are the roles below `roles/`.
pub struct TokenBackend {
    access: SystemAccess,
    routes: RouteTable<Self>,
}

const TOKEN: Field = Field::new("token", Kind::Text, "The token.");
const UNUSED_TOKEN: Field = Field::new("token", Kind::Text, "Not needed: the request's own token is meant.");
const ACCESSOR: Field = Field::new("accessor", Kind::Text, "Accessor of the token.");
const INCREMENT: Field = Field::new("increment", Kind::Duration, "Life wanted from now on.");

impl TokenBackend {
    /// The backend; it reaches the token store through `access`.
    pub fn new(access: SystemAccess) -> Self {
        let mut routes = role_routes::routes();
        routes.extend(create::routes());
        routes.extend([
            Route::new("accessors/?", &[], "Lists the accessors of all tokens.")
                .describe("Whoever knows an accessor can revoke its token; sudo is needed for the list.")
                .on(Operation::List, Self::list_accessors),
            Route::new("lookup", &[TOKEN], "Tells what a token is.")
                .on(Operation::Read, Self::look_up)
                .on(Operation::Update, Self::look_up),
            Route::new("lookup-accessor", &[ACCESSOR], "Tells what the token of an accessor is.")
                .on(Operation::Update, Self::look_up_accessor),
            Route::new("lookup-self", &[UNUSED_TOKEN], "Tells what the request's own token is.")
                .on(Operation::Read, Self::look_up_self)
                .on(Operation::Update, Self::look_up_self),
            Route::new("revoke-accessor", &[ACCESSOR], "Revokes the token of an accessor and all it made.")
                .on(Operation::Update, Self::revoke_accessor),
            Route::new("revoke-self", &[], "Revokes the request's own token and all it made.")
                .on(Operation::Update, Self::revoke_self),
            Route::new("revoke", &[TOKEN], "Revokes a token and all it made.").on(Operation::Update, Self::revoke),
            Route::new("revoke-orphan", &[TOKEN], "Revokes a token; those it made live on.")
                .on(Operation::Update, Self::revoke_orphan),
            Route::new("renew-accessor", &[ACCESSOR, INCREMENT], "Renews the token of an accessor.")
                .on(Operation::Update, Self::renew_accessor),
            Route::new("renew-self", &[UNUSED_TOKEN, INCREMENT], "Renews the request's own token.")
                .on(Operation::Update, Self::renew_self),
            Route::new("renew", &[TOKEN, INCREMENT], "Renews a token.").on(Operation::Update, Self::renew),
            Route::new("tidy", &[], "Removes what has been left over in the token store.")
                .on(Operation::Update, Self::tidy),
        ]);
        Self { access, routes: RouteTable::new(routes) }
    }
}

impl Backend for TokenBackend {
    fn special(&self) -> SpecialPaths {
        SpecialPaths { unauthenticated: &[], root: &["revoke-orphan/*", "accessors*"] }
    }

    fn exists(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Existence, Failure> {
        match call.path.strip_prefix("roles/") {
            Some(name) if !name.is_empty() => {
                self.routes.validate(call)?;
                let found = role::Role::read(cx, name)?;
                Ok(if found.is_some() { Existence::Present } else { Existence::Absent })
            }
            _ => Ok(Existence::NotTold),
        }
    }

    fn handle(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Response, Failure> {
        self.routes.dispatch(self, cx, call)
    }

    fn renew_login(&self, cx: &mut Context<'_>, grant: Grant) -> Result<Grant, Failure> {
        renew::decide(cx, grant)
    }

    fn paths(&self) -> Vec<PathHelp> {
        self.routes.help()
    }
}

/// An error that Vault tells as one of a list of errors.
fn listed(text: &str) -> Failure {
    Failure::Invalid(format!("1 error occurred:\n\t* {text}\n\n"))
}
