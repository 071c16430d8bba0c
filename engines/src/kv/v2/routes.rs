//! The paths of a version 2 mount.

use coffer_core::Operation::{Delete, List, Patch, Read, Scan, Update};
use coffer_core::framework::{Field, Kind, Route, RouteTable};

use super::Versioned;

const PATH: Field = Field::new("path", Kind::Text, "Location of the secret.");
const VERSION: Field = Field::new("version", Kind::Int, "The version to read; the current one if not given.");
const AFTER: Field =
    Field::new("after", Kind::Text, "Entry to begin the list after; it need not exist. Only for listing.");
const LIMIT: Field = Field::new("limit", Kind::Int, "Number of entries to list; all if not given. Only for listing.");
const MAX_VERSIONS: Field =
    Field::new("max_versions", Kind::Int, "Number of versions to keep of a key; 10 if nobody says.");
const CAS_REQUIRED: Field =
    Field::new("cas_required", Kind::Bool, "If true, every write has to say in \"cas\" which version it replaces.");
const METADATA_CAS_REQUIRED: Field = Field::new(
    "metadata_cas_required",
    Kind::Bool,
    "If true, every change of metadata has to say in \"metadata_cas\" which one it replaces.",
);
const VERSIONS: Field = Field::new("versions", Kind::IntList, "Numbers of the versions.");

const CONFIG: &[Field] = &[
    MAX_VERSIONS,
    CAS_REQUIRED,
    METADATA_CAS_REQUIRED,
    Field::new(
        "delete_version_after",
        Kind::SignedDuration,
        "How long a version lives. A negative one switches this off for all keys, 0 takes the setting back.",
    ),
];
const DATA: &[Field] = &[
    PATH,
    VERSION,
    Field::new(
        "options",
        Kind::Map,
        "Options of a write. \"cas\": the write is made only if this is the current version; 0: only if there is none.",
    ),
    Field::new("data", Kind::Map, "The secret."),
];
const METADATA: &[Field] = &[
    PATH,
    MAX_VERSIONS,
    CAS_REQUIRED,
    METADATA_CAS_REQUIRED,
    Field::new("metadata_cas", Kind::Int, "The metadata version that this replaces; 0: there is none yet."),
    Field::new(
        "delete_version_after",
        Kind::Duration,
        "How long a version lives, if that is shorter than the mount's setting. 0 takes the setting back.",
    ),
    Field::new("custom_metadata", Kind::Map, "Names and texts kept with the secret, whatever its version."),
    AFTER,
    LIMIT,
];
const DETAILED: &[Field] = &[PATH, AFTER, LIMIT];
const SUBKEYS: &[Field] =
    &[PATH, VERSION, Field::new("depth", Kind::Int, "How many levels to show; all if not given or 0.")];
const SOME_VERSIONS: &[Field] = &[PATH, VERSIONS];

pub(super) fn table() -> RouteTable<Versioned> {
    RouteTable::new(vec![
        Route::new("config", CONFIG, "Settings that count for every key of the mount.")
            .on(Read, Versioned::read_config)
            .on(Update, Versioned::write_config),
        Route::new("data/{path...?}", DATA, "Writes, changes, reads and deletes secrets.")
            .describe(
                "A write adds a version; the oldest leave when there are more than are kept. PATCH merges what is sent \
                 (JSON merge patch) into the current version. DELETE only marks the current version: undelete takes it back.",
            )
            .on(Read, Versioned::read_data)
            .on(Update, Versioned::write_data)
            .on(Patch, Versioned::patch_data)
            .on(Delete, Versioned::delete_data),
        Route::new("metadata/{path...?}", METADATA, "Reads, sets and lists what is known of keys; removes them whole.")
            .describe("DELETE removes the key with all its versions for good.")
            .on(Read, Versioned::read_metadata)
            .on(Update, Versioned::write_metadata)
            .on(Patch, Versioned::patch_metadata)
            .on(Delete, Versioned::delete_metadata)
            .on(List, Versioned::list_keys)
            .on(Scan, Versioned::scan_keys),
        Route::new("detailed-metadata/{path...?}", DETAILED, "Lists keys with their metadata.")
            .on(List, Versioned::list_keys_detailed)
            .on(Scan, Versioned::scan_keys_detailed),
        Route::new("destroy/{path...?}", SOME_VERSIONS, "Removes the data of versions for good.")
            .on(Update, Versioned::destroy_versions),
        Route::new("subkeys/{path...?}", SUBKEYS, "Reads the shape of a secret, without its values.")
            .on(Read, Versioned::read_subkeys),
        Route::new("delete/{path...?}", SOME_VERSIONS, "Marks versions as deleted.")
            .on(Update, Versioned::delete_versions),
        Route::new("undelete/{path...?}", SOME_VERSIONS, "Takes back the deletion of versions.")
            .on(Update, Versioned::undelete_versions),
    ])
}
