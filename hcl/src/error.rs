use crate::body::Position;

/// Why a text could not be parsed. The message never repeats a value of the text, since that could
/// be a secret; [`ParseError::found`] does, for callers whose texts hold none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("At {position}: {message}")]
pub struct ParseError {
    position: Position,
    message: String,
    found: Option<String>,
}

impl ParseError {
    pub(crate) fn new(position: Position, message: impl Into<String>) -> Self {
        Self { position, message: message.into(), found: None }
    }

    pub(crate) fn with_found(mut self, found: &str) -> Self {
        self.found = Some(found.to_owned());
        self
    }

    /// Where the mistake was noticed.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// What was wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The word of the text that did not belong there. May be part of a secret.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }
}
