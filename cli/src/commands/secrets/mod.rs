//! `secrets`: which secrets engines are mounted where.

mod disable;
mod enable;
mod list;
mod relocate;
mod tune;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "secrets",
    "Interact with secrets engines",
    "Enables, disables, moves and tunes secrets engines. Each type of engine works in its own way.",
    &[("List the engines that are enabled", "{} secrets list"), ("Enable one", "{} secrets enable -version=2 kv")],
    &[&disable::COMMAND, &enable::COMMAND, &list::COMMAND, &relocate::COMMAND, &tune::COMMAND],
);
