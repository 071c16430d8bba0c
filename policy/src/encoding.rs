use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The policy text that a client meant: clients may send it in base64. What is no base64 of UTF-8
/// text is the policy itself. (Line breaks inside base64 are allowed, as Go's decoder does.)
#[must_use]
pub fn decode_submitted(submitted: &str) -> String {
    let joined: String = submitted.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    STANDARD.decode(joined).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| submitted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::decode_submitted;

    #[test]
    fn base64_is_decoded_and_anything_else_is_kept() {
        assert_eq!(decode_submitted("cGF0aCAiYSIge30="), "path \"a\" {}");
        assert_eq!(decode_submitted("cGF0aCAi\nYSIge30=\n"), "path \"a\" {}");
        assert_eq!(decode_submitted("path \"a\" {}"), "path \"a\" {}");
        assert_eq!(decode_submitted("/////w=="), "/////w==");
    }
}
