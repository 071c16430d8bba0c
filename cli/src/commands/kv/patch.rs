use super::super::write::done;
use super::MOUNT;
use super::place::{Place, request};
use super::print::written;
use crate::client::{Client, RequestError};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Integer, Matches, Text, TextList};
use crate::input::read_data;
use crate::session::Session;
use crate::value::{Json, Map};

static CAS: Integer =
    Integer::new("cas", "Check and set: patch only if this is the current version. 0, or not given, checks nothing.");
static METHOD: Text = Text::new(
    "method",
    "How to patch: \"patch\" leaves it to the server, \"rw\" reads, changes and writes. Without it the first is tried, \
     then the second.",
)
.words(&["patch", "rw"]);
static REMOVE_DATA: TextList = TextList::new("remove-data", "Key to remove. Can be given several times.");

pub(super) static COMMAND: Command = Command {
    name: "patch",
    synopsis: "Sets or updates data in the KV store without overwriting",
    usage: "[options] KEY [DATA]",
    about: "Writes some fields of a secret and keeps the others. Only in version 2.\n\nData is given as for \"write\".",
    examples: &[
        ("", "{} kv patch -mount=secret foo bar=baz"),
        ("Remove a field", "{} kv patch -mount=secret -remove-data=bar foo"),
    ],
    action: Action::Run(
        Run::new(Arguments::at_least(1, ">1"), Output::FieldAndFormat, run)
            .flags(&[Group { title: "Common Options", flags: &[&CAS, &METHOD, &MOUNT, &REMOVE_DATA] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let removed = flags.get(&REMOVE_DATA);
    if removed.is_empty() && flags.arguments.len() == 1 {
        return Err(Failure::local("Must supply data"));
    }
    let client = session.client(flags)?;
    let data = read_data(&flags.arguments[1..], 2, &mut session.input(flags));
    let mut data = data.map_err(|error| Failure::local(format!("Failed to parse K=V data: {error}")))?;
    let place = Place::find(&client, flags, &flags.arguments[0])?;
    place.must_be_versioned(Failure::server("K/V engine mount must be version 2 for patch support"))?;
    removed.iter().for_each(|key| data.set(key, Json::Null));
    data.sort();
    let path = place.api_path("data");
    let cas = flags.get(&CAS);
    let reply = match flags.get(&METHOD).as_str() {
        "rw" => read_then_write(&client, &path, &data)?,
        "patch" => merge(&client, &path, &data, cas),
        "" => match merge(&client, &path, &data, cas) {
            Err(error) if error.status() == Some(405) => read_then_write(&client, &path, &data)?,
            Err(error) if error.status() == Some(403) => {
                session.ui.warn(&format!(
                    "Data was written to {path} but we recommend that you add the \"patch\" capability to your ACL \
                     policy in order to use HTTP PATCH in the future."
                ));
                read_then_write(&client, &path, &data)?
            }
            other => other,
        },
        other => return Err(Failure::server(format!("Unsupported method provided to -method flag: {other}"))),
    };
    match reply {
        Err(error) => Err(Failure::server(format!("Error writing data to {path}: {error}"))),
        Ok(None) => Ok(done(session, &format!("Success! Data written to: {path}"))),
        Ok(Some(secret)) => written(session, flags, &path, &secret),
    }
}

type Reply = Result<Option<crate::client::Secret>, RequestError>;

fn merge(client: &Client, path: &str, data: &Map, cas: i64) -> Reply {
    let options = if cas > 0 { Map::of([("cas", Json::number(cas))]) } else { Map::new() };
    client.merge_patch(path, Map::of([("data", data.clone().into()), ("options", options.into())]))
}

/// Writes what is there now with the changes, unless somebody else wrote in between.
fn read_then_write(client: &Client, path: &str, changes: &Map) -> Result<Reply, Failure> {
    let current = client.read_request(&request(path, None).always_sent());
    let current = current.map_err(|error| Failure::server(format!("Error doing pre-read at {path}: {error}")))?;
    let (version, mut data) = current_of(current.and_then(|secret| secret.data), path, "patch")?;
    changes.iter().for_each(|(key, value)| data.set(key, value.clone()));
    Ok(client.write(path, rewrite(data.sorted(), version)))
}

/// Version and data of a secret that was read so that it can be written again.
pub(super) fn current_of(answer: Option<Map>, path: &str, what: &str) -> Result<(Json, Map), Failure> {
    let answer = answer.ok_or_else(|| Failure::server(format!("No value found at {path}")))?;
    let part = |name: &str, title: &str| {
        let value = answer.get(name).ok_or_else(|| {
            Failure::server(format!("No {} found at {path}; {what} only works on existing data", title.to_lowercase()))
        })?;
        let map = value.as_map().cloned();
        map.ok_or_else(|| Failure::server(format!("{title} found at {path} is not the expected type (JSON object)")))
    };
    let metadata = part("metadata", "Metadata")?;
    let version = metadata.get("version").cloned().unwrap_or(Json::Null);
    Ok((version, part("data", "Data")?))
}

/// The body that writes `data` if `version` is still the current one.
pub(super) fn rewrite(data: Map, version: Json) -> Map {
    Map::of([("data", data.into()), ("options", Map::of([("cas", version)]).into())])
}
