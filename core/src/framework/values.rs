//! Reading a request's parameters as their fields say. Errors name the field, never its value.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Captures, Field, Kind};
use crate::{Failure, Timestamp};

/// The parameters of one call.
pub struct Fields<'a> {
    schema: &'static [Field],
    captures: Captures<'a>,
    body: &'a Map<String, Value>,
}

/// What is wrong with a value, in the words that follow `error converting input for field "x": `.
type Wrong = String;

impl<'a> Fields<'a> {
    pub(super) fn new(schema: &'static [Field], captures: Captures<'a>, body: &'a Map<String, Value>) -> Self {
        Self { schema, captures, body }
    }

    /// What the pattern captured under `name`; empty if it has no such capture.
    pub fn capture(&self, name: &str) -> &'a str {
        self.captures.value(name).unwrap_or_default()
    }

    /// Whether the parameter was sent at all, null included.
    pub fn has(&self, name: &str) -> bool {
        self.captures.value(name).is_some() || self.body.contains_key(name)
    }

    /// The value as sent, null left out.
    pub fn raw(&self, name: &str) -> Option<&'a Value> {
        self.body.get(name).filter(|value| !value.is_null())
    }

    /// The whole body as sent.
    pub fn body(&self) -> &'a Map<String, Value> {
        self.body
    }

    /// A text; `None` when it was not sent.
    pub fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Failure> {
        if let Some(captured) = self.captures.value(name) {
            return Ok(Some(Cow::Borrowed(captured)));
        }
        self.read(name, text)
    }

    /// A text, or the empty one.
    pub fn text_or_empty(&self, name: &str) -> Result<Cow<'a, str>, Failure> {
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<Option<i64>, Failure> {
        self.read(name, int)
    }

    /// A boolean.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        self.read(name, flag)
    }

    /// A span of time in whole seconds, what is beyond them cut off; a negative one is refused.
    pub fn duration(&self, name: &str) -> Result<Option<Duration>, Failure> {
        Ok(self.read(name, duration)?.map(|span| Duration::from_secs(span.as_secs())))
    }

    /// Whole seconds of a span of time that may be negative.
    pub fn signed_seconds(&self, name: &str) -> Result<Option<i64>, Failure> {
        self.read(name, signed_seconds)
    }

    /// A moment.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        self.read(name, timestamp)
    }

    /// A JSON object.
    pub fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, Failure> {
        self.read(name, object)
    }

    /// A JSON object, or a list of them taken together.
    pub fn map(&self, name: &str) -> Result<Option<Cow<'a, Map<String, Value>>>, Failure> {
        self.read(name, merged)
    }

    /// A list of texts; one text is split at commas where the field is a [`Kind::CommaList`]. Trimmed, empty ones left out.
    pub fn list(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let comma = self.schema.iter().any(|field| field.name == name && field.kind == Kind::CommaList);
        self.read(name, |value| list(value, comma))
    }

    /// A list of whole numbers.
    pub fn ints(&self, name: &str) -> Result<Option<Vec<i64>>, Failure> {
        self.read(name, ints)
    }

    /// Texts by name.
    pub fn pairs(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, Failure> {
        self.read(name, |value| pairs(value, name))
    }

    fn read<T>(&self, name: &str, convert: impl FnOnce(&'a Value) -> Result<T, Wrong>) -> Result<Option<T>, Failure> {
        match self.raw(name) {
            None => Ok(None),
            Some(value) => convert(value).map(Some).map_err(|wrong| convert_error(name, &wrong)),
        }
    }

    /// Every field that was sent must be readable as its kind.
    pub(super) fn validate(&self) -> Result<(), Failure> {
        for field in self.schema {
            let Some(value) = self.raw(field.name) else { continue };
            if self.captures.value(field.name).is_some() {
                continue;
            }
            let checked = match field.kind {
                Kind::Any => Ok(()),
                Kind::Text | Kind::LowerText => text(value).map(drop),
                Kind::Int => int(value).map(drop),
                Kind::Bool => flag(value).map(drop),
                Kind::Duration => duration(value).map(drop),
                Kind::SignedDuration => signed_seconds(value).map(drop),
                Kind::Time => timestamp(value).map(drop),
                Kind::Map => merged(value).map(drop),
                Kind::CommaList => list(value, true).map(drop),
                Kind::List => list(value, false).map(drop),
                Kind::IntList => ints(value).map(drop),
                Kind::Pairs => pairs(value, field.name).map(drop),
            };
            checked.map_err(|wrong| convert_error(field.name, &wrong))?;
        }
        Ok(())
    }

    /// Parameters sent that the route does not know, sorted.
    pub(super) fn unrecognized(&self) -> Vec<&'a str> {
        if self.schema.iter().any(|field| field.name == "*") {
            return Vec::new();
        }
        self.body.keys().map(String::as_str).filter(|key| !self.schema.iter().any(|field| field.name == *key)).collect()
    }

    /// Parameters sent in the body that the path gives already.
    pub(super) fn shadowed(&self) -> Vec<&'static str> {
        self.captures.iter().map(|(name, _)| name).filter(|name| self.body.contains_key(*name)).collect()
    }
}

