//! The name of one run of a ceremony.

use std::fmt;

use uuid::{Builder, Uuid};

use crate::secret_key::EntropyError;

/// A random UUID that ties shares to the run of a ceremony that they were meant for. Not a secret: whoever asks for the
/// ceremony's status is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(Uuid);

impl Nonce {
    pub(crate) fn generate() -> Result<Self, EntropyError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(Builder::from_random_bytes(bytes).into_uuid()))
    }

    /// Whether a client named this run; only the exact text that it was told counts.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.to_string() == text
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_text_matches() {
        let nonce = Nonce::generate().unwrap();
        assert!(nonce.is(&nonce.to_string()));
        assert!(!nonce.is(&Nonce::generate().unwrap().to_string()));
        assert!(!nonce.is("") && !nonce.is(&nonce.to_string().to_uppercase().replace('-', "")));
    }
}
