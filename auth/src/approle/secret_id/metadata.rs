//! Metadata of a secret id: one text that holds pairs, as JSON, as `k=v,k=v`, or either of them in base64.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Reads the pairs; the error is a text to be told.
pub(super) fn parse(given: &str) -> Result<BTreeMap<String, String>, String> {
    let given = given.trim();
    if given.is_empty() {
        return Ok(BTreeMap::new());
    }
    let decoded = STANDARD.decode(given).ok();
    let text = decoded.as_deref().map_or(Cow::Borrowed(given), String::from_utf8_lossy);
    let text = text.as_ref();
    let pairs = match json(text) {
        Some(pairs) => pairs,
        None => comma_list(text)?,
    };
    match pairs.iter().find(|(key, value)| !key.is_empty() && value.is_empty()) {
        Some((key, _)) => Err(format!("invalid value for key {key:?}")),
        None => Ok(pairs),
    }
}

fn json(text: &str) -> Option<BTreeMap<String, String>> {
    let pairs: Option<BTreeMap<String, Option<String>>> = serde_json::from_str(text).ok()?;
    Some(pairs.unwrap_or_default().into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect())
}

/// Pairs in this form are folded to lower case, as Vault does.
fn comma_list(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut pairs = BTreeMap::new();
    for pair in text.to_lowercase().split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let parts: Vec<_> = pair.split('=').map(str::trim).collect();
        let [key, value] = parts.as_slice() else {
            return Err("failed to parse the input: invalid <key,value> format".to_owned());
        };
        if key.is_empty() || value.is_empty() {
            return Err(format!("failed to parse the input: invalid <key,value> pair: key: {key:?} value: {value:?}"));
        }
        pairs.insert((*key).to_owned(), (*value).to_owned());
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(given: &str) -> Vec<(String, String)> {
        parse(given).unwrap().into_iter().collect()
    }

    #[test]
    fn every_form_is_read() {
        let wanted = [("a".to_owned(), "b".to_owned())];
        for given in ["{\"a\": \"b\"}", "a=b", " A = B ,", "eyJhIjoiYiJ9", "YT1i"] {
            assert_eq!(pairs(given), wanted, "{given}");
        }
        for given in ["", "  ", "{}", "{\"\": \"\"}", "bnVsbA=="] {
            assert!(pairs(given).iter().all(|(key, _)| key.is_empty()), "{given}");
        }
    }

    #[test]
    fn what_holds_no_pairs_is_refused() {
        for given in ["bogus", "{\"a\":1}", "[1]", "a=b=c", "null"] {
            assert_eq!(parse(given).unwrap_err(), "failed to parse the input: invalid <key,value> format", "{given}");
        }
        assert_eq!(parse("{\"a\":null}").unwrap_err(), "invalid value for key \"a\"");
        let pair = "failed to parse the input: invalid <key,value> pair: key: \"a\" value: \"\"";
        assert_eq!(parse("a=").unwrap_err(), pair);
    }

    proptest! {
        #[test]
        fn what_was_written_as_json_is_read(wanted in proptest::collection::btree_map(".{1,8}", ".{1,8}", 0..4)) {
            prop_assert_eq!(parse(&serde_json::to_string(&wanted).unwrap()).unwrap(), wanted);
        }

        #[test]
        fn no_text_makes_the_reader_panic(given in ".*") {
            let _ = parse(&given);
        }
    }
}
