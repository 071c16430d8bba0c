//! Cubbyhole: each service token's own store, gone with the token.

use coffer_core::framework::{Field, Kind, Matched, PathHelp, Route, RouteTable};
use coffer_core::token::{Caller, StoredTokenType};
use coffer_core::{Backend, Call, Context, Existence, Failure, Operation, Response};

use crate::plaintext::{from_json, to_json};

/// Storage: `logical/<uuid>/<cubbyhole id of the token>/<path>` holds the JSON object. Who ends a token removes all below
/// its id; wrapping keeps the wrapped answer at `response`.
pub struct Cubbyhole {
    routes: RouteTable<Self>,
}

const PATH: Field = Field::new("path", Kind::Text, "Specifies the path of the secret.");

impl Cubbyhole {
    /// The backend of `cubbyhole/`.
    pub fn new() -> Self {
        let route = Route::new("{path...?}", &[PATH], "Stores any JSON object, for the token alone that wrote it.")
            .describe("No other token sees it, whatever its policies. It is removed when the token ends.")
            .on(Operation::Read, Self::read)
            .on(Operation::Update, Self::write)
            .on(Operation::Delete, Self::delete)
            .on(Operation::List, Self::list);
        Self { routes: RouteTable::new(vec![route]) }
    }

    fn read(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let own = Own::of(matched.call)?;
        let path = matched.fields.capture("path");
        if path.is_empty() {
            return Err(missing("path"));
        }
        let Some(bytes) = cx.peek(&own.path(path))? else { return Err(Failure::NotFound) };
        let data = from_json(&bytes)?.unwrap_or_default();
        Ok(Response::data(data.into()))
    }

    fn write(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let own = Own::of(matched.call)?;
        let path = matched.fields.capture("path");
        if matched.call.data().is_empty() {
            return Err(missing("data fields"));
        }
        if path.is_empty() {
            return Err(missing("path"));
        }
        cx.put(&own.path(path), to_json(matched.call.data())?);
        Ok(Response::empty())
    }

    fn delete(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let own = Own::of(matched.call)?;
        let path = matched.fields.capture("path");
        if !path.is_empty() {
            cx.delete(&own.path(path));
        }
        Ok(Response::empty())
    }

    fn list(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let own = Own::of(matched.call)?;
        let mut folder = own.path(matched.fields.capture("path"));
        if !folder.ends_with('/') {
            folder.push('/');
        }
        Response::keys(cx.list(&folder, "", usize::MAX)?)
    }
}

impl Default for Cubbyhole {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for Cubbyhole {
    fn exists(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Existence, Failure> {
        let path = Own::of(call)?.path(call.path);
        Ok(if cx.get(&path)?.is_some() { Existence::Present } else { Existence::Absent })
    }

    fn handle(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Response, Failure> {
        self.routes.dispatch(self, cx, call)
    }

    fn paths(&self) -> Vec<PathHelp> {
        self.routes.help()
    }
}

/// The part of the storage that is the caller's own.
struct Own<'a>(&'a str);

impl<'a> Own<'a> {
    fn of(call: &Call<'a>) -> Result<Self, Failure> {
        let Some(Caller { entry, .. }) = call.caller else { return Err(Failure::Denied) };
        if entry.kind != StoredTokenType::Service {
            return Err(Failure::invalid("cubbyhole operations are only supported by 'service' type tokens"));
        }
        // Without an id the store of all tokens would lie open.
        if entry.cubbyhole_id.is_empty() || entry.cubbyhole_id.contains('/') {
            return Err(Failure::Internal("the token's record names no cubbyhole".to_owned()));
        }
        Ok(Self(&entry.cubbyhole_id))
    }

    fn path(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }
}

fn missing(what: &str) -> Failure {
    Failure::Fault(format!("missing {what}"))
}

#[cfg(test)]
mod tests;
