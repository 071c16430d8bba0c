//! `kv`: secrets in a KV engine of either version.

mod delete;
mod destroy;
mod enable_versioning;
mod get;
mod list;
mod metadata;
mod patch;
mod place;
mod print;
mod put;
mod rollback;
mod undelete;
mod versions;

use crate::command::Command;
use crate::flags::Text;

pub(super) static COMMAND: Command = Command::group(
    "kv",
    "Interact with the Key-Value storage",
    "Reads and writes secrets in a KV engine.\n\n\
     The engine's path is best given with -mount. A path that starts with the mount's works too; it is not the API's \
     own path: version 2 has \"data\" or \"metadata\" in between.",
    &[
        ("Write the key \"foo\" in the engine at \"secret\"", "{} kv put -mount=secret foo bar=baz"),
        ("Read it", "{} kv get -mount=secret foo"),
        ("Read what is known of it", "{} kv metadata get -mount=secret foo"),
        ("Read one of its versions", "{} kv get -mount=secret -version=1 foo"),
    ],
    &[
        &delete::COMMAND,
        &destroy::COMMAND,
        &enable_versioning::COMMAND,
        &get::COMMAND,
        &list::COMMAND,
        &metadata::COMMAND,
        &patch::COMMAND,
        &put::COMMAND,
        &rollback::COMMAND,
        &SCAN,
        &undelete::COMMAND,
    ],
);

static SCAN: Command = Command::not_built("scan", "List keys at every depth (not built)");

static MOUNT: Text = Text::new(
    "mount",
    "Path of the engine. With it the argument is the secret's path alone; without, it starts with the engine's path.",
);
