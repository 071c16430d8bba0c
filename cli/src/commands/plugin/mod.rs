//! `plugin`: what a server has built in.

mod info;
mod list;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "plugin",
    "Interact with plugins and catalog",
    "Prints the catalogue of a server's plugins: all of them are built in.",
    &[("List all plugins", "{} plugin list"), ("List those of one type", "{} plugin list auth")],
    &[&DEREGISTER, &info::COMMAND, &list::COMMAND, &REGISTER, &RELOAD, &RELOAD_STATUS],
);

static DEREGISTER: Command = Command::not_built("deregister", "Take a plugin out of the catalog (not built)");
static REGISTER: Command = Command::not_built("register", "Put a plugin into the catalog (not built)");
static RELOAD: Command = Command::not_built("reload", "Start a plugin again (not built)");
static RELOAD_STATUS: Command = Command::not_built("reload-status", "Ask how a reload went (not built)");

/// The types of plugins, as they are typed.
const TYPES: [&str; 3] = ["auth", "database", "secret"];

/// A type's name, or none for "unknown".
fn parse_type(typed: &str) -> Result<Option<&'static str>, String> {
    match typed {
        "unknown" => Ok(None),
        typed => {
            let found = TYPES.iter().find(|known| **known == typed);
            found
                .map(|known| Some(*known))
                .ok_or_else(|| format!("{} is not a supported plugin type", crate::output::quoted(typed)))
        }
    }
}
