//! `token`: making, looking up, renewing and revoking tokens.

mod capabilities;
mod create;
mod lookup;
mod renew;
mod revoke;

use crate::command::Command;
use crate::flags::Switch;

pub(super) static COMMAND: Command = Command::group(
    "token",
    "Interact with tokens",
    "Makes, looks up, renews and revokes tokens.",
    &[
        ("Make a token", "{} token create"),
        ("Look up the one in use", "{} token lookup"),
        ("Revoke one", "{} token revoke 96ddf4bc-d217-f3ba-f9bd-017055595017"),
        ("Renew one", "{} token renew 96ddf4bc-d217-f3ba-f9bd-017055595017"),
    ],
    &[&capabilities::COMMAND, &create::COMMAND, &lookup::COMMAND, &renew::COMMAND, &revoke::COMMAND],
);

static ACCESSOR: Switch =
    Switch::new("accessor", "The argument is an accessor, not a token. What is printed holds no token then.")
        .or("false");
