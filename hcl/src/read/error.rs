use crate::body::Position;

/// Why a setting could not be read. Never repeats its value, which could be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("{again}: {key:?} is already set at {first}")]
    Repeated { key: String, first: Position, again: Position },

    #[error("{position}: {key:?} must be {wanted}, not {found}")]
    WrongType { key: String, position: Position, wanted: &'static str, found: &'static str },

    #[error("{position}: {key:?} must be {wanted}")]
    Malformed { key: String, position: Position, wanted: &'static str },
}

impl ReadError {
    /// Where the setting stands.
    #[must_use]
    pub fn position(&self) -> Position {
        match self {
            Self::Repeated { again, .. } => *again,
            Self::WrongType { position, .. } | Self::Malformed { position, .. } => *position,
        }
    }
}
