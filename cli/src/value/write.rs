use std::fmt::Write as _;

use super::json::Json;

impl Json {
    /// One line, as it goes over the wire.
    pub(crate) fn compact(&self) -> String {
        let mut out = String::new();
        write(self, &mut out, None);
        out
    }

    /// Two spaces a level, as `-format=json` prints it.
    pub(crate) fn pretty(&self) -> String {
        let mut out = String::new();
        write(self, &mut out, Some(0));
        out
    }
}

/// `level` is the indentation of the value's own line, none for compact.
fn write(value: &Json, out: &mut String, level: Option<usize>) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(text) => out.push_str(text),
        Json::Text(text) => write_text(text, out),
        Json::List(items) => {
            let items = items.iter().map(|item| (None, item));
            write_items(items, ['[', ']'], out, level);
        }
        Json::Map(map) => {
            let items = map.iter().map(|(key, item)| (Some(key), item));
            write_items(items, ['{', '}'], out, level);
        }
    }
}

fn write_items<'a>(
    items: impl Iterator<Item = (Option<&'a str>, &'a Json)>,
    [open, close]: [char; 2],
    out: &mut String,
    level: Option<usize>,
) {
    let inner = level.map(|level| level + 1);
    let mut empty = true;
    out.push(open);
    for (key, item) in items {
        if !empty {
            out.push(',');
        }
        empty = false;
        new_line(out, inner);
        if let Some(key) = key {
            write_text(key, out);
            out.push_str(if level.is_some() { ": " } else { ":" });
        }
        write(item, out, inner);
    }
    if !empty {
        new_line(out, level);
    }
    out.push(close);
}

fn new_line(out: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    }
}

/// `<`, `>` and `&` are escaped too, so that the output can stand in a page.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::{Json, Map};

    #[test]
    fn pretty_output_keeps_empty_lists_on_one_line() {
        let value =
            Json::Map(Map::of([("b", Json::List(vec![])), ("a", Json::List(vec![Json::Null, Map::new().into()]))]));
        assert_eq!(value.pretty(), "{\n  \"b\": [],\n  \"a\": [\n    null,\n    {}\n  ]\n}");
    }

    #[test]
    fn text_is_escaped_for_pages() {
        assert_eq!(Json::text("<a&\u{1}\u{2028}\u{7f}").compact(), "\"\\u003ca\\u0026\\u0001\\u2028\u{7f}\"");
    }
}
