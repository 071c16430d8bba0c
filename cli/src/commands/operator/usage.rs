use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Text};
use crate::output::{Format, columns_with_header, print};
use crate::session::Session;
use crate::value::{Json, Map};

static END_TIME: Text = Text::new("end-time", "Last month of the report, as a date or a time.");
static START_TIME: Text = Text::new("start-time", "First month of the report, as a date or a time.");

pub(super) static COMMAND: Command = Command {
    name: "usage",
    synopsis: "Lists how many clients use the cluster",
    usage: "[options]",
    about: "Prints how many clients used the cluster in some months, where the server counts them.",
    examples: &[("", "{} operator usage -start-time=2026-01 -end-time=2026-06")],
    action: Action::Run(
        Run::new(Arguments::NONE, Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&END_TIME, &START_TIME] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let mut request = Request::get("sys/internal/counters/activity");
    for (key, flag) in [("start_time", &START_TIME), ("end_time", &END_TIME)] {
        if !flags.get(flag).is_empty() {
            request = request.query(key, flags.get(flag));
        }
    }
    let reply = client.read_request(&request);
    let reply = reply.map_err(|error| Failure::server(format!("Error retrieving client counts: {error}")))?;
    let Some(data) = reply.and_then(|secret| secret.data) else {
        session.ui.output("The server has no usage data.");
        return Ok(Exit::OK);
    };
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &data.into());
    }
    session.ui.output(&format!("Period start: {}\nPeriod end: {}\n", data.text("start_time"), data.text("end_time")));
    let header = ["Namespace path", "Distinct entities", "Non-Entity tokens", "Active clients"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let namespaces = data.get("by_namespace").and_then(Json::as_list).unwrap_or_default();
    for namespace in namespaces.iter().filter_map(Json::as_map) {
        let name = match namespace.text("namespace_path") {
            "" => "[root]",
            path => path,
        };
        rows.push(row(name, namespace.get("counts")));
    }
    rows.push(row("Total", data.get("total")));
    session.ui.output(&columns_with_header(rows));
    Ok(Exit::OK)
}

fn row(name: &str, counts: Option<&Json>) -> Vec<String> {
    let empty = Map::new();
    let counts = counts.and_then(Json::as_map).unwrap_or(&empty);
    let number = |key: &str| counts.integer(key).to_string();
    vec![name.to_owned(), number("distinct_entities"), number("non_entity_tokens"), number("clients")]
}
