//! `lease`: how long generated secrets live.

mod lookup;
mod renew;
mod revoke;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "lease",
    "Interact with leases",
    "Looks up, renews and revokes the leases of secrets. Leases of tokens are renewed with \"token renew\".",
    &[
        ("Renew a lease", "{} lease renew database/creds/readonly/2f6a614c"),
        ("Revoke a lease", "{} lease revoke database/creds/readonly/2f6a614c"),
    ],
    &[&lookup::COMMAND, &renew::COMMAND, &revoke::COMMAND],
);
