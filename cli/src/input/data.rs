//! Data on the command line: `key=value`, `key=@file`, `key=-`, `@file.json`, `-`.

use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::client::RequestError;
use crate::value::{Json, JsonError, Map, parse};

/// The most that is read from a file, in bytes.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Data that cannot be read. It is named by its key or place, never by its value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error("invalid key/value pair (argument {0}): format must be key=value")]
    NoPair(usize),
    #[error("invalid key/value pair {pair:?}: {}open {path}: {reason}", if pair.starts_with('@') { "" } else { "error reading file: " })]
    File { pair: String, path: String, reason: String },
    #[error("invalid key/value pair {pair:?}: {reason}")]
    Document { pair: String, reason: JsonError },
    #[error("invalid key/value pair {0:?}: not a JSON object")]
    NotAnObject(String),
    #[error("invalid key/value pair {pair:?}: {reason}")]
    Input { pair: String, reason: String },
    #[error("failed to convert values to strings: {0:?} holds {1}")]
    NotText(String, String),
}

/// Reads data from `words`; the first of them is the command's argument `first`, counted from 1.
/// A key given several times holds a list.
///
/// # Errors
/// A word is none of the forms, or what it names cannot be read.
pub(crate) fn read_data(words: &[String], first: usize, input: &mut dyn Read) -> Result<Map, DataError> {
    let mut data = Map::new();
    let mut input_taken = false;
    for (at, word) in words.iter().enumerate().filter(|(_, word)| !word.is_empty()) {
        let Some((key, value)) = word.split_once('=') else {
            let document = if word == "-" {
                Zeroizing::new(take_input(input, &mut input_taken, "-")?.into_bytes())
            } else if let Some(path) = word.strip_prefix('@') {
                read_file(path, word)?
            } else {
                return Err(DataError::NoPair(first + at));
            };
            merge(&mut data, &document, word)?;
            continue;
        };
        let value = if let Some(path) = value.strip_prefix('@') {
            let bytes = read_file(path, &format!("{key}={value}"))?;
            Json::text(String::from_utf8_lossy(&bytes))
        } else if let Some(literal) = value.strip_prefix('\\').filter(|rest| rest.starts_with('@')) {
            Json::text(literal)
        } else if value == "-" {
            Json::text(take_input(input, &mut input_taken, &format!("{key}=-"))?)
        } else {
            Json::text(value)
        };
        let value = match data.remove(key) {
            None => value,
            Some(Json::List(mut items)) => {
                items.push(value);
                Json::List(items)
            }
            Some(other) => Json::List(vec![other, value]),
        };
        data.set(key, value);
    }
    Ok(data.sorted())
}

/// Every value as one text.
///
/// # Errors
/// A value is a list or an object.
pub(crate) fn as_texts(data: &Map) -> Result<Vec<(String, Zeroizing<String>)>, DataError> {
    data.iter().map(|(key, value)| Ok((key.to_owned(), text_of(key, value)?))).collect()
}

/// Every value as one or several texts.
///
/// # Errors
/// A value is an object, or a list of lists.
pub(crate) fn as_text_lists(data: &Map) -> Result<Vec<(String, Zeroizing<String>)>, DataError> {
    let mut texts = Vec::new();
    for (key, value) in data.iter() {
        match value {
            Json::List(items) => {
                for item in items {
                    texts.push((key.to_owned(), text_of(key, item)?));
                }
            }
            other => texts.push((key.to_owned(), text_of(key, other)?)),
        }
    }
    Ok(texts)
}

fn text_of(key: &str, value: &Json) -> Result<Zeroizing<String>, DataError> {
    Ok(Zeroizing::new(match value {
        Json::Text(text) => (**text).clone(),
        Json::Number(text) => text.clone(),
        Json::Bool(on) => u8::from(*on).to_string(),
        Json::Null => String::new(),
        Json::List(_) | Json::Map(_) => return Err(DataError::NotText(key.to_owned(), format!("{value:?}"))),
    }))
}

fn merge(data: &mut Map, document: &[u8], word: &str) -> Result<(), DataError> {
    let parsed = parse(document).map_err(|reason| DataError::Document { pair: word.to_owned(), reason })?;
    let Json::Map(map) = parsed else {
        return Err(DataError::NotAnObject(word.to_owned()));
    };
    map.iter().for_each(|(key, value)| data.set(key, value.clone()));
    Ok(())
}

fn read_file(path: &str, pair: &str) -> Result<Zeroizing<Vec<u8>>, DataError> {
    let failed =
        |error: &io::Error| DataError::File { pair: pair.to_owned(), path: path.to_owned(), reason: io_words(error) };
    let file = std::fs::File::open(Path::new(path)).map_err(|error| failed(&error))?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    Ok(bytes)
}

fn take_input(input: &mut dyn Read, taken: &mut bool, pair: &str) -> Result<String, DataError> {
    let failed = |reason: &str| DataError::Input { pair: pair.to_owned(), reason: reason.to_owned() };
    if std::mem::replace(taken, true) {
        return Err(failed("stdin already consumed"));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    input.read_to_end(&mut bytes).map_err(|error| failed(&error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

impl From<DataError> for RequestError {
    fn from(error: DataError) -> Self {
        Self::Other(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(words: &[&str], input: &str) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let read = read_data(&words, 2, &mut input.as_bytes());
        read.map(|map| Json::Map(map).compact()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_of_data() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.json");
        std::fs::write(&path, r#"{"n":1,"a":"old"}"#).unwrap();
        let document = format!("@{}", path.display());
        let value = format!("file=@{}", path.display());
        assert_eq!(
            data(&[&document, "a=b=c", &value, "e=", "at=\\@x", ""], "").unwrap(),
            r#"{"a":["old","b=c"],"at":"@x","e":"","file":"{\"n\":1,\"a\":\"old\"}","n":1}"#
        );
        assert_eq!(data(&["k=1", "k=2", "k=3", "p=-"], "in\n").unwrap(), r#"{"k":["1","2","3"],"p":"in\n"}"#);
        assert_eq!(data(&["-"], r#"{"x":[1]}"#).unwrap(), r#"{"x":[1]}"#);
    }

    #[test]
    fn mistakes_are_named_without_their_values() {
        assert_eq!(
            data(&["a=1", "s3cret"], "").unwrap_err(),
            "invalid key/value pair (argument 3): format must be key=value"
        );
        assert_eq!(
            data(&["a=@/no/such"], "").unwrap_err(),
            "invalid key/value pair \"a=@/no/such\": error reading file: open /no/such: no such file or directory"
        );
        assert_eq!(data(&["a=-", "b=-"], "x").unwrap_err(), "invalid key/value pair \"b=-\": stdin already consumed");
        assert_eq!(data(&["-"], "[1]").unwrap_err(), "invalid key/value pair \"-\": not a JSON object");
    }
}
