//! YAML with the layout, key order and quoting of the original's library, so that scripts that
//! compare outputs see no difference.

use std::cmp::Ordering;

use crate::value::{Json, Map};

/// Text beyond this column is folded at the next space.
const BEST_WIDTH: usize = 80;

/// The document, with a line end after it.
pub(super) fn write(value: &Json) -> String {
    let mut writer = Writer { out: String::new(), column: 0 };
    writer.value(value, 0, Place::Root);
    if !writer.out.ends_with('\n') {
        writer.out.push('\n');
    }
    writer.out
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    /// After `key:`
    Value,
    /// After `- `
    Item,
}

struct Writer {
    out: String,
    column: usize,
}

impl Writer {
    /// `indent` is where the lines of the value start if it needs lines of its own.
    fn value(&mut self, value: &Json, indent: usize, place: Place) {
        match value {
            Json::Map(map) if !map.is_empty() => self.map(map, indent, place),
            Json::List(items) if !items.is_empty() => self.list(items, indent, place),
            scalar => {
                if place == Place::Value {
                    self.push(" ");
                }
                // Lines that continue a scalar stand one level deeper than its key.
                let deeper = if place == Place::Value { indent } else { indent.max(2) };
                self.scalar(scalar, deeper);
            }
        }
    }

    fn map(&mut self, map: &Map, indent: usize, place: Place) {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by(|(a, _), (b, _)| natural_order(a, b));
        for (at, (key, value)) in entries.into_iter().enumerate() {
            if at > 0 || place == Place::Value {
                self.new_line(indent);
            }
            self.key(key);
            self.push(":");
            // A list stands under its key without further indentation.
            let deeper = if matches!(value, Json::List(items) if !items.is_empty()) { indent } else { indent + 2 };
            self.value(value, deeper, Place::Value);
        }
    }

