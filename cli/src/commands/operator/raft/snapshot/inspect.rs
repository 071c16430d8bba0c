use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;

use coffer_snapshot::{Summary, encoded_len, read};

use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Integer, Matches, Switch, Text};
use crate::output::{Format, print};
use crate::session::Session;
use crate::value::{Json, Map};

static DETAILS: Switch = Switch::new("details", "Tell how much of what is in the snapshot.").or("true");
static DEPTH: Integer =
    Integer::new("depth", "With -details: how many parts of a path are told apart; 0: all of them.").or("2");
static FILTER: Text = Text::new("filter", "With -details: count only keys that begin with this.");

pub(super) static COMMAND: Command = Command {
    name: "inspect",
    synopsis: "Inspects raft snapshot",
    usage: "[options] FILE",
    about: "Checks that a snapshot file is whole, and tells what is in it. Asks no server and needs no keys.",
    examples: &[("", "{} operator raft snapshot inspect raft.snap")],
    action: Action::Run(
        Run::new(Arguments::ANY.files(), Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&DETAILS, &DEPTH, &FILTER] }]),
    ),
};

/// Keys that begin alike.
#[derive(Clone, Default)]
struct Share {
    count: u64,
    size: u64,
}

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let depth =
        usize::try_from(flags.get(&DEPTH)).map_err(|_| Failure::local("Depth must be equal to or greater than 0"))?;
    let path = match &flags.arguments[..] {
        [] => return Err(Failure::local("Missing FILE argument")),
        [path] => path,
        more => return Err(Failure::local(format!("Too many arguments (expected 1, got {})", more.len()))),
    };
    let file = File::open(path).map_err(|error| Failure::local(format!("Error opening snapshot file: {error}")))?;
    let (details, filter) = (flags.get(&DETAILS), flags.get(&FILTER));
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    let summary = read(file, |key, value| {
        if details && key.starts_with(filter.as_str()) {
            let share = shares.entry(beginning(key, depth).to_owned()).or_default();
            share.count += 1;
            share.size += encoded_len(key, value);
        }
        Ok::<_, Infallible>(())
    });
    let summary = summary.map_err(|error| Failure::local(format!("Error reading snapshot: {error}")))?;
    let mut shares: Vec<(String, Share)> = shares.into_iter().collect();
    shares.sort_by_key(|(_, share)| std::cmp::Reverse(share.count));
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &as_output(&summary, &shares).into());
    }
    session.ui.output(&table(&summary, details.then_some(&shares[..])));
    Ok(Exit::OK)
}

fn beginning(key: &str, depth: usize) -> &str {
    let end = key.match_indices('/').nth(depth.wrapping_sub(1)).map_or(key.len(), |(at, _)| at);
    &key[..end]
}

fn as_output(summary: &Summary, shares: &[(String, Share)]) -> Map {
    let stats = shares.iter().map(|(name, share)| {
        Map::of([("Name", Json::text(name)), ("Count", Json::number(share.count)), ("Size", Json::number(share.size))])
    });
    let stats: Vec<Json> = stats.map(Json::from).collect();
    let meta = Map::of([
        ("ID", Json::text(&summary.meta.id)),
        ("Size", Json::number(summary.meta.size)),
        ("Index", Json::number(summary.meta.index)),
        ("Term", Json::number(summary.meta.term)),
        ("Version", Json::number(summary.meta.version)),
    ]);
    let (count, size) = totals(shares);
    Map::of([
        ("Meta", meta.into()),
        ("StatsKV", if stats.is_empty() { Json::Null } else { Json::List(stats) }),
        ("TotalCountKV", Json::number(count)),
        ("TotalSizeKV", Json::number(size)),
    ])
}

fn totals(shares: &[(String, Share)]) -> (u64, u64) {
    shares.iter().fold((0, 0), |(count, size), (_, share)| (count + share.count, size + share.size))
}

/// Room between two columns, and the least width of one, room included.
const ROOM: usize = 6;
const LEAST: usize = 8;

fn table(summary: &Summary, shares: Option<&[(String, Share)]>) -> String {
    let meta = &summary.meta;
    let head = [
        ("ID", meta.id.clone()),
        ("Size", meta.size.to_string()),
        ("Index", meta.index.to_string()),
        ("Term", meta.term.to_string()),
        ("Version", meta.version.to_string()),
    ];
    let width = head.iter().map(|(name, _)| name.len() + 1).max().unwrap_or_default() + ROOM;
    let mut out: Vec<String> =
        head.iter().map(|(name, value)| format!("{:<width$}{value}", format!(" {name}"))).collect();
    let Some(shares) = shares else { return out.join("\n") };
    let mut rows = vec![["Key Name".to_owned(), "Count".to_owned(), "Size".to_owned()], ["----"; 3].map(str::to_owned)];
    rows.extend(shares.iter().map(|(name, share)| [name.clone(), share.count.to_string(), bytes(share.size)]));
    let names = rows.iter().map(|row| row[0].chars().count()).chain(["Total Size".len()]).max().unwrap_or_default();
    let (first, second) =
        (names + 1 + ROOM, (rows.iter().map(|row| row[1].len()).max().unwrap_or_default() + ROOM).max(LEAST));
    out.extend([String::new(), String::new()]);
    out.extend(rows.iter().map(|[name, count, size]| format!("{:<first$}{count:<second$}{size}", format!(" {name}"))));
    out.push(format!("{:<first$}----", " ----"));
    out.push(format!("{:<first$}{:<LEAST$}{}", " Total Size", "", bytes(totals(shares).1)));
    out.join("\n")
}

fn bytes(size: u64) -> String {
    let units = [(1u64 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB"), (1, "B")];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| size >= *unit) else { return "0".to_owned() };
    let value = format!("{:.1}", size as f64 / unit as f64);
    format!("{}{name}", value.strip_suffix(".0").unwrap_or(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_cut_behind_as_many_parts() {
        for (depth, wanted) in [(0, "a/b/c"), (1, "a"), (2, "a/b"), (3, "a/b/c"), (9, "a/b/c")] {
            assert_eq!(beginning("a/b/c", depth), wanted, "{depth}");
        }
    }

    #[test]
    fn sizes_are_told_with_one_digit_at_most() {
        for (size, wanted) in [(0, "0"), (1, "1B"), (1024, "1KB"), (1536, "1.5KB"), (25 << 20, "25MB")] {
            assert_eq!(bytes(size), wanted);
        }
    }
}
