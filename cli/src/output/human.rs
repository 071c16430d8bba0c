//! Values in a table cell.

use crate::duration::Span;
use crate::value::Json;

/// `<nil>`, `[a b]`, `map[k:v]`: how a table shows a value of any kind.
pub(crate) fn go_value(value: &Json) -> String {
    match value {
        Json::Null => "<nil>".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(text) => text.clone(),
        Json::Text(text) => (**text).clone(),
        Json::List(items) => {
            let items: Vec<_> = items.iter().map(go_value).collect();
            format!("[{}]", items.join(" "))
        }
        Json::Map(map) => {
            let mut items: Vec<_> = map.iter().collect();
            items.sort_by_key(|(key, _)| *key);
            let items: Vec<_> = items.iter().map(|(key, item)| format!("{key}:{}", go_value(item))).collect();
            format!("map[{}]", items.join(" "))
        }
    }
}

/// The cell for `key`: a number of seconds is shown as a duration where the key says that it is one.
pub(crate) fn cell(key: &str, value: &Json) -> String {
    match value {
        Json::Number(_) if looks_like_duration(key) => match value.as_integer() {
            Some(seconds) => Span::seconds(seconds).human(),
            None => go_value(value),
        },
        _ => go_value(value),
    }
}

/// Whether a key of this name holds seconds.
pub(crate) fn looks_like_duration(key: &str) -> bool {
    ["period", "ttl", "duration"]
        .iter()
        .any(|word| key.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
        || key == "lease_max"
        || key == "ttl_max"
}

/// `["a" "b"]`
pub(crate) fn go_quoted_list(items: &[String]) -> String {
    let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(" "))
}

/// The text in double quotes, what does not print escaped.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(character))),
            '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse;

    #[test]
    fn values_are_shown_as_the_original_shows_them() {
        let value = parse(br#"{"b":[1,"x",null,{}],"a":{"k":true}}"#).unwrap();
        assert_eq!(go_value(&value), "map[a:map[k:true] b:[1 x <nil> map[]]]");
        assert_eq!(go_quoted_list(&["a\"b".into(), "c\n".into()]), r#"["a\"b" "c\n"]"#);
    }

    #[test]
    fn seconds_are_shown_as_durations_where_the_key_says_so() {
        for key in ["ttl", "max_ttl", "period", "token_period", "lease_duration", "ttl_max"] {
            assert_eq!(cell(key, &Json::number(3_600)), "1h", "{key}");
        }
        assert_eq!(cell("creation_time", &Json::number(3_600)), "3600");
        assert_eq!(cell("ttl", &Json::text("3600")), "3600");
    }
}
