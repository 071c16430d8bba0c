//! `operator`: what is done to a server rather than with it.

mod ceremony;
mod generate_root;
mod init;
mod key_status;
mod members;
mod raft;
mod rekey;
mod rekey_target;
mod rotate;
mod seal;
mod step_down;
mod unseal;
mod usage;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "operator",
    "Perform operator-specific tasks",
    "Initializes, unseals and seals servers, changes their keys, and manages the cluster.",
    &[
        ("Initialize a new cluster", "{} operator init"),
        ("Unseal a server, share by share", "{} operator unseal"),
        ("Let another server lead", "{} operator step-down"),
        ("Encrypt what is written from now on with a new key", "{} operator rotate"),
    ],
    &[
        &DIAGNOSE,
        &generate_root::COMMAND,
        &init::COMMAND,
        &key_status::COMMAND,
        &members::COMMAND,
        &MIGRATE,
        &raft::COMMAND,
        &rekey::COMMAND,
        &rotate::COMMAND,
        &ROTATE_KEYS,
        &seal::COMMAND,
        &step_down::COMMAND,
        &unseal::COMMAND,
        &usage::COMMAND,
        &VALIDATE_CONFIG,
    ],
);

static DIAGNOSE: Command = Command::not_built("diagnose", "Find out why a server does not start (not built)");
static MIGRATE: Command = Command::not_built("migrate", "Copy data to another kind of storage (not built)");
static ROTATE_KEYS: Command = Command::not_built("rotate-keys", "Another name for rekeying (not built: use \"rekey\")");
static VALIDATE_CONFIG: Command = Command::not_built("validate-config", "Check a configuration file (not built)");
