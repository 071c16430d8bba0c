//! A configuration that cannot be followed, in one line.

use std::fmt;
use std::path::{Path, PathBuf};

use coffer_hcl::{Position, ReadError};

/// What is wrong in the configuration, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    place: Place,
    message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf, Option<Position>),
    Environment(&'static str),
    Whole,
}

impl ConfigError {
    pub(crate) fn in_file(file: &Path, message: impl Into<String>) -> Self {
        Self { place: Place::File(file.to_owned(), None), message: message.into() }
    }

    pub(crate) fn at(file: &Path, position: Position, message: impl Into<String>) -> Self {
        Self { place: Place::File(file.to_owned(), Some(position)), message: message.into() }
    }

    pub(crate) fn in_environment(variable: &'static str, message: impl Into<String>) -> Self {
        Self { place: Place::Environment(variable), message: message.into() }
    }

    pub(crate) fn whole(message: impl Into<String>) -> Self {
        Self { place: Place::Whole, message: message.into() }
    }

    pub(crate) fn read(file: &Path, error: &ReadError) -> Self {
        let text = error.to_string();
        let position = error.position();
        let message = text.strip_prefix(&format!("{position}: ")).unwrap_or(&text);
        Self::at(file, position, message)
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(file, Some(position)) => write!(f, "{}:{position}: ", file.display())?,
            Place::File(file, None) => write!(f, "{}: ", file.display())?,
            Place::Environment(variable) => write!(f, "environment variable {variable}: ")?,
            Place::Whole => {}
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

/// Something in the configuration that the operator should know, but that does not stop the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(pub(crate) String);

impl Warning {
    /// One that stands in no file.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn at(file: &Path, position: Position, message: impl fmt::Display) -> Self {
        Self(format!("{}:{position}: {message}", file.display()))
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
