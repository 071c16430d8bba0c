use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::{Format, go_value, narrow_columns_with_header, print_secret};
use crate::session::Session;
use crate::value::{Json, Map};

const NOTE: &str = "Note:\nUse of this command requires a server running Vault 1.10.0 or greater.\nVersion tracking \
                    was added in 1.9.0. Earlier versions have not been tracked.\n";

pub(super) static COMMAND: Command = Command {
    name: "version-history",
    synopsis: "Prints the version history of the target server",
    usage: "",
    about: "Prints which versions a server has run, and since when.",
    examples: &[("", "{} version-history")],
    action: Action::Run(Run::new(Arguments::ANY, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let reply = client.list("sys/version-history");
    let reply = reply.map_err(|error| Failure::server(format!("Error reading version history: {error}")))?;
    let invalid = || Failure::server("Invalid response returned from Vault");
    let secret = reply.ok_or_else(invalid)?;
    let data = secret.data.as_ref().ok_or_else(invalid)?;
    let rows = if session.ui.format == Format::Json { Vec::new() } else { rows(data)? };
    for line in ["", NOTE, ""] {
        session.ui.warn(line);
    }
    if session.ui.format == Format::Json {
        return print_secret(&mut session.ui, &secret);
    }
    session.ui.output(&narrow_columns_with_header(rows));
    Ok(Exit::OK)
}

fn rows(data: &Map) -> Result<Vec<Vec<String>>, Failure> {
    let wrong = |what: &str| Failure::server(what.to_owned());
    let versions = data.get("keys").and_then(Json::as_list);
    let versions = versions.ok_or_else(|| wrong("Expected keys in response to be an array"))?;
    let info = data.get("key_info").and_then(Json::as_map);
    let info = info.ok_or_else(|| wrong("Expected key_info in response to be a map"))?;
    let header = ["Version", "Installation Time", "Commit Date"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for version in versions {
        let version = version.as_text().ok_or_else(|| wrong("Expected version to be string"))?;
        let of_version = info.get(version).and_then(Json::as_map);
        let of_version =
            of_version.ok_or_else(|| wrong(&format!("Expected version info for {version:?} to be map")))?;
        let date = of_version.get("commit_date").or_else(|| of_version.get("build_date")).unwrap_or(&Json::Null);
        let installed = of_version.entry("timestamp_installed").unwrap_or(&Json::Null);
        rows.push(vec![version.to_owned(), go_value(installed), go_value(date)]);
    }
    Ok(rows)
}
