//! JSONx: JSON as XML. As Vault does, without the XML header and the outermost object, keys sorted.

use serde_json::{Map, Value};

use super::hidden::in_order;

/// Appends the JSONx of a JSON object.
pub(super) fn append(out: &mut Vec<u8>, json: &[u8]) -> Result<(), serde_json::Error> {
    let object: Map<String, Value> = serde_json::from_slice(json)?;
    members(out, &object);
    Ok(())
}

fn members(out: &mut Vec<u8>, object: &Map<String, Value>) {
    for (name, value) in in_order(object) {
        element(out, Some(name), value);
    }
}

fn element(out: &mut Vec<u8>, name: Option<&str>, value: &Value) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    out.extend_from_slice(b"<json:");
    out.extend_from_slice(kind.as_bytes());
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        out.extend_from_slice(b" name=\"");
        escape(out, name);
        out.push(b'"');
    }
    if value.is_null() {
        out.extend_from_slice(b" />");
        return;
    }
    out.push(b'>');
    match value {
        Value::String(text) => escape(out, text),
        Value::Array(items) => items.iter().for_each(|item| element(out, None, item)),
        Value::Object(object) => members(out, object),
        plain => out.extend_from_slice(plain.to_string().as_bytes()),
    }
    out.extend_from_slice(b"</json:");
    out.extend_from_slice(kind.as_bytes());
    out.push(b'>');
}

/// XML's own characters, line ends (a line is an entry), and what XML cannot hold.
fn escape(out: &mut Vec<u8>, text: &str) {
    for character in text.chars() {
        let escaped = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&#34;",
            '\'' => "&#39;",
            '\t' => "&#x9;",
            '\n' => "&#xA;",
            '\r' => "&#xD;",
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}",
            plain => {
                out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
        };
        out.extend_from_slice(escaped.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jsonx(json: &str) -> String {
        let mut out = Vec::new();
        append(&mut out, json.as_bytes()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn as_vault_prints_it() {
        let json =
            r#"{"type":"request","auth":{"no_default_policy":true,"policies":["root"],"token_ttl":14400},"x":null}"#;
        assert_eq!(
            jsonx(json),
            "<json:object name=\"auth\"><json:boolean name=\"no_default_policy\">true</json:boolean>\
             <json:array name=\"policies\"><json:string>root</json:string></json:array>\
             <json:number name=\"token_ttl\">14400</json:number></json:object>\
             <json:string name=\"type\">request</json:string><json:null name=\"x\" />"
        );
    }

    proptest! {
        #[test]
        fn a_text_cannot_leave_its_element(text in any::<String>()) {
            let json = serde_json::json!({ &text: &text }).to_string();
            let out = jsonx(&json);
            let inner = out.strip_suffix("</json:string>").unwrap();
            prop_assert_eq!(inner.matches('<').count(), 1);
            prop_assert!(!inner.contains(['\n', '\r', '\0']));
        }
    }
}
