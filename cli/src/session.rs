//! What a command has at hand while it runs.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use zeroize::Zeroizing;

use crate::client::{Capture, Client, Config, ConfigError, SecretToken};
use crate::env::Env;
use crate::exit::Failure;
use crate::flags::{Matches, http};
use crate::token::Helper;
use crate::ui::Ui;

/// The most that is read from standard input, in bytes.
const MAX_INPUT: u64 = 64 * 1024 * 1024;

pub(crate) struct Session {
    pub(crate) env: Env,
    pub(crate) ui: Ui,
    /// What this program is called: `coffer`, or whatever name it was installed under.
    pub(crate) program: String,
    /// What `version` prints.
    pub(crate) version: String,
    pub(crate) capture: Option<Capture>,
    pub(crate) captured: Rc<RefCell<Option<String>>>,
}

impl Session {
    /// A client with the token of the environment or the token helper.
    ///
    /// # Errors
    /// A setting is unusable, or the token helper fails.
    pub(crate) fn client(&self, flags: &Matches) -> Result<Client, Failure> {
        let mut client = self.client_without_token(flags)?;
        if client.token().is_empty() {
            client.set_token(self.stored_token(&client.address())?);
        }
        Ok(client)
    }

    /// A client with the token of the environment at most.
    ///
    /// # Errors
    /// A setting is unusable.
    pub(crate) fn client_without_token(&self, flags: &Matches) -> Result<Client, Failure> {
        let config = Config::read(&self.env, flags, &self.program);
        let config = config.map_err(|error: ConfigError| Failure::server(error.to_string()))?;
        let token = config.token().clone();
        let client = Client::new(config, token, self.capture, Rc::clone(&self.captured));
        client.map_err(|error| Failure::server(format!("failed to create client: {error}")))
    }

    /// # Errors
    /// The helper's settings are wrong.
    pub(crate) fn token_helper(&self, address: &str) -> Result<Helper, Failure> {
        Helper::configured(&self.env, address)
            .map_err(|error| Failure::server(format!("failed to get token helper: {error}")))
    }

    /// Standard input; empty where nothing may be asked.
    pub(crate) fn input(&self, flags: &Matches) -> Box<dyn Read> {
        if flags.get(&http::NON_INTERACTIVE) { Box::new(io::empty()) } else { Box::new(io::stdin().take(MAX_INPUT)) }
    }

    /// Reads standard input to its end.
    ///
    /// # Errors
    /// It cannot be read, or is not text.
    pub(crate) fn input_text(&self, flags: &Matches) -> Result<Zeroizing<String>, Failure> {
        let mut text = Zeroizing::new(String::new());
        let read = self.input(flags).read_to_string(&mut text);
        read.map_err(|error| Failure::local(format!("Failed to read from stdin: {error}")))?;
        Ok(text)
    }

    fn stored_token(&self, address: &str) -> Result<SecretToken, Failure> {
        let helper = self.token_helper(address)?;
        helper.get().map_err(|error| Failure::server(format!("failed to get token from token helper: {error}")))
    }
}
