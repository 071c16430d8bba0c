//! KV version 2: a window of versions a key, soft deletion, check-and-set, metadata.

mod cached;
mod config;
mod data;
mod fields;
mod key_window;
mod layout;
mod metadata;
mod moment;
mod names;
mod records;
mod routes;
mod secret_path;
mod space;
mod upgrade;
mod version_data;
mod wrong_path;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use coffer_core::framework::{PathHelp, RouteTable};
use coffer_core::mount::Mount;
use coffer_core::{Backend, Call, Context, Existence, Failure, Operation, Progress, Response};

use self::cached::Cached;
use self::layout::Layout;
use self::records::Configuration;
use self::secret_path::SecretPath;
use self::space::{Keys, Space};
pub(super) use self::upgrade::upgrade_marker;

/// The backend of one mount. Storage: see [`layout`].
pub(super) struct Versioned {
    routes: RouteTable<Self>,
    layout: Layout,
    config: Cached<Configuration>,
    keys: Cached<Keys>,
    ready: Cached<upgrade::Upgraded>,
}

impl Versioned {
    pub(super) fn new(mount: &Mount) -> Result<Self, Failure> {
        Ok(Self {
            routes: routes::table(),
            layout: Layout::of(mount)?,
            config: Cached::empty(),
            keys: Cached::empty(),
            ready: Cached::empty(),
        })
    }

    /// The configuration; the default one where none was written.
    fn config(&self, cx: &mut Context<'_>) -> Result<Arc<Configuration>, Failure> {
        let path = self.layout.config();
        let read = self.config.get(|| Ok(Some(config::load(cx.peek(&path)?.as_deref())?)))?;
        Ok(read.unwrap_or_default())
    }

    /// The secrets as they are stored; `None` before anything was ever written.
    fn space<'s, 'c>(&'s self, cx: &'s mut Context<'c>) -> Result<Option<Space<'s, 'c>>, Failure> {
        let keys = self.keys.get(|| Keys::load(cx, &self.layout))?;
        Ok(keys.map(|keys| Space::new(cx, &self.layout, keys)))
    }

    /// [`Versioned::space`] for writing: makes the keys that names are encrypted with if there are none.
    fn space_for_write<'s, 'c>(&'s self, cx: &'s mut Context<'c>) -> Result<Space<'s, 'c>, Failure> {
        let keys = match self.keys.get(|| Keys::load(cx, &self.layout))? {
            Some(keys) => keys,
            // Not cached: they count once this request is committed.
            None => Arc::new(Keys::create(cx, &self.layout)?),
        };
        Ok(Space::new(cx, &self.layout, keys))
    }
}

impl Backend for Versioned {
    fn exists(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Existence, Failure> {
        let key = ["data/", "metadata/"].into_iter().find_map(|prefix| call.path.strip_prefix(prefix));
        let Some(key) = key else { return Ok(Existence::NotTold) };
        self.routes.validate(call)?;
        let found = match (SecretPath::parse(key), self.space(cx)?) {
            (Some(key), Some(mut space)) => space.has_metadata(key)?,
            _ => false,
        };
        Ok(if found { Existence::Present } else { Existence::Absent })
    }

    fn handle(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Response, Failure> {
        // LIST and SCAN of a folder may come without its slash.
        let listed = matches!(call.operation, Operation::List | Operation::Scan)
            && !call.path.is_empty()
            && !call.path.ends_with('/');
        let folder = if listed { format!("{}/", call.path) } else { String::new() };
        let path = if listed { folder.as_str() } else { call.path };
        let call = Call { path, operation: call.operation, request: call.request, caller: call.caller };

        wrong_path::check(&self.routes, &call)?;
        self.check_upgraded(cx)?;
        self.routes.dispatch(self, cx, &call)
    }

    fn prepare(&self, cx: &mut Context<'_>) -> Result<(), Failure> {
        self.begin_upgrade(cx)
    }

    fn advance(&self, cx: &mut Context<'_>) -> Result<Progress, Failure> {
        self.continue_upgrade(cx)
    }

    fn changed(&self, path: &str) {
        let within = path.strip_prefix(self.layout.root());
        if path.is_empty() || within == Some("config") {
            self.config.forget();
        }
        if path.is_empty() || matches!(within, Some("salt" | "policy/metadata")) {
            self.keys.forget();
        }
        if path.is_empty() || within == Some("upgrading") {
            self.ready.forget();
        }
    }

    fn paths(&self) -> Vec<PathHelp> {
        self.routes.help()
    }
}
