//! YAML with the layout, key order and quoting of the original's library, so that scripts that
//! compare outputs see no difference.

mod meaning;
mod order;
mod style;

use order::natural_order;
use style::{Style, is_printable, style_of};

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
