//! KV version 1: the JSON object that was written, at the path it was written to.

mod lease_hint;

use coffer_core::framework::{Field, Kind, Matched, PathHelp, Route, RouteTable};
use coffer_core::mount::Mount;
use coffer_core::{Backend, Call, Context, Existence, Failure, Lease, LeasedSecret, Operation, Payload, Response};
use serde_json::json;

use super::listing::{scan_answer, walk};
use super::v2::upgrade_marker;
use crate::plaintext::{from_json, to_json};

/// Storage: `logical/<uuid>/<path>` holds the JSON object.
pub(super) struct Passthrough {
    routes: RouteTable<Self>,
    leasing: Leasing,
}

/// Whether a read makes a lease.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leasing {
    /// A life is told, no lease is made.
    HintOnly,
    /// Option `leased_passthrough`.
    Leases,
}

const PATH: Field = Field::new("path", Kind::Text, "Location of the secret.");

impl Passthrough {
    pub(super) fn new(mount: &Mount) -> Self {
        let leased = mount.option("leased_passthrough") == Some("true");
        let route = Route::new("{path...?}", &[PATH], "Stores any JSON object at any path, as it is.")
            .describe(
                "The last value written is kept. A key \"ttl\" (or \"lease\") in it is told to readers as the life of the \
                 secret: a hint to read it again by then. Nothing is revoked or removed when it is over.",
            )
            .on(Operation::Read, Self::read)
            .on(Operation::Update, Self::write)
            .on(Operation::Delete, Self::delete)
            .on(Operation::List, Self::list)
            .on(Operation::Scan, Self::scan);
        let leasing = if leased { Leasing::Leases } else { Leasing::HintOnly };
        Self { routes: RouteTable::new(vec![route]), leasing }
    }

    fn read(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let path = matched.fields.capture("path");
        let Some(bytes) = cx.peek(path)? else { return Err(Failure::NotFound) };
        let data = Payload::from(from_json(&bytes)?.unwrap_or_default());
        let hint = lease_hint::of(data.map());
        let ttl = hint.span().unwrap_or_else(|| cx.lease_limits().default);
        let lease = match self.leasing {
            Leasing::HintOnly => Lease::Hint(ttl),
            Leasing::Leases => {
                let internal = serde_json::Map::from_iter([("path".to_owned(), json!(path))]).into();
                let max_ttl = std::time::Duration::ZERO;
                Lease::Secret(Box::new(LeasedSecret { ttl, max_ttl, renewable: hint.was_given(), internal }))
            }
        };
        let body = coffer_core::Body::Data(data);
        Ok(Response { body, lease, ..Response::default() })
    }

    fn write(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let path = matched.fields.capture("path");
        if path.is_empty() {
            return Err(Failure::invalid("missing path"));
        }
        if matched.call.data().is_empty() {
            return Err(Failure::invalid("missing data fields"));
        }
        // Guarded: a write that races the upgrade to version 2 is run again, by the engine that then serves.
        if cx.get(&upgrade_marker(cx.mount()))?.is_some() {
            return Err(Failure::Unavailable("this mount has just been upgraded to version 2: try again".to_owned()));
        }
        cx.put(path, to_json(matched.call.data())?);
        Ok(Response::empty())
    }

    fn delete(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let path = matched.fields.capture("path");
        if !path.is_empty() {
            cx.delete(path);
        }
        Ok(Response::empty())
    }

    fn list(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        Response::keys(cx.list(&as_folder(matched.fields.capture("path")), "", usize::MAX)?)
    }

    fn scan(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let folder = as_folder(matched.fields.capture("path"));
        walk(|below| cx.list(&format!("{folder}{below}"), "", usize::MAX)).map(scan_answer)
    }
}

impl Backend for Passthrough {
    fn exists(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Existence, Failure> {
        if call.path.is_empty() {
            return Ok(Existence::Absent);
        }
        Ok(if cx.get(call.path)?.is_some() { Existence::Present } else { Existence::Absent })
    }

    fn handle(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Response, Failure> {
        self.routes.dispatch(self, cx, call)
    }

    /// A leased secret is renewed by looking again what life it asks for.
    fn renew_secret(&self, cx: &mut Context<'_>, internal: &Payload) -> Result<std::time::Duration, Failure> {
        let path = internal.map().get("path").and_then(|path| path.as_str()).unwrap_or_default();
        let default = cx.lease_limits().default;
        let Some(bytes) = cx.peek(path)? else { return Ok(default) };
        let data = Payload::from(from_json(&bytes)?.unwrap_or_default());
        Ok(lease_hint::of(data.map()).span().unwrap_or(default))
    }

    fn paths(&self) -> Vec<PathHelp> {
        self.routes.help()
    }
}

/// Only folders are listed.
fn as_folder(path: &str) -> String {
    if path.is_empty() || path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::{Answer, Bench, DONE};

    #[test]
    fn the_last_value_is_kept() {
        let mut kv = Bench::kv("1");
        assert_eq!(kv.read("a"), Answer::NotFound);
        assert_eq!(kv.write("a", json!({"user": "u", "n": 3, "unknown": true})), DONE);
        assert_eq!(kv.write("a", json!({"user": "other"})), DONE);
        assert_eq!(kv.read("a").data(), json!({"user": "other"}));
        assert_eq!(kv.delete("a"), DONE);
        assert_eq!(kv.delete("a"), DONE);
        assert_eq!(kv.read("a"), Answer::NotFound);
        assert_eq!(kv.write("a", json!({})), Answer::Refused("missing data fields".to_owned()));
        assert_eq!(kv.write("", json!({"a": 1})), Answer::Refused("missing path".to_owned()));
        assert_eq!(kv.patch("a", json!({"a": 1})), Answer::Unsupported);
    }

    #[test]
    fn folders_are_listed() {
        let mut kv = Bench::kv("1");
        for key in ["a", "dir/b", "dir/sub/c"] {
            kv.write(key, json!({"v": 1}));
        }
        assert_eq!(kv.list("").data(), json!({"keys": ["a", "dir/"]}));
        assert_eq!(kv.list("dir").data(), json!({"keys": ["b", "sub/"]}));
        assert_eq!(kv.list("dir/").data(), json!({"keys": ["b", "sub/"]}));
        assert_eq!(kv.list("none"), Answer::NotFound);
        assert_eq!(kv.scan("dir").data(), json!({"keys": ["b", "sub/c"]}));
        assert_eq!(kv.scan("none").data(), json!({}));
    }

    #[test]
    fn the_life_in_a_secret_is_told() {
        let mut kv = Bench::kv("1");
        let mut told = |data| {
            kv.write("a", data);
            match kv.send(Operation::Read, "a", json!({})).unwrap().lease {
                Lease::Hint(span) => span,
                other => panic!("no hint: {other:?}"),
            }
        };
        assert_eq!(told(json!({"ttl": "1h"})), Duration::from_secs(3600));
        assert_eq!(told(json!({"ttl": 0})), Duration::ZERO);
        assert_eq!(told(json!({"x": 1})), Duration::from_secs(768 * 3600));
    }
}
