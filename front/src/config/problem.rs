//! A configuration that cannot be followed, in one line.

use coffer_hcl::{ParseError, Position, ReadError};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// At a place of the text.
    #[error("{position}: {message}")]
    At {
        /// Line and column.
        position: Position,
        /// What is wrong, and what to do.
        message: String,
    },
    /// With the whole.
    #[error("{0}")]
    Whole(String),
}

impl ConfigError {
    pub(super) fn at(position: Position, message: impl Into<String>) -> Self {
        Self::At { position, message: message.into() }
    }
}

impl From<ReadError> for ConfigError {
    fn from(error: ReadError) -> Self {
        let (text, position) = (error.to_string(), error.position());
        let message = text.strip_prefix(&format!("{position}: ")).unwrap_or(&text).to_owned();
        Self::At { position, message }
    }
}

impl From<ParseError> for ConfigError {
    fn from(error: ParseError) -> Self {
        Self::Whole(error.to_string())
    }
}
