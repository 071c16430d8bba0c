//! The commands, one file each. [`COMMANDS`] is the single source that parsing, help and completion read.

mod audit;
mod auth;
mod completion;
mod delete;
mod kv;
mod lease;
mod list;
mod login;
mod monitor;
mod mount;
mod operator;
mod patch;
mod path;
mod path_help;
mod plugin;
mod policy;
mod print;
mod read;
mod secrets;
mod status;
mod token;
mod unwrap;
mod version;
mod version_history;
mod write;

use crate::command::{Action, Command};

/// Every command of the program, in no order of importance.
pub(crate) static COMMANDS: &[&Command] = &[
    &audit::COMMAND,
    &auth::COMMAND,
    &completion::COMMAND,
    &delete::COMMAND,
    &FRONT,
    &kv::COMMAND,
    &lease::COMMAND,
    &list::COMMAND,
    &login::COMMAND,
    &monitor::COMMAND,
    &operator::COMMAND,
    &patch::COMMAND,
    &path_help::COMMAND,
    &plugin::COMMAND,
    &policy::COMMAND,
    &print::COMMAND,
    &read::COMMAND,
    &secrets::COMMAND,
    &SERVER,
    &status::COMMAND,
    &token::COMMAND,
    &unwrap::COMMAND,
    &version::COMMAND,
    &version_history::COMMAND,
    &write::COMMAND,
    &AGENT,
    &DEBUG,
    &NAMESPACE,
    &PKI,
    &PROXY,
    &SCAN,
    &SSH,
    &TRANSIT,
];

static SERVER: Command = Command {
    name: "server",
    synopsis: "Start a server",
    usage: "[options]",
    about: "Starts a server from a configuration, or with -dev one to try things out on.",
    examples: &[
        ("Start with a configuration file", "{} server -config=/etc/coffer/config.hcl"),
        ("Start in development mode, in memory and unsealed", "{} server -dev"),
    ],
    action: Action::Elsewhere,
};

static FRONT: Command = Command {
    name: "front",
    synopsis: "Start a front proxy before the nodes of a cluster",
    usage: "[options]",
    about: "Passes TCP connections on to the nodes that are up.",
    examples: &[("Before three nodes", "{} front -listen=:8200 -server=10.0.1.10:8200 -server=10.0.1.20:8200")],
    action: Action::Elsewhere,
};

static AGENT: Command = Command::not_built("agent", "Start an agent (not built)");
static DEBUG: Command = Command::not_built("debug", "Record a server's state over time (not built)");
static NAMESPACE: Command = Command::not_built("namespace", "Interact with namespaces (not built)");
static PKI: Command = Command::not_built("pki", "Interact with the PKI secrets engine (not built)");
static PROXY: Command = Command::not_built("proxy", "Start an API proxy (not built)");
static SCAN: Command = Command::not_built("scan", "List keys at every depth (not built)");
static SSH: Command = Command::not_built("ssh", "Initiate an SSH session (not built)");
static TRANSIT: Command = Command::not_built("transit", "Interact with the transit secrets engine (not built)");

#[cfg(test)]
mod tests {
    use super::*;

    fn each(commands: &[&'static Command], visit: &mut impl FnMut(&'static Command)) {
        for command in commands {
            visit(command);
            each(command.subcommands(), visit);
        }
    }

    #[test]
    fn names_are_unique_in_each_group_and_everything_is_described() {
        let unique = |commands: &[&Command]| {
            let names: std::collections::BTreeSet<_> = commands.iter().map(|command| command.name).collect();
            assert_eq!(names.len(), commands.len());
        };
        unique(COMMANDS);
        each(COMMANDS, &mut |command| {
            unique(command.subcommands());
            assert!(!command.synopsis.is_empty(), "{}", command.name);
            if let Action::Run(run) = &command.action {
                assert!(!command.about.is_empty(), "{}", command.name);
                for spec in run.specs() {
                    assert!(!spec.about.is_empty(), "{} -{}", command.name, spec.name);
                    if spec.takes == crate::flags::Takes::Time {
                        assert!(crate::duration::Span::parse(spec.default).is_ok(), "{} -{}", command.name, spec.name);
                    }
                }
            }
        });
    }

    #[test]
    fn help_lines_fit_the_page() {
        each(COMMANDS, &mut |command| {
            let help = crate::help::of_command("coffer", &format!("coffer {}", command.name), command);
            for line in help
                .lines()
                .filter(|line| !line.contains('$') && !line.starts_with("    ") && !line.starts_with("Usage"))
            {
                assert!(line.chars().count() <= crate::wrap::WIDTH, "{line}");
            }
        });
    }
}
