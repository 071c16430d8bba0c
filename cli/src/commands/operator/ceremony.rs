//! Shares of a key that people hand in one by one.

use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::flags::{Matches, http};
use crate::input::{PromptError, ask_hidden};
use crate::session::Session;
use crate::wrap::wrap;

/// A share, and the nonce of the operation that it is for.
pub(super) struct Share {
    pub(super) key: Zeroizing<String>,
    pub(super) nonce: String,
}

/// How a share is asked for.
pub(super) struct Asking<'a> {
    /// `Rekey operation nonce`
    pub(super) nonce_title: &'a str,
    /// `Unseal`
    pub(super) key_title: &'a str,
    /// The article before it in an error: `an`, `the`.
    pub(super) article: &'a str,
}

/// The share that was typed, read from standard input (`-`), or asked for at the terminal. Only what is asked for
/// takes the server's word for the nonce.
///
/// # Errors
/// There is no share, or no nonce.
pub(super) fn share(
    session: &mut Session,
    flags: &Matches,
    asking: &Asking<'_>,
    nonce: &str,
    given_nonce: String,
) -> Result<Share, Failure> {
    let typed = flags.arguments.first().map(|typed| typed.trim()).unwrap_or_default();
    let (key, nonce) = match typed {
        "-" => (session.input_text(flags)?, given_nonce),
        "" => {
            refuse_without_terminal(flags, "specify nonce via the -nonce flag")?;
            session.ui.prompt(&format!("{}: {nonce}\n", asking.nonce_title));
            (ask(session, asking.key_title, asking.article, true)?, nonce.to_owned())
        }
        typed => (Zeroizing::new(typed.to_owned()), given_nonce),
    };
    if nonce.is_empty() {
        return Err(Failure::local("Missing nonce value: specify it via the -nonce flag"));
    }
    Ok(Share { key: Zeroizing::new(key.trim().to_owned()), nonce })
}

/// # Errors
/// Nothing may be asked.
pub(super) fn refuse_without_terminal(flags: &Matches, instead: &str) -> Result<(), Failure> {
    if !flags.get(&http::NON_INTERACTIVE) {
        return Ok(());
    }
    Err(Failure::local(wrap(&format!("Refusing to read from stdin with -non-interactive specified; {instead}"))))
}

/// Asks for a key at the terminal.
///
/// # Errors
/// There is no terminal, or the user gave up.
pub(super) fn ask(
    session: &mut Session,
    title: &str,
    article: &str,
    can_pipe: bool,
) -> Result<Zeroizing<String>, Failure> {
    let answer = ask_hidden(|| session.ui.prompt(&format!("{title} Key (will be hidden): ")));
    session.ui.prompt("\n");
    answer.map_err(|error| match error {
        PromptError::Interrupted if can_pipe => Failure::local("user canceled"),
        error => Failure::local(wrap(&no_answer(&title.to_lowercase(), article, can_pipe, &error))),
    })
}

fn no_answer(key: &str, article: &str, can_pipe: bool, error: &PromptError) -> String {
    let opening = format!(
        "An error occurred attempting to ask for {article} {key} key. The raw error message is shown below, but \
         usually this is because you attempted to pipe a value into the"
    );
    if can_pipe {
        return format!(
            "{opening} command or you are executing outside of a terminal (tty). If you want to pipe the value, pass \
             \"-\" as the argument to read from stdin. The raw error was: {error}"
        );
    }
    format!(
        "{opening} {key} command or you are executing outside of a terminal (tty). You should run the {key} command \
         from a terminal for maximum security. If this is not an option, the {key} key can be provided as the first \
         argument to the {key} command. The raw error was:  {error}"
    )
}
