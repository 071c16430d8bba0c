//! The rules of a password: its length, and character sets with how many of each there must be.

use std::collections::BTreeSet;

use coffer_hcl::{Block, ParseError, ReadError, ValueKind};

/// Lengths that a password may have.
const LENGTHS: std::ops::RangeInclusive<i64> = 4..=100;

/// Most bytes of a policy.
const MAX_TEXT: usize = 64 * 1024;

/// Rules that can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PasswordRules {
    /// Characters of the password.
    pub(super) length: usize,
    /// What it is made of; never empty.
    pub(super) sets: Vec<CharacterSet>,
}

/// Characters of which there must be some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CharacterSet {
    /// In the order they were written; never empty.
    pub(super) characters: Vec<char>,
    /// At least so many.
    pub(super) at_least: usize,
}

/// A policy that is none. Policies hold no secrets, and so the texts may tell what was found.
#[derive(Debug, thiserror::Error)]
pub(super) enum RulesError {
    #[error("invalid password policy: unable to decode: {0}")]
    Syntax(#[from] ParseError),
    #[error("invalid password policy: failed to decode configuration: {0}")]
    Value(#[from] ReadError),
    #[error("invalid password policy: it has more than {MAX_TEXT} bytes")]
    TooLong,
    #[error("invalid password policy: unable to parse rules: unable to parse rule {0}: unrecognized rule type {0}")]
    Kind(String),
    #[error("invalid password policy: unable to parse rules: a rule needs its type, as in rule \"charset\" {{ ... }}")]
    NoKind,
    #[error(
        "invalid password policy: unable to parse rules: unable to parse rule charset: charset must be a string, not {0}"
    )]
    Charset(&'static str),
    #[error("invalid password policy: {}", problems(.0))]
    Wrong(Vec<String>),
    #[error("passwords must be between {} and {} characters", LENGTHS.start(), LENGTHS.end())]
    Length,
}

impl PasswordRules {
    /// Reads a policy in HCL or JSON.
    pub(super) fn parse(text: &str) -> Result<Self, RulesError> {
        if text.len() > MAX_TEXT {
            return Err(RulesError::TooLong);
        }
        let body = coffer_hcl::parse(text)?;
        let length = body.integer("length")?.unwrap_or_default();
        let sets = body.blocks("rule", 1)?.iter().map(character_set).collect::<Result<Vec<_>, _>>()?;
        let mut wrong = Vec::new();
        if length <= 0 {
            wrong.push("length must be > 0".to_owned());
        }
        if sets.iter().all(|set| set.characters.is_empty()) {
            wrong.push("no charset specified".to_owned());
        }
        if sets.iter().flat_map(|set| &set.characters).any(|character| character.is_control()) {
            wrong.push("non-printable character in charset".to_owned());
        }
        let needed = sets.iter().fold(0usize, |sum, set| sum.saturating_add(set.at_least));
        if length > 0 && i64::try_from(needed).is_ok_and(|needed| needed > length) {
            wrong.push(format!("specified rules require at least {needed} characters but {length} is specified"));
        }
        if sets.iter().any(|set| set.characters.is_empty() && set.at_least > 0) {
            wrong.push("a rule asks for characters and names none".to_owned());
        }
        if !wrong.is_empty() {
            return Err(RulesError::Wrong(wrong));
        }
        let length = Some(length).filter(|length| LENGTHS.contains(length)).ok_or(RulesError::Length)?;
        let sets = sets.into_iter().filter(|set| !set.characters.is_empty()).collect();
        Ok(Self { length: usize::try_from(length).unwrap_or_default(), sets })
    }

    /// All characters of all sets, each once.
    pub(super) fn alphabet(&self) -> Vec<char> {
        let all: BTreeSet<char> = self.sets.iter().flat_map(|set| set.characters.iter().copied()).collect();
        all.into_iter().collect()
    }

    /// Whether there are enough characters of each set.
    pub(super) fn are_met(&self, password: &[char]) -> bool {
        self.sets
            .iter()
            .all(|set| password.iter().filter(|character| set.characters.contains(character)).count() >= set.at_least)
    }
}

fn character_set(block: &Block<'_>) -> Result<CharacterSet, RulesError> {
    match block.label() {
        Some("charset") => {}
        Some(other) => return Err(RulesError::Kind(other.to_owned())),
        None => return Err(RulesError::NoKind),
    }
    let at_least = match block.body.integer("min-chars")? {
        None => block.body.integer("min_chars")?,
        given => given,
    };
    let characters = match block.body.value("charset")?.map(|value| &value.kind) {
        None => Vec::new(),
        Some(ValueKind::String(text)) => text.chars().collect(),
        Some(other) => return Err(RulesError::Charset(other.describe())),
    };
    Ok(CharacterSet {
        characters,
        // A negative number asks for none.
        at_least: usize::try_from(at_least.unwrap_or_default()).unwrap_or_default(),
    })
}

fn problems(all: &[String]) -> String {
    let noun = if all.len() == 1 { "error" } else { "errors" };
    let lines: String = all.iter().map(|line| format!("\t* {line}\n")).collect();
    format!("{} {noun} occurred:\n{lines}\n", all.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rules_are_read_in_both_forms() {
        let hcl =
            "length = 8\nrule \"charset\" { charset = \"abä\" min-chars = 2 }\nrule \"charset\" { charset = \"12\" }";
        let json = r#"{"length": 8, "rule": [{"charset": [{"charset": "abä", "min-chars": 2}]},
                       {"charset": [{"charset": "12"}]}]}"#;
        for text in [hcl, json] {
            let rules = PasswordRules::parse(text).unwrap();
            assert_eq!((rules.length, rules.sets.len(), rules.sets[0].at_least), (8, 2, 2), "{text}");
            assert_eq!(rules.alphabet(), ['1', '2', 'a', 'b', 'ä']);
        }
    }

    #[test]
    fn what_can_not_be_met_is_refused_in_vaults_words() {
        let refused = |text: &str| PasswordRules::parse(text).unwrap_err().to_string();
        let set = "rule \"charset\" { charset = \"ab\" }";
        assert_eq!(
            refused("length = 20\nrule \"charset\" { charset = \"ab\" min-chars = 30 }"),
            "invalid password policy: 1 error occurred:\n\t* specified rules require at least 30 characters but 20 is specified\n\n"
        );
        for (text, words) in [
            ("length = 20".to_owned(), "no charset specified"),
            (set.to_owned(), "length must be > 0"),
            (format!("length = 3\n{set}"), "passwords must be between 4 and 100 characters"),
            (format!("length = 101\n{set}"), "passwords must be between 4 and 100 characters"),
            ("length = 20\nrule \"foo\" {}".to_owned(), "unrecognized rule type foo"),
            ("length = 20\nrule \"charset\" { charset = \"a\\tb\" }".to_owned(), "non-printable character"),
            ("xx".to_owned(), "unable to decode: At 1:"),
        ] {
            assert!(refused(&text).contains(words), "{text}: {}", refused(&text));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = PasswordRules::parse(&text);
        }
    }
}
