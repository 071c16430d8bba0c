//! What a server says of its own paths: help for people, an OpenAPI document for programs, both from the route tables.

mod openapi;
mod page;

use serde_json::{Value, json};

use crate::framework::{PathHelp, Pattern};
use crate::mount::Mounted;
use crate::{Failure, Response};

pub use openapi::{MountNames, Schema};

/// Answers `?help=1`: of one path, or of all where `path` (relative to the mount) is empty. `version`: of the server.
pub fn answer(mounted: &Mounted, path: &str, version: &str) -> Result<Response, Failure> {
    let mut paths = mounted.backend.paths();
    let help = if path.is_empty() {
        page::of_mount(&mounted.mount, &paths)
    } else {
        let found = paths.into_iter().find(|route| matches(route, path)).ok_or(Failure::UnsupportedPath)?;
        let page = page::of_path(path, &found);
        paths = vec![found];
        page
    };
    let mut schema = Schema::new(version);
    schema.add_paths("", &paths, mounted, None);
    Ok(Response::bare(json!({ "help": help, "see_also": null, "openapi": schema.into_document() })))
}

/// The OpenAPI document of several mounts.
pub fn document<'m>(mounts: impl Iterator<Item = &'m Mounted>, names: MountNames, version: &str) -> Value {
    let mut schema = Schema::new(version);
    for mounted in mounts {
        schema.add_mount(mounted, names);
    }
    schema.into_document()
}

fn matches(route: &PathHelp, path: &str) -> bool {
    Pattern::new(route.pattern).with_suffix(route.suffix).matches(path).is_some()
}
