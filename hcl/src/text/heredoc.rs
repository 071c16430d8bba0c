#[derive(Debug, PartialEq)]
pub(super) struct Heredoc {
    pub value: String,
    /// Bytes from behind `<<` to the end of the closing anchor.
    pub length: usize,
}

#[derive(Debug, PartialEq)]
pub(super) struct HeredocError {
    pub message: &'static str,
    /// Bytes from behind `<<` up to where the mistake was noticed.
    pub length: usize,
}

/// Reads a heredoc from behind its `<<`. With `-` the lines lose the white space that stands
/// before the closing anchor, if all of them have it.
pub(super) fn parse(text: &str) -> Result<Heredoc, HeredocError> {
    let indented = text.starts_with('-');
    let anchor_start = usize::from(indented);
    let anchor_end = anchor_start
        + text[anchor_start..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len() - anchor_start);
    let anchor = &text[anchor_start..anchor_end];
    let after = &text[anchor_end..];
    let content_start = if after.starts_with('\n') {
        anchor_end + 1
    } else if after.starts_with("\r\n") {
        anchor_end + 2
    } else if after.is_empty() {
        return Err(HeredocError { message: "heredoc not terminated", length: anchor_end });
    } else {
        let length = anchor_end + after.chars().next().map_or(0, char::len_utf8);
        return Err(HeredocError { message: "invalid characters in heredoc anchor", length });
    };
    if anchor.is_empty() {
        return Err(HeredocError { message: "zero-length heredoc anchor", length: content_start });
    }
    let mut at = content_start;
    for line in text[content_start..].split_inclusive('\n') {
        let written = line.trim_end_matches(['\r', '\n']);
        let closing = written.trim_start();
        if closing == anchor {
            let indent = &written[..written.len() - closing.len()];
            let content = &text[content_start..at];
            let value = if indented { unindent(content, indent) } else { format!("{content}{indent}") };
            return Ok(Heredoc { value, length: at + written.len() });
        }
        at += line.len();
    }
    Err(HeredocError { message: "heredoc not terminated", length: text.len() })
}

fn unindent(content: &str, indent: &str) -> String {
    let lines = || content.split_inclusive('\n');
    if lines().all(|line| line.starts_with(indent)) {
        lines().map(|line| &line[indent.len()..]).collect()
    } else {
        content.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> String {
        parse(text).unwrap().value
    }

    #[test]
    fn lines_are_kept_with_their_ends() {
        let heredoc = parse("EOF\na\n  b\nEOF\nrest").unwrap();
        assert_eq!(heredoc.value, "a\n  b\n");
        assert_eq!(&"EOF\na\n  b\nEOF\nrest"[heredoc.length..], "\nrest");
    }

    #[test]
    fn a_dash_takes_the_anchors_indentation_off() {
        assert_eq!(value("-E\n    a\n      b\n    E"), "a\n  b\n");
        assert_eq!(value("-E\n    a\n  b\n    E"), "    a\n  b\n");
    }

    #[test]
    fn carriage_returns_before_line_ends_are_no_part_of_an_anchor() {
        assert_eq!(value("E\r\na\r\nE\r\n"), "a\r\n");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            ("E x\n", "invalid characters in heredoc anchor"),
            ("\nx\n", "zero-length heredoc anchor"),
            ("E\nx\n", "heredoc not terminated"),
            ("E", "heredoc not terminated"),
        ] {
            assert_eq!(parse(text).unwrap_err().message, message, "{text:?}");
        }
    }
}
