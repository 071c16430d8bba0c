//! Paths that a version 2 mount does not have, answered with the way to the right one.

use coffer_core::framework::RouteTable;
use coffer_core::{Call, Failure, Operation, Response};

use super::Versioned;

/// An error with a hint where no route serves the path.
pub(super) fn check(routes: &RouteTable<Versioned>, call: &Call<'_>) -> Result<(), Failure> {
    // Below `data` and the others there is always a slash.
    let served = call.path == "config" || (call.path.contains('/') && routes.find(call.path).is_some());
    if served {
        return Ok(());
    }
    let hint = match call.path {
        "metadata" | "data" | "delete" | "undelete" | "destroy" => {
            "Non-listing operations on the root of a K/V v2 mount are not supported.".to_owned()
        }
        _ => format!(
            "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. \
             If using the Vault CLI, use 'vault kv {}' for this operation.",
            subcommand(call.operation)
        ),
    };
    Err(Failure::Gone(Box::new(Response::empty().warn(hint))))
}

fn subcommand(operation: Operation) -> &'static str {
    match operation {
        Operation::Create | Operation::Update => "put",
        Operation::Patch => "patch",
        Operation::Read | Operation::Help => "get",
        Operation::List => "list",
        Operation::Scan => "scan",
        Operation::Delete => "delete",
    }
}