fn convert_error(name: &str, wrong: &str) -> Failure {
    Failure::Invalid(convert_text(name, wrong))
}

fn convert_text(name: &str, wrong: &str) -> String {
    format!("error converting input for field {name:?}: {wrong}")
}

/// Go's name of a JSON value's type, as error texts have it.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(_) => "json.Number",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn wrong_type(wanted: &str, value: &Value) -> Wrong {
    format!("'' expected type '{wanted}', got unconvertible type '{}'", go_type(value))
}

fn text(value: &Value) -> Result<Cow<'_, str>, Wrong> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Number(number) => Ok(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Ok(Cow::Borrowed(if *flag { "1" } else { "0" })),
        Value::Null => Ok(Cow::Borrowed("")),
        Value::Array(_) | Value::Object(_) => Err(wrong_type("string", value)),
    }
}

fn int(value: &Value) -> Result<i64, Wrong> {
    match value {
        Value::Number(number) => number.as_i64().map_or_else(|| parse_int(&number.to_string()), Ok),
        Value::String(text) if text.is_empty() => Ok(0),
        Value::String(text) => parse_int(text),
        Value::Bool(flag) => Ok(i64::from(*flag)),
        Value::Null => Ok(0),
        Value::Array(_) | Value::Object(_) => Err(wrong_type("int", value)),
    }
}

/// As Go's `ParseInt` with base 0: `10`, `0x1f`, `0o17`, `017`, `0b11`, with underscores between digits.
fn parse_int(text: &str) -> Result<i64, Wrong> {
    let wrong = |why: &str| format!("'' cannot parse value as 'int': strconv.ParseInt: {why}");
    let (is_negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', rest @ ..] if !rest.is_empty() => (16, &lower[2..]),
        [b'0', b'o', rest @ ..] if !rest.is_empty() => (8, &lower[2..]),
        [b'0', b'b', rest @ ..] if !rest.is_empty() => (2, &lower[2..]),
        [b'0', rest @ ..] if !rest.is_empty() => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let is_spaced_well = !digits.contains("__") && !digits.ends_with('_') && (base != 10 || !digits.starts_with('_'));
    let plain = digits.replace('_', "");
    let is_number = !plain.is_empty() && plain.chars().all(|digit| digit.is_digit(base));
    if !is_number || !is_spaced_well {
        return Err(wrong("invalid syntax"));
    }
    let signed = if is_negative { format!("-{plain}") } else { plain };
    i64::from_str_radix(&signed, base).map_err(|_| wrong("value out of range"))
}

fn flag(value: &Value) -> Result<bool, Wrong> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err("'' cannot parse value as 'bool': strconv.ParseBool: invalid syntax".to_owned()),
        },
        Value::Null => Ok(false),
        Value::String(text) => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err("'' cannot parse value as 'bool': strconv.ParseBool: invalid syntax".to_owned()),
        },
        Value::Array(_) | Value::Object(_) => Err(wrong_type("bool", value)),
    }
}

