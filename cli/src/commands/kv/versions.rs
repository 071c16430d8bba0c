use super::super::write::{done, refused};
use super::MOUNT;
use super::place::Place;
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::{AnyFlag, Group, Matches, TextList};
use crate::output::print_secret;
use crate::session::Session;
use crate::value::{Json, Map};

pub(super) static VERSIONS: TextList =
    TextList::new("versions", "Numbers of the versions, set apart by commas. Can be given several times.");

pub(super) static GROUPS: &[Group] = &[Group { title: "Common Options", flags: FLAGS }];

static FLAGS: &[&dyn AnyFlag] = &[&MOUNT, &VERSIONS];

/// The body that names the versions.
pub(super) fn body(flags: &Matches) -> Map {
    let versions = flags.get(&VERSIONS);
    let versions = versions.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|text| !text.is_empty());
    Map::of([("versions", Json::texts(versions))])
}

/// Does to some versions of a secret what `part` of the API does.
pub(super) fn change(session: &mut Session, flags: &Matches, part: &str, title: &str) -> Outcome {
    if flags.get(&VERSIONS).is_empty() {
        return Err(Failure::local(format!(
            "No versions provided, use the \"-versions\" flag to specify the version to {part}."
        )));
    }
    let client = session.client(flags)?;
    let place = Place::find(&client, flags, &flags.arguments[0])?;
    place
        .must_be_versioned(Failure { message: format!("{title} not supported on KV Version 1"), exit: Exit::LOCAL })?;
    let path = place.api_path(part);
    match client.write(&path, body(flags)) {
        Err(error) => refused(session, &format!("Error writing data to {path}"), &error),
        Ok(None) => Ok(done(session, &format!("Success! Data written to: {path}"))),
        Ok(Some(secret)) => print_secret(&mut session.ui, &secret),
    }
}
