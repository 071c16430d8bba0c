//! What development mode tells whoever started it.

use super::{Begun, DevCertificates};
use crate::command::DevFlags;
use crate::listen::ListenerInfo;

/// Prints address, unseal key and root token, and keeps the token for the client.
pub fn announce(flags: &DevFlags, begun: &Begun, listener: &ListenerInfo, certificates: Option<&DevCertificates>) {
    let kept = if flags.store_token {
        coffer_cli::store_token(begun.root_token.expose())
    } else {
        Err("it was asked not to be".to_owned())
    };
    if let Err(why) = kept.as_ref().map_err(String::as_str)
        && flags.store_token
    {
        tracing::warn!(why, "the root token was not kept for the client's next commands");
    }
    crate::say(&text(begun, listener, certificates, kept.is_ok()));
}

fn text(begun: &Begun, listener: &ListenerInfo, certificates: Option<&DevCertificates>, kept: bool) -> String {
    let scheme = if listener.tls { "https" } else { "http" };
    let mut exports = format!("    $ export VAULT_ADDR='{scheme}://{}'\n", listener.address);
    if let Some(made) = certificates {
        exports.push_str(&format!("    $ export VAULT_CACERT='{}'\n", made.authority().display()));
    }
    let login = if kept {
        "The client already\nhas the root token, so you can begin at once."
    } else {
        "Log the client in\nwith the root token below."
    };
    format!(
        "WARNING! dev mode is enabled! Everything is kept in memory and lost at the end, and the\n\
         server is unsealed with the one key printed here. {login}\n\n\
         You may need to set the following environment variables:\n\n{exports}\n\
         The unseal key and root token are for sealing, unsealing and logging in again.\n\n\
         Unseal Key: {}\n\
         Root Token: {}\n\n\
         Development mode should NOT be used in production installations!\n",
        begun.unseal_key.to_base64().as_str(),
        begun.root_token.expose()
    )
}
