//! Reading one block, or the same key across several files.

use std::path::Path;
use std::time::Duration;

use coffer_hcl::{Block, Body, Position, ReadError};

use super::keys::{self, Scope};
use super::problem::{ConfigError, Warning};

/// A block of a file.
#[derive(Clone, Copy)]
pub(crate) struct Section<'a> {
    pub(crate) file: &'a Path,
    pub(crate) body: &'a Body,
}

impl<'a> Section<'a> {
    pub(crate) fn check(&self, scope: &Scope, warnings: &mut Vec<Warning>) -> Result<(), ConfigError> {
        keys::check(scope, self.file, self.body, warnings)
    }

    pub(crate) fn string(&self, key: &str) -> Result<Option<String>, ConfigError> {
        self.read(self.body.string(key)).map(|text| text.filter(|text| !text.is_empty()))
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        self.read(self.body.boolean(key))
    }

    pub(crate) fn integer(&self, key: &str) -> Result<Option<i64>, ConfigError> {
        self.read(self.body.integer(key))
    }

    pub(crate) fn duration(&self, key: &str) -> Result<Option<Duration>, ConfigError> {
        self.read(self.body.duration(key))
    }

    pub(crate) fn size(&self, key: &str) -> Result<Option<u64>, ConfigError> {
        self.read(self.body.size(key))
    }

    pub(crate) fn blocks(&self, key: &str, labels: usize) -> Result<Vec<Block<'a>>, ConfigError> {
        self.read(self.body.blocks(key, labels))
    }

    /// The only block of that name, without labels.
    pub(crate) fn block(&self, key: &str) -> Result<Option<Section<'a>>, ConfigError> {
        let block = self.read(self.body.block(key, 0))?;
        match block {
            Some(block) if !block.labels.is_empty() => {
                Err(self.error(block.position(), format!("{key:?} takes no label")))
            }
            other => Ok(other.map(|block| Section { file: self.file, body: block.body })),
        }
    }

    /// Where a key is set, for an error about its value.
    pub(crate) fn place(&self, key: &str) -> Position {
        self.body.all(key).next().map_or(self.body.position(), |item| item.value.position)
    }

    /// An error about the value of a key.
    pub(crate) fn wrong(&self, key: &str, message: impl std::fmt::Display) -> ConfigError {
        self.error(self.place(key), format!("{key}: {message}"))
    }

    pub(crate) fn error(&self, position: Position, message: impl Into<String>) -> ConfigError {
        ConfigError::at(self.file, position, message)
    }

    /// Parses a string setting with a parser that explains its refusals.
    pub(crate) fn parsed<T, E: std::fmt::Display>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        match self.string(key)? {
            None => Ok(None),
            Some(text) => parse(&text).map(Some).map_err(|error| self.wrong(key, error)),
        }
    }

    fn read<T>(&self, result: Result<T, ReadError>) -> Result<T, ConfigError> {
        result.map_err(|error| ConfigError::read(self.file, &error))
    }
}

/// The files together: of a key that several set, the last file's value holds.
pub(crate) struct Files<'a>(pub(crate) Vec<Section<'a>>);

impl<'a> Files<'a> {
    pub(crate) fn last<T>(
        &self,
        read: impl Fn(&Section<'a>) -> Result<Option<T>, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        for section in self.0.iter().rev() {
            if let Some(value) = read(section)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// All blocks of a name, in the order of the files.
    pub(crate) fn all_blocks(&self, key: &str, labels: usize) -> Result<Vec<(Section<'a>, Block<'a>)>, ConfigError> {
        let mut found = Vec::new();
        for section in &self.0 {
            found.extend(section.blocks(key, labels)?.into_iter().map(|block| (*section, block)));
        }
        Ok(found)
    }
}