    fn list(&mut self, items: &[Json], indent: usize, place: Place) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 || place == Place::Value {
                self.new_line(indent);
            }
            self.push("- ");
            self.value(item, indent + 2, Place::Item);
        }
    }

    fn key(&mut self, key: &str) {
        match style_of(key) {
            Style::Plain => self.push(key),
            Style::Single => self.single_quoted(key, None),
            Style::Double | Style::Literal => self.double_quoted(key, None),
        }
    }

    fn scalar(&mut self, value: &Json, indent: usize) {
        match value {
            Json::Null => self.push("null"),
            Json::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Json::Number(text) => self.push(&number(text)),
            Json::List(_) => self.push("[]"),
            Json::Map(_) => self.push("{}"),
            Json::Text(text) => match style_of(text) {
                Style::Plain => self.plain(text, indent),
                Style::Single => self.single_quoted(text, Some(indent)),
                Style::Double => self.double_quoted(text, Some(indent)),
                Style::Literal => self.literal(text, indent),
            },
        }
    }

    fn plain(&mut self, text: &str, indent: usize) {
        let characters: Vec<char> = text.chars().collect();
        let mut after_space = false;
        for (at, &character) in characters.iter().enumerate() {
            let fold = character == ' '
                && !after_space
                && self.column > BEST_WIDTH
                && characters.get(at + 1).is_some_and(|next| *next != ' ');
            if fold {
                self.new_line(indent);
            } else {
                self.push_char(character);
            }
            after_space = character == ' ';
        }
    }

    fn single_quoted(&mut self, text: &str, indent: Option<usize>) {
        let characters: Vec<char> = text.chars().collect();
        let mut after_space = false;
        self.push("'");
        for (at, &character) in characters.iter().enumerate() {
            let inside = at > 0 && at + 1 < characters.len();
            match indent {
                Some(indent)
                    if character == ' '
                        && inside
                        && !after_space
                        && self.column > BEST_WIDTH
                        && characters[at + 1] != ' ' =>
                {
                    self.new_line(indent);
                }
                _ if character == '\'' => self.push("''"),
                _ => self.push_char(character),
            }
            after_space = character == ' ';
        }
        self.push("'");
    }

    fn double_quoted(&mut self, text: &str, indent: Option<usize>) {
        let characters: Vec<char> = text.chars().collect();
        let marked = text.starts_with('\u{feff}');
        let mut after_space = false;
        self.push("\"");
        for (at, &character) in characters.iter().enumerate() {
            let inside = at > 0 && at + 1 < characters.len();
            if !is_printable(character)
                || marked
                || matches!(character, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' | '"' | '\\')
            {
                self.push(&escaped(character));
                after_space = false;
            } else if character == ' ' {
                match indent {
                    Some(indent) if !after_space && inside && self.column > BEST_WIDTH => {
                        self.new_line(indent);
                        if characters[at + 1] == ' ' {
                            self.push("\\");
                        }
                    }
                    _ => self.push(" "),
                }
                after_space = true;
            } else {
                self.push_char(character);
                after_space = false;
            }
        }
        self.push("\"");
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.push("|");
        if text.starts_with([' ', '\n']) {
            self.push("2");
        }
        let body = match text.strip_suffix('\n') {
            None => {
                self.push("-");
                text
            }
            Some(body) => {
                if body.is_empty() || body.ends_with('\n') {
                    self.push("+");
                }
                body
            }
        };
        for line in body.split('\n') {
            if line.is_empty() {
                self.push("\n");
                self.column = 0;
            } else {
                self.new_line(indent);
                self.push(line);
            }
        }
    }

    fn new_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.push_str(&" ".repeat(indent));
        self.column = indent;
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn push_char(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

fn style_of(text: &str) -> Style {
    let shape = Shape::of(text);
    if text.contains('\n') {
        return if shape.special || shape.trailing_space || shape.space_before_break {
            Style::Double
        } else {
            Style::Literal
        };
    }
    if text.is_empty() || means_something_else(text) {
        return Style::Double;
    }
    if shape.special || shape.space_before_break {
        return Style::Double;
    }
    if shape.indicators || shape.leading_space || shape.trailing_space { Style::Single } else { Style::Plain }
}

#[derive(Default)]
struct Shape {
    /// Holds what reads as YAML's own signs.
    indicators: bool,
    /// Holds what must be escaped.
    special: bool,
    leading_space: bool,
    trailing_space: bool,
    space_before_break: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let blank_at = |at: usize| characters.get(at).is_none_or(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
        let mut shape = Self {
            indicators: text.starts_with("---") || text.starts_with("..."),
            leading_space: text.starts_with(' '),
            trailing_space: text.ends_with(' '),
            ..Self::default()
        };
        for (at, &character) in characters.iter().enumerate() {
            shape.indicators |= match character {
                '#' if at == 0 => true,
                '#' => blank_at(at - 1),
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => at == 0,
                '?' | '-' => at == 0 && blank_at(1),
                ':' => blank_at(at + 1),
                _ => false,
            };
            shape.special |= character != '\n'
                && (!is_printable(character) || matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}'));
            shape.space_before_break |= character == '\n' && at > 0 && characters[at - 1] == ' ';
        }
        shape
    }
}

/// Whether a reader would take the plain text for a number, a boolean, a time or null.
fn means_something_else(text: &str) -> bool {
    const WORDS: [&str; 11] = ["y", "Y", "n", "N", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN"];
    const BOOLEANS: [&str; 6] = ["yes", "no", "true", "false", "on", "off"];
    if WORDS.contains(&text) {
        return true;
    }
    let lower = text.to_lowercase();
    let cased = text == lower || text == text.to_uppercase() || {
        let mut characters = text.chars();
        let first = characters.next().is_some_and(char::is_uppercase);
        first && characters.as_str() == lower.chars().skip(1).collect::<String>()
    };
    if cased && BOOLEANS.contains(&lower.as_str()) {
        return true;
    }
    if cased_infinity(text) {
        return true;
    }
    looks_like_number(text) || looks_like_time(text) || looks_like_base60(text)
}

fn cased_infinity(text: &str) -> bool {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(bare, ".inf" | ".Inf" | ".INF")
}

fn looks_like_number(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if !starts {
        return false;
    }
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let radix = |prefixes: [&str; 2], radix: u32| {
        prefixes.iter().any(|prefix| {
            unsigned
                .strip_prefix(prefix)
                .is_some_and(|digits| !digits.is_empty() && u64::from_str_radix(digits, radix).is_ok())
        })
    };
    if radix(["0x", "0X"], 16) || radix(["0b", "0B"], 2) || radix(["0o", "0O"], 8) {
        return true;
    }
    is_decimal(unsigned)
}

/// Digits, perhaps with a fraction and an exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let exponent_ok = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_ok
}

/// `2001-12-14`, or that and a time of day.
fn looks_like_time(text: &str) -> bool {
    let (date, clock) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let number = |part: &str, low: usize, high: usize| {
        (low..=high).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let is_date =
        matches!(parts[..], [year, month, day] if number(year, 4, 4) && number(month, 1, 2) && number(day, 1, 2));
    is_date
        && clock.is_none_or(|clock| {
            let hms: Vec<&str> = clock.trim_end_matches('Z').splitn(3, ':').collect();
            matches!(hms[..], [hour, minute, second] if number(hour, 1, 2) && number(minute, 1, 2) && second.starts_with(|c: char| c.is_ascii_digit()))
        })
}

/// `1:30`, which older readers take for a number to the base of 60.
fn looks_like_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (body, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = body.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        && !rest.is_empty()
        && rest.iter().all(|part| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
        && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

/// Numbers that are no integers of 64 bits lose their text, as in the original.
fn number(text: &str) -> String {
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return text.to_owned();
    }
    let Ok(value) = text.parse::<f64>() else {
        return text.to_owned();
    };
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..21).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{value}")
}

fn escaped(character: char) -> String {
    let code = u32::from(character);
    match character {
        '\0' => "\\0".into(),
        '\u{7}' => "\\a".into(),
        '\u{8}' => "\\b".into(),
        '\t' => "\\t".into(),
        '\n' => "\\n".into(),
        '\u{b}' => "\\v".into(),
        '\u{c}' => "\\f".into(),
        '\r' => "\\r".into(),
        '\u{1b}' => "\\e".into(),
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\u{85}' => "\\N".into(),
        '\u{a0}' => "\\_".into(),
        '\u{2028}' => "\\L".into(),
        '\u{2029}' => "\\P".into(),
        _ if code <= 0xff => format!("\\x{code:02X}"),
        _ if code <= 0xffff => format!("\\u{code:04X}"),
        _ => format!("\\U{code:08X}"),
    }
}

fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && character != '\u{feff}'
}

/// Runs of digits compare as numbers, letters after everything else.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = (0..a.len().min(b.len())).find(|&at| a[at] != b[at]) else {
        return a.len().cmp(&b.len());
    };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => return a[at].cmp(&b[at]),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let digits = |text: &[char]| text[at..].iter().take_while(|c| c.is_ascii_digit()).count();
    // A zero inside a number is a digit of it, at its start it counts for nothing.
    let inside =
        (a[at] == '0' || b[at] == '0') && a[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|&c| c != '0');
    let value = |text: &[char], count: usize| {
        let digits = text[at..at + count].iter().filter_map(|c| c.to_digit(10));
        digits.fold(u64::from(inside), |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit)))
    };
    let (count_a, count_b) = (digits(&a), digits(&b));
    value(&a, count_a).cmp(&value(&b, count_b)).then(count_a.cmp(&count_b)).then(a[at].cmp(&b[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse;
    use proptest::prelude::*;

    fn yaml(json: &str) -> String {
        written(&parse(json.as_bytes()).unwrap())
    }

    fn written(value: &Json) -> String {
        write(value).trim_end().to_owned()
    }

    #[test]
    fn texts_are_quoted_when_they_would_be_read_as_something_else() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("123", "\"123\""),
            ("1e3", "\"1e3\""),
            ("0x1f", "\"0x1f\""),
            ("0o12", "\"0o12\""),
            ("yes", "\"yes\""),
            ("No", "\"No\""),
            ("y", "\"y\""),
            ("oN", "oN"),
            ("~", "\"~\""),
            ("~x", "~x"),
            ("=", "="),
            ("2020-01-01", "\"2020-01-01\""),
            ("2026-11-23T20:28:12.4Z", "\"2026-11-23T20:28:12.4Z\""),
            ("1:30", "\"1:30\""),
            ("a: b", "'a: b'"),
            ("a:b", "a:b"),
            ("abc:", "'abc:'"),
            ("x #y", "'x #y'"),
            ("#", "'#'"),
            ("-", "'-'"),
            ("-x", "-x"),
            ("?", "'?'"),
            (" lead", "' lead'"),
            ("trail ", "'trail '"),
            ("'q'", "'''q'''"),
            ("\"dq\"", "'\"dq\"'"),
            ("a\\b", "a\\b"),
            ("tab\tx", "\"tab\\tx\""),
            ("\u{1}", "\"\\x01\""),
            ("😀", "\"\\U0001F600\""),
            ("---", "'---'"),
            (".5", "\".5\""),
            (".", "."),
            ("+1", "\"+1\""),
            ("+x", "+x"),
            (".inf", "\".inf\""),
            ("1_000", "\"1_000\""),
            ("a\r\nb", "\"a\\r\\nb\""),
            ("v1.2.3", "v1.2.3"),
            ("127.0.0.1:8200", "127.0.0.1:8200"),
            ("1.19.0", "1.19.0"),
        ] {
            assert_eq!(written(&Json::text(text)), expected);
        }
    }

    #[test]
    fn structures_are_laid_out_as_the_original_does() {
        assert_eq!(
            yaml(r#"{"arr":[1,[2,3],{"q":1,"r":[]}],"a10":1,"a2":{"x":null},"t":"a\nb","k":"a\nb\n","e":{}}"#),
            "a2:\n  x: null\na10: 1\narr:\n- 1\n- - 2\n  - 3\n- q: 1\n  r: []\ne: {}\nk: |\n  a\n  b\nt: |-\n  a\n  b"
        );
        assert_eq!(
            yaml(r#"{"a":"\nabc","b":"  x\n  y","c":"abc\n\n"}"#),
            "a: |2-\n\n  abc\nb: |2-\n    x\n    y\nc: |+\n  abc"
        );
        assert_eq!(yaml("[\"a\",\"b\"]"), "- a\n- b");
    }

    #[test]
    fn long_texts_are_folded() {
        let text = format!("{} {} {}", "a".repeat(50), "b".repeat(50), "c".repeat(10));
        assert_eq!(
            yaml(&format!("{{\"k\":\"{text}\"}}")),
            format!("k: {} {}\n  {}", "a".repeat(50), "b".repeat(50), "c".repeat(10))
        );
    }

    #[test]
    fn numbers_that_do_not_fit_are_written_as_floats() {
        assert_eq!(
            yaml("[1e30,0.1,123456789012345678901234567890,-5,1.0,18446744073709551615]"),
            "- 1e+30\n- 0.1\n- 1.2345678901234568e+29\n- -5\n- 1\n- 18446744073709551615"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_written_without_a_panic(key: String, text: String) {
            write(&Map::of([(key.as_str(), Json::text(text))]).into());
        }

        #[test]
        fn the_key_order_is_an_order(a in "[a-z0-9_]{0,4}", b in "[a-z0-9_]{0,4}") {
            prop_assert_eq!(natural_order(&a, &b), natural_order(&b, &a).reverse());
        }
    }
}
