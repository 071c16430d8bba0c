//! A shorter line for devices that send one entry a datagram and find it too long.

use serde_json::{Map, Value, json};

/// The entry without the data of answer and request, their sizes in their place; what is still too
/// long is cut. `line` has no line end.
pub(crate) fn shortened(line: &[u8], max: usize) -> Vec<u8> {
    let start = line.iter().position(|byte| *byte == b'{').unwrap_or(0);
    let (prefix, body) = line.split_at(start);
    let Ok(mut entry) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return cut(line.to_vec(), max);
    };
    for part in ["response", "request"] {
        if let Some(data) = entry.get_mut(part).and_then(|part| part.get_mut("data")) {
            *data = json!({ "elided_bytes": data.to_string().len() });
        }
        let short = [prefix, Value::Object(entry.clone()).to_string().as_bytes()].concat();
        if short.len() <= max {
            return short;
        }
    }
    cut([prefix, Value::Object(entry).to_string().as_bytes()].concat(), max)
}

fn cut(mut line: Vec<u8>, max: usize) -> Vec<u8> {
    let mut end = max.min(line.len());
    while end > 0 && end < line.len() && line[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    line.truncate(end);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Vec<u8> {
        let keys = vec!["hmac-sha256:00"; 100];
        json!({"request": {"path": "a", "data": {"b": "hmac-sha256:11"}}, "response": {"data": {"keys": keys}}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn the_answers_data_goes_first() {
        let short = shortened(&[b"@cee: ", entry().as_slice()].concat(), 200);
        let short = short.strip_prefix(b"@cee: ").unwrap();
        let short: Value = serde_json::from_slice(short).unwrap();
        assert_eq!(short["request"]["data"]["b"], "hmac-sha256:11");
        assert_eq!(short["response"]["data"], json!({"elided_bytes": 1710}));
    }

    #[test]
    fn then_the_requests() {
        let mut entry: Value = serde_json::from_slice(&entry()).unwrap();
        entry["request"]["data"] = json!({ "b": "#".repeat(100) });
        let short = shortened(entry.to_string().as_bytes(), 100);
        let short: Value = serde_json::from_slice(&short).unwrap();
        assert_eq!(short["request"], json!({"path": "a", "data": {"elided_bytes": 108}}));
    }

    #[test]
    fn in_the_end_it_is_cut_between_characters() {
        let path = "€".repeat(100);
        let line = json!({"request": {"path": path}}).to_string().into_bytes();
        for max in [0, 1, 30, 31, 32, 33, 1000] {
            let short = shortened(&line, max);
            assert!(short.len() <= max && std::str::from_utf8(&short).is_ok(), "{max}");
        }
        assert_eq!(shortened("<json:ü/>".as_bytes(), 8), b"<json:\xc3\xbc");
        assert_eq!(shortened("<json:ü/>".as_bytes(), 7), b"<json:");
    }
}
