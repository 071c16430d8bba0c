use zeroize::Zeroizing;

use crate::duration::{Span, SpanError};
use crate::env::Env;

use super::kind::{Spec, Takes, parse_bool};
use super::matches::{Matches, Value};
use crate::output::quoted;

/// What was typed, sorted into flags and arguments.
pub(crate) struct Parsed {
    pub(crate) matches: Matches,
    pub(crate) help: bool,
    /// Arguments after the first that look like flags and are none of this command's.
    pub(crate) stray: Vec<String>,
}

/// A flag that does not fit its declaration. Values are shown only where they are numbers, times or switches.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    #[error("flag provided but not defined: -{0}")]
    Unknown(String),
    #[error("bad flag syntax: {0}")]
    Syntax(String),
    #[error("flag needs an argument: -{0}")]
    NoValue(&'static str),
    #[error("invalid boolean value {value} for -{name}: strconv.ParseBool: parsing {value}: invalid syntax")]
    Bool { name: &'static str, value: String },
    #[error("invalid value {value} for flag -{name}: {reason}")]
    Value { name: &'static str, value: String, reason: String },
    #[error("invalid value for flag -{0}: missing = in KV pair")]
    Pair(&'static str),
}

/// Sorts `words`. Flags may stand before, between and after the arguments, with one dash or two, up to `--`.
///
/// # Errors
/// A flag before the first argument is not declared, or a flag's value is not of its type.
pub(crate) fn parse(words: &[String], specs: &[&'static Spec], env: &Env) -> Result<Parsed, ParseError> {
    let mut parsed = Parsed { matches: from_environment(specs, env), help: false, stray: Vec::new() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            parsed.matches.arguments.extend(words.cloned());
            break;
        }
        if !word.starts_with('-') || word == "-" {
            parsed.matches.arguments.push(word.clone());
            continue;
        }
        let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or(word);
        let (name, value) = match bare.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (bare, None),
        };
        if matches!(name, "h" | "help") {
            parsed.help = true;
            continue;
        }
        let Some(spec) = specs.iter().find(|spec| spec.name == name || spec.alias == Some(name)) else {
            // After an argument it may be data: a value or a key that begins with a dash.
            if parsed.matches.arguments.is_empty() {
                return Err(if name.is_empty() || name.starts_with('-') {
                    ParseError::Syntax(format!("-{name}"))
                } else {
                    ParseError::Unknown(name.to_owned())
                });
            }
            parsed.stray.push(word.clone());
            parsed.matches.arguments.push(word.clone());
            continue;
        };
        let text = match value {
            Some(value) => Some(value),
            None if spec.stands_alone() => None,
            None => Some(words.next().ok_or(ParseError::NoValue(spec.name))?.as_str()),
        };
        let old = parsed.matches.typed.remove(spec.name);
        parsed.matches.typed.insert(spec.name, read(spec, text, old)?);
    }
    Ok(parsed)
}

/// A variable that does not fit is passed over.
fn from_environment(specs: &[&'static Spec], env: &Env) -> Matches {
    let mut matches = Matches::default();
    for spec in specs {
        let Some(text) = spec.variable.and_then(|variable| env.lookup(variable)) else {
            continue;
        };
        let value = match spec.takes {
            Takes::TextList => Ok(Value::List(text.split(',').map(|item| item.trim().to_owned()).collect())),
            _ => read(spec, Some(text), None),
        };
        if let Ok(value) = value {
            matches.environment.insert(spec.name, value);
        }
    }
    matches
}

/// Reads one value; lists and pairs grow by it.
fn read(spec: &Spec, text: Option<&str>, old: Option<Value>) -> Result<Value, ParseError> {
    let name = spec.name;
    let text = text.unwrap_or("true");
    Ok(match spec.takes {
        Takes::Switch | Takes::OptionalSwitch => {
            Value::Switch(parse_bool(text).ok_or_else(|| ParseError::Bool { name, value: quoted(text) })?)
        }
        Takes::Text => Value::Text(Zeroizing::new(text.to_owned())),
        // As a script has it whose variable is empty.
        Takes::Integer if text.trim().is_empty() => Value::Integer(0),
        Takes::Integer => Value::Integer(text.trim().parse().map_err(|_| ParseError::Value {
            name,
            value: quoted(text),
            reason: format!("strconv.ParseInt: parsing {}: invalid syntax", quoted(text)),
        })?),
        Takes::Time => Value::Time(read_time(text).map_err(|error| ParseError::Value {
            name,
            value: quoted(text),
            reason: error.to_string(),
        })?),
        Takes::TextList => {
            let mut items = match old {
                Some(Value::List(items)) => items,
                _ => Vec::new(),
            };
            items.push(text.trim().to_owned());
            Value::List(items)
        }
        Takes::Pairs => {
            let mut pairs = match old {
                Some(Value::Pairs(pairs)) => pairs,
                _ => Vec::new(),
            };
            let (key, value) = text.split_once('=').ok_or(ParseError::Pair(name))?;
            pairs.retain(|(known, _)| known != key);
            pairs.push((key.to_owned(), value.to_owned()));
            Value::Pairs(pairs)
        }
    })
}

/// `system` says: what the server has by default.
fn read_time(text: &str) -> Result<Span, SpanError> {
    if text == "system" { Ok(Span::seconds(-1)) } else { Span::parse(text) }
}

#[cfg(test)]
mod tests {
    use super::super::kind::{AnyFlag, Integer, Pairs, Switch, Text, TextList, Time};
    use super::*;
    use proptest::prelude::*;

    static FORCE: Switch = Switch::new("force", "").alias("f");
    static FIELD: Text = Text::new("field", "").or_env("FIELD");
    static COUNT: Integer = Integer::new("count", "").or("5");
    static TTL: Time = Time::new("ttl", "");
    static KEY: TextList = TextList::new("key", "");
    static META: Pairs = Pairs::new("meta", "");

    fn specs() -> Vec<&'static Spec> {
        let flags: [&'static dyn AnyFlag; 6] = [&FORCE, &FIELD, &COUNT, &TTL, &KEY, &META];
        flags.into_iter().map(AnyFlag::spec).collect()
    }

    fn parsed(words: &[&str]) -> Result<Parsed, ParseError> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        parse(&words, &specs(), &Env::with(&[("BAO_FIELD", "from-env")]))
    }

    #[test]
    fn flags_stand_before_between_and_after_arguments() {
        let parsed = parsed(&["--field=a", "one", "-f", "two", "-count", "7", "-ttl", "1h", "--", "-f"]).unwrap();
        let matches = parsed.matches;
        assert_eq!(matches.arguments, ["one", "two", "-f"]);
        assert!(matches.get(&FORCE));
        assert_eq!(matches.get(&FIELD), "a");
        assert_eq!(matches.get(&COUNT), 7);
        assert_eq!(matches.get(&TTL), Span::seconds(3_600));
    }

    #[test]
    fn lists_and_pairs_grow_and_the_environment_fills_in() {
        let matches = parsed(&["-key=a", "-key", "b", "-meta", "x=1", "-meta=y=2=3", "-meta=x=4"]).unwrap().matches;
        assert_eq!(matches.get(&KEY), ["a", "b"]);
        assert_eq!(matches.get(&META), [("y".into(), "2=3".into()), ("x".to_owned(), "4".to_owned())]);
        assert_eq!(matches.get(&FIELD), "from-env");
        assert!(matches.is_set(&FIELD) && !matches.given(&FIELD));
        assert_eq!(matches.get(&COUNT), 5);
    }

    #[test]
    fn unknown_flags_are_refused_before_arguments_and_taken_as_data_after() {
        assert_eq!(parsed(&["-x", "a"]).err().unwrap().to_string(), "flag provided but not defined: -x");
        let parsed = parsed(&["a", "-x=1", "-"]).unwrap();
        assert_eq!(
            (parsed.matches.arguments, parsed.stray),
            (vec!["a".into(), "-x=1".into(), "-".to_owned()], vec!["-x=1".to_owned()])
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (words, message) in [
            (&["-count=x"][..], "invalid value \"x\" for flag -count: strconv.ParseInt: parsing \"x\": invalid syntax"),
            (&["-ttl=x"], "invalid value \"x\" for flag -ttl: time: invalid duration \"x\""),
            (&["-field"], "flag needs an argument: -field"),
            (&["-meta", "s3cret"], "invalid value for flag -meta: missing = in KV pair"),
            (&["---x"], "bad flag syntax: --x"),
        ] {
            assert_eq!(parsed(words).err().unwrap().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn any_words_are_sorted_without_a_panic(words in prop::collection::vec("-{0,3}[a-z=]{0,6}|.*", 0..6)) {
            let _ = parse(&words, &specs(), &Env::default());
        }
    }
}
