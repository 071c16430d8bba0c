use super::columns::columns_with_header;
use super::human::cell;
use super::yaml;
use crate::exit::{Exit, Failure, Outcome};
use crate::ui::Ui;
use crate::value::{Json, Map};

/// What `-format` may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
    Yaml,
    /// Only `operator raft autopilot state`.
    Pretty,
    /// Only `read`: the answer as it came.
    Raw,
}

impl Format {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text.to_lowercase().as_str() {
            "" | "table" => Self::Table,
            "json" => Self::Json,
            "yaml" | "yml" => Self::Yaml,
            "pretty" => Self::Pretty,
            "raw" => Self::Raw,
            _ => return None,
        })
    }

    /// A value in a form for programs, or nothing for the others.
    pub(super) fn encode(self, value: &Json) -> Option<String> {
        match self {
            Self::Json => Some(value.pretty()),
            Self::Yaml => Some(yaml::write(value)),
            Self::Table | Self::Pretty | Self::Raw => None,
        }
    }
}

/// Prints a value in a form for programs.
///
/// # Errors
/// The form asked for is none of these.
pub(crate) fn print(ui: &mut Ui, value: &Json) -> Outcome {
    match ui.format.encode(value) {
        Some(text) => {
            ui.output(text.trim());
            Ok(Exit::OK)
        }
        None => Err(not_for_this(ui.format)),
    }
}

/// Prints a map, as a table of keys and values where a table is wanted.
///
/// # Errors
/// The form asked for does not suit a map.
pub(crate) fn print_map(ui: &mut Ui, map: &Map) -> Outcome {
    if ui.format != Format::Table {
        return print(ui, &map.clone().into());
    }
    let mut rows = rows_of(map);
    if !rows.is_empty() {
        rows.insert(0, vec!["Key".into(), "Value".into()]);
        ui.output(&columns_with_header(rows));
    }
    Ok(Exit::OK)
}

/// Prints the keys of a list answer and, asked for details, what the server says of each.
///
/// # Errors
/// The form asked for does not suit a list, or a key is not a string.
pub(crate) fn print_list(ui: &mut Ui, answer: &Json, data: &Map) -> Outcome {
    let keys = data.get("keys").and_then(Json::as_list).unwrap_or_default();
    if ui.format != Format::Table {
        let shown = if ui.detailed { answer.clone() } else { Json::List(keys.to_vec()) };
        return print(ui, &shown);
    }
    let mut names = Vec::new();
    for key in keys {
        let name = key.as_text().ok_or_else(|| {
            Failure::local(format!("Could not parse output: {} is not a string", super::go_value(key)))
        })?;
        names.push(name.to_owned());
    }
    if names.is_empty() {
        return Ok(Exit::OK);
    }
    names.sort();
    let empty = Map::new();
    let details = if ui.detailed { data.get("key_info").and_then(Json::as_map).unwrap_or(&empty) } else { &empty };
    let mut headers: Vec<&str> = Vec::new();
    for (_, info) in details.iter().filter(|(name, _)| names.iter().any(|listed| listed == name)) {
        headers.extend(info.as_map().into_iter().flat_map(Map::keys));
    }
    headers.sort_unstable();
    headers.dedup();
    let mut rows = vec![std::iter::once("Keys").chain(headers.iter().copied()).map(str::to_owned).collect::<Vec<_>>()];
    for name in names {
        let info = details.get(&name).and_then(Json::as_map);
        let cells = headers.iter().filter_map(|header| {
            info.map(|info| info.entry(header).map_or_else(|| "n/a".to_owned(), |value| cell(header, value)))
        });
        let cells: Vec<_> = cells.collect();
        rows.push(std::iter::once(name).chain(cells).collect());
    }
    ui.output(&columns_with_header(rows));
    Ok(Exit::OK)
}

/// Keys in order, each with its cell.
pub(super) fn rows_of(map: &Map) -> Vec<Vec<String>> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries.into_iter().map(|(key, value)| vec![key.to_owned(), cell(key, value)]).collect()
}

fn not_for_this(format: Format) -> Failure {
    let name = match format {
        Format::Raw => {
            return Failure::local(
                "Could not parse output: This command does not support the -format=raw option; only `read` does.",
            );
        }
        Format::Pretty => "pretty",
        _ => "table",
    };
    Failure::local(format!("Could not parse output: cannot use the {name} formatter for this type"))
}