fn duration(value: &Value) -> Result<Duration, Wrong> {
    let is_negative = match value {
        Value::Number(number) => number.as_f64().is_some_and(|seconds| seconds < 0.0),
        Value::String(text) => text.trim_start().starts_with('-'),
        _ => false,
    };
    if is_negative {
        match signed_seconds(value)? {
            0 => {}
            seconds => return Err(format!("cannot provide negative value '{seconds}'")),
        }
    }
    match value {
        Value::Null => Ok(Duration::ZERO),
        Value::Number(number) => parse_duration(&number.to_string()).map_err(|error| error.to_string()),
        Value::String(text) => parse_duration(text).map_err(|error| error.to_string()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err("could not parse duration from input".to_owned()),
    }
}

fn signed_seconds(value: &Value) -> Result<i64, Wrong> {
    let whole = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    match value {
        Value::Number(number) => Ok(number.as_i64().or(number.as_f64().map(|seconds| seconds as i64)).unwrap_or(0)),
        Value::String(text) => match text.trim().strip_prefix('-') {
            Some(rest) if !rest.starts_with(['-', '+']) => {
                parse_duration(rest).map(|span| -whole(span)).map_err(|error| error.to_string())
            }
            Some(_) => Err(format!("time: invalid duration {:?}", text.trim())),
            None => duration(value).map(whole),
        },
        _ => duration(value).map(whole),
    }
}

/// Seconds (`"90"`), Go's notation (`"1h30m"`, `"1.5h"`, `"250ms"`) or days (`"7d"`). The error quotes the text, as Vault's
/// does: a span of time is no secret.
pub fn parse_duration(text: &str) -> Result<Duration, Failure> {
    bounded(parse_any_duration(text)?).ok_or_else(|| {
        Failure::invalid("multiplication of durations resulted in overflow, one operand may be too large")
    })
}

/// Go's spans end at 292 years, and so do those in stored records.
fn bounded(span: Duration) -> Option<Duration> {
    i64::try_from(span.as_nanos()).is_ok().then_some(span)
}

fn parse_any_duration(text: &str) -> Result<Duration, Failure> {
    let invalid = || Failure::Invalid(format!("time: invalid duration {text:?}"));
    if text.is_empty() || text == "0" {
        return Ok(Duration::ZERO);
    }
    let whole = |seconds: i64| {
        u64::try_from(seconds).map(Duration::from_secs).map_err(|_| Failure::invalid("cannot provide negative value"))
    };
    if let Ok(seconds) = text.parse::<i64>() {
        return whole(seconds);
    }
    if text.starts_with('-') {
        return Err(Failure::invalid("cannot provide negative value"));
    }
    // Days stand alone.
    if let Some(days) = text.strip_suffix('d') {
        let days: i64 = days
            .parse()
            .map_err(|_| Failure::Invalid(format!("strconv.ParseInt: parsing {days:?}: invalid syntax")))?;
        return whole(days.saturating_mul(86_400));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanos = 0f64;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(|| Failure::Invalid(format!("time: missing unit in duration {text:?}")))?;
        let number: f64 = rest[..digits].parse().map_err(|_| invalid())?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            unit => return Err(Failure::Invalid(format!("time: unknown unit {unit:?} in duration {text:?}"))),
        };
        nanos += number * unit;
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(nanos / 1e9).map_err(|_| invalid())
}

fn timestamp(value: &Value) -> Result<Timestamp, Wrong> {
    let wrong = || "could not parse time".to_owned();
    match value {
        Value::Number(number) => number.as_i64().and_then(Timestamp::from_unix).ok_or_else(wrong),
        Value::String(text) => {
            text.parse().ok().and_then(Timestamp::from_unix).or_else(|| Timestamp::parse(text)).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, Wrong> {
    value.as_object().ok_or_else(|| wrong_type("map[string]interface {}", value))
}

fn merged(value: &Value) -> Result<Cow<'_, Map<String, Value>>, Wrong> {
    let Value::Array(items) = value else { return object(value).map(Cow::Borrowed) };
    let mut all = Map::new();
    for (index, item) in items.iter().enumerate() {
        let map = object(item).map_err(|wrong| wrong.replacen("''", &format!("'[{index}]'"), 1))?;
        all.extend(map.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    Ok(Cow::Owned(all))
}

fn list(value: &Value, comma: bool) -> Result<Vec<String>, Wrong> {
    let item = |(index, value): (usize, &Value)| {
        text(value).map(|text| text.trim().to_owned()).map_err(|_| {
            format!(
                "decoding failed due to the following error(s):\n\n'[{index}]' expected type 'string', got unconvertible type '{}'",
                go_type(value)
            )
        })
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(map) if map.is_empty() => Ok(Vec::new()),
        Value::Array(items) => items.iter().enumerate().map(item).collect(),
        Value::String(text) if comma => {
            Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
        }
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        other => Ok(vec![item((0, other))?]),
    }
}

fn ints(value: &Value) -> Result<Vec<i64>, Wrong> {
    let item = |(index, value): (usize, &Value)| {
        int(value).map_err(|wrong| {
            format!(
                "decoding failed due to the following error(s):\n\n{}",
                wrong.replacen("''", &format!("'[{index}]'"), 1)
            )
        })
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().enumerate().map(item).collect(),
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        Value::String(text) => {
            text.split(',').enumerate().map(|(index, part)| item((index, &Value::String(part.to_owned())))).collect()
        }
        other => Ok(vec![item((0, other))?]),
    }
}

fn pairs(value: &Value, name: &str) -> Result<BTreeMap<String, String>, Wrong> {
    let pair = |(index, text): (usize, &str)| {
        let (key, value) =
            text.split_once('=').ok_or_else(|| format!("invalid key pair at index {index} in field {name:?}"))?;
        Ok((key.trim().to_owned(), value.trim().to_owned()))
    };
    match value {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match text(value) {
                Ok(text) => Ok((key.clone(), text.into_owned())),
                Err(_) => Err(format!("'[{key}]' expected type 'string', got unconvertible type '{}'", go_type(value))),
            })
            .collect(),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object) => {
            let mut all = BTreeMap::new();
            for item in items {
                all.extend(pairs(item, name)?);
            }
            Ok(all)
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| pair((index, value.as_str().unwrap_or_default()))).collect()
        }
        Value::String(text) => pair((0, text)).map(|pair| BTreeMap::from([pair])),
        other => Err(wrong_type("map[string]interface {}", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn durations_as_go_reads_them() {
        let good =
            [("90", 90_000), ("1h30m", 5_400_000), ("1.5h", 5_400_000), ("250ms", 250), ("7d", 604_800_000), ("", 0)];
        // Days neither in parts nor with others, and nothing around it.
        for text in ["1.5d", "1d12h", " 1h", "1h ", "bad"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        for (text, millis) in good {
            assert_eq!(parse_duration(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
        for text in ["bogus", "1x", "-5s", "-1", "1h5", "..h", "9223372037", "99999999999h", "9223372036854775807"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_and_pairs_come_in_several_shapes() {
        assert_eq!(list(&json!("a, b,,c"), true).unwrap(), ["a", "b", "c"]);
        assert_eq!(list(&json!(["a", 1]), true).unwrap(), ["a", "1"]);
        assert_eq!(list(&json!("a,b"), false).unwrap(), ["a,b"]);
        let wanted = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        for value in [json!({"k": "v"}), json!(["k=v"]), json!("k=v"), json!([{"k": "u"}, {"k": "v"}])] {
            assert_eq!(pairs(&value, "meta").unwrap(), wanted);
        }
    }

    #[test]
    fn an_error_names_the_field_and_not_the_value() {
        const SCHEMA: &[Field] = &[Field::new("n", Kind::Int, "")];
        let body = json!({"n": "my-secret"});
        let fields = Fields::new(SCHEMA, Captures::default(), body.as_object().unwrap());
        let text = fields.validate().unwrap_err().to_string();
        assert!(text.contains("\"n\"") && !text.contains("my-secret"), "{text}");
    }

    #[test]
    fn whole_numbers_as_go_reads_them() {
        for (text, number) in
            [("10", 10), ("-7", -7), ("0x1F", 31), ("010", 8), ("0o17", 15), ("0b11", 3), ("1_000", 1000), ("0", 0)]
        {
            assert_eq!(int(&json!(text)), Ok(number), "{text}");
        }
        for text in ["", " 1", "1.5", "0x", "09", "1__0", "_1", "1_", "-", "+-1"] {
            assert!(parse_int(text).is_err(), "{text}");
        }
        assert!(parse_int("9223372036854775808").unwrap_err().contains("out of range"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_duration_parser_panic(text in ".*") {
            let _ = parse_duration(&text);
        }
    }
}
