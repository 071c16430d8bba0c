//! Help texts, made from the command table.

use crate::command::{Action, Command};
use crate::flags::Spec;
use crate::wrap::wrap_indented;

/// Commands listed first.
const COMMON: [&str; 9] = ["read", "write", "delete", "list", "login", "agent", "server", "status", "unwrap"];

/// The list of all commands.
pub(crate) fn overview(program: &str, commands: &[&Command]) -> String {
    let mut text = format!("Usage: {program} <command> [args]\n\nCommon commands:\n");
    let common = COMMON.iter().filter_map(|name| commands.iter().find(|command| command.name == *name));
    text.push_str(&listed(common.map(|command| (command.name, command.synopsis))));
    text.push_str("\nOther commands:\n");
    let mut others: Vec<_> = commands.iter().filter(|command| !COMMON.contains(&command.name)).collect();
    others.retain(|command| command.name != "version");
    others.sort_by_key(|command| command.name);
    text.push_str(&listed(others.iter().map(|command| (command.name, command.synopsis))));
    text.trim_end().to_owned()
}

/// One command's help. `path` is the program and the command's names.
pub(crate) fn of_command(program: &str, path: &str, command: &Command) -> String {
    let mut text = format!("Usage: {path} {}", command.usage).trim_end().to_owned();
    text.push_str("\n\n");
    for paragraph in command.about.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        text.push_str(&wrap_indented(paragraph, 2));
        text.push_str("\n\n");
    }
    for (what, line) in command.examples {
        if !what.is_empty() {
            text.push_str(&wrap_indented(&format!("{what}:"), 2));
            text.push_str("\n\n");
        }
        text.push_str(&format!("      $ {}\n\n", line.replace("{}", program)));
    }
    match &command.action {
        Action::Group(commands) => {
            text.push_str("  Each subcommand says more with -h.\n\nSubcommands:\n");
            let mut commands: Vec<_> = commands.iter().collect();
            commands.sort_by_key(|command| command.name);
            text.push_str(&listed(commands.iter().map(|command| (command.name, command.synopsis))));
        }
        Action::Run(run) => {
            for (title, specs) in run.groups() {
                text.push_str(&format!("{title}:\n\n"));
                let mut specs = specs;
                specs.sort_by_key(|spec| spec.name);
                specs.iter().filter(|spec| !spec.hidden).for_each(|spec| text.push_str(&flag(spec)));
            }
        }
        Action::NotBuilt => text.push_str(&format!("  {path} is not built.\n")),
        Action::Elsewhere => {}
    }
    text.trim_end().to_owned()
}

fn listed<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let entries: Vec<_> = entries.collect();
    let width = entries.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, synopsis): &(&str, &str)| format!("    {name:width$}    {synopsis}\n");
    entries.iter().map(line).collect()
}

fn flag(spec: &Spec) -> String {
    let value = spec.placeholder().map(|word| format!("=<{word}>")).unwrap_or_default();
    let mut about = spec.about.to_owned();
    if let Some(alias) = spec.alias {
        about.push_str(&format!(" -{alias} is short for it."));
    }
    if !spec.default.is_empty() {
        about.push_str(&format!(" The default is {}.", spec.default));
    }
    if let Some(variable) = spec.variable {
        about.push_str(&format!(" Can also be set in the environment, as {}.", variable.name()));
    }
    format!("  -{}{value}\n{}\n\n", spec.name, wrap_indented(&about, 6))
}
