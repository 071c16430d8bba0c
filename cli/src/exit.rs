//! How a command ends.

/// The code a command ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl Exit {
    pub(crate) const OK: Self = Self(0);
    /// What was typed, or something on this machine, is wrong.
    pub(crate) const LOCAL: Self = Self(1);
    /// The server refused, or could not be asked.
    pub(crate) const SERVER: Self = Self(2);
    /// `status`: sealed. `operator init -status`: not initialized.
    pub(crate) const NOT_READY: Self = Self(2);
    /// No such command.
    pub(crate) const USAGE: Self = Self(127);
}

/// A message for standard error, and the code to end with. The message never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) exit: Exit,
}

impl Failure {
    pub(crate) fn local(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit: Exit::LOCAL }
    }

    pub(crate) fn server(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit: Exit::SERVER }
    }
}

/// What every command returns.
pub(crate) type Outcome = Result<Exit, Failure>;
