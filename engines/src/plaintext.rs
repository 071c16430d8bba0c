//! Secrets on their way between JSON and storage, without copies left behind in freed memory.

use std::io::{self, Write};

use coffer_core::Failure;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// JSON text of a secret. It grows by moving to a larger buffer and wiping the smaller one.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut out = WipingWriter(Zeroizing::new(Vec::with_capacity(256)));
    serde_json::to_writer(&mut out, value).map_err(Failure::internal)?;
    Ok(out.0)
}

/// The object that a stored secret is; `null` gives `None`, as Go has it. The error never quotes the text.
pub(crate) fn from_json(bytes: &[u8]) -> Result<Option<Map<String, Value>>, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        Failure::Internal(format!(
            "a stored secret is not a JSON object (line {}, column {})",
            error.line(),
            error.column()
        ))
    })
}

struct WipingWriter(Zeroizing<Vec<u8>>);

impl Write for WipingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.0.capacity())));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_survives_many_growths() {
        let value = json!({"long": "x".repeat(5000), "n": [1, 2.5, null, {"deep": true}]});
        let bytes = to_json(&value).unwrap();
        assert_eq!(Value::Object(from_json(&bytes).unwrap().unwrap()), value);
    }

    #[test]
    fn every_digit_of_a_number_survives() {
        for text in ["1651.2652329175219", "12345678901234567890", "0.1", "5e-324", "1.7976931348623157e308"] {
            let bytes = format!("{{\"n\":{text}}}");
            let read = from_json(bytes.as_bytes()).unwrap().unwrap();
            assert_eq!(to_json(&read).unwrap().as_slice(), bytes.replace("e308", "e+308").as_bytes(), "{text}");
        }
    }

    #[test]
    fn null_is_no_object_and_damage_is_not_quoted() {
        assert_eq!(from_json(b"null").unwrap(), None);
        let text = from_json(b"\"hunter2\"").unwrap_err().to_string();
        assert!(!text.contains("hunter2"), "{text}");
    }
}
