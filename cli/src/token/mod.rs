//! Where the token is kept between commands: a file, or a program that the user's settings name.

mod file;
mod program;
mod settings;

use std::path::PathBuf;

use crate::client::SecretToken;
use crate::env::{Env, Variable};

pub(crate) use settings::SettingsError;

/// The place of the token.
pub(crate) enum Helper {
    File(PathBuf),
    Program(program::Program),
}

/// The token could not be read or kept. No error shows it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HelperError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("the token helper {path} {what}", path = path.display())]
    Program { path: PathBuf, what: String },
}

/// Keeps a token for the user's next commands, where `login` would.
///
/// # Errors
/// The user's settings cannot be read, or the token cannot be written; in words.
pub fn store_token(token: &str) -> Result<(), String> {
    let env = Env::of_process();
    let address = env.get(Variable("ADDR")).unwrap_or_default().to_owned();
    let helper = Helper::configured(&env, &address).map_err(|error| error.to_string())?;
    helper.store(&SecretToken::from(token.to_owned())).map_err(|error| error.to_string())
}

impl Helper {
    /// The helper of the user's settings, or the file `~/.vault-token` (`VAULT_TOKEN_PATH`).
    ///
    /// # Errors
    /// The settings cannot be read, or name a program that is not there.
    pub(crate) fn configured(env: &Env, address: &str) -> Result<Self, HelperError> {
        if let Some(path) = settings::token_helper(env)? {
            return Ok(Self::Program(program::Program::at(&path, address)?));
        }
        let path = env.get(Variable("TOKEN_PATH")).map(PathBuf::from);
        Ok(Self::File(path.unwrap_or_else(|| env.expand_home("~/.vault-token"))))
    }

    /// The token kept; empty where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn get(&self) -> Result<SecretToken, HelperError> {
        match self {
            Self::File(path) => file::get(path).map_err(|source| HelperError::File { path: path.clone(), source }),
            Self::Program(program) => program.get(),
        }
    }

    /// # Errors
    /// The token cannot be written.
    pub(crate) fn store(&self, token: &SecretToken) -> Result<(), HelperError> {
        match self {
            Self::File(path) => {
                file::store(path, token).map_err(|source| HelperError::File { path: path.clone(), source })
            }
            Self::Program(program) => program.store(token),
        }
    }
}
