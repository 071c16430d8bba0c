//! One canonical path for policy and storage: decoded once; what would be cleaned is sent elsewhere or refused, never
//! carried out.

use percent_encoding::percent_decode_str;

/// What a request's raw path is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ApiPath {
    /// The path below `/v1/`, decoded, canonical.
    V1(String),
    /// Written with empty or dot segments: ask again here.
    Cleaned(String),
    /// `/` or below `/ui`.
    Ui(UiPath),
    /// Nothing of ours.
    Unknown,
    /// Not a path.
    Bad(BadPath),
}

/// A path of the web page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UiPath {
    /// `/`, `/ui`: sent to `/ui/`.
    Entry,
    /// Below `/ui/`.
    Page,
}

/// Why a path is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPath {
    #[error("the path has a percent sign that does not start a two-digit code")]
    Percent,
    #[error("the path is not UTF-8")]
    Utf8,
    #[error("the path contains a control character")]
    Control,
    #[error("relative paths not supported")]
    Relative,
}

/// Reads the path of a request line, query cut off.
pub(crate) fn parse(raw: &str) -> ApiPath {
    if !percent_signs_are_codes(raw) {
        return ApiPath::Bad(BadPath::Percent);
    }
    let cleaned = clean(raw);
    if let Some(cleaned) = cleaned {
        return ApiPath::Cleaned(cleaned);
    }
    match raw {
        "/" | "/ui" => return ApiPath::Ui(UiPath::Entry),
        _ if raw.starts_with("/ui/") => return ApiPath::Ui(UiPath::Page),
        _ => {}
    }
    let Some(rest) = raw.strip_prefix("/v1/") else { return ApiPath::Unknown };
    let Ok(decoded) = percent_decode_str(rest).decode_utf8() else { return ApiPath::Bad(BadPath::Utf8) };
    if decoded.chars().any(char::is_control) {
        return ApiPath::Bad(BadPath::Control);
    }
    if is_relative(&decoded) {
        return ApiPath::Bad(BadPath::Relative);
    }
    if decoded.starts_with('/') || decoded.contains("//") {
        // An encoded slash made an empty segment: no spelling of a path may mean another one.
        return ApiPath::Bad(BadPath::Relative);
    }
    ApiPath::V1(decoded.into_owned())
}

fn percent_signs_are_codes(raw: &str) -> bool {
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = (bytes.next(), bytes.next());
            if !matches!(digits, (Some(a), Some(b)) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()) {
                return false;
            }
        }
    }
    true
}

fn is_relative(path: &str) -> bool {
    path.split('/').any(|segment| segment == "." || segment == "..")
}

/// The path without empty and dot segments; `None` when it has none.
fn clean(raw: &str) -> Option<String> {
    if !raw.contains("//") && !is_relative(raw) {
        return None;
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    // Browsers read a backslash as a slash, and two of them as another host.
    let mut cleaned = format!("/{}", kept.join("/")).replace('\\', "%5C");
    let names_a_folder = raw.ends_with('/') || raw.ends_with("/.") || raw.ends_with("/..");
    if names_a_folder && !cleaned.ends_with('/') {
        cleaned.push('/');
    }
    Some(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_is_decoded_once() {
        assert_eq!(parse("/v1/kv/caf%C3%A9"), ApiPath::V1("kv/café".into()));
        assert_eq!(parse("/v1/kv/a%2Fb"), ApiPath::V1("kv/a/b".into()));
        assert_eq!(parse("/v1/kv/a%252Fb"), ApiPath::V1("kv/a%2Fb".into()));
        assert_eq!(parse("/v1/kv/..."), ApiPath::V1("kv/...".into()));
        assert_eq!(parse("/v1/"), ApiPath::V1(String::new()));
    }

    #[test]
    fn what_would_be_cleaned_is_sent_elsewhere() {
        assert_eq!(parse("/v1/kv//a"), ApiPath::Cleaned("/v1/kv/a".into()));
        assert_eq!(parse("/v1/kv/a/../b/"), ApiPath::Cleaned("/v1/kv/b/".into()));
        assert_eq!(parse("/v1/../../x"), ApiPath::Cleaned("/x".into()));
        assert_eq!(parse("//"), ApiPath::Cleaned("/".into()));
        assert_eq!(parse("//\\host.example"), ApiPath::Cleaned("/%5Chost.example".into()));
    }

    #[test]
    fn encoded_tricks_are_refused() {
        for raw in ["/v1/kv/%2e%2e/x", "/v1/kv/.%2E/x", "/v1/kv/%2e", "/v1/kv%2f%2fx", "/v1/%2fx"] {
            assert_eq!(parse(raw), ApiPath::Bad(BadPath::Relative), "{raw}");
        }
        assert_eq!(parse("/v1/kv/%00"), ApiPath::Bad(BadPath::Control));
        assert_eq!(parse("/v1/kv/%0a"), ApiPath::Bad(BadPath::Control));
        assert_eq!(parse("/v1/kv/%ff"), ApiPath::Bad(BadPath::Utf8));
        assert_eq!(parse("/v1/kv/%c0%ae%c0%ae"), ApiPath::Bad(BadPath::Utf8));
        assert_eq!(parse("/v1/kv/%zz"), ApiPath::Bad(BadPath::Percent));
        assert_eq!(parse("/v1/kv/%a"), ApiPath::Bad(BadPath::Percent));
    }

    proptest! {
        #[test]
        fn a_path_let_through_is_canonical(raw in "/v1/([a./%]|%2e|%2f|%5c|%00){0,12}") {
            if let ApiPath::V1(path) = parse(&raw) {
                prop_assert!(!is_relative(&path) && !path.contains("//") && !path.starts_with('/'));
                prop_assert!(!path.chars().any(char::is_control));
            }
        }

        #[test]
        fn cleaning_ends(raw in "/v1/[a./]{0,12}") {
            if let ApiPath::Cleaned(cleaned) = parse(&raw) {
                prop_assert!(!matches!(parse(&cleaned), ApiPath::Cleaned(_)), "{}", cleaned);
            }
        }
    }
}
