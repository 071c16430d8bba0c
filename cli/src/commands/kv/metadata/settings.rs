use super::super::MOUNT;
use crate::flags::{Group, Integer, Matches, OptionalSwitch, Pairs, TextList, Time};
use crate::value::{Json, Map};

static CAS_REQUIRED: OptionalSwitch = OptionalSwitch::new(
    "cas-required",
    "Whether every write must say which version it follows. If false, the engine's setting holds.",
);
static CUSTOM_METADATA: Pairs =
    Pairs::new("custom-metadata", "Any key=value that describes the secret. Can be given several times.");
static DELETE_VERSION_AFTER: Time = Time::new(
    "delete-version-after",
    "How long a version is kept, such as \"30s\" or \"3h25m19s\". Without it the engine's setting holds, which is also \
     the longest.",
)
.or("-1ns");
static MAX_VERSIONS: Integer =
    Integer::new("max-versions", "How many versions are kept. Without it the engine's setting holds.").or("-1");
pub(super) static REMOVE_CUSTOM_METADATA: TextList =
    TextList::new("remove-custom-metadata", "Key to remove from the custom metadata. Can be given several times.");

pub(super) static FOR_PUT: &[Group] = &[Group {
    title: "Common Options",
    flags: &[&CAS_REQUIRED, &CUSTOM_METADATA, &DELETE_VERSION_AFTER, &MAX_VERSIONS, &MOUNT],
}];

pub(super) static FOR_PATCH: &[Group] = &[Group {
    title: "Common Options",
    flags: &[&CAS_REQUIRED, &CUSTOM_METADATA, &DELETE_VERSION_AFTER, &MAX_VERSIONS, &MOUNT, &REMOVE_CUSTOM_METADATA],
}];

/// The settings that were given.
pub(super) fn given(flags: &Matches) -> Map {
    let mut body = Map::new();
    if let Some(required) = flags.get(&CAS_REQUIRED) {
        body.set("cas_required", required.into());
    }
    let span = flags.get(&DELETE_VERSION_AFTER);
    if span.0 >= 0 {
        body.set("delete_version_after", Json::text(span.to_string()));
    }
    let versions = flags.get(&MAX_VERSIONS);
    if versions >= 0 {
        body.set("max_versions", Json::number(versions));
    }
    body
}

pub(super) fn custom_metadata(flags: &Matches) -> Map {
    flags.get(&CUSTOM_METADATA).into_iter().map(|(key, value)| (key, Json::text(value))).collect()
}
