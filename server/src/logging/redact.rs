//! The last net: types keep secrets out of the log by themselves, and what looks like a token is masked all the same.

use std::borrow::Cow;

const PREFIXES: [&str; 6] = ["hvs.", "hvb.", "hvr.", "s.", "b.", "r."];
/// Shorter than any token, longer than what file names and versions have after such a prefix.
const SHORTEST: usize = 20;

/// The text with every token in it replaced.
pub(super) fn redact(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(offset) = text.get(at..).and_then(|rest| rest.find('.')) {
        let dot = at + offset;
        at = dot + 1;
        let Some(start) = token_start(text, kept, dot) else { continue };
        let body = text[dot + 1..].bytes().take_while(|byte| is_token_byte(*byte)).count();
        if body >= SHORTEST {
            out.push_str(&text[kept..start]);
            out.push_str("[redacted token]");
            kept = dot + 1 + body;
            at = kept;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

fn token_start(text: &str, kept: usize, dot: usize) -> Option<usize> {
    let before = &text[kept..=dot];
    PREFIXES.iter().find_map(|prefix| {
        let head = before.strip_suffix(prefix)?;
        let alone = head.bytes().next_back().is_none_or(|byte| !is_token_byte(byte) && byte != b'.');
        alone.then_some(kept + head.len())
    })
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "CAESIJlU02LvMDmhkODAbcdefghijk_-0";

    #[test]
    fn tokens_are_masked_wherever_they_stand() {
        for prefix in PREFIXES {
            let token = format!("{prefix}{TAIL}");
            assert_eq!(redact(&token), "[redacted token]");
            assert_eq!(redact(&format!("a={token}, b=\"{token}\"!")), "a=[redacted token], b=\"[redacted token]\"!");
        }
    }

    #[test]
    fn other_text_stays() {
        for text in
            ["", "s.", "files.example.com", "vault1.example.com:8201", "1.2.3", "hvs.short", "é.è", "s..", "..."]
        {
            assert_eq!(redact(text), text);
        }
        assert_eq!(redact(&format!("files.{TAIL}")), format!("files.{TAIL}"));
    }

    proptest::proptest! {
        #[test]
        fn no_token_gets_through(before in "[ =a-z\\.é]{0,12}[ =\"]", after in "[ ,\"é]?.*") {
            let token = format!("hvs.{TAIL}");
            let shown = redact(&format!("{before}{token}{after}")).into_owned();
            proptest::prop_assert!(!shown.contains(TAIL), "{}", shown);
        }
    }
}
