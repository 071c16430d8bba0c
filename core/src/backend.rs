//! What a secrets engine or auth method is to the pipeline.

use std::borrow::Cow;

use crate::framework::PathHelp;
use crate::{Call, Context, Failure, Grant, Payload, Response};

/// A mounted engine or method. Handlers are synchronous: reads are local, writes are held back in the transaction,
/// and the pipeline commits them as one entry. A handler may be run again when its commit met a conflict, so it must do
/// nothing but read, compute and write through the context.
pub trait Backend: Send + Sync + 'static {
    /// Which paths need no token, and which need `sudo`.
    fn special(&self) -> SpecialPaths {
        SpecialPaths::default()
    }

    /// The one spelling of a path that several spellings lead to, where names fold case: policy has to allow both, the path
    /// as it was sent and this one, so that no other spelling gets around a rule.
    fn canonical_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        Cow::Borrowed(path)
    }

    /// Asked before a write where the path tells creation from update; decides which capability the caller needs.
    fn exists(&self, _cx: &mut Context<'_>, _call: &Call<'_>) -> Result<Existence, Failure> {
        Ok(Existence::NotTold)
    }

    /// Answers a request that policy has allowed.
    fn handle(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Response, Failure>;

    /// Whether the handler may keep a thread busy (password hashing); such calls run apart from the others.
    fn cost(&self, _call: &Call<'_>) -> Cost {
        Cost::Quick
    }

    /// Says whether a login may be renewed now and for how long: `grant` is rebuilt from what was kept with the token;
    /// change its lifetimes and give it back. [`Failure::NotFound`]: who logged in is gone, which is no error to tell.
    fn renew_login(&self, _cx: &mut Context<'_>, _grant: Grant) -> Result<Grant, Failure> {
        Err(Failure::invalid("lease is not renewable"))
    }

    /// Renews a leased secret; gives the life to add.
    fn renew_secret(&self, _cx: &mut Context<'_>, _internal: &Payload) -> Result<std::time::Duration, Failure> {
        Err(Failure::invalid("lease is not renewable"))
    }

    /// Ends a leased secret.
    fn revoke_secret(&self, _cx: &mut Context<'_>, _internal: &Payload) -> Result<(), Failure> {
        Ok(())
    }

    /// The name that counts failures of a login attempt for user lockout; `None` where the path is no login or the
    /// method has no lockout.
    fn lockout_name(&self, _call: &Call<'_>) -> Option<String> {
        None
    }

    /// Whether logins are by roles, which quotas can tell apart.
    fn has_login_roles(&self) -> bool {
        false
    }

    /// The role of a login attempt; `None` where the path is no login, or the role is not known.
    fn login_role(&self, _cx: &mut Context<'_>, _call: &Call<'_>) -> Result<Option<String>, Failure> {
        Ok(None)
    }

    /// Runs once in the transaction that makes the mount (and again when its options change).
    fn prepare(&self, _cx: &mut Context<'_>) -> Result<(), Failure> {
        Ok(())
    }

    /// Does the next bounded piece of work that outlasts a request (an upgrade of stored data). The active node calls it
    /// once for every mount when it takes over, and after a mount was made or its options were changed; again for as long
    /// as it gives [`Progress::More`]. Each call is a transaction of its own.
    fn advance(&self, _cx: &mut Context<'_>) -> Result<Progress, Failure> {
        Ok(Progress::Done)
    }

    /// Does the next bounded piece of a round of cleaning up (what has expired). The active node begins a round about once
    /// a minute and calls again for as long as it gives [`Progress::More`]. Each call is a transaction of its own.
    fn tidy(&self, _cx: &mut Context<'_>) -> Result<Progress, Failure> {
        Ok(Progress::Done)
    }

    /// A key below this mount's storage was changed, on whichever node: drop what is cached of it. `path` is relative to
    /// the mount.
    fn changed(&self, _path: &str) {}

    /// What the engine offers, for path help and the OpenAPI document.
    fn paths(&self) -> Vec<PathHelp> {
        Vec::new()
    }
}

/// Paths relative to the mount; a trailing `*` matches all that begins so, `+` one segment.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpecialPaths {
    /// Served without a token.
    pub unauthenticated: &'static [&'static str],
    /// Need `sudo` in the policy.
    pub root: &'static [&'static str],
}

/// Answer to [`Backend::exists`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// The path does not tell; a write is an update.
    NotTold,
    /// Something is there: update.
    Present,
    /// Nothing is there: create.
    Absent,
}

/// Answer to [`Backend::advance`] and [`Backend::tidy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Call again.
    More,
    /// Nothing is left.
    Done,
}

/// What a handler costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Microseconds.
    Quick,
    /// Milliseconds of a whole core.
    Heavy,
}
