use super::super::mount::{self, *};
use super::super::path;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{AnyFlag, Group, Integer, Matches, Switch, Time};
use crate::session::Session;
use crate::value::{Json, Map};

static USER_LOCKOUT_COUNTER_RESET_DURATION: Time = Time::new(
    "user-lockout-counter-reset-duration",
    "After how long failed logins are forgotten. Without it the server's setting holds, or what was set before.",
);
static USER_LOCKOUT_DISABLE: Switch = Switch::new("user-lockout-disable", "Never lock users out.").or("false");
static USER_LOCKOUT_DURATION: Time = Time::new(
    "user-lockout-duration",
    "For how long a user is locked out. Without it the server's setting holds, or what was set before.",
);
static USER_LOCKOUT_THRESHOLD: Integer = Integer::new(
    "user-lockout-threshold",
    "After how many failed logins a user is locked out. Without it the server's setting holds, or what was set before.",
);

pub(super) static COMMAND: Command = Command {
    name: "tune",
    synopsis: "Tunes an auth method configuration",
    usage: "[options] PATH",
    about: "Changes settings of the auth method at a path, by path and not by type.",
    examples: &[("", "{} auth tune -default-lease-ttl=72h userpass/")],
    action: Action::Run(Run::new(Arguments::ONE, Output::None, run).flags(&[Group {
        title: "Command Options",
        flags: &[
            &ALLOWED_RESPONSE_HEADERS,
            &AUDIT_NON_HMAC_REQUEST_KEYS,
            &AUDIT_NON_HMAC_RESPONSE_KEYS,
            &DEFAULT_LEASE_TTL,
            &DESCRIPTION,
            &LISTING_VISIBILITY,
            &MAX_LEASE_TTL,
            &OPTIONS,
            &PASSTHROUGH_REQUEST_HEADERS,
            &PLUGIN_VERSION,
            &TOKEN_TYPE,
            &USER_LOCKOUT_COUNTER_RESET_DURATION,
            &USER_LOCKOUT_DISABLE,
            &USER_LOCKOUT_DURATION,
            &USER_LOCKOUT_THRESHOLD,
            &VERSION,
        ],
    }])),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = path::mount(&flags.arguments[0]);
    let tuned = mount::tune(&client, &format!("auth/{path}"), Tuning::of_flags(flags), lockout(flags));
    tuned.map_err(|error| Failure::server(format!("Error tuning auth method {path}: {error}")))?;
    session.ui.output(&format!("Success! Tuned the auth method at: {path}"));
    Ok(Exit::OK)
}

/// The lockout settings whose flags were typed, if any were.
fn lockout(flags: &Matches) -> Option<Map> {
    let given = |flag: &dyn AnyFlag| flags.given(flag);
    let mut map = Map::new();
    if given(&USER_LOCKOUT_THRESHOLD) {
        map.set("lockout_threshold", Json::text(flags.get(&USER_LOCKOUT_THRESHOLD).to_string()));
    }
    for (key, flag) in [
        ("lockout_duration", &USER_LOCKOUT_DURATION),
        ("lockout_counter_reset_duration", &USER_LOCKOUT_COUNTER_RESET_DURATION),
    ] {
        if given(flag) {
            map.set(key, Json::text(flags.get(flag).for_tuning()));
        }
    }
    if given(&USER_LOCKOUT_DISABLE) {
        map.set("lockout_disable", flags.get(&USER_LOCKOUT_DISABLE).into());
    }
    (!map.is_empty()).then_some(map)
}
