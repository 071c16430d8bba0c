use crate::client::{Client, Secret};
use crate::exit::{Exit, Failure};
use crate::output::print_secret;
use crate::session::Session;
use crate::wrap::wrap;

/// Keeps the token of an answer. If that fails the answer is printed, so that the token is not lost.
///
/// # Errors
/// There is no token helper to keep it with.
pub(super) fn keep(session: &mut Session, client: &Client, secret: &Secret) -> Result<Option<Exit>, Failure> {
    let Some(auth) = &secret.auth else {
        return Ok(None);
    };
    let helper = session.token_helper(&client.address()).map_err(|failure| {
        Failure::local(wrap(&format!(
            "Error initializing token helper. Please verify that the token helper is available and properly \
             configured for your system. The error was: {}",
            failure.message
        )))
    })?;
    let Err(error) = helper.store(&auth.token) else {
        return Ok(None);
    };
    session.ui.error(&format!("Error storing token: {error}"));
    session.ui.error(&format!(
        "{}\n",
        wrap(
            "Authentication was successful, but the token was not persisted. The resulting token is shown below for \
             your records."
        )
    ));
    print_secret(&mut session.ui, secret)?;
    Ok(Some(Exit::SERVER))
}
